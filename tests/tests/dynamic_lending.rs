//! Lending users: nobody ever shares one, whatever ends at whatever moment; homes are safe.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};
use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Daemon;
use usher_tests::userdb::backend::{Backend, Behaviour, Contents};
use usher_tests::userdb::borrower::Borrower;
use usher_tests::userdb::client::{Connection, connect_as};
use usher_tests::userdb::daemon::{SocketDirectory, machine, prepare, userdbd};
use usher_tests::userdb::pools;

const PATIENCE: Duration = Duration::from_secs(30);
const BORROWER: u32 = 990;
const CONFIG: &str = "[lending]\nborrowers = [990]\nloans-per-uid = 5\ngrace-seconds = 3\n";

struct Lab {
    daemon: Daemon,
    machine: Machine,
    sockets: SocketDirectory,
}

fn lab() -> Option<Lab> {
    let sockets = SocketDirectory::new();
    let machine = machine(&sockets).start_or_skip()?;
    prepare(&machine);
    machine.write("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n");
    machine.write("/etc/group", 0o644, "root:x:0:\nvideo:x:44:\ndisk:x:6:\n");
    pools::install(&machine);
    // Whoever borrows may choose the names that these tests use.
    let shipped = std::fs::read_to_string(machine.path("/usr/lib/usher/pools.d/lent.toml")).unwrap();
    let names = "allowed-names = [\"back\", \"brief\", \"held\", \"kept\", \"kiosk\", \"lost\", \"mine\", ";
    machine.write("/etc/usher/pools.d/lent.toml", 0o644, shipped.replace("allowed-names = [", names));
    machine.write("/etc/usher/userdbd.toml", 0o644, CONFIG);
    machine.write(
        "/etc/nsswitch.conf",
        0o644,
        "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\n",
    );
    let mut daemon = userdbd(&machine).spawn();
    daemon.wait_for_socket(sockets.socket("io.systemd.Multiplexer"));
    Some(Lab { daemon, machine, sockets })
}

impl Lab {
    fn socket(&self) -> PathBuf {
        self.sockets.socket("io.systemd.Multiplexer")
    }

    fn borrower(&self, uid: u32) -> Borrower {
        Borrower::connect(&self.socket(), uid)
    }

    fn user(&self, name: &str) -> Option<Value> {
        let parameters = json!({"userName": name, "service": "io.systemd.Multiplexer"});
        let mut reply =
            Connection::open(&self.socket(), 4711).call("GetUserRecord", &parameters, false).remove(0);
        reply["parameters"].get_mut("record").map(Value::take)
    }

    fn home(&self, name: &str) -> PathBuf {
        self.machine.path(format!("/run/usher/home/{name}"))
    }

    fn start(&mut self) {
        self.daemon = userdbd(&self.machine).spawn();
        let socket = self.socket();
        self.daemon.wait_until("its socket", || connect_as(&socket, 0).is_ok());
    }

    fn stop(&mut self, signal: Signal) {
        self.daemon.signal(signal);
        self.daemon.wait(PATIENCE);
    }

    fn wait_until(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < PATIENCE, "{what}\n{}", self.daemon.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn uid(lent: &Value) -> u64 {
    lent["loan"]["uid"].as_u64().unwrap()
}

fn name(lent: &Value) -> String {
    lent["loan"]["userName"].as_str().unwrap().to_owned()
}

#[test]
fn a_borrowed_user_can_be_used_and_is_gone_with_the_connection() {
    let Some(lab) = lab() else { return };
    let mut borrower = lab.borrower(BORROWER);
    let wish = json!({"baseName": "kiosk", "realName": "A Kiosk", "shell": "/bin/sh", "groups": ["video"]});
    let lent = borrower.call("Allocate", &wish).unwrap();
    let loan = &lent["loan"];
    assert_eq!(
        (&loan["userName"], &loan["groupName"], &loan["borrower"]),
        (&json!("kiosk"), &json!("kiosk"), &json!(990))
    );
    assert_eq!(
        (&loan["persistent"], &loan["attached"], &loan["pool"]),
        (&json!(false), &json!(true), &json!("lent"))
    );
    assert_eq!(loan["gid"], loan["uid"]);
    assert_eq!(lab.user("kiosk").unwrap()["uid"], loan["uid"]);
    assert_eq!(lent["record"]["realName"], "A Kiosk");
    // For every program, at once.
    let line = lab.machine.command("getent").args(["passwd", "kiosk"]).run();
    assert_eq!(line.trim(), format!("kiosk:x:{0}:{0}:A Kiosk:/run/usher/home/kiosk:/bin/sh", uid(&lent)));
    let id = lab.machine.command("id").arg("kiosk").run();
    assert!(id.contains("(kiosk)") && id.contains("44(video)"), "{id}");
    let said = lab
        .machine
        .command("su")
        .args(["kiosk", "-c", "touch \"$HOME/file\"; mkdir -p \"$HOME/a/b\"; id -u"])
        .run();
    assert_eq!(said.trim(), uid(&lent).to_string());
    let home = std::fs::metadata(lab.home("kiosk")).unwrap();
    assert_eq!((u64::from(home.uid()), u64::from(home.gid())), (uid(&lent), uid(&lent)));
    assert_eq!(home.permissions().mode() & 0o7777, 0o700);
    assert_eq!(borrower.loans().len(), 1);
    assert!(lab.borrower(0).loans()[0].get("token").is_none());
    drop(borrower);
    lab.wait_until("it is gone", || lab.user("kiosk").is_none() && !lab.home("kiosk").exists());
    assert!(lab.borrower(0).loans().is_empty());
    // The same name gets the same uid again.
    assert_eq!(uid(&lab.borrower(0).borrow("kiosk")), uid(&lent));
}

#[test]
fn who_asks_at_the_same_moment_gets_different_users() {
    let Some(lab) = lab() else { return };
    const BORROWERS: usize = 40;
    let barrier = Barrier::new(BORROWERS);
    let all: Vec<(Borrower, Value)> = std::thread::scope(|scope| {
        let ask = |number: usize| {
            let (lab, barrier) = (&lab, &barrier);
            scope.spawn(move || {
                let mut borrower = lab.borrower(0);
                barrier.wait();
                // Half of them want the same name.
                let base =
                    if number.is_multiple_of(2) { "same".to_owned() } else { format!("other{number}") };
                let lent = borrower.borrow(&base);
                (borrower, lent)
            })
        };
        let threads: Vec<_> = (0..BORROWERS).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(all.iter().map(|(_, lent)| uid(lent)).collect::<HashSet<_>>().len(), BORROWERS);
    assert_eq!(all.iter().map(|(_, lent)| name(lent)).collect::<HashSet<_>>().len(), BORROWERS);
    assert!(all.iter().any(|(_, lent)| name(lent) == "same-20"));
    for (_, lent) in &all {
        assert_eq!(lab.user(&name(lent)).unwrap()["uid"], lent["loan"]["uid"]);
        assert_eq!(u64::from(std::fs::metadata(lab.home(&name(lent))).unwrap().uid()), uid(lent));
    }
}

#[test]
fn a_crash_at_any_moment_shares_no_user() {
    let Some(mut lab) = lab() else { return };
    // Persistent loans that the borrowers were told of, by name.
    let told: Mutex<HashMap<String, u64>> = Mutex::default();
    for round in 0..6 {
        let socket = lab.socket();
        let before = told.lock().unwrap().len();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (socket, told) = (&socket, &told);
                scope.spawn(move || {
                    for number in 0..6 {
                        let Ok(stream) = connect_as(socket, 0) else { return };
                        let wish = json!({"baseName": format!("crash{thread}"), "persistent": true});
                        let Some(lent) = ask_until_it_dies(stream, &wish) else { return };
                        let mut told = told.lock().unwrap();
                        let before = told.insert(name(&lent), uid(&lent));
                        assert_eq!(before, None, "{round} {number}: lent twice: {lent}");
                    }
                });
            }
            // At another moment of the work in each round.
            let enough = before + round % 4;
            let start = Instant::now();
            while told.lock().unwrap().len() < enough && start.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(7 * round as u64));
            lab.daemon.signal(Signal::KILL);
        });
        lab.daemon.wait(PATIENCE);
        lab.start();
        let loans = lab.borrower(0).loans();
        let uids: HashSet<_> = loans.iter().map(|loan| loan["uid"].as_u64().unwrap()).collect();
        assert_eq!(uids.len(), loans.len(), "{loans:?}");
        for (name, uid) in told.lock().unwrap().iter() {
            assert!(
                loans.iter().any(|loan| loan["userName"] == *name && loan["uid"] == *uid),
                "{name} was forgotten"
            );
            assert_eq!(lab.user(name).unwrap()["uid"], *uid);
            assert_eq!(u64::from(std::fs::metadata(lab.home(name)).unwrap().uid()), *uid);
        }
    }
    let told = told.into_inner().unwrap();
    assert!(told.len() >= 6, "the daemon was always killed too early: {}", told.len());
    assert_eq!(told.values().collect::<HashSet<_>>().len(), told.len(), "two borrowers share a uid");
    // Nothing of half a loan is in the way when all are given back.
    let mut root = lab.borrower(0);
    for loan in root.loans() {
        root.call("Release", &json!({"userName": loan["userName"]})).unwrap();
    }
    let left: Vec<_> = std::fs::read_dir(lab.machine.path("/run/usher/home")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What is lent, or nothing when the daemon is killed meanwhile.
fn ask_until_it_dies(mut stream: std::os::unix::net::UnixStream, wish: &Value) -> Option<Value> {
    use std::io::{Read, Write};
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let call = json!({"method": "dev.usher.DynamicUsers.Allocate", "parameters": wish});
    stream.write_all(format!("{call}\0").as_bytes()).ok()?;
    let mut reply = Vec::new();
    while reply.last() != Some(&0) {
        let mut byte = [0; 1];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        reply.push(byte[0]);
    }
    reply.pop();
    let reply: Value = serde_json::from_slice(&reply).unwrap();
    assert!(reply.get("error").is_none(), "{reply}");
    Some(reply["parameters"].clone())
}

#[test]
fn loans_survive_a_restart_for_those_who_come_back() {
    for signal in [Signal::TERM, Signal::KILL] {
        let Some(mut lab) = lab() else { return };
        let mut borrower = lab.borrower(BORROWER);
        let (back, lost) = (borrower.borrow("back"), borrower.borrow("lost"));
        let kept = borrower.call("Allocate", &json!({"baseName": "kept", "persistent": true})).unwrap();
        std::fs::write(lab.home("back").join("file"), "x").unwrap();
        lab.stop(signal);
        lab.start();
        for lent in [&back, &lost, &kept] {
            assert_eq!(lab.user(&name(lent)).unwrap()["uid"], lent["loan"]["uid"], "{signal:?}");
        }
        // Nobody gets them meanwhile.
        assert_eq!(name(&lab.borrower(0).borrow("lost")), "lost-2");
        let mut again = lab.borrower(BORROWER);
        let attach = |borrower: &mut Borrower, token: &Value| {
            borrower.call("Attach", &json!({"userName": "back", "token": token}))
        };
        assert_eq!(attach(&mut again, &json!("0000")), Err("NoSuchLoan".into()));
        assert_eq!(attach(&mut again, &lost["token"]), Err("NoSuchLoan".into()));
        assert_eq!(attach(&mut lab.borrower(BORROWER + 1), &back["token"]), Err("NotPermitted".into()));
        assert_eq!(attach(&mut again, &back["token"]).unwrap()["loan"]["attached"], true);
        // Three seconds are configured.
        lab.wait_until("the one that nobody came back for ends", || lab.user("lost").is_none());
        assert!(!lab.home("lost").exists());
        assert!(lab.home("back").join("file").exists());
        assert_eq!(lab.user("back").unwrap()["uid"], back["loan"]["uid"]);
        assert_eq!(lab.user("kept").unwrap()["uid"], kept["loan"]["uid"]);
        drop(again);
        lab.wait_until("it lasts as long as the second connection", || lab.user("back").is_none());
        assert!(lab.user("kept").is_some());
    }
}

#[test]
fn a_reboot_ends_what_lasted_as_long_as_a_connection() {
    let Some(mut lab) = lab() else { return };
    let mut borrower = lab.borrower(0);
    let bound = borrower.borrow("bound");
    let kept = borrower.call("Allocate", &json!({"baseName": "kept", "persistent": true})).unwrap();
    lab.stop(Signal::KILL);
    // As it looks after one: another boot, and /run is empty.
    let state = lab.machine.path("/var/lib/usher/loans.json");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let text = std::fs::read_to_string(&state).unwrap();
    assert!(text.contains(boot.trim()));
    std::fs::write(&state, text.replace(boot.trim(), "another")).unwrap();
    std::fs::remove_dir_all(lab.machine.path("/run/usher")).unwrap();
    lab.start();
    let attach = json!({"userName": "bound", "token": bound["token"]});
    lab.wait_until("nobody can come back for it", || lab.user("bound").is_none());
    assert_eq!(lab.borrower(0).call("Attach", &attach), Err("NoSuchLoan".into()));
    assert_eq!(lab.user("kept").unwrap()["uid"], kept["loan"]["uid"]);
    lab.wait_until("its home is made anew", || {
        std::fs::metadata(lab.home("kept")).is_ok_and(|home| u64::from(home.uid()) == uid(&kept))
    });
}

#[test]
fn a_loan_ends_when_it_is_released_or_its_time_is_over() {
    let Some(lab) = lab() else { return };
    let mut borrower = lab.borrower(BORROWER);
    let wish = json!({"baseName": "brief", "persistent": true, "lifetimeUSec": 1_500_000});
    let brief = borrower.call("Allocate", &wish).unwrap();
    assert!(brief["loan"]["expiresUSec"].as_u64().unwrap() > 1_700_000_000_000_000);
    borrower.borrow("held");
    let release = |borrower: &mut Borrower, name: &str| borrower.call("Release", &json!({"userName": name}));
    assert_eq!(release(&mut lab.borrower(4711), "held"), Err("NoSuchLoan".into()));
    assert_eq!(release(&mut borrower, "nobody"), Err("NoSuchLoan".into()));
    assert_eq!(release(&mut borrower, "held"), Ok(json!({})));
    assert!(lab.user("held").is_none() && !lab.home("held").exists(), "gone when the answer comes");
    assert_eq!(release(&mut borrower, "held"), Err("NoSuchLoan".into()));
    lab.wait_until("its time is over", || lab.user("brief").is_none());
    lab.wait_until("its home is gone", || !lab.home("brief").exists());
    let other = lab.borrower(0).call("Allocate", &json!({"baseName": "roots", "persistent": true})).unwrap();
    assert_eq!(release(&mut borrower, &name(&other)), Err("NoSuchLoan".into()));
    assert_eq!(release(&mut lab.borrower(0), &name(&other)), Ok(json!({})));
}

#[test]
fn only_those_who_may_borrow_do_and_only_so_much() {
    let Some(lab) = lab() else { return };
    let allocate = |borrower: &mut Borrower, wish: Value| borrower.call("Allocate", &wish);
    let refused = |uid: u32, wish: Value| lab.borrower(uid).call("Allocate", &wish).unwrap_err();
    assert_eq!(refused(4711, json!({"baseName": "a"})), "NotPermitted");
    assert_eq!(refused(BORROWER, json!({"baseName": "kiosk", "groups": ["disk"]})), "NotPermitted");
    assert_eq!(refused(BORROWER, json!({"baseName": "wheel"})), "NotPermitted");
    assert_eq!(refused(0, json!({"baseName": "a", "groups": ["no-such"]})), "NoSuchGroup");
    assert_eq!(refused(0, json!({"pool": "no-such", "baseName": "a"})), "NoSuchPool");
    // GDM takes these by their names, without asking.
    assert_eq!(refused(0, json!({"pool": "gdm-greeter"})), "NoSuchPool");
    assert_eq!(refused(0, json!({"baseName": "gdm-greeter"})), "NoSuchPool");
    assert_eq!(refused(0, json!({"baseName": "gdm-greeter-7"})), "NameTaken");
    assert_eq!(refused(0, json!({"pool": "lent"})), "InvalidParameter");
    assert_eq!(refused(0, json!({})), "InvalidParameter");
    assert_eq!(refused(0, json!({"baseName": "../x"})), "InvalidParameter");
    assert_eq!(refused(0, json!({"baseName": "a", "homeDirectory": "/etc"})), "HomeFailed");
    assert_eq!(refused(0, json!({"baseName": "a", "homeDirectory": "/run/usher/home/a/b"})), "HomeFailed");
    assert_eq!(refused(0, json!({"baseName": "a", "uid": 0})), "InvalidParameter");
    assert!(lab.borrower(0).loans().is_empty(), "what was refused leaves nothing");

    // Names that somebody has are not lent.
    let mut root = lab.borrower(0);
    assert_eq!(name(&root.borrow("root")), "root-2");
    assert_eq!(name(&root.borrow("video")), "video-2", "it would get a group of that name");
    assert_eq!(
        allocate(&mut root, json!({"baseName": "d", "groups": ["disk"]})).unwrap()["loan"]["groups"],
        json!(["disk"])
    );

    let mut borrower = lab.borrower(BORROWER);
    for _ in 0..5 {
        borrower.borrow("mine");
    }
    assert_eq!(allocate(&mut borrower, json!({"baseName": "mine"})), Err("NoFreeUser".into()));
    assert_eq!(borrower.loans().len(), 5);
    assert_eq!(lab.borrower(4711).loans().len(), 0);
}

#[test]
fn nothing_that_somebody_else_uses_is_lent() {
    let Some(lab) = lab() else { return };
    lab.machine.write(
        "/etc/usher/pools.d/small.toml",
        0o644,
        "name = \"small\"\nuids = \"62000-62007\"\nhome = \"/run/small/{name}\"\nmake-home = true\n",
    );
    let mut probe = lab.borrower(0);
    lab.wait_until("the pool is seen", || lab.user("small").is_some());
    // An account has one, another service two (by uid and by name), a process one, somebody's home is there of one.
    lab.machine.write("/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nann:x:62000:62000::/:/bin/sh\n");
    let theirs =
        Contents { users: vec![json!({"userName": "elsewhere", "uid": 62001})], ..Default::default() };
    let _service = Backend::start(lab.sockets.socket("org.example.Other"), theirs, Behaviour::default());
    lab.wait_until("both are seen", || {
        lab.daemon.log().contains("org.example.Other")
            && lab.user("small").is_some_and(|user| user["uid"] == 62007)
    });
    let _process = lab.machine.command("sleep").arg("1000").uid(62002).spawn();
    lab.wait_until("the process runs", || {
        lab.machine.command("sh").args(["-c", "cat /proc/[0-9]*/status 2>/dev/null"]).run().contains("62002")
    });
    std::fs::create_dir_all(lab.machine.path("/run/small/small-4")).unwrap();
    let mut lent = HashSet::new();
    while let Ok(loan) = probe.call("Allocate", &json!({"pool": "small"})) {
        lent.insert((name(&loan), uid(&loan)));
    }
    let expected = [("small", 62007), ("small-5", 62004), ("small-6", 62005), ("small-7", 62006)];
    assert_eq!(lent, expected.map(|(name, uid)| (name.to_owned(), uid)).into_iter().collect());
}

#[test]
fn homes_lead_nowhere_else() {
    let Some(lab) = lab() else { return };
    std::fs::create_dir_all(lab.machine.path("/srv/precious/dir")).unwrap();
    std::fs::write(lab.machine.path("/srv/precious/dir/file"), "precious").unwrap();
    let is_whole = || {
        assert_eq!(std::fs::read_to_string(lab.machine.path("/srv/precious/dir/file")).unwrap(), "precious");
    };
    let run = |line: &str| lab.machine.command("sh").args(["-ec", line]).run();
    // Links in the home, in the place of the home, and of a name that will be used.
    let mut borrower = lab.borrower(0);
    borrower.borrow("a");
    run(
        "ln -s /srv/precious /run/usher/home/a/link; mkdir -p /run/usher/home/a/x/y; ln -s /srv/precious /run/usher/home/a/x/y/l",
    );
    borrower.call("Release", &json!({"userName": "a"})).unwrap();
    assert!(!lab.home("a").exists());
    is_whole();
    borrower.borrow("b");
    run("rm -r /run/usher/home/b; ln -s /srv/precious /run/usher/home/b");
    borrower.call("Release", &json!({"userName": "b"})).unwrap();
    is_whole();
    run("ln -s /srv/precious /run/usher/home/c; ln -s /srv/precious /run/usher/home/.d.new");
    let c = borrower.borrow("c");
    assert_eq!(name(&c), "c-2", "the home of c is somebody else's");
    assert_eq!(std::fs::read_link(lab.home("c")).unwrap(), PathBuf::from("/srv/precious"));
    borrower.borrow("d");
    assert_eq!(std::fs::metadata(lab.machine.path("/srv/precious")).unwrap().uid(), 0);
    is_whole();
    // A directory that is somebody else's stays, in the place of a home and otherwise.
    run("rm -r /run/usher/home/d; mkdir -p /run/usher/home/d/keep");
    borrower.call("Release", &json!({"userName": "d"})).unwrap();
    assert!(lab.home("d").join("keep").exists());
    // The parent turns into a link.
    borrower.borrow("e");
    run(
        "mv /run/usher/home /run/usher/moved; ln -s /srv/precious /run/usher/home; mkdir /srv/precious/e; chown 61184:61184 /srv/precious/e",
    );
    assert_eq!(borrower.call("Release", &json!({"userName": "e"})), Err("HomeFailed".into()));
    assert_eq!(borrower.call("Allocate", &json!({"baseName": "f"})), Err("HomeFailed".into()));
    assert!(lab.machine.path("/srv/precious/e").exists());
    is_whole();
    // Its uid is kept back until the home can be removed.
    assert!(lab.user("e").is_none());
    let ending = borrower.loans().into_iter().find(|loan| loan["userName"] == "e").unwrap();
    assert_eq!(ending["ending"], true);
    run("rm /run/usher/home; mv /run/usher/moved /run/usher/home");
    lab.wait_until("the daemon has tried again", || {
        lab.borrower(0).loans().iter().all(|loan| loan["userName"] != "e")
    });
    assert!(!lab.home("e").exists());
    // A parent that others can write to.
    run("chmod 777 /run/usher/home");
    assert_eq!(borrower.call("Allocate", &json!({"baseName": "g"})), Err("HomeFailed".into()));
}

#[test]
fn without_a_place_to_write_down_nothing_is_lent() {
    let Some(mut lab) = lab() else { return };
    let mut borrower = lab.borrower(0);
    borrower.call("Allocate", &json!({"baseName": "kept", "persistent": true})).unwrap();
    lab.stop(Signal::KILL);
    // Somebody has spoilt the file. Nobody may get the uids that are in it.
    let state = lab.machine.path("/var/lib/usher/loans.json");
    let good = std::fs::read(&state).unwrap();
    std::fs::write(&state, &good[..good.len() / 2]).unwrap();
    lab.start();
    assert!(lab.daemon.log().contains("/var/lib/usher/loans.json"), "{}", lab.daemon.log());
    assert_eq!(lab.borrower(0).call("Allocate", &json!({"baseName": "x"})), Err("StateFailed".into()));
    std::fs::write(&state, good).unwrap();
    assert_eq!(name(&lab.borrower(0).borrow("kept")), "kept-2");
}

#[test]
fn varlinkctl_knows_the_interface() {
    let Some(lab) = lab() else { return };
    let socket = "/run/systemd/userdb/io.systemd.DynamicUser";
    let run = |line: String| lab.machine.command("sh").args(["-c", &line]).run();
    assert!(run(format!("varlinkctl info {socket}")).contains("dev.usher.DynamicUsers"));
    let text = run(format!("varlinkctl introspect {socket} dev.usher.DynamicUsers"));
    for word in
        ["type Loan", "method Allocate", "method Attach", "method Release", "method List", "error NoFreeUser"]
    {
        assert!(text.contains(word), "{word}");
    }
    run(format!(
        "varlinkctl introspect {socket} dev.usher.DynamicUsers > /tmp/idl; varlinkctl validate-idl /tmp/idl"
    ));
    let call = |method: &str, parameters: Value| {
        let reply =
            run(format!("varlinkctl call -j {socket} dev.usher.DynamicUsers.{method} '{parameters}'"));
        serde_json::from_str::<Value>(&reply).unwrap_or_else(|error| panic!("{reply}: {error}"))
    };
    let lent = call("Allocate", json!({"baseName": "kiosk", "persistent": true}));
    assert_eq!(call("List", json!({}))["loans"], json!([lent["loan"]]));
    assert_eq!(call("Release", json!({"userName": "kiosk"})), json!({}));
    // Without persistence it ends with varlinkctl.
    call("Allocate", json!({"baseName": "kiosk"}));
    lab.wait_until("it ends with the connection", || lab.user("kiosk").is_none());
    let registry = lab.machine.path("/run/varlink/registry/dev.usher.DynamicUsers");
    assert!(registry.symlink_metadata().unwrap().is_symlink());
    assert_eq!(lab.borrower(0).call("Nope", &json!({})), Err("MethodNotFound".into()));
}

//! The core against a service that is played by a thread.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use userdb::record::Key;
use userdb::unix::{GroupEntry, PasswdEntry};

use crate::enumeration::Enumeration;
use crate::failure::Failure;
use crate::lookup;
use crate::memberships::gids_of;
use crate::pool::Pool;
use crate::record::Answered;

/// A service: its pool, and how many connections it got.
struct Service {
    pool: Pool,
    connections: Arc<AtomicUsize>,
    _directory: tempfile::TempDir,
}

/// A service that answers each call with what `answer` makes of its text: whole messages without their NULs. When there is
/// none, it closes the connection.
fn service(answer: fn(&str, usize) -> Vec<String>) -> Service {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || serve(&stream.unwrap(), number, answer));
        }
    });
    let socket: &'static str = Box::leak(path.to_str().unwrap().to_owned().into_boxed_str());
    Service { pool: Pool::new(socket, Duration::from_secs(5)), connections, _directory: directory }
}

fn serve(stream: &UnixStream, number: usize, answer: fn(&str, usize) -> Vec<String>) {
    for call in BufReader::new(stream).split(0).map_while(Result::ok) {
        let replies = answer(&String::from_utf8(call).unwrap(), number);
        if replies.is_empty() {
            return;
        }
        for reply in replies {
            let mut writer: &UnixStream = stream;
            if writer.write_all(format!("{reply}\0").as_bytes()).is_err() {
                return;
            }
        }
    }
}

const ANN: &str = r#"{"parameters":{"record":{"userName":"ann","uid":70001},"incomplete":false}}"#;
const NOTHING: &str = r#"{"error":"io.systemd.UserDatabase.NoRecordFound"}"#;

fn one(reply: &str) -> Vec<String> {
    vec![reply.to_owned()]
}

impl Service {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[test]
fn a_connection_is_kept_by_those_who_ask_again_soon() {
    let service = service(|_, _| one(ANN));
    for _ in 0..5 {
        assert_eq!(lookup::passwd(&service.pool, Key::Name("ann")).unwrap().uid, 70001);
    }
    assert_eq!(service.connections(), 2, "the first is not kept, the second is");
}

#[test]
fn what_cannot_be_a_name_or_id_is_not_asked_for() {
    let service = service(|_, _| one(ANN));
    for key in [Key::Name(""), Key::Name("1234"), Key::Name("a:b"), Key::Id(u32::MAX), Key::Id(65535)] {
        assert_eq!(lookup::passwd(&service.pool, key).unwrap_err(), Failure::NotFound);
        assert_eq!(lookup::group(&service.pool, key).unwrap_err(), Failure::NotFound);
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn an_answer_about_somebody_else_is_none() {
    let service = service(|_, _| one(ANN));
    assert_eq!(lookup::passwd(&service.pool, Key::Name("bob")).unwrap_err(), Failure::NO_ANSWER);
    assert_eq!(lookup::passwd(&service.pool, Key::Id(5)).unwrap_err(), Failure::NO_ANSWER);
}

#[test]
fn a_connection_that_breaks_is_replaced_once() {
    // The first connection breaks at its first call.
    let service = service(|_, number| if number == 0 { Vec::new() } else { one(ANN) });
    assert!(lookup::passwd(&service.pool, Key::Name("ann")).is_ok());
    let broken = self::service(|_, _| Vec::new());
    assert_eq!(lookup::passwd(&broken.pool, Key::Name("ann")).unwrap_err(), Failure::NO_ANSWER);
    assert_eq!(broken.connections(), 2);
}

#[test]
fn errors_of_the_service_are_told_apart() {
    for (reply, failure) in [
        (NOTHING, Failure::NotFound),
        (r#"{"error":"io.systemd.UserDatabase.ConflictingRecordFound"}"#, Failure::NotFound),
        (r#"{"error":"io.systemd.UserDatabase.NonMatchingRecordFound"}"#, Failure::NotFound),
        (r#"{"error":"org.varlink.service.InvalidParameter"}"#, Failure::NotFound),
        (r#"{"error":"io.systemd.UserDatabase.ServiceNotAvailable"}"#, Failure::NO_ANSWER),
        (r#"{"error":"io.systemd.UserDatabase.BadService"}"#, Failure::NO_ANSWER),
        ("nonsense", Failure::NO_ANSWER),
        (r#"{"parameters":{"record":[]}}"#, Failure::NO_ANSWER),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = BufReader::new(&stream).read_until(0, &mut Vec::new());
                let _ = stream.write_all(format!("{reply}\0").as_bytes());
            }
        });
        let pool = Pool::new(path.to_str().unwrap().to_owned().leak(), Duration::from_secs(5));
        assert_eq!(lookup::passwd(&pool, Key::Name("ann")).unwrap_err(), failure, "{reply}");
    }
}

#[test]
fn no_daemon_and_a_silent_one_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let pool = Pool::new(path.to_str().unwrap().to_owned().leak(), Duration::from_millis(50));
    assert_eq!(lookup::passwd(&pool, Key::Name("ann")).unwrap_err(), Failure::NO_DAEMON);
    let listener = UnixListener::bind(&path).unwrap();
    assert_eq!(lookup::passwd(&pool, Key::Name("ann")).unwrap_err(), Failure::TryAgain(libc::EAGAIN));
    drop(listener);
    assert_eq!(lookup::passwd(&pool, Key::Name("ann")).unwrap_err(), Failure::NO_DAEMON);
}

#[test]
fn hashes_that_are_held_back_are_no_hashes() {
    let service =
        service(|_, _| one(r#"{"parameters":{"record":{"userName":"ann","uid":70001},"incomplete":true}}"#));
    assert!(lookup::passwd(&service.pool, Key::Name("ann")).is_ok());
    assert_eq!(lookup::shadow(&service.pool, "ann").unwrap_err(), Failure::NotFound);
}

#[test]
fn a_login_screen_has_not_expired() {
    let shadow = |disposition: &str| {
        let json = format!(r#"{{"userName":"g","uid":60578,"locked":true,"disposition":"{disposition}"}}"#);
        let json = serde_json::from_str(&json).unwrap();
        let host = userdb::Host::default();
        let record = userdb::UserRecord::load(json, &host, userdb::Sections::SERVICE).unwrap().record;
        lookup::shadow_entry(&Answered { record, incomplete: false }).unwrap()
    };
    assert_eq!((shadow("dynamic").expire, shadow("dynamic").hash.as_deref()), (None, Some("!*")));
    assert_eq!(shadow("regular").expire, Some(1));
}

#[test]
fn members_come_from_the_record_and_from_memberships_each_once() {
    let service = service(|call, _| {
        if call.contains("GetMemberships") {
            return ["bob", "ann"]
                .map(|user| {
                    let more = user == "bob";
                    format!(r#"{{"parameters":{{"userName":"{user}","groupName":"g"}},"continues":{more}}}"#)
                })
                .into();
        }
        one(r#"{"parameters":{"record":{"groupName":"g","aliases":["h"],"gid":5,"members":["ann","zoe"]}}}"#)
    });
    for key in [Key::Name("g"), Key::Name("h"), Key::Id(5)] {
        assert_eq!(lookup::group(&service.pool, key).unwrap().members, ["ann", "zoe", "bob"]);
    }
    assert_eq!(service.connections(), 2, "the connection stays in step");
}

#[test]
fn a_missing_group_leaves_the_connection_in_step() {
    let service = service(|_, _| one(NOTHING));
    for _ in 0..4 {
        assert_eq!(lookup::group(&service.pool, Key::Name("g")).unwrap_err(), Failure::NotFound);
    }
    assert_eq!(service.connections(), 2);
}

#[test]
fn groups_without_a_record_have_no_gid() {
    let service = service(|call, _| {
        if call.contains("GetMemberships") {
            return ["known", "unknown"]
                .map(|group| {
                    let more = group == "known";
                    format!(r#"{{"parameters":{{"userName":"u","groupName":"{group}"}},"continues":{more}}}"#)
                })
                .into();
        }
        one(if call.contains("\"known\"") {
            r#"{"parameters":{"record":{"groupName":"known","gid":7}}}"#
        } else {
            NOTHING
        })
    });
    assert_eq!(gids_of(&service.pool, "u").unwrap(), [7]);
    assert_eq!(gids_of(&service.pool, "other").unwrap_err(), Failure::NotFound);
}

/// Three users, and one from /etc/passwd.
fn list() -> Vec<String> {
    let user = |name: &str, uid: u32, service: &str, more: bool| {
        format!(
            r#"{{"parameters":{{"record":{{"userName":"{name}","uid":{uid},"status":{{"0f":{{"service":"{service}"}}}}}}}},"continues":{more}}}"#
        )
    };
    vec![
        user("root", 0, "io.systemd.NameServiceSwitch", true),
        user("ann", 70001, "io.systemd.DropIn", true),
        user("bob", 70002, "io.systemd.DropIn", true),
        user("zoe", 70003, "io.systemd.DropIn", false),
    ]
}

#[test]
fn an_entry_stays_the_next_until_it_is_taken() {
    let service = service(|_, _| list());
    let mut users = Enumeration::<PasswdEntry>::new();
    for name in ["ann", "bob", "zoe"] {
        for _ in 0..3 {
            assert_eq!(users.peek(&service.pool).unwrap().name, name);
        }
        users.advance();
    }
    assert_eq!(users.peek(&service.pool).unwrap_err(), Failure::NotFound);
    assert_eq!(users.peek(&service.pool).unwrap_err(), Failure::NotFound);
    users.reset();
    assert_eq!(users.peek(&service.pool).unwrap().name, "ann");
}

#[test]
fn an_enumeration_goes_on_over_another_connection() {
    /// Closes the connection after so many replies.
    fn serve_once(stream: &mut UnixStream, replies: usize) {
        let _ = BufReader::new(&*stream).read_until(0, &mut Vec::new());
        for reply in list().iter().take(replies) {
            let _ = stream.write_all(format!("{reply}\0").as_bytes());
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        serve_once(&mut listener.accept().unwrap().0, 2);
        serve_once(&mut listener.accept().unwrap().0, 4);
    });
    let pool = Pool::new(path.to_str().unwrap().to_owned().leak(), Duration::from_secs(5));
    let mut users = Enumeration::<PasswdEntry>::new();
    let mut names = Vec::new();
    while let Ok(user) = users.peek(&pool) {
        names.push(user.name.clone());
        users.advance();
    }
    assert_eq!(names, ["ann", "bob", "zoe"]);
}

#[test]
fn listed_groups_have_their_members() {
    let service = service(|call, _| {
        one(if call.contains("GetMemberships") {
            r#"{"parameters":{"userName":"ann","groupName":"g"}}"#
        } else {
            r#"{"parameters":{"record":{"groupName":"g","gid":5,"members":["bob"]}}}"#
        })
    });
    let mut groups = Enumeration::<GroupEntry>::new();
    assert_eq!(groups.peek(&service.pool).unwrap().members, ["bob", "ann"]);
}

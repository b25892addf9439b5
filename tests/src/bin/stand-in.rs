//! A process that does what its arguments say (`usher_tests::scenario::script`), and what the runner tells it over a
//! socket. Its directory is in $SCENARIO_DIRECTORY.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helper")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use usher_tests::scenario::bus::Connection;
use usher_tests::scenario::script::{self, Progress, Step};
use usher_tests::scenario::settle::SOON;

enum Input {
    Words(String),
    Signal(i32),
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // A dump would make another result of a signal, depending on the machine.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    if words.first().is_some_and(|word| word == "stay") {
        stay(words.get(1).is_some_and(|word| word == "stubborn"));
    }
    let steps = script::parse(words.iter().map(String::as_str)).expect("the script is right");
    let (sender, receiver) = channel();
    let mut control = connect();
    watch_signals(&script::handled(&steps), &sender);
    hello(&mut control, &words);
    read_commands(&control, sender);
    run(Progress::new(steps), &receiver, &mut control);
}

fn stay(stubborn: bool) -> ! {
    let _keep = stubborn.then(|| signal_hook::iterator::Signals::new([15]).unwrap());
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn directory() -> PathBuf {
    std::env::var_os("SCENARIO_DIRECTORY").expect("SCENARIO_DIRECTORY is set").into()
}

fn connect() -> UnixStream {
    UnixStream::connect(directory().join("control")).expect("the runner listens")
}

fn hello(control: &mut UnixStream, words: &[String]) {
    let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let unit = cgroup
        .trim()
        .rsplit('/')
        .find(|part| [".service", ".socket", ".scope"].iter().any(|kind| part.ends_with(kind)))
        .unwrap_or("?")
        .to_owned();
    let _ = writeln!(control, "hello {unit} {} {}", std::process::id(), words.join(" "));
}

fn watch_signals(numbers: &[i32], sender: &Sender<Input>) {
    if numbers.is_empty() {
        return;
    }
    let mut signals = signal_hook::iterator::Signals::new(numbers).expect("the signals can be handled");
    let sender = sender.clone();
    std::thread::spawn(move || {
        for number in signals.forever() {
            let _ = sender.send(Input::Signal(number));
        }
    });
}

fn read_commands(control: &UnixStream, sender: Sender<Input>) {
    let reader = BufReader::new(control.try_clone().expect("the socket can be shared"));
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            let _ = sender.send(Input::Words(line));
        }
    });
}

fn run(mut progress: Progress, inputs: &Receiver<Input>, control: &mut UnixStream) {
    let mut names = BTreeMap::new();
    let mut children: Vec<Child> = Vec::new();
    let mut resume: Option<Instant> = None;
    loop {
        if resume.is_none() {
            match progress.next() {
                Some(Step::Wait(span)) => {
                    resume = Some(Instant::now() + span);
                    // As long as that nobody waits for it.
                    if span > SOON {
                        let _ = writeln!(control, "idle");
                    }
                }
                Some(Step::If(name, value, steps)) => {
                    if std::env::var(name).is_ok_and(|set| set == value) {
                        progress.insert(steps);
                    }
                    continue;
                }
                Some(step) => {
                    perform(step, control, &mut names, &mut children);
                    continue;
                }
                None => {
                    let _ = writeln!(control, "idle");
                }
            }
        }
        let wait =
            resume.map_or(Duration::from_secs(3600), |at| at.saturating_duration_since(Instant::now()));
        match inputs.recv_timeout(wait) {
            Ok(Input::Signal(number)) => {
                let _ = writeln!(control, "signal {}", script::signal_name(number));
                if progress.signal(number) && !progress.is_idle() {
                    resume = None;
                }
            }
            Ok(Input::Words(line)) => {
                progress.tell(script::parse(line.split_whitespace()).expect("the runner tells words"));
                let _ = writeln!(control, "told");
            }
            Err(RecvTimeoutError::Timeout) => {
                resume = None;
                let _ = writeln!(control, "told");
            }
            // Signals may still come.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_secs(3600)),
        }
    }
}

fn perform(
    step: Step,
    control: &mut UnixStream,
    names: &mut BTreeMap<String, Connection>,
    children: &mut Vec<Child>,
) {
    match step {
        Step::Exit(code) => std::process::exit(i32::from(code)),
        Step::Die(number) => {
            let signal = rustix::process::Signal::from_named_raw(number).expect("a known signal");
            let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            std::thread::sleep(Duration::from_secs(3600));
        }
        Step::Notify(text) => notify(&text),
        Step::Reloading => {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let micros = time.tv_sec * 1_000_000 + time.tv_nsec / 1000;
            notify(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
        }
        Step::Own(name) => {
            let path = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").expect("it is set")).join("bus");
            let mut connection = Connection::open(&path).expect("the bus is there");
            connection.request_name(&name).expect("the name can be had");
            names.insert(name, connection);
        }
        Step::Start { unit, mode } => {
            let _ = Command::new("systemctl")
                .args(["--user", "start", "--no-block", &format!("--job-mode={mode}"), "--", &unit])
                .status();
        }
        Step::Release(name) => {
            if let Some(mut connection) = names.remove(&name) {
                let _ = connection.release_name(&name);
            }
        }
        Step::Child { stubborn } => {
            let mut command = Command::new(std::env::current_exe().expect("it has a path"));
            command.arg("stay").args(stubborn.then_some("stubborn"));
            children.push(command.spawn().expect("a child starts"));
            if stubborn {
                // Its handler has to be there before anybody signals it.
                std::thread::sleep(Duration::from_millis(30));
            }
        }
        Step::PidFile(path) => {
            let path = path.replace('%', &directory().to_string_lossy());
            let pid = children.last().expect("there is a child").id();
            std::fs::write(&path, format!("{pid}\n")).expect("the PID file can be written");
        }
        Step::Environment(wanted) => {
            let values: Vec<_> = wanted
                .iter()
                .map(|name| format!("{name}={}", std::env::var(name).unwrap_or_default()))
                .collect();
            let _ = writeln!(control, "env {}", values.join(" "));
        }
        Step::On(..) | Step::Label | Step::Wait(_) | Step::If(..) => unreachable!("not given out"),
    }
}

fn notify(text: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let socket = UnixDatagram::unbound().expect("a socket can be made");
    if let Some(name) = path.to_str().and_then(|path| path.strip_prefix('@')) {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).expect("the name is right");
        let _ = socket.send_to_addr(text.as_bytes(), &address);
    } else {
        let _ = socket.send_to(text.as_bytes(), path);
    }
}

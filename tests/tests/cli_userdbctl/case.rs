//! One command line, run by systemd's userdbctl and by ours.

use usher_tests::lab::machine::Machine;
use usher_tests::lab::process::Output;

/// Where our userdbctl lies in the machine.
pub const OURS: &str = "/opt/usher/userdbctl";
/// Where systemd's does.
pub const THEIRS: &str = "/usr/bin/userdbctl";

/// A command line: arguments, who runs it, and its environment.
#[derive(Debug, Clone, Default)]
pub struct Case {
    pub arguments: Vec<String>,
    pub uid: u32,
    pub environment: Vec<(&'static str, &'static str)>,
    pub input: String,
    /// Runs it in a user namespace.
    pub namespace: bool,
}

/// Words are split at spaces; `''` is an empty one.
pub fn case(line: &str) -> Case {
    let word = |word: &str| if word == "''" { String::new() } else { word.to_owned() };
    Case { arguments: line.split_whitespace().map(word).collect(), ..Case::default() }
}

impl Case {
    pub fn uid(self, uid: u32) -> Self {
        Self { uid, ..self }
    }

    pub fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub fn input(self, input: &str) -> Self {
        Self { input: input.to_owned(), ..self }
    }

    pub fn in_namespace(self) -> Self {
        Self { namespace: true, ..self }
    }

    pub fn run(&self, machine: &Machine, program: &str) -> Shown {
        let mut command = if self.namespace {
            machine.command("unshare").args(["--user", "--map-root-user", program])
        } else {
            machine.command(program)
        };
        command = command.args(self.arguments.clone()).uid(self.uid).input(self.input.clone());
        for (name, value) in &self.environment {
            command = command.env(*name, *value);
        }
        command.output().into()
    }

    /// What both print. Where they differ, time may have passed between them, so they get a second chance.
    pub fn compare(&self, machine: &Machine) -> (Shown, Shown) {
        let (mut theirs, mut ours) = (self.run(machine, THEIRS), self.run(machine, OURS));
        if theirs != ours {
            (theirs, ours) = (self.run(machine, THEIRS), self.run(machine, OURS));
        }
        (theirs, ours)
    }
}

/// What a command showed.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Shown {
    fn from(output: Output) -> Self {
        Self { code: output.code(), stdout: output.stdout, stderr: output.stderr }
    }
}

/// The first line that differs, for a failure's message.
pub fn first_difference(theirs: &Shown, ours: &Shown) -> String {
    if theirs.code != ours.code {
        return format!(
            "exit code {} / {}\n  stderr {:?} / {:?}",
            theirs.code, ours.code, theirs.stderr, ours.stderr
        );
    }
    for (what, a, b) in [("stdout", &theirs.stdout, &ours.stdout), ("stderr", &theirs.stderr, &ours.stderr)] {
        if a == b {
            continue;
        }
        let (mut left, mut right) = (a.split('\n'), b.split('\n'));
        for number in 1.. {
            let (x, y) = (left.next(), right.next());
            if x != y {
                return format!("{what}, line {number}\n  systemd {x:?}\n  ours    {y:?}");
            }
        }
    }
    "none".to_owned()
}

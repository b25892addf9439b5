//! What supervises services, seen from below.

use usher_tests::lab::machine::Machine;
use usher_tests::native::Native;
use usher_tests::native::dinit::Dinit;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;
use usher_tests::native::user::{SHELL, User};

/// A service that the tests start.
pub const SLEEP: (&str, &str) = ("lab-sleep.service", "[Service]\nExecStart=/bin/sleep 1000\n");

/// A user of nothing yet, in a machine where these can be run.
pub fn user(natives: &[&dyn Native]) -> Option<User> {
    let builder = natives.iter().fold(Machine::builder("gnome"), |builder, native| native.bind(builder));
    User::new(builder, SHELL, &[SLEEP, ("lab-other.service", SLEEP.1)])
}

/// All service managers that can be had, in the order in which one is looked for.
pub fn natives() -> Vec<Box<dyn Native>> {
    let dinit = Dinit::any_or_skip().map(|dinit| Box::new(dinit) as Box<dyn Native>);
    dinit.into_iter().chain([Box::new(Shepherd) as Box<dyn Native>, Box::new(OpenRc::chosen())]).collect()
}

/// Starts a unit, and tells by whom its process was started.
pub fn of(user: &User, unit: &str) -> &'static str {
    user.must(&["start", unit]);
    let above = user.above(user.running(unit));
    let name_of = |line: &str| {
        line.split(' ').take(3).find_map(|word| match word.rsplit('/').next()? {
            "dinit" => Some("dinit"),
            "shepherd" => Some("shepherd"),
            "supervise-daemon" => Some("openrc"),
            "daemon" => Some("direct"),
            _ => None,
        })
    };
    above.iter().find_map(|line| name_of(line)).unwrap_or_else(|| panic!("{above:?}\n{}", user.story()))
}

/// The lines of what the programs in the background have said that hold a text.
pub fn said(user: &User, text: &str) -> Vec<String> {
    user.said().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

//! Any text as each kind of value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_launcher::unit::spec::CalendarExpression;
use session_launcher::unit::value::{number, signal, timespan};
use session_launcher::unit::words::{self, Backslash};
use session_launcher::unit::{environment_d, escape, syntax};

fuzz_target!(|text: &str| {
    syntax::parse(text.as_bytes());
    environment_d::parse(text);
    environment_d::expand(text, &|name| Some(name.to_owned()));
    for backslash in [Backslash::Escape, Backslash::EscapeRelaxed, Backslash::Literal, Backslash::Shell] {
        let _ = words::split(text, backslash);
    }
    let _ = (timespan::parse(text), number::size(text), number::mode(text), signal::parse(text));
    if let Ok(event) = text.parse::<CalendarExpression>() {
        let _ = event.next_after(std::time::UNIX_EPOCH);
    }
    assert_eq!(escape::unescape(&escape::escape(text)).as_deref(), Some(text));
});

//! Whatever a unit file holds, it is read without a panic, and what is read obeys some laws.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use session_launcher::unit::load::Loader;
use session_launcher::unit::name::UnitName;
use session_launcher::unit::search_path::SearchPath;
use session_launcher::unit::spec::{CalendarExpression, Unit};
use session_launcher::unit::specifier::Host;
use session_launcher::unit::value::timespan;
use session_launcher::unit::words::{self, Backslash};
use session_launcher::unit::{environment_d, escape, syntax};

/// Directives of all sections; a random line takes one of them.
const KEYS: &str = "Description Documentation Wants Requires After Conflicts PartOf OnFailure JoinsNamespaceOf \
    ConditionPathExists ConditionEnvironment AssertUser JobTimeoutSec StartLimitBurst CollectMode Type ExecStart \
    ExecStartPre ExecStop Restart RestartSec TimeoutStopSec WatchdogSec SuccessExitStatus PIDFile BusName Sockets \
    NotifyAccess KillMode KillSignal Environment EnvironmentFile PassEnvironment WorkingDirectory StandardInput \
    StandardInputText StandardInputData StandardOutput Nice UMask LimitNOFILE LimitCPU CPUAffinity RuntimeDirectory \
    User Slice Delegate MemoryMax ProtectSystem RootDirectory ListenStream ListenFIFO Accept Service Symlinks \
    TriggerLimitBurst OnCalendar OnBootSec Unit PathExists PathChanged TimerSlackNSec SyslogLevel X-Own Alias WantedBy";

const KINDS: [&str; 7] = ["service", "socket", "timer", "path", "slice", "scope", "target"];
const SECTIONS: [&str; 9] =
    ["Unit", "Service", "Socket", "Timer", "Path", "Slice", "Scope", "Install", "X-Other"];

fn load(text: &[u8], name: &str) -> Unit {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), text).unwrap();
    let host = Host { runtime_dir: Some("/run/user/1".into()), ..Host::default() };
    let loader = Loader::new(SearchPath::of_directories([dir.path().to_owned()]), host);
    loader.load(&UnitName::new(name).unwrap()).unit
}

/// Values that come near to what directives take.
fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z@/%$.:-]{0,12}",
        "[0-9.]{1,6} ?(s|min|h|M|%|us|d)?",
        "[-@:+!|]{0,3}/?[a-z/]{1,8}",
        "\\\\[a-z0-9x\"']{1,4}",
        "[\"'][a-z %]{0,6}[\"']?",
        "[*0-9:,./~-]{1,14}",
        "(yes|no|infinity|mixed|notify|oneshot|always|a\\.service|b@\\.target|%i|%n|%%|%z)",
        "\\PC{0,6}",
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn line() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = KEYS.split_whitespace().collect();
    prop_oneof![
        8 => (prop::sample::select(keys), value()).prop_map(|(key, value)| format!("{key}={value}")),
        2 => prop::sample::select(SECTIONS.to_vec()).prop_map(|section| format!("[{section}]")),
        1 => "\\PC{0,20}\\\\?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in prop::sample::select(KINDS.to_vec())) {
        let file = syntax::parse(&bytes);
        for assignment in &file.assignments {
            prop_assert!(!assignment.key.is_empty());
            prop_assert!(!assignment.value.contains('\n'));
        }
        load(&bytes, &format!("a.{kind}"));
    }

    #[test]
    fn any_directives_are_read_and_the_result_can_be_written_and_read_back(
        lines in prop::collection::vec(line(), 0..40),
        kind in prop::sample::select(KINDS.to_vec()),
        instance in "(@[a-z]{1,3})?",
    ) {
        let text = format!("[Unit]\n{}", lines.join("\n"));
        let unit = load(text.as_bytes(), &format!("a{instance}.{kind}"));
        let json = serde_json::to_string(&unit).unwrap();
        let again: Unit = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(unit, again);
    }

    #[test]
    fn small_readers_never_panic(text in "\\PC{0,60}") {
        for backslash in [Backslash::Escape, Backslash::EscapeRelaxed, Backslash::Literal, Backslash::Shell] {
            let _ = words::split(&text, backslash);
        }
        let _ = timespan::parse(&text);
        let _ = text.parse::<CalendarExpression>();
        let _ = UnitName::new(text.as_str());
        let _ = escape::unescape_path(&text);
        environment_d::parse(&text);
        environment_d::expand(&text, &|_| Some("x".to_owned()));
    }

    #[test]
    fn escaping_is_undone(text in "\\PC{0,40}") {
        prop_assert_eq!(escape::unescape(&escape::escape(&text)), Some(text));
    }

    #[test]
    fn escaped_paths_are_undone(parts in prop::collection::vec("[^/\\x00]{1,8}", 1..5)) {
        prop_assume!(parts.iter().all(|part| part != "." && part != ".."));
        let path = format!("/{}", parts.join("/"));
        prop_assert_eq!(escape::unescape_path(&escape::escape_path(&path).unwrap()), Some(path));
    }

    #[test]
    fn time_spans_that_are_written_are_read_back(micros in 0u64..4_000_000_000_000_000) {
        let span = std::time::Duration::from_micros(micros);
        prop_assert_eq!(timespan::parse(&timespan::format(Some(span))).unwrap().finite(), Some(span));
    }

    #[test]
    fn quoted_words_come_back(list in prop::collection::vec("[^\\x00\\\\\"]{0,8}", 0..6)) {
        let text = list.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(words::split(&text, Backslash::Escape).unwrap(), list);
    }

    #[test]
    fn calendar_events_lie_ahead_and_their_form_means_the_same(
        text in "((Mon|Tue\\.\\.Fri|Sun) )?(\\*|20[2-4][0-9])-(\\*|[1-9]|1[0-2])-(\\*|[1-9]|2[0-8]) (\\*|[0-9]|1[0-9]):([0-9]|[1-5][0-9])(/[1-9])?",
        after in 1_700_000_000u64..1_900_000_000,
    ) {
        let expression: CalendarExpression = format!("{text} UTC").parse().unwrap();
        let form: CalendarExpression = expression.to_string().parse().unwrap();
        prop_assert_eq!(&expression, &form);
        let after = std::time::UNIX_EPOCH + std::time::Duration::from_secs(after);
        if let Some(next) = expression.next_after(after) {
            prop_assert!(next > after);
        }
    }
}

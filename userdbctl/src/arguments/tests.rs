use super::*;

fn request(line: &str) -> Result<Request, ArgumentError> {
    parse(std::iter::once("userdbctl").chain(line.split_whitespace()).map(OsString::from))
}

fn arguments(line: &str) -> Arguments {
    match request(line).unwrap() {
        Request::Run(arguments) => *arguments,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    request(line).expect_err(line).to_string()
}

#[test]
fn options_stand_anywhere_and_the_last_output_wins() {
    let parsed = arguments("user a --output=table b -j");
    assert_eq!(parsed.operands, ["a", "b"]);
    assert_eq!((parsed.mode, parsed.json), (Some(Mode::Json), Some(Format::Pretty)));
    let parsed = arguments("-j --output=table");
    assert_eq!((parsed.verb, parsed.mode, parsed.json), (Verb::User, Some(Mode::Table), None));
    let parsed = arguments("-j --json=off group");
    assert_eq!((parsed.verb, parsed.mode, parsed.json), (Verb::Group, None, None));
    assert_eq!(arguments("--json=short").json, Some(Format::Short));
}

#[test]
fn short_options_cluster_and_long_ones_may_be_abbreviated() {
    let parsed = arguments("-jBIS --uid-mi=5 --outp classic -s a:b::a -sc");
    assert!(!parsed.boundaries);
    assert_eq!(parsed.mode, Some(Mode::Classic));
    assert_eq!(parsed.filter.id_min, 5);
    assert_eq!(parsed.services, ["a", "b", "c"]);
    let mask = DispositionMask::NONE.with(Disposition::Intrinsic).with(Disposition::System);
    assert_eq!(parsed.filter.disposition_mask, Some(mask));
    assert_eq!(refused("--uid=5"), "userdbctl: option '--uid' is ambiguous");
    assert_eq!(refused("--bogus"), "userdbctl: unrecognized option '--bogus'");
    assert_eq!(refused("user -1"), "userdbctl: unrecognized option '-1'");
    assert_eq!(arguments("user -- -1").operands, ["-1"]);
    assert_eq!(refused("--output"), "userdbctl: option '--output' requires an argument");
}

#[test]
fn values_are_judged() {
    assert_eq!(refused("--output=foo"), "Invalid --output= mode: foo");
    assert_eq!(refused("--json=foo"), "Unknown argument to --json= switch: foo");
    assert_eq!(refused("--uid-min=x"), "Failed to parse --uid-min= value: x");
    assert_eq!(refused("--uid-max=65535"), "Failed to parse --uid-max= value: 65535");
    assert_eq!(refused("--uid-min=5 --uid-max=4"), "Minimum UID/GID 5 is above maximum UID/GID 4, refusing.");
    assert_eq!(refused("--boundaries=foo"), "Failed to parse boolean argument to 'boundaries': foo");
    assert_eq!(refused("--disposition=foo"), "Unknown user disposition: foo");
    assert!(!arguments("--boundaries=off").boundaries);
    assert_eq!(refused("usr"), "Unknown command verb 'usr', did you mean 'user'?");
    assert_eq!(refused("services x"), "Too many arguments.");
    assert_eq!(refused("ssh-authorized-keys"), "Too few arguments.");
    assert!(matches!(request("--output=help"), Ok(Request::Choices(_))));
}

#[test]
fn what_follows_the_program_to_chain_is_the_programs() {
    let parsed = arguments("ssh-authorized-keys --chain ann -s x /bin/echo -j --json=foo --");
    assert_eq!((parsed.operands.len(), parsed.json), (1, None));
    assert_eq!(parsed.chain.unwrap(), ["/bin/echo", "-j", "--json=foo", "--"]);
    assert_eq!(parsed.services, ["x"]);
    assert_eq!(arguments("ssh-authorized-keys ann --chain").chain.unwrap(), Vec::<OsString>::new());
    assert!(arguments("ssh-authorized-keys ann").chain.is_none());
}

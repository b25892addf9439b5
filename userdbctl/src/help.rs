//! What `--help` prints.

/// Verbs and options with a line for each.
pub fn text() -> String {
    let mut text =
        String::from("userdbctl [OPTION…] COMMAND …\n\nShow user and group information.\n\nCommands:\n");
    for (verb, purpose) in VERBS {
        text.push_str(&format!("  {verb:<31} {purpose}\n"));
    }
    text.push_str("\nOptions:\n");
    for (short, long, purpose) in OPTIONS {
        text.push_str(&format!("  {short:<2} {long:<28} {purpose}\n"));
    }
    text
}

const VERBS: &[(&str, &str)] = &[
    ("[user [USER…]]", "Inspect user"),
    ("group [GROUP…]", "Inspect group"),
    ("users-in-group [GROUP…]", "Show users that are members of specified groups"),
    ("groups-of-user [USER…]", "Show groups the specified users are members of"),
    ("services", "Show enabled database services"),
    ("ssh-authorized-keys USER", "Show SSH authorized keys for user"),
];

const OPTIONS: &[(&str, &str, &str)] = &[
    ("-h", "--help", "Show this help"),
    ("", "--version", "Show package version"),
    ("", "--no-pager", "Do not start a pager"),
    ("", "--no-legend", "Do not show headers and footers"),
    ("", "--output=MODE", "Select output mode (classic, friendly, table, json)"),
    ("", "--json=FORMAT", "Generate JSON output (pretty, short, or off)"),
    ("-j", "", "Equivalent to --output=json"),
    ("-s", "--service=SERVICE[:SERVICE…]", "Query only the specified services"),
    ("", "--chain", "Chain another command"),
    ("", "--uid-min=ID", "Filter by minimum UID/GID (default 0)"),
    ("", "--uid-max=ID", "Filter by maximum UID/GID (default 4294967294)"),
    ("", "--uuid=UUID", "Filter by UUID"),
    ("-z", "--fuzzy", "Do a fuzzy name search"),
    ("", "--disposition=VALUE", "Filter by disposition"),
    ("-I", "", "Equivalent to --disposition=intrinsic"),
    ("-S", "", "Equivalent to --disposition=system"),
    ("-R", "", "Equivalent to --disposition=regular"),
    ("", "--boundaries=BOOL", "Show/hide UID/GID range boundaries in output"),
    ("-B", "", "Equivalent to --boundaries=no"),
    ("-F", "--from-file=PATH", "Read JSON record from file"),
];

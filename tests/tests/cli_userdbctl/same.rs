//! Command lines whose output has to be the same.

use super::case::{Case, case};
use super::records;
use usher_tests::userdb::accounts::STRANGER;
use usher_tests::userdb::drop_ins;

const OUTPUTS: [&str; 5] = ["--output=friendly", "--output=table", "--output=classic", "-j", "--json=short"];

/// Users of /etc/passwd and of the drop-ins that all suites share.
const USERS: &str = "root nobody daemon ann bob samename sysuser greeter dynamic container foreignrange shadowed expired0 \
    expired1 expiring mustchange aging starred banged emptyhash bangonly agezeros ages99999 hashed nopassword machine$ \
    alice carol inlinepriv machined bound signed sysdrop greetdrop disposed uuidful numbers \
    nullfield emptypriv jointpriv mangled floatuid dynrange foreign-7 active tight short away counted limited 70000 0 al-ias \
    alice@example.org";

/// Records whose difference is one on purpose.
const DIFFERENT: [&str; 3] = ["escape", "epoch", "unmodifiable"];

fn names() -> Vec<String> {
    let own = records::names().into_iter().filter(|name| !DIFFERENT.contains(&name.as_str()));
    USERS.split_whitespace().map(str::to_owned).chain(own).collect()
}

pub fn single_users() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in names() {
        cases.push(case("user").arg(&name));
        // Its blobs are links there.
        if name != "subvolume" {
            cases.push(case("user").arg(&name).env("SYSTEMD_COLORS", "1"));
        }
        cases.push(case("user --json=short").arg(&name));
    }
    for output in OUTPUTS {
        for uid in [0, STRANGER, drop_ins::OWNER] {
            cases.push(case("user full alice root missing nobody").arg(output).uid(uid));
        }
        cases.push(case("user full active disposed container").arg(output).env("SYSTEMD_COLORS", "1"));
        cases.push(case("user full active disposed container").arg(output).env("SYSTEMD_COLORS", "16"));
        cases.push(case("user full active").arg(output).env("SYSTEMD_COLORS", "1").env("NO_COLOR", "1"));
        cases.push(case("user full active").arg(output).env("NO_COLOR", "1"));
        cases.push(case("user full missing missing2 alice").arg(output));
        cases.push(case("user -B full").arg(output));
        cases.push(case("--no-legend --no-pager user full").arg(output));
    }
    for zone in ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC", "CET-1CEST,M3.5.0,M10.5.0/3"] {
        cases.push(case("user full subvolume counted").env("TZ", zone));
    }
    for filter in [
        "--uid-max=5",
        "--uid-min=70000 --uid-max=70000",
        "-R",
        "-S",
        "--disposition=container",
        "--uuid=6ba7b8109dad11d180b400c04fd430ab",
    ] {
        cases.push(case(&format!("user alice root full {filter}")));
    }
    cases
}

pub fn single_groups() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in [
        "root",
        "sudo",
        "team",
        "wheel2",
        "plaing",
        "admins",
        "ginline",
        "guuid",
        "gsys",
        "gmachine",
        "fullgroup",
        "fg2",
        "fullgroup@ex.org",
        "81500",
        "0",
        "foreign-7",
        "served",
        "nogroup",
        "missing",
    ] {
        for output in OUTPUTS {
            cases.push(case("group").arg(output).arg(name));
            cases.push(case("group").arg(output).arg(name).uid(STRANGER));
        }
        cases.push(case("group").arg(name).env("SYSTEMD_COLORS", "1"));
    }
    for filter in ["--uid-max=5", "-R", "-S", "--uuid=6ba7b8109dad11d180b400c04fd430ab"] {
        cases.push(case(&format!("group root sudo fullgroup {filter}")));
    }
    cases
}

pub fn lists() -> Vec<Case> {
    let mut cases = Vec::new();
    for verb in ["", "user", "group"] {
        for output in ["", "--output=table", "--output=classic"] {
            for options in [
                "",
                "-B",
                "--no-legend",
                "--boundaries=yes",
                "--boundaries=no --no-legend",
                "-I",
                "-S",
                "-R",
                "-IS",
                "-B -R",
                "--disposition=dynamic",
                "--disposition=foreign",
                "--disposition=container --disposition=reserved",
                "--uid-min=60000",
                "--uid-max=0",
                "--uid-min=1000 --uid-max=70010",
                "--uid-min=3999999999",
                "--uuid=6ba7b810-9dad-11d1-80b4-00c04fd430ab --output=table",
                "-s ''",
            ] {
                cases.push(case(&format!("{verb} {output} {options}")));
            }
        }
        cases.push(case(&format!("{verb} --uuid=6ba7b810-9dad-11d1-80b4-00c04fd430ab")));
        cases.push(case(&format!("{verb} --uuid=11111111-9dad-11d1-80b4-00c04fd430ab")));
        cases.push(case(verb).env("SYSTEMD_COLORS", "1"));
        cases.push(case(verb).env("SYSTEMD_COLORS", "16").arg("-B"));
        cases.push(case(verb).uid(STRANGER));
    }
    for verb in ["user", "group"] {
        for words in ["ali", "alise", "exampel", "root nobo", "zzzzzzzz", "wheel", "FULL", "desc"] {
            for output in OUTPUTS {
                cases.push(case(&format!("-z {verb} {words} {output} --uid-max=80000")));
            }
            cases.push(case(&format!("--fuzzy {verb} {words} --uid-max=80000")));
        }
        for output in OUTPUTS {
            cases.push(case(&format!("{verb} {output} --uid-max=70001")));
            cases.push(case(&format!("{verb} {output} --uid-min=82000 --uid-max=90000")).uid(STRANGER));
        }
    }
    cases
}

pub fn memberships_and_services() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in [
        "users-in-group",
        "groups-of-user",
        "users-in-group sudo",
        "users-in-group wheel2 plaing served",
        "users-in-group missing",
        "groups-of-user alice",
        "groups-of-user ann full missing",
        "groups-of-user bob bob",
        "services",
        "services --no-pager",
    ] {
        for output in OUTPUTS.iter().chain(&["", "--no-legend", "--json=pretty", "--json=off"]) {
            cases.push(case(&format!("{line} {output}")));
        }
        cases.push(case(line).env("SYSTEMD_COLORS", "1"));
        cases.push(case(line).uid(STRANGER));
    }
    cases
}

pub fn ssh_authorized_keys() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "full",
        "alice",
        "carol",
        "missing",
        "0",
        "a:b",
        "''",
        "full x",
        "--chain full",
        "--chain full /bin/echo -x --json=foo",
        "full --chain /bin/echo hi",
        "--chain full echo",
        "--chain full /bin/../bin/echo",
        "--chain full /bin//echo",
        "--chain full /bin/./echo",
        "--chain missing /bin/echo hi",
        "--chain full /nonexistent",
        "--chain full /etc/passwd",
        "--chain full /bin/false",
        "-j full",
    ]
    .map(|line| case(&format!("ssh-authorized-keys {line}")))
    .into();
    cases.push(case("ssh-authorized-keys alice").uid(STRANGER));
    cases.push(case("ssh-authorized-keys alice").uid(drop_ins::OWNER));
    cases
}

pub fn mistakes() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "user 65535",
        "user 4294967295",
        "user 4294967294",
        "user -1",
        "user -- -1",
        "user ''",
        "user a:b",
        "user 007",
        "user root@",
        "user 99999999999999999999",
        "group 65535",
        "group a:b",
        "group missing",
        "users-in-group a:b",
        "users-in-group 0",
        "users-in-group ''",
        "--output=classic groups-of-user ann 0",
        "--bogus",
        "-x",
        "--output",
        "--output=foo",
        "--output=help",
        "--json=help",
        "--json=foo",
        "--json user",
        "--uid-min=x",
        "--uid-min=",
        "--uid-max=-1",
        "--uid-min=5 --uid-max=4",
        "--uuid=x",
        "--uuid=",
        "--disposition=foo",
        "--disposition=",
        "--boundaries=foo",
        "--boundaries",
        "usr",
        "zzzzz",
        "groups",
        "services foo",
        "ssh-authorized-keys",
        "--outp=classic user root",
        "--chain user root",
        "--json=off user root",
        "-B -S user root",
        "--output=classic --json=off user root",
        "-j --output=classic user root",
        "user root root --output=friendly",
        "-F /etc/userdb/full.user user x",
        "-F /etc/userdb/full.user users-in-group",
        "-F /etc/userdb/full.user services",
        "-F /etc/userdb/full.user ssh-authorized-keys full",
        "-F /etc/userdb/full.user",
        "--from-file=/etc/userdb/full.user -j",
        "-F /etc/userdb/full.user --output=table",
        "-F /etc/userdb/full.user --output=classic",
        "-F /etc/userdb/fullgroup.group group",
        "-F /etc/userdb/fullgroup.group group --json=short",
    ]
    .map(case)
    .into();
    cases.push(case("user").arg(" a"));
    cases.push(case("-F - user").input(r#"{"userName":"piped","uid":5,"secret":{"password":["x"]}}"#));
    cases.push(case("user missing a:b").env("SYSTEMD_COLORS", "1"));
    cases.push(case("user full").uid(STRANGER).env("SYSTEMD_COLORS", "1"));
    cases
}

pub fn in_a_namespace() -> Vec<Case> {
    ["user", "group", "user -B", "user -R", "group --no-legend"].map(|line| case(line).in_namespace()).into()
}

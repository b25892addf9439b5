//! A rich set of drop-in records: good ones, odd ones and broken ones, in all five directories.

use super::daemon::MACHINE_ID;
use crate::lab::machine::Machine;

/// A user and its drop-in files: record, content of the privileged file when it has one, whether UID.user links to it.
struct User {
    name: &'static str,
    uid: Option<u32>,
    record: &'static str,
    privileged: Option<&'static str>,
}

/// The owner in tests about ownership of a drop-in record.
pub const OWNER: u32 = 70000;

/// Good users of /etc/userdb. `@MID@` stands for the machine-id.
const USERS: &[User] = &[
    User {
        name: "alice",
        uid: Some(70000),
        record: r#"{"userName":"alice","aliases":["ali","al-ias"],"realm":"example.org","uid":70000,"gid":70000,
            "realName":"Alice Example","emailAddress":"alice@mail.example","homeDirectory":"/home/alice",
            "shell":"/bin/zsh","service":"io.systemd.DropIn","memberOf":["wheel2"],"x-unknown":{"b":[1,2.5,null],"a":true}}"#,
        privileged: Some(
            r#"{"privileged":{"hashedPassword":["$6$alice$one","$6$alice$two"],"sshAuthorizedKeys":["ssh-ed25519 AAAA alice"],"passwordHint":"cat"}}"#,
        ),
    },
    User {
        name: "carol",
        uid: Some(70001),
        record: r#"{"userName":"carol","uid":70001,"disposition":"regular"}"#,
        privileged: None,
    },
    User {
        name: "locked",
        uid: Some(70002),
        record: r#"{"userName":"locked","uid":70002,"gid":70099,"locked":true,"service":"org.example.Other",
            "notBeforeUSec":0,"notAfterUSec":18446744073709551615,"niceLevel":-5,"umask":63}"#,
        privileged: Some(r#"{"privileged":{}}"#),
    },
    User {
        name: "inlinepriv",
        uid: Some(70003),
        record: r#"{"userName":"inlinepriv","uid":70003,"service":"x.y","privileged":{"hashedPassword":"$6$inline"}}"#,
        privileged: None,
    },
    User {
        name: "machined",
        uid: Some(70004),
        record: r#"{"userName":"machined","uid":70004,"service":"x.y","perMachine":[
            {"matchMachineId":"@MID@","shell":"/bin/permachine","location":"here"},
            {"matchHostname":["lab","other"],"iconName":"host"},
            {"matchHostname":"elsewhere","shell":"/bin/never"},
            {"matchNotHostname":"elsewhere","timeZone":"Europe/Berlin"}]}"#,
        privileged: None,
    },
    User {
        name: "bound",
        uid: Some(70005),
        record: r#"{"userName":"bound","service":"x.y","binding":{"@MID@":{"uid":70005,"gid":70005,"homeDirectory":"/home/bound"},
            "00000000000000000000000000000001":{"uid":70555}}}"#,
        privileged: None,
    },
    User {
        name: "signed",
        uid: Some(70006),
        record: r#"{"userName":"signed","uid":70006,"service":"x.y","signature":[{"data":"AAAA","key":"-----BEGIN PUBLIC KEY-----\n"}]}"#,
        privileged: None,
    },
    User {
        name: "sysdrop",
        uid: Some(470),
        record: r#"{"userName":"sysdrop","uid":470,"gid":470,"service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "greetdrop",
        uid: Some(60610),
        record: r#"{"userName":"greetdrop","uid":60610,"gid":60610,"service":"x.y","realName":"Greeter"}"#,
        privileged: None,
    },
    User {
        name: "disposed",
        uid: Some(70007),
        record: r#"{"userName":"disposed","uid":70007,"disposition":"system","service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "uuidful",
        uid: Some(70008),
        record: r#"{"userName":"uuidful","uid":70008,"uuid":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "n\u{e4}me",
        uid: Some(70009),
        record: "{\"userName\":\"n\u{e4}me\",\"uid\":70009,\"service\":\"x.y\",\"realName\":\"\u{65e5}\u{672c} \\ud83d\\ude00 \\\"q\\\" \\\\ / \\u0007\"}",
        privileged: None,
    },
    User {
        name: "spa ce",
        uid: Some(70010),
        record: r#"{"userName":"spa ce","uid":70010,"service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "everything",
        uid: Some(70011),
        record: r#"{"userName":"everything","uid":70011,"gid":70011,"service":"x.y","realName":"Every Field","iconName":"i","location":"l",
            "birthDate":"1990-01-02","lastChangeUSec":1,"lastPasswordChangeUSec":"2","shell":"/bin/sh","environment":["A=B","C=D=E"],
            "preferredLanguage":"de_DE.UTF-8","additionalLanguages":["en_US.UTF-8"],"resourceLimits":{"RLIMIT_NOFILE":{"cur":1,"max":2}},
            "storage":"directory","diskSize":5,"diskSizeRelative":6,"skeletonDirectory":"/etc/skel","accessMode":448,"tasksMax":7,
            "memoryHigh":8,"memoryMax":9,"cpuWeight":10,"ioWeight":11,"mountNoDevices":true,"mountNoSuid":false,"mountNoExecute":true,
            "cifsDomain":"d","cifsUserName":"cifsname","cifsService":"//h/s","imagePath":"/home/e.home","homeDirectory":"/home/everything",
            "capabilityBoundingSet":["CAP_CHOWN"],"capabilityAmbientSet":["CAP_CHOWN"],"fileSystemType":"ext4",
            "luksDiscard":false,"luksCipher":"aes","dropCaches":true,"autoResizeMode":"grow","rebalanceWeight":false,
            "rateLimitIntervalUSec":1,"rateLimitBurst":2,"enforcePasswordPolicy":false,"autoLogin":true,
            "preferredSessionType":"wayland","preferredSessionLauncher":"gnome","stopDelayUSec":3,"killProcesses":true,
            "passwordChangeMinUSec":1,"passwordChangeMaxUSec":2,"passwordChangeWarnUSec":3,"passwordChangeInactiveUSec":4,
            "passwordChangeNow":false,"recoveryKeyType":["modhex64"],"selfModifiableFields":["shell"],"selfModifiableBlobs":[],
            "tmpLimit":1,"tmpLimitScale":4294967295,"devShmLimit":2,"devShmLimitScale":3,"defaultArea":"area"}"#,
        privileged: None,
    },
    User {
        name: "numbers",
        uid: Some(70012),
        record: r#"{"userName":"numbers","uid":70012,"service":"x.y","x-min":-9223372036854775808,"x-max":18446744073709551615,
            "x-zero":-0,"x-empty":{},"x-list":[],"x-deep":[[[[{"a":{"b":[1]}}]]]]}"#,
        privileged: None,
    },
    User {
        name: "shadowed",
        uid: Some(70013),
        record: r#"{"userName":"shadowed","uid":70013,"service":"x.y","realName":"Dropped in, and in passwd"}"#,
        privileged: None,
    },
    User { name: "nouid", uid: None, record: r#"{"userName":"nouid","service":"x.y"}"#, privileged: None },
    User {
        name: "nolink",
        uid: None,
        record: r#"{"userName":"nolink","uid":70014,"service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "nullfield",
        uid: Some(70015),
        record: r#"{"userName":"nullfield","uid":70015,"service":"x.y","shell":null,"realName":null,"x-null":null}"#,
        privileged: None,
    },
    User {
        name: "emptypriv",
        uid: Some(70016),
        record: r#"{"userName":"emptypriv","uid":70016,"service":"x.y","privileged":{}}"#,
        privileged: None,
    },
    User {
        name: "jointpriv",
        uid: Some(70017),
        record: r#"{"userName":"jointpriv","uid":70017,"service":"x.y","privileged":{"passwordHint":"inline"}}"#,
        privileged: Some(r#"{"privileged":{"hashedPassword":["$6$file"]}}"#),
    },
    User {
        name: "badfields",
        uid: Some(70018),
        record: r#"{"userName":"badfields","uid":70018,"service":"x.y","shell":"bash","umask":99999,"realName":"good",
            "homeDirectory":"relative","locked":"yes","niceLevel":100,"environment":["NOEQUALS"]}"#,
        privileged: None,
    },
    User {
        name: "mangled",
        uid: Some(70019),
        record: r#"{"userName":"mangled","uid":70019,"service":"x.y","realName":"with:colon"}"#,
        privileged: None,
    },
    User {
        name: "stringuid",
        uid: Some(70020),
        record: r#"{"userName":"stringuid","uid":"70020","service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "floatuid",
        uid: Some(70021),
        record: r#"{"userName":"floatuid","uid":70021.0,"service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "dynrange",
        uid: Some(61777),
        record: r#"{"userName":"dynrange","uid":61777,"service":"x.y","disposition":"dynamic"}"#,
        privileged: None,
    },
    User {
        name: "boss",
        uid: Some(70022),
        record: r#"{"userName":"boss","uid":70022,"service":"x.y","status":{"@MID@":{"diskUsage":5}}}"#,
        privileged: None,
    },
    User {
        name: "secretive",
        uid: Some(70023),
        record: r#"{"userName":"secretive","uid":70023,"service":"x.y","secret":{"password":["p"]}}"#,
        privileged: None,
    },
];

/// Groups of /etc/userdb, with their privileged file.
const GROUPS: &[User] = &[
    User {
        name: "alice",
        uid: Some(70000),
        record: r#"{"groupName":"alice","gid":70000,"service":"x.y"}"#,
        privileged: None,
    },
    User {
        name: "wheel2",
        uid: Some(71000),
        record: r#"{"groupName":"wheel2","gid":71000,"service":"x.y","members":["bob","carol"],"description":"The wheel"}"#,
        privileged: Some(r#"{"privileged":{"hashedPassword":["$6$wheel"]}}"#),
    },
    User {
        name: "plaing",
        uid: Some(71001),
        record: r#"{"groupName":"plaing","gid":71001}"#,
        privileged: None,
    },
    User {
        name: "admins",
        uid: Some(71002),
        record: r#"{"groupName":"admins","gid":71002,"service":"x.y","administrators":["ann"],"aliases":["adm2"],"realm":"example.org"}"#,
        privileged: None,
    },
    User {
        name: "ginline",
        uid: Some(71003),
        record: r#"{"groupName":"ginline","gid":71003,"service":"x.y","privileged":{"hashedPassword":"$6$g"}}"#,
        privileged: None,
    },
    User {
        name: "guuid",
        uid: Some(71004),
        record: r#"{"groupName":"guuid","gid":71004,"service":"x.y","uuid":"6ba7b8109dad11d180b400c04fd430c9"}"#,
        privileged: None,
    },
    User {
        name: "gsys",
        uid: Some(471),
        record: r#"{"groupName":"gsys","gid":471,"service":"x.y"}"#,
        privileged: None,
    },
    User { name: "gnogid", uid: None, record: r#"{"groupName":"gnogid","service":"x.y"}"#, privileged: None },
    User {
        name: "gmachine",
        uid: Some(71005),
        record: r#"{"groupName":"gmachine","service":"x.y","perMachine":[{"matchMachineId":"@MID@","gid":71005,"members":["bob"]}]}"#,
        privileged: None,
    },
    User {
        name: "gsecret",
        uid: Some(71006),
        record: r#"{"groupName":"gsecret","gid":71006,"service":"x.y","secret":{"password":["p"]}}"#,
        privileged: None,
    },
    User {
        name: "gboss",
        uid: Some(71007),
        record: r#"{"groupName":"gboss","gid":71007,"service":"x.y","status":{"@MID@":{"service":"z"}}}"#,
        privileged: None,
    },
];

/// Files that are no good record, or lie elsewhere: path, mode, content.
const FILES: &[(&str, u32, &[u8])] = &[
    // What is not JSON, or no object, or no record of that name.
    ("/etc/userdb/notjson.user", 0o644, b"this is no JSON"),
    ("/etc/userdb/array.user", 0o644, b"[1,2]"),
    ("/etc/userdb/emptyfile.user", 0o644, b""),
    ("/etc/userdb/truncated.user", 0o644, b"{\"userName\":\"truncated\",\"uid\":7"),
    ("/etc/userdb/noname.user", 0o644, b"{\"uid\":70100}"),
    (
        "/etc/userdb/othername.user",
        0o644,
        b"{\"userName\":\"realothername\",\"uid\":70101,\"service\":\"x.y\"}",
    ),
    ("/etc/userdb/baduid.user", 0o644, b"{\"userName\":\"baduid\",\"uid\":4294967295,\"service\":\"x.y\"}"),
    ("/etc/userdb/baduid16.user", 0o644, b"{\"userName\":\"baduid16\",\"uid\":65535,\"service\":\"x.y\"}"),
    ("/etc/userdb/negativeuid.user", 0o644, b"{\"userName\":\"negativeuid\",\"uid\":-1,\"service\":\"x.y\"}"),
    (
        "/etc/userdb/latinuser.user",
        0o644,
        b"{\"userName\":\"latinuser\",\"uid\":70102,\"realName\":\"J\xf6rg\",\"service\":\"x.y\"}",
    ),
    (
        "/etc/userdb/dupkey.user",
        0o644,
        b"{\"userName\":\"dupkey\",\"uid\":70103,\"uid\":70104,\"service\":\"x.y\"}",
    ),
    (
        "/etc/userdb/trailing.user",
        0o644,
        b"{\"userName\":\"trailing\",\"uid\":70105,\"service\":\"x.y\"} trailing",
    ),
    (
        "/etc/userdb/commented.user",
        0o644,
        b"{/*c*/\"userName\":\"commented\",\"uid\":70106,\"service\":\"x.y\"}",
    ),
    (
        "/etc/userdb/trailingcomma.user",
        0o644,
        b"{\"userName\":\"trailingcomma\",\"uid\":70107,\"service\":\"x.y\",}",
    ),
    ("/etc/userdb/badpriv.user", 0o644, b"{\"userName\":\"badpriv\",\"uid\":70108,\"service\":\"x.y\"}"),
    ("/etc/userdb/badpriv.user-privileged", 0o600, b"not JSON"),
    ("/etc/userdb/toppriv.user", 0o644, b"{\"userName\":\"toppriv\",\"uid\":70109,\"service\":\"x.y\"}"),
    ("/etc/userdb/toppriv.user-privileged", 0o600, b"{\"hashedPassword\":[\"$6$not-wrapped\"]}"),
    (
        "/etc/userdb/privover.user",
        0o644,
        b"{\"userName\":\"privover\",\"uid\":70110,\"service\":\"x.y\",\"shell\":\"/bin/one\"}",
    ),
    (
        "/etc/userdb/privover.user-privileged",
        0o600,
        b"{\"shell\":\"/bin/two\",\"privileged\":{\"passwordHint\":\"h\"}}",
    ),
    ("/etc/userdb/.hidden.user", 0o644, b"{\"userName\":\".hidden\",\"uid\":70111,\"service\":\"x.y\"}"),
    ("/etc/userdb/README", 0o644, b"nothing to see"),
    ("/etc/userdb/.user", 0o644, b"{\"userName\":\"\",\"uid\":70112,\"service\":\"x.y\"}"),
    // UID.user as a file of its own.
    ("/etc/userdb/70120.user", 0o644, b"{\"userName\":\"byuidonly\",\"uid\":70120,\"service\":\"x.y\"}"),
    ("/etc/userdb/70121.user", 0o644, b"{\"userName\":\"wronguid\",\"uid\":70122,\"service\":\"x.y\"}"),
    // A lower directory: found, hidden by a file, hidden by a mask.
    ("/usr/lib/userdb/vendor.user", 0o644, b"{\"userName\":\"vendor\",\"uid\":70200,\"service\":\"x.y\"}"),
    (
        "/usr/lib/userdb/carol.user",
        0o644,
        b"{\"userName\":\"carol\",\"uid\":70299,\"service\":\"hidden.by.etc\"}",
    ),
    ("/usr/lib/userdb/masked.user", 0o644, b"{\"userName\":\"masked\",\"uid\":70201,\"service\":\"x.y\"}"),
    (
        "/usr/local/lib/userdb/local.user",
        0o644,
        b"{\"userName\":\"local\",\"uid\":70202,\"service\":\"x.y\"}",
    ),
    ("/run/userdb/runtime.user", 0o644, b"{\"userName\":\"runtime\",\"uid\":70203,\"service\":\"x.y\"}"),
    ("/run/host/userdb/hosted.user", 0o644, b"{\"userName\":\"hosted\",\"uid\":70204,\"service\":\"x.y\"}"),
    ("/run/userdb/layered.user", 0o644, b"{\"userName\":\"layered\",\"uid\":70205,\"service\":\"run.wins\"}"),
    (
        "/usr/lib/userdb/layered.user",
        0o644,
        b"{\"userName\":\"layered\",\"uid\":70205,\"service\":\"usr.loses\"}",
    ),
    // Its privileged part lies in another directory, where nobody looks.
    ("/usr/lib/userdb/split.user", 0o644, b"{\"userName\":\"split\",\"uid\":70206,\"service\":\"x.y\"}"),
    ("/etc/userdb/split.user-privileged", 0o600, b"{\"privileged\":{\"passwordHint\":\"elsewhere\"}}"),
    // Groups, likewise.
    ("/etc/userdb/gnotjson.group", 0o644, b"nope"),
    ("/etc/userdb/gother.group", 0o644, b"{\"groupName\":\"grealother\",\"gid\":71101,\"service\":\"x.y\"}"),
    ("/etc/userdb/71120.group", 0o644, b"{\"groupName\":\"bygidonly\",\"gid\":71120,\"service\":\"x.y\"}"),
    (
        "/usr/lib/userdb/gvendor.group",
        0o644,
        b"{\"groupName\":\"gvendor\",\"gid\":71200,\"service\":\"x.y\"}",
    ),
    (
        "/usr/lib/userdb/gmasked.group",
        0o644,
        b"{\"groupName\":\"gmasked\",\"gid\":71201,\"service\":\"x.y\"}",
    ),
    // Memberships.
    ("/etc/userdb/alice:plaing.membership", 0o644, b""),
    ("/etc/userdb/bob:plaing.membership", 0o644, b"content is ignored"),
    ("/etc/userdb/ann:dropped.membership", 0o644, b"{}"),
    ("/etc/userdb/bad-membership.membership", 0o644, b"{}"),
    ("/etc/userdb/a:b:c.membership", 0o644, b"{}"),
    ("/etc/userdb/:plaing.membership", 0o644, b"{}"),
    ("/etc/userdb/carol:.membership", 0o644, b"{}"),
    ("/etc/userdb/1234:plaing.membership", 0o644, b"{}"),
    ("/usr/lib/userdb/carol:plaing.membership", 0o644, b"{}"),
    ("/usr/lib/userdb/dora:plaing.membership", 0o644, b"{}"),
    ("/run/userdb/alice:plaing.membership", 0o644, b"{}"),
];

/// Symbolic links: path, target.
const LINKS: &[(&str, &str)] = &[
    ("/etc/userdb/masked.user", "/dev/null"),
    ("/etc/userdb/70201.user", "/dev/null"),
    ("/etc/userdb/gmasked.group", "/dev/null"),
    ("/etc/userdb/71201.group", "/dev/null"),
    ("/etc/userdb/dora:plaing.membership", "/dev/null"),
    // A link for an alias.
    ("/etc/userdb/ali.user", "alice.user"),
    ("/etc/userdb/alice@example.org.user", "alice.user"),
    ("/etc/userdb/adm2.group", "admins.group"),
    ("/etc/userdb/dangling.user", "nowhere.user"),
    ("/etc/userdb/loop.user", "loop.user"),
    ("/usr/lib/userdb/70200.user", "vendor.user"),
    ("/usr/local/lib/userdb/70202.user", "local.user"),
    ("/run/userdb/70203.user", "runtime.user"),
    ("/run/host/userdb/70204.user", "hosted.user"),
    ("/run/userdb/70205.user", "layered.user"),
    ("/usr/lib/userdb/70205.user", "layered.user"),
    ("/usr/lib/userdb/70206.user", "split.user"),
    ("/usr/lib/userdb/70299.user", "carol.user"),
    ("/usr/lib/userdb/71200.group", "gvendor.group"),
];

/// A name of 200 bytes: the longest that fits a file name with room for its ending is a little longer.
pub fn long_name() -> String {
    "l".repeat(200)
}

/// Names of all users that the set mentions.
pub fn user_names() -> Vec<String> {
    let files = FILES.iter().map(|(path, ..)| *path).chain(LINKS.iter().map(|(path, _)| *path));
    let mut names: Vec<String> = USERS.iter().map(|user| user.name.to_owned()).collect();
    names.extend(stems(files, ".user"));
    names.extend(
        ["realothername", "byuidonly", "wronguid", "al-ias", "alice@example.org", "ali@example.org"]
            .map(Into::into),
    );
    names.push(long_name());
    names.sort();
    names.dedup();
    names
}

/// Names of all groups that the set mentions.
pub fn group_names() -> Vec<String> {
    let files = FILES.iter().map(|(path, ..)| *path).chain(LINKS.iter().map(|(path, _)| *path));
    let mut names: Vec<String> = GROUPS.iter().map(|group| group.name.to_owned()).collect();
    names.extend(stems(files, ".group"));
    names.extend(["grealother", "bygidonly", "admins@example.org"].map(Into::into));
    names.sort();
    names.dedup();
    names
}

/// Every uid of the set, also those that lead nowhere.
pub fn uids() -> Vec<u32> {
    USERS
        .iter()
        .filter_map(|user| user.uid)
        .chain([70014, 70101, 70103, 70104, 70120, 70121, 70122])
        .chain(70200..=70206)
        .chain([70299])
        .collect()
}

/// Every gid of the set.
pub fn gids() -> Vec<u32> {
    GROUPS.iter().filter_map(|group| group.uid).chain([71101, 71120, 71200, 71201]).collect()
}

fn stems(paths: impl Iterator<Item = &'static str>, ending: &str) -> Vec<String> {
    paths
        .filter_map(|path| path.rsplit('/').next()?.strip_suffix(ending))
        .filter(|stem| !stem.is_empty() && stem.parse::<u32>().is_err())
        .map(str::to_owned)
        .collect()
}

/// Files and links that a list shows to systemd as to us.
const PLAIN: &[&str] = &[
    "README",
    "70120.user",
    "vendor.user",
    "masked.user",
    "local.user",
    "runtime.user",
    "hosted.user",
    "layered.user",
    "split.user",
    "split.user-privileged",
    "notjson.user",
    "array.user",
    "gnotjson.group",
    "71120.group",
    "gvendor.group",
    "gmasked.group",
    "70200.user",
    "70201.user",
    "70202.user",
    "70203.user",
    "70204.user",
    "70205.user",
    "70206.user",
    "71200.group",
    "71201.group",
    "dangling.user",
    "loop.user",
    "adm2.group",
];

/// Users without an id that their file shows, or with a difference of their own.
const NOT_PLAIN: &[&str] = &["nouid", "nolink", "shadowed", "badfields", "nullfield", "gnogid"];

/// Writes the whole set.
pub fn install(machine: &Machine) {
    write(machine, |_| true, str::to_owned);
}

/// Writes those whose lists are the same everywhere: no memberships inside of records, no record without a file that
/// shows its id, none that is hidden only in part.
pub fn install_plain(machine: &Machine) {
    write(
        machine,
        |file| {
            let stem = file.split('.').next().unwrap_or(file);
            PLAIN.contains(&file)
                || file.ends_with(".membership")
                || (USERS.iter().chain(GROUPS).any(|user| user.name == stem) && !NOT_PLAIN.contains(&stem))
        },
        |record| {
            record
                .replace(r#""memberOf":["wheel2"],"#, "")
                .replace(r#""members":["bob","carol"],"#, "")
                .replace(r#","members":["bob"]"#, "")
        },
    );
}

/// Writes the files that are wanted (by file name), and all records as `edit` leaves them.
fn write(machine: &Machine, wanted: impl Fn(&str) -> bool, edit: impl Fn(&str) -> String) {
    for (users, ending) in [(USERS, "user"), (GROUPS, "group")] {
        for user in users {
            let file = format!("{}.{ending}", user.name);
            if !wanted(&file) {
                continue;
            }
            let record = edit(&user.record.replace("@MID@", MACHINE_ID));
            machine.write(&format!("/etc/userdb/{file}"), 0o644, record);
            if let Some(privileged) = user.privileged {
                machine.write(&format!("/etc/userdb/{file}-privileged"), 0o600, privileged);
            }
            let Some(uid) = user.uid else { continue };
            machine.symlink(&file, &format!("/etc/userdb/{uid}.{ending}"));
            if user.privileged.is_some() {
                let target = format!("{file}-privileged");
                machine.symlink(&target, &format!("/etc/userdb/{uid}.{ending}-privileged"));
            }
        }
    }
    let name = long_name();
    let record = format!(r#"{{"userName":"{name}","uid":70300,"service":"x.y"}}"#);
    machine.write(&format!("/etc/userdb/{name}.user"), 0o644, record);
    machine.symlink(&format!("{name}.user"), "/etc/userdb/70300.user");
    let file_name = |path: &'static str| path.rsplit('/').next().unwrap_or(path);
    for (path, mode, content) in FILES.iter().filter(|(path, ..)| wanted(file_name(path))) {
        // The record of a higher directory is in the set of users.
        if *path != "/usr/lib/userdb/carol.user" || wanted("nolink.user") {
            machine.write(path, *mode, content);
        }
    }
    for (path, target) in LINKS.iter().filter(|(path, _)| wanted(file_name(path))) {
        machine.symlink(target, path);
    }
    std::fs::create_dir_all(machine.path("/etc/userdb/directory.user")).expect("a directory can be made");
}

//! Users and groups for tests of the C library's lookups.

use crate::lab::machine::Machine;

/// A name that is as long as any drop-in file can have.
pub fn long_name() -> String {
    "l".repeat(200)
}

/// How many members the group `crowd` has.
pub const CROWD: usize = 5000;
/// How many groups the user `joiner` is in.
pub const JOINED: usize = 150;

/// The hash of ann's password, which is "open sesame" (by crypt(3), method 6).
pub const ANN_HASH: &str =
    "$6$usher$hL68FkTapQYB/jTKAoRrQC/Be.IeAsqZKlw.//2XR2D4wE9FE0gwGihYrdgNszFsXPBVV.pHVjdO371uQDmOh.";

/// Members of `crowd`.
pub fn crowd() -> Vec<String> {
    (0..CROWD).map(|number| format!("member-{number:05}")).collect()
}

/// Puts drop-in files into the machine's /etc/userdb.
///
/// | user | uid:gid | |
/// |---|---|---|
/// | ann | 70001:70001 | with a hash, member of wheelers and of video (of /etc/group) |
/// | bob | 70002:70099 | nothing but what is necessary |
/// | `DOM\\joe`, `spa ce`, `é` | 70003.. | odd names |
/// | joiner | 70010 | in 150 groups |
/// | the long name | 70011 | |
pub fn install(machine: &Machine) {
    let user = |name: &str, rest: &str| {
        let record = format!("{{\"userName\":{},{rest}}}", serde_json::Value::from(name));
        machine.write(&format!("/etc/userdb/{name}.user"), 0o644, record);
    };
    let group = |name: &str, rest: &str| {
        let record = format!("{{\"groupName\":{},{rest}}}", serde_json::Value::from(name));
        machine.write(&format!("/etc/userdb/{name}.group"), 0o644, record);
    };
    let membership = |user: &str, group: &str| {
        machine.write(&format!("/etc/userdb/{user}:{group}.membership"), 0o644, "");
    };
    user(
        "ann",
        r#""uid":70001,"gid":70001,"realName":"Ann Example","homeDirectory":"/home/ann","shell":"/bin/sh",
        "lastPasswordChangeUSec":1728000000000000,"passwordChangeMaxUSec":8639913600000000"#,
    );
    let privileged = format!("{{\"privileged\":{{\"hashedPassword\":[{ANN_HASH:?}]}}}}");
    machine.write("/etc/userdb/ann.user-privileged", 0o600, privileged);
    group("ann", r#""gid":70001"#);
    user("bob", r#""uid":70002,"gid":70099"#);
    user("DOM\\joe", r#""uid":70003,"gid":70001"#);
    user("spa ce", r#""uid":70004,"gid":70001"#);
    user("é", r#""uid":70005,"gid":70001"#);
    user(&long_name(), r#""uid":70011,"gid":70001"#);

    group("wheelers", r#""gid":70101,"members":["bob"]"#);
    machine.write(
        "/etc/userdb/wheelers.group-privileged",
        0o600,
        r#"{"privileged":{"hashedPassword":["$6$group$hash"]}}"#,
    );
    membership("ann", "wheelers");
    membership("ann", "video");
    group("nobodys", r#""gid":70102"#);
    group("crowd", &format!("\"gid\":70103,\"members\":{}", serde_json::Value::from(crowd())));

    user("joiner", r#""uid":70010,"gid":70001"#);
    for number in 0..JOINED {
        group(&format!("joined-{number}"), &format!("\"gid\":{}", 71000 + number));
        membership("joiner", &format!("joined-{number}"));
    }
}

/// What tests/c/stress.c is told to look up.
pub const STRESSED: &[&str] =
    &["ann:70001:ann:70001", "bob:70002:wheelers:70101", "joiner:70010:joined-7:71007"];

//! Records that have every field that userdbctl shows.

use serde_json::{Value, json};
use usher_tests::lab::machine::Machine;
use usher_tests::userdb::backend::Contents;
use usher_tests::userdb::daemon::MACHINE_ID;

const UUID: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430ab";
const SUM: &str = "c0636851d25a62d817ff7da4e081d1e646e42c74d0ecb53425f75fcf1ba43b52";

/// Names of the drop-in users of this suite.
pub fn names() -> Vec<String> {
    users().into_iter().map(|(name, _, _)| name.to_owned()).collect()
}

/// Puts the records into /etc/userdb.
pub fn install(machine: &Machine) {
    for (at, (name, fields, privileged)) in users().into_iter().enumerate() {
        let uid = 81_000 + at;
        let mut record = json!({"userName": name, "uid": uid});
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        machine.write(&format!("/etc/userdb/{name}.user"), 0o644, record.to_string());
        machine.symlink(&format!("{name}.user"), &format!("/etc/userdb/{uid}.user"));
        if !privileged.is_null() {
            let file = format!("{name}.user-privileged");
            let content = json!({"privileged": privileged}).to_string();
            machine.write(&format!("/etc/userdb/{file}"), 0o600, content);
            machine.symlink(&file, &format!("/etc/userdb/{uid}.user-privileged"));
        }
    }
    let group = json!({"groupName": "fullgroup", "gid": 81_500, "description": "A group", "members": ["ann", "bob"],
        "administrators": ["carol", "dora"], "lastChangeUSec": 1_600_000_000_123_456u64, "uuid": UUID,
        "aliases": ["fg", "fg2"], "realm": "ex.org"});
    machine.write("/etc/userdb/fullgroup.group", 0o644, group.to_string());
    machine.symlink("fullgroup.group", "/etc/userdb/81500.group");
    let privileged = json!({"privileged": {"hashedPassword": ["$6$x", "!"]}}).to_string();
    machine.write("/etc/userdb/fullgroup.group-privileged", 0o600, privileged);
    machine.symlink("fullgroup.group-privileged", "/etc/userdb/81500.group-privileged");
}

/// Name, further fields and the privileged section.
fn users() -> Vec<(&'static str, Value, Value)> {
    let capabilities: Vec<String> = ["CHOWN", "KILL", "WAKE_ALARM"].map(|name| format!("CAP_{name}")).into();
    vec![
        (
            "full",
            full(),
            json!({"hashedPassword": ["$6$x", "!"], "sshAuthorizedKeys": ["ssh-ed25519 A", "ssh-rsa B"],
            "passwordHint": "cat"}),
        ),
        (
            "plaindir",
            json!({"storage": "directory", "rateLimitIntervalUSec": 1_500_000, "memoryHigh": 8,
            "memoryMax": 1064, "tmpLimitScale": 64_424_509, "devShmLimit": 1_073_741_825, "rebalanceWeight": false,
            "autoResizeMode": "off", "passwordChangeNow": true, 
            "capabilityBoundingSet": [], "capabilityAmbientSet": capabilities}),
            json!({"hashedPassword": ["!"]}),
        ),
        (
            "fscrypt",
            json!({"storage": "fscrypt", "disposition": "system", "locked": true, "rebalanceWeight": true,
            "devShmLimitScale": u32::MAX, "capabilityBoundingSet": ["CAP_CHOWN", "CAP_BOGUS", "cap_kill"],
            "capabilityAmbientSet": capabilities, "autoResizeMode": "shrink-and-grow"}),
            json!({"hashedPassword": [""]}),
        ),
        (
            "cifs",
            json!({"storage": "cifs", "cifsService": "//h/s", "cifsExtraMountOptions": "a=b",
            "notAfterUSec": 5, "autoResizeMode": true}),
            json!({"hashedPassword": ["!$6$", "$6$"]}),
        ),
        (
            "subvolume",
            json!({"storage": "subvolume", "notBeforeUSec": 99_999_999_999_999_999u64,
            "lastChangeUSec": 5_000_000_000_000_000u64, "lastPasswordChangeUSec": 5_000_000_000_000_000u64,
            "passwordChangeMinUSec": 1, "blobDirectory": "/b", "blobManifest": {"b": SUM, "a": SUM.to_uppercase()}}),
            Value::Null,
        ),
        (
            "device",
            json!({"storage": "luks", "imagePath": "/dev/sda1", "shell": "/usr/bin/false",
            "uuid": "00000000000000000000000000000000", "lastPasswordChangeUSec": 1_600_000_000_000_000u64,
            "passwordChangeMinUSec": 5_000_000_000_000_000u64, "passwordChangeMaxUSec": u64::MAX - 1,
            "stopDelayUSec": u64::MAX - 1, "luksPbkdfTimeCostUSec": 61_500_000}),
            json!({"hashedPassword": "$6$"}),
        ),
        (
            "expired",
            json!({"realm": "r.org", "realName": "expired", "lastPasswordChangeUSec": 1_600_000_000_000_000u64,
            "passwordChangeMaxUSec": 1_000_000, "umask": "0777", "cpuWeight": 1, "memoryHigh": u64::MAX - 1}),
            Value::Null,
        ),
        (
            "inactive",
            json!({"lastPasswordChangeUSec": 1_600_000_000_000_000u64, "passwordChangeMaxUSec": 1_000_000,
            "passwordChangeInactiveUSec": 1, "preferredLanguage": "de_DE.UTF-8", "additionalLanguages": ["de_DE.UTF-8"]}),
            Value::Null,
        ),
        (
            "warned",
            json!({"lastPasswordChangeUSec": 1_600_000_000_000_000u64, "passwordChangeMaxUSec": 1_000_000_000_000_000u64,
            "passwordChangeWarnUSec": 9_000_000_000_000_000u64}),
            Value::Null,
        ),
        ("maxonly", json!({"passwordChangeMaxUSec": 1_000_000}), Value::Null),
        ("minonly", json!({"passwordChangeMinUSec": 1_000_000, "passwordChangeWarnUSec": 1}), Value::Null),
        (
            "stuck",
            json!({"lastPasswordChangeUSec": 1_600_000_000_000_000u64,
            "passwordChangeMinUSec": 5_000_000_000_000_000u64, "passwordChangeMaxUSec": 1_000_000}),
            Value::Null,
        ),
        (
            "stuckwarned",
            json!({"lastPasswordChangeUSec": 1_600_000_000_000_000u64,
            "passwordChangeMinUSec": 5_000_000_000_000_000u64, "passwordChangeMaxUSec": 1_000_000_000_000_000u64,
            "passwordChangeWarnUSec": 9_000_000_000_000_000u64}),
            Value::Null,
        ),
        (
            "futurewarn",
            json!({"lastPasswordChangeUSec": 5_000_000_000_000_000u64, "passwordChangeWarnUSec": 1_000_000}),
            Value::Null,
        ),
        (
            "futuremax",
            json!({"lastPasswordChangeUSec": 5_000_000_000_000_000u64, "passwordChangeMaxUSec": 1_000_000}),
            Value::Null,
        ),
        (
            "futureinactive",
            json!({"lastPasswordChangeUSec": 5_000_000_000_000_000u64, "passwordChangeInactiveUSec": 1}),
            Value::Null,
        ),
        (
            "wide",
            json!({"realName": "\u{65e5}\u{672c} \u{1f600} Z\u{fc}rich", "homeDirectory": "/home/w\u{ef}de"}),
            Value::Null,
        ),
        (
            "everycap",
            json!({"capabilityBoundingSet": every_capability(), "capabilityAmbientSet": every_capability()}),
            Value::Null,
        ),
        ("escape", json!({"location": "a\u{1b}[31m\nb"}), Value::Null),
        ("unmodifiable", json!({"selfModifiableBlobs": []}), Value::Null),
        ("epoch", json!({"notBeforeUSec": 0}), Value::Null),
        ("float", json!({"x-float": [2.5, -0.125, 1e20, 1.0]}), Value::Null),
    ]
}

fn every_capability() -> Vec<String> {
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service \
     net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin \
     sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override \
     mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf"
        .split_whitespace()
        .map(|name| format!("CAP_{}", name.to_uppercase()))
        .collect()
}

fn full() -> Value {
    json!({"gid": 81_500, "realm": "ex.org", "aliases": ["fu", "fu2"], "realName": "Full User",
        "emailAddress": "f@ex.org", "iconName": "face", "location": "Room 5", "birthDate": "1990-01-02",
        "disposition": "regular", "lastChangeUSec": 1_600_000_000_123_456u64,
        "lastPasswordChangeUSec": 1_500_000_000_000_000u64, "shell": "/bin/zsh", "umask": 18,
        "environment": ["A=B", "C=D E"], "timeZone": "Europe/Berlin", "preferredLanguage": "de_DE.UTF-8",
        "additionalLanguages": ["en_US.UTF-8", "fr_FR.UTF-8"], "niceLevel": -5,
        "resourceLimits": {"RLIMIT_NOFILE": {"cur": 1, "max": 2}, "RLIMIT_CORE": {"cur": 0, "max": null}},
        "locked": false, "notBeforeUSec": 1_000_000, "notAfterUSec": 4_000_000_000_000_000u64, "storage": "luks",
        "diskSize": 5_368_709_120u64, "diskSizeRelative": 5, "skeletonDirectory": "/etc/skel2", "accessMode": 448,
        "tasksMax": 55, "memoryHigh": 1_048_576, "memoryMax": 1536, "cpuWeight": 100, "ioWeight": 50,
        "mountNoDevices": true, "mountNoSuid": false, "mountNoExecute": true, "cifsDomain": "dom",
        "cifsUserName": "cu", "cifsService": "//h/s", "cifsExtraMountOptions": "x", "imagePath": "/home/full.home",
        "homeDirectory": "/home/full", "fileSystemType": "btrfs", "luksDiscard": true, "luksOfflineDiscard": false,
        "luksCipher": "aes", "luksCipherMode": "xts-plain64", "luksVolumeKeySize": 32, "luksPbkdfType": "argon2id",
        "luksPbkdfHashAlgorithm": "sha512", "luksPbkdfTimeCostUSec": 1_234_567, "luksPbkdfMemoryCost": 67_108_864,
        "luksPbkdfParallelThreads": 4, "luksPbkdfForceIterations": 4, "luksSectorSize": 4096, "luksUuid": UUID,
        "partitionUuid": UUID, "fileSystemUuid": "6ba7b8109dad11d180b400c04fd430c8",
        "luksExtraMountOptions": "noatime", "uuid": UUID, "dropCaches": true, "autoResizeMode": "grow",
        "rebalanceWeight": 7, "rateLimitIntervalUSec": 60_000_000, "rateLimitBurst": 5,
        "enforcePasswordPolicy": false, "autoLogin": true, "preferredSessionType": "wayland",
        "preferredSessionLauncher": "gnome", "stopDelayUSec": 3_000_000, "killProcesses": true,
        "passwordChangeMinUSec": 86_400_000_000u64, "passwordChangeMaxUSec": 8_640_000_000_000_000u64,
        "passwordChangeWarnUSec": 604_800_000_000u64, "passwordChangeInactiveUSec": 3_600_000_000u64,
        "passwordChangeNow": false, "pkcs11TokenUri": ["pkcs11:token=a", "pkcs11:token=b"],
        "fido2HmacCredential": ["AAAA"], "recoveryKeyType": ["modhex64"],
        "capabilityBoundingSet": ["CAP_CHOWN", "CAP_KILL"], "capabilityAmbientSet": ["CAP_WAKE_ALARM"],
        "selfModifiableFields": ["realName", "shell"],  "tmpLimit": 1_048_576,
        "tmpLimitScale": 2_147_483_647, "devShmLimitScale": 1000, "defaultArea": "work",
        "blobDirectory": "/var/cache/systemd/home/full", "memberOf": ["fullgroup"],
        "x-odd": [1, -3, true, null, {}, [], {"a": []}, "q\"\\/\u{7}\u{e9}\n\t"]})
}

/// Records with a status, as only a service has them.
pub fn of_service() -> Contents {
    let status = |name: &str, uid: u32, fields: Value, status: Value| {
        let mut record = json!({"userName": name, "uid": uid, "service": "org.example.Homes"});
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        record["status"] = json!({MACHINE_ID: status});
        record
    };
    let disk = |free: u64| {
        json!({"diskSize": 10_000_000_000u64, "diskUsage": 333_333_333, "diskFree": free,
        "diskFloor": 1024, "diskCeiling": u64::MAX - 1, "state": "active"})
    };
    Contents {
        users: vec![
            status("active", 82_000, json!({"storage": "luks"}), disk(5_000_000_000)),
            status("tight", 82_001, json!({}), disk(900_000_000)),
            status("short", 82_002, json!({}), disk(1_900_000_000)),
            status(
                "away",
                82_003,
                json!({"homeDirectory": "/home/away", "shell": "/bin/zsh"}),
                json!({"state": "absent",
                "useFallback": true, "fallbackHomeDirectory": "/", "fallbackShell": "/usr/sbin/nologin",
                "signedLocally": true, "removable": true, "diskUsage": 5, "diskFree": 6}),
            ),
            status(
                "counted",
                82_004,
                json!({"rateLimitBurst": 2}),
                json!({"state": "dirty", "rateLimitBeginUSec": 5,
                "rateLimitCount": 9, "goodAuthenticationCounter": 3, "badAuthenticationCounter": 4,
                "lastGoodAuthenticationUSec": 1_600_000_000_000_000u64, "lastBadAuthenticationUSec": 1_700_000_000_000_000u64}),
            ),
            status(
                "limited",
                82_005,
                json!({"rateLimitBurst": 2, "rateLimitIntervalUSec": 9_000_000_000_000_000u64}),
                json!({"state": "odd", "rateLimitBeginUSec": 5, "rateLimitCount": 9}),
            ),
        ],
        groups: vec![json!({"groupName": "served", "gid": 82_000, "service": "org.example.Homes"})],
        memberships: vec![("active".into(), "served".into()), ("ann".into(), "served".into())],
    }
}

//! Account files and records. The records are what systemd 262.1's NameServiceSwitch service made of the same lines
//! (glibc 2.43, without the service label), and the lines made from records what its NSS module answered.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::{Value, json};
use userdb::unix::{
    GroupEntry, GshadowEntry, PasswdEntry, ShadowEntry, looks_like_hash, parse_group, parse_gshadow,
    parse_passwd, parse_shadow,
};
use userdb::{GroupRecord, Host, Sections, UserRecord};

fn user_json(passwd: &str, shadow: &str) -> String {
    let users = parse_passwd(passwd.as_bytes());
    let shadows = parse_shadow(shadow.as_bytes());
    assert_eq!((users.problems, shadows.problems), (vec![], vec![]));
    serde_json::to_string(users.entries[0].to_record(shadows.entries.first()).json()).unwrap()
}

fn group_json(group: &str, gshadow: &str) -> String {
    let groups = parse_group(group.as_bytes());
    let gshadows = parse_gshadow(gshadow.as_bytes());
    serde_json::to_string(groups.entries[0].to_record(gshadows.entries.first()).json()).unwrap()
}

#[test]
fn users_become_records_field_for_field() {
    for (passwd, shadow, record) in [
        (
            "u1:x:2001:2001:u1:/home/u1:/bin/sh",
            "u1:$6$aa:19000:0:99999:7:::",
            r#"{"userName":"u1","uid":2001,"gid":2001,"homeDirectory":"/home/u1","shell":"/bin/sh","privileged":{"hashedPassword":["$6$aa"]},"passwordChangeNow":false,"lastPasswordChangeUSec":1641600000000000,"passwordChangeMaxUSec":8639913600000000,"passwordChangeWarnUSec":604800000000}"#,
        ),
        (
            "u2:x:2002:2002:Ann Éx,Room 1,,:/home/u2:/bin/bash",
            "u2:!$6$aa:0:1:2:3:4:5:",
            r#"{"userName":"u2","uid":2002,"gid":2002,"realName":"Ann Éx,Room 1,,","homeDirectory":"/home/u2","shell":"/bin/bash","privileged":{"hashedPassword":["!$6$aa"]},"locked":false,"notAfterUSec":432000000000,"passwordChangeNow":true,"passwordChangeMinUSec":86400000000,"passwordChangeMaxUSec":172800000000,"passwordChangeWarnUSec":259200000000,"passwordChangeInactiveUSec":345600000000}"#,
        ),
        ("u3:x:2003:2003:::", "u3:*:::::::", r#"{"userName":"u3","uid":2003,"gid":2003}"#),
        (
            "u4:x:2004:2004:a\tb:rel/home:bash",
            "u4:x:1::::::",
            r#"{"userName":"u4","uid":2004,"gid":2004,"realName":"a b","homeDirectory":"rel/home","shell":"bash","passwordChangeNow":false,"lastPasswordChangeUSec":86400000000}"#,
        ),
        (
            "u6::2006:2006::/h:/s",
            "u6::19000::::: 0:",
            r#"{"userName":"u6","uid":2006,"gid":2006,"homeDirectory":"/h","shell":"/s","privileged":{"hashedPassword":[""]},"locked":true,"passwordChangeNow":false,"lastPasswordChangeUSec":1641600000000000}"#,
        ),
        (
            "u8:x:2008:2008::/h:/s",
            "u8:!!:19000:::::1:",
            r#"{"userName":"u8","uid":2008,"gid":2008,"homeDirectory":"/h","shell":"/s","privileged":{"hashedPassword":["!!"]},"locked":true,"passwordChangeNow":false,"lastPasswordChangeUSec":1641600000000000}"#,
        ),
        (
            "u9:x:2009:2009::/h:/s",
            "u9:!*:19000:::::2:",
            r#"{"userName":"u9","uid":2009,"gid":2009,"homeDirectory":"/h","shell":"/s","locked":false,"notAfterUSec":172800000000,"passwordChangeNow":false,"lastPasswordChangeUSec":1641600000000000}"#,
        ),
        (
            "u11:x:2011:2011::/h:/s",
            "u11:$6$:99999999:::::99999999:7",
            r#"{"userName":"u11","uid":2011,"gid":2011,"homeDirectory":"/h","shell":"/s","privileged":{"hashedPassword":["$6$"]},"locked":false,"notAfterUSec":8639999913600000000,"passwordChangeNow":false,"lastPasswordChangeUSec":8639999913600000000}"#,
        ),
        (
            "u5:$6$inpasswd:2005:2005::/h:/s",
            "",
            r#"{"userName":"u5","uid":2005,"gid":2005,"homeDirectory":"/h","shell":"/s"}"#,
        ),
        (
            "u19:x:2019:2019:g:/h:/s:extra",
            "",
            r#"{"userName":"u19","uid":2019,"gid":2019,"realName":"g","homeDirectory":"/h","shell":"/s:extra"}"#,
        ),
        ("u15:x:2015:2015", "", r#"{"userName":"u15","uid":2015,"gid":2015}"#),
        (" u18:x:02018: +2018:g", "", r#"{"userName":"u18","uid":2018,"gid":2018,"realName":"g"}"#),
    ] {
        assert_eq!(user_json(passwd, shadow), record, "{passwd} {shadow}");
    }
}

#[test]
fn groups_become_records_field_for_field() {
    for (group, gshadow, record) in [
        (
            "g1:x:3001:",
            "g1:$6$g::",
            r#"{"groupName":"g1","gid":3001,"privileged":{"hashedPassword":["$6$g"]}}"#,
        ),
        (
            "g2:x:3002:a,b,a",
            "g2:!:adm,adm2:c,a",
            r#"{"groupName":"g2","gid":3002,"members":["a","b","a","c"],"privileged":{"hashedPassword":["!"]},"administrators":["adm","adm2"]}"#,
        ),
        ("g3:$6$h:3003:a b,,d", "", r#"{"groupName":"g3","gid":3003,"members":["a b","d"]}"#),
        ("g5:x:3005", "", r#"{"groupName":"g5","gid":3005}"#),
        (
            "g6:x:3006:m",
            "g6:*:ad:",
            r#"{"groupName":"g6","gid":3006,"members":["m"],"administrators":["ad"]}"#,
        ),
        (
            "g8:x:3008:m",
            "g8::x:",
            r#"{"groupName":"g8","gid":3008,"members":["m"],"privileged":{"hashedPassword":[""]},"administrators":["x"]}"#,
        ),
    ] {
        assert_eq!(group_json(group, gshadow), record, "{group} {gshadow}");
    }
}

#[test]
fn a_bad_line_costs_itself_only() {
    let text = b"# local\n\nroot:x:0:0:root:/root:/bin/sh\nu14:x:2014\nu20:x::2020:g:/h:/s\n+nis::::::\n-nis\nu22:x:4294967295:1:g:/h:/s\nu23:x:65535:1\n1234:x:1:1\nu28:x:-1:1\nu29:x:1a:1\nbad\nlast:x:1:1:::/s\r\n";
    let file = parse_passwd(text);
    assert_eq!(file.entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["root", "last"]);
    assert_eq!(file.entries[1].shell, "/s\r", "as the C library has it");
    assert_eq!(file.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [4, 5, 8, 9, 10, 11, 12, 13]);
    assert_eq!(file.problems[0].to_string(), "line 4: the line of \"u14\" is skipped: gid is missing");
    assert_eq!(
        file.problems[2].to_string(),
        "line 8: the line of \"u22\" is skipped: \"4294967295\" is not a valid uid"
    );
}

#[test]
fn what_is_no_text_is_left_out_and_the_account_stays() {
    let passwd = parse_passwd(b"u24:x:2024:2024:J\xf6rg:/h\xf6:/s\xf6\n\xf6:x:1:1:::\n");
    let shadow = parse_shadow(b"u24:$6$\xf6:19000:0:99999:7:::\n");
    assert_eq!(
        serde_json::to_string(passwd.entries[0].to_record(shadow.entries.first()).json()).unwrap(),
        r#"{"userName":"u24","uid":2024,"gid":2024,"realName":"J rg","passwordChangeNow":false,"lastPasswordChangeUSec":1641600000000000,"passwordChangeMaxUSec":8639913600000000,"passwordChangeWarnUSec":604800000000}"#
    );
    assert_eq!(passwd.entries.len(), 1);
    assert_eq!(passwd.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(shadow.problems[0].message, "hash is not UTF-8 text and is left out");
    let group = parse_group(b"g:x:3011:a,\xf6,c:d,b\n");
    assert_eq!(group.entries[0].members, ["a", "c:d", "b"]);
    assert_eq!(group.problems.len(), 2);
}

#[test]
fn numbers_that_the_c_library_refuses_cost_the_line() {
    let shadow = parse_shadow(b"a:$6$a:-1:-1:::::\nb:$6$b:::::::\n");
    assert_eq!(shadow.entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["b"]);
    let passwd = parse_passwd(b"c:x:1052:4294967295:::\nd:x:1053:65535:::\n");
    assert_eq!(passwd.entries.iter().map(|e| e.gid).collect::<Vec<_>>(), [1052, 1053]);
    assert_eq!(passwd.problems.len(), 2);
}

#[test]
fn hashes_are_told_from_marks() {
    for hash in ["", "!", "!!", "$6$a", "!$6$a", "xx", "!!**"] {
        assert!(looks_like_hash(hash), "{hash:?}");
    }
    for mark in ["x", "*", "!x", "!*", "!!*"] {
        assert!(!looks_like_hash(mark), "{mark:?}");
    }
}

fn user(json: Value) -> UserRecord {
    UserRecord::load(json.as_object().unwrap().clone(), &Host::default(), Sections::ANY).unwrap().record
}

#[test]
fn records_become_shadow_lines_in_whole_days() {
    let day = 86_400_000_000u64;
    for (fields, expected) in [
        (
            json!({"privileged": {"hashedPassword": ["$6$a", "$6$b"]}, "notAfterUSec": day, "lastPasswordChangeUSec": 0}),
            "s:$6$a:1:::::1:",
        ),
        (
            json!({
                "notAfterUSec": 1, "lastPasswordChangeUSec": 1, "passwordChangeMinUSec": 1, "passwordChangeMaxUSec": day - 1,
                "passwordChangeWarnUSec": day + 1, "passwordChangeInactiveUSec": day + day / 2,
            }),
            "s:!*:0:0:0:1:1:0:",
        ),
        (
            json!({"notAfterUSec": 0, "lastPasswordChangeUSec": day + day / 2, "passwordChangeNow": true}),
            "s:!*:1:::::1:",
        ),
        (json!({"locked": true, "notAfterUSec": 5 * day, "passwordChangeNow": false}), "s:!*::::::1:"),
        (json!({"locked": false, "notAfterUSec": 2 * day}), "s:!*::::::2:"),
        (json!({"passwordChangeNow": true}), "s:!*:::::::"),
        (json!({"privileged": {"hashedPassword": []}}), "s:!*:::::::"),
        (
            json!({"lastPasswordChangeUSec": u64::MAX - 1, "notAfterUSec": u64::MAX - 1}),
            "s:!*:213503982:::::213503982:",
        ),
    ] {
        let mut json = json!({"userName": "s", "uid": 7100});
        json.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let entry = ShadowEntry::from_record(&user(json));
        assert_eq!(entry.to_string(), expected, "{fields}");
        let again = parse_shadow(entry.to_string().as_bytes());
        assert_eq!(again.entries, [entry]);
    }
}

#[test]
fn records_become_lines() {
    let gg = json!({
        "groupName": "gg", "gid": 7300, "members": ["b", "a"], "administrators": ["c"], "privileged": {"hashedPassword": ["$6$g"]},
    });
    let gg =
        GroupRecord::load(gg.as_object().unwrap().clone(), &Host::default(), Sections::ANY).unwrap().record;
    assert_eq!(GroupEntry::from_record(&gg).unwrap().to_string(), "gg:x:7300:b,a");
    assert_eq!(GshadowEntry::from_record(&gg).to_string(), "gg:$6$g:c:b,a");
    assert_eq!(PasswdEntry::from_record(&user(json!({"userName": "nouid"}))), None);
    let gh = json!({"groupName": "gh"});
    let gh =
        GroupRecord::load(gh.as_object().unwrap().clone(), &Host::default(), Sections::ANY).unwrap().record;
    assert_eq!(GroupEntry::from_record(&gh), None);
    assert_eq!(GshadowEntry::from_record(&gh).to_string(), "gh:!*::");
}

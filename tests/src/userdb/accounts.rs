//! passwd, group, shadow and gshadow with the odd lines that real ones have.

use crate::lab::machine::Machine;

/// The user who owns records in tests about ownership, from /etc/passwd.
pub const OWNER: u32 = 1000;

/// A user whom no record belongs to.
pub const STRANGER: u32 = 4242;

const PASSWD: &[&[u8]] = &[
    b"root:x:0:0:root:/root:/bin/bash",
    b"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
    b"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    b"ann:x:1000:1000:Ann Ash,room 1,555,:/home/ann:/bin/bash",
    b"bob:x:1001:1001::/home/bob:/bin/sh",
    b"samename:x:1002:1002:samename:/home/samename:/bin/sh",
    b"# a comment",
    b"",
    b"   ",
    b"short:x:1003",
    b"nouid:x::1004:No Uid:/home/nouid:/bin/sh",
    b"alphauid:x:12ab:1004:Alpha:/home/alphauid:/bin/sh",
    b"negative:x:-5:1004:Negative:/home/negative:/bin/sh",
    b"hugeuid:x:4294967295:1004:Huge:/home/hugeuid:/bin/sh",
    b"uid65535:x:65535:65535:Sixteen bits:/home/uid65535:/bin/sh",
    b"zeros:x:0001005:0001005:Leading zeros:/home/zeros:/bin/sh",
    b"  leading:x:1006:1006:Leading space:/home/leading:/bin/sh",
    b"Upper.Case:x:1007:1007:Upper:/home/upper:/bin/sh",
    b"machine$:x:1008:1008:Trailing dollar:/home/machine:/bin/false",
    b"7digits:x:1009:1009:Starts with a digit:/home/7digits:/bin/sh",
    b"latin:x:1011:1011:J\xf6rg M\xfcller:/home/latin:/bin/sh",
    b"latinhome:x:1012:1012:Latin home:/home/J\xf6rg:/bin/sh",
    b"latinshell:x:1013:1013:Latin shell:/home/latinshell:/bin/\xe9",
    "j\u{f6}rg:x:1014:1014:J\u{f6}rg in UTF-8 \u{1f600}:/home/j\u{f6}rg:/bin/sh".as_bytes(),
    b"nohome:x:1015:1015:No home::/bin/sh",
    b"noshell:x:1016:1016:No shell:/home/noshell:",
    b"relhome:x:1017:1017:Relative home:home/relhome:/bin/sh",
    b"twice:x:1018:1018:First twice:/home/twice1:/bin/sh",
    b"twice:x:1019:1019:Second twice:/home/twice2:/bin/sh",
    b"sharing:x:1001:1001:Shares the uid of bob:/home/sharing:/bin/sh",
    b"dots:x:1020:1020:Dots in the home:/home/../dots:/bin/sh",
    b"slash:x:1021:1021:Trailing slash:/home/slash/:/bin/sh/",
    b"extra:x:1022:1022:Extra field:/home/extra:/bin/sh:more:yet more",
    b"hashed:$6$salt$inpasswd:1023:1023:Hash in passwd:/home/hashed:/bin/sh",
    b"nopassword::1024:1024:No password:/home/nopassword:/bin/sh",
    b"tabs:x:1025:1025:Tab\there:/home/tabs:/bin/sh",
    b"control:x:1026:1026:Bell \x07 and escape \x1b[1m:/home/control:/bin/sh",
    b"sysuser:x:105:110:System user:/var/lib/sysuser:/usr/sbin/nologin",
    b"greeter:x:60600:60600:In the greeter range:/run/greeter:/bin/sh",
    b"dynamic:x:61500:61500:In the dynamic range:/:/usr/sbin/nologin",
    b"container:x:600000:600000:In the container range:/:/bin/sh",
    b"reserved:x:3000000000:3000000000:Above 2^31:/:/bin/sh",
    b"foreignrange:x:2147352700:2147352700:In the foreign range:/:/bin/sh",
    b"shadowed:x:1030:1030:In passwd and dropped in:/home/shadowed-files:/bin/sh",
    b"expired0:x:1031:1031:expire 0:/home/e0:/bin/sh",
    b"expired1:x:1032:1032:expire 1:/home/e1:/bin/sh",
    b"expiring:x:1033:1033:expire 20000:/home/e2:/bin/sh",
    b"mustchange:x:1034:1034:last change 0:/home/mustchange:/bin/sh",
    b"aging:x:1035:1035:all ages:/home/aging:/bin/sh",
    b"starred:x:1036:1036:star:/home/starred:/bin/sh",
    b"banged:x:1037:1037:bang and hash:/home/banged:/bin/sh",
    b"emptyhash:x:1038:1038:empty hash:/home/emptyhash:/bin/sh",
    b"latinhash:x:1039:1039:hash no UTF-8:/home/latinhash:/bin/sh",
    b"bangonly:x:1040:1040:only a bang:/home/bangonly:/bin/sh",
    b"xhash:x:1041:1041:x in shadow:/home/xhash:/bin/sh",
    b"agezeros:x:1042:1042:ages of zero:/home/agezeros:/bin/sh",
    b"agenegative:x:1043:1043:negative ages:/home/agenegative:/bin/sh",
    b"agegarbage:x:1044:1044:ages no numbers:/home/agegarbage:/bin/sh",
    b"shadowtwice:x:1045:1045:two shadow lines:/home/shadowtwice:/bin/sh",
    b"ages99999:x:1046:1046:usual ages:/home/ages:/bin/sh",
    b"col@lon:x:1047:1047:At sign:/home/at:/bin/sh",
    b"name with space:x:1048:1048:Space:/home/space:/bin/sh",
    b"-dash:x:1049:1049:Leading dash:/home/dash:/bin/sh",
    b"+plus:x:1050:1050:Leading plus:/home/plus:/bin/sh",
    b"+::::::",
    b"-nis::::::",
    b"carriage:x:1051:1051:CR at the end:/home/carriage:/bin/sh\r",
    b"gidbig:x:1052:4294967295:gid 2^32-1:/home/gidbig:/bin/sh",
    b"gid65535:x:1053:65535:gid 65535:/home/gid65535:/bin/sh",
    b"spaceuid:x: 1054:1054:space before uid:/home/spaceuid:/bin/sh",
    b"nonewline:x:1099:1099:The last line has no newline:/home/nonewline:/bin/sh",
];

const SHADOW: &[&[u8]] = &[
    b"root:*:19800:0:99999:7:::",
    b"daemon:*:19800:0:99999:7:::",
    b"nobody:*:19800:0:99999:7:::",
    b"ann:$y$j9T$ann$hashhashhash:19800:0:99999:7:::",
    b"bob:$6$bob$hash:19801:1:90:14:30:25000:",
    b"expired0:$6$e0:19800:::::0:",
    b"expired1:$6$e1:19800:::::1:",
    b"expiring:$6$e2:19800:::::20000:",
    b"mustchange:$6$mc:0::::::",
    b"aging:$6$ag:19000:2:60:10:5:24000:",
    b"starred:*:19800::::::",
    b"banged:!$6$banged$hash:19800::::::",
    b"emptyhash::19800::::::",
    b"latinhash:$6$\xe9\xe9:19800::::::",
    b"bangonly:!:19800::::::",
    b"xhash:x:19800::::::",
    b"agezeros:$6$az:19800:0:0:0:0:0:",
    b"agenegative:$6$an:-1:-1:-1:-1:-1:-1:",
    b"agegarbage:$6$gg:abc:d:e:f:g:h:",
    b"shadowtwice:$6$first:19800::::::",
    b"shadowtwice:$6$second:19801::::::",
    b"ages99999:$6$usual:19750:0:99999:7:::",
    b"orphan:$6$nobody-in-passwd:19800::::::",
    b"short:$6$x",
    b"samename:!*:19800::::::",
    b"shadowed:$6$from-shadow:19800::::::",
    b"hashed:$6$inshadow:19800::::::",
];

const GROUP: &[&[u8]] = &[
    b"root:x:0:",
    b"daemon:x:1:",
    b"sudo:x:27:ann,bob",
    b"audio:x:29:ann",
    b"nogroup:x:65534:",
    b"ann:x:1000:",
    b"bob:x:1001:",
    b"# comment:x:1:",
    b"",
    b"team:x:2000:ann,bob,carol,ghost",
    b"empties:x:2001:,ann,,bob,",
    b"spaces:x:2002: ann , bob",
    b"nogid:x::ann",
    b"badgid:x:abc:ann",
    b"gshort:x",
    b"gtwice:x:2003:ann",
    b"gtwice:x:2004:bob",
    b"gidshare:x:2000:bob",
    b"latinmember:x:2006:ann,J\xf6rg,bob",
    b"dupmember:x:2007:ann,ann,bob",
    b"passworded:$6$group:2008:ann",
    b"shadowed:x:2009:ann",
    b"sysgroup:x:110:",
    b"ghuge:x:4294967295:ann",
    b"g65535:x:65535:ann",
    b"ggreeter:x:60601:",
    b"gdynamic:x:61501:",
    b"gcontainer:x:600001:",
    b"+gplus:x:2011:ann",
    b"both:x:2012:ann",
    b"extrag:x:2013:ann:bob",
    b"glast:x:2099:bob",
];

const GSHADOW: &[&[u8]] = &[
    b"root:*::",
    b"sudo:*::ann,bob",
    b"team:$6$teamhash:bob,ann:ann,bob,dora",
    b"empties:!:,ann,:,bob,",
    b"passworded:!::ann",
    b"shadowed:$6$gs:ann:ann",
    b"both::ann:",
    b"gtwice:$6$gt1:ann:ann",
    b"gtwice:$6$gt2:bob:bob",
    b"orphangroup:$6$x::",
    b"latinmember:*:J\xf6rg:J\xf6rg,ann",
];

/// Lines on which systemd's daemon ends a list with an error in its middle: names of digits only, or no UTF-8.
/// Not part of the set, as they would spoil every list.
pub const POISONOUS_PASSWD: &[&[u8]] = &[
    b"12345:x:1010:1010:All digits:/home/12345:/bin/sh",
    b"lat\xefn:x:1111:1111:Latin name:/home/x:/bin/sh",
];

/// The same for group.
pub const POISONOUS_GROUP: &[&[u8]] = &[b"12121:x:2010:ann", b"latin\xe9:x:2005:ann"];

/// Names of users in passwd, the odd ones included, whether or not they can be looked up.
pub fn user_names() -> Vec<Vec<u8>> {
    names(PASSWD)
}

/// Names of groups in group, likewise.
pub fn group_names() -> Vec<Vec<u8>> {
    names(GROUP)
}

fn names(lines: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for line in lines {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().to_vec();
        if line.contains(&b':') && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Names whose lines systemd puts into a list although nobody can look them up, or that ours treats otherwise on
/// purpose.
const NOT_PLAIN: &[&str] = &[
    "+",
    "-nis",
    "+plus",
    "-dash",
    "twice",
    "shadowed",
    "+gplus",
    "ghuge",
    "g65535",
    "gtwice",
    "extrag",
    "spaces",
    "latinmember",
    "dupmember",
];

/// Writes the four files.
pub fn install(machine: &Machine) {
    write(machine, |_| true);
}

/// Writes the four files without the lines that make lists differ.
pub fn install_plain(machine: &Machine) {
    write(machine, |line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        !NOT_PLAIN.iter().any(|other| other.as_bytes() == name)
    });
}

fn write(machine: &Machine, wanted: impl Fn(&[u8]) -> bool) {
    for (path, mode, lines, end) in [
        // passwd ends without a newline.
        ("/etc/passwd", 0o644, PASSWD, &b""[..]),
        ("/etc/group", 0o644, GROUP, b"\n"),
        ("/etc/shadow", 0o640, SHADOW, b"\n"),
        ("/etc/gshadow", 0o640, GSHADOW, b"\n"),
    ] {
        let lines: Vec<&[u8]> = lines.iter().copied().filter(|line| wanted(line)).collect();
        let mut content = lines.join(&b'\n');
        content.extend(end);
        machine.write(path, mode, content);
    }
}

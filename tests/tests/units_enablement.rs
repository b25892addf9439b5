//! `session-launcher units enable` and the like, against systemctl of the real systemd: the same commands one after
//! another on the same tree, with what each prints, its exit code, and the links that are there afterwards.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::process::Command;

use usher_tests::lab::machine::Machine;

/// Writes the tree to `$ROOT`.
const TREE: &str = r#"
mkdir -p $ROOT/usr/lib/systemd/user $ROOT/usr/lib/systemd/user-preset $ROOT/etc/systemd/user $ROOT/run/systemd/user
unit() { printf '%b' "$2" >$ROOT/$1; }
unit usr/lib/systemd/user/a.service '[Install]\nWantedBy=x.target\nWantedBy=y.target\nAlias=b.service\nAlso=c.socket\n'
unit usr/lib/systemd/user/c.socket '[Install]\nRequiredBy=x.target\nUpheldBy=x.target\n'
unit usr/lib/systemd/user/d.service '[Install]\nAlias=b.service\n'
unit usr/lib/systemd/user/static.service '[Unit]\n'
unit usr/lib/systemd/user/indirect.service '[Install]\nAlso=a.service\n'
unit usr/lib/systemd/user/t@.service '[Install]\nWantedBy=x.target\nDefaultInstance=one\n'
unit usr/lib/systemd/user/n@.service '[Install]\nWantedBy=x.target\n'
unit usr/lib/systemd/user/x.target '[Unit]\n'
unit usr/lib/systemd/user/empty.service ''
unit etc/systemd/user/own.service '[Service]\n'
unit opt.service '[Install]\nWantedBy=x.target\n'
ln -s /opt.service $ROOT/etc/systemd/user/opt.service
printf 'disable c.socket\nenable t@.service two three\nenable *\n' >$ROOT/usr/lib/systemd/user-preset/50.preset
"#;

/// What is run; lines that begin with ! change the tree as the shell does.
const COMMANDS: &str = "
is-enabled a.service
is-enabled static.service a.service
is-enabled gone.service
is-enabled gone.service a.service
is-enabled empty.service
is-enabled opt.service
enable a.service
enable a.service
is-enabled a.service b.service c.socket indirect.service t@.service
enable d.service
enable --force d.service
enable a.service
disable a.service
disable a.service
disable d.service
disable gone.service
enable gone.service
enable a.service gone.service
enable static.service
enable empty.service
enable indirect.service
is-enabled indirect.service
disable indirect.service
enable n@.service
enable n@two.service t@.service
is-enabled n@.service n@two.service n@three.service t@.service t@one.service
disable t@.service n@.service
enable t@two.service t@three.service
disable t@two.service
is-enabled t@.service t@two.service t@three.service
disable t@.service
mask static.service
mask static.service
is-enabled static.service
enable static.service
preset static.service
disable static.service
unmask static.service
unmask static.service
mask gone.service
unmask gone.service
mask own.service
mask --force own.service
mask --runtime static.service
is-enabled static.service
unmask static.service
unmask --runtime static.service
enable --runtime a.service
is-enabled a.service
disable a.service
disable --runtime a.service
mask opt.service
mask --force opt.service
unmask opt.service
! ln -s /nowhere $ROOT/etc/systemd/user/b.service
enable a.service
preset c.socket a.service
preset c.socket
preset t@.service
disable t@.service a.service
preset gone.service
! mkdir -p $ROOT/etc/systemd/user/x.target.wants && ln -s /usr/lib/systemd/user/d.service $ROOT/etc/systemd/user/x.target.wants/a.service
enable a.service
preset-all
";

/// Plays the commands with `$TOOL` on `$ROOT`.
fn script() -> String {
    let mut script = format!("set -u\n{TREE}");
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix('!') {
            Some(change) => script.push_str(&format!("{change}\n")),
            None => script.push_str(&format!(
                "echo '$ {line}'; $TOOL {line} >$ROOT/out 2>$ROOT/err; code=$?
                 cat $ROOT/out; sed -n \"s/.*\\(Created symlink\\|Removed '\\|Failed to\\)/\\1/p\" $ROOT/err | sort -u
                 echo \"code $code\"; (cd $ROOT && find etc run -type l -printf '%p -> %l\\n' | sort)\n"
            )),
        }
    }
    script
}

/// What was printed for each command, without the root and what is known to be told otherwise.
fn steps(output: &str, root: &str) -> Vec<String> {
    output.replace(root, "").split("$ ").map(alike).collect()
}

/// systemctl presets by removing and making again what stays, which we do not touch; and it tells of masked units that
/// it passes over. A template that needs an instance is refused in other words.
fn alike(step: &str) -> String {
    let mut lines: Vec<String> = step.lines().map(str::to_owned).collect();
    if step.starts_with("preset") {
        let place = |line: &String| line.split('\'').nth(1).unwrap_or_default().to_owned();
        let told = |start: &str| -> Vec<String> {
            lines.iter().filter(|line| line.starts_with(start)).map(place).collect()
        };
        let (removed, created) = (told("Removed"), told("Created"));
        lines.retain(|line| {
            let place = place(line);
            let again = removed.contains(&place) && created.contains(&place);
            !again && !line.ends_with("empty.service is masked")
        });
    }
    for line in &mut lines {
        if line.starts_with("Failed to enable unit: ") && line.contains("template") {
            *line = "Failed to enable unit: template".to_owned();
        }
        *line = line.replace("preset all unit", "preset unit");
    }
    lines.join("\n")
}

#[test]
fn the_same_words_codes_and_links_as_systemctl() {
    let Some(machine) = Machine::builder("systemd-user").start_or_skip() else { return };
    let theirs = machine
        .command("sh")
        .args([
            "-c",
            &format!("ROOT=/image; TOOL='systemctl --global --root=/image'\nmkdir $ROOT\n{}", script()),
        ])
        .run();
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    let tool = usher_tests::binaries::built("session-launcher");
    let ours = Command::new("sh")
        .args(["-c", &script()])
        .env("ROOT", root)
        .env("TOOL", format!("{} units --root={root}", tool.display()))
        .output()
        .unwrap();
    let (theirs, ours) = (steps(&theirs, "/image"), steps(&String::from_utf8(ours.stdout).unwrap(), root));
    assert_eq!(
        theirs.len(),
        COMMANDS.lines().filter(|line| !line.is_empty() && !line.starts_with('!')).count() + 1
    );
    let mut different = 0;
    for (theirs, ours) in theirs.iter().zip(&ours) {
        if theirs != ours {
            different += 1;
            println!("systemctl: {theirs}\nours: {ours}\n");
        }
    }
    assert_eq!(different, 0, "of {} commands", theirs.len());
    assert_eq!(theirs.len(), ours.len());
}

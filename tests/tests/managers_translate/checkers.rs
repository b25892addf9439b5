//! What the managers' own tools say of translations of all units in the root `gnome`.

use usher_tests::lab::machine::Machine;
use usher_tests::skip;

use super::trial::{builder, dinit_directory};

/// Translates all system or all user units of the machine, to `/var/native`.
fn translate_all(machine: &Machine, manager: &str, scope: &str) -> String {
    let words = ["translate", "--to", manager, scope, "--out", "/var/native"];
    machine.command("session-launcher").args(words).run()
}

fn shell(machine: &Machine, script: &str) -> (i32, String) {
    let output = machine.command("/bin/sh").args(["-c", script]).output();
    (output.code(), output.stdout + &output.stderr)
}

#[test]
fn dinit_check_accepts_all() {
    if dinit_directory().is_none() {
        return skip("dinit is neither in DINIT_BIN_DIR nor on PATH");
    }
    for scope in ["--system", "--user"] {
        let Some(machine) = builder().start_or_skip() else { return };
        translate_all(&machine, "dinit", scope);
        // Units of the root need services that its packages do not have; an empty one stands for each.
        let stand_ins = "mkdir -p /var/others; cd /var/native; for s in $(sed -n -E 's/^(depends-on|waits-for|after|before): //p' * | sort -u); \
                         do [ -e $s ] || echo 'type = internal' > /var/others/$s; done";
        assert_eq!(shell(&machine, stand_ins).0, 0);
        let script = "cd /var/native; export HOME=/root XDG_RUNTIME_DIR=/run; bad=0; for s in *; do \
                      dinit-check -d /var/native -d /var/others $s > /tmp/out 2>&1 || { bad=1; cat /tmp/out; }; \
                      done; ls | wc -l; exit $bad";
        let (code, text) = shell(&machine, script);
        assert_eq!(code, 0, "{scope}: {text}");
        eprintln!("dinit-check {scope}: {} files accepted", text.trim());
    }
}

/// `sh -n`, and OpenRC's own reading of dependencies and descriptions.
#[test]
fn openrc_reads_all() {
    for scope in ["--system", "--user"] {
        let Some(machine) = builder().start_or_skip() else { return };
        translate_all(&machine, "openrc", scope);
        let (code, text) = shell(
            &machine,
            "mkdir -p /run/openrc; echo default > /run/openrc/softlevel; bad=0; cd /var/native; \
             for s in *; do sh -n $s || bad=1; done; rm -f /etc/init.d/gdm3; cp -p * /etc/init.d/; \
             for s in *; do rc-service $s describe > /tmp/out 2>&1 || { echo $s; cat /tmp/out; bad=1; }; \
             grep -q 'not found\\|rror' /tmp/out && { cat /tmp/out; bad=1; }; done; \
             /usr/lib/rc/bin/rc-depend -u > /tmp/out 2>&1 || bad=1; grep -i 'not found\\|error\\|syntax' /tmp/out && bad=1; \
             ls | wc -l; exit $bad",
        );
        assert_eq!(code, 0, "{scope}: {text}");
        eprintln!("OpenRC {scope}: {} scripts read", text.trim());
    }
}

/// Guile compiles each file with the Shepherd's modules, so that unbound names and wrong syntax are seen.
#[test]
fn guile_compiles_all() {
    for scope in ["--system", "--user"] {
        let Some(machine) = builder().start_or_skip() else { return };
        translate_all(&machine, "shepherd", scope);
        let (code, text) = shell(
            &machine,
            "bad=0; cd /var/native; for s in *.scm; do guile --no-auto-compile -c \"(use-modules (system base compile)) \
             (compile-file \\\"$s\\\" #:output-file \\\"/tmp/x.go\\\" #:warning-level 2)\" \
             > /tmp/out 2>&1 || { bad=1; cat /tmp/out; }; grep -q 'warning' /tmp/out && { cat /tmp/out; bad=1; }; \
             done; ls | wc -l; exit $bad",
        );
        assert_eq!(code, 0, "{scope}: {text}");
        eprintln!("Guile {scope}: {} files compiled", text.trim());
    }
}

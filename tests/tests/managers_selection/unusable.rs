//! A manager that is there and will not do: it hangs, it is too old, it is something else.

use rustix::process::Signal;

use usher_tests::native::dinit::Dinit;
use usher_tests::native::openrc::OpenRc;
use usher_tests::native::shepherd::Shepherd;
use usher_tests::native::user::User;

use crate::supervisor::{of, said, user};

/// Listens at a path. With an answer it gives that to everybody, without one it lets nobody in, and its queue is full.
const LISTENER: &str = r#"
use IO::Socket::UNIX; use IO::Handle; use Socket;
my ($path, $answer) = @ARGV;
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
if (!defined $answer) {
    my @queue;
    for (1..4) {
        socket(my $client, AF_UNIX, SOCK_STREAM, 0) or die;
        $client->blocking(0);
        last unless connect($client, pack_sockaddr_un($path));
        push @queue, $client;
    }
    rename "$path", "$path.full" and link "$path.full", $path or die;
    sleep 1000;
}
while (my $client = $listener->accept) { sysread $client, my $query, 1; syswrite $client, pack('H*', $answer); sleep 1; }
"#;

/// Something listens there.
fn listen(user: &mut User, path: &str, answer: Option<&str>) {
    user.machine.write("/usr/local/bin/listener", 0o755, format!("#!/usr/bin/perl\n{LISTENER}"));
    user.spawn(|user| {
        let mut listener = user.command("/usr/local/bin/listener").arg(path);
        listener = listener.args(answer.map(str::to_owned));
        let mut listener = listener.spawn();
        let mark = if answer.is_some() { path.to_owned() } else { format!("{path}.full") };
        listener.wait_until("it listens", || user.machine.path(&mark).exists());
        listener
    });
}

/// The session begins without it, and it is said why. `start_engine` gives it 20 seconds.
fn is_passed_over(user: &mut User, words: &[&str]) {
    user.start_bus();
    user.start_engine(&[], &[]);
    assert_eq!(of(user, "lab-sleep.service"), "direct", "{}", user.story());
    let complaint = said(user, "not used");
    assert_eq!(complaint.len(), 1, "{}", user.said());
    for word in words {
        assert!(complaint[0].contains(word), "{word}: {complaint:?}");
    }
}

#[test]
fn one_that_hangs() {
    let Some(mut user) = user(&[&Shepherd]) else { return };
    user.log_in(&Shepherd);
    let shepherd =
        user.processes().into_iter().find(|found| found.command_line.contains("shepherd --silent"));
    shepherd.unwrap().signal(Signal::STOP);
    let socket = user.path("shepherd/socket");
    is_passed_over(&mut user, &[&socket]);
}

#[test]
fn one_that_lets_nobody_in() {
    let Some(mut user) = user(&[]) else { return };
    let socket = user.path("dinitctl");
    listen(&mut user, &socket, None);
    is_passed_over(&mut user, &[&socket]);
}

/// The handshake of Dinit 0.17.1: the control protocol from version 1 to 3.
#[test]
fn a_dinit_that_is_too_old() {
    let Some(mut user) = user(&[]) else { return };
    let socket = user.path("dinitctl");
    listen(&mut user, &socket, Some("3a01000300"));
    is_passed_over(&mut user, &[&socket, "version 3", "4 is needed", "0.18"]);
    user.stop_engine();
    // It is there: another one is not started in its place.
    if let Some(dinit) = Dinit::any_or_skip() {
        user.machine.write("/usr/local/bin/dinit", 0o755, "#!/bin/sh\nexit 1\n");
        user.start_engine(&["--manager=dinit", "--private"], &[]);
        assert_eq!(of(&user, "lab-sleep.service"), "direct", "{}", user.story());
        let complaint = said(&user, "--manager=dinit");
        assert!(complaint.len() == 1 && complaint[0].contains("0.18"), "{complaint:?} {dinit:?}");
    }
}

#[test]
fn a_dinit_that_is_none() {
    let Some(mut user) = user(&[]) else { return };
    let socket = user.path("dinitctl");
    listen(&mut user, &socket, Some("485454502f312e3120"));
    is_passed_over(&mut user, &[&socket]);
}

#[test]
fn a_shepherd_that_is_too_old() {
    let Some(mut user) = user(&[&Shepherd]) else { return };
    // All that is asked for is what it calls itself.
    user.script(
        "mkdir -p ~/.config/shepherd
         echo \"(module-set! (resolve-module '(shepherd config)) 'Version \\\"0.10.5\\\")\" > ~/.config/shepherd/init.scm",
    );
    user.spawn(|user| {
        let mut shepherd = user.command("shepherd").args(["--silent"]).spawn();
        shepherd.wait_for_socket(user.machine.path(user.path("shepherd/socket")));
        shepherd
    });
    is_passed_over(&mut user, &["0.10.5", "1.0 is needed"]);
}

#[test]
fn an_openrc_that_is_too_old() {
    let openrc = OpenRc::chosen();
    let Some(mut user) = user(&[&openrc]) else { return };
    user.log_in(&openrc);
    user.machine.write("/usr/local/bin/openrc", 0o755, "#!/bin/sh\necho 'openrc (OpenRC) 0.56 (Debian)'\n");
    is_passed_over(&mut user, &["0.56", "0.60"]);
}

//! `gnome-session-ctl`: what the units of a GNOME session call. A drop-in for upstream's program of the same name.

use std::process::ExitCode;

use clap::Parser;
use sd_notify::NotifyState;

use super::leader::fifo::{self, End, Event};
use super::leader::signal::EndSignals;
use crate::client::{self, ClientError, Manager, Result};

/// The name by which the binary is this program.
pub const PROGRAM: &str = "gnome-session-ctl";

const SHUTDOWN: &str = super::init_worker::SHUTDOWN;

/// Controls a GNOME session from its units. Takes exactly one option.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version)]
struct Arguments {
    /// Start gnome-session-shutdown.target.
    #[arg(long)]
    shutdown: bool,
    /// Watch the leader; start gnome-session-shutdown.target when it ends or asks for it.
    #[arg(long)]
    monitor: bool,
    /// Tell the session manager that the session is up.
    #[arg(long)]
    signal_init: bool,
    /// Stop dbus.service.
    #[arg(long)]
    restart_dbus: bool,
    /// Start gnome-session-shutdown.target if $SERVICE_RESULT is start-limit-hit.
    #[arg(long)]
    exec_stop_check: bool,
}

/// Runs the program.
pub fn main(arguments: &[String]) -> ExitCode {
    let all = std::iter::once(PROGRAM.to_owned()).chain(arguments.iter().cloned());
    let arguments = match Arguments::try_parse_from(all) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    // First of all, as the units that wait for it expect.
    notify(&[NotifyState::Ready]);
    let Arguments { shutdown, monitor, signal_init, restart_dbus, exec_stop_check } = arguments;
    let flags = [shutdown, monitor, signal_init, restart_dbus, exec_stop_check];
    if flags.iter().filter(|flag| **flag).count() != 1 {
        eprintln!("Program needs exactly one parameter");
        return ExitCode::FAILURE;
    }
    let result = client::run(async {
        if signal_init {
            signal_initialized().await
        } else if restart_dbus {
            queue("StopUnit", "dbus.service", "fail").await
        } else if shutdown {
            shut_down("replace-irreversibly").await
        } else if monitor {
            if watch_leader().await { shut_down("replace-irreversibly").await } else { Ok(()) }
        } else if std::env::var("SERVICE_RESULT").is_ok_and(|result| result == "start-limit-hit") {
            shut_down("fail").await
        } else {
            Ok(())
        }
    });
    match result {
        Ok(Ok(())) => {}
        // The units count on success: a session that ends must not fail because of a bus that is gone.
        Ok(Err(error)) => eprintln!("{PROGRAM}: {error}"),
        Err(error) => eprintln!("{PROGRAM}: {error}"),
    }
    ExitCode::SUCCESS
}

/// Without `$NOTIFY_SOCKET` nobody listens.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        eprintln!("{PROGRAM}: cannot notify the user manager: {error}");
    }
}

async fn queue(method: &str, unit: &str, mode: &str) -> Result<()> {
    Manager::connect().await?.queue_job(method, unit, mode).await.map(drop)
}

async fn shut_down(mode: &str) -> Result<()> {
    queue("StartUnit", SHUTDOWN, mode).await
}

async fn signal_initialized() -> Result<()> {
    const NAME: &str = "org.gnome.SessionManager";
    let bus = client::bus::connect().await?;
    bus.call_method(Some(NAME), "/org/gnome/SessionManager", Some(NAME), "Initialized", &()).await?;
    Ok(())
}

/// Waits until the leader is gone or asks for the end, or this program shall end. False when it never could.
async fn watch_leader() -> bool {
    let Some(path) = fifo::path() else {
        eprintln!("{PROGRAM}: {}", ClientError::NoAddress);
        return true;
    };
    let mut signals = match EndSignals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("{PROGRAM}: cannot catch signals: {error}");
            return false;
        }
    };
    let mut events = fifo::watch(path, End::Read);
    let mut is_open = false;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Opened(_)) => {
                    is_open = true;
                    notify(&[NotifyState::Status("Watching session leader")]);
                }
                Some(Event::Failed(error)) => {
                    eprintln!("{PROGRAM}: cannot watch the session leader: {error}");
                    return true;
                }
                Some(Event::Byte | Event::Closed) | None => {
                    notify(&[NotifyState::Stopping]);
                    return true;
                }
            },
            // Before there was a leader, there is nothing to take down.
            () = signals.next() => return is_open,
        }
    }
}

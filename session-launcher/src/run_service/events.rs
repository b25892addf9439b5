//! All that a running service is waited for.

use std::collections::VecDeque;
use std::time::Duration;

use rustix::process::{WaitOptions, wait};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::notify_socket::{Notification, NotifySocket};
use super::outcome::Ending;
use super::{Error, bus_name};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A child, or an orphan of the service, ended.
    Ended(i32, Ending),
    /// The manager wants it stopped.
    Stop,
    /// The manager, or a person, wants it reloaded.
    Reload,
    /// A message on the notification socket.
    Notified(Notification),
    /// The bus name got an owner, or lost it.
    BusName(bool),
    /// The bus cannot be asked.
    NoBus(String),
    /// The time is over.
    Deadline,
}

/// Where events come from.
#[derive(Debug)]
pub struct Events {
    ended: VecDeque<Event>,
    child: Signal,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    notify: Option<NotifySocket>,
    bus: Option<mpsc::Receiver<Event>>,
}

impl Events {
    /// Listens from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(notify: Option<NotifySocket>) -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(|error| Error::system("signals", error));
        Ok(Self {
            ended: VecDeque::new(),
            child: listen(SignalKind::child())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
            notify,
            bus: None,
        })
    }

    /// Watches a bus name too.
    pub fn watch_bus_name(&mut self, name: String, system: bool) {
        let (sender, receiver) = mpsc::channel(16);
        let (changes, mut changed) = mpsc::channel(16);
        let failures = sender.clone();
        tokio::spawn(async move {
            if let Err(error) = bus_name::watch(&name, system, changes).await {
                let _ = failures.send(Event::NoBus(error.to_string())).await;
            }
        });
        tokio::spawn(async move {
            while let Some(owned) = changed.recv().await {
                if sender.send(Event::BusName(owned)).await.is_err() {
                    break;
                }
            }
        });
        self.bus = Some(receiver);
    }

    /// The next event, at the latest at the deadline.
    pub async fn next(&mut self, deadline: Option<Instant>) -> Event {
        loop {
            self.reap();
            if let Some(event) = self.ended.pop_front() {
                return event;
            }
            let far = Instant::now() + Duration::from_secs(86_400);
            tokio::select! {
                _ = self.child.recv() => {}
                _ = self.terminate.recv() => return Event::Stop,
                _ = self.interrupt.recv() => return Event::Stop,
                _ = self.hangup.recv() => return Event::Reload,
                notification = notified(self.notify.as_ref()) => return Event::Notified(notification),
                event = of_bus(&mut self.bus) => return event,
                () = tokio::time::sleep_until(deadline.unwrap_or(far)) => {
                    if deadline.is_some() {
                        return Event::Deadline;
                    }
                }
            }
        }
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let ending = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Ending::Exited(code),
                (None, Some(number)) if status.as_raw() & 0x80 != 0 => Ending::Dumped(number),
                (None, Some(number)) => Ending::Killed(number),
                (None, None) => continue,
            };
            self.ended.push_back(Event::Ended(pid.as_raw_nonzero().get(), ending));
        }
    }
}

async fn notified(socket: Option<&NotifySocket>) -> Notification {
    match socket {
        Some(socket) => socket.receive().await,
        None => std::future::pending().await,
    }
}

async fn of_bus(bus: &mut Option<mpsc::Receiver<Event>>) -> Event {
    let event = match bus {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    };
    match event {
        Some(event) => event,
        // The bus has gone; what follows, the service's own end tells.
        None => {
            *bus = None;
            std::future::pending().await
        }
    }
}

//! Daemon that answers `io.systemd.UserDatabase` (<https://systemd.io/USER_GROUP_API>) where systemd does not.
//!
//! A request flows like this: [`source`] reads records from files, [`index`] holds them ready to be sent and is replaced as a
//! whole when [`reload`] sees a change, [`server`] answers from it, and asks other services and NSS modules for what it does not
//! know.

mod bridge;
mod check;
mod config;
mod index;
mod inherited_fd;
mod lending;
mod listen;
mod memory;
#[cfg(target_env = "gnu")]
mod nss_helper;
mod privileges;
mod readiness;
mod reload;
mod server;
mod source;
mod state_directory;

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use clap::Parser;
use rustix::fs::Mode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;

use config::Config;
use lending::{Book, Lending};
use listen::Listening;
use reload::Reloader;
use server::{Limits, Server};
use source::Sources;
use source::backends::Backends;
use source::nss::Modules;
use source::watch::Watcher;
use state_directory::StateDirectory;

/// Where clients look for services.
const SOCKET_DIRECTORY: &str = "/run/systemd/userdb";
/// Where programs look services up by interface.
const REGISTRY_DIRECTORY: &str = "/run/varlink/registry";

/// Answers who the users and groups of this system are, over Varlink.
#[derive(Debug, Parser)]
#[command(name = "userdbd", version)]
struct Arguments {
    /// Directory of the sockets.
    #[arg(long, value_name = "DIR", default_value = SOCKET_DIRECTORY)]
    socket_dir: PathBuf,
    /// Read all files below this directory instead of /.
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Configuration; a missing file means the defaults.
    #[arg(long, value_name = "FILE", default_value = "/etc/usher/userdbd.toml")]
    config: PathBuf,
    /// Write a newline to this descriptor when requests are answered.
    #[arg(long, value_name = "N")]
    ready_fd: Option<RawFd>,
    /// Read everything, print what is wrong with it, and exit.
    #[arg(long)]
    check: bool,
    /// Serve one connection, standard input, from the NSS modules of this line of nsswitch.conf. The daemon starts itself so.
    #[cfg(target_env = "gnu")]
    #[arg(long, hide = true, value_name = "LINE")]
    nss_helper: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(target_env = "gnu")]
    if !arguments.nss_helper.is_empty() {
        return nss_helper::run(&arguments.nss_helper);
    }
    if arguments.check {
        return check::check(&arguments.root, &arguments.config);
    }
    start_logging();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("USERDBD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let to_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(to_terminal)
        .with_target(false)
        // A complaint about a log that nobody reads would be in vain too, and end the daemon.
        .log_internal_errors(false)
        // Whoever collects the lines adds the time.
        .without_time()
        .init();
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything else is opened under the numbers of what was handed over.
    let inherited = inherited_fd::listening_sockets()?;
    let config = Config::read(&arguments.config)?;
    let descriptors = raise_descriptor_limit();
    let registry = match &config.registry_directory {
        Some(directory) => Some(directory.clone()),
        None => (arguments.socket_dir == Path::new(SOCKET_DIRECTORY)).then(|| REGISTRY_DIRECTORY.into()),
    };
    privileges::drop_unneeded();
    // Everybody must be able to reach the sockets, whatever whoever starts the daemon keeps from others.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // Before anybody can connect: whoever ends the daemon then must not leave its sockets behind.
    let signals = {
        let _context = runtime.enter();
        Signals::catch()?
    };
    let listening = Listening::open(&arguments.socket_dir, registry.as_deref(), inherited)?;
    let nscd_socket = nscd_socket(arguments, &config.nscd);
    LocalSet::new().block_on(
        &runtime,
        serve(arguments, config, &listening, nscd_socket.as_ref(), descriptors, signals),
    )?;
    readiness::announce_stopping();
    Ok(())
}

/// What the daemon is told by signals.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

async fn serve(
    arguments: &Arguments,
    config: Config,
    listening: &Listening,
    nscd_socket: Option<&bridge::nscd::Socket>,
    descriptors: usize,
    signals: Signals,
) -> std::io::Result<()> {
    let Signals { mut terminate, mut interrupt, hang_up } = signals;
    // Watching begins before reading, so that no change in between is missed.
    let drop_ins =
        source::dropin::DIRECTORIES.iter().map(|directory| arguments.root.join(directory)).collect();
    let pools =
        source::dynamic::file::DIRECTORIES.iter().map(|directory| arguments.root.join(directory)).collect();
    let watcher = Watcher::new(arguments.root.join("etc"), drop_ins, pools, arguments.socket_dir.clone())?;
    let state = source::dynamic::roster::below(&arguments.root, &config.state_directory.0);
    let state = Arc::new(StateDirectory::new(state));
    let book = Book::open(Arc::clone(&state));
    let mut sources = Sources::read(&arguments.root, Some(state));
    sources.set_loans(book.users());
    let (reloader, current) = Reloader::start(watcher, sources)?;
    let modules = Modules::new(&config.backends);
    let backends = Rc::new(Backends::new(&arguments.socket_dir, config.backends));
    let lending = Lending::new(
        config.lending,
        arguments.root.clone(),
        book,
        reloader.loan_feed(),
        Rc::clone(&current),
        Rc::clone(&backends),
    );
    lending.resume();
    let limits = Limits::new(config.limits, descriptors);
    let server = Server::new(current, Rc::clone(&backends), modules, lending, limits);

    let reloading = tokio::task::spawn_local(reloader.run(hang_up, move || backends.look_again()));
    for listener in listening.listeners()? {
        tokio::task::spawn_local(Rc::clone(&server).listen(listener));
    }
    if let Some(socket) = nscd_socket {
        let serving = bridge::nscd::listen(Rc::clone(&server), socket.listener()?, config.nscd.deadline);
        tokio::task::spawn_local(serving);
    }
    readiness::announce(arguments.ready_fd);
    tracing::info!("serving in {}", arguments.socket_dir.display());

    tokio::select! {
        () = received(&mut terminate) => Ok(()),
        () = received(&mut interrupt) => Ok(()),
        result = reloading => result.unwrap_or_else(|error| Err(std::io::Error::other(error))),
    }
}

/// The socket for musl. Whoever else serves it may go on doing so.
fn nscd_socket(arguments: &Arguments, config: &config::Nscd) -> Option<bridge::nscd::Socket> {
    if !config.enabled {
        return None;
    }
    let is_standard = arguments.socket_dir == Path::new(SOCKET_DIRECTORY);
    let standard = || bridge::nscd::Socket::default_path(is_standard, &arguments.socket_dir);
    let path = config.socket.clone().unwrap_or_else(standard);
    match bridge::nscd::Socket::bind(path.clone()) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!("{}: {error}; programs built with musl see files only", path.display());
            None
        }
    }
}

async fn received(signal: &mut Signal) {
    let _ = signal.recv().await;
}

/// Raises the limit on open files as far as we may, and returns it.
fn raise_descriptor_limit() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(errno) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!("raising the limit on open files: {errno}");
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    usize::try_from(current).unwrap_or(usize::MAX)
}

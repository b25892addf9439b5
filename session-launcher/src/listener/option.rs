//! Options of sockets (systemd.socket(5), from `KeepAlive=` to `TCPCongestion=`).

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt;

use crate::unit::spec::{Listen, ListenKind, SocketSettings};
use crate::unit::value::timespan::{self, Span};
use crate::unit::value::{boolean, number};

/// Why an option is not set.
#[derive(Debug, thiserror::Error)]
enum OptionError {
    #[error("not a value that is understood")]
    Value,
    #[error("{0}")]
    System(#[from] Errno),
}

/// Sets what decides about the address: it is too late for that once the socket is bound.
///
/// # Errors
/// The kernel refuses one.
pub(super) fn set_before_bind(
    socket: &OwnedFd,
    address: &SocketAddr,
    settings: &SocketSettings,
) -> Result<(), Errno> {
    let switched_on =
        |name: &str| settings.options.get(name).and_then(|value| boolean::parse(value)).unwrap_or_default();
    if address.is_ipv6() {
        match settings.options.get("BindIPv6Only").map(String::as_str) {
            Some("both") => sockopt::set_ipv6_v6only(socket, false)?,
            Some("ipv6-only") => sockopt::set_ipv6_v6only(socket, true)?,
            // As the machine has it (/proc/sys/net/ipv6/bindv6only).
            _ => {}
        }
    }
    if switched_on("ReusePort") {
        sockopt::set_socket_reuseport(socket, true)?;
    }
    if switched_on("FreeBind") {
        if address.is_ipv6() {
            sockopt::set_ipv6_freebind(socket, true)?;
        } else {
            sockopt::set_ip_freebind(socket, true)?;
        }
    }
    Ok(())
}

/// Sets all others. What cannot be set is said; the socket works without.
pub(super) fn set(descriptor: &OwnedFd, listen: &Listen, settings: &SocketSettings) {
    for (name, value) in &settings.options {
        if !concerns(name, listen) {
            continue;
        }
        if let Err(error) = set_one(descriptor, name, value) {
            tracing::warn!("{}: {name}={value}: {error}", listen.address);
        }
    }
}

/// Whether an option is about such a thing: a unit may listen on several kinds.
fn concerns(name: &str, listen: &Listen) -> bool {
    let is_unix = listen.address.starts_with(['/', '@']);
    match name {
        "PipeSize" => listen.kind == ListenKind::Fifo,
        _ if matches!(listen.kind, ListenKind::Fifo | ListenKind::Special) => false,
        "NoDelay" | "KeepAliveTimeSec" | "KeepAliveIntervalSec" | "KeepAliveProbes" | "TCPCongestion" => {
            !is_unix && listen.kind == ListenKind::Stream
        }
        "IPTOS" | "IPTTL" => !is_unix,
        _ => true,
    }
}

fn set_one(descriptor: &OwnedFd, name: &str, value: &str) -> Result<(), OptionError> {
    let switch = || boolean::parse(value).ok_or(OptionError::Value);
    let count = || number::unsigned(value).ok_or(OptionError::Value);
    let size = || number::size(value).and_then(|size| usize::try_from(size).ok()).ok_or(OptionError::Value);
    match name {
        "PassCredentials" => sockopt::set_socket_passcred(descriptor, switch()?)?,
        "Broadcast" => sockopt::set_socket_broadcast(descriptor, switch()?)?,
        "KeepAlive" => sockopt::set_socket_keepalive(descriptor, switch()?)?,
        "KeepAliveTimeSec" => sockopt::set_tcp_keepidle(descriptor, span(value)?)?,
        "KeepAliveIntervalSec" => sockopt::set_tcp_keepintvl(descriptor, span(value)?)?,
        "KeepAliveProbes" => sockopt::set_tcp_keepcnt(descriptor, count()?)?,
        "NoDelay" => sockopt::set_tcp_nodelay(descriptor, switch()?)?,
        "TCPCongestion" => sockopt::set_tcp_congestion(descriptor, value)?,
        "ReceiveBuffer" => set_receive_buffer(descriptor, size()?)?,
        "SendBuffer" => set_send_buffer(descriptor, size()?)?,
        "IPTOS" => sockopt::set_ip_tos(descriptor, type_of_service(value).ok_or(OptionError::Value)?)?,
        "IPTTL" => sockopt::set_ip_ttl(descriptor, count()?)?,
        "PipeSize" => {
            rustix::pipe::fcntl_setpipe_size(descriptor, size()?)?;
        }
        // Set before the socket was bound, or told to be of no effect when the unit was read.
        _ => {}
    }
    Ok(())
}

fn span(value: &str) -> Result<Duration, OptionError> {
    timespan::parse(value).and_then(Span::finite).ok_or(OptionError::Value)
}

/// Beyond the limit of the machine where we may.
fn set_receive_buffer(descriptor: &OwnedFd, size: usize) -> Result<(), Errno> {
    sockopt::set_socket_recv_buffer_size_force(descriptor, size)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(descriptor, size))
}

fn set_send_buffer(descriptor: &OwnedFd, size: usize) -> Result<(), Errno> {
    sockopt::set_socket_send_buffer_size_force(descriptor, size)
        .or_else(|_| sockopt::set_socket_send_buffer_size(descriptor, size))
}

/// The words of ip(7), or a number.
fn type_of_service(value: &str) -> Option<u8> {
    match value {
        "low-delay" => Some(0x10),
        "throughput" => Some(0x08),
        "reliability" => Some(0x04),
        "low-cost" => Some(0x02),
        _ => value.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(kind: ListenKind, address: &str, options: &[(&str, &str)]) -> OwnedFd {
        let mut settings = SocketSettings::default();
        for (name, value) in options {
            settings.options.insert((*name).to_owned(), (*value).to_owned());
        }
        super::super::open(&Listen { kind, address: address.to_owned() }, &settings).unwrap()
    }

    #[test]
    fn options_of_tcp_are_set() {
        let plain = opened(ListenKind::Stream, "127.0.0.1:0", &[]);
        assert!(!sockopt::socket_keepalive(&plain).unwrap());
        assert!(sockopt::socket_reuseaddr(&plain).unwrap());
        let socket = opened(
            ListenKind::Stream,
            "127.0.0.1:0",
            &[
                ("KeepAlive", "yes"),
                ("KeepAliveTimeSec", "2min"),
                ("KeepAliveIntervalSec", "7"),
                ("KeepAliveProbes", "3"),
                ("NoDelay", "true"),
                ("IPTOS", "low-delay"),
                ("IPTTL", "9"),
                ("ReusePort", "yes"),
                ("FreeBind", "yes"),
            ],
        );
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), Duration::from_secs(120));
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), Duration::from_secs(7));
        assert_eq!(sockopt::tcp_keepcnt(&socket).unwrap(), 3);
        assert!(sockopt::tcp_nodelay(&socket).unwrap());
        assert_eq!(sockopt::ip_tos(&socket).unwrap(), 0x10);
        assert_eq!(sockopt::ip_ttl(&socket).unwrap(), 9);
        assert!(sockopt::socket_reuseport(&socket).unwrap());
        assert!(sockopt::ip_freebind(&socket).unwrap());
    }

    #[test]
    fn sizes_and_credentials_are_set_on_unix_sockets() {
        let name = format!("@usher-option-test-{}", std::process::id());
        let options = [
            ("PassCredentials", "yes"),
            ("ReceiveBuffer", "64K"),
            // Not of such sockets, and no reason for a warning.
            ("NoDelay", "yes"),
        ];
        let socket = opened(ListenKind::Datagram, &name, &options);
        assert!(sockopt::socket_passcred(&socket).unwrap());
        // The kernel keeps twice as much, for its own book-keeping (socket(7)).
        assert_eq!(sockopt::socket_recv_buffer_size(&socket).unwrap(), 2 * 64 * 1024);
    }

    #[test]
    fn one_bad_option_does_no_harm() {
        let options = [("IPTTL", "many"), ("KeepAlive", "yes")];
        let socket = opened(ListenKind::Stream, "127.0.0.1:0", &options);
        assert!(sockopt::socket_keepalive(&socket).unwrap());
    }

    #[test]
    fn a_fifo_has_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        let options = [("PipeSize", "128K"), ("ReceiveBuffer", "1K")];
        let fifo = opened(ListenKind::Fifo, path.to_str().unwrap(), &options);
        assert_eq!(rustix::pipe::fcntl_getpipe_size(&fifo).unwrap(), 128 * 1024);
    }
}

//! `[Socket]` (systemd.socket(5)).

use super::support::{self, Group, Support};
use super::{Applied, Fault, Line, exec, kill, resource, service};
use crate::unit::name::{UnitKind, UnitName};
use crate::unit::spec::{Listen, ListenKind, SocketSettings, TriggerLimit};

/// Applies a directive; `None` when there is none of that name.
pub fn apply(socket: &mut SocketSettings, owner: &UnitName, line: &mut Line<'_>) -> Option<Applied> {
    Some(match line.key {
        "ListenStream" => listen(socket, ListenKind::Stream, line),
        "ListenDatagram" => listen(socket, ListenKind::Datagram, line),
        "ListenSequentialPacket" => listen(socket, ListenKind::SequentialPacket, line),
        "ListenFIFO" => listen(socket, ListenKind::Fifo, line),
        "ListenSpecial" => listen(socket, ListenKind::Special, line),
        "ListenNetlink" => listen(socket, ListenKind::Netlink, line),
        "ListenMessageQueue" => listen(socket, ListenKind::MessageQueue, line),
        "ListenUSBFunction" => listen(socket, ListenKind::UsbFunction, line),
        "Accept" => line.boolean().map(|accept| socket.accept = accept),
        "Service" => service_name(socket, owner, line),
        "SocketMode" => line.mode().map(|mode| socket.socket_mode = mode),
        "DirectoryMode" => line.mode().map(|mode| socket.directory_mode = mode),
        "Backlog" => line.unsigned().map(|backlog| socket.backlog = backlog),
        "RemoveOnStop" => line.boolean().map(|remove| socket.remove_on_stop = remove),
        "Writable" => line.boolean().map(|writable| socket.writable = writable),
        "FlushPending" => line.boolean().map(|flush| socket.flush_pending = flush),
        "Symlinks" => symlinks(socket, line),
        "FileDescriptorName" => descriptor_name(socket, line),
        "MaxConnections" => line.unsigned().map(|max| socket.max_connections = max),
        "MaxConnectionsPerSource" => line.unsigned().map(|max| socket.max_connections_per_source = max),
        "TriggerLimitIntervalSec" => line.span().map(|span| limit(&mut socket.trigger_limit).interval = span),
        "TriggerLimitBurst" => line.unsigned().map(|burst| limit(&mut socket.trigger_limit).burst = burst),
        "PollLimitIntervalSec" => line.span().map(|span| limit(&mut socket.poll_limit).interval = span),
        "PollLimitBurst" => line.unsigned().map(|burst| limit(&mut socket.poll_limit).burst = burst),
        "TimeoutSec" => line.span_or_never().map(|span| socket.timeout = span),
        "DeferTrigger" => {
            socket.defer_trigger = line.given().map(str::to_owned);
            Ok(())
        }
        "ExecStartPre" => service::commands(&mut socket.start_pre, line),
        "ExecStartPost" => service::commands(&mut socket.start_post, line),
        "ExecStopPre" => service::commands(&mut socket.stop_pre, line),
        "ExecStopPost" => service::commands(&mut socket.stop_post, line),
        _ => return apply_other(socket, line),
    })
}

fn apply_other(socket: &mut SocketSettings, line: &mut Line<'_>) -> Option<Applied> {
    if let Some(entry) = support::find(Group::Socket, line.key) {
        let told = support::unsupported(entry, line);
        if !matches!(entry.support, Support::Honoured | Support::Kept) {
            return Some(told);
        }
        if line.value.is_empty() {
            socket.options.remove(line.key);
        } else {
            socket.options.insert(line.key.to_owned(), line.value.to_owned());
        }
        return Some(told);
    }
    exec::apply(&mut socket.exec, line)
        .or_else(|| kill::apply(&mut socket.kill, line))
        .or_else(|| resource::apply(&mut socket.resources, line))
}

fn listen(socket: &mut SocketSettings, kind: ListenKind, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        // Any empty Listen...= forgets all of them.
        socket.listen.clear();
        return Ok(());
    }
    let address = line.expanded()?;
    let address = match kind {
        ListenKind::Fifo | ListenKind::Special | ListenKind::UsbFunction => match super::simplified(&address)
        {
            Some(path) => path,
            None => return line.invalid("an absolute path"),
        },
        ListenKind::Stream | ListenKind::Datagram | ListenKind::SequentialPacket => {
            if !is_socket_address(&address) {
                return line.invalid("a socket address");
            }
            address
        }
        ListenKind::Netlink | ListenKind::MessageQueue => address,
    };
    socket.listen.push(Listen { kind, address });
    Ok(())
}

/// The longest path of a Unix socket, in bytes.
const MAX_SOCKET_PATH: usize = 107;

/// A path, `@abstract`, `vsock:...`, a port, or an address with a port.
fn is_socket_address(text: &str) -> bool {
    if text.starts_with('/') || text.starts_with('@') {
        return text.len() > 1 && text.len() <= MAX_SOCKET_PATH;
    }
    if text.starts_with("vsock") {
        return true;
    }
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = text.strip_prefix('[') {
        return rest
            .rsplit_once("]:")
            .is_some_and(|(_, rest)| port(rest.split('%').next().unwrap_or_default()));
    }
    port(text)
        || text
            .rsplit_once(':')
            .is_some_and(|(host, text)| host.parse::<std::net::Ipv4Addr>().is_ok() && port(text))
}

/// The burst that is not given depends on `Accept=`, which may come later.
pub const DEFAULT_BURST: u32 = u32::MAX;

fn limit(limit: &mut Option<TriggerLimit>) -> &mut TriggerLimit {
    limit.get_or_insert(TriggerLimit {
        interval: Some(std::time::Duration::from_secs(2)),
        burst: DEFAULT_BURST,
    })
}

fn service_name(socket: &mut SocketSettings, owner: &UnitName, line: &Line<'_>) -> Applied {
    let name = line.unit(owner, line.value)?;
    if name.kind() != UnitKind::Service {
        return line.invalid("the name of a service");
    }
    socket.service = Some(name);
    Ok(())
}

fn symlinks(socket: &mut SocketSettings, line: &mut Line<'_>) -> Applied {
    if line.value.is_empty() {
        socket.symlinks.clear();
        return Ok(());
    }
    for word in line.words()? {
        let path = line.expand(&word)?;
        match super::simplified(&path) {
            Some(path) => socket.symlinks.push(path),
            None => line.warn(format!("Symlinks={path}: not an absolute path, it is ignored")),
        }
    }
    Ok(())
}

fn descriptor_name(socket: &mut SocketSettings, line: &Line<'_>) -> Applied {
    if line.value.is_empty() {
        socket.file_descriptor_name = None;
        return Ok(());
    }
    let name = line.expanded()?;
    let valid = name.len() <= 255 && name.bytes().all(|byte| (b' '..127).contains(&byte) && byte != b':');
    if !valid {
        return Err(Fault::Ignored(format!(
            "FileDescriptorName={name}: not a descriptor name, the line is ignored"
        )));
    }
    socket.file_descriptor_name = Some(name);
    Ok(())
}

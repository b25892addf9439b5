//! `org.freedesktop.systemd1.Socket`.

use super::general::{constant, invalidated, silent, told};
use super::value::{span, texts};
use super::{Get, Subject, command, execution, kill, resource};
use crate::bus::table::{Interface, Property, Value};
use crate::unit::property::listen_words;
use crate::unit::spec::{Settings, SocketSettings};
use crate::unit::value::boolean;

/// The interface.
pub static SOCKET: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Socket",
    properties: &[PROPERTIES, resource::PROPERTIES, execution::PROPERTIES, kill::PROPERTIES],
    methods: &[resource::METHODS],
    signals: &[],
};

/// Without a limit, the longest queue that Linux can be asked for.
const MAX_BACKLOG: u32 = i32::MAX as u32;

const PROPERTIES: &[Property<Get>] = &[
    constant("Backlog", "u", |unit| of(unit, |socket| socket.backlog.min(MAX_BACKLOG).into())),
    constant("TimeoutUSec", "t", |unit| of(unit, |socket| span(socket.timeout))),
    constant("SocketMode", "u", |unit| of(unit, |socket| socket.socket_mode.into())),
    constant("DirectoryMode", "u", |unit| of(unit, |socket| socket.directory_mode.into())),
    constant("Accept", "b", |unit| of(unit, |socket| socket.accept.into())),
    constant("FlushPending", "b", |unit| of(unit, |socket| socket.flush_pending.into())),
    constant("Writable", "b", |unit| of(unit, |socket| socket.writable.into())),
    constant("KeepAlive", "b", |unit| option(unit, "KeepAlive")),
    constant("PassCredentials", "b", |unit| option(unit, "PassCredentials")),
    constant("PassSecurity", "b", |unit| option(unit, "PassSecurity")),
    constant("RemoveOnStop", "b", |unit| of(unit, |socket| socket.remove_on_stop.into())),
    constant("Listen", "a(ss)", |unit| {
        of(unit, |socket| socket.listen.iter().map(listen_words).collect::<Vec<_>>().into())
    }),
    constant("Symlinks", "as", |unit| of(unit, |socket| texts(&socket.symlinks))),
    constant("MaxConnections", "u", |unit| of(unit, |socket| socket.max_connections.into())),
    constant("MaxConnectionsPerSource", "u", |unit| {
        of(unit, |socket| socket.max_connections_per_source.into())
    }),
    silent("FileDescriptorName", "s", |unit| {
        let own = || unit.status.name.to_string();
        of(unit, |socket| socket.file_descriptor_name.clone().unwrap_or_else(own).into())
    }),
    told("ControlPID", "u", |unit| unit.pid(unit.status.control_process).into()),
    told("Result", "s", |unit| unit.status.result.as_str().into()),
    invalidated("ExecStartPre", "a(sasbttttuii)", |unit| {
        of(unit, |socket| command::plain(&socket.start_pre, None))
    }),
    invalidated("ExecStartPost", "a(sasbttttuii)", |unit| {
        of(unit, |socket| command::plain(&socket.start_post, None))
    }),
    invalidated("ExecStopPre", "a(sasbttttuii)", |unit| {
        of(unit, |socket| command::plain(&socket.stop_pre, None))
    }),
    invalidated("ExecStopPost", "a(sasbttttuii)", |unit| {
        of(unit, |socket| command::plain(&socket.stop_post, None))
    }),
];

fn of(unit: &Subject<'_>, get: impl Fn(&SocketSettings) -> Value) -> Value {
    match &unit.unit.settings {
        Settings::Socket(socket) => get(socket),
        _ => get(&SocketSettings::default()),
    }
}

fn option(unit: &Subject<'_>, name: &str) -> Value {
    of(unit, |socket| {
        socket.options.get(name).and_then(|value| boolean::parse(value)).unwrap_or(false).into()
    })
}

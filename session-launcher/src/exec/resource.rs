//! Resource limits by the names that units have for them (systemd.exec(5), "Process Properties").

use rustix::process::Resource;

/// The limit that `Limit<name>=` sets. `None` for a name that means nothing here.
pub fn by_name(name: &str) -> Option<Resource> {
    Some(match name {
        "CPU" => Resource::Cpu,
        "FSIZE" => Resource::Fsize,
        "DATA" => Resource::Data,
        "STACK" => Resource::Stack,
        "CORE" => Resource::Core,
        "RSS" => Resource::Rss,
        "NOFILE" => Resource::Nofile,
        "AS" => Resource::As,
        "NPROC" => Resource::Nproc,
        "MEMLOCK" => Resource::Memlock,
        "LOCKS" => Resource::Locks,
        "SIGPENDING" => Resource::Sigpending,
        "MSGQUEUE" => Resource::Msgqueue,
        "NICE" => Resource::Nice,
        "RTPRIO" => Resource::Rtprio,
        "RTTIME" => Resource::Rttime,
        _ => return None,
    })
}

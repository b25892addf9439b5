//! Directives that do not do here what they do under systemd, and those that are kept as written. The
//! documentation's table of directives is made from this one.

use super::{Applied, Fault, Line};
use crate::unit::diagnostic::Severity;

/// Which kind of unit may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// systemd.exec(5).
    Exec,
    /// systemd.resource-control(5).
    Resource,
    /// systemd.service(5).
    Service,
    /// systemd.socket(5).
    Socket,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Kept as written, and applied when the unit starts.
    Honoured,
    /// Kept as written and shown, but not applied: the unit works without.
    Kept,
    /// It only takes rights away. The unit does the same without it; it is kept for managers that can honour it.
    Sandbox,
    /// The unit means the same without it.
    Ignored,
    /// The unit would mean something else, so it is not loaded.
    Refused,
}

/// One directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which kind of unit may have it.
    pub group: Group,
    /// What becomes of it.
    pub support: Support,
    /// The directive.
    pub name: &'static str,
    /// What it is about, or why it is refused.
    pub reason: &'static str,
}

const fn entry(group: Group, support: Support, name: &'static str, reason: &'static str) -> Entry {
    Entry { group, support, name, reason }
}

/// The entry of a directive.
pub fn find(group: Group, name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.group == group && entry.name == name)
}

/// Says what becomes of a directive that is not honoured.
///
/// # Errors
/// The unit must be refused. Nothing is refused that only resets a list or switches something off.
pub fn unsupported(entry: &Entry, line: &mut Line<'_>) -> Applied {
    let name = entry.name;
    let off = line.value.is_empty() || crate::unit::value::boolean::parse(line.value) == Some(false);
    match entry.support {
        Support::Honoured => {}
        Support::Kept => {
            line.findings.push((Severity::Note, format!("{name}= is {}: not applied here", entry.reason)));
        }
        Support::Sandbox => {
            line.findings.push((Severity::Note, format!("{name}= {}: not enforced here", entry.reason)))
        }
        Support::Ignored if off => {}
        Support::Ignored => {
            line.findings
                .push((Severity::Note, format!("{name}= is about {}: no effect here", entry.reason)));
        }
        Support::Refused if off => {}
        Support::Refused => {
            return Err(Fault::Unsupported(format!(
                "{name}={}: not supported, {}",
                line.value, entry.reason
            )));
        }
    }
    Ok(())
}

/// All of them.
pub const TABLE: [Entry; 219] = {
    use Group::{Exec, Resource, Service, Socket};
    use Support::{Honoured, Ignored, Kept, Refused, Sandbox};
    [
        entry(Exec, Sandbox, "ProtectProc", "walls the process in"),
        entry(Exec, Sandbox, "ProcSubset", "walls the process in"),
        entry(Exec, Sandbox, "PrivateBPF", "walls the process in"),
        entry(Exec, Sandbox, "BPFDelegateCommands", "walls the process in"),
        entry(Exec, Sandbox, "BPFDelegateMaps", "walls the process in"),
        entry(Exec, Sandbox, "BPFDelegatePrograms", "walls the process in"),
        entry(Exec, Sandbox, "BPFDelegateAttachments", "walls the process in"),
        entry(Exec, Sandbox, "SystemCallFilter", "walls the process in"),
        entry(Exec, Sandbox, "SystemCallArchitectures", "walls the process in"),
        entry(Exec, Sandbox, "SystemCallErrorNumber", "walls the process in"),
        entry(Exec, Sandbox, "SystemCallLog", "walls the process in"),
        entry(Exec, Sandbox, "MemoryDenyWriteExecute", "walls the process in"),
        entry(Exec, Sandbox, "RestrictNamespaces", "walls the process in"),
        entry(Exec, Sandbox, "RestrictRealtime", "walls the process in"),
        entry(Exec, Sandbox, "RestrictSUIDSGID", "walls the process in"),
        entry(Exec, Sandbox, "RestrictAddressFamilies", "walls the process in"),
        entry(Exec, Sandbox, "LockPersonality", "walls the process in"),
        entry(Exec, Sandbox, "DelegateNamespaces", "walls the process in"),
        entry(Exec, Sandbox, "RestrictFileSystems", "walls the process in"),
        entry(Exec, Sandbox, "ReadWritePaths", "walls the process in"),
        entry(Exec, Sandbox, "ReadOnlyPaths", "walls the process in"),
        entry(Exec, Sandbox, "InaccessiblePaths", "walls the process in"),
        entry(Exec, Sandbox, "ReadWriteDirectories", "walls the process in"),
        entry(Exec, Sandbox, "ReadOnlyDirectories", "walls the process in"),
        entry(Exec, Sandbox, "InaccessibleDirectories", "walls the process in"),
        entry(Exec, Sandbox, "ExecPaths", "walls the process in"),
        entry(Exec, Sandbox, "NoExecPaths", "walls the process in"),
        entry(Exec, Sandbox, "TemporaryFileSystem", "walls the process in"),
        entry(Exec, Sandbox, "PrivateTmp", "walls the process in"),
        entry(Exec, Sandbox, "PrivateDevices", "walls the process in"),
        entry(Exec, Sandbox, "ProtectKernelTunables", "walls the process in"),
        entry(Exec, Sandbox, "ProtectKernelModules", "walls the process in"),
        entry(Exec, Sandbox, "ProtectKernelLogs", "walls the process in"),
        entry(Exec, Sandbox, "ProtectClock", "walls the process in"),
        entry(Exec, Sandbox, "ProtectControlGroups", "walls the process in"),
        entry(Exec, Sandbox, "PrivateNetwork", "walls the process in"),
        entry(Exec, Sandbox, "PrivateUsers", "walls the process in"),
        entry(Exec, Sandbox, "PrivateMounts", "walls the process in"),
        entry(Exec, Sandbox, "PrivateIPC", "walls the process in"),
        entry(Exec, Sandbox, "PrivatePIDs", "walls the process in"),
        entry(Exec, Sandbox, "ProtectSystem", "walls the process in"),
        entry(Exec, Sandbox, "ProtectHome", "walls the process in"),
        entry(Exec, Sandbox, "MountFlags", "walls the process in"),
        entry(Exec, Sandbox, "MountAPIVFS", "walls the process in"),
        entry(Exec, Sandbox, "BindLogSockets", "walls the process in"),
        entry(Exec, Sandbox, "KeyringMode", "walls the process in"),
        entry(Exec, Sandbox, "SecureBits", "walls the process in"),
        entry(Exec, Sandbox, "CapabilityBoundingSet", "walls the process in"),
        entry(Exec, Sandbox, "SELinuxContext", "walls the process in"),
        entry(Exec, Sandbox, "AppArmorProfile", "walls the process in"),
        entry(Exec, Sandbox, "SmackProcessLabel", "walls the process in"),
        entry(Exec, Sandbox, "ProtectHostname", "walls the process in"),
        entry(Exec, Sandbox, "RemoveIPC", "walls the process in"),
        entry(Exec, Ignored, "UtmpIdentifier", "utmp"),
        entry(Exec, Ignored, "UtmpMode", "utmp"),
        entry(Exec, Ignored, "CoredumpFilter", "core dumps"),
        entry(Exec, Ignored, "NUMAPolicy", "memory placement"),
        entry(Exec, Ignored, "NUMAMask", "memory placement"),
        entry(Exec, Ignored, "MemoryKSM", "memory merging"),
        entry(Exec, Ignored, "MemoryTHP", "huge pages"),
        entry(Exec, Ignored, "TimeoutCleanSec", "systemctl clean"),
        entry(Exec, Ignored, "SyslogFacility", "the journal"),
        entry(Exec, Ignored, "SyslogLevelPrefix", "the journal"),
        entry(Exec, Ignored, "LogRateLimitIntervalSec", "the journal"),
        entry(Exec, Ignored, "LogRateLimitBurst", "the journal"),
        entry(Exec, Ignored, "LogExtraFields", "the journal"),
        entry(Exec, Ignored, "LogFilterPatterns", "the journal"),
        entry(Exec, Ignored, "LogNamespace", "the journal"),
        entry(Exec, Ignored, "TTYReset", "terminals"),
        entry(Exec, Ignored, "TTYVHangup", "terminals"),
        entry(Exec, Ignored, "TTYVTDisallocate", "terminals"),
        entry(Exec, Ignored, "TTYRows", "terminals"),
        entry(Exec, Ignored, "TTYColumns", "terminals"),
        entry(Exec, Ignored, "SetLoginEnvironment", "user managers set the log-in's variables anyway"),
        entry(Exec, Ignored, "StateDirectoryAccounting", "quotas"),
        entry(Exec, Ignored, "StateDirectoryQuota", "quotas"),
        entry(Exec, Ignored, "CacheDirectoryAccounting", "quotas"),
        entry(Exec, Ignored, "CacheDirectoryQuota", "quotas"),
        entry(Exec, Ignored, "LogsDirectoryAccounting", "quotas"),
        entry(Exec, Ignored, "LogsDirectoryQuota", "quotas"),
        entry(Exec, Ignored, "RootImagePolicy", "disk images"),
        entry(Exec, Ignored, "MountImagePolicy", "disk images"),
        entry(Exec, Ignored, "ExtensionImagePolicy", "disk images"),
        entry(Exec, Ignored, "ImportCredential", "credentials that may be missing"),
        entry(Exec, Ignored, "SupplementaryGroups", "only root can add groups"),
        entry(Exec, Ignored, "Personality", "the execution domain"),
        entry(Exec, Refused, "RootDirectory", "its program would be another"),
        entry(Exec, Refused, "RootImage", "its program would be another"),
        entry(Exec, Refused, "RootImageOptions", "its program would be another"),
        entry(Exec, Refused, "RootHash", "its program would be another"),
        entry(Exec, Refused, "RootHashSignature", "its program would be another"),
        entry(Exec, Refused, "RootVerity", "its program would be another"),
        entry(Exec, Refused, "RootEphemeral", "its program would be another"),
        entry(Exec, Refused, "RootMStack", "its program would be another"),
        entry(Exec, Refused, "ExtensionDirectories", "its files would be others"),
        entry(Exec, Refused, "ExtensionImages", "its files would be others"),
        entry(Exec, Refused, "MountImages", "its files would be others"),
        entry(Exec, Refused, "BindPaths", "its files would be others"),
        entry(Exec, Refused, "BindReadOnlyPaths", "its files would be others"),
        entry(Exec, Refused, "UserNamespacePath", "it would run elsewhere"),
        entry(Exec, Refused, "NetworkNamespacePath", "it would run elsewhere"),
        entry(Exec, Refused, "IPCNamespacePath", "it would run elsewhere"),
        entry(Exec, Refused, "DynamicUser", "only root can make users"),
        entry(Exec, Refused, "AmbientCapabilities", "only root can give capabilities"),
        entry(Exec, Refused, "SetCredential", "it would miss its credential"),
        entry(Exec, Refused, "SetCredentialEncrypted", "it would miss its credential"),
        entry(Exec, Refused, "LoadCredential", "it would miss its credential"),
        entry(Exec, Refused, "LoadCredentialEncrypted", "it would miss its credential"),
        entry(Resource, Kept, "AllowedCPUs", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupAllowedCPUs", "a limit or weight of the control group"),
        entry(Resource, Kept, "AllowedMemoryNodes", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupAllowedMemoryNodes", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUSetPartition", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUWeight", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupCPUWeight", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUQuota", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUQuotaPeriodSec", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryMin", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryLow", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupMemoryLow", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryHigh", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupMemoryHigh", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupMemoryMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemorySwapMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupMemorySwapMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryZSwapMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupMemoryZSwapMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryZSwapWriteback", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOWeight", "a limit or weight of the control group"),
        entry(Resource, Kept, "StartupIOWeight", "a limit or weight of the control group"),
        entry(Resource, Kept, "IODeviceWeight", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOReadBandwidthMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOWriteBandwidthMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOReadIOPSMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOWriteIOPSMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "IODeviceLatencyTargetSec", "a limit or weight of the control group"),
        entry(Resource, Kept, "TasksMax", "a limit or weight of the control group"),
        entry(Resource, Kept, "DelegateSubgroup", "a limit or weight of the control group"),
        entry(Resource, Kept, "DisableControllers", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUAccounting", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryAccounting", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOAccounting", "a limit or weight of the control group"),
        entry(Resource, Kept, "TasksAccounting", "a limit or weight of the control group"),
        entry(Resource, Kept, "IPAccounting", "a limit or weight of the control group"),
        entry(Resource, Kept, "ManagedOOMSwap", "a limit or weight of the control group"),
        entry(Resource, Kept, "ManagedOOMMemoryPressure", "a limit or weight of the control group"),
        entry(Resource, Kept, "ManagedOOMMemoryPressureLimit", "a limit or weight of the control group"),
        entry(
            Resource,
            Kept,
            "ManagedOOMMemoryPressureDurationSec",
            "a limit or weight of the control group",
        ),
        entry(Resource, Kept, "ManagedOOMPreference", "a limit or weight of the control group"),
        entry(Resource, Kept, "OOMRules", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryPressureThresholdSec", "a limit or weight of the control group"),
        entry(Resource, Kept, "MemoryPressureWatch", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUPressureThresholdSec", "a limit or weight of the control group"),
        entry(Resource, Kept, "CPUPressureWatch", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOPressureThresholdSec", "a limit or weight of the control group"),
        entry(Resource, Kept, "IOPressureWatch", "a limit or weight of the control group"),
        entry(Resource, Kept, "CoredumpReceive", "a limit or weight of the control group"),
        entry(Resource, Kept, "ConcurrencySoftMax", "about how many units of the slice run at once"),
        entry(Resource, Kept, "ConcurrencyHardMax", "about how many units of the slice run at once"),
        entry(Resource, Kept, "ActivatingConcurrencyMax", "about how many units of the slice run at once"),
        entry(Resource, Sandbox, "DeviceAllow", "walls the control group in"),
        entry(Resource, Sandbox, "DevicePolicy", "walls the control group in"),
        entry(Resource, Sandbox, "IPAddressAllow", "walls the control group in"),
        entry(Resource, Sandbox, "IPAddressDeny", "walls the control group in"),
        entry(Resource, Sandbox, "IPIngressFilterPath", "walls the control group in"),
        entry(Resource, Sandbox, "IPEgressFilterPath", "walls the control group in"),
        entry(Resource, Sandbox, "BPFProgram", "walls the control group in"),
        entry(Resource, Sandbox, "SocketBindAllow", "walls the control group in"),
        entry(Resource, Sandbox, "SocketBindDeny", "walls the control group in"),
        entry(Resource, Sandbox, "RestrictNetworkInterfaces", "walls the control group in"),
        entry(Resource, Sandbox, "NFTSet", "walls the control group in"),
        entry(Resource, Sandbox, "BindNetworkInterface", "walls the control group in"),
        entry(Socket, Kept, "SocketProtocol", "a socket option"),
        entry(Socket, Honoured, "BindIPv6Only", "a socket option"),
        entry(Socket, Kept, "BindToDevice", "a socket option"),
        entry(Socket, Honoured, "KeepAlive", "a socket option"),
        entry(Socket, Honoured, "KeepAliveTimeSec", "a socket option"),
        entry(Socket, Honoured, "KeepAliveIntervalSec", "a socket option"),
        entry(Socket, Honoured, "KeepAliveProbes", "a socket option"),
        entry(Socket, Kept, "DeferAcceptSec", "a socket option"),
        entry(Socket, Honoured, "NoDelay", "a socket option"),
        entry(Socket, Kept, "Priority", "a socket option"),
        entry(Socket, Honoured, "ReceiveBuffer", "a socket option"),
        entry(Socket, Honoured, "SendBuffer", "a socket option"),
        entry(Socket, Honoured, "IPTOS", "a socket option"),
        entry(Socket, Honoured, "IPTTL", "a socket option"),
        entry(Socket, Kept, "Mark", "a socket option"),
        entry(Socket, Honoured, "PipeSize", "a socket option"),
        entry(Socket, Honoured, "FreeBind", "a socket option"),
        entry(Socket, Kept, "Transparent", "a socket option"),
        entry(Socket, Honoured, "Broadcast", "a socket option"),
        entry(Socket, Honoured, "PassCredentials", "a socket option"),
        entry(Socket, Kept, "PassPIDFD", "a socket option"),
        entry(Socket, Kept, "PassSecurity", "a socket option"),
        entry(Socket, Kept, "PassPacketInfo", "a socket option"),
        entry(Socket, Kept, "AcceptFileDescriptors", "a socket option"),
        entry(Socket, Kept, "Timestamping", "a socket option"),
        entry(Socket, Honoured, "TCPCongestion", "a socket option"),
        entry(Socket, Honoured, "ReusePort", "a socket option"),
        entry(Socket, Kept, "MessageQueueMaxMessages", "a socket option"),
        entry(Socket, Kept, "MessageQueueMessageSize", "a socket option"),
        entry(Socket, Kept, "DeferTriggerMaxSec", "a socket option"),
        entry(Socket, Kept, "PassFileDescriptorsToExec", "a socket option"),
        entry(Socket, Kept, "SocketUser", "a socket option"),
        entry(Socket, Kept, "SocketGroup", "a socket option"),
        entry(Socket, Ignored, "XAttrEntryPoint", "extended attributes"),
        entry(Socket, Ignored, "XAttrListen", "extended attributes"),
        entry(Socket, Ignored, "XAttrAccept", "extended attributes"),
        entry(Socket, Ignored, "SmackLabel", "Smack"),
        entry(Socket, Ignored, "SmackLabelIPIn", "Smack"),
        entry(Socket, Ignored, "SmackLabelIPOut", "Smack"),
        entry(Socket, Ignored, "SELinuxContextFromNet", "SELinux"),
        entry(
            Service,
            Ignored,
            "PermissionsStartOnly",
            "a user manager has no more privileges to start with",
        ),
        entry(Service, Ignored, "RootDirectoryStartOnly", "root directories"),
        entry(Service, Ignored, "USBFunctionDescriptors", "USB gadgets"),
        entry(Service, Ignored, "USBFunctionStrings", "USB gadgets"),
        entry(Service, Ignored, "LUOSession", "live updates of the kernel"),
        entry(Service, Ignored, "RefreshOnReload", "extensions and credentials"),
    ]
};

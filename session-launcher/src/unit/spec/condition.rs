//! Conditions and asserts (systemd.unit(5), "Conditions and Asserts").

use serde::{Deserialize, Serialize};

/// What is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the directive ConditionNAME= of systemd.unit(5)")]
pub enum ConditionKind {
    Architecture,
    Firmware,
    Virtualization,
    Host,
    KernelCommandLine,
    Version,
    Credential,
    Environment,
    Security,
    Capability,
    ACPower,
    NeedsUpdate,
    FirstBoot,
    PathExists,
    PathExistsGlob,
    PathIsDirectory,
    PathIsSymbolicLink,
    PathIsMountPoint,
    PathIsReadWrite,
    PathIsEncrypted,
    PathIsSocket,
    DirectoryNotEmpty,
    FileNotEmpty,
    FileIsExecutable,
    User,
    Group,
    ControlGroupController,
    Memory,
    CPUs,
    CPUFeature,
    OSRelease,
    MemoryPressure,
    CPUPressure,
    IOPressure,
    KernelModuleLoaded,
    MachineTag,
    Fraction,
}

impl ConditionKind {
    /// All kinds with the name after `Condition`.
    const NAMES: [(&str, ConditionKind); 37] = [
        ("Architecture", Self::Architecture),
        ("Firmware", Self::Firmware),
        ("Virtualization", Self::Virtualization),
        ("Host", Self::Host),
        ("KernelCommandLine", Self::KernelCommandLine),
        ("Version", Self::Version),
        ("Credential", Self::Credential),
        ("Environment", Self::Environment),
        ("Security", Self::Security),
        ("Capability", Self::Capability),
        ("ACPower", Self::ACPower),
        ("NeedsUpdate", Self::NeedsUpdate),
        ("FirstBoot", Self::FirstBoot),
        ("PathExists", Self::PathExists),
        ("PathExistsGlob", Self::PathExistsGlob),
        ("PathIsDirectory", Self::PathIsDirectory),
        ("PathIsSymbolicLink", Self::PathIsSymbolicLink),
        ("PathIsMountPoint", Self::PathIsMountPoint),
        ("PathIsReadWrite", Self::PathIsReadWrite),
        ("PathIsEncrypted", Self::PathIsEncrypted),
        ("PathIsSocket", Self::PathIsSocket),
        ("DirectoryNotEmpty", Self::DirectoryNotEmpty),
        ("FileNotEmpty", Self::FileNotEmpty),
        ("FileIsExecutable", Self::FileIsExecutable),
        ("User", Self::User),
        ("Group", Self::Group),
        ("ControlGroupController", Self::ControlGroupController),
        ("Memory", Self::Memory),
        ("CPUs", Self::CPUs),
        ("CPUFeature", Self::CPUFeature),
        ("OSRelease", Self::OSRelease),
        ("MemoryPressure", Self::MemoryPressure),
        ("CPUPressure", Self::CPUPressure),
        ("IOPressure", Self::IOPressure),
        ("KernelModuleLoaded", Self::KernelModuleLoaded),
        ("MachineTag", Self::MachineTag),
        ("Fraction", Self::Fraction),
    ];

    /// The kind of `ConditionNAME=` or `AssertNAME=`; `KernelVersion` is the old name of `Version`.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = if name == "KernelVersion" { "Version" } else { name };
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The name after `Condition`.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether the parameter is an absolute path.
    pub const fn takes_path(self) -> bool {
        matches!(
            self,
            Self::PathExists
                | Self::PathExistsGlob
                | Self::PathIsDirectory
                | Self::PathIsSymbolicLink
                | Self::PathIsMountPoint
                | Self::PathIsReadWrite
                | Self::PathIsEncrypted
                | Self::PathIsSocket
                | Self::DirectoryNotEmpty
                | Self::FileNotEmpty
                | Self::FileIsExecutable
                | Self::NeedsUpdate
        )
    }
}

/// One `ConditionKIND=` or `AssertKIND=` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What is tested.
    pub kind: ConditionKind,
    /// `|`: one of several of which one is enough.
    pub trigger: bool,
    /// `!`: the result is turned round.
    pub negate: bool,
    /// The rest of the line, specifiers expanded.
    pub parameter: String,
}

/// All conditions, or all asserts, of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConditionSet(pub Vec<Condition>);

impl ConditionSet {
    /// Holds when every plain one holds, and one of those with `|` if there are any. `test` decides the kind and
    /// parameter of one, before `!`. Every condition is tested, as systemd does, so that all results can be shown.
    pub fn holds(&self, mut test: impl FnMut(&Condition) -> bool) -> bool {
        let mut plain = true;
        let mut triggered: Option<bool> = None;
        for condition in &self.0 {
            let result = test(condition) != condition.negate;
            if condition.trigger {
                triggered = Some(triggered.unwrap_or(false) || result);
            } else {
                plain &= result;
            }
        }
        plain && triggered.unwrap_or(true)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

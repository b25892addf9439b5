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

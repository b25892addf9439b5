//! Giving up what root can do and this daemon never does.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

/// Reading shadow files and records of any owner, and making, giving away and removing home directories.
const NEEDED: CapabilitySet = CapabilitySet::DAC_READ_SEARCH
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::CHOWN)
    .union(CapabilitySet::FOWNER);

/// Drops every other capability, for good and for programs started from here, too. Must come before the first thread, since
/// each thread has capabilities of its own.
pub fn drop_unneeded() {
    let dropped = set_no_new_privs(true).and_then(|()| {
        let old = capabilities(None)?;
        let new = CapabilitySets {
            effective: old.effective.intersection(NEEDED),
            permitted: old.permitted.intersection(NEEDED),
            inheritable: CapabilitySet::empty(),
        };
        set_capabilities(None, new)
    });
    if let Err(errno) = dropped {
        tracing::warn!("dropping capabilities: {errno}");
    }
}

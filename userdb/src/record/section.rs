//! Which sections a record from some source may have.

use super::{Object, RecordError};

/// What happens to the sections that not every source may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections {
    status: Policy,
    secret: Policy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Keep,
    Remove,
    Refuse,
}

impl Sections {
    /// A drop-in file: `status` and `secret` make the record unusable.
    pub const DROP_IN: Self = Self { status: Policy::Refuse, secret: Policy::Refuse };
    /// The reply of another userdb service: `secret` makes the record unusable.
    pub const SERVICE: Self = Self { status: Policy::Keep, secret: Policy::Refuse };
    /// A file that a person hands to a tool: `secret` is removed.
    pub const ANY: Self = Self { status: Policy::Keep, secret: Policy::Remove };

    /// Applies the policy to the top level of a record.
    pub(super) fn apply(self, json: &mut Object) -> Result<(), RecordError> {
        for (section, policy) in [("status", self.status), ("secret", self.secret)] {
            match policy {
                Policy::Keep => {}
                Policy::Remove => drop(json.shift_remove(section)),
                Policy::Refuse if json.contains_key(section) => {
                    return Err(RecordError::SectionRefused { section });
                }
                Policy::Refuse => {}
            }
        }
        Ok(())
    }
}

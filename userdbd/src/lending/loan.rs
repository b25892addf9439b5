//! A user that is lent, as the daemon remembers it.

use serde::{Deserialize, Serialize};

/// A loan. The file that holds them is only for root: see [`Loan::token`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Loan {
    /// The name.
    pub user_name: String,
    /// The uid.
    pub uid: u32,
    /// Primary group. None: the user's own, with its name and number.
    pub group_name: Option<String>,
    /// The gid of the primary group.
    pub gid: u32,
    /// Real name.
    pub real_name: Option<String>,
    /// Home directory.
    pub home_directory: String,
    /// The directory below which the daemon has made the home, and removes it. None: the home is the borrower's affair.
    pub home_parent: Option<String>,
    /// Login shell.
    pub shell: String,
    /// Groups besides the primary one.
    pub groups: Vec<String>,
    /// Whether the record says that nobody may log in.
    pub locked: bool,
    /// The pool that the uid is from.
    pub pool: String,
    /// Who borrowed it.
    pub borrower: u32,
    /// Lasts until it is given back, and not only as long as a connection.
    pub persistent: bool,
    /// When it ends at the latest, in microseconds since 1970.
    pub expires_usec: Option<u64>,
    /// What the borrower proves with, after the daemon was restarted, that the loan is its own.
    pub token: String,
    /// Given back, but something of it is still there; nobody gets the uid before that is gone.
    pub ending: bool,
    /// The boot in which it began. A loan that lasts as long as a connection cannot outlive it.
    pub boot_id: String,
}

//! User and group records as systemd's userdb defines them, the protocol that carries them, and a small blocking client.
//!
//! * [`record`]: JSON user and group records, the table of their fields, and the view of them that holds on this host.
//! * [`filter`]: the conditions of `GetUserRecord` and `GetGroupRecord`.
//! * [`unix`]: lines of passwd, shadow, group and gshadow, converted to records and back.
//! * [`synthetic`]: the records that exist without any file (root, nobody, foreign-N).
//! * [`interface`]: `io.systemd.UserDatabase`: its methods, parameters and errors.
//! * [`varlink`]: the wire format. [`client`]: calling a service.
//! * [`name`], [`id`], [`disposition`], [`host`]: the words that records are made of.
//!
//! The rules are those of systemd 262 (`systemd.user-record(7)`, `userdb.io` JSON USER_RECORD and GROUP_RECORD
//! documents), and were compared with its own parser value by value.

pub mod client;
pub mod disposition;
pub mod filter;
pub mod host;
pub mod id;
pub mod interface;
pub mod name;
pub mod record;
pub mod synthetic;
pub mod text;
pub mod unix;
pub mod varlink;

pub use disposition::{Disposition, DispositionMask};
pub use filter::Filter;
pub use host::Host;
pub use record::{GroupRecord, Kind, Loaded, Problem, RecordError, Sections, UserRecord};

//! Every field of a group record, in the order of their names.

use super::{B, Field, M, P, R, S, field, nullable};
use crate::record::rule::Rule;

/// The fields of group records (`systemd.group-record`).
pub static GROUP: &[Field] = &[
    field("administrators", R | M, Rule::Names),
    field("aliases", R | M, Rule::Names),
    field("description", R, Rule::Gecos),
    field("disposition", R, Rule::Disposition),
    field("gid", R | M | B, Rule::Id),
    field("groupName", R, Rule::Name),
    nullable("hashedPassword", P, Rule::SafeTextOrTexts),
    nullable("lastChangeUSec", R, Rule::U64),
    nullable("matchHostname", M, Rule::Match),
    nullable("matchMachineId", M, Rule::Match),
    nullable("matchNotHostname", M, Rule::Match),
    nullable("matchNotMachineId", M, Rule::Match),
    field("members", R | M, Rule::Names),
    field("realm", R, Rule::Realm),
    field("service", R | S, Rule::SafeText),
    field("uuid", R, Rule::Uuid),
];

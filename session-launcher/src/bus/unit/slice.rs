//! `org.freedesktop.systemd1.Slice`.

use super::{Get, resource};
use crate::bus::table::Interface;

/// The interface.
pub static SLICE: Interface<Get> = Interface {
    name: "org.freedesktop.systemd1.Slice",
    properties: &[resource::PROPERTIES],
    methods: &[resource::METHODS],
    signals: &[],
};

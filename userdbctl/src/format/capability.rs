//! Sets of capabilities (capabilities(7)).

/// The names of the capabilities; the position of each is its number.
const NAMES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// A set of capabilities, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities(u64);

impl Capabilities {
    /// All that have a name.
    pub const ALL: Self = Self((1 << NAMES.len()) - 1);

    /// The set of these names; unknown ones are left out.
    pub fn parse(names: &[&str]) -> Self {
        let known = names
            .iter()
            .filter_map(|name| NAMES.iter().position(|known| known.eq_ignore_ascii_case(name.trim())));
        Self(known.fold(0, |set, number| set | 1 << number))
    }

    /// Those in both sets.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The names in the set.
    pub fn names(self) -> String {
        let names: Vec<&str> = NAMES
            .iter()
            .enumerate()
            .filter(|(number, _)| self.0 & 1 << number != 0)
            .map(|(_, name)| *name)
            .collect();
        names.join(" ")
    }

    /// The names in the set, or if they are most, `~` and the others.
    pub fn names_or_missing(self) -> String {
        let missing = Self(Self::ALL.0 & !self.0);
        if self.0.count_ones() > missing.0.count_ones() {
            format!("~{}", missing.names())
        } else {
            self.names()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_list_is_shown() {
        assert_eq!(
            Capabilities::parse(&["CAP_KILL", "cap_chown", "CAP_BOGUS"]).names_or_missing(),
            "cap_chown cap_kill"
        );
        assert_eq!(Capabilities::ALL.names_or_missing(), "~");
        let most = Capabilities(Capabilities::ALL.0 & !1);
        assert_eq!(most.names_or_missing(), "~cap_chown");
        assert_eq!(Capabilities::parse(&[]).names_or_missing(), "");
    }
}

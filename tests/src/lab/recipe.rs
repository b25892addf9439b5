//! What each test root holds.

/// One test root: Debian sid's minimal base and some packages.
#[derive(Debug)]
pub struct Recipe {
    /// Name for `cargo xtask root NAME`, and of its directory.
    pub name: &'static str,
    /// One line for people.
    pub purpose: &'static str,
    /// Debian packages beyond the minimal base, installed without recommended ones.
    pub packages: &'static [&'static str],
    /// Paths that a whole root has; one missing means that it is broken and is built again.
    pub expects: &'static [&'static str],
}

/// The shared base that the others are copied from.
pub const BASE: Recipe = Recipe {
    name: "base",
    purpose: "Debian sid's minimal base, which the others are copied from",
    packages: &[],
    expects: &["bin/sh", "usr/bin/apt-get", "etc/passwd"],
};

/// Every root but the base.
pub const RECIPES: &[Recipe] = &[
    Recipe {
        name: "userdb",
        purpose: "systemd's userdb daemon and clients: systemd-userdbd, userdbctl, varlinkctl, libnss-systemd",
        packages: &["systemd", "systemd-userdbd", "libnss-systemd"],
        expects: &[
            "usr/lib/systemd/systemd-userdbd",
            "usr/bin/userdbctl",
            "usr/bin/varlinkctl",
            "usr/lib/x86_64-linux-gnu/libnss_systemd.so.2",
        ],
    },
    Recipe {
        name: "nss-modules",
        purpose: "NSS modules besides files, as distributions ship them: libnss-extrausers",
        packages: &["libnss-extrausers"],
        expects: &["usr/lib/libnss_extrausers.so.2"],
    },
    Recipe {
        name: "systemd-user",
        purpose: "the reference for user units: systemd --user with a session bus, and Python for small services",
        packages: &["systemd", "libpam-systemd", "dbus", "dbus-user-session", "python3-minimal", "socat"],
        expects: &["usr/lib/systemd/systemd", "usr/bin/systemctl", "usr/bin/dbus-daemon", "usr/bin/python3"],
    },
    Recipe {
        name: "gnome",
        purpose: "GNOME and GDM on OpenRC and elogind, without systemd; Shepherd and turnstile beside",
        packages: &[
            "openrc",
            "openrc-init",
            "openrc-dbus-user-session",
            "elogind",
            "libpam-elogind",
            "shepherd",
            "turnstile",
            "utrans",
            "dbus",
            "gnome-session",
            "gnome-shell",
            "gdm3",
            "accountsservice",
            "upower",
            "pipewire",
            "pipewire-pulse",
            "wireplumber",
            "xdg-desktop-portal-gnome",
            "xwayland",
            "x11-utils",
            "at-spi2-core",
            "libglib2.0-bin",
            "python3-minimal",
            "iproute2",
        ],
        expects: &[
            "usr/bin/gnome-session",
            "usr/bin/gnome-shell",
            "usr/libexec/gnome-session-init-worker",
            "usr/sbin/gdm3",
            "usr/bin/gdbus",
            "usr/bin/Xwayland",
            "usr/bin/xprop",
            "usr/bin/wireplumber",
            "usr/bin/herd",
            "usr/sbin/openrc",
        ],
    },
    Recipe {
        name: "gnome-systemd",
        purpose: "the reference for GNOME: the same packages on systemd --user",
        packages: &[
            "systemd",
            "libpam-systemd",
            "dbus",
            "dbus-user-session",
            "gnome-session",
            "gnome-shell",
            "gdm3",
            "accountsservice",
            "upower",
            "pipewire",
            "pipewire-pulse",
            "wireplumber",
            "xdg-desktop-portal-gnome",
            "xwayland",
            "x11-utils",
            "at-spi2-core",
            "libglib2.0-bin",
            "python3-minimal",
            "iproute2",
        ],
        expects: &[
            "usr/lib/systemd/systemd",
            "usr/bin/gnome-session",
            "usr/bin/gnome-shell",
            "usr/libexec/gnome-session-init-worker",
            "usr/bin/gdbus",
            "usr/bin/Xwayland",
            "usr/bin/xprop",
            "usr/bin/wireplumber",
        ],
    },
    Recipe {
        name: "musl",
        purpose: "builds static binaries and C programs for musl: cargo, rustc, the standard library's source, musl-gcc",
        // LLVM's unwinder, since the one of GCC comes without a build for musl.
        packages: &["cargo", "rustc", "rust-src", "musl-tools", "libunwind-22-dev", "ca-certificates"],
        expects: &["usr/bin/cargo", "usr/bin/musl-gcc", "usr/lib/llvm-22/lib/libunwind.a"],
    },
];

/// The recipe called `name`.
pub fn find(name: &str) -> Option<&'static Recipe> {
    std::iter::once(&BASE).chain(RECIPES).find(|recipe| recipe.name == name)
}

impl Recipe {
    /// What the stamp of a finished root says: a root with another stamp is built again.
    pub fn stamp(&self) -> String {
        format!(
            "format 1\nsuite {}\nbase {:?}\npackages {:?}\nfiles {:?}\n",
            super::root::SUITE,
            BASE.packages,
            self.packages,
            super::root::FILES
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_differ_by_packages() {
        assert_ne!(BASE.stamp(), find("userdb").unwrap().stamp());
        assert_ne!(find("systemd-user").unwrap().stamp(), find("userdb").unwrap().stamp());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = RECIPES.iter().map(|recipe| recipe.name).chain([BASE.name]).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

//! `[Install]`: enable, disable, preset (systemd.unit(5), "[Install] Section Options"; systemd.preset(5)).

/// Whether that is a directive of `[Install]`.
pub fn is_directive(key: &str) -> bool {
    matches!(key, "Alias" | "WantedBy" | "RequiredBy" | "UpheldBy" | "Also" | "DefaultInstance")
}

//! Where the user's files are, and how they are stored.

use serde_json::Value;
use userdb::record::rule::number::u64_of;
use userdb::{Disposition, UserRecord};

use super::Fields;
use super::account::with_realm;
use crate::format::amount::bytes;
use crate::format::text::{printable, uuid, yes_no};
use crate::format::time;
use crate::output::color::Color;

/// How homed stores a home directory; plain directories are `classic`.
fn storage(user: &UserRecord) -> &str {
    user.str("storage").unwrap_or("classic")
}

/// Where homed keeps what a home directory is made of.
fn image_path(user: &UserRecord) -> Option<String> {
    if let Some(path) = user.str("imagePath") {
        return Some(path.to_owned());
    }
    let suffix = match storage(user) {
        "luks" => Some("home"),
        "directory" | "subvolume" | "fscrypt" => Some("homedir"),
        _ => None,
    };
    if let Some(suffix) = suffix.filter(|_| user.disposition() == Some(Disposition::Regular)) {
        return Some(format!("/home/{}.{suffix}", with_realm(user.name(), user.realm())));
    }
    match storage(user) {
        // The user's own home, also while there is a fallback for it.
        "classic" | "directory" | "subvolume" | "fscrypt" => {
            let own = user.str("homeDirectory").filter(|_| user.bool("useFallback") == Some(true));
            Some(own.map_or_else(|| user.home_directory().into_owned(), str::to_owned))
        }
        _ => None,
    }
}

fn is_device(path: &str) -> bool {
    path.starts_with("/dev/")
}

/// Home, blobs, storage and shell.
pub(super) fn add_directories(fields: &mut Fields, user: &UserRecord) {
    let is_fallback = |field| user.bool("useFallback") == Some(true) && user.str(field).is_some();
    let home = user.home_directory();
    fields.add_with_fallback("Directory", &home, is_fallback("fallbackHomeDirectory"));
    fields.add_optional("Default Area", user.str("defaultArea"));
    add_blobs(fields, user);
    let strength = match storage(user) {
        "luks" => " (strong encryption)",
        "fscrypt" => " (weak encryption)",
        "directory" | "subvolume" => " (no encryption)",
        _ => "",
    };
    fields.add("Storage", format!("{}{strength}", storage(user)));
    let image = image_path(user);
    fields.add_optional("Image Path", image.as_deref().filter(|path| *path != home));
    let is_on_device = image.as_deref().map(is_device);
    let is_removable = match storage(user) {
        "classic" => None,
        "luks" => is_on_device,
        _ => Some(false),
    };
    fields.add_bool("Removable", user.bool("removable").or(is_removable));
    fields.add_with_fallback("Shell", user.shell(), is_fallback("fallbackShell"));
}

impl Fields {
    fn add_with_fallback(&mut self, label: &str, value: &str, is_fallback: bool) {
        if !is_fallback {
            return self.add(label, value);
        }
        let mark = self.palette.paint(Color::HighlightYellow, "(fallback)");
        let line = format!("{label:>12}: {} {mark}", printable(value));
        self.add_line(&line);
    }
}

fn add_blobs(fields: &mut Fields, user: &UserRecord) {
    let Some(directory) = user.str("blobDirectory") else { return };
    fields.add("Blob Dir.", directory);
    let Some(Value::Object(manifest)) = user.effective("blobManifest") else { return };
    let mut files: Vec<(&String, &Value)> = manifest.iter().collect();
    files.sort_by_key(|(name, _)| *name);
    let last = files.len().saturating_sub(1);
    for (at, (name, sum)) in files.into_iter().enumerate() {
        let glyph = if at == last { "└─" } else { "├─" };
        let sum = format!("({})", sum.as_str().unwrap_or_default().to_ascii_lowercase());
        let line =
            format!("{:14}{glyph} {} {}", "", printable(name), fields.palette.paint(Color::Grey, &sum));
        fields.add_line(&line);
    }
}

/// What belongs to one kind of storage.
pub(super) fn add_storage(fields: &mut Fields, user: &UserRecord) {
    match storage(user) {
        "luks" => add_luks(fields, user),
        "cifs" => {
            fields.add_optional("CIFS Service", user.str("cifsService"));
            fields.add_optional("CIFS MntOpts", user.str("cifsExtraMountOptions"));
        }
        _ => {}
    }
    fields.add_optional("CIFS User", user.cifs_user_name());
    fields.add_optional("CIFS Domain", user.str("cifsDomain"));
    if storage(user) != "classic" {
        let flag = |field, default| user.bool(field).unwrap_or(default);
        let flags = [
            if flag("mountNoSuid", true) { "nosuid" } else { "suid" },
            if flag("mountNoDevices", true) { "nodev" } else { "dev" },
            if flag("mountNoExecute", false) { "noexec" } else { "exec" },
        ];
        fields.add("Mount Flags", flags.join(" "));
    }
    fields.add_optional("Skel. Dir.", user.str("skeletonDirectory"));
}

fn add_luks(fields: &mut Fields, user: &UserRecord) {
    let is_on_device = image_path(user).as_deref().map(is_device);
    let online = user.bool("luksDiscard").or(is_on_device).unwrap_or(false);
    // A file gives back its room while nobody is logged in; a device is left alone.
    let offline_default = match is_on_device {
        Some(true) => online,
        Some(false) => true,
        None => false,
    };
    let offline = user.bool("luksOfflineDiscard").unwrap_or(offline_default);
    fields.add("LUKS Discard", format!("online={} offline={}", yes_no(online), yes_no(offline)));
    for (label, field) in
        [("LUKS UUID", "luksUuid"), ("Part UUID", "partitionUuid"), ("FS UUID", "fileSystemUuid")]
    {
        let id = user.str(field).and_then(userdb::record::parse_uuid).filter(|id| *id != 0);
        fields.add_optional(label, id.map(uuid));
    }
    fields.add_optional("File System", user.str("fileSystemType"));
    fields.add_optional("LUKS MntOpts", user.str("luksExtraMountOptions"));
    fields.add_optional("LUKS Cipher", user.str("luksCipher"));
    fields.add_optional("Cipher Mode", user.str("luksCipherMode"));
    let bits = user.u64("luksVolumeKeySize").map(|bytes| format!("{}bit", bytes.saturating_mul(8)));
    fields.add_optional("Volume Key", bits);
    fields.add_optional("PBKDF Type", user.str("luksPbkdfType"));
    fields.add_optional("PBKDF Hash", user.str("luksPbkdfHashAlgorithm"));
    fields.add_number("PBKDF Iters", user.u64("luksPbkdfForceIterations"));
    fields.add_optional("PBKDF Time", user.u64("luksPbkdfTimeCostUSec").map(time::duration));
    fields.add_optional("PBKDF Bytes", user.u64("luksPbkdfMemoryCost").map(bytes));
    fields.add_number("PBKDF Thread", user.u64("luksPbkdfParallelThreads"));
    fields.add_number("Sector Size", user.u64("luksSectorSize"));
}

/// How large it is and how full.
pub(super) fn add_usage(fields: &mut Fields, user: &UserRecord) {
    let size = user.u64("diskSize");
    fields.add_optional("Disk Size", size.map(bytes));
    let size = size.filter(|size| *size > 0);
    if let Some(usage) = user.u64("diskUsage") {
        // Rounded up: what is in use is never shown as less.
        let share = size.map(|size| (u128::from(usage) * 1000).div_ceil(u128::from(size)));
        fields.add("Disk Usage", format!("{}{}", bytes(usage), share_text(share)));
    }
    if let Some(free) = user.u64("diskFree") {
        let share = size.map(|size| u128::from(free) * 1000 / u128::from(size));
        let text = format!("{}{}", bytes(free), share_text(share));
        match share {
            Some(share) if share <= 100 && free < 1 << 30 => {
                fields.add_colored("Disk Free", Color::HighlightRed, &text, "");
            }
            Some(share) if share <= 250 && free < 2 << 30 => {
                fields.add_colored("Disk Free", Color::HighlightYellow, &text, "");
            }
            _ => fields.add("Disk Free", text),
        }
    }
    fields.add_optional("Disk Floor", user.u64("diskFloor").map(bytes));
    fields.add_optional("Disk Ceiling", user.u64("diskCeiling").map(bytes));
}

fn share_text(permille: Option<u128>) -> String {
    permille.map_or_else(String::new, |share| format!(" (= {}.{}%)", share / 10, share % 10))
}

/// What homed does with it besides.
pub(super) fn add_care(fields: &mut Fields, user: &UserRecord) {
    let default = (storage(user) == "fscrypt").then_some(true);
    fields.add_bool("Drop Caches", user.bool("dropCaches").or(default));
    fields.add_optional(
        "Auto Resize",
        user.effective("autoResizeMode").map(|mode| match mode {
            Value::Bool(true) => "shrink-and-grow",
            Value::Bool(false) => "off",
            named => named.as_str().unwrap_or("off"),
        }),
    );
    let weight = user.effective("rebalanceWeight").map(|weight| match weight {
        Value::Bool(true) => "weight 100".to_owned(),
        weight => match u64_of(weight).unwrap_or(0) {
            0 => "off".to_owned(),
            weight => format!("weight {weight}"),
        },
    });
    fields.add_optional("Rebalance", weight);
}

//! What the user may change without an administrator.

use userdb::{Disposition, UserRecord};

use super::Fields;
use crate::output::color::Color;

struct List {
    heading: &'static str,
    field: &'static str,
    /// What regular users may change when the record does not say.
    default: &'static [&'static str],
}

const LISTS: [List; 3] = [
    List {
        heading: "Self Modify:",
        field: "selfModifiableFields",
        default: &[
            "realName",
            "emailAddress",
            "iconName",
            "location",
            "shell",
            "umask",
            "environment",
            "timeZone",
            "preferredLanguage",
            "additionalLanguages",
            "preferredSessionLauncher",
            "preferredSessionType",
            "defaultArea",
            "pkcs11TokenUri",
            "fido2HmacCredential",
            "recoveryKeyType",
            "lastChangeUSec",
            "lastPasswordChangeUSec",
        ],
    },
    List { heading: "(Blobs)", field: "selfModifiableBlobs", default: &["avatar", "login-background"] },
    List {
        heading: "(Privileged)",
        field: "selfModifiablePrivileged",
        default: &[
            "passwordHint",
            "hashedPassword",
            "pkcs11EncryptedKey",
            "fido2HmacSalt",
            "recoveryKey",
            "sshAuthorizedKeys",
        ],
    },
];

/// The three lists. Those that come from the defaults are grey.
pub(super) fn add(fields: &mut Fields, user: &UserRecord) {
    let is_regular = user.disposition() == Some(Disposition::Regular);
    for List { heading, field, default } in LISTS {
        let stated = user.effective(field).is_some();
        if !stated && !is_regular {
            fields.add_entry(heading, Some(Color::Highlight), "none");
            continue;
        }
        let names = if stated { user.strings(field) } else { default.to_vec() };
        if names.is_empty() {
            fields.add_entry(heading, Some(Color::HighlightRed), "disabled by administrator");
        }
        let color = (!stated).then_some(Color::Grey);
        for (at, name) in names.into_iter().enumerate() {
            fields.add_entry(if at == 0 { heading } else { "" }, color, name);
        }
    }
}

impl Fields {
    /// A heading, which brings its own colon, and a value.
    fn add_entry(&mut self, heading: &str, color: Option<Color>, value: &str) {
        let value = crate::format::text::printable(value);
        let line = format!("{heading:>13} {}", self.palette.paint_optional(color, &value));
        self.add_line(&line);
    }
}

//! The rules by which the values of fields are judged, one validator for each.

pub mod credential;
pub mod date;
pub mod domain;
pub mod number;
pub mod path;
pub mod resource;
pub mod string;

use serde_json::Value;

use crate::{disposition::Disposition, id, name, text};

/// How the value of a field is judged. The text after each name says what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A user or group name by the relaxed rule.
    Name,
    /// An array of such names. Sections add to each other's names instead of replacing them.
    Names,
    /// A DNS domain.
    Realm,
    /// A UUID, or 32 hex digits.
    Uuid,
    /// An absolute, normalized path.
    Path,
    /// An absolute path other than the root, normalized or not.
    ImagePath,
    /// An absolute, normalized path that passwd can carry.
    Home,
    /// A home path that does not end in a slash.
    Shell,
    /// Any string; what passwd cannot carry is replaced when it is read.
    Gecos,
    /// Any string.
    Text,
    /// A string without control characters, quotes and backslashes.
    SafeText,
    /// An array of strings.
    Texts,
    /// An array of safe strings.
    SafeTexts,
    /// A string, or an array of strings.
    TextOrTexts,
    /// A safe string, or an array of safe strings.
    SafeTextOrTexts,
    /// The name of a locale.
    Locale,
    /// An array of names of locales.
    Locales,
    /// A file name.
    FileName,
    /// true or false.
    Bool,
    /// A uid or gid.
    Id,
    /// A u64, as a number or in a string.
    U64,
    /// A u32, as a number or in a string.
    U32,
    /// A mode of at most 0777, as a number or an octal string.
    Umask,
    /// A mode of at most 07777, as a number or an octal string.
    AccessMode,
    /// An integer from -20 to 19.
    Nice,
    /// An object of `RLIMIT_*` objects with `cur` and `max`.
    ResourceLimits,
    /// A number from 1 to 2^64 - 2.
    Limit,
    /// A number from 1 to 10000.
    Weight,
    /// A weight; 0 and false turn rebalancing off, true and null mean the default.
    RebalanceWeight,
    /// An array of `NAME=VALUE`.
    Environment,
    /// classic, luks, directory, subvolume, fscrypt or cifs.
    Storage,
    /// intrinsic, system, dynamic, regular, container, foreign or reserved.
    Disposition,
    /// A date `YYYY-MM-DD`.
    BirthDate,
    /// off, grow, shrink-and-grow, or a boolean.
    AutoResizeMode,
    /// An object of SHA-256 sums by file name.
    BlobManifest,
    /// An array of PKCS#11 URIs.
    Pkcs11Uris,
    /// An array of base64 strings.
    Base64List,
    /// An array of `pkcs11EncryptedKey` objects.
    Pkcs11Keys,
    /// An array of `fido2HmacSalt` objects.
    Fido2Salts,
    /// An array of `recoveryKey` objects.
    RecoveryKeys,
    /// A condition of perMachine: anything; what is no string or array of strings matches nothing.
    Match,
}

/// Why a value was refused, for a person.
pub type Refusal = String;

impl Rule {
    /// Judges a value that is not null.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the value.
    pub fn check(self, value: &Value) -> Result<(), Refusal> {
        match self {
            Self::Name => string(value, "a valid name", name::is_valid_relaxed),
            Self::Names => strings(value, "a valid name", name::is_valid_relaxed),
            Self::Realm => string(value, "a valid DNS domain", domain::is_valid),
            Self::Uuid => string(value, "a valid UUID", |s| string::parse_uuid(s).is_some()),
            Self::Path => string(value, "an absolute, normalized path", path::is_absolute_normalized),
            Self::ImagePath => string(value, "an absolute path below the root", path::is_image),
            Self::Home => string(value, "a valid home directory", path::is_home),
            Self::Shell => string(value, "a valid path of a shell", path::is_shell),
            Self::Gecos | Self::Text => string(value, "a string", |_| true),
            Self::SafeText => string(value, SAFE, text::is_safe),
            Self::Texts => strings(value, "a string", |_| true),
            Self::SafeTexts => strings(value, SAFE, text::is_safe),
            Self::TextOrTexts => string_or_strings(value, "a string", |_| true),
            Self::SafeTextOrTexts => string_or_strings(value, SAFE, text::is_safe),
            Self::Locale => string(value, "a valid locale", string::is_locale),
            Self::Locales => strings(value, "a valid locale", string::is_locale),
            Self::FileName => string(value, "a valid file name", path::is_file_name),
            Self::Bool => is(value.is_boolean(), value, "true or false"),
            Self::Id => is(id::from_json_number(value).is_some(), value, "a valid UID or GID"),
            Self::U64 => is(number::u64_of(value).is_some(), value, "an unsigned 64-bit integer"),
            Self::U32 => is(
                number::u64_of(value).is_some_and(|n| n <= u32::MAX.into()),
                value,
                "an unsigned 32-bit integer",
            ),
            Self::Umask => {
                is(number::mode_of(value).is_some_and(|m| m <= 0o777), value, "a mode of at most 0777")
            }
            Self::AccessMode => {
                is(number::mode_of(value).is_some_and(|m| m <= 0o7777), value, "a mode of at most 07777")
            }
            Self::Nice => is(
                id::as_signed(value).is_some_and(|n| (-20..20).contains(&n)),
                value,
                "a nice level from -20 to 19",
            ),
            Self::ResourceLimits => resource::check_limits(value),
            Self::Limit => is(
                id::as_unsigned(value).is_some_and(|n| (1..u64::MAX).contains(&n)),
                value,
                "a number from 1 to 18446744073709551614",
            ),
            Self::Weight => is(number::is_weight(value), value, "a weight from 1 to 10000"),
            Self::RebalanceWeight => is(
                value.is_boolean() || id::as_unsigned(value).is_some_and(|n| n <= number::WEIGHT_MAX),
                value,
                "a weight from 0 to 10000, or a boolean",
            ),
            Self::Environment => strings(value, "an assignment NAME=VALUE", string::is_assignment),
            Self::Storage => string(value, "a known storage type", string::is_storage),
            Self::Disposition => string(value, "a known disposition", |s| Disposition::parse(s).is_some()),
            Self::BirthDate => string(value, "a date YYYY-MM-DD", date::is_date),
            Self::AutoResizeMode => is(
                value.is_boolean() || value.as_str().is_some_and(string::is_auto_resize_mode),
                value,
                "off, grow, shrink-and-grow, or a boolean",
            ),
            Self::BlobManifest => resource::check_blob_manifest(value),
            Self::Pkcs11Uris => strings(value, "a PKCS#11 URI", credential::is_pkcs11_uri),
            Self::Base64List => strings(value, "base64", credential::is_base64),
            Self::Pkcs11Keys => credential::check_pkcs11_keys(value),
            Self::Fido2Salts => credential::check_fido2_salts(value),
            Self::RecoveryKeys => credential::check_recovery_keys(value),
            Self::Match => Ok(()),
        }
    }

    /// True if sections add to each other's values of this rule instead of replacing them.
    pub fn appends(self) -> bool {
        self == Self::Names
    }
}

const SAFE: &str = "a string without control characters, quotes and backslashes";

/// `Ok` if the condition holds, else a refusal that shows the value.
pub(crate) fn is(condition: bool, value: &Value, expected: &str) -> Result<(), Refusal> {
    if condition { Ok(()) } else { Err(refusal(value, expected)) }
}

/// "VALUE is not EXPECTED", with the value cut short.
pub(crate) fn refusal(value: &Value, expected: &str) -> Refusal {
    const SHOWN: usize = 60;
    let shown = value.to_string();
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... is not {expected}", shown.get(..end).unwrap_or_default()),
        None => format!("{shown} is not {expected}"),
    }
}

pub(crate) fn string(value: &Value, expected: &str, valid: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    is(value.as_str().is_some_and(valid), value, expected)
}

pub(crate) fn strings(value: &Value, expected: &str, valid: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let Some(items) = value.as_array() else { return Err(refusal(value, "an array")) };
    items.iter().try_for_each(|item| string(item, expected, &valid))
}

fn string_or_strings(value: &Value, expected: &str, valid: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    if value.is_string() { string(value, expected, valid) } else { strings(value, expected, valid) }
}

//! Settings of a transient unit: from a D-Bus value to a line of a unit file.

use std::fmt::Write as _;

use zbus::{OwnedVariant, Variant};

use crate::bus::error::Failure;
use crate::unit::diagnostic::Diagnostic;
use crate::unit::spec::UnitKind;

/// What belongs into `[Unit]`; everything else is the type's own.
const UNIT_SECTION: [&str; 43] = [
    "Description",
    "Documentation",
    "Requires",
    "Requisite",
    "Wants",
    "BindsTo",
    "PartOf",
    "Upholds",
    "Conflicts",
    "Before",
    "After",
    "OnFailure",
    "OnSuccess",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "JoinsNamespaceOf",
    "RequiresMountsFor",
    "WantsMountsFor",
    "StopWhenUnneeded",
    "RefuseManualStart",
    "RefuseManualStop",
    "AllowIsolate",
    "DefaultDependencies",
    "SurviveFinalKillSignal",
    "OnSuccessJobMode",
    "OnFailureJobMode",
    "IgnoreOnIsolate",
    "JobTimeoutSec",
    "JobRunningTimeoutSec",
    "JobTimeoutAction",
    "JobTimeoutRebootArgument",
    "StartLimitIntervalSec",
    "StartLimitBurst",
    "StartLimitAction",
    "FailureAction",
    "FailureActionExitStatus",
    "SuccessAction",
    "SuccessActionExitStatus",
    "RebootArgument",
    "CollectMode",
    "SourcePath",
];

/// The text of a unit file, while it is written.
#[derive(Debug)]
pub struct Text {
    section: Option<&'static str>,
    text: String,
    /// The property behind each line.
    properties: Vec<Option<String>>,
}

/// The error of a value that is of another type than the property.
pub fn wrong_type(property: &str, signature: &str) -> Failure {
    Failure::invalid_arguments(format!("The value of {property} is not of the type '{signature}'."))
}

fn unknown(property: &str) -> Failure {
    Failure::property_read_only(format!("Cannot set property {property}, or unknown property."))
}

impl Text {
    /// An empty file of a unit of that type.
    pub fn of(kind: UnitKind) -> Self {
        let section = match kind {
            UnitKind::Service => Some("Service"),
            UnitKind::Scope => Some("Scope"),
            UnitKind::Slice => Some("Slice"),
            UnitKind::Timer => Some("Timer"),
            UnitKind::Path => Some("Path"),
            UnitKind::Socket => Some("Socket"),
            _ => None,
        };
        Self { section, text: String::new(), properties: Vec::new() }
    }

    /// The file.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// Adds a property.
    ///
    /// # Errors
    /// Nobody knows it, or its value is of no use.
    pub fn add(&mut self, property: &str, value: &OwnedVariant) -> Result<(), Failure> {
        if property.is_empty() || !property.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(unknown(property));
        }
        for (directive, text) in lines(property, value)? {
            self.line(property, &directive, &text)?;
        }
        Ok(())
    }

    fn line(&mut self, property: &str, directive: &str, value: &str) -> Result<(), Failure> {
        // A line break would begin another setting.
        if value.chars().any(char::is_control) {
            return Err(Failure::invalid_arguments(format!(
                "{property}: control characters cannot be in it."
            )));
        }
        let section = if UNIT_SECTION.contains(&directive) { Some("Unit") } else { self.section };
        let section = section.ok_or_else(|| unknown(property))?;
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "[{section}]\n{directive}={value}");
        self.properties.extend([None, Some(property.to_owned())]);
        Ok(())
    }

    /// What a finding about the text means to the client.
    pub fn failure(&self, finding: &Diagnostic) -> Failure {
        let place = usize::try_from(finding.line).ok().and_then(|line| line.checked_sub(1));
        let property = place.and_then(|place| self.properties.get(place)).and_then(Option::as_deref);
        match property {
            Some(property) if finding.message.starts_with("unknown directive") => unknown(property),
            Some(property) => Failure::invalid_arguments(format!("{property}: {}", finding.message)),
            None => Failure::bad_unit_setting(finding.message.clone()),
        }
    }
}

/// The lines of a unit file for a property: directive and value.
fn lines(property: &str, value: &OwnedVariant) -> Result<Vec<(String, String)>, Failure> {
    let one = |directive: &str, text: String| Ok(vec![(directive.to_owned(), text)]);
    match (property, &**value) {
        ("Description", Variant::Str(text)) => {
            let plain: String =
                text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            one(property, literal(&plain))
        }
        ("CPUQuotaPerSecUSec", Variant::U64(span)) => {
            let text = if *span == u64::MAX { String::new() } else { format!("{}%", span / 10_000) };
            one("CPUQuota", text)
        }
        ("UMask" | "SocketMode" | "DirectoryMode", Variant::U32(mode)) => {
            one(property, format!("{mode:04o}"))
        }
        ("Environment", Variant::Array(_)) => {
            let words: Vec<String> = texts(property, value)?.iter().map(|word| quoted(word)).collect();
            one(property, words.join(" "))
        }
        ("EnvironmentFiles", Variant::Array(list)) => list
            .inner()
            .iter()
            .map(|entry| match fields(entry) {
                [Variant::Str(path), Variant::Bool(optional)] => {
                    let mark = if *optional { "-" } else { "" };
                    Ok(("EnvironmentFile".to_owned(), format!("{mark}{}", literal(path))))
                }
                _ => Err(wrong_type(property, "a(sb)")),
            })
            .collect(),
        ("TimersMonotonic", Variant::Array(list)) => list
            .inner()
            .iter()
            .map(|entry| match fields(entry) {
                [Variant::Str(base), Variant::U64(span)] => {
                    let base = base.strip_suffix("USec").or_else(|| base.strip_suffix("Sec"));
                    let base = base.ok_or_else(|| Failure::invalid_arguments("Invalid timer base."))?;
                    Ok((format!("{base}Sec"), span_text(*span)))
                }
                _ => Err(wrong_type(property, "a(st)")),
            })
            .collect(),
        ("TimersCalendar" | "Listen" | "Paths", Variant::Array(list)) => list
            .inner()
            .iter()
            .map(|entry| match fields(entry) {
                [Variant::Str(kind), Variant::Str(what)] => {
                    let directive =
                        if property == "Listen" { format!("Listen{kind}") } else { kind.to_string() };
                    Ok((directive, literal(what)))
                }
                _ => Err(wrong_type(property, "a(ss)")),
            })
            .collect(),
        (_, Variant::Array(list)) if property.starts_with("Exec") && property != "ExecSearchPath" => {
            let directive = property.strip_suffix("Ex").unwrap_or(property);
            list.inner()
                .iter()
                .map(|command| Ok((directive.to_owned(), command_text(property, command)?)))
                .collect()
        }
        (_, value_of_any) => plain(property, value_of_any, value),
    }
}

/// A property that is named as its directive and whose value is written as it is.
fn plain(
    property: &str,
    value: &Variant<'_>,
    owned: &OwnedVariant,
) -> Result<Vec<(String, String)>, Failure> {
    let span = property.strip_suffix("USec").map(|stem| format!("{stem}Sec"));
    let text = match value {
        Variant::Str(text) => literal(text),
        Variant::Bool(value) => crate::unit::value::boolean::format(*value).to_owned(),
        Variant::U64(number) if span.is_some() => span_text(*number),
        Variant::U64(u64::MAX) => "infinity".to_owned(),
        Variant::U64(number) => number.to_string(),
        Variant::U32(number) => number.to_string(),
        Variant::I32(number) => number.to_string(),
        Variant::U8(number) => number.to_string(),
        Variant::Array(_) => {
            let words = texts(property, owned)?;
            if words.iter().any(|word| word.contains(['"', '\'', '\\', ' '])) {
                return Err(Failure::invalid_arguments(format!(
                    "{property}: quotes and spaces cannot be in it."
                )));
            }
            words.iter().map(|word| literal(word)).collect::<Vec<_>>().join(" ")
        }
        _ => return Err(unknown(property)),
    };
    Ok(vec![(span.unwrap_or_else(|| property.to_owned()), text)])
}

fn span_text(span: u64) -> String {
    if span == u64::MAX { "infinity".to_owned() } else { format!("{span}us") }
}

fn fields<'a>(value: &'a Variant<'a>) -> &'a [Variant<'a>] {
    match value {
        Variant::Structure(structure) => structure.fields(),
        _ => &[],
    }
}

fn texts(property: &str, value: &Variant<'_>) -> Result<Vec<String>, Failure> {
    let Variant::Array(list) = value else { return Err(wrong_type(property, "as")) };
    let text = |element: &Variant<'_>| match element {
        Variant::Str(text) => Ok(text.to_string()),
        _ => Err(wrong_type(property, "as")),
    };
    list.inner().iter().map(text).collect()
}

/// A text in which no specifier is expanded.
fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// One word, whatever is in it.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for letter in word.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '%' => text.push_str("%%"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// One command: `(sasb)`, path, arguments and whether a failure counts, or `(sasas)` with the names of flags.
fn command_text(property: &str, command: &Variant<'_>) -> Result<String, Failure> {
    let wrong = || wrong_type(property, if property.ends_with("Ex") { "a(sasas)" } else { "a(sasb)" });
    let [Variant::Str(path), arguments, flags] = fields(command) else { return Err(wrong()) };
    let arguments = texts(property, arguments)?;
    let flags: Vec<String> = match flags {
        Variant::Bool(true) => vec!["ignore-failure".to_owned()],
        Variant::Bool(false) => Vec::new(),
        names => texts(property, names)?,
    };
    let mut text = String::from("@");
    for flag in &flags {
        text.push(match flag.as_str() {
            "ignore-failure" => '-',
            "no-env-expand" => ':',
            "privileged" => '+',
            "no-setuid" => '!',
            "via-shell" => '|',
            _ => return Err(Failure::invalid_arguments(format!("{property}: unknown flag {flag}"))),
        });
    }
    if arguments.is_empty() || path.is_empty() {
        return Err(Failure::invalid_arguments(format!("{property}: the command is empty.")));
    }
    text.push_str(&literal(path));
    if path.contains([' ', '\t', '"', '\'', '\\', ';']) {
        return Err(Failure::invalid_arguments(format!("{property}: the path has spaces or quotes.")));
    }
    for argument in &arguments {
        text.push(' ');
        text.push_str(&quoted(argument));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
        value.into().try_into_owned().unwrap()
    }

    fn text(property: &str, of: impl Into<Variant<'static>>) -> Result<String, Failure> {
        let mut text = Text::of(UnitKind::Service);
        text.add(property, &value(of))?;
        Ok(text.text())
    }

    #[test]
    fn values_become_lines() {
        assert_eq!(text("Description", "50% of\nit").unwrap(), "[Unit]\nDescription=50%% of it\n");
        assert_eq!(text("RestartUSec", 1500u64).unwrap(), "[Service]\nRestartSec=1500us\n");
        assert_eq!(text("MemoryMax", u64::MAX).unwrap(), "[Service]\nMemoryMax=infinity\n");
        assert_eq!(
            text("After", vec!["a.service", "b.target"]).unwrap(),
            "[Unit]\nAfter=a.service b.target\n"
        );
        assert_eq!(text("UMask", 0o22u32).unwrap(), "[Service]\nUMask=0022\n");
        assert_eq!(
            text("Environment", vec!["A=b c", r#"B="\x""#]).unwrap(),
            "[Service]\nEnvironment=\"A=b c\" \"B=\\\"\\\\x\\\"\"\n"
        );
    }

    #[test]
    fn commands_keep_their_words() {
        let command = ("/bin/echo".to_owned(), vec!["echo".to_owned(), "a \"b\" 5% $X;".to_owned()], true);
        assert_eq!(
            text("ExecStart", vec![command]).unwrap(),
            "[Service]\nExecStart=@-/bin/echo \"echo\" \"a \\\"b\\\" 5%% $X;\"\n"
        );
    }

    #[test]
    fn no_value_can_begin_another_setting() {
        assert!(text("Slice", "a.slice\nExecStart=/bin/evil").is_err());
        assert!(text("User]\nExecStart", "x").is_err());
        assert!(text("After", vec!["a.service\nExecStart=/bin/evil"]).is_err());
    }

    #[test]
    fn a_finding_names_its_property() {
        let mut lines = Text::of(UnitKind::Service);
        lines.add("Type", &value("simple")).unwrap();
        lines.add("Foo", &value("x")).unwrap();
        let finding = Diagnostic::at(
            crate::unit::diagnostic::Severity::Warning,
            std::path::Path::new(""),
            4,
            "unknown directive Foo= in [Service], the line is ignored",
        );
        assert_eq!(lines.failure(&finding).message, "Cannot set property Foo, or unknown property.");
    }
}

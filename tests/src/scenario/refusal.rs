//! Why a request was refused, in words that all players use.

use session_launcher::job::RequestError;

/// The word for what systemctl prints.
pub fn word_of_text(text: &str) -> String {
    let words = [
        "by dependency only",
        "not found",
        "not loaded",
        "bad unit file setting",
        "masked",
        "may not be isolated",
        "only valid",
        "not applicable",
        "conflicting jobs",
        "order is cyclic",
        "is destructive",
        "would stop a running unit",
    ];
    match words.iter().find(|word| text.contains(**word)) {
        Some(word) => (*word).to_owned(),
        None => text.to_owned(),
    }
}

/// The word for the engine's own error.
pub fn word_of_error(error: &RequestError) -> &'static str {
    match error {
        RequestError::NoSuchUnit(_) => "not found",
        RequestError::NotLoaded(_) => "not loaded",
        RequestError::LoadFailed { .. } => "failed to load",
        RequestError::BadUnitSetting(_) => "bad unit file setting",
        RequestError::UnitMasked(_) => "masked",
        RequestError::OnlyByDependency(_) => "by dependency only",
        RequestError::NoIsolation(_) => "may not be isolated",
        RequestError::InvalidMode { .. } => "only valid",
        RequestError::NotApplicable { .. } => "not applicable",
        RequestError::JobsConflicting { .. } => "conflicting jobs",
        RequestError::OrderIsCyclic(_) => "order is cyclic",
        RequestError::Destructive { .. } => "is destructive",
        RequestError::NotLenient { .. } => "would stop a running unit",
    }
}

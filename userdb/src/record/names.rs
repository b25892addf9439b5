//! The names under which an account is found: with and without its realm.

use std::borrow::Cow;

/// All names of an account, each once.
pub(super) fn all<'a>(name: &'a str, realm: Option<&str>, aliases: Vec<&'a str>) -> Vec<Cow<'a, str>> {
    let mut names: Vec<Cow<'a, str>> = Vec::with_capacity((1 + aliases.len()) * 2);
    for plain in std::iter::once(name).chain(aliases) {
        let qualified = realm.map(|realm| Cow::Owned(format!("{plain}@{realm}")));
        for name in [Some(Cow::Borrowed(plain)), qualified].into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// True if the wanted name is one of [`all`], without making them.
pub(super) fn is_named<'a>(
    wanted: &str,
    name: &str,
    realm: Option<&str>,
    aliases: impl FnOnce() -> Vec<&'a str>,
) -> bool {
    let unqualified = realm.and_then(|realm| wanted.strip_suffix(realm)?.strip_suffix('@'));
    let is_wanted = |own: &str| own == wanted || Some(own) == unqualified;
    is_wanted(name) || aliases().into_iter().any(is_wanted)
}

//! The session bus as a client in the machine sees it, through gdbus.

use crate::lab::process::CommandInside;

/// Calls a method; arguments and answer are in GVariant's text form. `gdbus` is the command of that name, made for
/// the user and with the address of the bus in its environment.
///
/// # Errors
/// What gdbus printed.
pub fn call(
    gdbus: CommandInside<'_>,
    destination: &str,
    object: &str,
    method: &str,
    arguments: &[&str],
) -> Result<String, String> {
    let output = gdbus
        .args(["call", "--session", "--timeout", "20", "--dest", destination])
        .args(["--object-path", object, "--method", method])
        .args(arguments.iter().copied())
        .output();
    if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) }
}

/// The strings of a GVariant text, in order; paths and signatures among them.
pub fn strings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = text.chars();
    while let Some(start) = characters.next() {
        if start != '\'' && start != '"' {
            continue;
        }
        let mut string = String::new();
        while let Some(character) = characters.next() {
            match character {
                '\\' => string.extend(characters.next()),
                end if end == start => break,
                other => string.push(other),
            }
        }
        found.push(string);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn both_quotes_and_escapes() {
        assert_eq!(
            strings(r#"([('a', "it's", objectpath '/', uint32 0, 'b\'c')],)"#),
            ["a", "it's", "/", "b'c"]
        );
    }
}

//! What libtest prints, counted.

/// Results of many test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed, or that returned after they recorded a skip.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Their names, in the order in which they are printed.
    pub failures: Vec<String>,
    /// Tests with `#[ignore]`: name and reason.
    pub ignored: Vec<(String, String)>,
}

impl Counts {
    /// Takes one line of output into account.
    pub fn line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            // ok. 4 passed; 0 failed; 0 ignored; ...
            let counts = rest.split_once(". ").map_or(rest, |(_, counts)| counts);
            for part in counts.split(';') {
                match part.trim().split_once(' ') {
                    Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                    Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                    _ => {}
                }
            }
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        } else if let Some((name, rest)) =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ignored"))
        {
            let reason = rest.strip_prefix(", ").unwrap_or("marked #[ignore]");
            self.ignored.push((name.to_owned(), reason.trim().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(output: &str) -> Counts {
        let mut counts = Counts::default();
        output.lines().for_each(|line| counts.line(line));
        counts
    }

    #[test]
    fn adds_up_binaries() {
        let counts = counts(
            "test a ... ok\n\
             test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n",
        );
        assert_eq!(counts, Counts { passed: 5, failed: 2, ..Counts::default() });
    }

    #[test]
    fn failures_keep_their_names() {
        let counts = counts("test a::b ... FAILED\ntest c ... ok\ntest d ... FAILED\n");
        assert_eq!(counts.failures, ["a::b", "d"]);
    }

    #[test]
    fn ignored_tests_keep_their_reason() {
        let counts = counts("test slow ... ignored, takes an hour\ntest other ... ignored\n");
        assert_eq!(
            counts.ignored,
            [
                ("slow".to_owned(), "takes an hour".to_owned()),
                ("other".to_owned(), "marked #[ignore]".to_owned())
            ]
        );
    }
}

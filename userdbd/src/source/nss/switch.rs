//! nsswitch.conf(5): which NSS modules other than ours know users and groups.

use std::path::Path;

/// Services whose answers are known here already: the account files, and modules that ask userdb services, so this daemon.
const KNOWN_HERE: [&str; 4] = ["files", "compat", "systemd", "userdb"];

/// The databases that records are made from, as the file names them.
const DATABASES: [&str; 5] = ["passwd", "shadow", "group", "gshadow", "initgroups"];

/// What nsswitch.conf says of the modules that have to be asked, for each database that has any.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Switch {
    lines: Vec<(&'static str, String)>,
    merges_groups: bool,
}

impl Switch {
    /// Reads the file of this system. Without one, glibc asks files only; other C libraries have no such file. The modules of
    /// another `root` are not for this system.
    pub fn read(root: &Path) -> Self {
        if cfg!(not(target_env = "gnu")) || root != Path::new("/") {
            return Self::default();
        }
        let text = std::fs::read(root.join("etc/nsswitch.conf")).unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// Takes the text of the file.
    pub fn parse(text: &str) -> Self {
        let line_of = |database: &str| text.lines().rev().find_map(|line| services(line, database));
        let mut switch = Self::default();
        for database in DATABASES {
            let foreign = match line_of(database) {
                Some(services) => reachable(&services),
                // Without a line of its own it is that of groups, of which every module is asked whatever another says.
                None if database == "initgroups" => all_of(&line_of("group").unwrap_or_default()),
                None => String::new(),
            };
            if !foreign.is_empty() {
                switch.lines.push((database, foreign));
            }
        }
        let merges = |services: Vec<Service<'_>>| {
            services.iter().take_while(|service| service.is_known_here()).any(|service| {
                service.actions.iter().any(|action| action.eq_ignore_ascii_case("success=merge"))
            })
        };
        switch.merges_groups = switch.asks("group") && line_of("group").is_some_and(merges);
        switch
    }

    #[cfg_attr(not(target_env = "gnu"), expect(dead_code, reason = "there are no modules"))]
    /// Whether no module has to be asked for anything.
    pub fn is_empty(&self) -> bool {
        // Hashes of users that nobody knows make no record.
        !["passwd", "group", "initgroups"].iter().any(|database| self.asks(database))
    }

    /// Whether a module is asked for entries of this database.
    pub fn asks(&self, database: &str) -> bool {
        self.lines.iter().any(|(other, _)| *other == database)
    }

    /// Whether modules add members to the groups of the account files.
    pub fn merges_groups(&self) -> bool {
        self.merges_groups
    }

    #[cfg_attr(not(target_env = "gnu"), expect(dead_code, reason = "there are no modules"))]
    /// Each database with the modules to ask and what follows from their answers, in the file's own syntax.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|(database, services)| (*database, services.as_str()))
    }
}

/// A service, and what follows from its answers: `NOTFOUND=return`.
struct Service<'a> {
    name: &'a str,
    actions: Vec<&'a str>,
}

impl Service<'_> {
    fn is_known_here(&self) -> bool {
        KNOWN_HERE.contains(&self.name)
    }

    /// Whether the next service is asked for what this one does not know.
    fn passes_on(&self) -> bool {
        let mut passes = true;
        for action in &self.actions {
            let Some((status, outcome)) = action.split_once('=') else { continue };
            let is_meant = match status.trim().strip_prefix('!') {
                Some(other) => !other.eq_ignore_ascii_case("notfound"),
                None => status.trim().eq_ignore_ascii_case("notfound"),
            };
            if is_meant {
                passes = !outcome.trim().eq_ignore_ascii_case("return");
            }
        }
        passes
    }
}

/// The services of a line; none when it is another database's.
fn services<'a>(line: &'a str, database: &str) -> Option<Vec<Service<'a>>> {
    let line = line.split('#').next()?;
    let (name, mut rest) = line.split_once(':')?;
    if name.trim() != database {
        return None;
    }
    let mut services: Vec<Service<'a>> = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(actions) = rest.strip_prefix('[') {
            // The rest of a line that is broken counts for nothing.
            let (Some((actions, after)), Some(service)) = (actions.split_once(']'), services.last_mut())
            else {
                return Some(services);
            };
            service.actions.extend(actions.split_ascii_whitespace());
            rest = after;
        } else {
            let end = rest.find(|letter: char| letter.is_ascii_whitespace() || letter == '[');
            let (name, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            if name.is_empty() {
                return Some(services);
            }
            services.push(Service { name, actions: Vec::new() });
            rest = after;
        }
    }
}

/// The services that are asked for what is not known here, in the file's syntax.
fn reachable(services: &[Service<'_>]) -> String {
    let mut words = Vec::new();
    for service in services {
        if !service.is_known_here() {
            words.push(service.name.to_owned());
            if !service.actions.is_empty() {
                words.push(format!("[{}]", service.actions.join(" ")));
            }
        } else if !service.passes_on() {
            break;
        }
    }
    words.join(" ")
}

/// All services that are not known here, each asked whatever the one before it says.
fn all_of(services: &[Service<'_>]) -> String {
    let foreign = services.iter().filter(|service| !service.is_known_here());
    foreign.map(|service| format!("{} [SUCCESS=continue]", service.name)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, String)> {
        Switch::parse(text).lines().map(|(database, services)| (database.into(), services.into())).collect()
    }

    fn passwd(services: &str) -> String {
        let lines = lines(&format!("passwd: {services}\n"));
        lines.first().map(|(_, services)| services.clone()).unwrap_or_default()
    }

    #[test]
    fn what_is_known_here_is_left_out() {
        assert!(Switch::parse("").is_empty());
        assert!(Switch::parse("passwd: files systemd\ngroup: compat userdb\nhosts: files dns\n").is_empty());
        assert_eq!(passwd("files sss systemd"), "sss");
        assert_eq!(passwd("extrausers files"), "extrausers");
    }

    #[test]
    fn comments_space_and_the_last_of_two_lines() {
        assert_eq!(
            lines("#passwd: old\n  passwd :\tfiles  sss # ldap\nshadow: files\n"),
            [("passwd".into(), "sss".into())]
        );
        assert_eq!(lines("passwd: old\npasswd: new\n"), [("passwd".into(), "new".into())]);
        assert!(Switch::parse("passwd_compat: nis\nno line\npasswd\n").is_empty());
    }

    #[test]
    fn a_service_that_ends_the_search_hides_those_after_it() {
        assert_eq!(passwd("files [NOTFOUND=return] ldap"), "");
        assert_eq!(passwd("files[notfound=RETURN]ldap"), "");
        assert_eq!(passwd("systemd [!UNAVAIL=return] ldap"), "");
        assert_eq!(passwd("files [!NOTFOUND=return] ldap"), "ldap");
        assert_eq!(passwd("files [!SUCCESS=return NOTFOUND=continue] ldap"), "ldap");
        assert_eq!(passwd("files [SUCCESS=continue] ldap"), "ldap");
    }

    #[test]
    fn what_follows_from_a_modules_answer_stays_with_it() {
        assert_eq!(
            passwd("files sss [NOTFOUND=return UNAVAIL=continue] [TRYAGAIN=return] systemd ldap"),
            "sss [NOTFOUND=return UNAVAIL=continue TRYAGAIN=return] ldap"
        );
        // systemd does not end the search for what sss says.
        assert_eq!(passwd("sss systemd [NOTFOUND=return] ldap"), "sss");
    }

    #[test]
    fn a_broken_line_counts_up_to_where_it_breaks() {
        assert_eq!(passwd("files sss [NOTFOUND=return ldap"), "sss");
        assert_eq!(passwd("[NOTFOUND=return] sss"), "");
        assert_eq!(passwd("files \u{e9}ldap"), "\u{e9}ldap");
    }

    #[test]
    fn all_modules_of_groups_are_asked_for_the_groups_of_a_user() {
        let own = |(database, services): (&str, &str)| (database.to_owned(), services.to_owned());
        let switch = Switch::parse("group: files [NOTFOUND=return] a [SUCCESS=merge] b\n");
        assert_eq!(
            switch.lines().map(own).collect::<Vec<_>>(),
            [("initgroups".into(), "a [SUCCESS=continue] b [SUCCESS=continue]".into())]
        );
        assert!(!switch.is_empty());
        let switch = Switch::parse("group: files a b\ninitgroups: files b\n");
        assert_eq!(
            switch.lines().map(own).collect::<Vec<_>>(),
            [("group".into(), "a b".into()), ("initgroups".into(), "b".into())]
        );
    }

    #[test]
    fn groups_are_merged_when_the_file_says_so() {
        assert!(Switch::parse("group: files [SUCCESS=merge] sss\n").merges_groups());
        assert!(!Switch::parse("group: files sss [SUCCESS=merge] ldap\n").merges_groups());
        assert!(!Switch::parse("group: files [SUCCESS=merge] systemd\n").merges_groups());
    }

    #[test]
    fn hashes_alone_are_no_reason_to_ask() {
        assert!(Switch::parse("passwd: files\nshadow: files sss\n").is_empty());
    }
}

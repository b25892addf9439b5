//! Whom a service's processes run as (systemd.exec(5), "User=", "SupplementaryGroups=", "AmbientCapabilities=").
//! This process stays root's: what only root may do is done before.

use std::ffi::CString;
use std::io;

use nix::unistd::{Group, User, getgrouplist};
use rustix::process::{Gid, Uid};
use rustix::thread::{self, CapabilitySet};

use super::Error;
use super::options::Options;

/// A user with groups.
#[derive(Debug, Clone)]
pub struct Identity {
    uid: Option<Uid>,
    gid: Option<Gid>,
    groups: Vec<Gid>,
    capabilities: CapabilitySet,
    /// `$USER`, `$LOGNAME`, `$HOME` and `$SHELL`.
    pub variables: Vec<(&'static str, String)>,
}

impl Identity {
    /// Looks up what the arguments name. Nothing when they name nobody.
    ///
    /// # Errors
    /// There is no such user, group or capability.
    pub fn of(options: &Options) -> Result<Option<Self>, Error> {
        if options.user.is_none() && options.group.is_none() && options.supplementary_group.is_empty() {
            return Ok(None);
        }
        let user = options.user.as_deref().map(user).transpose()?;
        let main_group = match &options.group {
            Some(name) => Some(group(name)?),
            None => user.as_ref().map(|user| user.gid.as_raw()),
        };
        let mut groups: Vec<u32> = Vec::new();
        if let Some(user) = &user {
            let name = CString::new(user.name.as_str()).map_err(|_| invalid("--user", &user.name))?;
            let main = nix::unistd::Gid::from_raw(main_group.unwrap_or_else(|| user.gid.as_raw()));
            let found = getgrouplist(&name, main).map_err(|error| Error::system("--user", error))?;
            groups.extend(found.into_iter().map(nix::unistd::Gid::as_raw));
        }
        for name in &options.supplementary_group {
            groups.push(group(name)?);
        }
        groups.sort_unstable();
        groups.dedup();
        let mut capabilities = CapabilitySet::empty();
        for name in &options.ambient_capability {
            capabilities |= capability(name).ok_or_else(|| invalid("--ambient-capability", name))?;
        }
        let variables = user.as_ref().map(variables).unwrap_or_default();
        Ok(Some(Self {
            uid: user.map(|user| Uid::from_raw(user.uid.as_raw())),
            gid: main_group.map(Gid::from_raw),
            groups: groups.into_iter().map(Gid::from_raw).collect(),
            capabilities,
            variables,
        }))
    }

    /// Becomes it. To be called between fork and exec: only system calls, and nothing is allocated.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn assume(&self) -> io::Result<()> {
        thread::set_thread_groups(&self.groups)?;
        if let Some(gid) = self.gid {
            thread::set_thread_res_gid(gid, gid, gid)?;
        }
        let Some(uid) = self.uid else { return Ok(()) };
        if self.capabilities.is_empty() {
            return Ok(thread::set_thread_res_uid(uid, uid, uid)?);
        }
        // They would go with root's uid.
        thread::set_keep_capabilities(true)?;
        thread::set_thread_res_uid(uid, uid, uid)?;
        let sets = thread::CapabilitySets {
            effective: self.capabilities,
            permitted: self.capabilities,
            inheritable: self.capabilities,
        };
        thread::set_capabilities(None, sets)?;
        for capability in self.capabilities.iter() {
            thread::configure_capability_in_ambient_set(capability, true)?;
        }
        Ok(())
    }
}

fn invalid(option: &str, value: &str) -> Error {
    Error::Argument(format!("{option} {value}: there is none"))
}

/// By name or by number; a number needs no account.
fn user(name: &str) -> Result<User, Error> {
    let failed = |error: nix::Error| Error::system(format!("--user {name}"), error);
    let found = match name.parse() {
        Ok(uid) => User::from_uid(nix::unistd::Uid::from_raw(uid)),
        Err(_) => User::from_name(name),
    };
    found.map_err(failed)?.ok_or_else(|| invalid("--user", name))
}

fn group(name: &str) -> Result<u32, Error> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let found = Group::from_name(name).map_err(|error| Error::system(format!("--group {name}"), error))?;
    found.map(|group| group.gid.as_raw()).ok_or_else(|| invalid("--group", name))
}

fn capability(name: &str) -> Option<CapabilitySet> {
    let upper = name.to_ascii_uppercase();
    CapabilitySet::from_name(upper.strip_prefix("CAP_").unwrap_or(&upper))
}

fn variables(user: &User) -> Vec<(&'static str, String)> {
    let shell = if user.shell.as_os_str().is_empty() { "/bin/sh".into() } else { user.shell.clone() };
    vec![
        ("USER", user.name.clone()),
        ("LOGNAME", user.name.clone()),
        ("HOME", user.dir.to_string_lossy().into_owned()),
        ("SHELL", shell.to_string_lossy().into_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_by_name() {
        assert_eq!(capability("CAP_AUDIT_WRITE"), Some(CapabilitySet::AUDIT_WRITE));
        assert_eq!(capability("cap_net_raw"), Some(CapabilitySet::NET_RAW));
        assert_eq!(capability("CAP_NONE"), None);
    }

    #[test]
    fn accounts_by_name_and_by_number() {
        assert_eq!(user("root").unwrap().uid.as_raw(), 0);
        assert_eq!(user("0").unwrap().name, "root");
        assert!(user("no such user").unwrap_err().to_string().contains("--user no such user"));
        assert_eq!((group("root").unwrap(), group("4711").unwrap()), (0, 4711));
    }
}

//! The helper process: one thread that answers one question after the other from NSS modules, and may hang or crash in one.
//!
//! It speaks the daemon's own language, `io.systemd.UserDatabase`, but ends a list with an error, so that each record is on its
//! way as soon as a module has given it.

mod c_library;
mod record;

use std::ffi::{CStr, CString};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use serde_json::{Map, Value, json};
use userdb::interface::error::{NO_RECORD_FOUND, SERVICE_NOT_AVAILABLE};
use userdb::interface::request::{MembershipRequest, RecordRequest};
use userdb::interface::{GET_GROUP_RECORD, GET_MEMBERSHIPS, GET_USER_RECORD};
use userdb::varlink::call::Call;
use userdb::varlink::reply;

use crate::source::nss::helper::KEPT_FOR;

/// As many files as fit into select(2)'s sets.
const USUAL_DESCRIPTORS: u64 = 1024;

/// Serves until the daemon closes the connection, or has not asked for long. `lines` are lines of nsswitch.conf.
pub fn run(lines: &[String]) -> ExitCode {
    match Helper::start(lines).and_then(|mut helper| helper.serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "userdbd --nss-helper: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Helper {
    connection: UnixStream,
    databases: Vec<String>,
}

impl Helper {
    fn start(lines: &[String]) -> Result<Self> {
        // A module that hangs must not outlive the daemon.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        let _ = rustix::thread::set_name(c"userdbd-nss");
        limit_descriptors()?;
        let connection = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        connection.set_read_timeout(Some(KEPT_FOR * 2))?;
        // Modules shall not find the connection where they may read or write.
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
        let mut databases = Vec::new();
        for line in lines {
            let no_line =
                || Error::new(ErrorKind::InvalidInput, format!("{line:?}: not `database: services`"));
            let (database, services) = line.split_once(": ").ok_or_else(no_line)?;
            c_library::ask_only(database, services)
                .map_err(|error| Error::new(error.kind(), format!("{line:?}: {error}")))?;
            databases.push(database.to_owned());
        }
        Ok(Self { connection, databases })
    }

    fn asks(&self, database: &str) -> bool {
        self.databases.iter().any(|other| other == database)
    }

    fn serve(&mut self) -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            let mut piece = [0; 4096];
            let count = match self.connection.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            buffer.extend_from_slice(piece.get(..count).unwrap_or_default());
            // The daemon asks only when it has the answer to what it asked before.
            if buffer.last() == Some(&0) {
                buffer.pop();
                self.answer(&buffer)?;
                buffer.clear();
            }
        }
    }

    fn answer(&mut self, message: &[u8]) -> Result<()> {
        let invalid = |error: String| Error::new(ErrorKind::InvalidData, error);
        let call = Call::parse(message).map_err(|error| invalid(error.to_string()))?;
        let bad = |parameter: userdb::interface::request::InvalidParameter| invalid(parameter.0);
        let parameters = call.parameters();
        let result = match &*call.method {
            GET_USER_RECORD => {
                self.users(&RecordRequest::judge(userdb::Kind::User, parameters).map_err(bad)?)
            }
            GET_GROUP_RECORD => {
                self.groups(&RecordRequest::judge(userdb::Kind::Group, parameters).map_err(bad)?)
            }
            GET_MEMBERSHIPS => self.memberships(&MembershipRequest::judge(parameters).map_err(bad)?),
            unknown => return Err(invalid(format!("{unknown}: no such method"))),
        };
        let end = match result {
            Ok(Some(last)) => {
                let mut out = Vec::new();
                write_json(&mut out, &last, false);
                return self.connection.write_all(&out);
            }
            Ok(None) => NO_RECORD_FOUND,
            Err(Stopped::Here(error)) => return Err(error),
            Err(Stopped::InModules(_)) => SERVICE_NOT_AVAILABLE,
        };
        let mut out = Vec::new();
        reply::error(&mut out, end);
        self.connection.write_all(&out)
    }

    /// The one user that is asked for, or none after all were sent.
    fn users(&self, request: &RecordRequest) -> Answer {
        if !self.asks("passwd") {
            return Ok(None);
        }
        let user = match (&request.name, request.id) {
            (Some(name), _) => c_library::user_by_name(&c_string(name)?)?,
            (None, Some(uid)) => c_library::user_by_uid(uid)?,
            (None, None) => {
                let mut failed = None;
                let all = c_library::for_each_user(|user| self.send(self.user(user, None), &mut failed));
                return ended(all, failed);
            }
        };
        Ok(user.and_then(|user| self.user(user, request.name.as_deref())))
    }

    fn user(&self, user: c_library::User, asked_for: Option<&str>) -> Option<Value> {
        let (shadow, incomplete) = self.secret_part("shadow", &user.name, c_library::shadow_by_name);
        record::of_user(user, shadow, asked_for).map(|record| parameters(record, incomplete))
    }

    /// As [`Self::users`].
    fn groups(&self, request: &RecordRequest) -> Answer {
        if !self.asks("group") {
            return Ok(None);
        }
        let group = match (&request.name, request.id) {
            (Some(name), _) => c_library::group_by_name(&c_string(name)?)?,
            (None, Some(gid)) => c_library::group_by_gid(gid)?,
            (None, None) => {
                let mut failed = None;
                let all = c_library::for_each_group(|group| self.send(self.group(group, None), &mut failed));
                return ended(all, failed);
            }
        };
        Ok(group.and_then(|group| self.group(group, request.name.as_deref())))
    }

    fn group(&self, group: c_library::Group, asked_for: Option<&str>) -> Option<Value> {
        let (gshadow, incomplete) = self.secret_part("gshadow", &group.name, c_library::gshadow_by_name);
        record::of_group(group, gshadow, asked_for).map(|record| parameters(record, incomplete))
    }

    /// What only root may know of an account, and whether it may not be known here.
    fn secret_part<T>(
        &self,
        database: &str,
        name: &[u8],
        ask: impl Fn(&CStr) -> Result<Option<T>>,
    ) -> (Option<T>, bool) {
        match CString::new(name) {
            Ok(name) if self.asks(database) => match ask(&name) {
                Ok(part) => (part, false),
                Err(error) => (None, error.kind() == ErrorKind::PermissionDenied),
            },
            _ => (None, false),
        }
    }

    /// Sends who is in which group, with the gid, by which the daemon tells whether it is a group that it knows itself.
    fn memberships(&self, request: &MembershipRequest) -> Answer {
        let mut failed = None;
        let result = match (&request.user_name, &request.group_name) {
            (user, Some(group)) if self.asks("group") => match c_library::group_by_name(&c_string(group)?)? {
                Some(mut found) => {
                    // Also when the modules know it under another name.
                    found.name = group.clone().into_bytes();
                    if let Some(user) = user {
                        found.members.retain(|member| member == user.as_bytes());
                    }
                    self.send_members(found, &mut failed)
                }
                None => Ok(()),
            },
            (Some(user), None) if self.asks("initgroups") => self.send_groups_of(user, &mut failed),
            (None, None) if self.asks("group") => {
                c_library::for_each_group(|group| self.send_members(group, &mut failed))
            }
            _ => Ok(()),
        };
        ended(result, failed)
    }

    fn send_members(&self, group: c_library::Group, failed: &mut Option<Error>) -> Result<()> {
        let Some(name) = record::account_name(group.name) else { return Ok(()) };
        for member in group.members.into_iter().filter_map(record::account_name) {
            let pair = json!({ "userName": member, "groupName": name, "gid": group.gid });
            self.send(Some(pair), failed)?;
        }
        Ok(())
    }

    fn send_groups_of(&self, user: &str, failed: &mut Option<Error>) -> Result<()> {
        let c_name = c_string(user)?;
        let mut own_gid = None;
        for gid in c_library::groups_of(&c_name) {
            let group = if self.asks("group") { c_library::group_by_gid(gid)? } else { None };
            let is_listed = |group: &c_library::Group| group.members.iter().any(|m| m == user.as_bytes());
            if !group.as_ref().is_some_and(is_listed) {
                // Modules may count the user's own group among them, which is no membership.
                let own = match own_gid {
                    Some(known) => known,
                    None => *own_gid.insert(self.own_gid(&c_name)),
                };
                if own == Some(gid) {
                    continue;
                }
            }
            let name = group.and_then(|group| record::account_name(group.name));
            self.send(Some(json!({ "userName": user, "groupName": name, "gid": gid })), failed)?;
        }
        Ok(())
    }

    fn own_gid(&self, user: &CStr) -> Option<u32> {
        if !self.asks("passwd") {
            return None;
        }
        c_library::user_by_name(user).ok().flatten().map(|user| user.gid)
    }

    /// Sends one of many. When the daemon is gone, the error is put into `failed`, to tell it from those of modules.
    fn send(&self, parameters: Option<Value>, failed: &mut Option<Error>) -> Result<()> {
        let Some(parameters) = parameters else { return Ok(()) };
        let mut out = Vec::new();
        write_json(&mut out, &parameters, true);
        (&self.connection).write_all(&out).map_err(|error| {
            let kind = error.kind();
            *failed = Some(error);
            kind.into()
        })
    }
}

/// The daemon raises its limit on open files as far as it may. C code that uses select(2), or closes every descriptor that there
/// could be, needs the usual one.
fn limit_descriptors() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(maximum.unwrap_or(USUAL_DESCRIPTORS).min(USUAL_DESCRIPTORS));
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

/// The last reply, or none.
type Answer = std::result::Result<Option<Value>, Stopped>;

/// Why an answer ends early.
enum Stopped {
    Here(Error),
    InModules(#[expect(dead_code, reason = "the daemon can do nothing with it")] Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::InModules(error)
    }
}

fn ended(result: Result<()>, failed: Option<Error>) -> Answer {
    match (result, failed) {
        (_, Some(error)) => Err(Stopped::Here(error)),
        (Err(error), None) => Err(Stopped::InModules(error)),
        (Ok(()), None) => Ok(None),
    }
}

fn parameters(record: Map<String, Value>, incomplete: bool) -> Value {
    json!({ "record": record, "incomplete": incomplete })
}

fn write_json(out: &mut Vec<u8>, parameters: &Value, continues: bool) {
    let mut json = Vec::new();
    reply::value(&mut json, parameters);
    reply::parameters(out, &json, continues);
}

fn c_string(name: &str) -> Result<CString> {
    CString::new(name).map_err(|error| Error::new(ErrorKind::InvalidInput, error))
}

//! Fake userdb services: well-behaved ones, and all kinds of bad ones.

use super::client::Frames;
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How a service behaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    /// It waits so long before each answer.
    pub delay: Duration,
    /// It accepts, reads and never answers.
    pub hangs: bool,
    /// It answers with bytes that are no JSON.
    pub garbage: bool,
    /// It closes the connection instead of answering.
    pub closes: bool,
    /// It answers InvalidParameter to the filters of systemd 258, as services before it do.
    pub refuses_filters: bool,
    /// It never answers GetMemberships with a user's name, as GDM does not.
    pub silent_memberships: bool,
    /// It says EnumerationNotSupported to lists.
    pub no_enumeration: bool,
    /// It answers every lookup with its first record, whatever was asked for.
    pub lies: bool,
    /// In a list it stops after so many replies until [`Backend::resume`].
    pub pauses_after: Option<usize>,
}

/// What a service knows.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// User records.
    pub users: Vec<Value>,
    /// Group records.
    pub groups: Vec<Value>,
    /// User and group of each membership.
    pub memberships: Vec<(String, String)>,
}

#[derive(Debug)]
struct Shared {
    contents: Contents,
    behaviour: Mutex<Behaviour>,
    requests: Mutex<Vec<Value>>,
    resumed: (Mutex<bool>, Condvar),
    stopped: AtomicBool,
}

/// A running service.
#[derive(Debug)]
pub struct Backend {
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Backend {
    /// Listens on `path`, whose file name is the service's name.
    ///
    /// # Panics
    /// When it cannot.
    pub fn start(path: PathBuf, contents: Contents, behaviour: Behaviour) -> Self {
        // Bound under another name and renamed: the daemon sees a socket that is ready.
        let partial = path.with_file_name(format!(".{}", path.file_name().unwrap_or_default().display()));
        let listener =
            UnixListener::bind(&partial).unwrap_or_else(|error| panic!("{}: {error}", partial.display()));
        std::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o666))
            .expect("the mode can be set");
        std::fs::rename(&partial, &path).expect("the socket can be renamed");
        let shared = Arc::new(Shared {
            contents,
            behaviour: Mutex::new(behaviour),
            requests: Mutex::default(),
            resumed: (Mutex::new(false), Condvar::new()),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { return };
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { path, shared }
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.requests.lock().expect("no panics").clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.requests.lock().expect("no panics").clear();
    }

    /// Changes the behaviour from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().expect("no panics") = behaviour;
    }

    /// Lets paused lists go on.
    pub fn resume(&self) {
        *self.shared.resumed.0.lock().expect("no panics") = true;
        self.shared.resumed.1.notify_all();
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
        self.resume();
    }
}

/// Parameters that services before systemd 258 do not know.
const FILTERS: [&str; 7] = ["fuzzyNames", "dispositionMask", "uidMin", "uidMax", "gidMin", "gidMax", "uuid"];

impl Shared {
    fn serve(&self, mut stream: UnixStream) {
        let mut frames = Frames::default();
        while let Ok(Some(frame)) = frames.next(&mut stream) {
            let Ok(request) = serde_json::from_slice::<Value>(&frame) else { return };
            self.requests.lock().expect("no panics").push(request.clone());
            let behaviour = self.behaviour.lock().expect("no panics").clone();
            std::thread::sleep(behaviour.delay);
            if behaviour.closes {
                return;
            }
            if behaviour.garbage {
                let _ = stream.write_all(b"this is no JSON\0");
                continue;
            }
            let by_user = request["method"] == "io.systemd.UserDatabase.GetMemberships"
                && request["parameters"]["userName"].is_string();
            if behaviour.hangs || (behaviour.silent_memberships && by_user) {
                continue;
            }
            if self.answer(&mut stream, &request, &behaviour).is_err() {
                return;
            }
        }
    }

    fn answer(&self, stream: &mut UnixStream, request: &Value, behaviour: &Behaviour) -> std::io::Result<()> {
        let parameters = &request["parameters"];
        if behaviour.refuses_filters
            && let Some(filter) = FILTERS.iter().find(|filter| parameters.get(**filter).is_some())
        {
            return reply(
                stream,
                &json!({"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": filter}}),
            );
        }
        let method = request["method"].as_str().unwrap_or_default();
        let found = match method.rsplit('.').next() {
            Some("GetUserRecord") => {
                self.records(&self.contents.users, parameters, "userName", "uid", behaviour)
            }
            Some("GetGroupRecord") => {
                self.records(&self.contents.groups, parameters, "groupName", "gid", behaviour)
            }
            Some("GetMemberships") => self
                .contents
                .memberships
                .iter()
                .filter(|(user, group)| {
                    parameters["userName"].as_str().is_none_or(|name| name == user)
                        && parameters["groupName"].as_str().is_none_or(|name| name == group)
                })
                .map(|(user, group)| json!({"userName": user, "groupName": group}))
                .collect(),
            _ => {
                let error =
                    json!({"error": "org.varlink.service.MethodNotFound", "parameters": {"method": method}});
                return reply(stream, &error);
            }
        };
        let keyed = ["uid", "gid", "userName", "groupName"].iter().any(|key| parameters.get(*key).is_some());
        if behaviour.no_enumeration && !keyed {
            return reply(stream, &json!({"error": "io.systemd.UserDatabase.EnumerationNotSupported"}));
        }
        let Some(last) = found.len().checked_sub(1) else {
            return reply(stream, &json!({"error": "io.systemd.UserDatabase.NoRecordFound"}));
        };
        for (number, parameters) in found.into_iter().enumerate() {
            if behaviour.pauses_after == Some(number) {
                let resumed = self.resumed.0.lock().expect("no panics");
                drop(self.resumed.1.wait_while(resumed, |resumed| !*resumed).expect("no panics"));
            }
            let mut answer = json!({"parameters": parameters});
            if number < last {
                answer["continues"] = json!(true);
            }
            reply(stream, &answer)?;
        }
        Ok(())
    }

    fn records(
        &self,
        records: &[Value],
        parameters: &Value,
        name: &str,
        id: &str,
        behaviour: &Behaviour,
    ) -> Vec<Value> {
        records
            .iter()
            .filter(|record| {
                behaviour.lies
                    || (parameters[name].as_str().is_none_or(|wanted| record[name] == wanted)
                        && parameters[id].as_u64().is_none_or(|wanted| record[id] == wanted)
                        && parameters[format!("{id}Min")]
                            .as_u64()
                            .is_none_or(|min| record[id].as_u64() >= Some(min))
                        && parameters[format!("{id}Max")]
                            .as_u64()
                            .is_none_or(|max| record[id].as_u64() <= Some(max)))
            })
            .map(|record| json!({"record": record}))
            .collect()
    }
}

fn reply(stream: &mut UnixStream, answer: &Value) -> std::io::Result<()> {
    let mut bytes = answer.to_string().into_bytes();
    bytes.push(0);
    stream.write_all(&bytes)
}

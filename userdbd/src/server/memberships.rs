//! `GetMemberships`: who is in which group, by everything that anybody says.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use userdb::interface::GET_MEMBERSHIPS;
use userdb::interface::error::NO_RECORD_FOUND;
use userdb::interface::request::MembershipRequest;
use userdb::name::is_valid_relaxed;
use userdb::varlink::call::Call;
use userdb::varlink::reply;
use userdb::varlink::service_error::{EXPECTED_MORE, INVALID_PARAMETER};

use super::enumerate::is_listed;
use super::limits::Share;
use super::replies::Replies;
use super::{Server, Service, service_of};
use crate::index::membership::Memberships;
use crate::index::{Index, Kind};
use crate::source::backend::{Answer, Backend};

/// GDM's service. Up to 50.1 it finds nothing when asked by user name, so it is asked for everything.
const ASKED_FOR_ALL: [&str; 1] = ["org.gnome.DisplayManager"];
/// After this many pairs other connections get their turn.
const TURN: usize = 1024;

/// A user and a group that it is in.
pub type Pair = (Arc<str>, Arc<str>);

/// The stream of pairs that a request is answered with.
struct Stream<'a, 'socket> {
    replies: &'a mut Replies<'socket>,
    request: &'a MembershipRequest,
    held_back: Option<Pair>,
    /// What was listed. Only kept when there is more than one source, each of which lists a pair once.
    listed: Option<HashSet<Pair>>,
    added: usize,
}

impl Stream<'_, '_> {
    async fn add(&mut self, user: &Arc<str>, group: &Arc<str>) -> std::io::Result<()> {
        let pair = (Arc::clone(user), Arc::clone(group));
        let asked_for = self.request.user_name.as_ref().is_none_or(|name| **name == **user)
            && self.request.group_name.as_ref().is_none_or(|name| **name == **group);
        let is_new = asked_for && self.listed.as_mut().is_none_or(|listed| listed.insert(pair.clone()));
        if is_new && let Some(earlier) = self.held_back.replace(pair) {
            self.write(&earlier, true);
            self.replies.make_room().await?;
        }
        self.added += 1;
        if self.added.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn add_source(&mut self, memberships: &Memberships) -> std::io::Result<()> {
        self.add_users(memberships, |_| true).await
    }

    /// Adds the memberships of those users that are wanted.
    async fn add_users(
        &mut self,
        memberships: &Memberships,
        is_wanted: impl Fn(&str) -> bool,
    ) -> std::io::Result<()> {
        match (&self.request.user_name, &self.request.group_name) {
            (Some(user), _) if !is_wanted(user) => {}
            (Some(user), _) => {
                let user: Arc<str> = user.as_str().into();
                for group in memberships.groups_of(&user) {
                    self.add(&user, group).await?;
                }
            }
            (None, Some(group)) => {
                let group: Arc<str> = group.as_str().into();
                for user in memberships.users_in(&group).iter().filter(|user| is_wanted(user)) {
                    self.add(user, &group).await?;
                }
            }
            (None, None) => {
                for group in memberships.groups() {
                    for user in memberships.users_in(group).iter().filter(|user| is_wanted(user)) {
                        self.add(user, group).await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, (user, group): &Pair, continues: bool) {
        let mut json = Vec::with_capacity(48);
        json.extend_from_slice(br#"{"userName":"#);
        reply::string(&mut json, user);
        json.extend_from_slice(br#","groupName":"#);
        reply::string(&mut json, group);
        json.push(b'}');
        self.replies.parameters(&json, continues);
    }

    fn finish(mut self) {
        match self.held_back.take() {
            Some(last) => self.write(&last, false),
            None => self.replies.error(NO_RECORD_FOUND),
        }
    }
}

impl Server {
    /// Answers `GetMemberships`.
    ///
    /// # Errors
    /// When the peer is gone.
    pub(super) async fn memberships(
        &self,
        call: &Call<'_>,
        share: &Share,
        replies: &mut Replies<'_>,
    ) -> std::io::Result<()> {
        let request = match MembershipRequest::judge(call.parameters()) {
            Ok(request) => request,
            Err(invalid) => {
                replies.error_with(INVALID_PARAMETER, "parameter", &invalid.0);
                return Ok(());
            }
        };
        let Some(service) = service_of(&request.service, replies) else { return Ok(()) };
        if !call.more {
            replies.error(EXPECTED_MORE);
            return Ok(());
        }
        let index = self.current.index().await;
        let others = self.others_with_members(service, &index, &request, share);
        let listed = (service == Service::Multiplexer || !others.is_empty()).then(HashSet::new);
        let mut stream = Stream { replies, request: &request, held_back: None, listed, added: 0 };
        match service {
            Service::Accounts => stream.add_source(&index.accounts.memberships).await?,
            Service::DropIns => stream.add_source(&index.drop_ins.memberships).await?,
            Service::DynamicUsers => self.add_dynamic_memberships(&mut stream, &index).await?,
            Service::Multiplexer => {
                stream.add_source(&index.accounts.memberships).await?;
                self.add_dynamic_memberships(&mut stream, &index).await?;
                stream.add_source(&index.drop_ins.memberships).await?;
            }
        }
        if !others.is_empty() {
            self.add_memberships_of_others(&mut stream, &index, others, share).await?;
        }
        stream.finish();
        Ok(())
    }

    /// Those of one user, whether or not it is in use; in lists, of those that are.
    async fn add_dynamic_memberships(
        &self,
        stream: &mut Stream<'_, '_>,
        index: &Index,
    ) -> std::io::Result<()> {
        let memberships = &index.dynamic.source.memberships;
        if stream.request.user_name.as_ref().is_some_and(|user| memberships.groups_of(user).is_empty()) {
            return Ok(());
        }
        let away = self.services_of_pools(index).await;
        let by_name = stream.request.user_name.is_some();
        let is_wanted = |user: &str| {
            if by_name {
                index.dynamic.service_of(user).is_none_or(|service| !away.contains(service))
            } else {
                is_listed(index, user, &away)
            }
        };
        stream.add_users(memberships, is_wanted).await
    }

    /// Everybody who is asked for memberships besides the files.
    pub(super) fn others_with_members(
        &self,
        service: Service,
        index: &Index,
        request: &MembershipRequest,
        share: &Share,
    ) -> Vec<Rc<Backend>> {
        let mut others = self.others(service, index, share);
        if !modules_add_to(index, request) {
            others.retain(|backend| !backend.asks_modules());
        }
        others
    }

    async fn add_memberships_of_others(
        &self,
        stream: &mut Stream<'_, '_>,
        index: &Index,
        others: Vec<Rc<Backend>>,
        share: &Share,
    ) -> std::io::Result<()> {
        let _place = share.backend_query().await;
        // What is known already must not wait.
        stream.replies.flush().await?;
        let asked: Vec<_> = others
            .into_iter()
            .map(|backend| {
                let parameters = parameters(stream.request, &backend);
                let turn = share.module_turn();
                let answers = Rc::clone(&backend).ask_for_all(GET_MEMBERSHIPS, &parameters, turn);
                (answers, backend)
            })
            .collect();
        for (mut answers, backend) in asked {
            while let Some(answer) = answers.recv().await {
                if let Some((user, group)) = pair_of(answer, &backend, index) {
                    stream.add(&user, &group).await?;
                }
            }
        }
        Ok(())
    }
}

/// What a backend is asked.
pub fn parameters(request: &MembershipRequest, backend: &Backend) -> Value {
    let mut parameters = Map::new();
    if !ASKED_FOR_ALL.contains(&backend.name()) {
        for (field, name) in [("userName", &request.user_name), ("groupName", &request.group_name)] {
            if let Some(name) = name {
                parameters.insert(field.into(), json!(name));
            }
        }
    }
    parameters.insert("service".into(), json!(backend.name()));
    Value::Object(parameters)
}

/// Whether modules may have members for what is asked. Those of a group that is known here are the file's, unless nsswitch.conf
/// merges them with others.
fn modules_add_to(index: &Index, request: &MembershipRequest) -> bool {
    let is_known = |group: &String| index.local_by_name(Kind::Group, group).is_some();
    index.switch.merges_groups() || !request.group_name.as_ref().is_some_and(is_known)
}

/// What modules say is about the gid: a group of theirs that has the name of one that is known here is not that one.
fn module_pair(parameters: &Map<String, Value>, index: &Index) -> Option<Pair> {
    let name = |field| parameters.get(field)?.as_str().filter(|name| is_valid_relaxed(name));
    let (user, group) = (name("userName")?, name("groupName"));
    let gid = parameters.get("gid").and_then(userdb::id::from_json)?;
    let group = match (group, index.local_by_id(Kind::Group, gid)) {
        (None, Some(known)) => Arc::clone(&known.name),
        (Some(group), Some(known)) => {
            let is_same =
                index.local_by_name(Kind::Group, group).is_some_and(|named| Arc::ptr_eq(named, known));
            is_same.then(|| Arc::clone(&known.name))?
        }
        (Some(group), None) if index.local_by_name(Kind::Group, group).is_none() => group.into(),
        (_, None) => return None,
    };
    Some((user.into(), group))
}

/// What an answer says, if that can be believed.
pub fn pair_of(answer: Answer, backend: &Backend, index: &Index) -> Option<Pair> {
    let Answer::Reply(parameters) = answer else { return None };
    if backend.asks_modules() {
        return module_pair(&parameters, index);
    }
    // A service speaks for users and groups of its own: it may put its users into groups of this host, and users of this host
    // into its groups. Who of this host is in which group of this host is not its affair.
    let is_foreign = |kind, name: &str| index.refuses(kind, name, None, backend.name()).is_none();
    pair(&parameters).filter(|(user, group)| is_foreign(Kind::User, user) || is_foreign(Kind::Group, group))
}

fn pair(parameters: &Map<String, Value>) -> Option<Pair> {
    let name = |field| parameters.get(field)?.as_str().filter(|name| is_valid_relaxed(name)).map(Arc::from);
    Some((name("userName")?, name("groupName")?))
}

//! Finding what a request asks for.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use userdb::Sections;
use userdb::interface::reply::RecordReply;
use userdb::interface::request::{MembershipRequest, RecordRequest};
use userdb::record::{Group, Record, RecordKind};
use userdb::unix::{GroupEntry, PasswdEntry};

use super::reply;
use super::request::{Key, Kind};
use crate::index::{self, Index};
use crate::server::{Server, Share};

/// The reply to a request. What is not there when the deadline comes is not found.
pub async fn reply(server: &Server, kind: Kind, key: Key, share: &Share, deadline: Instant) -> Vec<u8> {
    let index = server.index_before(deadline).await;
    let asking = Asking { server, index: &index, share, deadline };
    let found = match (kind, &key) {
        (_, Key::Impossible) => None,
        (Kind::UserByName | Kind::UserById, _) => asking.user(&key).await,
        (Kind::GroupByName | Kind::GroupById, _) => asking.group(&key).await,
        (Kind::GroupsOfUser, Key::Name(user)) => asking.groups_of(user).await,
        (Kind::GroupsOfUser, Key::Id(_)) => None,
    };
    found.unwrap_or_else(|| reply::not_found(kind))
}

struct Asking<'a> {
    server: &'a Server,
    index: &'a Arc<Index>,
    share: &'a Share,
    deadline: Instant,
}

impl Asking<'_> {
    async fn user(&self, key: &Key) -> Option<Vec<u8>> {
        let mut entry = PasswdEntry::from_record(&self.record(key).await?)?;
        // musl takes no other name than the one that it asked for, which may be an alias.
        if let Key::Name(name) = key {
            entry.name.clone_from(name);
        }
        reply::user(&entry)
    }

    async fn group(&self, key: &Key) -> Option<Vec<u8>> {
        let mut entry = GroupEntry::from_record(&self.record(key).await?)?;
        let request = MembershipRequest { group_name: Some(entry.name.clone()), ..Default::default() };
        let pairs = self.server.pairs(self.index, &request, self.share, self.deadline).await;
        let mut known: HashSet<Arc<str>> =
            entry.members.iter().map(|member| member.as_str().into()).collect();
        let others = pairs.into_iter().map(|(user, _)| user).filter(|user| known.insert(Arc::clone(user)));
        entry.members.extend(others.map(|user| user.to_string()));
        if let Key::Name(name) = key {
            entry.name.clone_from(name);
        }
        reply::group(&entry)
    }

    /// The groups that somebody says the user is in. The primary one is the client's affair.
    async fn groups_of(&self, user: &str) -> Option<Vec<u8>> {
        // Memberships are stated with the user's own name.
        let own = self.index.local_by_name(index::Kind::User, user).map(|entry| entry.name.to_string());
        let request = MembershipRequest {
            user_name: Some(own.unwrap_or_else(|| user.to_owned())),
            ..Default::default()
        };
        let mut gids = Vec::new();
        for (_, group) in self.server.pairs(self.index, &request, self.share, self.deadline).await {
            let gid = match self.index.local_by_name(index::Kind::Group, &group) {
                Some(entry) => entry.id,
                None => self.foreign_gid(&group).await,
            };
            if let Some(gid) = gid.filter(|gid| !gids.contains(gid)) {
                gids.push(gid);
            }
        }
        reply::groups(&gids)
    }

    async fn foreign_gid(&self, group: &str) -> Option<u32> {
        self.record::<Group>(&Key::Name(group.to_owned())).await?.gid()
    }

    /// A record without what only some may see.
    async fn record<K: RecordKind>(&self, key: &Key) -> Option<Record<K>> {
        let mut request = RecordRequest::default();
        match key {
            Key::Name(name) => request.name = Some(name.clone()),
            Key::Id(id) => request.id = Some(*id),
            Key::Impossible => return None,
        }
        let finding = self.server.public_reply(self.index, K::KIND, &request, self.share);
        let parameters = timeout_at(self.deadline, finding).await.ok()??;
        let reply = RecordReply::from_parameters(serde_json::from_slice(&parameters).ok()?)?;
        Record::load(reply.record, &self.index.host, Sections::SERVICE).ok().map(|loaded| loaded.record)
    }
}

//! What other parts of the daemon ask the server, instead of a client.

use std::rc::Rc;
use std::sync::Arc;

use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use userdb::interface::GET_MEMBERSHIPS;
use userdb::interface::request::{MembershipRequest, RecordRequest};

use super::enumerate::is_listed;
use super::limits::Share;
use super::memberships::{Pair, pair_of, parameters};
use super::{Server, Service};
use crate::index::{Index, Kind};

/// Replies of all backends that are read ahead.
const READ_AHEAD: usize = 64;
/// The uid of nobody in particular, who sees nothing that is privileged.
const STRANGER: u32 = u32::MAX;

impl Server {
    /// Accounts for a connection that does not speak Varlink. None when its peer has enough of them.
    pub fn admit_peer(&self, stream: &UnixStream) -> Option<Share> {
        let peer = stream.peer_cred().ok()?;
        self.ledger.admit(peer.uid(), peer.pid())
    }

    /// The index with every change that was made before now; if reading them takes too long, the one before.
    pub async fn index_before(&self, deadline: Instant) -> Arc<Index> {
        match timeout_at(deadline, self.current.index()).await {
            Ok(index) => index,
            Err(_) => self.current.latest(),
        }
    }

    /// The reply to `GetUserRecord` or `GetGroupRecord` for one record, as a stranger sees it.
    pub async fn public_reply(
        &self,
        index: &Index,
        kind: Kind,
        request: &RecordRequest,
        share: &Share,
    ) -> Option<Box<[u8]>> {
        if let Some(entry) = self.find_locally(index, kind, Service::Multiplexer, request).await {
            return Some(entry.reply(false).into());
        }
        let others = self.others(Service::Multiplexer, index, share);
        let record = self.first_record(index, kind, request, share, &others).await?;
        Some(record.reply(kind, STRANGER))
    }

    /// The users and groups of `GetMemberships`, as far as they are known when the deadline comes. Each once.
    pub async fn pairs(
        &self,
        index: &Index,
        request: &MembershipRequest,
        share: &Share,
        deadline: Instant,
    ) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let mut add = |(user, group): Pair| {
            let asked_for = request.user_name.as_ref().is_none_or(|name| **name == *user)
                && request.group_name.as_ref().is_none_or(|name| **name == *group);
            if asked_for {
                pairs.push((user, group));
            }
        };
        let away = timeout_at(deadline, self.services_of_pools(index)).await.unwrap_or_default();
        let sources = [
            (&index.accounts.memberships, false),
            (&index.dynamic.source.memberships, true),
            (&index.drop_ins.memberships, false),
        ];
        for (memberships, is_dynamic) in sources {
            if let Some(user) = &request.user_name {
                let service = if is_dynamic { index.dynamic.service_of(user) } else { None };
                if service.is_none_or(|service| !away.contains(service)) {
                    let groups = memberships.groups_of(user).iter();
                    groups.for_each(|group| add((user.as_str().into(), Arc::clone(group))));
                }
            } else if let Some(group) = &request.group_name {
                let users = memberships.users_in(group).iter();
                let users = users.filter(|user| !is_dynamic || is_listed(index, user, &away));
                users.for_each(|user| add((Arc::clone(user), group.as_str().into())));
            }
        }
        let asking = async {
            let backends = self.others_with_members(Service::Multiplexer, index, request, share);
            let _place = if backends.is_empty() { None } else { share.backend_query().await };
            // Through one channel, so that one that is slow holds up no other's answers.
            let (send, mut answers) = mpsc::channel(READ_AHEAD);
            for backend in backends {
                let parameters = parameters(request, &backend);
                let mut own =
                    Rc::clone(&backend).ask_for_all(GET_MEMBERSHIPS, &parameters, share.module_turn());
                let send = send.clone();
                tokio::task::spawn_local(async move {
                    while let Some(answer) = own.recv().await {
                        if send.send((answer, Rc::clone(&backend))).await.is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            while let Some((answer, backend)) = answers.recv().await {
                pair_of(answer, &backend, index).into_iter().for_each(&mut add);
            }
        };
        let _ = timeout_at(deadline, asking).await;
        let mut seen = std::collections::HashSet::new();
        pairs.retain(|pair| seen.insert(pair.clone()));
        pairs
    }
}

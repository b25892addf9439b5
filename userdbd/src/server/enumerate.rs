//! `GetUserRecord` and `GetGroupRecord` for all records: a stream that is produced as fast as the peer reads it.
//!
//! Each name is listed once, with the record that a lookup of the name would answer with.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use userdb::interface::error::NO_RECORD_FOUND;
use userdb::interface::request::RecordRequest;

use super::limits::Share;
use super::query::{self, is_refusal_of_filters, is_trusted};
use super::replies::Replies;
use super::{Server, Service};
use crate::index::entry::Entry;
use crate::index::table::Table;
use crate::index::{Index, Kind};
use crate::source::backend::{Answer, Backend};

/// After this many records other connections get their turn, however few of the records match.
const TURN: usize = 256;

/// The reply that is held back until it is known whether it is the last.
enum HeldBack {
    Entry(Arc<Entry>),
    Json(Box<[u8]>),
}

/// A stream of replies.
struct Stream<'a, 'socket> {
    replies: &'a mut Replies<'socket>,
    held_back: Option<HeldBack>,
    kind: Kind,
    peer: u32,
}

impl Stream<'_, '_> {
    async fn add(&mut self, reply: HeldBack) -> std::io::Result<()> {
        if let Some(earlier) = self.held_back.replace(reply) {
            self.write(&earlier, true);
            self.replies.make_room().await?;
        }
        Ok(())
    }

    fn write(&mut self, reply: &HeldBack, continues: bool) {
        match reply {
            HeldBack::Entry(entry) => {
                let trusted = is_trusted(self.kind, self.peer, entry.id);
                self.replies.parameters(entry.reply(trusted), continues);
            }
            HeldBack::Json(json) => self.replies.parameters(json, continues),
        }
    }

    fn finish(mut self) {
        match self.held_back.take() {
            Some(last) => self.write(&last, false),
            None => self.replies.error(NO_RECORD_FOUND),
        }
    }
}

impl Server {
    /// Lists all records of a service that match.
    ///
    /// # Errors
    /// When the peer is gone.
    pub(super) async fn enumerate(
        &self,
        index: Arc<Index>,
        kind: Kind,
        service: Service,
        request: RecordRequest,
        share: &Share,
        replies: &mut Replies<'_>,
    ) -> std::io::Result<()> {
        let mut stream = Stream { replies, held_back: None, kind, peer: share.uid() };
        let (accounts, drop_ins) = (index.accounts.table(kind), index.drop_ins.table(kind));
        match service {
            Service::Accounts => {
                let place = self.place(service, &index, share).await;
                let asked = self.ask_all(service, &index, kind, &request, share);
                add_table(&mut stream, accounts, &request, |_| true).await?;
                self.add_others(&mut stream, asked, &index, &request, share).await?;
                drop(place);
            }
            Service::DropIns => add_table(&mut stream, drop_ins, &request, |_| true).await?,
            Service::DynamicUsers => {
                let away = self.services_of_pools(&index).await;
                let is_listed = |entry: &Entry| is_listed(&index, &entry.name, &away);
                add_table(&mut stream, index.dynamic.source.table(kind), &request, is_listed).await?;
            }
            Service::Multiplexer => {
                // Others are asked first and read last, so that they have something ready by then.
                let place = self.place(service, &index, share).await;
                let asked = self.ask_all(service, &index, kind, &request, share);
                add_table(&mut stream, accounts, &request, |_| true).await?;
                let away = self.services_of_pools(&index).await;
                let is_listed = |entry: &Entry| is_listed(&index, &entry.name, &away);
                add_table(&mut stream, index.dynamic.source.table(kind), &request, is_listed).await?;
                let is_new = |entry: &Entry| accounts.by_own_name(&entry.name).is_none();
                add_table(&mut stream, drop_ins, &request, is_new).await?;
                self.add_others(&mut stream, asked, &index, &request, share).await?;
                drop(place);
                add_table(&mut stream, index.synthetic.table(kind), &request, |_| true).await?;
            }
        }
        stream.finish();
        Ok(())
    }

    /// The peer's place among those who ask others, when there is anybody to ask.
    async fn place(
        &self,
        service: Service,
        index: &Index,
        share: &Share,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if self.others(service, index, share).is_empty() { None } else { share.backend_query().await }
    }

    fn ask_all(
        &self,
        service: Service,
        index: &Index,
        kind: Kind,
        request: &RecordRequest,
        share: &Share,
    ) -> VecDeque<Asked> {
        let ask = |backend: Rc<Backend>| {
            let parameters = query::parameters(kind, request, &backend);
            let turn = share.module_turn();
            let answers = Rc::clone(&backend).ask_for_all(kind.method(), &parameters, turn);
            Asked { backend, answers }
        };
        self.others(service, index, share).into_iter().map(ask).collect()
    }

    /// Adds what modules and backends list, in their order, except that one that does not begin lets the others go first.
    async fn add_others(
        &self,
        stream: &mut Stream<'_, '_>,
        mut asked: VecDeque<Asked>,
        index: &Index,
        request: &RecordRequest,
        share: &Share,
    ) -> std::io::Result<()> {
        let mut listed = HashSet::new();
        let mut let_pass = asked.len();
        while let Some(mut current) = asked.pop_front() {
            let first = match timeout(self.backends.patience(), current.answers.recv()).await {
                Ok(first) => first,
                Err(_) if let_pass > 0 && !asked.is_empty() => {
                    let_pass -= 1;
                    asked.push_back(current);
                    continue;
                }
                Err(_) => {
                    stream.replies.flush().await?;
                    current.answers.recv().await
                }
            };
            let mut next = first;
            while let Some(answer) = next {
                if is_refusal_of_filters(stream.kind, &answer, &current.backend) {
                    let parameters = query::parameters(stream.kind, request, &current.backend);
                    let method = stream.kind.method();
                    current.answers =
                        Rc::clone(&current.backend).ask_for_all(method, &parameters, share.module_turn());
                } else if let Answer::Reply(parameters) = answer
                    && let Some(record) =
                        query::judge(stream.kind, parameters, request, index, &current.backend)
                    && record.matches()
                    && listed.insert(record.name.clone())
                {
                    stream.add(HeldBack::Json(record.reply(stream.kind, stream.peer))).await?;
                }
                next = current.next(stream.replies).await?;
            }
        }
        Ok(())
    }
}

/// A backend that was asked for all records.
struct Asked {
    backend: Rc<Backend>,
    answers: Receiver<Answer>,
}

impl Asked {
    /// The next answer. What is there for the peer is written out before waiting.
    async fn next(&mut self, replies: &mut Replies<'_>) -> std::io::Result<Option<Answer>> {
        match self.answers.try_recv() {
            Ok(answer) => Ok(Some(answer)),
            Err(_) => {
                // Give the backend's task its turn before writing out little.
                tokio::task::yield_now().await;
                if self.answers.is_empty() {
                    replies.flush().await?;
                }
                Ok(self.answers.recv().await)
            }
        }
    }
}

impl Server {
    /// Services that run and hand out the users of some pool themselves.
    pub(super) async fn services_of_pools(&self, index: &Index) -> HashSet<String> {
        let mut running = HashSet::new();
        for service in index.dynamic.pools().iter().filter_map(|pool| pool.service.as_ref()) {
            if !running.contains(service) && self.backends.serves(service).await {
                running.insert(service.clone());
            }
        }
        running
    }
}

/// Whether a dynamic user is in lists: somebody uses it, and no other service speaks for it.
pub fn is_listed(index: &Index, user: &str, away: &HashSet<String>) -> bool {
    let dynamic = &index.dynamic;
    dynamic.service_of(user).is_none_or(|service| !away.contains(service)) && dynamic.is_in_use(user)
}

async fn add_table(
    stream: &mut Stream<'_, '_>,
    table: &Table,
    request: &RecordRequest,
    is_wanted: impl Fn(&Entry) -> bool,
) -> std::io::Result<()> {
    let unfiltered = request.filter.is_unset();
    let mut place = 0;
    while let Some(listed) = table.at(place) {
        if let Some(entry) = listed
            && (unfiltered || request.filter.matches(entry.candidate()))
            && is_wanted(entry)
        {
            stream.add(HeldBack::Entry(Arc::clone(entry))).await?;
        }
        place += 1;
        if place % TURN == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

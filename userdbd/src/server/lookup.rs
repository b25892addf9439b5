//! `GetUserRecord` and `GetGroupRecord` for one record, by name, by id, or by both.
//!
//! What this host knows by itself is answered at once. Only names and ids that it does not know are asked of NSS modules and
//! backends, all at the same time, and the first of them in order that has an answer is the one that counts.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use userdb::interface::error;
use userdb::interface::request::RecordRequest;
use userdb::record::Key;
use userdb::synthetic;
use userdb::varlink::call::Call;
use userdb::varlink::service_error::{EXPECTED_MORE, INVALID_PARAMETER};

use super::limits::Share;
use super::query::{self, ForeignRecord, is_trusted};
use super::replies::{Replies, ReplyBuffer};
use super::{Server, Service, service_of};
use crate::index::entry::Entry;
use crate::index::{Index, Kind, Source};
use crate::source::accounts;
use crate::source::backend::{Answer, Backend};

impl Server {
    /// Answers `GetUserRecord` or `GetGroupRecord`.
    ///
    /// # Errors
    /// When the peer is gone.
    pub(super) async fn records(
        &self,
        kind: Kind,
        call: &Call<'_>,
        share: &Share,
        replies: &mut Replies<'_>,
    ) -> std::io::Result<()> {
        let Some((request, service)) = judge(kind, call, replies) else { return Ok(()) };
        let index = self.current.index().await;
        if !request.is_enumeration() {
            match self.find_locally(&index, kind, service, &request).await {
                Some(entry) => answer(&entry, kind, &request, share.uid(), replies),
                None => self.ask_backends(&index, kind, service, &request, share, replies).await,
            }
            return Ok(());
        }
        if !call.more {
            replies.error(EXPECTED_MORE);
            return Ok(());
        }
        self.enumerate(index, kind, service, request, share, replies).await
    }

    async fn ask_backends(
        &self,
        index: &Index,
        kind: Kind,
        service: Service,
        request: &RecordRequest,
        share: &Share,
        replies: &mut Replies<'_>,
    ) {
        let others = self.others(service, index, share);
        match self.first_record(index, kind, request, share, &others).await {
            None => replies.error(error::NO_RECORD_FOUND),
            Some(record) if request.id.is_some() && record.id != request.id => {
                replies.error(error::CONFLICTING_RECORD_FOUND);
            }
            Some(record) if !record.matches() => replies.error(error::NON_MATCHING_RECORD_FOUND),
            Some(record) => replies.parameters(&record.reply(kind, share.uid()), false),
        }
    }

    /// The record of the first backend, in order, that has one.
    pub(super) async fn first_record(
        &self,
        index: &Index,
        kind: Kind,
        request: &RecordRequest,
        share: &Share,
        backends: &[Rc<Backend>],
    ) -> Option<ForeignRecord> {
        if backends.is_empty() {
            return None;
        }
        let _place = share.backend_query().await?;
        let (send, mut answers) = mpsc::channel(backends.len());
        for (place, backend) in backends.iter().enumerate() {
            let (backend, send) = (Rc::clone(backend), send.clone());
            let parameters = query::parameters(kind, request, &backend);
            let turn = share.module_turn();
            tokio::task::spawn_local(async move {
                // Nobody listens any more when another backend's answer was taken.
                let _ = send.send((place, backend.ask(kind.method(), &parameters, turn).await)).await;
            });
        }
        drop(send);

        let mut standings: Vec<Standing> = backends.iter().map(|_| Standing::Silent).collect();
        let mut patience_ends = None;
        loop {
            if let Some(record) = take_winner(&mut standings, backends, patience_ends) {
                return Some(record);
            }
            let next = match patience_ends {
                None => answers.recv().await,
                Some(end) => tokio::select! {
                    biased;
                    next = answers.recv() => next,
                    () = sleep_until(end) => continue,
                },
            };
            // All have answered, and none has a record: a winner would have been taken.
            let (place, answer) = next?;
            let (Some(backend), Some(standing)) = (backends.get(place), standings.get_mut(place)) else {
                continue;
            };
            let record = match answer {
                Answer::Reply(parameters) => query::judge(kind, parameters, request, index, backend),
                Answer::Error { .. } | Answer::Unavailable => None,
            };
            *standing = record.map_or(Standing::Nothing, |record| Standing::Record(Box::new(record)));
            if matches!(standing, Standing::Record(_)) {
                patience_ends.get_or_insert_with(|| Instant::now() + self.backends.patience());
            }
        }
    }
}

/// Answers a call for one record that this host knows, without waiting for anything. False when that cannot be done; nothing
/// has been answered then.
pub fn answer_at_once(index: &Index, call: &Call<'_>, peer: u32, replies: &mut ReplyBuffer) -> bool {
    let Some(kind) = Kind::of_method(&call.method) else { return false };
    // A bad request has been answered, too.
    let Some((request, service)) = judge(kind, call, replies) else { return true };
    if request.is_enumeration() {
        return false;
    }
    match Local::find(index, kind, service, &request) {
        Local::Known(entry) => {
            answer(&entry, kind, &request, peer, replies);
            true
        }
        Local::Disputed(_) | Local::Unknown => false,
    }
}

/// What a call asks for, or None when it was answered with what is wrong with it.
fn judge(kind: Kind, call: &Call<'_>, replies: &mut ReplyBuffer) -> Option<(RecordRequest, Service)> {
    match RecordRequest::judge(kind, call.parameters()) {
        Ok(request) => {
            let service = service_of(&request.service, replies)?;
            Some((request, service))
        }
        Err(invalid) => {
            replies.error_with(INVALID_PARAMETER, "parameter", &invalid.0);
            None
        }
    }
}

/// What a backend has said so far.
enum Standing {
    Silent,
    Nothing,
    Record(Box<ForeignRecord>),
}

/// Takes the first record that waits for nobody: all before it have said that they have none, or are not waited for any more.
fn take_winner(
    standings: &mut [Standing],
    backends: &[Rc<Backend>],
    patience_ends: Option<Instant>,
) -> Option<ForeignRecord> {
    let impatient = patience_ends.is_some_and(|end| Instant::now() >= end);
    for (standing, backend) in standings.iter_mut().zip(backends) {
        match standing {
            Standing::Nothing => {}
            Standing::Silent if !backend.is_waited_for() => {}
            Standing::Silent if impatient => backend.was_late(),
            Standing::Silent => return None,
            Standing::Record(_) => {
                let Standing::Record(record) = std::mem::replace(standing, Standing::Nothing) else {
                    return None;
                };
                return Some(*record);
            }
        }
    }
    None
}

/// What this host knows by itself.
enum Local {
    /// The record.
    Known(Arc<Entry>),
    /// The record, unless the service that hands such users out itself is there: then only it knows who of them exists, and
    /// under which uid.
    Disputed(Arc<Entry>),
    /// Nothing, so backends have to be asked.
    Unknown,
}

impl Local {
    fn find(index: &Index, kind: Kind, service: Service, request: &RecordRequest) -> Self {
        let find = |source: &Source| find(source, kind, request);
        let known = match service {
            Service::Accounts => find(&index.accounts),
            Service::DropIns => find(&index.drop_ins),
            Service::DynamicUsers => return Self::dynamic(index, find(&index.dynamic.source)),
            Service::Multiplexer => {
                if let Some(account) = find(&index.accounts) {
                    return Self::Known(account);
                }
                if let Some(dynamic) = find(&index.dynamic.source) {
                    return Self::dynamic(index, Some(dynamic));
                }
                find(&index.drop_ins)
                    .or_else(|| find(&index.synthetic))
                    .or_else(|| foreign(kind, request, index).map(Arc::new))
            }
        };
        known.map_or(Self::Unknown, Self::Known)
    }

    fn dynamic(index: &Index, entry: Option<Arc<Entry>>) -> Self {
        match entry {
            None => Self::Unknown,
            Some(entry) if index.dynamic.service_of(&entry.name).is_some() => Self::Disputed(entry),
            Some(entry) => Self::Known(entry),
        }
    }
}

impl Server {
    /// What this host knows by itself. None when it knows nothing, so backends have to be asked.
    pub(super) async fn find_locally(
        &self,
        index: &Index,
        kind: Kind,
        service: Service,
        request: &RecordRequest,
    ) -> Option<Arc<Entry>> {
        match Local::find(index, kind, service, request) {
            Local::Known(entry) => Some(entry),
            Local::Disputed(entry) => match index.dynamic.service_of(&entry.name) {
                Some(service) if self.backends.serves(service).await => None,
                _ => Some(entry),
            },
            Local::Unknown => None,
        }
    }
}

fn find(source: &Source, kind: Kind, request: &RecordRequest) -> Option<Arc<Entry>> {
    let table = source.table(kind);
    match request.key()? {
        Key::Name(name) => table.by_name(name).cloned(),
        Key::Id(id) => table.by_id(id).cloned(),
    }
}

/// Answers with a record that this host knows by itself.
fn answer(entry: &Entry, kind: Kind, request: &RecordRequest, peer: u32, replies: &mut ReplyBuffer) {
    if request.id.is_some() && entry.id != request.id {
        replies.error(error::CONFLICTING_RECORD_FOUND);
    } else if !request.filter.is_unset() && !request.filter.matches(entry.candidate()) {
        replies.error(error::NON_MATCHING_RECORD_FOUND);
    } else {
        replies.parameters(entry.reply(is_trusted(kind, peer, entry.id)), false);
    }
}

/// `foreign-N`: 65,535 records that are made when they are asked for.
fn foreign(kind: Kind, request: &RecordRequest, index: &Index) -> Option<Entry> {
    let is_foreign = |id: &u32| userdb::disposition::FOREIGN.contains(id);
    let id = match &request.name {
        Some(name) => synthetic::user_by_name(name)?.uid().filter(is_foreign)?,
        None => request.id.filter(is_foreign)?,
    };
    match kind {
        Kind::User => {
            let mut record = synthetic::user_by_uid(id)?;
            record.set_service_label(accounts::LABEL, &index.host);
            Some(Entry::of(&record, false))
        }
        Kind::Group => {
            let mut record = synthetic::group_by_gid(id)?;
            record.set_service_label(accounts::LABEL, &index.host);
            Some(Entry::of(&record, false))
        }
    }
}

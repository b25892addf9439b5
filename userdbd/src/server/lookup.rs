//! `GetUserRecord` and `GetGroupRecord` for one record, by name, by id, or by both.
//!
//! What this host knows by itself is answered at once. Only names and ids that it does not know are asked of NSS modules and
//! backends, all at the same time, and the first of them in order that has an answer is the one that counts.

use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use userdb::interface::error;
use userdb::interface::request::RecordRequest;
use userdb::synthetic;
use userdb::varlink::call::Call;
use userdb::varlink::service_error::{EXPECTED_MORE, INVALID_PARAMETER};

use super::limits::Share;
use super::query::{self, ForeignRecord, is_trusted};
use super::replies::Replies;
use super::{Server, Service, service_of};
use crate::index::entry::Entry;
use crate::index::{Index, Kind};
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
        let judged = match kind {
            Kind::User => RecordRequest::for_user(call.parameters()),
            Kind::Group => RecordRequest::for_group(call.parameters()),
        };
        let request = match judged {
            Ok(request) => request,
            Err(invalid) => {
                replies.error_with(INVALID_PARAMETER, "parameter", &invalid.0);
                return Ok(());
            }
        };
        let Some(service) = service_of(&request.service, replies) else { return Ok(()) };
        let index = self.current.index().await;
        if !request.is_enumeration() {
            if !answer_locally(&index, kind, service, &request, share.uid(), replies) {
                self.ask_backends(&index, kind, service, &request, share, replies).await;
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
    async fn first_record(
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
                let _ = send.send((place, backend.ask(query::method(kind), &parameters, turn).await)).await;
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

/// Answers from what this host knows by itself. False when it knows nothing, so backends have to be asked.
fn answer_locally(
    index: &Index,
    kind: Kind,
    service: Service,
    request: &RecordRequest,
    peer: u32,
    replies: &mut Replies<'_>,
) -> bool {
    let find = |source: &crate::index::Source| {
        let table = source.table(kind);
        match (&request.name, request.id) {
            (Some(name), _) => table.by_name(name).cloned(),
            (None, Some(id)) => table.by_id(id).cloned(),
            (None, None) => None,
        }
    };
    let found = match service {
        Service::Accounts => find(&index.accounts),
        Service::DropIns => find(&index.drop_ins),
        Service::Multiplexer => index
            .sources()
            .into_iter()
            .find_map(find)
            .or_else(|| foreign(kind, request, index).map(Into::into)),
    };
    let Some(entry) = found else { return false };
    if request.id.is_some() && entry.id != request.id {
        replies.error(error::CONFLICTING_RECORD_FOUND);
    } else if !request.filter.is_unset() && !request.filter.matches(entry.candidate()) {
        replies.error(error::NON_MATCHING_RECORD_FOUND);
    } else {
        replies.parameters(entry.reply(is_trusted(kind, peer, entry.id)), false);
    }
    true
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
            Some(Entry::of_user(&record, false))
        }
        Kind::Group => {
            let mut record = synthetic::group_by_gid(id)?;
            record.set_service_label(accounts::LABEL, &index.host);
            Some(Entry::of_group(&record, false))
        }
    }
}

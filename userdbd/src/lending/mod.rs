//! Lending users over Varlink: `dev.usher.DynamicUsers`.

mod book;
mod choice;
mod home;
pub mod interface;
pub mod loan;
mod processes;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use userdb::interface::GET_USER_RECORD;
use userdb::varlink::call::Call;
use userdb::varlink::service_error::{INVALID_PARAMETER, METHOD_NOT_FOUND};

pub use book::Book;
use choice::Taken;
use home::{Home, HomeError};
use interface::{LendError, NoRequest, Request, Wish};
use loan::Loan;

use crate::config;
use crate::index::{Index, Kind};
use crate::reload::{Current, LoanFeed};
use crate::server::replies::Replies;
use crate::source::backend::{Answer, Turn};
use crate::source::backends::Backends;
use crate::source::dynamic::pool::Pool;
use crate::source::dynamic::roster::record_of_loan;

/// How soon ending a loan is tried again when it did not work, and how late at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(300);
/// The clock is looked at that often while a loan runs out: it may be set.
const CLOCK: Duration = Duration::from_secs(60);

/// Why a loan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Somebody said so, or its time is over.
    Order,
    /// No connection holds it any more.
    Abandoned,
}

/// Everything that lending needs.
#[derive(Debug)]
pub struct Lending {
    config: config::Lending,
    root: PathBuf,
    boot_id: String,
    book: Book,
    feed: LoanFeed,
    current: Rc<Current>,
    backends: Rc<Backends>,
    /// One change at a time, from choosing a user until that is written down.
    turn: Mutex<()>,
    /// Connections that loans last as long as.
    holders: RefCell<HashMap<String, u64>>,
}

impl Lending {
    /// Lends what is not lent by the book.
    pub fn new(
        config: config::Lending,
        root: PathBuf,
        book: Book,
        feed: LoanFeed,
        current: Rc<Current>,
        backends: Rc<Backends>,
    ) -> Rc<Self> {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Rc::new(Self {
            config,
            root,
            boot_id: boot_id.trim().to_owned(),
            book,
            feed,
            current,
            backends,
            turn: Mutex::new(()),
            holders: RefCell::default(),
        })
    }

    /// Takes up the loans of an earlier daemon: those that nobody can come back for end, the others after a while.
    pub fn resume(self: &Rc<Self>) {
        for loan in self.book.loans() {
            let is_over = loan.ending || (!loan.persistent && loan.boot_id != self.boot_id);
            let patience = if is_over { Duration::ZERO } else { self.config.grace };
            if is_over || !loan.persistent {
                let (lending, loan) = (Rc::clone(self), loan.clone());
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(patience).await;
                    lending.end_in_any_case(&loan, Cause::Abandoned).await;
                });
            }
            if loan.persistent && !loan.ending && loan.boot_id != self.boot_id {
                let lending = Rc::clone(self);
                let loan = loan.clone();
                tokio::task::spawn_local(async move { lending.make_home_anew(&loan).await });
            }
            self.watch_the_clock(&loan);
        }
    }

    /// Homes are mostly in /run, which does not outlive a reboot.
    async fn make_home_anew(&self, loan: &Loan) {
        let _turn = self.turn.lock().await;
        if self.book.find(&loan.user_name).is_none_or(|now| now.token != loan.token) {
            return;
        }
        match self.make_home(loan).await {
            Ok(()) | Err(HomeError::Exists(_)) => {}
            Err(error) => tracing::warn!("{}: {error}", loan.user_name),
        }
    }

    /// Answers a call.
    pub async fn answer(
        self: &Rc<Self>,
        call: &Call<'_>,
        peer: u32,
        connection: u64,
        replies: &mut Replies<'_>,
    ) {
        let request = match Request::judge(call) {
            Ok(request) => request,
            Err(NoRequest::NoSuchMethod) => {
                replies.error_with(METHOD_NOT_FOUND, "method", &call.method);
                return;
            }
            Err(NoRequest::InvalidParameter(parameter)) => {
                replies.error_with(INVALID_PARAMETER, "parameter", &parameter);
                return;
            }
        };
        let answered = match request {
            Request::Allocate(wish) => self.allocate(&wish, peer, connection).await,
            Request::Attach { user_name, token } => self.attach(&user_name, &token, peer, connection),
            Request::Release { user_name } => self.release(&user_name, peer).await,
            Request::List => Ok(self.list(peer)),
        };
        match answered {
            Ok(parameters) => replies.parameters(parameters.to_string().as_bytes(), false),
            Err(error) => {
                tracing::info!(uid = peer, "{}: {error}", call.method);
                match error.on_the_wire() {
                    (name, Some((parameter, value))) => replies.error_with(&name, parameter, &value),
                    (name, None) => replies.error(&name),
                }
            }
        }
    }

    /// Ends the loans that lasted as long as this connection.
    pub async fn connection_ended(self: &Rc<Self>, connection: u64) {
        let ended: Vec<String> = {
            let mut holders = self.holders.borrow_mut();
            let ended = holders.extract_if(|_, holder| *holder == connection);
            ended.map(|(user, _)| user).collect()
        };
        for loan in ended.iter().filter_map(|user| self.book.find(user)) {
            let lending = Rc::clone(self);
            tokio::task::spawn_local(async move { lending.end_in_any_case(&loan, Cause::Abandoned).await });
        }
    }

    /// Whether a loan lasts as long as this connection.
    pub fn is_held_by(&self, connection: u64) -> bool {
        self.holders.borrow().values().any(|holder| *holder == connection)
    }

    fn may_borrow(&self, peer: u32) -> bool {
        peer == 0 || self.config.borrowers.contains(&peer)
    }

    async fn allocate(self: &Rc<Self>, wish: &Wish, peer: u32, connection: u64) -> Result<Value, LendError> {
        if !self.may_borrow(peer) {
            return Err(LendError::NotPermitted);
        }
        let _turn = self.turn.lock().await;
        self.book.read()?;
        let loans = self.book.loans();
        let own = loans.iter().filter(|loan| loan.borrower == peer).count();
        if peer != 0 && own >= self.config.loans_per_uid {
            return Err(LendError::NoFreeUser);
        }
        let index = self.current.index().await;
        let pool = choice::pool(&index, wish)?;
        let chooses = if pool.base.is_none() { wish.base_name.as_ref() } else { None };
        if peer != 0 && chooses.is_some_and(|name| !pool.allowed_names.contains(name)) {
            return Err(LendError::NotPermitted);
        }
        if let Some(service) = &pool.service
            && self.backends.serves(service).await
        {
            return Err(LendError::NoSuchPool);
        }
        let primary = primary_group(&index, &pool)?;
        let groups = groups(&index, &pool, wish, peer)?;
        let mut taken = Taken::default();
        taken.uids.extend(tokio::task::spawn_blocking(processes::uids).await.unwrap_or_default());
        let loan = loop {
            let (user_name, uid) = choice::user(&index, &pool, wish.base_name.as_deref(), &loans, &taken)
                .ok_or(LendError::NoFreeUser)?;
            if self.others_have(&mut taken, &user_name, uid).await {
                continue;
            }
            let home_directory = wish.home_directory.clone().unwrap_or_else(|| pool.home.of(&user_name, uid));
            let home_parent = if pool.make_home { pool.home.parent().map(str::to_owned) } else { None };
            let loan = Loan {
                uid,
                group_name: primary.as_ref().map(|(name, _)| name.clone()),
                gid: primary.as_ref().map_or(uid, |(_, gid)| *gid),
                real_name: wish.real_name.clone().or_else(|| pool.real_name.clone()),
                home_directory,
                home_parent,
                shell: wish.shell.clone().unwrap_or_else(|| pool.shell.clone()),
                groups: groups.clone(),
                locked: pool.locked,
                pool: pool.id.clone(),
                borrower: peer,
                persistent: wish.persistent,
                expires_usec: wish.lifetime_usec.map(|lifetime| now_usec().saturating_add(lifetime)),
                token: token()?,
                ending: false,
                boot_id: self.boot_id.clone(),
                user_name,
            };
            self.book.add(&loan, &self.feed).await?;
            let Err(error) = self.make_home(&loan).await else { break loan };
            if let Err(state) = self.book.remove(&loan.user_name, &self.feed).await {
                let lending = Rc::clone(self);
                tokio::task::spawn_local(async move { lending.end_in_any_case(&loan, Cause::Order).await });
                return Err(state.into());
            }
            if !matches!(error, HomeError::Exists(_)) || wish.home_directory.is_some() {
                return Err(error.into());
            }
            // Somebody else's. Another name has another home.
            tracing::warn!("{error}");
            taken.names.insert(loan.user_name);
        };
        if !loan.persistent {
            self.holders.borrow_mut().insert(loan.user_name.clone(), connection);
        }
        self.watch_the_clock(&loan);
        tracing::info!("{} ({}) lent to uid {peer}", loan.user_name, loan.uid);
        let record = record_of_loan(&loan, &index.host).map(userdb::UserRecord::into_json);
        Ok(json!({ "loan": interface::loan(&loan, !loan.persistent), "record": record, "token": loan.token }))
    }

    /// Whether another service has a user with this name or uid. Notes it.
    async fn others_have(&self, taken: &mut Taken, user: &str, uid: u32) -> bool {
        for backend in self.backends.all() {
            let service = backend.name().to_owned();
            let by_name = json!({ "userName": user, "service": service });
            if matches!(
                Rc::clone(&backend).ask(GET_USER_RECORD, &by_name, Turn::own()).await,
                Answer::Reply(_)
            ) {
                taken.names.insert(user.to_owned());
                return true;
            }
            let by_uid = json!({ "uid": uid, "service": service });
            if matches!(backend.ask(GET_USER_RECORD, &by_uid, Turn::own()).await, Answer::Reply(_)) {
                taken.uids.insert(uid);
                return true;
            }
        }
        false
    }

    fn attach(&self, user: &str, token: &str, peer: u32, connection: u64) -> Result<Value, LendError> {
        if !self.may_borrow(peer) {
            return Err(LendError::NotPermitted);
        }
        let is_the_callers = |loan: &Loan| {
            loan.token == token && (peer == 0 || loan.borrower == peer) && !loan.persistent && !loan.ending
        };
        let loan = self.book.find(user).filter(is_the_callers).ok_or(LendError::NoSuchLoan)?;
        self.holders.borrow_mut().insert(loan.user_name.clone(), connection);
        Ok(json!({ "loan": interface::loan(&loan, true) }))
    }

    async fn release(self: &Rc<Self>, user: &str, peer: u32) -> Result<Value, LendError> {
        let is_the_callers = |loan: &Loan| peer == 0 || loan.borrower == peer;
        let loan = self.book.find(user).filter(is_the_callers).ok_or(LendError::NoSuchLoan)?;
        if let Err(error) = self.end(&loan, Cause::Order).await {
            // It has been told that this is over, so it is.
            let lending = Rc::clone(self);
            tokio::task::spawn_local(async move {
                tokio::time::sleep(FIRST_RETRY).await;
                lending.end_in_any_case(&loan, Cause::Order).await;
            });
            return Err(error);
        }
        // The user is gone for everybody when the reply comes.
        drop(self.current.index().await);
        Ok(json!({}))
    }

    fn list(&self, peer: u32) -> Value {
        let holders = self.holders.borrow();
        let loans = self.book.loans().into_iter().filter(|loan| peer == 0 || loan.borrower == peer);
        let loans = loans.map(|loan| interface::loan(&loan, holders.contains_key(&loan.user_name)));
        json!({ "loans": loans.collect::<Vec<_>>() })
    }

    /// Ends a loan: first the home goes, then the user, so that nobody gets a uid that still owns something there.
    async fn end(&self, loan: &Loan, cause: Cause) -> Result<(), LendError> {
        let _turn = self.turn.lock().await;
        if cause == Cause::Abandoned && self.holders.borrow().contains_key(&loan.user_name) {
            // The borrower has come back meanwhile.
            return Ok(());
        }
        // It may have ended, or the name may be somebody else's, since.
        if self.book.find(&loan.user_name).is_none_or(|now| now.token != loan.token) {
            return Err(LendError::NoSuchLoan);
        }
        if let Err(error) = self.remove_home(loan).await {
            self.book.set_ending(&loan.user_name, &self.feed).await?;
            return Err(error.into());
        }
        self.book.remove(&loan.user_name, &self.feed).await?;
        self.holders.borrow_mut().remove(&loan.user_name);
        tracing::info!("{} ({}) is free again", loan.user_name, loan.uid);
        Ok(())
    }

    /// Ends a loan, however often that has to be tried.
    async fn end_in_any_case(&self, loan: &Loan, cause: Cause) {
        let mut pause = FIRST_RETRY;
        loop {
            match self.end(loan, cause).await {
                Ok(()) | Err(LendError::NoSuchLoan) => return,
                Err(error) => tracing::warn!("{}: {error}; tried again in {pause:?}", loan.user_name),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_RETRY);
        }
    }

    fn watch_the_clock(self: &Rc<Self>, loan: &Loan) {
        let Some(expires) = loan.expires_usec else { return };
        let (lending, loan) = (Rc::clone(self), loan.clone());
        tokio::task::spawn_local(async move {
            loop {
                let left = Duration::from_micros(expires.saturating_sub(now_usec()));
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left.min(CLOCK)).await;
                if lending.book.find(&loan.user_name).is_none_or(|now| now.token != loan.token) {
                    return;
                }
            }
            lending.end_in_any_case(&loan, Cause::Order).await;
        });
    }

    async fn make_home(&self, loan: &Loan) -> Result<(), HomeError> {
        match self.home(loan) {
            Some(home) => tokio::task::spawn_blocking(move || home.make()).await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    async fn remove_home(&self, loan: &Loan) -> Result<(), HomeError> {
        match self.home(loan) {
            Some(home) => tokio::task::spawn_blocking(move || home.remove()).await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }

    /// The home of a loan, if it is the daemon's affair.
    fn home(&self, loan: &Loan) -> Option<Home> {
        Some(Home {
            root: self.root.clone(),
            parent: loan.home_parent.clone()?,
            path: loan.home_directory.clone(),
            uid: loan.uid,
            gid: loan.gid,
        })
    }
}

/// The primary group of a pool's users; none when each has its own.
fn primary_group(index: &Index, pool: &Pool) -> Result<Option<(String, u32)>, LendError> {
    let Some(name) = &pool.group else { return Ok(None) };
    let gid = index.local_by_name(Kind::Group, name).and_then(|group| group.id);
    gid.map(|gid| Some((name.clone(), gid))).ok_or_else(|| LendError::NoSuchGroup(name.clone()))
}

/// The groups that a user is lent with.
fn groups(index: &Index, pool: &Pool, wish: &Wish, peer: u32) -> Result<Vec<String>, LendError> {
    let exists = |name: &str| index.local_by_name(Kind::Group, name).is_some_and(|group| group.id.is_some());
    let mut groups: Vec<String> = pool.groups.iter().filter(|name| exists(name)).cloned().collect();
    for name in &wish.groups {
        if peer != 0 && !pool.allowed_groups.contains(name) && !pool.groups.contains(name) {
            return Err(LendError::NotPermitted);
        }
        if !exists(name) {
            return Err(LendError::NoSuchGroup(name.clone()));
        }
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    Ok(groups)
}

fn now_usec() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// 128 bits that nobody can guess.
fn token() -> Result<String, LendError> {
    let mut bytes = [0; 16];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(std::io::Error::from);
    match filled {
        Ok(16) => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        Ok(_) => Err(LendError::NoFreeUser),
        Err(source) => {
            Err(crate::state_directory::StateError::Io { path: "/dev/random".into(), source }.into())
        }
    }
}

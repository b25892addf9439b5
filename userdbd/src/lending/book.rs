//! What is lent, in memory and on disk. The disk comes first: nobody is told of a loan, or of its end, before that would
//! survive a crash.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::loan::Loan;
use crate::reload::LoanFeed;
use crate::state_directory::{StateDirectory, StateError};

/// Holds the loans.
const STATE_FILE: &str = "loans.json";

/// All loans.
#[derive(Debug)]
pub struct Book {
    loans: RefCell<Vec<Loan>>,
    state: Arc<StateDirectory>,
    /// Whether what was there before this daemon is known.
    is_read: Cell<bool>,
}

impl Book {
    /// The loans of an earlier daemon.
    pub fn open(state: Arc<StateDirectory>) -> Self {
        let book = Self { loans: RefCell::default(), state, is_read: Cell::new(false) };
        if let Err(error) = book.read() {
            tracing::warn!("{error}; nothing is lent before that is mended");
        }
        book
    }

    /// Makes sure that the earlier loans are known, without which nothing can be lent.
    ///
    /// # Errors
    /// When they cannot be read, or another daemon lends here.
    pub fn read(&self) -> Result<(), StateError> {
        if self.is_read.get() {
            return Ok(());
        }
        let loans: Option<Vec<Loan>> = self.state.read(STATE_FILE)?;
        if let Some(loans) = loans {
            self.state.claim()?;
            self.loans.replace(loans);
        }
        self.is_read.set(true);
        Ok(())
    }

    /// All of them.
    pub fn loans(&self) -> Vec<Loan> {
        self.loans.borrow().clone()
    }

    /// The one of this name.
    pub fn find(&self, user: &str) -> Option<Loan> {
        self.loans.borrow().iter().find(|loan| loan.user_name == user).cloned()
    }

    /// Those that still are users: what has ended is only kept in mind.
    pub fn users(&self) -> Arc<[Loan]> {
        self.loans.borrow().iter().filter(|loan| !loan.ending).cloned().collect()
    }

    /// Adds a loan.
    ///
    /// # Errors
    /// When it cannot be written down. Then nothing has changed.
    pub async fn add(&self, loan: &Loan, feed: &LoanFeed) -> Result<(), StateError> {
        let mut loans = self.loans();
        loans.push(loan.clone());
        self.replace(loans, feed).await
    }

    /// Takes a loan out.
    ///
    /// # Errors
    /// As [`Book::add`].
    pub async fn remove(&self, user: &str, feed: &LoanFeed) -> Result<(), StateError> {
        let mut loans = self.loans();
        loans.retain(|loan| loan.user_name != user);
        self.replace(loans, feed).await
    }

    /// Notes that a loan has ended, and that something of it is left.
    ///
    /// # Errors
    /// As [`Book::add`].
    pub async fn set_ending(&self, user: &str, feed: &LoanFeed) -> Result<(), StateError> {
        let mut loans = self.loans();
        loans.iter_mut().filter(|loan| loan.user_name == user).for_each(|loan| loan.ending = true);
        self.replace(loans, feed).await
    }

    async fn replace(&self, loans: Vec<Loan>, feed: &LoanFeed) -> Result<(), StateError> {
        let (state, written) = (Arc::clone(&self.state), loans.clone());
        // Waiting for the disk must not hold up anybody else.
        let writing = tokio::task::spawn_blocking(move || state.write(STATE_FILE, &written));
        writing.await.unwrap_or(Ok(()))?;
        self.loans.replace(loans);
        feed.publish(self.users());
        Ok(())
    }
}

//! The one mutex around the database, with transactions and a notification after each commit.

use std::sync::Mutex;

use tokio::sync::watch;

use crate::platform::lock;
use crate::state::State;

/// The database behind its lock.
#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), changes: watch::Sender::new(0) }
    }

    /// Reads. The closure must be quick: everything else waits.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.state))
    }

    /// Changes the state in a transaction: what the closure did is kept if it succeeds and forgotten if it fails.
    /// A commit is told to all who follow [`Store::changes`].
    pub(crate) fn write<T, E>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let mut current = lock(&self.state);
        // The whole state is some hundred small records: a copy costs microseconds and makes every change atomic.
        let mut next = current.clone();
        let result = change(&mut next)?;
        *current = next;
        drop(current);
        self.changes.send_modify(|revision| *revision += 1);
        Ok(result)
    }

    /// Changes the state where nothing can fail.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut lock(&self.state));
        self.changes.send_modify(|revision| *revision += 1);
        result
    }

    /// Follows the commits. A reconciler loops: look at the state, make it true, `changed().await`.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A copy of everything, to be put back by [`Store::restore`].
    pub(crate) fn snapshot(&self) -> State {
        lock(&self.state).clone()
    }

    /// Puts a saved state back.
    pub(crate) fn restore(&self, state: State) {
        self.update(|current| *current = state);
    }
}

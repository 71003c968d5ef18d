//! Epochs: the times between restores. What was begun before a restore must not have effects after it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The time between two restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// The current epoch, and the order of what is done in it.
#[derive(Debug)]
pub(crate) struct Epochs {
    current: watch::Sender<u64>,
    /// Locked by whoever looks at the state and then acts on what was seen, so that no restore comes between the two.
    steps: Mutex<()>,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self { current: watch::Sender::new(0), steps: Mutex::default() }
    }

    /// The current one. What goes on in the background takes it along from its beginning.
    pub(crate) fn current(&self) -> Epoch {
        Epoch(*self.current.borrow())
    }

    /// Acts, with no restore from the beginning to the end. Nothing in it may call this again.
    pub(crate) fn atomically<T>(&self, act: impl FnOnce() -> T) -> T {
        let _step = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    /// Acts as [`Epochs::atomically`] does, if this is still the epoch.
    pub(crate) fn within<T>(&self, epoch: Epoch, act: impl FnOnce() -> T) -> Option<T> {
        self.atomically(|| (self.current() == epoch).then(act))
    }

    /// Resolves when the epoch has ended.
    pub(crate) async fn ended(&self, epoch: Epoch) {
        let mut current = self.current.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ended = current.wait_for(|&current| current != epoch.0).await;
    }

    /// Begins the next epoch with an act that nothing of the one before can follow.
    pub(crate) fn advance<T>(&self, act: impl FnOnce() -> T) -> T {
        self.atomically(|| {
            self.current.send_modify(|epoch| *epoch += 1);
            act()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_belongs_to_an_epoch_ends_with_it() {
        let epochs = Epochs::new();
        let first = epochs.current();
        assert_eq!(epochs.within(first, || "done"), Some("done"));
        assert!(epochs.advance(|| epochs.current() != first));
        assert_eq!(epochs.within(first, || "done"), None);
        assert_eq!(epochs.within(epochs.current(), || "done"), Some("done"));
        epochs.ended(first).await;
    }
}

//! The times between restores: what was begun before a restore must not have effects after it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The time between two restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Era(u64);

/// The present era, and the order of what is done in it.
#[derive(Debug)]
pub(crate) struct Eras {
    present: watch::Sender<u64>,
    /// Held by whoever looks at the state and then acts on what was seen, so that no restore comes between the two.
    steps: Mutex<()>,
}

impl Eras {
    pub(crate) fn new() -> Self {
        Self { present: watch::Sender::new(0), steps: Mutex::default() }
    }

    /// The present one. What goes on in the background takes it along from its beginning.
    pub(crate) fn present(&self) -> Era {
        Era(*self.present.borrow())
    }

    /// Acts, with no restore from the beginning to the end. Nothing in it may call this again.
    pub(crate) fn steadily<T>(&self, act: impl FnOnce() -> T) -> T {
        let _step = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        act()
    }

    /// Acts as [`Eras::steadily`] does, if this is still the era.
    pub(crate) fn within<T>(&self, era: Era, act: impl FnOnce() -> T) -> Option<T> {
        self.steadily(|| (self.present() == era).then(act))
    }

    /// Resolves when the era is over.
    pub(crate) async fn over(&self, era: Era) {
        let mut present = self.present.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _over = present.wait_for(|&present| present != era.0).await;
    }

    /// Begins the next era with an act that nothing of the one before can follow.
    pub(crate) fn next<T>(&self, act: impl FnOnce() -> T) -> T {
        self.steadily(|| {
            self.present.send_modify(|era| *era += 1);
            act()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_belongs_to_an_era_ends_with_it() {
        let eras = Eras::new();
        let first = eras.present();
        assert_eq!(eras.within(first, || "done"), Some("done"));
        assert!(eras.next(|| eras.present() != first));
        assert_eq!(eras.within(first, || "done"), None);
        assert_eq!(eras.within(eras.present(), || "done"), Some("done"));
        eras.over(first).await;
    }
}

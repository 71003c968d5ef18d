//! The door of the control plane: closed while a snapshot is taken or put back, so that no call sees or makes half of
//! it.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch};

/// The door.
#[derive(Debug)]
pub(crate) struct Door {
    inside: RwLock<()>,
    leaving: watch::Sender<bool>,
}

/// A call that is inside.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    door: &'a Door,
    _inside: RwLockReadGuard<'a, ()>,
}

/// Nobody is inside, and nobody comes in until it is dropped.
#[derive(Debug)]
pub(crate) struct Closed<'a> {
    door: &'a Door,
    _alone: RwLockWriteGuard<'a, ()>,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self { inside: RwLock::default(), leaving: watch::Sender::new(false) }
    }

    /// Comes in; waits while the door is closed.
    pub(crate) async fn enter(&self) -> Visit<'_> {
        Visit { door: self, _inside: self.inside.read().await }
    }

    /// Closes the door once everybody has left by himself; those who come meanwhile wait outside.
    pub(crate) async fn close(&self) -> Closed<'_> {
        Closed { door: self, _alone: self.inside.write().await }
    }

    /// Sends everybody away and closes the door.
    pub(crate) async fn clear(&self) -> Closed<'_> {
        self.leaving.send_replace(true);
        self.close().await
    }
}

impl Visit<'_> {
    /// Resolves when everybody is sent away.
    pub(crate) async fn sent_away(&self) {
        let mut leaving = self.door.leaving.subscribe();
        // The sender lives as long as the door, so waiting cannot fail.
        let _told = leaving.wait_for(|&leaving| leaving).await;
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.door.leaving.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn those_inside_are_sent_away_and_others_wait() {
        let door = Arc::new(Door::new());
        let inside = Arc::clone(&door);
        let (came, mut entered) = watch::channel(false);
        let visit = tokio::spawn(async move {
            let visit = inside.enter().await;
            came.send_replace(true);
            visit.sent_away().await;
        });
        entered.wait_for(|&came| came).await.unwrap();
        let closed = door.clear().await;
        visit.await.unwrap();
        let late = Arc::clone(&door);
        let later = tokio::spawn(async move {
            let visit = late.enter().await;
            *visit.door.leaving.borrow()
        });
        tokio::task::yield_now().await;
        assert!(!later.is_finished());
        drop(closed);
        assert!(!later.await.unwrap(), "it was sent away although the door is open");
    }

    #[tokio::test]
    async fn who_only_closes_waits_for_those_inside() {
        let door = Door::new();
        let visit = door.enter().await;
        let mut closing = std::pin::pin!(door.close());
        let waits = tokio::select! {
            biased;
            _ = &mut closing => false,
            () = std::future::ready(()) => true,
        };
        assert!(waits);
        drop(visit);
        closing.await;
    }
}

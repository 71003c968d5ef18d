//! Admission of calls to the control plane: none is under way while a snapshot is taken or put back, so that no call
//! sees or makes half of it.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch};

/// Who admits calls.
#[derive(Debug)]
pub(crate) struct Admission {
    calls: RwLock<()>,
    cancelling: watch::Sender<bool>,
}

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    admission: &'a Admission,
    _shared: RwLockReadGuard<'a, ()>,
}

/// No call is under way, and none is admitted until it is dropped.
#[derive(Debug)]
pub(crate) struct Paused<'a> {
    admission: &'a Admission,
    _exclusive: RwLockWriteGuard<'a, ()>,
}

impl Admission {
    pub(crate) fn new() -> Self {
        Self { calls: RwLock::default(), cancelling: watch::Sender::new(false) }
    }

    /// Admits a call; it waits while admission is paused.
    pub(crate) async fn admit(&self) -> Admitted<'_> {
        Admitted { admission: self, _shared: self.calls.read().await }
    }

    /// Pauses once all calls have ended by themselves; those that come meanwhile wait.
    pub(crate) async fn drain(&self) -> Paused<'_> {
        Paused { admission: self, _exclusive: self.calls.write().await }
    }

    /// Cancels all calls and pauses.
    pub(crate) async fn cancel(&self) -> Paused<'_> {
        self.cancelling.send_replace(true);
        self.drain().await
    }
}

impl Admitted<'_> {
    /// Resolves when all calls are cancelled.
    pub(crate) async fn cancelled(&self) {
        let mut cancelling = self.admission.cancelling.subscribe();
        // The sender lives as long as the admission, so waiting cannot fail.
        let _told = cancelling.wait_for(|&cancelling| cancelling).await;
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.admission.cancelling.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn calls_are_cancelled_and_others_wait() {
        let admission = Arc::new(Admission::new());
        let shared = Arc::clone(&admission);
        let (began, mut admitted) = watch::channel(false);
        let call = tokio::spawn(async move {
            let call = shared.admit().await;
            began.send_replace(true);
            call.cancelled().await;
        });
        admitted.wait_for(|&began| began).await.unwrap();
        let paused = admission.cancel().await;
        call.await.unwrap();
        let late = Arc::clone(&admission);
        let later = tokio::spawn(async move {
            let call = late.admit().await;
            *call.admission.cancelling.borrow()
        });
        tokio::task::yield_now().await;
        assert!(!later.is_finished());
        drop(paused);
        assert!(!later.await.unwrap(), "it was cancelled although calls are admitted");
    }

    #[tokio::test]
    async fn draining_waits_for_calls() {
        let admission = Admission::new();
        let call = admission.admit().await;
        let mut draining = std::pin::pin!(admission.drain());
        let waits = tokio::select! {
            biased;
            _ = &mut draining => false,
            () = std::future::ready(()) => true,
        };
        assert!(waits);
        drop(call);
        draining.await;
    }
}

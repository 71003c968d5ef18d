//! Calls that wait for a test.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Where calls wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    reached: Mutex<u64>,
    more: Condvar,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Tells that a call is here, and waits until the gate is open.
    pub(crate) async fn pass(&self) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.more.notify_all();
        let mut open = self.open.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _opened = open.wait_for(|&open| open).await;
    }
}

/// Holds calls back until it is released or dropped.
#[derive(Debug)]
pub struct Held {
    gate: Arc<Gate>,
}

impl Held {
    pub(super) fn new() -> (Self, Arc<Gate>) {
        let gate = Arc::<Gate>::default();
        (Self { gate: Arc::clone(&gate) }, gate)
    }

    /// Blocks until a call is held, at most so long. Says whether there is one, or was.
    pub fn wait_until_reached(&self, timeout: Duration) -> bool {
        let reached = self.gate.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.gate.more.wait_timeout_while(reached, timeout, |reached| *reached == 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 > 0
    }

    /// Lets the calls go on that are held, and all that come.
    pub fn release(&self) {
        self.gate.open.send_replace(true);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_wait_until_they_are_released() {
        let (held, gate) = Held::new();
        assert!(!held.wait_until_reached(Duration::ZERO));
        let waiting = tokio::spawn(async move { gate.pass().await });
        tokio::task::yield_now().await;
        assert!(held.wait_until_reached(Duration::ZERO));
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap();
    }
}

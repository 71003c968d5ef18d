//! Calls that wait for a test.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Where calls wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    calls: Mutex<Calls>,
    change: Condvar,
    open: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Calls {
    /// Whether any came.
    any: bool,
    /// How many wait.
    waiting: usize,
}

impl Gate {
    /// Tells that a call is here, and waits until the gate is open.
    pub(crate) async fn pass(&self) {
        let _waiting = Waiting::at(self);
        let mut open = self.open.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _opened = open.wait_for(|&open| open).await;
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until it is so with the calls, at most so long. Says whether it is.
    fn wait_until(&self, timeout: Duration, so: impl Fn(&Calls) -> bool) -> bool {
        let waited = self.change.wait_timeout_while(self.calls(), timeout, |calls| !so(calls));
        so(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// A call that waits; it is dropped with the call when the client goes away.
#[derive(Debug)]
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn at(gate: &'a Gate) -> Self {
        let mut calls = gate.calls();
        calls.any = true;
        calls.waiting += 1;
        drop(calls);
        gate.change.notify_all();
        Self(gate)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.calls().waiting -= 1;
        self.0.change.notify_all();
    }
}

/// Holds calls back until it is released or dropped.
#[derive(Debug)]
pub struct HeldCall {
    gate: Arc<Gate>,
}

impl HeldCall {
    pub(super) fn new() -> (Self, Arc<Gate>) {
        let gate = Arc::<Gate>::default();
        (Self { gate: Arc::clone(&gate) }, gate)
    }

    /// Blocks until a call is held, at most so long. Says whether there is one, or was.
    pub fn wait_until_reached(&self, timeout: Duration) -> bool {
        self.gate.wait_until(timeout, |calls| calls.any)
    }

    /// Blocks until no call is held, at most so long: who made them is gone. Says whether it is so.
    pub fn wait_until_left(&self, timeout: Duration) -> bool {
        self.gate.wait_until(timeout, |calls| calls.waiting == 0)
    }

    /// Lets the calls go on that are held, and all that come.
    pub fn release(&self) {
        self.gate.open.send_replace(true);
    }
}

impl Drop for HeldCall {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_wait_until_they_are_released() {
        let (held, gate) = HeldCall::new();
        assert!(!held.wait_until_reached(Duration::ZERO));
        let waiting = tokio::spawn(async move { gate.pass().await });
        tokio::task::yield_now().await;
        assert!(held.wait_until_reached(Duration::ZERO));
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_does_not_wait_any_more() {
        let (held, gate) = HeldCall::new();
        let waiting = tokio::spawn(async move { gate.pass().await });
        tokio::task::yield_now().await;
        assert!(!held.wait_until_left(Duration::ZERO));
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(held.wait_until_left(Duration::ZERO));
    }
}

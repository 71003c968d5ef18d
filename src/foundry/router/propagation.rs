//! The time that a route change takes to reach the routers.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::{Endpoint, Shared, lock, now};

/// How long route changes take between the API's OK and the routing table.
///
/// The default is one second each way: on a real foundation it is usually about that, and documented as "a few seconds".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagation {
    /// Until a router knows a new instance.
    pub register: Duration,
    /// Until a router has forgotten an instance.
    pub unregister: Duration,
}

impl Propagation {
    /// No delay: a change is in the table when the call returns.
    pub const NONE: Self = Self::both(Duration::ZERO);

    /// The same delay both ways.
    pub const fn both(delay: Duration) -> Self {
        Self { register: delay, unregister: delay }
    }
}

impl Default for Propagation {
    fn default() -> Self {
        Self::both(Duration::from_secs(1))
    }
}

/// One message of the route emitter.
#[derive(Debug)]
pub(super) enum Change {
    Register(Endpoint),
    Unregister(Endpoint),
}

impl Change {
    fn key(&self) -> Key {
        let (Self::Register(endpoint) | Self::Unregister(endpoint)) = self;
        (endpoint.host.to_lowercase(), endpoint.path.to_lowercase(), endpoint.addr)
    }
}

/// Changes with the same host, path and address are kept in order.
type Key = (String, String, SocketAddr);

/// The route changes under way.
#[derive(Debug)]
pub(super) struct Queue {
    propagation: Mutex<Propagation>,
    waiting: Mutex<Waiting>,
    /// Wakes the task that applies changes when an earlier one has come.
    woken: Notify,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By due time, then in the order in which they came.
    changes: BTreeMap<(Instant, u64), Change>,
    /// When the last change of a key is due: a later one is never before it, whatever its delay.
    last: HashMap<Key, Instant>,
    sequence: u64,
}

impl Queue {
    pub(super) fn new(propagation: Propagation) -> Self {
        Self {
            propagation: Mutex::new(propagation),
            waiting: Mutex::default(),
            woken: Notify::new(),
            count: watch::Sender::new(0),
        }
    }

    pub(super) fn propagation(&self) -> Propagation {
        *lock(&self.propagation)
    }

    pub(super) fn set_propagation(&self, propagation: Propagation) {
        *lock(&self.propagation) = propagation;
    }

    pub(super) async fn settled(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|&count| count == 0).await;
    }
}

/// Applies a change after its delay, in order with the other changes of the same host, path and address.
pub(super) fn change(shared: &Shared, change: Change, delay: Duration) {
    let queue = &shared.queue;
    let mut waiting = lock(&queue.waiting);
    let key = change.key();
    let asked = now().checked_add(delay).unwrap_or_else(|| now() + FAR);
    let due = waiting.last.get(&key).map_or(asked, |&last| last.max(asked));
    waiting.last.insert(key, due);
    waiting.sequence += 1;
    let sequence = waiting.sequence;
    waiting.changes.insert((due, sequence), change);
    apply_due(shared, &mut waiting);
    drop(waiting);
    queue.woken.notify_one();
}

/// As good as never, where a delay is too long for the clock.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Applies all changes in their order, due or not.
pub(super) fn apply_all(shared: &Shared) {
    let mut waiting = lock(&shared.queue.waiting);
    while let Some((_, change)) = waiting.changes.pop_first() {
        apply(shared, change, now());
    }
    waiting.last.clear();
    shared.queue.count.send_replace(0);
}

fn apply(shared: &Shared, change: Change, now: Instant) {
    match change {
        Change::Register(endpoint) => shared.registry().register(endpoint, now),
        Change::Unregister(endpoint) => shared.registry().unregister(&endpoint, now),
    }
}

/// Applies what is due and tells when the next change will be.
fn apply_due(shared: &Shared, waiting: &mut Waiting) -> Option<Instant> {
    let next = loop {
        let now = now();
        match waiting.changes.first_entry() {
            Some(first) if first.key().0 <= now => {
                let change = first.remove();
                let key = change.key();
                apply(shared, change, now);
                if waiting.last.get(&key).is_some_and(|&last| last <= now) {
                    waiting.last.remove(&key);
                }
            }
            Some(first) => break Some(first.key().0),
            None => break None,
        }
    };
    shared.queue.count.send_replace(waiting.changes.len());
    next
}

/// Applies changes as they come due.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let next = apply_due(&shared, &mut lock(&shared.queue.waiting));
        let woken = shared.queue.woken.notified();
        match next {
            Some(due) => {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep_until(due.into()) => {}
                }
            }
            None => woken.await,
        }
    }
}

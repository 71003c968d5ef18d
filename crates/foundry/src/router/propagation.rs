//! The time that a route change takes to reach the routers.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::clock::now;
use crate::platform::lock;

/// How long route changes take between the API's OK and the routing table.
///
/// The default is one second each way: on a real foundation it is usually about that, and documented as "a few
/// seconds".
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

/// An instance on a route.
pub(super) trait Routed: Debug {
    /// The route and the address: changes with the same key are kept in order.
    type Key: Debug + Eq + Hash;

    fn key(&self) -> Self::Key;
}

/// What a router knows, and how it comes to know it.
pub(super) trait Table {
    type Endpoint: Routed;

    fn queue(&self) -> &Queue<Self::Endpoint>;

    /// Makes a change whose time has come.
    fn apply(&self, change: Change<Self::Endpoint>, now: Instant);
}

/// One message of the route emitter.
#[derive(Debug)]
pub(super) enum Change<E> {
    Register(E),
    Unregister(E),
}

impl<E: Routed> Change<E> {
    fn key(&self) -> E::Key {
        let (Self::Register(endpoint) | Self::Unregister(endpoint)) = self;
        endpoint.key()
    }
}

/// The route changes under way.
#[derive(Debug)]
pub(super) struct Queue<E: Routed> {
    propagation: Mutex<Propagation>,
    waiting: Mutex<Waiting<E>>,
    /// Wakes the task that applies changes when an earlier one has come.
    woken: Notify,
    count: watch::Sender<usize>,
}

#[derive(Debug)]
struct Waiting<E: Routed> {
    /// By due time, then in the order in which they came.
    changes: BTreeMap<(Instant, u64), Change<E>>,
    /// When the last change of a key is due: a later one is never before it, whatever its delay.
    last: HashMap<E::Key, Instant>,
    sequence: u64,
}

impl<E: Routed> Queue<E> {
    pub(super) fn new(propagation: Propagation) -> Self {
        Self {
            propagation: Mutex::new(propagation),
            waiting: Mutex::new(Waiting { changes: BTreeMap::new(), last: HashMap::new(), sequence: 0 }),
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

/// Applies a change after its delay, in order with the other changes of the same route and address.
pub(super) fn change<T: Table>(table: &T, change: Change<T::Endpoint>, delay: Duration) {
    let queue = table.queue();
    let mut waiting = lock(&queue.waiting);
    let key = change.key();
    let asked = now().checked_add(delay).unwrap_or_else(|| now() + FAR);
    let due = waiting.last.get(&key).map_or(asked, |&last| last.max(asked));
    waiting.last.insert(key, due);
    waiting.sequence += 1;
    let sequence = waiting.sequence;
    waiting.changes.insert((due, sequence), change);
    apply_due(table, &mut waiting);
    drop(waiting);
    queue.woken.notify_one();
}

/// As good as never, where a delay is too long for the clock.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Applies all changes in their order, due or not.
pub(super) fn apply_all<T: Table>(table: &T) {
    let mut waiting = lock(&table.queue().waiting);
    while let Some((_, change)) = waiting.changes.pop_first() {
        table.apply(change, now());
    }
    waiting.last.clear();
    table.queue().count.send_replace(0);
}

/// Applies what is due and tells when the next change will be.
fn apply_due<T: Table>(table: &T, waiting: &mut Waiting<T::Endpoint>) -> Option<Instant> {
    let next = loop {
        let now = now();
        match waiting.changes.first_entry() {
            Some(first) if first.key().0 <= now => {
                let change = first.remove();
                let key = change.key();
                table.apply(change, now);
                if waiting.last.get(&key).is_some_and(|&last| last <= now) {
                    waiting.last.remove(&key);
                }
            }
            Some(first) => break Some(first.key().0),
            None => break None,
        }
    };
    table.queue().count.send_replace(waiting.changes.len());
    next
}

/// Applies changes as they come due.
pub(super) async fn run<T: Table>(table: Arc<T>) {
    loop {
        let next = apply_due(&*table, &mut lock(&table.queue().waiting));
        let woken = table.queue().woken.notified();
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

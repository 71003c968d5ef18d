//! The instances of one route, and which of them is next.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use crate::platform::lock;

/// The instances of one host and path (gorouter: `EndpointPool`).
#[derive(Debug)]
pub(super) struct Pool {
    /// The path of the route as it was registered first, `/` for none: the path of a sticky cookie.
    pub(super) context_path: String,
    /// The route service that the instance put in last came with (gorouter: `RouteSvcUrl`).
    pub(super) route_service_url: Option<String>,
    members: Vec<Member>,
    /// Where the next request starts; a random one of the members at first.
    next: Option<usize>,
    retry_after: Duration,
    /// When an instance was last put in or taken out.
    pub(super) updated: Instant,
}

#[derive(Debug)]
struct Member {
    endpoint: Arc<Endpoint>,
    /// Set while the instance is left out for a failure.
    failed_at: Option<Instant>,
}

/// A pool as requests hold it: it may change while they go on.
pub(super) type SharedPool = Arc<Mutex<Pool>>;

impl Pool {
    pub(super) fn new(context_path: String, retry_after: Duration, now: Instant) -> Self {
        Self { context_path, route_service_url: None, members: Vec::new(), next: None, retry_after, updated: now }
    }

    /// Puts an instance in; one with the same address is replaced and keeps its place and its mark.
    pub(super) fn put(&mut self, endpoint: Arc<Endpoint>, now: Instant) {
        self.updated = now;
        self.route_service_url.clone_from(&endpoint.route_service_url);
        match self.members.iter_mut().find(|member| member.endpoint.addr == endpoint.addr) {
            Some(member) => member.endpoint = endpoint,
            None => self.members.push(Member { endpoint, failed_at: None }),
        }
    }

    /// Takes an instance out. Its address alone does not do: a port may belong to another instance by now, and there
    /// are no heartbeats here that would put that one back.
    pub(super) fn remove(&mut self, endpoint: &Endpoint, now: Instant) {
        let before = self.members.len();
        self.members.retain(|member| {
            member.endpoint.addr != endpoint.addr || member.endpoint.instance_guid != endpoint.instance_guid
        });
        if self.members.len() != before {
            self.updated = now;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn endpoints(&self) -> impl DoubleEndedIterator<Item = &Arc<Endpoint>> {
        self.members.iter().map(|member| &member.endpoint)
    }

    /// A pool of its own for some of the members, which no failure mark outlives (gorouter: the surgical pool).
    /// `None` where none is wanted.
    pub(super) fn only(&self, now: Instant, wanted: impl Fn(&Endpoint) -> bool, pick: Pick) -> Option<Self> {
        let mut chosen = Self::new(self.context_path.clone(), Duration::ZERO, now);
        let mut found = self.endpoints().filter(|endpoint| wanted(endpoint));
        match pick {
            Pick::Last => found.next_back().into_iter().for_each(|endpoint| chosen.put(Arc::clone(endpoint), now)),
            Pick::All => found.for_each(|endpoint| chosen.put(Arc::clone(endpoint), now)),
        }
        (!chosen.is_empty()).then_some(chosen)
    }

    /// The index at which one request starts; the next request starts one further.
    fn start(&mut self) -> usize {
        let len = self.members.len();
        let random = || usize::try_from(RandomState::new().hash_one(len) % (len as u64)).unwrap_or_default();
        let start = self.next.unwrap_or_else(random);
        self.next = Some(if start + 1 >= len { 0 } else { start + 1 });
        start
    }

    /// Leaves an instance out for a while.
    fn mark_failed(&mut self, addr: SocketAddr, now: Instant) {
        if let Some(member) = self.members.iter_mut().find(|member| member.endpoint.addr == addr) {
            member.failed_at = Some(now);
        }
    }

    /// Leaves no instance out any more.
    pub(super) fn forgive(&mut self) {
        self.members.iter_mut().for_each(|member| member.failed_at = None);
    }

    /// The first member from `index` on that is not left out, and the index behind it. Where all are left out, the
    /// marks of all are taken away.
    fn next_from(&mut self, index: usize, now: Instant) -> Option<(Arc<Endpoint>, usize)> {
        let len = self.members.len();
        if len == 0 {
            return None;
        }
        let retry_after = self.retry_after;
        for member in &mut self.members {
            if member.failed_at.is_some_and(|failed| now.saturating_duration_since(failed) > retry_after) {
                member.failed_at = None;
            }
        }
        if self.members.iter().all(|member| member.failed_at.is_some()) {
            self.forgive();
        }
        (0..len)
            .map(|step| (index + step) % len)
            .find(|&at| self.members[at].failed_at.is_none())
            .map(|at| (Arc::clone(&self.members[at].endpoint), (at + 1) % len))
    }
}

/// Which of several members that fit are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The one registered last (gorouter: `LookupWithAppInstance` overwrites its find).
    Last,
    /// All of them.
    All,
}

/// The instances that one request is tried on, in order (gorouter: `RoundRobin`).
#[derive(Debug)]
pub(super) struct Selection {
    pool: SharedPool,
    /// The instance that a sticky client came with; tried first, once.
    sticky: Option<String>,
    next: Option<usize>,
    tried: HashSet<SocketAddr>,
}

/// What a selection has for one attempt.
#[derive(Debug)]
pub(super) enum Choice {
    /// The instance to try.
    Endpoint(Arc<Endpoint>),
    /// Every instance of the route was tried.
    Exhausted,
    /// The route has lost its last instance meanwhile.
    Empty,
}

impl Selection {
    pub(super) fn new(pool: SharedPool, sticky: Option<String>) -> Self {
        Self { pool, sticky, next: None, tried: HashSet::new() }
    }

    pub(super) fn context_path(&self) -> String {
        lock(&self.pool).context_path.clone()
    }

    /// The instance for the next attempt; `attempt` counts from 1.
    pub(super) fn choose(&mut self, attempt: usize, now: Instant) -> Choice {
        let mut pool = lock(&self.pool);
        let sticky = self.sticky.take().and_then(|id| {
            pool.endpoints().find(|e| e.instance_guid == id || e.addr.to_string() == id).map(Arc::clone)
        });
        let endpoint = match sticky {
            Some(endpoint) => endpoint,
            None if pool.is_empty() => return Choice::Empty,
            None => {
                let index = self.next.unwrap_or_else(|| pool.start());
                let Some((endpoint, next)) = pool.next_from(index, now) else { return Choice::Empty };
                self.next = Some(next);
                endpoint
            }
        };
        // Never more attempts than instances, unless new ones were registered meanwhile.
        if attempt > 1 && attempt > pool.members.len() && self.tried.contains(&endpoint.addr) {
            return Choice::Exhausted;
        }
        self.tried.insert(endpoint.addr);
        Choice::Endpoint(endpoint)
    }

    /// Marks an instance so that later requests leave it out for a while.
    pub(super) fn failed(&self, endpoint: &Endpoint, now: Instant) {
        lock(&self.pool).mark_failed(endpoint.addr, now);
    }
}

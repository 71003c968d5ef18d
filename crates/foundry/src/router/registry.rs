//! The routing table: which pool a host and a path lead to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use super::pool::{Pick, Pool, SharedPool};
use crate::platform::lock;

/// The routes of one router.
#[derive(Debug)]
pub(super) struct Registry {
    /// By host, then by path (no slash at the end), both in small letters.
    routes: BTreeMap<String, BTreeMap<String, SharedPool>>,
    retry_after: Duration,
    /// How long an empty pool stays; `None`: not at all.
    keep_empty: Option<Duration>,
}

/// The one instance, or the one process, that a client asks for by a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// Any instance.
    Any,
    /// `X-Cf-App-Instance`.
    AppInstance {
        /// The guid of the app.
        guid: &'a str,
        /// The index, as it was sent.
        index: &'a str,
    },
    /// `X-Cf-Process-Instance`.
    ProcessInstance {
        /// The guid of the process.
        guid: &'a str,
        /// The index, as it was sent; any where there is none.
        index: Option<&'a str>,
    },
}

impl Registry {
    pub(super) fn new(retry_after: Duration, keep_empty: Option<Duration>) -> Self {
        Self { routes: BTreeMap::new(), retry_after, keep_empty }
    }

    pub(super) fn register(&mut self, endpoint: Endpoint, now: Instant) {
        let path = path_key(&endpoint.path);
        let pool = self.routes.entry(endpoint.host.to_lowercase()).or_default().entry(path).or_insert_with(|| {
            let trimmed = endpoint.path.trim_start_matches('/');
            Arc::new(Mutex::new(Pool::new(format!("/{trimmed}"), self.retry_after, now)))
        });
        lock(pool).put(Arc::new(endpoint), now);
    }

    pub(super) fn unregister(&mut self, endpoint: &Endpoint, now: Instant) {
        let host = endpoint.host.to_lowercase();
        let path = path_key(&endpoint.path);
        if let Some(pool) = self.routes.get(&host).and_then(|paths| paths.get(&path)) {
            lock(pool).remove(endpoint, now);
        }
        self.prune(now);
    }

    /// Forgets which instances have failed.
    pub(super) fn forgive(&self) {
        self.routes.values().flat_map(BTreeMap::values).for_each(|pool| lock(pool).forgive());
    }

    /// Forgets the routes that have been without instances for long enough.
    fn prune(&mut self, now: Instant) {
        let keep_empty = self.keep_empty;
        for paths in self.routes.values_mut() {
            paths.retain(|_, pool| {
                let pool = lock(pool);
                let stays = keep_empty.is_some_and(|keep| now.saturating_duration_since(pool.updated) <= keep);
                !pool.is_empty() || stays
            });
        }
        self.routes.retain(|_, paths| !paths.is_empty());
    }

    /// The pool for a request; `host` without port, `path` as sent, without the query. `None` where the route is
    /// unknown, or has not the instance that is wanted.
    pub(super) fn lookup(&mut self, host: &str, path: &str, wanted: &Wanted<'_>, now: Instant) -> Option<SharedPool> {
        if self.keep_empty.is_some() {
            self.prune(now);
        }
        let path = path_key(path);
        let mut host = host.to_lowercase();
        let pool = loop {
            if let Some(pool) = self.routes.get(&host).and_then(|paths| longest(paths, &path)) {
                break pool;
            }
            host = next_wildcard(&host)?;
        };
        let narrowed = match wanted {
            Wanted::Any => return Some(Arc::clone(pool)),
            Wanted::AppInstance { guid, index } => lock(pool).only(
                now,
                |endpoint| endpoint.app_guid == *guid && endpoint.index.to_string() == *index,
                Pick::Last,
            ),
            Wanted::ProcessInstance { guid, index } => lock(pool).only(
                now,
                |endpoint| {
                    endpoint.process_guid == *guid && index.is_none_or(|index| endpoint.index.to_string() == *index)
                },
                Pick::All,
            ),
        };
        narrowed.map(|pool| Arc::new(Mutex::new(pool)))
    }

    pub(super) fn table(&self) -> Vec<Endpoint> {
        self.routes
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(|pool| lock(pool).endpoints().map(|endpoint| Endpoint::clone(endpoint)).collect::<Vec<_>>())
            .collect()
    }
}

/// A path as a key: small letters, one slash at the end taken off (gorouter: `RouteKey` and `Uri.String`).
fn path_key(path: &str) -> String {
    let path = path.to_lowercase();
    path.strip_suffix('/').map(str::to_owned).unwrap_or(path)
}

/// The pool of the longest path that the request's path begins with, segment by segment. A pool with instances goes
/// before an empty one (gorouter: `Trie.MatchUri`).
fn longest<'a>(paths: &'a BTreeMap<String, SharedPool>, path: &str) -> Option<&'a SharedPool> {
    let prefixes = std::iter::successors(Some(path), |rest| rest.rfind('/').map(|slash| &rest[..slash]));
    let mut empty = None;
    for prefix in prefixes {
        if let Some(pool) = paths.get(prefix) {
            if !lock(pool).is_empty() {
                return Some(pool);
            }
            empty = empty.or(Some(pool));
        }
    }
    empty
}

/// The wildcard to try after a host: `a.b.c`, `*.b.c`, `*.c` (gorouter: `NextWildcard`).
fn next_wildcard(host: &str) -> Option<String> {
    let host = host.strip_prefix("*.").unwrap_or(host);
    host.split_once('.').map(|(_, domain)| format!("*.{domain}"))
}

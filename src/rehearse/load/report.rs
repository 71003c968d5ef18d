//! What came of the requests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::client::Outcome;
use super::{Kind, LiveUrl};

/// The counts of a load that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Requests whose time has come.
    pub(crate) sent: u64,
    /// Requests that have ended, well or not.
    pub ended: u64,
    /// Requests that have failed.
    pub(crate) failed: u64,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// An answer that is neither 2xx nor 3xx.
    Status(u16),
    /// No connection, or one that ended without an answer.
    Connection(String),
    /// An answer whose body did not come to its end.
    BrokenOff(String),
    /// No end of the answer in time.
    Timeout,
    /// Not sent: too many requests were open.
    Crowded,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Connection(words) => write!(f, "connection: {words}"),
            Self::BrokenOff(words) => write!(f, "answer broken off: {words}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Crowded => f.write_str("not sent, too many requests were open"),
        }
    }
}

/// Failures of the same kind on the same route for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// The kind of request.
    pub(crate) kind: Kind,
    /// The route.
    pub(crate) url: LiveUrl,
    /// The cause.
    pub(crate) cause: Cause,
    /// `X-Cf-Routererror` of the first of them; those of one group differ at most in the brackets.
    pub router_error: Option<String>,
    /// When the first one failed.
    pub(crate) first: Timestamp,
    /// How many there were.
    pub(crate) count: u64,
}

/// How long requests took that were answered well, from the time they were due to the end of the answer. Those that
/// are slow on purpose do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Half of them took at most this.
    pub p50: Duration,
    /// 95 in 100.
    pub p95: Duration,
    /// 99 in 100.
    pub p99: Duration,
}

/// The request that took longest to be answered well, those that are slow on purpose left aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slowest {
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its route.
    pub(crate) url: LiveUrl,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What came of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Requests whose time came.
    pub sent: u64,
    /// Requests that failed.
    pub failed: u64,
    /// How many requests there were of each kind.
    pub(crate) by_kind: BTreeMap<Kind, u64>,
    /// What failed, in the order in which it began.
    pub failures: Vec<FailureGroup>,
    /// By app guid, how many requests its instances were given, by the router's access log; `None` for those that were
    /// given to no app. Empty where there was no log.
    pub by_app: BTreeMap<Option<String>, u64>,
    /// The slowest.
    pub(crate) slowest: Option<Slowest>,
    /// How long it took.
    pub(crate) latency: Latency,
}

type GroupKey = (Kind, String, String, Cause, Option<String>);

#[derive(Debug, Default)]
struct Counts {
    by_kind: BTreeMap<Kind, u64>,
    groups: BTreeMap<GroupKey, FailureGroup>,
    by_app: BTreeMap<Option<String>, u64>,
    times: Vec<Duration>,
    slowest: Option<Slowest>,
    /// Requests that the router has answered, and so has a line for.
    answered: u64,
}

/// The counts as they grow.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    counts: Mutex<Counts>,
    lines: watch::Sender<u64>,
}

impl Tally {
    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, kind: Kind, url: &LiveUrl, due: Instant, outcome: Outcome) {
        let took = due.elapsed();
        {
            let mut counts = self.counts();
            *counts.by_kind.entry(kind).or_default() += 1;
            counts.answered += u64::from(outcome.answered);
            match outcome.cause {
                Some(cause) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    counts.failure(kind, url, cause, outcome.router_error);
                }
                None if kind.is_long() => {}
                None => counts.time(kind, url, took),
            }
        }
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn served_by(&self, app: Option<&str>) {
        *self.counts().by_app.entry(app.map(str::to_owned)).or_default() += 1;
        self.lines.send_modify(|lines| *lines += 1);
    }

    /// Waits until the router's lines for all answers have come.
    pub(super) async fn all_lines(&self) {
        let answered = self.counts().answered;
        let mut lines = self.lines.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _all = lines.wait_for(|&lines| lines >= answered).await;
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            sent: self.sent.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn report(&self) -> LoadReport {
        let mut counts = self.counts();
        counts.times.sort_unstable();
        let mut failures: Vec<FailureGroup> = counts.groups.values().cloned().collect();
        failures.sort_by_key(|group| group.first);
        let progress = self.progress();
        LoadReport {
            sent: progress.sent,
            failed: progress.failed,
            by_kind: counts.by_kind.clone(),
            failures,
            by_app: counts.by_app.clone(),
            slowest: counts.slowest.clone(),
            latency: Latency::of(&counts.times),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn failure(&mut self, kind: Kind, url: &LiveUrl, cause: Cause, router_error: Option<String>) {
        // What stands in brackets names ports, which differ from request to request.
        let error = router_error.as_deref().and_then(|error| error.split(" (").next()).map(str::to_owned);
        let key = (kind, url.host.clone(), url.path.clone(), cause.clone(), error);
        let group = self.groups.entry(key).or_insert_with(|| FailureGroup {
            kind,
            url: url.clone(),
            cause,
            router_error,
            first: Timestamp::now(),
            count: 0,
        });
        group.count += 1;
    }

    fn time(&mut self, kind: Kind, url: &LiveUrl, took: Duration) {
        self.times.push(took);
        if self.slowest.as_ref().is_none_or(|slowest| slowest.took < took) {
            self.slowest = Some(Slowest { kind, url: url.clone(), took });
        }
    }
}

impl Latency {
    /// The percentiles of sorted times; zero where there are none.
    fn of(sorted: &[Duration]) -> Self {
        let percentile = |percent: usize| {
            // The smallest time that at least so many in a hundred do not exceed.
            let rank = (sorted.len() * percent).div_ceil(100);
            rank.checked_sub(1).and_then(|place| sorted.get(place)).copied().unwrap_or_default()
        };
        Self { p50: percentile(50), p95: percentile(95), p99: percentile(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let times = |count: u64| (1..=count).map(Duration::from_millis).collect::<Vec<_>>();
        let cases = [(0, [0, 0, 0]), (1, [1, 1, 1]), (10, [5, 10, 10]), (100, [50, 95, 99]), (1000, [500, 950, 990])];
        for (count, expected) in cases {
            let [p50, p95, p99] = expected.map(Duration::from_millis);
            assert_eq!(Latency::of(&times(count)), Latency { p50, p95, p99 }, "{count}");
        }
    }
}

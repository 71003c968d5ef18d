//! The counts of a load as they grow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

use super::cause::Cause;
use super::live_url::LiveUrl;
use super::mix::Kind;
use super::outcome::Outcome;
use super::report::{FailureGroup, Latency, LoadReport, Progress, Slowest};

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
    /// The numbers of the requests that have not ended.
    open: Mutex<BTreeSet<u64>>,
    lines: watch::Sender<u64>,
}

impl Tally {
    /// Counts a request, and returns its number.
    pub(super) fn sent(&self) -> u64 {
        let mut open = self.open();
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        open.insert(number);
        number
    }

    fn open(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ended(&self, number: u64, kind: Kind, url: &LiveUrl, due: Instant, outcome: Outcome) {
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
        self.open().remove(&number);
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
        let open = self.open();
        let sent = self.sent.load(Ordering::Relaxed);
        Progress {
            sent,
            ended_before: open.first().copied().unwrap_or(sent),
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

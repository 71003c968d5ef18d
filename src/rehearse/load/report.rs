//! What came of the requests.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::cause::Cause;
use super::live_url::LiveUrl;
use super::mix::Kind;

/// The counts of a load that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Requests whose time has come.
    pub sent: u64,
    /// Requests that have ended, well or not.
    pub ended: u64,
    /// Requests that have failed.
    pub(crate) failed: u64,
    /// All requests before the one of this number, counted from 0, have ended.
    pub ended_before: u64,
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

impl Latency {
    /// The percentiles of sorted times; zero where there are none.
    pub(super) fn of(sorted: &[Duration]) -> Self {
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

//! How long an action may take.

use std::time::Duration;

/// How many times the time of one call an action may take that is one call and what confirms it.
const CALLS: u32 = 3;

/// How long an action may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How long one cf may take for it.
    pub(crate) attempt: Duration,
    /// How long it may take in all, repetitions and confirmation included.
    pub(crate) within: Duration,
}

impl Limits {
    /// Those of one call and what confirms it.
    pub(super) fn of_calls(call: Duration) -> Self {
        Self { attempt: call, within: call.saturating_mul(CALLS) }
    }

    /// Those of something that may be tried once in its time.
    pub(super) fn once(within: Duration) -> Self {
        Self { attempt: within, within }
    }
}

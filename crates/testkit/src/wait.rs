//! Waiting for what comes by itself.

use std::thread;
use std::time::{Duration, Instant};

/// Far more than anything takes that a test waits for, on a busy machine, too.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// How often it is looked. Whoever looks without a pause takes the core from what he waits for.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until something is so, and says whether it came to that.
pub fn comes_true(holds: impl FnMut() -> bool) -> bool {
    comes_true_within(PATIENCE, holds)
}

/// Waits until something is so, at most so long, and says whether it came to that.
pub fn comes_true_within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patience;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

/// Waits until something is so; a test that waits in vain ends.
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    assert!(comes_true(holds), "in vain: {what}");
}

/// Waits until there is something to see; a test that waits in vain ends.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    wait_until(what, || {
        found = look();
        found.is_some()
    });
    found.unwrap()
}

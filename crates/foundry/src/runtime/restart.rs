//! When a crashed instance is started again.

use std::time::Duration;

/// Crashes after which there is no wait. (bbs `restart_calculator.go`: `DefaultImmediateRestarts`.)
const IMMEDIATE: u32 = 3;
/// Crashes after which it is given up. (`DefaultMaxRestarts`.)
const MOST: u32 = 200;
/// The longest wait, as doublings of the first. (`DefaultMaxBackoffDuration` of 16 minutes by `CrashBackoffMinDuration`
/// of 30 seconds.)
const DOUBLINGS: u32 = 5;
/// How long an instance must have run for its earlier crashes to be forgotten. (`CrashResetTimeout`.)
pub(super) const FORGIVEN_AFTER: Duration = Duration::from_secs(5 * 60);

/// How long to wait after so many crashes in a row; `None` is for ever. `first` is the first wait, 30 seconds on Diego.
pub(super) fn delay(crashes: u32, first: Duration) -> Option<Duration> {
    if crashes < IMMEDIATE {
        Some(Duration::ZERO)
    } else if crashes < MOST {
        Some(first * (1 << (crashes - IMMEDIATE).min(DOUBLINGS)))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_are_those_of_diego() {
        let cases = [
            (1, Some(0)),
            (2, Some(0)),
            (3, Some(30)),
            (4, Some(60)),
            (7, Some(480)),
            (8, Some(960)),
            (9, Some(960)),
            (199, Some(960)),
            (200, None),
        ];
        for (crashes, seconds) in cases {
            assert_eq!(delay(crashes, Duration::from_secs(30)), seconds.map(Duration::from_secs), "{crashes} crashes");
        }
    }
}

//! What a space is read from, also where the platform is out of reach for a while.

use std::time::Duration;

use crate::plan::format_duration;
use crate::run::api::observe_error::ObserveError;
use crate::run::waiting::clock::{Clock, Stop};
use crate::run::waiting::retry;
use crate::space::Space;

use super::parts::Parts;

/// How long the platform may be out of reach.
const OUTAGE: Duration = Duration::from_secs(30);
/// The pause before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// What a space is read from.
pub trait Reader: Sync {
    /// Reads parts of the space again; all others stay as they are.
    fn refresh(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError>;

    /// As [`Self::refresh`], beside a cf of ours that is at work and without patience, as long as it is wanted. Returns
    /// whether it was read.
    fn glance(&self, space: &mut Space, parts: &Parts, goes_on: &(dyn Fn() -> bool + Sync)) -> bool;

    /// How long the platform asks to be left alone, where it has had too many calls.
    fn asked_patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// Why a space was not read.
#[derive(Debug)]
pub(crate) struct Unread {
    /// What the platform, or cf, says.
    pub(crate) error: ObserveError,
    /// Why the run is to stop, where that is why it was not waited for any longer.
    pub(crate) stop: Option<Stop>,
}

/// As [`Reader::refresh`], also where the platform is out of reach for a while, or asks for patience: `tell` hears of that.
pub(crate) fn refresh_patiently(
    reader: &dyn Reader,
    clock: &dyn Clock,
    space: &mut Space,
    parts: &Parts,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Unread> {
    let begun = clock.now();
    loop {
        match reader.refresh(space, parts) {
            Err(error) if !error.lasts() && clock.now().duration_since(begun) < borne(&error) => {
                let patience = format_duration(borne(&error));
                tell(&format!("the space cannot be read just now, which is borne for {patience}: {error}"));
                if let Err(stop) = clock.pause(pause_after(reader, &error)) {
                    return Err(Unread { error, stop: Some(stop) });
                }
            }
            end => return end.map_err(|error| Unread { error, stop: None }),
        }
    }
}

/// How long a failure to read is borne.
fn borne(error: &ObserveError) -> Duration {
    if error.is_rate_limited() { retry::PATIENCE } else { OUTAGE }
}

/// How long is waited after a failure to read: where the platform has had too many calls, as long as it asks for.
pub(super) fn pause_after(reader: &dyn Reader, error: &ObserveError) -> Duration {
    if error.is_rate_limited() { reader.asked_patience().max(PAUSE) } else { PAUSE }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::run::doubles::{Failing, Failure, Hand, lasting};

    fn passing() -> ObserveError {
        ObserveError::Unknown { path: "/v3/apps".to_owned(), why: "nothing came".to_owned() }
    }

    #[test]
    fn a_platform_out_of_reach_is_waited_for_but_not_for_ever() {
        let day = Duration::from_secs(86_400);
        // How often it fails, and how; after what a signal comes; whether it is read, and what was waited.
        let (passing, lasting): (Failure, Failure) = (passing, lasting);
        let cases = [
            (0, passing, day, true, Duration::ZERO),
            (100, passing, day, true, PAUSE * 100),
            (1_000, passing, day, false, OUTAGE),
            (1, lasting, day, false, Duration::ZERO),
            (100, passing, PAUSE * 3, false, PAUSE * 3),
        ];
        for (left, error, stops_after, read, waited) in cases {
            let reader = Failing { left: AtomicU32::new(left), error };
            let clock = Hand::new(stops_after);
            let mut told = 0;
            let end = refresh_patiently(&reader, &clock, &mut Space::default(), &Parts::all(), &mut |_| told += 1);
            assert_eq!((end.is_ok(), clock.waited()), (read, waited), "{left} {stops_after:?}");
            assert_eq!(Duration::from_millis(200) * told, waited, "whoever waits is told why");
        }
    }
}

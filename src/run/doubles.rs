//! What the tests of a run put in the place of the real one: a clock that is turned by hand, a platform that fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::api::observe_error::ObserveError;
use super::reading::parts::Parts;
use super::reading::reader::Reader;
use super::waiting::clock::{Clock, Stop};
use super::waiting::signal::Signal;
use crate::cf::outcome::{Reason, Refusal};
use crate::space::Space;

/// How a platform fails.
pub(super) type Failure = fn() -> ObserveError;

/// A platform that fails so often, in this way.
pub(super) struct Failing {
    pub(super) left: AtomicU32,
    pub(super) error: Failure,
}

impl Reader for Failing {
    fn glance(&self, space: &mut Space, parts: &Parts, _: &(dyn Fn() -> bool + Sync)) -> bool {
        self.refresh(space, parts).is_ok()
    }

    fn refresh(&self, _: &mut Space, _: &Parts) -> Result<(), ObserveError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() { Ok(()) } else { Err((self.error)()) }
    }
}

/// A platform that writes down what is read of it.
#[derive(Default)]
pub(super) struct Noting(Mutex<Vec<Parts>>);

impl Noting {
    /// All that was read, in order.
    pub(super) fn all(self) -> Vec<Parts> {
        self.0.into_inner().unwrap()
    }
}

impl Reader for Noting {
    fn glance(&self, space: &mut Space, parts: &Parts, _: &(dyn Fn() -> bool + Sync)) -> bool {
        self.refresh(space, parts).is_ok()
    }

    fn refresh(&self, _: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        self.0.lock().unwrap().push(parts.clone());
        Ok(())
    }
}

/// A clock that goes on by what it is to wait, until it is to stop.
pub(super) struct Hand {
    begun: Instant,
    waited: Mutex<Duration>,
    stops_after: Duration,
}

impl Hand {
    pub(super) fn new(stops_after: Duration) -> Self {
        Self { begun: Instant::now(), waited: Mutex::default(), stops_after }
    }

    pub(super) fn waited(&self) -> Duration {
        *self.waited.lock().unwrap()
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        self.begun + self.waited()
    }

    fn pause(&self, time: Duration) -> Result<(), Stop> {
        *self.waited.lock().unwrap() += time;
        if self.waited() < self.stops_after { Ok(()) } else { Err(Stop::Signal(Signal::Interrupt)) }
    }
}

pub(super) fn lasting() -> ObserveError {
    ObserveError::Refused {
        path: "/v3/apps".to_owned(),
        refusal: Refusal { reason: Reason::NotLoggedIn, words: "log in first".to_owned() },
    }
}

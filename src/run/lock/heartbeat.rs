//! What keeps locks alive while a run is at work: a thread that writes on them every few seconds, also while a step's cf
//! takes its time.
//!
//! cf keeps its tokens in its home without a lock of its own, so two of them must not work there at once. A heartbeat goes
//! through a spare home; where the token is not taken there, through the run's own, where cf renews it, between two calls of
//! the run.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::marker;
use super::own_lock::{self, Beat, InFlight, Lost, judge};
use crate::cf::spawn::Cf;
use crate::run::api::Api;
use crate::run::side_by_side::side_by_side;
use crate::run::waiting::clock::{Clock, Stop};
use crate::run::waiting::interrupt::Stopper;
use crate::space::Space;
use crate::space::lock::Lock;
use crate::steps::Step;

/// How often a heartbeat is written.
const BEAT: Duration = Duration::from_secs(5);
/// How soon the first one is, and one after one that could not be written.
const SOON: Duration = Duration::from_secs(2);
/// How many locks are written on at the same time.
const AT_ONCE: usize = 8;
/// How old the last heartbeat may be when a step begins: well below the [`SILENCE`](crate::space::lock::SILENCE) after
/// which others take the run for dead.
const ALIVE: Duration = Duration::from_secs(20);

/// Locks that are ours until they are given back or lost.
#[derive(Debug)]
pub struct Heartbeat<'a> {
    api: Api<'a>,
    /// The cf of the run, which is not waited for.
    between: Cf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    locks: Vec<Lock>,
    /// By the plan's names of the apps.
    in_flight: BTreeMap<String, InFlight>,
    lost: Option<Lost>,
}

impl<'a> Heartbeat<'a> {
    pub(super) fn new(api: Api<'a>, locks: Vec<Lock>) -> Self {
        let state = Mutex::new(State { locks, in_flight: BTreeMap::new(), lost: None });
        Self { api, between: api.cf.impatient(), state }
    }

    /// Keeps the locks alive while `work` is done. Where one is lost, the run is told at once.
    pub(crate) fn keep<R>(&self, run: &Stopper, work: impl FnOnce() -> R) -> R {
        thread::scope(|scope| {
            // Whatever becomes of the work, a panic too, the thread hears that it is over.
            let (over, hear) = channel();
            scope.spawn(move || self.beat_until_over(&hear, run));
            let done = work();
            drop(over);
            done
        })
    }

    /// Makes sure that the lock on the step's app is held, by the space as it was just read, and notes that the step
    /// begins.
    ///
    /// Fails where it is no more ours, where somebody asks for it, and where it could not be kept alive.
    pub(crate) fn hold(&self, step: &Step, space: &Space, clock: &dyn Clock) -> Result<(), Lost> {
        let app = step.app.to_string();
        let heard = {
            let mut state = self.state();
            let in_flight = InFlight { step: step.id.clone(), since: Some(marker::now()) };
            state.in_flight.insert(app.clone(), in_flight);
            if let Some(lost) = &state.lost {
                return Err(lost.clone());
            }
            let ours = state.locks.iter().find(|lock| lock.app == app).ok_or(Lost::NotHeld { app })?;
            judge(ours, space.lock(&ours.app))?;
            ours.heartbeat
        };
        let silent = heard.is_none_or(|heard| {
            Duration::try_from(Timestamp::now().duration_since(heard)).is_ok_and(|silent| silent >= ALIVE)
        });
        // The machine was asleep, or the platform out of reach: somebody may be about to take the lock over.
        if silent { self.beat_now(step.app.as_str(), clock) } else { Ok(()) }
    }

    /// Gives all locks back. `tell` hears of those that stay, and of what keeps it waiting.
    pub fn release(self, clock: &dyn Clock, tell: &mut dyn FnMut(&str)) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        for lock in &state.locks {
            own_lock::release(&self.api, clock, lock, tell);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat_until_over(&self, hear: &Receiver<()>, run: &Stopper) {
        let mut pause = SOON;
        while hear.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            match self.beat_all() {
                Ok(written) => pause = if written { BEAT } else { SOON },
                Err(lost) => {
                    // Nobody waits any more where the run has just ended.
                    let _heard = run.stop(Stop::LockLost(lost.clone().into()));
                    self.state().lost = Some(lost);
                    return;
                }
            }
        }
    }

    /// One heartbeat of each lock, several at a time. Returns whether all were written.
    fn beat_all(&self) -> Result<bool, Lost> {
        let (locks, in_flight) = {
            let state = self.state();
            (state.locks.clone(), state.in_flight.clone())
        };
        let beat = |lock: Lock| {
            let in_flight = in_flight.get(&lock.app).cloned().unwrap_or_default();
            self.beat(lock, &in_flight)
        };
        let beats = side_by_side(AT_ONCE, locks.into_iter(), beat);
        beats.into_iter().try_fold(true, |all, beat| Ok(all & (beat? == Beat::Written)))
    }

    /// One heartbeat of one lock, beside the run.
    fn beat(&self, mut lock: Lock, in_flight: &InFlight) -> Result<Beat, Lost> {
        let aside = |cf: &Cf| own_lock::beat(&self.api.beside(cf), &mut lock, in_flight);
        let mut beat = self.api.session.aside(self.api.cf, aside).transpose()?.unwrap_or(Beat::Busy);
        // Only the run's own cf can renew the token; where it is at work, it is not waited for.
        if beat != Beat::Written {
            beat = own_lock::beat(&self.api.by(&self.between), &mut lock, in_flight)?;
        }
        self.note(lock);
        Ok(beat)
    }

    /// One heartbeat of one lock, by the thread of the run itself.
    fn beat_now(&self, app: &str, clock: &dyn Clock) -> Result<(), Lost> {
        let mut why = String::new();
        for failures in 0..marker::TRIES {
            if marker::back_off(clock, failures).is_err() {
                break;
            }
            let (lock, in_flight) = {
                let state = self.state();
                let in_flight = state.in_flight.get(app).cloned().unwrap_or_default();
                (state.locks.iter().find(|lock| lock.app == app).cloned(), in_flight)
            };
            let Some(mut lock) = lock else { return Err(Lost::NotHeld { app: app.to_owned() }) };
            match own_lock::beat(&self.api, &mut lock, &in_flight)? {
                Beat::Written => {
                    self.note(lock);
                    return Ok(());
                }
                Beat::NotWritten(words) => why = words,
                Beat::Busy => "another cf is at work".clone_into(&mut why),
            }
        }
        Err(Lost::Silent { app: app.to_owned(), why })
    }

    /// Keeps what was written on a lock, unless another heartbeat was later.
    fn note(&self, written: Lock) {
        let mut state = self.state();
        if let Some(lock) = state.locks.iter_mut().find(|lock| lock.app == written.app)
            && lock.heartbeat < written.heartbeat
        {
            *lock = written;
        }
    }
}

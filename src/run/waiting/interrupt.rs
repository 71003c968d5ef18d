//! What a signal does to a run: a call of cf that is in flight is finished, nothing is waited for, and nothing more is
//! started.

use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::clock::{Clock, Stop};
use super::signal::Signal;

/// How long the process stays for its last words.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Whether it is the first signal, or one that ends the process whatever it is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// What is in flight is finished first.
    First,
    /// The process ends right after it was told.
    AtOnce,
}

/// The clock of a run: its pauses end when a signal comes in, or when somebody else says that the run is to stop.
#[derive(Debug, Default)]
pub struct Interrupt {
    stop: Arc<StopSign>,
}

/// Whether a run is to stop, for all who wait.
#[derive(Debug, Default)]
struct StopSign {
    why: Mutex<Option<Stop>>,
    shown: Condvar,
}

impl StopSign {
    fn why(&self) -> MutexGuard<'_, Option<Stop>> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What says that a run is to stop. It does not keep the run's clock alive.
#[derive(Debug, Clone)]
pub(crate) struct Stopper(Weak<StopSign>);

impl Stopper {
    /// Says so; the first reason stays. Returns whether there is a run that hears it.
    pub(crate) fn stop(&self, why: Stop) -> bool {
        let Some(sign) = self.0.upgrade() else { return false };
        sign.why().get_or_insert(why);
        sign.shown.notify_all();
        true
    }
}

impl Interrupt {
    /// Catches SIGINT, SIGTERM and SIGHUP from now on; a second one ends the process at once, every half-way state of a
    /// deployment being a legal start. `tell` is called for each, from a thread of its own: a terminal that takes nothing holds up
    /// no signal. Fails where the system does not let it.
    pub(crate) fn catch(tell: impl Fn(Signal, Urgency) + Send + Sync + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let caught = Self::none();
        let stopper = caught.stopper();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let tell = Arc::new(tell);
            let say = |signal, urgency| {
                let (tell, (said, heard)) = (Arc::clone(&tell), channel());
                thread::spawn(move || {
                    tell(signal, urgency);
                    // Nobody hears it any more where it took too long.
                    let _heard = said.send(());
                });
                heard
            };
            let mut first = true;
            for number in signals.forever() {
                let signal = if number == SIGINT { Signal::Interrupt } else { Signal::Terminate };
                if !first || !stopper.stop(Stop::Signal(signal)) {
                    let _said = say(signal, Urgency::AtOnce).recv_timeout(LAST_WORDS);
                    std::process::exit(i32::from(signal.exit_code()));
                }
                drop(say(signal, Urgency::First));
                first = false;
            }
        })?;
        Ok(caught)
    }

    /// Catches nothing: signals do what they do by default.
    pub fn none() -> Self {
        Self::default()
    }

    /// What says from another thread that the run is to stop.
    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(Arc::downgrade(&self.stop))
    }
}

impl Clock for Interrupt {
    fn pause(&self, time: Duration) -> Result<(), Stop> {
        let why = self.stop.why();
        let (why, _) =
            self.stop.shown.wait_timeout_while(why, time, |why| why.is_none()).unwrap_or_else(PoisonError::into_inner);
        why.clone().map_or(Ok(()), Err)
    }
}

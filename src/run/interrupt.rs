//! What a signal does to a run: a call of cf that is in flight is finished, nothing is waited for, and nothing more is
//! started.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::clock::{Clock, Stop};

/// A signal that asks for the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP: the terminal or the CI runner is gone.
    Terminate,
}

impl Signal {
    /// The exit code that tells of it, by the shells' convention of 128 and the signal's number.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Whether it is the first signal, or one that ends the process whatever it is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// What is in flight is finished first.
    First,
    /// The process ends right after it was told.
    AtOnce,
}

/// The clock of a run: its pauses end when a signal comes in, or when somebody else says that the run is to stop.
#[derive(Debug)]
pub struct Interrupt {
    stops: Receiver<Stop>,
    send: Sender<Stop>,
    seen: RefCell<Option<Stop>>,
}

impl Interrupt {
    /// Catches SIGINT, SIGTERM and SIGHUP from now on; a second one ends the process at once, every half-way state of a
    /// deployment being a legal start. `tell` is called for each, from a thread of its own. Fails where the system does
    /// not let it.
    pub(crate) fn catch(tell: impl Fn(Signal, Urgency) + Send + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let caught = Self::none();
        let send = caught.sender();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut first = true;
            for number in signals.forever() {
                let signal = if number == SIGINT { Signal::Interrupt } else { Signal::Terminate };
                if !first || send.send(Stop::Signal(signal)).is_err() {
                    tell(signal, Urgency::AtOnce);
                    std::process::exit(i32::from(signal.exit_code()));
                }
                tell(signal, Urgency::First);
                first = false;
            }
        })?;
        Ok(caught)
    }

    /// Catches nothing: signals do what they do by default.
    pub fn none() -> Self {
        let (send, stops) = channel();
        Self { stops, send, seen: RefCell::new(None) }
    }

    /// What says from another thread that the run is to stop.
    pub(crate) fn sender(&self) -> Sender<Stop> {
        self.send.clone()
    }
}

impl Clock for Interrupt {
    fn pause(&self, time: Duration) -> Result<(), Stop> {
        if let Some(stop) = self.seen.borrow().clone() {
            return Err(stop);
        }
        match self.stops.recv_timeout(time) {
            Ok(stop) => {
                *self.seen.borrow_mut() = Some(stop.clone());
                Err(stop)
            }
            // The sender of its own keeps the channel open.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

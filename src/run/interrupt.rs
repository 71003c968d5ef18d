//! What a signal does to a run: the step in flight is finished and confirmed, then nothing more is started.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

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
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Signals as they come in.
#[derive(Debug)]
pub struct Interrupt {
    signals: Receiver<Signal>,
    seen: Cell<Option<Signal>>,
}

impl Interrupt {
    /// Catches SIGINT, SIGTERM and SIGHUP from now on; a second one ends the process at once, every half-way state of a
    /// deployment being a legal start. `tell` is called for the first one, from a thread of its own. Fails where the
    /// system does not let it.
    pub fn catch(tell: impl Fn(Signal) + Send + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (send, receive) = channel();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut first = true;
            for number in signals.forever() {
                let signal = if number == SIGINT { Signal::Interrupt } else { Signal::Terminate };
                if !first || send.send(signal).is_err() {
                    std::process::exit(i32::from(signal.exit_code()));
                }
                tell(signal);
                first = false;
            }
        })?;
        Ok(Self { signals: receive, seen: Cell::new(None) })
    }

    /// Catches nothing: signals do what they do by default.
    pub fn none() -> Self {
        Self { signals: channel().1, seen: Cell::new(None) }
    }

    /// The signal that came in, if one did.
    pub fn seen(&self) -> Option<Signal> {
        self.pause(Duration::ZERO);
        self.seen.get()
    }

    /// Waits, and returns early where a signal comes in or has come in. Returns whether the whole time has passed.
    pub fn pause(&self, time: Duration) -> bool {
        if self.seen.get().is_some() {
            return false;
        }
        let until = Instant::now() + time;
        match self.signals.recv_timeout(time) {
            Ok(signal) => {
                self.seen.set(Some(signal));
                false
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                true
            }
        }
    }
}

//! One step after the other, each confirmed before the next one starts.
//!
//! Before a step that changes something, three things are made sure of: the lock is still held, nobody else has changed
//! anything that the deployment hangs on, and what the step relies on is so. How the step itself is done and confirmed
//! is told in [`attempt`](super::attempt).

use std::fmt;
use std::time::{Duration, Instant};

use crate::cf::spawn::Cf;
use crate::plan;
use crate::space::Space;
use crate::space::condition::{Section, Verdict};
use crate::space::difference::{Difference, differences};
use crate::steps::Step;

use super::attempt::StepEnd;
use super::event::Event;
use super::http::Client;
use super::interrupt::{Interrupt, Signal};
use super::observe::{ObserveError, Observer};

/// The pause between two looks at the space.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// How long what a step relies on is waited for: an instance that crashed is started again within seconds.
const RELIED_ON: Duration = Duration::from_secs(30);

/// How a list of steps ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// All steps are confirmed.
    Done,
    /// A step is not confirmed; none after it was started.
    Failed(Box<Failure>),
    /// Somebody else is at work: nothing more was started, and nothing is taken back.
    Stopped {
        /// The id of the step that was not started, or not finished.
        step: String,
        /// Who, or what they did.
        why: Intrusion,
    },
    /// A signal came in; the steps before this one are confirmed, and it was not started or only waited.
    Interrupted {
        /// The signal.
        signal: Signal,
        /// The id of the step that was not finished.
        step: String,
    },
}

/// Somebody else at work.
#[derive(Debug, Clone, PartialEq)]
pub enum Intrusion {
    /// The lock is not ours any more: why, and whose it is.
    LockLost(String),
    /// Somebody has changed what the deployment hangs on.
    Changed(Vec<Difference>),
}

impl fmt::Display for Intrusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LockLost(why) => write!(f, "the lock is not held any more: {why}"),
            Self::Changed(changed) => {
                f.write_str("somebody else has changed what it hangs on:")?;
                changed.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
            }
        }
    }
}

/// A step that is not confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// What happened, with cf's own words.
    pub why: String,
}

/// Runs the steps of one app on a space.
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct Runner<'a> {
    /// The app.
    pub app: &'a plan::App,
    /// The cf that changes the space.
    pub cf: &'a Cf,
    /// What reads it back.
    pub observer: &'a Observer<'a>,
    /// The client for checks and probes.
    pub client: &'a Client,
    /// What ends the run early.
    pub interrupt: &'a Interrupt,
    /// Makes sure that the lock is held for a step and what follows it; says why it is not.
    pub hold: &'a dyn Fn(&Step) -> Result<(), String>,
}

/// Why a step was not started.
enum NotStarted {
    Failed(String),
    Stopped(Intrusion),
    Interrupted(Signal),
}

impl Runner<'_> {
    /// Runs the steps in their order until one is not confirmed, a signal comes in, or somebody else is found at work.
    /// `space` is what was read last, and is kept up to date with what is read on the way.
    pub fn run(&self, what: &str, steps: &[Step], space: &mut Space, report: &mut dyn FnMut(&Event<'_>)) -> Ended {
        let began = Instant::now();
        report(&Event::Started { what, steps });
        let ended = self.run_each(steps, space, report);
        match &ended {
            Ended::Done => report(&Event::Done { what, seconds: began.elapsed().as_secs_f64() }),
            Ended::Stopped { step, why } => report(&Event::Stopped { step, why: &why.to_string() }),
            Ended::Interrupted { signal, step } => report(&Event::Interrupted { step, signal: *signal }),
            // The step itself has told it.
            Ended::Failed(_) => {}
        }
        ended
    }

    fn run_each(&self, steps: &[Step], space: &mut Space, report: &mut dyn FnMut(&Event<'_>)) -> Ended {
        // What was read last in full, and what was done since.
        let mut seen = space.clone();
        for (at, step) in steps.iter().enumerate() {
            if let Some(signal) = self.interrupt.seen() {
                return Ended::Interrupted { signal, step: step.id.clone() };
            }
            let started = Instant::now();
            let done = at.checked_sub(1).map(|before| &steps[before]);
            let mut exit_code = None;
            // What may have changed something since `seen`: where the step is not started, the one before it.
            let mut since: Vec<&Step> = done.into_iter().chain([step]).collect();
            let end = match self.before(step, done, &seen, space) {
                Ok(()) => {
                    seen.clone_from(space);
                    since = vec![step];
                    self.step(step, space, &mut exit_code, report)
                }
                Err(NotStarted::Failed(why)) => {
                    report(&Event::StepStarted { step, argv: &[] });
                    StepEnd::Failed(format!("it was not started: {why}"))
                }
                Err(NotStarted::Stopped(why)) => return Ended::Stopped { step: step.id.clone(), why },
                Err(NotStarted::Interrupted(signal)) => StepEnd::Interrupted(signal),
            };
            let seconds = started.elapsed().as_secs_f64();
            match end {
                StepEnd::Confirmed(notes) => {
                    report(&Event::StepConfirmed { step, exit_code, seconds, notes: &notes });
                }
                StepEnd::Failed(why) => {
                    report(&Event::StepFailed { step, exit_code, seconds, why: &why });
                    return match self.intrusion(&since, &seen, space) {
                        Some(why) => Ended::Stopped { step: step.id.clone(), why },
                        None => Ended::Failed(Box::new(Failure { step: step.clone(), why })),
                    };
                }
                StepEnd::Interrupted(signal) => return Ended::Interrupted { signal, step: step.id.clone() },
            }
        }
        if let Some(last) = steps.last()
            && let Some(why) = self.intrusion(&[last], &seen, space)
        {
            return Ended::Stopped { step: last.id.clone(), why };
        }
        Ended::Done
    }

    /// Makes sure of all that must be so before a step. `done` is the step that was done since `seen`.
    fn before(&self, step: &Step, done: Option<&Step>, seen: &Space, space: &mut Space) -> Result<(), NotStarted> {
        (self.hold)(step).map_err(|why| NotStarted::Stopped(Intrusion::LockLost(why)))?;
        self.look(space, &Section::DESIRED).map_err(|error| NotStarted::Failed(unreadable(&error)))?;
        let changed = self.changed(done.as_slice(), seen, space);
        if !changed.is_empty() {
            return Err(NotStarted::Stopped(Intrusion::Changed(changed)));
        }
        self.rely(step, space)
    }

    /// Waits until what the step relies on is so.
    fn rely(&self, step: &Step, space: &mut Space) -> Result<(), NotStarted> {
        let Some(condition) = &step.requires else { return Ok(()) };
        let until = Instant::now() + RELIED_ON;
        loop {
            self.look(space, condition.sections()).map_err(|error| NotStarted::Failed(unreadable(&error)))?;
            match condition.judge(space, space) {
                Verdict::Holds => return Ok(()),
                Verdict::NotYet(why) if Instant::now() >= until => return Err(NotStarted::Failed(why)),
                Verdict::Never(why) => return Err(NotStarted::Failed(why)),
                Verdict::NotYet(_) => {}
            }
            if !self.interrupt.pause(PAUSE)
                && let Some(signal) = self.interrupt.seen()
            {
                return Err(NotStarted::Interrupted(signal));
            }
        }
    }

    /// What somebody else has changed since `seen`, by a look of its own; nothing where that is not possible.
    fn intrusion(&self, done: &[&Step], seen: &Space, space: &mut Space) -> Option<Intrusion> {
        self.look(space, &Section::DESIRED).ok()?;
        let changed = self.changed(done, seen, space);
        (!changed.is_empty()).then_some(Intrusion::Changed(changed))
    }

    fn changed(&self, done: &[&Step], seen: &Space, space: &Space) -> Vec<Difference> {
        let routes: Vec<_> = self.app.live.iter().chain([&self.app.staging]).cloned().collect();
        let mut changed = differences(seen, space, &self.app.colours, &routes);
        changed.retain(|difference| !done.iter().any(|step| step.action.may_change(&difference.facet)));
        changed
    }

    /// Reads parts of the space again, also where the platform is out of reach for a while.
    pub fn look(&self, space: &mut Space, sections: &[Section]) -> Result<(), ObserveError> {
        self.observer.refresh_patiently(space, sections)
    }
}

fn unreadable(error: &ObserveError) -> String {
    format!("the space could not be read: {error}")
}

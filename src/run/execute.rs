//! One step after the other, each confirmed before the next one starts.
//!
//! Before a step that changes something, three things are made sure of: the lock is still held, nobody else has changed
//! anything that the deployment hangs on, and what the step relies on is so. How the step itself is done and confirmed
//! is told in [`attempt`](super::attempt).
//!
//! The look after a step is the look before the next one: what a step may change is read after it, and the rest once a
//! second. Before anything is taken off a route, stopped or deleted, and after a check or a drain, all of it is read.

use std::fmt;
use std::time::{Duration, Instant};

use crate::cf::spawn::Cf;
use crate::plan;
use crate::space::Space;
use crate::space::condition::{Section, Verdict};
use crate::space::difference::{Difference, differences};
use crate::steps::Step;
use crate::steps::situation::serving;

use super::api::{Api, ObserveError};
use super::attempt::StepEnd;
use super::check::Checks;
use super::clock::{Clock, Stop};
use super::event::Event;
use super::interrupt::Signal;
use super::probe::Router;
use super::reader::{Reader, View, refresh_patiently};

/// The pause between two looks at the space.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// How long what a step relies on is waited for: an instance that crashed is started again within seconds.
const RELIED_ON: Duration = Duration::from_secs(30);
/// How old what is known of the space may be before a step that takes nothing away.
const FRESH: Duration = Duration::from_secs(1);

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

/// Runs the steps of one app on a space. What keeps a run safe stands here part by part, so that a test can put a wrong
/// one in its place.
#[expect(missing_debug_implementations, reason = "it holds functions")]
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    /// The app.
    pub app: &'a plan::App,
    /// The cf that changes the space.
    pub cf: &'a Cf,
    /// The API, for what is no matter of the space: tokens, and how long the platform asks to be left alone.
    pub api: Api<'a>,
    /// What reads the space back.
    pub reader: &'a dyn Reader,
    /// The router, asked who answers on a route.
    pub router: &'a dyn Router,
    /// What runs the plan's checks.
    pub checks: &'a dyn Checks,
    /// What is waited by, and what ends the run early.
    pub clock: &'a dyn Clock,
    /// Makes sure that the lock is held for a step, by the space as it was just read; says why it is not.
    pub hold: &'a dyn Fn(&Step, &Space) -> Result<(), String>,
}

/// Why a step was not started.
enum NotStarted {
    Failed(String),
    Stopped(Intrusion),
    Interrupted(Stop),
}

/// Why the space could not be looked at.
#[derive(Debug)]
pub(super) enum Unseen {
    /// The run is to stop, and a platform that is out of reach is not waited for.
    Stopped(Stop),
    /// It cannot be read.
    Unreadable(ObserveError),
}

impl From<Unseen> for NotStarted {
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::Stopped(stop) => Self::Interrupted(stop),
            Unseen::Unreadable(error) => Self::Failed(format!("the space could not be read: {error}")),
        }
    }
}

impl Ended {
    /// The end of a run that is to stop at a step.
    fn by(why: Stop, at: &Step) -> Self {
        let step = at.id.clone();
        match why {
            Stop::Signal(signal) => Self::Interrupted { signal, step },
            Stop::LockLost(why) => Self::Stopped { step, why: Intrusion::LockLost(why) },
        }
    }
}

impl Runner<'_> {
    /// Runs the steps in their order until one is not confirmed, the run is to stop, or somebody else is found at work.
    /// `space` is what was read last, and is kept up to date with what is read on the way.
    pub fn run(&self, what: &str, steps: &[Step], space: &mut Space, report: &mut dyn FnMut(&Event<'_>)) -> Ended {
        let began = self.clock.now();
        report(&Event::Started { what, steps });
        let mut view = View::new(std::mem::take(space), self.clock.now());
        let ended = self.run_each(steps, &mut view, report);
        *space = view.space;
        match &ended {
            Ended::Done => report(&Event::Done { what, seconds: self.clock.now().duration_since(began).as_secs_f64() }),
            Ended::Stopped { step, why } => report(&Event::Stopped { step, why: &why.to_string() }),
            Ended::Interrupted { signal, step } => report(&Event::Interrupted { step, signal: *signal }),
            // The step itself has told it.
            Ended::Failed(_) => {}
        }
        ended
    }

    fn run_each(&self, steps: &[Step], view: &mut View, report: &mut dyn FnMut(&Event<'_>)) -> Ended {
        // What was seen before the last step of what others may change, and what that step was confirmed with.
        let mut seen = view.space.clone();
        let mut confirmed = view.space.clone();
        for (at, step) in steps.iter().enumerate() {
            if let Some(why) = self.clock.stop() {
                return Ended::by(why, step);
            }
            let started = self.clock.now();
            let done = at.checked_sub(1).map(|before| &steps[before]);
            let mut exit_code = None;
            // What may have changed something since `seen`: where the step is not started, the one before it.
            let mut since: Vec<&Step> = done.into_iter().chain([step]).collect();
            let end = match self.before(step, done, (&seen, &confirmed), view) {
                Ok(()) => {
                    seen.clone_from(&view.space);
                    since = vec![step];
                    report(&Event::Serves { told: &serving(self.app, &view.space) });
                    self.step(step, view, &mut exit_code, report)
                }
                Err(NotStarted::Failed(why)) => {
                    report(&Event::StepStarted { step, argv: &[] });
                    StepEnd::Failed(format!("it was not started: {why}"))
                }
                Err(NotStarted::Stopped(why)) => return Ended::Stopped { step: step.id.clone(), why },
                Err(NotStarted::Interrupted(why)) => StepEnd::Interrupted(why),
            };
            let seconds = self.clock.now().duration_since(started).as_secs_f64();
            match end {
                StepEnd::Confirmed(notes) => {
                    confirmed.clone_from(&view.space);
                    report(&Event::StepConfirmed { step, exit_code, seconds, notes: &notes });
                }
                StepEnd::Failed(why) => {
                    report(&Event::StepFailed { step, exit_code, seconds, why: &why });
                    return match self.intrusion(&since, &seen, view) {
                        Some(why) => Ended::Stopped { step: step.id.clone(), why },
                        None => Ended::Failed(Box::new(Failure { step: step.clone(), why })),
                    };
                }
                StepEnd::Interrupted(why) => return Ended::by(why, step),
            }
        }
        if let Some(last) = steps.last() {
            let why =
                self.intrusion(&[last], &seen, view).or_else(|| found(self.changed(&[], &confirmed, &view.space)));
            if let Some(why) = why {
                return Ended::Stopped { step: last.id.clone(), why };
            }
        }
        Ended::Done
    }

    /// Makes sure of all that must be so before a step. `done` is the step that was done since `seen`, and `confirmed` is
    /// what came of it: whoever takes that back is somebody else.
    fn before(
        &self,
        step: &Step,
        done: Option<&Step>,
        (seen, confirmed): (&Space, &Space),
        view: &mut View,
    ) -> Result<(), NotStarted> {
        let now = self.clock.now();
        let takes_away = step.facts().takes_away() && step.facts().work().is_by_cf();
        let since = now.checked_sub(FRESH).filter(|_| !takes_away).unwrap_or(now);
        let old = view.older(&Section::DESIRED, None, since);
        self.look(view, &old, None)?;
        (self.hold)(step, &view.space).map_err(|why| NotStarted::Stopped(Intrusion::LockLost(why)))?;
        for changed in [self.changed(done.as_slice(), seen, &view.space), self.changed(&[], confirmed, &view.space)] {
            if let Some(why) = found(changed) {
                return Err(NotStarted::Stopped(why));
            }
        }
        self.rely(step, since, view)
    }

    /// Waits until what the step relies on is so. What was read since then is not read once more.
    fn rely(&self, step: &Step, mut since: Instant, view: &mut View) -> Result<(), NotStarted> {
        let Some(condition) = &step.requires else { return Ok(()) };
        let until = self.clock.now() + RELIED_ON;
        loop {
            let old = view.older(condition.sections(), Some(condition.app()), since);
            self.look(view, &old, Some(condition.app()))?;
            since = self.clock.now();
            match condition.judge(&view.space, &view.space) {
                Verdict::Holds => return Ok(()),
                Verdict::NotYet(why) if self.clock.now() >= until => return Err(NotStarted::Failed(why)),
                Verdict::Never(why) => return Err(NotStarted::Failed(why)),
                Verdict::NotYet(_) => self.clock.pause(PAUSE).map_err(NotStarted::Interrupted)?,
            }
        }
    }

    /// What somebody else has changed since `seen`, by a look of its own; nothing where that is not possible.
    fn intrusion(&self, done: &[&Step], seen: &Space, view: &mut View) -> Option<Intrusion> {
        self.look(view, &Section::DESIRED, None).ok()?;
        found(self.changed(done, seen, &view.space))
    }

    fn changed(&self, done: &[&Step], seen: &Space, space: &Space) -> Vec<Difference> {
        let routes: Vec<_> = self.app.live.iter().chain([&self.app.staging]).cloned().collect();
        let mut changed = differences(seen, space, &self.app.colours, &routes);
        changed.retain(|difference| !done.iter().any(|step| step.may_change(&difference.facet)));
        changed
    }

    /// Reads the whole space again, also where the platform is out of reach for a while.
    pub fn look_again(&self, space: &mut Space) -> Result<(), ObserveError> {
        refresh_patiently(self.reader, self.clock, space, &Section::ALL, None)
    }

    /// Reads parts of the space again, of one app where that is enough, and also where the platform is out of reach for
    /// a while.
    pub(super) fn look(&self, view: &mut View, sections: &[Section], app: Option<&str>) -> Result<(), Unseen> {
        let begun = self.clock.now();
        if let Err(error) = refresh_patiently(self.reader, self.clock, &mut view.space, sections, app) {
            return Err(self.clock.stop().map_or(Unseen::Unreadable(error), Unseen::Stopped));
        }
        view.was_read(sections, app, begun);
        Ok(())
    }
}

fn found(changed: Vec<Difference>) -> Option<Intrusion> {
    (!changed.is_empty()).then_some(Intrusion::Changed(changed))
}

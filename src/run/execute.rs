//! A deployment's graph, step by step: each is confirmed before what waits for it starts.
//!
//! Before a step that changes something, three things are made sure of: the lock is still held, nobody else has changed
//! anything that the deployment hangs on, and what the step relies on is so. How the step itself is done and confirmed
//! is told in [`step_runner`](super::step_runner).
//!
//! The look after a step is the look before the next one: what a step may change is read after it, and the rest every few
//! seconds. Before anything is taken off a route, stopped or deleted, and after a check or a drain, all of it is read.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use crate::cf::spawn::Cf;
use crate::event::{Happening, Opening, Report};
use crate::plan::{self, AppName};
use crate::space::Space;
use crate::space::condition::{Condition, Judgement, Section};
use crate::space::difference::{Difference, differences};
use crate::steps::action::traffic::Traffic;
use crate::steps::standing::serving;
use crate::steps::{AppDeployment, Deployment, Step, Verb, strategy};

use super::api::{Api, ObserveError};
use super::check::Checks;
use super::clock::{Clock, Stop};
use super::interrupt::Signal;
use super::probe::Router;
use super::reader::{Reader, View, refresh_patiently};
use super::step_runner::StepOutcome;

/// The pause between two looks at the space.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// How long what a step relies on is waited for: an instance that crashed is started again within seconds.
const RELIED_ON: Duration = Duration::from_secs(30);
/// How old what is known of the space may be before a step that changes who is served by whom.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be before any other step. The lock is looked after by its heartbeat meanwhile.
pub(crate) const RECENT: Duration = Duration::from_secs(5);

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// All steps are confirmed.
    Done,
    /// A step is not confirmed; none after it was started.
    Failed(Box<Failure>),
    /// Somebody else is at work: nothing more was started, and nothing is taken back.
    Stopped {
        /// The plan's name of the app.
        app: AppName,
        /// The id of the step that was not started, or not finished.
        step: String,
        /// Who, or what they did.
        why: Intrusion,
    },
    /// A signal came in; the steps before this one are confirmed, and it was not started or only waited.
    Interrupted {
        /// The signal.
        signal: Signal,
        /// The plan's name of the app.
        app: AppName,
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
                f.write_str("somebody else has changed what this deployment depends on:")?;
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
    pub(crate) why: String,
}

/// Runs deployments on a space. What keeps a run safe stands here part by part, so that a test can put a wrong one in its
/// place.
#[expect(missing_debug_implementations, reason = "it holds functions")]
#[derive(Clone, Copy)]
pub struct Runner<'a> {
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
        match why {
            Stop::Signal(signal) => Self::Interrupted { signal, app: at.app.clone(), step: at.id.clone() },
            Stop::LockLost(why) => Self::stopped(Intrusion::LockLost(why), at),
        }
    }

    fn stopped(why: Intrusion, at: &Step) -> Self {
        Self::Stopped { app: at.app.clone(), step: at.id.clone(), why }
    }

    fn failed(why: String, at: &Step) -> Self {
        Self::Failed(Box::new(Failure { step: at.clone(), why }))
    }
}

/// One app of a deployment, on its way.
struct Track<'d> {
    part: &'d AppDeployment<'d>,
    began: Instant,
    /// What was seen before the last step of what others may change.
    seen: Space,
    /// What that step was confirmed with.
    confirmed: Space,
    /// The step that was done since `seen`.
    done: Option<&'d Step>,
    /// When it began.
    last: Instant,
    /// Who serves, as it was told last.
    told: String,
}

impl<'d> Track<'d> {
    fn new(part: &'d AppDeployment<'d>, space: &Space, now: Instant) -> Self {
        let (seen, confirmed) = (space.clone(), space.clone());
        Self { part, began: now, seen, confirmed, done: None, last: now, told: String::new() }
    }
}

impl Runner<'_> {
    /// Runs the steps of a deployment until one is not confirmed, the run is to stop, or somebody else is found at work: one
    /// at a time, the first of those that wait for nothing any more. `space` is what was read last, and is kept up to date
    /// with what is read on the way. `what` tells what is done to an app, in words.
    pub fn run(
        &self,
        what: &dyn Fn(&plan::App) -> String,
        deployment: &Deployment<'_>,
        space: &mut Space,
        report: &mut Report<'_>,
    ) -> Ended {
        let mut view = View::new(std::mem::take(space), self.clock.now());
        let ended = self.run_apps(what, deployment, &mut view, report);
        *space = view.space;
        match &ended {
            Ended::Stopped { app, step, why } => {
                report(Happening::Stopped { app: app.to_string(), step: step.clone(), why: why.to_string() });
            }
            Ended::Interrupted { app, step, signal } => report(Happening::Interrupted {
                app: app.to_string(),
                step: step.clone(),
                exit_code: signal.exit_code(),
            }),
            // What is done was told app by app, and a step itself tells that it has failed.
            Ended::Done | Ended::Failed(_) => {}
        }
        ended
    }

    fn run_apps(
        &self,
        what: &dyn Fn(&plan::App) -> String,
        deployment: &Deployment<'_>,
        view: &mut View,
        report: &mut Report<'_>,
    ) -> Ended {
        let mut confirmed: BTreeSet<&str> = BTreeSet::new();
        // What was compiled for an app fits the space as it was at the beginning, also where its turn comes late.
        let begin = view.space.clone();
        for part in &deployment.apps {
            let mut track = Track::new(part, &begin, self.clock.now());
            let app = part.app.name.to_string();
            let (what, steps) = (what(part.app), part.steps.len());
            let opening = (deployment.verb == Verb::Apply).then(|| {
                let (title, told) = strategy::of(part.app).opening(part.app, &part.standing);
                Opening { title, told }
            });
            report(Happening::Started { app: app.clone(), what: what.clone(), steps, opening });
            while let Some(step) = next_of(part, &confirmed) {
                match self.run_step(&mut track, step, view, report) {
                    Ok(()) => confirmed.insert(&step.id),
                    Err(ended) => return ended,
                };
            }
            if let Some(waits) = part.steps.iter().find(|step| !confirmed.contains(step.id.as_str())) {
                return Ended::failed("it waits for a step that does not come before it".to_owned(), waits);
            }
            if let Some(ended) = self.meddled(&track, view) {
                return ended;
            }
            let seconds = self.clock.now().duration_since(track.began).as_secs_f64();
            report(Happening::Done { app, what, seconds, told: serving(part.app, &view.space) });
        }
        Ended::Done
    }

    fn run_step<'d>(
        &self,
        track: &mut Track<'d>,
        step: &'d Step,
        view: &mut View,
        report: &mut Report<'_>,
    ) -> Result<(), Ended> {
        if let Some(why) = self.clock.stop() {
            return Err(Ended::by(why, step));
        }
        let app = track.part.app;
        let started = self.clock.now();
        let mut exit_code = None;
        // What may have changed something since `seen`: where the step is not started, the one before it.
        let mut since: Vec<&Step> = track.done.into_iter().chain([step]).collect();
        let end = match self.before(step, track, view) {
            Ok(()) => {
                track.seen.clone_from(&view.space);
                track.done = Some(step);
                track.last = started;
                since = vec![step];
                let told = serving(app, &view.space);
                if told != track.told {
                    report(Happening::Serves { app: app.name.to_string(), told: told.clone() });
                    track.told = told;
                }
                self.step(app, step, view, &mut exit_code, report)
            }
            Err(NotStarted::Failed(why)) => {
                report(Happening::step_started(app, step, &[]));
                StepOutcome::Failed(format!("it was not started: {why}"))
            }
            Err(NotStarted::Stopped(why)) => return Err(Ended::stopped(why, step)),
            Err(NotStarted::Interrupted(why)) => StepOutcome::Interrupted(why),
        };
        let seconds = self.clock.now().duration_since(started).as_secs_f64();
        let (name, id) = (app.name.to_string(), step.id.clone());
        match end {
            StepOutcome::Confirmed(notes) => {
                track.confirmed.clone_from(&view.space);
                report(Happening::StepConfirmed { app: name, step: id, exit_code, seconds, notes });
                Ok(())
            }
            StepOutcome::Failed(why) => {
                report(Happening::StepFailed { app: name, step: id, exit_code, seconds, why: why.clone() });
                Err(match self.intrusion(app, &since, &track.seen, view) {
                    Some(meddling) => Ended::stopped(meddling, step),
                    None => Ended::failed(why, step),
                })
            }
            StepOutcome::Interrupted(why) => Err(Ended::by(why, step)),
        }
    }

    /// What somebody else has done up to the end of an app, after the look that has confirmed its last step; nothing where
    /// there is no looking.
    fn meddled(&self, track: &Track<'_>, view: &mut View) -> Option<Ended> {
        let (app, last) = (track.part.app, track.done?);
        let old = view.older(&Section::DESIRED, None, track.last);
        self.look(view, &old, None).ok()?;
        let found_now = found(changed(app, &[last], &track.seen, &view.space));
        let why = found_now.or_else(|| found(changed(app, &[], &track.confirmed, &view.space)))?;
        Some(Ended::stopped(why, last))
    }

    /// Makes sure of all that must be so before a step. Whoever takes back what the step before was confirmed with is
    /// somebody else.
    fn before(&self, step: &Step, track: &Track<'_>, view: &mut View) -> Result<(), NotStarted> {
        let now = self.clock.now();
        let age = match step.facts().traffic() {
            _ if step.facts().takes_away() && step.facts().work().is_by_cf() => Duration::ZERO,
            Traffic::Leads { .. } => FRESH,
            Traffic::Unchanged
            | Traffic::LeadsAway { .. }
            | Traffic::NewVersion
            | Traffic::Started
            | Traffic::Checked
            | Traffic::Drained => RECENT,
        };
        let since = now.checked_sub(age).unwrap_or(now);
        // What the step relies on is asked for in the same breath.
        let mut sections = Section::DESIRED.to_vec();
        sections
            .extend(step.requires.iter().flat_map(Condition::sections).filter(|one| !Section::DESIRED.contains(one)));
        let app = step.requires.as_ref().map(Condition::app);
        let old = view.older(&sections, app, since);
        self.look(view, &old, app)?;
        (self.hold)(step, &view.space).map_err(|why| NotStarted::Stopped(Intrusion::LockLost(why)))?;
        let (app, space) = (track.part.app, &view.space);
        let since_seen = changed(app, track.done.as_slice(), &track.seen, space);
        for differences in [since_seen, changed(app, &[], &track.confirmed, space)] {
            if let Some(why) = found(differences) {
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
                Judgement::Holds => return Ok(()),
                Judgement::NotYet(why) if self.clock.now() >= until => return Err(NotStarted::Failed(why)),
                Judgement::Never(why) => return Err(NotStarted::Failed(why)),
                Judgement::NotYet(_) => self.clock.pause(PAUSE).map_err(NotStarted::Interrupted)?,
            }
        }
    }

    /// What somebody else has changed since `seen`, by a look of its own; nothing where that is not possible.
    fn intrusion(&self, app: &plan::App, done: &[&Step], seen: &Space, view: &mut View) -> Option<Intrusion> {
        self.look(view, &Section::DESIRED, None).ok()?;
        found(changed(app, done, seen, &view.space))
    }

    /// Reads the whole space again, also where the platform is out of reach for a while.
    pub(crate) fn look_again(&self, space: &mut Space) -> Result<(), ObserveError> {
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

/// What differs of an app between two looks and cannot come from these steps.
fn changed(app: &plan::App, done: &[&Step], seen: &Space, space: &Space) -> Vec<Difference> {
    let routes: Vec<_> = app.live.iter().chain([&app.staging]).cloned().collect();
    let mut changed = differences(seen, space, strategy::of(app).apps(app), &routes);
    changed.retain(|difference| !done.iter().any(|step| step.may_change(&difference.facet)));
    changed
}

/// The first step of an app that is not confirmed and waits for nothing any more.
fn next_of<'d>(part: &'d AppDeployment<'_>, confirmed: &BTreeSet<&str>) -> Option<&'d Step> {
    let is_open = |step: &&Step| !confirmed.contains(step.id.as_str());
    let is_ready = |step: &&Step| step.after.iter().all(|id| confirmed.contains(id.as_str()));
    part.steps.iter().filter(is_open).find(is_ready)
}

//! One app of a deployment on its way: what makes sure, before and after each of its steps, that nobody else changes what
//! it hangs on.
//!
//! Before a step that changes something, three things are made sure of: the lock is still held, nobody else has changed
//! anything that the deployment hangs on, and what the step relies on is so.
//!
//! The look after a step is the look before the next one. After a step, what confirms it is read, and what the next one must be
//! sure of; whatever else it may have changed is told from what somebody else changes once it is read, which is every few
//! seconds. Just before anything is taken off a route, stopped or deleted, and after a check or a drain, all of it is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Happening, Report};
use crate::plan;
use crate::space::Space;
use crate::space::condition::{Judgement, Section};
use crate::space::difference::{Difference, differences};
use crate::steps::action::traffic::Traffic;
use crate::steps::standing::serving;
use crate::steps::{AppDeployment, Step, strategy};

use super::clock::Stop;
use super::execute::{Ended, Intrusion, PAUSE, Runner};
use super::reader::{Parts, SharedView, Unseen, View};
use super::step_runner::{Confirmed, StepOutcome};

/// How long what a step relies on is waited for: an instance that crashed is started again within seconds.
const RELIED_ON: Duration = Duration::from_secs(30);
/// How old what is known of the space may be before a step that changes who is served by whom.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be before something is taken off a route, stopped or deleted, and before a drain: the look before it may be the
/// one after the step before.
const JUST_NOW: Duration = Duration::from_millis(500);
/// How old it may be before any other step. The lock is looked after by its heartbeat meanwhile.
pub(super) const RECENT: Duration = Duration::from_secs(5);

/// Why a step was not started.
enum NotStarted {
    Failed(String),
    Stopped(Intrusion),
    Interrupted(Stop),
}

impl From<Unseen> for NotStarted {
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::Stopped(stop) => Self::Interrupted(stop),
            Unseen::Unreadable(error) => Self::Failed(format!("the space could not be read: {error}")),
        }
    }
}

/// One app of a deployment, on its way.
pub(super) struct Track<'d> {
    pub(super) part: &'d AppDeployment<'d>,
    seen: Mutex<Seen<'d>>,
}

/// What was seen of an app.
struct Seen<'d> {
    began: Instant,
    /// The space that was looked at last; at first, the one that the steps were compiled for.
    space: Arc<Space>,
    /// The steps that may have changed more than it shows.
    unshown: Vec<Unshown<'d>>,
    /// What was seen before counts for nothing.
    open_since: Option<Instant>,
    /// Who serves, as it was told last.
    told: String,
}

/// A step that may have changed more than is seen.
struct Unshown<'d> {
    step: &'d Step,
    /// What it may have changed in.
    sections: Vec<Section>,
    /// When it was done, and whether the platform has told its app as it is after it. `None` while it is not.
    done: Option<(Instant, bool)>,
}

impl<'d> Unshown<'d> {
    /// A step that begins.
    fn new(step: &'d Step) -> Self {
        Self { step, sections: step.facts().changes().to_vec(), done: None }
    }

    /// Whether a difference may come from it.
    fn explains(&self, difference: &Difference) -> bool {
        self.sections.contains(&difference.facet.section()) && self.step.may_change(&difference.facet)
    }

    /// Takes note of what a view shows of it. Returns whether it may still have changed more.
    fn is_left(&mut self, view: &View<'_, '_>) -> bool {
        let Some((done, is_told)) = self.done else { return true };
        let app = self.step.facts().app();
        let is_shown = |section: Section| {
            (is_told && section == Section::Apps) || view.shows(&Parts::new(&[section], Some(app)), done)
        };
        self.sections.retain(|section| !is_shown(*section));
        !self.sections.is_empty()
    }
}

impl<'d> Track<'d> {
    /// An app that is not begun, in the space that its steps were compiled for.
    pub(super) fn new(part: &'d AppDeployment<'d>, space: &Arc<Space>, now: Instant) -> Self {
        let space = Arc::clone(space);
        let seen = Seen { began: now, space, unshown: Vec::new(), open_since: None, told: String::new() };
        Self { part, seen: Mutex::new(seen) }
    }

    /// Its first step begins.
    pub(super) fn begins(&self, now: Instant) {
        self.seen().began = now;
    }

    /// All its steps are confirmed.
    pub(super) fn done(&self, what: String, space: &Space, now: Instant) -> Happening {
        let seconds = now.duration_since(self.seen().began).as_secs_f64();
        let app = self.part.app;
        Happening::Done { app: app.name.to_string(), what, seconds, told: serving(app, space) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen<'d>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares what was just read with what was seen before: what somebody else has done. Where they have done nothing, it is
    /// what is seen from now on.
    fn compare(&self, view: &View<'_, '_>) -> Option<Intrusion> {
        let mut seen = self.seen();
        let changed = changed(self.part.app, &seen.unshown, &seen.space, view.space());
        if !changed.is_empty() {
            return Some(Intrusion::Changed(changed));
        }
        seen.space = Arc::clone(view.space());
        seen.unshown.retain_mut(|unshown| unshown.is_left(view));
        None
    }

    /// What somebody else has done up to the end of an app, by a look after its last step began; nothing where there is no
    /// looking.
    fn last_look(&self, since: Instant, view: &mut View<'_, '_>) -> Option<Intrusion> {
        view.look(&Parts::new(&Section::DESIRED, None), since).ok()?;
        self.compare(view)
    }

    /// What the step after that number will look at at once, where it is one that must be sure.
    fn looked_at_after(&self, number: usize) -> Parts {
        let next = self.part.steps.get(number + 1).filter(|next| next.after.contains(&self.part.steps[number].id));
        next.filter(|next| age(next) < RECENT).map(looked_at_before).unwrap_or_default()
    }

    /// Tells who serves the app, where that has changed.
    fn tell_who_serves(&self, space: &Space, tell: &mut Report<'_>) {
        let told = serving(self.part.app, space);
        if told != self.seen().told {
            tell(Happening::Serves { app: self.part.app.name.to_string(), told: told.clone() });
            self.seen().told = told;
        }
    }
}

impl Runner<'_> {
    /// Runs the step of that number of an app, the last one or not, and makes sure that nobody else is at work.
    pub(super) fn run_step(
        &self,
        track: &Track<'_>,
        (number, is_last): (usize, bool),
        view: &SharedView<'_>,
        tell: &mut Report<'_>,
    ) -> Result<(), Ended> {
        let (step, app) = (&track.part.steps[number], track.part.app);
        if let Some(why) = self.clock.stop() {
            return Err(Ended::by(why, step));
        }
        let started = self.clock.now();
        let mut exit_code = None;
        let open_since = track.seen().open_since;
        let mut view = View::new(view, open_since);
        let mut begun = started;
        let end = match self.before(step, track, &mut view) {
            Ok(()) => {
                begun = self.clock.now();
                track.tell_who_serves(view.space(), tell);
                track.seen().unshown.push(Unshown::new(step));
                self.step(app, (step, &track.looked_at_after(number)), &mut view, &mut exit_code, tell)
            }
            Err(NotStarted::Failed(why)) => {
                tell(Happening::step_started(app, step, &[]));
                StepOutcome::Failed(format!("it was not started: {why}"))
            }
            Err(NotStarted::Stopped(why)) => return Err(Ended::stopped(why, step)),
            Err(NotStarted::Interrupted(why)) => StepOutcome::Interrupted(why),
        };
        let seconds = self.clock.now().duration_since(started).as_secs_f64();
        let (name, id) = (app.name.to_string(), step.id.clone());
        match end {
            StepOutcome::Confirmed(Confirmed { notes, done, is_told }) => {
                for unshown in track.seen().unshown.iter_mut().filter(|unshown| unshown.step.id == step.id) {
                    unshown.done = Some((done, is_told));
                }
                let meddling = if is_last { track.last_look(begun, &mut view) } else { None };
                let meddling = meddling.or_else(|| track.compare(&view));
                tell(Happening::StepConfirmed { app: name, step: id, exit_code, seconds, notes });
                if let Some(why) = meddling {
                    return Err(Ended::stopped(why, step));
                }
                track.seen().open_since = view.open_since();
                Ok(())
            }
            StepOutcome::Failed(why) => {
                tell(Happening::StepFailed { app: name, step: id, exit_code, seconds, why: why.clone() });
                let looked = view.look(&Parts::new(&Section::DESIRED, None), self.clock.now());
                Err(match looked.ok().and_then(|()| track.compare(&view)) {
                    Some(meddling) => Ended::stopped(meddling, step),
                    None => Ended::failed(why, step),
                })
            }
            StepOutcome::Interrupted(why) => Err(Ended::by(why, step)),
        }
    }

    /// Makes sure of all that must be so before a step. Whoever takes back what an earlier step was confirmed with is
    /// somebody else.
    fn before(&self, step: &Step, track: &Track<'_>, view: &mut View<'_, '_>) -> Result<(), NotStarted> {
        let now = self.clock.now();
        let since = now.checked_sub(age(step)).unwrap_or(now);
        view.look(&looked_at_before(step), since)?;
        (self.hold)(step, view.space()).map_err(|why| NotStarted::Stopped(Intrusion::LockLost(why)))?;
        if let Some(why) = track.compare(view) {
            return Err(NotStarted::Stopped(why));
        }
        self.rely(step, since, view)
    }

    /// Waits until what the step relies on is so. What was read since then is not read once more.
    fn rely(&self, step: &Step, mut since: Instant, view: &mut View<'_, '_>) -> Result<(), NotStarted> {
        let Some(condition) = &step.requires else { return Ok(()) };
        let until = self.clock.now() + RELIED_ON;
        let parts = Parts::new(condition.sections(), Some(condition.app()));
        loop {
            view.look(&parts, since)?;
            match condition.judge(view.space(), view.space()) {
                Judgement::Holds => return Ok(()),
                Judgement::NotYet(why) if self.clock.now() >= until => return Err(NotStarted::Failed(why)),
                Judgement::Never(why) => return Err(NotStarted::Failed(why)),
                Judgement::NotYet(_) => self.clock.pause(PAUSE).map_err(NotStarted::Interrupted)?,
            }
            since = self.clock.now();
        }
    }
}

/// What is looked at before a step: what somebody else may have changed and, in the same breath, what the step relies on.
fn looked_at_before(step: &Step) -> Parts {
    let mut parts = Parts::new(&Section::DESIRED, None);
    if let Some(relied_on) = &step.requires {
        parts.add(Parts::new(relied_on.sections(), Some(relied_on.app())));
    }
    parts
}

/// How old what is known of the space may be before a step.
fn age(step: &Step) -> Duration {
    // While a drain lasts nothing is looked at.
    if step.facts().takes_away() {
        return JUST_NOW;
    }
    match step.facts().traffic() {
        Traffic::Leads { .. } if step.facts().router_question().is_some() => FRESH,
        // One that is not to be reached at its staging route may be on live routes.
        Traffic::Started if step.facts().router_question().is_none() => FRESH,
        Traffic::Unchanged
        | Traffic::Leads { .. }
        | Traffic::LeadsAway { .. }
        | Traffic::NewVersion
        | Traffic::Started
        | Traffic::Checked
        | Traffic::Drained => RECENT,
    }
}

/// What differs of an app between two looks and cannot come from these steps.
fn changed(app: &plan::App, unshown: &[Unshown<'_>], seen: &Space, space: &Space) -> Vec<Difference> {
    let routes: Vec<_> = app.live.iter().chain([&app.staging]).cloned().collect();
    let mut changed = differences(seen, space, strategy::of(app).apps(app), &routes);
    changed.retain(|difference| !unshown.iter().any(|step| step.explains(difference)));
    changed
}

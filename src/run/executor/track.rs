//! One app of a deployment on its way: what was seen of it, and whether what is seen now may come from its own steps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::event::{Happening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::View;
use crate::space::Space;
use crate::space::difference::{Difference, differences};
use crate::space::section::Section;
use crate::steps::action::facts::Handover;
use crate::steps::standing::serving;
use crate::steps::{AppDeployment, Step, strategy};

use super::freshness::lacking_at_the_end;
use super::intrusion::Intrusion;

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
    /// The version of the view that has shown it.
    version: u64,
    /// How many steps are done.
    done: usize,
    /// The steps that may have changed more than it shows.
    unshown: Vec<Unshown<'d>>,
    /// What was seen before counts for nothing.
    open_since: Option<Instant>,
    /// Who serves, as it was told last.
    told: String,
    /// Since when processes that are handed over may not run, by their types.
    idle: BTreeMap<String, Instant>,
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
        let seen = Seen {
            began: now,
            space,
            version: 0,
            done: 0,
            unshown: Vec::new(),
            open_since: None,
            told: String::new(),
            idle: BTreeMap::new(),
        };
        Self { part, seen: Mutex::new(seen) }
    }

    /// Its first step begins.
    pub(super) fn begins(&self, now: Instant) {
        self.seen().began = now;
    }

    /// All its steps are confirmed.
    pub(super) fn done(&self, what: String, space: &Space, now: Instant) -> Happening {
        let seconds = now.duration_since(self.seen().began).as_secs_f64();
        let app = self.part.app.as_ref();
        Happening::Done { app: app.name.to_string(), what, seconds, told: serving(app, space) }
    }

    /// Since when what was seen counts.
    pub(super) fn open_since(&self) -> Option<Instant> {
        self.seen().open_since
    }

    /// A step begins.
    pub(super) fn begins_step(&self, step: &'d Step) {
        self.seen().unshown.push(Unshown::new(step));
    }

    /// A step is confirmed that began then. Where a process is handed over by it, how long that did not run, at the most.
    pub(super) fn has_handed_over(&self, step: &Step, began: Instant, now: Instant) -> Option<String> {
        let (kind, handover) = step.facts().handover()?;
        let mut seen = self.seen();
        match handover {
            Handover::Goes => None,
            Handover::Ends => {
                seen.idle.entry(kind.to_owned()).or_insert(began);
                None
            }
            Handover::Runs => {
                let seconds = now.duration_since(seen.idle.remove(kind)?).as_secs_f64();
                Some(format!("no process {kind} ran for {seconds:.1} s at the most"))
            }
        }
    }

    /// A step is done. Returns whether all of the app are.
    pub(super) fn has_done(&self, step: &Step, done: Instant, is_told: bool) -> bool {
        let mut seen = self.seen();
        for unshown in seen.unshown.iter_mut().filter(|unshown| unshown.step.id == step.id) {
            unshown.done = Some((done, is_told));
        }
        seen.done += 1;
        seen.done == self.part.steps.len()
    }

    /// A step is confirmed, and a view of it is over.
    pub(super) fn has_confirmed(&self, view: &View<'_, '_>) {
        let mut seen = self.seen();
        seen.open_since = seen.open_since.max(view.open_since());
    }

    fn seen(&self) -> MutexGuard<'_, Seen<'d>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares what was just read with what was seen before: what somebody else has done. Where they have done nothing, it is
    /// what is seen from now on.
    pub(super) fn compare(&self, view: &View<'_, '_>) -> Option<Intrusion> {
        let mut seen = self.seen();
        // A step beside this one has compared what is newer.
        if view.version() < seen.version {
            return None;
        }
        let changed = changed(&self.part.app, &seen.unshown, &seen.space, view.space());
        if !changed.is_empty() {
            return Some(Intrusion::Changed(changed));
        }
        seen.space = Arc::clone(view.space());
        seen.version = view.version();
        seen.unshown.retain_mut(|unshown| unshown.is_left(view));
        None
    }

    /// What somebody else has done up to the end of an app; nothing where there is no looking.
    pub(super) fn last_look(&self, now: Instant, view: &mut View<'_, '_>) -> Option<Intrusion> {
        let lacking = lacking_at_the_end(view, now);
        view.look(&lacking, now).ok()?;
        self.compare(view)
    }

    /// The steps that wait for that one.
    pub(super) fn next_after(&self, number: usize) -> Vec<&'d Step> {
        let id = &self.part.steps[number].id;
        self.part.steps.iter().filter(|next| next.after.contains(id)).collect()
    }

    /// Tells who serves the app by what was compared last, where that has changed.
    pub(super) fn tell_who_serves(&self, tell: &mut Report<'_>) {
        let mut seen = self.seen();
        let told = serving(&self.part.app, &seen.space);
        if told != seen.told {
            tell(Happening::Serves { app: self.part.app.name.to_string(), told: told.clone() });
            seen.told = told;
        }
    }
}

/// What differs of an app between two looks and cannot come from these steps.
fn changed(app: &plan::App, unshown: &[Unshown<'_>], seen: &Space, space: &Space) -> Vec<Difference> {
    let strategy = strategy::of(app);
    let routes: Vec<_> = strategy.routes(app).into_iter().cloned().collect();
    let mut changed = differences(seen, space, strategy.apps(app), &routes);
    changed.retain(|difference| !unshown.iter().any(|step| step.explains(difference)));
    changed
}

//! How old what is known of the space may be.

use std::time::{Duration, Instant};

use crate::run::reading::parts::Parts;
use crate::run::reading::view::View;
use crate::space::section::Section;
use crate::steps::Step;
use crate::steps::action::traffic::Traffic;

/// How old what is known of the space may be before a step that changes who is served by whom.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be before something is taken off a route, stopped or deleted, and before a drain: the look before it may be the
/// one after the step before, where that began when the routers had confirmed it.
const JUST_NOW: Duration = Duration::from_millis(500);
/// How old it may be before any other step. The lock is looked after by its heartbeat meanwhile.
pub(super) const RECENT: Duration = Duration::from_secs(5);
/// What is looked at together with what confirms a step would be too old so soon after it.
const SOON: Duration = Duration::from_millis(250);

/// What must be looked at before a step that begins now: what somebody else may have changed and, in the same breath, what the
/// step relies on.
pub(super) fn lacking_before(step: &Step, view: &View<'_, '_>, now: Instant) -> Parts {
    lacking(step, view, now, age(step))
}

/// What is best looked at together with what confirms a step: those that are `next` would look at it right after that.
pub(super) fn lacking_soon(next: &[&Step], view: &View<'_, '_>, now: Instant) -> Parts {
    together(next.iter().map(|step| lacking(step, view, now, age(step).saturating_sub(SOON))))
}

/// What those that are `next` will look at and was not seen since the step before them was done. What is waited for meanwhile
/// makes all older.
pub(super) fn lacking_after(next: &[&Step], view: &View<'_, '_>, done: Instant) -> Parts {
    together(next.iter().map(|step| lacking(step, view, done, Duration::ZERO)))
}

fn together(all: impl Iterator<Item = Parts>) -> Parts {
    all.fold(Parts::default(), |mut together, parts| {
        together.add(parts);
        together
    })
}

/// What must be looked at once the last step is done: what somebody else may have changed.
pub(super) fn lacking_at_the_end(view: &View<'_, '_>, now: Instant) -> Parts {
    view.lacks(&Parts::new(&Section::DESIRED, None), now.checked_sub(FRESH).unwrap_or(now))
}

fn lacking(step: &Step, view: &View<'_, '_>, now: Instant, age: Duration) -> Parts {
    let mut parts = Parts::new(&Section::DESIRED, None);
    if let Some(relied_on) = &step.requires {
        parts.add(Parts::new(relied_on.sections(), Some(&relied_on.app)));
    }
    view.lacks(&parts, now.checked_sub(age).unwrap_or(now))
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

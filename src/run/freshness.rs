//! How old what is known of the space may be.

use std::time::Duration;

use crate::steps::Step;
use crate::steps::action::traffic::Traffic;

/// How old what is known of the space may be before a step that changes who is served by whom.
const FRESH: Duration = Duration::from_secs(1);
/// How old it may be before something is taken off a route, stopped or deleted, and before a drain: the look before it may be the
/// one after the step before.
const JUST_NOW: Duration = Duration::from_millis(500);
/// How old it may be before any other step. The lock is looked after by its heartbeat meanwhile.
pub(super) const RECENT: Duration = Duration::from_secs(5);

/// How old what is known of the space may be before a step.
pub(super) fn age(step: &Step) -> Duration {
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

//! What is left of a list that did not come to its end, as far as a person may do it by hand.
//!
//! It is compiled anew from the space as it is now, never taken from the list as it was: that one may do harm by now. What makes
//! its later steps safe (that the new version has passed, the router's word, the look before each) no person repeats by hand, so
//! it ends with the first start, and before the first step
//!
//! - that checks the new version,
//! - that hands a process over,
//! - that relies on something which is not so,
//! - that would take an app that serves off its route, stop it or delete it.

use crate::plan::RouteUrl;
use crate::space::condition::Judgement;
use crate::space::{AppState, Space};

use super::action::traffic::Traffic;
use super::annotations::{Extent, Origin};
use super::compile::compile;
use super::input::CompileInput;
use super::refusal::Refusal;
use super::standing::UnderWay;
use super::upload::Upload;
use super::{Step, Verb};

/// What is left of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Left {
    /// What may be done by hand, in this order.
    pub(crate) by_hand: Vec<Step>,
    /// How many steps follow that only cutover does.
    pub(crate) more: usize,
}

/// What is left of a list that `verb` had in flight. Fails where the space does not allow to go on.
pub(crate) fn left(verb: Verb, input: &CompileInput<'_>, space: &Space) -> Result<Left, Refusal> {
    let Some(under_way) = UnderWay::of(input.app, space) else { return Ok(Left { by_hand: Vec::new(), more: 0 }) };
    // Whether the files are here is no question: what was begun with them is told.
    let found = space.app(under_way.app.as_str()).and_then(Origin::of);
    let begun_with = found.as_ref().map(|origin| Upload::as_written(&origin.upload, &origin.upload_files));
    let verb = if verb == Verb::Apply { Verb::Resume } else { verb };
    // What is done by hand makes no rollback larger.
    let marked = space.app(under_way.app.as_str()).and_then(Extent::of_rollback);
    let extent = &marked.unwrap_or_else(|| Extent::Apps(vec![input.app.name.to_string()]));
    let steps = compile(
        verb,
        &CompileInput { upload: begun_with.as_ref().or(input.upload), begun: None, extent, ..*input },
        space,
    )?;
    let staging = input.app.staging.as_ref();
    let mut model = space.clone();
    // What was started by hand may not run: what follows hangs on that.
    let mut is_started = false;
    let may_be_done = |step: &&Step| {
        if is_started {
            return false;
        }
        is_started = step.starts();
        let harms = harms(step, staging, &model);
        let relied_on =
            step.requires.as_ref().is_none_or(|relied_on| relied_on.judge(&model, &model) == Judgement::Holds);
        step.facts().effect(&mut model);
        let is_handed_over = step.facts().handover().is_some();
        step.facts().traffic() != Traffic::Checked && relied_on && !harms && !is_handed_over
    };
    let by_hand: Vec<Step> = steps.iter().take_while(may_be_done).cloned().collect();
    Ok(Left { more: steps.len() - by_hand.len(), by_hand })
}

/// Whether a step takes an app that serves off a route, or stops or deletes it. What only the staging route leads to
/// serves nobody.
fn harms(step: &Step, staging: Option<&RouteUrl>, space: &Space) -> bool {
    let name = step.facts().app();
    let serves_on = |route: &str| {
        !staging.is_some_and(|staging| staging.is_written(route))
            && space.app(name).is_some_and(|app| app.state == AppState::Started)
            && space.routes_of(name).contains(&route)
    };
    space.routes_of(name).into_iter().any(|route| serves_on(route) && step.facts().may_take_off(route))
}

//! What a verb does to one app.

use crate::space::Space;

use super::input::CompileInput;
use super::refusal::Refusal;
use super::step::Step;
use super::{Verb, preflight, quota, strategy};

/// Compiles what a verb does to one app, as if it were the only one of the plan. Refuses where the space does not allow
/// it, or does not tell enough.
pub(crate) fn compile(verb: Verb, input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
    let steps = without_quota(verb, input, space)?;
    quota::check(space, &steps)?;
    Ok(steps)
}

/// As [`compile`], without a look at the quotas: the apps of a plan share them.
pub(super) fn without_quota(verb: Verb, input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
    let strategy = strategy::of(input.app);
    let app = strategy.found(input.plan, input.app, verb, space);
    let steps = strategy.compile(verb, &CompileInput { app: &app, ..*input }, space)?;
    Refusal::any(preflight::of_steps(&app, space, &steps))?;
    Ok(steps)
}

//! `cutover rollback`: the guide's fallback.

use crate::cli::{Common, RunArgs};
use crate::report::preview;
use crate::space::lock::Verb;

use super::apply::{agreed, catch};
use super::deployment;
use super::lock;
use super::reporters::Reporters;
use super::workplace::{Workplace, load};
use super::{Ending, Trouble, tell};

/// Runs the verb.
pub fn run(common: &Common, args: &RunArgs) -> Result<Ending, Trouble> {
    let plan = load(common)?;
    let mut reporters = Reporters::new(common)?;
    let mut place = Workplace::open(common, &plan)?;
    let space = place.observer(&plan).observe()?;
    let compiled = deployment::compile_fallback(&plan, &space)?;
    place.before_asking()?;
    if !args.yes && !agreed(&preview::text(&plan, &space, &compiled.apps), "Fall back?") {
        tell("nothing was done");
        return Ok(Ending::Done);
    }
    let interrupt = catch()?;
    let deployment = deployment::identity(&place.session.target().user);
    let ending = lock::holding(&place, &plan, &deployment, Verb::Rollback, &interrupt, args, || {
        // Whoever held the lock until now may have changed the space.
        let mut space = place.observer(&plan).observe()?;
        let compiled = deployment::compile_fallback(&plan, &space)?;
        Ok(deployment::fall_back(&place, &plan, &compiled, &mut space, &interrupt, &mut reporters))
    });
    place.close();
    ending
}

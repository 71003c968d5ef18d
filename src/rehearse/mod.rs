//! `cutover rehearse`: the plan on the embedded Cloud Foundry, with the real cf.
//!
//! - [`load`]: requests on the live routes while the plan runs, and the count of those that failed
//! - [`stage`]: an embedded foundry that has what the plan needs, and a cf that is logged in to it
//!
//! Everything that is run on the way is what `cutover apply` runs; only the target of the plan is another one.

pub mod load;
pub mod stage;

use crate::cli::{Common, RehearseArgs};
use crate::commands::deployment::{self, Reporters};
use crate::commands::workplace::{Workplace, guard, load};
use crate::commands::{Ending, Trouble, tell};
use crate::run::interrupt::Interrupt;

use stage::Stage;

/// Runs the verb: the plan is deployed as it is for a first colour, then once more as an update.
pub fn run(common: &Common, args: &RehearseArgs) -> Result<Ending, Trouble> {
    let mut common = common.clone();
    if let Some(plan) = &args.plan {
        common.file.clone_from(plan);
    }
    let plan = load(&common)?;
    let mut reporters = Reporters::new(&common)?;
    let interrupt = Interrupt::catch().map_err(|source| Trouble::Io { what: "signals could not be caught", source })?;
    let guard = guard()?;
    let stage = Stage::set(&plan, common.cf.as_deref(), args.routing_delay, &guard).map_err(Trouble::Foundry)?;
    tell(&format!("an embedded Cloud Foundry is up at {}, its router at {}", stage.api(), stage.router()));

    let plan = stage.retargeted(plan).map_err(Trouble::Foundry)?;
    let place = Workplace::at(stage.cf_config(), common.cf.as_deref(), Some(&stage.router()), &plan, &guard)?;
    let mut ending = Ending::Done;
    for round in ["the first colour", "the update"] {
        tell(&format!("\nrehearsing {round}"));
        let space = place.observer(&plan).observe()?;
        let deployment = deployment::identity(&place.session.target().user);
        let compiled = deployment::compile(&plan, &space, &deployment)?;
        ending = deployment::run(&place, &plan, &compiled, space, &interrupt, &mut reporters);
        if ending != Ending::Done {
            break;
        }
    }
    place.close();
    Ok(ending)
}

//! `cutover apply`: the deployment.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use crate::cli::{Common, RunArgs};
use crate::report::preview;
use crate::run::interrupt::Interrupt;
use crate::space::lock::Verb;

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
    let deployment = deployment::identity(&place.session.target().user);
    let compiled = deployment::compile(&plan, &space, &deployment)?;
    place.before_asking()?;
    if !args.yes && !agreed(&preview::text(&plan, &space, &compiled.apps), "Deploy?") {
        tell("nothing was done");
        return Ok(Ending::Done);
    }
    let interrupt = catch()?;
    let ending = lock::holding(&place, &plan, &deployment, Verb::Apply, &interrupt, args, || {
        // Whoever held the lock until now may have changed the space.
        let space = place.observer(&plan).observe()?;
        let compiled = deployment::compile(&plan, &space, &deployment)?;
        Ok(deployment::run(&place, &plan, &compiled, space, &interrupt, &mut reporters))
    });
    place.close();
    ending
}

/// Catches signals from here on.
pub fn catch() -> Result<Interrupt, Trouble> {
    Interrupt::catch().map_err(|source| Trouble::Io { what: "signals could not be caught", source })
}

/// On a terminal, shows what will be done and asks; elsewhere there is nobody to ask.
pub fn agreed(shown: &str, question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return true;
    }
    let mut answer = String::new();
    let asked =
        write!(io::stderr(), "{shown}\n{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
    asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}

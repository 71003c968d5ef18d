//! `cutover apply`, `cutover resume` and `cutover rollback`: read, compile, prove, ask, lock, look again, run.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use crate::cli::{Common, RunArgs};
use crate::plan::Plan;
use crate::proof::Proof;
use crate::report::preview;
use crate::run::interrupt::Interrupt;
use crate::run::lock::Claim;
use crate::space::Space;
use crate::space::condition::Section;
use crate::steps::back::Failed;
use crate::steps::refusal::Refusal;
use crate::steps::{Step, Verb};

use super::deployment::{self, Compiled, Request, Running};
use super::lock::{clear_up, holding};
use super::reporters::Reporters;
use super::workplace::{Workplace, load, load_without_bits};
use super::{Ending, Trouble, tell};

/// Runs one of the verbs that change something.
pub fn run(verb: Verb, common: &Common, args: &RunArgs) -> Result<Ending, Trouble> {
    let plan = match verb {
        Verb::Apply => load(common)?,
        Verb::Resume | Verb::Rollback => load_without_bits(common)?,
    };
    let mut reporters = Reporters::new(common)?;
    let mut place = Workplace::open(common, &plan)?;
    let space = place.observer(&plan).observe()?;
    let request = Request {
        verb,
        deployment: deployment::identity(&place.session.target().user),
        failed: if args.keep_failed { Failed::Keep } else { Failed::Stop },
        locks: space.locks.clone(),
    };
    let compiled = match deployment::compile(&plan, &space, &request) {
        Err(Trouble::Refused(Refusal::NothingUnderWay { .. })) => {
            clear_up(&place, &space.locks)?;
            tell(&nothing_under_way(verb, &plan, &space));
            place.close();
            return Ok(Ending::Done);
        }
        compiled => compiled?,
    };
    let proof = compiled.prove(&plan, &space)?;
    place.before_asking()?;
    if !args.yes && !agreed(&plan, &space, &compiled, &proof) {
        tell("nothing was done");
        return Ok(Ending::Done);
    }
    let interrupt = catch(&reporters)?;
    let claim = Claim { deployment: request.claimed(&plan, &space), plan: plan.digest.clone(), verb };
    let mut work = |hold: &dyn Fn(&Step) -> Result<(), String>| {
        let running = Running { place: &place, plan: &plan, interrupt: &interrupt, hold };
        locked(&running, args, &compiled, space.clone(), &mut reporters)
    };
    let ending = holding((&place, &plan), &claim, &request.locks, (&interrupt, args.lock_wait), &mut work);
    place.close();
    ending
}

/// Under the lock: makes sure that what was compiled still fits the space, and runs it.
fn locked(
    running: &Running<'_>,
    args: &RunArgs,
    compiled: &Compiled<'_>,
    mut space: Space,
    reporters: &mut Reporters,
) -> Result<Ending, Trouble> {
    let Running { place, plan, .. } = running;
    // Somebody may have deployed since, up to the moment at which the lock was taken.
    place.observer(plan).refresh_patiently(&mut space, &Section::ALL)?;
    let again = deployment::compile(plan, &space, &compiled.request)?;
    if again.apps.iter().map(|app| &app.steps).eq(compiled.apps.iter().map(|app| &app.steps)) {
        return Ok(deployment::run(running, compiled, space, reporters));
    }
    let proof = again.prove(plan, &space)?;
    tell("the space has changed meanwhile");
    if !args.yes && !agreed(plan, &space, &again, &proof) {
        tell("nothing was done");
        return Ok(Ending::Done);
    }
    Ok(deployment::run(running, &again, space, reporters))
}

fn nothing_under_way(verb: Verb, plan: &Plan, space: &Space) -> String {
    let told: Vec<String> = plan.apps.iter().map(|app| deployment::serving(app, space)).collect();
    format!("nothing to {verb}: no deployment is under way; {}", told.join("; "))
}

/// Catches signals from here on; the first one is answered at once, whatever is under way.
pub fn catch(reporters: &Reporters) -> Result<Interrupt, Trouble> {
    Interrupt::catch(reporters.teller()).map_err(|source| Trouble::Io { what: "signals could not be caught", source })
}

/// On a terminal, shows what will be done and asks; elsewhere there is nobody to ask.
fn agreed(plan: &Plan, space: &Space, compiled: &Compiled<'_>, proof: &Proof) -> bool {
    let shown = preview::text(plan, space, &compiled.apps);
    let question = match compiled.request.verb {
        Verb::Apply => "Deploy?",
        Verb::Resume => "Go on?",
        Verb::Rollback => "Fall back?",
    };
    answered_yes(&format!("{shown}{}", preview::proof_line(proof)), question)
}

/// On a terminal, shows something and asks; elsewhere there is nobody to ask.
pub(super) fn answered_yes(shown: &str, question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return true;
    }
    let mut answer = String::new();
    let asked =
        write!(io::stderr(), "{shown}\n{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
    asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}

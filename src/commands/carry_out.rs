//! `cutover apply`, `cutover resume` and `cutover rollback`: read, compile, prove, ask, lock, look again, run.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use crate::cli::{Common, RunArgs};
use crate::plan::Plan;
use crate::proof::Proof;
use crate::report::preview;
use crate::run::interrupt::Interrupt;
use crate::space::Space;
use crate::space::condition::Section;
use crate::steps::Verb;
use crate::steps::back::Failed;
use crate::steps::refusal::Refusal;

use super::deployment::{self, Compiled, Request, Running};
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
    };
    let compiled = match deployment::compile(&plan, &space, &request) {
        Err(Trouble::Refused(Refusal::NothingUnderWay { .. })) => {
            tell(&nothing_to_resume(&plan, &space));
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
    let ending = under_lock(&place, &plan, args, (&request, compiled, space), &interrupt, &mut reporters);
    place.close();
    ending
}

/// Takes the locks, makes sure that what was compiled still fits the space, and runs it.
fn under_lock(
    place: &Workplace,
    plan: &Plan,
    args: &RunArgs,
    (request, mut compiled, mut space): (&Request, Compiled<'_>, Space),
    interrupt: &Interrupt,
    reporters: &mut Reporters,
) -> Result<Ending, Trouble> {
    let hold = |_: &crate::steps::Step| Ok(());
    // Somebody may have deployed since, up to the moment at which the lock was taken.
    place.observer(plan).refresh_patiently(&mut space, &Section::ALL)?;
    let again = deployment::compile(plan, &space, request)?;
    let changed = !again.apps.iter().map(|app| &app.steps).eq(compiled.apps.iter().map(|app| &app.steps));
    if changed {
        let proof = again.prove(plan, &space)?;
        tell("the space has changed meanwhile");
        if !args.yes && !agreed(plan, &space, &again, &proof) {
            tell("nothing was done");
            return Ok(Ending::Done);
        }
        compiled = again;
    }
    let running = Running { place, plan, interrupt, hold: &hold };
    Ok(deployment::run(&running, &compiled, space, reporters))
}

fn nothing_to_resume(plan: &Plan, space: &Space) -> String {
    let told: Vec<String> = plan.apps.iter().map(|app| deployment::serving(app, space)).collect();
    format!("nothing to resume: no deployment is under way; {}", told.join("; "))
}

/// Catches signals from here on; the first one is answered at once, whatever is under way.
pub fn catch(reporters: &Reporters) -> Result<Interrupt, Trouble> {
    Interrupt::catch(reporters.teller()).map_err(|source| Trouble::Io { what: "signals could not be caught", source })
}

/// On a terminal, shows what will be done and asks; elsewhere there is nobody to ask.
fn agreed(plan: &Plan, space: &Space, compiled: &Compiled<'_>, proof: &Proof) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return true;
    }
    let shown = preview::text(plan, space, &compiled.apps);
    let proof = preview::proof_line(proof);
    let question = match compiled.request.verb {
        Verb::Apply => "Deploy?",
        Verb::Resume => "Go on?",
        Verb::Rollback => "Fall back?",
    };
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{shown}{proof}\n{question} [y/N] ")
        .and_then(|()| io::stdin().lock().read_line(&mut answer));
    asked.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}

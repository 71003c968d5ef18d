//! `cutover apply`, `cutover resume` and `cutover rollback`: read, compile, prove, ask, lock, look again, run.

use crate::cli::{Common, RunArgs};
use crate::plan::Plan;
use crate::proof::Proof;
use crate::report::preview;
use crate::run::clock::Clock;
use crate::run::interrupt::Interrupt;
use crate::run::lock::{Claim, LockError, LockManager, Patience};
use crate::run::reader::refresh_patiently;
use crate::space::Space;
use crate::space::condition::Section;
use crate::steps::back::Failed;
use crate::steps::refusal::Refusal;
use crate::steps::situation::serving;
use crate::steps::{Step, Verb};

use super::ask::{Consent, question};
use super::deployment::{self, Compiled, Request, Running};
use super::lock::{clear_up, holding};
use super::reporters::Reporters;
use super::strays::warn_of_strays;
use super::workplace::{Workplace, load, load_without_app_files};
use super::{Ending, Trouble, tell};

/// Runs one of the verbs that change something.
pub fn run(verb: Verb, common: &Common, args: &RunArgs) -> Result<Ending, Trouble> {
    let plan = match verb {
        Verb::Apply => load(common)?,
        Verb::Resume | Verb::Rollback => load_without_app_files(common)?,
    };
    if verb == Verb::Apply {
        warn_of_strays(common, &plan);
    }
    let consent = Consent::new(args.yes, verb.as_str(), common)?;
    let mut reporters = Reporters::new(common)?;
    let place = Workplace::open(common, &plan)?;
    // Nothing is begun yet: until it is, a signal ends the process as any other.
    let unhurried = Interrupt::none();
    let mut space = place.observer(&plan).observe(&unhurried)?;
    let patience = Patience { wait: args.lock_wait, find_out: verb != Verb::Apply, take_over: args.take_over };
    let mut manager = LockManager::new(place.api(), &unhurried, patience);
    if !args.take_over && args.lock_wait.is_zero() {
        manager.find_out(&mut space.locks, &mut tell)?;
        manager.refuse_at_work(&space.locks)?;
    }
    place.before_asking()?;
    if let (true, Err(LockError::Held { lock, standing, now })) = (args.take_over, manager.refuse_at_work(&space.locks))
        && !consent.is_given(&lock.story(now, standing), "Ask that run to stop, and take over?", &unhurried)
    {
        return Err(Trouble::NotAgreed);
    }
    let request = Request {
        verb,
        deployment: deployment::identity(&place.session.target().user),
        failed: if args.keep_failed { Failed::Keep } else { Failed::Stop },
        locks: space.locks.clone(),
        own_files: reporters.own_files(),
    };
    let claim = Claim { deployment: request.claimed(&plan, &space), plan: plan.digest.clone(), verb };
    // What is compiled while somebody else is at work fits nothing: that is done once the lock is ours.
    let agreed = if manager.refuse_at_work(&space.locks).is_ok() {
        match agree((&place, &plan), &space, &request, (&consent, &unhurried)) {
            Err(Trouble::Refused(Refusal::NothingUnderWay { .. })) => {
                clear_up(&place, &space.locks)?;
                if verb == Verb::Resume {
                    deployment::rest_is_deployed(&plan, &space, &request.own_files)?;
                }
                tell(&nothing_under_way(verb, &plan, &space));
                place.close();
                return Ok(Ending::Done);
            }
            agreed => Some(agreed?),
        }
    } else {
        None
    };
    let interrupt = catch(&reporters)?;
    let manager = manager.by(&interrupt);
    let mut work = |hold: &dyn Fn(&Step, &Space) -> Result<(), String>| {
        let running = Running { place: &place, plan: &plan, interrupt: &interrupt, hold };
        locked(&running, &consent, &request, agreed.as_ref(), space.clone(), &mut reporters)
    };
    let ending = holding((&place, &plan), &claim, &manager, &interrupt, &mut work);
    place.close();
    match ending {
        Ok(Ending::Done) if verb == Verb::Resume => {
            Ok(deployment::resumed(&plan, &space, &request.own_files, &common.own_commands()))
        }
        ending => ending,
    }
}

/// Compiles what is asked for, proves it, finds out whether the routers can be asked, and has a person agree to it.
fn agree<'a>(
    (place, plan): (&Workplace, &'a Plan),
    space: &Space,
    request: &Request,
    (consent, clock): (&Consent, &dyn Clock),
) -> Result<Compiled<'a>, Trouble> {
    let mut compiled = deployment::compile(plan, space, request)?;
    let proof = compiled.prove(plan, space)?;
    compiled.ask_routers(&place.client, space);
    if let Consent::Given = consent {
        for note in preview::routers(&compiled.routers) {
            tell(&note);
        }
    }
    for stray in compiled.written_into_uploads() {
        tell(&stray.warning());
    }
    if consent.is_given(&shown(plan, space, &compiled, &proof), question(request.verb), clock) {
        Ok(compiled)
    } else {
        Err(Trouble::NotAgreed)
    }
}

/// Under the lock: makes sure that what was agreed to still fits the space, and runs it.
fn locked(
    running: &Running<'_>,
    consent: &Consent,
    request: &Request,
    agreed: Option<&Compiled<'_>>,
    mut space: Space,
    reporters: &mut Reporters,
) -> Result<Ending, Trouble> {
    let Running { place, plan, interrupt, .. } = running;
    // Somebody may have deployed since, up to the moment at which the lock was taken.
    refresh_patiently(&place.observer(plan), *interrupt, &mut space, &Section::ALL, None)?;
    if let Some(agreed) = agreed {
        let again = deployment::compile(plan, &space, request)?;
        if again.apps.iter().map(|app| &app.steps).eq(agreed.apps.iter().map(|app| &app.steps)) {
            return Ok(deployment::run(running, agreed, space, reporters));
        }
        tell("the space has changed meanwhile");
    }
    let compiled = match agree((place, plan), &space, request, (consent, *interrupt)) {
        Err(Trouble::NotAgreed) if agreed.is_none() => {
            tell("the run that was at work has ended, and nothing was done after it:");
            plan.apps.iter().for_each(|app| tell(&serving(app, &space)));
            reporters.tell_ways(Verb::Resume);
            return Err(Trouble::NotAgreed);
        }
        compiled => compiled?,
    };
    Ok(deployment::run(running, &compiled, space, reporters))
}

fn nothing_under_way(verb: Verb, plan: &Plan, space: &Space) -> String {
    let told: Vec<String> = plan.apps.iter().map(|app| serving(app, space)).collect();
    let why = match verb {
        Verb::Resume => "what runs is what this plan deploys",
        Verb::Apply | Verb::Rollback => "no deployment is under way",
    };
    format!("nothing to {verb}: {why}; {}", told.join("; "))
}

/// Catches signals from here on; the first one is answered at once, whatever is under way.
pub fn catch(reporters: &Reporters) -> Result<Interrupt, Trouble> {
    Interrupt::catch(reporters.teller()).map_err(|source| Trouble::Io { what: "signals could not be caught", source })
}

/// What will be done, for whoever is asked.
fn shown(plan: &Plan, space: &Space, compiled: &Compiled<'_>, proof: &Proof) -> String {
    let mut parts = vec![preview::text(plan, space, &compiled.apps)];
    parts.extend(preview::routers(&compiled.routers).into_iter().map(|note| note + "\n"));
    format!("{}{}", parts.join("\n"), preview::proof_line(proof))
}

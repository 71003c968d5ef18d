//! `cutover apply`, `cutover resume` and `cutover rollback`: read, compile, prove, ask, lock, look again, run.

use crate::cli::prompt::Consent;
use crate::cli::{CliError, Common, ExitStatus, RunArgs};
use crate::event::Happening;
use crate::plan::Plan;
use crate::run::executor::runner::Hold;
use crate::run::lock::{Claim, LockError, LockManager, Patience};
use crate::run::waiting::clock::Clock as _;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;
use crate::steps::Verb;
use crate::steps::input::Failed;
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::standing::serving;

use super::approval::Approval;
use super::asking::{Agreed, Asking};
use super::context::Context;
use super::holding::{clear_up, holding};
use super::operate::{RunContext, catch};
use super::plan_file::{load, load_without_app_files};
use super::prepare;
use super::reporters::Reporters;
use super::warnings;

/// What is made of a deployment that would change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unchanged {
    /// There is nothing to be done.
    LeftOut,
    /// It is done all the same.
    Deployed,
}

/// What the command line asks for.
pub(crate) struct RunRequest<'a> {
    pub(crate) verb: Verb,
    pub(crate) common: &'a Common,
    pub(crate) args: &'a RunArgs,
    pub(crate) unchanged: Unchanged,
    /// Whether it answers yes to the questions of the plan.
    pub(crate) is_approved: bool,
}

/// Runs one of the verbs that change something.
pub(crate) fn run(asked: &RunRequest<'_>) -> Result<ExitStatus, CliError> {
    let reporters = Reporters::new(asked.common)?;
    reporters.begin_log(asked.verb);
    let ended = with_plan(asked, &reporters);
    reporters.end(&ended);
    ended
}

fn with_plan(asked: &RunRequest<'_>, reporters: &Reporters) -> Result<ExitStatus, CliError> {
    let RunRequest { verb, common, args, .. } = *asked;
    let plan = match verb {
        Verb::Apply => load(common)?,
        Verb::Resume | Verb::Rollback => load_without_app_files(common)?,
    };
    if let Some(warning) = warnings::insecure(&plan) {
        reporters.note(warning);
    }
    if verb == Verb::Apply {
        for text in warnings::of(&plan, &[]) {
            reporters.report(Happening::Warning { text });
        }
    }
    let consent = Consent::new(args.yes)?;
    let note = |text: &str| reporters.note(text);
    Context::with(common, &plan, &note, |context| {
        reporters.hide(context.redactor());
        in_session(asked, context, &plan, &consent, reporters)
    })
}

/// The story of a verb, in a session: the space is read; where all is deployed, that is the end of it. A person agrees to what
/// is compiled and proved ([`Asking::agree`]); the locks are taken ([`holding`]); under them what was agreed to is compiled once
/// more, for the space as it is by then ([`Asking::under_lock`]), and run ([`RunContext::operate`]). Where somebody else is at
/// work and is waited for, a person is asked once the locks are held.
fn in_session(
    asked: &RunRequest<'_>,
    context: &Context,
    plan: &Plan,
    consent: &Consent,
    reporters: &Reporters,
) -> Result<ExitStatus, CliError> {
    let RunRequest { verb, common, args, unchanged, is_approved } = *asked;
    let note = |text: &str| reporters.note(text);
    // Nothing is begun yet: until it is, a signal ends the process as any other.
    let unhurried = Interrupt::none();
    let read = unhurried.now();
    let mut space = context.observer_for(plan, verb).telling(&note).observe(&unhurried)?;
    reporters.note_live(plan, &space);
    let may_be_left_out = unchanged == Unchanged::LeftOut;
    if may_be_left_out && prepare::is_deployed(&context.api(), plan, &space, &reporters.own_files()) {
        let told: Vec<String> = plan.apps.iter().map(|app| serving(app, &space)).collect();
        note(&format!("nothing to deploy: what runs is what this plan deploys; {}", told.join("; ")));
        let text = format!("to deploy it all the same: {} --force", common.own_commands().verb("apply"));
        reporters.report(Happening::Hint { text });
        return Ok(ExitStatus::Done);
    }
    let patience = Patience { wait: args.lock_wait, find_out: verb != Verb::Apply, take_over: args.take_over };
    let mut manager = LockManager::new(context.api(), &unhurried, patience);
    way_is_free(args, consent, context, &mut manager, &mut space, reporters)?;
    let failed = if args.keep_failed { Failed::Keep } else { Failed::Stop };
    let is_free = manager.refuse_at_work(&space.locks).is_ok();
    // Whoever is at work now ends by itself where it is only waited for: its locks tell of nothing that is to be gone on with.
    let left = if is_free || args.take_over { space.locks.as_slice() } else { &[] };
    let request = prepare::request(verb, common, &context.session.target().user, failed, left);
    let claim = Claim {
        deployment: request.claimed(plan, &space),
        plan: plan.digest.clone(),
        verb: request.acts_as(plan, &space),
    };
    let approval = if is_approved { Approval::Given("approved by --approve") } else { Approval::Asked(reporters) };
    let run = RunContext { context, plan, approval, reporters };
    let asking = Asking { run, request, consent };
    // What is compiled while somebody else is at work fits nothing: that is done once the lock is ours.
    let agreed = if is_free {
        match asking.agree(&space, &unhurried) {
            Err(CliError::Refused(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }))) => {
                clear_up(context, &space.locks, reporters)?;
                return asking.nothing_under_way(&space);
            }
            agreed => Some(Agreed { prepared: agreed?, read }),
        }
    } else {
        None
    };
    let interrupt = catch(reporters)?;
    let manager = manager.by(&interrupt);
    let work = |hold: &Hold<'_>| asking.under_lock(agreed.as_ref(), space, &interrupt, hold);
    holding(context, plan, &claim, &manager, &interrupt, work, reporters)
}

/// Refuses where somebody else is at work, or takes over from them, as the command line has it.
fn way_is_free(
    args: &RunArgs,
    consent: &Consent,
    context: &Context,
    manager: &mut LockManager<'_>,
    space: &mut Space,
    reporters: &Reporters,
) -> Result<(), CliError> {
    if !args.take_over && args.lock_wait.is_zero() {
        manager.find_out(&mut space.locks, &mut |text| reporters.note(text))?;
        manager.refuse_at_work(&space.locks)?;
    }
    context.before_asking()?;
    match manager.refuse_at_work(&space.locks) {
        Err(LockError::Held { lock, state, now }) if args.take_over => {
            consent.ask(&lock.story(now, state), "Ask that run to stop, and take over?", &Interrupt::none())
        }
        _ => Ok(()),
    }
}

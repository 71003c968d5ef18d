//! `cutover lock status` and `cutover lock break`: who is deploying, and an end to it. What holds the lock for a run is
//! here, too.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{json, to_string_pretty};

use crate::cli::prompt::Consent;
use crate::cli::{CliError, Common, ExitStatus, LockBreakArgs, LockStatusArgs, StatusFormat};
use crate::plan::Plan;
use crate::run::interrupt::Interrupt;
use crate::run::lock::{Claim, LockManager, Patience, state_of};
use crate::run::runner::Hold;
use crate::space::Space;
use crate::space::lock::{Lock, LockState};
use crate::steps::Step;

use super::context::{Context, load_without_app_files};
use super::terminal::{print, tell};

/// How long it may take to give a lock back before that is told.
const GIVEN_BACK: Duration = Duration::from_secs(4);

/// What is done while a lock is held: it gets what makes sure, before each step, that the lock still is.
type Work<'a> = dyn FnMut(&Hold<'_>) -> Result<ExitStatus, CliError> + 'a;

/// Runs `work` while the locks on all apps of the plan are held and kept alive, and gives them back however it ends.
pub(super) fn holding(
    (context, plan): (&Context, &Plan),
    claim: &Claim,
    manager: &LockManager<'_>,
    interrupt: &Interrupt,
    work: &mut Work<'_>,
) -> Result<ExitStatus, CliError> {
    let locks = manager.acquire(plan.apps.iter().map(|app| &app.name), claim, &mut tell)?;
    let hold = |step: &Step, space: &Space| {
        // Tokens that the platform has rotated are worth nothing here should this run be killed.
        context.keep_logged_in();
        locks.hold(step, space, interrupt).map_err(|lost| lost.to_string())
    };
    let ending = locks.keep(&interrupt.stopper(), || work(&hold));
    let (over, waits) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waits.recv_timeout(GIVEN_BACK) == Err(RecvTimeoutError::Timeout) {
                tell("note: the platform takes its time to take the lock back, which is waited for");
            }
        });
        locks.release(interrupt, &mut |note| tell(&format!("note: {note}")));
        drop(over);
    });
    ending
}

/// Removes locks that a dead run has left, where there is nothing to be done for its deployment.
pub(super) fn clear_up(context: &Context, locks: &[Lock]) -> Result<(), CliError> {
    let clock = Interrupt::none();
    for lock in locks {
        if manager(context, &clock).break_open(lock, &mut tell)? {
            tell(&format!("the lock on {} that {} has left is removed", lock.app, lock.holder()));
        }
    }
    Ok(())
}

/// A lock manager who waits for nobody.
fn manager<'a>(context: &'a Context, clock: &'a Interrupt) -> LockManager<'a> {
    LockManager::new(context.api(), clock, Patience { wait: Duration::ZERO, find_out: false, take_over: false })
}

/// Runs `lock status`.
pub(crate) fn status(common: &Common, args: &LockStatusArgs) -> Result<ExitStatus, CliError> {
    let plan = load_without_app_files(common)?;
    let context = Context::open(common, &plan)?;
    let space = context.observer(&plan).observe(&Interrupt::none())?;
    context.close();
    let now = Timestamp::now();
    let locks = plan.apps.iter().map(|app| (app.name.as_str(), space.lock(app.name.as_str())));
    match args.format {
        StatusFormat::Text => {
            for (app, lock) in locks {
                print(&lock.map_or_else(
                    || format!("{app} is free\n"),
                    |lock| format!("{}\n", lock.story(now, state_of(lock))),
                ));
            }
        }
        StatusFormat::Json => {
            let locks: Vec<_> = locks
                .map(|(app, lock)| json!({ "app": app, "state": state(lock), "lock": lock.map(public) }))
                .collect();
            print(&format!("{}\n", to_string_pretty(&json!({ "locks": locks })).unwrap_or_default()));
        }
    }
    Ok(ExitStatus::Done)
}

/// What a program is told of a lock.
fn public(lock: &Lock) -> serde_json::Value {
    json!({
        "guid": lock.guid,
        "deployment": lock.deployment,
        "plan": lock.plan,
        "by": lock.by,
        "at": lock.at,
        "heartbeat": lock.heartbeat,
        "step": lock.step,
        "step_since": lock.step_since,
        "take_over": lock.take_over,
        "verb": lock.verb,
    })
}

/// The word that a program is told for it.
fn state(lock: Option<&Lock>) -> &'static str {
    match lock.map(state_of) {
        None => "free",
        Some(LockState::AtWork) => "at-work",
        Some(LockState::Silent) => "silent",
        Some(LockState::Dead) => "dead",
        Some(LockState::Unreadable) => "unreadable",
    }
}

/// Runs `lock break`.
pub(crate) fn break_open(common: &Common, args: &LockBreakArgs) -> Result<ExitStatus, CliError> {
    let plan = load_without_app_files(common)?;
    let consent = Consent::new(args.yes, "lock break", common)?;
    let context = Context::open(common, &plan)?;
    let space = context.observer(&plan).observe(&Interrupt::none())?;
    context.before_asking()?;
    let now = Timestamp::now();
    let stories: Vec<String> = space.locks.iter().map(|lock| lock.story(now, state_of(lock))).collect();
    if !stories.is_empty() {
        consent.ask(&stories.join("\n"), "Break the lock?", &Interrupt::none())?;
    }
    let ended = break_each(&context, &plan, &space.locks, common.quiet);
    context.close();
    ended
}

fn break_each(context: &Context, plan: &Plan, locks: &[Lock], quiet: bool) -> Result<ExitStatus, CliError> {
    let clock = Interrupt::none();
    let manager = manager(context, &clock);
    for app in &plan.apps {
        let told = match locks.iter().find(|lock| lock.app == app.name.as_str()) {
            Some(lock) if manager.break_open(lock, &mut tell)? => {
                format!("broke the lock on {}, held by {}", app.name, lock.holder())
            }
            Some(_) => format!("the lock on {} was gone already", app.name),
            None => format!("{} is free: there was no lock to break", app.name),
        };
        if !quiet {
            tell(&told);
        }
    }
    Ok(ExitStatus::Done)
}

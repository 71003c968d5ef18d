//! What holds the locks for a run, and gives them back.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::cli::{CliError, ExitStatus};
use crate::plan::Plan;
use crate::run::executor::runner::Hold;
use crate::run::lock::{Claim, LockManager, Patience};
use crate::run::waiting::clock::LockLost;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;
use crate::space::lock::Lock;
use crate::steps::Step;

use super::context::Context;
use super::reporters::Reporters;

/// How long it may take to give a lock back before that is told.
const GIVEN_BACK: Duration = Duration::from_secs(4);

/// Runs `work` while the locks on all apps of the plan are held and kept alive, and gives them back however it ends. It gets what
/// makes sure, before each step, that the lock still is.
pub(super) fn holding(
    context: &Context,
    plan: &Plan,
    claim: &Claim,
    manager: &LockManager<'_>,
    interrupt: &Interrupt,
    work: impl FnOnce(&Hold<'_>) -> Result<ExitStatus, CliError>,
    reporters: &Reporters,
) -> Result<ExitStatus, CliError> {
    let locks = manager.acquire(plan.apps.iter().map(|app| &app.name), claim, &mut |text| reporters.note(text))?;
    let hold = |step: &Step, space: &Space| {
        // Tokens that the platform has rotated are worth nothing here should this run be killed.
        context.keep_logged_in();
        locks.hold(step, space, interrupt).map_err(LockLost::from)
    };
    let ending = locks.keep(&interrupt.stopper(), || work(&hold));
    let (over, waits) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waits.recv_timeout(GIVEN_BACK) == Err(RecvTimeoutError::Timeout) {
                reporters.note("note: the platform takes its time to take the lock back, which is waited for");
            }
        });
        locks.release(interrupt, &mut |note| reporters.note(&format!("note: {note}")));
        drop(over);
    });
    ending
}

/// Removes locks that a dead run has left, where there is nothing to be done for its deployment.
pub(super) fn clear_up(context: &Context, locks: &[Lock], reporters: &Reporters) -> Result<(), CliError> {
    let clock = Interrupt::none();
    for lock in locks {
        if manager(context, &clock).break_open(lock, &mut |text| reporters.note(text))? {
            reporters.note(&format!("the lock on {} that {} has left is removed", lock.app, lock.holder()));
        }
    }
    Ok(())
}

/// A lock manager who waits for nobody.
pub(super) fn manager<'a>(context: &'a Context, clock: &'a Interrupt) -> LockManager<'a> {
    LockManager::new(context.api(), clock, Patience { wait: Duration::ZERO, find_out: false, take_over: false })
}

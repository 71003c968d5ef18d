//! `cutover lock status` and `cutover lock break`: who is deploying, and an end to it. What holds the lock for a run is
//! here, too.

use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{json, to_string_pretty};

use crate::cli::{Common, LockBreakArgs, LockStatusArgs, StatusFormat};
use crate::plan::Plan;
use crate::run::interrupt::Interrupt;
use crate::run::lock::held::Renewal;
use crate::run::lock::{Claim, Locksmith};
use crate::space::lock::{Lock, Standing};
use crate::steps::Step;

use super::carry_out::answered_yes;
use super::workplace::{Workplace, load_without_bits};
use super::{Ending, Trouble, print, tell};

/// What is done while a lock is held: it gets what makes sure, before each step, that the lock still is.
type Work<'a> = dyn FnMut(&dyn Fn(&Step) -> Result<(), String>) -> Result<Ending, Trouble> + 'a;

/// Runs `work` while the locks on all apps of the plan are held, and gives them back however it ends. A lock among
/// `observed` that the claimed deployment holds already is taken back.
pub(super) fn holding(
    (place, plan): (&Workplace, &Plan),
    claim: &Claim,
    observed: &[Lock],
    (interrupt, wait): (&Interrupt, Duration),
    work: &mut Work<'_>,
) -> Result<Ending, Trouble> {
    let locksmith = Locksmith::new(&place.cf, &place.session, interrupt, wait);
    let locks = locksmith.acquire(plan.apps.iter().map(|app| &app.name), claim, observed, &mut tell)?;
    let locks = RefCell::new(locks);
    let hold = |step: &Step| {
        // Tokens that the platform has rotated are worth nothing here should this run be killed.
        place.keep_logged_in();
        match locks.borrow_mut().renew(step.app.as_str(), &step.id, step.within) {
            Ok(Renewal::Written) => Ok(()),
            Ok(Renewal::StillCovers { why }) => {
                tell(&format!("note: the lock could not be renewed, and holds long enough: {why}"));
                Ok(())
            }
            Err(lost) => Err(lost.to_string()),
        }
    };
    let ending = work(&hold);
    for note in locks.into_inner().release() {
        tell(&format!("note: {note}"));
    }
    ending
}

/// Removes locks that a killed run has left, where there is nothing to be done for its deployment.
pub(super) fn clear_up(place: &Workplace, locks: &[Lock]) -> Result<(), Trouble> {
    let interrupt = Interrupt::none();
    let locksmith = Locksmith::new(&place.cf, &place.session, &interrupt, Duration::ZERO);
    for lock in locks {
        if locksmith.break_open(lock)? {
            tell(&format!("the lock on {} that {} has left is removed", lock.app, lock.holder()));
        }
    }
    Ok(())
}

/// Runs `lock status`.
pub fn status(common: &Common, args: &LockStatusArgs) -> Result<Ending, Trouble> {
    let plan = load_without_bits(common)?;
    let place = Workplace::open(common, &plan)?;
    let space = place.observer(&plan).observe()?;
    place.close();
    let now = Timestamp::now();
    let locks = plan.apps.iter().map(|app| (app.name.as_str(), space.lock(app.name.as_str())));
    match args.format {
        StatusFormat::Text => {
            for (app, lock) in locks {
                print(&lock.map_or_else(|| format!("{app} is free\n"), |lock| format!("{}\n", lock.story(now))));
            }
        }
        StatusFormat::Json => {
            let locks: Vec<_> = locks
                .map(|(app, lock)| json!({ "app": app, "state": state(lock, now), "lock": lock.map(public) }))
                .collect();
            print(&format!("{}\n", to_string_pretty(&json!({ "locks": locks })).unwrap_or_default()));
        }
    }
    Ok(Ending::Done)
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
        "expires": lock.expires,
        "step": lock.step,
        "verb": lock.verb,
    })
}

/// The word that a program is told for it.
fn state(lock: Option<&Lock>, now: Timestamp) -> &'static str {
    match lock.map(|lock| lock.standing(now)) {
        None => "free",
        Some(Standing::Held) => "held",
        Some(Standing::HeldForGood) => "held-for-good",
        Some(Standing::Expired) => "expired",
    }
}

/// Runs `lock break`.
pub fn break_open(common: &Common, args: &LockBreakArgs) -> Result<Ending, Trouble> {
    let plan = load_without_bits(common)?;
    let place = Workplace::open(common, &plan)?;
    let space = place.observer(&plan).observe()?;
    place.before_asking()?;
    let now = Timestamp::now();
    let stories: Vec<String> = space.locks.iter().map(|lock| lock.story(now)).collect();
    if !stories.is_empty() && !args.yes && !answered_yes(&stories.join("\n"), "Break the lock?") {
        tell("nothing was done");
        return Ok(Ending::Done);
    }
    let ended = break_each(&place, &plan, &space.locks, common.quiet);
    place.close();
    ended
}

fn break_each(place: &Workplace, plan: &Plan, locks: &[Lock], quiet: bool) -> Result<Ending, Trouble> {
    let interrupt = Interrupt::none();
    let locksmith = Locksmith::new(&place.cf, &place.session, &interrupt, Duration::ZERO);
    for app in &plan.apps {
        let told = match locks.iter().find(|lock| lock.app == app.name.as_str()) {
            Some(lock) if locksmith.break_open(lock)? => {
                format!("broke the lock on {}, held by {}", app.name, lock.holder())
            }
            Some(_) => format!("the lock on {} was gone already", app.name),
            None => format!("{} is free: there was no lock to break", app.name),
        };
        if !quiet {
            tell(&told);
        }
    }
    Ok(Ending::Done)
}

//! `cutover lock status` and `cutover lock break`: who is deploying, and an end to it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{json, to_string_pretty};

use crate::cli::prompt::Consent;
use crate::cli::{CliError, Common, ExitStatus, LockBreakArgs, LockStatusArgs, StatusFormat};
use crate::plan::Plan;
use crate::run::lock::{LockManager, Patience, state_of};
use crate::run::waiting::interrupt::Interrupt;
use crate::space::lock::{Lock, LockState};
use crate::text;

use super::context::Context;
use super::plan_file::load_without_app_files;
use super::prepare::whoever;
use super::terminal::{print, tell};

/// Runs `lock status`.
pub(crate) fn status(common: &Common, args: &LockStatusArgs) -> Result<ExitStatus, CliError> {
    let plan = load_without_app_files(common)?;
    let space = Context::with(common, &plan, &tell, |context| {
        Ok(context.observer(&plan).without_settings().observe(&Interrupt::none())?)
    })?;
    let now = Timestamp::now();
    let locks = plan.apps.iter().map(|app| (app.name.as_str(), space.lock(app.name.as_str())));
    match args.format {
        StatusFormat::Text => {
            for (app, lock) in locks {
                print(&lock.map_or_else(
                    || format!("{app} is free\n"),
                    |lock| format!("{}\n", lock.story(now, state_of(lock))),
                ))?;
            }
        }
        StatusFormat::Json => {
            let locks: Vec<_> = locks
                .map(|(app, lock)| json!({ "app": app, "state": state(lock), "lock": lock.map(public) }))
                .collect();
            print(&text::json(&format!("{}\n", to_string_pretty(&json!({ "locks": locks })).unwrap_or_default())))?;
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

/// Runs `lock break`. What a living run holds is not broken: that run may be asked to stop, as by `resume` and `rollback`.
pub(crate) fn break_open(common: &Common, args: &LockBreakArgs) -> Result<ExitStatus, CliError> {
    let plan = load_without_app_files(common)?;
    let consent = Consent::new(args.yes)?;
    Context::with(common, &plan, &tell, |context| break_in(context, &plan, &consent, args.take_over, common.quiet))
}

fn break_in(
    context: &Context,
    plan: &Plan,
    consent: &Consent,
    take_over: bool,
    quiet: bool,
) -> Result<ExitStatus, CliError> {
    let clock = Interrupt::none();
    let mut space = context.observer(plan).without_settings().observe(&clock)?;
    let patience = Patience { wait: Duration::ZERO, find_out: true, take_over };
    let mut manager = LockManager::new(context.api(), &clock, patience);
    if !take_over {
        manager.find_out(&mut space.locks, &mut tell)?;
        manager.refuse_alive(&space.locks)?;
    }
    context.before_asking()?;
    let now = Timestamp::now();
    let stories: Vec<String> = space.locks.iter().map(|lock| lock.story(now, state_of(lock))).collect();
    let question = if space.locks.iter().any(|lock| manager.may_live(lock)) {
        "Ask that run to stop, and break the lock?"
    } else {
        "Break the lock?"
    };
    if !stories.is_empty() {
        consent.ask(&stories.join("\n"), question, &clock)?;
    }
    let by = format!("{} (lock break)", whoever(&context.session.target().user));
    break_each(&manager, &by, plan, &space.locks, quiet)
}

fn break_each(
    manager: &LockManager<'_>,
    by: &str,
    plan: &Plan,
    locks: &[Lock],
    quiet: bool,
) -> Result<ExitStatus, CliError> {
    for app in &plan.apps {
        let told = match locks.iter().find(|lock| lock.app == app.name.as_str()) {
            Some(lock) if manager.may_live(lock) => {
                manager.end_run(lock, by, &mut tell)?;
                format!("the run of {} has ended, and {} is free", lock.holder(), app.name)
            }
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

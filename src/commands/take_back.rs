//! What is done after a step has failed.
//!
//! The plan says what: everything is left for a person, or what was done is taken back. Before the switch that is
//! little: the new colour leaves its routes and is stopped. After the switch it is the fallback, and it is proved to be
//! safe on the space as it is now before its first change.

use crate::cf::invocation::Invocation;
use crate::plan::{self, OnFailure, Plan};
use crate::proof;
use crate::report::preview::AppPreview;
use crate::run::event::Event;
use crate::run::execute::{Ended, Failure, Runner};
use crate::run::observe::ObserveError;
use crate::shell;
use crate::space::Space;
use crate::steps::left::{self, Left};
use crate::steps::situation::{UnderWay, serving};
use crate::steps::{self, Heading, Step, Verb, forward::Orders};

use super::deployment::{Compiled, stopped};
use super::reporters::Reporters;
use super::{Ending, tell};

/// How many of the failed version's last log lines are shown.
const LOG_LINES: usize = 20;
/// How long cf may take to fetch them.
const LOGS: std::time::Duration = std::time::Duration::from_secs(30);

/// Deals with a step that has failed.
pub(super) fn after(
    runner: &Runner<'_>,
    plan: &Plan,
    compiled: &Compiled<'_>,
    app: &AppPreview<'_>,
    failure: &Failure,
    space: &mut Space,
    reporters: &mut Reporters,
) -> Ending {
    let verb = compiled.request.verb;
    if let Err(error) = runner.look_again(space) {
        return out_of_sight(app.app, &error, space);
    }
    let Some(under_way) = UnderWay::of(app.app, space) else {
        tell(&serving(app.app, space));
        return Ending::Failed;
    };
    if failure.step.heading >= Heading::Push && !under_way.back {
        show_logs(runner, under_way.colour.as_str(), reporters);
    }
    if under_way.back {
        tell(&serving(app.app, space));
        tell_left(runner, plan, compiled, app, Verb::Rollback, space);
        return Ending::Stuck;
    }
    if app.app.on_failure == OnFailure::Stop {
        tell(&serving(app.app, space));
        tell("nothing is taken back: the plan says on_failure: stop");
        tell_left(runner, plan, compiled, app, verb, space);
        return Ending::Stuck;
    }
    take_back(runner, plan, compiled, app, space, reporters)
}

/// Nothing can be read any more, so nothing can be taken back: what was seen last is told, and what a person can do.
fn out_of_sight(app: &plan::App, error: &ObserveError, last: &Space) -> Ending {
    tell(&format!("nothing is taken back, since what is there now cannot be read: {error}"));
    tell(&format!("when it was read last, {}", serving(app, last)));
    let first = if error.is_logged_out() { "log in again with cf login" } else { "look with cutover status" };
    tell(&format!("{first}, then go on with cutover resume or go back with cutover rollback"));
    Ending::Stuck
}

fn take_back(
    runner: &Runner<'_>,
    plan: &Plan,
    compiled: &Compiled<'_>,
    app: &AppPreview<'_>,
    space: &mut Space,
    reporters: &mut Reporters,
) -> Ending {
    let next = app.situation.next();
    let orders = Orders { plan, app: app.app, deployment: &compiled.request.deployment, upload: None };
    let compile = |verb, space: &Space| steps::compile(verb, orders, None, compiled.request.failed, space);
    let safe = |steps: Vec<Step>| match proof::prove_one(app.app, Verb::Rollback, space, &steps) {
        None => Ok(steps),
        Some(counterexample) => Err(format!("it would not be safe: {counterexample}")),
    };
    let steps = compile(Verb::Rollback, space).map_err(|refusal| refusal.to_string()).and_then(safe);
    let steps = match steps {
        Ok(steps) => steps,
        Err(why) => {
            tell(&format!("what was done so far is not taken back: {why}"));
            tell(&serving(app.app, space));
            tell("look with cutover status, then go on with cutover resume or go back with cutover rollback");
            return Ending::Stuck;
        }
    };
    // The deployment is not done by this, whoever waits for that event.
    let mut report = |event: &Event<'_>| {
        if !matches!(event, Event::Done { .. }) {
            reporters.event(event);
        }
    };
    let ended = runner.run(&format!("take {next} back"), &steps, space, &mut report);
    reporters.clear();
    reporters.event(&Event::RolledBack { complete: ended == Ended::Done });
    match ended {
        Ended::Done => {
            tell(&serving(app.app, space));
            tell(&format!(
                "{next} is off the live routes; look at it with {}",
                shell::command(["cf", "logs", next.as_str(), "--recent"])
            ));
            Ending::Failed
        }
        Ended::Failed(_) => {
            tell(&serving(app.app, space));
            tell_left(runner, plan, compiled, app, Verb::Rollback, space);
            Ending::Stuck
        }
        Ended::Stopped { step, why } => stopped(runner, plan, compiled, app, Verb::Rollback, (&step, &why), space),
        Ended::Interrupted { signal, .. } => {
            tell(&serving(app.app, space));
            tell("it was to be taken back: go on with cutover rollback; see cutover status");
            Ending::Interrupted(signal)
        }
    }
}

/// Shows the last lines that the version has logged: mostly they tell why it failed. Where they cannot be had, that is
/// no failure of its own.
fn show_logs(runner: &Runner<'_>, app: &str, reporters: &Reporters) {
    let call = Invocation::logs_recent(app);
    let Ok(argv) = call.resolve(&|_| None) else { return };
    let mut lines = Vec::new();
    let output = runner.cf.run(&argv, &call.env, LOGS, &mut |_, line| lines.push(line.to_owned()));
    if !output.is_ok_and(|output| output.exit.is_success()) {
        return;
    }
    // The first line is cf's own: `Retrieving logs for app …`.
    let logged: Vec<&String> = lines.iter().skip(1).filter(|line| !is_our_request(line)).collect();
    if logged.is_empty() {
        return;
    }
    tell(&format!(
        "the last that {app} has logged, less what the checks asked for ({}):",
        shell::command(["cf", "logs", app, "--recent"])
    ));
    for line in &logged[logged.len().saturating_sub(LOG_LINES)..] {
        reporters.quote(&format!("  {line}"));
    }
}

/// Whether a log line is gorouter's access line of a request of our own: a check that is repeated makes many, and what
/// the app says of its trouble would be pushed out by them.
fn is_our_request(line: &str) -> bool {
    line.contains(" [RTR/") && line.contains(concat!("\"cutover/", env!("CARGO_PKG_VERSION"), "\""))
}

/// Says what is left of what `verb` had in flight, by the space as it is now, and what goes on with it.
pub(super) fn tell_left(
    runner: &Runner<'_>,
    plan: &Plan,
    compiled: &Compiled<'_>,
    app: &AppPreview<'_>,
    verb: Verb,
    space: &mut Space,
) {
    let ways = match verb {
        Verb::Apply | Verb::Resume => "go on with cutover resume, or go back with cutover rollback; see cutover status",
        Verb::Rollback => "go on with cutover rollback; see cutover status",
    };
    // What was read before may be what was wrong.
    if let Err(error) = runner.look_again(space) {
        tell(&format!("what is there now could not be read: {error}"));
        tell(ways);
        return;
    }
    let orders = Orders { plan, app: app.app, deployment: &compiled.request.deployment, upload: None };
    match left::left(verb, orders, space) {
        Ok(Left { by_hand, more }) => {
            let commands: Vec<String> = by_hand.iter().filter_map(Step::invocation).map(|call| call.shell()).collect();
            if !commands.is_empty() {
                tell("what is left begins with:");
                for command in &commands {
                    tell(&format!("  {command}"));
                }
            }
            if more > 0 && !commands.is_empty() {
                tell(&format!("{more} more steps follow, which only cutover makes sure of"));
            }
        }
        Err(refusal) => tell(&format!("as the space is now, cutover {verb} is refused: {refusal}\n{}", refusal.hint())),
    }
    tell(ways);
}

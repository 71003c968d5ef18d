//! What is done after a step has failed.
//!
//! The plan says what: everything is left for a person, or what was done is taken back. Before the switch that is
//! little: the new colour leaves its routes and is stopped. After the switch it is the fallback, and it is proved to be
//! safe on the space as it is now before its first change.

use crate::cf::invocation::Invocation;
use crate::plan::{OnFailure, Plan};
use crate::proof;
use crate::report::preview::AppPreview;
use crate::run::clock::Stop;
use crate::run::event::Event;
use crate::run::execute::{Ended, Failure, Intrusion, Runner};
use crate::run::observe::ObserveError;
use crate::shell;
use crate::space::Space;
use crate::steps::left::{self, Left};
use crate::steps::situation::{UnderWay, serving};
use crate::steps::{self, Heading, Step, Verb, forward::Orders};

use super::deployment::Compiled;
use super::reporters::Reporters;
use super::{Ending, tell};

/// How many of the failed version's last log lines are shown.
const LOG_LINES: usize = 20;
/// How long cf may take to fetch them.
const LOGS: std::time::Duration = std::time::Duration::from_secs(30);

/// What a list of steps is recovered with that did not come to its end.
pub(super) struct Recovery<'a, 'r> {
    /// What ran the steps.
    pub runner: Runner<'a>,
    /// The plan.
    pub plan: &'a Plan,
    /// What was compiled for all apps of the plan.
    pub compiled: &'a Compiled<'a>,
    /// The app whose steps they are.
    pub app: &'a AppPreview<'a>,
    /// The space, as it was read last.
    pub space: &'r mut Space,
    /// Those who report it.
    pub reporters: &'r mut Reporters,
}

impl Recovery<'_, '_> {
    /// Deals with a step that has failed.
    pub(super) fn after(mut self, failure: &Failure) -> Ending {
        if let Err(error) = self.runner.look_again(self.space) {
            return self.out_of_sight(&error);
        }
        let Some(under_way) = UnderWay::of(self.app.app, self.space) else {
            self.tell_serving();
            return Ending::Failed;
        };
        if failure.step.heading >= Heading::Push && !under_way.back {
            self.show_logs(under_way.colour.as_str());
        }
        if under_way.back {
            self.tell_serving();
            self.tell_left(Verb::Rollback);
            return Ending::Stuck;
        }
        if self.app.app.on_failure == OnFailure::Stop {
            self.tell_serving();
            tell("nothing is taken back: the plan says on_failure: stop");
            self.tell_left(self.compiled.request.verb);
            return Ending::Stuck;
        }
        self.take_back()
    }

    /// Somebody else is at work: what they did is told, and nothing more is done. `verb` is what was in flight.
    pub(super) fn stopped(mut self, verb: Verb, step: &str, why: &Intrusion) -> Ending {
        tell(&format!("stopped at step {step}: {why}"));
        match why {
            Intrusion::LockLost(_) => {
                tell("whoever has taken it decides what comes next; nothing more is done here");
                // Who has it has been at work meanwhile.
                let seen = if self.runner.look_again(self.space).is_ok() { "" } else { ", as far as was last seen" };
                tell(&format!("{}{seen}", serving(self.app.app, self.space)));
                if let Some(own) = self.reporters.own() {
                    tell(&format!("look with {}", own.verb("status")));
                }
            }
            Intrusion::Changed(_) => {
                tell("nothing is taken back, since that could undo what they did");
                self.tell_serving();
                self.tell_left(verb);
            }
        }
        Ending::Stuck
    }

    /// Nothing can be read any more, so nothing can be taken back: what was seen last is told, and what a person can do.
    fn out_of_sight(&self, error: &ObserveError) -> Ending {
        tell(&format!("nothing is taken back, since what is there now cannot be read: {error}"));
        tell(&format!("when it was read last, {}", serving(self.app.app, self.space)));
        if error.is_logged_out() {
            tell("log in again first: cf login");
        }
        self.reporters.tell_ways(Verb::Apply);
        match self.runner.clock.stop() {
            Some(Stop::Signal(signal)) => Ending::Interrupted(signal),
            Some(Stop::LockLost(_)) | None => Ending::Stuck,
        }
    }

    fn take_back(mut self) -> Ending {
        let app = self.app.app;
        let next = self.app.situation.next();
        let orders = self.orders();
        let safe = |steps: Vec<Step>| match proof::prove_one(app, Verb::Rollback, self.space, &steps) {
            None => Ok(steps),
            Some(counterexample) => Err(format!("it would not be safe: {counterexample}")),
        };
        let compiled = steps::compile(Verb::Rollback, orders, None, self.compiled.request.failed, self.space);
        let steps = match compiled.map_err(|refusal| refusal.to_string()).and_then(safe) {
            Ok(steps) => steps,
            Err(why) => {
                tell(&format!("what was done so far is not taken back: {why}"));
                self.tell_serving();
                self.reporters.tell_ways(Verb::Apply);
                return Ending::Stuck;
            }
        };
        // The deployment is not done by this, whoever waits for that event.
        let mut report = |event: &Event<'_>| {
            if !matches!(event, Event::Done { .. }) {
                self.reporters.event(event);
            }
        };
        let ended = self.runner.run(&format!("take {next} back"), &steps, self.space, &mut report);
        self.reporters.clear();
        self.reporters.event(&Event::RolledBack { complete: ended == Ended::Done });
        match ended {
            Ended::Done => {
                self.tell_serving();
                tell(&format!(
                    "{next} is off the live routes; look at it with {}",
                    shell::command(["cf", "logs", next.as_str(), "--recent"])
                ));
                Ending::Failed
            }
            Ended::Failed(_) => {
                self.tell_serving();
                self.tell_left(Verb::Rollback);
                Ending::Stuck
            }
            Ended::Stopped { step, why } => self.stopped(Verb::Rollback, &step, &why),
            Ended::Interrupted { signal, .. } => {
                self.tell_serving();
                tell("it was to be taken back");
                self.reporters.tell_ways(Verb::Rollback);
                Ending::Interrupted(signal)
            }
        }
    }

    fn orders(&self) -> Orders<'_> {
        let deployment = &self.compiled.request.deployment;
        Orders { plan: self.plan, app: self.app.app, deployment, upload: None }
    }

    fn tell_serving(&self) {
        tell(&serving(self.app.app, self.space));
    }

    /// Shows the last lines that the version has logged: mostly they tell why it failed. Where they cannot be had, that
    /// is no failure of its own.
    fn show_logs(&self, app: &str) {
        let call = Invocation::logs_recent(app);
        let Ok(argv) = call.resolve(&|_| None) else { return };
        let mut lines = Vec::new();
        let output = self.runner.cf.run(&argv, &call.env, LOGS, &mut |_, line| lines.push(line.to_owned()));
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
            self.reporters.quote(&format!("  {line}"));
        }
    }

    /// Says what is left of what `verb` had in flight, by the space as it is now, and what goes on with it.
    fn tell_left(&mut self, verb: Verb) {
        // What was read before may be what was wrong.
        if let Err(error) = self.runner.look_again(self.space) {
            tell(&format!("what is there now could not be read: {error}"));
            self.reporters.tell_ways(verb);
            return;
        }
        match left::left(verb, self.orders(), self.space) {
            Ok(Left { by_hand, more }) => {
                let commands: Vec<String> =
                    by_hand.iter().filter_map(Step::invocation).map(|call| call.shell()).collect();
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
            Err(refusal) => {
                tell(&format!("as the space is now, {verb} is refused: {refusal}"));
                if let Some(own) = self.reporters.own() {
                    tell(&refusal.hint(own));
                }
            }
        }
        self.reporters.tell_ways(verb);
    }
}

/// Whether a log line is gorouter's access line of a request of our own: a check that is repeated makes many, and what
/// the app says of its trouble would be pushed out by them.
fn is_our_request(line: &str) -> bool {
    line.contains(" [RTR/") && line.contains(concat!("\"cutover/", env!("CARGO_PKG_VERSION"), "\""))
}

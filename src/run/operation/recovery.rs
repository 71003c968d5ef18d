//! What is done after a step has failed.
//!
//! The plan says what: everything is left for a person, or what was done is taken back. Before the switch that is
//! little: the new version leaves its routes and is stopped. After the switch it is the fallback, and it is proved to be
//! safe on the space as it is now before its first change.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::cf::invocation::Invocation;
use crate::event::{Happening, Report};
use crate::plan::OnFailure;
use crate::proof;
use crate::proof::offer::{Offer, offer};
use crate::run::executor::ended::Why;
use crate::run::executor::intrusion::Intrusion;
use crate::run::executor::runner::Runner;
use crate::run::reading::reader::Unread;
use crate::run::waiting::clock::Stop;
use crate::shell;
use crate::space::Space;
use crate::steps::annotations::Extent;
use crate::steps::input::{CompileInput, Failed};
use crate::steps::left::{self, Left};
use crate::steps::standing::{Standing, UnderWay, serving};
use crate::steps::{self, AppDeployment, Deployment, Step, Verb};

use super::operation::{Operation, stands};
use super::outcome::Outcome;

/// How many of the failed version's last log lines are shown.
const LOG_LINES: usize = 20;
/// How long cf may take to fetch them.
const LOGS: Duration = Duration::from_secs(30);

/// What one app of an operation is recovered with, whose steps did not come to their end.
pub(super) struct Recovery<'o, 'a> {
    pub(super) operation: &'o Operation<'a>,
    pub(super) part: &'o AppDeployment<'a>,
}

impl Recovery<'_, '_> {
    /// Deals with a step that has failed.
    pub(super) fn after(&self, step: &Step, space: &mut Space, report: &mut Report<'_>) -> Outcome {
        let read = self.operation.runner.clock.now();
        if let Err(unread) = self.operation.runner.look_again(space, report) {
            return self.out_of_sight(&unread, space, report);
        }
        let app = self.part.app.as_ref();
        let under_way = UnderWay::of(app, space);
        let is_forward = under_way.as_ref().is_some_and(|it| !it.back) && step.phase.is_of_new_version();
        let facts = step.facts();
        if let Some(task) = facts.task() {
            self.tell_logs(facts.app(), Some(task.name), report);
        } else if step.starts() {
            self.tell_logs(facts.app(), None, report);
        } else if let Some(under_way) = under_way.as_ref().filter(|_| is_forward) {
            self.tell_logs(under_way.app.as_str(), None, report);
        }
        let Some(under_way) = under_way else {
            stands(app, space, report);
            return if self.is_new(space) { Outcome::Stuck } else { Outcome::AsBefore };
        };
        if under_way.back || self.operation.deployment.verb == Verb::Rollback {
            stands(app, space, report);
            self.tell_left(Verb::Rollback, space, report);
            return Outcome::Stuck;
        }
        if app.on_failure == OnFailure::Stop {
            stands(app, space, report);
            report(Happening::Note { text: "nothing is taken back: the plan says on_failure: stop".to_owned() });
            self.tell_left(self.operation.deployment.verb, space, report);
            return Outcome::Stuck;
        }
        self.take_back(read, space, report)
    }

    /// Whether the new version is live and marked so: beside that mark another one may have failed, without which a next deployment
    /// finds its way, too.
    fn is_new(&self, space: &Space) -> bool {
        let AppDeployment { app, standing, .. } = self.part;
        let live = Standing::of(app, space).ok().and_then(|standing| standing.live().cloned());
        self.operation.deployment.verb != Verb::Rollback && live.as_ref() == Some(standing.next())
    }

    /// Somebody else is at work: nothing more is done. `verb` is what was in flight.
    pub(super) fn stopped(&self, verb: Verb, why: &Intrusion, space: &mut Space, report: &mut Report<'_>) {
        let app = self.part.app.as_ref();
        match why {
            Intrusion::LockLost(lost) => {
                let text = if lost.app == app.name.as_str() {
                    "whoever has taken it decides what comes next; nothing more is done here".to_owned()
                } else {
                    let (name, of) = (&app.name, &lost.app);
                    format!("the run ends with the lock on {of}: whoever has taken it may be at work on {name}, too")
                };
                report(Happening::Note { text });
                // Who has it has been at work meanwhile.
                let seen = if self.operation.runner.look_again(space, report).is_ok() {
                    ""
                } else {
                    ", as far as was last seen"
                };
                report(Happening::Stands { app: app.name.to_string(), told: format!("{}{seen}", serving(app, space)) });
                if let Some(own) = self.operation.own {
                    report(Happening::Hint { text: format!("look with {}", own.verb("status")) });
                }
            }
            Intrusion::Changed(_) => {
                let text = "nothing is taken back, since that could undo what they did".to_owned();
                report(Happening::Note { text });
                stands(app, space, report);
                self.tell_left(verb, space, report);
            }
        }
    }

    /// Nothing can be read any more, so nothing can be taken back: what was seen last is told, and what a person can do.
    fn out_of_sight(&self, unread: &Unread, space: &Space, report: &mut Report<'_>) -> Outcome {
        let Unread { error, stop } = unread;
        let text = format!("nothing is taken back, since what is there now cannot be read: {error}");
        report(Happening::Note { text });
        let app = self.part.app.as_ref();
        let told = format!("when it was read last, {}", serving(app, space));
        report(Happening::Stands { app: app.name.to_string(), told });
        if error.is_logged_out() {
            report(Happening::Hint { text: "log in again first: cf login".to_owned() });
        }
        self.operation.hint_ways(self.operation.deployment.verb, report);
        match stop {
            Some(Stop::Signal(signal)) => Outcome::Interrupted(*signal),
            Some(Stop::LockLost(_)) | None => Outcome::Stuck,
        }
    }

    /// Takes back what was done, by the space that was read since then.
    fn take_back(&self, read: Instant, space: &mut Space, report: &mut Report<'_>) -> Outcome {
        let app = self.part.app.as_ref();
        let next = self.part.standing.next();
        let steps = match self.way_back(space) {
            Ok(steps) => steps,
            Err(why) => {
                report(Happening::Note { text: format!("what was done so far is not taken back: {why}") });
                stands(app, space, report);
                self.operation.hint_ways(Verb::Apply, report);
                return Outcome::Stuck;
            }
        };
        let way_back = Deployment {
            verb: Verb::Rollback,
            lanes: 1,
            apps_at_once: 1,
            apps: vec![AppDeployment { app: Cow::Borrowed(app), standing: self.part.standing.clone(), steps }],
            left_alone: Vec::new(),
        };
        // The deployment is not done by this, whoever waits for that event.
        let mut told = |what: Happening| {
            if !matches!(what, Happening::Done { .. }) {
                report(what);
            }
        };
        let what = |_: &_| format!("take {next} back");
        let endings = Runner { lanes: 1, read, ..self.operation.runner }.run(&what, &way_back, space, &mut told);
        report(Happening::RolledBack { app: app.name.to_string(), complete: endings.is_done() });
        let ended = endings.apps.into_iter().next().map_or(Ok(()), |(_, ended)| ended);
        match ended.map_err(|unfinished| unfinished.why) {
            Ok(()) => {
                stands(app, space, report);
                let logs = shell::command(["cf", "logs", next.as_str(), "--recent"]);
                report(Happening::Hint { text: format!("{next} is off the live routes; look at it with {logs}") });
                Outcome::AsBefore
            }
            // Nobody is asked on a way back.
            Err(Why::Failed(_) | Why::Unanswered(_)) => {
                stands(app, space, report);
                self.tell_left(Verb::Rollback, space, report);
                Outcome::Stuck
            }
            Err(Why::Stopped(why)) => {
                self.stopped(Verb::Rollback, &why, space, report);
                Outcome::Stuck
            }
            Err(Why::Interrupted(signal)) => {
                stands(app, space, report);
                report(Happening::Note { text: "it was to be taken back".to_owned() });
                self.operation.hint_ways(Verb::Rollback, report);
                Outcome::Interrupted(signal)
            }
        }
    }

    /// The way back, where there is one that is safe on the space as it is now.
    fn way_back(&self, space: &Space) -> Result<Vec<Step>, String> {
        // This app alone: the others stay as they are.
        let alone = Extent::Apps(vec![self.part.app.name.to_string()]);
        let input = CompileInput { failed: self.operation.request.failed, extent: &alone, ..self.input() };
        let steps = steps::compile(Verb::Rollback, &input, space).map_err(|refusal| refusal.to_string())?;
        match proof::prove_one(&self.part.app, Verb::Rollback, space, &steps) {
            None => Ok(steps),
            Some(counterexample) => Err(format!("it would not be safe: {counterexample}")),
        }
    }

    fn input(&self) -> CompileInput<'_> {
        let Operation { plan, request, .. } = *self.operation;
        CompileInput {
            plan,
            app: &self.part.app,
            identity: &request.identity,
            extent: &request.extent,
            upload: None,
            begun: None,
            failed: Failed::Stop,
        }
    }

    /// Tells the last lines that the version has logged, or one task of it: mostly they tell why it failed. Where they cannot be
    /// had, that is no failure of its own.
    fn tell_logs(&self, version: &str, task: Option<&str>, report: &mut Report<'_>) {
        let call = Invocation::logs_recent(version);
        let Ok(argv) = call.resolve(&|_| None) else { return };
        let mut lines = Vec::new();
        let output = self.operation.runner.cf.run(&argv, LOGS, &mut |_, line| lines.push(line.to_owned()));
        if !output.is_ok_and(|output| output.exit.is_success()) {
            return;
        }
        // The first line is cf's own: `Retrieving logs for app …`.
        let is_wanted = |line: &String| match task {
            Some(task) => is_of_task(line, task),
            None => !is_request(line),
        };
        let mut logged: Vec<String> = lines.into_iter().skip(1).filter(is_wanted).collect();
        logged.drain(..logged.len().saturating_sub(LOG_LINES));
        if !logged.is_empty() {
            report(Happening::logs(&self.part.app, version, logged));
        }
    }

    /// Says what is left of what `verb` had in flight, by the space as it is now, and what goes on with it.
    fn tell_left(&self, verb: Verb, space: &mut Space, report: &mut Report<'_>) {
        // What was read before may be what was wrong.
        if let Err(Unread { error, .. }) = self.operation.runner.look_again(space, report) {
            report(Happening::Note { text: format!("what is there now could not be read: {error}") });
            self.operation.hint_ways(verb, report);
            return;
        }
        match left::left(verb, &self.input(), space) {
            Ok(Left { by_hand, more }) => {
                let commands: Vec<String> =
                    by_hand.iter().filter_map(Step::invocation).map(|call| call.shell()).collect();
                report(Happening::Left { app: self.part.app.name.to_string(), verb, commands, more });
            }
            Err(refusal) => {
                // What is left of a deployment is what a resume would do.
                let on = if verb == Verb::Rollback { Verb::Rollback } else { Verb::Resume };
                report(Happening::Note { text: format!("as the space is now, {on} is refused: {refusal}") });
                if let Some(own) = self.operation.own {
                    report(Happening::Hint { text: refusal.hint(own) });
                }
            }
        }
        if let Some(own) = self.operation.own {
            // Whoever has changed something may have finished it, too.
            let is_offered = |verb: &Verb| {
                let offer = offer(self.operation.plan, self.part.app.as_ref(), *verb, space);
                matches!(offer, Offer::Steps { .. })
            };
            let possible: Vec<Verb> = [Verb::Resume, Verb::Rollback].into_iter().filter(is_offered).collect();
            report(Happening::Hint { text: own.ways_of(verb, &possible) });
        }
    }
}

/// Whether a log line is one of a task's own: `   2026-01-01T00:00:00.00+0000 [APP/TASK/NAME/0] OUT …`.
fn is_of_task(line: &str, task: &str) -> bool {
    line.split_whitespace().nth(1).is_some_and(|source| {
        source
            .strip_prefix("[APP/TASK/")
            .and_then(|source| source.strip_prefix(task))
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether a log line is gorouter's access line of a request: checks and users make many, what the app says of its trouble would be
/// pushed out by them, and who asks for what is nothing for the log of a pipeline.
fn is_request(line: &str) -> bool {
    line.contains(" [RTR/")
}

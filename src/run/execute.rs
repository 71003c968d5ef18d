//! One step after the other, each confirmed before the next one starts.
//!
//! A step is confirmed three times over: by what cf printed, by the space read back, and (where it changed a live
//! route) by the router. cf's word alone is never enough: an OK comes before the effect, and a failure may come after
//! it. So the space is looked at either way, and decides.

use std::thread;
use std::time::{Duration, Instant};

use crate::cf::invocation::Reference;
use crate::cf::outcome::{self, confirm};
use crate::cf::output::Exit;
use crate::cf::spawn::Cf;
use crate::space::Space;
use crate::space::condition::{Condition, Section, Verdict};
use crate::steps::{Action, Step};

use super::check;
use super::event::Event;
use super::http::Client;
use super::interrupt::{Interrupt, Signal};
use super::observe::{ObserveError, Observer};
use super::probe::{Evidence, Probe};

/// The first pause between two looks at the space; each further one is half as long again, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two looks at the space.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the space is looked at after cf has failed: a late effect of a call whose answer was lost shows by then.
const SETTLE_FAILURE: Duration = Duration::from_secs(3);
/// How long the platform may be out of reach while the space is looked at, before the step fails.
const OUTAGE: Duration = Duration::from_secs(30);

/// How a list of steps ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// All steps are confirmed.
    Done,
    /// A step is not confirmed; none after it was started.
    Failed(Box<Failure>),
    /// A signal came in; the steps before this one are confirmed, and it was not started or only waited.
    Interrupted {
        /// The signal.
        signal: Signal,
        /// The id of the step that was not finished.
        step: String,
    },
}

/// A step that is not confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// What happened, with cf's own words.
    pub why: String,
}

/// Runs steps on a space.
#[derive(Debug)]
pub struct Runner<'a> {
    /// The cf that changes the space.
    pub cf: &'a Cf,
    /// What reads it back.
    pub observer: &'a Observer<'a>,
    /// The client for checks and probes.
    pub client: &'a Client,
    /// What ends the run early.
    pub interrupt: &'a Interrupt,
}

/// How one step ended.
enum StepEnd {
    Confirmed(Vec<String>),
    Failed(String),
    Interrupted(Signal),
}

impl Runner<'_> {
    /// Runs the steps in their order until one is not confirmed or a signal comes in. `space` is kept up to date with
    /// what was read on the way.
    pub fn run(&self, what: &str, steps: &[Step], space: &mut Space, report: &mut dyn FnMut(&Event<'_>)) -> Ended {
        let began = Instant::now();
        report(&Event::Started { what, steps });
        for step in steps {
            if let Some(signal) = self.interrupt.seen() {
                return Ended::Interrupted { signal, step: step.id.clone() };
            }
            let started = Instant::now();
            let mut exit_code = None;
            let end = self.step(step, space, &mut exit_code, report);
            let seconds = started.elapsed().as_secs_f64();
            match end {
                StepEnd::Confirmed(notes) => {
                    report(&Event::StepConfirmed { step, exit_code, seconds, notes: &notes });
                }
                StepEnd::Failed(why) => {
                    report(&Event::StepFailed { step, exit_code, seconds, why: &why });
                    return Ended::Failed(Box::new(Failure { step: step.clone(), why }));
                }
                StepEnd::Interrupted(signal) => return Ended::Interrupted { signal, step: step.id.clone() },
            }
        }
        report(&Event::Done { what, seconds: began.elapsed().as_secs_f64() });
        Ended::Done
    }

    fn step(
        &self,
        step: &Step,
        space: &mut Space,
        exit_code: &mut Option<i32>,
        report: &mut dyn FnMut(&Event<'_>),
    ) -> StepEnd {
        let deadline = Instant::now() + step.within;
        let mut notes = Vec::new();
        let before = space.clone();
        if let Some(invocation) = &step.invocation {
            let argv = match invocation.resolve(&|reference| look_up(space, reference)) {
                Ok(argv) => argv,
                Err(error) => return StepEnd::Failed(format!("cf was not started: {error}")),
            };
            report(&Event::StepStarted { step, argv: &argv });
            let output = self.cf.run(&argv, &invocation.env, step.within, &mut |stream, text| {
                report(&Event::Line { step, stream, text });
            });
            let output = match output {
                Ok(output) => output,
                Err(error) => return StepEnd::Failed(error.to_string()),
            };
            *exit_code = output.exit.code();
            let said = step.action.expectation().map(|it| confirm(&it, self.cf.version().dialect(), &output));
            if let Some(failed) = said.as_ref().and_then(failed) {
                return self.settle(step, space, &before, failed, output.exit);
            }
            if said == Some(outcome::Verdict::AlreadyDone) {
                notes.push("nothing was left to do".to_owned());
            }
        } else {
            report(&Event::StepStarted { step, argv: &[] });
            match self.without_cf(step) {
                StepEnd::Confirmed(told) => notes.extend(told),
                end @ (StepEnd::Failed(_) | StepEnd::Interrupted(_)) => return end,
            }
        }
        if let Some(condition) = step.action.condition() {
            match self.wait_for(step, &condition, (&mut *space, &before), deadline, report) {
                StepEnd::Confirmed(told) => notes.extend(told),
                end @ (StepEnd::Failed(_) | StepEnd::Interrupted(_)) => return end,
            }
        }
        match self.ask_router(step, space, deadline, report) {
            StepEnd::Confirmed(told) => notes.extend(told),
            end @ (StepEnd::Failed(_) | StepEnd::Interrupted(_)) => return end,
        }
        StepEnd::Confirmed(notes)
    }

    fn without_cf(&self, step: &Step) -> StepEnd {
        let interrupted = || StepEnd::Interrupted(self.interrupt.seen().unwrap_or(Signal::Terminate));
        match &step.action {
            Action::Check { app, url, check, .. } => {
                match check::run(check, app.as_str(), url, self.client, self.interrupt) {
                    check::Outcome::Passed(note) => StepEnd::Confirmed(vec![note]),
                    check::Outcome::Failed(why) => StepEnd::Failed(why),
                    check::Outcome::Interrupted => interrupted(),
                }
            }
            Action::Drain { time, .. } => {
                if self.interrupt.pause(*time) {
                    StepEnd::Confirmed(Vec::new())
                } else {
                    interrupted()
                }
            }
            Action::Push { .. }
            | Action::Annotate { .. }
            | Action::Bind { .. }
            | Action::Map { .. }
            | Action::Unmap { .. }
            | Action::Stage { .. }
            | Action::SetDroplet { .. }
            | Action::Start { .. }
            | Action::Stop { .. }
            | Action::Delete { .. } => StepEnd::Failed("there is no cf invocation for it".to_owned()),
        }
    }

    /// Decides by the space what a cf that did not report success has done.
    fn settle(&self, step: &Step, space: &mut Space, before: &Space, said: String, exit: Exit) -> StepEnd {
        let Some(condition) = step.action.condition() else { return StepEnd::Failed(said) };
        let until = Instant::now() + SETTLE_FAILURE;
        let reachable_until = Instant::now() + OUTAGE;
        loop {
            let verdict = self.observer.refresh(space, condition.sections()).map(|()| condition.judge(space, before));
            match verdict {
                Ok(Verdict::Holds) => {
                    return match self.ask_router(step, space, Instant::now() + step.within, &mut |_| {}) {
                        StepEnd::Confirmed(mut notes) => {
                            notes.insert(
                                0,
                                format!("cf did not report success ({exit}), but the space says that it is done"),
                            );
                            StepEnd::Confirmed(notes)
                        }
                        end @ (StepEnd::Failed(_) | StepEnd::Interrupted(_)) => end,
                    };
                }
                Ok(Verdict::NotYet(_)) if Instant::now() < until => {}
                Err(error) if !error.lasts() && Instant::now() < reachable_until => {}
                Ok(Verdict::NotYet(_) | Verdict::Never(_)) => return StepEnd::Failed(said),
                Err(error) => return StepEnd::Failed(format!("{said}\nand the space could not be read: {error}")),
            }
            thread::sleep(FIRST_PAUSE);
        }
    }

    /// Reads parts of the space again, also where the platform is out of reach for a while.
    pub fn look(&self, space: &mut Space, sections: &[Section]) -> Result<(), ObserveError> {
        let until = Instant::now() + OUTAGE;
        loop {
            match self.observer.refresh(space, sections) {
                Err(error) if !error.lasts() && Instant::now() < until => thread::sleep(FIRST_PAUSE),
                end => return end,
            }
        }
    }

    /// Looks at the space until the condition holds.
    fn wait_for(
        &self,
        step: &Step,
        condition: &Condition,
        (space, before): (&mut Space, &Space),
        deadline: Instant,
        report: &mut dyn FnMut(&Event<'_>),
    ) -> StepEnd {
        let mut pause = FIRST_PAUSE;
        let mut out_of_reach: Option<Instant> = None;
        let mut told = String::new();
        loop {
            let missing = match self.observer.refresh(space, condition.sections()) {
                Ok(()) => match condition.judge(space, before) {
                    Verdict::Holds => return StepEnd::Confirmed(Vec::new()),
                    Verdict::Never(why) => return StepEnd::Failed(why),
                    Verdict::NotYet(why) => {
                        out_of_reach = None;
                        why
                    }
                },
                Err(error) => {
                    let since = *out_of_reach.get_or_insert_with(Instant::now);
                    if error.lasts() || since.elapsed() >= OUTAGE {
                        return StepEnd::Failed(format!("the space could not be read back: {error}"));
                    }
                    error.to_string()
                }
            };
            if Instant::now() >= deadline {
                return StepEnd::Failed(missing);
            }
            if missing != told {
                report(&Event::Waiting { step, what: &missing });
                told = missing;
            }
            // What cf was asked for is under way: a signal waits until it is confirmed, but not for ever.
            if !self.interrupt.pause(pause)
                && let Some(signal) = self.interrupt.seen()
            {
                if !matches!(step.action, Action::Map { .. } | Action::Unmap { .. }) {
                    return StepEnd::Interrupted(signal);
                }
                thread::sleep(pause);
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    fn ask_router(&self, step: &Step, space: &Space, deadline: Instant, report: &mut dyn FnMut(&Event<'_>)) -> StepEnd {
        let Some(question) = step.action.router_question() else { return StepEnd::Confirmed(Vec::new()) };
        report(&Event::Waiting { step, what: "the router" });
        let probe = Probe { client: self.client, settle: step.settle, interrupt: self.interrupt };
        match probe.ask(&question, space, deadline) {
            Ok(Evidence::Interrupted) => StepEnd::Interrupted(self.interrupt.seen().unwrap_or(Signal::Terminate)),
            Ok(evidence) => StepEnd::Confirmed(vec![evidence.note()]),
            Err(why) => StepEnd::Failed(format!("the router does not confirm it: {why}")),
        }
    }
}

/// What cf said, where it was not success.
fn failed(said: &outcome::Verdict) -> Option<String> {
    match said {
        outcome::Verdict::Done | outcome::Verdict::AlreadyDone => None,
        outcome::Verdict::Refused(refusal) => Some(refusal.words.clone()),
        outcome::Verdict::Unknown { why } => Some(why.clone()),
    }
}

/// The value of a reference, from what was last read of the space.
fn look_up(space: &Space, reference: &Reference) -> Option<String> {
    let app = space.app(reference.app())?;
    match reference {
        Reference::AppGuid(_) => Some(app.guid.clone()),
        Reference::PackageGuid(_) => {
            app.package.as_ref().filter(|package| package.ready).map(|package| package.guid.clone())
        }
        Reference::DropletGuid(_) => app.staged.as_ref().map(|droplet| droplet.guid.clone()),
    }
}

//! One step: done, settled where cf does not say that it is done, and confirmed.
//!
//! A step is confirmed three times over: by what cf printed, (where it changed a live route) by the routers, and by the space.
//! cf's word alone is never enough: an OK comes before the effect, and a failure may come after it. Where cf prints the
//! platform's own answer to a change of an app, that is the space: there is nothing newer to be read. So the outcome of a call is
//! *done*, *not done* or *unknown*, and unknown is settled by reading before anything else is done. What is not done for a
//! passing reason is done again, up to a bound (see [`retry`]).

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::cf::invocation::{Invocation, Reference};
use crate::cf::outcome::{self, Expectation, Reason, confirm};
use crate::cf::output::{Exit, Output, Stream};
use crate::cf::parse;
use crate::cf::spawn::Cf;
use crate::event::{Happening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::{Unseen, View};
use crate::run::routes::outcome::Outcome;
use crate::run::routes::probe::Unconfirmed;
use crate::run::waiting::clock::Stop;
use crate::run::waiting::pauses::Pauses;
use crate::run::waiting::retry::{self, Next};
use crate::secret::Sensitive;
use crate::space::condition::{Condition, Judgement};
use crate::space::section::Section;
use crate::space::{Space, read};
use crate::steps::Step;
use crate::steps::action::facts::{Answered, OneTask, Proviso, SeenEarly};
use crate::steps::action::work::Work;

use super::ahead::Ahead;
use super::freshness::{RECENT, lacking_after, lacking_soon};
use super::lookout::Lookout;
use super::references;
use super::runner::{PAUSE, Runner};

/// How often a call is tried beside the session's own cf, where there are lanes.
const ASIDE: u32 = 3;
/// A call that may take longer needs an access token that lasts.
const LONG: Duration = Duration::from_secs(120);
/// The shortest pause between two looks at the space that wait for what the platform does.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two looks at the space.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the space is looked at after the last call has failed: a late effect of a lost call shows by then.
const LATE_EFFECT: Duration = Duration::from_secs(3);

/// How long a task may take to end that is terminated: Diego gives it 10 s between SIGTERM and SIGKILL.
const TERMINATION: Duration = Duration::from_secs(20);

/// A step that is confirmed.
pub(super) struct Confirmed {
    /// Notes for the reader.
    pub(super) notes: Vec<String>,
    /// When it was done: what is read later shows all that it has changed.
    pub(super) done: Instant,
    /// Whether the platform has told its app as it is after it.
    pub(super) is_told: bool,
}

/// A call that is done.
struct Called {
    /// Notes for the reader.
    notes: Vec<String>,
    /// Since when what is known of the space shows what must be true after it: what was told on the way counts.
    since: Instant,
    /// What the platform has told of its app as it is after it.
    told: Answered,
    /// The guid of the package that it has made, where that was seen.
    own_package: Option<String>,
}

/// A call that was tried once.
struct Tried {
    output: Output,
    begun: Instant,
    /// What it was made with.
    token: Option<Sensitive>,
    /// Whether it was made in a spare home.
    is_spare: bool,
}

/// How one step ended.
pub(super) enum StepOutcome {
    /// It is confirmed.
    Confirmed {
        confirmed: Confirmed,
        /// How the last cf of it ended, where one did.
        exit_code: Option<i32>,
    },
    /// It is not.
    Failed {
        why: String,
        /// As above.
        exit_code: Option<i32>,
    },
    /// There is nobody to ask this.
    Unanswered(String),
    /// The run is to stop, and the step was only waited for.
    Interrupted(Stop),
}

/// Why a step is not confirmed.
enum Unfinished {
    Failed(String),
    Unanswered(String),
    Interrupted(Stop),
}

impl From<Unseen> for Unfinished {
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::Stopped(stop) => Self::Interrupted(stop),
            Unseen::Unreadable(error) => Self::Failed(format!("the space could not be read back: {error}")),
        }
    }
}

impl From<Stop> for Unfinished {
    fn from(stop: Stop) -> Self {
        Self::Interrupted(stop)
    }
}

/// What the space is to show before a step is confirmed.
struct Awaited<'s> {
    condition: &'s Condition,
    /// The space before the step.
    before: &'s Space,
    /// What is known since then counts.
    since: Instant,
    /// What the next step will look at.
    soon: &'s Parts,
    /// How long it is waited for; where it is not, one look tells.
    until: Option<Instant>,
}

/// What the space says of a call that was not confirmed.
enum Settled {
    Done,
    NotDone,
    Unreadable(String),
}

impl Runner<'_> {
    /// Does a step and confirms it. What those that are `next` will look at at once is looked at
    /// together with what confirms it.
    pub(super) fn step(
        &self,
        app: &plan::App,
        step: &Step,
        next: &[&Step],
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> StepOutcome {
        let mut exit_code = None;
        match self.confirmed(app, step, next, view, &mut exit_code, report) {
            Ok(confirmed) => StepOutcome::Confirmed { confirmed, exit_code },
            Err(Unfinished::Failed(why)) => StepOutcome::Failed { why, exit_code },
            Err(Unfinished::Unanswered(question)) => StepOutcome::Unanswered(question),
            Err(Unfinished::Interrupted(why)) => StepOutcome::Interrupted(why),
        }
    }

    fn confirmed(
        &self,
        app: &plan::App,
        step: &Step,
        next: &[&Step],
        view: &mut View<'_, '_>,
        exit_code: &mut Option<i32>,
        report: &mut Report<'_>,
    ) -> Result<Confirmed, Unfinished> {
        if let Some(proviso) = step.facts().proviso()
            && let Some(left_out) = self.left_out(app, step, &proviso, view, report)?
        {
            return Ok(left_out);
        }
        let deadline = self.clock.now() + step.limits.within;
        let before = Arc::clone(view.space());
        let Called { mut notes, since, told, own_package } = if let Some(invocation) = step.invocation() {
            self.call(app, step, &invocation, view, exit_code, report)?
        } else {
            report(Happening::step_started(app, step, &[]));
            let notes = self.without_cf(step, view.space())?;
            Called { notes, since: self.clock.now(), told: Answered::Nothing, own_package: None }
        };
        let done = self.clock.now();
        // To ask for a task is none of its time.
        let deadline = step.facts().task().map_or(deadline, |task| deadline.min(done + task.within));
        let asks_routers = step.facts().router_question().is_some();
        // While the routers are asked, people have their time, too: what is seen until then is not enough to take something away.
        let counts_for_nothing = asks_routers && next.iter().any(|next| next.facts().takes_away());
        let by_routers = if asks_routers && step.facts().route().is_some() {
            let space = Arc::clone(view.space());
            let mut ask = || self.ask_router(step, &space, deadline, report);
            Some(if counts_for_nothing {
                // One look after it shows both what confirms the step and what the next one must be sure of.
                let asked = ask();
                view.forget();
                asked
            } else {
                // The routers and the space are asked at once. What has become too old for the next step until the routers have
                // answered is looked at again.
                let mut parts = lacking_after(next, view, done);
                if let Some(condition) = step.facts().condition() {
                    parts.add(Parts::new(condition.sections(), Some(condition.app())));
                }
                let (asked, looked) = beside(view, &parts, since, ask);
                if !matches!(asked, Err(Unfinished::Interrupted(_))) {
                    looked?;
                }
                asked
            })
        } else {
            None
        };
        // Where things stand is told by what was done.
        if let Some(Err(Unfinished::Interrupted(why))) = by_routers {
            return Err(why.into());
        }
        let is_shown = |condition: &Condition| {
            told == Answered::CurrentDroplet && condition.judge(view.space(), &before) == Judgement::Holds
        };
        if let Some(condition) = step.facts().condition().filter(|condition| !is_shown(condition)) {
            let until = (!matches!(by_routers, Some(Err(_)))).then_some(deadline);
            let next = if counts_for_nothing && by_routers.is_none() { &[] } else { next };
            let soon = lacking_soon(next, view, self.clock.now());
            let awaited = Awaited { condition: &condition, before: &before, since, soon: &soon, until };
            self.wait_for(step, &awaited, view, report)?;
        }
        let newest = view.space().app(step.facts().app()).and_then(|app| app.package.as_ref());
        if let (Some(own), Some(newest)) = (own_package, newest)
            && own != newest.guid
        {
            let app = step.facts().app();
            return Err(Unfinished::Failed(format!(
                "somebody else has uploaded something to app {app} at the same time: package {} is newer than {own}",
                newest.guid
            )));
        }
        let by_routers = by_routers.unwrap_or_else(|| {
            let asked = self.ask_router(step, view.space(), deadline, report);
            if counts_for_nothing {
                view.forget();
            }
            asked
        });
        notes.extend(by_routers?);
        Ok(Confirmed { notes, done, is_told: told == Answered::App })
    }

    /// Waits for what a step is done on condition of. Where that does not come to be so, the step is left out, and that is told.
    fn left_out(
        &self,
        app: &plan::App,
        step: &Step,
        proviso: &Proviso,
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> Result<Option<Confirmed>, Unfinished> {
        let Proviso { condition, within, instead } = proviso;
        let (since, before) = (self.clock.now(), Arc::clone(view.space()));
        let mut is_begun = false;
        let mut waits = |what: Happening| {
            // A step that waits has begun, also where no cf is run for it.
            if !std::mem::replace(&mut is_begun, true) {
                report(Happening::step_waits(app, step));
            }
            report(what);
        };
        let awaited =
            Awaited { condition, before: &before, since, soon: &Parts::default(), until: Some(since + *within) };
        match self.wait_for(step, &awaited, view, &mut waits) {
            Ok(()) => Ok(None),
            Err(Unfinished::Failed(why)) => {
                waits(Happening::Note { text: format!("{why}: {instead}") });
                let notes = vec!["left out, since its time is over".to_owned()];
                Ok(Some(Confirmed { notes, done: self.clock.now(), is_told: false }))
            }
            Err(other) => Err(other),
        }
    }

    /// Runs cf, again where that is of use, until what it was to do is done. Fails with what cf said.
    fn call(
        &self,
        app: &plan::App,
        step: &Step,
        invocation: &Invocation,
        view: &mut View<'_, '_>,
        exit_code: &mut Option<i32>,
        report: &mut Report<'_>,
    ) -> Result<Called, Unfinished> {
        let deadline = self.clock.now() + step.limits.within;
        let before = Arc::clone(view.space());
        let not_started = |why: &dyn std::fmt::Display| Unfinished::Failed(format!("cf was not started: {why}"));
        let expected = step
            .facts()
            .expectation(&step.cf)
            .ok_or_else(|| not_started(&"nothing tells what it prints when it is done"))?;
        let secret = invocation.secret.as_ref().map(|secret| self.api.session.home().secret_file(secret));
        let secret = secret.transpose().map_err(|error| not_started(&error))?;
        let argv = invocation
            .resolve(&|reference| match (reference, &secret) {
                (Reference::File(_), Some(file)) => Some(file.path().to_string_lossy().into_owned()),
                (reference, _) => references::value(reference, view.space(), self.api.session.home().path()),
            })
            .map_err(|error| not_started(&error))?;
        report(Happening::step_started(app, step, &argv));
        if step.limits.attempt > LONG {
            self.api.tokens().renew_for(step.limits.attempt);
        }
        let mut tried = 0;
        loop {
            tried += 1;
            // Each try of a push makes a package of its own.
            let ahead = Ahead::of(step, view, self);
            let called = |notes: Vec<String>| {
                let own_package = ahead.as_ref().and_then(Ahead::own_package).map(str::to_owned);
                Called { notes, since: self.clock.now(), told: Answered::Nothing, own_package }
            };
            let Tried { output, begun, token, is_spare } =
                self.try_once(step, &argv, ahead.as_ref(), tried, deadline, report)?;
            *exit_code = output.exit.code();
            if output.exit == Exit::Interrupted
                && let Some(since) = ahead.as_ref().and_then(|ahead| ahead.show(view))
            {
                return Ok(Called { since, ..called(again(tried)) });
            }
            let verdict = confirm(&expected, self.cf.version().dialect(), &output);
            let said = match &verdict {
                outcome::Verdict::Done => {
                    let told = take_in_answer(step, &output.stdout, begun, view);
                    let done = called(again(tried));
                    let since = if told == Answered::App { begun } else { done.since };
                    return Ok(Called { since, told, ..done });
                }
                outcome::Verdict::AlreadyDone => {
                    return Ok(called(again(tried).into_iter().chain(["nothing was left to do".to_owned()]).collect()));
                }
                outcome::Verdict::Refused(refusal) => refusal.words.clone(),
                outcome::Verdict::Unknown { why } => why.clone(),
            };
            let next = next_try(&verdict, &output, is_spare, tried);
            if self.is_done_all_the_same(step, view, &before, &said, next, deadline)? {
                let exit = output.exit;
                let note = format!("cf did not report success ({exit}), but the space says that it is done");
                return Ok(called(vec![note]));
            }
            report(Happening::StepRepeated { app: step.app.to_string(), step: step.id.clone(), why: said });
            self.pause_before(next, token.as_ref(), deadline)?;
        }
    }

    /// Runs cf for a step once, in a spare home where there are lanes. Fails where it cannot be run.
    fn try_once(
        &self,
        step: &Step,
        argv: &[String],
        ahead: Option<&Ahead<'_>>,
        tried: u32,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Tried, Unfinished> {
        let begun = self.clock.now();
        let within = step.limits.attempt.min(deadline.saturating_duration_since(begun));
        // What the platform does by itself goes on without the cf that watches it.
        let is_wanted = || !step.facts().is_watched_by_cf() || self.clock.stop().is_none();
        let goes_on = || is_wanted() && ahead.is_none_or(|ahead| !ahead.is_over());
        let token = self.api.tokens().now();
        // The session's own home is for whoever has to renew the token; a call that outlives it there can do so itself.
        let is_aside = self.lanes > 1 && tried <= ASIDE && self.api.tokens().serve_aside();
        let mut heard = |stream, text: &str| {
            if let Some(ahead) = ahead {
                ahead.hear(text);
            }
            if !step.facts().is_answer_secret() {
                report(output(step, argv, stream, text));
            }
        };
        let mut run = |cf: &Cf| Ahead::watching(ahead, || cf.run_while(&goes_on, argv, within, &mut heard));
        let aside = is_aside.then(|| self.api.session.aside(self.cf, &mut run)).flatten();
        let is_spare = aside.is_some();
        let output = aside.unwrap_or_else(|| run(self.cf));
        Ok(Tried { output: output.map_err(|error| Unfinished::Failed(error.to_string()))?, begun, token, is_spare })
    }

    /// Whether the space says that a call which was not confirmed is done all the same; cf has `said` why not. Fails with that
    /// where it is not and is not tried again, and where the run is to stop: whoever goes on sees what came of it.
    fn is_done_all_the_same(
        &self,
        step: &Step,
        view: &mut View<'_, '_>,
        before: &Space,
        said: &str,
        next: Next,
        deadline: Instant,
    ) -> Result<bool, Unfinished> {
        if let Some(why) = self.clock.stop() {
            return Err(why.into());
        }
        let last = next == Next::GiveUp || self.clock.now() >= deadline;
        // A task that shows late would run twice.
        let may_show_late = last || step.facts().task().is_some();
        let settled = self.settle(step, view, before, if may_show_late { LATE_EFFECT } else { Duration::ZERO });
        let ended = self.clock.stop();
        match settled {
            Settled::Done => Ok(true),
            Settled::NotDone | Settled::Unreadable(_) if let Some(why) = ended => Err(why.into()),
            Settled::Unreadable(why) if why == said => Err(Unfinished::Failed(why)),
            Settled::Unreadable(why) => {
                Err(Unfinished::Failed(format!("{said}\nand the space could not be read: {why}")))
            }
            Settled::NotDone if last => Err(Unfinished::Failed(said.to_owned())),
            Settled::NotDone => Ok(false),
        }
    }

    /// Waits before a call is repeated. `used` is the token that it was made with.
    fn pause_before(&self, next: Next, used: Option<&Sensitive>, deadline: Instant) -> Result<(), Stop> {
        let pause = match next {
            Next::Again(pause) => pause,
            Next::WithNewToken => {
                if self.lanes > 1 {
                    self.api.tokens().renew_now(used);
                } else {
                    self.api.tokens().renew(used);
                }
                Duration::ZERO
            }
            Next::WhenAllowed => self.api.asked_patience(),
            Next::GiveUp => return Ok(()),
        };
        self.clock.pause_until(pause, deadline)
    }

    fn without_cf(&self, step: &Step, space: &Space) -> Result<Vec<String>, Unfinished> {
        let app = step.facts().app();
        match step.facts().work() {
            Work::Check { check, url } => noted(self.checks.run(check, app, url, space, self.clock)),
            Work::Watch { watch, checks, urls } => {
                noted(self.checks.watch(watch, checks, app, urls, space, self.clock))
            }
            Work::Wait(time) => {
                self.clock.pause(time)?;
                Ok(Vec::new())
            }
            Work::Cf => Err(Unfinished::Failed("there is no cf invocation for it".to_owned())),
        }
    }

    /// Lets the space decide after a call that was not confirmed.
    fn settle(&self, step: &Step, view: &mut View<'_, '_>, before: &Space, late: Duration) -> Settled {
        let Some(condition) = step.facts().condition() else { return Settled::NotDone };
        let until = self.clock.now() + late;
        let parts = Parts::new(condition.sections(), Some(condition.app()));
        loop {
            match view.look(&parts, self.clock.now()) {
                Ok(()) => {}
                // The caller knows of that, too.
                Err(Unseen::Stopped(_)) => return Settled::NotDone,
                Err(Unseen::Unreadable(error)) => return Settled::Unreadable(error.to_string()),
            }
            match condition.judge(view.space(), before) {
                Judgement::Holds => return Settled::Done,
                Judgement::NotYet(_) if step.facts().is_asked_for(view.space()) => return Settled::Done,
                // One that has failed already was run.
                Judgement::Never(_) if step.facts().task().is_some() && step.facts().is_asked_for(view.space()) => {
                    return Settled::Done;
                }
                // What is wrong with an upload that is done no other upload mends.
                Judgement::Never(_) if matches!(step.facts().seen_before_cf_ends(), SeenEarly::OnceSaid(_)) => {
                    return Settled::Done;
                }
                Judgement::NotYet(_) if self.clock.now() < until && self.clock.pause(PAUSE).is_ok() => {}
                Judgement::NotYet(_) | Judgement::Never(_) => return Settled::NotDone,
            }
        }
    }

    /// Looks at the space until the condition holds, and in the same breath at what the next step will look at. What cf was asked
    /// for is under way, and goes on by itself where the run is to stop.
    fn wait_for(
        &self,
        step: &Step,
        awaited: &Awaited<'_>,
        view: &mut View<'_, '_>,
        report: &mut Report<'_>,
    ) -> Result<(), Unfinished> {
        let Awaited { condition, before, since, soon, until } = *awaited;
        let mut pauses = Pauses::between(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut told = String::new();
        let all = Parts::new(condition.sections(), Some(condition.app()));
        let waited_for = Parts::new(condition.waited_for(), Some(condition.app()));
        let mut first = all.clone();
        first.add(soon.clone());
        view.look(&first, since)?;
        let mut looked = self.clock.now();
        loop {
            let missing = match condition.judge(view.space(), before) {
                // What changes by no waiting is as old as the first look.
                Judgement::Holds if looked < self.recently() && waited_for != all => {
                    looked = self.clock.now();
                    view.look(&all, looked)?;
                    match condition.judge(view.space(), before) {
                        Judgement::Holds => return Ok(()),
                        Judgement::Never(why) => return Err(Unfinished::Failed(why)),
                        Judgement::NotYet(why) => why,
                    }
                }
                Judgement::Holds => return Ok(()),
                Judgement::Never(why) => return Err(Unfinished::Failed(why)),
                Judgement::NotYet(why) => why,
            };
            if let Some(why) = step.gives_up(view.space()) {
                return Err(Unfinished::Failed(why));
            }
            if until.is_none_or(|until| self.clock.now() >= until) {
                let ended = self.end_task(step, view, report);
                return Err(Unfinished::Failed(
                    ended.map_or_else(|| missing.clone(), |ended| format!("{missing}; {ended}")),
                ));
            }
            if missing != told {
                report(Happening::waiting(step, &missing));
                told = missing;
            }
            self.clock.pause(pauses.next())?;
            view.look(&waited_for, self.clock.now())?;
        }
    }

    /// Terminates the task of a step whose time is over, where it has not ended, and waits until it has. Says what has become of
    /// it.
    fn end_task(&self, step: &Step, view: &mut View<'_, '_>, report: &mut Report<'_>) -> Option<String> {
        let (app, OneTask { name, .. }) = (step.facts().app(), step.facts().task()?);
        let id = |view: &View<'_, '_>| {
            let task = view.space().app(app).and_then(|app| app.task(name));
            task.filter(|task| !task.state.is_over()).map(|task| task.id)
        };
        let running = id(view)?;
        let (call, expected) = (
            Invocation::terminate_task(app, running),
            Expectation::TaskTerminated { app: app.to_owned(), id: running },
        );
        let by_hand = format!("end it with {}", call.shell());
        let Ok(argv) = call.resolve(&|_| None) else { return Some(by_hand) };
        let mut heard = |stream, text: &str| report(output(step, &argv, stream, text));
        let ended = self.cf.run(&argv, step.limits.attempt, &mut heard);
        let verdict = ended.map(|output| confirm(&expected, self.cf.version().dialect(), &output));
        let until = self.clock.now() + TERMINATION;
        let parts = Parts::new(&[Section::Tasks], Some(app));
        loop {
            let looked = view.look(&parts, self.clock.now());
            if looked.is_ok() && id(view).is_none() {
                return Some("it was terminated, since its time is over".to_owned());
            }
            if looked.is_err() || self.clock.now() >= until || self.clock.pause(PAUSE).is_err() {
                break;
            }
        }
        Some(match verdict {
            Ok(outcome::Verdict::Done | outcome::Verdict::AlreadyDone) => {
                "it was told to end, since its time is over, and has not ended yet".to_owned()
            }
            Ok(outcome::Verdict::Refused(refusal)) => {
                format!("it could not be terminated: {}; {by_hand}", refusal.words)
            }
            Ok(outcome::Verdict::Unknown { why }) => format!("it could not be terminated: {why}; {by_hand}"),
            Err(error) => format!("it could not be terminated: {error}; {by_hand}"),
        })
    }

    /// Since when what is known is not too old for most purposes.
    fn recently(&self) -> Instant {
        let now = self.clock.now();
        now.checked_sub(RECENT).unwrap_or(now)
    }

    fn ask_router(
        &self,
        step: &Step,
        space: &Space,
        deadline: Instant,
        report: &mut Report<'_>,
    ) -> Result<Option<String>, Unfinished> {
        let Some(question) = step.facts().router_question() else { return Ok(None) };
        report(Happening::waiting(step, "the router"));
        let mut lookout = Lookout::new(self, step, &question, space);
        match self.router.ask(&question, space, step.settle, deadline, self.clock, &mut || lookout.look()) {
            Ok(evidence) => Ok(Some(evidence.note())),
            Err(Unconfirmed::Heard(why)) => Err(Unfinished::Failed(format!("the router does not confirm it: {why}"))),
            Err(Unconfirmed::Never(why)) => {
                Err(Unfinished::Failed(format!("the router is not waited for any longer: {why}")))
            }
            Err(Unconfirmed::Interrupted(why)) => Err(why.into()),
        }
    }
}

/// What a check has told.
fn noted(outcome: Outcome) -> Result<Vec<String>, Unfinished> {
    match outcome {
        Outcome::Passed(note) => Ok(vec![note]),
        Outcome::Failed(why) => Err(Unfinished::Failed(why)),
        Outcome::Unanswered(question) => Err(Unfinished::Unanswered(question)),
        Outcome::Interrupted(why) => Err(why.into()),
    }
}

/// Looks at parts that were not seen since then, while something else is waited for.
fn beside<R>(
    view: &mut View<'_, '_>,
    parts: &Parts,
    since: Instant,
    work: impl FnOnce() -> R,
) -> (R, Result<(), Unseen>) {
    thread::scope(|scope| {
        let looking = scope.spawn(|| view.look(parts, since));
        let done = work();
        (done, looking.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// What is done after a call that was not confirmed.
fn next_try(verdict: &outcome::Verdict, output: &Output, is_spare: bool, tried: u32) -> Next {
    match verdict {
        // A spare home has nothing but an access token.
        outcome::Verdict::Refused(refusal) if is_spare && refusal.reason == Reason::NotLoggedIn => Next::WithNewToken,
        // cf 8.17: `curl` says nothing where the token is rejected and cannot be renewed.
        outcome::Verdict::Unknown { .. } if is_spare && output.is_silent() => Next::WithNewToken,
        verdict => retry::after(verdict, tried),
    }
}

/// Takes in what the platform has answered a step's call with that began then. Returns what that is: an older API does not tell
/// the droplet of an app, and what a look is reading just now may be newer.
fn take_in_answer(step: &Step, answer: &str, begun: Instant, view: &mut View<'_, '_>) -> Answered {
    let told = step.facts().answered_with();
    let Ok(answer) = parse::json(answer) else { return Answered::Nothing };
    let was_told = match told {
        Answered::Nothing => false,
        Answered::App => match read::apps("/v3/apps", &[answer]).ok().and_then(|mut apps| apps.pop()) {
            Some((app, true)) => {
                let parts = Parts::new(&[Section::Apps], Some(&app.name));
                view.take_in(&parts, begun, |space| space.take_in(app))
            }
            Some((_, false)) | None => false,
        },
        Answered::CurrentDroplet => match read::guid("current_droplet", &answer["data"]) {
            // What else there is to know of the app is not told.
            Ok(Some(droplet)) => view.take_in(&Parts::default(), begun, |space| {
                if let Some(app) = space.app_mut(step.facts().app()) {
                    app.droplet = Some(droplet);
                }
            }),
            Ok(None) | Err(_) => false,
        },
    };
    if was_told { told } else { Answered::Nothing }
}

/// A line that cf printed for a step.
fn output(step: &Step, argv: &[String], stream: Stream, text: &str) -> Happening {
    let answer = stream == Stream::Out && argv.first().is_some_and(|verb| verb == "curl");
    Happening::Output {
        app: step.app.to_string(),
        step: step.id.clone(),
        stream,
        text: text.to_owned(),
        // cf 8.17: `Code: 0, Title: , Detail: {"errors":[…]}`.
        for_programs: answer || parse::plain(text) != text,
    }
}

fn again(tried: u32) -> Vec<String> {
    if tried > 1 { vec![format!("on attempt {tried}")] } else { Vec::new() }
}

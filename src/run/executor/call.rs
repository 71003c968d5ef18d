//! What cf is run for: called, again where that is of use, and settled by the space where cf does not say that it is done.
//!
//! The outcome of a call is *done*, *not done* or *unknown*, and unknown is settled by reading before anything else is done. What is
//! not done for a passing reason is done again, up to a bound (see [`retry`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cf::invocation::{Invocation, Reference};
use crate::cf::outcome::{self, Reason, confirm};
use crate::cf::output::{Exit, Output, Stream};
use crate::cf::parse;
use crate::cf::spawn::Cf;
use crate::event::{Happening, Report};
use crate::plan;
use crate::run::reading::parts::Parts;
use crate::run::reading::view::{Unseen, View};
use crate::run::waiting::clock::Stop;
use crate::run::waiting::retry::{self, Next};
use crate::secret::Sensitive;
use crate::space::condition::Judgement;
use crate::space::section::Section;
use crate::space::{Space, read};
use crate::steps::Step;
use crate::steps::action::facts::{Answered, SeenEarly};

use super::ahead::Ahead;
use super::references;
use super::runner::{PAUSE, Runner};
use super::step_outcome::StepError;

/// How often a call is tried beside the session's own cf, where there are lanes.
const ASIDE: u32 = 3;
/// A call that may take longer needs an access token that lasts.
const LONG: Duration = Duration::from_secs(120);
/// How long the space is looked at after the last call has failed: a late effect of a lost call shows by then.
const LATE_EFFECT: Duration = Duration::from_secs(3);

/// A call that is done.
pub(super) struct Called {
    /// Notes for the reader.
    pub(super) notes: Vec<String>,
    /// Since when what is known of the space shows what must be true after it: what was told on the way counts.
    pub(super) since: Instant,
    /// What the platform has told of its app as it is after it.
    pub(super) told: Answered,
    /// The guid of the package that it has made, where that was seen.
    pub(super) own_package: Option<String>,
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

/// What the space says of a call that was not confirmed.
enum Settled {
    Done,
    NotDone,
    Unreadable(String),
}

impl Runner<'_> {
    /// Runs cf, again where that is of use, until what it was to do is done. Fails with what cf said.
    pub(super) fn call(
        &self,
        app: &plan::App,
        step: &Step,
        invocation: &Invocation,
        view: &mut View<'_, '_>,
        exit_code: &mut Option<i32>,
        report: &mut Report<'_>,
    ) -> Result<Called, StepError> {
        let deadline = self.clock.now() + step.limits.within;
        let before = Arc::clone(view.space());
        let not_started = |why: &dyn std::fmt::Display| StepError::Failed(format!("cf was not started: {why}"));
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
    ) -> Result<Tried, StepError> {
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
        Ok(Tried { output: output.map_err(|error| StepError::Failed(error.to_string()))?, begun, token, is_spare })
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
    ) -> Result<bool, StepError> {
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
            Settled::Unreadable(why) if why == said => Err(StepError::Failed(why)),
            Settled::Unreadable(why) => {
                Err(StepError::Failed(format!("{said}\nand the space could not be read: {why}")))
            }
            Settled::NotDone if last => Err(StepError::Failed(said.to_owned())),
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

    /// Lets the space decide after a call that was not confirmed.
    fn settle(&self, step: &Step, view: &mut View<'_, '_>, before: &Space, late: Duration) -> Settled {
        let Some(condition) = step.facts().condition() else { return Settled::NotDone };
        let until = self.clock.now() + late;
        let parts = Parts::of(&condition);
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
                Judgement::Never(_) if matches!(step.facts().seen_before_cf_ends(), SeenEarly::Uploads { .. }) => {
                    return Settled::Done;
                }
                Judgement::NotYet(_) if self.clock.now() < until && self.clock.pause(PAUSE).is_ok() => {}
                Judgement::NotYet(_) | Judgement::Never(_) => return Settled::NotDone,
            }
        }
    }
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
pub(super) fn output(step: &Step, argv: &[String], stream: Stream, text: &str) -> Happening {
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

//! `cf curl`: reading the API, and changing something by it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::observe_error::ObserveError;
use super::tokens::Tokens;
use crate::cf::config::Target;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::{Expectation, Reason, Refusal, Verdict, confirm};
use crate::cf::output::Exit;
use crate::cf::parse;
use crate::cf::session::Session;
use crate::cf::spawn::Cf;
use crate::plan::format_duration;
use crate::run::side_by_side::side_by_side;
use crate::run::waiting::retry;

/// How long one read may take.
const READ: Duration = Duration::from_secs(45);
/// How long a read may take that only looks ahead.
const GLANCE: Duration = Duration::from_secs(5);
/// How many reads go out side by side.
const AT_ONCE: usize = 12;
/// How long one change may take.
const CHANGE: Duration = Duration::from_secs(20);

/// The API of the targeted platform, as one cf reads it.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// The cf.
    pub(crate) cf: &'a Cf,
    /// Its session.
    pub(crate) session: &'a Session,
    /// Whether it works in the home of that session, where a new token can be had.
    renews: bool,
}

/// What was asked for, and what the platform says to it.
type Answered = (String, Result<Value, ObserveError>);

/// What became of a call that is to change something.
#[derive(Debug)]
pub enum Answer {
    /// It is done; the answer's body, null where it has none.
    Done(Value),
    /// It is refused.
    Refused(Refusal),
    /// It may be done or not; only the API can tell.
    Unknown(String),
}

impl<'a> Api<'a> {
    /// The API by the cf of a session.
    pub fn new(cf: &'a Cf, session: &'a Session) -> Self {
        Self { cf, session, renews: true }
    }

    /// The same API by another cf in the home of the session.
    pub(crate) fn by<'b>(&'b self, cf: &'b Cf) -> Api<'b> {
        Api { cf, ..*self }
    }

    /// The same API by a cf that works in another home, with the access token that it was lent.
    pub(crate) fn beside<'b>(&'b self, cf: &'b Cf) -> Api<'b> {
        Api { cf, session: self.session, renews: false }
    }

    /// What is targeted.
    pub(crate) fn target(&self) -> &'a Target {
        self.session.target()
    }

    /// The access token, and what has a new one fetched.
    pub(crate) fn tokens(&self) -> Tokens<'a> {
        Tokens::new(self.cf, self.session)
    }

    /// How long the platform asks to be left alone, where it does.
    pub(crate) fn asked_patience(&self) -> Duration {
        let call = Invocation::curl_with_headers("/v3/apps?per_page=1");
        let answer = call.resolve(&|_| None).ok().and_then(|argv| self.cf.run(&argv, READ, &mut |_, _| {}).ok());
        answer.map_or(Duration::ZERO, |output| retry::asked_for(&output.stdout))
    }

    /// Makes one call that is to change something, with a new token where the one that there was is rejected.
    pub(crate) fn change(&self, call: &Invocation, expected: &Expectation) -> Result<Answer, ObserveError> {
        let used = self.tokens().now();
        match self.change_once(call, expected)? {
            Answer::Refused(Refusal { reason: Reason::TokenExpired, .. }) if self.renews => {
                self.tokens().renew(used.as_ref());
                self.change_once(call, expected)
            }
            answer => Ok(answer),
        }
    }

    fn change_once(&self, call: &Invocation, expected: &Expectation) -> Result<Answer, ObserveError> {
        let argv = match call.resolve(&|_| None) {
            Ok(argv) => argv,
            Err(error) => return Ok(Answer::Unknown(error.to_string())),
        };
        let output = self.cf.run(&argv, CHANGE, &mut |_, _| {})?;
        Ok(match confirm(expected, self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => Answer::Done(parse::json(&output.stdout).unwrap_or_default()),
            Verdict::Refused(refusal) => Answer::Refused(refusal),
            Verdict::Unknown { .. } if output.exit.is_success() && output.stdout.trim().is_empty() => {
                match self.why_empty(&call.shell())? {
                    // The session is no good, or the platform is away: whichever it is, its words are better than none.
                    ObserveError::Refused { refusal, .. } if !refusal.reason.is_transient() => Answer::Refused(refusal),
                    other => Answer::Unknown(other.to_string()),
                }
            }
            Verdict::Unknown { why } => Answer::Unknown(why),
        })
    }

    /// One answer of the API, with a new token where the one that there was is rejected.
    pub(crate) fn get(&self, path: &str) -> Result<Value, ObserveError> {
        let used = self.tokens().now();
        match self.get_once(path) {
            Err(ObserveError::Refused { refusal: Refusal { reason: Reason::TokenExpired, .. }, .. }) if self.renews => {
                self.tokens().renew(used.as_ref());
                self.get_once(path)
            }
            other => other,
        }
    }

    /// Several answers of the API, asked for side by side. Once one has failed, what is left is not asked for.
    pub(crate) fn get_all(&self, mut paths: Vec<String>) -> Vec<Answered> {
        let mut all = Vec::new();
        // A spare home has nothing to renew the token with.
        let mut left = if self.tokens().last() { Vec::new() } else { std::mem::take(&mut paths) };
        for _ in 0..2 {
            let (answers, unanswered) = self.get_all_aside(std::mem::take(&mut paths));
            let is_over = answers.iter().any(|(_, answer)| answer.as_ref().is_err_and(|error| !error.is_absent()));
            all.extend(answers);
            left.extend(unanswered);
            let Some(first) = left.pop().filter(|_| !is_over) else { break };
            // The session's own cf renews the token, or tells what is wrong.
            let answer = self.get(&first);
            let fails = answer.as_ref().is_err_and(|error| !error.is_absent());
            all.push((first, answer));
            if fails {
                break;
            }
            paths = std::mem::take(&mut left);
        }
        all
    }

    /// The answers that spare homes get, and the paths that are left from the first failure on; one that had no answer is the
    /// last of them.
    fn get_all_aside(&self, paths: Vec<String>) -> (Vec<Answered>, Vec<String>) {
        let has_failed = AtomicBool::new(false);
        let ask = |path: String| {
            let is_over = has_failed.load(Ordering::SeqCst);
            let answer = if is_over { None } else { self.get_aside(&path, &|| true, READ) };
            let is_answered =
                matches!(&answer, Some(Ok(_))) || matches!(&answer, Some(Err(error)) if error.is_absent());
            has_failed.fetch_or(!is_answered, Ordering::SeqCst);
            (path, answer)
        };
        let (mut answers, mut left) = (Vec::new(), Vec::new());
        for (path, answer) in side_by_side(AT_ONCE, paths.into_iter().rev(), ask).into_iter().rev() {
            match answer {
                Some(answer) => answers.push((path, answer)),
                None => left.push(path),
            }
        }
        (answers, left)
    }

    /// Answers that are not worth waiting for, asked for side by side, as long as they are wanted. `None` where there is none.
    pub(crate) fn glance_all(
        &self,
        paths: Vec<String>,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Vec<(String, Option<Value>)> {
        side_by_side(paths.len(), paths.into_iter(), |path| {
            let answer = self.get_aside(&path, goes_on, GLANCE).and_then(Result::ok);
            (path, answer)
        })
    }

    /// What the platform says to a cf in a spare home, beside whatever cf is at work. `None` where it says nothing, or nothing
    /// but that the session is no good.
    fn get_aside(
        &self,
        path: &str,
        goes_on: &dyn Fn() -> bool,
        within: Duration,
    ) -> Option<Result<Value, ObserveError>> {
        let argv = Invocation::curl_get(path).resolve(&|_| None).ok()?;
        let run = |cf: &Cf| cf.run_while(goes_on, &argv, within, &mut |_, _| {});
        let output = self.session.aside(self.cf, run)?.ok()?;
        match confirm(&expected_at(path), self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => read(path, &output.stdout).ok().map(Ok),
            Verdict::Refused(refusal) => {
                let error = ObserveError::Refused { path: path.to_owned(), refusal };
                (error.is_absent() || error.is_rate_limited()).then_some(Err(error))
            }
            Verdict::Unknown { .. } => None,
        }
    }

    fn get_once(&self, path: &str) -> Result<Value, ObserveError> {
        let unknown = |why: String| ObserveError::Unknown { path: path.to_owned(), why };
        let call = Invocation::curl_get(path);
        let argv = call.resolve(&|_| None).map_err(|error| unknown(error.to_string()))?;
        let output = self.cf.run(&argv, READ, &mut |_, _| {})?;
        match confirm(&expected_at(path), self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => {
                read(path, &output.stdout).map_err(|_| unknown(parse::excerpt(&output)))
            }
            Verdict::Refused(refusal) => Err(ObserveError::Refused { path: path.to_owned(), refusal }),
            Verdict::Unknown { .. } if output.exit == Exit::TimedOut => {
                Err(unknown(format!("the platform has not answered within {}", format_duration(READ))))
            }
            Verdict::Unknown { .. } if output.stdout.trim().is_empty() => Err(self.why_empty(path)?),
            Verdict::Unknown { why } => Err(unknown(why)),
        }
    }

    /// Why an answer is empty. cf 8.17: `curl` swallows an expired token and an API that cannot be reached, and exits
    /// with 0; another read tells.
    fn why_empty(&self, path: &str) -> Result<ObserveError, ObserveError> {
        let path = path.to_owned();
        let call = Invocation::org_guid(&self.target().org);
        let unknown = |why: String| ObserveError::Unknown { path: path.clone(), why };
        let argv = call.resolve(&|_| None).map_err(|error| unknown(error.to_string()))?;
        let output = self.cf.run(&argv, READ, &mut |_, _| {})?;
        Ok(match confirm(&Expectation::Json, self.cf.version().dialect(), &output) {
            Verdict::Refused(refusal) => ObserveError::Refused { path, refusal },
            Verdict::Done | Verdict::AlreadyDone | Verdict::Unknown { .. } => unknown("the answer is empty".to_owned()),
        })
    }
}

/// Whether the answer to a path is a manifest; all others are JSON.
fn is_manifest(path: &str) -> bool {
    path.ends_with("/manifest")
}

fn expected_at(path: &str) -> Expectation {
    if is_manifest(path) { Expectation::Manifest } else { Expectation::Json }
}

fn read(path: &str, answer: &str) -> Result<Value, parse::NoJson> {
    if is_manifest(path) { parse::manifest(answer) } else { parse::json(answer) }
}

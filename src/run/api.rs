//! `cf curl`: reading the API, changing something by it, and how its answers fail.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::retry;
use crate::cf::config::Target;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::{Expectation, Reason, Refusal, Verdict, confirm};
use crate::cf::output::Exit;
use crate::cf::parse;
use crate::cf::session::Session;
use crate::cf::spawn::{Cf, SpawnError};
use crate::plan::format_duration;
use crate::secret::Sensitive;
use crate::space::read::Unreadable;

/// How long one read may take.
const READ: Duration = Duration::from_secs(45);
/// How long a read may take that only looks ahead.
const GLANCE: Duration = Duration::from_secs(5);
/// How many reads go out side by side.
const AT_ONCE: usize = 4;
/// How long an access token must be good for that no cf is about to renew it. cf 8.17: it does where less than a minute is
/// left (`accessTokenExpirationMargin`).
const TOKEN_LASTS: Duration = Duration::from_secs(120);
/// How long one change may take.
const CHANGE: Duration = Duration::from_secs(20);

/// Why a space could not be read.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// cf could not be run.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// cf or the platform refused, for a reason that is known.
    #[error("{}", refused(path, refusal))]
    Refused {
        /// What was asked.
        path: String,
        /// The reason, with cf's words.
        refusal: Refusal,
    },
    /// The answer is none that is known.
    #[error("{} could not be read: {why}", place(path))]
    Unknown {
        /// What was asked.
        path: String,
        /// What came instead.
        why: String,
    },
    /// The answer has another shape than the API's documentation tells.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What is not about the one thing that was asked for is told without it.
fn refused(path: &str, refusal: &Refusal) -> String {
    match refusal.reason {
        Reason::NoApi
        | Reason::NotLoggedIn
        | Reason::TokenExpired
        | Reason::NoTarget
        | Reason::Connection
        | Reason::Certificate => refusal.words.clone(),
        Reason::RateLimited => format!("the platform takes no more calls of this user for a while: {}", refusal.words),
        _ => format!("{} could not be read: {}", place(path), refusal.words),
    }
}

/// What is read at a path: `/v3/apps/GUID/droplets/current?…` without its query.
fn place(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

impl ObserveError {
    /// Whether nobody is logged in any more, so that nothing can be read or changed until somebody is.
    pub(crate) fn is_logged_out(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if matches!(refusal.reason, Reason::NotLoggedIn | Reason::TokenExpired))
    }

    /// Whether the platform has had too many calls and will answer again after a while.
    pub(crate) fn is_rate_limited(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.reason == Reason::RateLimited)
    }

    /// Whether what was asked for is not there, or is hidden from the user. Nothing else means that: least of all a
    /// failure of the platform.
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => matches!(refusal.reason, Reason::NotFound | Reason::NotAuthorized),
            Self::Spawn(_) | Self::Unknown { .. } | Self::Unreadable(_) => false,
        }
    }

    /// Whether it is no use to try again: the session or the user's rights are the reason.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Self::Spawn(_) => true,
            Self::Refused { refusal, .. } => matches!(
                refusal.reason,
                Reason::NoApi | Reason::NotLoggedIn | Reason::TokenExpired | Reason::NoTarget | Reason::NotAuthorized
            ),
            Self::Unknown { .. } | Self::Unreadable(_) => false,
        }
    }
}

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

    /// The access token that there is now.
    pub(crate) fn token(&self) -> Option<Sensitive> {
        self.session.access_token().ok()
    }

    /// Has cf fetch a new access token at its next call, unless that was done since this one was used: many calls meet the
    /// end of one token. cf 8.17 does so by itself where the token's own time is about to end, not where the platform has
    /// rejected it.
    pub(crate) fn renew(&self, used: Option<&Sensitive>) {
        // A cf that is at work there writes down the token that it began with.
        self.cf.in_turn(|| {
            if used == self.token().as_ref() {
                // Where the private configuration cannot be written, the next call says that the token is rejected.
                let _ = self.session.forget_access_token();
            }
        });
    }

    /// Whether no cf has had a reason to renew the access token, and none has for a while yet.
    pub(crate) fn token_lasts(&self) -> bool {
        self.session.token_times().is_some_and(|(_, end)| end > Timestamp::now() + TOKEN_LASTS)
    }

    /// Has a new access token fetched where the one that there is does not last for a call that may take so long, as far as
    /// the platform gives any that do: what that call renews on its way, nobody else knows of before it ends.
    pub(crate) fn renew_for(&self, time: Duration) {
        let Some((issued, end)) = self.session.token_times() else { return };
        let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
        let life = Duration::try_from(end.duration_since(issued)).unwrap_or_default();
        if left < time.min(life * 2 / 3) {
            self.renew_now(self.token().as_ref());
        }
    }

    /// As [`Self::renew`], and at once: what works beside the session's own cf has nothing to renew it with.
    pub(crate) fn renew_now(&self, used: Option<&Sensitive>) {
        self.renew(used);
        let argv = Invocation::org_guid(&self.target().org).resolve(&|_| None);
        // Whatever is wrong with it, the next call tells.
        let _ = argv.map(|argv| self.cf.run(&argv, READ, &mut |_, _| {}));
    }

    /// How long the platform asks to be left alone, where it does.
    pub(crate) fn asked_patience(&self) -> Duration {
        let call = Invocation::curl_with_headers("/v3/apps?per_page=1");
        let answer = call.resolve(&|_| None).ok().and_then(|argv| self.cf.run(&argv, READ, &mut |_, _| {}).ok());
        answer.map_or(Duration::ZERO, |output| retry::asked_for(&output.stdout))
    }

    /// Makes one call that is to change something, with a new token where the one that there was is rejected.
    pub(crate) fn change(&self, call: &Invocation, expected: &Expectation) -> Result<Answer, ObserveError> {
        let used = self.token();
        match self.change_once(call, expected)? {
            Answer::Refused(Refusal { reason: Reason::TokenExpired, .. }) if self.renews => {
                self.renew(used.as_ref());
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
        let used = self.token();
        match self.get_once(path) {
            Err(ObserveError::Refused { refusal: Refusal { reason: Reason::TokenExpired, .. }, .. }) if self.renews => {
                self.renew(used.as_ref());
                self.get_once(path)
            }
            other => other,
        }
    }

    /// Several answers of the API, asked for side by side. Where one fails, it is the last, and what is left is not asked
    /// for.
    pub(crate) fn get_all(&self, mut paths: Vec<String>) -> Vec<Answered> {
        let mut all = Vec::new();
        // A spare home has nothing to renew the token with.
        let mut left = if self.token_lasts() { Vec::new() } else { std::mem::take(&mut paths) };
        for _ in 0..2 {
            let (answers, unanswered) = self.side_by_side(std::mem::take(&mut paths));
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

    /// The answers that spare homes get, and the paths that are left from the first failure on.
    fn side_by_side(&self, paths: Vec<String>) -> (Vec<Answered>, Vec<String>) {
        let count = paths.len().min(AT_ONCE);
        let left = Mutex::new(paths);
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let failed = AtomicBool::new(false);
        let work = || {
            let mut answers = Vec::new();
            while let Some(path) = (!failed.load(Ordering::SeqCst)).then(next).flatten() {
                let answer = self.get_aside(&path, &|| true, READ);
                let is_answered =
                    matches!(&answer, Some(Ok(_))) || matches!(&answer, Some(Err(error)) if error.is_absent());
                failed.fetch_or(!is_answered, Ordering::SeqCst);
                match answer {
                    Some(answer) => answers.push((path, answer)),
                    None => left.lock().unwrap_or_else(PoisonError::into_inner).push(path),
                }
            }
            answers
        };
        let answers = thread::scope(|scope| {
            let all: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
            all.into_iter().flat_map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        (answers, left.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// One answer that is not worth waiting for, as long as it is wanted. `None` where there is none.
    pub(crate) fn glance(&self, path: &str, goes_on: &dyn Fn() -> bool) -> Option<Value> {
        self.get_aside(path, goes_on, GLANCE)?.ok()
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
        match confirm(&Expectation::Json, self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => parse::json(&output.stdout).ok().map(Ok),
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
        match confirm(&Expectation::Json, self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => {
                parse::json(&output.stdout).map_err(|_| unknown(parse::excerpt(&output)))
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

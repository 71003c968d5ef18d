//! `cf curl`: reading the API, changing something by it, and how its answers fail.

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
/// How many reads go out side by side.
const AT_ONCE: usize = 8;
/// How long an access token must be good for that no cf renews it. cf 8.17: it does once the token's time is over.
const TOKEN_LASTS: Duration = Duration::from_secs(60);
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

    /// Whether another cf is at work that is not waited for.
    fn is_busy(&self) -> bool {
        matches!(self, Self::Spawn(SpawnError::Busy))
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
    place: Place,
}

/// Where its cf works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the home of the session, where a new token can be had.
    Home,
    /// In one lane.
    Lane,
    /// In any lane, for each call, so that it waits for no other one.
    Lanes,
}

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
        Self { cf, session, place: Place::Home }
    }

    /// The same API by another cf in the home of the session.
    pub(crate) fn by<'b>(&'b self, cf: &'b Cf) -> Api<'b> {
        Api { cf, ..*self }
    }

    /// The same API by a cf that works in another home, with the access token that it was lent.
    pub(crate) fn beside<'b>(&'b self, cf: &'b Cf) -> Api<'b> {
        Api { cf, session: self.session, place: Place::Lane }
    }

    /// The same API beside whatever cf is at work: it fails where only that one could renew the token.
    pub(crate) fn aside(&self) -> Self {
        Self { place: Place::Lanes, ..*self }
    }

    /// What is targeted.
    pub(crate) fn target(&self) -> &'a Target {
        self.session.target()
    }

    /// Has cf fetch a new access token at its next call. cf 8.17 does so by itself only where the token's own time is
    /// over, not where the platform has rejected it.
    pub(crate) fn renew_token(&self) {
        // Where the private configuration cannot be written, the next call says that the token is rejected.
        let _ = self.session.forget_access_token();
    }

    /// Whether the access token is good for a while yet: no cf has had a reason to renew it.
    pub(crate) fn token_lasts(&self) -> bool {
        self.session.token_ends().is_some_and(|end| end > Timestamp::now() + TOKEN_LASTS)
    }

    /// As [`Self::renew_token`], unless that was done since this token was used: many calls meet the end of one token.
    fn renew(&self, used: Option<&Sensitive>) {
        if used.is_none() || used == self.session.access_token().ok().as_ref() {
            self.renew_token();
        }
    }

    /// How long the platform asks to be left alone, where it does.
    pub(crate) fn asked_patience(&self) -> Duration {
        let call = Invocation::curl_with_headers("/v3/apps?per_page=1");
        let answer = call.resolve(&|_| None).ok().and_then(|argv| self.cf.run(&argv, READ, &mut |_, _| {}).ok());
        answer.map_or(Duration::ZERO, |output| retry::asked_for(&output.stdout))
    }

    /// Makes one call that is to change something, with a new token where the one that there was is rejected.
    pub(crate) fn change(&self, call: &Invocation, expected: &Expectation) -> Result<Answer, ObserveError> {
        match self.change_once(call, expected)? {
            Answer::Refused(Refusal { reason: Reason::TokenExpired, .. }) if self.place == Place::Home => {
                self.renew_token();
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
        if self.place == Place::Lanes {
            return self.get_beside(path);
        }
        let used = self.session.access_token().ok();
        match self.get_once(path) {
            Err(ObserveError::Refused { refusal: Refusal { reason: Reason::TokenExpired, .. }, .. })
                if self.place == Place::Home =>
            {
                self.renew(used.as_ref());
                self.get_once(path)
            }
            other => other,
        }
    }

    /// Several answers of the API, asked for side by side.
    pub(crate) fn get_all(&self, paths: Vec<String>) -> Vec<(String, Result<Value, ObserveError>)> {
        let count = paths.len().min(AT_ONCE);
        let left = Mutex::new(paths.into_iter());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            let mut answers = Vec::new();
            while let Some(path) = next() {
                let answer = self.get_beside(&path);
                answers.push((path, answer));
            }
            answers
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..count).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            all.extend(others.into_iter().filter_map(|other| other.join().ok()).flatten());
            all
        })
    }

    /// As [`Self::get`], by a cf in a lane of its own. Where that is not possible, the session's own cf is asked, which can
    /// renew the token.
    fn get_beside(&self, path: &str) -> Result<Value, ObserveError> {
        let answer = match self.session.lane(self.cf) {
            Ok(lane) => {
                let answer = self.beside(lane.cf()).get_once(path);
                self.session.give_back(lane);
                answer
            }
            Err(_) => Err(ObserveError::Spawn(SpawnError::Busy)),
        };
        match answer {
            Err(error) if self.place == Place::Home && (error.is_logged_out() || error.is_busy()) => self.get(path),
            answer => answer,
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

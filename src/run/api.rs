//! `cf curl`: reading the API, changing something by it, and how its answers fail.

use std::time::Duration;

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
use crate::space::read::{self, Page, Unreadable};

/// How long one read may take.
const READ: Duration = Duration::from_secs(45);
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
    fn is_absent(&self) -> bool {
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

/// A page of a list, and the path of the next one.
pub(crate) type PageAndNext = (Value, Option<String>);

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

    /// Has cf fetch a new access token at its next call. cf 8.17 does so by itself only where the token's own time is
    /// over, not where the platform has rejected it.
    pub(crate) fn renew_token(&self) {
        // Where the private configuration cannot be written, the next call says that the token is rejected.
        let _ = self.session.forget_access_token();
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
            Answer::Refused(Refusal { reason: Reason::TokenExpired, .. }) if self.renews => {
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

    /// All pages of a list.
    pub(crate) fn pages(&self, path: &str) -> Result<Vec<Value>, ObserveError> {
        let mut pages = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page;
            (page, next) = self.page(&path)?;
            pages.push(page);
        }
        Ok(pages)
    }

    /// One page of a list.
    pub(crate) fn page(&self, path: &str) -> Result<PageAndNext, ObserveError> {
        let answer = self.get(path)?;
        let page: Page = read::parse(path, &answer)?;
        Ok((answer, page.pagination.next.map(|link| path_of(&link.href).to_owned())))
    }

    /// All resources of a list, page after page.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<Value>, ObserveError> {
        let mut resources = Vec::new();
        for page in self.pages(path)? {
            resources.extend(read::parse::<Page>(path, &page)?.resources);
        }
        Ok(resources)
    }

    /// As [`Self::list`]; `None` where there is no such list, or it is hidden from the user.
    pub(crate) fn list_or_absent(&self, path: &str) -> Result<Option<Vec<Value>>, ObserveError> {
        match self.list(path) {
            Err(error) if error.is_absent() => Ok(None),
            other => other.map(Some),
        }
    }

    /// As [`Self::get`], but what is not there, or is hidden from the user, is null.
    pub(crate) fn get_or_absent(&self, path: &str) -> Result<Value, ObserveError> {
        match self.get(path) {
            Err(error) if error.is_absent() => Ok(Value::Null),
            other => other,
        }
    }

    /// One answer of the API, with a new token where the one that there was is rejected.
    pub(crate) fn get(&self, path: &str) -> Result<Value, ObserveError> {
        match self.get_once(path) {
            Err(ObserveError::Refused { refusal: Refusal { reason: Reason::TokenExpired, .. }, .. }) if self.renews => {
                self.renew_token();
                self.get_once(path)
            }
            other => other,
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

/// The path and query of a URL: `cf curl` only asks the targeted API.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or(rest, |at| &rest[at..])
}

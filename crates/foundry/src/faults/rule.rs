//! Rules: which call goes wrong, and how.

use std::time::Duration;

use crate::request_log::{Service, only_reads};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call goes wrong before it has any effect.
    Before(Harm),
    /// The call has its effect, then the answer goes wrong.
    After(Harm),
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// This status is answered, in the form in which the platform answers it, with `Retry-After` where it is given.
    Answer {
        /// The HTTP status.
        status: u16,
        /// In whole seconds.
        retry_after: Option<Duration>,
    },
    /// The connection is closed without an answer.
    Close,
    /// No answer comes; the connection stays open until the client or the foundry ends.
    Hang,
    /// All access tokens issued so far expire. Before its effect, the call itself is answered 401; after it, the next
    /// one.
    ExpireTokens,
    /// None: for calls that are only held; see [`Faults::hold`](super::Faults::hold).
    Nothing,
}

impl Harm {
    /// Answers a status without `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, retry_after: None }
    }
}

/// Which of the calls that a rule matches are hit, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurrence {
    /// All.
    Every,
    /// The first so many.
    First(u64),
    /// This one only.
    Nth(u64),
    /// This one and all after it.
    From(u64),
}

impl Occurrence {
    pub(super) fn hits(&self, number: u64) -> bool {
        match self {
            Self::Every => true,
            Self::First(count) => number <= *count,
            Self::Nth(only) => number == *only,
            Self::From(first) => number >= *first,
        }
    }
}

/// A fault for some calls. The first rule in force that hits a call counts.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Who must be called.
    pub service: Service,
    /// The method in capitals; `None` is any.
    pub method: Option<String>,
    /// Whether only calls are meant that can change something.
    pub changing: bool,
    /// The path: `*` stands for one segment, a `**` at the end for all that follow.
    pub path: String,
    /// Which of the matching calls are hit.
    pub occurrence: Occurrence,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    /// Hits every call of the Cloud Controller with this method and path.
    pub fn new(method: &str, path: &str, fault: Fault) -> Self {
        Self {
            service: Service::Controller,
            method: Some(method.to_owned()),
            changing: false,
            path: path.to_owned(),
            occurrence: Occurrence::Every,
            fault,
        }
    }

    /// Hits every call of the Cloud Controller.
    pub fn any(fault: Fault) -> Self {
        Self { method: None, ..Self::new("", "/**", fault) }
    }

    /// Hits every call of the Cloud Controller that can change something.
    pub fn changing(fault: Fault) -> Self {
        Self { changing: true, ..Self::any(fault) }
    }

    /// Hits only these occurrences.
    #[must_use]
    pub fn on(self, occurrence: Occurrence) -> Self {
        Self { occurrence, ..self }
    }

    pub(super) fn matches(&self, service: Service, method: &str, path: &str) -> bool {
        self.service == service
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && !(self.changing && only_reads(method))
            && path_matches(&self.path, path)
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (Some("**"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(want), Some(segment)) if want == segment => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_segments() {
        let cases = [
            ("/v3/routes", "/v3/routes", true),
            ("/v3/routes", "/v3/routes/1", false),
            ("/v3/routes/*", "/v3/routes/1", true),
            ("/v3/routes/*", "/v3/routes/", false),
            ("/v3/routes/*/destinations", "/v3/routes/1/destinations", true),
            ("/v3/routes/*/destinations", "/v3/routes/1/destinations/2", false),
            ("/v3/**", "/v3/routes/1/destinations/2", true),
            ("/v3/**", "/v2/info", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn a_rule_may_mean_only_what_changes() {
        let fault = Fault::Before(Harm::Close);
        let cases = [("GET", true, false), ("HEAD", true, false), ("POST", true, true), ("DELETE", true, true)];
        for (method, any, changing) in cases {
            let hits = |rule: &Rule| rule.matches(Service::Controller, method, "/v3/apps/1");
            assert_eq!((hits(&Rule::any(fault)), hits(&Rule::changing(fault))), (any, changing), "{method}");
        }
        assert!(!Rule::any(fault).matches(Service::Uaa, "POST", "/oauth/token"));
    }
}

//! The switches that make the foundry misbehave on demand. All of them can be set while it runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::foundry::platform::lock;
use crate::foundry::request_log::Service;

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
    fn hits(&self, number: u64) -> bool {
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
            path: path.to_owned(),
            occurrence: Occurrence::Every,
            fault,
        }
    }

    /// Hits only these occurrences.
    #[must_use]
    pub fn on(self, occurrence: Occurrence) -> Self {
        Self { occurrence, ..self }
    }

    fn matches(&self, service: Service, method: &str, path: &str) -> bool {
        self.service == service
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
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

/// Why staging fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagingFailure {
    /// The id of the error, such as `BuildpackCompileFailed`.
    pub id: String,
    /// What follows ` - ` in the build's error.
    pub message: String,
}

impl StagingFailure {
    /// The failure of a buildpack's compile phase, as the Cloud Controller words it.
    pub fn compile() -> Self {
        Self {
            id: "BuildpackCompileFailed".to_owned(),
            message: "App staging failed in the buildpack compile phase".to_owned(),
        }
    }
}

#[derive(Debug, Default)]
struct Switches {
    rules: Vec<(Rule, u64)>,
    staging: Vec<(Option<String>, StagingFailure)>,
    crashes: Vec<(Option<String>, Duration)>,
}

/// The switches.
#[derive(Debug, Default)]
pub struct Faults {
    switches: Mutex<Switches>,
    token_epoch: AtomicU64,
}

impl Faults {
    /// Adds a rule; its count of matching calls starts now.
    pub fn add(&self, rule: Rule) {
        lock(&self.switches).rules.push((rule, 0));
    }

    /// Takes all rules and switches back. Tokens that were made to expire stay expired.
    pub fn clear(&self) {
        *lock(&self.switches) = Switches::default();
    }

    /// Makes staging fail, for the apps with this name or for all.
    pub fn fail_staging(&self, app: Option<&str>, failure: StagingFailure) {
        lock(&self.switches).staging.push((app.map(ToOwned::to_owned), failure));
    }

    /// Makes each instance end with exit status 1 so long after its start, for the apps with this name or for all.
    pub fn crash(&self, app: Option<&str>, after: Duration) {
        lock(&self.switches).crashes.push((app.map(ToOwned::to_owned), after));
    }

    /// Makes all access tokens issued so far expire now. Refresh tokens stay good.
    pub fn expire_tokens(&self) {
        self.token_epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Why staging of the app with this name is to fail.
    pub fn staging_failure(&self, app: &str) -> Option<StagingFailure> {
        let switches = lock(&self.switches);
        let hit = switches.staging.iter().find(|(name, _)| name.as_deref().is_none_or(|name| name == app));
        hit.map(|(_, failure)| failure.clone())
    }

    /// How long after its start an instance of the app with this name is to crash.
    pub fn crash_after(&self, app: &str) -> Option<Duration> {
        let switches = lock(&self.switches);
        let hit = switches.crashes.iter().find(|(name, _)| name.as_deref().is_none_or(|name| name == app));
        hit.map(|(_, after)| *after)
    }

    /// The number that an access token must carry to be valid: it grows with [`Faults::expire_tokens`].
    pub(crate) fn token_epoch(&self) -> u64 {
        self.token_epoch.load(Ordering::SeqCst)
    }

    /// Counts a call and says what is to go wrong with it.
    pub(crate) fn strike(&self, service: Service, method: &str, path: &str) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in &mut lock(&self.switches).rules {
            if rule.matches(service, method, path) {
                *seen += 1;
                if struck.is_none() && rule.occurrence.hits(*seen) {
                    struck = Some(rule.fault);
                }
            }
        }
        struck
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
    fn occurrences_are_counted_from_one() {
        let cases = [
            (Occurrence::Every, [true, true, true]),
            (Occurrence::First(2), [true, true, false]),
            (Occurrence::Nth(2), [false, true, false]),
            (Occurrence::From(2), [false, true, true]),
        ];
        for (occurrence, expected) in cases {
            let faults = Faults::default();
            faults.add(Rule::new("POST", "/v3/routes", Fault::Before(Harm::Close)).on(occurrence.clone()));
            let hits = expected.map(|_| faults.strike(Service::Controller, "POST", "/v3/routes").is_some());
            assert_eq!(hits, expected, "{occurrence:?}");
        }
    }
}

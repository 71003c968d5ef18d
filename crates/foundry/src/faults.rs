//! The switches that make the foundry misbehave on demand. All of them can be set while it runs.

mod held_call;
mod rule;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::platform::lock;
use crate::request_log::Service;

pub use held_call::HeldCall;
pub use rule::{Fault, Harm, Occurrence, Rule};

use held_call::Gate;

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
    rules: Vec<Active>,
    staging: Vec<(Option<String>, StagingFailure)>,
    crashes: Vec<(Option<String>, Duration)>,
    unhealthy: Vec<Option<String>>,
}

/// The times between expirations of all tokens.
#[derive(Debug, Default)]
struct Epochs {
    /// The present one, which new tokens carry.
    present: u64,
    /// The oldest one whose tokens are good.
    oldest: u64,
}

/// A rule in force.
#[derive(Debug)]
struct Active {
    rule: Rule,
    /// How many calls it has matched.
    seen: u64,
    /// Where the calls wait that it hits.
    gate: Option<Arc<Gate>>,
}

/// What is to happen to a call.
#[derive(Debug)]
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    /// Where it waits first.
    pub(crate) gate: Option<Arc<Gate>>,
}

/// The switches.
#[derive(Debug, Default)]
pub struct Faults {
    switches: Mutex<Switches>,
    epochs: Mutex<Epochs>,
}

impl Faults {
    /// Adds a rule; its count of matching calls starts now.
    pub fn add(&self, rule: Rule) {
        self.put(rule, None);
    }

    /// Adds a rule whose calls wait, before or after their effect as its fault says, until they are released; then they
    /// go wrong as it says, or on where that is [`Harm::Nothing`].
    pub fn hold(&self, rule: Rule) -> HeldCall {
        let (held, gate) = HeldCall::new();
        self.put(rule, Some(gate));
        held
    }

    fn put(&self, rule: Rule, gate: Option<Arc<Gate>>) {
        lock(&self.switches).rules.push(Active { rule, seen: 0, gate });
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

    /// Keeps instances from becoming healthy that are not yet, for the apps with this name or for all: their first
    /// health check fails until the switch is taken back or their time to start is over.
    pub fn keep_unhealthy(&self, app: Option<&str>) {
        lock(&self.switches).unhealthy.push(app.map(ToOwned::to_owned));
    }

    /// Makes all access tokens issued so far expire now. Refresh tokens stay good.
    pub fn expire_tokens(&self) {
        let mut epochs = lock(&self.epochs);
        epochs.present += 1;
        epochs.oldest = epochs.present;
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

    /// Whether instances of the app with this name are kept from becoming healthy.
    pub fn keeps_unhealthy(&self, app: &str) -> bool {
        lock(&self.switches).unhealthy.iter().any(|name| name.as_deref().is_none_or(|name| name == app))
    }

    /// The number that an access token is given: it grows with [`Faults::expire_tokens`].
    pub(crate) fn token_epoch(&self) -> u64 {
        lock(&self.epochs).present
    }

    /// The smallest number with which an access token is good.
    pub(crate) fn oldest_epoch(&self) -> u64 {
        lock(&self.epochs).oldest
    }

    /// Takes the expirations back that came after a number was the smallest.
    pub(crate) fn restore_epoch(&self, oldest: u64) {
        lock(&self.epochs).oldest = oldest;
    }

    /// Counts a call and says what is to go wrong with it.
    pub(crate) fn strike(&self, service: Service, method: &str, path: &str) -> Option<Struck> {
        let mut struck = None;
        for active in &mut lock(&self.switches).rules {
            if active.rule.matches(service, method, path) {
                active.seen += 1;
                if struck.is_none() && active.rule.occurrence.hits(active.seen) {
                    struck = Some(Struck { fault: active.rule.fault, gate: active.gate.clone() });
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
    #[test]
    fn switches_mean_one_app_or_all_until_they_are_taken_back() {
        let faults = Faults::default();
        let set = |faults: &Faults| {
            let of = |app| (faults.staging_failure(app), faults.crash_after(app), faults.keeps_unhealthy(app));
            ["shop", "other"].map(of)
        };
        let (none, failure) = ((None, None, false), StagingFailure::compile());
        let all = (Some(failure.clone()), Some(Duration::ZERO), true);
        assert_eq!(set(&faults), [none.clone(), none.clone()]);
        for (app, expected) in [(Some("shop"), [all.clone(), none.clone()]), (None, [all.clone(), all])] {
            faults.fail_staging(app, failure.clone());
            faults.crash(app, Duration::ZERO);
            faults.keep_unhealthy(app);
            assert_eq!(set(&faults), expected);
        }
        faults.clear();
        assert_eq!(set(&faults), [none.clone(), none]);
    }
}

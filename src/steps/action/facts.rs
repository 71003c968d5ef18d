//! What is known of an action before it runs.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{Lifecycle, RouteUrl, Timeouts};
use crate::space::Space;
use crate::space::condition::{Condition, Must};
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::steps::sizing::Declared;

use super::limits::Limits;
use super::partial::PartialEffect;
use super::question::RouterQuestion;
use super::traffic::Traffic;
use super::work::Work;

/// All that is known of an action before it runs. Everything here is pure: the same action gives the same answers, and
/// nothing about it is decided while it runs.
///
/// Three laws are tested over all actions that the compilers write: after the effect its own condition holds; whatever it
/// may change is read after it; and doing it twice has the effect of doing it once.
pub(crate) trait Facts {
    /// Its kind, as `plan --format json` tells it: `map-route`.
    fn kind(&self) -> &'static str;

    /// The name of the app that is acted on.
    fn app(&self) -> &str;

    /// What it is for, as a phrase that completes "this step will …".
    fn purpose(&self) -> String;

    /// How it is done.
    fn work(&self) -> Work<'_> {
        Work::Cf
    }

    /// What this cf is asked to do; `None` where it is done without one.
    fn invocation(&self, cf: &CfVersion) -> Option<Invocation>;

    /// What asks this cf to take it back; `None` where there is nothing to take back, or no way.
    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        None
    }

    /// What cf must print; `None` where it is done without one.
    fn expectation(&self, cf: &CfVersion) -> Option<Expectation>;

    /// What must be true of its app afterwards; `None` where it changes nothing there.
    fn must(&self) -> Option<Must>;

    /// That, of the space.
    fn condition(&self) -> Option<Condition> {
        Some(Condition { app: self.app().to_owned(), must: self.must()? })
    }

    /// What becomes of the tasks that its app runs, in words; `None` where that is no matter of it.
    fn becomes_of_tasks(&self) -> Option<&'static str> {
        None
    }

    /// What is asked at the router afterwards.
    fn router_question(&self) -> Option<RouterQuestion<'_>> {
        None
    }

    /// What else confirms it than cf, the space and the router, in words.
    fn own_confirmation(&self) -> Option<String> {
        None
    }

    /// What it does to the model of the space, if it succeeds.
    fn effect(&self, space: &mut Space);

    /// The parts of its effect that can be there without the rest.
    fn partial_effects(&self) -> &'static [PartialEffect] {
        &[]
    }

    /// What it means for a process that is handed over, by its type.
    fn handover(&self) -> Option<(&str, Handover)> {
        None
    }

    /// What it means for the requests that its app gets.
    fn traffic(&self) -> Traffic<'_> {
        Traffic::Unchanged
    }

    /// Whether the platform has taken in what it was asked for, so that the rest is a matter of time.
    fn is_asked_for(&self, _space: &Space) -> bool {
        false
    }

    /// The task that it runs on its app: the list of tasks tells what has become of it, and it is run but once.
    fn task(&self) -> Option<OneTask<'_>> {
        None
    }

    /// What must come to be so before it is begun; where it does not, it is left out, and the deployment is done without it.
    fn proviso(&self) -> Option<Proviso> {
        None
    }

    /// Whether its cf only watches what the platform does by itself once it was asked: then it may be ended at any time,
    /// and what it waited for is seen in the space later.
    fn is_watched_by_cf(&self) -> bool {
        false
    }

    /// Since when what must be true afterwards can be seen sooner than its cf ends: then nothing is left for that to do, and
    /// it is ended.
    fn seen_before_cf_ends(&self) -> SeenEarly {
        SeenEarly::Never
    }

    /// What the platform answers it with, which cf prints: there is nothing newer to be read after it.
    fn answered_with(&self) -> Answered {
        Answered::Nothing
    }

    /// Whether what cf prints for it holds secrets of the app: then it is told to nobody.
    fn is_answer_secret(&self) -> bool {
        false
    }

    /// Whether something is taken off a route, stopped or deleted by it, or let go for good.
    fn takes_away(&self) -> bool {
        false
    }

    /// Whether the app may serve less by it on this route, if it does now.
    fn may_take_off(&self, _route: &str) -> bool {
        self.takes_away()
    }

    /// How long it may take.
    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::of_calls(timeouts.call)
    }

    /// The desired parts of the space that it may change: until each was read after it, a difference there may come from it; what
    /// differs later, somebody else has changed.
    fn changes(&self) -> &'static [Section];

    /// Whether it may bring about a change of this facet of its app: whatever else changes meanwhile, somebody else has
    /// done.
    fn may_change(&self, facet: &Facet) -> bool;

    /// The feature flags without which the platform refuses it (CC: `feature_flag.rb`, and where each is enforced).
    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        &[]
    }

    /// What it declares of its app, where it applies a manifest.
    fn declared(&self) -> Option<&Declared> {
        None
    }

    /// The memory of the largest instance that it tells the platform of, in megabytes: only then does that compare it
    /// with the quota.
    fn largest_instance_mb(&self) -> Option<u64> {
        self.declared()?.processes().map(|(_, memory_mb)| memory_mb).max()
    }

    /// The memory that is taken while it is under way, beside what it leaves, in megabytes.
    fn memory_meanwhile_mb(&self) -> u64 {
        0
    }

    /// Its line in a shell script, where that is none of cf's invocations as it is. `within` is how long it may take.
    fn script(&self, _within: Duration) -> Option<String> {
        None
    }

    /// The route that it maps or unmaps.
    fn route(&self) -> Option<&RouteUrl> {
        match self.traffic() {
            Traffic::Leads { url } | Traffic::LeadsAway { url } => Some(url),
            Traffic::Unchanged | Traffic::NewVersion | Traffic::Started | Traffic::Checked | Traffic::Drained => None,
        }
    }
}

/// What must be so for an action to be done at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proviso {
    /// What must be so.
    pub(crate) condition: Condition,
    /// How long that is waited for.
    pub(crate) within: Duration,
    /// What becomes of the app where the action is left out, as a sentence without its end.
    pub(crate) instead: String,
}

/// A task that an action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OneTask<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The time after which it is terminated.
    pub(crate) within: Duration,
}

/// What an action means for a process that is handed over from one version to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handover {
    /// That of one version ends, to run in the other one.
    Ends,
    /// It ends, and the other version does not have it.
    Goes,
    /// It runs.
    Runs,
}

/// Since when it can be seen that an action is done whose cf has not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenEarly {
    /// cf is as quick as any look.
    Never,
    /// Since cf was started; where it prints one of these, in a moment.
    AtOnce {
        /// What a line holds that comes last.
        last_words: &'static [&'static str],
    },
    /// It uploads: since cf has printed a line that begins with one of these. What is seen before is not its own, and what is wrong
    /// with an upload that is done no other one mends.
    Uploads {
        /// What a line begins with then.
        once_said: &'static [&'static str],
    },
}

/// What the platform answers a change of an app with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Nothing that tells how the app is then.
    Nothing,
    /// The app as it is then.
    App,
    /// The droplet that the app runs from its next start on.
    CurrentDroplet,
}

/// A feature flag that must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeededFlag {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it binds administrators, too.
    pub(crate) binds_admins: bool,
}

impl NeededFlag {
    /// One that binds everybody but administrators.
    pub(super) const fn of_users(name: &'static str) -> Self {
        Self { name, binds_admins: false }
    }

    /// One that binds everybody.
    pub(super) const fn of_all(name: &'static str) -> Self {
        Self { name, binds_admins: true }
    }
}

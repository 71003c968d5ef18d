//! One application of a plan, and how it is deployed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::carry::Carry;
use super::check::{Check, HttpCheck};
use super::droplet_of::DropletOf;
use super::duration;
use super::manifest::Manifest;
use super::name::{AppName, ServiceName};
use super::processes::{Processes, Takeover};
use super::protocol::Protocol;
use super::route_options::RouteOptions;
use super::route_url::RouteUrl;
use super::timeouts::Timeouts;
use super::value_error::ValueError;
use super::watch::Watch;
use crate::settings::WEB;

/// One application, deployed alternately as one of two apps (its colours).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct App {
    /// The name that people use; an app of this very name need not exist.
    pub name: AppName,
    /// The two apps that take turns; they differ in more than case.
    pub colours: [AppName; 2],
    /// The folder or archive to upload, as it is handed to `cf push -p`. `None` where the manifest says it, where it
    /// names a docker image, and where a droplet is deployed.
    pub path: Option<PathBuf>,
    /// The droplet that is deployed in the place of files, as it is handed to `cf push --droplet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub droplet: Option<PathBuf>,
    /// The droplet of another app that is deployed in the place of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DropletOf>,
    /// The team's own cf manifest.
    pub manifest: Manifest,
    /// The service instances that both colours are bound to.
    pub services: Vec<ServiceName>,
    /// The routes that the users of the app know; empty where it has none.
    pub live: Vec<RouteUrl>,
    /// The route at which the new version is checked before it goes live; none of `live`. `None` where the app has no routes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staging: Option<RouteUrl>,
    /// What routers talk to it on those of its routes for which the plan says it, or else the manifest; on the others it is as
    /// on the live colour.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub protocols: BTreeMap<RouteUrl, Protocol>,
    /// The options of those of its live routes for which the plan names some, or else the manifest; those of the others stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub route_options: BTreeMap<RouteUrl, RouteOptions>,
    /// How long all instances of the new version must run without a crash.
    #[serde(serialize_with = "duration::serialize_some", skip_serializing_if = "Option::is_none")]
    pub health: Option<Duration>,
    /// The checks that the new version must pass, in order.
    pub checks: Vec<Check>,
    /// How the live routes are watched after the switch, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// The time that stands in for the router's answer where it cannot be asked.
    #[serde(with = "duration::text")]
    pub settle: Duration,
    /// The time between the proof that the live routes have left the old colour and its stop.
    #[serde(with = "duration::text")]
    pub drain: Duration,
    /// What becomes of the old colour after it has drained.
    pub old: Old,
    /// How many instances the new colour is started with.
    pub instances: Instances,
    /// What it gets of what the live colour has and no manifest names.
    #[serde(skip_serializing_if = "Carry::is_all")]
    pub carry: Carry,
    /// What becomes of routes that lead to the live colour and that the plan does not name.
    #[serde(skip_serializing_if = "ExtraRoutes::is_move")]
    pub extra_routes: ExtraRoutes,
    /// Those of `live` that the plan does not name; a plan as it is read has none.
    #[serde(skip)]
    pub extra: Vec<RouteUrl>,
    /// When its processes start that no route of the plan leads to.
    #[serde(skip_serializing_if = "Processes::is_empty")]
    pub processes: Processes,
    /// What is done where a step fails.
    pub on_failure: OnFailure,
    /// How long things may take.
    pub timeouts: Timeouts,
}

impl App {
    /// Whether what is deployed is a droplet already, so that nothing is staged.
    pub(crate) fn brings_droplet(&self) -> bool {
        self.droplet.is_some() || self.from.is_some()
    }

    /// All routes of the app: the live ones, then the staging route.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &RouteUrl> {
        self.live.iter().chain(&self.staging)
    }

    /// The checks by HTTP.
    pub(crate) fn http_checks(&self) -> impl Iterator<Item = &HttpCheck> {
        self.checks.iter().filter_map(Check::http)
    }

    /// Whether something is asked by HTTP at the live routes.
    pub(crate) fn asks_live_routes(&self) -> bool {
        self.watch.is_some() || self.http_checks().any(|http| http.at.live)
    }

    /// The names of all service instances that a new version is bound to: those of the plan, then those of the manifest,
    /// which may be the same.
    pub(crate) fn all_services(&self) -> impl Iterator<Item = &str> {
        let of_manifest = self.manifest.app.services.iter().map(String::as_str);
        self.services.iter().map(ServiceName::as_str).chain(of_manifest)
    }

    /// Whether it is reached by routes; else what it does is known to nobody, and it is handed over as a whole.
    pub(crate) fn has_routes(&self) -> bool {
        !self.live.is_empty()
    }

    /// Whether the process of a type is handed over from one colour to the other: both never run at once.
    pub(crate) fn hands_over(&self, kind: &str) -> bool {
        (kind != WEB || !self.has_routes()) && self.processes.of(kind) == Takeover::Handover
    }

    /// Whether a name, a route, a path or a variable of the app satisfies `has`.
    pub(super) fn shows(&self, has: &dyn Fn(&str) -> bool) -> bool {
        let paths = self.path.iter().chain([&self.manifest.path]).chain(&self.manifest.vars_files);
        has(self.name.as_str())
            || self.colours.iter().any(|colour| has(colour.as_str()))
            || self.services.iter().any(|service| has(service.as_str()))
            || self.routes().any(|route| has(&route.to_string()))
            || self.manifest.vars.iter().any(|(_, value)| has(value))
            || paths.into_iter().any(|path| has(&path.to_string_lossy()))
    }
}

/// What becomes of the colour that no longer serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Old {
    /// It is stopped: it costs no memory and can be started again for a rollback.
    Stop,
    /// It goes on running without live routes.
    Keep,
    /// It is deleted; a rollback then needs a new deployment of the earlier version.
    Delete,
}

impl Old {
    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "stop" => Ok(Self::Stop),
            "keep" => Ok(Self::Keep),
            "delete" => Ok(Self::Delete),
            _ => Err(ValueError::new("an unknown word")),
        }
    }
}

/// How many instances the processes of the new colour are started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instances {
    /// The larger of what the manifest says and what the live colour runs (an autoscaler or a person may have raised
    /// it).
    AtLeastLive,
    /// What the manifest says (1 where it says nothing), even if more instances are live.
    Manifest,
}

impl Instances {
    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "at-least-live" => Ok(Self::AtLeastLive),
            "manifest" => Ok(Self::Manifest),
            _ => Err(ValueError::new("an unknown word")),
        }
    }
}

/// What becomes of routes that lead to the live colour and that the plan does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraRoutes {
    /// They are moved to the new colour as the live routes are.
    #[default]
    Move,
    /// They stay where they are, and lead nowhere once the old colour is stopped.
    Keep,
    /// Nothing is deployed as long as there are any.
    Refuse,
}

impl ExtraRoutes {
    /// Whether it is what holds where a plan says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_move(&self) -> bool {
        *self == Self::Move
    }

    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "move" => Ok(Self::Move),
            "keep" => Ok(Self::Keep),
            "refuse" => Ok(Self::Refuse),
            _ => Err(ValueError::new("an unknown word")),
        }
    }
}

/// What is done where a step of a deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// What was done is taken back: the colour that was live serves alone again.
    Rollback,
    /// Everything is left as it is, for a person to decide.
    Stop,
}

impl OnFailure {
    /// Reads the word of a plan.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "rollback" => Ok(Self::Rollback),
            "stop" => Ok(Self::Stop),
            _ => Err(ValueError::new("an unknown word")),
        }
    }
}

//! The one application of a manifest.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use super::keys::{OF_A_PROCESS, is_read_by_cf};
use super::lifecycle::Lifecycle;
use super::process::ManifestProcess;
use crate::plan::protocol::Protocol;
use crate::plan::route_options::RouteOptions;
use crate::plan::route_url::{RouteUrl, without_scheme};
use crate::settings::Settings;

/// Keys of an application that a deployment sees to itself, or that say what is pushed.
const OF_A_DEPLOYMENT: &[&str] =
    &["routes", "no-route", "random-route", "default-route", "path", "instances", "docker"];

/// The one application of a manifest. `None` stands for a key that the manifest does not have; what then holds is up to
/// the Cloud Controller (and to the app, where it exists).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ManifestApp {
    /// `name`; cf 8.17 replaces it with the name given to `cf push` where the manifest has one application.
    pub name: Option<String>,
    /// `path`, joined with the manifest's folder, as cf reads it.
    pub path: Option<PathBuf>,
    /// `docker`: the image that runs in the place of files.
    pub docker: Option<DockerImage>,
    /// The lifecycle that the manifest asks for; `None` where an existing app keeps its own, and a new one gets the
    /// platform's default.
    pub lifecycle: Option<Lifecycle>,
    /// `buildpacks`, or the older `buildpack`, in order; empty where the platform is to detect one.
    pub buildpacks: Vec<String>,
    /// `stack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The web process. CC (`AppManifestMessage#process_attributes`): an entry of `processes` for it stands in the
    /// place of *all* process keys at the top of the application; only without one do these count.
    pub web: ManifestProcess,
    /// The other entries of `processes`, in order. CC: nothing at the top of the application counts for them.
    pub others: Vec<ManifestProcess>,
    /// `routes[].route` as written. A deployment pushes with `--no-route`, so that none of them is mapped early.
    pub routes: Vec<String>,
    /// `services`, by name.
    pub services: Vec<String>,
    /// `no-route: true`.
    pub no_route: bool,
    /// `random-route: true`.
    pub random_route: bool,
    /// All of it.
    #[serde(skip)]
    pub(crate) whole: Application,
}

/// An application of a manifest with its variables filled in: some of it may be secret.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Application {
    /// As it is written.
    pub(crate) written: Value,
    /// What it sets.
    pub(crate) settings: Settings,
}

impl Application {
    pub(super) fn new(written: Value) -> Self {
        Self { settings: Settings::of_manifest(&written), written }
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Application(…)")
    }
}

impl ManifestApp {
    /// What routers are to talk to the app on a route, where the manifest names that with a `protocol` for HTTP.
    pub(in crate::plan) fn protocol(&self, url: &RouteUrl) -> Option<Protocol> {
        Protocol::parse(self.route(url)?["protocol"].as_str()?).ok()
    }

    /// The options that the manifest names for a route.
    pub(in crate::plan) fn route_options(&self, url: &RouteUrl) -> RouteOptions {
        let options = self.route(url).and_then(|route| route["options"].as_object());
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let named = options.into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), text(value)?)));
        RouteOptions::written(named)
    }

    fn route(&self, url: &RouteUrl) -> Option<&Value> {
        let routes = self.whole.written["routes"].as_array()?;
        routes.iter().find(|route| route["route"].as_str().is_some_and(|text| url.is_written(without_scheme(text))))
    }

    /// What the manifest asks of an app of this name, for whoever tells how an app differs from it: without its routes, its
    /// files and how many instances there are to be, which a deployment decides.
    ///
    /// Process keys at the top stand below `processes`, where the platform compares sizes, too (CC:
    /// `space_diff_manifest.rb`); variables are texts, as the platform keeps them.
    pub(crate) fn asked_of(&self, app: &str) -> Value {
        let Value::Object(mut whole) = self.whole.written.clone() else { return Value::Null };
        let is_sent = |key: &String, value: &mut Value| !value.is_null() || !is_read_by_cf(key);
        whole.retain(is_sent);
        for key in OF_A_DEPLOYMENT {
            whole.remove(*key);
        }
        let mut top = Map::new();
        for key in OF_A_PROCESS.iter().chain(&["disk-quota"]) {
            top.extend(whole.remove(*key).map(|value| ((*key).to_owned(), value)));
        }
        let mut processes = match whole.remove("processes") {
            Some(Value::Array(processes)) => processes,
            Some(_) | None => Vec::new(),
        };
        if !top.is_empty() && processes.iter().all(|process| process["type"] != "web") {
            top.insert("type".to_owned(), "web".into());
            processes.push(Value::Object(top));
        }
        for process in processes.iter_mut().filter_map(Value::as_object_mut) {
            process.retain(is_sent);
            process.remove("instances");
        }
        if !processes.is_empty() {
            whole.insert("processes".to_owned(), Value::Array(processes));
        }
        if let Some(Value::Object(env)) = whole.get_mut("env") {
            for value in env.values_mut().filter(|value| !value.is_string() && !value.is_null()) {
                *value = Value::String(value.to_string());
            }
        }
        whole.insert("name".to_owned(), app.into());
        Value::Object(whole)
    }

    /// The same in the form in which the platform presents the app that it compares with it (CC: `buildpack_presenter.rb`,
    /// `services_properties_presenter.rb`): buildpacks as a list, service instances by their names in the order of the alphabet, and
    /// nothing that is empty. In another form it differs for ever. What bindings are made with is not compared.
    pub(crate) fn compared_with(&self, app: &str) -> Value {
        let Value::Object(mut whole) = self.asked_of(app) else { return Value::Null };
        let mut services = self.services.clone();
        services.sort_by_key(|name| name.to_lowercase());
        whole.remove("buildpack");
        whole.insert("buildpacks".to_owned(), self.buildpacks.clone().into());
        whole.insert("services".to_owned(), services.into());
        whole.retain(|_, value| !is_empty(value));
        Value::Object(whole)
    }

    /// How many web instances a new app gets. CC: one, where the manifest names no number.
    pub(crate) fn web_instances(&self) -> u32 {
        self.web.instances.unwrap_or(1)
    }

    /// The buildpacks that the platform has to bring: those that are no address of a repository (CC: `uri_utils.rb`; a
    /// name holds letters, digits, `-` and `_`).
    pub(crate) fn system_buildpacks(&self) -> impl Iterator<Item = &str> {
        self.buildpacks.iter().map(String::as_str).filter(|name| !name.contains(':'))
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// An image of a registry, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DockerImage {
    /// `image`: `[REGISTRY/]NAME[:TAG]`.
    pub image: String,
    /// `username`; the password that goes with it is in cf's own environment variable `CF_DOCKER_PASSWORD` alone.
    pub username: Option<String>,
}

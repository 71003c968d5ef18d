//! The `cf curl` calls that read a space. They read and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::cf::config::Target;
use crate::cf::invocation::{Invocation, query};
use crate::cf::outcome::{Expectation, Reason, Refusal, Verdict, confirm};
use crate::cf::parse;
use crate::cf::spawn::{Cf, SpawnError};
use crate::plan::{App as PlanApp, Plan, RouteUrl};
use crate::space::condition::Section;
use crate::space::read::{self, Page, Unreadable};
use crate::space::{App, AppState, Named, Quota, QuotaScope, SNAPSHOT_FORMAT, ServiceInstance, Space};

/// How long one read may take.
const READ: Duration = Duration::from_secs(60);
/// The Cloud Controller's largest page.
const PAGE: &str = "5000";

/// Why a space could not be read.
#[derive(Debug, Error)]
pub enum ObserveError {
    /// cf could not be run.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// cf or the platform refused, for a reason that is known.
    #[error("{path} could not be read: {}", refusal.words)]
    Refused {
        /// What was asked.
        path: String,
        /// The reason, with cf's words.
        refusal: Refusal,
    },
    /// The answer is none that is known.
    #[error("{path} could not be read: {why}")]
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

impl ObserveError {
    /// Whether it is no use to try again: the session or the user's rights are the reason.
    pub fn lasts(&self) -> bool {
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

/// Reads one space with one cf.
#[derive(Debug)]
pub struct Observer<'a> {
    cf: &'a Cf,
    target: &'a Target,
    /// The names of the apps that are looked for.
    apps: BTreeSet<String>,
    /// The routes whose holders are looked for.
    routes: Vec<RouteUrl>,
    /// The names of the service instances that are looked for.
    services: BTreeSet<String>,
}

impl<'a> Observer<'a> {
    /// An observer of what a plan names in the targeted space.
    pub fn new(cf: &'a Cf, target: &'a Target, plan: &Plan) -> Self {
        let per_app = |names: &dyn Fn(&PlanApp) -> Vec<String>| plan.apps.iter().flat_map(names).collect();
        Self {
            cf,
            target,
            apps: per_app(&|app| app.colours.iter().map(ToString::to_string).collect()),
            routes: plan.apps.iter().flat_map(|app| app.live.iter().chain([&app.staging]).cloned()).collect(),
            services: per_app(&|app| {
                app.services.iter().map(ToString::to_string).chain(app.manifest.app.services.iter().cloned()).collect()
            }),
        }
    }

    /// Reads the whole space, as far as the plan is concerned with it.
    pub fn observe(&self) -> Result<Space, ObserveError> {
        let target = self.target;
        let mut space = Space {
            format: SNAPSHOT_FORMAT,
            cf: self.cf.version().to_string(),
            api: target.api.clone(),
            org: Named { guid: target.org_guid.clone(), name: target.org.clone() },
            space: Named { guid: target.space_guid.clone(), name: target.space.clone() },
            ..Space::default()
        };
        let path = format!("/v3/organizations/{}/domains", target.org_guid);
        space.domains = read::domains(&path, &self.list(&query(&path, &[("per_page", PAGE)]))?)?;
        self.refresh(&mut space, &Section::ALL)?;
        space.quotas = self.quotas()?;
        Ok(space)
    }

    /// Reads parts of the space again; all others stay as they are.
    pub fn refresh(&self, space: &mut Space, sections: &[Section]) -> Result<(), ObserveError> {
        let has = |section| sections.contains(&section);
        if has(Section::Routes) {
            let asked = query("/v3/routes", &[("space_guids", &self.target.space_guid), ("per_page", PAGE)]);
            space.routes = read::routes(&asked, &self.list(&asked)?)?;
        }
        if has(Section::Apps) {
            self.apps(space)?;
        }
        if has(Section::Processes) && !space.apps.is_empty() {
            self.processes(space)?;
        }
        if has(Section::Packages) {
            for app in &mut space.apps {
                self.packages(app)?;
            }
        }
        if has(Section::Services) {
            self.services(space)?;
        }
        Ok(())
    }

    fn apps(&self, space: &mut Space) -> Result<(), ObserveError> {
        let in_space = [("space_guids", self.target.space_guid.as_str()), ("per_page", PAGE)];
        let asked = query_names("/v3/apps", &self.apps, &in_space);
        let mut found = read::apps(&asked, &self.list(&asked)?)?;
        found.retain(|(app, _)| self.apps.contains(&app.name));
        // Whoever else holds a route of the plan, so that it can be told by its name.
        let of_plan = |route: &&crate::space::Route| self.routes.iter().any(|url| route.is(url));
        let holders = space.routes.iter().filter(of_plan).flat_map(|route| &route.destinations);
        let strangers: BTreeSet<&str> =
            holders.map(|to| to.app.as_str()).filter(|guid| found.iter().all(|(app, _)| app.guid != *guid)).collect();
        if !strangers.is_empty() {
            let guids = strangers.into_iter().collect::<Vec<_>>().join(",");
            let asked = query("/v3/apps", &[("guids", &guids), in_space[0], in_space[1]]);
            found.extend(read::apps(&asked, &self.list(&asked)?)?);
        }
        let mut apps = Vec::new();
        for (mut app, knows_droplet) in found {
            if !knows_droplet {
                let asked = format!("/v3/apps/{}/droplets/current", app.guid);
                app.droplet = read::guid(&asked, &self.get_or_absent(&asked)?)?;
            }
            if let Some(before) = space.apps.iter().find(|before| before.guid == app.guid) {
                app.processes.clone_from(&before.processes);
                app.package.clone_from(&before.package);
                app.staged.clone_from(&before.staged);
                app.bindings.clone_from(&before.bindings);
            }
            apps.push(app);
        }
        space.apps = apps;
        Ok(())
    }

    fn processes(&self, space: &mut Space) -> Result<(), ObserveError> {
        let guids = space.apps.iter().map(|app| app.guid.as_str()).collect::<Vec<_>>().join(",");
        let asked = query("/v3/processes", &[("app_guids", &guids), ("per_page", PAGE)]);
        let found = read::processes(&asked, &self.list(&asked)?)?;
        for app in &mut space.apps {
            app.processes =
                found.iter().filter(|(guid, _)| *guid == app.guid).map(|(_, process)| process.clone()).collect();
            app.processes.sort_by_key(|process| (process.kind != "web", process.kind.clone()));
            if app.state == AppState::Stopped {
                continue;
            }
            for process in app.processes.iter_mut().filter(|process| process.instances > 0) {
                let asked = format!("/v3/processes/{}/stats", process.guid);
                process.states = read::stats(&asked, &self.get(&asked)?)?;
            }
        }
        Ok(())
    }

    fn packages(&self, app: &mut App) -> Result<(), ObserveError> {
        let newest = [("order_by", "-created_at"), ("page", "1"), ("per_page", "1")];
        let of_app = ("app_guids", app.guid.as_str());
        let asked = query("/v3/packages", &[of_app, newest[0], newest[1], newest[2]]);
        app.package = read::package(&asked, &self.get(&asked)?)?;
        let asked = query("/v3/droplets", &[of_app, ("states", "STAGED"), newest[0], newest[1], newest[2]]);
        app.staged = read::droplet(&asked, &self.get(&asked)?)?;
        Ok(())
    }

    fn services(&self, space: &mut Space) -> Result<(), ObserveError> {
        if self.services.is_empty() {
            return Ok(());
        }
        let in_space = [("space_guids", self.target.space_guid.as_str()), ("per_page", PAGE)];
        // A name that a vars file gives the manifest is for no argument: all are asked for, and the right ones picked.
        let secret = self.services.iter().any(|name| self.cf.redactor().hides(name));
        let asked = if secret {
            query("/v3/service_instances", &in_space)
        } else {
            query_names("/v3/service_instances", &self.services, &in_space)
        };
        space.services = read::services(&asked, &self.list(&asked)?)?;
        space.services.retain(|service| self.services.contains(&service.name));
        let join = |guids: Vec<&str>| guids.join(",");
        let apps = join(space.apps.iter().map(|app| app.guid.as_str()).collect());
        let instances = join(space.services.iter().map(|service| service.guid.as_str()).collect());
        if apps.is_empty() || instances.is_empty() {
            return Ok(());
        }
        let asked = query(
            "/v3/service_credential_bindings",
            &[("app_guids", &apps), ("service_instance_guids", &instances), ("type", "app"), ("per_page", PAGE)],
        );
        let bindings = read::bindings(&asked, &self.list(&asked)?)?;
        let Space { apps, services, .. } = space;
        for app in apps {
            let bound = |service: &&ServiceInstance| {
                bindings.iter().any(|(to, instance)| *to == app.guid && *instance == service.guid)
            };
            app.bindings = services.iter().filter(bound).map(|service| service.name.clone()).collect();
        }
        Ok(())
    }

    /// The quotas with what is used of them, as far as the user may see them: who may not is not stopped by that, since
    /// the Cloud Controller enforces them anyway.
    fn quotas(&self) -> Result<Vec<Quota>, ObserveError> {
        let owners = [
            (QuotaScope::Organization, "/v3/organizations", &self.target.org_guid, "/v3/organization_quotas"),
            (QuotaScope::Space, "/v3/spaces", &self.target.space_guid, "/v3/space_quotas"),
        ];
        let mut all = Vec::new();
        for (scope, owners, owner, quotas) in owners {
            let asked = format!("{owners}/{owner}");
            let found = self.get_or_absent(&asked)?;
            let quota_guid = if found.is_null() { None } else { read::quota_guid(&asked, &found)? };
            let Some(guid) = quota_guid else { continue };
            let asked = format!("{quotas}/{guid}");
            let quota = self.get_or_absent(&asked)?;
            let used_asked = format!("{owners}/{owner}/usage_summary");
            let used = self.get_or_absent(&used_asked)?;
            if !quota.is_null() && !used.is_null() {
                all.push(read::quota(&asked, scope, &quota, read::usage(&used_asked, &used)?)?);
            }
        }
        Ok(all)
    }

    /// All resources of a list, page after page.
    fn list(&self, path: &str) -> Result<Vec<Value>, ObserveError> {
        let mut resources = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page: Page = read::parse(&path, &self.get(&path)?)?;
            resources.extend(page.resources);
            next = page.pagination.next.map(|link| path_of(&link.href).to_owned());
        }
        Ok(resources)
    }

    /// As [`Self::get`], but what is not there, or is hidden from the user, is null.
    fn get_or_absent(&self, path: &str) -> Result<Value, ObserveError> {
        match self.get(path) {
            // Nothing else means absent: least of all a failure of the platform.
            Err(ObserveError::Refused {
                refusal: Refusal { reason: Reason::NotFound | Reason::NotAuthorized, .. },
                ..
            }) => Ok(Value::Null),
            other => other,
        }
    }

    /// One answer of the API.
    fn get(&self, path: &str) -> Result<Value, ObserveError> {
        let unknown = |why: String| ObserveError::Unknown { path: path.to_owned(), why };
        let call = Invocation::curl_get(path);
        let argv = call.resolve(&|_| None).map_err(|error| unknown(error.to_string()))?;
        let output = self.cf.run(&argv, &call.env, READ, &mut |_, _| {})?;
        match confirm(&Expectation::Json, self.cf.version().dialect(), &output) {
            Verdict::Done | Verdict::AlreadyDone => {
                parse::json(&output.stdout).map_err(|_| unknown(parse::excerpt(&output)))
            }
            Verdict::Refused(refusal) => Err(ObserveError::Refused { path: path.to_owned(), refusal }),
            Verdict::Unknown { .. } if output.stdout.trim().is_empty() => Err(self.why_empty(path)?),
            Verdict::Unknown { why } => Err(unknown(why)),
        }
    }

    /// Why an answer is empty. cf 8.17: `curl` swallows an expired token and an API that cannot be reached, and exits
    /// with 0; another read tells.
    fn why_empty(&self, path: &str) -> Result<ObserveError, ObserveError> {
        let path = path.to_owned();
        let call = Invocation::org_guid(&self.target.org);
        let unknown = |why: String| ObserveError::Unknown { path: path.clone(), why };
        let argv = call.resolve(&|_| None).map_err(|error| unknown(error.to_string()))?;
        let output = self.cf.run(&argv, &call.env, READ, &mut |_, _| {})?;
        Ok(match confirm(&Expectation::Json, self.cf.version().dialect(), &output) {
            Verdict::Refused(refusal) => ObserveError::Refused { path, refusal },
            Verdict::Done | Verdict::AlreadyDone | Verdict::Unknown { .. } => {
                unknown(format!("the answer is empty; {}", parse::excerpt(&output)))
            }
        })
    }
}

/// A query for resources of these names. CC API 3: names in a list are parted by commas, and one that holds a comma itself
/// cannot be asked for; all resources are then, and the caller picks.
fn query_names(path: &str, names: &BTreeSet<String>, pairs: &[(&str, &str)]) -> String {
    if names.iter().any(|name| name.contains(',')) {
        return query(path, pairs);
    }
    let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let mut all = vec![("names", list.as_str())];
    all.extend_from_slice(pairs);
    query(path, &all)
}

/// The path and query of a URL: `cf curl` only asks the targeted API.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or(rest, |at| &rest[at..])
}

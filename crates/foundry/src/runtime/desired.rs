//! Which processes are to run, with how many instances, on which routes, from what.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::platform::Platform;
use crate::runtime::instance::Address;
use crate::runtime::lrp::{LrpKey, SidecarSpec, Spec};
use crate::state::{App, DesiredState, Guid, Process, Route, ServiceBinding, ServiceInstanceKind, State, WEB};

/// The file descriptors that an instance may have. (`instance_file_descriptor_limit`.)
const FILE_DESCRIPTORS: u32 = 16_384;

/// A process that is to run.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) spec: Arc<Spec>,
    pub(super) instances: u32,
    pub(super) routes: Vec<Address>,
}

/// All of them. `known` finds what a version was started from: that does not change while it lives.
pub(super) fn all(db: &State, platform: &Platform, known: impl Fn(&LrpKey) -> Option<Arc<Spec>>) -> Vec<Desired> {
    let started = db.processes.values().filter(|process| process.state == DesiredState::Started);
    started
        .filter_map(|process| {
            let app = db.apps.get(&process.app)?;
            let key = LrpKey { process: process.guid.clone(), version: process.version.clone() };
            let spec = match known(&key) {
                Some(spec) => spec,
                None if process.instances == 0 => return None,
                None => Arc::new(spec(db, platform, app, process, key)?),
            };
            Some(Desired { spec, instances: process.instances, routes: routes(db, process) })
        })
        .collect()
}

/// What a process is started from: its revision where it has one, else what is current. `None` while there is nothing
/// to run.
fn spec(db: &State, platform: &Platform, app: &App, process: &Process, key: LrpKey) -> Option<Spec> {
    let revision = process.revision.as_ref().and_then(|guid| db.revisions.get(guid)).filter(|_| app.features.revisions);
    let droplet = db.droplets.get(revision.map(|revision| &revision.droplet).or(app.droplet.as_ref())?)?;
    let from_droplet = || droplet.command(&process.kind).map(ToOwned::to_owned);
    let command = match revision {
        Some(revision) => revision.commands.get(&process.kind).cloned().flatten().or_else(from_droplet),
        None => process.command.clone().or_else(from_droplet),
    };
    // What the command would start is in the image that it stands in for.
    let command = if droplet.stand_in { droplet.command(WEB).map(ToOwned::to_owned) } else { command };
    let command = command.filter(|command| !command.is_empty())?;
    let user = revision.map_or(&app.environment, |revision| &revision.environment);
    // What the platform sets comes after the user's variables and wins, and those over what all apps see.
    // (`cloud_controller_ng`: `diego/environment.rb`.)
    let environment = |memory_in_mb: u64| -> Vec<(String, String)> {
        let mut application = application_environment(db, platform, app, Some(process));
        application["limits"]["mem"] = json!(memory_in_mb);
        let mut environment = db.running_environment.variables.clone();
        environment.extend(user.clone());
        environment.insert("MEMORY_LIMIT".to_owned(), format!("{memory_in_mb}m"));
        environment.insert("VCAP_APPLICATION".to_owned(), application.to_string());
        environment.insert("VCAP_SERVICES".to_owned(), db.services_environment(&app.guid).to_string());
        if let Some(url) = db.database_url(&app.guid) {
            environment.insert("DATABASE_URL".to_owned(), url);
        }
        environment.into_iter().collect()
    };
    // They are the app's as they are now, not those of the revision. (`diego/main_lrp_action_builder.rb`.)
    let sidecars = db.sidecars_beside(process).map(|sidecar| SidecarSpec {
        source: format!("APP/PROC/{}/SIDECAR/{}", process.kind.to_uppercase(), sidecar.name.to_uppercase()),
        command: sidecar.command.clone(),
        environment: environment(sidecar.memory_in_mb.unwrap_or(process.memory_in_mb)),
    });
    Some(Spec {
        app: app.guid.clone(),
        app_name: app.name.clone(),
        key,
        kind: process.kind.clone(),
        droplet: droplet.guid.clone(),
        command,
        environment: environment(process.memory_in_mb.saturating_sub(db.memory_beside(process, None))),
        sidecars: sidecars.collect(),
        memory_in_mb: process.memory_in_mb,
        health: process.health.clone(),
        readiness: process.readiness.clone(),
    })
}

/// What a task of an app sees.
pub(super) fn task_environment(db: &State, platform: &Platform, app: &App, memory_in_mb: u64) -> Vec<(String, String)> {
    let mut environment = db.running_environment.variables.clone();
    environment.extend(app.environment.clone());
    environment.insert("MEMORY_LIMIT".to_owned(), format!("{memory_in_mb}m"));
    environment.insert("VCAP_APPLICATION".to_owned(), application_environment(db, platform, app, None).to_string());
    environment.insert("VCAP_SERVICES".to_owned(), db.services_environment(&app.guid).to_string());
    if let Some(url) = db.database_url(&app.guid) {
        environment.insert("DATABASE_URL".to_owned(), url);
    }
    environment.into_iter().collect()
}

/// `VCAP_APPLICATION`, without what only the cell knows. (`cloud_controller_ng`: `vars_builder.rb`.)
pub(crate) fn application_environment(db: &State, platform: &Platform, app: &App, process: Option<&Process>) -> Value {
    let uris: Vec<String> = db.routes_of(&app.guid).map(|route| db.url_of(route)).collect();
    let space = db.spaces.get(&app.space);
    let org = space.and_then(|space| db.orgs.get(&space.org));
    let mut limits = Map::new();
    limits.insert("fds".to_owned(), json!(FILE_DESCRIPTORS));
    if let Some(process) = process {
        limits.insert("mem".to_owned(), json!(process.memory_in_mb));
        limits.insert("disk".to_owned(), json!(process.disk_in_mb));
    }
    let mut application = json!({
        "cf_api": platform.addresses.api_url(),
        "limits": limits,
        "application_name": app.name,
        "application_uris": uris,
        "name": app.name,
        "space_name": space.map(|space| space.name.as_str()),
        "space_id": app.space,
        "organization_id": org.map(|org| org.guid.as_str()),
        "organization_name": org.map(|org| org.name.as_str()),
        "uris": uris,
    });
    if let (Some(fields), Some(process)) = (application.as_object_mut(), process) {
        fields.insert("process_id".to_owned(), json!(process.guid));
        fields.insert("process_type".to_owned(), json!(process.kind));
        fields.insert("application_id".to_owned(), json!(app.guid));
        fields.insert("version".to_owned(), json!(process.version));
        fields.insert("application_version".to_owned(), json!(process.version));
    } else if let Some(fields) = application.as_object_mut() {
        fields.insert("users".to_owned(), Value::Null);
        fields.insert("application_id".to_owned(), json!(app.guid));
    }
    application
}

/// The routes that lead to a process.
fn routes(db: &State, process: &Process) -> Vec<Address> {
    let leads = db
        .routes
        .values()
        .filter(|route| route.destinations.iter().any(|to| to.app == process.app && to.process == process.kind));
    let address = |route: &Route| match (route.port, db.domains.get(&route.domain)?.router_group.clone()) {
        // What has a port and no router group any more leads nowhere.
        (Some(port), group) => Some(Address::Tcp { group: group.filter(|_| db.is_tcp(&route.domain))?, port }),
        (None, _) => Some(Address::Http {
            host: db.fqdn(route),
            path: route.path.clone(),
            route_service_url: db.route_service_of(&route.guid).map(ToOwned::to_owned),
        }),
    };
    leads.filter_map(address).collect()
}

impl State {
    /// `VCAP_SERVICES`: what is bound to an app, by the name of the offering.
    pub(crate) fn services_environment(&self, app: &Guid) -> Value {
        let mut services: Map<String, Value> = Map::new();
        // What a broker still works on, the app does not see.
        let made = |binding: &&ServiceBinding| {
            binding.last_operation.kind != "create" || binding.last_operation.state == "succeeded"
        };
        let of_app = self.service_bindings.values().filter(|binding| binding.app.as_ref() == Some(app));
        for binding in of_app.filter(made) {
            let Some(instance) = self.service_instances.get(&binding.instance) else { continue };
            let mut service = json!({
                "label": "user-provided",
                "name": binding.name.as_ref().unwrap_or(&instance.name),
                "tags": instance.tags,
                "instance_guid": instance.guid,
                "instance_name": instance.name,
                "binding_guid": binding.guid,
                "binding_name": binding.name,
                "credentials": binding.credentials,
                "volume_mounts": [],
            });
            let drain = match &instance.kind {
                ServiceInstanceKind::UserProvided { syslog_drain_url, .. } => syslog_drain_url.clone(),
                ServiceInstanceKind::Managed { plan } => {
                    let plan = self.service_plans.get(plan);
                    let offering = plan.and_then(|plan| self.service_offerings.get(&plan.offering));
                    service["label"] = json!(offering.map(|offering| offering.name.as_str()));
                    service["plan"] = json!(plan.map(|plan| plan.name.as_str()));
                    service["provider"] = Value::Null;
                    let tags = offering.into_iter().flat_map(|offering| offering.tags.iter());
                    let mut tags: Vec<&String> = tags.chain(&instance.tags).collect();
                    tags.dedup();
                    service["tags"] = json!(tags);
                    None
                }
            };
            service["syslog_drain_url"] = json!(drain);
            let label = service["label"].as_str().unwrap_or_default().to_owned();
            let list = services.entry(label).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(service);
            }
        }
        Value::Object(services)
    }

    /// `DATABASE_URL`: the address of a database that is bound.
    /// (`cloud_controller_ng`: `database_uri_generator.rb`.)
    fn database_url(&self, app: &Guid) -> Option<String> {
        let bindings = self.service_bindings.values().filter(|binding| binding.app.as_ref() == Some(app));
        bindings.filter_map(|binding| binding.credentials.get("uri")?.as_str()).find_map(|uri| {
            let (scheme, rest) = uri.split_once("://")?;
            match scheme {
                "mysql" | "mysql2" => Some(format!("mysql2://{rest}")),
                "postgres" | "postgresql" => Some(format!("postgres://{rest}")),
                _ => None,
            }
        })
    }
}

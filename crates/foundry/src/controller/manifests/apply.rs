//! Makes an app as a manifest says, in the Cloud Controller's order. (`app_apply_manifest.rb`)

use jiff::Timestamp;
use serde_json::json;

use crate::controller::apps::lifecycle_problems;
use crate::controller::auth::Who;
use crate::controller::body::Field;
use crate::controller::destinations::{self, Target};
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::manifests::random;
use crate::controller::manifests::read::{Manifest, ProcessWanted, ServiceWanted};
use crate::controller::manifests::routes::RouteWanted;
use crate::controller::route_options;
use crate::controller::routes::{self, NewRoute};
use crate::controller::sidecars::{self, SidecarWanted};
use crate::controller::{feature_flags, lifecycle, processes, service_credential_bindings};
use crate::platform::Platform;
use crate::state::{Domain, Guid, Protocol, ServiceBinding, Space, State};

/// Applies a manifest to an app. Fails at the first step that fails; what came before stays.
pub(super) fn apply(cf: &Platform, who: &Who, app: &Guid, manifest: &Manifest) -> ApiResult<()> {
    cf.store.write(|db| set_features(db, app, manifest))?;
    for wanted in &manifest.processes {
        cf.store.write(|db| update_process(db, who, app, wanted))?;
    }
    for wanted in &manifest.processes {
        cf.store.write(|db| scale_process(db, who, app, wanted))?;
    }
    for wanted in &manifest.sidecars {
        cf.store.write(|db| update_sidecar(db, app, wanted))?;
    }
    cf.store.write(|db| update_app(db, who, app, manifest))?;
    cf.store.write(|db| update_routes(db, who, app, manifest))?;
    cf.store.write(|db| update_environment(db, who, app, manifest))?;
    for service in &manifest.services {
        cf.store.write(|db| bind(db, who, app, service))?;
    }
    Ok(())
}

fn gone() -> ApiError {
    ApiError::not_found("App")
}

fn set_features(db: &mut State, app: &Guid, manifest: &Manifest) -> ApiResult<()> {
    let features = &mut db.apps.get_mut(app).ok_or_else(gone)?.features;
    for (name, on) in &manifest.features {
        match name.as_str() {
            "ssh" => features.ssh = *on,
            "revisions" => features.revisions = *on,
            "service-binding-k8s" => features.service_binding_k8s = *on,
            _ => features.file_based_vcap_services = *on,
        }
    }
    Ok(())
}

fn update_process(db: &mut State, who: &Who, app: &Guid, wanted: &ProcessWanted) -> ApiResult<()> {
    let known = db.process_of_type(app, &wanted.kind).map(|process| process.guid.clone());
    let trivial = wanted.command == Field::Absent && !wanted.health.is_something() && !wanted.readiness.is_something();
    let guid = match known {
        Some(_) if trivial => return Ok(()),
        Some(guid) => guid,
        None => lifecycle::add_process(db, &who.actor(), app, &wanted.kind, true)?,
    };
    if trivial {
        return Ok(());
    }
    processes::refuse_while_deploying(db, guid.as_str(), app, "update")?;
    let process = db.processes.get_mut(&guid).ok_or_else(|| ApiError::not_found("Process"))?;
    wanted.command.clone().replace(&mut process.command);
    wanted.health.clone().apply(&mut process.health);
    wanted.readiness.clone().apply(&mut process.readiness);
    process.updated_at = Timestamp::now();
    let process = process.clone();
    processes::check(&process)?;
    let data = json!({
        "process_guid": guid,
        "process_type": process.kind,
        "request": {},
        "manifest_triggered": true,
    });
    lifecycle::note(db, "audit.app.process.update", &who.actor(), app, data);
    Ok(())
}

fn scale_process(db: &mut State, who: &Who, app: &Guid, wanted: &ProcessWanted) -> ApiResult<()> {
    let scale = wanted.scale;
    let nothing = scale.instances.is_none()
        && scale.memory_in_mb.is_none()
        && scale.disk_in_mb.is_none()
        && scale.log_rate_limit.is_none();
    if nothing {
        return Ok(());
    }
    let process = db.process_of_type(app, &wanted.kind).map(|process| process.guid.clone());
    processes::rescale(db, &who.actor(), &process.ok_or_else(|| ApiError::not_found("Process"))?, scale, true)
}

/// Changes the sidecar of this name, or makes it. One that the manifest does not name stays.
fn update_sidecar(db: &mut State, app: &Guid, wanted: &SidecarWanted) -> ApiResult<()> {
    let known = db.sidecars_of(app).find(|sidecar| Some(&sidecar.name) == wanted.name.as_ref());
    match known.map(|sidecar| sidecar.guid.clone()) {
        Some(guid) => sidecars::change(db, &guid, wanted.clone())?,
        None => sidecars::create(db, app, wanted.clone())?,
    };
    Ok(())
}

fn update_app(db: &mut State, who: &Who, guid: &Guid, manifest: &Manifest) -> ApiResult<()> {
    let app = db.apps.get_mut(guid).ok_or_else(gone)?;
    if let Some(kind) = manifest.lifecycle {
        app.lifecycle.must_stay(kind).map_err(ApiError::unprocessable)?;
    }
    if let Some(buildpacks) = &manifest.buildpacks {
        app.lifecycle.buildpacks.clone_from(buildpacks);
    }
    if let Some(stack) = &manifest.stack {
        app.lifecycle.stack = Some(stack.clone());
    }
    if let Some(metadata) = manifest.metadata.clone() {
        metadata.apply(&mut app.metadata);
    }
    app.updated_at = Timestamp::now();
    let lifecycle = app.lifecycle.clone();
    let problems = lifecycle_problems(db, &lifecycle);
    if !problems.is_empty() {
        return Err(ApiError::unprocessable(problems.join(", ")));
    }
    if manifest.stack.is_some() {
        let new = !db.builds.values().any(|build| build.app == *guid);
        db.stack_refuses(&lifecycle, new).map_or(Ok(()), |why| Err(ApiError::unprocessable(why)))?;
    }
    let data = json!({ "request": {}, "manifest_triggered": true });
    lifecycle::note(db, "audit.app.update", &who.actor(), guid, data);
    Ok(())
}

fn update_routes(db: &mut State, who: &Who, app: &Guid, manifest: &Manifest) -> ApiResult<()> {
    if manifest.no_route {
        let mapped: Vec<Guid> = db.routes_of(app).map(|route| route.guid.clone()).collect();
        for route in mapped {
            destinations::unmap(db, &who.actor(), &route, |to| to.app == *app, true);
        }
        return Ok(());
    }
    if let Some(routes) = &manifest.routes {
        return map_all(db, who, app, routes);
    }
    if !(manifest.random_route || manifest.default_route) || db.routes_of(app).next().is_some() {
        return Ok(());
    }
    let found = db.apps.get(app).ok_or_else(gone)?;
    let (name, space) = (found.name.clone(), found.space.clone());
    let org = db.spaces.get(&space).map(|space| space.org.clone()).unwrap_or(space);
    let host = if manifest.random_route {
        format!("{name}-{}", random::words())
    } else {
        let prefix = "Failed to create default route from app name:";
        if name.chars().count() > 63 {
            return Err(ApiError::unprocessable(format!("{prefix} Host cannot exceed 63 characters")));
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            return Err(ApiError::unprocessable(format!(
                "{prefix} Host must be either \"*\" or contain only alphanumeric characters, \"_\", or \"-\""
            )));
        }
        name
    };
    let domain = db.default_domain(&org).ok_or_else(|| ApiError::unprocessable("No default domains available"))?;
    let host = format!("{host}.{}", domain.name);
    let route = RouteWanted {
        text: host.clone(),
        host,
        path: String::new(),
        port: None,
        protocol: None,
        options: indexmap::IndexMap::new(),
    };
    map_all(db, who, app, std::slice::from_ref(&route))
}

/// Maps all routes, or none. (`manifest_route_update.rb`)
fn map_all(db: &mut State, who: &Who, app: &Guid, routes: &[RouteWanted]) -> ApiResult<()> {
    let space = db.apps.get(app).and_then(|app| db.spaces.get(&app.space)).cloned().ok_or_else(gone)?;
    let mut found = Vec::new();
    for route in routes {
        found.push((find_or_make(db, who, &space, route).map_err(|error| whose(route, error))?, route));
    }
    for (guid, route) in found {
        let protocol = match route.protocol.as_deref() {
            Some("http2") => Some(Protocol::Http2),
            Some("http1") => Some(Protocol::Http1),
            Some("tcp") => Some(Protocol::Tcp),
            _ => None,
        };
        let mapped = db.routes.get(&guid).and_then(|known| known.destinations.iter().find(|to| to.app == *app));
        match (mapped.map(|to| to.protocol), protocol) {
            (Some(_), None) => continue,
            (Some(now), Some(wanted)) if now == wanted => continue,
            (Some(_), Some(_)) => destinations::unmap(db, &who.actor(), &guid, |to| to.app == *app, true),
            (None, _) => {}
        }
        let target = Target { protocol, ..Target::web(app) };
        destinations::map(db, &who.actor(), &guid, &[target], true).map_err(|error| whose(route, error))?;
    }
    Ok(())
}

fn whose(route: &RouteWanted, mut error: ApiError) -> ApiError {
    for problem in &mut error.problems {
        if problem.code == table::UNPROCESSABLE_ENTITY.0 && !problem.detail.starts_with("No domains exist") {
            problem.detail = format!("For route '{}': {}", route.text, problem.detail);
        }
    }
    error
}

fn find_or_make(db: &mut State, who: &Who, space: &Space, wanted: &RouteWanted) -> ApiResult<Guid> {
    let Some((host, domain)) = place(db, wanted) else {
        return Err(ApiError::unprocessable(format!("No domains exist for route {}", wanted.text)));
    };
    if let Some(route) = db.route_at(&host, &domain.guid, &wanted.path, wanted.port) {
        if route.space != space.guid {
            return Err(ApiError::unprocessable("Routes cannot be mapped to destinations in different spaces"));
        }
        let guid = route.guid.clone();
        if let Some(route) = db.routes.get_mut(&guid) {
            route_options::change(&mut route.options, &wanted.options)?;
        }
        return Ok(guid);
    }
    if !who.is_admin() {
        feature_flags::must_be_enabled(db, "route_creation")?;
    }
    if host == "*" && domain.org.is_none() && !who.is_admin() {
        return Err(ApiError::not_authorized());
    }
    let port = wanted.port.map_or(Field::Null, Field::Is);
    let new = NewRoute { host, path: wanted.path.clone(), port, options: wanted.options.clone() };
    routes::make(db, &who.actor(), space, &domain, new, true)
}

/// Host and domain of a route: the whole name is a domain, or what follows its first dot is one.
fn place(db: &State, wanted: &RouteWanted) -> Option<(String, Domain)> {
    if !wanted.host.starts_with('*')
        && let Some(domain) = db.domain_named(&wanted.host)
    {
        return Some((String::new(), domain.clone()));
    }
    let (host, domain) = wanted.host.split_once('.')?;
    Some((host.to_owned(), db.domain_named(domain)?.clone()))
}

fn update_environment(db: &mut State, who: &Who, app: &Guid, manifest: &Manifest) -> ApiResult<()> {
    let Some(environment) = &manifest.environment else { return Ok(()) };
    let found = db.apps.get_mut(app).ok_or_else(gone)?;
    found.environment.extend(environment.clone());
    found.updated_at = Timestamp::now();
    let data = json!({
        "request": { "environment_variables": "[PRIVATE DATA HIDDEN]" },
        "manifest_triggered": true,
    });
    lifecycle::note(db, "audit.app.update", &who.actor(), app, data);
    Ok(())
}

fn bind(db: &mut State, who: &Who, app: &Guid, wanted: &ServiceWanted) -> ApiResult<()> {
    let space = db.apps.get(app).ok_or_else(gone)?.space.clone();
    let instance = db.service_instances.values().find(|one| one.space == space && one.name == wanted.name).cloned();
    let Some(instance) = instance else {
        return Err(ApiError::new(table::RESOURCE_NOT_FOUND, format!("Service instance '{}' not found", wanted.name)));
    };
    let bound = |binding: &ServiceBinding| binding.app.as_ref() == Some(app) && binding.instance == instance.guid;
    if db.service_bindings.values().any(bound) {
        return Ok(());
    }
    let bound =
        service_credential_bindings::bind(db, &who.actor(), &instance.guid, app, wanted.binding_name.clone(), true);
    bound.map(|_| ()).map_err(|mut error| {
        // As a 422 always: the manifest job wraps whatever went wrong with a binding.
        for problem in &mut error.problems {
            problem.detail = format!("For service '{}': {}", instance.name, problem.detail);
        }
        error
    })
}

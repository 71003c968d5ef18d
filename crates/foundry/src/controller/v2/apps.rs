//! Apps, as v2 has them: an app and its web process are one.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v2/apps` | list, without filters |
//! | `GET /v2/apps/:guid` | show |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use super::{Page, resource};
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::Query;
use crate::controller::{Api, Cf};
use crate::state::{App, BuildState, PackageState, Process, State, WEB, timestamp};

pub(super) fn routes() -> Api {
    Router::new().route("/v2/apps", routing::get(list)).route("/v2/apps/{guid}", routing::get(show))
}

/// (`cloud_controller_ng`: `process_model_presenter.rb`.)
fn present(who: &Who, db: &State, (app, process): (&App, &Process)) -> Value {
    let path = format!("/v2/apps/{}", app.guid);
    let stack = db.stacks.values().find(|stack| app.lifecycle.stack.as_ref() == Some(&stack.name));
    let stack = stack.map(|stack| &stack.guid);
    let droplet = db.current_droplet(&app.guid);
    let used = droplet.and_then(|droplet| droplet.buildpacks.first());
    let detected = used.and_then(|used| db.buildpacks.values().find(|buildpack| buildpack.name == used.name));
    let command = droplet.and_then(|droplet| droplet.command(WEB)).unwrap_or_default();
    let environment = if who.can_write_space(db, &app.space) {
        json!(app.environment)
    } else {
        json!({ "redacted_message": "[PRIVATE DATA HIDDEN]" })
    };
    let Staging { state, failure } = staging(db, app);
    let (reason, description) = failure.and_then(|text| text.split_once(" - ")).unzip();
    let package = db.packages.values().rev().find(|package| package.app == app.guid);
    let docker = package.and_then(|package| package.docker.as_ref());
    let username = docker.and_then(|docker| docker.username.as_ref());
    let mut entity = json!({
        "name": app.name,
        "production": false,
        "space_guid": app.space,
        "stack_guid": stack,
        "buildpack": app.lifecycle.buildpacks.first(),
        "detected_buildpack": used.map(|used| &used.detect_output),
        "detected_buildpack_guid": detected.map(|buildpack| &buildpack.guid),
        "environment_json": environment,
        "memory": process.memory_in_mb,
        "instances": process.instances,
        "disk_quota": process.disk_in_mb,
        "log_rate_limit": process.log_rate_limit,
        "state": process.state,
        "version": process.version,
        "command": process.command,
        "console": false,
        "debug": null,
        "staging_task_id": db.builds.values().rev().find(|build| build.app == app.guid).map(|build| &build.guid),
        "package_state": state,
        "health_check_type": process.health.kind,
        "health_check_timeout": process.health.timeout,
        "health_check_http_endpoint": process.health.endpoint,
        "staging_failed_reason": reason,
        "staging_failed_description": description,
        "diego": true,
        "docker_image": docker.map(|docker| &docker.image),
        "docker_credentials": { "username": username, "password": username.map(|_| "***") },
        "package_updated_at": package.map(|package| timestamp(package.created_at)),
        "detected_start_command": command,
        "enable_ssh": app.features.ssh,
        "ports": [8080],
        "space_url": format!("/v2/spaces/{}", app.space),
    });
    if let Some(stack) = stack {
        entity["stack_url"] = json!(format!("/v2/stacks/{stack}"));
    }
    for relation in ["routes", "events", "service_bindings", "route_mappings"] {
        entity[format!("{relation}_url")] = json!(format!("{path}/{relation}"));
    }
    resource(&app.guid, &path, process.created_at, process.updated_at, &entity)
}

/// How far the making of an app's newest droplet is.
struct Staging<'a> {
    state: &'static str,
    /// Why it failed.
    failure: Option<&'a str>,
}

/// (`cloud_controller_ng`: `package_state_calculator.rb`.)
fn staging<'a>(db: &'a State, app: &App) -> Staging<'a> {
    let package = db.packages.values().rev().find(|package| package.app == app.guid);
    let droplet = db.droplets.values().rev().find(|droplet| droplet.app == app.guid);
    let build = db.builds.values().rev().find(|build| build.app == app.guid);
    let newer = match (package, droplet) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(package), Some(droplet)) => {
            droplet.package.as_ref() != Some(&package.guid) && package.created_at >= droplet.created_at
        }
    };
    if let Some(BuildState::Failed(text)) = build.map(|build| &build.state) {
        return Staging { state: "FAILED", failure: Some(text) };
    }
    if newer && package.is_some_and(|package| package.state == PackageState::Failed) {
        return Staging { state: "FAILED", failure: None };
    }
    let staged = build.is_none_or(|build| matches!(build.state, BuildState::Staged(_)));
    let current = droplet.is_some_and(|droplet| app.droplet.as_ref() == Some(&droplet.guid));
    Staging { state: if staged && current && !newer { "STAGED" } else { "PENDING" }, failure: None }
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::read(&query)?;
    cf.store.read(|db| {
        let visible = db.apps.values().filter(|app| who.can_read_space(db, &app.space));
        let apps: Vec<(&App, &Process)> =
            visible.filter_map(|app| Some((app, db.process_of_type(&app.guid, WEB)?))).collect();
        Ok(page.of("/v2/apps", &apps, |app| present(&who, db, *app)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = db.apps.get(guid.as_str()).and_then(|app| Some((app, db.process_of_type(&app.guid, WEB)?)));
        let Some(app) = app else {
            return Err(ApiError::new(table::APP_NOT_FOUND, format!("The app could not be found: {guid}")));
        };
        who.must(who.can_read_space(db, &app.0.space))?;
        Ok(Json(present(&who, db, app)))
    })
}

//! Deployments: a new version comes instance by instance.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/deployments` | list |
//! | `POST /v3/deployments` | begin one, with a droplet or an older revision |
//! | `GET`, `PATCH /v3/deployments/:guid` | show; metadata |
//! | `POST …/actions/cancel`, `…/actions/continue` | back to what was; past a canary's pause |
//!
//! `create` begins a deployment with a second web process, `updater` takes it on as its instances become routable.

mod create;
mod updater;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::{log, readable, writable};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, action, href, lifecycle, metadata};
use crate::platform::Platform;
use crate::state::{Deployment, DeploymentState, Guid, Metadata, State, Strategy, timestamp};

pub(crate) use updater::run;

const LIST: Spec = Spec::new(&["app_guids", "states", "status_reasons", "status_values"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/deployments", routing::get(list).post(create))
        .route("/v3/deployments/{guid}", routing::get(show).patch(update))
        .route("/v3/deployments/{guid}/actions/cancel", routing::post(cancel))
        .route("/v3/deployments/{guid}/actions/continue", routing::post(go_on))
}

fn word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Deploying => "DEPLOYING",
        DeploymentState::Prepaused => "PREPAUSED",
        DeploymentState::Paused => "PAUSED",
        DeploymentState::Deployed => "DEPLOYED",
        DeploymentState::Canceling => "CANCELING",
        DeploymentState::Canceled => "CANCELED",
    }
}

fn status(deployment: &Deployment) -> &'static str {
    if deployment.state.is_active() { "ACTIVE" } else { "FINALIZED" }
}

fn present(cf: &Platform, db: &State, deployment: &Deployment) -> Value {
    let path = format!("/v3/deployments/{}", deployment.guid);
    let canary = deployment.strategy == Strategy::Canary;
    let mut shown_status = json!({
        "value": status(deployment),
        "reason": deployment.reason,
        "details": {
            "last_successful_healthcheck": timestamp(deployment.last_healthy_at),
            "last_status_change": timestamp(deployment.status_updated_at),
        },
    });
    let mut options = json!({ "max_in_flight": deployment.max_in_flight });
    let sizes = &deployment.sizes;
    if let Some(instances) = sizes.web_instances {
        options["web_instances"] = json!(instances);
    }
    if let Some(memory) = sizes.memory_in_mb {
        options["memory_in_mb"] = json!(memory);
    }
    if let Some(disk) = sizes.disk_in_mb {
        options["disk_in_mb"] = json!(disk);
    }
    if let Some(rate) = sizes.log_rate_limit {
        options["log_rate_limit_in_bytes_per_second"] = json!(rate);
    }
    if canary {
        let total = deployment.canary_steps.as_ref().map_or(1, Vec::len);
        shown_status["canary"] = json!({ "steps": { "current": deployment.canary_current_step, "total": total } });
        if let Some(steps) = &deployment.canary_steps {
            let steps: Vec<Value> = steps.iter().map(|weight| json!({ "instance_weight": weight })).collect();
            options["canary"] = json!({ "steps": steps });
        }
    }
    let mut links = json!({
        "self": href(cf, &path),
        "app": href(cf, &format!("/v3/apps/{}", deployment.app)),
    });
    if deployment.state.is_active() {
        links["cancel"] = action(cf, &format!("{path}/actions/cancel"), "POST");
    }
    if deployment.state == DeploymentState::Paused {
        links["continue"] = action(cf, &format!("{path}/actions/continue"), "POST");
    }
    let revisions = db.apps.get(&deployment.app).is_some_and(|app| app.features.revisions);
    let revision = deployment.revision.as_ref().filter(|_| revisions);
    let processes = deployment.new_processes.iter().map(|(guid, kind)| json!({ "guid": guid, "type": kind }));
    json!({
        "guid": deployment.guid,
        "created_at": timestamp(deployment.created_at),
        "updated_at": timestamp(deployment.updated_at),
        "status": shown_status,
        "strategy": deployment.strategy.as_str(),
        "options": options,
        "droplet": { "guid": deployment.droplet },
        "previous_droplet": { "guid": deployment.previous_droplet },
        "new_processes": processes.collect::<Vec<_>>(),
        "revision": revision.map(|(guid, version)| json!({ "guid": guid, "version": version })),
        "relationships": { "app": { "data": { "guid": deployment.app } } },
        "metadata": metadata(&deployment.metadata),
        "links": links,
    })
}

fn readable_deployment<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Deployment> {
    let deployment = db.deployments.get(guid).filter(|one| readable(who, db, one.app.as_str()).is_ok());
    deployment.ok_or_else(|| ApiError::not_found("Deployment"))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let deployments = db.deployments.values().filter(|deployment| {
            query.wants("app_guids", deployment.app.as_str())
                && query.wants("states", word(deployment.state))
                && query.wants("status_reasons", &deployment.reason)
                && query.wants("status_values", status(deployment))
                && readable(&who, db, deployment.app.as_str()).is_ok()
        });
        let page = query.page(&cf, "/v3/deployments", deployments);
        Ok(Json(page.present(|deployment| present(&cf, db, deployment))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_deployment(&who, db, &guid).map(|one| Json(present(&cf, db, one))))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    let wanted = create::read(&mut body);
    let change = body.metadata();
    body.finish()?;
    let unusable = "Unable to use app. Ensure that the app exists and you have access to it.";
    cf.store.write(|db| {
        let app = wanted.app.clone().and_then(|app| writable(&who, db, app.as_str()).ok());
        let app = app.ok_or_else(|| ApiError::unprocessable(unusable))?;
        if wanted.revision.is_some() && !db.apps.get(&app).is_some_and(|app| app.features.revisions) {
            return Err(ApiError::unprocessable(
                "Cannot create deployment from a revision for an app without revisions enabled",
            ));
        }
        let mut metadata = Metadata::default();
        change.apply(&mut metadata);
        let guid = create::create(db, &who.actor(), &app, wanted, metadata)?;
        log(&cf, &app, &format!("Creating deployment for app with guid {app}"));
        readable_deployment(&who, db, guid.as_str()).map(|one| (StatusCode::CREATED, Json(present(&cf, db, one))))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let guid = writable_deployment(&who, db, &guid)?.guid;
        let Some(found) = db.deployments.get_mut(&guid) else { return Err(ApiError::not_found("Deployment")) };
        change.apply(&mut found.metadata);
        found.updated_at = Timestamp::now();
        let found = found.clone();
        Ok(Json(present(&cf, db, &found)))
    })
}

fn writable_deployment(who: &Who, db: &State, guid: &str) -> ApiResult<Deployment> {
    let deployment = readable_deployment(who, db, guid)?;
    writable(who, db, deployment.app.as_str())?;
    Ok(deployment.clone())
}

fn refused(verb: &str, deployment: &Deployment) -> ApiError {
    ApiError::unprocessable(format!(
        "Cannot {verb} a deployment with status: {} and reason: {}",
        status(deployment),
        deployment.reason
    ))
}

fn set(db: &mut State, guid: &Guid, state: DeploymentState, reason: &str) {
    if let Some(deployment) = db.deployments.get_mut(guid) {
        deployment.state = state;
        updater::set_reason(deployment, reason);
    }
}

async fn cancel(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let deployment = writable_deployment(&who, db, &guid)?;
        if !deployment.state.is_active() {
            return Err(refused("cancel", &deployment));
        }
        let previous = deployment.previous_droplet.clone().unwrap_or_else(|| Guid::from(""));
        lifecycle::assign_droplet(db, &who.actor(), &deployment.app, previous.as_str())?;
        let data = json!({ "deployment_guid": deployment.guid, "droplet_guid": deployment.droplet });
        lifecycle::note(db, "audit.app.deployment.cancel", &who.actor(), &deployment.app, data);
        log(&cf, &deployment.app, &format!("Cancelling deployment for app with guid {}", deployment.app));
        set(db, &deployment.guid, DeploymentState::Canceling, "CANCELING");
        Ok(StatusCode::OK)
    })
}

async fn go_on(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let deployment = writable_deployment(&who, db, &guid)?;
        if deployment.state != DeploymentState::Paused {
            return Err(refused("continue", &deployment));
        }
        let data = json!({ "deployment_guid": deployment.guid, "droplet_guid": deployment.droplet });
        lifecycle::note(db, "audit.app.deployment.continue", &who.actor(), &deployment.app, data);
        log(&cf, &deployment.app, &format!("Continuing deployment for app with guid {}", deployment.app));
        let step = deployment.canary_current_step.unwrap_or(1);
        if deployment.canary_steps.as_ref().is_some_and(|steps| step < steps.len()) {
            if let Some(deployment) = db.deployments.get_mut(&deployment.guid) {
                deployment.canary_current_step = Some(step + 1);
            }
            set(db, &deployment.guid, DeploymentState::Prepaused, "DEPLOYING");
        } else {
            set(db, &deployment.guid, DeploymentState::Deploying, "DEPLOYING");
        }
        Ok(StatusCode::OK)
    })
}

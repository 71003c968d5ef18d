//! Deployments: a new version comes instance by instance.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/deployments` | list |
//! | `GET /v3/deployments/:guid` | show |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::foundry::controller::apps::readable;
use crate::foundry::controller::auth::Who;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, action, href, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{Deployment, DeploymentState, State, Strategy, timestamp};

const LIST: Spec = Spec::new(&["app_guids", "states", "status_reasons", "status_values"]);

pub(super) fn routes() -> Api {
    Router::new().route("/v3/deployments", routing::get(list)).route("/v3/deployments/{guid}", routing::get(show))
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

//! What is set on an app beside itself.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/apps/:guid/env` | all variables that the app sees, by where they come from |
//! | `GET`, `PATCH …/environment_variables` | the user's variables |
//! | `GET …/features`, `GET`, `PATCH …/features/:name` | the switches |
//! | `GET …/ssh_enabled` | whether `cf ssh` is allowed, and why not |
//! | `PATCH`, `GET …/relationships/current_droplet` | what runs at the next start |
//! | `GET …/droplets/current` | the same as a droplet |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::apps::{log, readable, variable_problems, writable};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::{Api, Cf, droplets, href, lifecycle};
use crate::platform::Platform;
use crate::runtime::application_environment;
use crate::state::{App, Features, Guid};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/apps/{guid}/env", routing::get(env))
        .route("/v3/apps/{guid}/environment_variables", routing::get(show_variables).patch(update_variables))
        .route("/v3/apps/{guid}/features", routing::get(list_features))
        .route("/v3/apps/{guid}/features/{name}", routing::get(show_feature).patch(update_feature))
        .route("/v3/apps/{guid}/ssh_enabled", routing::get(ssh_enabled))
        .route(
            "/v3/apps/{guid}/relationships/current_droplet",
            routing::get(current_droplet_relationship).patch(assign_current_droplet),
        )
        .route("/v3/apps/{guid}/droplets/current", routing::get(current_droplet))
}

async fn env(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let app = readable(&who, db, &guid)?.clone();
        Who::must(who.can_write_space(db, &app.space))?;
        lifecycle::note(db, "audit.app.environment.show", &who.actor(), &app.guid, json!({}));
        Ok(Json(json!({
            "staging_env_json": db.staging_environment.variables,
            "running_env_json": db.running_environment.variables,
            "environment_variables": app.environment,
            "system_env_json": { "VCAP_SERVICES": db.services_environment(&app.guid) },
            "application_env_json": { "VCAP_APPLICATION": application_environment(db, &cf, &app, None) },
        })))
    })
}

fn present_variables(cf: &Platform, app: &App) -> Value {
    let path = format!("/v3/apps/{}", app.guid);
    json!({
        "var": app.environment,
        "links": { "self": href(cf, &format!("{path}/environment_variables")), "app": href(cf, &path) },
    })
}

async fn show_variables(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let app = readable(&who, db, &guid)?.clone();
        Who::must(who.can_write_space(db, &app.space))?;
        lifecycle::note(db, "audit.app.environment_variables.show", &who.actor(), &app.guid, json!({}));
        Ok(Json(present_variables(&cf, &app)))
    })
}

/// Reads `var`: environment variables to set; `None` is null, which unsets. Notes what is wrong with them.
/// (`cloud_controller_ng`: `update_environment_variables_message.rb`.)
pub(super) fn read_variables(body: &mut Message) -> IndexMap<String, Option<String>> {
    body.only(&["var"]);
    let mut read = IndexMap::new();
    for (key, value) in body.object("var").value().unwrap_or_default() {
        if key.is_empty() {
            body.problem("Var key must be a minimum length of 1");
            continue;
        }
        for problem in variable_problems(&key) {
            body.problem(format!("Var {problem}"));
        }
        match value {
            Value::Null => {
                read.insert(key, None);
            }
            Value::String(text) => {
                read.insert(key, Some(text));
            }
            other => {
                body.problem(format!("Non-string value in environment variable for key '{key}', value '{other}'"));
            }
        }
    }
    read
}

/// Sets and unsets environment variables.
pub(super) fn patch(environment: &mut IndexMap<String, String>, change: IndexMap<String, Option<String>>) {
    for (key, value) in change {
        match value {
            Some(value) => {
                environment.insert(key, value);
            }
            None => {
                environment.shift_remove(&key);
            }
        }
    }
}

async fn update_variables(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    mut body: Message,
) -> ApiResult<Json<Value>> {
    let app = cf.store.read(|db| writable(&who, db, &guid))?;
    let variables = read_variables(&mut body);
    body.finish()?;
    cf.store.write(|db| {
        let Some(found) = db.apps.get_mut(&app) else { return Err(ApiError::not_found("App")) };
        patch(&mut found.environment, variables);
        found.updated_at = Timestamp::now();
        let answer = present_variables(&cf, found);
        let request = json!({ "environment_variables": "[PRIVATE DATA HIDDEN]" });
        lifecycle::note(db, "audit.app.update", &who.actor(), &app, json!({ "request": request }));
        log(&cf, &app, &format!("Updated app with guid {app} ({request})"));
        Ok(Json(answer))
    })
}

/// The switches with their descriptions. (CC API 3.195.)
fn present_features(features: Features) -> [(&'static str, &'static str, bool); 4] {
    [
        ("ssh", "Enable SSHing into the app.", features.ssh),
        ("revisions", "Enable versioning of an application", features.revisions),
        ("service-binding-k8s", "Enable k8s service bindings for the app", features.service_binding_k8s),
        (
            "file-based-vcap-services",
            "Enable file-based VCAP service bindings for the app",
            features.file_based_vcap_services,
        ),
    ]
}

fn feature_of(features: Features, name: &str) -> ApiResult<Value> {
    let found = present_features(features).into_iter().find(|(known, ..)| *known == name);
    let (name, description, enabled) = found.ok_or_else(|| ApiError::not_found("Feature"))?;
    Ok(json!({ "name": name, "description": description, "enabled": enabled }))
}

async fn list_features(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let resources: Vec<Value> = present_features(app.features)
            .into_iter()
            .map(|(name, description, enabled)| json!({ "name": name, "description": description, "enabled": enabled }))
            .collect();
        Ok(Json(json!({ "resources": resources, "pagination": {} })))
    })
}

async fn show_feature(Shared(cf): Cf, who: Who, Path((guid, name)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| feature_of(readable(&who, db, &guid)?.features, &name).map(Json))
}

async fn update_feature(
    Shared(cf): Cf,
    who: Who,
    Path((guid, name)): Path<(String, String)>,
    mut body: Message,
) -> ApiResult<Json<Value>> {
    let app = cf.store.read(|db| {
        feature_of(readable(&who, db, &guid)?.features, &name)?;
        writable(&who, db, &guid)
    })?;
    body.only(&["enabled"]);
    let enabled = body.boolean("enabled").value();
    if enabled.is_none() {
        body.problem("Enabled must be a boolean");
    }
    body.finish()?;
    let enabled = enabled.unwrap_or_default();
    cf.store.write(|db| {
        let Some(found) = db.apps.get_mut(&app) else { return Err(ApiError::not_found("App")) };
        match name.as_str() {
            "ssh" => found.features.ssh = enabled,
            "revisions" => found.features.revisions = enabled,
            "service-binding-k8s" => found.features.service_binding_k8s = enabled,
            _ => found.features.file_based_vcap_services = enabled,
        }
        feature_of(found.features, &name).map(Json)
    })
}

async fn ssh_enabled(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let space = db.spaces.get(&app.space).filter(|space| !space.ssh);
        let reason = match space {
            Some(space) => format!("ssh is disabled for space '{}'", space.name),
            None if !app.features.ssh => "ssh is disabled for app".to_owned(),
            None => String::new(),
        };
        Ok(Json(json!({ "enabled": reason.is_empty(), "reason": reason })))
    })
}

fn present_relationship(cf: &Platform, app: &Guid, droplet: &Guid) -> Value {
    let path = format!("/v3/apps/{app}");
    json!({
        "data": { "guid": droplet },
        "links": {
            "self": href(cf, &format!("{path}/relationships/current_droplet")),
            "related": href(cf, &format!("{path}/droplets/current")),
        },
    })
}

async fn assign_current_droplet(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    body: Message,
) -> ApiResult<Json<Value>> {
    let none = Map::new();
    let data = body.raw("data").and_then(Value::as_object).unwrap_or(&none);
    let droplet = data.get("guid").and_then(Value::as_str).map(ToOwned::to_owned);
    if body.has("data") && droplet.is_none() {
        return Err(ApiError::unprocessable("Current droplet cannot be removed. Replace it with a preferred droplet."));
    }
    let droplet = droplet.unwrap_or_default();
    cf.store.write(|db| {
        let app = writable(&who, db, &guid)?;
        if db.active_deployments(&app).any(|deployment| deployment.state.is_progressing()) {
            return Err(ApiError::unprocessable(
                "Unable to assign current droplet while the app has a deployment in progress. Wait for the deployment to \
                 complete or cancel it.",
            ));
        }
        lifecycle::assign_droplet(db, &who.actor(), &app, &droplet)?;
        log(&cf, &app, &format!("Updated app with guid {app} ({{\"droplet_guid\"=>\"{droplet}\"}})"));
        Ok(Json(present_relationship(&cf, &app, &Guid::from(droplet.as_str()))))
    })
}

async fn current_droplet_relationship(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let droplet = db.current_droplet(&app.guid).ok_or_else(|| ApiError::not_found("Droplet"))?;
        Ok(Json(present_relationship(&cf, &app.guid, &droplet.guid)))
    })
}

async fn current_droplet(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let droplet = db.current_droplet(&app.guid).ok_or_else(|| ApiError::not_found("Droplet"))?;
        Ok(Json(droplets::present(&cf, droplet)))
    })
}

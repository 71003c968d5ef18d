//! Environment variables that all apps see.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET`, `PATCH /v3/environment_variable_groups/:name` | `running` or `staging`; changed by administrators only |
//!
//! The group `running` is part of what processes and tasks see from their next start. No buildpack here looks at the
//! other.

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::app_settings::{patch, read_variables};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::{Api, Cf, href};
use crate::platform::Platform;
use crate::state::{EnvironmentGroup, timestamp};

pub(super) fn routes() -> Api {
    Router::new().route("/v3/environment_variable_groups/{name}", routing::get(show).patch(update))
}

fn present(cf: &Platform, name: &str, group: &EnvironmentGroup) -> Value {
    json!({
        "updated_at": group.updated_at.map(timestamp),
        "name": name,
        "var": group.variables,
        "links": { "self": href(cf, &format!("/v3/environment_variable_groups/{name}")) },
    })
}

fn not_found() -> ApiError {
    ApiError::not_found("Environment variable group")
}

async fn show(Shared(cf): Cf, _who: Who, Path(name): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let group = match name.as_str() {
            "running" => &db.running_environment,
            "staging" => &db.staging_environment,
            _ => return Err(not_found()),
        };
        Ok(Json(present(&cf, &name, group)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(name): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    let variables = read_variables(&mut body);
    body.finish()?;
    Who::must(who.is_admin())?;
    cf.store.write(|db| {
        let group = match name.as_str() {
            "running" => &mut db.running_environment,
            "staging" => &mut db.staging_environment,
            _ => return Err(not_found()),
        };
        patch(&mut group.variables, variables);
        group.updated_at = Some(Timestamp::now());
        Ok(Json(present(&cf, &name, group)))
    })
}

//! Buildpacks: those that a fresh foundation has, by name; nothing can be uploaded.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/buildpacks` | list |
//! | `GET`, `PATCH /v3/buildpacks/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::body::Message;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, action, href, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{Buildpack, timestamp};

const LIST: Spec = Spec::new(&["stacks", "names", "lifecycle"]).ordered(&["position", "lifecycle"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/buildpacks", routing::get(list))
        .route("/v3/buildpacks/{guid}", routing::get(show).patch(update))
}

fn present(cf: &Platform, buildpack: &Buildpack) -> Value {
    let path = format!("/v3/buildpacks/{}", buildpack.guid);
    json!({
        "guid": buildpack.guid,
        "created_at": timestamp(buildpack.created_at),
        "updated_at": timestamp(buildpack.updated_at),
        "name": buildpack.name,
        "stack": buildpack.stack,
        "state": "READY",
        "lifecycle": "buildpack",
        "filename": buildpack.filename,
        "position": buildpack.position,
        "enabled": buildpack.enabled,
        "locked": buildpack.locked,
        "metadata": metadata(&buildpack.metadata),
        "links": { "self": href(cf, &path), "upload": action(cf, &format!("{path}/upload"), "POST") },
    })
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    if query.get("lifecycle").is_some_and(|lifecycle| !matches!(lifecycle, "buildpack" | "cnb")) {
        return Err(ApiError::bad_query("Lifecycle must be either \"buildpack\" or \"cnb\""));
    }
    cf.store.read(|db| {
        // They are kept in the order of their position, which is the default here.
        let buildpacks = db.buildpacks.values().filter(|buildpack| {
            query.wants_name("names", &buildpack.name)
                && query.wants("stacks", buildpack.stack.as_deref().unwrap_or_default())
                && query.wants("lifecycle", "buildpack")
        });
        Ok(Json(query.page(&cf, "/v3/buildpacks", buildpacks).present(|buildpack| present(&cf, buildpack))))
    })
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let buildpack = db.buildpacks.get(guid.as_str()).ok_or_else(|| ApiError::not_found("Buildpack"))?;
        Ok(Json(present(&cf, buildpack)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    who.must(who.is_admin())?;
    if ["name", "stack", "position", "enabled", "locked"].into_iter().any(|field| body.has(field)) {
        return Err(ApiError::not_implemented("Changing more of a buildpack than its metadata"));
    }
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let buildpack = db.buildpacks.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Buildpack"))?;
        body.finish()?;
        change.apply(&mut buildpack.metadata);
        Ok(Json(present(&cf, buildpack)))
    })
}

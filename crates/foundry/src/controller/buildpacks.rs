//! Buildpacks: those that a fresh foundation has. Others cannot be uploaded: nothing here could run them.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/buildpacks` | list |
//! | `GET`, `PATCH /v3/buildpacks/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, action, href, metadata};
use crate::platform::Platform;
use crate::state::{Buildpack, State, timestamp};

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
        "filename": format!("{}-{}.zip", buildpack.name, buildpack.stack),
        "position": buildpack.position,
        "enabled": true,
        "locked": false,
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
        // The order of their positions is the default here.
        let buildpacks = db.buildpacks.values().filter(|buildpack| {
            query.wants_name("names", &buildpack.name)
                && query.wants("stacks", &buildpack.stack)
                && query.wants("lifecycle", "buildpack")
        });
        Ok(Json(query.page(&cf, "/v3/buildpacks", buildpacks).present(|buildpack| present(&cf, buildpack))))
    })
}

fn find<'a>(db: &'a State, guid: &str) -> ApiResult<&'a Buildpack> {
    db.buildpacks.get(guid).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("Buildpack")
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(db, &guid).map(|buildpack| Json(present(&cf, buildpack))))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        find(db, &guid)?;
        Who::must(who.is_admin())?;
        if ["name", "stack", "position", "enabled", "locked"].iter().any(|key| body.has(key)) {
            return Err(ApiError::not_implemented("Changing more of a buildpack than its metadata"));
        }
        body.only(&["metadata"]);
        let change = body.metadata();
        body.finish()?;
        let buildpack = db.buildpacks.get_mut(guid.as_str()).ok_or_else(not_found)?;
        change.apply(&mut buildpack.metadata);
        buildpack.updated_at = Timestamp::now();
        Ok(Json(present(&cf, buildpack)))
    })
}

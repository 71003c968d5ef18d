//! Stacks.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/stacks` | list |
//! | `GET`, `PATCH /v3/stacks/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::body::Message;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, href, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{Stack, timestamp};

const LIST: Spec = Spec::new(&["names", "default"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new().route("/v3/stacks", routing::get(list)).route("/v3/stacks/{guid}", routing::get(show).patch(update))
}

fn present(cf: &Platform, stack: &Stack) -> Value {
    json!({
        "guid": stack.guid,
        "created_at": timestamp(stack.created_at),
        "updated_at": timestamp(stack.updated_at),
        "name": stack.name,
        "description": stack.description,
        "run_rootfs_image": stack.name,
        "build_rootfs_image": stack.name,
        "default": stack.default,
        "metadata": metadata(&stack.metadata),
        "links": { "self": href(cf, &format!("/v3/stacks/{}", stack.guid)) },
    })
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let stacks = db.stacks.values().filter(|stack| {
            query.wants_name("names", &stack.name)
                && query.wants("default", if stack.default { "true" } else { "false" })
        });
        Ok(Json(query.page(&cf, "/v3/stacks", stacks).present(|stack| present(&cf, stack))))
    })
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let stack = db.stacks.get(guid.as_str()).ok_or_else(|| ApiError::not_found("Stack"))?;
        Ok(Json(present(&cf, stack)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    who.must(who.is_admin())?;
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let stack = db.stacks.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Stack"))?;
        body.finish()?;
        change.apply(&mut stack.metadata);
        Ok(Json(present(&cf, stack)))
    })
}

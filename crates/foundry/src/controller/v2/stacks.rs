//! Stacks of v2.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v2/stacks` | list |

use axum::extract::State as Shared;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use super::{Page, resource};
use crate::controller::auth::Who;
use crate::controller::error::ApiResult;
use crate::controller::list::Query;
use crate::controller::{Api, Cf};
use crate::state::Stack;

pub(super) fn routes() -> Api {
    Router::new().route("/v2/stacks", routing::get(list))
}

fn present(stack: &Stack) -> Value {
    let entity = json!({
        "name": stack.name,
        "description": stack.description,
        "build_rootfs_image": stack.name,
        "run_rootfs_image": stack.name,
    });
    resource(&stack.guid, &format!("/v2/stacks/{}", stack.guid), stack.created_at, stack.updated_at, &entity)
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::read(&query)?;
    cf.store.read(|db| {
        let stacks: Vec<&Stack> = db.stacks.values().collect();
        Ok(page.of("/v2/stacks", &stacks, |stack| present(stack)))
    })
}

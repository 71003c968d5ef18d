//! Stacks.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET`, `POST /v3/stacks` | list; create |
//! | `GET`, `PATCH`, `DELETE /v3/stacks/:guid` | show; state and metadata; delete one that no app names |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href, metadata};
use crate::platform::Platform;
use crate::state::{Guid, Metadata, Stack, StackState, State, timestamp};

const LIST: Spec = Spec::new(&["names", "default"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/stacks", routing::get(list).post(create))
        .route("/v3/stacks/{guid}", routing::get(show).patch(update).delete(destroy))
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
        "state": stack.state,
        "state_reason": stack.state_reason,
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

/// (`stack_update_message.rb`)
fn read_state(body: &mut Message) -> (Option<StackState>, Field<String>) {
    let known = |word: &Value| StackState::ALL.into_iter().find(|state| word.as_str() == Some(state.as_str()));
    let state = body.raw("state").map(known);
    if state == Some(None) {
        body.problem("State must be one of ACTIVE, RESTRICTED, DEPRECATED, DISABLED");
    }
    let reason = body.string("state_reason");
    if let Field::Is(text) = &reason
        && text.chars().count() > 5000
    {
        body.problem("State reason is too long (maximum is 5000 characters)");
    }
    (state.flatten(), reason)
}

fn find<'a>(db: &'a State, guid: &str) -> ApiResult<&'a Stack> {
    db.stacks.get(guid).ok_or_else(|| ApiError::not_found("Stack"))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    Who::must(who.is_admin())?;
    let name = body.name(250);
    let description = body.string("description").value();
    if description.as_ref().is_some_and(|text| text.chars().count() > 250) {
        body.problem("Description is too long (maximum is 250 characters)");
    }
    let (state, state_reason) = read_state(&mut body);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let name = name.trim();
        if db.stacks.values().any(|stack| stack.name.eq_ignore_ascii_case(name)) {
            return Err(ApiError::unprocessable("Name must be unique"));
        }
        let now = Timestamp::now();
        let mut stack = Stack {
            guid: Guid::random(),
            name: name.to_owned(),
            description,
            default: false,
            state: state.unwrap_or_default(),
            state_reason: state_reason.value(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        change.apply(&mut stack.metadata);
        let answer = present(&cf, &stack);
        db.stacks.insert(stack.guid.clone(), stack);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(db, &guid).map(|stack| Json(present(&cf, stack))))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    Who::must(who.is_admin())?;
    body.only(&["state", "state_reason", "metadata"]);
    let (state, state_reason) = read_state(&mut body);
    let change = body.metadata();
    cf.store.write(|db| {
        let stack = db.stacks.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Stack"))?;
        body.finish()?;
        change.apply(&mut stack.metadata);
        stack.state = state.unwrap_or(stack.state);
        match state_reason {
            Field::Absent => {}
            Field::Null => stack.state_reason = None,
            Field::Is(reason) => stack.state_reason = Some(reason),
        }
        Ok(Json(present(&cf, stack)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let stack = find(db, &guid)?.clone();
        Who::must(who.is_admin())?;
        if db.apps.values().any(|app| app.lifecycle.stack.as_ref() == Some(&stack.name)) {
            return Err(ApiError::unprocessable(format!(
                "Cannot delete stack '{}' because apps are currently using the stack.",
                stack.name
            )));
        }
        db.stacks.shift_remove(&stack.guid);
        Ok(StatusCode::NO_CONTENT)
    })
}

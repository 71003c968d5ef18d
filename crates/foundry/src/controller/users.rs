//! Users that the Cloud Controller knows.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/users` | list |
//! | `POST /v3/users` | make one of UAA's accounts known, by its guid; administrators only |
//! | `GET`, `PATCH /v3/users/:guid` | show; metadata |
//! | `DELETE /v3/users/:guid` | with the user's roles, as a job; the account stays |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href, jobs, metadata};
use crate::platform::Platform;
use crate::state::{Guid, State, User, timestamp};

const LIST: Spec = Spec::new(&["usernames", "partial_usernames", "origins"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/users", routing::get(list).post(create))
        .route("/v3/users/{guid}", routing::get(show).patch(update).delete(destroy))
}

/// A user as the API shows it.
pub(super) fn present(cf: &Platform, user: &User) -> Value {
    json!({
        "guid": user.guid,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        "username": user.account.as_ref().map(|account| &account.name),
        "presentation_name": user.shown(),
        "origin": user.account.as_ref().map(|account| &account.origin),
        "metadata": metadata(&user.metadata),
        "links": { "self": href(cf, &format!("/v3/users/{}", user.guid)) },
    })
}

/// Whether someone may see a user: oneself, and those with a role in an organization where one has a role.
fn visible(who: &Who, db: &State, user: &User) -> bool {
    who.is_admin()
        || user.guid == who.guid()
        || db.roles.values().any(|role| role.user == user.guid && who.can_read_org(db, &role.org))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let users = db.users.values().filter(|user| {
            let (name, origin) =
                user.account.as_ref().map_or(("", ""), |account| (account.name.as_str(), account.origin.as_str()));
            visible(&who, db, user)
                && query.wants_name("usernames", name)
                && query.get("partial_usernames").is_none_or(|parts| parts.split(',').any(|part| name.contains(part)))
                && query.wants("origins", origin)
        });
        Ok(Json(query.page(&cf, "/v3/users", users).present(|user| present(&cf, user))))
    })
}

fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a User> {
    let user = db.users.get(guid).filter(|user| visible(who, db, user));
    user.ok_or_else(|| ApiError::not_found("User"))
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| Ok(Json(present(&cf, find(&who, db, &guid)?))))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["guid", "username", "origin", "metadata"]);
    if body.has("username") || body.has("origin") {
        return Err(ApiError::not_implemented("Creating a user by name, for accounts that UAA does not keep itself"));
    }
    let guid = body.string("guid").value();
    if guid.is_none() {
        body.problem("Guid or 'username' and 'origin' must be provided");
    }
    let change = body.metadata();
    body.finish()?;
    Who::must(who.is_admin())?;
    let guid = guid.unwrap_or_default();
    let name = cf.uaa.name_of(&guid);
    cf.store.write(|db| {
        if db.users.contains_key(guid.as_str()) {
            return Err(ApiError::unprocessable(format!("User with guid '{guid}' already exists.")));
        }
        let mut user = User::new(Guid::from(guid.as_str()), name);
        change.apply(&mut user.metadata);
        let answer = present(&cf, &user);
        db.users.insert(user.guid.clone(), user);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let mut user = find(&who, db, &guid)?.clone();
        Who::must(who.is_admin())?;
        body.finish()?;
        change.apply(&mut user.metadata);
        let answer = present(&cf, &user);
        db.users.insert(user.guid.clone(), user);
        Ok(Json(answer))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let user = cf.store.read(|db| {
        let user = find(&who, db, &guid)?;
        Who::must(who.is_admin())?;
        Ok::<_, ApiError>(user.guid.clone())
    })?;
    Ok(jobs::run(&cf, "user.delete", None, move |db| {
        db.roles.retain(|_, role| role.user != user);
        db.users.shift_remove(&user);
        Ok(Vec::new())
    }))
}

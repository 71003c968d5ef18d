//! Users that the Cloud Controller knows.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/users` | list |
//! | `GET /v3/users/:guid` | show |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, href, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{State, User, timestamp};

const LIST: Spec = Spec::new(&["usernames", "partial_usernames", "origins"]);

pub(super) fn routes() -> Api {
    Router::new().route("/v3/users", routing::get(list)).route("/v3/users/{guid}", routing::get(show))
}

/// A user as the API shows it.
pub(super) fn present(cf: &Platform, user: &User) -> Value {
    json!({
        "guid": user.guid,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        "username": user.name,
        "presentation_name": user.name,
        "origin": user.origin,
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
            visible(&who, db, user)
                && query.wants_name("usernames", &user.name)
                && query
                    .get("partial_usernames")
                    .is_none_or(|parts| parts.split(',').any(|part| user.name.contains(part)))
                && query.wants("origins", &user.origin)
        });
        Ok(Json(query.page(&cf, "/v3/users", users).present(|user| present(&cf, user))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let user = db.users.get(guid.as_str()).filter(|user| visible(&who, db, user));
        Ok(Json(present(&cf, user.ok_or_else(|| ApiError::not_found("User"))?)))
    })
}

//! Service brokers: the built-in one. None can be registered.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_brokers` | list |
//! | `GET`, `PATCH /v3/service_brokers/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href, metadata};
use crate::platform::Platform;
use crate::state::{ServiceBroker, State, timestamp};

const LIST: Spec = Spec::new(&["space_guids", "names"]).ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_brokers", routing::get(list))
        .route("/v3/service_brokers/{guid}", routing::get(show).patch(update))
}

/// A broker as the API shows it.
pub(super) fn present(cf: &Platform, broker: &ServiceBroker) -> Value {
    json!({
        "guid": broker.guid,
        "created_at": timestamp(broker.created_at),
        "updated_at": timestamp(broker.updated_at),
        "name": broker.name,
        "url": broker.url,
        "relationships": {},
        "metadata": metadata(&broker.metadata),
        "links": {
            "self": href(cf, &format!("/v3/service_brokers/{}", broker.guid)),
            "service_offerings": href(cf, &format!("/v3/service_offerings?service_broker_guids={}", broker.guid)),
        },
    })
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        // Only administrators see brokers that belong to no space.
        let visible = who.is_admin() && query.get("space_guids").is_none();
        let brokers = db.service_brokers.values().filter(|broker| visible && query.wants_name("names", &broker.name));
        Ok(Json(query.page(&cf, "/v3/service_brokers", brokers).present(|broker| present(&cf, broker))))
    })
}

/// A broker that the user may see; 404 for others.
fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a ServiceBroker> {
    db.service_brokers.get(guid).filter(|_| who.is_admin()).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("Service broker")
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(&who, db, &guid).map(|broker| Json(present(&cf, broker))))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    if ["name", "url", "authentication"].iter().any(|key| body.has(key)) {
        return Err(ApiError::not_implemented("Changing more of the built-in service broker than its metadata"));
    }
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        find(&who, db, &guid)?;
        let broker = db.service_brokers.get_mut(guid.as_str()).ok_or_else(not_found)?;
        change.apply(&mut broker.metadata);
        Ok(Json(present(&cf, broker)))
    })
}

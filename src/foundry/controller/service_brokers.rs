//! Service brokers: the one that is built in.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_brokers` | list |
//! | `GET`, `PATCH /v3/service_brokers/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::foundry::controller::auth::Who;
use crate::foundry::controller::body::Message;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, href, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{ServiceBroker, timestamp};

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

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let broker = db.service_brokers.get(guid.as_str()).filter(|_| who.is_admin());
        Ok(Json(present(&cf, broker.ok_or_else(|| ApiError::not_found("Service broker"))?)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    if ["name", "url", "authentication"].into_iter().any(|field| body.has(field)) {
        return Err(ApiError::not_implemented("Changing more of a service broker than its metadata"));
    }
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let broker = db.service_brokers.get_mut(guid.as_str()).filter(|_| who.is_admin());
        let broker = broker.ok_or_else(|| ApiError::not_found("Service broker"))?;
        body.finish()?;
        change.apply(&mut broker.metadata);
        Ok(Json(present(&cf, broker)))
    })
}

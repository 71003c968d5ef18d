//! Service offerings: what the broker has in its catalog, for everyone.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_offerings` | list |
//! | `GET`, `PATCH /v3/service_offerings/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::fields::{Allowed, Fields};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href, metadata, service_brokers, to_one};
use crate::platform::Platform;
use crate::state::{ServiceOffering, State, timestamp};

const LIST: Spec = Spec::new(&[
    "available",
    "fields",
    "broker_catalog_ids",
    "service_broker_guids",
    "service_broker_names",
    "names",
    "space_guids",
    "organization_guids",
])
.ordered(&["name"]);

const FIELDS: &[Allowed] = &[("service_broker", &["guid", "name"])];

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_offerings", routing::get(list))
        .route("/v3/service_offerings/{guid}", routing::get(show).patch(update))
}

/// An offering as the API shows it.
pub(super) fn present(cf: &Platform, offering: &ServiceOffering) -> Value {
    let path = format!("/v3/service_offerings/{}", offering.guid);
    json!({
        "guid": offering.guid,
        "created_at": timestamp(offering.created_at),
        "updated_at": timestamp(offering.updated_at),
        "name": offering.name,
        "description": offering.description,
        "available": true,
        "tags": offering.tags,
        "requires": [],
        "shareable": false,
        "documentation_url": "",
        "broker_catalog": {
            "id": offering.guid,
            "metadata": {},
            "features": {
                "plan_updateable": false,
                "bindable": true,
                "instances_retrievable": false,
                "bindings_retrievable": false,
                "allow_context_updates": false,
            },
        },
        "relationships": { "service_broker": to_one(Some(&offering.broker)) },
        "metadata": metadata(&offering.metadata),
        "links": {
            "self": href(cf, &path),
            "service_plans": href(cf, &format!("/v3/service_plans?service_offering_guids={}", offering.guid)),
            "service_broker": href(cf, &format!("/v3/service_brokers/{}", offering.broker)),
        },
    })
}

/// The name of the broker of an offering.
fn broker_name<'a>(db: &'a State, offering: &ServiceOffering) -> &'a str {
    db.service_brokers.get(&offering.broker).map_or("", |broker| broker.name.as_str())
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let fields = Fields::read(&query, FIELDS)?;
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let offerings = db.service_offerings.values().filter(|offering| {
            query.wants_name("names", &offering.name)
                && query.wants("available", "true")
                && query.wants("broker_catalog_ids", offering.guid.as_str())
                && query.wants("service_broker_guids", offering.broker.as_str())
                && query.wants_name("service_broker_names", broker_name(db, offering))
        });
        let page = query.page(&cf, "/v3/service_offerings", offerings);
        let brokers = page.records.iter().filter_map(|offering| db.service_brokers.get(&offering.broker));
        let brokers = brokers.map(|broker| service_brokers::present(&cf, broker));
        let answer = page.present(|offering| present(&cf, offering));
        Ok(Json(fields.include(answer, "service_broker", "service_brokers", brokers)))
    })
}

fn not_found() -> ApiError {
    ApiError::not_found("Service offering")
}

fn find<'a>(db: &'a State, guid: &str) -> ApiResult<&'a ServiceOffering> {
    db.service_offerings.get(guid).ok_or_else(not_found)
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields"])?;
    let fields = Fields::read(&query, FIELDS)?;
    cf.store.read(|db| {
        let offering = find(db, &guid)?;
        let broker = db.service_brokers.get(&offering.broker).map(|broker| service_brokers::present(&cf, broker));
        Ok(Json(fields.include(present(&cf, offering), "service_broker", "service_brokers", broker.into_iter())))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        find(db, &guid)?;
        Who::must(who.is_admin())?;
        body.finish()?;
        let offering = db.service_offerings.get_mut(guid.as_str()).ok_or_else(not_found)?;
        change.apply(&mut offering.metadata);
        Ok(Json(present(&cf, offering)))
    })
}

//! Service offerings: what brokers have in their catalogs. Users see those with a plan that they see.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_offerings` | list |
//! | `GET`, `PATCH`, `DELETE /v3/service_offerings/:guid` | show; metadata; delete one without plans, or with `purge` all of it |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::fields::{Allowed, Fields};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, broker, href, metadata, service_brokers, service_plans, to_one};
use crate::platform::Platform;
use crate::state::{Guid, Party, ServiceInstance, ServiceOffering, ServicePlan, State, timestamp};

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
        .route("/v3/service_offerings/{guid}", routing::get(show).patch(update).delete(destroy))
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
        "available": offering.available,
        "tags": offering.tags,
        "requires": offering.requires,
        "shareable": is_shareable(offering),
        "documentation_url": offering.catalog_metadata.get("documentationUrl").and_then(Value::as_str).unwrap_or_default(),
        "broker_catalog": {
            "id": offering.catalog_id,
            "metadata": offering.catalog_metadata,
            "features": offering.features,
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

/// Whether instances can be shared with other spaces.
pub(super) fn is_shareable(offering: &ServiceOffering) -> bool {
    offering.catalog_metadata.get("shareable") == Some(&Value::Bool(true))
}

/// The plans of an offering.
fn plans<'a>(db: &'a State, offering: &'a ServiceOffering) -> impl Iterator<Item = &'a ServicePlan> {
    db.service_plans.values().filter(move |plan| plan.offering == offering.guid)
}

fn is_visible(who: &Who, db: &State, offering: &ServiceOffering) -> bool {
    who.is_admin() || plans(db, offering).any(|plan| service_plans::is_visible(who, db, plan))
}

/// The name of the broker of an offering.
fn broker_name<'a>(db: &'a State, offering: &ServiceOffering) -> &'a str {
    db.service_brokers.get(&offering.broker).map_or("", |broker| broker.name.as_str())
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let fields = Fields::read(&query, FIELDS)?;
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let offerings = db.service_offerings.values().filter(|offering| {
            is_visible(&who, db, offering)
                && query.wants_name("names", &offering.name)
                && query.wants("available", if offering.available { "true" } else { "false" })
                && query.wants("broker_catalog_ids", &offering.catalog_id)
                && service_plans::wanted_somewhere(&query, db, plans(db, offering))
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

/// An offering that the user may see; 404 for others.
fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a ServiceOffering> {
    db.service_offerings.get(guid).filter(|offering| is_visible(who, db, offering)).ok_or_else(not_found)
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields"])?;
    let fields = Fields::read(&query, FIELDS)?;
    cf.store.read(|db| {
        let offering = find(&who, db, &guid)?;
        let broker = db.service_brokers.get(&offering.broker).map(|broker| service_brokers::present(&cf, broker));
        Ok(Json(fields.include(present(&cf, offering), "service_broker", "service_brokers", broker.into_iter())))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        find(&who, db, &guid)?;
        who.must(who.is_admin())?;
        body.finish()?;
        let offering = db.service_offerings.get_mut(guid.as_str()).ok_or_else(not_found)?;
        change.apply(&mut offering.metadata);
        Ok(Json(present(&cf, offering)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<StatusCode> {
    query.only(&["purge"])?;
    let purge = query.get("purge") == Some("true");
    cf.store.write(|db| {
        let offering = find(&who, db, &guid)?.clone();
        who.must(who.is_admin())?;
        let plans: Vec<Guid> = plans(db, &offering).map(|plan| plan.guid.clone()).collect();
        if !purge && !plans.is_empty() {
            return Err(ApiError::unprocessable("Please delete the service_plans associations for your services."));
        }
        // The broker is not asked.
        let instances: Vec<ServiceInstance> = db
            .service_instances
            .values()
            .filter(|instance| instance.plan().is_some_and(|plan| plans.contains(plan)))
            .cloned()
            .collect();
        for instance in instances {
            broker::remove(db, &who, &instance, "purge");
        }
        db.service_plans.retain(|guid, _| !plans.contains(guid));
        db.service_offerings.shift_remove(&offering.guid);
        let target = Party::new("service", &offering.guid, &offering.name);
        let done = if purge { "audit.service.purge" } else { "audit.service.delete" };
        db.record(done, who.actor(), target, None, json!({}));
        Ok(StatusCode::NO_CONTENT)
    })
}

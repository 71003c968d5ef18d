//! Service plans: what the broker has in its catalog, for everyone.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_plans` | list; includes offerings |
//! | `GET`, `PATCH /v3/service_plans/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::fields::{Allowed, Fields};
use crate::controller::list::{ListQuery, Query, Spec, with_included};
use crate::controller::{Api, Cf, href, metadata, service_brokers, service_offerings, to_one};
use crate::platform::Platform;
use crate::state::{Guid, ServiceBroker, ServiceOffering, ServicePlan, State, timestamp};

const LIST: Spec = Spec::new(&[
    "available",
    "fields",
    "broker_catalog_ids",
    "names",
    "organization_guids",
    "service_broker_guids",
    "service_broker_names",
    "service_instance_guids",
    "service_offering_guids",
    "service_offering_names",
    "space_guids",
    "include",
])
.including(&["space.organization", "service_offering"])
.ordered(&["name"]);

const FIELDS: &[Allowed] = &[("service_offering.service_broker", &["guid", "name"])];

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_plans", routing::get(list))
        .route("/v3/service_plans/{guid}", routing::get(show).patch(update))
}

/// A plan as the API shows it.
pub(super) fn present(cf: &Platform, plan: &ServicePlan) -> Value {
    let path = format!("/v3/service_plans/{}", plan.guid);
    json!({
        "guid": plan.guid,
        "created_at": timestamp(plan.created_at),
        "updated_at": timestamp(plan.updated_at),
        "name": plan.name,
        "visibility_type": "public",
        "available": true,
        "free": plan.free,
        "costs": [],
        "description": plan.description,
        "maintenance_info": {},
        "broker_catalog": {
            "id": plan.guid,
            "metadata": {},
            "maximum_polling_duration": null,
            "features": { "bindable": true, "plan_updateable": false },
        },
        "schemas": {
            "service_instance": { "create": { "parameters": {} }, "update": { "parameters": {} } },
            "service_binding": { "create": { "parameters": {} } },
        },
        "relationships": { "service_offering": to_one(Some(&plan.offering)) },
        "metadata": metadata(&plan.metadata),
        "links": {
            "self": href(cf, &path),
            "service_offering": href(cf, &format!("/v3/service_offerings/{}", plan.offering)),
            "visibility": href(cf, &format!("{path}/visibility")),
        },
    })
}

/// The offering and the broker of a plan.
pub(super) fn origin<'a>(db: &'a State, plan: &ServicePlan) -> Option<(&'a ServiceOffering, &'a ServiceBroker)> {
    let offering = db.service_offerings.get(&plan.offering)?;
    Some((offering, db.service_brokers.get(&offering.broker)?))
}

/// A plan of which an instance can be made.
pub(super) fn offered<'a>(db: &'a State, plan: &Guid) -> ApiResult<&'a ServicePlan> {
    db.service_plans.get(plan).ok_or_else(|| {
        ApiError::unprocessable(
            "Invalid service plan. Ensure that the service plan exists, is available, and you have access to it.",
        )
    })
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let fields = Fields::read(&query, FIELDS)?;
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let plans = db.service_plans.values().filter(|plan| {
            let Some((offering, broker)) = origin(db, plan) else { return false };
            let instances = db.service_instances.values().filter(|instance| instance.plan() == Some(&plan.guid));
            query.wants_name("names", &plan.name)
                && query.wants("available", "true")
                && query.wants("broker_catalog_ids", plan.guid.as_str())
                && query.wants("service_offering_guids", offering.guid.as_str())
                && query.wants_name("service_offering_names", &offering.name)
                && query.wants("service_broker_guids", broker.guid.as_str())
                && query.wants_name("service_broker_names", &broker.name)
                && query.wants_any("service_instance_guids", instances.map(|instance| instance.guid.as_str()))
        });
        let page = query.page(&cf, "/v3/service_plans", plans);
        let origins = || page.records.iter().filter_map(|plan| origin(db, plan));
        let mut answer = page.present(|plan| present(&cf, plan));
        if query.includes("service_offering") {
            let offerings = origins().map(|(offering, _)| service_offerings::present(&cf, offering));
            answer = with_included(answer, "service_offerings", offerings);
        }
        if query.includes("space.organization") {
            // Only plans of a space's own broker have a space; there are none.
            answer = with_included(answer, "spaces", std::iter::empty());
            answer = with_included(answer, "organizations", std::iter::empty());
        }
        let brokers = origins().map(|(_, broker)| service_brokers::present(&cf, broker));
        Ok(Json(fields.include(answer, "service_offering.service_broker", "service_brokers", brokers)))
    })
}

fn find<'a>(db: &'a State, guid: &str) -> ApiResult<&'a ServicePlan> {
    db.service_plans.get(guid).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("Service plan")
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields", "include"])?;
    let fields = Fields::read(&query, FIELDS)?;
    let include = query.include(LIST.include)?;
    cf.store.read(|db| {
        let plan = find(db, &guid)?;
        let mut answer = present(&cf, plan);
        let (offering, broker) = origin(db, plan).unzip();
        if include.iter().any(|one| one == "service_offering") {
            let offering = offering.map(|offering| service_offerings::present(&cf, offering));
            answer = with_included(answer, "service_offerings", offering.into_iter());
        }
        let broker = broker.map(|broker| service_brokers::present(&cf, broker));
        Ok(Json(fields.include(answer, "service_offering.service_broker", "service_brokers", broker.into_iter())))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let plan = db.service_plans.get_mut(guid.as_str()).ok_or_else(not_found)?;
        Who::must(who.is_admin())?;
        body.finish()?;
        change.apply(&mut plan.metadata);
        plan.updated_at = Timestamp::now();
        Ok(Json(present(&cf, plan)))
    })
}

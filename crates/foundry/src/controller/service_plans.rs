//! Service plans: what brokers have in their catalogs. Administrators see all of them.
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
use crate::state::{Guid, ServiceBroker, ServiceFeatures, ServiceOffering, ServicePlan, State, Visibility, timestamp};

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
pub(super) fn present(cf: &Platform, db: &State, plan: &ServicePlan) -> Value {
    let path = format!("/v3/service_plans/{}", plan.guid);
    json!({
        "guid": plan.guid,
        "created_at": timestamp(plan.created_at),
        "updated_at": timestamp(plan.updated_at),
        "name": plan.name,
        "visibility_type": visibility_type(plan),
        "available": plan.available,
        "free": plan.free,
        "costs": costs(plan),
        "description": plan.description,
        "maintenance_info": plan.maintenance_info,
        "broker_catalog": {
            "id": plan.catalog_id,
            "metadata": plan.catalog_metadata,
            "maximum_polling_duration": plan.maximum_polling_duration,
            "features": features(db, plan),
        },
        "schemas": {
            "service_instance": {
                "create": { "parameters": schema(plan, ["service_instance", "create"]) },
                "update": { "parameters": schema(plan, ["service_instance", "update"]) },
            },
            "service_binding": { "create": { "parameters": schema(plan, ["service_binding", "create"]) } },
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

pub(super) fn visibility_type(plan: &ServicePlan) -> &'static str {
    match &plan.visibility {
        Visibility::Public => "public",
        Visibility::Admin => "admin",
        Visibility::Organizations(_) => "organization",
    }
}

/// What can be done with instances: as the plan says, else as its offering.
pub(super) fn is_bindable(db: &State, plan: &ServicePlan) -> bool {
    plan.bindable.unwrap_or_else(|| of_offering(db, plan).bindable)
}

fn features(db: &State, plan: &ServicePlan) -> Value {
    let plan_updateable = plan.plan_updateable.unwrap_or_else(|| of_offering(db, plan).plan_updateable);
    json!({ "bindable": is_bindable(db, plan), "plan_updateable": plan_updateable })
}

fn of_offering(db: &State, plan: &ServicePlan) -> ServiceFeatures {
    db.service_offerings.get(&plan.offering).map(|offering| offering.features).unwrap_or_default()
}

/// What a plan costs; nothing where the catalog does not say it in the right form.
/// (`cloud_controller_ng`: `service_plan_presenter.rb`.)
fn costs(plan: &ServicePlan) -> Vec<Value> {
    let read = || {
        let mut costs = Vec::new();
        for cost in plan.catalog_metadata.get("costs")?.as_array()? {
            let unit = cost.get("unit")?.as_str()?;
            for (currency, amount) in cost.get("amount")?.as_object()? {
                costs.push(json!({ "currency": currency.to_uppercase(), "amount": amount.as_f64()?, "unit": unit }));
            }
        }
        Some(costs)
    };
    read().unwrap_or_default()
}

/// A schema that the catalog has, such as that for creating a service instance.
fn schema(plan: &ServicePlan, [resource, operation]: [&str; 2]) -> Value {
    let found = plan.schemas.get(resource).and_then(|resource| resource.get(operation)?.get("parameters"));
    found.cloned().unwrap_or_else(|| json!({}))
}

/// Whether the user may see a plan.
pub(super) fn is_visible(who: &Who, db: &State, plan: &ServicePlan) -> bool {
    who.is_admin()
        || match &plan.visibility {
            Visibility::Public => true,
            Visibility::Admin => false,
            Visibility::Organizations(orgs) => orgs.iter().any(|org| who.can_read_org(db, org)),
        }
}

/// Whether instances of a plan can be made in an organization.
pub(super) fn is_offered_in(plan: &ServicePlan, org: &Guid) -> bool {
    match &plan.visibility {
        Visibility::Public => true,
        Visibility::Admin => false,
        Visibility::Organizations(orgs) => orgs.contains(org),
    }
}

/// Whether one of these plans is offered in the organizations and in the spaces that a list asks for.
pub(super) fn wanted_somewhere<'a>(
    query: &ListQuery,
    db: &State,
    mut plans: impl Iterator<Item = &'a ServicePlan>,
) -> bool {
    let orgs = query.values("organization_guids");
    let spaces = query.values("space_guids").map(|spaces| {
        let orgs = spaces.iter().filter_map(|space| db.spaces.get(space.as_str()).map(|space| space.org.to_string()));
        orgs.collect::<Vec<_>>()
    });
    if orgs.is_none() && spaces.is_none() {
        return true;
    }
    plans.any(|plan| {
        let offered = |orgs: &Vec<String>| {
            matches!(plan.visibility, Visibility::Public)
                || orgs.iter().any(|org| is_offered_in(plan, &Guid::from(org.as_str())))
        };
        orgs.as_ref().is_none_or(offered) && spaces.as_ref().is_none_or(offered)
    })
}

/// The offering and the broker of a plan.
pub(super) fn origin<'a>(db: &'a State, plan: &ServicePlan) -> Option<(&'a ServiceOffering, &'a ServiceBroker)> {
    let offering = db.service_offerings.get(&plan.offering)?;
    Some((offering, db.service_brokers.get(&offering.broker)?))
}

/// A plan of which an instance can be made in a space, and whether its broker is reached over http.
pub(super) fn offered<'a>(db: &'a State, who: &Who, space: &Guid, plan: &Guid) -> ApiResult<(&'a ServicePlan, bool)> {
    let refuse = |text: String| Err(ApiError::unprocessable(format!("Invalid service plan. {text}")));
    let found = db.service_plans.get(plan).filter(|plan| is_visible(who, db, plan));
    let found = found.and_then(|plan| Some((plan, origin(db, plan)?.1)));
    let Some((plan, broker)) = found else {
        return refuse("Ensure that the service plan exists, is available, and you have access to it.".to_owned());
    };
    let (name, guid) = (&plan.name, &plan.guid);
    if !plan.available {
        return refuse(format!(
            "The service plan '{name}' with guid '{guid}' has been removed from the service broker's catalog. It is not \
             possible to create new service instances using this plan."
        ));
    }
    let space = db.spaces.get(space);
    if let Some(space) = space.filter(|space| !is_offered_in(plan, &space.org)) {
        return refuse(format!(
            "This could be due to a space-scoped broker which is offering the service plan '{name}' with guid '{guid}' in \
             another space or that the plan is not enabled in this organization. Ensure that the service plan is visible \
             in your current space '{}' with guid '{}'.",
            space.name, space.guid
        ));
    }
    if broker.synchronizing {
        return Err(ApiError::unprocessable(
            "The service instance cannot be created because there is an operation in progress for the service broker.",
        ));
    }
    Ok((plan, broker.login.is_some()))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let fields = Fields::read(&query, FIELDS)?;
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let plans = db.service_plans.values().filter(|plan| {
            let Some((offering, broker)) = origin(db, plan) else { return false };
            let instances = db.service_instances.values().filter(|instance| instance.plan() == Some(&plan.guid));
            is_visible(&who, db, plan)
                && wanted_somewhere(&query, db, std::iter::once(*plan))
                && query.wants_name("names", &plan.name)
                && query.wants("available", if plan.available { "true" } else { "false" })
                && query.wants("broker_catalog_ids", &plan.catalog_id)
                && query.wants("service_offering_guids", offering.guid.as_str())
                && query.wants_name("service_offering_names", &offering.name)
                && query.wants("service_broker_guids", broker.guid.as_str())
                && query.wants_name("service_broker_names", &broker.name)
                && query.wants_any("service_instance_guids", instances.map(|instance| instance.guid.as_str()))
        });
        let page = query.page(&cf, "/v3/service_plans", plans);
        let origins = || page.records.iter().filter_map(|plan| origin(db, plan));
        let mut answer = page.present(|plan| present(&cf, db, plan));
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

/// A plan that the user may see; 404 for others.
pub(super) fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a ServicePlan> {
    db.service_plans
        .get(guid)
        .filter(|plan| is_visible(who, db, plan))
        .ok_or_else(|| ApiError::not_found("Service plan"))
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields", "include"])?;
    let fields = Fields::read(&query, FIELDS)?;
    let include = query.include(LIST.include)?;
    cf.store.read(|db| {
        let plan = find(&who, db, &guid)?;
        let mut answer = present(&cf, db, plan);
        let (offering, broker) = origin(db, plan).unzip();
        if include.iter().any(|one| one == "service_offering") {
            let offering = offering.map(|offering| service_offerings::present(&cf, offering));
            answer = with_included(answer, "service_offerings", offering.into_iter());
        }
        let broker = broker.map(|broker| service_brokers::present(&cf, broker));
        Ok(Json(fields.include(answer, "service_offering.service_broker", "service_brokers", broker.into_iter())))
    })
}

/// Changes a plan that the user may change, and shows it.
pub(super) fn change(
    cf: &Platform,
    who: &Who,
    db: &mut State,
    guid: &str,
    change: impl FnOnce(&mut ServicePlan),
) -> ApiResult<Value> {
    let mut plan = find(who, db, guid)?.clone();
    who.must(who.is_admin())?;
    change(&mut plan);
    plan.updated_at = Timestamp::now();
    let answer = present(cf, db, &plan);
    db.service_plans.insert(plan.guid.clone(), plan);
    Ok(answer)
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let asked = body.metadata();
    cf.store.write(|db| {
        find(&who, db, &guid)?;
        who.must(who.is_admin())?;
        body.finish()?;
        change(&cf, &who, db, &guid, |plan| asked.apply(&mut plan.metadata)).map(Json)
    })
}

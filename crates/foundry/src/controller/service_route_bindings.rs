//! Bindings of routes to route services. Only user-provided instances can be such services: the built-in broker has
//! none.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_route_bindings` | list; includes routes and service instances |
//! | `POST /v3/service_route_bindings` | bind |
//! | `GET`, `PATCH /v3/service_route_bindings/:guid` | show; metadata |
//! | `DELETE /v3/service_route_bindings/:guid` | unbind |
//! | `GET …/parameters` | not supported by user-provided instances |
//!
//! The routers are told of a binding, and answer as a gorouter without support for route services does.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::{ListQuery, Query, Spec, with_included};
use crate::controller::service_instances::{self, present_operation};
use crate::controller::{Api, Cf, href, metadata, routes as routes_api, to_one};
use crate::platform::Platform;
use crate::state::{
    Guid, Metadata, Operation, Party, Route, RouteBinding, ServiceInstance, ServiceInstanceKind, State, timestamp,
};

const LIST: Spec = Spec::new(&["service_instance_guids", "service_instance_names", "route_guids", "include"])
    .including(&["route", "service_instance"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_route_bindings", routing::get(list).post(create))
        .route("/v3/service_route_bindings/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/service_route_bindings/{guid}/parameters", routing::get(parameters))
}

fn present(cf: &Platform, binding: &RouteBinding) -> Value {
    json!({
        "guid": binding.guid,
        "route_service_url": binding.route_service_url,
        "created_at": timestamp(binding.created_at),
        "updated_at": timestamp(binding.updated_at),
        "last_operation": present_operation(&binding.last_operation),
        "metadata": metadata(&binding.metadata),
        "relationships": {
            "service_instance": to_one(Some(&binding.instance)),
            "route": to_one(Some(&binding.route)),
        },
        "links": {
            "self": href(cf, &format!("/v3/service_route_bindings/{}", binding.guid)),
            "service_instance": href(cf, &format!("/v3/service_instances/{}", binding.instance)),
            "route": href(cf, &format!("/v3/routes/{}", binding.route)),
        },
    })
}

/// A binding and the space of its route, where the user may see it; 404 for others.
fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<(&'a RouteBinding, &'a Guid)> {
    let found = db.route_bindings.get(guid).and_then(|binding| {
        let space = &db.routes.get(&binding.route)?.space;
        who.can_read_space(db, space).then_some((binding, space))
    });
    found.ok_or_else(|| ApiError::not_found("Service route binding"))
}

fn include<'a>(
    cf: &Platform,
    db: &State,
    asks: impl Fn(&str) -> bool,
    bindings: impl Iterator<Item = &'a RouteBinding> + Clone,
    mut answer: Value,
) -> Value {
    if asks("route") {
        let found = bindings.clone().filter_map(|binding| db.routes.get(&binding.route));
        answer = with_included(answer, "routes", found.map(|route| routes_api::present(cf, db, route)));
    }
    if asks("service_instance") {
        let found = bindings.filter_map(|binding| db.service_instances.get(&binding.instance));
        let found = found.map(|instance| service_instances::present(cf, instance));
        answer = with_included(answer, "service_instances", found);
    }
    answer
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let wanted = |binding: &&RouteBinding| {
            let instance = db.service_instances.get(&binding.instance);
            instance.is_some_and(|instance| {
                who.can_read_space(db, &instance.space)
                    && query.wants("service_instance_guids", instance.guid.as_str())
                    && query.wants_name("service_instance_names", &instance.name)
                    && query.wants("route_guids", binding.route.as_str())
            })
        };
        let page = query.page(&cf, "/v3/service_route_bindings", db.route_bindings.values().filter(wanted));
        let answer = page.present(|binding| present(&cf, binding));
        Ok(Json(include(&cf, db, |name| query.includes(name), page.records.iter().copied(), answer)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let included = query.only_include(LIST.include)?;
    let asks = |name: &str| included.iter().any(|one| one == name);
    cf.store.read(|db| {
        let (binding, _) = find(&who, db, &guid)?;
        Ok(Json(include(&cf, db, asks, std::iter::once(binding), present(&cf, binding))))
    })
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["relationships", "parameters", "metadata"]);
    let instance = body.needs_one("service_instance");
    let route = body.needs_one("route");
    let has_parameters = body.has("parameters");
    body.object("parameters");
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let missing =
            |what: &str, guid: &Guid| ApiError::unprocessable(format!("The {what} could not be found: {guid}"));
        let service = db.service_instances.get(&instance).filter(|one| who.can_read_space(db, &one.space));
        let service = service.ok_or_else(|| missing("service instance", &instance))?;
        who.must_write_space(db, &service.space)?;
        let route = db
            .routes
            .get(&route)
            .filter(|one| who.can_read_space(db, &one.space))
            .ok_or_else(|| missing("route", &route))?;
        if service.plan().is_none() && has_parameters {
            return Err(ApiError::unprocessable(
                "Binding parameters are not supported for user-provided service instances",
            ));
        }
        let mut binding = bind(db, service, route)?;
        change.apply(&mut binding.metadata);
        let answer = present(&cf, &binding);
        note(db, &who, &binding, "create");
        db.route_bindings.insert(binding.guid.clone(), binding);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

/// A binding, after the checks of the Cloud Controller in its order. (`ServiceRouteBindingCreate`)
fn bind(db: &State, instance: &ServiceInstance, route: &Route) -> ApiResult<RouteBinding> {
    let refuse = |text: &str| Err(ApiError::unprocessable(text));
    let ServiceInstanceKind::UserProvided { route_service_url: Some(url), .. } = &instance.kind else {
        return refuse("This service instance does not support route binding");
    };
    if db.domains.get(&route.domain).is_some_and(|domain| domain.internal) {
        return refuse("Route services cannot be bound to internal routes");
    }
    if route.space != instance.space {
        return refuse("The service instance and the route are in different spaces");
    }
    match db.route_bindings.values().find(|binding| binding.route == route.guid) {
        None => {}
        Some(binding) if binding.instance == instance.guid => {
            return Err(ApiError::new(
                table::SERVICE_INSTANCE_ALREADY_BOUND_TO_SAME_ROUTE,
                "The route and service instance are already bound.",
            ));
        }
        Some(_) => return refuse("A route may only be bound to a single service instance"),
    }
    let now = Timestamp::now();
    Ok(RouteBinding {
        guid: Guid::random(),
        instance: instance.guid.clone(),
        route: route.guid.clone(),
        route_service_url: url.clone(),
        last_operation: Operation::now("create", "succeeded", ""),
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    })
}

/// (`ServiceGenericBindingEventRepository`)
fn note(db: &mut State, who: &Who, binding: &RouteBinding, done: &str) {
    let target = Party::new("service_route_binding", &binding.guid, "");
    let space = db.routes.get(&binding.route).map(|route| route.space.clone());
    let data = json!({ "request": { "route_guid": binding.route, "service_instance_guid": binding.instance } });
    db.record(&format!("audit.service_route_binding.{done}"), who.actor(), target, space.as_ref(), data);
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let (binding, space) = find(&who, db, &guid)?;
        who.must_write_space(db, space)?;
        body.finish()?;
        let mut binding = binding.clone();
        change.apply(&mut binding.metadata);
        binding.updated_at = Timestamp::now();
        let answer = present(&cf, &binding);
        note(db, &who, &binding, "update");
        db.route_bindings.insert(binding.guid.clone(), binding);
        Ok(Json(answer))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let (binding, space) = find(&who, db, &guid)?;
        who.must_write_space(db, space)?;
        let binding = binding.clone();
        note(db, &who, &binding, "delete");
        db.route_bindings.shift_remove(&binding.guid);
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn parameters(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiError {
    match cf.store.read(|db| find(&who, db, &guid).map(|_| ())) {
        Ok(()) => {
            ApiError::bad_request("user provided service instances do not support fetching route bindings parameters.")
        }
        Err(error) => error,
    }
}

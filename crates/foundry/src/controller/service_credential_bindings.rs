//! Bindings of service instances to apps, and service keys.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_credential_bindings` | list; includes apps and service instances |
//! | `POST /v3/service_credential_bindings` | bind: 201 for user-provided instances, a job for managed ones |
//! | `GET`, `PATCH /v3/service_credential_bindings/:guid` | show; metadata |
//! | `DELETE /v3/service_credential_bindings/:guid` | unbind: 204 for user-provided instances, a job for managed ones |
//! | `GET …/details` | the credentials |
//! | `GET …/parameters` | the broker does not tell them |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::{ListQuery, Query, Spec, with_included};
use crate::controller::service_instances::{self, present_operation};
use crate::controller::{Api, Cf, apps, href, jobs, lifecycle, metadata, service_plans, to_one};
use crate::platform::Platform;
use crate::state::{
    App, Guid, Metadata, Operation, Party, ServiceBinding, ServiceInstance, ServiceInstanceKind, State, timestamp,
};

const LIST: Spec = Spec::new(&[
    "names",
    "service_instance_guids",
    "service_instance_names",
    "service_plan_names",
    "service_plan_guids",
    "service_offering_names",
    "service_offering_guids",
    "app_guids",
    "app_names",
    "include",
    "type",
])
.including(&["app", "service_instance"])
.ordered(&["name"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_credential_bindings", routing::get(list).post(create))
        .route("/v3/service_credential_bindings/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/service_credential_bindings/{guid}/details", routing::get(details))
        .route("/v3/service_credential_bindings/{guid}/parameters", routing::get(parameters))
}

fn present(cf: &Platform, db: &State, binding: &ServiceBinding) -> Value {
    let path = format!("/v3/service_credential_bindings/{}", binding.guid);
    let mut relationships = json!({ "service_instance": to_one(Some(&binding.instance)) });
    let mut links = json!({
        "self": href(cf, &path),
        "details": href(cf, &format!("{path}/details")),
        "service_instance": href(cf, &format!("/v3/service_instances/{}", binding.instance)),
    });
    if db.service_instances.get(&binding.instance).is_some_and(|instance| instance.plan().is_some()) {
        links["parameters"] = href(cf, &format!("{path}/parameters"));
    }
    if let Some(app) = &binding.app {
        relationships["app"] = to_one(Some(app));
        links["app"] = href(cf, &format!("/v3/apps/{app}"));
    }
    json!({
        "guid": binding.guid,
        "created_at": timestamp(binding.created_at),
        "updated_at": timestamp(binding.updated_at),
        "name": binding.name,
        "type": type_of(binding),
        "last_operation": present_operation(&binding.last_operation),
        "metadata": metadata(&binding.metadata),
        "relationships": relationships,
        "links": links,
    })
}

fn type_of(binding: &ServiceBinding) -> &'static str {
    if binding.app.is_some() { "app" } else { "key" }
}

/// Where a binding is: in the space of its app, or, as a key, in that of the instance.
fn space_of<'a>(db: &'a State, binding: &ServiceBinding) -> Option<&'a Guid> {
    match &binding.app {
        Some(app) => db.apps.get(app).map(|app| &app.space),
        None => db.service_instances.get(&binding.instance).map(|instance| &instance.space),
    }
}

fn is_visible(who: &Who, db: &State, binding: &ServiceBinding) -> bool {
    space_of(db, binding).is_some_and(|space| who.can_read_space(db, space))
}

/// A binding and its instance, where the user may see them; 404 for others.
fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<(&'a ServiceBinding, &'a ServiceInstance)> {
    let found = db.service_bindings.get(guid).and_then(|binding| {
        let instance = db.service_instances.get(&binding.instance)?;
        is_visible(who, db, binding).then_some((binding, instance))
    });
    found.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("Service credential binding")
}

fn wanted(query: &ListQuery, db: &State, binding: &ServiceBinding) -> bool {
    let Some(instance) = db.service_instances.get(&binding.instance) else { return false };
    let plan = instance.plan().and_then(|plan| db.service_plans.get(plan));
    let offering = plan.and_then(|plan| service_plans::origin(db, plan)).map(|(offering, _)| offering);
    let app = binding.app.as_ref().and_then(|app| db.apps.get(app));
    query.wants("type", type_of(binding))
        && query.wants_any("names", binding.name.iter().map(String::as_str))
        && query.wants("service_instance_guids", instance.guid.as_str())
        && query.wants_name("service_instance_names", &instance.name)
        && query.wants_any("service_plan_names", plan.iter().map(|plan| plan.name.as_str()))
        && query.wants_any("service_plan_guids", plan.iter().map(|plan| plan.guid.as_str()))
        && query.wants_any("service_offering_names", offering.iter().map(|offering| offering.name.as_str()))
        && query.wants_any("service_offering_guids", offering.iter().map(|offering| offering.guid.as_str()))
        && query.wants_any("app_guids", binding.app.iter().map(Guid::as_str))
        && query.wants_any("app_names", app.iter().map(|app| app.name.as_str()))
}

fn include<'a>(
    cf: &Platform,
    db: &State,
    resources: [bool; 2],
    bindings: impl Iterator<Item = &'a ServiceBinding> + Clone,
    mut answer: Value,
) -> Value {
    let [apps, instances] = resources;
    if apps {
        let found = bindings.clone().filter_map(|binding| db.apps.get(binding.app.as_ref()?));
        answer = with_included(answer, "apps", found.map(|app| apps::present(cf, app)));
    }
    if instances {
        let found = bindings.filter_map(|binding| db.service_instances.get(&binding.instance));
        let found = found.map(|instance| service_instances::present(cf, instance));
        answer = with_included(answer, "service_instances", found);
    }
    answer
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let bindings = db.service_bindings.values();
        let bindings = bindings.filter(|binding| wanted(&query, db, binding) && is_visible(&who, db, binding));
        let page = query.page(&cf, "/v3/service_credential_bindings", bindings);
        let answer = page.present(|binding| present(&cf, db, binding));
        let resources = [query.includes("app"), query.includes("service_instance")];
        Ok(Json(include(&cf, db, resources, page.records.iter().copied(), answer)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let included = query.only_include(LIST.include)?;
    let asks = |name: &str| included.iter().any(|one| one == name);
    cf.store.read(|db| {
        let (binding, _) = find(&who, db, &guid)?;
        let resources = [asks("app"), asks("service_instance")];
        Ok(Json(include(&cf, db, resources, std::iter::once(binding), present(&cf, db, binding))))
    })
}

/// A binding of an instance to an app, not yet made. Fails where the Cloud Controller does: other spaces, an instance
/// in the making, an app that is bound already, a name that is taken.
fn prepared(db: &State, instance: &Guid, app: &Guid, name: Option<String>) -> ApiResult<ServiceBinding> {
    let refuse = |text: &str| Err(ApiError::unprocessable(text));
    let (Some(instance), Some(app)) = (db.service_instances.get(instance), db.apps.get(app)) else {
        return refuse("No app was specified");
    };
    if instance.space != app.space {
        return refuse("The service instance and the app are in different spaces");
    }
    if instance.plan().is_some() && instance.last_operation.as_ref().is_some_and(Operation::in_progress) {
        return refuse("There is an operation in progress for the service instance");
    }
    let of_app = || db.service_bindings.values().filter(|binding| binding.app.as_ref() == Some(&app.guid));
    if of_app().any(|binding| binding.instance == instance.guid) {
        return refuse("The app is already bound to the service instance");
    }
    if let Some(name) = &name
        && of_app().any(|binding| binding.name.as_ref() == Some(name))
    {
        return Err(ApiError::unprocessable(format!(
            "The binding name is invalid. Binding names must be unique for a given service instance and app. The app \
             already has a binding with name '{name}'."
        )));
    }
    Ok(new(instance, Some(app), name))
}

/// Binds an instance to an app, as [`prepared`] allows it; a manifest binds so, too.
pub(crate) fn bind(
    db: &mut State,
    actor: &Party,
    instance: &Guid,
    app: &Guid,
    name: Option<String>,
    by_manifest: bool,
) -> ApiResult<Guid> {
    let binding = prepared(db, instance, app, name)?;
    let guid = binding.guid.clone();
    let mut data = json!({ "request": {
        "type": "app",
        "name": binding.name,
        "relationships": {
            "app": to_one(binding.app.as_ref()),
            "service_instance": to_one(Some(&binding.instance)),
        },
    } });
    if by_manifest {
        data["manifest_triggered"] = Value::Bool(true);
    }
    note(db, actor, &binding, "create", data);
    db.service_bindings.insert(guid.clone(), binding);
    Ok(guid)
}

/// Notes what was done to a binding: `create` is `audit.service_binding.create` of the app, or that of a key.
pub(crate) fn note(db: &mut State, actor: &Party, binding: &ServiceBinding, done: &str, data: Value) {
    let space = space_of(db, binding).cloned();
    let (word, target) = match binding.app.as_ref().and_then(|app| db.apps.get(app)) {
        Some(app) => ("service_binding", lifecycle::party(app)),
        None => ("service_key", Party::new("service_key", &binding.guid, binding.name.as_deref().unwrap_or_default())),
    };
    db.record(&format!("audit.{word}.{done}"), actor.clone(), target, space.as_ref(), data);
}

fn new(instance: &ServiceInstance, app: Option<&App>, name: Option<String>) -> ServiceBinding {
    let guid = Guid::random();
    let credentials = match &instance.kind {
        ServiceInstanceKind::UserProvided { credentials, .. } => credentials.clone(),
        // Nothing listens there: it looks like a database's, and differs for each binding.
        ServiceInstanceKind::Managed { .. } => Map::from_iter([
            ("name".to_owned(), json!(instance.guid)),
            ("username".to_owned(), json!(guid)),
            ("password".to_owned(), json!("secret")),
            ("uri".to_owned(), json!(format!("database://{guid}:secret@database.foundry.test/{}", instance.guid))),
        ]),
    };
    let now = Timestamp::now();
    ServiceBinding {
        guid,
        name,
        instance: instance.guid.clone(),
        app: app.map(|app| app.guid.clone()),
        credentials,
        last_operation: Operation::now("create", "succeeded", ""),
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    }
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<Response> {
    body.only(&["type", "strategy", "name", "relationships", "parameters", "metadata"]);
    let kind = body.string("type").value().unwrap_or_default();
    if !matches!(kind.as_str(), "app" | "key") {
        body.problem("Type must be 'app' or 'key'");
    }
    let instance = body.needs_one("service_instance");
    let app = if kind == "app" { Some(body.needs_one("app")) } else { None };
    let name = body.string("name").value();
    if kind == "key" && name.as_deref().is_none_or(str::is_empty) {
        body.problem("Name can't be blank");
    }
    let parameters = body.object("parameters").value();
    if body.string("strategy").value().is_some_and(|strategy| strategy != "single") {
        return Err(ApiError::not_implemented("More than one binding of an app to a service instance"));
    }
    let change = body.metadata();
    body.finish()?;
    let instance = cf.store.read(|db| {
        let missing =
            |what: &str, guid: &Guid| ApiError::unprocessable(format!("The {what} could not be found: '{guid}'"));
        let found = db.service_instances.get(&instance).filter(|one| service_instances::is_visible(&who, db, one));
        let found = found.ok_or_else(|| missing("service instance", &instance))?;
        let mut space = &found.space;
        if let Some(app) = &app {
            let known = db.apps.get(app).filter(|app| who.can_read_space(db, &app.space));
            space = &known.ok_or_else(|| missing("app", app))?.space;
        }
        who.must_write_space(db, space)?;
        if found.plan().is_none() && parameters.is_some() {
            return Err(ApiError::unprocessable(
                "Binding parameters are not supported for user-provided service instances",
            ));
        }
        Ok(found.clone())
    })?;
    let guid = cf.store.write(|db| {
        let guid = match &app {
            Some(app) => bind(db, &who.actor(), &instance.guid, app, name, false)?,
            None => key(db, &who.actor(), &instance, name.unwrap_or_default())?,
        };
        if let Some(binding) = db.service_bindings.get_mut(&guid) {
            change.apply(&mut binding.metadata);
        }
        Ok::<_, ApiError>(guid)
    })?;
    if instance.plan().is_some() {
        // The broker binds at once, but the answer is a job all the same.
        let path = format!("/v3/service_credential_bindings/{guid}");
        let resource = Some(("service_credential_binding", path));
        return Ok(jobs::run(&cf, "service_bindings.create", resource, |_| Ok(Vec::new())));
    }
    cf.store.read(|db| {
        let (binding, _) = find(&who, db, guid.as_str())?;
        Ok((StatusCode::CREATED, Json(present(&cf, db, binding))).into_response())
    })
}

fn key(db: &mut State, actor: &Party, instance: &ServiceInstance, name: String) -> ApiResult<Guid> {
    if instance.plan().is_none() {
        return Err(ApiError::unprocessable(
            "Service credential bindings of type 'key' are not supported for user-provided service instances.",
        ));
    }
    let same = |binding: &ServiceBinding| {
        binding.app.is_none() && binding.instance == instance.guid && binding.name.as_ref() == Some(&name)
    };
    if db.service_bindings.values().any(same) {
        return Err(ApiError::unprocessable(format!(
            "The binding name is invalid. Key binding names must be unique. The service instance already has a key \
             binding with name '{name}'."
        )));
    }
    let binding = new(instance, None, Some(name));
    let guid = binding.guid.clone();
    note(db, actor, &binding, "create", json!({}));
    db.service_bindings.insert(guid.clone(), binding);
    Ok(guid)
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    cf.store.write(|db| {
        let (binding, _) = find(&who, db, &guid)?;
        who.must_write_space(db, space_of(db, binding).ok_or_else(not_found)?)?;
        body.finish()?;
        let mut binding = binding.clone();
        change.apply(&mut binding.metadata);
        let answer = present(&cf, db, &binding);
        db.service_bindings.insert(binding.guid.clone(), binding);
        Ok(Json(answer))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let (binding, managed) = cf.store.read(|db| {
        let (binding, instance) = find(&who, db, &guid)?;
        who.must_write_space(db, space_of(db, binding).ok_or_else(not_found)?)?;
        if instance.last_operation.as_ref().is_some_and(Operation::in_progress) {
            return Err(ApiError::unprocessable("There is an operation in progress for the service instance."));
        }
        Ok((binding.guid.clone(), instance.plan().is_some()))
    })?;
    if managed {
        let work = move |db: &mut State| {
            unbind(db, &who.actor(), &binding);
            Ok(Vec::new())
        };
        return Ok(jobs::run(&cf, "service_bindings.delete", None, work));
    }
    cf.store.update(|db| unbind(db, &who.actor(), &binding));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Removes a binding.
pub(crate) fn unbind(db: &mut State, actor: &Party, binding: &Guid) {
    if let Some(binding) = db.service_bindings.shift_remove(binding) {
        note(db, actor, &binding, "delete", json!({}));
    }
}

async fn details(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let (binding, instance) = find(&who, db, &guid)?;
        space_of(db, binding).filter(|space| who.can_write_space(db, space)).ok_or_else(not_found)?;
        let mut answer = json!({ "credentials": binding.credentials });
        if let ServiceInstanceKind::UserProvided { syslog_drain_url: Some(url), .. } = &instance.kind {
            answer["syslog_drain_url"] = json!(url);
        }
        answer["volume_mounts"] = json!([]);
        Ok(Json(answer))
    })
}

async fn parameters(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiError {
    match cf.store.read(|db| find(&who, db, &guid).map(|_| ())) {
        Ok(()) => ApiError::new(
            table::SERVICE_FETCH_BINDING_PARAMETERS_NOT_SUPPORTED,
            "This service does not support fetching service binding parameters.",
        ),
        Err(error) => error,
    }
}

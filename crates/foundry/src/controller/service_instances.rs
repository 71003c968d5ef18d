//! Service instances: managed ones, which the built-in broker makes, and user-provided ones.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/service_instances` | list; `fields` of plan, offering, broker, space, organization |
//! | `POST /v3/service_instances` | create: 201 for user-provided, a job for managed |
//! | `GET`, `PATCH /v3/service_instances/:guid` | show; name, tags, credentials, metadata |
//! | `DELETE /v3/service_instances/:guid` | 204 for user-provided, a job for managed |
//! | `GET …/credentials` | of a user-provided one |
//! | `GET …/parameters` | the broker does not tell them |
//! | `GET …/permissions` | what the user may do |
//! | `GET …/relationships/shared_spaces`, `…/usage_summary` | none: nothing can be shared |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message, MetadataChange};
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::fields::{Allowed, Fields};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{
    Api, Cf, built_in_broker, feature_flags, href, jobs, metadata, organizations, quotas, service_brokers,
    service_offerings, service_plans, spaces, to_one,
};
use crate::platform::Platform;
use crate::state::{Guid, Metadata, Operation, ServiceInstance, ServiceInstanceKind, State, timestamp};

const LIST: Spec = Spec::new(&[
    "type",
    "fields",
    "names",
    "space_guids",
    "organization_guids",
    "service_plan_guids",
    "service_plan_names",
])
.ordered(&["name"]);

const FIELDS: &[Allowed] = &[
    ("space", &["guid", "name", "relationships.organization"]),
    ("space.organization", &["name", "guid"]),
    ("service_plan", &["guid", "name", "relationships.service_offering"]),
    (
        "service_plan.service_offering",
        &["name", "guid", "description", "documentation_url", "tags", "relationships.service_broker"],
    ),
    ("service_plan.service_offering.service_broker", &["name", "guid"]),
];

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/service_instances", routing::get(list).post(create))
        .route("/v3/service_instances/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/service_instances/{guid}/credentials", routing::get(credentials))
        .route("/v3/service_instances/{guid}/parameters", routing::get(parameters))
        .route("/v3/service_instances/{guid}/permissions", routing::get(permissions))
        .route("/v3/service_instances/{guid}/relationships/shared_spaces", routing::get(shared_spaces))
        .route("/v3/service_instances/{guid}/relationships/shared_spaces/usage_summary", routing::get(usage_summary))
}

/// An operation as the API shows it.
pub(super) fn present_operation(operation: &Operation) -> Value {
    json!({
        "type": operation.kind,
        "state": operation.state,
        "description": operation.description,
        "created_at": timestamp(operation.created_at),
        "updated_at": timestamp(operation.updated_at),
    })
}

/// An instance as the API shows it.
pub(super) fn present(cf: &Platform, instance: &ServiceInstance) -> Value {
    let path = format!("/v3/service_instances/{}", instance.guid);
    let bindings = |kind: &str| href(cf, &format!("/v3/{kind}?service_instance_guids={}", instance.guid));
    let mut answer = json!({
        "guid": instance.guid,
        "created_at": timestamp(instance.created_at),
        "updated_at": timestamp(instance.updated_at),
        "name": instance.name,
        "tags": instance.tags,
        "last_operation": instance.last_operation.as_ref().map_or_else(|| json!({}), present_operation),
    });
    let mut relationships = json!({ "space": to_one(Some(&instance.space)) });
    let mut links = json!({
        "self": href(cf, &path),
        "space": href(cf, &format!("/v3/spaces/{}", instance.space)),
        "service_credential_bindings": bindings("service_credential_bindings"),
        "service_route_bindings": bindings("service_route_bindings"),
    });
    match &instance.kind {
        ServiceInstanceKind::Managed { plan } => {
            answer["type"] = json!("managed");
            answer["maintenance_info"] = json!({});
            answer["upgrade_available"] = json!(false);
            answer["dashboard_url"] = json!(null);
            relationships["service_plan"] = to_one(Some(plan));
            links["service_plan"] = href(cf, &format!("/v3/service_plans/{plan}"));
            links["parameters"] = href(cf, &format!("{path}/parameters"));
            links["shared_spaces"] = href(cf, &format!("{path}/relationships/shared_spaces"));
        }
        ServiceInstanceKind::UserProvided { syslog_drain_url, route_service_url, .. } => {
            answer["type"] = json!("user-provided");
            answer["syslog_drain_url"] = json!(syslog_drain_url);
            answer["route_service_url"] = json!(route_service_url);
            links["credentials"] = href(cf, &format!("{path}/credentials"));
        }
    }
    answer["relationships"] = relationships;
    answer["metadata"] = metadata(&instance.metadata);
    answer["links"] = links;
    answer
}

/// Whether the user may see an instance.
pub(super) fn is_visible(who: &Who, db: &State, instance: &ServiceInstance) -> bool {
    who.can_read_space(db, &instance.space)
}

/// An instance that the user may see; 404 for others.
pub(super) fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a ServiceInstance> {
    db.service_instances.get(guid).filter(|instance| is_visible(who, db, instance)).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::not_found("Service instance")
}

fn type_of(instance: &ServiceInstance) -> &'static str {
    if instance.plan().is_some() { "managed" } else { "user-provided" }
}

fn include(cf: &Platform, db: &State, fields: &Fields, instances: &[&ServiceInstance], answer: Value) -> Value {
    let in_spaces = || instances.iter().filter_map(|instance| db.spaces.get(&instance.space));
    let plans = || instances.iter().filter_map(|instance| db.service_plans.get(instance.plan()?));
    let origins = || plans().filter_map(|plan| service_plans::origin(db, plan));
    let answer = fields.include(answer, "space", "spaces", in_spaces().map(|space| spaces::present(cf, space)));
    let orgs = in_spaces().filter_map(|space| db.orgs.get(&space.org)).map(|org| organizations::present(cf, org));
    let answer = fields.include(answer, "space.organization", "organizations", orgs);
    let shown = plans().map(|plan| service_plans::present(cf, plan));
    let answer = fields.include(answer, "service_plan", "service_plans", shown);
    let offerings = origins().map(|(offering, _)| service_offerings::present(cf, offering));
    let answer = fields.include(answer, "service_plan.service_offering", "service_offerings", offerings);
    let brokers = origins().map(|(_, broker)| service_brokers::present(cf, broker));
    fields.include(answer, "service_plan.service_offering.service_broker", "service_brokers", brokers)
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let fields = Fields::read(&query, FIELDS)?;
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let instances = db.service_instances.values().filter(|instance| {
            let plan = instance.plan().and_then(|plan| db.service_plans.get(plan));
            let org = db.spaces.get(&instance.space).map_or("", |space| space.org.as_str());
            is_visible(&who, db, instance)
                && query.wants_name("names", &instance.name)
                && query.wants("type", type_of(instance))
                && query.wants("space_guids", instance.space.as_str())
                && query.wants("organization_guids", org)
                && query.wants_any("service_plan_guids", plan.iter().map(|plan| plan.guid.as_str()))
                && query.wants_any("service_plan_names", plan.iter().map(|plan| plan.name.as_str()))
        });
        let page = query.page(&cf, "/v3/service_instances", instances);
        let answer = page.present(|instance| present(&cf, instance));
        Ok(Json(include(&cf, db, &fields, &page.records, answer)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields"])?;
    let fields = Fields::read(&query, FIELDS)?;
    cf.store.read(|db| {
        let instance = find(&who, db, &guid)?;
        Ok(Json(include(&cf, db, &fields, &[instance], present(&cf, instance))))
    })
}

/// Tags, checked: strings, no more than 2048 characters in all.
fn read_tags(body: &mut Message) -> Option<Vec<String>> {
    let given = body.typed("tags", "must be an array", |tags| tags.as_array().cloned()).value()?;
    let tags: Option<Vec<String>> = given.iter().map(|tag| tag.as_str().map(ToOwned::to_owned)).collect();
    if tags.is_none() {
        body.problem("Tags must be a list of strings");
    }
    tags
}

fn read_url(body: &mut Message, key: &str) -> Field<String> {
    let url = body.string(key);
    let title = crate::controller::body::humanize(key);
    if let Field::Is(text) = &url
        && !text.is_empty()
    {
        if !text.contains(':') || text.contains(' ') {
            body.problem(format!("{title} must be a valid URI"));
        }
        if key == "route_service_url" && !text.starts_with("https:") {
            body.problem(format!("{title} must be https"));
        }
    }
    match url {
        Field::Is(text) if text.is_empty() => Field::Null,
        other => other,
    }
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<Response> {
    let managed = match body.string("type").value().as_deref() {
        Some("managed") => true,
        Some("user-provided") => false,
        _ => {
            body.problem("Type must be one of 'managed', 'user-provided'");
            false
        }
    };
    let space = body.needs_one("space");
    let name = body.name(255);
    let tags = read_tags(&mut body).unwrap_or_default();
    let change = body.metadata();
    let kind = if managed {
        body.only(&["type", "relationships", "name", "tags", "parameters", "metadata"]);
        let plan = body.needs_one("service_plan");
        body.object("parameters");
        ServiceInstanceKind::Managed { plan }
    } else {
        body.only(&[
            "type",
            "relationships",
            "name",
            "tags",
            "credentials",
            "syslog_drain_url",
            "route_service_url",
            "metadata",
        ]);
        ServiceInstanceKind::UserProvided {
            credentials: body.object("credentials").value().unwrap_or_default(),
            syslog_drain_url: read_url(&mut body, "syslog_drain_url").value(),
            route_service_url: read_url(&mut body, "route_service_url").value(),
        }
    };
    let takes = cf.timing().service_operation;
    let (instance, job) = cf.store.write(|db| {
        if !who.is_admin() {
            feature_flags::must_be_enabled(db, "service_instance_creation")?;
        }
        body.finish()?;
        if who.space(db, space.as_str()).is_err() {
            return Err(ApiError::unprocessable(
                "Invalid space. Ensure that the space exists and you have access to it.",
            ));
        }
        who.must_write_space(db, &space)?;
        let instance = new(db, name, space, tags, kind, change)?;
        db.service_instances.insert(instance.guid.clone(), instance.clone());
        if managed {
            let job = built_in_broker::begin(db, &who, &instance, "create", takes);
            return Ok((instance, Some(job)));
        }
        built_in_broker::note(db, &who, &instance, "create", json!({}));
        Ok((instance, None))
    })?;
    let Some(job) = job else { return Ok((StatusCode::CREATED, Json(present(&cf, &instance))).into_response()) };
    let answer = jobs::accepted(&cf, &job);
    built_in_broker::later(&cf, takes, move |db| {
        // It may have been deleted meanwhile.
        let result = match db.service_instances.get_mut(&instance.guid) {
            Some(made) => {
                made.last_operation = Some(Operation::now("create", "succeeded", "Instance provisioning completed"));
                built_in_broker::note(db, &who, &instance, "create", json!({}));
                Ok(Vec::new())
            }
            None => Err(not_found()),
        };
        jobs::end(db, &job, result);
    });
    Ok(answer)
}

fn new(
    db: &State,
    name: String,
    space: Guid,
    tags: Vec<String>,
    kind: ServiceInstanceKind,
    change: MetadataChange,
) -> ApiResult<ServiceInstance> {
    let mut operation = Operation::now("create", "succeeded", "Operation succeeded");
    if let ServiceInstanceKind::Managed { plan } = &kind {
        quotas::check_one_more_service(db, &space, service_plans::offered(db, plan)?.free)?;
        operation = Operation::now("create", "in progress", "Instance provisioning in progress");
    }
    taken(db, &space, &name, None)?;
    let now = Timestamp::now();
    let mut instance = ServiceInstance {
        guid: Guid::random(),
        name,
        space,
        tags,
        kind,
        last_operation: Some(operation),
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    change.apply(&mut instance.metadata);
    Ok(instance)
}

fn taken(db: &State, space: &Guid, name: &str, but: Option<&Guid>) -> ApiResult<()> {
    let same = |instance: &ServiceInstance| instance.space == *space && instance.name.eq_ignore_ascii_case(name);
    if db.service_instances.values().any(|instance| same(instance) && Some(&instance.guid) != but) {
        return Err(ApiError::unprocessable(format!("The service instance name is taken: {name}.")));
    }
    Ok(())
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let mut instance = find(&who, db, &guid)?.clone();
        who.must_write_space(db, &instance.space)?;
        let name = body.new_name(255);
        let tags = read_tags(&mut body);
        let change = body.metadata();
        match &mut instance.kind {
            ServiceInstanceKind::Managed { .. } => {
                if body.has("parameters") || body.has("relationships") {
                    return Err(ApiError::not_implemented("Updating the plan or the parameters of a service instance"));
                }
                body.only(&["name", "tags", "metadata"]);
                if instance.last_operation.as_ref().is_some_and(Operation::in_progress) {
                    return Err(in_progress(&instance.name));
                }
            }
            ServiceInstanceKind::UserProvided { credentials, syslog_drain_url, route_service_url } => {
                body.only(&["name", "tags", "credentials", "syslog_drain_url", "route_service_url", "metadata"]);
                match body.object("credentials") {
                    Field::Absent => {}
                    Field::Null => credentials.clear(),
                    Field::Is(new) => *credentials = new,
                }
                read_url(&mut body, "syslog_drain_url").replace(syslog_drain_url);
                read_url(&mut body, "route_service_url").replace(route_service_url);
            }
        }
        body.finish()?;
        if let Some(name) = name {
            taken(db, &instance.space, &name, Some(&instance.guid))?;
            instance.name = name;
        }
        instance.tags = tags.unwrap_or(instance.tags);
        change.apply(&mut instance.metadata);
        instance.last_operation = Some(Operation::now("update", "succeeded", "Operation succeeded"));
        instance.updated_at = Timestamp::now();
        let answer = present(&cf, &instance);
        if let ServiceInstanceKind::UserProvided { route_service_url: Some(url), .. } = &instance.kind {
            // A binding goes with a new address of its service; without any it keeps the last one.
            // (`ServiceInstanceUpdateUserProvided#update_route_bindings`)
            for binding in db.route_bindings.values_mut().filter(|binding| binding.instance == instance.guid) {
                binding.route_service_url.clone_from(url);
            }
        }
        built_in_broker::note(db, &who, &instance, "update", json!({}));
        db.service_instances.insert(instance.guid.clone(), instance);
        Ok(Json(answer))
    })
}

/// 409 while the broker works on an instance.
fn in_progress(name: &str) -> ApiError {
    ApiError::new(
        table::ASYNC_SERVICE_INSTANCE_OPERATION_IN_PROGRESS,
        format!("An operation for service instance {name} is in progress."),
    )
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Response> {
    query.only(&["purge"])?;
    let purge = query.get("purge") == Some("true");
    let takes = cf.timing().service_operation;
    let (instance, job) = cf.store.write(|db| {
        let instance = find(&who, db, &guid)?.clone();
        who.must_write_space(db, &instance.space)?;
        if instance.plan().is_none() || purge {
            Who::must(!purge || instance.plan().is_none() || who.is_admin())?;
            built_in_broker::remove(db, &who, &instance, if purge { "purge" } else { "delete" });
            return Ok((instance, None));
        }
        // What the broker has begun to make can be given up.
        if instance.last_operation.as_ref().is_some_and(|last| last.in_progress() && last.kind != "create") {
            return Err(ApiError::unprocessable("There is an operation in progress for the service instance."));
        }
        let job = built_in_broker::begin(db, &who, &instance, "delete", takes);
        if let Some(instance) = db.service_instances.get_mut(&instance.guid) {
            let operation = Operation::now("delete", "in progress", "Instance deprovisioning in progress");
            instance.last_operation = Some(operation);
        }
        Ok((instance, Some(job)))
    })?;
    let Some(job) = job else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let answer = jobs::accepted(&cf, &job);
    built_in_broker::later(&cf, takes, move |db| {
        built_in_broker::remove(db, &who, &instance, "delete");
        jobs::end(db, &job, Ok(Vec::new()));
    });
    Ok(answer)
}

async fn credentials(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Map<String, Value>>> {
    cf.store.read(|db| {
        let instance = find(&who, db, &guid)?;
        match &instance.kind {
            ServiceInstanceKind::Managed { .. } => Err(not_found()),
            ServiceInstanceKind::UserProvided { credentials, .. } => {
                Who::must(who.can_write_space(db, &instance.space))?;
                Ok(Json(credentials.clone()))
            }
        }
    })
}

async fn parameters(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiError {
    match cf.store.read(|db| find(&who, db, &guid).map(|_| ())) {
        Ok(()) => ApiError::new(
            table::SERVICE_FETCH_INSTANCE_PARAMETERS_NOT_SUPPORTED,
            "This service does not support fetching service instance parameters.",
        ),
        Err(error) => error,
    }
}

async fn permissions(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let instance = db.service_instances.get(guid.as_str()).ok_or_else(not_found)?;
        Ok(Json(json!({
            "manage": who.can_write_space(db, &instance.space),
            "read": is_visible(&who, db, instance),
        })))
    })
}

async fn shared_spaces(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["fields"])?;
    cf.store.read(|db| find(&who, db, &guid).map(|_| ()))?;
    let path = format!("/v3/service_instances/{guid}/relationships/shared_spaces");
    Ok(Json(json!({ "data": [], "links": { "self": href(&cf, &path) } })))
}

async fn usage_summary(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(&who, db, &guid).map(|_| ()))?;
    let instance = format!("/v3/service_instances/{guid}");
    let path = format!("{instance}/relationships/shared_spaces");
    Ok(Json(json!({
        "usage_summary": [],
        "links": {
            "self": href(&cf, &format!("{path}/usage_summary")),
            "shared_spaces": href(&cf, &path),
            "service_instance": href(&cf, &instance),
        },
    })))
}

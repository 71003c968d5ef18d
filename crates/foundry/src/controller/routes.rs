//! Routes.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/routes` | list; includes domains, spaces, organizations |
//! | `POST /v3/routes` | create |
//! | `GET /v3/routes/:guid` | show |
//! | `PATCH /v3/routes/:guid` | options, metadata |
//! | `DELETE /v3/routes/:guid` | as a job |
//! | `GET /v3/apps/:guid/routes` | those that lead to an app |

use std::hash::{BuildHasher as _, RandomState};

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Page, Query, Spec, with_included};
use crate::controller::route_options::{self, Known, OptionChanges};
use crate::controller::{
    Api, Cf, destinations, domains, feature_flags, href, jobs, metadata, organizations, quotas, spaces, to_one,
};
use crate::platform::Platform;
use crate::state::router_group::TCP;
use crate::state::{Domain, Guid, Metadata, Party, ReservablePorts, Route, Space, State, timestamp};

const LIST: Spec = Spec::new(&[
    "hosts",
    "space_guids",
    "organization_guids",
    "domain_guids",
    "paths",
    "app_guids",
    "include",
    "ports",
    "service_instance_guids",
])
.including(&["domain", "space", "space.organization"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/routes", routing::get(list).post(create))
        .route("/v3/routes/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/apps/{guid}/routes", routing::get(list_of_app))
}

/// A route as the API shows it.
pub(super) fn present(cf: &Platform, db: &State, route: &Route) -> Value {
    let path = format!("/v3/routes/{}", route.guid);
    json!({
        "guid": route.guid,
        "created_at": timestamp(route.created_at),
        "updated_at": timestamp(route.updated_at),
        "protocol": db.domains.get(&route.domain).map_or("http", |domain| db.protocol_of(domain)),
        "host": route.host,
        "path": route.path,
        "port": route.port,
        "url": db.url_of(route),
        "destinations": destinations::present_all(route),
        "options": route.options,
        "metadata": metadata(&route.metadata),
        "relationships": { "space": to_one(Some(&route.space)), "domain": to_one(Some(&route.domain)) },
        "links": {
            "self": href(cf, &path),
            "space": href(cf, &format!("/v3/spaces/{}", route.space)),
            "destinations": href(cf, &format!("{path}/destinations")),
            "domain": href(cf, &format!("/v3/domains/{}", route.domain)),
        },
    })
}

/// A route that the user may see; 404 for others.
pub(super) fn find<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Route> {
    let route = db.routes.get(guid).filter(|route| who.can_read_space(db, &route.space));
    route.ok_or_else(|| ApiError::not_found("Route"))
}

fn wanted(query: &ListQuery, db: &State, route: &Route) -> bool {
    let org = db.spaces.get(&route.space).map_or("", |space| space.org.as_str());
    query.wants_name("hosts", &route.host)
        && query.wants_name("paths", &route.path)
        && query.wants("space_guids", route.space.as_str())
        && query.wants("organization_guids", org)
        && query.wants("domain_guids", route.domain.as_str())
        && query.wants_any("app_guids", route.destinations.iter().map(|to| to.app.as_str()))
        // The database keeps the port of a route that has none as 0.
        && query.wants("ports", &route.port.unwrap_or_default().to_string())
        && query.wants_any(
            "service_instance_guids",
            db.route_bindings.values().filter(|one| one.route == route.guid).map(|one| one.instance.as_str()),
        )
}

fn include(cf: &Platform, db: &State, query: &ListQuery, page: &Page<'_, Route>) -> Value {
    let mut answer = page.present(|route| present(cf, db, route));
    let records = || page.records.iter().copied();
    if query.includes("domain") {
        let found = records().filter_map(|route| db.domains.get(&route.domain));
        answer = with_included(answer, "domains", found.map(|domain| domains::present(cf, db, domain)));
    }
    if query.includes("space") {
        let found = records().filter_map(|route| db.spaces.get(&route.space));
        answer = with_included(answer, "spaces", found.map(|space| spaces::present(cf, space)));
    }
    if query.includes("space.organization") {
        let found = records().filter_map(|route| db.orgs.get(&db.spaces.get(&route.space)?.org));
        answer = with_included(answer, "organizations", found.map(|org| organizations::present(cf, org)));
    }
    answer
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let routes =
            db.routes.values().filter(|route| wanted(&query, db, route) && who.can_read_space(db, &route.space));
        let page = query.page(&cf, "/v3/routes", routes);
        Ok(Json(include(&cf, db, &query, &page)))
    })
}

async fn list_of_app(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let app = db.apps.get(guid.as_str()).filter(|app| who.can_read_space(db, &app.space));
        let app = app.ok_or_else(|| ApiError::not_found("App"))?;
        let routes = db.routes_of(&app.guid).filter(|route| wanted(&query, db, route));
        let page = query.page(&cf, &format!("/v3/apps/{guid}/routes"), routes);
        Ok(Json(include(&cf, db, &query, &page)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let included = query.only_include(LIST.include)?;
    cf.store.read(|db| {
        let route = find(&who, db, &guid)?;
        let mut answer = present(&cf, db, route);
        let space = db.spaces.get(&route.space);
        for one in included {
            answer = match one.as_str() {
                "domain" => {
                    let found = db.domains.get(&route.domain).map(|domain| domains::present(&cf, db, domain));
                    with_included(answer, "domains", found.into_iter())
                }
                "space" => {
                    let found = space.map(|space| spaces::present(&cf, space));
                    with_included(answer, "spaces", found.into_iter())
                }
                _ => {
                    let found = space.and_then(|space| db.orgs.get(&space.org));
                    let found = found.map(|org| organizations::present(&cf, org));
                    with_included(answer, "organizations", found.into_iter())
                }
            };
        }
        Ok(Json(answer))
    })
}

/// What a route is made from.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRoute {
    /// The host; empty for the domain itself.
    pub host: String,
    /// The path with its leading slash; empty for none.
    pub path: String,
    /// The port. Absent is any that is free where routes of the domain have ports, as null and 0 are none.
    pub port: Field<u16>,
    /// What the router is told besides.
    pub options: OptionChanges,
}

/// Reads the options of a route: `null` deletes one. Notes what is wrong.
fn read_options(body: &mut Message, known: Known) -> OptionChanges {
    let Some(given) = body.raw("options").cloned() else { return OptionChanges::new() };
    let Value::Object(given) = given else {
        body.problem("Options 'options' is not a valid object");
        return OptionChanges::new();
    };
    for fault in known.faults(&given) {
        body.problem(format!("Options {fault}"));
    }
    route_options::changes(&given)
}

/// Reads what a route is made from and notes what is wrong. (`route_create_message.rb`)
fn read(body: &mut Message, known: Known) -> NewRoute {
    let host = body.string("host").value().unwrap_or_default();
    if host.chars().count() > 63 {
        body.problem("Host is too long (maximum is 63 characters)");
    }
    if host != "*" && !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        body.problem("Host must be either \"*\" or contain only alphanumeric characters, \"_\", or \"-\"");
    }
    let path = body.string("path").value().unwrap_or_default();
    if path.chars().count() > 128 {
        body.problem("Path is too long (maximum is 128 characters)");
    }
    if !path.is_empty() && !path.starts_with('/') {
        body.problem("Path must begin with /");
    }
    if path.contains('?') {
        body.problem("Path cannot contain ?");
    }
    if path == "/" {
        body.problem("Path cannot be exactly /");
    }
    let port = match body.integer("port") {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Is(port) => u16::try_from(port).map_or_else(
            |_| {
                let bound = if port < 0 { "greater than or equal to 0" } else { "less than or equal to 65535" };
                body.problem(format!("Port must be {bound}"));
                Field::Absent
            },
            Field::Is,
        ),
    };
    let options = read_options(body, known);
    NewRoute { host, path, port, options }
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["host", "path", "port", "relationships", "options", "metadata"]);
    let new = read(&mut body, cf.store.read(Known::now));
    let space = body.needs_one("space");
    let domain = body.needs_one("domain");
    let change = body.metadata();
    cf.store.write(|db| {
        if !who.is_admin() {
            feature_flags::must_be_enabled(db, "route_creation")?;
        }
        body.finish()?;
        let space = db.spaces.get(&space).cloned();
        let space = space.ok_or_else(|| invalid("space"))?;
        let domain = db.domains.get(&domain).cloned();
        let domain = domain.ok_or_else(|| invalid("domain"))?;
        who.must_write_space(db, &space.guid)?;
        if domain.org.is_none() && new.host == "*" && !who.is_admin() {
            return Err(ApiError::unprocessable(
                "You do not have sufficient permissions to create a route with a wildcard host on a domain not scoped \
                 to an organization.",
            ));
        }
        let guid = make(db, &who.actor(), &space, &domain, new, false)?;
        let route = db.routes.get_mut(&guid).ok_or_else(|| ApiError::not_found("Route"))?;
        change.apply(&mut route.metadata);
        let route = route.clone();
        Ok((StatusCode::CREATED, Json(present(&cf, db, &route))))
    })
}

fn invalid(what: &str) -> ApiError {
    ApiError::unprocessable(format!("Invalid {what}. Ensure that the {what} exists and you have access to it."))
}

/// Makes a route after the checks of the Cloud Controller's model, in its order and words; one with a port of its
/// choice where that is wanted. A manifest makes its routes so, too, and says that it did. (`RouteCreate`,
/// `Route#validate`)
pub(crate) fn make(
    db: &mut State,
    actor: &Party,
    space: &Space,
    domain: &Domain,
    new: NewRoute,
    by_manifest: bool,
) -> ApiResult<Guid> {
    let port = choose_port(db, domain, &new.port)?;
    check(db, space, domain, &new, port)?;
    let now = Timestamp::now();
    let mut data = json!({ "request": {
        "host": new.host,
        "path": new.path,
        "relationships": { "space": to_one(Some(&space.guid)), "domain": to_one(Some(&domain.guid)) },
    } });
    if let Some(port) = port {
        data["request"]["port"] = json!(port);
    }
    if by_manifest {
        data["manifest_triggered"] = Value::Bool(true);
    }
    let mut options = IndexMap::new();
    route_options::change(&mut options, &new.options)?;
    let route = Route {
        guid: Guid::random(),
        host: new.host,
        domain: domain.guid.clone(),
        path: new.path,
        port,
        space: space.guid.clone(),
        destinations: Vec::new(),
        options,
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    let guid = route.guid.clone();
    db.record("audit.route.create", actor.clone(), party(&route), Some(&space.guid), data);
    db.routes.insert(guid.clone(), route);
    Ok(guid)
}

fn party(route: &Route) -> Party {
    Party::new("route", &route.guid, &route.host)
}

/// The port that a route is to have: the one that is wanted, or a random one of those that are free in the router group
/// of the domain. (`RouteCreate#port`, `PortGenerator`)
fn choose_port(db: &State, domain: &Domain, wanted: &Field<u16>) -> ApiResult<Option<u16>> {
    let group = db.router_group_of(domain);
    if domain.router_group.is_some() && group.is_none() {
        return Err(ApiError::unprocessable(
            "Route could not be created because the specified domain does not have a valid router group.",
        ));
    }
    match wanted {
        Field::Is(port) => Ok((*port != 0).then_some(*port)),
        Field::Null => Ok(None),
        Field::Absent if db.protocol_of(domain) != TCP => Ok(None),
        Field::Absent => {
            let is_free = |port: &u16| group.is_none_or(|group| !db.port_taken(&group.guid, *port));
            let ports = group.and_then(|group| group.ports.as_ref());
            let free: Vec<u16> = ports.into_iter().flat_map(ReservablePorts::iter).filter(is_free).collect();
            let random = RandomState::new().hash_one(&domain.guid);
            let index = random.checked_rem(free.len() as u64).and_then(|index| usize::try_from(index).ok());
            let port = index.and_then(|index| free.get(index).copied());
            let none = || ApiError::unprocessable("There are no more ports available for this domain.");
            port.map(Some).ok_or_else(none)
        }
    }
}

fn check(db: &State, space: &Space, domain: &Domain, new: &NewRoute, port: Option<u16>) -> ApiResult<()> {
    let tcp = db.protocol_of(domain) == TCP;
    let refuse = |text: String| Err(ApiError::unprocessable(text));
    let NewRoute { host, path, .. } = new;
    let name = &domain.name;
    if !domain.usable_by(&space.org) {
        let org = db.orgs.get(&space.org).map_or("", |org| org.name.as_str());
        return refuse(format!("Invalid domain. Domain '{name}' is not available in organization '{org}'."));
    }
    quotas::check_one_more_route(db, &space.guid, port.is_some() && domain.router_group.is_some())?;
    if !host.is_empty() && db.domain_named(&format!("{host}.{name}")).is_some() {
        return refuse(format!("Route conflicts with domain '{host}.{name}'."));
    }
    if domain.internal && host == "*" {
        return refuse("Wildcard hosts are not supported for internal domains.".to_owned());
    }
    if domain.org.is_none() && host.is_empty() && !tcp {
        return refuse("Missing host. Routes in shared domains must have a host defined.".to_owned());
    }
    if host.len() + 1 + name.len() > 253 {
        return refuse("Host combined with domain name must be no more than 253 characters.".to_owned());
    }
    let taken = db.route_at(host, &domain.guid, path, port).is_some();
    if taken && path.is_empty() && port.is_none() {
        return refuse(if host.is_empty() {
            format!("Route already exists for domain '{name}'.")
        } else {
            format!("Route already exists with host '{host}' for domain '{name}'.")
        });
    }
    if tcp && !host.is_empty() {
        return refuse("Hosts are not supported for TCP routes.".to_owned());
    }
    if tcp && !path.is_empty() {
        return refuse("Paths are not supported for TCP routes.".to_owned());
    }
    if domain.internal && !path.is_empty() {
        return refuse("Paths are not supported for internal domains.".to_owned());
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>[]{}|\\^`\"".contains(&byte)) {
        return refuse("Path is invalid.".to_owned());
    }
    if taken && port.is_none() {
        return refuse(if host.is_empty() {
            format!("Route already exists with path '{path}' for domain '{name}'.")
        } else {
            format!("Route already exists with host '{host}' and path '{path}' for domain '{name}'.")
        });
    }
    check_port(db, domain, tcp, taken, port)?;
    let elsewhere = |route: &Route| {
        route.domain == domain.guid
            && route.port.is_none()
            && route.host.eq_ignore_ascii_case(host)
            && route.space != space.guid
    };
    if domain.org.is_none() && db.routes.values().any(elsewhere) {
        // The Cloud Controller has no words for this one: it shows the name of the check.
        return refuse("domain_id and host host_and_domain_taken_different_space".to_owned());
    }
    Ok(())
}

/// (`RouteValidator`, and the order of `RouteCreate#validation_error_port!`)
fn check_port(db: &State, domain: &Domain, tcp: bool, taken: bool, port: Option<u16>) -> ApiResult<()> {
    let refuse = |text: String| Err(ApiError::unprocessable(text));
    let Some(port) = port else {
        return if tcp { refuse("Routes with protocol 'tcp' must specify a port.".to_owned()) } else { Ok(()) };
    };
    let unavailable = || format!("Port '{port}' is not available. Try a different port or use a different domain.");
    let group = db.router_group_of(domain);
    if tcp && group.and_then(|group| group.ports.as_ref()).is_none_or(|ports| !ports.contains(port)) {
        return refuse(unavailable());
    }
    if taken {
        return refuse(format!("Route already exists with port '{port}' for domain '{}'.", domain.name));
    }
    if tcp && group.is_some_and(|group| db.port_taken(&group.guid, port)) {
        return refuse(unavailable());
    }
    if tcp { Ok(()) } else { refuse("Routes with protocol 'http' do not support ports.".to_owned()) }
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["options", "metadata"]);
    let options = read_options(&mut body, cf.store.read(Known::now));
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let space = find(&who, db, &guid)?.space.clone();
        who.must_write_space(db, &space)?;
        let route = db.routes.get_mut(guid.as_str()).ok_or_else(|| ApiError::not_found("Route"))?;
        route_options::change(&mut route.options, &options)?;
        change.apply(&mut route.metadata);
        route.updated_at = Timestamp::now();
        let route = route.clone();
        Ok(Json(present(&cf, db, &route)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let guid = cf.store.read(|db| {
        let route = find(&who, db, &guid)?;
        who.must_write_space(db, &route.space)?;
        Ok::<_, ApiError>(route.guid.clone())
    })?;
    Ok(jobs::run(&cf, "route.delete", None, move |db| {
        if let Some(route) = db.routes.get(&guid).cloned() {
            db.remove_routes(|route| route.guid == guid);
            let data = Value::Object(Map::from_iter([("request".to_owned(), json!({ "recursive": true }))]));
            db.record("audit.route.delete-request", who.actor(), party(&route), Some(&route.space), data);
        }
        Ok(Vec::new())
    }))
}

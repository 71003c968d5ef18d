//! The destinations of routes: which processes of which apps serve them.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/routes/:guid/destinations` | list |
//! | `POST …/destinations` | add; those that are there already change nothing |
//! | `PATCH …/destinations` | replace all |
//! | `PATCH …/destinations/:guid` | its protocol |
//! | `DELETE …/destinations/:guid` | take it off |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::Query;
use crate::controller::routes::find as find_route;
use crate::controller::{Api, Cf, href, lifecycle};
use crate::platform::Platform;
use crate::state::{Destination, Guid, Party, Protocol, Route, State, timestamp};

/// How many destinations a route can have. (`UpdateRouteDestinations::MAX_DESTINATIONS_FOR_ROUTE`)
const MOST: usize = 100;

/// The port that a buildpack app listens on unless it is told another.
const DEFAULT_PORT: u16 = 8080;

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/routes/{guid}/destinations", routing::get(list).post(insert).patch(replace))
        .route("/v3/routes/{guid}/destinations/{destination}", routing::delete(remove).patch(update))
}

fn present(to: &Destination) -> Value {
    json!({
        "guid": to.guid,
        "app": { "guid": to.app, "process": { "type": to.process } },
        "weight": null,
        "port": to.port.unwrap_or(DEFAULT_PORT),
        "protocol": to.protocol,
        "created_at": timestamp(to.created_at),
        "updated_at": timestamp(to.updated_at),
    })
}

/// The destinations of a route as the API shows them. The Cloud Controller sorts them by guid, which is no order; here
/// they stand in the order of their mapping, so that what is printed is the same in each run.
pub(super) fn present_all(route: &Route) -> Value {
    route.destinations.iter().map(present).collect()
}

fn answer(cf: &Platform, route: &Route) -> Json<Value> {
    let path = format!("/v3/routes/{}", route.guid);
    Json(json!({
        "destinations": present_all(route),
        "links": { "self": href(cf, &format!("{path}/destinations")), "route": href(cf, &path) },
    }))
}

/// Where a route is to lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The app.
    pub app: Guid,
    /// The type of the process.
    pub process: String,
    /// The port in the container, where it is not the default.
    pub port: Option<u16>,
    /// How the router talks to it; `None` is as the route's protocol has it: HTTP/1.1, or TCP.
    pub protocol: Option<Protocol>,
}

impl Target {
    /// The web process of an app.
    pub(crate) fn web(app: &Guid) -> Self {
        Self { app: app.clone(), process: "web".to_owned(), port: None, protocol: None }
    }

    /// As it is for a route: the protocol is named. (`UpdateRouteDestinations#update_protocol`)
    fn on(&self, db: &State, route: &Route) -> Self {
        let usual = if db.is_tcp(&route.domain) { Protocol::Tcp } else { Protocol::Http1 };
        Self { protocol: self.protocol.or(Some(usual)), ..self.clone() }
    }

    fn same_place(&self, to: &Destination) -> bool {
        let port = |port: Option<u16>| port.unwrap_or(DEFAULT_PORT);
        self.app == to.app && self.process == to.process && port(self.port) == port(to.port)
    }
}

/// Adds destinations to a route. Those that are there already change nothing. Fails where the Cloud Controller does:
/// unknown apps, apps of other spaces, another protocol for the same process or than the route's, duplicates, too many.
pub(crate) fn map(db: &mut State, actor: &Party, route: &Guid, targets: &[Target], by_manifest: bool) -> ApiResult<()> {
    let known = db.routes.get(route).ok_or_else(|| ApiError::not_found("Route"))?;
    check_apps(db, known, targets)?;
    if known.destinations.len() + targets.len() > MOST {
        return Err(too_many());
    }
    let targets: Vec<_> = targets.iter().map(|target| target.on(db, known)).collect();
    check_duplicates(&targets)?;
    let mut fresh = Vec::new();
    for target in targets {
        match known.destinations.iter().find(|to| target.same_place(to)) {
            None => fresh.push(target),
            Some(to) => {
                if target.protocol != Some(to.protocol) {
                    return Err(ApiError::unprocessable(format!(
                        "Cannot add destination with protocol: {}. Destination already exists for route: {}, app: {}, \
                         process: {}, and protocol: {}.",
                        target.protocol.map_or("", Protocol::as_str),
                        db.url_of(known),
                        to.app,
                        to.process,
                        to.protocol.as_str()
                    )));
                }
            }
        }
    }
    check_protocols(db, known, &fresh)?;
    add(db, actor, route, fresh, by_manifest);
    Ok(())
}

/// (`UpdateRouteDestinations#validate_protocol_matches!`)
fn check_protocols(db: &State, route: &Route, targets: &[Target]) -> ApiResult<()> {
    let (kind, known): (_, &[Protocol]) = if db.is_tcp(&route.domain) {
        ("tcp", &[Protocol::Tcp])
    } else {
        ("http", &[Protocol::Http1, Protocol::Http2])
    };
    match targets.iter().filter_map(|target| target.protocol).find(|protocol| !known.contains(protocol)) {
        None => Ok(()),
        Some(other) => {
            let known: Vec<_> = known.iter().map(|protocol| protocol.as_str()).collect();
            Err(ApiError::unprocessable(format!(
                "Cannot use '{}' protocol for {kind} routes; valid options are: [{}].",
                other.as_str(),
                known.join(", ")
            )))
        }
    }
}

fn add(db: &mut State, actor: &Party, route: &Guid, targets: Vec<Target>, by_manifest: bool) {
    for target in targets {
        let now = Timestamp::now();
        let to = Destination {
            guid: Guid::random(),
            app: target.app,
            process: target.process,
            port: target.port,
            protocol: target.protocol.unwrap_or(Protocol::Http1),
            created_at: now,
            updated_at: now,
        };
        record(db, actor, "audit.app.map-route", route, &to, by_manifest);
        if let Some(route) = db.routes.get_mut(route) {
            route.destinations.push(to);
        }
    }
}

/// Takes the destinations that fit off a route.
pub(crate) fn unmap(
    db: &mut State,
    actor: &Party,
    route: &Guid,
    fits: impl Fn(&Destination) -> bool,
    by_manifest: bool,
) {
    let Some(known) = db.routes.get_mut(route) else { return };
    let (off, stay) = std::mem::take(&mut known.destinations).into_iter().partition::<Vec<_>, _>(fits);
    known.destinations = stay;
    for to in off {
        record(db, actor, "audit.app.unmap-route", route, &to, by_manifest);
    }
}

fn record(db: &mut State, actor: &Party, kind: &str, route: &Guid, to: &Destination, by_manifest: bool) {
    let mut data = json!({
        "route_guid": route,
        "app_port": to.port.unwrap_or(DEFAULT_PORT),
        "route_mapping_guid": to.guid,
        "destination_guid": to.guid,
        "process_type": to.process,
        "weight": null,
        "protocol": to.protocol,
    });
    if by_manifest {
        data["manifest_triggered"] = Value::Bool(true);
    }
    lifecycle::note(db, kind, actor, &to.app, data);
}

fn too_many() -> ApiError {
    ApiError::unprocessable("Routes can be mapped to at most 100 destinations.")
}

fn check_duplicates(targets: &[Target]) -> ApiResult<()> {
    let twice = |(number, target): (usize, &Target)| targets[..number].contains(target);
    if targets.iter().enumerate().any(twice) {
        return Err(ApiError::unprocessable("Destinations cannot contain duplicate entries"));
    }
    Ok(())
}

fn check_apps(db: &State, route: &Route, targets: &[Target]) -> ApiResult<()> {
    let unknown: Vec<_> =
        targets.iter().map(|target| &target.app).filter(|app| !db.apps.contains_key(*app)).map(Guid::as_str).collect();
    if !unknown.is_empty() {
        return Err(ApiError::unprocessable(format!(
            "App(s) with guid(s) \"{}\" do not exist.",
            unknown.join("\", \"")
        )));
    }
    if targets.iter().any(|target| db.apps.get(&target.app).is_some_and(|app| app.space != route.space)) {
        return Err(ApiError::unprocessable(
            "Routes destinations must be in either the route's space or the route's shared spaces",
        ));
    }
    Ok(())
}

/// Reads `destinations` and notes what is wrong. (`route_update_destinations_message.rb`)
fn read(body: &mut Message, least: usize) -> Vec<Target> {
    body.only(&["destinations"]);
    let given = body.raw("destinations").and_then(Value::as_array).cloned();
    let Some(given) = given.filter(|given| (least..=MOST).contains(&given.len())) else {
        body.problem(format!(
            "Destinations must be an array containing between {least} and {MOST} destination objects."
        ));
        return Vec::new();
    };
    let mut targets = Vec::new();
    for (index, one) in given.iter().enumerate() {
        match read_one(one, least == 0) {
            Ok(target) => targets.push(target),
            Err(problem) => body.problem(format!("Destinations[{index}]: {problem}")),
        }
    }
    targets
}

fn read_one(one: &Value, replacing: bool) -> Result<Target, &'static str> {
    let one = one.as_object().ok_or("must be an object.")?;
    let app = one.get("app").ok_or("must have an \"app\".")?;
    if one.keys().any(|key| !matches!(key.as_str(), "app" | "weight" | "port" | "protocol")) {
        return Err("must have only \"app\" and optionally \"weight\", \"port\" or \"protocol\".");
    }
    let guid = app.get("guid").and_then(Value::as_str).ok_or("app must have the structure {\"guid\": \"app_guid\"}")?;
    let process = match app.get("process") {
        None | Some(Value::Null) => "web",
        Some(process) => {
            let kind = process.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty());
            kind.ok_or("process must have the structure {\"type\": \"process_type\"}")?
        }
    };
    match one.get("weight") {
        None | Some(Value::Null) => {}
        Some(_) if replacing => return Err("weight is not implemented by this embedded Cloud Foundry."),
        Some(_) => return Err("weighted destinations can only be used when replacing all destinations."),
    }
    let port = match one.get("port") {
        None | Some(Value::Null) => None,
        Some(port) => {
            let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port >= 1024);
            Some(port.ok_or("port must be a positive integer between 1024 and 65535 inclusive.")?)
        }
    };
    let protocol = match one.get("protocol") {
        None | Some(Value::Null) => None,
        Some(word) => Some(protocol(word).ok_or("protocol must be 'http1', 'http2' or 'tcp'.")?),
    };
    Ok(Target { app: Guid::from(guid), process: process.to_owned(), port, protocol })
}

fn protocol(word: &Value) -> Option<Protocol> {
    match word.as_str()? {
        "http1" => Some(Protocol::Http1),
        "http2" => Some(Protocol::Http2),
        "tcp" => Some(Protocol::Tcp),
        _ => None,
    }
}

async fn list(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["guids", "app_guids"])?;
    cf.store.read(|db| {
        let mut route = find_route(&who, db, &guid)?.clone();
        let wants = |key: &str, value: &Guid| {
            query.values(key).is_none_or(|wanted| wanted.iter().any(|one| one == value.as_str()))
        };
        route.destinations.retain(|to| wants("guids", &to.guid) && wants("app_guids", &to.app));
        Ok(answer(&cf, &route))
    })
}

/// The route, once it is clear that the user may change it.
fn writable(who: &Who, db: &State, guid: &str) -> ApiResult<Guid> {
    let route = find_route(who, db, guid)?;
    who.must_write_space(db, &route.space)?;
    Ok(route.guid.clone())
}

async fn insert(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    let targets = read(&mut body, 1);
    body.finish()?;
    cf.store.write(|db| {
        let guid = writable(&who, db, &guid)?;
        map(db, &who.actor(), &guid, &targets, false)?;
        db.routes.get(&guid).map(|route| answer(&cf, route)).ok_or_else(|| ApiError::not_found("Route"))
    })
}

async fn replace(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    let targets = read(&mut body, 0);
    body.finish()?;
    cf.store.write(|db| {
        let guid = writable(&who, db, &guid)?;
        let route = db.routes.get(&guid).ok_or_else(|| ApiError::not_found("Route"))?;
        check_apps(db, route, &targets)?;
        let targets: Vec<_> = targets.iter().map(|target| target.on(db, route)).collect();
        check_duplicates(&targets)?;
        let stays =
            |to: &Destination| targets.iter().any(|one| one.same_place(to) && one.protocol == Some(to.protocol));
        let is_new = |target: &&Target| !route.destinations.iter().any(|to| stays(to) && target.same_place(to));
        let fresh: Vec<_> = targets.iter().filter(is_new).cloned().collect();
        check_protocols(db, route, &fresh)?;
        unmap(db, &who.actor(), &guid, |to| !stays(to), false);
        add(db, &who.actor(), &guid, fresh, false);
        db.routes.get(&guid).map(|route| answer(&cf, route)).ok_or_else(|| ApiError::not_found("Route"))
    })
}

fn no_such_destination() -> ApiError {
    ApiError::unprocessable(
        "Unable to unmap route from destination. Ensure the route has a destination with this guid.",
    )
}

async fn remove(Shared(cf): Cf, who: Who, Path((guid, destination)): Path<(String, String)>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let guid = writable(&who, db, &guid)?;
        let route = db.routes.get(&guid).ok_or_else(|| ApiError::not_found("Route"))?;
        if !route.destinations.iter().any(|to| to.guid.as_str() == destination) {
            return Err(no_such_destination());
        }
        unmap(db, &who.actor(), &guid, |to| to.guid.as_str() == destination, false);
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn update(
    Shared(cf): Cf,
    who: Who,
    Path((guid, destination)): Path<(String, String)>,
    mut body: Message,
) -> ApiResult<Json<Value>> {
    body.only(&["protocol"]);
    let wanted = body.raw("protocol").map(protocol);
    if wanted == Some(None) {
        body.problem("Destination protocol must be 'http1', 'http2' or 'tcp'.");
    }
    body.finish()?;
    cf.store.write(|db| {
        let guid = writable(&who, db, &guid)?;
        let route = db.routes.get(&guid).ok_or_else(|| ApiError::not_found("Route"))?;
        let tcp = db.is_tcp(&route.domain);
        if !route.destinations.iter().any(|to| to.guid.as_str() == destination) {
            return Err(no_such_destination());
        }
        // (`RouteDestinationUpdate`; for a TCP route the protocol must be named.)
        match (tcp, wanted.flatten()) {
            (true, Some(Protocol::Tcp)) | (false, Some(Protocol::Http1 | Protocol::Http2) | None) => {}
            (true, _) => {
                return Err(ApiError::unprocessable(
                    "Destination protocol must be 'tcp' if the parent route's protocol is 'tcp'",
                ));
            }
            (false, Some(Protocol::Tcp)) => {
                return Err(ApiError::unprocessable(
                    "Destination protocol must be 'http1' or 'http2' if the parent route's protocol is 'http'",
                ));
            }
        }
        let route = db.routes.get_mut(&guid).ok_or_else(|| ApiError::not_found("Route"))?;
        let to = route.destinations.iter_mut().find(|to| to.guid.as_str() == destination);
        let to = to.ok_or_else(no_such_destination)?;
        if let Some(Some(wanted)) = wanted {
            to.protocol = wanted;
            to.updated_at = Timestamp::now();
        }
        let mut answer = present(to);
        let path = format!("/v3/routes/{guid}");
        answer["links"] =
            json!({ "destinations": href(&cf, &format!("{path}/destinations")), "route": href(&cf, &path) });
        Ok(Json(answer))
    })
}

//! Router groups: the part of the routing API that cf asks for. It has its own errors.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /routing/v1/router_groups` | list, or the one with this `name` |
//! | `POST /routing/v1/router_groups` | create; one that is there already is answered as it is |
//! | `DELETE /routing/v1/router_groups/:guid` | delete, whatever domains it has |
//!
//! What routers and route emitters ask for (`/routes`, `/tcp_routes`) is left out: here they are told without it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::controller::list::Query;
use crate::controller::{Api, Cf};
use crate::platform::Platform;
use crate::state::{Guid, ReservablePorts, RouterGroup, router_group};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/routing/v1/router_groups", routing::get(list).post(create))
        .route("/routing/v1/router_groups/{guid}", routing::delete(destroy))
}

/// An answer that is an error: `{"name": …, "message": …}`. (`routing-api`: `errors.go`, `handlers/errors.go`.)
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: String,
}

impl Refusal {
    fn unauthorized(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, name: "UnauthorizedError", message: message.to_owned() }
    }

    fn not_found(message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, name: "ResourceNotFoundError", message }
    }

    fn request(problem: &str) -> Self {
        let message = format!("Cannot process request: {problem}");
        Self { status: StatusCode::BAD_REQUEST, name: "ProcessRequestError", message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "name": self.name, "message": self.message }))).into_response()
    }
}

/// Somebody whose token allows to see router groups, and to change them where the call does.
/// (`handlers/scopes.go`, `uaaclient/token_validator.go`)
#[derive(Debug)]
struct Caller;

impl FromRequestParts<Arc<Platform>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Self::Rejection> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
            Some((scheme, _)) => return Err(Refusal::unauthorized(&format!("Invalid token type: {scheme}"))),
            None => return Err(Refusal::unauthorized("invalid token format")),
        };
        // The text by which cf knows that another token is to be had.
        let identity = platform.uaa.verify(token).ok_or_else(|| Refusal::unauthorized("Token is expired"))?;
        let what = if parts.method.is_safe() { "read" } else { "write" };
        if identity.has_scope(&format!("routing.router_groups.{what}")) {
            Ok(Self)
        } else {
            Err(Refusal::unauthorized("You are not authorized to perform the requested action"))
        }
    }
}

fn present(group: &RouterGroup) -> Value {
    json!({
        "guid": group.guid,
        "name": group.name,
        "type": group.kind,
        "reservable_ports": group.ports.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

async fn list(Shared(cf): Cf, _caller: Caller, query: Query) -> Result<Json<Value>, Refusal> {
    let name = query.get("name").filter(|name| !name.is_empty());
    cf.store.read(|db| {
        let groups = db.router_groups.values();
        match name {
            None => Ok(Json(groups.map(present).collect())),
            Some(name) => {
                let found: Vec<_> = groups.filter(|group| group.name == name).take(1).map(present).collect();
                if found.is_empty() {
                    return Err(Refusal::not_found(format!("router group '{name}' not found")));
                }
                Ok(Json(Value::Array(found)))
            }
        }
    })
}

/// What a body says; what it leaves out is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    reservable_ports: String,
}

fn read(body: &Bytes) -> Result<Wanted, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::request(&error.to_string()))
}

/// The ports of a group of this type, checked. (`RouterGroup.Validate`)
fn check_ports(name: &str, kind: &str, ports: &str) -> Result<Option<ReservablePorts>, Refusal> {
    match (ports.is_empty(), kind) {
        (true, router_group::TCP) => {
            Err(Refusal::request(&format!("missing reservable_ports in router group: {name}")))
        }
        (true, _) => Ok(None),
        (false, "http") => Err(Refusal::request("reservable ports are not supported for router groups of type http")),
        (false, _) => ReservablePorts::parse(ports).map(Some).map_err(|problem| Refusal::request(&problem)),
    }
}

async fn create(Shared(cf): Cf, _caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let wanted = read(&body)?;
    cf.store.write(|db| {
        let same = |group: &&RouterGroup| group.name == wanted.name && group.kind == wanted.kind;
        if let Some(known) = db.router_groups.values().find(same) {
            return Ok(Json(present(known)).into_response());
        }
        for (value, what) in [(&wanted.name, "name"), (&wanted.kind, "type")] {
            if value.is_empty() {
                return Err(Refusal::request(&format!("missing {what} in router group")));
            }
        }
        let ports = check_ports(&wanted.name, &wanted.kind, &wanted.reservable_ports)?;
        let group = RouterGroup {
            guid: Guid::random(),
            name: wanted.name,
            kind: wanted.kind,
            ports,
            created_at: Timestamp::now(),
        };
        let answer = (StatusCode::CREATED, Json(present(&group))).into_response();
        db.router_groups.insert(group.guid.clone(), group);
        Ok(answer)
    })
}

async fn destroy(Shared(cf): Cf, _caller: Caller, Path(guid): Path<String>) -> StatusCode {
    match cf.store.update(|db| db.router_groups.shift_remove(guid.as_str())) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_a_group_go_with_its_type() {
        let cases = [
            ("tcp", "1024-1033", Ok("1024-1033")),
            ("tcp", "", Err("Cannot process request: missing reservable_ports in router group: g")),
            ("tcp", "80", Err("Cannot process request: port must be between 1024 and 65535")),
            ("http", "", Ok("")),
            (
                "http",
                "1024",
                Err("Cannot process request: reservable ports are not supported for router groups of type http"),
            ),
        ];
        for (kind, ports, expected) in cases {
            let found = check_ports("g", kind, ports);
            let found = found.map(|ports| ports.as_ref().map(ToString::to_string).unwrap_or_default());
            let found = found.as_ref().map(String::as_str).map_err(|refusal| refusal.message.as_str());
            assert_eq!(found, expected, "{kind} {ports}");
        }
    }
}

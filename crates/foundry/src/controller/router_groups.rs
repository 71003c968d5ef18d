//! Router groups: the part of the routing API that cf asks for. It has its own errors.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /routing/v1/router_groups` | list, or the one with this `name` |
//!
//! Groups are not made or changed here, and what routers and route emitters ask for (`/routes`, `/tcp_routes`) is left
//! out: here they are told without it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State as Shared};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::list::Query;
use crate::controller::{Api, Cf};
use crate::platform::Platform;
use crate::state::RouterGroup;

pub(super) fn routes() -> Api {
    Router::new().route("/routing/v1/router_groups", routing::get(list))
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
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "name": self.name, "message": self.message }))).into_response()
    }
}

/// Somebody whose token allows to see router groups.
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
        if identity.has_scope("routing.router_groups.read") {
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
        "reservable_ports": group.ports.to_string(),
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

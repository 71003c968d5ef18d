//! Network policies: the policy server's API, which has its own errors.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /networking/v1/external/policies` | list; `id` is a comma list of apps at either end |
//! | `POST /networking/v1/external/policies` | add |
//! | `POST /networking/v1/external/policies/delete` | remove |

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::list::Query;
use crate::controller::{Api, Cf};
use crate::state::{Guid, NetworkPolicy, State};

/// How many policies an app may be the source of, for users who are no network administrators.
/// (cf-networking-release: `max_policies_per_app_source`)
const MOST: usize = 150;

pub(super) fn routes() -> Api {
    Router::new()
        .route("/networking/v1/external/policies", routing::get(list).post(add))
        .route("/networking/v1/external/policies/delete", routing::post(remove))
}

fn refuse(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

fn present(policy: &NetworkPolicy) -> Value {
    json!({
        "source": { "id": policy.source },
        "destination": {
            "id": policy.destination,
            "protocol": policy.protocol,
            "ports": { "start": policy.first_port, "end": policy.last_port },
        },
    })
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> Response {
    let apps = query.values("id");
    cf.store.read(|db| {
        let wanted = |policy: &&NetworkPolicy| {
            let at = |app: &Guid| apps.as_ref().is_none_or(|apps| apps.iter().any(|one| one == app.as_str()));
            (at(&policy.source) || at(&policy.destination)) && may(&who, db, policy)
        };
        let policies: Vec<_> = db.network_policies.iter().filter(wanted).map(present).collect();
        Json(json!({ "total_policies": policies.len(), "policies": policies })).into_response()
    })
}

/// Whether the user may see and change a policy: its two apps' spaces are the user's.
fn may(who: &Who, db: &State, policy: &NetworkPolicy) -> bool {
    let mine = |app: &Guid| db.apps.get(app).is_some_and(|app| who.can_write_space(db, &app.space));
    who.0.has_scope("network.admin") || (mine(&policy.source) && mine(&policy.destination))
}

fn read(body: &Message) -> Result<Vec<NetworkPolicy>, String> {
    let given = body.raw("policies").and_then(Value::as_array).filter(|given| !given.is_empty());
    given.ok_or("missing policies")?.iter().map(read_one).collect()
}

fn read_one(one: &Value) -> Result<NetworkPolicy, String> {
    let text = |path: &str| one.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let port = |path: &str| one.pointer(path).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    let source = text("/source/id").ok_or("missing source id")?;
    let destination = text("/destination/id").ok_or("missing destination id")?;
    let protocol = text("/destination/protocol").filter(|protocol| matches!(*protocol, "tcp" | "udp"));
    let protocol = protocol.ok_or("invalid destination protocol, specify either udp or tcp")?;
    let first = port("/destination/ports/start").filter(|port| *port > 0).ok_or("missing start port")?;
    let last = port("/destination/ports/end").ok_or("invalid end port, must be in range 1-65535")?;
    if first > last {
        return Err(format!("invalid port range {first}-{last}, start must be less than or equal to end"));
    }
    Ok(NetworkPolicy {
        source: Guid::from(source),
        destination: Guid::from(destination),
        protocol: protocol.to_owned(),
        first_port: first,
        last_port: last,
    })
}

async fn add(Shared(cf): Cf, who: Who, body: Message) -> Response {
    let policies = match read(&body) {
        Ok(policies) => policies,
        Err(problem) => return refuse(StatusCode::BAD_REQUEST, &format!("validate policies: {problem}")),
    };
    let added = cf.store.write(|db| {
        if !policies.iter().all(|policy| may(&who, db, policy)) {
            return Err("one or more applications cannot be found or accessed");
        }
        for policy in policies {
            let of_source = db.network_policies.iter().filter(|known| known.source == policy.source).count();
            if of_source >= MOST && !who.0.has_scope("network.admin") {
                return Err("policy quota exceeded");
            }
            if !db.network_policies.contains(&policy) {
                db.network_policies.push(policy);
            }
        }
        Ok(())
    });
    match added {
        Ok(()) => Json(json!({})).into_response(),
        Err(problem) => refuse(StatusCode::FORBIDDEN, problem),
    }
}

async fn remove(Shared(cf): Cf, who: Who, body: Message) -> Response {
    let policies = match read(&body) {
        Ok(policies) => policies,
        Err(problem) => return refuse(StatusCode::BAD_REQUEST, &format!("validate policies: {problem}")),
    };
    let removed = cf.store.write(|db| {
        if !policies.iter().all(|policy| may(&who, db, policy)) {
            return Err("one or more applications cannot be found or accessed");
        }
        db.network_policies.retain(|known| !policies.contains(known));
        Ok(())
    });
    match removed {
        Ok(()) => Json(json!({})).into_response(),
        Err(problem) => refuse(StatusCode::FORBIDDEN, problem),
    }
}

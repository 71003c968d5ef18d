//! Audit events.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/audit_events` | list |
//! | `GET /v3/audit_events/:guid` | show |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href};
use crate::platform::Platform;
use crate::state::{AuditEvent, Guid, Party, State, timestamp};

const LIST: Spec = Spec::new(&["types", "target_guids", "space_guids", "organization_guids"]).without_labels();

pub(super) fn routes() -> Api {
    Router::new().route("/v3/audit_events", routing::get(list)).route("/v3/audit_events/{guid}", routing::get(show))
}

fn present(cf: &Platform, event: &AuditEvent) -> Value {
    let party = |party: &Party| json!({ "guid": party.guid, "type": party.kind, "name": party.name });
    json!({
        "guid": event.guid,
        "created_at": timestamp(event.created_at),
        "updated_at": timestamp(event.updated_at),
        "type": event.kind,
        "actor": party(&event.actor),
        "target": party(&event.target),
        "data": event.data,
        "space": event.space.as_ref().map(|guid| json!({ "guid": guid })),
        "organization": event.org.as_ref().map(|guid| json!({ "guid": guid })),
        "links": { "self": href(cf, &format!("/v3/audit_events/{}", event.guid)) },
    })
}

fn visible(who: &Who, db: &State, event: &AuditEvent) -> bool {
    who.is_admin()
        || event.space.as_ref().is_some_and(|space| who.can_read_space(db, space))
        || (event.space.is_none() && event.org.as_ref().is_some_and(|org| who.can_write_org(db, org)))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let events = db.audit_events.values().filter(|event| {
            visible(&who, db, event)
                && query.wants("types", &event.kind)
                && query.wants("target_guids", &event.target.guid)
                && query.wants_any("space_guids", event.space.iter().map(Guid::as_str))
                && query.wants_any("organization_guids", event.org.iter().map(Guid::as_str))
        });
        Ok(Json(query.page(&cf, "/v3/audit_events", events).present(|event| present(&cf, event))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let event = db.audit_events.get(guid.as_str()).filter(|event| visible(&who, db, event));
        Ok(Json(present(&cf, event.ok_or_else(|| ApiError::not_found("Event"))?)))
    })
}

//! Spaces, as v2 has them.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v2/spaces` | list, without filters |
//! | `POST /v2/spaces` | create |
//! | `GET /v2/spaces/:guid` | show |
//! | `DELETE /v2/spaces/:guid` | at once; with `recursive=true` with all that is in it |

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use super::{Page, resource};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::Query;
use crate::controller::{Api, Cf, spaces};
use crate::state::{Guid, Space, State};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v2/spaces", routing::get(list).post(create))
        .route("/v2/spaces/{guid}", routing::get(show).delete(destroy))
}

fn path(space: &Space) -> String {
    format!("/v2/spaces/{}", space.guid)
}

fn present(space: &Space) -> Value {
    let path = path(space);
    let mut entity = json!({
        "name": space.name,
        "organization_guid": space.org,
        "space_quota_definition_guid": space.quota,
        "isolation_segment_guid": null,
        "allow_ssh": space.ssh,
        "organization_url": format!("/v2/organizations/{}", space.org),
    });
    if let Some(quota) = &space.quota {
        entity["space_quota_definition_url"] = json!(format!("/v2/space_quota_definitions/{quota}"));
    }
    for relation in [
        "developers",
        "managers",
        "auditors",
        "apps",
        "routes",
        "domains",
        "service_instances",
        "app_events",
        "events",
        "security_groups",
        "staging_security_groups",
    ] {
        entity[format!("{relation}_url")] = json!(format!("{path}/{relation}"));
    }
    resource(&space.guid, &path, space.created_at, space.updated_at, &entity)
}

/// A space; 404 where there is none, and 403 where the user must not see it.
fn readable<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Space> {
    let missing = || ApiError::new(table::SPACE_NOT_FOUND, format!("The app space could not be found: {guid}"));
    let space = db.spaces.get(guid).ok_or_else(missing)?;
    who.must(who.can_read_space(db, &space.guid))?;
    Ok(space)
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::read(&query)?;
    cf.store.read(|db| {
        let spaces: Vec<&Space> = db.spaces.values().filter(|space| who.can_read_space(db, &space.guid)).collect();
        Ok(page.of("/v2/spaces", &spaces, |space| present(space)))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable(&who, db, &guid).map(|space| Json(present(space))))
}

type Created = (StatusCode, [(HeaderName, String); 1], Json<Value>);

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<Created> {
    let unserved = body.keys().find(|key| !["name", "organization_guid", "allow_ssh"].contains(&key.as_str()));
    if let Some(field) = unserved {
        return Err(ApiError::not_implemented(&format!("Creating a space of API v2 with '{field}'")));
    }
    let ssh = body.boolean("allow_ssh").value().unwrap_or(true);
    let (name, org) = (body.string("name").value(), body.string("organization_guid").value());
    let (Some(name), Some(org)) = (&name, &org) else {
        let missing = |field: &str, value: &Option<String>| {
            value.is_none().then(|| format!("Field: {field}, Error: Missing field {field}"))
        };
        let problems = [missing("name", &name), missing("organization_guid", &org)];
        return Err(ApiError::parse(&problems.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    };
    body.finish()?;
    cf.store.write(|db| {
        let Some(org) = db.orgs.get(org.as_str()).map(|org| org.guid.clone()) else {
            let text = format!("Could not find VCAP::CloudController::Organization with guid: {org}");
            return Err(ApiError::new(table::INVALID_RELATION, text));
        };
        who.must_write_org(db, &org)?;
        if name.trim().is_empty() {
            return Err(ApiError::new(table::SPACE_INVALID, "The app space info is invalid: name presence"));
        }
        if db.space_named(&org, name).is_some() {
            return Err(ApiError::new(table::SPACE_NAME_TAKEN, format!("The app space name is taken: {name}")));
        }
        let guid = spaces::add(db, &who, Space { ssh, ..Space::new(name, &org) });
        let space = readable(&who, db, guid.as_str())?;
        Ok((StatusCode::CREATED, [(header::LOCATION, path(space))], Json(present(space))))
    })
}

/// Whether something is in a space that a deletion which is not recursive must not take with it.
fn is_in_use(db: &State, space: &Guid) -> bool {
    db.apps.values().any(|app| app.space == *space)
        || db.service_instances.values().any(|instance| instance.space == *space)
}

async fn destroy(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    query: Query,
) -> ApiResult<impl IntoResponse + use<>> {
    if query.get("async") == Some("true") {
        return Err(ApiError::not_implemented("An asynchronous job of API v2"));
    }
    let recursive = query.get("recursive") == Some("true");
    cf.store.write(|db| {
        let space = readable(&who, db, &guid)?.clone();
        who.must_write_org(db, &space.org)?;
        if !recursive && is_in_use(db, &space.guid) {
            let text =
                format!("Resource inside space {} must first be deleted, or specify recursive delete.", space.name);
            return Err(ApiError::new(table::NONRECURSIVE_SPACE_DELETION_FAILED, text));
        }
        spaces::remove(db, &who, &space, recursive);
        Ok(StatusCode::NO_CONTENT)
    })
}

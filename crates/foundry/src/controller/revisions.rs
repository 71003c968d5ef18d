//! Revisions: what an app ran.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/apps/:guid/revisions` | list |
//! | `GET /v3/apps/:guid/revisions/deployed` | those that started processes run |
//! | `GET`, `PATCH /v3/revisions/:guid` | show; metadata |
//! | `GET …/environment_variables` | what the user had set |

use axum::extract::{Path, State as Shared};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::apps::{readable, writable};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, href, metadata};
use crate::platform::Platform;
use crate::state::{DesiredState, Revision, Sidecar, State, timestamp};

const LIST: Spec = Spec::new(&["versions", "deployable"]);
const DEPLOYED: Spec = Spec::new(&[]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/apps/{guid}/revisions", routing::get(list))
        .route("/v3/apps/{guid}/revisions/deployed", routing::get(deployed))
        .route("/v3/revisions/{guid}", routing::get(show).patch(update))
        .route("/v3/revisions/{guid}/environment_variables", routing::get(environment_variables))
}

fn present(cf: &Platform, db: &State, revision: &Revision) -> Value {
    let path = format!("/v3/revisions/{}", revision.guid);
    let processes: Map<String, Value> =
        revision.commands.iter().map(|(kind, command)| (kind.clone(), json!({ "command": command }))).collect();
    let sidecar = |sidecar: &Sidecar| {
        json!({
            "name": sidecar.name,
            "command": sidecar.command,
            "memory_in_mb": sidecar.memory_in_mb,
            "process_types": sidecar.process_types,
        })
    };
    json!({
        "guid": revision.guid,
        "version": revision.version,
        "droplet": { "guid": revision.droplet },
        "processes": processes,
        "sidecars": revision.sidecars.iter().map(sidecar).collect::<Vec<_>>(),
        "description": revision.description,
        "relationships": { "app": { "data": { "guid": revision.app } } },
        "created_at": timestamp(revision.created_at),
        "updated_at": timestamp(revision.updated_at),
        "links": {
            "self": href(cf, &path),
            "app": href(cf, &format!("/v3/apps/{}", revision.app)),
            "environment_variables": href(cf, &format!("{path}/environment_variables")),
        },
        "metadata": metadata(&revision.metadata),
        "deployable": db.droplets.contains_key(&revision.droplet),
    })
}

/// A revision that the user may see; 404 for others.
pub(super) fn readable_revision<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Revision> {
    let revision = db.revisions.get(guid).filter(|revision| readable(who, db, revision.app.as_str()).is_ok());
    revision.ok_or_else(|| ApiError::not_found("Revision"))
}

async fn list(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let app = readable(&who, db, &app)?;
        let revisions = db.revisions.values().filter(|revision| {
            revision.app == app.guid
                && query.wants("versions", &revision.version.to_string())
                && query.wants("deployable", &db.droplets.contains_key(&revision.droplet).to_string())
        });
        let page = query.page(&cf, &format!("/v3/apps/{}/revisions", app.guid), revisions);
        Ok(Json(page.present(|revision| present(&cf, db, revision))))
    })
}

async fn deployed(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &DEPLOYED)?;
    cf.store.read(|db| {
        let app = readable(&who, db, &app)?;
        let runs = |revision: &Revision| {
            db.processes_of(&app.guid).any(|process| {
                process.state == DesiredState::Started
                    && process.instances > 0
                    && process.revision.as_ref() == Some(&revision.guid)
            })
        };
        let revisions = db.revisions.values().filter(|revision| revision.app == app.guid && runs(revision));
        let page = query.page(&cf, &format!("/v3/apps/{}/revisions/deployed", app.guid), revisions);
        Ok(Json(page.present(|revision| present(&cf, db, revision))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_revision(&who, db, &guid).map(|revision| Json(present(&cf, db, revision))))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let app = readable_revision(&who, db, &guid)?.app.clone();
        writable(&who, db, app.as_str())?;
        let Some(revision) = db.revisions.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Revision")) };
        change.apply(&mut revision.metadata);
        revision.updated_at = Timestamp::now();
        let revision = revision.clone();
        Ok(Json(present(&cf, db, &revision)))
    })
}

async fn environment_variables(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let revision = readable_revision(&who, db, &guid)?;
        writable(&who, db, revision.app.as_str())?;
        let path = format!("/v3/revisions/{guid}");
        Ok(Json(json!({
            "var": revision.environment,
            "links": {
                "self": href(&cf, &format!("{path}/environment_variables")),
                "revision": href(&cf, &path),
                "app": href(&cf, &format!("/v3/apps/{}", revision.app)),
            },
        })))
    })
}

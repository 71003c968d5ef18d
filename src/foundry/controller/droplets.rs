//! Droplets: what builds make.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/droplets`, `GET /v3/apps/:guid/droplets`, `GET /v3/packages/:guid/droplets` | list |
//! | `GET`, `PATCH`, `DELETE /v3/droplets/:guid` | show; metadata; as a job |
//! | `POST /v3/droplets?source_guid=:guid` | copy to another app |
//!
//! Left out: uploading and downloading droplets.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::foundry::blobs;
use crate::foundry::controller::apps::readable;
use crate::foundry::controller::auth::Who;
use crate::foundry::controller::body::Message;
use crate::foundry::controller::error::{ApiError, ApiResult};
use crate::foundry::controller::list::{ListQuery, Query, Spec};
use crate::foundry::controller::{Api, Cf, action, href, jobs, lifecycle, metadata};
use crate::foundry::platform::Platform;
use crate::foundry::state::{Droplet, Guid, Metadata, State, timestamp};

const LIST: Spec = Spec::new(&["states", "app_guids", "space_guids", "organization_guids", "current", "versions"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/droplets", routing::get(list).post(copy))
        .route("/v3/droplets/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/apps/{guid}/droplets", routing::get(list_of_app))
        .route("/v3/packages/{guid}/droplets", routing::get(list_of_package))
}

/// A droplet as the API shows it.
pub(super) fn present(cf: &Platform, droplet: &Droplet) -> Value {
    let path = format!("/v3/droplets/{}", droplet.guid);
    let mut links = json!({
        "self": href(cf, &path),
        "app": href(cf, &format!("/v3/apps/{}", droplet.app)),
        "assign_current_droplet": action(
            cf,
            &format!("/v3/apps/{}/relationships/current_droplet", droplet.app),
            "PATCH",
        ),
    });
    if let Some(package) = &droplet.package {
        links["package"] = href(cf, &format!("/v3/packages/{package}"));
    }
    links["download"] = href(cf, &format!("{path}/download"));
    let buildpacks: Vec<Value> = droplet
        .buildpacks
        .iter()
        .map(|used| {
            json!({
                "name": used.name,
                "detect_output": used.detect_output,
                "buildpack_name": used.buildpack_name,
                "version": used.version,
            })
        })
        .collect();
    json!({
        "guid": droplet.guid,
        "created_at": timestamp(droplet.created_at),
        "updated_at": timestamp(droplet.updated_at),
        "state": "STAGED",
        "error": null,
        "lifecycle": { "type": "buildpack", "data": {} },
        "checksum": { "type": "sha256", "value": droplet.checksum },
        "buildpacks": buildpacks,
        "stack": droplet.stack,
        "image": null,
        "execution_metadata": "",
        "process_types": droplet.process_types,
        "relationships": { "app": { "data": { "guid": droplet.app } } },
        "metadata": metadata(&droplet.metadata),
        "links": links,
    })
}

fn readable_droplet<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Droplet> {
    let droplet = db.droplets.get(guid).filter(|droplet| readable(who, db, droplet.app.as_str()).is_ok());
    droplet.ok_or_else(|| ApiError::not_found("Droplet"))
}

fn writable_droplet(who: &Who, db: &State, guid: &str) -> ApiResult<Droplet> {
    let droplet = readable_droplet(who, db, guid)?;
    super::apps::writable(who, db, droplet.app.as_str())?;
    Ok(droplet.clone())
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    listed(&cf, &who, query, "/v3/droplets", |_| true)
}

async fn list_of_app(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable(&who, db, &app).map(|_| ()))?;
    listed(&cf, &who, query, &format!("/v3/apps/{app}/droplets"), |droplet| droplet.app.as_str() == app)
}

async fn list_of_package(
    Shared(cf): Cf,
    who: Who,
    Path(package): Path<String>,
    query: Query,
) -> ApiResult<Json<Value>> {
    let known = cf.store.read(|db| {
        db.packages.get(package.as_str()).is_some_and(|package| readable(&who, db, package.app.as_str()).is_ok())
    });
    if !known {
        return Err(ApiError::not_found("Package"));
    }
    let of = |droplet: &Droplet| droplet.package.as_ref().is_some_and(|one| one.as_str() == package);
    listed(&cf, &who, query, &format!("/v3/packages/{package}/droplets"), of)
}

fn listed(
    cf: &Platform,
    who: &Who,
    query: Query,
    path: &str,
    fits: impl Fn(&Droplet) -> bool,
) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let current = query.get("current") == Some("true");
        let droplets = db.droplets.values().filter(|droplet| {
            let Some(app) = db.apps.get(&droplet.app) else { return false };
            let org = db.spaces.get(&app.space).map_or("", |space| space.org.as_str());
            fits(droplet)
                && query.wants("states", "STAGED")
                && query.wants("app_guids", droplet.app.as_str())
                && query.wants("space_guids", app.space.as_str())
                && query.wants("organization_guids", org)
                && (!current || app.droplet.as_ref() == Some(&droplet.guid))
                && who.can_read_space(db, &app.space)
        });
        Ok(Json(query.page(cf, path, droplets).present(|droplet| present(cf, droplet))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_droplet(&who, db, &guid).map(|droplet| Json(present(&cf, droplet))))
}

async fn copy(Shared(cf): Cf, who: Who, query: Query, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    let Some(source) = query.get("source_guid").map(ToOwned::to_owned) else {
        return Err(ApiError::not_implemented("Creating a droplet to upload"));
    };
    let app = body.needs_one("app");
    body.finish()?;
    cf.store.write(|db| {
        let source = readable_droplet(&who, db, &source)?.clone();
        if readable(&who, db, app.as_str()).is_err() {
            return Err(ApiError::unprocessable(format!(
                "App with guid \"{app}\" does not exist, or you do not have access to it."
            )));
        }
        super::apps::writable(&who, db, app.as_str())?;
        let now = Timestamp::now();
        let droplet = Droplet {
            guid: Guid::random(),
            app: app.clone(),
            package: None,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
            ..source.clone()
        };
        let blobs = cf.cell.blobs();
        blobs::copy(&blobs.droplet(&source.guid), &blobs.droplet(&droplet.guid))
            .map_err(|error| ApiError::unprocessable(format!("Unable to copy the droplet: {error}")))?;
        let answer = present(&cf, &droplet);
        db.droplets.insert(droplet.guid.clone(), droplet);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        writable_droplet(&who, db, &guid)?;
        let Some(droplet) = db.droplets.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Droplet")) };
        change.apply(&mut droplet.metadata);
        droplet.updated_at = Timestamp::now();
        Ok(Json(present(&cf, droplet)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let droplet = cf.store.read(|db| writable_droplet(&who, db, &guid))?;
    let actor = who.actor();
    Ok(jobs::run(&cf, "droplet.delete", None, move |db| {
        lifecycle::note(db, "audit.app.droplet.delete", &actor, &droplet.app, json!({ "droplet_guid": droplet.guid }));
        db.droplets.shift_remove(&droplet.guid);
        Ok(Vec::new())
    }))
}

//! Droplets: what builds make, or what was uploaded.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/droplets`, `GET /v3/apps/:guid/droplets`, `GET /v3/packages/:guid/droplets` | list |
//! | `GET`, `PATCH`, `DELETE /v3/droplets/:guid` | show; metadata; as a job |
//! | `POST /v3/droplets` | create one to upload, or with `source_guid` copy to another app |
//! | `POST …/upload` | its content, as multipart and as a job |
//! | `GET …/download` | its content, packed anew |

use std::io;

use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use bytes::Bytes;
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::blobs::{self, StagingInfo};
use crate::controller::apps::readable;
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::form::{self, Form};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, action, href, jobs, lifecycle, metadata};
use crate::platform::Platform;
use crate::state::{Droplet, DropletState, Guid, JobState, LifecycleKind, Metadata, State, WEB, timestamp};

const LIST: Spec = Spec::new(&["states", "app_guids", "space_guids", "organization_guids", "current", "versions"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/droplets", routing::get(list).post(create))
        .route("/v3/droplets/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/droplets/{guid}/upload", routing::post(upload).layer(DefaultBodyLimit::disable()))
        .route("/v3/droplets/{guid}/download", routing::get(download))
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
    let mut error = None;
    match &droplet.state {
        DropletState::AwaitingUpload => links["upload"] = action(cf, &format!("{path}/upload"), "POST"),
        DropletState::ProcessingUpload | DropletState::Copying => {}
        DropletState::Staged if droplet.lifecycle != LifecycleKind::Buildpack => {}
        DropletState::Staged => links["download"] = href(cf, &format!("{path}/download")),
        DropletState::Failed(text) => error = Some(text),
    }
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
        "state": droplet.state.as_str(),
        "error": error,
        "lifecycle": { "type": droplet.lifecycle, "data": {} },
        "checksum": droplet.checksum.as_ref().map(|value| json!({ "type": "sha256", "value": value })),
        "buildpacks": (droplet.lifecycle != LifecycleKind::Docker).then_some(buildpacks),
        "stack": droplet.stack,
        "image": droplet.image,
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
                && query.wants("states", droplet.state.as_str())
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

async fn create(Shared(cf): Cf, who: Who, query: Query, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    let source = query.get("source_guid").map(ToOwned::to_owned);
    let mut process_types = IndexMap::from([(WEB.to_owned(), String::new())]);
    if source.is_none() {
        body.only(&["relationships", "process_types"]);
        if let Some(wanted) = body.object("process_types").value() {
            process_types = read_process_types(&mut body, wanted);
        }
    }
    let app = body.needs_one("app");
    body.finish()?;
    let (answer, copying) = cf.store.write(|db| {
        let source = source.map(|source| readable_droplet(&who, db, &source).cloned()).transpose()?;
        let Ok(found) = readable(&who, db, app.as_str()) else {
            // (`droplets_controller.rb`: `create_copy`, `create_fresh`.)
            if source.is_some() {
                return Err(ApiError::not_found("App"));
            }
            return Err(ApiError::unprocessable(format!(
                "App with guid \"{app}\" does not exist, or you do not have access to it."
            )));
        };
        let kind = found.lifecycle.kind;
        super::apps::writable(&who, db, app.as_str())?;
        let now = Timestamp::now();
        let guid = Guid::random();
        let metadata = Metadata::default();
        let mut copying = None;
        let droplet = if let Some(source) = source {
            if source.state != DropletState::Staged {
                return Err(ApiError::unprocessable("source droplet is not staged"));
            }
            if kind != LifecycleKind::Buildpack || source.lifecycle != kind {
                return Err(ApiError::unprocessable("source and destination lifecycle types do not match"));
            }
            let data = json!({ "droplet_guid": guid, "request": { "source_droplet_guid": source.guid } });
            lifecycle::note(db, "audit.app.droplet.create", &who.actor(), &app, data);
            copying = Some((source.guid.clone(), guid.clone()));
            let app = app.clone();
            let copy = Droplet { guid, app, package: None, metadata, created_at: now, updated_at: now, ..source };
            Droplet { state: DropletState::Copying, checksum: None, ..copy }
        } else {
            if kind != LifecycleKind::Buildpack {
                let text = "Droplet creation is not available for apps with docker lifecycles.";
                return Err(ApiError::unprocessable(text));
            }
            let data = json!({ "droplet_guid": guid });
            lifecycle::note(db, "audit.app.droplet.create", &who.actor(), &app, data);
            Droplet {
                guid,
                app: app.clone(),
                package: None,
                state: DropletState::AwaitingUpload,
                process_types,
                own_command: None,
                buildpacks: Vec::new(),
                stack: None,
                checksum: None,
                lifecycle: kind,
                image: None,
                stand_in: false,
                metadata,
                created_at: now,
                updated_at: now,
            }
        };
        let answer = present(&cf, &droplet);
        db.droplets.insert(droplet.guid.clone(), droplet);
        Ok((answer, copying))
    })?;
    if let Some((source, copy)) = copying {
        let on = std::sync::Arc::clone(&cf);
        cf.later(cf.timing().job, move || copied(&on, &source, &copy));
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Copies the content of a droplet. (`cloud_controller_ng`: `droplet_bits_copier.rb`.)
fn copied(cf: &Platform, source: &Guid, copy: &Guid) {
    let blobs = cf.cell.blobs();
    let done = blobs::copy(&blobs.droplet(source), &blobs.droplet(copy));
    cf.store.update(|db| {
        let checksum = db.droplets.get(source).map(|source| source.checksum.clone());
        let Some(copy) = db.droplets.get_mut(copy) else { return };
        copy.updated_at = Timestamp::now();
        match (done, checksum) {
            (Ok(()), Some(checksum)) => {
                copy.state = DropletState::Staged;
                copy.checksum = checksum;
            }
            (Ok(()), None) => {
                copy.state = DropletState::Failed("failed to copy - source droplet does not exist".to_owned());
            }
            (Err(error), _) => copy.state = DropletState::Failed(format!("failed to copy - {error}")),
        }
    });
}

/// (`cloud_controller_ng`: `droplet_create_message.rb`.)
fn read_process_types(body: &mut Message, wanted: Map<String, Value>) -> IndexMap<String, String> {
    if wanted.keys().any(String::is_empty) {
        body.problem("Process types key must not be empty");
    }
    if !wanted.values().all(Value::is_string) {
        body.problem("Process types value must be a string");
    }
    wanted.into_iter().filter_map(|(kind, command)| Some((kind, command.as_str()?.to_owned()))).collect()
}

async fn upload(Shared(cf): Cf, who: Who, Path(guid): Path<String>, form: Form) -> ApiResult<Response> {
    let bits = read_upload(form).await?;
    let (droplet, job) = cf.store.write(|db| {
        let droplet = writable_droplet(&who, db, &guid)?;
        if droplet.state != DropletState::AwaitingUpload {
            let text = "Droplet may be uploaded only once. Create a new droplet to upload bits.";
            return Err(ApiError::unprocessable(text));
        }
        let data = json!({ "droplet_guid": droplet.guid });
        lifecycle::note(db, "audit.app.droplet.upload", &who.actor(), &droplet.app, data);
        let Some(found) = db.droplets.get_mut(&droplet.guid) else { return Err(ApiError::not_found("Droplet")) };
        found.state = DropletState::ProcessingUpload;
        found.updated_at = Timestamp::now();
        let found = found.clone();
        let resource = Some(("droplet", format!("/v3/droplets/{}", found.guid)));
        Ok((found, jobs::begin(db, "droplet.upload", JobState::Processing, resource)))
    })?;
    let unpacked = {
        let (cf, guid) = (std::sync::Arc::clone(&cf), droplet.guid.clone());
        tokio::task::spawn_blocking(move || cf.cell.blobs().unpack_droplet(&guid, &bits)).await
    };
    let unpacked = unpacked.map_err(io::Error::other).and_then(|unpacked| unpacked);
    let answer = (StatusCode::ACCEPTED, [(header::LOCATION, jobs::location(&cf, &job))], Json(present(&cf, &droplet)));
    let on = std::sync::Arc::clone(&cf);
    cf.later(cf.timing().job, move || on.store.update(|db| uploaded(db, &droplet.guid, &job, unpacked)));
    Ok(answer.into_response())
}

/// Ends an upload.
fn uploaded(db: &mut State, droplet: &Guid, job: &Guid, unpacked: io::Result<(StagingInfo, String)>) {
    let Some(droplet) = db.droplets.get_mut(droplet) else {
        return jobs::end(db, job, Err(ApiError::not_found("Droplet")));
    };
    droplet.updated_at = Timestamp::now();
    let result = match unpacked {
        Ok((info, checksum)) => {
            droplet.state = DropletState::Staged;
            droplet.checksum = Some(checksum);
            droplet.own_command = Some(info.start_command).filter(|command| !command.is_empty());
            Ok(Vec::new())
        }
        Err(error) => {
            let text = format!("Uploaded droplet file is invalid: {:#}", anyhow::Error::from(error));
            droplet.state = DropletState::Failed(text.clone());
            Err(ApiError::unprocessable(text))
        }
    };
    jobs::end(db, job, result);
}

/// Reads the part `bits`. Fails where it is not there, or by its name no droplet.
async fn read_upload(form: Form) -> ApiResult<Bytes> {
    let invalid = |text: &str| ApiError::unprocessable(format!("Uploaded droplet file is invalid: {text}"));
    let part = form::parts(form, &["bits"]).await?.into_iter().next();
    let Some((name, bits)) = part.and_then(|part| Some((part.filename?, part.content))) else {
        return Err(invalid("A droplet tgz file must be uploaded as 'bits'"));
    };
    if std::path::Path::new(&name).extension().is_none_or(|end| end != "tgz") && !name.ends_with(".tar.gz") {
        return Err(invalid(&format!("{name} is not a tgz")));
    }
    if bits.is_empty() {
        return Err(invalid(&format!("{name} cannot be empty")));
    }
    Ok(bits)
}

async fn download(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let droplet = cf.store.write(|db| {
        let droplet = readable_droplet(&who, db, &guid)?.clone();
        let space = db.apps.get(&droplet.app).map(|app| app.space.clone());
        Who::must(space.is_some_and(|space| who.can_write_space(db, &space)))?;
        if droplet.state != DropletState::Staged {
            return Err(ApiError::unprocessable("Only staged droplets can be downloaded."));
        }
        let data = json!({ "droplet_guid": droplet.guid });
        lifecycle::note(db, "audit.app.droplet.download", &who.actor(), &droplet.app, data);
        Ok(droplet)
    })?;
    let info = StagingInfo {
        detected_buildpack: droplet.buildpacks.last().map(|used| used.buildpack_name.clone()).unwrap_or_default(),
        start_command: droplet.command(WEB).unwrap_or_default().to_owned(),
    };
    let packed = tokio::task::spawn_blocking(move || cf.cell.blobs().pack_droplet(&droplet.guid, &info)).await;
    match packed {
        Ok(Ok(packed)) => Ok(([(header::CONTENT_TYPE, "application/gzip")], packed).into_response()),
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
            table::BLOBSTORE_UNAVAILABLE,
            "Failed to perform operation due to blobstore unavailability.",
        )),
    }
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
    let droplet = cf.store.read(|db| {
        let droplet = writable_droplet(&who, db, &guid)?;
        if db.apps.get(&droplet.app).is_some_and(|app| app.droplet.as_ref() == Some(&droplet.guid)) {
            let text = format!("The droplet is currently used by app with guid \"{}\".", droplet.app);
            return Err(ApiError::unprocessable(text));
        }
        Ok(droplet)
    })?;
    let actor = who.actor();
    Ok(jobs::run(&cf, "droplet.delete", None, move |db| {
        lifecycle::note(db, "audit.app.droplet.delete", &actor, &droplet.app, json!({ "droplet_guid": droplet.guid }));
        db.droplets.shift_remove(&droplet.guid);
        Ok(Vec::new())
    }))
}

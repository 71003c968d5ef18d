//! Packages: the source of apps.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/packages`, `GET /v3/apps/:guid/packages` | list |
//! | `POST /v3/packages` | create, or with `source_guid` copy |
//! | `GET`, `PATCH`, `DELETE /v3/packages/:guid` | show; metadata; as a job |
//! | `POST …/upload` | bits and resources, as multipart |
//! | `GET …/download` | the bits |
//! | `POST /v3/resource_matches` | which files need not be uploaded |

use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::blobs::Fingerprint;
use crate::controller::apps::readable;
use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::form::{self, Form};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, action, feature_flags, href, jobs, lifecycle, metadata};
use crate::platform::Platform;
use crate::state::{DockerImage, Guid, LifecycleKind, Metadata, Package, PackageState, State, timestamp};

const LIST: Spec = Spec::new(&["states", "types", "app_guids", "space_guids", "organization_guids"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/packages", routing::get(list).post(create))
        .route("/v3/packages/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/packages/{guid}/upload", routing::post(upload).layer(DefaultBodyLimit::disable()))
        .route("/v3/packages/{guid}/download", routing::get(download))
        .route("/v3/apps/{guid}/packages", routing::get(list_nested))
        .route("/v3/resource_matches", routing::post(resource_matches))
}

fn present(cf: &Platform, package: &Package) -> Value {
    let path = format!("/v3/packages/{}", package.guid);
    let mut links = json!({ "self": href(cf, &path) });
    let data = if let Some(DockerImage { image, username, .. }) = &package.docker {
        json!({ "image": image, "username": username, "password": username.as_ref().map(|_| "***") })
    } else {
        links["upload"] = action(cf, &format!("{path}/upload"), "POST");
        links["download"] = href(cf, &format!("{path}/download"));
        json!({ "error": package.error, "checksum": { "type": "sha256", "value": package.checksum } })
    };
    links["app"] = href(cf, &format!("/v3/apps/{}", package.app));
    json!({
        "guid": package.guid,
        "created_at": timestamp(package.created_at),
        "updated_at": timestamp(package.updated_at),
        "type": kind(package),
        "data": data,
        "state": package.state,
        "relationships": { "app": { "data": { "guid": package.app } } },
        "metadata": metadata(&package.metadata),
        "links": links,
    })
}

/// The API's word for what it is.
fn kind(package: &Package) -> &'static str {
    if package.docker.is_some() { "docker" } else { "bits" }
}

fn readable_package<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Package> {
    let package = db.packages.get(guid).filter(|package| readable(who, db, package.app.as_str()).is_ok());
    package.ok_or_else(|| ApiError::not_found("Package"))
}

fn writable_package(who: &Who, db: &State, guid: &str) -> ApiResult<Package> {
    let package = readable_package(who, db, guid)?;
    super::apps::writable(who, db, package.app.as_str())?;
    Ok(package.clone())
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    listed(&cf, &who, query, None)
}

async fn list_nested(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    listed(&cf, &who, query, Some(&app))
}

fn listed(cf: &Platform, who: &Who, query: Query, of: Option<&str>) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        if let Some(app) = of {
            readable(who, db, app)?;
        }
        let packages = db.packages.values().filter(|package| {
            let Some(app) = db.apps.get(&package.app) else { return false };
            let org = db.spaces.get(&app.space).map_or("", |space| space.org.as_str());
            of.is_none_or(|of| package.app.as_str() == of)
                && query.wants("states", word(package.state))
                && query.wants("types", kind(package))
                && query.wants("app_guids", package.app.as_str())
                && query.wants("space_guids", app.space.as_str())
                && query.wants("organization_guids", org)
                && who.can_read_space(db, &app.space)
        });
        let path = of.map_or_else(|| "/v3/packages".to_owned(), |app| format!("/v3/apps/{app}/packages"));
        Ok(Json(query.page(cf, &path, packages).present(|package| present(cf, package))))
    })
}

fn word(state: PackageState) -> &'static str {
    match state {
        PackageState::AwaitingUpload => "AWAITING_UPLOAD",
        PackageState::Ready => "READY",
        PackageState::Failed => "FAILED",
    }
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_package(&who, db, &guid).map(|package| Json(present(&cf, package))))
}

async fn create(Shared(cf): Cf, who: Who, query: Query, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    let source = query.get("source_guid").map(ToOwned::to_owned);
    let mut docker = None;
    if source.is_none() {
        body.only(&["relationships", "type", "data", "metadata"]);
        match body.raw("type").and_then(Value::as_str) {
            Some("bits") => {
                if body.raw("data").is_some_and(|data| !data.is_null() && *data != json!({})) {
                    body.problem("Data must be empty if provided for bits packages");
                }
            }
            Some("docker") => docker = Some(read_image(&mut body)),
            _ => body.problem("Type must be one of 'bits, docker'"),
        }
    }
    let app = body.needs_one("app");
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        if readable(&who, db, app.as_str()).is_err() {
            return Err(ApiError::unprocessable("App is invalid. Ensure it exists and you have access to it."));
        }
        super::apps::writable(&who, db, app.as_str())?;
        let lifecycle = db.apps.get(&app).map(|app| app.lifecycle.kind);
        if source.is_none() && docker.is_none() && lifecycle == Some(LifecycleKind::Docker) {
            return Err(ApiError::unprocessable("Cannot create bits package for a Docker app."));
        }
        if docker.is_some() && lifecycle == Some(LifecycleKind::Buildpack) {
            return Err(ApiError::unprocessable("Cannot create Docker package for a buildpack app."));
        }
        let now = Timestamp::now();
        let mut package = Package {
            guid: Guid::random(),
            app: app.clone(),
            state: if docker.is_some() { PackageState::Ready } else { PackageState::AwaitingUpload },
            error: None,
            checksum: None,
            docker,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        if let Some(source) = &source {
            let Ok(source) = writable_package(&who, db, source) else {
                return Err(ApiError::unprocessable(
                    "Source package is invalid. Ensure it exists and you have access to it.",
                ));
            };
            package.docker = source.docker.map(|docker| DockerImage { username: None, password: None, ..docker });
            let copied = package.docker.is_some()
                || std::fs::copy(cf.cell.blobs().package(&source.guid), cf.cell.blobs().package(&package.guid)).is_ok();
            package.state = if copied { source.state } else { PackageState::Failed };
            package.checksum = source.checksum;
        }
        change.apply(&mut package.metadata);
        let answer = present(&cf, &package);
        let data = json!({ "package_guid": package.guid, "request": { "type": kind(&package) } });
        lifecycle::note(db, "audit.app.package.create", &who.actor(), &app, data);
        db.packages.insert(package.guid.clone(), package);
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

/// Reads the `data` of a Docker package.
fn read_image(body: &mut Message) -> DockerImage {
    let mut data = Message::of(body.object("data").value().unwrap_or_default());
    data.only(&["image", "username", "password"]);
    let (image, username) = (data.string("image").value(), data.string("username").value());
    let password = data.string("password").value();
    if image.as_deref().is_none_or(str::is_empty) {
        data.problem("Image required");
    }
    body.problems_in("Data", data);
    DockerImage { image: image.unwrap_or_default(), username, password }
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata", "username", "password"]);
    let (username, password) = (body.string("username"), body.string("password"));
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let credentials = username != Field::Absent || password != Field::Absent;
        if readable_package(&who, db, &guid)?.docker.is_none() && credentials {
            return Err(ApiError::unprocessable("Cannot update Docker credentials for a buildpack app."));
        }
        writable_package(&who, db, &guid)?;
        let Some(package) = db.packages.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Package")) };
        if let Some(docker) = &mut package.docker {
            username.replace(&mut docker.username);
            password.replace(&mut docker.password);
        }
        change.apply(&mut package.metadata);
        package.updated_at = Timestamp::now();
        Ok(Json(present(&cf, package)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let package = cf.store.read(|db| writable_package(&who, db, &guid))?;
    let actor = who.actor();
    Ok(jobs::run(&cf, "package.delete", None, move |db| {
        lifecycle::note(db, "audit.app.package.delete", &actor, &package.app, json!({ "package_guid": package.guid }));
        db.packages.shift_remove(&package.guid);
        Ok(Vec::new())
    }))
}

/// Reads the list of files that the client knows to be in the cache. Both forms are understood, that of v3 and the
/// older one.
fn read_resources(text: &str) -> ApiResult<Vec<Fingerprint>> {
    let invalid = || ApiError::unprocessable("Resources must be valid JSON.");
    let resources: Vec<Value> = serde_json::from_str(text).map_err(|_| invalid())?;
    resources.iter().map(|resource| fingerprint(resource).ok_or_else(invalid)).collect()
}

fn fingerprint(resource: &Value) -> Option<Fingerprint> {
    let sha1 = resource.pointer("/checksum/value").or_else(|| resource.get("sha1"))?.as_str()?;
    let size = resource.get("size_in_bytes").or_else(|| resource.get("size"))?.as_u64()?;
    let path = resource.get("path").or_else(|| resource.get("fn")).and_then(Value::as_str).unwrap_or_default();
    let mode = resource.get("mode").and_then(Value::as_str).and_then(|mode| u32::from_str_radix(mode, 8).ok());
    Some(Fingerprint { sha1: sha1.to_owned(), size, path: path.to_owned(), mode: mode.unwrap_or(0o644) & 0o777 })
}

fn must_be_bits(package: &Package) -> ApiResult<()> {
    match package.docker {
        None => Ok(()),
        Some(_) => Err(ApiError::unprocessable("Package type must be bits.")),
    }
}

async fn upload(Shared(cf): Cf, who: Who, Path(guid): Path<String>, form: Form) -> ApiResult<Json<Value>> {
    let mut bits = None;
    let mut known = Vec::new();
    for part in form::parts(form, &["bits", "resources"]).await? {
        if part.name == "bits" {
            bits = Some(part.content);
        } else if !part.content.is_empty() {
            known = read_resources(&String::from_utf8_lossy(&part.content))?;
        }
    }
    if bits.is_none() && known.is_empty() {
        return Err(ApiError::unprocessable("Upload must include either resources or bits"));
    }
    let package = cf.store.read(|db| {
        feature_flags::must_be_enabled_for(&who, db, "app_bits_upload")?;
        writable_package(&who, db, &guid)
    })?;
    must_be_bits(&package)?;
    if package.state != PackageState::AwaitingUpload {
        return Err(ApiError::new(
            table::PACKAGE_BITS_ALREADY_UPLOADED,
            "Bits may be uploaded only once. Create a new package to upload different bits.",
        ));
    }
    let made = {
        let (cf, guid) = (std::sync::Arc::clone(&cf), package.guid.clone());
        tokio::task::spawn_blocking(move || cf.cell.blobs().assemble(&guid, bits.as_deref(), &known)).await
    };
    cf.store.write(|db| {
        let Some(found) = db.packages.get_mut(&package.guid) else { return Err(ApiError::not_found("Package")) };
        found.updated_at = Timestamp::now();
        match made {
            Ok(Ok(checksum)) => {
                found.state = PackageState::Ready;
                found.checksum = Some(checksum);
            }
            Ok(Err(error)) => {
                found.state = PackageState::Failed;
                found.error = Some(format!("The app upload is invalid: {error}"));
            }
            Err(_) => found.state = PackageState::Failed,
        }
        let answer = present(&cf, found);
        let data = json!({ "package_guid": package.guid });
        lifecycle::note(db, "audit.app.package.upload", &who.actor(), &package.app, data);
        Ok(Json(answer))
    })
}

async fn download(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let package = cf.store.read(|db| writable_package(&who, db, &guid))?;
    must_be_bits(&package)?;
    if package.state != PackageState::Ready {
        return Err(ApiError::unprocessable("Package has no bits to download."));
    }
    let bits = tokio::fs::read(cf.cell.blobs().package(&package.guid)).await;
    let bits = bits.map_err(|_| ApiError::not_found("Package"))?;
    Ok(([(header::CONTENT_TYPE, "application/zip")], bits).into_response())
}

async fn resource_matches(Shared(cf): Cf, _who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    let resources = match body.raw("resources") {
        Some(Value::Array(resources)) => resources.clone(),
        Some(_) => {
            body.problem("Resources is not an array");
            Vec::new()
        }
        None => Vec::new(),
    };
    if resources.is_empty() && body.raw("resources").is_none_or(Value::is_array) {
        body.problem("Resources must have at least one resource");
    }
    body.finish()?;
    let matched: Vec<Value> = resources
        .into_iter()
        .filter(|resource| fingerprint(resource).is_some_and(|file| cf.cell.blobs().has(&file.sha1, file.size)))
        .collect();
    Ok((StatusCode::CREATED, Json(json!({ "resources": matched }))))
}

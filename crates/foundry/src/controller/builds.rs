//! Builds: packages become droplets.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/builds`, `GET /v3/apps/:guid/builds` | list |
//! | `POST /v3/builds` | create and begin |
//! | `GET`, `PATCH /v3/builds/:guid` | show; metadata |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::{lifecycle_problems, log, present_lifecycle, read_lifecycle, readable};
use crate::controller::auth::Who;
use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::processes::number;
use crate::controller::{Api, Cf, feature_flags, href, lifecycle, metadata};
use crate::platform::Platform;
use crate::staging;
use crate::state::{Build, BuildState, Guid, LifecycleKind, Metadata, PackageState, State, timestamp};

const LIST: Spec = Spec::new(&["states", "app_guids", "package_guids"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/builds", routing::get(list).post(create))
        .route("/v3/builds/{guid}", routing::get(show).patch(update))
        .route("/v3/apps/{guid}/builds", routing::get(list_nested))
}

fn present(cf: &Platform, build: &Build) -> Value {
    let mut links = json!({
        "self": href(cf, &format!("/v3/builds/{}", build.guid)),
        "app": href(cf, &format!("/v3/apps/{}", build.app)),
    });
    let (mut droplet, mut error) = (Value::Null, Value::Null);
    match &build.state {
        BuildState::Staging => {}
        BuildState::Staged(guid) => {
            droplet = json!({ "guid": guid });
            links["droplet"] = href(cf, &format!("/v3/droplets/{guid}"));
        }
        BuildState::Failed(text) => error = json!(text),
    }
    json!({
        "guid": build.guid,
        "created_at": timestamp(build.created_at),
        "updated_at": timestamp(build.updated_at),
        "state": build.state.as_str(),
        "staging_memory_in_mb": build.staging_memory_in_mb,
        "staging_disk_in_mb": build.staging_disk_in_mb,
        "staging_log_rate_limit_bytes_per_second": build.staging_log_rate_limit,
        "error": error,
        "lifecycle": present_lifecycle(&build.lifecycle),
        "package": { "guid": build.package },
        "droplet": droplet,
        "created_by": { "guid": build.created_by.0, "name": build.created_by.1, "email": build.created_by.1 },
        "relationships": { "app": { "data": { "guid": build.app } } },
        "metadata": metadata(&build.metadata),
        "links": links,
    })
}

fn readable_build<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Build> {
    let build = db.builds.get(guid).filter(|build| readable(who, db, build.app.as_str()).is_ok());
    build.ok_or_else(|| ApiError::not_found("Build"))
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
        let builds = db.builds.values().filter(|build| {
            of.is_none_or(|of| build.app.as_str() == of)
                && query.wants("states", build.state.as_str())
                && query.wants("app_guids", build.app.as_str())
                && query.wants("package_guids", build.package.as_str())
                && readable(who, db, build.app.as_str()).is_ok()
        });
        let path = of.map_or_else(|| "/v3/builds".to_owned(), |app| format!("/v3/apps/{app}/builds"));
        Ok(Json(query.page(cf, &path, builds).present(|build| present(cf, build))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_build(&who, db, &guid).map(|build| Json(present(&cf, build))))
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&[
        "staging_memory_in_mb",
        "staging_disk_in_mb",
        "staging_log_rate_limit_bytes_per_second",
        "environment_variables",
        "lifecycle",
        "package",
        "metadata",
    ]);
    let package = body.raw("package").and_then(|package| package.get("guid")?.as_str()).map(ToOwned::to_owned);
    if package.is_none() {
        body.problem("Package guid can't be blank");
    }
    let memory = number(&mut body, "staging_memory_in_mb", 1).and_then(|number| u64::try_from(number).ok());
    let disk = number(&mut body, "staging_disk_in_mb", 1).and_then(|number| u64::try_from(number).ok());
    let log_rate = number(&mut body, "staging_log_rate_limit_bytes_per_second", -1);
    let wanted = read_lifecycle(&mut body);
    let change = body.metadata();
    body.finish()?;
    let (guid, answer) = cf.store.write(|db| {
        let package = package.as_deref().and_then(|guid| db.packages.get(guid));
        let package = package.filter(|package| super::apps::writable(&who, db, package.app.as_str()).is_ok()).cloned();
        let Some(package) = package else {
            return Err(ApiError::unprocessable(
                "Unable to use package. Ensure that the package exists and you have access to it.",
            ));
        };
        let Some(app) = db.apps.get(&package.app) else { return Err(ApiError::not_found("App")) };
        let mut lifecycle = app.lifecycle.clone();
        if let Some(wanted) = wanted {
            wanted.fill(&mut lifecycle);
        }
        if package.docker.is_some() {
            lifecycle.kind = LifecycleKind::Docker;
        }
        feature_flags::must_allow(db, lifecycle.kind)?;
        let problems = lifecycle_problems(db, &lifecycle);
        if !problems.is_empty() {
            return Err(ApiError::unprocessable(problems.join(", ")));
        }
        let new = !db.builds.values().any(|build| build.app == package.app);
        if let Some(why) = db.stack_refuses(&lifecycle, new) {
            return Err(ApiError::new(table::STACK_VALIDATION_FAILED, why));
        }
        let staging = |build: &Build| build.app == package.app && matches!(build.state, BuildState::Staging);
        if db.builds.values().any(staging) {
            return Err(ApiError::new(
                table::STAGING_IN_PROGRESS,
                "Only one build can be STAGING at a time per application.",
            ));
        }
        if package.state != PackageState::Ready {
            return Err(ApiError::bad_request("Cannot stage package whose state is not ready."));
        }
        let now = Timestamp::now();
        let mut build = Build {
            guid: Guid::random(),
            app: package.app.clone(),
            package: package.guid.clone(),
            state: BuildState::Staging,
            lifecycle,
            staging_memory_in_mb: memory.unwrap_or(1024),
            staging_disk_in_mb: disk.unwrap_or(6144),
            staging_log_rate_limit: log_rate.unwrap_or(-1),
            created_by: (who.guid(), who.actor().name),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        change.apply(&mut build.metadata);
        let (guid, answer) = (build.guid.clone(), present(&cf, &build));
        db.builds.insert(guid.clone(), build);
        let data = json!({ "build_guid": guid, "package_guid": package.guid });
        lifecycle::note(db, "audit.app.build.create", &who.actor(), &package.app, data);
        log(&cf, &package.app, &format!("Creating build for app with guid {}", package.app));
        Ok((guid, answer))
    })?;
    staging::start(&cf, &guid);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let app = readable_build(&who, db, &guid)?.app.clone();
        super::apps::writable(&who, db, app.as_str())?;
        let Some(build) = db.builds.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Build")) };
        change.apply(&mut build.metadata);
        build.updated_at = Timestamp::now();
        Ok(Json(present(&cf, build)))
    })
}

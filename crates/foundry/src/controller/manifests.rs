//! App manifests on a space, and the manifest of an app.
//!
//! | endpoint | what |
//! |---|---|
//! | `POST /v3/spaces/:guid/actions/apply_manifest` | makes apps as a manifest says, as a job |
//! | `POST /v3/spaces/:guid/manifest_diff` | what that would change |
//! | `GET /v3/apps/:guid/manifest` | an app as a manifest |
//!
//! 1. `read`, and `routes` for a part of it: YAML → one [`read::Manifest`] an app, with all that is wrong.
//! 2. `apply`: the steps of the job, each in a transaction of its own: what was done before a failure stays done.
//! 3. `write`: an app → its manifest.
//! 4. `diff`: a manifest against that.

mod apply;
mod diff;
mod random;
mod read;
mod routes;
mod write;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::controller::apps::{complete_lifecycle, lifecycle_problems, log, readable};
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult, Problem};
use crate::controller::route_options::Known;
use crate::controller::{Api, Cf, feature_flags, jobs, lifecycle};
use crate::platform::Platform;
use crate::state::{App, Guid, JobState, LifecycleKind, State};

use read::{Manifest, Source};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/spaces/{guid}/actions/apply_manifest", routing::post(apply_manifest))
        .route("/v3/spaces/{guid}/manifest_diff", routing::post(manifest_diff))
        .route("/v3/apps/{guid}/manifest", routing::get(show))
}

/// Reads the applications of a request. Fails with all that is wrong, each with the name of its app.
fn parse(headers: &HeaderMap, body: &[u8]) -> ApiResult<Vec<Value>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.contains("yaml") {
        return Err(ApiError::bad_request("Content-Type must be yaml"));
    }
    let mut yaml: serde_yaml::Value = serde_yaml::from_slice(body)
        .map_err(|_| ApiError::parse("Request invalid due to parse error: invalid request body"))?;
    yaml.apply_merge().map_err(|_| ApiError::parse("invalid request body"))?;
    if let Some(whose) = app_with_odd_variables(&yaml) {
        return Err(ApiError::unprocessable(format!("For application '{whose}': Env key must be a string")));
    }
    let yaml = serde_json::to_value(yaml).map_err(|_| ApiError::parse("invalid request body"))?;
    if yaml.get("version").is_some_and(|version| version.as_i64() != Some(1)) {
        return Err(ApiError::unprocessable("Unsupported manifest schema version. Currently supported versions: [1]."));
    }
    match yaml.get("applications") {
        Some(Value::Array(apps)) if !apps.is_empty() => Ok(apps.clone()),
        _ => Err(ApiError::unprocessable("Cannot parse manifest with no 'applications' field.")),
    }
}

/// The first application with a variable whose name is no text, which JSON could not tell any more. (`validators.rb`:
/// `EnvironmentVariablesStringValuesValidator`)
fn app_with_odd_variables(yaml: &serde_yaml::Value) -> Option<String> {
    let apps = yaml.get("applications")?.as_sequence()?;
    let has_one = |app: &&serde_yaml::Value| {
        app.get("env").and_then(|env| env.as_mapping()).is_some_and(|env| !env.keys().all(serde_yaml::Value::is_string))
    };
    Some(apps.iter().find(has_one)?.get("name")?.as_str()?.to_owned())
}

fn manifests(apps: &[Value], known: Known) -> ApiResult<Vec<Manifest>> {
    let mut manifests = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (index, app) in apps.iter().enumerate() {
        let (manifest, wrong) = read::manifest(app, known);
        let whose = if manifest.name.is_empty() {
            format!("For application at index {index}")
        } else {
            format!("For application '{}'", manifest.name)
        };
        problems
            .extend(wrong.into_iter().flat_map(|text| ApiError::unprocessable(format!("{whose}: {text}")).problems));
        manifests.push(manifest);
    }
    if problems.is_empty() {
        return Ok(manifests);
    }
    let mut error = ApiError::unprocessable("");
    error.problems = problems;
    Err(error)
}

async fn apply_manifest(
    Shared(cf): Cf,
    who: Who,
    Path(space): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let space = cf.store.read(|db| {
        let space = who.space(db, &space)?.guid.clone();
        who.must_write_space(db, &space)?;
        Ok::<_, ApiError>(space)
    })?;
    let manifests = manifests(&parse(&headers, &body)?, cf.store.read(Known::now))?;
    let mut apps = Vec::new();
    for manifest in manifests {
        let app = cf.store.write(|db| find_or_create(&cf, db, &who, &space, &manifest))?;
        cf.store.read(|db| must_suit(db, &app, &manifest))?;
        apps.push((app, manifest));
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let job = cf.store.update(|db| {
        for (app, _) in &apps {
            let data = json!({ "request": { "manifest": text } });
            lifecycle::note(db, "audit.app.apply_manifest", &who.actor(), app, data);
        }
        let resource = Some(("space", format!("/v3/spaces/{space}")));
        jobs::begin(db, "space.apply_manifest", JobState::Processing, resource)
    });
    let answer = jobs::accepted(&cf, &job);
    let on = Arc::clone(&cf);
    cf.later(cf.timing().job, move || {
        let result = apply_all(&on, &who, &apps);
        on.store.update(|db| jobs::end(db, &job, result));
    });
    Ok(answer)
}

fn apply_all(cf: &Platform, who: &Who, apps: &[(Guid, Manifest)]) -> ApiResult<Vec<String>> {
    for (app, manifest) in apps {
        apply::apply(cf, who, app, manifest).map_err(|mut error| {
            let name = cf.store.read(|db| db.app_name(app));
            for problem in &mut error.problems {
                problem.detail = format!("For application '{name}': {}", problem.detail);
            }
            error
        })?;
    }
    Ok(Vec::new())
}

/// The app that a manifest names; it is made where it is not there.
fn find_or_create(cf: &Platform, db: &mut State, who: &Who, space: &Guid, manifest: &Manifest) -> ApiResult<Guid> {
    let refused = |text: &str| ApiError::unprocessable(format!("For application '{}': {text}", manifest.name));
    let kind = manifest.lifecycle.unwrap_or_default();
    feature_flags::must_allow(db, kind).map_err(|error| refused(&error.details()))?;
    if let Some(app) = db.app_named(space, &manifest.name) {
        return Ok(app.guid.clone());
    }
    let mut app = App::new(&manifest.name, space);
    app.lifecycle.buildpacks = manifest.buildpacks.clone().unwrap_or_default();
    app.lifecycle.kind = kind;
    app.lifecycle.stack.clone_from(&manifest.stack);
    complete_lifecycle(db, &mut app.lifecycle);
    let problems = lifecycle_problems(db, &app.lifecycle);
    if !problems.is_empty() {
        return Err(refused(&problems.join(", ")));
    }
    db.stack_refuses(&app.lifecycle, true).map_or(Ok(()), |why| Err(refused(&why)))?;
    if let Some(metadata) = manifest.metadata.clone() {
        metadata.apply(&mut app.metadata);
    }
    let guid = lifecycle::create(db, &who.actor(), app, &json!({ "name": manifest.name }))?;
    log(cf, &guid, &format!("Created app with guid {guid}"));
    Ok(guid)
}

/// Fails where the app that is there has a lifecycle which the keys of the manifest do not go with.
/// (`space_manifests_controller.rb`: `incompatible_with_buildpacks`, `incompatible_with_docker`.)
fn must_suit(db: &State, app: &Guid, manifest: &Manifest) -> ApiResult<()> {
    let kind = db.apps.get(app).map(|app| app.lifecycle.kind);
    let problem = match (kind, manifest.source) {
        (Some(LifecycleKind::Docker), Some(Source::Buildpacks(key))) => {
            format!("{key} cannot be configured for a docker lifecycle app.")
        }
        (Some(LifecycleKind::Buildpack), Some(Source::Docker)) => {
            "Docker cannot be configured for a buildpack lifecycle app.".to_owned()
        }
        (Some(_) | None, _) => return Ok(()),
    };
    Err(ApiError::unprocessable(format!("For application '{}': {problem}", manifest.name)))
}

async fn manifest_diff(
    Shared(cf): Cf,
    who: Who,
    Path(space): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<(StatusCode, Json<Value>)> {
    cf.store.read(|db| {
        let space = who.space(db, &space)?.guid.clone();
        who.must_write_space(db, &space)?;
        let apps = parse(&headers, &body)?;
        manifests(&apps, Known::now(db))?;
        Ok((StatusCode::CREATED, Json(json!({ "diff": diff::of(db, &space, &apps) }))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let manifest = cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        Who::must(who.can_write_space(db, &app.space))?;
        Ok::<_, ApiError>(json!({ "applications": [write::manifest(db, app)] }))
    })?;
    let text = serde_yaml::to_string(&manifest).unwrap_or_default();
    Ok(([(header::CONTENT_TYPE, "application/x-yaml")], format!("---\n{text}")).into_response())
}

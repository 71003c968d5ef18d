//! Apps.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/apps` | list; includes spaces and organizations |
//! | `POST /v3/apps` | create, with its web process |
//! | `GET /v3/apps/:guid` | show |
//! | `PATCH /v3/apps/:guid` | name, lifecycle, metadata |
//! | `DELETE /v3/apps/:guid` | as a job |
//! | `POST …/actions/start`, `stop`, `restart` | |
//! | `POST …/actions/clear_buildpack_cache` | as a job; there is no cache |
//! | `GET …/permissions` | what the user may read |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router, routing};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec, with_included};
use crate::controller::{
    Api, Cf, action, feature_flags, href, jobs, lifecycle, metadata, organizations, spaces, to_one,
};
use crate::logs::Stream;
use crate::platform::Platform;
use crate::state::{App, Guid, Lifecycle, LifecycleKind, Party, State, timestamp};

const LIST: Spec = Spec::new(&["names", "organization_guids", "space_guids", "stacks", "include", "lifecycle_type"])
    .including(&["space", "org", "space.organization"])
    .ordered(&["name", "state"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/apps", routing::get(list).post(create))
        .route("/v3/apps/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/apps/{guid}/actions/start", routing::post(start))
        .route("/v3/apps/{guid}/actions/stop", routing::post(stop))
        .route("/v3/apps/{guid}/actions/restart", routing::post(restart))
        .route("/v3/apps/{guid}/actions/clear_buildpack_cache", routing::post(clear_buildpack_cache))
        .route("/v3/apps/{guid}/permissions", routing::get(permissions))
}

/// An app as the API shows it.
pub(super) fn present(cf: &Platform, app: &App) -> Value {
    let path = format!("/v3/apps/{}", app.guid);
    let link = |rest: &str| href(cf, &format!("{path}{rest}"));
    json!({
        "guid": app.guid,
        "created_at": timestamp(app.created_at),
        "updated_at": timestamp(app.updated_at),
        "name": app.name,
        "state": app.state,
        "lifecycle": present_lifecycle(&app.lifecycle),
        "relationships": {
            "space": to_one(Some(&app.space)),
            "current_droplet": { "data": { "guid": app.droplet } },
        },
        "metadata": metadata(&app.metadata),
        "links": {
            "self": link(""),
            "environment_variables": link("/environment_variables"),
            "space": href(cf, &format!("/v3/spaces/{}", app.space)),
            "processes": link("/processes"),
            "packages": link("/packages"),
            "current_droplet": link("/droplets/current"),
            "droplets": link("/droplets"),
            "tasks": link("/tasks"),
            "start": action(cf, &format!("{path}/actions/start"), "POST"),
            "stop": action(cf, &format!("{path}/actions/stop"), "POST"),
            "clear_buildpack_cache": action(cf, &format!("{path}/actions/clear_buildpack_cache"), "POST"),
            "revisions": link("/revisions"),
            "deployed_revisions": link("/revisions/deployed"),
            "features": link("/features"),
        },
    })
}

pub(super) fn present_lifecycle(lifecycle: &Lifecycle) -> Value {
    let data = match lifecycle.kind {
        LifecycleKind::Docker => json!({}),
        LifecycleKind::Buildpack | LifecycleKind::Cnb => {
            json!({ "buildpacks": lifecycle.buildpacks, "stack": lifecycle.stack })
        }
    };
    json!({ "type": lifecycle.kind, "data": data })
}

/// An app that the user may see; 404 for others.
pub(super) fn readable<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a App> {
    let app = db.apps.get(guid).filter(|app| who.can_read_space(db, &app.space));
    app.ok_or_else(|| ApiError::not_found("App"))
}

/// An app that the user may change; 404 or 403 for others.
pub(super) fn writable(who: &Who, db: &State, guid: &str) -> ApiResult<Guid> {
    let app = readable(who, db, guid)?;
    who.must_write_space(db, &app.space)?;
    Ok(app.guid.clone())
}

/// Writes a line that the Cloud Controller writes itself.
pub(super) fn log(cf: &Platform, app: &Guid, text: &str) {
    cf.logs.append(app, "API", "0", Stream::Out, text);
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let apps = db.apps.values().filter(|app| {
            let space = db.spaces.get(&app.space);
            query.wants_name("names", &app.name)
                && query.wants("space_guids", app.space.as_str())
                && query.wants("organization_guids", space.map_or("", |space| space.org.as_str()))
                && query.wants("stacks", app.lifecycle.stack.as_deref().unwrap_or_default())
                && query.wants("lifecycle_type", app.lifecycle.kind.as_str())
                && who.can_read_space(db, &app.space)
        });
        let page = query.page(&cf, "/v3/apps", apps);
        let answer = page.present(|app| present(&cf, app));
        let include: Vec<&str> = LIST.include.iter().copied().filter(|one| query.includes(one)).collect();
        Ok(Json(included(&cf, db, answer, &page.records, &include)))
    })
}

/// Adds the spaces and organizations that are asked for.
fn included(cf: &Platform, db: &State, mut answer: Value, apps: &[&App], include: &[&str]) -> Value {
    let spaces = || apps.iter().filter_map(|app| db.spaces.get(&app.space));
    if include.contains(&"space") || include.contains(&"space.organization") {
        answer = with_included(answer, "spaces", spaces().map(|space| spaces::present(cf, space)));
    }
    if include.contains(&"org") || include.contains(&"space.organization") {
        let orgs = spaces().filter_map(|space| db.orgs.get(&space.org));
        answer = with_included(answer, "organizations", orgs.map(|org| organizations::present(cf, org)));
    }
    answer
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let include = query.only_include(LIST.include)?;
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        Ok(Json(included(&cf, db, present(&cf, app), &[app], &include)))
    })
}

/// What a body says about a lifecycle.
#[derive(Debug)]
pub(super) struct WantedLifecycle {
    kind: Option<LifecycleKind>,
    buildpacks: Option<Vec<String>>,
    stack: Field<String>,
}

impl WantedLifecycle {
    /// Changes the lifecycle of an app. Fails where its kind would be another.
    pub(super) fn apply(self, lifecycle: &mut Lifecycle) -> ApiResult<()> {
        self.kind.map_or(Ok(()), |kind| lifecycle.must_stay(kind)).map_err(ApiError::unprocessable)?;
        self.fill(lifecycle);
        Ok(())
    }

    /// Changes a lifecycle that is not an app's yet.
    pub(super) fn fill(self, lifecycle: &mut Lifecycle) {
        lifecycle.kind = self.kind.unwrap_or(lifecycle.kind);
        if let Some(buildpacks) = self.buildpacks {
            lifecycle.buildpacks = buildpacks;
        }
        if let Field::Is(stack) = self.stack {
            lifecycle.stack = Some(stack);
        }
    }
}

/// Reads `lifecycle`; `None` where it is not there.
pub(super) fn read_lifecycle(body: &mut Message) -> Option<WantedLifecycle> {
    let lifecycle = body.object("lifecycle").value()?;
    let word = lifecycle.get("type").and_then(Value::as_str);
    let kind = word.and_then(|word| LifecycleKind::ALL.into_iter().find(|kind| kind.as_str() == word));
    if word.is_some() && kind.is_none() {
        body.problem("Lifecycle type is not included in the list: buildpack, docker, cnb");
    }
    let Some(data) = lifecycle.get("data").and_then(Value::as_object) else {
        body.problem("Lifecycle data must be an object");
        return None;
    };
    let mut data = Message::of(data.clone());
    if kind == Some(LifecycleKind::Docker) {
        data.only(&[]);
    } else {
        data.only(&["buildpacks", "stack", "credentials"]);
    }
    if data.has("credentials") {
        data.problem("credentials are not implemented by this embedded Cloud Foundry");
    }
    let stack = data.string("stack");
    let buildpacks = match data.raw("buildpacks") {
        None => None,
        Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(names)) => {
            let texts: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect();
            if texts.is_none() {
                data.problem("Buildpacks can only contain strings");
            }
            texts
        }
        Some(_) => {
            data.problem("Buildpacks must be an array");
            None
        }
    };
    body.problems_in("Lifecycle", data);
    Some(WantedLifecycle { kind, buildpacks, stack })
}

/// Whether a buildpack is named by the address of its repository.
pub(super) fn is_address(buildpack: &str) -> bool {
    ["http://", "https://", "git://", "git@", "ssh://", "docker://"].iter().any(|scheme| buildpack.starts_with(scheme))
}

/// What is wrong with a lifecycle. (`cloud_controller_ng`: `buildpack_lifecycle_data_validator.rb`.)
pub(super) fn lifecycle_problems(db: &State, lifecycle: &Lifecycle) -> Vec<String> {
    let mut problems = Vec::new();
    if lifecycle.kind == LifecycleKind::Docker {
        return problems;
    }
    for name in &lifecycle.buildpacks {
        if !is_address(name) && !db.buildpacks.values().any(|buildpack| buildpack.name == *name) {
            let stack = lifecycle.stack.as_ref().map(|stack| format!(" for stack \"{stack}\"")).unwrap_or_default();
            problems
                .push(format!("Buildpack \"{name}\"{stack} must be an existing admin buildpack or a valid git URI"));
        }
    }
    if lifecycle.stack.as_ref().is_some_and(|stack| !db.has_stack(stack)) {
        problems.push("Stack must be an existing stack".to_owned());
    }
    problems
}

/// Gives the lifecycle of a new app the stack of apps that name none. An image brings its own.
pub(super) fn complete_lifecycle(db: &State, lifecycle: &mut Lifecycle) {
    if lifecycle.stack.is_none() && lifecycle.kind != LifecycleKind::Docker {
        lifecycle.stack = db.stacks.values().find(|stack| stack.default).map(|stack| stack.name.clone());
    }
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["name", "environment_variables", "relationships", "lifecycle", "metadata"]);
    let name = body.name(255);
    let space = body.needs_one("space");
    let environment = body.object("environment_variables").value().unwrap_or_default();
    let environment = read_environment(&mut body, environment.into_iter());
    let wanted = read_lifecycle(&mut body);
    let change = body.metadata();
    body.finish()?;
    let answer = cf.store.write(|db| {
        if !db.spaces.contains_key(space.as_str()) || !who.can_read_space(db, &space) {
            return Err(ApiError::unprocessable(
                "Invalid space. Ensure that the space exists and you have access to it.",
            ));
        }
        who.must_write_space(db, &space)?;
        let mut app = App::new(&name, &space);
        app.environment = environment.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        if let Some(wanted) = wanted {
            wanted.fill(&mut app.lifecycle);
        }
        feature_flags::must_allow(db, app.lifecycle.kind)?;
        complete_lifecycle(db, &mut app.lifecycle);
        let problems = lifecycle_problems(db, &app.lifecycle);
        if !problems.is_empty() {
            return Err(ApiError::unprocessable(problems.join(", ")));
        }
        db.stack_refuses(&app.lifecycle, true).map_or(Ok(()), |why| Err(ApiError::unprocessable(why)))?;
        change.apply(&mut app.metadata);
        let guid = lifecycle::create(db, &who.actor(), app, &json!({ "name": name }))?;
        readable(&who, db, guid.as_str()).map(|app| (guid.clone(), present(&cf, app)))
    })?;
    log(&cf, &answer.0, &format!("Created app with guid {}", answer.0));
    Ok((StatusCode::CREATED, Json(answer.1)))
}

/// Reads environment variables; `None` is null. Notes what is wrong with them.
/// (`cloud_controller_ng`: `environment_variables_validator.rb`.)
pub(super) fn read_environment(
    body: &mut Message,
    variables: impl Iterator<Item = (String, Value)>,
) -> IndexMap<String, Option<String>> {
    let mut read = IndexMap::new();
    for (key, value) in variables {
        for problem in variable_problems(&key) {
            body.problem(format!("Environment variables {problem}"));
        }
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other @ (Value::Object(_) | Value::Array(_)) => {
                body.problem(format!("Non-string value in environment variable for key '{key}', value '{other}'"));
                continue;
            }
            other => Some(other.to_string()),
        };
        read.insert(key, value);
    }
    read
}

/// What is wrong with the name of an environment variable.
pub(super) fn variable_problems(key: &str) -> Vec<&'static str> {
    let mut problems = Vec::new();
    if key.is_empty() {
        problems.push("cannot have empty key");
    }
    let capitals = key.to_uppercase();
    if capitals.starts_with("VCAP_") {
        problems.push("cannot start with VCAP_");
    }
    if capitals.starts_with("VMC") {
        problems.push("cannot start with VMC_");
    }
    if capitals == "PORT" {
        problems.push("cannot set PORT");
    }
    problems
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["name", "lifecycle", "metadata"]);
    let name = if body.has("name") { Some(body.name(255)) } else { None };
    let wanted = read_lifecycle(&mut body);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let guid = writable(&who, db, &guid)?;
        let space = readable(&who, db, guid.as_str())?.space.clone();
        if let Some(name) = &name
            && db.app_named(&space, name).is_some_and(|other| other.guid != guid)
        {
            return Err(ApiError::uniqueness(format!("App with the name '{name}' already exists.")));
        }
        let Some(app) = db.apps.get_mut(&guid) else { return Err(ApiError::not_found("App")) };
        if let Some(name) = name.clone() {
            app.name = name;
        }
        let names_stack = wanted.as_ref().is_some_and(|wanted| matches!(wanted.stack, Field::Is(_)));
        if let Some(wanted) = wanted {
            wanted.apply(&mut app.lifecycle)?;
        }
        change.apply(&mut app.metadata);
        app.updated_at = Timestamp::now();
        let app = app.clone();
        let problems = lifecycle_problems(db, &app.lifecycle);
        if !problems.is_empty() {
            return Err(ApiError::unprocessable(problems.join(", ")));
        }
        if names_stack {
            let new = !db.builds.values().any(|build| build.app == guid);
            db.stack_refuses(&app.lifecycle, new).map_or(Ok(()), |why| Err(ApiError::unprocessable(why)))?;
        }
        let request = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
        lifecycle::note(db, "audit.app.update", &who.actor(), &guid, json!({ "request": request }));
        log(&cf, &guid, &format!("Updated app with guid {guid} ({request})"));
        Ok(Json(present(&cf, &app)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    let guid = cf.store.read(|db| writable(&who, db, &guid))?;
    log(&cf, &guid, &format!("Enqueued job to delete app with guid {guid}"));
    let actor = who.actor();
    Ok(jobs::run(&cf, "app.delete", None, move |db| {
        remove(db, &actor, &guid);
        Ok(Vec::new())
    }))
}

/// Removes an app with all that is its own, and notes it.
fn remove(db: &mut State, actor: &Party, app: &Guid) {
    let processes: Vec<(Guid, String)> =
        db.processes_of(app).map(|process| (process.guid.clone(), process.kind.clone())).collect();
    for (process, kind) in processes {
        let data = json!({ "process_guid": process, "process_type": kind });
        lifecycle::note(db, "audit.app.process.delete", actor, app, data);
    }
    lifecycle::note(db, "audit.app.delete-request", actor, app, Value::Null);
    db.remove_app(app);
}

async fn start(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    act(&cf, &who, &guid, "Starting", true, |db, app| lifecycle::start(db, &who.actor(), app))
}

async fn stop(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    act(&cf, &who, &guid, "Stopping", false, |db, app| {
        lifecycle::stop(db, &who.actor(), app);
        Ok(())
    })
}

async fn restart(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    act(&cf, &who, &guid, "Restarted", true, |db, app| lifecycle::restart(db, &who.actor(), app))
}

fn act(
    cf: &Platform,
    who: &Who,
    guid: &str,
    word: &str,
    needs_droplet: bool,
    change: impl FnOnce(&mut State, &Guid) -> ApiResult<()>,
) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let app = readable(who, db, guid)?;
        if needs_droplet && app.droplet.is_none() {
            return Err(ApiError::unprocessable("Assign a droplet before starting this app."));
        }
        let kind = app.lifecycle.kind;
        let guid = writable(who, db, guid)?;
        if needs_droplet {
            feature_flags::must_allow(db, kind)?;
        }
        change(db, &guid)?;
        log(cf, &guid, &format!("{word} app with guid {guid}"));
        readable(who, db, guid.as_str()).map(|app| Json(present(cf, app)))
    })
}

async fn clear_buildpack_cache(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    cf.store.read(|db| writable(&who, db, &guid))?;
    Ok(jobs::run(&cf, "buildpack_cache.delete", None, |_| Ok(Vec::new())))
}

async fn permissions(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        Ok(Json(json!({
            "read_basic_data": true,
            "read_sensitive_data": who.can_write_space(db, &app.space),
        })))
    })
}

//! Processes.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/processes`, `GET /v3/apps/:guid/processes` | list; can embed the instances |
//! | `GET …/processes/:guid`, `GET /v3/apps/:guid/processes/:type` | show |
//! | `PATCH` of the same | command, health checks, metadata |
//! | `POST …/actions/scale` | instances, memory, disk, log rate |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::{log, readable};
use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{
    Api, Cf, action, feature_flags, href, lifecycle, metadata, process_instances, quotas, sidecars,
};
use crate::platform::Platform;
use crate::state::{DesiredState, Guid, HealthCheck, HealthCheckKind, Party, Process, State, timestamp};

const LIST: Spec = Spec::new(&["space_guids", "organization_guids", "types", "app_guids", "embed"]);

pub(super) fn routes() -> Api {
    let one = || routing::get(show).patch(update);
    let nested_one = || routing::get(show_nested).patch(update_nested);
    Router::new()
        .route("/v3/processes", routing::get(list))
        .route("/v3/processes/{guid}", one())
        .route("/v3/processes/{guid}/actions/scale", routing::post(scale))
        .route("/v3/apps/{guid}/processes", routing::get(list_nested))
        .route("/v3/apps/{guid}/processes/{kind}", nested_one())
        .route("/v3/apps/{guid}/processes/{kind}/actions/scale", routing::post(scale_nested))
}

/// A process as the API shows it; in lists the command is hidden.
pub(super) fn present(cf: &Platform, db: &State, process: &Process, secrets: bool) -> Value {
    let path = format!("/v3/processes/{}", process.guid);
    let mut health = json!({
        "timeout": process.health.timeout,
        "invocation_timeout": process.health.invocation_timeout,
        "interval": process.health.interval,
    });
    if process.health.kind == HealthCheckKind::Http {
        health["endpoint"] = json!(process.health.endpoint);
    }
    let mut readiness = json!({
        "invocation_timeout": process.readiness.invocation_timeout,
        "interval": process.readiness.interval,
    });
    if process.readiness.kind == HealthCheckKind::Http {
        readiness["endpoint"] = json!(process.readiness.endpoint);
    }
    let space = db.apps.get(&process.app).map_or("", |app| app.space.as_str());
    let command = db.command_of(process).unwrap_or_default();
    json!({
        "guid": process.guid,
        "created_at": timestamp(process.created_at),
        "updated_at": timestamp(process.updated_at),
        "version": process.version,
        "type": process.kind,
        "command": if secrets { command } else { "[PRIVATE DATA HIDDEN IN LISTS]".to_owned() },
        "user": "vcap",
        "instances": process.instances,
        "memory_in_mb": process.memory_in_mb,
        "disk_in_mb": process.disk_in_mb,
        "log_rate_limit_in_bytes_per_second": process.log_rate_limit,
        "health_check": { "type": process.health.kind, "data": health },
        "readiness_health_check": { "type": process.readiness.kind, "data": readiness },
        "relationships": {
            "app": { "data": { "guid": process.app } },
            "revision": process.revision.as_ref().map(|revision| json!({ "data": { "guid": revision } })),
        },
        "metadata": metadata(&process.metadata),
        "links": {
            "self": href(cf, &path),
            "scale": action(cf, &format!("{path}/actions/scale"), "POST"),
            "app": href(cf, &format!("/v3/apps/{}", process.app)),
            "space": href(cf, &format!("/v3/spaces/{space}")),
            "stats": href(cf, &format!("{path}/stats")),
            "process_instances": href(cf, &format!("{path}/process_instances")),
        },
    })
}

/// A process that the user may see; 404 for others.
pub(super) fn readable_process<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Process> {
    let process = db.processes.get(guid).filter(|process| readable(who, db, process.app.as_str()).is_ok());
    process.ok_or_else(|| ApiError::not_found("Process"))
}

/// A process of an app by its type.
pub(super) fn nested<'a>(who: &Who, db: &'a State, app: &str, kind: &str) -> ApiResult<&'a Process> {
    let app = readable(who, db, app)?;
    db.process_of_type(&app.guid, kind).ok_or_else(|| ApiError::not_found("Process"))
}

/// The guid of that.
pub(super) fn nested_guid(cf: &Platform, who: &Who, app: &str, kind: &str) -> ApiResult<String> {
    cf.store.read(|db| nested(who, db, app, kind).map(|process| process.guid.to_string()))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    listed(&cf, &who, query, None)
}

async fn list_nested(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    listed(&cf, &who, query, Some(&app))
}

fn listed(cf: &Platform, who: &Who, query: Query, of: Option<&str>) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    let embed = match query.get("embed") {
        None => false,
        Some("process_instances") => true,
        Some(other) => {
            return Err(ApiError::bad_query(&format!(
                "Invalid embedded resource: '{other}'. Valid embedded resources are: 'process_instances'"
            )));
        }
    };
    cf.store.read(|db| {
        let path = match of {
            Some(app) => {
                readable(who, db, app)?;
                format!("/v3/apps/{app}/processes")
            }
            None => "/v3/processes".to_owned(),
        };
        let processes = db.processes.values().filter(|process| {
            let Some(app) = db.apps.get(&process.app) else { return false };
            let org = db.spaces.get(&app.space).map_or("", |space| space.org.as_str());
            of.is_none_or(|of| process.app.as_str() == of)
                && query.wants("app_guids", process.app.as_str())
                && query.wants("space_guids", app.space.as_str())
                && query.wants("organization_guids", org)
                && query.wants("types", &process.kind)
                && who.can_read_space(db, &app.space)
        });
        let page = query.page(cf, &path, processes);
        Ok(Json(page.present(|process| {
            let mut answer = present(cf, db, process, false);
            if embed {
                answer["process_instances"] = json!(process_instances::present(cf, process));
            }
            answer
        })))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    query.only(&["embed"])?;
    cf.store.read(|db| {
        let process = readable_process(&who, db, &guid)?;
        let mut answer = present(&cf, db, process, true);
        if query.get("embed").is_some() {
            answer["process_instances"] = json!(process_instances::present(&cf, process));
        }
        Ok(Json(answer))
    })
}

async fn show_nested(Shared(cf): Cf, who: Who, Path((app, kind)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| nested(&who, db, &app, &kind).map(|process| Json(present(&cf, db, process, true))))
}

/// What a request wants to change of a health check.
#[derive(Debug, Clone, Default)]
pub(super) struct HealthChange {
    pub(super) kind: Option<HealthCheckKind>,
    pub(super) endpoint: Field<String>,
    pub(super) timeout: Field<u32>,
    pub(super) invocation_timeout: Field<u32>,
    pub(super) interval: Field<u32>,
}

impl HealthChange {
    /// Changes a health check. (`cloud_controller_ng`: `process_update.rb`.)
    pub(super) fn apply(self, check: &mut HealthCheck) {
        if let Some(kind) = self.kind {
            check.kind = kind;
        }
        self.timeout.replace(&mut check.timeout);
        self.invocation_timeout.replace(&mut check.invocation_timeout);
        self.interval.replace(&mut check.interval);
        if self.kind.is_some_and(|kind| kind != HealthCheckKind::Http) {
            check.endpoint = None;
        } else {
            self.endpoint.replace(&mut check.endpoint);
        }
    }

    /// Whether it changes anything.
    pub(super) fn is_something(&self) -> bool {
        self.kind.is_some()
            || self.endpoint != Field::Absent
            || [&self.timeout, &self.invocation_timeout, &self.interval].iter().any(|field| **field != Field::Absent)
    }
}

/// Reads `health_check` or `readiness_health_check`.
fn read_health(body: &mut Message, key: &str) -> HealthChange {
    let mut change = HealthChange::default();
    let Some(check) = body.object(key).value() else { return change };
    let spoken = super::body::humanize(key);
    if let Some(kind) = check.get("type") {
        change.kind = kind.as_str().and_then(HealthCheckKind::named);
        if change.kind.is_none() {
            body.problem(format!("{spoken} type must be \"port\", \"process\", or \"http\""));
        }
    }
    let Some(data) = check.get("data").and_then(Value::as_object) else { return change };
    let mut number = |name: &str| -> Field<u32> {
        let Some(value) = data.get(name) else { return Field::Absent };
        if value.is_null() {
            return Field::Null;
        }
        match value.as_i64() {
            Some(seconds) if seconds >= 1 => return u32::try_from(seconds).map_or(Field::Absent, Field::Is),
            Some(_) => body.problem(format!("{spoken} {} must be greater than or equal to 1", name.replace('_', " "))),
            None => body.problem(format!("{spoken} {} is not a number", name.replace('_', " "))),
        }
        Field::Absent
    };
    change.timeout = number("timeout");
    change.invocation_timeout = number("invocation_timeout");
    change.interval = number("interval");
    change.endpoint = match data.get("endpoint") {
        None => Field::Absent,
        Some(value) => value.as_str().map_or(Field::Null, |text| Field::Is(text.to_owned())),
    };
    if let Field::Is(endpoint) = &change.endpoint
        && !is_path(endpoint)
    {
        body.problem(format!("{spoken} endpoint must be a valid URI path"));
    }
    change
}

/// Whether it is the path of a URL.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// What is wrong with a process after a change. (`cloud_controller_ng`: `ProcessModel#validation_policies`.)
pub(super) fn check(process: &Process) -> ApiResult<()> {
    let mut problems = Vec::new();
    for (name, check) in [("health_check", &process.health), ("readiness_health_check", &process.readiness)] {
        if check.kind == HealthCheckKind::Http && !check.endpoint.as_deref().is_some_and(is_path) {
            let spoken = if name == "health_check" { "HTTP health check" } else { "HTTP readiness health check" };
            problems.push(format!(
                "{name}_http_endpoint {spoken} endpoint is not a valid URI path: {}",
                check.endpoint.as_deref().unwrap_or_default()
            ));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ApiError::unprocessable(problems.join(", "))) }
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, body: Message) -> ApiResult<Json<Value>> {
    change(&cf, &who, &guid, body)
}

async fn update_nested(
    Shared(cf): Cf,
    who: Who,
    Path((app, kind)): Path<(String, String)>,
    body: Message,
) -> ApiResult<Json<Value>> {
    change(&cf, &who, &nested_guid(&cf, &who, &app, &kind)?, body)
}

fn change(cf: &Platform, who: &Who, guid: &str, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["command", "user", "health_check", "readiness_health_check", "metadata"]);
    let command = body.string("command");
    if let Field::Is(command) = &command
        && !(1..=4096).contains(&command.chars().count())
    {
        body.problem("Command must be between 1 and 4096 characters");
    }
    let health = read_health(&mut body, "health_check");
    let readiness = read_health(&mut body, "readiness_health_check");
    let labels = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let app = writable_app(who, db, guid)?;
        refuse_while_deploying(db, guid, &app, "update")?;
        let Some(process) = db.processes.get_mut(guid) else { return Err(ApiError::not_found("Process")) };
        command.replace(&mut process.command);
        health.apply(&mut process.health);
        readiness.apply(&mut process.readiness);
        labels.apply(&mut process.metadata);
        process.updated_at = Timestamp::now();
        let process = process.clone();
        check(&process)?;
        let data = json!({ "process_guid": process.guid, "process_type": process.kind, "request": {} });
        lifecycle::note(db, "audit.app.process.update", &who.actor(), &app, data);
        log(cf, &app, &format!("Updating process: \"{}\"", process.kind));
        Ok(Json(present(cf, db, &process, true)))
    })
}

/// The app of a process that the user may change.
pub(super) fn writable_app(who: &Who, db: &State, process: &str) -> ApiResult<Guid> {
    let process = readable_process(who, db, process)?;
    super::apps::writable(who, db, process.app.as_str())
}

pub(super) fn refuse_while_deploying(db: &State, process: &str, app: &Guid, verb: &str) -> ApiResult<()> {
    let web = db.processes.get(process).is_some_and(Process::is_web);
    if web && db.active_deployments(app).any(|deployment| deployment.state.is_progressing()) {
        return Err(ApiError::unprocessable(format!("Cannot {verb} this process while a deployment is in flight.")));
    }
    Ok(())
}

/// What a request wants of a process's size.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scale {
    pub(super) instances: Option<u32>,
    pub(super) memory_in_mb: Option<u64>,
    pub(super) disk_in_mb: Option<u64>,
    pub(super) log_rate_limit: Option<i64>,
}

impl Scale {
    fn request(self) -> Value {
        let mut request = json!({});
        if let Some(instances) = self.instances {
            request["instances"] = json!(instances);
        }
        if let Some(memory) = self.memory_in_mb {
            request["memory_in_mb"] = json!(memory);
        }
        if let Some(disk) = self.disk_in_mb {
            request["disk_in_mb"] = json!(disk);
        }
        if let Some(rate) = self.log_rate_limit {
            request["log_rate_limit_in_bytes_per_second"] = json!(rate);
        }
        request
    }
}

/// Scales a process. Fails where a deployment is in flight, a quota is exceeded, or the sidecars leave it no memory.
pub(super) fn rescale(db: &mut State, actor: &Party, guid: &Guid, scale: Scale, by_manifest: bool) -> ApiResult<()> {
    let Some(process) = db.processes.get(guid) else { return Err(ApiError::not_found("Process")) };
    let app = process.app.clone();
    refuse_while_deploying(db, guid.as_str(), &app, "scale")?;
    let Some(process) = db.processes.get_mut(guid) else { return Err(ApiError::not_found("Process")) };
    let (before, kind) = (process.clone(), process.kind.clone());
    if let Some(instances) = scale.instances {
        process.instances = instances;
    }
    if let Some(memory) = scale.memory_in_mb {
        process.memory_in_mb = memory;
    }
    if let Some(disk) = scale.disk_in_mb {
        quotas::check_disk(disk)?;
        process.disk_in_mb = disk;
    }
    if let Some(rate) = scale.log_rate_limit {
        process.log_rate_limit = rate;
    }
    process.updated_at = Timestamp::now();
    let process = &process.clone();
    if process.memory_in_mb != before.memory_in_mb && !sidecars::leave_room(db, process) {
        return Err(ApiError::unprocessable(
            "The requested memory allocation is not large enough to run all of your sidecar processes",
        ));
    }
    let needs = |process: &Process| u64::from(process.instances) * process.memory_in_mb;
    let grows = process.state == DesiredState::Started
        && (needs(process) > needs(&before)
            || process.memory_in_mb > before.memory_in_mb
            || process.instances > before.instances);
    if grows {
        quotas::check_app(db, &app)?;
    }
    let mut data = json!({ "process_guid": guid, "process_type": kind, "request": scale.request() });
    if by_manifest {
        data["manifest_triggered"] = json!(true);
    }
    lifecycle::note(db, "audit.app.process.scale", actor, &app, data);
    Ok(())
}

async fn scale(
    Shared(cf): Cf,
    who: Who,
    Path(guid): Path<String>,
    body: Message,
) -> ApiResult<(StatusCode, Json<Value>)> {
    scaled(&cf, &who, &guid, body)
}

async fn scale_nested(
    Shared(cf): Cf,
    who: Who,
    Path((app, kind)): Path<(String, String)>,
    body: Message,
) -> ApiResult<(StatusCode, Json<Value>)> {
    scaled(&cf, &who, &nested_guid(&cf, &who, &app, &kind)?, body)
}

fn scaled(cf: &Platform, who: &Who, guid: &str, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&["instances", "memory_in_mb", "disk_in_mb", "log_rate_limit_in_bytes_per_second"]);
    let scale = Scale {
        instances: number(&mut body, "instances", 0).and_then(|number| u32::try_from(number).ok()),
        memory_in_mb: number(&mut body, "memory_in_mb", 1).and_then(|number| u64::try_from(number).ok()),
        disk_in_mb: number(&mut body, "disk_in_mb", 1).and_then(|number| u64::try_from(number).ok()),
        log_rate_limit: number(&mut body, "log_rate_limit_in_bytes_per_second", -1),
    };
    cf.store.write(|db| {
        let app = writable_app(who, db, guid)?;
        feature_flags::must_be_enabled_for(who, db, "app_scaling")?;
        body.finish()?;
        let guid = Guid::from(guid);
        rescale(db, &who.actor(), &guid, scale, false)?;
        let Some(process) = db.processes.get(&guid) else { return Err(ApiError::not_found("Process")) };
        log(cf, &app, &format!("Scaling process: \"{}\"", process.kind));
        Ok((StatusCode::ACCEPTED, Json(present(cf, db, process, true))))
    })
}

/// Reads a number that is at least `least`.
pub(super) fn number(body: &mut Message, key: &str, least: i64) -> Option<i64> {
    let number = body.integer(key).value()?;
    if number < least {
        let bound = if least == 1 { "greater than 0".to_owned() } else { format!("greater than or equal to {least}") };
        body.problem(format!("{} must be {bound}", super::body::humanize(key)));
        return None;
    }
    if number > i64::from(i32::MAX) {
        body.problem(format!("{} must be less than or equal to 2147483647", super::body::humanize(key)));
        return None;
    }
    Some(number)
}

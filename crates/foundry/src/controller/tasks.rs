//! Tasks: commands that run once in an app's droplet.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/tasks`, `GET /v3/apps/:guid/tasks` | list |
//! | `POST /v3/apps/:guid/tasks` | create and run |
//! | `GET`, `PATCH /v3/tasks/:guid` | show; metadata |
//! | `POST …/actions/cancel` | cancel |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::{readable, writable};
use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::processes::number;
use crate::controller::{Api, Cf, action, feature_flags, href, lifecycle, metadata, quotas};
use crate::platform::Platform;
use crate::runtime::tasks;
use crate::state::{Guid, Metadata, State, Task, TaskState, timestamp};

const LIST: Spec = Spec::new(&["names", "states", "app_guids", "organization_guids", "space_guids"]);
const LIST_OF_APP: Spec = Spec::new(&["names", "states", "sequence_ids"]);

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/tasks", routing::get(list))
        .route("/v3/tasks/{guid}", routing::get(show).patch(update))
        .route("/v3/tasks/{guid}/actions/cancel", routing::post(cancel))
        .route("/v3/tasks/{guid}/cancel", routing::put(cancel))
        .route("/v3/apps/{guid}/tasks", routing::get(list_of_app).post(create))
}

fn present(cf: &Platform, task: &Task, secrets: bool) -> Value {
    let path = format!("/v3/tasks/{}", task.guid);
    let mut answer = json!({
        "guid": task.guid,
        "created_at": timestamp(task.created_at),
        "updated_at": timestamp(task.updated_at),
        "sequence_id": task.sequence_id,
        "name": task.name,
        "command": task.command,
        "user": "vcap",
        "state": task.state,
        "memory_in_mb": task.memory_in_mb,
        "disk_in_mb": task.disk_in_mb,
        "log_rate_limit_in_bytes_per_second": task.log_rate_limit,
        "result": { "failure_reason": task.failure },
        "droplet_guid": task.droplet,
        "relationships": { "app": { "data": { "guid": task.app } } },
        "metadata": metadata(&task.metadata),
        "links": {
            "self": href(cf, &path),
            "app": href(cf, &format!("/v3/apps/{}", task.app)),
            "cancel": action(cf, &format!("{path}/actions/cancel"), "POST"),
            "droplet": href(cf, &format!("/v3/droplets/{}", task.droplet)),
        },
    });
    if !secrets && let Some(fields) = answer.as_object_mut() {
        fields.shift_remove("command");
    }
    answer
}

fn word(state: TaskState) -> &'static str {
    match state {
        TaskState::Pending => "PENDING",
        TaskState::Running => "RUNNING",
        TaskState::Succeeded => "SUCCEEDED",
        TaskState::Canceling => "CANCELING",
        TaskState::Failed => "FAILED",
    }
}

fn readable_task<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Task> {
    let task = db.tasks.get(guid).filter(|task| readable(who, db, task.app.as_str()).is_ok());
    task.ok_or_else(|| ApiError::not_found("Task"))
}

async fn list(Shared(cf): Cf, who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let tasks = db.tasks.values().filter(|task| {
            let Some(app) = db.apps.get(&task.app) else { return false };
            let org = db.spaces.get(&app.space).map_or("", |space| space.org.as_str());
            query.wants("names", &task.name)
                && query.wants("states", word(task.state))
                && query.wants("app_guids", task.app.as_str())
                && query.wants("space_guids", app.space.as_str())
                && query.wants("organization_guids", org)
                && who.can_read_space(db, &app.space)
        });
        Ok(Json(query.page(&cf, "/v3/tasks", tasks).present(|task| present(&cf, task, false))))
    })
}

async fn list_of_app(Shared(cf): Cf, who: Who, Path(app): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST_OF_APP)?;
    cf.store.read(|db| {
        let app = readable(&who, db, &app)?;
        let secrets = who.can_write_space(db, &app.space);
        let tasks = db.tasks.values().filter(|task| {
            task.app == app.guid
                && query.wants("names", &task.name)
                && query.wants("states", word(task.state))
                && query.wants("sequence_ids", &task.sequence_id.to_string())
        });
        let page = query.page(&cf, &format!("/v3/apps/{}/tasks", app.guid), tasks);
        Ok(Json(page.present(|task| present(&cf, task, secrets))))
    })
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| {
        let task = readable_task(&who, db, &guid)?;
        let secrets = db.apps.get(&task.app).is_some_and(|app| who.can_write_space(db, &app.space));
        Ok(Json(present(&cf, task, secrets)))
    })
}

async fn create(
    Shared(cf): Cf,
    who: Who,
    Path(app): Path<String>,
    mut body: Message,
) -> ApiResult<(StatusCode, Json<Value>)> {
    body.only(&[
        "name",
        "command",
        "disk_in_mb",
        "memory_in_mb",
        "log_rate_limit_in_bytes_per_second",
        "droplet_guid",
        "template",
        "user",
        "metadata",
    ]);
    let name = body.string("name").value();
    let command = body.string("command").value();
    let disk = number(&mut body, "disk_in_mb", 1).and_then(|number| u64::try_from(number).ok());
    let memory = number(&mut body, "memory_in_mb", 1).and_then(|number| u64::try_from(number).ok());
    let log_rate = number(&mut body, "log_rate_limit_in_bytes_per_second", -1);
    let droplet = body.string("droplet_guid");
    let template = body.raw("template").and_then(|template| template.pointer("/process/guid")?.as_str());
    let template = template.map(ToOwned::to_owned);
    let change = body.metadata();
    if command.is_none() && template.is_none() {
        body.problem("No command or template provided");
    }
    let task = cf.store.write(|db| {
        feature_flags::must_be_enabled_for(&who, db, "task_creation")?;
        body.finish()?;
        let guid = writable(&who, db, &app)?;
        let Some(found) = db.apps.get(&guid) else { return Err(ApiError::not_found("App")) };
        let droplet = match droplet {
            Field::Is(droplet) => {
                let known = db.droplets.get(droplet.as_str()).filter(|droplet| droplet.app == guid);
                known.ok_or_else(|| ApiError::not_found("Droplet"))?
            }
            Field::Absent | Field::Null => db.current_droplet(&guid).ok_or_else(|| {
                ApiError::unprocessable("Task must have a droplet. Specify droplet or assign current droplet to app.")
            })?,
        };
        let process = match &template {
            Some(process) => {
                let known = db.processes.get(process.as_str()).filter(|process| process.app == guid);
                Some(known.ok_or_else(|| ApiError::not_found("Process"))?)
            }
            None => None,
        };
        let now = Timestamp::now();
        let number = db.tasks.values().filter(|task| task.app == guid).map(|task| task.sequence_id).max().unwrap_or(0);
        let task_guid = Guid::random();
        let short: String = task_guid.as_str().chars().take(8).collect();
        let mut task = Task {
            guid: task_guid,
            app: guid.clone(),
            sequence_id: number + 1,
            name: name.unwrap_or(short),
            command: command.or_else(|| db.command_of(process?)).unwrap_or_default(),
            state: TaskState::Pending,
            failure: None,
            memory_in_mb: memory
                .or_else(|| process.map(|process| process.memory_in_mb))
                .unwrap_or(db.default_app_memory_in_mb),
            disk_in_mb: disk.or_else(|| process.map(|process| process.disk_in_mb)).unwrap_or(1024),
            log_rate_limit: log_rate.or_else(|| process.map(|process| process.log_rate_limit)).unwrap_or(-1),
            droplet: droplet.guid.clone(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        if task.command.chars().count() > 4096 {
            return Err(ApiError::unprocessable(
                "The task request is invalid: command must be shorter than 4097 characters",
            ));
        }
        change.apply(&mut task.metadata);
        quotas::check_task(db, &found.space, task.memory_in_mb)?;
        db.tasks.insert(task.guid.clone(), task.clone());
        let data =
            json!({ "task_guid": task.guid, "request": { "name": task.name, "memory_in_mb": task.memory_in_mb } });
        lifecycle::note(db, "audit.app.task.create", &who.actor(), &guid, data);
        Ok(task)
    })?;
    tasks::start(&cf, &task.guid);
    // Diego has been told when the Cloud Controller answers.
    let shown = Task { state: TaskState::Running, ..task };
    Ok((StatusCode::ACCEPTED, Json(present(&cf, &shown, true))))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    body.only(&["metadata"]);
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let app = readable_task(&who, db, &guid)?.app.clone();
        writable(&who, db, app.as_str())?;
        let Some(task) = db.tasks.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Task")) };
        change.apply(&mut task.metadata);
        task.updated_at = Timestamp::now();
        Ok(Json(present(&cf, task, true)))
    })
}

async fn cancel(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<(StatusCode, Json<Value>)> {
    cf.store.write(|db| {
        let app = readable_task(&who, db, &guid)?.app.clone();
        writable(&who, db, app.as_str())?;
        let Some(task) = db.tasks.get_mut(guid.as_str()) else { return Err(ApiError::not_found("Task")) };
        if task.state.is_over() {
            return Err(ApiError::unprocessable(format!(
                "Task state is {} and therefore cannot be canceled",
                word(task.state)
            )));
        }
        task.state = TaskState::Canceling;
        task.updated_at = Timestamp::now();
        let answer = present(&cf, task, true);
        let data = json!({ "task_guid": guid });
        lifecycle::note(db, "audit.app.task.cancel", &who.actor(), &app, data);
        Ok((StatusCode::ACCEPTED, Json(answer)))
    })
}

//! Sidecars. All have the origin `user`: the other one, `buildpack`, is that of sidecars which no buildpack here
//! brings.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/apps/:guid/sidecars`, `GET /v3/processes/:guid/sidecars` | list |
//! | `POST /v3/apps/:guid/sidecars` | create |
//! | `GET`, `PATCH`, `DELETE /v3/sidecars/:guid` | show; name, command, process types, memory; delete |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::{readable, writable};
use crate::controller::auth::Who;
use crate::controller::body::{Field, Message, humanize};
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::processes::{number, readable_process};
use crate::controller::{Api, Cf};
use crate::state::{Guid, Process, Revision, Sidecar, State, timestamp};

const LIST: Spec = Spec::new(&[]).without_labels();

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/apps/{guid}/sidecars", routing::get(of_app).post(post))
        .route("/v3/processes/{guid}/sidecars", routing::get(of_process))
        .route("/v3/sidecars/{guid}", routing::get(show).patch(patch).delete(delete))
}

fn present(sidecar: &Sidecar) -> Value {
    json!({
        "guid": sidecar.guid,
        "name": sidecar.name,
        "command": sidecar.command,
        "process_types": sidecar.process_types,
        "memory_in_mb": sidecar.memory_in_mb,
        "origin": "user",
        "relationships": { "app": { "data": { "guid": sidecar.app } } },
        "created_at": timestamp(sidecar.created_at),
        "updated_at": timestamp(sidecar.updated_at),
    })
}

async fn of_app(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let app = readable(&who, db, &guid)?;
        let path = format!("/v3/apps/{guid}/sidecars");
        Ok(Json(query.page(&cf, &path, db.sidecars_of(&app.guid)).present(present)))
    })
}

async fn of_process(Shared(cf): Cf, who: Who, Path(guid): Path<String>, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    cf.store.read(|db| {
        let process = readable_process(&who, db, &guid)?;
        let path = format!("/v3/processes/{guid}/sidecars");
        Ok(Json(query.page(&cf, &path, db.sidecars_beside(process)).present(present)))
    })
}

/// A sidecar that the user may see; 404 for others.
fn readable_sidecar<'a>(who: &Who, db: &'a State, guid: &str) -> ApiResult<&'a Sidecar> {
    let sidecar = db.sidecars.get(guid).filter(|sidecar| readable(who, db, sidecar.app.as_str()).is_ok());
    sidecar.ok_or_else(|| ApiError::not_found("Sidecar"))
}

/// The guid of a sidecar that the user may change; 404 or 403 for others.
fn writable_sidecar(who: &Who, db: &State, guid: &str) -> ApiResult<Guid> {
    let sidecar = readable_sidecar(who, db, guid)?;
    writable(who, db, sidecar.app.as_str())?;
    Ok(sidecar.guid.clone())
}

async fn show(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| readable_sidecar(&who, db, &guid).map(|sidecar| Json(present(sidecar))))
}

/// What a request says about a sidecar.
#[derive(Debug, Clone, Default)]
pub(super) struct SidecarWanted {
    pub(super) name: Option<String>,
    command: Option<String>,
    process_types: Option<Vec<String>>,
    memory_in_mb: Field<u64>,
}

impl SidecarWanted {
    /// Reads all of a sidecar, or, for a change, as much as is there.
    pub(super) fn read(body: &mut Message, change: bool) -> Self {
        body.only(&["name", "command", "process_types", "memory_in_mb"]);
        let left_out = |body: &Message, key: &str| change && !body.has(key);
        Self {
            name: if left_out(body, "name") { None } else { text(body, "name") },
            command: if left_out(body, "command") { None } else { text(body, "command") },
            process_types: if left_out(body, "process_types") { None } else { process_types(body) },
            memory_in_mb: if body.has("memory_in_mb") {
                let memory = number(body, "memory_in_mb", 1).and_then(|number| u64::try_from(number).ok());
                memory.map_or(Field::Null, Field::Is)
            } else {
                Field::Absent
            },
        }
    }
}

fn text(body: &mut Message, key: &str) -> Option<String> {
    let value = body.raw(key).cloned().unwrap_or_default();
    let text = value.as_str().map(ToOwned::to_owned);
    if value.is_null() || text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        body.problem(format!("{} can't be blank", humanize(key)));
    }
    if text.is_none() {
        body.problem(format!("{} must be a string", humanize(key)));
    }
    text
}

fn process_types(body: &mut Message) -> Option<Vec<String>> {
    let value = body.raw("process_types").cloned().unwrap_or_default();
    let kinds = value.as_array().map(|kinds| kinds.iter().map(|kind| kind.as_str().unwrap_or_default().to_owned()));
    let mut kinds: Option<Vec<String>> = kinds.map(Iterator::collect);
    if kinds.is_none() {
        body.problem("Process types must be an array");
    }
    if value.is_null() || kinds.as_ref().is_some_and(Vec::is_empty) {
        body.problem("Process types must have at least 1 process_type");
    }
    if let Some(kinds) = &mut kinds {
        kinds.sort();
    }
    kinds
}

async fn post(
    Shared(cf): Cf,
    who: Who,
    Path(app): Path<String>,
    mut body: Message,
) -> ApiResult<(StatusCode, Json<Value>)> {
    cf.store.write(|db| {
        let app = writable(&who, db, &app)?;
        let wanted = SidecarWanted::read(&mut body, false);
        body.finish()?;
        Ok((StatusCode::CREATED, Json(present(&create(db, &app, wanted)?))))
    })
}

async fn patch(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let guid = writable_sidecar(&who, db, &guid)?;
        let wanted = SidecarWanted::read(&mut body, true);
        body.finish()?;
        Ok(Json(present(&change(db, &guid, wanted)?)))
    })
}

async fn delete(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<StatusCode> {
    cf.store.write(|db| {
        let guid = writable_sidecar(&who, db, &guid)?;
        db.sidecars.shift_remove(&guid);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Makes a sidecar of an app. Fails where the name is taken or its memory too much for a process.
pub(super) fn create(db: &mut State, app: &Guid, wanted: SidecarWanted) -> ApiResult<Sidecar> {
    let now = Timestamp::now();
    let sized = wanted.memory_in_mb != Field::Absent;
    let sidecar = Sidecar {
        guid: Guid::random(),
        app: app.clone(),
        name: wanted.name.unwrap_or_default(),
        command: wanted.command.unwrap_or_default(),
        process_types: wanted.process_types.unwrap_or_default(),
        memory_in_mb: wanted.memory_in_mb.value(),
        created_at: now,
        updated_at: now,
    };
    save(db, sidecar, sized)
}

/// Changes a sidecar; instances see it when they are started anew. Fails as [`create`] does.
pub(super) fn change(db: &mut State, guid: &Guid, wanted: SidecarWanted) -> ApiResult<Sidecar> {
    let mut sidecar = db.sidecars.get(guid).cloned().ok_or_else(|| ApiError::not_found("Sidecar"))?;
    let sized = wanted.memory_in_mb != Field::Absent || wanted.process_types.is_some();
    sidecar.name = wanted.name.unwrap_or(sidecar.name);
    sidecar.command = wanted.command.unwrap_or(sidecar.command);
    sidecar.process_types = wanted.process_types.unwrap_or(sidecar.process_types);
    wanted.memory_in_mb.replace(&mut sidecar.memory_in_mb);
    sidecar.updated_at = Timestamp::now();
    save(db, sidecar, sized)
}

/// (`cloud_controller_ng`: `sidecar_create.rb`, `sidecar_update.rb`, `sidecar_model.rb`,
/// `sidecar_process_type_model.rb`.)
fn save(db: &mut State, sidecar: Sidecar, sized: bool) -> ApiResult<Sidecar> {
    let memory = sidecar.memory_in_mb.unwrap_or(0);
    let is_too_small = |process: &&Process| {
        sidecar.process_types.contains(&process.kind)
            && db.memory_beside(process, Some(&sidecar.guid)) + memory >= process.memory_in_mb
    };
    if sized && let Some(process) = db.processes_of(&sidecar.app).find(is_too_small) {
        return Err(ApiError::unprocessable(format!(
            "The memory allocation defined is too large to run with the dependent \"{}\" process",
            process.kind
        )));
    }
    let too_long = [("Name", &sidecar.name, 255), ("Command", &sidecar.command, 4096)];
    let too_long = too_long.into_iter().filter(|(_, text, most)| text.chars().count() > *most);
    let problems: Vec<String> =
        too_long.map(|(key, _, most)| format!("{key} is too long (maximum is {most} characters)")).collect();
    if !problems.is_empty() {
        return Err(ApiError::unprocessable(problems.join(", ")));
    }
    if db.sidecars_of(&sidecar.app).any(|other| other.name == sidecar.name && other.guid != sidecar.guid) {
        let name = &sidecar.name;
        return Err(ApiError::unprocessable(format!("Sidecar with name '{name}' already exists for given app")));
    }
    let mut before = None;
    for kind in &sidecar.process_types {
        if kind.trim().is_empty() {
            return Err(ApiError::unprocessable("type presence"));
        }
        if kind.chars().count() > 255 {
            return Err(ApiError::unprocessable("Process type is too long (maximum is 255 characters)"));
        }
        if before.replace(kind) == Some(kind) {
            return Err(ApiError::unprocessable(format!("Sidecar is already associated with process type {kind}")));
        }
    }
    db.sidecars.insert(sidecar.guid.clone(), sidecar.clone());
    Ok(sidecar)
}

/// Whether a process has memory left beside its sidecars.
/// (`cloud_controller_ng`: `sidecar_memory_less_than_process_memory_policy.rb`.)
pub(super) fn leave_room(db: &State, process: &Process) -> bool {
    db.memory_beside(process, None) < process.memory_in_mb
}

/// Gives an app the sidecars of a revision in place of its own. (`cloud_controller_ng`: `deployment_target_state.rb`.)
pub(super) fn roll_back(db: &mut State, revision: &Revision) {
    db.sidecars.retain(|_, sidecar| sidecar.app != revision.app);
    let now = Timestamp::now();
    for sidecar in &revision.sidecars {
        let guid = Guid::random();
        let sidecar = Sidecar { guid: guid.clone(), created_at: now, updated_at: now, ..sidecar.clone() };
        db.sidecars.insert(guid, sidecar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{App, WEB};

    fn wanted(body: &Value, change: bool) -> ApiResult<SidecarWanted> {
        let mut body = Message::of(body.as_object().unwrap().clone());
        let wanted = SidecarWanted::read(&mut body, change);
        body.finish()?;
        Ok(wanted)
    }

    fn detail<T>(result: ApiResult<T>) -> String {
        result.map_or_else(|error| error.problems[0].detail.clone(), |_| "ok".to_owned())
    }

    #[test]
    fn what_is_wrong_with_a_request_is_told() {
        let whole = "Name can't be blank, Name must be a string, Command can't be blank, Command must be a string, \
                     Process types must be an array, Process types must have at least 1 process_type";
        let cases = [
            (json!({}), whole, "ok"),
            (
                json!({"name": "", "command": "c", "process_types": ["web"]}),
                "Name can't be blank",
                "Name can't be blank",
            ),
            (
                json!({"name": "s", "command": 1, "process_types": ["web"]}),
                "Command must be a string",
                "Command must be a string",
            ),
            (
                json!({"name": "s", "command": "c", "process_types": []}),
                "Process types must have at least 1 process_type",
                "Process types must have at least 1 process_type",
            ),
            (
                json!({"name": "s", "command": "c", "process_types": ["web"], "memory_in_mb": 0}),
                "Memory in mb must be greater than 0",
                "Memory in mb must be greater than 0",
            ),
            (json!({"name": "s", "command": "c", "process_types": ["web"], "memory_in_mb": null}), "ok", "ok"),
        ];
        for (body, made, changed) in cases {
            assert_eq!(detail(wanted(&body, false)), made, "{body}");
            assert_eq!(detail(wanted(&body, true)), changed, "{body}");
        }
    }

    #[test]
    fn sidecars_fit_their_app() {
        let mut db = State::default();
        let app = App::new("shop", &Guid::random());
        let guid = app.guid.clone();
        db.apps.insert(guid.clone(), app);
        let process = Process { memory_in_mb: 100, ..Process::new(&guid, WEB, 1024) };
        db.processes.insert(process.guid.clone(), process.clone());
        let too_large = "The memory allocation defined is too large to run with the dependent \"web\" process";
        let taken = "Sidecar with name 'proxy' already exists for given app";
        let twice = "Sidecar is already associated with process type web";
        let cases = [
            ("proxy", json!(["web"]), json!(100), too_large),
            ("proxy", json!(["worker", "web"]), json!(60), "ok"),
            ("proxy", json!(["web"]), json!(null), taken),
            ("agent", json!(["web", "web"]), json!(null), twice),
            ("agent", json!(["web", " "]), json!(null), "type presence"),
            ("agent", json!(["web"]), json!(40), too_large),
            ("agent", json!(["worker"]), json!(4000), "ok"),
            ("tracer", json!(["web"]), json!(39), "ok"),
        ];
        for (name, kinds, memory, expected) in cases {
            let body = json!({"name": name, "command": "c", "process_types": kinds, "memory_in_mb": memory});
            let made = wanted(&body, false).and_then(|wanted| create(&mut db, &guid, wanted));
            assert_eq!(detail(made), expected, "{body}");
        }
        assert!(leave_room(&db, &process));
        assert!(!leave_room(&db, &Process { memory_in_mb: 99, ..process }));
        let proxy = db.sidecars.keys().next().unwrap().clone();
        let cases = [
            (json!({"name": "tracer"}), "Sidecar with name 'tracer' already exists for given app"),
            (json!({"memory_in_mb": 61}), too_large),
            (json!({"memory_in_mb": null, "name": "front"}), "ok"),
        ];
        for (body, expected) in cases {
            let changed = wanted(&body, true).and_then(|wanted| change(&mut db, &proxy, wanted));
            assert_eq!(detail(changed), expected, "{body}");
        }
        let proxy = &db.sidecars[&proxy];
        assert_eq!((proxy.name.as_str(), proxy.memory_in_mb), ("front", None));
        assert_eq!(proxy.process_types, ["web", "worker"]);
    }
}

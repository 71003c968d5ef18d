//! What happens to apps: started, stopped, given a droplet. One action a function, each inside a transaction of the
//! caller, with its audit event; used by handlers, manifests and deployments alike.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::error::{ApiError, ApiResult};
use crate::controller::{quotas, sidecars};
use crate::state::{App, DesiredState, Guid, Party, Process, Revision, Sidecar, State, WEB};

/// An app as the target of an audit event.
pub(super) fn party(app: &App) -> Party {
    Party::new("app", &app.guid, &app.name)
}

/// Notes an event of an app.
pub(super) fn note(db: &mut State, kind: &str, actor: &Party, app: &Guid, data: Value) {
    let Some(app) = db.apps.get(app) else { return };
    let (target, space) = (party(app), app.space.clone());
    db.record(kind, actor.clone(), target, Some(&space), data);
}

/// Makes an app with its web process. Fails where the name is taken.
pub(super) fn create(db: &mut State, actor: &Party, app: App, request: &Value) -> ApiResult<Guid> {
    if db.app_named(&app.space, &app.name).is_some() {
        return Err(ApiError::uniqueness(format!("App with the name '{}' already exists.", app.name)));
    }
    let guid = app.guid.clone();
    db.apps.insert(guid.clone(), app);
    note(db, "audit.app.create", actor, &guid, json!({ "request": request }));
    add_process(db, actor, &guid, WEB, false)?;
    Ok(guid)
}

/// Adds a process of this type and returns its guid. Fails where sidecars leave it no memory.
pub(super) fn add_process(db: &mut State, actor: &Party, app: &Guid, kind: &str, by_manifest: bool) -> ApiResult<Guid> {
    let mut process = Process::new(app, kind, db.default_app_memory_in_mb);
    if db.processes.contains_key(process.guid.as_str()) {
        process.guid = Guid::random();
    }
    process.state = db.apps.get(app).map_or(DesiredState::Stopped, |app| app.state);
    if !sidecars::leave_room(db, &process) {
        return Err(ApiError::unprocessable(format!(
            "The sidecar memory allocation defined is too large to run with the dependent \"{kind}\" process"
        )));
    }
    let guid = process.guid.clone();
    db.processes.insert(guid.clone(), process);
    let mut data = json!({ "process_guid": guid, "process_type": kind });
    if by_manifest {
        data["manifest_triggered"] = json!(true);
    }
    note(db, "audit.app.process.create", actor, app, data);
    Ok(guid)
}

/// Starts an app. Fails where a quota is exceeded.
pub(super) fn start(db: &mut State, actor: &Party, app: &Guid) -> ApiResult<()> {
    let revision = match db.apps.get(app) {
        Some(app) if app.state == DesiredState::Stopped => revise(db, &app.guid.clone(), actor),
        _ => None,
    };
    set_state(db, app, DesiredState::Started);
    if revision.is_some() {
        for process in db.processes.values_mut().filter(|process| process.app == *app) {
            process.revision.clone_from(&revision);
        }
    }
    quotas::check_app(db, app)?;
    note(db, "audit.app.start", actor, app, Value::Null);
    Ok(())
}

/// Stops an app.
pub(super) fn stop(db: &mut State, actor: &Party, app: &Guid) {
    set_state(db, app, DesiredState::Stopped);
    note(db, "audit.app.stop", actor, app, Value::Null);
}

/// Stops and starts an app: each of its processes gets a new version. Fails where a quota is exceeded.
pub(super) fn restart(db: &mut State, actor: &Party, app: &Guid) -> ApiResult<()> {
    let revision = revise(db, app, actor);
    set_state(db, app, DesiredState::Stopped);
    set_state(db, app, DesiredState::Started);
    for process in db.processes.values_mut().filter(|process| process.app == *app) {
        if revision.is_some() {
            process.revision.clone_from(&revision);
        }
    }
    quotas::check_app(db, app)?;
    note(db, "audit.app.restart", actor, app, Value::Null);
    Ok(())
}

fn set_state(db: &mut State, app: &Guid, state: DesiredState) {
    let now = Timestamp::now();
    if let Some(app) = db.apps.get_mut(app) {
        app.state = state;
        app.updated_at = now;
    }
    for process in db.processes.values_mut().filter(|process| process.app == *app) {
        if process.state != state {
            process.state = state;
            process.updated_at = now;
            if state == DesiredState::Started {
                process.version = Guid::random();
            }
        }
    }
}

/// Makes a droplet the one that runs at the next start. Fails where it is not one of the app's, or its processes have
/// no room beside the sidecars.
pub(super) fn assign_droplet(db: &mut State, actor: &Party, app: &Guid, droplet: &str) -> ApiResult<()> {
    let Some(droplet) = db.droplets.get(droplet).filter(|droplet| droplet.app == *app) else {
        return Err(ApiError::unprocessable(
            "Unable to assign current droplet. Ensure the droplet exists and belongs to this app.",
        ));
    };
    let (droplet, kinds) = (droplet.guid.clone(), droplet.process_types.keys().cloned().collect::<Vec<_>>());
    if let Some(app) = db.apps.get_mut(app) {
        app.droplet = Some(droplet.clone());
        app.updated_at = Timestamp::now();
    }
    note(db, "audit.app.droplet.mapped", actor, app, json!({ "request": { "droplet_guid": droplet } }));
    for kind in kinds {
        if db.process_of_type(app, &kind).is_none() {
            add_process(db, actor, app, &kind, false)?;
        }
    }
    Ok(())
}

/// The commands that the user gave, by type; of several web processes the newest counts.
pub(super) fn commands(db: &State, app: &Guid) -> IndexMap<String, Option<String>> {
    let mut commands = IndexMap::new();
    for process in db.processes_of(app) {
        commands.insert(process.kind.clone(), process.command.clone());
    }
    commands
}

/// Makes a revision where something is new, and returns the newest; `None` where the app keeps no revisions or has
/// nothing to run. (`cloud_controller_ng`: `revision_resolver.rb`.)
pub(super) fn revise(db: &mut State, app: &Guid, actor: &Party) -> Option<Guid> {
    let current = db.apps.get(app).filter(|app| app.features.revisions)?;
    let (droplet, environment) = (current.droplet.clone()?, current.environment.clone());
    let commands = commands(db, app);
    let reasons = match db.latest_revision(app) {
        None => vec!["Initial revision.".to_owned()],
        Some(latest) => reasons(db, latest, &droplet, &environment, &commands),
    };
    if reasons.is_empty() {
        return db.latest_revision(app).map(|latest| latest.guid.clone());
    }
    Some(add_revision(db, actor, app, droplet, environment, commands, &reasons.join(" ")))
}

/// Makes a revision of an older one, whose sidecars the app has already. Fails where that is what runs already.
pub(super) fn revise_back(db: &mut State, app: &Guid, actor: &Party, to: &Revision) -> ApiResult<Option<Guid>> {
    if !db.apps.get(app).is_some_and(|app| app.features.revisions) {
        return Ok(None);
    }
    let mut why = match db.latest_revision(app) {
        None => Vec::new(),
        Some(latest) => reasons(db, latest, &to.droplet, &to.environment, &to.commands),
    };
    if why.is_empty() {
        return Err(ApiError::unprocessable(
            "Unable to rollback. The code and configuration you are rolling back to is the same as the deployed revision.",
        ));
    }
    why.push(format!("Rolled back to revision {}.", to.version));
    let (droplet, environment, commands) = (to.droplet.clone(), to.environment.clone(), to.commands.clone());
    Ok(Some(add_revision(db, actor, app, droplet, environment, commands, &why.join(" "))))
}

fn add_revision(
    db: &mut State,
    actor: &Party,
    app: &Guid,
    droplet: Guid,
    environment: IndexMap<String, String>,
    commands: IndexMap<String, Option<String>>,
    description: &str,
) -> Guid {
    let now = Timestamp::now();
    let revision = Revision {
        guid: Guid::random(),
        app: app.clone(),
        version: db.latest_revision(app).map_or(1, |latest| latest.version + 1),
        description: description.to_owned(),
        droplet,
        environment,
        commands,
        sidecars: db.sidecars_of(app).cloned().collect(),
        metadata: crate::state::Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    let guid = revision.guid.clone();
    let data = json!({ "revision_guid": guid, "revision_version": revision.version });
    db.revisions.insert(guid.clone(), revision);
    note(db, "audit.app.revision.create", actor, app, data);
    guid
}

/// What is new against the latest revision; the sidecars are those of the app.
fn reasons(
    db: &State,
    latest: &Revision,
    droplet: &Guid,
    environment: &IndexMap<String, String>,
    commands: &IndexMap<String, Option<String>>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if latest.droplet != *droplet {
        reasons.push("New droplet deployed.".to_owned());
    }
    if latest.environment != *environment {
        reasons.push("New environment variables deployed.".to_owned());
    }
    for (kind, command) in commands {
        match (latest.commands.get(kind), command) {
            (None, _) => reasons.push(format!("New process type '{kind}' added.")),
            (Some(None), Some(_)) => reasons.push(format!("Custom start command added for '{kind}' process.")),
            (Some(Some(_)), None) => reasons.push(format!("Custom start command removed for '{kind}' process.")),
            (Some(Some(old)), Some(new)) if old != new => {
                reasons.push(format!("Custom start command updated for '{kind}' process."));
            }
            (Some(_), _) => {}
        }
    }
    for kind in latest.commands.keys().filter(|kind| !commands.contains_key(*kind)) {
        reasons.push(format!("Process type '{kind}' removed."));
    }
    if shapes(latest.sidecars.iter()) != shapes(db.sidecars_of(&latest.app)) {
        reasons.push("Sidecars updated.".to_owned());
    }
    reasons.sort();
    reasons
}

/// What makes sidecars other ones; their memory does not. (`cloud_controller_ng`: `sidecar_mixin.rb`.)
fn shapes<'a>(sidecars: impl Iterator<Item = &'a Sidecar>) -> BTreeSet<(&'a str, &'a str, &'a [String])> {
    let shape = |one: &'a Sidecar| (one.name.as_str(), one.command.as_str(), one.process_types.as_slice());
    sidecars.map(shape).collect()
}

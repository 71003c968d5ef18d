//! How a deployment begins. (`deployment_create.rb`, `deployment_create_message.rb`, `deployment_target_state.rb`)

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::body::Message;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::processes::number;
use crate::controller::{lifecycle, quotas, sidecars};
use crate::state::{
    Deployment, DeploymentSizes, DeploymentState, DesiredState, Guid, Metadata, Party, Process, Revision, State,
    Strategy, WEB,
};

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) app: Option<Guid>,
    pub(super) droplet: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) strategy: Strategy,
    pub(super) max_in_flight: u32,
    pub(super) canary_steps: Option<Vec<u32>>,
    pub(super) sizes: DeploymentSizes,
}

/// Reads a request and notes what is wrong with it.
pub(super) fn read(body: &mut Message) -> Wanted {
    body.only(&["relationships", "droplet", "revision", "strategy", "options", "metadata"]);
    let guid =
        |body: &Message, key: &str| body.raw(key).and_then(|value| value.get("guid")?.as_str()).map(ToOwned::to_owned);
    let (droplet, revision) = (guid(body, "droplet"), guid(body, "revision"));
    if droplet.is_some() && revision.is_some() {
        body.problem("Droplet Cannot set both fields 'droplet' and 'revision'");
    }
    let strategy = match body.raw("strategy") {
        None | Some(Value::Null) => Strategy::Rolling,
        Some(value) => match value.as_str() {
            Some("rolling") => Strategy::Rolling,
            Some("canary") => Strategy::Canary,
            _ => {
                let word = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                body.problem(format!("Strategy '{word}' is not a supported deployment strategy"));
                Strategy::Rolling
            }
        },
    };
    let app = body.raw("relationships").and_then(|value| value.pointer("/app/data/guid")?.as_str()).map(Guid::from);
    let mut wanted = Wanted {
        app,
        droplet,
        revision,
        strategy,
        max_in_flight: 1,
        canary_steps: None,
        sizes: DeploymentSizes::default(),
    };
    if let Some(options) = body.object("options").value() {
        let mut options = Message::of(options);
        read_options(&mut options, body, &mut wanted);
        body.problems_of(options);
    }
    wanted
}

fn read_options(options: &mut Message, body: &mut Message, wanted: &mut Wanted) {
    const KNOWN: [&str; 6] = [
        "canary",
        "max_in_flight",
        "web_instances",
        "memory_in_mb",
        "disk_in_mb",
        "log_rate_limit_in_bytes_per_second",
    ];
    let unknown: Vec<String> = options.keys().filter(|key| !KNOWN.contains(&key.as_str())).cloned().collect();
    if !unknown.is_empty() {
        body.problem(format!("Options has unsupported key(s): {}", unknown.join(", ")));
    }
    wanted.sizes = DeploymentSizes {
        web_instances: number(options, "web_instances", 0).and_then(|number| u32::try_from(number).ok()),
        memory_in_mb: number(options, "memory_in_mb", 1).and_then(|number| u64::try_from(number).ok()),
        disk_in_mb: number(options, "disk_in_mb", 1).and_then(|number| u64::try_from(number).ok()),
        log_rate_limit: number(options, "log_rate_limit_in_bytes_per_second", -1),
    };
    match options.raw("max_in_flight") {
        None | Some(Value::Null) => {}
        Some(value) => {
            match value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0) {
                Some(number) => wanted.max_in_flight = number,
                None => body.problem("Max in flight must be an integer greater than 0"),
            }
        }
    }
    match options.raw("canary") {
        None | Some(Value::Null) => {}
        Some(Value::Object(_)) if wanted.strategy != Strategy::Canary => {
            body.problem("Options.canary are only valid for Canary deployments");
        }
        Some(Value::Object(canary)) => match canary.get("steps") {
            None | Some(Value::Null) => {}
            Some(steps) => match read_steps(steps) {
                Ok(steps) => wanted.canary_steps = Some(steps),
                Err(problem) => body.problem(problem),
            },
        },
        Some(_) => body.problem("Options.canary must be an object"),
    }
}

fn read_steps(steps: &Value) -> Result<Vec<u32>, &'static str> {
    const WEIGHT: &str = "Options.canary.steps.instance weight must be an Integer between 1-100 (inclusive)";
    let steps = steps.as_array().filter(|steps| steps.iter().all(Value::is_object));
    let steps = steps.ok_or("Options.canary.steps must be an array of objects")?;
    let mut weights = Vec::new();
    for step in steps {
        let weight = step.get("instance_weight").ok_or("Options.canary.steps missing key: \"instance_weight\"")?;
        let weight = weight.as_u64().filter(|weight| (1..=100).contains(weight)).ok_or(WEIGHT)?;
        weights.push(u32::try_from(weight).map_err(|_| WEIGHT)?);
    }
    if !weights.is_sorted() {
        return Err("Options.canary.steps.instance weight must be sorted in ascending order");
    }
    Ok(weights)
}

/// Begins a deployment. A stopped app is just started. Fails where there is nothing to deploy, or a quota is exceeded.
pub(super) fn create(db: &mut State, actor: &Party, app: &Guid, wanted: Wanted, metadata: Metadata) -> ApiResult<Guid> {
    let stopped = db.apps.get(app).is_none_or(|app| app.state == DesiredState::Stopped);
    let previous_droplet = db.apps.get(app).and_then(|app| app.droplet.clone());
    let target = wanted.revision.as_deref().map(|guid| revision(db, app, guid)).transpose()?;
    let droplet = droplet(db, app, &wanted, target.as_ref())?;
    if previous_droplet.as_ref() != Some(&droplet) || target.is_none() {
        lifecycle::assign_droplet(db, actor, app, droplet.as_str())?;
    }
    let revision = match &target {
        Some(target) => {
            if let Some(app) = db.apps.get_mut(app) {
                app.environment.clone_from(&target.environment);
            }
            sidecars::roll_back(db, target);
            lifecycle::revise_back(db, app, actor, target)?
        }
        None => lifecycle::revise(db, app, actor),
    };
    let previous = db.active_deployments(app).next().map(|one| (one.guid.clone(), one.original_instances));
    let oldest = db.processes_of(app).find(|process| process.is_web()).map_or(1, |process| process.instances);
    let now = Timestamp::now();
    let version = revision.as_ref().and_then(|guid| db.revisions.get(guid)).map(|one| (one.guid.clone(), one.version));
    let mut deployment = Deployment {
        guid: Guid::random(),
        app: app.clone(),
        state: if wanted.strategy == Strategy::Canary {
            DeploymentState::Prepaused
        } else {
            DeploymentState::Deploying
        },
        reason: "DEPLOYING".to_owned(),
        strategy: wanted.strategy,
        max_in_flight: wanted.max_in_flight,
        canary_current_step: (wanted.strategy == Strategy::Canary).then_some(1),
        canary_steps: wanted.canary_steps,
        sizes: wanted.sizes,
        droplet: Some(droplet.clone()),
        previous_droplet,
        revision: version,
        web_process: None,
        new_processes: Vec::new(),
        original_instances: previous.as_ref().map_or(oldest, |(_, original)| *original),
        status_updated_at: now,
        last_healthy_at: now,
        metadata,
        created_at: now,
        updated_at: now,
    };
    if stopped {
        start_stopped(db, actor, app, &mut deployment, revision.as_ref())?;
    } else {
        let first = match deployment.strategy {
            Strategy::Canary => deployment.canary_step().0,
            Strategy::Rolling => deployment.desired_web_instances(),
        };
        let process = clone_web(db, app, revision.as_ref(), &deployment, first.min(deployment.max_in_flight))?;
        supersede(db, previous.map(|(guid, _)| guid));
        deployment.new_processes.push((process.clone(), WEB.to_owned()));
        deployment.web_process = Some(process);
        quotas::check_app(db, app).map_err(|error| explained(db, app, error))?;
    }
    let data = json!({
        "deployment_guid": deployment.guid,
        "droplet_guid": droplet,
        "type": target.as_ref().map(|_| "rollback"),
        "revision_guid": deployment.revision.as_ref().map(|(guid, _)| guid),
        "request": {},
        "strategy": deployment.strategy.as_str(),
    });
    lifecycle::note(db, "audit.app.deployment.create", actor, app, data);
    let guid = deployment.guid.clone();
    db.deployments.insert(guid.clone(), deployment);
    Ok(guid)
}

fn revision(db: &State, app: &Guid, guid: &str) -> ApiResult<Revision> {
    let found = db.revisions.get(guid).filter(|revision| revision.app == *app).cloned();
    let found = found.ok_or_else(|| ApiError::unprocessable("The revision does not exist"))?;
    if !db.droplets.contains_key(&found.droplet) {
        return Err(ApiError::unprocessable(
            "Unable to deploy this revision, the droplet for this revision no longer exists.",
        ));
    }
    Ok(found)
}

fn droplet(db: &State, app: &Guid, wanted: &Wanted, target: Option<&Revision>) -> ApiResult<Guid> {
    if let Some(target) = target {
        return Ok(target.droplet.clone());
    }
    let droplet = match &wanted.droplet {
        Some(droplet) => db.droplets.get(droplet.as_str()),
        None => db.current_droplet(app),
    };
    droplet.map(|droplet| droplet.guid.clone()).ok_or_else(|| {
        ApiError::unprocessable(
            "Invalid droplet. Please specify a droplet in the request or set a current droplet for the app.",
        )
    })
}

fn start_stopped(
    db: &mut State,
    actor: &Party,
    app: &Guid,
    deployment: &mut Deployment,
    revision: Option<&Guid>,
) -> ApiResult<()> {
    let web = db.process_of_type(app, WEB).map(|process| process.guid.clone());
    if let Some(process) = web.and_then(|guid| db.processes.get_mut(&guid)) {
        resize(process, deployment.sizes);
        process.instances = deployment.sizes.web_instances.unwrap_or(process.instances);
        let process = process.clone();
        if deployment.sizes.memory_in_mb.is_some() {
            has_room(db, &process)?;
        }
    }
    for process in db.processes.values_mut().filter(|process| process.app == *app) {
        process.revision = revision.cloned();
    }
    lifecycle::start(db, actor, app).map_err(|error| explained(db, app, error))?;
    deployment.state = DeploymentState::Deployed;
    "DEPLOYED".clone_into(&mut deployment.reason);
    Ok(())
}

fn resize(process: &mut Process, sizes: DeploymentSizes) {
    process.memory_in_mb = sizes.memory_in_mb.unwrap_or(process.memory_in_mb);
    process.disk_in_mb = sizes.disk_in_mb.unwrap_or(process.disk_in_mb);
    process.log_rate_limit = sizes.log_rate_limit.unwrap_or(process.log_rate_limit);
}

/// Fails where the sidecars leave a process no memory.
fn has_room(db: &State, process: &Process) -> ApiResult<()> {
    if sidecars::leave_room(db, process) {
        return Ok(());
    }
    Err(ApiError::unprocessable("memory process_memory_insufficient_for_sidecars"))
}

/// The new version's web process, beside the one that is there.
fn clone_web(
    db: &mut State,
    app: &Guid,
    revision: Option<&Guid>,
    deployment: &Deployment,
    instances: u32,
) -> ApiResult<Guid> {
    let newest = db.process_of_type(app, WEB).ok_or_else(|| ApiError::not_found("Process"))?;
    let now = Timestamp::now();
    let command = match revision.and_then(|guid| db.revisions.get(guid)) {
        Some(revision) => revision.commands.get(WEB).cloned().flatten(),
        None => newest.command.clone(),
    };
    let mut process = Process {
        guid: Guid::random(),
        command,
        state: DesiredState::Started,
        instances,
        version: Guid::random(),
        revision: revision.cloned(),
        created_at: now,
        updated_at: now,
        ..newest.clone()
    };
    resize(&mut process, deployment.sizes);
    has_room(db, &process)?;
    let guid = process.guid.clone();
    db.processes.insert(guid.clone(), process);
    Ok(guid)
}

fn supersede(db: &mut State, previous: Option<Guid>) {
    let Some(previous) = previous.and_then(|guid| db.deployments.get_mut(&guid)) else { return };
    previous.state = if previous.state == DeploymentState::Deploying {
        DeploymentState::Deployed
    } else {
        DeploymentState::Canceled
    };
    super::updater::set_reason(previous, "SUPERSEDED");
}

/// Says of an exceeded quota that a deployment needs more than what runs.
fn explained(db: &State, app: &Guid, mut error: ApiError) -> ApiError {
    const TAIL: &str = "quota may not be large enough to support rolling deployments or your configured max-in-flight.";
    let space = db.apps.get(app).and_then(|app| db.spaces.get(&app.space));
    let org = space.and_then(|space| db.orgs.get(&space.org)).map_or("", |org| org.name.as_str());
    let space = space.map_or("", |space| space.name.as_str());
    for problem in &mut error.problems {
        let text = problem.detail.clone();
        if text.contains("space_quota_exceeded") || text.contains("space_app_instance_limit_exceeded") {
            problem.detail = format!("{text} for space {space}. This space's {TAIL}");
        } else if text.contains("quota_exceeded") || text.contains("app_instance_limit_exceeded") {
            problem.detail = format!("{text} for organization {org}. This organization's {TAIL}");
        }
    }
    error
}

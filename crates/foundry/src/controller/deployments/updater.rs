//! How deployments go on: step by step, one a tick.
//! (`deployment_updater`)

use std::sync::Arc;

use jiff::Timestamp;

use crate::platform::Platform;
use crate::runtime::{LrpKey, LrpState};
use crate::state::{Deployment, DeploymentState, DesiredState, Guid, Process, State};

/// Takes all deployments on until the foundry ends.
pub(crate) async fn run(platform: Arc<Platform>) {
    loop {
        let active: Vec<Guid> = platform.store.read(|db| {
            let active = db.deployments.values().filter(|one| one.state.is_active());
            active.map(|one| one.guid.clone()).collect()
        });
        for deployment in active {
            platform.epochs.atomically(|| step(&platform, &deployment));
        }
        tokio::select! {
            () = tokio::time::sleep(platform.timing().deployment_tick) => {}
            () = platform.ending() => return,
        }
    }
}

/// What runs of the new version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    starting: u32,
    routable: u32,
    unhealthy: u32,
}

impl Count {
    fn of(platform: &Platform, process: &Process) -> Self {
        let key = LrpKey { process: process.guid.clone(), version: process.version.clone() };
        let mut count = Self::default();
        for report in platform.cell.reports(&key).iter().filter(|report| report.index < process.instances) {
            match report.state {
                LrpState::Running if report.routable => count.routable += 1,
                LrpState::Running | LrpState::Claimed => count.starting += 1,
                LrpState::Unclaimed if report.placement_error.is_none() => count.starting += 1,
                LrpState::Unclaimed | LrpState::Crashed | LrpState::Stopping => count.unhealthy += 1,
            }
        }
        count
    }
}

/// Gives a deployment's status a new reason.
pub(super) fn set_reason(deployment: &mut Deployment, reason: &str) {
    if deployment.reason != reason {
        reason.clone_into(&mut deployment.reason);
        deployment.status_updated_at = Timestamp::now();
    }
    deployment.updated_at = Timestamp::now();
}

fn step(platform: &Platform, guid: &Guid) {
    let found = platform.store.read(|db| {
        let deployment = db.deployments.get(guid)?.clone();
        let process = db.processes.get(deployment.web_process.as_ref()?)?.clone();
        Some((deployment, process))
    });
    let Some((deployment, process)) = found else { return };
    match deployment.state {
        DeploymentState::Deploying => {
            let total = deployment.desired_web_instances();
            let count = Count::of(platform, &process);
            if scale(platform, &deployment, &process, count, total, total) {
                platform.store.update(|db| finalize(db, guid));
            }
        }
        DeploymentState::Prepaused => {
            let (canary, original) = deployment.canary_step();
            let count = Count::of(platform, &process);
            if scale(platform, &deployment, &process, count, canary + original, canary) {
                platform.store.update(|db| {
                    if let Some(deployment) = db.deployments.get_mut(guid) {
                        deployment.state = DeploymentState::Paused;
                        deployment.last_healthy_at = Timestamp::now();
                        set_reason(deployment, "PAUSED");
                    }
                });
            }
        }
        DeploymentState::Canceling => {
            let running = |process: &Process| {
                let key = LrpKey { process: process.guid.clone(), version: process.version.clone() };
                platform.cell.reports(&key).iter().any(|report| report.state == LrpState::Running)
            };
            platform.store.update(|db| cancel(db, guid, running));
        }
        DeploymentState::Paused | DeploymentState::Deployed | DeploymentState::Canceled => {}
    }
}

/// Takes old instances away and adds new ones, as far as the new ones are ready. Says whether the end is reached.
fn scale(
    platform: &Platform,
    deployment: &Deployment,
    process: &Process,
    count: Count,
    total: u32,
    target: u32,
) -> bool {
    let old: Vec<Process> = platform.store.read(|db| {
        let web = db.processes_of(&deployment.app).filter(|one| one.is_web() && one.guid != process.guid);
        web.cloned().collect()
    });
    let can_grow = count.starting < deployment.max_in_flight
        && count.unhealthy == 0
        && count.routable + deployment.max_in_flight >= process.instances;
    let keep = total.saturating_sub(count.routable);
    let running: u32 = old.iter().map(|one| one.instances).sum();
    let finished = process.instances >= target && count.routable >= target;
    let larger = (count.routable + deployment.max_in_flight).min(target);
    let grows = can_grow && !finished && larger != process.instances;
    if running > keep || grows {
        platform.store.update(|db| {
            let oldest = db.processes_of(&deployment.app).find(|one| one.is_web()).map(|one| one.guid.clone());
            shrink(db, &old, running.saturating_sub(keep), oldest.as_ref());
            if grows && let Some(process) = db.processes.get_mut(&process.guid) {
                process.instances = larger;
                process.updated_at = Timestamp::now();
            }
            if grows && let Some(deployment) = db.deployments.get_mut(&deployment.guid) {
                deployment.last_healthy_at = Timestamp::now();
            }
        });
    }
    finished
}

/// Takes so many instances from the old processes, the oldest first. One that was new in an earlier deployment goes
/// with its last instance.
fn shrink(db: &mut State, old: &[Process], mut reduce: u32, oldest: Option<&Guid>) {
    for process in old {
        let off = reduce.min(process.instances);
        if off == 0 {
            continue;
        }
        reduce -= off;
        let left = process.instances - off;
        if left == 0 && oldest != Some(&process.guid) {
            db.processes.shift_remove(&process.guid);
        } else if let Some(process) = db.processes.get_mut(&process.guid) {
            process.instances = left;
            process.updated_at = Timestamp::now();
        }
    }
}

fn finalize(db: &mut State, guid: &Guid) {
    let Some(deployment) = db.deployments.get(guid) else { return };
    let (app, web) = (deployment.app.clone(), deployment.web_process.clone());
    db.processes.retain(|_, process| process.app != app || !process.is_web() || Some(&process.guid) == web.as_ref());
    let revision = web.and_then(|guid| db.processes.get(&guid)?.revision.clone());
    let commands = revision.as_ref().and_then(|guid| db.revisions.get(guid)).map(|revision| revision.commands.clone());
    for process in db.processes.values_mut().filter(|process| process.app == app && !process.is_web()) {
        if let Some(commands) = &commands {
            process.command = commands.get(&process.kind).cloned().flatten();
        }
        process.revision.clone_from(&revision);
        process.state = DesiredState::Started;
        process.version = Guid::random();
    }
    if let Some(deployment) = db.deployments.get_mut(guid) {
        deployment.state = DeploymentState::Deployed;
        set_reason(deployment, "DEPLOYED");
    }
}

/// Back to what ran before: the newest version of a superseded deployment that has an instance running, else the
/// oldest.
fn cancel(db: &mut State, guid: &Guid, running: impl Fn(&Process) -> bool) {
    let Some(deployment) = db.deployments.get(guid).cloned() else { return };
    let web: Vec<Process> = db.processes_of(&deployment.app).filter(|one| one.is_web()).cloned().collect();
    let interim = |process: &&Process| {
        let superseded = |one: &Deployment| {
            one.web_process.as_ref() == Some(&process.guid)
                && one.state == DeploymentState::Deployed
                && one.reason == "SUPERSEDED"
        };
        db.deployments.values().any(superseded) && running(process)
    };
    let prior = web.iter().rev().find(interim).or_else(|| web.first()).map(|process| process.guid.clone());
    db.processes.retain(|_, process| {
        process.app != deployment.app || !process.is_web() || Some(&process.guid) == prior.as_ref()
    });
    if let Some(prior) = prior.and_then(|guid| db.processes.get_mut(&guid)) {
        prior.instances = deployment.original_instances;
        prior.updated_at = Timestamp::now();
    }
    if let Some(deployment) = db.deployments.get_mut(guid) {
        deployment.state = DeploymentState::Canceled;
        set_reason(deployment, "CANCELED");
    }
}

//! Commands that run once.

use std::sync::Arc;

use jiff::Timestamp;
use rustix::process::Signal;

use crate::epoch::Epoch;
use crate::logs::Stream;
use crate::platform::Platform;
use crate::runtime::desired;
use crate::runtime::launch::{Launch, Log, Running};
use crate::state::{Guid, State, Task, TaskState};

/// Runs a task of the database to its end, in the background; a restore ends it.
pub(crate) fn start(platform: &Arc<Platform>, task: &Guid) {
    let (platform, epoch, under_way) = (Arc::clone(platform), platform.epochs.current(), platform.delay_snapshots());
    let task = task.clone();
    tokio::spawn(async move {
        let guard = platform.delay_shutdown();
        let failure = run(&platform, &task, epoch).await;
        platform.epochs.within(epoch, || {
            platform.store.update(|db| {
                if let Some(task) = db.tasks.get_mut(&task) {
                    task.updated_at = Timestamp::now();
                    task.state = if failure.is_some() { TaskState::Failed } else { TaskState::Succeeded };
                    task.failure = failure;
                }
            });
        });
        drop((guard, under_way));
    });
}

/// Runs it, and says why it failed.
async fn run(platform: &Arc<Platform>, guid: &Guid, epoch: Epoch) -> Option<String> {
    let begin = |db: &mut State| {
        let task = db.tasks.get_mut(guid)?;
        if task.state != TaskState::Pending {
            return None;
        }
        task.state = TaskState::Running;
        task.updated_at = Timestamp::now();
        let task: Task = task.clone();
        let app = db.apps.get(&task.app)?;
        let environment = desired::task_environment(db, platform, app, task.memory_in_mb);
        Some((task, environment))
    };
    let found = platform.epochs.within(epoch, || platform.store.update(begin)).flatten();
    let Some((task, mut environment)) = found else { return Some("task was cancelled".to_owned()) };
    environment.push(("CF_INSTANCE_GUID".to_owned(), guid.to_string()));
    environment.push(("CF_INSTANCE_IP".to_owned(), "127.0.0.1".to_owned()));
    let launch = Launch { guid, droplet: &task.droplet, command: &task.command, environment };
    let cell_log = |text: &str| platform.logs.append(&task.app, "CELL", "0", Stream::Out, text);
    cell_log(&format!("Cell foundry creating container for instance {guid}"));
    let container = match tokio::task::block_in_place(|| platform.cell.container(&launch)) {
        Ok(container) => container,
        Err(error) => return Some(format!("failed to create container: {error}")),
    };
    let group = match tokio::task::block_in_place(|| platform.cell.launch(&launch, &container)) {
        Ok(group) => group,
        Err(error) => return Some(format!("failed to start process: {error}")),
    };
    cell_log(&format!("Cell foundry successfully created container for instance {guid}"));
    let source = format!("APP/TASK/{}", task.name);
    let log = Log { platform: Arc::clone(platform), app: task.app.clone(), source, instance: 0 };
    let mut running = Running::new(group, &log);
    let canceled = tokio::select! {
        () = running.over() => false,
        () = canceled(platform, guid) => true,
        () = platform.ending() => true,
        () = platform.epochs.ended(epoch) => true,
    };
    if canceled {
        running.signal(Signal::TERM);
        let late = async {
            tokio::select! {
                () = tokio::time::sleep(platform.timing().graceful_shutdown) => {}
                () = platform.ending() => {}
                () = platform.epochs.ended(epoch) => {}
            }
        };
        tokio::select! {
            () = running.over() => {}
            () = late => {
                running.signal(Signal::KILL);
                running.over().await;
            }
        }
    }
    let code = running.end().await;
    log.write(Stream::Out, &format!("Exit status {code}"));
    if canceled {
        Some("task was cancelled".to_owned())
    } else if code == 0 {
        None
    } else {
        Some(format!("{}: Exited with status {code}", log.source))
    }
}

/// Resolves when a task is to be canceled, or is gone.
async fn canceled(platform: &Platform, task: &Guid) {
    let mut changes = platform.store.changes();
    loop {
        changes.mark_unchanged();
        let state = platform.store.read(|db| db.tasks.get(task).map(|task| task.state));
        if state.is_none_or(|state| state == TaskState::Canceling) || changes.changed().await.is_err() {
            return;
        }
    }
}

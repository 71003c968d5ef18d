//! The cell: what the Cloud Controller desires is really run, as Diego does it.
//!
//! 1. `desired`: which processes are to run, with how many instances, on which routes.
//! 2. `reconcile`: compares that with what is there after every change, starts what is missing and stops what is left.
//! 3. `instance`: one index of a process, from its first start through crashes and restarts to its stop; `life`: one of
//!    its lives; `codependent`: its process and the sidecars beside it.
//! 4. `launch`: the files and the environment of an instance, and its process group; [`web_server`]: what serves apps
//!    that are nothing but files.
//! 5. `health`: whether it is well; `restart`: what happens when it was not; `usage`: what it takes.
//! 6. `tasks`: commands that run once.
//! 7. `restore`: back to what ran when a snapshot was taken.
//!
//! What is left out: memory, disk and file descriptor quotas are not enforced on a running process, and there is no
//! file system of its own. An instance is a process group below a directory of its own.

mod codependent;
mod desired;
mod health;
mod instance;
mod launch;
mod life;
mod reconcile;
mod restart;
mod restore;
pub(crate) mod tasks;
mod usage;
pub(crate) mod web_server;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use guard::Guard;
use guard::private::{PrivateDirectory, Purpose};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::blobs::Blobs;
use crate::platform::lock;
use crate::state::{Guid, HealthCheck};

pub(crate) use desired::application_environment;
pub(crate) use reconcile::run;
pub(crate) use restore::{Saved, restore, restored, save};
pub(crate) use usage::Usage;

use instance::Instance;

/// A version of a process: what Diego calls a long-running process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LrpKey {
    /// The process.
    pub process: Guid,
    /// Its version.
    pub version: Guid,
}

/// What an instance is started from. It does not change for as long as the version lives.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// The app.
    pub app: Guid,
    /// Its name, for the switches that name apps.
    pub app_name: String,
    /// The process and its version.
    pub key: LrpKey,
    /// The type of the process.
    pub kind: String,
    /// The files.
    pub droplet: Guid,
    /// What the shell gets.
    pub command: String,
    /// What is the same for all instances.
    pub environment: Vec<(String, String)>,
    /// What runs beside it.
    pub sidecars: Vec<SidecarSpec>,
    /// In MB.
    pub memory_in_mb: u64,
    /// Whether it is alive.
    pub health: HealthCheck,
    /// Whether it can take requests.
    pub readiness: HealthCheck,
}

/// What a sidecar of an instance is started from.
#[derive(Debug, Clone)]
pub(crate) struct SidecarSpec {
    /// The source of its log lines, such as `APP/PROC/WEB/SIDECAR/PROXY`.
    pub source: String,
    /// What the shell gets.
    pub command: String,
    /// What is the same for all instances.
    pub environment: Vec<(String, String)>,
}

impl Spec {
    /// The source of its log lines, such as `APP/PROC/WEB`.
    fn source(&self) -> String {
        format!("APP/PROC/{}", self.kind.to_uppercase())
    }
}

/// Where an instance is on its way. (Diego: the states of an actual LRP, and what comes after.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LrpState {
    /// It waits for a place.
    Unclaimed,
    /// It has a place and starts.
    Claimed,
    /// It is well.
    Running,
    /// It ended and waits to be started again.
    Crashed,
    /// It has been told to end.
    Stopping,
}

/// What is known of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Its index.
    pub index: u32,
    /// Its guid, a new one with each start.
    pub instance: Guid,
    /// Where it is on its way.
    pub state: LrpState,
    /// Since when it is there.
    pub since: Timestamp,
    /// Its port on 127.0.0.1.
    pub port: Option<u16>,
    /// Why it has no place.
    pub placement_error: Option<String>,
    /// Whether routes lead to it.
    pub routable: bool,
    /// What it takes.
    pub usage: Usage,
}

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Cell {
    instances: Mutex<Vec<Arc<Instance>>>,
    /// What instances were started from that ran when the state was saved that was restored last.
    restored: Mutex<Vec<Arc<Spec>>>,
    /// Memory given to instances, in MB.
    taken: Mutex<u64>,
    changes: watch::Sender<u64>,
    blobs: Blobs,
    directory: PrivateDirectory,
    guard: Arc<Guard>,
}

impl Cell {
    /// Makes an empty cell with its directory. Fails where there is no place for temporary files or no `/bin/sh`.
    pub(crate) fn start() -> io::Result<Self> {
        let guard = Guard::start()?;
        let directory = PrivateDirectory::create(Purpose::Cell, &guard)?;
        let blobs = Blobs::below(directory.path())?;
        std::fs::create_dir(directory.path().join("containers"))?;
        Ok(Self {
            instances: Mutex::default(),
            restored: Mutex::default(),
            taken: Mutex::default(),
            changes: watch::Sender::new(0),
            blobs,
            directory,
            guard,
        })
    }

    /// The files of packages and droplets.
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The instances of a version of a process, by index; of two at one index the younger.
    pub(crate) fn reports(&self, key: &LrpKey) -> Vec<Report> {
        let instances: Vec<_> = lock(&self.instances).iter().filter(|one| one.spec.key == *key).cloned().collect();
        let mut reports: Vec<Report> = instances.iter().map(|instance| instance.report()).collect();
        reports.sort_by_key(|report| (report.index, std::cmp::Reverse(report.since)));
        reports.dedup_by_key(|report| report.index);
        reports
    }

    /// Ends one instance; another takes its place. Says whether there is one.
    pub(crate) fn retire(&self, key: &LrpKey, index: u32) -> bool {
        let instances = lock(&self.instances);
        let found = instances.iter().find(|one| one.spec.key == *key && one.index == index);
        found.inspect(|instance| instance.retire()).is_some()
    }

    /// Makes all instances of an app crash whose processes run now. Says how many.
    pub(crate) fn crash(&self, app: &Guid) -> usize {
        let instances = lock(&self.instances);
        let running = instances.iter().filter(|one| one.spec.app == *app && one.has_process());
        running.inspect(|instance| instance.crash()).count()
    }

    /// Follows what happens to instances.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn containers(&self) -> std::path::PathBuf {
        self.directory.path().join("containers")
    }

    /// Takes memory for an instance where the cell has as much left; `None` is a cell without limit.
    fn room(&self, capacity: Option<u64>, memory_in_mb: u64) -> Option<Room<'_>> {
        let mut taken = lock(&self.taken);
        if capacity.is_some_and(|capacity| *taken + memory_in_mb > capacity) {
            return None;
        }
        *taken += memory_in_mb;
        Some(Room { cell: self, memory_in_mb })
    }

    fn forget(&self, instance: &Arc<Instance>) {
        lock(&self.instances).retain(|one| !Arc::ptr_eq(one, instance));
        self.changed();
    }
}

/// Memory that is given back when it is dropped.
#[derive(Debug)]
struct Room<'a> {
    cell: &'a Cell,
    memory_in_mb: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *lock(&self.cell.taken) -= self.memory_in_mb;
        self.cell.changed();
    }
}

/// A directory that is removed when it is dropped.
#[derive(Debug)]
struct Container {
    path: std::path::PathBuf,
}

impl Container {
    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // What cannot be removed now goes with the cell's directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

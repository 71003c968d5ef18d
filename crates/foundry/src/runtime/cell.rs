//! The cell: everything that runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use guard::Guard;
use guard::private::{PrivateDirectory, Purpose};
use tokio::sync::watch;

use crate::blobs::Blobs;
use crate::platform::lock;
use crate::runtime::instance::Instance;
use crate::runtime::lrp::{LrpKey, Report, Spec};
use crate::state::Guid;

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) instances: Mutex<Vec<Arc<Instance>>>,
    /// What instances were started from that ran when the state was saved that was restored last.
    pub(super) restored: Mutex<Vec<Arc<Spec>>>,
    /// Memory given to instances, in MB.
    taken: Mutex<u64>,
    changes: watch::Sender<u64>,
    blobs: Blobs,
    directory: PrivateDirectory,
    pub(super) guard: Arc<Guard>,
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

    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn containers(&self) -> PathBuf {
        self.directory.path().join("containers")
    }

    /// Takes memory for an instance where the cell has as much left; `None` is a cell without limit.
    pub(super) fn room(&self, capacity: Option<u64>, memory_in_mb: u64) -> Option<Room<'_>> {
        let mut taken = lock(&self.taken);
        if capacity.is_some_and(|capacity| *taken + memory_in_mb > capacity) {
            return None;
        }
        *taken += memory_in_mb;
        Some(Room { cell: self, memory_in_mb })
    }

    pub(super) fn forget(&self, instance: &Arc<Instance>) {
        lock(&self.instances).retain(|one| !Arc::ptr_eq(one, instance));
        self.changed();
    }
}

/// Memory that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room<'a> {
    cell: &'a Cell,
    memory_in_mb: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *lock(&self.cell.taken) -= self.memory_in_mb;
        self.cell.changed();
    }
}

//! The tasks of one router, ended together.

use std::future::Future;
use std::sync::Mutex;

use tokio::task::JoinSet;

use crate::platform::lock;

/// Spawns tasks and holds them, so that none outlives the router.
#[derive(Debug)]
pub(super) struct Tasks {
    /// `None` once the router has ended: what comes later is not started.
    running: Mutex<Option<JoinSet<()>>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { running: Mutex::new(Some(JoinSet::new())) }
    }
}

impl Tasks {
    /// Starts a task, unless the router has ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(running) = lock(&self.running).as_mut() {
            while running.try_join_next().is_some() {}
            running.spawn(task);
        }
    }

    /// Ends every task and starts no more.
    pub(super) fn abort(&self) {
        // The tasks are dropped outside the lock: what they hold may spawn or log as it goes.
        let running = lock(&self.running).take();
        drop(running);
    }
}

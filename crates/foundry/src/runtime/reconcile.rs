//! Compares what is desired with what is there, after every change.

use std::sync::Arc;
use std::time::Duration;

use crate::platform::{Platform, lock};
use crate::runtime::desired::{self, Desired};
use crate::runtime::instance::Instance;
use crate::runtime::lrp::LrpKey;

/// How often it is looked even without a change.
const TICK: Duration = Duration::from_secs(1);

/// Runs what the database desires until the foundry ends; then ends everything.
pub(crate) async fn run(platform: Arc<Platform>) {
    let guard = platform.delay_shutdown();
    let mut changes = platform.store.changes();
    loop {
        changes.mark_unchanged();
        platform.epochs.atomically(|| converge(&platform));
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(TICK) => {}
            () = platform.ending() => break,
        }
    }
    for instance in lock(&platform.cell.instances).iter() {
        instance.kill();
    }
    drop(guard);
}

/// What is to run now.
pub(super) fn desired(platform: &Platform) -> Vec<Desired> {
    let known = |key: &LrpKey| {
        let instances = lock(&platform.cell.instances);
        let running = instances.iter().find(|one| one.spec.key == *key).map(|one| Arc::clone(&one.spec));
        running.or_else(|| lock(&platform.cell.restored).iter().find(|spec| spec.key == *key).cloned())
    };
    platform.store.read(|db| desired::all(db, platform, known))
}

/// Starts what is missing, stops what is left, and tells each instance its routes.
pub(super) fn converge(platform: &Arc<Platform>) {
    let desired = desired(platform);
    let mut instances = lock(&platform.cell.instances);
    for instance in instances.iter() {
        let wanted = desired.iter().find(|one| one.spec.key == instance.spec.key);
        match wanted {
            Some(wanted) if instance.index < wanted.instances => instance.set_routes(&wanted.routes),
            _ => instance.stop(),
        }
    }
    for wanted in &desired {
        for index in 0..wanted.instances {
            let there =
                instances.iter().any(|one| one.spec.key == wanted.spec.key && one.index == index && !one.is_stopping());
            if !there {
                let instance = Arc::new(Instance::new(Arc::clone(&wanted.spec), index, wanted.routes.clone()));
                instances.push(Arc::clone(&instance));
                tokio::spawn(instance.live(Arc::clone(platform)));
            }
        }
    }
}

//! Back to what ran when a snapshot was taken: what still runs as it did then is left alone, all else ends at once.

use std::sync::Arc;

use crate::platform::{Platform, lock};
use crate::runtime::desired::Desired;
use crate::runtime::instance::Instance;
use crate::runtime::lrp::{LrpKey, LrpState, Spec};
use crate::runtime::reconcile::{converge, desired};

/// What ran.
#[derive(Debug)]
pub(crate) struct Saved {
    instances: Vec<SavedInstance>,
}

#[derive(Debug)]
struct SavedInstance {
    spec: Arc<Spec>,
    index: u32,
    state: LrpState,
    routable: bool,
}

impl SavedInstance {
    fn of(instance: &Instance) -> Self {
        Self {
            spec: Arc::clone(&instance.spec),
            index: instance.index,
            state: instance.state(),
            routable: instance.is_routable(),
        }
    }

    fn is(&self, key: &LrpKey, index: u32) -> bool {
        self.spec.key == *key && self.index == index
    }

    /// Whether an instance is as far as this one was.
    fn is_reached_by(&self, instance: &Instance) -> bool {
        !instance.is_stopping()
            && self.is(&instance.spec.key, instance.index)
            && instance.state() == self.state
            && (instance.is_routable() || !self.routable)
    }
}

/// Notes what runs and is to run.
pub(crate) fn save(platform: &Platform) -> Saved {
    let instances = lock(&platform.cell.instances);
    let wanted = instances.iter().filter(|instance| !instance.is_stopping());
    Saved { instances: wanted.map(|instance| SavedInstance::of(instance)).collect() }
}

/// Ends what the restored state does not want or what is not well, and starts what is missing: from what it was started
/// from where it ran here, else from what the state says. To be called in the step that restores the state.
pub(crate) fn restore(platform: &Arc<Platform>, saved: &Saved, ran_here: bool) {
    let specs = saved.instances.iter().filter(|_| ran_here).map(|one| Arc::clone(&one.spec));
    *lock(&platform.cell.restored) = specs.collect();
    let desired = desired(platform);
    for instance in lock(&platform.cell.instances).iter() {
        if wanted(&desired, instance).is_none() || !stays(saved, instance) {
            instance.kill();
        }
    }
    converge(platform);
}

fn wanted<'a>(desired: &'a [Desired], instance: &Instance) -> Option<&'a Desired> {
    desired.iter().find(|one| one.spec.key == instance.spec.key && instance.index < one.instances)
}

/// Whether an instance is on its way to what it was, or there.
fn stays(saved: &Saved, instance: &Instance) -> bool {
    let was = saved.instances.iter().find(|one| one.is(&instance.spec.key, instance.index));
    match instance.state() {
        LrpState::Unclaimed => true,
        LrpState::Running => instance.is_alive() && (instance.is_routable() || was.is_none_or(|was| !was.routable)),
        LrpState::Crashed => was.is_some_and(|was| was.state == LrpState::Crashed),
        // One that starts may be about to fail, and would be told of then.
        LrpState::Claimed | LrpState::Stopping => false,
    }
}

/// What is not yet as it was: instances that are not gone, or not on their routes, or not running again. Empty when all
/// is restored and the routers have been told.
pub(crate) fn restored(platform: &Platform, saved: &Saved) -> Vec<String> {
    let desired = desired(platform);
    let instances = lock(&platform.cell.instances);
    let tell =
        |what: &str, spec: &Spec, index: u32| format!("{what}: instance {index} of {} ({})", spec.app_name, spec.kind);
    let left = instances.iter().filter_map(|instance| {
        let told = wanted(&desired, instance).filter(|_| !instance.is_stopping()).map(|wanted| {
            // One that takes no requests is on no route, whatever it may be put on.
            !instance.is_routable() || instance.routes() == wanted.routes
        });
        match told {
            Some(true) => None,
            Some(false) => Some(tell("not on its routes", &instance.spec, instance.index)),
            None => Some(tell("not gone", &instance.spec, instance.index)),
        }
    });
    let missing = saved.instances.iter().filter(|was| {
        // A deployment that went on may have taken its place by now.
        let still = desired.iter().any(|one| one.spec.key == was.spec.key && was.index < one.instances);
        still && was.state == LrpState::Running && !instances.iter().any(|instance| was.is_reached_by(instance))
    });
    left.chain(missing.map(|was| tell("not running", &was.spec, was.index))).collect()
}

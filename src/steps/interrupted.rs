//! A deployment of several apps that was interrupted between two of them: nothing is half done, and some were to follow.

use crate::plan::{self, AppName, Plan};
use crate::space::Space;

use super::annotations::{Extent, Identity, Origin, Role};
use super::origins::{has_begun, origins};
use super::standing::{Standing, UnderWay};
use super::strategy;

/// The newest deployment of a plan, where it did not come to all of its apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// Which deployment it is.
    pub(crate) identity: Identity,
    /// The digest of its plan.
    pub(crate) plan: String,
    /// The apps of the plan that it is of.
    pub(crate) extent: Extent,
    /// The apps that it was to go on with, in this order.
    pub(crate) to_follow: Vec<AppName>,
}

impl Interrupted {
    /// What this plan can go on with. `None` where there is nothing, or where it comes from another plan.
    pub(crate) fn of(plan: &Plan, space: &Space) -> Option<Self> {
        Self::of_any_plan(plan, space).filter(|interrupted| interrupted.plan == plan.digest)
    }

    /// What tells of it on the apps, whatever plan it comes from. `None` where the newest deployment has come to all of its
    /// apps, or where a part of it was taken back: whoever did that has decided on it.
    pub(crate) fn of_any_plan(plan: &Plan, space: &Space) -> Option<Self> {
        let newest = Self::newest(plan, space)?;
        // All apps of a plan that was another one then are not those of this one.
        if newest.extent == Extent::Whole && newest.plan != plan.digest {
            return None;
        }
        let id = &newest.deployment.id;
        let follows = |app: &&plan::App| newest.extent.has(&app.name) && !has_begun(app, &newest.deployment, space);
        let to_follow: Vec<AppName> = plan.apps.iter().filter(follows).map(|app| app.name.clone()).collect();
        if to_follow.is_empty() || plan.apps.iter().any(|app| was_taken_back(app, id, space)) {
            return None;
        }
        Some(Self { identity: newest.deployment, plan: newest.plan, extent: newest.extent, to_follow })
    }

    /// The newest deployment that is written on the plan's apps, whether it has come to its end, was taken back, or neither.
    fn newest(plan: &Plan, space: &Space) -> Option<Origin> {
        newest(plan.apps.iter().flat_map(|app| origins(app, space)))
    }
}

/// The newest deployment of a plan that something still comes from: what serves, or what is under way.
pub(crate) fn newest_in_force(plan: &Plan, space: &Space) -> Option<Origin> {
    let under_way = |app: &plan::App| UnderWay::of(app, space).and_then(|under_way| under_way.origin);
    newest(plan.apps.iter().flat_map(|app| under_way(app).into_iter().chain(live_origin(app, space))))
}

/// The apps that a rollback of several apps was to take back and has not, by what it has written on those that it came to.
pub(crate) fn to_take_back<'p>(plan: &'p Plan, space: &Space) -> Vec<&'p plan::App> {
    let taken_back = |app: &plan::App| -> Vec<(Extent, Origin)> {
        let apps = strategy::of(app).apps(app).iter().filter_map(|name| space.app(name.as_str()));
        let back = apps.filter(|app| matches!(Role::of(app), Some(Role::RolledBack | Role::RollingBack)));
        back.filter_map(|app| Some((Extent::of_rollback(app)?, Origin::of(app)?))).collect()
    };
    let rollbacks: Vec<(Extent, Origin)> = plan.apps.iter().flat_map(taken_back).collect();
    let is_left = |app: &&plan::App| {
        let under_way = UnderWay::of(app, space).is_some_and(|under_way| under_way.back);
        let serves = |id: &str| live_origin(app, space).is_some_and(|own| own.deployment.id == id);
        rollbacks.iter().any(|(extent, from)| extent.has(&app.name) && (under_way || serves(&from.deployment.id)))
    };
    plan.apps.iter().filter(is_left).collect()
}

/// Where the version comes from that serves an app.
pub(crate) fn live_origin(app: &plan::App, space: &Space) -> Option<Origin> {
    let standing = Standing::of(app, space).ok()?;
    Origin::of(space.app(standing.live()?.as_str())?)
}

fn newest(all: impl Iterator<Item = Origin>) -> Option<Origin> {
    all.max_by(|one, other| (&one.deployment.at, &one.deployment.id).cmp(&(&other.deployment.at, &other.deployment.id)))
}

/// Whether what a deployment has done to an app was taken back, or is being.
pub(super) fn was_taken_back(app: &plan::App, id: &str, space: &Space) -> bool {
    let of_it = |name: &&AppName| {
        let found = space.app(name.as_str());
        found.and_then(Origin::of).is_some_and(|origin| origin.deployment.id == id)
    };
    let role = |name: &AppName| space.app(name.as_str()).and_then(Role::of);
    let apps = strategy::of(app).apps(app).iter();
    apps.filter(of_it).any(|name| matches!(role(name), Some(Role::RolledBack | Role::RollingBack)))
}

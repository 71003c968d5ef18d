//! Where the apps of a plan stand, and which ways lead on from there.
//!
//! - `stands`: where an app stands; `way`: what can be typed there, and what would come of it

mod stands;
mod way;

use crate::plan::{self, AppName, Plan};
use crate::space::lock::{Lock, LockState};
use crate::space::{AppState, Space};
use crate::steps::annotations::{Identity, Role};
use crate::steps::deployed::has_other_droplet;
use crate::steps::interrupted::{Interrupted, live_origin, to_take_back};
use crate::steps::origins::has_begun;
use crate::steps::put_back::PutBack;
use crate::steps::refusal::Refusal;
use crate::steps::standing::{Standing, UnderWay, is_alone_on_live, is_at_work, is_on_live};
use crate::steps::{Verb, preflight};

use super::offer::{Offer, offer};

pub(crate) use stands::{LeftBy, NotServing, Reached, Stands};
pub(crate) use way::{Does, Typed, Way};

/// Where the apps of a plan stand.
#[derive(Debug, Clone)]
pub(crate) struct Status<'p> {
    /// Each app of the plan.
    pub(crate) apps: Vec<AppStatus<'p>>,
    /// A deployment that did not come to all of its apps; `None` while a run is at work, too.
    pub(crate) not_begun: Option<NotBegun>,
    /// The apps that a rollback did not come to; those that it came to tell of themselves.
    pub(crate) not_taken_back: Vec<AppName>,
}

/// Where one app of a plan stands.
#[derive(Debug, Clone)]
pub(crate) struct AppStatus<'p> {
    /// The app of the plan.
    pub(crate) app: &'p plan::App,
    /// Which colour is live and which one is next, or why that cannot be told.
    pub(crate) standing: Result<Standing, Refusal>,
    /// How the run fares whose lock is on it, where one is.
    pub(crate) lock: Option<LockState>,
    /// Whether a deployment or a rollback of it did not come to its end.
    pub(crate) is_under_way: bool,
    /// The colours, of those that are live or can be gone back to, that somebody has given another droplet since they were deployed.
    pub(crate) changed: Vec<AppName>,
    /// Where it stands.
    pub(crate) stands: Stands,
    /// What can be done about it, in the order in which it is offered.
    pub(crate) ways: Vec<Way>,
}

/// A deployment that did not come to all of its apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotBegun {
    /// Which it is.
    pub(crate) identity: Identity,
    /// The apps that it did not come to.
    pub(crate) to_follow: Vec<AppName>,
    /// Whether it comes from this very plan, so that it can be resumed.
    pub(crate) is_of_plan: bool,
}

impl<'p> Status<'p> {
    /// Reads off the space where the apps of a plan stand; `state` tells of a lock whether its run is at work.
    pub(crate) fn of(plan: &'p Plan, space: &Space, state: &dyn Fn(&Lock) -> LockState) -> Self {
        let lock = |app: &plan::App| space.lock(app.name.as_str()).map(state);
        let apps: Vec<_> = plan.apps.iter().map(|app| Look { plan, app, space }.status(lock(app))).collect();
        let is_at_rest = apps.iter().all(|app| app.at_work().is_none());
        Self {
            apps,
            not_begun: is_at_rest.then(|| not_begun(plan, space)).flatten(),
            not_taken_back: if is_at_rest { not_taken_back(plan, space) } else { Vec::new() },
        }
    }
}

impl AppStatus<'_> {
    /// How the run fares that is at work on it, if one is.
    fn at_work(&self) -> Option<LockState> {
        self.lock.filter(|state| *state != LockState::Dead)
    }
}

fn not_begun(plan: &Plan, space: &Space) -> Option<NotBegun> {
    let Interrupted { identity, to_follow, plan: digest, .. } = Interrupted::of_any_plan(plan, space)?;
    Some(NotBegun { identity, to_follow, is_of_plan: digest == plan.digest })
}

fn not_taken_back(plan: &Plan, space: &Space) -> Vec<AppName> {
    let is_left = |app: &&plan::App| {
        UnderWay::of(app, space).is_none()
            && matches!(offer(plan, app, Verb::Rollback, space), Offer::Steps { count, .. } if count > 0)
    };
    to_take_back(plan, space).into_iter().filter(is_left).map(|app| app.name.clone()).collect()
}

/// A look at one app.
#[derive(Clone, Copy)]
struct Look<'a, 'p> {
    plan: &'p Plan,
    app: &'p plan::App,
    space: &'a Space,
}

impl<'p> Look<'_, 'p> {
    fn status(self, lock: Option<LockState>) -> AppStatus<'p> {
        let Self { app, space, .. } = self;
        let standing = Standing::of(app, space);
        let (stands, ways) = match lock {
            Some(LockState::Dead) | None => self.at_rest(&standing),
            Some(_) if self.has_app_in_the_way() => (Stands::AppInLocksPlace, Vec::new()),
            Some(state) => (Stands::AtWork(state), while_at_work(state)),
        };
        let live = standing.as_ref().ok().and_then(Standing::live);
        let matters = |colour: &&AppName| Some(*colour) == live || self.role(colour) == Some(Role::Previous);
        let is_changed = |colour: &&AppName| space.app(colour.as_str()).is_some_and(has_other_droplet);
        let changed = app.colours.iter().filter(matters).filter(is_changed).cloned().collect();
        AppStatus { app, lock, is_under_way: UnderWay::of(app, space).is_some(), changed, standing, stands, ways }
    }

    /// Whether an app that runs, or could run, has the name of its lock.
    fn has_app_in_the_way(self) -> bool {
        self.space.lock(self.app.name.as_str()).is_some_and(|lock| lock.is_an_app)
    }

    /// Where no run is at work.
    fn at_rest(self, standing: &Result<Standing, Refusal>) -> (Stands, Vec<Way>) {
        let Self { app, space, .. } = self;
        let standing = match standing {
            Ok(standing) => standing,
            Err(refusal) => return (Stands::Refused(refusal.clone()), Vec::new()),
        };
        if let Some(refusal) = preflight::native_deployments(app, space).next() {
            return (Stands::Refused(refusal), Vec::new());
        }
        if let Some(under_way) = UnderWay::of(app, space) {
            return self.half_way(&under_way);
        }
        if let Some(left) = self.lock_left() {
            return left;
        }
        match standing {
            Standing::First { .. } => {
                let stands = match PutBack::of(app, space) {
                    None => Stands::NotDeployed,
                    Some(put_back) => Stands::OffRoutes { put_back },
                };
                (stands, vec![self.way(Verb::Apply, Does::Deploys)])
            }
            Standing::Settled { live, next } | Standing::Half { live, next } => self.settled(live, next),
        }
    }

    /// Where a colour is live, and nothing is under way.
    fn settled(self, live: &AppName, next: &AppName) -> (Stands, Vec<Way>) {
        let serves =
            |colour: &AppName| self.space.app(colour.as_str()).is_some_and(|there| is_at_work(self.app, there));
        let rollback = || self.way(Verb::Rollback, Does::GoesBackTo(next.clone()));
        let role = self.role(next);
        match role {
            _ if !serves(live) => {
                let back = match role {
                    Some(Role::Previous | Role::Live) => vec![rollback()],
                    Some(Role::RolledBack | Role::Next | Role::RollingBack) | None => Vec::new(),
                };
                (Stands::NotServing { live: live.clone(), why: self.why_not_serving(live) }, back)
            }
            Some(Role::Live) if serves(next) => (
                Stands::BothRun { live: live.clone(), before: next.clone() },
                vec![rollback(), self.way(Verb::Apply, Does::DeploysOver)],
            ),
            Some(Role::Previous | Role::Live) => (Stands::Live, vec![rollback()]),
            Some(Role::RolledBack | Role::Next | Role::RollingBack) | None => {
                let apply = self.way(Verb::Apply, Does::Deploys);
                let is_refused = !matches!(apply.offer, Some(Offer::Steps { .. }));
                (Stands::NoFallback { next: next.clone() }, if is_refused { vec![apply] } else { Vec::new() })
            }
        }
    }

    /// Where a run ended before it came to the app, and has left its lock.
    fn lock_left(self) -> Option<(Stands, Vec<Way>)> {
        let Self { app, space, .. } = self;
        let lock = space.lock(app.name.as_str()).filter(|lock| !lock.is_an_app)?;
        let identity = Identity { id: lock.deployment.clone(), by: lock.by.clone(), at: lock.at.clone() };
        if has_begun(app, &identity, space) {
            return None;
        }
        let serves = live_origin(app, space).is_some_and(|own| own.deployment.id == lock.deployment);
        let plain = |verb: Verb, does: Does| Way { typed: Typed::Verb(verb), does, offer: None };
        let clear = || plain(Verb::Rollback, Does::ClearsLock);
        let apply = || self.way(Verb::Apply, Does::Deploys);
        let (left_by, ways) = match (lock.is_of_rollback(), serves) {
            (true, false) => (LeftBy::RollbackOfNothing, vec![clear(), apply()]),
            (true, true) => {
                (LeftBy::Rollback, vec![plain(Verb::Rollback, Does::GoesOn), plain(Verb::Resume, Does::TheSame)])
            }
            (false, _) => (LeftBy::Deployment, vec![plain(Verb::Resume, Does::LikeApply), clear(), apply()]),
        };
        Some((Stands::LockLeft(left_by), ways))
    }

    /// Where an interrupted deployment, or its way back, stands.
    fn half_way(self, under_way: &UnderWay) -> (Stands, Vec<Way>) {
        let Self { app, space, .. } = self;
        let colour = &under_way.app;
        let is_on = is_on_live(app, colour, space);
        let is_alone = is_alone_on_live(app, colour, space);
        let reached = match (under_way.back, is_on, is_alone) {
            (true, _, _) => Reached::WayBack,
            (false, _, _) if !app.has_routes() => Reached::Unrouted,
            (false, false, _) => Reached::Upload,
            (false, true, false) => Reached::Switch,
            (false, true, true) => Reached::BehindSwitch,
        };
        // A rollback that was killed before its first change is told by its lock alone.
        let resume = if space.lock(app.name.as_str()).is_some_and(Lock::is_of_rollback) {
            self.way_as(Verb::Resume, Verb::Rollback, Does::GoesOnWithRollback)
        } else {
            self.way(Verb::Resume, if under_way.back { Does::FinishesThat } else { Does::Finishes })
        };
        let rollback = self.way(Verb::Rollback, if under_way.back { Does::TheSame } else { Does::TakesBack });
        let apply = self.way(Verb::Apply, Does::StartsAnew);
        // Nothing that is compiled begins by starting what is live and was stopped by hand.
        let put_back = PutBack::of(app, space);
        (Stands::HalfWay { app: colour.clone(), reached, put_back }, vec![resume, rollback, apply])
    }

    fn why_not_serving(self, live: &AppName) -> NotServing {
        match self.space.app(live.as_str()) {
            Some(app) if app.state == AppState::Stopped => NotServing::Stopped,
            Some(app) if app.web().is_some() && app.web_instances() == 0 => NotServing::NoInstances,
            Some(_) | None => NotServing::DoesNotRun,
        }
    }

    fn role(self, colour: &AppName) -> Option<Role> {
        self.space.app(colour.as_str()).and_then(Role::of)
    }

    fn way(self, verb: Verb, does: Does) -> Way {
        self.way_as(verb, verb, does)
    }

    /// A verb that does here what another one does.
    fn way_as(self, verb: Verb, acts_as: Verb, does: Does) -> Way {
        Way { typed: Typed::Verb(verb), does, offer: Some(offer(self.plan, self.app, acts_as, self.space)) }
    }
}

/// What can be done while a run is at work, or may be.
fn while_at_work(state: LockState) -> Vec<Way> {
    let way = |typed: Typed, does: Does| Way { typed, does, offer: None };
    match state {
        LockState::AtWork | LockState::Dead => vec![way(Typed::TakeOver, Does::EndsThatRun)],
        LockState::Silent => [Verb::Resume, Verb::Rollback].map(|verb| way(Typed::Verb(verb), Does::FindsOut)).to_vec(),
        LockState::Unreadable => vec![way(Typed::BreakLock, Does::BreaksLock)],
    }
}

//! The way back: the guide's fallback, and what takes a half-done deployment back.
//!
//! The order is what makes it safe: the colour that is to serve is started, reached through every live route and only
//! then alone on them.

use crate::plan::{self, AppName, Instances, RouteUrl};
use crate::space::condition::Condition;
use crate::space::{App, AppState, Space};
use crate::steps::action::{Scale, Start, Stop};
use crate::steps::annotations::{Origin, Role};
use crate::steps::builder::{GraphBuilder, Routers};
use crate::steps::input::{CompileInput, Failed};
use crate::steps::phase::Phase;
use crate::steps::refusal::Refusal;
use crate::steps::standing::{Standing, UnderWay};
use crate::steps::{Step, preflight};

use super::forward;
use super::standing::other;

/// Which colour is to serve again, and which one goes.
struct Direction {
    to: Option<AppName>,
    from: AppName,
    /// Whether the deployment had come to its end: the one that is to serve must then be as large as the one that does.
    finished: bool,
}

/// Compiles the way back of one app: to the colour that was live before, after an interrupted or failed deployment; to
/// the previous colour after a finished one. Refuses where there is no colour to fall back to.
pub(super) fn compile(input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
    let CompileInput { app, failed, extent, .. } = *input;
    Refusal::any(preflight::of_space(app, space))?;
    let standing = Standing::of(app, space)?;
    let Direction { to, from, finished } = match UnderWay::of(app, space) {
        Some(under_way) => of_interrupted(app, space, under_way)?,
        None => of_finished(app, space, standing)?,
    };
    let mut list = GraphBuilder::new(app, space);
    let returning = returning(&list, app, to.as_ref(), &from);
    let routers = if may_have_left(space, &from) { Routers::Unsure } else { Routers::Informed };
    if let Some(to) = to.as_ref().filter(|_| finished) {
        // Before the way back is told of: what is half done is not looked at for its size again.
        grow(&mut list, Phase::FallBack, to, &from)?;
    }
    // Told before anything else changes: whoever goes on from here must not go forward.
    let origin = list.model().app(from.as_str()).and_then(Origin::of);
    let tells_another = |to: &AppName| origin.is_some_and(|origin| origin.old.as_deref() != Some(to.as_str()));
    let untold = to.as_ref().filter(|to| tells_another(to)).map(|to| (to, returning.as_slice()));
    list.rolling_back(Phase::FallBack, &from, extent, untold);
    let busy = take_off(&mut list, Phase::FallBack, to.as_ref(), &from, &returning, routers)?;
    match failed {
        Failed::Stop => put_to_rest(&mut list, Phase::FallBack, &from, busy),
        Failed::Keep => {}
    }
    list.rely_on(None);
    let kept = list.model().app(from.as_str()).and_then(Origin::of).map(|origin| origin.kept_routes);
    list.map_kept(Phase::FallBack, &from, &kept.unwrap_or_default())?;
    if let Some(to) = &to {
        list.unmap_staging(Phase::FallBack, to)?;
        list.role(Phase::FallBack, to, Role::Live);
    }
    list.role(Phase::FallBack, &from, Role::RolledBack);
    Ok(list.into_steps())
}

/// An interrupted deployment leads back to the app that was live when it began; one that nobody else was live before
/// leads to nobody. One that found nothing on the live routes, and is on them now, leads to the version that was live once: as
/// it does when it is finished, and nobody is left with nothing.
fn of_interrupted(app: &plan::App, space: &Space, under_way: UnderWay) -> Result<Direction, Refusal> {
    let from = under_way.colour;
    let to = other(app, &from).clone();
    let holds = |colour: &AppName| app.live.iter().any(|url| space.is_mapped(colour.as_str(), url));
    let there = space.app(to.as_str());
    let was_live = holds(&to)
        || match under_way.origin {
            Some(ref origin) => origin.old.as_deref() == Some(to.as_str()),
            // Without a word of what was before it, a version that was live once is the one.
            None => was_live_once(there),
        };
    let was_live = was_live || (holds(&from) && was_live_once(there) && there.is_some_and(|app| app.droplet.is_some()));
    match there {
        Some(there) if was_live && (there.droplet.is_some() || !holds(&from)) => {
            Ok(Direction { to: Some(to), from, finished: false })
        }
        // It was deleted, or cannot be started: what serves is not taken away.
        Some(_) | None if was_live && holds(&from) => {
            let why = format!("{from} is live, and {to}, which was live before, is not there to be started");
            Err(Refusal::NoFallback { name: app.name.clone(), why })
        }
        Some(_) | None => Ok(Direction { to: None, from, finished: false }),
    }
}

fn was_live_once(app: Option<&App>) -> bool {
    matches!(app.and_then(Role::of), Some(Role::Live | Role::Previous))
}

fn of_finished(app: &plan::App, space: &Space, standing: Standing) -> Result<Direction, Refusal> {
    let refuse = |why: String| Err(Refusal::NoFallback { name: app.name.clone(), why });
    match standing {
        Standing::First { .. } => refuse("no colour holds a live route".to_owned()),
        // Only what is under way leaves both on the live routes.
        Standing::Half { live, next } => Ok(Direction { to: Some(live), from: next, finished: false }),
        Standing::Settled { live, next } => match space.app(next.as_str()) {
            None => refuse(format!("{live} is live and {next} is not there")),
            Some(other) => match Role::of(other) {
                Some(Role::Previous | Role::Live) if other.droplet.is_some() => {
                    Ok(Direction { to: Some(next), from: live, finished: true })
                }
                Some(Role::Previous | Role::Live) => refuse(format!("{next} has no droplet to start")),
                Some(Role::RolledBack | Role::Next | Role::RollingBack) => {
                    refuse(format!("{live} is live, and {next} is the version that was rolled back"))
                }
                None => refuse(format!("nothing tells that {next} was live before {live}")),
            },
        },
    }
}

/// Gives a version that is to serve as many web instances as the one that serves, or served, or as the plan declares, where it
/// has fewer: somebody may have raised these since, or have scaled it down, even to none. Refuses where nothing tells how many it
/// should have.
pub(super) fn grow(list: &mut GraphBuilder<'_>, phase: Phase, to: &AppName, from: &AppName) -> Result<(), Refusal> {
    let (app, model) = (list.app(), list.model());
    let instances = |name: &AppName| model.app(name.as_str()).map_or(0, App::web_instances);
    let (has, live) = (instances(to), instances(from));
    let wanted = match app.instances {
        Instances::AtLeastLive => live,
        Instances::Manifest => live.min(app.manifest.app.web.instances.unwrap_or(1)),
    };
    if has < wanted {
        list.add(phase, "scale", Scale { app: to.clone(), instances: wanted });
    } else if has == 0 {
        return Err(Refusal::NoInstances { name: app.name.clone(), app: to.clone() });
    }
    Ok(())
}

/// Whether a run that was interrupted may have unmapped the colour from live routes without asking the routers: on its
/// way back, or while it made room for the push of a new version.
fn may_have_left(space: &Space, from: &AppName) -> bool {
    let Some(app) = space.app(from.as_str()) else { return false };
    match (Role::of(app), Origin::of(app)) {
        (Some(Role::RollingBack), _) | (Some(Role::Next), None) => true,
        (Some(Role::Next), Some(origin)) => !forward::is_uploaded(app, &origin),
        (Some(Role::Live | Role::Previous | Role::RolledBack) | None, _) => false,
    }
}

/// The live routes that the colour which is to serve must be asked for: those that it held, as far as it does not hold
/// them alone now.
pub(super) fn returning(
    list: &GraphBuilder<'_>,
    app: &plan::App,
    to: Option<&AppName>,
    from: &AppName,
) -> Vec<RouteUrl> {
    let (Some(to), model) = (to, list.model()) else { return Vec::new() };
    let origin = model.app(from.as_str()).and_then(Origin::of);
    let had = origin.filter(|origin| origin.old.as_deref() == Some(to.as_str())).map(|origin| origin.old_routes);
    let returns = |url: &&RouteUrl| {
        let leaves = model.is_mapped(from.as_str(), url);
        match &had {
            Some(had) => {
                had.iter().any(|one| *one == url.to_string()) && (leaves || !model.is_mapped(to.as_str(), url))
            }
            None => leaves,
        }
    };
    app.live.iter().filter(returns).cloned().collect()
}

/// Takes a colour off all routes of the plan, once the other one serves the live routes that come back to it; from then
/// on all hangs on that one. Returns whether the colour may have requests in hand.
pub(super) fn take_off(
    list: &mut GraphBuilder<'_>,
    phase: Phase,
    serving: Option<&AppName>,
    leaving: &AppName,
    returning: &[RouteUrl],
    routers: Routers,
) -> Result<bool, Refusal> {
    let on_live = list.app().live.iter().any(|url| list.model().is_mapped(leaving.as_str(), url));
    if let Some(serving) = serving {
        // What was there before an interrupted deployment comes back as it was, unless it has no instances at all.
        let with_web = |app: &&App| app.web().is_some();
        let there = list.model().app(serving.as_str()).filter(with_web);
        if !returning.is_empty() && there.is_some_and(|app| app.web_instances() == 0) {
            grow(list, phase, serving, leaving)?;
        }
        let there = list.model().app(serving.as_str()).filter(with_web);
        let instances = there.map_or(1, App::web_instances);
        if !returning.is_empty() && !there.is_some_and(|app| app.serves() && app.running() >= instances) {
            let action = Start { app: serving.clone(), instances, reached_at: None };
            list.add(phase, "start", action);
        }
        // Also where the platform says that the route is mapped already: the router has not been asked yet.
        list.map_live(phase, serving, returning)?;
        if !returning.is_empty() {
            list.rely_on(Some(Condition::Running { app: serving.to_string(), instances }));
        }
    }
    list.unmap_live(phase, leaving, routers)?;
    list.unmap_staging(phase, leaving)?;
    Ok(on_live || routers == Routers::Unsure)
}

/// Stops a colour that is off its routes, after it has drained where it may have requests in hand.
pub(super) fn put_to_rest(list: &mut GraphBuilder<'_>, phase: Phase, leaving: &AppName, busy: bool) {
    if busy {
        list.drain_and_stop(phase, leaving);
    } else if list.model().app(leaving.as_str()).is_some_and(|app| app.state == AppState::Started) {
        list.add(phase, "stop", Stop { app: leaving.clone() });
    }
}

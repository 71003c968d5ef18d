//! The way back: the guide's fallback, and what takes a half-done deployment back.
//!
//! The order is what makes it safe: the colour that is to serve is started, and only where it runs it is written down that
//! this is the way back; then it is reached through every live route, and only then alone on them.

use crate::plan::{self, AppName, RouteUrl};
use crate::space::{App, Space};
use crate::steps::annotations::{Origin, Role};
use crate::steps::builder::{GraphBuilder, RouterKnowledge};
use crate::steps::input::{CompileInput, Failed};
use crate::steps::phase::Phase;
use crate::steps::put_back::PutBack;
use crate::steps::refusal::{ColourRefusal, Refusal};
use crate::steps::standing::{Standing, UnderWay, is_on_live};
use crate::steps::{Step, preflight};

use super::destinations::may_be_mapped;
use super::handover::{hand_over, works};
use super::leaving::{grow, put_to_rest, returning, revive, take_off};
use super::options;
use super::standing::{self, is_uploaded, other};

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
    may_be_mapped(app, space)?;
    let standing = standing::standing(app, space)?;
    let Direction { to, from, finished } = match standing::under_way(app, space) {
        Some(under_way) => of_interrupted(app, space, under_way)?,
        None => of_finished(app, space, standing)?,
    };
    let mut list = GraphBuilder::new(app, space);
    let returning = returning(&list, app, to.as_ref(), &from);
    let routers = if may_have_left(space, &from) { RouterKnowledge::Unsure } else { RouterKnowledge::Informed };
    if let Some(to) = to.as_ref().filter(|_| finished && app.has_routes()) {
        // Before the way back is told of: what is half done is not looked at for its size again.
        grow(&mut list, Phase::FallBack, to, &from)?;
    }
    // One that does not start is not gone back to: until it runs, nothing tells that it is, and the way forward stays open.
    let serving = revive(&mut list, Phase::FallBack, to.as_ref(), &from, &returning)?;
    // Told before a route is changed: whoever goes on from here must not go forward.
    let origin = list.model().app(from.as_str()).and_then(Origin::of);
    let tells_another = |to: &AppName| {
        let is_told = |url: &RouteUrl| {
            origin.as_ref().is_some_and(|origin| origin.old_routes.iter().any(|told| *told == url.to_string()))
        };
        origin.as_ref().is_some_and(|origin| origin.old.as_deref() != Some(to.as_str()))
            || app.extra.iter().any(|url| !is_told(url))
    };
    let untold = to.as_ref().filter(|to| tells_another(to)).map(|to| (to, returning.as_slice()));
    list.rolling_back(Phase::FallBack, &from, extent, untold);
    let busy = take_off(&mut list, Phase::FallBack, serving, &from, &returning, routers)?;
    options::put_back(&mut list, Phase::FallBack, &from)?;
    hand_over(&mut list, Phase::FallBack, &from, other(app, &from))?;
    match failed {
        Failed::Stop => put_to_rest(&mut list, Phase::FallBack, &from, busy),
        Failed::Keep => {}
    }
    list.rely_on(None);
    let kept = list.model().app(from.as_str()).and_then(Origin::of).map(|origin| origin.kept_routes);
    list.map_kept(Phase::FallBack, &from, &kept.unwrap_or_default())?;
    if let Some(to) = &to {
        list.unmap_staging(Phase::FallBack, to)?;
        list.live_again(Phase::FallBack, to);
    }
    list.role(Phase::FallBack, &from, Role::RolledBack);
    Ok(list.into_steps())
}

/// An interrupted deployment leads back to the app that was live when it began; one that nobody else was live before
/// leads to nobody. One that found nothing on the live routes, and is on them now, leads to the version that was live once: as
/// it does when it is finished, and nobody is left with nothing.
fn of_interrupted(app: &plan::App, space: &Space, under_way: UnderWay) -> Result<Direction, Refusal> {
    let from = under_way.app;
    let to = other(app, &from).clone();
    let is_at_work = |colour: &AppName| !app.has_routes() && works(app, space, colour);
    let holds = |colour: &AppName| is_on_live(app, colour, space) || is_at_work(colour);
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
            Err(Refusal::Colours(ColourRefusal::NoFallback { name: app.name.clone(), why, put_back: None }))
        }
        Some(_) | None => Ok(Direction { to: None, from, finished: false }),
    }
}

fn was_live_once(app: Option<&App>) -> bool {
    matches!(app.and_then(Role::of), Some(Role::Live | Role::Previous))
}

fn of_finished(app: &plan::App, space: &Space, standing: Standing) -> Result<Direction, Refusal> {
    let refuse = |why: String| {
        Err(Refusal::Colours(ColourRefusal::NoFallback {
            name: app.name.clone(),
            why,
            put_back: PutBack::of(app, space),
        }))
    };
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

/// Whether a run that was interrupted may have unmapped the colour from live routes without asking the routers: on its
/// way back, or while it made room for the push of a new version.
fn may_have_left(space: &Space, from: &AppName) -> bool {
    let Some(app) = space.app(from.as_str()) else { return false };
    match (Role::of(app), Origin::of(app)) {
        (Some(Role::RollingBack), _) | (Some(Role::Next), None) => true,
        (Some(Role::Next), Some(origin)) => !is_uploaded(app, &origin),
        (Some(Role::Live | Role::Previous | Role::RolledBack) | None, _) => false,
    }
}

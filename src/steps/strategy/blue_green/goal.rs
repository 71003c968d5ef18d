//! Where a walk must end.

use std::collections::BTreeSet;

use crate::plan::{self, AppName, Old, RouteUrl};
use crate::space::{App, AppState, Space};
use crate::steps::annotations::{Origin, Role};
use crate::steps::process_counts::{ProcessCounts, count};
use crate::steps::standing::{UnderWay, is_alone_on_live, is_at_work, is_on_live, not_alone_on};
use crate::steps::{Verb, equal};

use super::super::Goal;
use super::options;
use super::standing::{self, is_of_plan, other};

/// Which apps have crashed on a walk.
type Crashed<'a> = dyn Fn(&str) -> bool + 'a;

/// What a verb is to bring about. What was begun on the walk itself is taken back to where that began.
pub(super) fn goal(app: &plan::App, verb: Verb, space: &Space, is_of_walk: bool) -> Goal {
    match (verb, standing::under_way(app, space)) {
        (Verb::Apply, _) => {
            standing::standing(app, space).map_or(Goal::Settled, |standing| Goal::Live(standing.next().clone()))
        }
        (Verb::Resume, Some(UnderWay { back: false, app: next, .. })) => Goal::Live(next),
        (Verb::Resume | Verb::Rollback, Some(_)) if is_of_walk => Goal::Start,
        (Verb::Resume | Verb::Rollback, _) => Goal::Settled,
    }
}

/// Whether there must be a way back: the plan itself gives it up where the old colour is deleted; so has somebody by hand.
pub(super) fn must_lead_back(app: &plan::App, start: &Space, under_way: Option<&UnderWay>) -> bool {
    let old = under_way.and_then(|it| start.app(other(app, &it.app).as_str()));
    app.old != Old::Delete && old.is_some_and(|old| old.droplet.is_some())
}

/// What is not as it is to be at the end of a walk; `start` is the space before its first step.
pub(super) fn missed(
    app: &plan::App,
    goal: &Goal,
    start: &Space,
    space: &Space,
    has_crashed: &Crashed<'_>,
) -> Option<String> {
    if let Some(under_way) = standing::under_way(app, space) {
        return Some(format!("the deployment of {} is still under way", under_way.app));
    }
    if let Some((url, holder)) = app.staging.iter().find_map(|url| Some((url, *space.holders(url).first()?))) {
        return Some(format!("{holder} is still on the staging route {url}"));
    }
    match goal {
        Goal::Live(next) => live(app, next, space, has_crashed)
            .or_else(|| otherwise_reached(app, next, start, space))
            .or_else(|| options::lacking(app, space))
            .or_else(|| unequal(app, next, start, space)),
        Goal::Start => as_before(app, start, space),
        Goal::Settled => {
            let several = app.live.iter().find(|url| space.holders(url).len() > 1);
            let is_live = |colour: &&AppName| standing::standing(app, space).is_ok_and(|it| it.live() == Some(*colour));
            let live = app.colours.iter().find(is_live);
            let of_route = several.map(|several| format!("several apps are still on {several}"));
            of_route.or_else(|| not_handed_over(app, live?, space))
        }
    }
}

/// Where no route tells which version is live, that it is told otherwise.
fn not_told(app: &plan::App, next: &AppName, space: &Space) -> Option<String> {
    match standing::standing(app, space) {
        _ if app.has_routes() => None,
        Ok(standing) if standing.live() == Some(next) => None,
        Ok(_) => Some(format!("nothing tells that {next} is live")),
        Err(refusal) => Some(refusal.to_string()),
    }
}

/// What is handed over and does not run where it is to run.
fn not_handed_over(app: &plan::App, live: &AppName, space: &Space) -> Option<String> {
    let there = space.app(live.as_str())?;
    let held = ProcessCounts::of(there);
    let mut kinds = held.iter().map(|(kind, _)| kind).filter(|kind| app.hands_over(kind));
    kinds.find(|kind| there.instances_of(kind) == 0).map(|kind| format!("process {kind} of {live} does not run"))
}

/// What is not finished in a state in which nothing is marked as under way. `start` is where the walk began.
pub(super) fn half_done(app: &plan::App, start: &Space, end: &Space, has_crashed: &Crashed<'_>) -> Option<String> {
    let alone = |space: &Space| -> Option<AppName> {
        app.colours.iter().find(|colour| is_alone_on_live(app, colour, space)).cloned()
    };
    match (alone(start), alone(end)) {
        (before, Some(now)) if before.as_ref() != Some(&now) => live(app, &now, end, has_crashed),
        (_, Some(_)) => None,
        (_, None) => {
            let several = app.live.iter().find(|url| end.holders(url).len() > 1)?;
            Some(format!("several apps are still on {several}"))
        }
    }
}

fn live(app: &plan::App, next: &AppName, space: &Space, has_crashed: &Crashed<'_>) -> Option<String> {
    if let Some(url) = not_alone_on(app, next, space) {
        return Some(format!("{url} leads to [{}] and not to {next} alone", space.holders(url).join(", ")));
    }
    if !has_crashed(next.as_str()) && !space.app(next.as_str()).is_some_and(|there| is_at_work(app, there)) {
        return Some(format!("{next} is live and does not run"));
    }
    if let Some(seen) = not_told(app, next, space).or_else(|| not_handed_over(app, next, space)) {
        return Some(seen);
    }
    let old = other(app, next);
    let still_there = space.app(old.as_str()).is_some_and(|there| there.state == AppState::Started);
    // One that was not live when the deployment began is left as it is.
    let origin = space.app(next.as_str()).and_then(Origin::of);
    let was_live = origin.is_none_or(|origin| origin.old.as_deref() == Some(old.as_str()));
    if app.old == Old::Stop && still_there && was_live {
        return Some(format!("{old} still runs"));
    }
    None
}

/// What the version that was live has, no manifest names, and the new one lacks. One that was started before the walk began is what
/// it was made to be then.
fn unequal(app: &plan::App, next: &AppName, start: &Space, space: &Space) -> Option<String> {
    let was_started = start.app(next.as_str()).is_some_and(|there| there.state == AppState::Started);
    let there = space.app(next.as_str()).filter(|_| !was_started)?;
    let old = other(app, next);
    let was_live = Origin::of(there).is_some_and(|origin| origin.old.as_deref() == Some(old.as_str()));
    if !was_live {
        return None;
    }
    let lacking = equal::lacking(there, &equal::wanted(app, space, old, next));
    let (setting, _) = lacking.first_key_value()?;
    Some(format!("{setting} of {next} is not as on {old}, and no manifest says so"))
}

/// A live route that was mapped on the walk, and on which routers talk something else than is said, or else was talked to the one
/// that was live.
fn otherwise_reached(app: &plan::App, next: &AppName, start: &Space, space: &Space) -> Option<String> {
    let old = other(app, next);
    let differs = |url: &&RouteUrl| {
        let said = app.protocols.get(url).copied();
        let wanted = said.or_else(|| start.protocol(old.as_str(), url));
        !start.is_mapped(next.as_str(), url) && wanted.is_some() && space.protocol(next.as_str(), url) != wanted
    };
    let url = app.live.iter().find(differs)?;
    let is = space.protocol(next.as_str(), url).unwrap_or_default();
    Some(format!("{url} leads to {next} by {}, which nobody has asked for", is.as_str()))
}

/// Routes, states, instances, bindings and settings of the app that served; the other one is off the plan's routes and stopped.
fn as_before(app: &plan::App, start: &Space, space: &Space) -> Option<String> {
    let back = is_back(app, start, space);
    let of_routes = routes_as_before(app, back, start, space).or_else(|| routing_as_before(app, start, space));
    of_routes.or_else(|| {
        app.colours.iter().find_map(|colour| {
            colour_as_before(app, colour, back == Some(colour), start, space)
                .or_else(|| handed_over_as_before(app, colour, start, space))
                .or_else(|| other_routes_as_before(app, colour, start, space))
        })
    })
}

/// The version that was live once and is again, where nothing was on the live routes: that is better than nothing.
fn is_back<'a>(app: &'a plan::App, start: &Space, space: &Space) -> Option<&'a AppName> {
    let was_live_once =
        |colour: &&AppName| matches!(start.app(colour.as_str()).and_then(Role::of), Some(Role::Live | Role::Previous));
    let was_nobodys = app.live.iter().all(|url| start.holders(url).is_empty());
    let is_live = |colour: &&AppName| space.app(colour.as_str()).and_then(Role::of) == Some(Role::Live);
    app.colours.iter().find(|colour| was_nobodys && was_live_once(colour) && is_live(colour))
}

fn routes_as_before(app: &plan::App, back: Option<&AppName>, start: &Space, space: &Space) -> Option<String> {
    app.live.iter().find_map(|url| {
        let names =
            |space: &Space| -> BTreeSet<String> { space.holders(url).into_iter().map(ToOwned::to_owned).collect() };
        let (was, is) = (names(start), names(space));
        if was == is || back.is_some_and(|back| is == BTreeSet::from([back.to_string()])) {
            return None;
        }
        let told = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
        Some(format!("{url} led to [{}] and leads to [{}] now", told(was), told(is)))
    })
}

/// What routers do on the live routes that there were.
fn routing_as_before(app: &plan::App, start: &Space, space: &Space) -> Option<String> {
    app.live.iter().filter(|url| start.route(url).is_some()).find_map(|url| {
        let (was, is) = (start.options_of(url), space.options_of(url));
        if was != is {
            return Some(format!("{url} had the options {was} and has {is} now"));
        }
        let differs = |colour: &&AppName| {
            let by = |space: &Space| space.protocol(colour.as_str(), url);
            by(start).is_some() && by(space).is_some() && by(start) != by(space)
        };
        let colour = app.colours.iter().find(differs)?;
        Some(format!("{url} does not lead to {colour} by the protocol that it led there by"))
    })
}

fn colour_as_before(app: &plan::App, colour: &AppName, is_back: bool, start: &Space, space: &Space) -> Option<String> {
    let name = colour.as_str();
    let is_live = || standing::standing(app, start).is_ok_and(|standing| standing.live() == Some(colour));
    let served = is_on_live(app, colour, start) || (!app.has_routes() && is_live());
    match (start.app(name), space.app(name)) {
        (Some(was), Some(is)) if served => {
            // One that did not run, or had no instances, is started on the way back: that is no harm.
            let same_size = was.web_instances() == is.web_instances() || was.web_instances() == 0;
            let stopped = was.state == AppState::Started && is.state == AppState::Stopped;
            let is_same =
                was.droplet == is.droplet && was.bindings == is.bindings && was.settings == is.settings && same_size;
            (stopped || !is_same).then(|| format!("{name} is not as it was"))
        }
        (Some(_), None) => Some(format!("{name} is not there any more")),
        (Some(_), Some(_)) if is_back => None,
        (was, Some(is)) => {
            let ran = was.is_some_and(|was| was.state == AppState::Started);
            (is.state == AppState::Started && !ran).then(|| format!("{name} still runs"))
        }
        (None, None) => None,
    }
}

/// A process that is handed over has as many instances as it had, or as it was to have again.
fn handed_over_as_before(app: &plan::App, colour: &AppName, start: &Space, space: &Space) -> Option<String> {
    let is_started = |app: &&App| app.state == AppState::Started;
    let was = start.app(colour.as_str()).filter(is_started)?;
    let is = space.app(colour.as_str()).filter(is_started)?;
    let mut kinds = was.processes.iter().map(|one| one.kind.as_str()).filter(|kind| app.hands_over(kind));
    let kind = kinds.find(|kind| ![was.instances_of(kind), count(was, kind)].contains(&is.instances_of(kind)))?;
    Some(format!("process {kind} of {colour} is not as it was"))
}

/// What the plan does not name still leads to the colour.
fn other_routes_as_before(app: &plan::App, colour: &AppName, start: &Space, space: &Space) -> Option<String> {
    let name = colour.as_str();
    // What a deployment under way has taken off comes back; what it once gave back somebody may have taken off since.
    let under_way = start.app(name).filter(|app| Role::of(app).is_some_and(Role::is_under_way));
    let kept = under_way.and_then(Origin::of).map(|origin| origin.kept_routes).unwrap_or_default();
    let routes = space.routes_of(name);
    let mut had = start.routes_of(name).into_iter().map(ToOwned::to_owned).chain(kept);
    let lost = had.find(|url| !is_of_plan(app, url) && !routes.contains(&url.as_str()))?;
    Some(format!("{lost} led to {name} and does not any more"))
}

#[cfg(test)]
mod tests;

//! Which colour is live and which one is next, read off the space.
//!
//! The colour that holds the live routes is live: never the one with the right name, or the one that was pushed last.
//! Other tools have taken production down by picking the serving colour as the one to redeploy after a half-failed run.
//! Annotations decide only where routes cannot; where neither tells, the answer is a [`Refusal`], never a guess.

use crate::plan::{self, AppName, RouteUrl};
use crate::space::{App, AppState, Space};
use crate::steps::annotations::{self, Identity, Origin, Role};
use crate::steps::refusal::{ColourRefusal, Refusal, RouteRefusal};
use crate::steps::standing::{Standing, UnderWay, is_on_live};

/// Reads off the space where the colours of an app stand.
pub(super) fn standing(app: &plan::App, space: &Space) -> Result<Standing, Refusal> {
    are_its_own(app, space)?;
    if !app.has_routes() {
        return unrouted(app, space);
    }
    for url in &app.live {
        if let Some(stranger) = space.holders(url).iter().find(|holder| !is_colour(app, holder)) {
            return Err(Refusal::Routes(RouteRefusal::ForeignHolder {
                name: app.name.clone(),
                colours: app.colours.clone(),
                free: app.colours.iter().find(|colour| space.app(colour.as_str()).is_none()).cloned(),
                url: url.clone(),
                app: (*stranger).to_owned(),
            }));
        }
    }
    let [first, second] = &app.colours;
    match (is_on_live(app, first, space), is_on_live(app, second, space)) {
        (true, false) => Ok(Standing::Settled { live: first.clone(), next: second.clone() }),
        (false, true) => Ok(Standing::Settled { live: second.clone(), next: first.clone() }),
        (false, false) => Ok(Standing::First { next: first_colour(app, space).clone() }),
        (true, true) => match (is_under_way(space, first), is_under_way(space, second)) {
            (false, true) => Ok(half(space, first, second)),
            (true, false) => Ok(half(space, second, first)),
            (true, true) | (false, false) => {
                Err(Refusal::Colours(ColourRefusal::BothLive { name: app.name.clone(), colours: app.colours.clone() }))
            }
        },
    }
}

/// Refuses a colour that is a version of another app: a plan that was copied would take that one's versions for its own. An app
/// may have got another name in its plan since: then its live routes lead there, or to one that knows of it.
fn are_its_own(app: &plan::App, space: &Space) -> Result<(), Refusal> {
    // Asked in every state that a proof visits: whole origins are read only where a name is another one.
    let written = |colour: &AppName| space.app(colour.as_str()).and_then(annotations::version_of);
    for colour in &app.colours {
        let Some(of) = written(colour).filter(|of| *of != app.name.as_str()) else { continue };
        let other = other(app, colour);
        let came_before = || {
            let origin = space.app(other.as_str()).and_then(Origin::of);
            written(other) == Some(app.name.as_str())
                && origin.is_some_and(|origin| origin.old.as_deref() == Some(colour.as_str()))
        };
        let is_renamed = is_on_live(app, colour, space)
            || (is_on_live(app, other, space) && written(other) == Some(of))
            || came_before();
        let (name, colour, of) = (app.name.clone(), colour.clone(), of.to_owned());
        if !is_renamed {
            return Err(Refusal::Colours(ColourRefusal::OfAnotherApp { name, app: colour, of }));
        }
        if is_under_way(space, &colour) {
            return Err(Refusal::Colours(ColourRefusal::UnderWayAs { name, app: colour, of }));
        }
    }
    Ok(())
}

/// Reads off the space where the colours of an app without routes stand: what is written on them tells, and where nothing is, what
/// runs. Refuses where nothing tells, and where a route leads to one of them all the same: whoever is reached must be switched, and
/// not handed over.
fn unrouted(app: &plan::App, space: &Space) -> Result<Standing, Refusal> {
    let is_reached = |colour: &&AppName| !space.routes_of(colour.as_str()).is_empty();
    if let Some(colour) = app.colours.iter().find(is_reached) {
        let routes = space.routes_of(colour.as_str()).into_iter().map(ToOwned::to_owned).collect();
        return Err(Refusal::Routes(RouteRefusal::HasRoutes { name: app.name.clone(), app: colour.clone(), routes }));
    }
    if let Some(under_way) = under_way(app, space) {
        let before = other(app, &under_way.app).clone();
        let next = under_way.app;
        let is_named = under_way.origin.is_some_and(|origin| origin.old.as_deref() == Some(before.as_str()));
        let was_live = |there: &App| is_named || matches!(Role::of(there), Some(Role::Live | Role::Previous));
        let is_to_be_had_back = space.app(before.as_str()).is_some_and(was_live);
        return Ok(if is_to_be_had_back { Standing::Settled { live: before, next } } else { Standing::First { next } });
    }
    let of = |is: &dyn Fn(&App) -> bool| -> Vec<&AppName> {
        app.colours.iter().filter(|colour| space.app(colour.as_str()).is_some_and(is)).collect()
    };
    let marked = of(&|there| Role::of(there) == Some(Role::Live));
    let unknown = of(&|there| there.state == AppState::Started && Role::of(there).is_none());
    let settled = |live: &AppName| Standing::Settled { live: live.clone(), next: other(app, live).clone() };
    match (marked.as_slice(), unknown.as_slice()) {
        ([live], []) => Ok(settled(live)),
        ([], []) => Ok(Standing::First { next: first_colour(app, space).clone() }),
        ([], [runs]) => Ok(settled(runs)),
        _ => Err(Refusal::Colours(ColourRefusal::NotTold { name: app.name.clone(), colours: app.colours.clone() })),
    }
}

/// Both colours are on the live routes, and the second one is being deployed, or taken back. Where the first one does not run any
/// more and the second one does, that is the one that serves.
fn half(space: &Space, live: &AppName, next: &AppName) -> Standing {
    let of = |colour: &AppName| space.app(colour.as_str());
    let is_down = of(live).is_none_or(|app| app.running() == 0);
    let serves = of(next).is_some_and(|app| app.serves() && app.running() >= app.web_instances());
    let (live, next) = if is_down && serves { (next, live) } else { (live, next) };
    Standing::Half { live: live.clone(), next: next.clone() }
}

/// What is under way, by the one colour that carries a role that says so. `None` where none does. Where both do (which only
/// a hand can bring about) it is the one that does not hold the live routes.
pub(super) fn under_way(app: &plan::App, space: &Space) -> Option<UnderWay> {
    let marked: Vec<&AppName> = app.colours.iter().filter(|colour| is_under_way(space, colour)).collect();
    let is_off = |colour: &&&AppName| !is_on_live(app, colour, space);
    let colour = *marked.iter().find(|colour| marked.len() == 1 || is_off(colour)).or(marked.first())?;
    let found = space.app(colour.as_str())?;
    let back = Role::of(found) == Some(Role::RollingBack);
    Some(UnderWay { app: colour.clone(), back, origin: Origin::of(found) })
}

/// Whether a deployment or a way back of this colour is under way.
pub(super) fn is_under_way(space: &Space, colour: &AppName) -> bool {
    space.app(colour.as_str()).and_then(Role::of).is_some_and(Role::is_under_way)
}

/// Whether a deployment has left a word on one of the colours.
pub(super) fn has_begun(app: &plan::App, deployment: &Identity, space: &Space) -> bool {
    deployment.is_written_on(&app.colours, space)
}

/// Whether the upload of that deployment has come to its end, or its copy of a droplet.
pub(super) fn is_uploaded(app: &App, origin: &Origin) -> bool {
    if let Some(before) = &origin.droplet_before {
        let newest = app.staged.as_ref().filter(|droplet| droplet.guid != *before);
        return newest.is_some_and(|droplet| droplet.checksum.as_ref() == Some(&origin.upload));
    }
    let package = app.package.as_ref();
    package.is_some_and(|package| package.ready && Some(&package.guid) != origin.package_before.as_ref())
}

fn is_colour(app: &plan::App, name: &str) -> bool {
    app.colours.iter().any(|colour| colour.as_str() == name)
}

/// The other one of an app's colours.
pub(super) fn other<'a>(app: &'a plan::App, colour: &AppName) -> &'a AppName {
    let [first, second] = &app.colours;
    if first == colour { second } else { first }
}

/// No live route leads anywhere: a colour that does not exist yet is preferred, so that nothing that runs is touched.
fn first_colour<'a>(app: &'a plan::App, space: &Space) -> &'a AppName {
    let role = |colour: &AppName| space.app(colour.as_str()).and_then(Role::of);
    let half_done = app.colours.iter().find(|colour| is_under_way(space, colour));
    let absent = app.colours.iter().find(|colour| space.app(colour.as_str()).is_none());
    let not_live = app.colours.iter().find(|colour| role(colour) != Some(Role::Live));
    half_done.or(absent).or(not_live).unwrap_or(&app.colours[0])
}

/// Refuses a colour that runs and serves something else, and that cutover has never written on.
pub(super) fn not_in_use(plan: &plan::App, space: &Space, colour: &AppName) -> Result<(), Refusal> {
    let Some(app) = space.app(colour.as_str()) else { return Ok(()) };
    let ours = app.annotations.contains_key(annotations::ROLE);
    let routes = other_routes(plan, space, app);
    if ours || routes.is_empty() || app.state == AppState::Stopped {
        return Ok(());
    }
    Err(Refusal::Colours(ColourRefusal::InUse { name: plan.name.clone(), app: colour.clone(), routes }))
}

/// Refuses to overwrite one of two versions where nothing tells which one is to be kept.
pub(super) fn told_apart(plan: &plan::App, space: &Space, standing: &Standing) -> Result<(), Refusal> {
    let silent = |colour: &AppName| {
        space.app(colour.as_str()).is_some_and(|app| app.droplet.is_some() && Role::of(app).is_none())
    };
    if !matches!(standing, Standing::First { .. }) || !plan.colours.iter().all(silent) {
        return Ok(());
    }
    let (name, colours) = (plan.name.clone(), plan.colours.clone());
    Err(match plan.live.first() {
        Some(url) => Refusal::Colours(ColourRefusal::NoneLive { name, colours, url: url.clone() }),
        None => Refusal::Colours(ColourRefusal::NotTold { name, colours }),
    })
}

/// Refuses a staging route that a stranger holds.
pub(super) fn staging_is_free(plan: &plan::App, space: &Space) -> Result<(), Refusal> {
    let Some(staging) = &plan.staging else { return Ok(()) };
    match space.holders(staging).into_iter().find(|holder| !is_colour(plan, holder)) {
        None => Ok(()),
        Some(stranger) => Err(Refusal::Routes(RouteRefusal::StagingTaken {
            name: plan.name.clone(),
            url: staging.clone(),
            app: stranger.to_owned(),
        })),
    }
}

/// The routes of an app that the plan does not name.
pub(super) fn other_routes(plan: &plan::App, space: &Space, app: &App) -> Vec<String> {
    space.routes_of(&app.name).into_iter().filter(|url| !is_of_plan(plan, url)).map(ToOwned::to_owned).collect()
}

/// Whether the plan names a route.
pub(super) fn is_of_plan(plan: &plan::App, url: &str) -> bool {
    RouteUrl::parse(url).is_ok_and(|url| plan.routes().any(|known| *known == url))
}

#[cfg(test)]
mod tests;

//! A colour leaves the routes of the plan to the other one, on either way: what a way back is made of, and what makes room for
//! the push of a new version.

use crate::plan::{self, AppName, Instances, RouteUrl};
use crate::space::condition::{Condition, Must};
use crate::space::{App, AppState};
use crate::steps::action::{Scale, Start, Stop};
use crate::steps::annotations::Origin;
use crate::steps::builder::{GraphBuilder, RouterKnowledge};
use crate::steps::phase::Phase;
use crate::steps::refusal::{ColourRefusal, Refusal};
use crate::steps::standing::is_on_live;

use super::destinations::back;
use super::handover::{hold, note};

/// Gives a version that is to serve as many web instances as the one that serves, or served, or as the plan declares, where it
/// has fewer: somebody may have raised these since, or have scaled it down, even to none. Refuses where nothing tells how many it
/// should have.
pub(super) fn grow(list: &mut GraphBuilder<'_>, phase: Phase, to: &AppName, from: &AppName) -> Result<(), Refusal> {
    let (app, model) = (list.app(), list.model());
    let instances = |name: &AppName| model.app(name.as_str()).map_or(0, App::web_instances);
    let (has, live) = (instances(to), instances(from));
    let wanted = match app.instances {
        Instances::AtLeastLive => live,
        Instances::Manifest => live.min(app.manifest.app.web_instances()),
    };
    if has < wanted {
        list.add(phase, "scale", Scale { app: to.clone(), instances: wanted });
    } else if has == 0 {
        return Err(Refusal::Colours(ColourRefusal::NoInstances { name: app.name.clone(), app: to.clone() }));
    }
    Ok(())
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
                let is_its = had.iter().any(|one| *one == url.to_string()) || app.extra.contains(url);
                is_its && (leaves || !model.is_mapped(to.as_str(), url))
            }
            None => leaves,
        }
    };
    app.live.iter().filter(returns).cloned().collect()
}

/// The colour that is to serve the live routes again, once it runs.
#[derive(Clone, Copy)]
pub(super) struct Serving<'n> {
    app: &'n AppName,
    /// How many web instances it has then.
    instances: u32,
}

/// Starts the colour that is to serve the live routes again, if one is, where it does not run as a whole.
pub(super) fn revive<'n>(
    list: &mut GraphBuilder<'_>,
    phase: Phase,
    serving: Option<&'n AppName>,
    leaving: &AppName,
    returning: &[RouteUrl],
) -> Result<Option<Serving<'n>>, Refusal> {
    let Some(serving) = serving else { return Ok(None) };
    if !list.app().has_routes() {
        if list.model().app(serving.as_str()).is_some_and(|app| app.state == AppState::Stopped) {
            note(list, phase, serving);
            hold(list, phase, serving);
            list.add(phase, "start", Start { app: serving.clone(), instances: 0, reached_at: None });
        }
        return Ok(Some(Serving { app: serving, instances: 0 }));
    }
    // What was there before an interrupted deployment comes back as it was, unless it has no instances at all.
    let with_web = |app: &&App| app.web().is_some();
    let there = list.model().app(serving.as_str()).filter(with_web);
    if !returning.is_empty() && there.is_some_and(|app| app.web_instances() == 0) {
        grow(list, phase, serving, leaving)?;
    }
    let there = list.model().app(serving.as_str()).filter(with_web);
    let instances = there.map_or(1, App::web_instances);
    if !returning.is_empty() && !there.is_some_and(|app| app.serves() && app.running() >= instances) {
        if there.is_some_and(|app| app.state == AppState::Stopped) {
            note(list, phase, serving);
            hold(list, phase, serving);
        }
        let action = Start { app: serving.clone(), instances, reached_at: None };
        list.add(phase, "start", action);
    }
    Ok(Some(Serving { app: serving, instances }))
}

/// Takes a colour off all routes of the plan, once the other one, which was [revived](revive), serves the live routes that come
/// back to it; from then on all hangs on that one. Returns whether the colour may have requests in hand.
pub(super) fn take_off(
    list: &mut GraphBuilder<'_>,
    phase: Phase,
    serving: Option<Serving<'_>>,
    leaving: &AppName,
    returning: &[RouteUrl],
    routers: RouterKnowledge,
) -> Result<bool, Refusal> {
    let on_live = is_on_live(list.app(), leaving, list.model());
    if let Some(Serving { app: serving, instances }) = serving {
        // Also where the platform says that the route is mapped already: the router has not been asked yet.
        list.map_live(phase, serving, returning, &|list, url| back(list, serving, leaving, url))?;
        if !returning.is_empty() {
            list.rely_on(Some(Condition { app: serving.to_string(), must: Must::Running { instances } }));
        }
    }
    list.unmap_live(phase, leaving, routers)?;
    list.unmap_staging(phase, leaving)?;
    Ok(on_live || routers == RouterKnowledge::Unsure)
}

/// Stops a colour that is off its routes, after it has drained where it may have requests in hand.
pub(super) fn put_to_rest(list: &mut GraphBuilder<'_>, phase: Phase, leaving: &AppName, busy: bool) {
    if busy {
        list.drain_and_stop(phase, leaving);
    } else if list.model().app(leaving.as_str()).is_some_and(|app| app.state == AppState::Started) {
        list.add(phase, "stop", Stop { app: leaving.clone() });
    }
}

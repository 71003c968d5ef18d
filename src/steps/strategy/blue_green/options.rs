//! What the plan says of a live route beside where it leads: it is set once the old colour is off it, since both would serve by it.

use std::collections::BTreeMap;

use crate::plan::{self, AppName, OptionChanges, RouteOptions, RouteUrl};
use crate::space::Space;
use crate::steps::annotations::Origin;
use crate::steps::builder::GraphBuilder;
use crate::steps::phase::Phase;
use crate::steps::refusal::{Refusal, RouteRefusal};

/// Refuses options of a route of a platform that has no such thing (CC before 3.183).
pub(super) fn may_be_set(app: &plan::App, space: &Space) -> Result<(), Refusal> {
    let knows_none = |url: &&RouteUrl| space.route(url).is_some_and(|route| route.options.is_none());
    match app.route_options.keys().find(knows_none) {
        None => Ok(()),
        Some(url) => {
            let why = "the platform knows no options of routes, and the plan or the manifest names some".to_owned();
            Err(Refusal::Routes(RouteRefusal::RouteCannotBe { url: url.clone(), why }))
        }
    }
}

/// Sets the options that the plan names.
pub(super) fn set(list: &mut GraphBuilder<'_>, phase: Phase, next: &AppName) -> Result<(), Refusal> {
    for (url, wanted) in &list.app().route_options {
        let changes = wanted.changes_of(&list.model().options_of(url));
        list.set_options(phase, next, url, changes)?;
    }
    Ok(())
}

/// What a deployment of the next colour changes is before it; an interrupted one may have changed it already.
pub(super) fn before(app: &plan::App, space: &Space, next: &AppName) -> BTreeMap<String, OptionChanges> {
    let known = space.app(next.as_str()).and_then(Origin::of).filter(|_| super::standing::is_under_way(space, next));
    let mut all = known.map(|origin| origin.old_options).unwrap_or_default();
    for (url, wanted) in app.route_options.iter().filter(|(url, _)| space.route(url).is_some()) {
        let now = space.options_of(url);
        let found = now.before(&wanted.changes_of(&now));
        let of_route = all.entry(url.to_string()).or_default();
        for (name, value) in found {
            of_route.entry(name).or_insert(value);
        }
    }
    all.retain(|_, options| !options.is_empty());
    all
}

/// Sets the options as they were before the deployment of a colour that is taken back.
pub(super) fn put_back(list: &mut GraphBuilder<'_>, phase: Phase, from: &AppName) -> Result<(), Refusal> {
    let origin = list.model().app(from.as_str()).and_then(Origin::of);
    for (url, changes) in origin.map(|origin| origin.old_options).unwrap_or_default() {
        let Ok(url) = RouteUrl::parse(&url) else { continue };
        if list.model().route(&url).is_some() {
            list.set_options(phase, from, &url, changes)?;
        }
    }
    Ok(())
}

/// What the plan names and a route does not have.
pub(super) fn lacking(app: &plan::App, space: &Space) -> Option<String> {
    let lacks = |(url, wanted): &(&RouteUrl, &RouteOptions)| !wanted.changes_of(&space.options_of(url)).is_empty();
    app.route_options.iter().find(lacks).map(|(url, wanted)| format!("{url} does not have the options {wanted}"))
}

#[cfg(test)]
mod tests;

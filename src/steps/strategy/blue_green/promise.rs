//! What it promises of the live routes, and what is known of them where it begins.

use std::collections::BTreeSet;

use crate::plan;
use crate::space::{App, Space};
use crate::steps::Verb;
use crate::steps::annotations::Role;
use crate::steps::standing::is_on_live;

use super::super::{Assumed, Known, Promised};
use super::standing::{other, under_way};

/// What is taken for so of a space as it is found.
pub(super) fn assumed(app: &plan::App, space: &Space) -> Assumed {
    let under_way = under_way(app, space);
    let mut assumed = Assumed::default();
    // What was live once has passed its checks then.
    let settled = app.colours.iter().filter(|name| under_way.as_ref().is_none_or(|it| it.app != **name));
    assumed.checked.extend(settled.map(ToString::to_string));
    for (number, url) in app.live.iter().enumerate() {
        let holders = space.holders(url);
        for &holder in &holders {
            let unsure = holders.len() > 1 && under_way.as_ref().is_some_and(|it| it.app.as_str() == holder);
            assumed.checked.insert(holder.to_owned());
            assumed.routers.insert((number, holder.to_owned()), if unsure { Known::Maybe } else { Known::Surely });
        }
        // A route that does not exist leads nowhere.
        let Some(under_way) = under_way.as_ref().filter(|_| space.route(url).is_some()) else { continue };
        // It was taken off, and nobody knows whether the routers were asked.
        let leaving = if under_way.back { &under_way.app } else { other(app, &under_way.app) };
        let is_off = !holders.contains(&leaving.as_str());
        if is_off && space.app(leaving.as_str()).is_some_and(App::serves) {
            assumed.checked.insert(leaving.to_string());
            assumed.routers.insert((number, leaving.to_string()), Known::Maybe);
        }
    }
    assumed
}

/// What a verb promises from a space on.
pub(super) fn promised(app: &plan::App, verb: Verb, space: &Space) -> Promised {
    let Some(under_way) = under_way(app, space) else { return Promised::default() };
    let before = other(app, &under_way.app);
    let there = space.app(before.as_str());
    // What is taken back leads to what was there before it, as large as that was; so does a new deployment where both
    // colours are on the live routes, which together are more than was promised.
    let goes_back = verb != Verb::Apply || is_on_live(app, before, space);
    let at_most = there.filter(|app| goes_back && app.web().is_some()).map(App::web_instances);
    // A first version that is taken back, and is alone on a live route, leaves that to nobody, as it was before.
    let is_taken_back = verb == Verb::Rollback || (verb == Verb::Resume && under_way.back);
    let had_one = match &under_way.origin {
        Some(origin) => origin.old.is_some(),
        None => matches!(there.and_then(Role::of), Some(Role::Live | Role::Previous)),
    };
    let is_alone = |number: &usize| space.holders(&app.live[*number]) == [under_way.app.as_str()];
    let to_nobody = (0..app.live.len()).filter(|number| is_taken_back && !had_one && is_alone(number));
    Promised { at_most, to_nobody: to_nobody.collect::<BTreeSet<_>>() }
}

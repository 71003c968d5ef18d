//! Which colour is live where no route leads to any: what is written on them tells, and where nothing is, what runs.

use crate::plan::{self, AppName};
use crate::space::{App, AppState, Space};
use crate::steps::annotations::Role;
use crate::steps::refusal::Refusal;
use crate::steps::standing::Standing;

use super::standing::{first_colour, other, under_way};

/// Reads off the space where the colours of an app without routes stand. Refuses where nothing tells, and where a route leads to one
/// of them all the same: whoever is reached must be switched, and not handed over.
pub(super) fn standing(app: &plan::App, space: &Space) -> Result<Standing, Refusal> {
    let routed = |colour: &&AppName| !space.routes_of(colour.as_str()).is_empty();
    if let Some(colour) = app.colours.iter().find(routed) {
        let routes = space.routes_of(colour.as_str()).into_iter().map(ToOwned::to_owned).collect();
        return Err(Refusal::HasRoutes { name: app.name.clone(), app: colour.clone(), routes });
    }
    if let Some(under_way) = under_way(app, space) {
        let before = other(app, &under_way.app).clone();
        let next = under_way.app;
        let is_named = under_way.origin.is_some_and(|origin| origin.old.as_deref() == Some(before.as_str()));
        let was_live = |there: &App| is_named || matches!(Role::of(there), Some(Role::Live | Role::Previous));
        return Ok(match space.app(before.as_str()).is_some_and(was_live) {
            true => Standing::Settled { live: before, next },
            false => Standing::First { next },
        });
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
        _ => Err(Refusal::NotTold { name: app.name.clone(), colours: app.colours.clone() }),
    }
}

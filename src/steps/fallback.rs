//! The way back: the guide's fallback, and what takes a half-done deployment back.
//!
//! The order is what makes it safe: the colour that is to serve is started, reached through every live route and only
//! then alone on them.

use crate::plan::{self, AppName};
use crate::space::Space;

use super::annotations::Role;
use super::list::StepList;
use super::refusal::Refusal;
use super::situation::Situation;
use super::{Action, Heading, Step, quota};

/// Compiles the fallback of one app: to the previous colour after a finished deployment, to the live one after an
/// interrupted one. Refuses where there is no colour to fall back to.
pub fn compile(app: &plan::App, space: &Space) -> Result<Vec<Step>, Refusal> {
    let refuse = |why: String| Err(Refusal::NoFallback { name: app.name.clone(), why });
    let (to, from) = match Situation::of(app, space)? {
        Situation::First { .. } => return refuse("no colour holds a live route".to_owned()),
        Situation::Half { live, next } => (live, next),
        Situation::Settled { live, next } => match space.app(next.as_str()) {
            None => return refuse(format!("{live} is live and {next} is not there")),
            Some(other) => match Role::of(other) {
                // Deployed, but not switched to: the live colour stays, the other one goes.
                Some(Role::Next) => (live, next),
                Some(Role::Previous | Role::Live) if other.droplet.is_some() => (next, live),
                Some(Role::Previous | Role::Live) => return refuse(format!("{next} has no droplet to start")),
                Some(Role::RolledBack) => {
                    return refuse(format!("{live} is live, and {next} is the version that was rolled back"));
                }
                None => return refuse(format!("nothing tells that {next} was live before {live}")),
            },
        },
    };
    let mut list = StepList::new(app, space);
    take_off(&mut list, Heading::FallBack, app, Some(&to), &from)?;
    list.role(Heading::FallBack, &to, Role::Live);
    list.role(Heading::FallBack, &from, Role::RolledBack);
    let steps = list.into_steps();
    quota::check(space, &steps)?;
    Ok(steps)
}

/// Compiles what is done after a failed step: `failed` is taken off all routes of the plan and stopped, after `live`
/// (where there is one) serves every live route again.
pub fn retreat(app: &plan::App, space: &Space, live: Option<&AppName>, failed: &AppName) -> Result<Vec<Step>, Refusal> {
    let mut list = StepList::new(app, space);
    take_off(&mut list, Heading::FallBack, app, live, failed)?;
    Ok(list.into_steps())
}

/// Takes a colour off all routes of the plan and stops it, once the other one serves the live routes.
pub(super) fn take_off(
    list: &mut StepList<'_>,
    heading: Heading,
    app: &plan::App,
    serving: Option<&AppName>,
    leaving: &AppName,
) -> Result<(), Refusal> {
    let leaving_serves = app.live.iter().any(|url| list.model().is_mapped(leaving.as_str(), url));
    if let Some(serving) = serving {
        let there = list.model().app(serving.as_str());
        let instances = there.and_then(|app| app.web()).map_or(1, |web| web.instances);
        if leaving_serves && !there.is_some_and(|app| app.serves() && app.running() >= instances) {
            let action = Action::Start { app: serving.clone(), instances, reached_at: None };
            list.add(heading, "start", action);
        }
        // Also where the platform says that the route is mapped already: the router has not been asked yet.
        let taken_over: Vec<_> =
            app.live.iter().filter(|url| list.model().is_mapped(leaving.as_str(), url)).cloned().collect();
        list.map_live(heading, serving, &taken_over)?;
    }
    list.unmap_live(heading, leaving)?;
    list.unmap_staging(heading, leaving)?;
    if leaving_serves {
        list.drain_and_stop(heading, leaving);
    } else if list.model().app(leaving.as_str()).is_some_and(|app| app.state == crate::space::AppState::Started) {
        list.add(heading, "stop", Action::Stop { app: leaving.clone() });
    }
    Ok(())
}

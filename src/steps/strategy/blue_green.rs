//! Blue-green: two apps, the colours, take turns on the live routes.
//!
//! - `standing`: which colour is live and which one is next, read off the space
//! - `forward`: the classic guide's seven steps, from their beginning or from where a run was interrupted
//! - `back`: the guide's fallback, and what takes a half-done deployment back
//! - `equality`: what the live colour has and no manifest names; `extra_routes`: the routes that it has and the plan does not name
//! - `destinations`: what routers talk to a colour on a route
//! - `handover`: what no route leads to goes from one colour to the other, on either way
//! - `options`: what the plan says of a live route beside where it leads
//! - `leaving`: a colour leaves the routes to the other one, on either way
//! - `promise`: what it promises of the live routes; `goal`: where it must end

mod back;
mod destinations;
mod equality;
mod extra_routes;
mod forward;
mod goal;
mod handover;
mod leaving;
mod options;
mod promise;
mod standing;

use std::borrow::Cow;

use crate::plan::{self, AppName, Plan, RouteUrl};
use crate::space::Space;
use crate::steps::input::CompileInput;
use crate::steps::phase::Phase;
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::standing::{Standing, UnderWay};
use crate::steps::{Step, Verb};

use super::{Assumed, Goal, Promised, Strategy, Title};

/// Blue-green.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlueGreen {
    /// Whether the app has routes.
    pub(super) has_routes: bool,
}

impl Strategy for BlueGreen {
    fn name(&self) -> &'static str {
        "blue-green"
    }

    fn title(&self, phase: Phase) -> Title {
        let (numbers, text) = match phase {
            Phase::Prepare => ("", "take back what an earlier deployment left half done"),
            Phase::Push if !self.has_routes => ("2", "push the update as the second colour"),
            Phase::Push => ("2", "push the update as the second colour, on the staging route only"),
            Phase::Start if !self.has_routes => ("2", "start the second colour, without instances"),
            Phase::Start => ("2", "start the second colour"),
            Phase::Check if !self.has_routes => ("", "check the new version, at work"),
            Phase::Check => ("3", "check the new version at the staging route"),
            Phase::Switch => ("4", "map the live routes to the new colour; both are load-balanced"),
            Phase::Release => ("5, 6", "unmap the live routes from the old colour, and the staging route"),
            Phase::Watch => ("", "check the new version at the live routes, while the old colour still runs"),
            Phase::HandOver if !self.has_routes => ("4, 5", "hand over: the old colour ends, then the new one works"),
            Phase::HandOver => ("", "hand over the processes that no route leads to"),
            Phase::Retire => ("7", "stop the old colour, after it has drained"),
            Phase::Record => ("", "write down which colour is live"),
            Phase::FallBack => ("8", "fall back to the old colour"),
        };
        Title { numbers, text }
    }

    fn opening(&self, app: &plan::App, standing: &Standing) -> (Title, String) {
        let routes = app.live.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let told = match standing.live() {
            Some(live) if !self.has_routes => format!("{live} is live; no route leads there"),
            None if !self.has_routes => "nothing is live yet: this is the first deployment".to_owned(),
            Some(live) => format!("{live} serves {routes}"),
            // The first colour is taken first: where it is not, it is there.
            None if *standing.next() == app.colours[0] => {
                format!("nothing serves {routes} yet: this is the first deployment")
            }
            None => format!("nothing serves {routes} now; {} is left as it is", app.colours[0]),
        };
        (Title { numbers: "1", text: "what is live now" }, told)
    }

    fn apps<'a>(&self, app: &'a plan::App) -> &'a [AppName] {
        &app.colours
    }

    fn routes<'a>(&self, app: &'a plan::App) -> Vec<&'a RouteUrl> {
        app.routes().collect()
    }

    fn found<'p>(&self, plan: &Plan, app: &'p plan::App, verb: Verb, space: &Space) -> Cow<'p, plan::App> {
        extra_routes::with_extra_routes(plan, app, verb, space)
    }

    fn standing(&self, app: &plan::App, space: &Space) -> Result<Standing, Refusal> {
        standing::standing(app, space)
    }

    fn under_way(&self, app: &plan::App, space: &Space) -> Option<UnderWay> {
        standing::under_way(app, space)
    }

    fn compile(&self, verb: Verb, input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
        let app = input.app;
        match verb {
            Verb::Apply => forward::deploy(input, space),
            Verb::Resume => forward::resume(input, space),
            Verb::Rollback => match input.begun {
                // A run was killed before its first change: there is nothing of it to take back, and the fallback after
                // the deployment before it is another matter.
                Some(begun)
                    if standing::under_way(app, space).is_none()
                        && !standing::has_begun(app, &begun.identity, space) =>
                {
                    Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: app.name.clone() }))
                }
                Some(_) | None => back::compile(input, space),
            },
        }
    }

    fn assumed(&self, app: &plan::App, space: &Space) -> Assumed {
        promise::assumed(app, space)
    }

    fn promised(&self, app: &plan::App, verb: Verb, space: &Space) -> Promised {
        promise::promised(app, verb, space)
    }

    fn goal(&self, app: &plan::App, verb: Verb, space: &Space, is_of_walk: bool) -> Goal {
        goal::goal(app, verb, space, is_of_walk)
    }

    fn must_lead_back(&self, app: &plan::App, start: &Space, under_way: Option<&UnderWay>) -> bool {
        goal::must_lead_back(app, start, under_way)
    }

    fn missed(
        &self,
        app: &plan::App,
        goal: &Goal,
        start: &Space,
        end: &Space,
        has_crashed: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        goal::missed(app, goal, start, end, has_crashed)
    }

    fn half_done(
        &self,
        app: &plan::App,
        start: &Space,
        end: &Space,
        has_crashed: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        goal::half_done(app, start, end, has_crashed)
    }
}

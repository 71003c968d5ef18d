//! Steps in the making: what the strategies write, each step waiting for the one before it, or side by side with others.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::plan::{self, AppName, OptionChanges, Protocol, RouteUrl};
use crate::space::condition::Condition;
use crate::space::{App, AppState, Space};

use super::Step;
use super::action::{Action, Annotate, CreateRoute, Drain, MapRoute, SetRouteOptions, Stop, UnmapRoute};
use super::annotations::{Annotations, Extent, Origin, Role};
use super::phase::Phase;
use super::process_counts::{HELD, ProcessCounts};
use super::refusal::{Refusal, RouteRefusal};

/// What the routers know of a route that the platform says is unmapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouterKnowledge {
    /// They were asked.
    Informed,
    /// A run that was interrupted may not have asked them: it is unmapped once more, and they are asked.
    Unsure,
}

/// Writes one of several lists that stand side by side.
pub(super) type SideList<'l, 'a> = dyn FnMut(&mut GraphBuilder<'a>) -> Result<(), Refusal> + 'l;

/// Steps for one app of a plan, in the making.
pub(super) struct GraphBuilder<'a> {
    app: &'a plan::App,
    /// The space as it will be after the steps so far.
    model: Space,
    cf: CfVersion,
    steps: Vec<Step>,
    /// The ids of the steps that the next one waits for.
    ends: Vec<String>,
    /// What must be so before anything is taken off its routes or stopped.
    relied_on: Option<Condition>,
}

impl<'a> GraphBuilder<'a> {
    /// An empty list on a space.
    pub(super) fn new(app: &'a plan::App, space: &Space) -> Self {
        let cf = space.cf_version();
        Self { app, model: space.clone(), cf, steps: Vec::new(), ends: Vec::new(), relied_on: None }
    }

    /// The app of the plan.
    pub(super) fn app(&self) -> &'a plan::App {
        self.app
    }

    /// Sets what must be so right before each later step that takes an app off a route, stops it or deletes it.
    pub(super) fn rely_on(&mut self, condition: Option<Condition>) {
        self.relied_on = condition;
    }

    /// Refuses where a route of the plan cannot be made: a plan that cannot be finished is not begun.
    pub(super) fn resolve_routes(&self) -> Result<(), Refusal> {
        self.app.routes().try_for_each(|url| self.parts(url).map(drop))
    }

    /// The space as it will be after the steps so far.
    pub(super) fn model(&self) -> &Space {
        &self.model
    }

    /// The steps so far.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The finished list.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Writes lists of steps that do not wait for each other, though each step waits for the one before it in its own list. What
    /// is added next waits for all of them.
    pub(super) fn side_by_side(&mut self, lists: &mut [&mut SideList<'_, 'a>]) -> Result<(), Refusal> {
        let before = std::mem::take(&mut self.ends);
        let mut ends = Vec::new();
        for list in lists {
            self.ends.clone_from(&before);
            list(self)?;
            if self.ends != before {
                ends.append(&mut self.ends);
            }
        }
        self.ends = if ends.is_empty() { before } else { ends };
        Ok(())
    }

    /// As [`Self::add`], of a step that is not begun unless this holds.
    pub(super) fn add_requiring(&mut self, phase: Phase, name: &str, action: impl Into<Action>, condition: Condition) {
        self.add(phase, name, action);
        if let Some(step) = self.steps.last_mut() {
            step.requires = Some(condition);
        }
    }

    /// Adds a step that waits for the one before it, or for all that were written side by side before it. `name` is made unique
    /// by a number where it occurs again.
    pub(super) fn add(&mut self, phase: Phase, name: &str, action: impl Into<Action>) {
        let action = action.into();
        let facts = action.facts();
        let base = format!("{}/{name}", self.app.name);
        let same = self.steps.iter().filter(|step| step.id == base || step.id.starts_with(&format!("{base}-"))).count();
        let id = if same == 0 { base } else { format!("{base}-{}", same + 1) };
        let after = std::mem::replace(&mut self.ends, vec![id.clone()]);
        let limits = facts.limits(&self.app.timeouts);
        let requires = self.relied_on.clone().filter(|_| facts.takes_away());
        facts.effect(&mut self.model);
        self.steps.push(Step {
            id,
            app: self.app.name.clone(),
            phase,
            action,
            cf: self.cf.clone(),
            after,
            requires,
            limits,
            settle: self.app.settle,
        });
    }

    /// Maps the live routes to a colour, each so that routers talk that to it, and has the router asked.
    pub(super) fn map_live(
        &mut self,
        phase: Phase,
        to: &AppName,
        routes: &[RouteUrl],
        protocol: &dyn Fn(&Self, &RouteUrl) -> Protocol,
    ) -> Result<(), Refusal> {
        for url in routes {
            let protocol = protocol(self, url);
            self.map(phase, "map-live", to, url, true, protocol)?;
        }
        Ok(())
    }

    /// Maps a route to a colour. One that is not there is created before that, where mapping it does not.
    pub(super) fn map(
        &mut self,
        phase: Phase,
        name: &str,
        to: &AppName,
        url: &RouteUrl,
        ask_router: bool,
        protocol: Protocol,
    ) -> Result<(), Refusal> {
        let (app, url, route) = (to.clone(), url.clone(), self.parts(url)?);
        if Invocation::is_by_request(protocol, &self.cf) && self.model.route(&url).is_none() {
            let (app, url, route) = (app.clone(), url.clone(), route.clone());
            self.add(phase, "create-route", CreateRoute { app, url, route });
        }
        self.add(phase, name, MapRoute { app, url, route, ask_router, protocol });
        Ok(())
    }

    /// Unmaps the live routes from a colour and has the router asked.
    pub(super) fn unmap_live(&mut self, phase: Phase, from: &AppName, routers: RouterKnowledge) -> Result<(), Refusal> {
        let runs = self.model.app(from.as_str()).is_some_and(|app| app.state == AppState::Started);
        let unsure = runs && routers == RouterKnowledge::Unsure;
        for url in &self.app.live {
            if self.model.is_mapped(from.as_str(), url) || (unsure && self.model.route(url).is_some()) {
                self.unmap(phase, "unmap-live", from, url, true)?;
            }
        }
        Ok(())
    }

    /// Sets options of a route that leads to the app, where there is something to set.
    pub(super) fn set_options(
        &mut self,
        phase: Phase,
        app: &AppName,
        url: &RouteUrl,
        changes: OptionChanges,
    ) -> Result<(), Refusal> {
        let set = self.model.options_of(url);
        let mut changes = changes;
        changes.retain(|name, value| set.0.get(name) != value.as_ref());
        if !changes.is_empty() {
            let (before, route) = (set.before(&changes), self.parts(url)?);
            let (app, url) = (app.clone(), url.clone());
            self.add(phase, "set-options", SetRouteOptions { app, url, route, changes, before });
        }
        Ok(())
    }

    /// Maps routes that the plan does not name, where they are not mapped. Refuses one that cannot be mapped.
    pub(super) fn map_kept(&mut self, phase: Phase, to: &AppName, routes: &[String]) -> Result<(), Refusal> {
        for url in routes {
            let url = RouteUrl::parse(url).map_err(|fault| {
                Refusal::Routes(RouteRefusal::CannotKeep { app: to.clone(), url: url.clone(), why: fault.message })
            })?;
            if !self.model.is_mapped(to.as_str(), &url) {
                let origin = self.model.app(to.as_str()).and_then(Origin::of);
                let protocol = origin.map(|origin| origin.kept_protocol(&url.to_string())).unwrap_or_default();
                self.map(phase, "map-kept", to, &url, false, protocol)?;
            }
        }
        Ok(())
    }

    /// Unmaps the staging route from a colour, where it holds it.
    pub(super) fn unmap_staging(&mut self, phase: Phase, from: &AppName) -> Result<(), Refusal> {
        self.off_staging(phase, from, false)
    }

    /// As [`Self::unmap_staging`], and has the router asked.
    pub(super) fn leave_staging(&mut self, phase: Phase, from: &AppName) -> Result<(), Refusal> {
        self.off_staging(phase, from, true)
    }

    fn off_staging(&mut self, phase: Phase, from: &AppName, serves_users: bool) -> Result<(), Refusal> {
        let Some(url) = &self.app.staging else { return Ok(()) };
        if self.model.is_mapped(from.as_str(), url) {
            self.unmap(phase, "unmap-staging", from, url, serves_users)?;
        }
        Ok(())
    }

    fn unmap(
        &mut self,
        phase: Phase,
        name: &str,
        from: &AppName,
        url: &RouteUrl,
        serves_users: bool,
    ) -> Result<(), Refusal> {
        let protocol = self.model.protocol(from.as_str(), url).unwrap_or_default();
        let route = self.parts(url)?;
        self.add(phase, name, UnmapRoute { app: from.clone(), url: url.clone(), route, serves_users, protocol });
        Ok(())
    }

    /// Lets a colour drain and stops it, where it is started.
    pub(super) fn drain_and_stop(&mut self, phase: Phase, app: &AppName) {
        if self.model.app(app.as_str()).is_some_and(|app| app.state == AppState::Started) {
            self.drain(phase, app);
            self.add(phase, "stop", Stop { app: app.clone() });
        }
    }

    /// Lets a colour that runs drain, where the plan gives it time.
    pub(super) fn drain(&mut self, phase: Phase, app: &AppName) {
        let runs = self.model.app(app.as_str()).is_some_and(|app| app.state == AppState::Started);
        // What no route leads to has no requests in hand.
        if runs && self.app.has_routes() && !self.app.drain.is_zero() {
            self.add(phase, "drain", Drain { app: app.clone(), time: self.app.drain });
        }
    }

    /// Writes a role on an app that does not carry it already.
    pub(super) fn role(&mut self, phase: Phase, app: &AppName, role: Role) {
        if let Some(there) = self.model.app(app.as_str()).filter(|there| Role::of(there) != Some(role)) {
            let annotations = Annotations::role_only(role).of_app(&self.app().name, there);
            self.add(phase, "mark", Annotate { app: app.clone(), annotations });
        }
    }

    /// Marks an app whose processes all run as live, where it is not marked so already.
    pub(super) fn live_again(&mut self, phase: Phase, app: &AppName) {
        let Some(there) = self.model.app(app.as_str()) else { return };
        if Role::of(there) != Some(Role::Live) || there.annotations.contains_key(HELD) {
            let annotations = Annotations::role_only(Role::Live).holding(&ProcessCounts::default(), Some(there));
            self.add(phase, "mark", Annotate { app: app.clone(), annotations });
        }
    }

    /// Marks an app as the one that this deployment has made live, where it is not marked so already.
    pub(super) fn record(&mut self, phase: Phase, app: &AppName) {
        if let Some(there) = self.model.app(app.as_str()).filter(|there| Role::of(there) != Some(Role::Live)) {
            let annotations = Annotations::deployed().holding(&ProcessCounts::default(), Some(there));
            self.add(phase, "mark", Annotate { app: app.clone(), annotations });
        }
    }

    /// Marks an app as one that is taken back, by a rollback of these apps of the plan, where it is not marked so already;
    /// with the app that it is taken back to and the routes that lead there then, where nothing else tells.
    pub(super) fn rolling_back(
        &mut self,
        phase: Phase,
        app: &AppName,
        extent: &Extent,
        to: Option<(&AppName, &[RouteUrl])>,
    ) {
        let is_marked = |app: &App| {
            // An older version has not written which apps it is of.
            let same = Extent::of_rollback(app).is_none_or(|marked| marked == *extent);
            Role::of(app) == Some(Role::RollingBack) && same
        };
        if self.model.app(app.as_str()).is_some_and(|app| !is_marked(app)) {
            let annotations = Annotations::rolling_back(extent);
            let there = self.model.app(app.as_str());
            let annotations = match to {
                Some((to, routes)) => annotations.back_to(to, routes).by_http2(&self.http2_back(app, routes), there),
                None => annotations,
            };
            self.add(phase, "mark", Annotate { app: app.clone(), annotations });
        }
    }

    /// Those of the routes that an app keeps, and of these, which lead to another one from now on, on which routers talk HTTP/2
    /// to it.
    fn http2_back(&self, app: &AppName, routes: &[RouteUrl]) -> Vec<String> {
        let is_http2 = |url: &&RouteUrl| self.model.protocol(app.as_str(), url) == Some(Protocol::Http2);
        let origin = self.model.app(app.as_str()).and_then(Origin::of);
        let known = origin.map(|origin| origin.http2_routes).unwrap_or_default();
        let mut all: Vec<String> =
            known.into_iter().chain(routes.iter().filter(is_http2).map(ToString::to_string)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Takes a route apart as cf wants it.
    pub(super) fn parts(&self, url: &RouteUrl) -> Result<RouteParts, Refusal> {
        self.model.address(url).ok_or_else(|| {
            Refusal::Routes(RouteRefusal::NoDomain {
                org: self.model.org.name.clone(),
                url: url.clone(),
                domains: self.model.domains.iter().map(|domain| domain.name.clone()).collect(),
            })
        })
    }
}

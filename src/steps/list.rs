//! The list that the compilers write: steps with their ids, one after the other.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::RouteParts;
use crate::plan::{self, AppName, RouteUrl};
use crate::space::{AppState, Space};

use super::annotations::{Annotations, Role};
use super::refusal::Refusal;
use super::{Action, Heading, Step};

/// The upload of a large app; the Cloud Controller's own limit is 15 minutes.
const UPLOAD: Duration = Duration::from_secs(16 * 60);
/// Staging; cf 8.17 waits 15 minutes (`CF_STAGING_TIMEOUT`), as the platform does.
const STAGING: Duration = Duration::from_secs(16 * 60);
/// The start of all instances. The platform gives each one its health check timeout (60 s, at most 10 min by default)
/// and restarts the ones that crash.
const START: Duration = Duration::from_secs(10 * 60);
/// A change of a route, with the time until all routers know it: usually a second, seen up to a minute.
const ROUTE: Duration = Duration::from_secs(3 * 60);
/// A service broker may take its time.
const BINDING: Duration = Duration::from_secs(10 * 60);
/// Any other call.
const CALL: Duration = Duration::from_secs(2 * 60);

/// Steps for one app of a plan, in the making.
pub(super) struct StepList<'a> {
    app: &'a plan::App,
    /// The space as it will be after the steps so far.
    model: Space,
    cf: CfVersion,
    steps: Vec<Step>,
}

impl<'a> StepList<'a> {
    /// An empty list on a space.
    pub(super) fn new(app: &'a plan::App, space: &Space) -> Self {
        // A snapshot from elsewhere may tell a version that this one does not know: what it would run, it would refuse.
        let cf = CfVersion::parse(&format!("cf version {}", space.cf)).unwrap_or_else(|_| CfVersion::pinned());
        Self { app, model: space.clone(), cf, steps: Vec::new() }
    }

    /// The space as it will be after the steps so far.
    pub(super) fn model(&self) -> &Space {
        &self.model
    }

    /// The finished list.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Adds a step that waits for the one before it. `name` is made unique by a number where it occurs again.
    pub(super) fn add(&mut self, heading: Heading, name: &str, action: Action) {
        let base = format!("{}/{name}", self.app.name);
        let same = self.steps.iter().filter(|step| step.id == base || step.id.starts_with(&format!("{base}-"))).count();
        let id = if same == 0 { base } else { format!("{base}-{}", same + 1) };
        let after = self.steps.last().map(|step| step.id.clone()).into_iter().collect();
        let within = limit(&action);
        action.apply(&mut self.model);
        let (invocation, undo) = (action.invocation(&self.cf), action.undo(&self.cf));
        self.steps.push(Step {
            id,
            app: self.app.name.clone(),
            heading,
            action,
            invocation,
            undo,
            after,
            within,
            settle: self.app.settle,
        });
    }

    /// Maps the live routes to a colour, and has the router asked.
    pub(super) fn map_live(&mut self, heading: Heading, to: &AppName, routes: &[RouteUrl]) -> Result<(), Refusal> {
        for url in routes {
            let route = self.parts(url)?;
            self.add(heading, "map-live", Action::Map { app: to.clone(), url: url.clone(), route, ask_router: true });
        }
        Ok(())
    }

    /// Unmaps the live routes that a colour holds, and has the router asked.
    pub(super) fn unmap_live(&mut self, heading: Heading, from: &AppName) -> Result<(), Refusal> {
        for url in &self.app.live {
            if self.model.is_mapped(from.as_str(), url) {
                let route = self.parts(url)?;
                let action = Action::Unmap { app: from.clone(), url: url.clone(), route, ask_router: true };
                self.add(heading, "unmap-live", action);
            }
        }
        Ok(())
    }

    /// Unmaps the live routes from a colour that runs and does not hold them any more, for the sake of the routers, and
    /// stops it.
    pub(super) fn leave_and_stop(&mut self, heading: Heading, from: &AppName) -> Result<(), Refusal> {
        if self.model.app(from.as_str()).is_some_and(|app| app.state == AppState::Started) {
            for url in self.app.live.iter().filter(|url| self.model.route(url).is_some()).cloned().collect::<Vec<_>>() {
                let route = self.parts(&url)?;
                self.add(heading, "unmap-live", Action::Unmap { app: from.clone(), url, route, ask_router: true });
            }
            self.drain_and_stop(heading, from);
        }
        Ok(())
    }

    /// Unmaps the staging route from a colour, where it holds it.
    pub(super) fn unmap_staging(&mut self, heading: Heading, from: &AppName) -> Result<(), Refusal> {
        self.off_staging(heading, from, false)
    }

    /// As [`Self::unmap_staging`], and has the router asked.
    pub(super) fn leave_staging(&mut self, heading: Heading, from: &AppName) -> Result<(), Refusal> {
        self.off_staging(heading, from, true)
    }

    fn off_staging(&mut self, heading: Heading, from: &AppName, ask_router: bool) -> Result<(), Refusal> {
        let url = &self.app.staging;
        if self.model.is_mapped(from.as_str(), url) {
            let route = self.parts(url)?;
            let action = Action::Unmap { app: from.clone(), url: url.clone(), route, ask_router };
            self.add(heading, "unmap-staging", action);
        }
        Ok(())
    }

    /// Lets a colour drain and stops it, where it is started.
    pub(super) fn drain_and_stop(&mut self, heading: Heading, app: &AppName) {
        if self.model.app(app.as_str()).is_some_and(|app| app.state == AppState::Started) {
            self.drain(heading, app);
            self.add(heading, "stop", Action::Stop { app: app.clone() });
        }
    }

    /// Lets a colour drain, where the plan gives it time.
    pub(super) fn drain(&mut self, heading: Heading, app: &AppName) {
        if !self.app.drain.is_zero() {
            self.add(heading, "drain", Action::Drain { app: app.clone(), time: self.app.drain });
        }
    }

    /// Writes a role on an app that does not carry it already.
    pub(super) fn role(&mut self, heading: Heading, app: &AppName, role: Role) {
        if self.model.app(app.as_str()).is_some_and(|app| Role::of(app) != Some(role)) {
            let annotations = Annotations::role_only(role);
            self.add(heading, "mark", Action::Annotate { app: app.clone(), annotations });
        }
    }

    /// Takes a route apart as cf wants it.
    pub(super) fn parts(&self, url: &RouteUrl) -> Result<RouteParts, Refusal> {
        self.model.address(url).ok_or_else(|| Refusal::NoDomain {
            org: self.model.org.name.clone(),
            url: url.clone(),
            domains: self.model.domains.iter().map(|domain| domain.name.clone()).collect(),
        })
    }
}

fn limit(action: &Action) -> Duration {
    match action {
        Action::Push { .. } => UPLOAD,
        Action::Stage { .. } => STAGING,
        Action::Start { .. } => START,
        Action::Bind { .. } => BINDING,
        Action::Map { .. } | Action::Unmap { .. } => ROUTE,
        Action::Check { check: plan::Check::Http(http), .. } => http.within,
        Action::Check { check: plan::Check::Command(command), .. } => command.within,
        Action::Drain { time, .. } => *time,
        Action::Annotate { .. } | Action::SetDroplet { .. } | Action::Stop { .. } | Action::Delete { .. } => CALL,
    }
}

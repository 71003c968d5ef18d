//! The space, what its routers may know, and what a request on a live route would meet.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::plan;
use crate::space::condition::Judgement;
use crate::space::{App, AppState, InstanceState, Process, Space, Version};
use crate::steps::action::facts::Handover;
use crate::steps::action::question::RouterQuestion;
use crate::steps::action::traffic::Traffic;
use crate::steps::strategy::{self, Assumed, Known, Promised};
use crate::steps::{Step, Verb, process_counts, quota, scope};

/// A state of the world: what a step changes, and what a request meets. Worlds share what is equal in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) space: Rc<Space>,
    pub(super) requests: Rc<Requests>,
}

/// What requests on the live routes meet, beside what the space says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Requests {
    /// By number of the live route and version of an app.
    routers: BTreeMap<(usize, Version), Known>,
    /// What has passed the plan's checks since it was pushed.
    checked: BTreeSet<Version>,
    /// What may have requests in hand.
    busy: BTreeSet<Version>,
    /// What has crashed.
    crashed: BTreeSet<Version>,
    /// The live routes that a crash alone has left without anybody.
    excused: BTreeSet<usize>,
    /// The types of the processes that have ended, and that no version which users reach is to have.
    over: BTreeSet<String>,
}

/// What was so at the beginning, and must stay so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Promise {
    /// The numbers of the live routes that are served, each with how many instances.
    served: BTreeMap<usize, u32>,
    /// The types of the processes that are handed over and run.
    worked: BTreeSet<String>,
}

impl Promise {
    /// Whether nothing was served, and nothing was at work.
    pub(crate) fn is_empty(&self) -> bool {
        self.served.is_empty() && self.worked.is_empty()
    }
}

/// The types of the processes that are handed over and are to run.
fn wanted_to_work<'s>(plan: &plan::App, space: &'s Space) -> BTreeSet<&'s str> {
    let started = space.apps.iter().filter(|app| app.state == AppState::Started);
    let wanted = started.flat_map(|app| &app.processes).filter(|process| process.instances > 0);
    wanted.map(|process| process.kind.as_str()).filter(|kind| plan.hands_over(kind)).collect()
}

/// Which apps run, or are to run, the processes that are handed over, by their types.
fn working<'s>(plan: &plan::App, space: &'s Space) -> BTreeMap<&'s str, BTreeSet<&'s str>> {
    let mut working: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for app in space.apps.iter().filter(|app| app.state == AppState::Started) {
        let runs = |process: &&Process| process.instances > 0 || !process.states.is_empty();
        for process in app.processes.iter().filter(|process| plan.hands_over(&process.kind)).filter(runs) {
            working.entry(&process.kind).or_default().insert(&app.name);
        }
    }
    working
}

/// How a list of steps ends where nothing goes wrong with them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WalkEnd<'s> {
    /// All are confirmed.
    Done,
    /// A step is not confirmed: why.
    Fails(&'s Step, String),
    /// A step breaks a promise: what a user of the app would notice.
    Breaks(&'s Step, String),
}

/// How a step ends where nothing goes wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepEnd {
    /// It is confirmed.
    Confirmed,
    /// It is not: something that it relies on, or that must follow, is not so.
    Fails(String),
}

impl World {
    /// The world as it is observed.
    pub(crate) fn observed(app: &plan::App, space: &Space) -> Self {
        let mut world = Self {
            // Nothing else can be met on any walk.
            space: Rc::new(scope::of(app, space)),
            requests: Rc::default(),
        };
        let Assumed { checked, routers } = strategy::of(app).assumed(app, &world.space);
        let checked: Vec<Version> = checked.iter().flat_map(|app| world.versions(app)).collect();
        world.requests_mut().checked.extend(checked);
        for ((number, app), known) in routers {
            if world.runs(&app) {
                world.know(number, &app, known);
            }
        }
        world
    }

    /// What must stay so from here on, whatever `verb` does. `declared` is how many instances the plan wants, where it
    /// wants fewer.
    pub(crate) fn promise(&self, app: &plan::App, verb: Verb, declared: Option<u32>) -> Promise {
        let Promised { at_most, to_nobody } = strategy::of(app).promised(app, verb, &self.space);
        let wanted = |count: u32| [declared, at_most].into_iter().flatten().fold(count, u32::min);
        let served = (0..app.live.len()).map(|number| (number, self.serving(number))).filter(|(_, count)| *count > 0);
        let kept = served.filter(|(number, _)| !to_nobody.contains(number));
        let served = kept.map(|(number, count)| (number, wanted(count))).collect();
        let worked = wanted_to_work(app, &self.space).into_iter().map(ToOwned::to_owned).collect();
        Promise { served, worked }
    }

    /// What is kept of a promise by what `verb` does from here: a crash may have broken it, and the verb may leave routes to
    /// nobody.
    pub(crate) fn kept(&self, app: &plan::App, verb: Verb, promise: &Promise) -> Promise {
        let Promised { to_nobody, .. } = strategy::of(app).promised(app, verb, &self.space);
        let now = promise.served.iter().map(|(number, wanted)| (*number, (*wanted).min(self.serving(*number))));
        let served = now.filter(|(number, count)| *count > 0 && !to_nobody.contains(number)).collect();
        let wanted = wanted_to_work(app, &self.space);
        let worked = promise.worked.iter().filter(|kind| wanted.contains(kind.as_str())).cloned().collect();
        Promise { served, worked }
    }

    /// The instances that every router leads to.
    fn serving(&self, number: usize) -> u32 {
        let surely =
            self.requests.routers.iter().filter(|((route, _), known)| *route == number && **known == Known::Surely);
        surely.map(|((_, version), _)| self.running(version)).sum()
    }

    /// The instances of a version that run and are routable.
    fn running(&self, version: &Version) -> u32 {
        let app = self.space.app(&version.app).filter(|app| app.state == AppState::Started);
        app.and_then(|app| app.process_by_guid(&version.process)).map_or(0, Process::running)
    }

    fn requests_mut(&mut self) -> &mut Requests {
        Rc::make_mut(&mut self.requests)
    }

    fn runs(&self, app: &str) -> bool {
        self.space.app(app).is_some_and(App::serves)
    }

    /// All versions of an app.
    fn versions(&self, app: &str) -> Vec<Version> {
        self.space.app(app).into_iter().flat_map(App::versions).collect()
    }

    /// Whether all versions of an app have passed their checks.
    pub(crate) fn is_checked(&self, app: &str) -> bool {
        self.versions(app).iter().all(|version| self.requests.checked.contains(version))
    }

    /// Whether a version of an app has crashed and was not started again.
    pub(crate) fn has_crashed(&self, app: &str) -> bool {
        self.requests.crashed.iter().any(|version| version.app == app)
    }

    /// What the routers know now of the versions of an app that run.
    fn know(&mut self, number: usize, app: &str, known: Known) {
        let mut versions = self.versions(app);
        versions.retain(|version| self.running(version) > 0);
        let requests = self.requests_mut();
        requests.busy.extend(versions.iter().cloned());
        requests.routers.extend(versions.into_iter().map(|version| ((number, version), known)));
    }

    /// A started app gets a route: routers may lead to each of its versions, also where it does not run.
    fn lead(&mut self, number: usize, app: &str) {
        let wanted = |version: &Version| {
            let process = self.space.app(app).and_then(|app| app.process_by_guid(&version.process));
            process.is_some_and(|process| process.instances > 0)
        };
        let versions: Vec<Version> = self.versions(app).into_iter().filter(wanted).collect();
        let requests = self.requests_mut();
        requests.busy.extend(versions.iter().cloned());
        requests.routers.extend(versions.into_iter().map(|version| ((number, version), Known::Maybe)));
    }

    /// Whether routers may lead a live route to an app.
    fn may_lead(&self, number: usize, app: &str) -> bool {
        self.requests.routers.keys().any(|(route, version)| *route == number && version.app == app)
    }

    /// What a user of the app would notice now that was promised otherwise.
    pub(crate) fn broken(&self, plan: &plan::App, promise: &Promise) -> Option<String> {
        for (&number, &wanted) in &promise.served {
            let url = &plan.live[number];
            let serving = self.serving(number);
            if serving == 0 && !self.requests.excused.contains(&number) {
                return Some(format!("no app surely serves {url}: its users get 404 Not Found"));
            }
            if serving < wanted && serving > 0 {
                return Some(format!(
                    "only {serving} of {wanted} instances serve {url}: it may be too slow for its users"
                ));
            }
            let led_to = self.requests.routers.keys().filter(|(route, _)| *route == number).map(|(_, version)| version);
            for version in led_to {
                let app = &version.app;
                if self.running(version) == 0 && !self.requests.crashed.contains(version) {
                    return Some(format!(
                        "routers may still lead {url} to {app}, which does not run: its users get 502 Bad Gateway"
                    ));
                }
                if !self.requests.checked.contains(version) {
                    return Some(format!("routers may lead {url} to {app}, which was not checked"));
                }
            }
        }
        None
    }

    /// What is wrong with the processes that are handed over: what two versions run at once, what runs of a version that nobody has
    /// checked, and what none runs while something else is done than to hand it over.
    fn works_wrong(&self, plan: &plan::App, step: &Step, promise: &Promise, before: &Space) -> Option<String> {
        let (was, is) = (working(plan, before), working(plan, &self.space));
        for (kind, apps) in &is {
            let ran = was.get(kind);
            if apps.len() > 1 && ran.is_none_or(|ran| ran.len() < 2) {
                let apps = apps.iter().copied().collect::<Vec<_>>().join(" and of ");
                return Some(format!("process {kind} of {apps} run at once: two versions may take the same job"));
            }
            let mut new = apps.iter().filter(|app| ran.is_none_or(|ran| !ran.contains(*app)));
            // Where no route leads there, it cannot be checked before it runs.
            if let Some(app) = new.find(|app| plan.has_routes() && !self.is_checked(app)) {
                return Some(format!("process {kind} of {app} runs, which was not checked"));
            }
        }
        let wanted = wanted_to_work(plan, before);
        let mut missing = promise.worked.iter().filter(|kind| !wanted.contains(kind.as_str()));
        let gap = missing.find(|kind| !self.requests.over.contains(*kind))?;
        if step.facts().handover().is_some() {
            return None;
        }
        Some(format!("no process {gap} runs, and something else is done"))
    }

    /// Takes note of processes that no version is to have any more, and of those that one has again.
    fn note_what_is_over(&mut self, plan: &plan::App, step: &Step, before: &Space) {
        let (was, is) = (wanted_to_work(plan, before), wanted_to_work(plan, &self.space));
        if was == is {
            return;
        }
        let goes = matches!(step.facts().handover(), Some((_, Handover::Goes)));
        let is_over = |kind: &&&str| !is.contains(**kind) && (goes || !self.is_to_work(plan, step, kind));
        let over: Vec<String> = was.iter().filter(is_over).map(|kind| (*kind).to_owned()).collect();
        let again: Vec<String> = is.iter().map(|kind| (*kind).to_owned()).collect();
        let requests = self.requests_mut();
        requests.over.extend(over);
        requests.over.retain(|kind| !again.contains(kind));
    }

    /// Whether a version that users of the app reach is to have a process; where nobody reaches any, another one than the step is
    /// about.
    fn is_to_work(&self, plan: &plan::App, step: &Step, kind: &str) -> bool {
        let is_reached = |app: &App| plan.live.iter().any(|url| self.space.is_mapped(&app.name, url));
        let is_another = |app: &App| !plan.has_routes() && app.name != step.facts().app();
        let mut started = self.space.apps.iter().filter(|app| app.state == AppState::Started);
        started.any(|app| (is_reached(app) || is_another(app)) && process_counts::count(app, kind) > 0)
    }

    /// All versions of an app crash. A route that it alone served is nobody's fault.
    pub(crate) fn crash(&mut self, plan: &plan::App, app: &str) {
        if let Some(found) = Rc::make_mut(&mut self.space).app_mut(app) {
            for instance in found.processes.iter_mut().flat_map(|process| &mut process.states) {
                instance.state = InstanceState::Crashed;
            }
        }
        let versions = self.versions(app);
        self.requests_mut().crashed.extend(versions);
        let lost: Vec<usize> = (0..plan.live.len()).filter(|number| self.serving(*number) == 0).collect();
        self.requests_mut().excused.extend(lost);
    }

    /// Takes steps to their end, without a fault, up to the first one that is not confirmed.
    pub(crate) fn walk<'s>(
        &mut self,
        plan: &plan::App,
        steps: impl IntoIterator<Item = &'s Step>,
        promise: &Promise,
    ) -> WalkEnd<'s> {
        for step in steps {
            match self.take(plan, step, promise) {
                Ok(StepEnd::Confirmed) => {}
                Ok(StepEnd::Fails(why)) => return WalkEnd::Fails(step, why),
                Err(seen) => return WalkEnd::Breaks(step, seen),
            }
        }
        WalkEnd::Done
    }

    /// Takes one step to its end, without a fault. Tells what is broken by it.
    fn take(&mut self, plan: &plan::App, step: &Step, promise: &Promise) -> Result<StepEnd, String> {
        if let Some(why) = self.lacks(step) {
            return Ok(StepEnd::Fails(why));
        }
        let before = self.effect(plan, step, promise)?;
        self.confirm(plan, step, &before, promise)
    }

    /// Confirms a step that has had its effect; `before` is the space before that. Tells what is broken.
    pub(crate) fn confirm(
        &mut self,
        plan: &plan::App,
        step: &Step,
        before: &Space,
        promise: &Promise,
    ) -> Result<StepEnd, String> {
        if let Some(condition) = step.facts().condition() {
            match condition.judge(&self.space, before) {
                Judgement::Holds => {}
                Judgement::NotYet(why) | Judgement::Never(why) => return Ok(StepEnd::Fails(why)),
            }
        }
        let app = step.facts().app();
        if step.facts().traffic() == Traffic::Checked && self.has_crashed(app) {
            return Ok(StepEnd::Fails(format!("{app} does not answer")));
        }
        if let Some(why) = self.ask(plan, step) {
            return Ok(StepEnd::Fails(why));
        }
        self.broken(plan, promise).map_or(Ok(StepEnd::Confirmed), Err)
    }

    /// What the step relies on and is not so.
    pub(crate) fn lacks(&self, step: &Step) -> Option<String> {
        match step.requires.as_ref()?.judge(&self.space, &self.space) {
            Judgement::Holds => None,
            Judgement::NotYet(why) | Judgement::Never(why) => Some(why),
        }
    }

    /// What the step changes, and nothing of how that is confirmed. Returns the space before. Tells what is broken by it.
    pub(crate) fn effect(&mut self, plan: &plan::App, step: &Step, promise: &Promise) -> Result<Rc<Space>, String> {
        self.change(plan, step, promise, |_, _| {})
    }

    /// As [`Self::effect`], with a part of it taken away again by `cut`, which gets the space before and after. Returns
    /// the space before.
    pub(crate) fn change(
        &mut self,
        plan: &plan::App,
        step: &Step,
        promise: &Promise,
        cut: impl FnOnce(&Space, &mut Space),
    ) -> Result<Rc<Space>, String> {
        let app = step.facts().app().to_owned();
        let ran = self.space.app(&app).is_some_and(|app| app.state == AppState::Started);
        let before = Rc::clone(&self.space);
        let space = Rc::make_mut(&mut self.space);
        step.facts().effect(space);
        cut(&before, space);
        quota::follow(&before, space);
        let number_of = |url: &plan::RouteUrl| plan.live.iter().position(|live| live == url);
        match step.facts().traffic() {
            Traffic::Leads { url } => {
                if let Some(number) = number_of(url).filter(|number| ran && !self.may_lead(*number, &app)) {
                    self.lead(number, &app);
                }
            }
            Traffic::LeadsAway { url } => {
                let number = number_of(url);
                let routers = &mut self.requests_mut().routers;
                let of_app =
                    routers.iter_mut().filter(|((route, version), _)| Some(*route) == number && version.app == app);
                of_app.for_each(|(_, known)| *known = Known::Maybe);
            }
            // Routers learn of an instance when it runs.
            Traffic::Started if self.runs(&app) => {
                self.requests_mut().crashed.retain(|version| version.app != app);
                for (number, url) in plan.live.iter().enumerate() {
                    let mapped = self.space.is_mapped(&app, url);
                    if mapped && !self.may_lead(number, &app) {
                        self.know(number, &app, Known::Maybe);
                    }
                }
            }
            Traffic::NewVersion => {
                self.requests_mut().checked.retain(|version| version.app != app);
            }
            Traffic::Drained => {
                let Requests { routers, busy, .. } = self.requests_mut();
                busy.retain(|busy| busy.app != app || routers.keys().any(|(_, version)| version == busy));
            }
            Traffic::Started | Traffic::Checked | Traffic::Unchanged => {}
        }
        self.note_what_is_over(plan, step, &before);
        if let Some(seen) = self.works_wrong(plan, step, promise, &before).or_else(|| self.broken(plan, promise)) {
            return Err(seen);
        }
        let runs = self.space.app(&app).is_some_and(|app| app.state == AppState::Started);
        if ran && !runs {
            let Requests { busy, crashed, .. } = &*self.requests;
            if busy.iter().any(|busy| busy.app == app && !crashed.contains(busy)) && !plan.drain.is_zero() {
                return Err(format!("{app} is stopped before it has drained: requests that it has begun are cut off"));
            }
            let requests = self.requests_mut();
            requests.routers.retain(|(_, version), _| version.app != app);
            requests.busy.retain(|version| version.app != app);
            requests.crashed.retain(|version| version.app != app);
        }
        if self.space.app(&app).is_none() {
            // One of the same name would be another one.
            self.requests_mut().checked.retain(|version| version.app != app);
        }
        Ok(before)
    }

    /// Asks the routers, as the step does. Tells what they do not confirm.
    fn ask(&mut self, plan: &plan::App, step: &Step) -> Option<String> {
        let passes = match step.facts().traffic() {
            Traffic::Checked => true,
            // Without checks the platform's health check alone decides.
            Traffic::Started => !plan.checks.iter().any(|check| check.at().staging),
            Traffic::Unchanged
            | Traffic::Leads { .. }
            | Traffic::LeadsAway { .. }
            | Traffic::NewVersion
            | Traffic::Drained => false,
        };
        if passes {
            let versions = self.versions(step.facts().app());
            self.requests_mut().checked.extend(versions);
        }
        let number_of = |url: &plan::RouteUrl| plan.live.iter().position(|live| live == url);
        match step.facts().router_question()? {
            RouterQuestion::Reached { app, url } => {
                if !self.runs(app.as_str()) || !self.space.is_mapped(app.as_str(), url) {
                    return Some(format!("{url} does not reach {app}"));
                }
                if let Some(number) = number_of(url) {
                    self.know(number, app.as_str(), Known::Surely);
                    self.requests_mut().excused.remove(&number);
                }
            }
            RouterQuestion::Gone { app, url } => {
                if self.space.is_mapped(app.as_str(), url) {
                    return Some(format!("{url} still reaches {app}"));
                }
                if let Some(number) = number_of(url) {
                    self.requests_mut()
                        .routers
                        .retain(|(route, version), _| *route != number || version.app != app.as_str());
                }
            }
        }
        None
    }
}

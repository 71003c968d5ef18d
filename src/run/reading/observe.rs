//! The `cf curl` calls that read a space. They read and nothing else.

mod paths;
mod platform;
mod rules;
mod settings;
mod sources;
mod wanted_source;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::cf::invocation::query;
use crate::cf::session::Session;
use crate::cf::spawn::Cf;
use crate::plan::{App as PlanApp, AppName, Plan, RouteUrl, format_duration};
use crate::run::api::Api;
use crate::run::api::answers::{Answers, Get as _, PageAndNext};
use crate::run::api::observe_error::ObserveError;
use crate::run::waiting::clock::Clock;
use crate::run::waiting::retry::PATIENCE;
use crate::space::lock::Lock;
use crate::space::read::{self, Unreadable};
use crate::space::section::Section;
use crate::space::{App, AppState, MemoryInUse, Named, Process, SNAPSHOT_FORMAT, Space, Task};
use crate::steps::annotations::{Origin, Role};
use crate::steps::{equal, strategy, tasks};

use super::parts::Parts;
use super::reader::{Reader, pause_after};
pub(super) use paths::PAGE;
use paths::{
    bindings_path, deployments_path, droplets_path, manifest_path, open_tasks_path, packages_path, policies_path,
    process_instances_path, processes_path, stats_path, tasks_path,
};
use wanted_source::WantedSource;

/// Reads one space with one cf.
#[expect(missing_debug_implementations, reason = "it holds whom it tells")]
pub struct Observer<'a> {
    answers: Answers<'a>,
    /// The names of the apps that are looked for.
    apps: BTreeSet<String>,
    /// The plan's apps, by the names of their locks.
    locks: BTreeMap<String, AppName>,
    /// The routes whose holders are looked for.
    routes: Vec<RouteUrl>,
    /// The names of the service instances that are looked for.
    services: BTreeSet<String>,
    /// Of those, the ones for whose bindings a manifest names parameters.
    with_parameters: BTreeSet<String>,
    /// What the names of the tasks begin with that a deployment runs, by the apps that it may run them on.
    tasks: BTreeMap<String, Vec<String>>,
    /// Whether what apps are set to is of interest: to whoever brings up a new version.
    reads_settings: bool,
    /// Hears of what a person should know while the space is read.
    tell: &'a (dyn Fn(&str) + Sync),
    /// The droplets of other apps that the plan deploys.
    sources: Vec<WantedSource>,
    /// Whether something is to be staged on a stack.
    stages: bool,
    /// Whether a manifest names a buildpack that the platform would have to bring.
    names_buildpacks: bool,
}

impl<'a> Observer<'a> {
    /// An observer of what a plan names in the targeted space.
    pub fn new(cf: &'a Cf, session: &'a Session, plan: &Plan) -> Self {
        let per_app = |names: &dyn Fn(&PlanApp) -> Vec<String>| plan.apps.iter().flat_map(names).collect();
        Self {
            answers: Answers::of(Api::new(cf, session)),
            apps: per_app(&|app| strategy::of(app).apps(app).iter().map(ToString::to_string).collect()),
            locks: plan.apps.iter().map(|app| (Lock::name_for(app.name.as_str()), app.name.clone())).collect(),
            routes: plan.apps.iter().flat_map(|app| strategy::of(app).routes(app)).cloned().collect(),
            services: per_app(&|app| app.all_services().map(ToOwned::to_owned).collect()),
            with_parameters: per_app(&|app| equal::with_parameters(app).map(|(service, _)| service).collect()),
            tasks: (plan.apps.iter())
                .flat_map(|app| app.colours.iter().map(|colour| (colour.to_string(), tasks::stems(app))))
                .filter(|(_, stems)| !stems.is_empty())
                .collect(),
            reads_settings: true,
            tell: &|_| {},
            sources: plan.apps.iter().filter_map(|app| WantedSource::of(app, &plan.apps)).collect(),
            stages: plan.apps.iter().any(|app| app.manifest.app.docker.is_none()),
            names_buildpacks: plan.apps.iter().any(|app| app.manifest.app.system_buildpacks().next().is_some()),
        }
    }

    /// Has `tell` hear of what a person should know while the whole space is read.
    #[must_use]
    pub(crate) fn telling(self, tell: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self { tell, ..self }
    }

    /// Leaves out what apps are set to.
    #[must_use]
    pub(crate) fn without_settings(self) -> Self {
        Self { reads_settings: false, ..self }
    }

    /// Reads the whole space, as far as the plan is concerned with it. Where the platform has had too many calls, that
    /// is waited for, and told.
    pub fn observe(&self, clock: &dyn Clock) -> Result<Space, ObserveError> {
        let until = clock.now() + PATIENCE;
        loop {
            match self.observe_once() {
                Err(error) if error.is_rate_limited() && clock.now() < until => {
                    let pause = pause_after(self, &error);
                    (self.tell)(&format!("{error}; waiting {}", format_duration(pause)));
                    if clock.pause(pause).is_err() {
                        return Err(error);
                    }
                }
                end => return end,
            }
        }
    }

    fn observe_once(&self) -> Result<Space, ObserveError> {
        let target = self.answers.target();
        let mut space = Space {
            format: SNAPSHOT_FORMAT,
            cf: self.answers.api().cf.version().to_string(),
            api: target.api.clone(),
            org: Named { guid: target.org_guid.clone(), name: target.org.clone() },
            space: Named { guid: target.space_guid.clone(), name: target.space.clone() },
            ..Space::default()
        };
        self.refresh(&mut space, &Parts::all())?;
        Ok(space)
    }

    /// Reads parts of the space. What is needed for it is asked for side by side: what is known of the apps by now tells
    /// most of it.
    fn read(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        let of_platform = parts.has(Section::Platform);
        self.answers.ask(self.likely(space, parts));
        if of_platform {
            self.domains(space)?;
        }
        self.read_routes_and_apps(space, parts)?;
        // What hangs on the first answers is one round, too.
        let hangs_on = if of_platform { self.platform_hangs_on(space) } else { Vec::new() };
        self.answers.ask(self.likely(space, &parts.of_apps()).into_iter().chain(hangs_on));
        self.read_of_apps(space, parts)?;
        if of_platform { self.platform(space) } else { Ok(()) }
    }

    fn read_routes_and_apps(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        if parts.has(Section::Routes) {
            let (own, asked) = (&self.answers.target().space_guid, self.routes_path());
            space.routes = read::routes(&asked, own, &self.answers.list(&asked)?)?;
        }
        if parts.has(Section::Apps) {
            self.apps(space)?;
        }
        Ok(())
    }

    /// What is read by the apps' guids.
    fn read_of_apps(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        if parts.has(Section::Processes) && !space.apps.is_empty() {
            self.processes(space)?;
            self.answers.ask(self.likely(space, &parts.only(Section::Instances)));
        }
        for app in space.apps.iter_mut().filter(|app| parts.has_of(Section::Instances, &app.name)) {
            space.memory_in_use.retain(|one| one.app != app.name);
            space.memory_in_use.extend(self.instances(app)?);
        }
        for app in space.apps.iter_mut().filter(|app| parts.has_of(Section::Ending, &app.name)) {
            self.ending(app)?;
        }
        if parts.has(Section::Packages) {
            self.packages(space, parts)?;
        }
        if parts.has(Section::Droplets) {
            self.droplets(space, parts)?;
        }
        if parts.has(Section::Tasks) {
            self.tasks(space, parts)?;
        }
        if self.reads_settings && parts.has(Section::Settings) && !space.apps.is_empty() {
            self.settings(space, parts)?;
        }
        if self.reads_settings && parts.has(Section::Policies) && !space.apps.is_empty() {
            self.policies(space)?;
        }
        if parts.has(Section::Services) {
            self.services(space)?;
            if self.may_be_bound(space) {
                self.bindings(space)?;
            }
        }
        if parts.has(Section::Deployments) && !space.apps.is_empty() {
            let asked = deployments_path(space);
            space.deployments = match self.answers.list_or_absent(&asked)? {
                Some(found) => read::rules::deployments(&asked, &found)?,
                None => Vec::new(),
            };
        }
        Ok(())
    }

    fn routes_path(&self) -> String {
        query("/v3/routes", &[("space_guids", self.answers.target().space_guid.as_str()), ("per_page", PAGE)])
    }

    fn apps_path(&self) -> String {
        let in_space = [("space_guids", self.answers.target().space_guid.as_str()), ("per_page", PAGE)];
        let names = self.apps.iter().chain(self.locks.keys()).cloned().collect();
        query_names("/v3/apps", &names, &in_space)
    }

    /// Where the tasks of apps are told: those that have not ended, and those that a deployment under way may have run.
    fn tasks_paths(&self, space: &Space, parts: &Parts) -> Vec<String> {
        let guids = guids_of(space, parts, Section::Tasks);
        let own = space.apps.iter().filter(|app| guids.contains(&app.guid)).filter_map(|app| {
            let names = tasks::under_way(self.tasks.get(&app.name)?, app);
            (!names.is_empty()).then(|| tasks_path(app, &names))
        });
        open_tasks_path(&guids).into_iter().chain(own).collect()
    }

    fn services_path(&self) -> String {
        let in_space = [("space_guids", self.answers.target().space_guid.as_str()), ("per_page", PAGE)];
        // A name that a vars file gives the manifest is for no argument: all are asked for, and the right ones picked.
        if self.services.iter().any(|name| self.answers.api().cf.redactor().hides(name)) {
            query("/v3/service_instances", &in_space)
        } else {
            query_names("/v3/service_instances", &self.services, &in_space)
        }
    }

    /// What these parts will be read from, as far as the apps are known.
    fn likely(&self, space: &Space, parts: &Parts) -> Vec<String> {
        let mut paths = Vec::new();
        for section in parts.sections() {
            match section {
                Section::Routes => paths.push(self.routes_path()),
                Section::Apps => paths.push(self.apps_path()),
                Section::Platform => paths.extend(self.platform_likely()),
                Section::Services => {
                    paths.extend((!self.services.is_empty()).then(|| self.services_path()));
                    paths.extend(self.may_be_bound(space).then(|| bindings_path(space)));
                }
                _ if space.apps.is_empty() => {}
                Section::Processes => paths.push(processes_path(space)),
                Section::Instances => {
                    let apps = space.apps.iter().filter(|app| parts.has_of(section, &app.name));
                    paths.extend(apps.flat_map(likely_stats_paths));
                }
                Section::Ending => {
                    let apps = space.apps.iter().filter(|app| parts.has_of(section, &app.name));
                    paths.extend(apps.flat_map(ending_processes).map(process_instances_path));
                }
                Section::Packages => paths.extend(packages_path(&guids_of(space, parts, section))),
                Section::Droplets => paths.extend(droplets_path(&guids_of(space, parts, section))),
                Section::Deployments => paths.push(deployments_path(space)),
                Section::Tasks => paths.extend(self.tasks_paths(space, parts)),
                Section::Settings | Section::Policies if !self.reads_settings => {}
                Section::Policies => paths.push(policies_path(space)),
                Section::Settings => {
                    let is_own = |app: &&App| parts.has_of(section, &app.name) && self.apps.contains(&app.name);
                    paths.extend(space.apps.iter().filter(is_own).map(|app| manifest_path(&app.guid)));
                }
            }
        }
        paths
    }

    fn apps(&self, space: &mut Space) -> Result<(), ObserveError> {
        let in_space = [("space_guids", self.answers.target().space_guid.as_str()), ("per_page", PAGE)];
        let asked = self.apps_path();
        let mut found = read::apps(&asked, &self.answers.list(&asked)?)?;
        space.locks = found
            .iter()
            .filter_map(|(app, _)| self.locks.get(&app.name).map(|plan_app| Lock::read(plan_app.as_str(), app)))
            .collect();
        found.retain(|(app, _)| self.apps.contains(&app.name));
        // Whoever else holds a route of the plan, or one that leads to its apps or is to do so again: it can be told by its name, and
        // whether it serves.
        let own: Vec<&App> = found.iter().map(|(app, _)| app).filter(|app| self.apps.contains(&app.name)).collect();
        let kept: Vec<String> =
            own.iter().filter_map(|app| Origin::of(app)).flat_map(|origin| origin.kept_routes).collect();
        let of_plan = |route: &&crate::space::Route| {
            self.routes.iter().any(|url| route.is(url))
                || own.iter().any(|app| route.leads_to(&app.guid))
                || kept.contains(&route.url)
        };
        let holders = space.routes.iter().filter(of_plan).flat_map(|route| &route.destinations);
        let strangers: BTreeSet<&str> =
            holders.map(|to| to.app.as_str()).filter(|guid| found.iter().all(|(app, _)| app.guid != *guid)).collect();
        if !strangers.is_empty() {
            let guids = strangers.into_iter().collect::<Vec<_>>().join(",");
            let asked = query("/v3/apps", &[("guids", &guids), in_space[0], in_space[1]]);
            found.extend(read::apps(&asked, &self.answers.list(&asked)?)?);
        }
        let mut apps = Vec::new();
        for (mut app, tells_droplet) in found {
            if !tells_droplet {
                let asked = format!("/v3/apps/{}/droplets/current", app.guid);
                app.droplet = read::guid(&asked, &self.answers.get_or_absent(&asked)?)?;
            }
            apps.push(match space.apps.iter().find(|before| before.guid == app.guid) {
                Some(before) => before.with_told(app),
                None => app,
            });
        }
        space.apps = apps;
        Ok(())
    }

    fn processes(&self, space: &mut Space) -> Result<(), ObserveError> {
        let asked = processes_path(space);
        let found = read::processes(&asked, &self.answers.list(&asked)?)?;
        for app in &mut space.apps {
            let mut processes: Vec<Process> =
                found.iter().filter(|(guid, _)| *guid == app.guid).map(|(_, process)| process.clone()).collect();
            processes.sort_by_key(|process| (process.kind != "web", process.kind.clone()));
            for process in &mut processes {
                let before = app.processes.iter_mut().find(|before| before.guid == process.guid);
                process.states = before.map(|before| std::mem::take(&mut before.states)).unwrap_or_default();
            }
            app.processes = processes;
        }
        Ok(())
    }

    /// Reads how the instances of an app fare. Returns how much memory they use.
    fn instances(&self, app: &mut App) -> Result<Vec<MemoryInUse>, ObserveError> {
        let running: Vec<String> = running_processes(app).map(|process| process.guid.clone()).collect();
        let mut in_use = Vec::new();
        for process in &mut app.processes {
            process.states.clear();
            if running.contains(&process.guid) {
                let asked = stats_path(process);
                let answer = self.answers.get(&asked)?;
                process.states = read::stats(&asked, &answer)?;
                let (app, process) = (app.name.clone(), process.kind.clone());
                let most = read::memory_in_use(&answer).map(|bytes| bytes.div_ceil(1 << 20));
                in_use.extend(most.map(|most_mb| MemoryInUse { app, process, most_mb }));
            }
        }
        Ok(in_use)
    }

    /// What still ends of the processes of which none is wanted. Where the platform does not tell, nothing is known.
    fn ending(&self, app: &mut App) -> Result<(), ObserveError> {
        let ending: Vec<String> = ending_processes(app).map(|process| process.guid.clone()).collect();
        for process in app.processes.iter_mut().filter(|process| process.instances == 0) {
            process.states.clear();
            if ending.contains(&process.guid) {
                let asked = process_instances_path(process);
                process.states = read::process_instances(&asked, &self.answers.get(&asked)?)?;
            }
        }
        Ok(())
    }

    /// What was read later of a task is newer: it may have ended meanwhile.
    fn tasks(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        let mut found: BTreeMap<(String, u64), Task> = BTreeMap::new();
        for asked in self.tasks_paths(space, parts) {
            let read = read::tasks(&asked, &self.answers.list(&asked)?)?;
            for (app, task) in read {
                let known = found.entry((app, task.id)).or_insert_with(|| task.clone());
                if task.state.is_over() {
                    *known = task;
                }
            }
        }
        for app in space.apps.iter_mut().filter(|app| parts.has_of(Section::Tasks, &app.name)) {
            let own = found.iter().rev().filter(|((of, _), _)| *of == app.guid);
            app.tasks = own.map(|(_, task)| task.clone()).collect();
        }
        Ok(())
    }

    fn packages(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        let guids = guids_of(space, parts, Section::Packages);
        let mut found = self.newest(packages_path(&guids), &guids, read::packages)?;
        for app in space.apps.iter_mut().filter(|app| guids.contains(&app.guid)) {
            let mut newest_first = found.remove(&app.guid).unwrap_or_default().into_iter();
            app.package = newest_first.next();
            let is_under_way = Role::of(app) == Some(Role::Next);
            app.older_packages = newest_first.filter(|_| is_under_way).collect();
        }
        Ok(())
    }

    fn droplets(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        let guids = guids_of(space, parts, Section::Droplets);
        let mut found = self.newest(droplets_path(&guids), &guids, read::droplets)?;
        for app in space.apps.iter_mut().filter(|app| guids.contains(&app.guid)) {
            app.staged = found.remove(&app.guid).and_then(|newest_first| newest_first.into_iter().next());
        }
        Ok(())
    }

    /// The newest of each of these apps, and what was read beside them.
    fn newest<T>(
        &self,
        asked: Option<String>,
        guids: &[String],
        read: ReadOfApps<T>,
    ) -> Result<BTreeMap<String, Vec<T>>, ObserveError> {
        match asked {
            Some(asked) => newest(&|path| self.answers.page(path), &asked, guids, read),
            None => Ok(BTreeMap::new()),
        }
    }

    fn services(&self, space: &mut Space) -> Result<(), ObserveError> {
        if self.services.is_empty() {
            return Ok(());
        }
        let asked = self.services_path();
        space.services = read::services(&asked, &self.answers.list(&asked)?)?;
        space.services.retain(|service| self.services.contains(&service.name));
        Ok(())
    }
}

impl Reader for Observer<'_> {
    fn asked_patience(&self) -> Duration {
        self.answers.api().asked_patience()
    }

    fn refresh(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        self.answers.forget();
        self.read(space, parts)
    }

    fn glance(&self, space: &mut Space, parts: &Parts, goes_on: &(dyn Fn() -> bool + Sync)) -> bool {
        let api = self.answers.api();
        let asked = api.glance_all(self.likely(space, parts), goes_on);
        let Some(answers) = asked.into_iter().map(|(path, answer)| Some((path, answer?))).collect() else {
            return false;
        };
        let aside = Self {
            answers: Answers::only(*api, answers),
            apps: self.apps.clone(),
            locks: self.locks.clone(),
            routes: self.routes.clone(),
            services: self.services.clone(),
            with_parameters: self.with_parameters.clone(),
            tasks: self.tasks.clone(),
            sources: Vec::new(),
            ..*self
        };
        aside.read(space, parts).is_ok()
    }
}

/// The guids of the apps that a section is read of.
fn guids_of(space: &Space, parts: &Parts, section: Section) -> Vec<String> {
    space.apps.iter().filter(|app| parts.has_of(section, &app.name)).map(|app| app.guid.clone()).collect()
}

/// The processes of an app that have instances now.
fn running_processes(app: &App) -> impl Iterator<Item = &Process> {
    app.processes.iter().filter(|process| app.state == AppState::Started && process.instances > 0)
}

/// The processes of an app of which instances may still end, where the platform tells of them.
fn ending_processes(app: &App) -> impl Iterator<Item = &Process> {
    let may_end = |process: &&Process| app.state == AppState::Started && process.instances == 0 && !process.ends_unseen;
    app.processes.iter().filter(may_end)
}

/// Where the instances of an app are told, as far as its processes are known. CC: the first web process has the guid of the app,
/// until a deployment of the platform's own takes its place.
fn likely_stats_paths(app: &App) -> Vec<String> {
    if app.processes.is_empty() && app.state == AppState::Started {
        return vec![format!("/v3/processes/{}/stats", app.guid)];
    }
    running_processes(app).map(stats_path).collect()
}

/// Reads a list of which each entry is one app's: with the guid of that app.
type ReadOfApps<T> = fn(&str, &[Value]) -> Result<Vec<(String, T)>, Unreadable>;

/// Of each app, by its guid, the newest and what was read beside it, out of a list that begins with the newest of all: it is
/// read page by page until each app is met, which one that has none never is.
fn newest<T>(
    page: &dyn Fn(&str) -> Result<PageAndNext, ObserveError>,
    path: &str,
    apps: &[String],
    read: ReadOfApps<T>,
) -> Result<BTreeMap<String, Vec<T>>, ObserveError> {
    let mut newest: BTreeMap<String, Vec<T>> = BTreeMap::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next.filter(|_| apps.iter().any(|app| !newest.contains_key(app))) {
        let answer;
        (answer, next) = page(&path)?;
        for (app, found) in read(&path, &read::parse::<read::Page>(&path, &answer)?.resources)? {
            newest.entry(app).or_default().push(found);
        }
    }
    Ok(newest)
}

/// A query for resources of these names. CC API 3: names in a list are parted by commas, and one that holds a comma
/// itself cannot be asked for; all resources are then, and the caller picks.
fn query_names(path: &str, names: &BTreeSet<String>, pairs: &[(&str, &str)]) -> String {
    if names.iter().any(|name| name.contains(',')) {
        return query(path, pairs);
    }
    let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let mut all = vec![("names", list.as_str())];
    all.extend_from_slice(pairs);
    query(path, &all)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;
    use crate::space::Package;

    /// Three pages, the newest first: what is asked for is read, and no more.
    #[test]
    fn the_newest_of_each_app_is_found_on_whatever_page_it_is() {
        let package = |guid: &str, app: &str| json!({"guid": guid, "state": "READY", "links": {"app": {"href": format!("https://api/v3/apps/{app}")}}});
        let pages = [
            vec![package("p6", "a"), package("p5", "a")],
            vec![package("p4", "a"), package("p3", "b")],
            vec![package("p2", "b"), package("p1", "a")],
        ];
        let read = RefCell::new(Vec::new());
        let page = |path: &str| {
            read.borrow_mut().push(path.to_owned());
            let number: usize = path.parse().unwrap();
            let next = (number + 1 < pages.len()).then(|| (number + 1).to_string());
            Ok((json!({"pagination": {"next": null}, "resources": pages[number]}), next))
        };
        for (apps, found, pages) in [
            (&[][..], &[][..], 0),
            (&["a"], &["p6 p5"], 1),
            (&["b"], &["p6 p5 p4", "p3"], 2),
            (&["a", "b"], &["p6 p5 p4", "p3"], 2),
            (&["a", "none"], &["p6 p5 p4 p1", "p3 p2"], 3),
        ] {
            read.borrow_mut().clear();
            let apps: Vec<String> = apps.iter().map(ToString::to_string).collect();
            let newest = newest(&page, "0", &apps, read::packages).unwrap();
            let joined = |all: &Vec<Package>| all.iter().map(|one| one.guid.as_str()).collect::<Vec<_>>().join(" ");
            let guids: Vec<String> = newest.values().map(joined).collect();
            assert_eq!(
                (guids, read.borrow().len()),
                (found.iter().map(ToString::to_string).collect(), pages),
                "{apps:?}"
            );
        }
    }
}

//! What must be true of a space after a step.
//!
//! A condition is data, and so is the part of the space that has to be read to judge it: the runner reads that part
//! again after each step, and a step whose condition does not come to hold is not confirmed, whatever cf printed.

use std::collections::BTreeMap;
use std::fmt;

use super::app::{App, AppState};
use super::droplet::Droplet;
use super::model::Space;
use super::process::{Instance, InstanceState, Process};
use super::section::Section;
use super::task::TaskState;
use crate::plan::{OptionChanges, Protocol, RouteUrl};
use crate::settings::{Is, Setting};

/// What must be true of an app of a space, or of a route for its sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The app's name.
    pub(crate) app: String,
    /// What must be true.
    pub(crate) must: Must,
}

/// What must be true of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Must {
    /// The app has a package that is ready and is not the one it had before; the app is stopped.
    Uploaded {
        /// The guid of the newest package before the step.
        before: Option<String>,
    },
    /// The app carries these annotations; `None` is one that it must not carry.
    Annotated {
        /// Keys and values.
        annotations: BTreeMap<String, Option<String>>,
        /// The key of one that holds the guid of the droplet that the app runs.
        of_droplet: Option<String>,
    },
    /// The service instance is bound to the app.
    Bound {
        /// The name of the service instance.
        service: String,
    },
    /// The service instance is not bound to the app.
    Unbound {
        /// The name of the service instance.
        service: String,
    },
    /// The app is set to this; of a process that it does not have, nothing is asked.
    Set {
        /// What it is set to.
        settings: BTreeMap<Setting, Is>,
    },
    /// The route leads to the app.
    Mapped {
        /// The route.
        url: RouteUrl,
        /// What routers talk to it there.
        protocol: Protocol,
    },
    /// Routers are told this of the route.
    RouteOptions {
        /// The route.
        url: RouteUrl,
        /// What is set; `None` is what is not set.
        options: OptionChanges,
    },
    /// There is the route.
    RouteThere {
        /// The route.
        url: RouteUrl,
    },
    /// The route does not lead to the app.
    Unmapped {
        /// The route.
        url: RouteUrl,
    },
    /// The newest package of the app is staged.
    Staged,
    /// The newest droplet of the app has this content, and is not the one that it had before.
    Droplet {
        /// The digest of its content in hex.
        checksum: String,
        /// The guid of the newest droplet before the step.
        before: Option<String>,
    },
    /// The app's current droplet is the newest staged one.
    DropletSet,
    /// The web process of the app is to have this many instances.
    Scaled {
        /// How many.
        instances: u32,
    },
    /// The process is to have this many instances, and where the app is started as many run: none is still ending.
    Process {
        /// The type of the process.
        process: String,
        /// How many.
        instances: u32,
        /// Whether it holds, too, where the app does not have that process.
        or_absent: bool,
    },
    /// The app is started and every instance of each of its processes runs.
    Running {
        /// How many web instances there are to be at the least.
        instances: u32,
    },
    /// The task has succeeded; where something is said of them, all instances of the app that ran before still run, as with
    /// [`Must::Steady`].
    TaskSucceeded {
        /// The name of the task.
        task: String,
        /// How many web instances there are to be at the least.
        steady: Option<u32>,
    },
    /// As [`Must::Running`], and by the very instances that ran before the step: none has crashed meanwhile and
    /// been started again.
    Steady {
        /// How many web instances there are to be at the least.
        instances: u32,
    },
    /// The app is stopped.
    Stopped,
    /// No task of the app runs, or is about to.
    NoTasks,
    /// There is no such app.
    Deleted,
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It holds.
    Holds,
    /// It does not hold, or not yet: why.
    NotYet(String),
    /// It will not come to hold by waiting: why.
    Never(String),
}

impl Condition {
    /// What must be read again to judge it.
    pub(crate) fn sections(&self) -> &'static [Section] {
        match &self.must {
            Must::Uploaded { .. } => &[Section::Apps, Section::Packages],
            // Which package is the newest one is known since it was uploaded.
            Must::Staged | Must::Droplet { .. } => &[Section::Droplets],
            // Which droplet is the newest staged one is known since it was staged.
            Must::Annotated { .. } | Must::DropletSet | Must::Stopped | Must::Deleted => &[Section::Apps],
            Must::Bound { .. } | Must::Unbound { .. } => &[Section::Services],
            Must::Set { settings, .. } if settings.keys().any(|setting| matches!(setting, Setting::Policy(_))) => {
                &[Section::Processes, Section::Settings, Section::Policies]
            }
            Must::Set { .. } => &[Section::Processes, Section::Settings],
            Must::Scaled { .. } => &[Section::Apps, Section::Processes],
            Must::Process { instances: 0, .. } => &[Section::Apps, Section::Processes, Section::Ending],
            Must::NoTasks | Must::TaskSucceeded { steady: None, .. } => &[Section::Apps, Section::Tasks],
            Must::TaskSucceeded { steady: Some(_), .. } => {
                &[Section::Apps, Section::Tasks, Section::Processes, Section::Instances]
            }
            Must::Mapped { .. } | Must::RouteOptions { .. } | Must::RouteThere { .. } | Must::Unmapped { .. } => {
                &[Section::Routes]
            }
            Must::Process { .. } | Must::Running { .. } | Must::Steady { .. } => {
                &[Section::Apps, Section::Processes, Section::Instances]
            }
        }
    }

    /// What must be read again while it does not hold yet, of what it is judged by: the rest changes by no waiting.
    pub(crate) fn waited_for(&self) -> &'static [Section] {
        match &self.must {
            Must::Process { instances: 0, .. } => &[Section::Ending],
            Must::Process { .. } | Must::Running { .. } => &[Section::Instances],
            Must::NoTasks | Must::TaskSucceeded { .. } => &[Section::Tasks],
            Must::Uploaded { .. }
            | Must::Annotated { .. }
            | Must::Bound { .. }
            | Must::Unbound { .. }
            | Must::Set { .. }
            | Must::Mapped { .. }
            | Must::RouteOptions { .. }
            | Must::RouteThere { .. }
            | Must::Unmapped { .. }
            | Must::Staged
            | Must::Droplet { .. }
            | Must::DropletSet
            | Must::Scaled { .. }
            | Must::Steady { .. }
            | Must::Stopped
            | Must::Deleted => self.sections(),
        }
    }

    /// For which instance that is to run the platform finds no place; it tries again every now and then.
    pub(crate) fn no_room(&self, space: &Space) -> Option<String> {
        let app = space.app(&self.app).filter(|app| app.state == AppState::Started)?;
        let is_meant = |process: &&Process| match &self.must {
            Must::Running { .. } | Must::Steady { .. } => true,
            Must::Process { process: kind, .. } => process.kind == *kind,
            Must::Uploaded { .. }
            | Must::Annotated { .. }
            | Must::Bound { .. }
            | Must::Unbound { .. }
            | Must::Set { .. }
            | Must::Mapped { .. }
            | Must::RouteOptions { .. }
            | Must::RouteThere { .. }
            | Must::Unmapped { .. }
            | Must::Staged
            | Must::Droplet { .. }
            | Must::DropletSet
            | Must::Scaled { .. }
            | Must::TaskSucceeded { .. }
            | Must::NoTasks
            | Must::Stopped
            | Must::Deleted => false,
        };
        app.processes.iter().filter(is_meant).find_map(|process| placeless(app, process))
    }

    /// Judges it on a space, as it is and as it was before the step.
    pub(crate) fn judge(&self, space: &Space, before: &Space) -> Judgement {
        let (app, then) = (self.app.as_str(), before);
        match &self.must {
            Must::Deleted => match space.app(app) {
                None => Judgement::Holds,
                Some(_) => Judgement::NotYet(format!("app {app} is still there")),
            },
            Must::NoTasks => space.app(app).map_or(Judgement::Holds, no_tasks),
            Must::Uploaded { before } => with(space, then, app, |app| uploaded(app, before.as_deref())),
            Must::Annotated { annotations, of_droplet } => with(space, then, app, |app| {
                let droplet = of_droplet.iter().map(|key| (key, app.droplet.as_ref()));
                annotated(app, annotations.iter().map(|(key, value)| (key, value.as_ref())).chain(droplet))
            }),
            Must::Bound { service } => with(space, then, app, |app| {
                if app.is_bound(service) {
                    Judgement::Holds
                } else {
                    Judgement::NotYet(format!("service instance {service} is not bound to app {}", app.name))
                }
            }),
            Must::Unbound { service } => with(space, then, app, |app| {
                if app.is_bound(service) {
                    Judgement::NotYet(format!("service instance {service} is still bound to app {}", app.name))
                } else {
                    Judgement::Holds
                }
            }),
            Must::Set { settings } => with(space, then, app, |app| set(app, settings)),
            Must::Mapped { url, protocol } => match space.protocol(app, url) {
                Some(is) if is == *protocol => Judgement::Holds,
                // cf changes nothing of a route that is mapped.
                Some(is) => Judgement::Never(format!(
                    "{url} is mapped to app {app} by {}, and not by {}",
                    is.as_str(),
                    protocol.as_str()
                )),
                None => Judgement::NotYet(format!("{url} is not mapped to app {app}")),
            },
            Must::RouteOptions { url, options, .. } => {
                let set = space.options_of(url);
                match options.iter().find(|(name, value)| set.0.get(*name) != value.as_ref()) {
                    None => Judgement::Holds,
                    Some((name, _)) => Judgement::NotYet(format!("{name} of route {url} is not what it is to be")),
                }
            }
            Must::RouteThere { url, .. } if space.route(url).is_some() => Judgement::Holds,
            Must::RouteThere { url, .. } => Judgement::NotYet(format!("there is no route {url}")),
            Must::Unmapped { url } if space.is_mapped(app, url) => {
                Judgement::NotYet(format!("{url} is still mapped to app {app}"))
            }
            Must::Unmapped { .. } => Judgement::Holds,
            Must::Staged => with(space, then, app, |now| {
                staged(now, before.app(app).and_then(|then| then.staged.as_ref()).map(|droplet| droplet.guid.as_str()))
            }),
            Must::Droplet { checksum, before } => {
                with(space, then, app, |app| has_droplet(app, checksum, before.as_deref()))
            }
            Must::DropletSet => with(space, then, app, |app| match &app.staged {
                Some(staged) if app.droplet.as_ref() == Some(&staged.guid) => Judgement::Holds,
                Some(staged) => Judgement::NotYet(format!("droplet {} is not yet app {}'s", staged.guid, app.name)),
                None => Judgement::NotYet(format!("app {} has no staged droplet", app.name)),
            }),
            Must::Scaled { instances } => with(space, then, app, |app| match app.web() {
                Some(web) if web.instances == *instances => Judgement::Holds,
                Some(_) | None => {
                    Judgement::NotYet(format!("app {} does not have {instances} web instances", app.name))
                }
            }),
            Must::Process { process, instances, or_absent } => with(space, then, app, |app| {
                if *or_absent && !app.has_process(process) {
                    Judgement::Holds
                } else {
                    process_is(app, process, *instances)
                }
            }),
            Must::Running { instances } => with(space, then, app, |app| running(app, *instances)),
            Must::TaskSucceeded { task, steady } => {
                with(space, then, app, |now| match (succeeded(now, task), steady) {
                    (Judgement::Holds, Some(instances)) => is_steady(now, before.app(app), *instances),
                    (judged, _) => judged,
                })
            }
            Must::Steady { instances } => with(space, then, app, |now| is_steady(now, before.app(app), *instances)),
            Must::Stopped => with(space, then, app, |app| match app.state {
                AppState::Stopped => Judgement::Holds,
                AppState::Started => Judgement::NotYet(format!("app {} is started", app.name)),
            }),
        }
    }
}

/// What Diego says of an instance for which no cell has room, or none is fit (CC: `failure_reason_sanitizer.rb`, of the same
/// auctions; `instances_stats_reporter.rb` gives it as the details of an instance that is DOWN).
const NO_ROOM: [&str; 2] = ["insufficient resources", "found no compatible cell"];

/// Which instance the platform finds no place for.
fn placeless(app: &App, process: &Process) -> Option<String> {
    let says = |instance: &&Instance| {
        let details = instance.details.as_deref().unwrap_or_default();
        instance.state == InstanceState::Down && NO_ROOM.iter().any(|words| details.starts_with(words))
    };
    let instance = process.states.iter().find(says)?;
    let (kind, index) = (&process.kind, instance.index);
    let details = instance.details.as_deref().unwrap_or_default();
    Some(format!("no cell of the platform has room for {kind} instance #{index} of app {}: {details}", app.name))
}

/// An app that was there before the step and is not any more does not come back by itself.
fn with(space: &Space, before: &Space, name: &str, judge: impl FnOnce(&App) -> Judgement) -> Judgement {
    match space.app(name) {
        Some(app) => judge(app),
        None if before.app(name).is_some() => Judgement::Never(format!("app {name} is not there any more")),
        None => Judgement::NotYet(format!("app {name} is not there")),
    }
}

fn uploaded(app: &App, before: Option<&str>) -> Judgement {
    let Some(package) = &app.package else {
        return Judgement::NotYet(format!("app {} has no package", app.name));
    };
    if before == Some(package.guid.as_str()) {
        return Judgement::NotYet(format!("app {} has no newer package than before", app.name));
    }
    if !package.ready {
        return Judgement::NotYet(format!("package {} of app {} is not ready", package.guid, app.name));
    }
    match app.state {
        AppState::Stopped => Judgement::Holds,
        // Somebody has started it since: what was uploaded would not be what it runs.
        AppState::Started => Judgement::Never(format!("app {} is started", app.name)),
    }
}

fn annotated<'w>(app: &App, mut wanted: impl Iterator<Item = (&'w String, Option<&'w String>)>) -> Judgement {
    let missing = wanted.find(|(key, value)| app.annotations.get(*key) != *value);
    match missing {
        None => Judgement::Holds,
        Some((key, Some(value))) => Judgement::NotYet(format!("app {} does not carry {key}: {value}", app.name)),
        Some((key, None)) => Judgement::NotYet(format!("app {} still carries {key}", app.name)),
    }
}

/// A process that the app does not have is none of it: which ones there are the droplet says.
fn set(app: &App, settings: &BTreeMap<Setting, Is>) -> Judgement {
    let is_there = |setting: &Setting| setting.process().is_none_or(|kind| app.has_process(kind));
    let differs = settings.iter().find(|(setting, is)| is_there(setting) && app.setting(setting) != **is);
    match differs {
        None => Judgement::Holds,
        Some((setting, Is::Unset)) => Judgement::NotYet(format!("app {} still has {setting}", app.name)),
        Some((setting, _)) => Judgement::NotYet(format!("{setting} of app {} is not what it is to be", app.name)),
    }
}

/// `before` is the guid of the newest staged droplet before: a droplet that does not tell its package must be another.
fn staged(app: &App, before: Option<&str>) -> Judgement {
    match (&app.package, &app.staged) {
        (Some(package), Some(droplet)) if droplet.package.as_ref() == Some(&package.guid) => Judgement::Holds,
        (Some(_), Some(droplet)) if droplet.package.is_none() && before != Some(droplet.guid.as_str()) => {
            Judgement::Holds
        }
        // Whoever stages something else there goes on to run it.
        (Some(package), Some(Droplet { guid, package: Some(other), .. })) if before != Some(guid.as_str()) => {
            Judgement::Never(format!(
                "somebody has staged package {other} of app {}, and not {}",
                app.name, package.guid
            ))
        }
        (Some(package), _) => Judgement::NotYet(format!("package {} of app {} is not staged", package.guid, app.name)),
        (None, _) => Judgement::NotYet(format!("app {} has no package", app.name)),
    }
}

/// `before` is the guid of the newest droplet before.
fn has_droplet(app: &App, checksum: &str, before: Option<&str>) -> Judgement {
    match app.staged.as_ref().filter(|droplet| before != Some(droplet.guid.as_str())) {
        Some(droplet) if droplet.checksum.as_deref() == Some(checksum) => Judgement::Holds,
        Some(droplet) => Judgement::NotYet(format!(
            "the newest droplet of app {}, {}, has the sha256 {}, and not {checksum}",
            app.name,
            droplet.guid,
            droplet.checksum.as_deref().unwrap_or("not told")
        )),
        None => Judgement::NotYet(format!("app {} has no newer droplet than before", app.name)),
    }
}

fn process_is(app: &App, kind: &str, instances: u32) -> Judgement {
    let Some(process) = app.process(kind) else {
        return match instances {
            0 => Judgement::Holds,
            _ => Judgement::NotYet(format!("app {} has no process {kind}", app.name)),
        };
    };
    if process.instances != instances {
        let has = process.instances;
        return Judgement::NotYet(format!(
            "process {kind} of app {} is to have {has} instances, not {instances}",
            app.name
        ));
    }
    if app.state == AppState::Stopped {
        return Judgement::Holds;
    }
    match instances {
        0 if process.states.is_empty() || process.ends_unseen => Judgement::Holds,
        0 => Judgement::NotYet(format!("{} {kind} instances of app {} still end", process.states.len(), app.name)),
        _ if all_crashed(process) => {
            Judgement::Never(format!("all instances of process {kind} of app {} crashed", app.name))
        }
        _ if process.running() < instances => Judgement::NotYet(waiting(app, process)),
        _ => Judgement::Holds,
    }
}

/// Whether a task has succeeded. One that has failed is not run again.
fn succeeded(app: &App, name: &str) -> Judgement {
    let Some(task) = app.task(name) else {
        return Judgement::NotYet(format!("app {} has no task {name}", app.name));
    };
    let told = format!("task {} ({name}) of app {} {}", task.id, app.name, task.state);
    match (task.state, &task.failure) {
        (TaskState::Succeeded, _) => Judgement::Holds,
        (TaskState::Failed, Some(why)) => Judgement::Never(format!("{told}: {why}")),
        (TaskState::Failed, None) => Judgement::Never(told),
        (TaskState::Pending | TaskState::Running | TaskState::Canceling, _) => Judgement::NotYet(told),
    }
}

fn no_tasks(app: &App) -> Judgement {
    match app.open_tasks() {
        None => Judgement::Holds,
        Some(told) => Judgement::NotYet(format!("app {} still runs {told}", app.name)),
    }
}

fn is_steady(now: &App, then: Option<&App>, instances: u32) -> Judgement {
    match then.and_then(|then| replaced(then, now)) {
        Some(why) => Judgement::Never(why),
        None => running(now, instances),
    }
}

/// cf 8.17 gives up, too, where every instance of a process has crashed.
fn all_crashed(process: &Process) -> bool {
    !process.states.is_empty() && process.states.iter().all(|instance| instance.state == InstanceState::Crashed)
}

fn running(app: &App, instances: u32) -> Judgement {
    if app.state == AppState::Stopped {
        return Judgement::NotYet(format!("app {} is stopped", app.name));
    }
    let wanted = |process: &&Process| process.instances > 0;
    if let Some(process) = app.processes.iter().filter(wanted).find(|process| all_crashed(process)) {
        return Judgement::Never(format!("all instances of process {} of app {} crashed", process.kind, app.name));
    }
    if let Some(process) = app.processes.iter().filter(wanted).find(|process| process.running() < process.instances) {
        return Judgement::NotYet(waiting(app, process));
    }
    if app.web().is_none() {
        return Judgement::NotYet(format!("app {} has no web process", app.name));
    }
    let (running, wanted) = (app.running(), app.web_instances());
    if running < instances {
        let told = format!("app {} is to have {instances} web instances and {running} of {wanted} run", app.name);
        return Judgement::NotYet(told);
    }
    Judgement::Holds
}

/// Which instance is not the one that it was. The routers and the platform hide a crash that is mended in a second; a
/// version that crashes while it is checked must not go live all the same.
fn replaced(then: &App, now: &App) -> Option<String> {
    let same =
        |then: &Instance, now: &Instance| then.index == now.index && then.id == now.id && then.uptime <= now.uptime;
    for process in &then.processes {
        let there = now.processes.iter().find(|now| now.guid == process.guid).map_or(&[][..], |now| &now.states);
        let mut ran = process.states.iter().filter(|instance| instance.state == InstanceState::Running);
        if let Some(lost) = ran.find(|then| !there.iter().any(|now| same(then, now))) {
            let (kind, index) = (&process.kind, lost.index);
            return Some(format!(
                "{kind} instance {index} of app {} crashed, or was moved, while it was checked",
                now.name
            ));
        }
    }
    None
}

fn waiting(app: &App, process: &Process) -> String {
    let mut told =
        format!("{} of {} {} instances of app {} run", process.running(), process.instances, process.kind, app.name);
    let not_running = process.states.iter().filter(|instance| instance.state != InstanceState::Running);
    for instance in not_running {
        let _ = fmt::Write::write_fmt(&mut told, format_args!(", #{} {}", instance.index, instance.state));
        if let Some(details) = &instance.details {
            let _ = fmt::Write::write_fmt(&mut told, format_args!(" ({details})"));
        }
    }
    told
}

impl fmt::Display for Condition {
    /// The condition as a sentence of the space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let app = &self.app;
        match &self.must {
            Must::Uploaded { .. } => write!(f, "app {app} has a new package that is ready, and is stopped"),
            Must::Annotated { annotations, of_droplet } => {
                let keys = annotations.keys().chain(of_droplet).map(String::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "app {app} carries {keys} as written")
            }
            Must::Bound { service } => write!(f, "service instance {service} is bound to app {app}"),
            Must::Unbound { service } => write!(f, "service instance {service} is not bound to app {app}"),
            Must::Set { settings } => {
                let names: Vec<String> = settings.keys().map(ToString::to_string).collect();
                write!(f, "app {app} is as set: {}", names.join(", "))
            }
            Must::Mapped { url, protocol } if protocol.is_usual() => write!(f, "route {url} leads to app {app}"),
            Must::Mapped { url, protocol } => {
                write!(f, "route {url} leads to app {app} by {}", protocol.as_str())
            }
            Must::RouteOptions { url, .. } => write!(f, "route {url} has these options"),
            Must::RouteThere { url, .. } => write!(f, "there is the route {url}"),
            Must::Unmapped { url } => write!(f, "route {url} does not lead to app {app}"),
            Must::Staged => write!(f, "app {app}'s newest package is staged"),
            Must::Droplet { checksum, .. } => write!(f, "app {app} has a new droplet with the sha256 {checksum}"),
            Must::DropletSet => write!(f, "app {app}'s current droplet is the newest one"),
            Must::Scaled { instances } => write!(f, "app {app} has {instances} web instances"),
            Must::Process { process, instances: 0, .. } => write!(f, "no {process} instance of app {app} runs"),
            Must::Process { process, instances, or_absent } => {
                write!(f, "{instances} {process} instances of app {app} run")?;
                if *or_absent { f.write_str(", or it has no such process") } else { Ok(()) }
            }
            Must::Running { instances } => {
                write!(f, "all instances of app {app} run, {instances} of web at the least")
            }
            Must::TaskSucceeded { task, steady: None } => write!(f, "task {task} of app {app} has succeeded"),
            Must::TaskSucceeded { task, steady: Some(_) } => {
                write!(f, "task {task} of app {app} has succeeded, and the instances that ran before still run")
            }
            Must::Steady { .. } => write!(f, "the instances of app {app} that ran before still run"),
            Must::Stopped => write!(f, "app {app} is stopped"),
            Must::NoTasks => write!(f, "app {app} runs no task"),
            Must::Deleted => write!(f, "there is no app {app}"),
        }
    }
}

#[cfg(test)]
mod tests;

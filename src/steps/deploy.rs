//! The way forward: the guide's seven steps for one app.

use std::path::Path;

use crate::cf::invocation::Push;
use crate::plan::{self, AppName, Instances, ManifestProcess, Old};
use crate::space::{App, Process, Space};

use super::annotations::{Annotations, Deployment, Role};
use super::list::StepList;
use super::refusal::Refusal;
use super::situation::{Situation, not_in_use, other_routes, staging_is_free, told_apart};
use super::{Action, Heading, Size, Step, fallback, quota};

/// The memory of an instance where neither the manifest nor an existing app says (CC: `default_app_memory`), in megabytes.
const DEFAULT_MEMORY_MB: u64 = 1024;

/// Compiles the deployment of one app. Refuses where the space does not allow it, or does not tell enough.
pub fn compile(
    plan: &plan::Plan,
    app: &plan::App,
    space: &Space,
    deployment: &Deployment,
) -> Result<Vec<Step>, Refusal> {
    let situation = Situation::of(app, space)?;
    not_in_use(app, space, situation.next())?;
    told_apart(app, space, &situation)?;
    staging_is_free(app, space)?;
    check_services(app, space)?;
    let mut list = StepList::new(app, space);
    // All routes are resolved before the first step is written: a plan that cannot be finished is not begun.
    for url in app.live.iter().chain([&app.staging]) {
        list.parts(url)?;
    }
    let next = situation.next().clone();
    let live = situation.live().cloned();
    clear(&mut list, app, &situation)?;

    let (push, size) = sized(app, list.model(), live.as_ref(), &next);
    write_push(&mut list, plan, app, push, size, &next, deployment)?;
    for check in &app.checks {
        let (url, check, instances) = (app.staging.clone(), check.clone(), size.instances);
        list.add(Heading::Check, "check", Action::Check { app: next.clone(), url, check, instances });
    }
    list.map_live(Heading::Map, &next, &app.live)?;
    if let Some(live) = &live {
        list.unmap_live(Heading::UnmapLive, live)?;
    }
    list.unmap_staging(Heading::UnmapStaging, &next)?;
    let end = if live.is_some() { Heading::Stop } else { Heading::UnmapStaging };
    list.role(end, &next, Role::Live);
    if let Some(live) = &live {
        match app.old {
            Old::Stop => list.drain_and_stop(Heading::Stop, live),
            Old::Keep => {}
            Old::Delete => {
                list.drain(Heading::Stop, live);
                list.add(Heading::Stop, "delete", Action::Delete { app: live.clone() });
            }
        }
        list.role(Heading::Stop, live, Role::Previous);
    }

    let steps = list.into_steps();
    quota::check(space, &steps)?;
    Ok(steps)
}

/// Takes back what an earlier deployment left half done, so that the push and the check meet nobody but the new version.
fn clear(list: &mut StepList<'_>, app: &plan::App, situation: &Situation) -> Result<(), Refusal> {
    let next = situation.next();
    if let Situation::Half { live, next } = situation {
        fallback::take_off(list, Heading::Clear, app, Some(live), next)?;
    } else if list.model().app(next.as_str()).is_some_and(|app| Role::of(app) == Some(Role::Live)) {
        // Nobody has said that it is the previous one: the deployment that unmapped it was not finished, so that
        // routers may know it still.
        list.leave_and_stop(Heading::Clear, next)?;
    }
    // The staging route of a deployment that ended after the switch. The check must not reach that version.
    for colour in app.colours.iter().filter(|colour| *colour != next) {
        list.leave_staging(Heading::Clear, colour)?;
    }
    Ok(())
}

/// The guide's second step, cut where the platform can be asked.
fn write_push(
    list: &mut StepList<'_>,
    plan: &plan::Plan,
    app: &plan::App,
    push: Push,
    size: Size,
    next: &AppName,
    deployment: &Deployment,
) -> Result<(), Refusal> {
    let existing = list.model().app(next.as_str());
    let before = existing.and_then(|app| app.package.as_ref()).map(|package| package.guid.clone());
    let kept_routes = existing.map(|existing| other_routes(app, list.model(), existing)).unwrap_or_default();
    let others = other_processes(app, existing);
    list.add(Heading::Push, "push", Action::Push { push, size, others, before });

    let annotations = Annotations::next(&plan.digest, deployment);
    list.add(Heading::Push, "mark", Action::Annotate { app: next.clone(), annotations });
    for service in &app.services {
        let by_manifest = app.manifest.app.services.iter().any(|named| named == service.as_str());
        let bound =
            list.model().app(next.as_str()).is_some_and(|app| app.bindings.iter().any(|b| b == service.as_str()));
        if !by_manifest && !bound {
            list.add(Heading::Push, "bind", Action::Bind { app: next.clone(), service: service.clone() });
        }
    }
    // A push takes all routes off the app; those that the plan does not name are none of its business and come back.
    for url in kept_routes {
        let url = plan::RouteUrl::parse(&url).map_err(|fault| Refusal::CannotKeep {
            app: next.clone(),
            url,
            why: fault.message,
        })?;
        let route = list.parts(&url)?;
        list.add(Heading::Push, "map-kept", Action::Map { app: next.clone(), url, route, ask_router: false });
    }
    let route = list.parts(&app.staging)?;
    let staging = Action::Map { app: next.clone(), url: app.staging.clone(), route, ask_router: false };
    list.add(Heading::Push, "map-staging", staging);
    list.add(Heading::Push, "stage", Action::Stage { app: next.clone() });
    list.add(Heading::Push, "set-droplet", Action::SetDroplet { app: next.clone() });
    let start = Action::Start { app: next.clone(), instances: size.instances, reached_at: Some(app.staging.clone()) };
    list.add(Heading::Push, "start", start);
    Ok(())
}

/// What to push, and how large it will be.
fn sized(app: &plan::App, space: &Space, live: Option<&AppName>, next: &AppName) -> (Push, Size) {
    let web = |name: &AppName| space.app(name.as_str()).and_then(|app| app.web());
    let manifest = &app.manifest;
    // Where the manifest is silent an existing app keeps what it has, and a new one gets the platform's defaults.
    let unforced = manifest.app.web_instances().or(web(next).map(|web| web.instances)).unwrap_or(1);
    let live_instances = live.and_then(web).map_or(0, |web| web.instances);
    let instances = match app.instances {
        Instances::AtLeastLive => unforced.max(live_instances),
        Instances::Manifest => manifest.app.web_instances().unwrap_or(1),
    };
    let memory_mb = manifest.app.web_memory_mb().or(web(next).map(|web| web.memory_mb)).unwrap_or(DEFAULT_MEMORY_MB);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let push = Push {
        app: next.to_string(),
        manifest: Some(text(&manifest.path)),
        path: app.path.as_deref().map(text),
        vars: manifest.vars.clone(),
        vars_files: manifest.vars_files.iter().map(|file| text(file)).collect(),
        instances: (instances != unforced).then_some(instances),
    };
    (push, Size { instances, memory_mb })
}

/// The processes beside `web` that the manifest names, as large as they will be.
fn other_processes(app: &plan::App, existing: Option<&App>) -> Vec<Process> {
    let named = app.manifest.app.processes.iter().filter(|process| process.process_type != "web");
    let process = |process: &ManifestProcess| {
        let before = existing.and_then(|app| app.processes.iter().find(|there| there.kind == process.process_type));
        Process {
            guid: before.map_or_else(|| format!("new {}", process.process_type), |before| before.guid.clone()),
            kind: process.process_type.clone(),
            // CC: a new process has no instances unless it is `web`.
            instances: process.instances.or(before.map(|before| before.instances)).unwrap_or(0),
            memory_mb: process.memory_mb.or(before.map(|before| before.memory_mb)).unwrap_or(DEFAULT_MEMORY_MB),
            states: Vec::new(),
        }
    };
    named.map(process).collect()
}

fn check_services(app: &plan::App, space: &Space) -> Result<(), Refusal> {
    for service in
        app.services.iter().map(AsRef::<str>::as_ref).chain(app.manifest.app.services.iter().map(String::as_str))
    {
        match space.services.iter().find(|there| there.name == service) {
            None => {
                return Err(Refusal::NoService { service: service.to_owned(), space: space.space.name.clone() });
            }
            Some(there) if !there.ready => return Err(Refusal::ServiceNotReady { service: service.to_owned() }),
            Some(_) => {}
        }
    }
    Ok(())
}

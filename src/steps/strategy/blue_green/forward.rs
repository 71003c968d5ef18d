//! The way forward: the guide's seven steps for one app, from its beginning or from where an interrupted run has left
//! it.
//!
//! [`deploy`] and [`resume`] compile into a list, in this order; each leaves out what is done and can be seen to be.
//! - `Prepare`: [`clear`], so that nobody reaches the next colour; `Push`: the mark (`mark_next`), [`push`]
//! - [`finish`]: `Push` and `Start` in [`bring_up`], with [`build`]; `Check`; `Switch` (`map_live`); `Release` (`unmap_live`,
//!   `unmap_staging`); `HandOver`; `Watch` in [`look_at_live`]; `Retire` in [`retire`]; `Record`

use crate::plan::{self, AppName, Lifecycle, LocalCheck, RouteUrl, ServiceName, TaskCheck};
use crate::settings::Is;
use crate::space::condition::{Condition, Must};
use crate::space::{App, AppState, Space};
use crate::steps::action::{
    Action, Annotate, ApplyManifest, BindService, Check, CopyDroplet, CreateApp, Delete, Health, NewApp, Push, RunTask,
    SetDroplet, Stage, Start, TaskSize, UnbindService, UploadDroplet, Watch,
};
use crate::steps::annotations::{Annotations, Extent, KEPT_ROUTES, NONE, Origin, Role};
use crate::steps::builder::{GraphBuilder, RouterKnowledge};
use crate::steps::input::{Begun, CompileInput, Failed};
use crate::steps::phase::Phase;
use crate::steps::record::Record;
use crate::steps::refusal::{ColourRefusal, Refusal, RouteRefusal, UnderWayRefusal};
use crate::steps::sizing::{self, Sizing};
use crate::steps::source::{self, Copied};
use crate::steps::standing::{Standing, is_alone_on_live, is_on_live};
use crate::steps::upload::Upload;
use crate::steps::{Step, equal, preflight, tasks};

use super::back;
use super::destinations::{at_staging, by_http2, may_be_mapped, onward};
use super::equality::Equal;
use super::extra_routes::may_have_extra;
use super::handover::{counts, hand_over, hold, works};
use super::leaving::{grow, put_to_rest, returning, revive, take_off};
use super::options;
use super::standing::{
    self, has_begun, is_of_plan, is_under_way, is_uploaded, not_in_use, other, other_routes, staging_is_free,
    told_apart,
};

/// Compiles a new deployment of one app. Refuses where the space does not allow it, or does not tell enough.
///
/// What an interrupted deployment has left is taken back on the way, so that the push and the check meet nobody but the
/// new version.
pub(super) fn deploy(input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
    let CompileInput { app, upload, .. } = *input;
    let copied = source::of(app, space)?;
    let of_droplet = copied.map(|copied| Upload::of_droplet(copied.checksum));
    let Some(upload) = of_droplet.as_ref().or(upload) else {
        return Err(Refusal::UnderWay(UnderWayRefusal::NoUpload { name: app.name.clone() }));
    };
    let standing = may_deploy(input, space)?;
    let next = standing.next().clone();
    let mut list = GraphBuilder::new(app, space);
    list.resolve_routes()?;
    let old = standing.live().cloned();
    // What was interrupted may have taken the live colour off a route without asking the routers, and marked it live since.
    let routers =
        if standing::under_way(app, space).is_some() { RouterKnowledge::Unsure } else { RouterKnowledge::Informed };
    // The staging route of a deployment that ended after the switch. The check must not reach that version.
    list.leave_staging(Phase::Prepare, other(app, &next))?;
    let origin = origin(input, upload, list.model(), old.as_ref(), &next);
    let wanted = old.as_ref().map(|old| equal::wanted(app, list.model(), old, &next)).unwrap_or_default();
    let held = counts(app, list.model(), old.as_ref(), &next, &wanted);
    let there = list.model().app(next.as_str());
    let annotations = Annotations::next(&origin, Record::new(&equal::named(app), &wanted), &held, there);
    if let Some(key) = annotations.too_long() {
        return Err(match key {
            KEPT_ROUTES => Refusal::Routes(RouteRefusal::TooManyRoutes { app: next }),
            _ => Refusal::UnderWay(UnderWayRefusal::TooLong { app: next, key }),
        });
    }
    // What was being deployed serves, and what was live before does not run: that one leaves the routes while the other's mark
    // tells of what is under way.
    let is_turned = old.as_ref().is_some_and(|old| is_under_way(list.model(), old));
    if is_turned && is_on_live(app, &next, list.model()) {
        clear(&mut list, app, old.as_ref(), &next)?;
    }
    // One that does not start is not gone back to, and what is under way stays what it is.
    if is_on_live(app, &next, list.model()) {
        let returning = returning(&list, app, old.as_ref(), &next);
        revive(&mut list, Phase::Prepare, old.as_ref(), &next, &returning)?;
    }
    list.mark_next(Phase::Push, &next, annotations);
    settle_old(&mut list, old.as_ref());
    clear(&mut list, app, old.as_ref(), &next)?;
    let sized = sizing::of(app, list.model(), old.as_ref(), &next);
    may_serve(app, &next, sized.declared.size.instances)?;
    push(&mut list, &next, sized.clone(), &origin, copied);
    let instances = if app.has_routes() { sized.declared.size.instances } else { 0 };
    finish(&mut list, &next, old.as_ref(), &origin, instances, routers)?;
    Ok(list.into_steps())
}

/// Where the app stands, if a new deployment of it may begin. Refuses what the platform or the space does not allow.
fn may_deploy(input: &CompileInput<'_>, space: &Space) -> Result<Standing, Refusal> {
    let CompileInput { plan, app, begun, .. } = *input;
    may_begin(app, space)?;
    may_be_mapped(app, space)?;
    let standing = standing::standing(app, space)?;
    let next = standing.next();
    may_stage(app, space, next)?;
    not_in_use(app, space, next)?;
    told_apart(app, space, &standing)?;
    same_lifecycle(app, space, next)?;
    staging_is_free(app, space)?;
    may_have_extra(plan, app, begun, space)?;
    options::may_be_set(app, space)?;
    Ok(standing)
}

/// What the next colour is to tell of where it comes from, and of what was there before.
fn origin(input: &CompileInput<'_>, upload: &Upload, model: &Space, old: Option<&AppName>, next: &AppName) -> Origin {
    let CompileInput { plan, app, identity, extent, .. } = *input;
    let old_routes = routes_of_old(app, model, old, next);
    let kept_routes = kept_routes(app, model, next);
    let newest = || newest_droplet(model, next).unwrap_or_else(|| NONE.to_owned());
    Origin {
        deployment: identity.clone(),
        plan: plan.digest.clone(),
        app: Some(app.name.to_string()),
        extent: extent.clone(),
        upload: upload.digest().to_owned(),
        upload_files: upload.listing().to_owned(),
        package_before: newest_package(model, next),
        droplet_before: app.brings_droplet().then(newest),
        old: old.map(ToString::to_string),
        http2_routes: by_http2(model, old.map(|old| (old, &*old_routes)), next, &kept_routes),
        old_routes,
        kept_routes,
        old_options: options::before(app, model, next),
    }
}

/// Compiles what is left of a deployment that did not come to its end, or of a rollback. One that is known to have been
/// begun, and that has left no word on the app, is deployed from its beginning: a run may be killed before its first change
/// to an app.
///
/// Refuses where nothing is under way, and where what is under way comes from another plan.
pub(super) fn resume(input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal> {
    let CompileInput { plan, app, upload, begun, .. } = *input;
    let Some(under_way) = standing::under_way(app, space) else {
        return match begun.filter(|begun| !has_begun(app, &begun.identity, space)) {
            Some(begun) if begun.plan != plan.digest => {
                Err(Refusal::UnderWay(UnderWayRefusal::OtherPlan { name: app.name.clone(), app: app.name.clone() }))
            }
            Some(begun) => deploy(&anew(input, begun), space),
            None => Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { name: app.name.clone() })),
        };
    };
    if under_way.back {
        // By itself it goes on as what it was begun as.
        let marked = space.app(under_way.app.as_str()).and_then(Extent::of_rollback);
        let extent = marked.unwrap_or_else(|| Extent::Apps(vec![app.name.to_string()]));
        return back::compile(&CompileInput { failed: Failed::Stop, extent: &extent, ..*input }, space);
    }
    let other_plan =
        || Refusal::UnderWay(UnderWayRefusal::OtherPlan { name: app.name.clone(), app: under_way.app.clone() });
    let Some(origin) = &under_way.origin else { return Err(other_plan()) };
    if let Some(begun) = begun.filter(|begun| begun.identity.id != origin.deployment.id && begun.plan == plan.digest) {
        // The run that was killed was a new one, and had not yet taken this one's place.
        return deploy(&anew(input, begun), space);
    }
    if origin.plan != plan.digest {
        return Err(other_plan());
    }
    may_begin(app, space)?;
    may_be_mapped(app, space)?;
    standing::standing(app, space)?;
    staging_is_free(app, space)?;

    let next = under_way.app.clone();
    if space.app(next.as_str()).is_some_and(|app| is_uploaded_over(app, origin)) {
        return Err(Refusal::UnderWay(UnderWayRefusal::OtherPackage { name: app.name.clone(), app: next }));
    }
    let old = origin.old.as_ref().map(|_| other(app, &next).clone());
    let old = old.filter(|old| space.app(old.as_str()).is_some());
    let mut list = GraphBuilder::new(app, space);
    list.resolve_routes()?;
    settle_old(&mut list, old.as_ref());
    if !is_alone_on_live(app, &next, space) && !uploaded(space, &next, origin) {
        let copied = source::of(app, space)?;
        match (copied, upload) {
            // Of what was live there when the deployment began nobody may have kept a copy.
            (Some(copied), _) if copied.checksum != origin.upload => {
                let (began, now) = (origin.upload.clone(), copied.told());
                return Err(Refusal::UnderWay(UnderWayRefusal::OtherDroplet { name: app.name.clone(), began, now }));
            }
            (Some(_), _) => {}
            (None, None) => return Err(Refusal::UnderWay(UnderWayRefusal::NoUpload { name: app.name.clone() })),
            (None, Some(upload)) => upload.is_the_one(&origin.upload, &origin.upload_files).map_err(|difference| {
                Refusal::UnderWay(UnderWayRefusal::OtherUpload { name: app.name.clone(), difference })
            })?,
        }
        may_stage(app, space, &next)?;
        clear(&mut list, app, old.as_ref(), &next)?;
        let sized = sizing::of(app, list.model(), old.as_ref(), &next);
        push(&mut list, &next, sized, origin, copied);
    }
    // Somebody may have scaled it down since.
    if let Some(old) = old.as_ref().filter(|_| app.has_routes()) {
        grow(&mut list, Phase::Start, &next, old)?;
    }
    let there = list.model().app(next.as_str()).filter(|app| app.web().is_some());
    let instances = if app.has_routes() { there.map_or(1, App::web_instances) } else { 0 };
    may_serve(app, &next, instances)?;
    finish(&mut list, &next, old.as_ref(), origin, instances, RouterKnowledge::Unsure)?;
    Ok(list.into_steps())
}

/// What a deployment is compiled from that was begun, and that has left no word on the app.
fn anew<'a>(input: &CompileInput<'a>, begun: &'a Begun) -> CompileInput<'a> {
    CompileInput { identity: &begun.identity, extent: &begun.extent, ..*input }
}

/// What must be so before a deployment begins or goes on, whatever it finds of itself.
fn may_begin(app: &plan::App, space: &Space) -> Result<(), Refusal> {
    let mut found = preflight::of_space(app, space);
    found.extend(preflight::of_plan(app, space));
    Refusal::any(found)
}

/// Refuses what the platform would not stage.
fn may_stage(app: &plan::App, space: &Space, next: &AppName) -> Result<(), Refusal> {
    let mut found = preflight::of_buildpacks(app, space, next);
    found.extend(preflight::of_stack(app, space, next).filter(|_| !app.brings_droplet()));
    Refusal::any(found)
}

/// Refuses a new version without web instances: no route could lead to it.
fn may_serve(app: &plan::App, next: &AppName, instances: u32) -> Result<(), Refusal> {
    match instances {
        0 if !app.has_routes() => Ok(()),
        0 => Err(Refusal::Colours(ColourRefusal::NoInstances { name: app.name.clone(), app: next.clone() })),
        _ => Ok(()),
    }
}

/// A colour that was switched to by a deployment which was not finished is what is live, whatever else was still to be
/// done. It is said only once the next colour is marked: at no point does nothing tell that something is under way.
fn settle_old(list: &mut GraphBuilder<'_>, old: Option<&AppName>) {
    if let Some(old) = old.filter(|old| is_under_way(list.model(), old)) {
        list.role(Phase::Prepare, old, Role::Live);
    }
}

/// Refuses a colour that was created for another kind of package than the manifest's. CC: the lifecycle of an app cannot
/// be changed, and a manifest that asks for none leaves it as it is, so that cf would upload files to a docker app.
fn same_lifecycle(app: &plan::App, space: &Space, next: &AppName) -> Result<(), Refusal> {
    let Some(found) = space.app(next.as_str()) else { return Ok(()) };
    let asked = app.manifest.app.lifecycle.or(app.brings_droplet().then_some(Lifecycle::Buildpack));
    let wanted = match (asked, found.lifecycle) {
        (_, None) | (None, Some(Lifecycle::Buildpack | Lifecycle::Cnb)) => return Ok(()),
        (None, Some(Lifecycle::Docker)) => Lifecycle::Buildpack,
        (Some(wanted), Some(has)) if wanted == has => return Ok(()),
        (Some(wanted), Some(_)) => wanted,
    };
    let Some(has) = found.lifecycle else { return Ok(()) };
    let idle = found.state == AppState::Stopped && other_routes(app, space, found).is_empty();
    Err(Refusal::Colours(ColourRefusal::OtherLifecycle {
        name: app.name.clone(),
        app: next.clone(),
        has,
        wanted,
        idle,
    }))
}

/// Makes sure that no request reaches the next colour while it is pushed. One that runs may have been let go a moment
/// ago, so that a router still knows it, or it has requests in hand.
fn clear(list: &mut GraphBuilder<'_>, app: &plan::App, old: Option<&AppName>, next: &AppName) -> Result<(), Refusal> {
    if is_on_live(app, next, list.model()) {
        let returning = returning(list, app, old, next);
        let serving = revive(list, Phase::Prepare, old, next, &returning)?;
        let busy = take_off(list, Phase::Prepare, serving, next, &returning, RouterKnowledge::Unsure)?;
        hand_over(list, Phase::Prepare, next, other(app, next))?;
        put_to_rest(list, Phase::Prepare, next, busy);
        list.rely_on(None);
    } else {
        // A way back may have been cut off between the routes and the rest; and where no route leads, this is the way back.
        if works(app, list.model(), next) {
            revive(list, Phase::Prepare, old, next, &[])?;
        }
        hand_over(list, Phase::Prepare, next, other(app, next))?;
        list.leave_and_stop(Phase::Prepare, next)?;
    }
    list.leave_staging(Phase::Prepare, other(app, next))
}

/// The upload, or what is copied in its place. The rest of the guide's second step is cut where the platform can be asked (see
/// [`finish`]).
fn push(list: &mut GraphBuilder<'_>, next: &AppName, sized: Sizing, origin: &Origin, copied: Option<Copied<'_>>) {
    debug_assert_eq!(sized.push.app, next.as_str());
    let stack = copied.and_then(|copied| copied.droplet.stack.as_deref());
    let manifest_of_droplet = list.app().brings_droplet().then(|| source::manifest(list.app(), next, &sized, stack));
    let Sizing { push, declared } = sized;
    let manifest = &list.app().manifest;
    // What a vars file may have filled in is not shown.
    let image = manifest.app.docker.as_ref().map(|docker| match manifest.vars_files.as_slice() {
        [] => docker.image.clone(),
        [..] => "of the manifest".to_owned(),
    });
    // A push leaves a binding that is there as it is, whatever parameters the manifest names.
    for (service, parameters) in equal::with_parameters(list.app()) {
        let bound =
            list.model().app(next.as_str()).and_then(|app| app.bindings.iter().find(|one| one.service == service));
        let Some(service) = bound.filter(|bound| bound.parameters != Is::Set(parameters)).map(|bound| &bound.service)
        else {
            continue;
        };
        if let Ok(service) = ServiceName::parse(service) {
            let why = "the manifest names parameters that it may not have been bound with";
            list.add(Phase::Push, "unbind", UnbindService { app: next.clone(), service, why });
        }
    }
    if let Some(manifest) = manifest_of_droplet {
        let app = next.clone();
        list.add(Phase::Push, "manifest", ApplyManifest { app, manifest, declared });
        let (app, before, checksum) = (next.clone(), newest_droplet(list.model(), next), origin.upload.clone());
        if let Some(copied) = copied {
            let (droplet, told) = (copied.droplet.guid.clone(), copied.told());
            list.add(Phase::Push, "copy-droplet", CopyDroplet { app, droplet, checksum, told, before });
        } else if let Some(file) = &list.app().droplet {
            let file = file.to_string_lossy().into_owned();
            list.add(Phase::Push, "upload-droplet", UploadDroplet { app, file, checksum, before });
        }
        return;
    }
    let before = origin.package_before.clone();
    list.add(Phase::Push, "push", Push { call: push, image, declared, before });
}

/// All that follows the upload, less what is done already and can be seen to be.
fn finish(
    list: &mut GraphBuilder<'_>,
    next: &AppName,
    old: Option<&AppName>,
    origin: &Origin,
    instances: u32,
    routers: RouterKnowledge,
) -> Result<(), Refusal> {
    let app = list.app();
    if !is_alone_on_live(app, next, list.model()) {
        bring_up(list, next, old, instances)?;
        if app.has_routes() {
            watch_health(list, next);
        }
        for (place, check) in app.checks.iter().enumerate().filter(|(_, check)| check.at().staging) {
            match (check, &app.staging) {
                (plan::Check::Local(check), Some(url)) => check_at(list, next, Some(url), check, instances),
                // Nothing of it is at work yet.
                (plan::Check::Local(_), None) => {}
                (plan::Check::Task(task), _) => {
                    let name = tasks::of_check(task, place, &origin.deployment.id);
                    check_by_task(list, next, name, task, instances);
                }
            }
        }
        list.map_live(Phase::Switch, next, &app.live, &|list, url| onward(list, next, old, url))?;
    }
    // A push takes all routes off the app. Those that the plan does not name are none of its business and come back; other apps may
    // be reached by them, too, so that not before the new version is checked.
    list.map_kept(Phase::Switch, next, &origin.kept_routes)?;
    // From here on nothing is taken off its routes or stopped unless the new version runs.
    list.rely_on(Some(Condition { app: next.to_string(), must: Must::Running { instances } }));
    if let Some(old) = old {
        list.unmap_live(Phase::Release, old, routers)?;
    }
    options::set(list, Phase::Release, next)?;
    // Also from one that is not live, and runs all the same.
    hand_over(list, Phase::HandOver, other(app, next), next)?;
    if !app.has_routes() {
        // Before that it does not run.
        watch_health(list, next);
        for check in app.checks.iter().filter_map(plan::Check::local) {
            check_at(list, next, None, check, instances);
        }
    }
    list.side_by_side(&mut [&mut |list| list.unmap_staging(Phase::Release, next), &mut |list| {
        look_at_live(list, next, instances);
        if let Some(old) = old {
            retire(list, old);
        }
        Ok(())
    }])?;
    list.rely_on(None);
    // Where no route tells which of the two is live, both are never marked so.
    if let Some(old) = old.filter(|_| !app.has_routes()) {
        list.role(Phase::Record, old, Role::Previous);
    }
    list.side_by_side(&mut [
        &mut |list| {
            if let Some(old) = old {
                list.role(Phase::Record, old, Role::Previous);
            }
            Ok(())
        },
        &mut |list| {
            list.record(Phase::Record, next);
            Ok(())
        },
    ])
}

/// Has the next colour checked, at a route where there is one.
fn check_at(list: &mut GraphBuilder<'_>, next: &AppName, url: Option<&RouteUrl>, check: &LocalCheck, instances: u32) {
    let name = match check {
        LocalCheck::Http(_) | LocalCheck::Command(_) => "check",
        LocalCheck::Approval(_) => "approval",
    };
    list.add(Phase::Check, name, Check { app: next.clone(), url: url.cloned(), wanted: check.clone(), instances });
}

/// Has a task check the next colour. One that is there was run by this deployment before it was interrupted.
fn check_by_task(list: &mut GraphBuilder<'_>, next: &AppName, name: String, task: &TaskCheck, instances: u32) {
    let TaskCheck { run, memory_mb, disk_mb, within, .. } = task;
    let is_begun = list.next_is(next, |app| app.task(&name).is_some());
    let size = TaskSize::of(run, *memory_mb, *disk_mb, next.as_str(), list.model());
    let (app, run, checks) = (next.clone(), run.clone(), Some(instances));
    list.add(Phase::Check, "task", RunTask { app, name, run, size, within: *within, is_begun, checks });
}

/// What the plan wants to be seen at the live routes before the old colour is let go.
fn look_at_live(list: &mut GraphBuilder<'_>, next: &AppName, instances: u32) {
    let app = list.app();
    // Of a route that the plan does not name nobody has said that it answers to the checks.
    let named: Vec<RouteUrl> = app.live.iter().filter(|url| !app.extra.contains(url)).cloned().collect();
    let urls: Vec<RouteUrl> =
        named.iter().filter(|url| preflight::closed(url, list.model()).is_none()).cloned().collect();
    for check in app.checks.iter().filter(|check| check.at().live).filter_map(plan::Check::local) {
        // A program may know ways of its own.
        let urls = if matches!(check, LocalCheck::Http(_)) { &urls } else { &named };
        for url in urls {
            let action = Check { app: next.clone(), url: Some(url.clone()), wanted: check.clone(), instances };
            list.add(Phase::Watch, "live-check", action);
        }
    }
    if let Some(wanted) = app.watch {
        let checks = app.http_checks().cloned().collect();
        list.add(Phase::Watch, "watch", Watch { app: next.clone(), urls, checks, wanted, instances });
    }
}

/// Watches whether the new version goes on running, where the plan says so.
fn watch_health(list: &mut GraphBuilder<'_>, next: &AppName) {
    if let Some(time) = list.app().health {
        list.add(Phase::Check, "health", Health { app: next.clone(), time });
    }
}

/// What becomes of the old colour once it is off its routes.
fn retire(list: &mut GraphBuilder<'_>, old: &AppName) {
    match list.app().old {
        plan::Old::Stop => list.drain_and_stop(Phase::Retire, old),
        plan::Old::Keep => {}
        plan::Old::Delete => {
            // Where it is not deleted, it is what it would be with `stop`.
            list.drain_and_stop(Phase::Retire, old);
            list.role(Phase::Retire, old, Role::Previous);
            let patience = list.app().timeouts.tasks;
            list.add(Phase::Retire, "delete", Delete { app: old.clone(), patience });
        }
    }
}

/// Binds, maps, stages and starts the next colour, as far as that is not done.
fn bring_up(list: &mut GraphBuilder<'_>, next: &AppName, old: Option<&AppName>, instances: u32) -> Result<(), Refusal> {
    // One that is started was set to what it is to be before that.
    let is_started = list.next_is(next, |app| app.state == AppState::Started);
    let equal = old.filter(|_| !is_started).map(|old| Equal::new(list, old, next));
    list.side_by_side(&mut [&mut |list| list.map_staging(Phase::Push, next, old), &mut |list| {
        if let Some(equal) = &equal {
            equal.set(list, false);
        }
        build(list, next);
        if let Some(equal) = &equal {
            equal.set(list, true);
        }
        Ok(())
    }])?;
    if !is_started {
        hold(list, Phase::Start, next);
    }
    let reached_at = list.app().staging.clone();
    let start = Start { app: next.clone(), instances, reached_at };
    match equal.filter(|_| list.creates(next)).and_then(Equal::condition) {
        Some(condition) => list.add_requiring(Phase::Start, "start", start, condition),
        None => list.add(Phase::Start, "start", start),
    }
    Ok(())
}

/// Binds and stages the next colour, as far as that is not done: buildpacks look at what is bound while they stage (CC:
/// `VCAP_SERVICES` is in the environment of a build), so that one comes before the other.
fn build(list: &mut GraphBuilder<'_>, next: &AppName) {
    let app = list.app();
    for service in &app.services {
        let by_manifest = app.manifest.app.services.iter().any(|named| named == service.as_str());
        let bound = list.next_is(next, |app| app.is_bound(service.as_str()));
        if !by_manifest && !bound {
            let (app, service) = (next.clone(), service.clone());
            list.add(Phase::Push, "bind", BindService { app, service, like: None, name: None, parameters: None });
        }
    }
    // A droplet was staged elsewhere.
    let staged = list.app().brings_droplet()
        || list.next_is(next, |app| match (&app.package, &app.staged) {
            (Some(package), Some(droplet)) => droplet.package.as_ref() == Some(&package.guid),
            (None, _) | (_, None) => false,
        });
    if !staged {
        list.add(Phase::Push, "stage", Stage { app: next.clone() });
    }
    let set = list.next_is(next, |app| app.droplet == app.staged.as_ref().map(|droplet| droplet.guid.clone()));
    if !staged || !set {
        list.add(Phase::Push, "set-droplet", SetDroplet { app: next.clone() });
    }
}

fn uploaded(space: &Space, next: &AppName, origin: &Origin) -> bool {
    space.app(next.as_str()).is_some_and(|app| is_uploaded(app, origin))
}

/// Whether somebody else has uploaded something to the app since, by the platform's record of its packages: of those that came
/// after the one before the deployment, an upload that was cut off and repeated leaves one that is ready.
fn is_uploaded_over(app: &App, origin: &Origin) -> bool {
    let packages = app.package.iter().chain(&app.older_packages);
    let since = packages.take_while(|package| Some(&package.guid) != origin.package_before.as_ref());
    since.filter(|package| package.ready).count() > 1
}

fn newest_droplet(space: &Space, next: &AppName) -> Option<String> {
    space.app(next.as_str()).and_then(|app| app.staged.as_ref()).map(|droplet| droplet.guid.clone())
}

fn newest_package(space: &Space, next: &AppName) -> Option<String> {
    space.app(next.as_str()).and_then(|app| app.package.as_ref()).map(|package| package.guid.clone())
}

/// The live routes that the old colour is to have back in a rollback: those that it holds, and those that an
/// interrupted deployment had taken off it.
fn routes_of_old(app: &plan::App, space: &Space, old: Option<&AppName>, next: &AppName) -> Vec<String> {
    let Some(old) = old else { return Vec::new() };
    let before = space.app(next.as_str()).filter(|_| is_under_way(space, next)).and_then(Origin::of);
    let had = before.filter(|origin| origin.old.as_deref() == Some(old.as_str())).map(|origin| origin.old_routes);
    let held = |url: &&RouteUrl| {
        space.is_mapped(old.as_str(), url)
            || match &had {
                Some(had) => had.iter().any(|one| *one == url.to_string()),
                // Nothing tells what the old colour held: what the next one holds must not be left to nobody.
                None => space.is_mapped(next.as_str(), url),
            }
    };
    app.live.iter().filter(held).map(ToString::to_string).collect()
}

/// The routes of the next colour that the plan does not name: those that it holds, and those that an interrupted push
/// has taken off it.
fn kept_routes(app: &plan::App, space: &Space, next: &AppName) -> Vec<String> {
    let Some(found) = space.app(next.as_str()) else { return Vec::new() };
    let mut routes = other_routes(app, space, found);
    if is_under_way(space, next) {
        let before = Origin::of(found).map(|origin| origin.kept_routes).unwrap_or_default();
        routes.extend(before.into_iter().filter(|url| !is_of_plan(app, url)));
        routes.sort();
        routes.dedup();
    }
    routes
}

impl GraphBuilder<'_> {
    /// Whether one of the steps so far creates the app.
    fn creates(&self, app: &AppName) -> bool {
        self.steps().iter().any(|step| matches!(&step.action, Action::CreateApp(create) if create.app == *app))
    }

    /// Asks something of the next colour as it will be.
    fn next_is(&self, next: &AppName, ask: impl FnOnce(&App) -> bool) -> bool {
        self.model().app(next.as_str()).is_some_and(ask)
    }

    /// Marks an app before anything of it is uploaded; one that is not there is created with its mark.
    fn mark_next(&mut self, phase: Phase, app: &AppName, annotations: Annotations) {
        let app = app.clone();
        if self.model().app(app.as_str()).is_some() {
            self.add(phase, "mark", Annotate { app, annotations });
            return;
        }
        let fills_in = !self.app().manifest.vars_files.is_empty();
        let manifest = &self.app().manifest.app;
        let kind = match manifest.lifecycle {
            None | Some(Lifecycle::Buildpack) => NewApp::Default,
            Some(Lifecycle::Docker) => NewApp::Docker,
            // What a vars file may have filled in is for no argument: the push sets it.
            Some(Lifecycle::Cnb) if fills_in => NewApp::Cnb { buildpacks: Vec::new() },
            Some(Lifecycle::Cnb) => NewApp::Cnb { buildpacks: manifest.buildpacks.clone() },
        };
        let space = self.model().space.guid.clone();
        self.add(phase, "create", CreateApp { app, space, kind, annotations });
    }

    /// Maps the staging route, where it is not mapped.
    fn map_staging(&mut self, phase: Phase, to: &AppName, old: Option<&AppName>) -> Result<(), Refusal> {
        let Some(url) = self.app().staging.clone() else { return Ok(()) };
        if !self.model().is_mapped(to.as_str(), &url) {
            let protocol = at_staging(self, to, old);
            self.map(phase, "map-staging", to, &url, false, protocol)?;
        }
        Ok(())
    }

    /// Unmaps the live routes from a colour that runs, also those that it does not hold any more, for the sake of the
    /// routers, and stops it.
    fn leave_and_stop(&mut self, phase: Phase, from: &AppName) -> Result<(), Refusal> {
        if self.model().app(from.as_str()).is_some_and(|app| app.state == AppState::Started) {
            self.unmap_live(phase, from, RouterKnowledge::Unsure)?;
            self.drain_and_stop(phase, from);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

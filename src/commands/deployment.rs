//! A deployment as all verbs see it: compiled and proved, run app by app, and taken back where it fails.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::plan::{self, AppName, Plan};
use crate::proof::{self, Proof};
use crate::report::preview::{self, AppPreview};
use crate::run::check::Checker;
use crate::run::execute::{Ended, Runner};
use crate::run::http::Client;
use crate::run::interrupt::Interrupt;
use crate::run::probe::Probe;
use crate::run::routers::Routers;
use crate::run::upload::{self, OwnFiles, Stray, UploadError};
use crate::shell::OwnCommands;
use crate::space::Space;
use crate::space::lock::Lock;
use crate::steps::annotations::Deployment;
use crate::steps::back::Failed;
use crate::steps::forward::Orders;
use crate::steps::refusal::Refusal;
use crate::steps::situation::{Situation, UnderWay, serving};
use crate::steps::upload::Upload;
use crate::steps::{self, Step, Verb};

use super::recovery::Recovery;
use super::reporters::Reporters;
use super::workplace::Workplace;
use super::{Ending, Trouble, tell};

/// What a deployment is compiled from, beside plan and space.
#[derive(Debug, Clone)]
pub struct Request {
    /// What was asked for.
    pub verb: Verb,
    /// Which deployment it is, if it is a new one.
    pub deployment: Deployment,
    /// What becomes of a version that is taken back.
    pub failed: Failed,
    /// The locks that there were before this run took them: a run that was killed has left them.
    pub locks: Vec<Lock>,
    /// What this run writes itself, which is none of what it uploads.
    pub own_files: OwnFiles,
}

impl Request {
    /// The deployment that the lock on an app tells of.
    fn locked(&self, app: &plan::App) -> Option<Deployment> {
        self.locks.iter().find(|lock| lock.app == app.name.as_str() && !lock.is_an_app).map(|lock| Deployment {
            id: lock.deployment.clone(),
            by: lock.by.clone(),
            at: lock.at.clone(),
        })
    }

    /// The deployment that is worked on: the one that is under way, or that a killed run was about to begin; else this
    /// one.
    pub fn claimed(&self, plan: &Plan, space: &Space) -> Deployment {
        let under_way = |app: &plan::App| Some(UnderWay::of(app, space)?.origin?.deployment);
        let id = match self.verb {
            Verb::Apply => None,
            Verb::Resume | Verb::Rollback => {
                plan.apps.iter().find_map(|app| self.locked(app).or_else(|| under_way(app))).map(|found| found.id)
            }
        };
        Deployment { id: id.unwrap_or_else(|| self.deployment.id.clone()), ..self.deployment.clone() }
    }
}

/// Compiled steps of all apps of a plan.
#[derive(Debug)]
pub struct Compiled<'a> {
    /// What was asked for.
    pub request: Request,
    /// App by app.
    pub apps: Vec<AppPreview<'a>>,
    /// What was found out about the routers; nothing yet.
    pub routers: Routers,
    /// The files to upload, by the plan's names of the apps, as far as they are needed.
    uploads: BTreeMap<AppName, Upload>,
}

/// Compiles what is asked for for all apps of the plan.
pub fn compile<'a>(plan: &'a Plan, space: &Space, request: &Request) -> Result<Compiled<'a>, Trouble> {
    let mut apps = Vec::new();
    let mut uploads = BTreeMap::new();
    let mut nothing = None;
    for app in &plan.apps {
        let compile = |upload: Option<&Upload>| {
            let orders = Orders { plan, app, deployment: &request.deployment, upload };
            steps::compile(request.verb, orders, request.locked(app).as_ref(), request.failed, space)
        };
        let steps = match compile(None) {
            // Only now are the files asked for: they need not be here once they are uploaded.
            Err(Refusal::NoUpload { .. }) => match files_to_upload(app, request)? {
                Some(upload) => compile(Some(uploads.entry(app.name.clone()).or_insert(upload))),
                None => compile(None),
            },
            steps => steps,
        };
        match steps {
            Ok(steps) => apps.push(AppPreview { app, situation: Situation::of(app, space)?, steps }),
            // Another app of the plan may have been interrupted.
            Err(refusal @ Refusal::NothingUnderWay { .. }) => nothing = Some(refusal),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    if let (true, Some(refusal)) = (apps.is_empty(), nothing) {
        return Err(refusal.into());
    }
    Ok(Compiled { request: request.clone(), apps, uploads, routers: Routers::default() })
}

impl Compiled<'_> {
    /// Asks the routers whether they can be asked about the routes that will change.
    pub fn ask_routers(&mut self, client: &Client, space: &Space) {
        self.routers = Routers::ask(client, space, self.apps.iter().flat_map(|app| &app.steps));
    }

    /// The files that this run writes itself and that cf would upload.
    pub fn written_into_uploads(&self) -> BTreeSet<Stray> {
        let of = |app: &AppPreview<'_>| Some(Stray::written(app.app, self.uploads.get(&app.app.name)?));
        self.apps.iter().filter_map(of).flatten().collect()
    }

    /// Proves what was compiled from this space. Fails with the shortest counterexample.
    pub fn prove(&self, plan: &Plan, space: &Space) -> Result<Proof, Trouble> {
        let Request { verb, deployment, .. } = &self.request;
        let prove = |app: &AppPreview<'_>| {
            // Whether the files are here is no question of the space: a new deployment brings its own.
            let new = Upload::nothing();
            let upload = self.uploads.get(&app.app.name).unwrap_or(&new);
            let orders = Orders { plan, app: app.app, deployment, upload: Some(upload) };
            // The lock that a killed run has left says what is resumed as long as no app tells of it.
            let lock = self.request.locked(app.app).filter(|_| *verb == Verb::Resume);
            let first = Cell::new(Some(app.steps.clone()));
            let compile = |next: Verb, space: &Space| {
                if let Some(steps) = first.take() {
                    return Ok(steps);
                }
                let nothing_told = next == Verb::Resume && UnderWay::of(app.app, space).is_none();
                steps::compile(next, orders, lock.as_ref().filter(|_| nothing_told), Failed::Stop, space)
            };
            proof::prove(app.app, *verb, space, &compile)
        };
        let proof = Proof::together(self.apps.iter().map(prove));
        if proof.holds { Ok(proof) } else { Err(Trouble::Unproved(proof.violations)) }
    }
}

/// Refuses a resume that would leave an app of the plan as something else than what the plan deploys, beside what is
/// under way.
pub fn rest_is_deployed(plan: &Plan, space: &Space, own_files: &OwnFiles) -> Result<(), Refusal> {
    let files = |app: &plan::App| files_here(app, own_files).map_err(|error| error.to_string());
    steps::deployed::check(plan, space, &files)
}

/// How a resume ends that has finished what was under way: other apps of the plan may not have been begun.
pub fn resumed(plan: &Plan, space: &Space, own_files: &OwnFiles, own: &OwnCommands) -> Ending {
    match rest_is_deployed(plan, space, own_files) {
        Ok(()) => Ending::Done,
        Err(refusal) => {
            tell(&format!("what was under way is finished; {refusal}\n{}", refusal.hint(own)));
            Ending::Stuck
        }
    }
}

/// The files to upload. `None` where they are not on the machine that is to go on.
fn files_to_upload(app: &plan::App, request: &Request) -> Result<Option<Upload>, Trouble> {
    Ok(match request.verb {
        Verb::Apply => Some(upload::read_all(app, &request.own_files)?),
        Verb::Resume | Verb::Rollback => files_here(app, &request.own_files)?,
    })
}

/// The files to upload, where they are here.
fn files_here(app: &plan::App, own_files: &OwnFiles) -> Result<Option<Upload>, UploadError> {
    if upload::is_here(app) { upload::read(app, own_files).map(Some) } else { Ok(None) }
}

/// Who deploys what, when: an id that no other deployment has.
pub fn identity(user: &str) -> Deployment {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_nanos()).unwrap_or_default();
    let unique = Sha256::digest(format!("{nanos} {} {user} {machine}", std::process::id()));
    let short = u32::from_be_bytes([unique[0], unique[1], unique[2], unique[3]]);
    let now = Timestamp::now();
    Deployment {
        id: format!("{}-{short:08x}", now.strftime("%Y%m%d-%H%M%S")),
        by: if user.is_empty() { machine } else { format!("{user} on {machine}") },
        at: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// What is needed to run compiled steps.
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct Running<'a> {
    /// The cf and the session.
    pub place: &'a Workplace,
    /// The plan.
    pub plan: &'a Plan,
    /// What ends the run early.
    pub interrupt: &'a Interrupt,
    /// Makes sure that the lock is held for a step, by the space as it was just read; says why it is not.
    pub hold: &'a dyn Fn(&Step, &Space) -> Result<(), String>,
}

/// Runs compiled steps app by app. What a failed deployment had done is taken back where that is safe; the apps after
/// it are not begun.
pub fn run(running: &Running<'_>, compiled: &Compiled<'_>, mut space: Space, reporters: &mut Reporters) -> Ending {
    let Running { place, plan, interrupt, hold } = running;
    reporters.hide(place.redactor());
    let observer = place.observer(plan);
    let router = Probe { client: &place.client, routers: &compiled.routers };
    let checks = Checker { client: &place.client, guard: place.cf.guard() };
    for app in &compiled.apps {
        let runner = Runner {
            app: app.app,
            cf: &place.cf,
            api: place.api(),
            reader: &observer,
            router: &router,
            checks: &checks,
            clock: *interrupt,
            hold: *hold,
        };
        if compiled.request.verb == Verb::Apply {
            reporters.note(&preview::live_heading(app));
        }
        let what = format!("{} {}", compiled.request.verb, app.app.name);
        let ended = runner.run(&what, &app.steps, &mut space, &mut |event| reporters.event(event));
        reporters.clear();
        let recovery = |space, reporters| Recovery { runner, plan, compiled, app, space, reporters };
        match ended {
            Ended::Done => reporters.success(&serving(app.app, &space)),
            Ended::Failed(failure) => {
                let after = recovery(&mut space, &mut *reporters).after(&failure);
                tell_others(compiled, app, &space, reporters);
                // Not every route is served as before where an app before this one is new.
                let some_are_new = after == Ending::Failed && place_of(compiled, app) > 0;
                if !some_are_new {
                    return after;
                }
                if let Some(own) = reporters.own() {
                    let apply = own.about(Verb::Apply, [&app.app.name]);
                    tell(&format!("{} is as before; to deploy it: {apply}", app.app.name));
                }
                return Ending::Stuck;
            }
            Ended::Stopped { step, why } => {
                let ending = recovery(&mut space, &mut *reporters).stopped(compiled.request.verb, &step, &why);
                tell_others(compiled, app, &space, reporters);
                return ending;
            }
            Ended::Interrupted { signal, step } => {
                tell(&format!("interrupted before step {step} was finished; nothing after it was started"));
                tell(&serving(app.app, &space));
                reporters.tell_ways(compiled.request.verb);
                tell_others(compiled, app, &space, reporters);
                return Ending::Interrupted(signal);
            }
        }
    }
    Ending::Done
}

/// Where the other apps of the plan stand when one of them did not come to its end: which ones are done, and which were
/// not begun, and the commands for either way. Nothing on the platform tells that they were to follow.
fn tell_others(compiled: &Compiled<'_>, failed: &AppPreview<'_>, space: &Space, reporters: &Reporters) {
    let Some(own) = reporters.own() else { return };
    let (before, from) = compiled.apps.split_at(place_of(compiled, failed));
    let name = |app: &AppPreview<'_>| app.app.name.to_string();
    let verb = compiled.request.verb;
    if !before.is_empty() {
        for app in before {
            tell(&format!("{} is done: {}", app.app.name, serving(app.app, space)));
        }
        let back: Vec<String> = before.iter().rev().filter(|app| app.situation.live().is_some()).map(name).collect();
        if verb != Verb::Rollback && !back.is_empty() {
            tell(&format!("to take that back: {}", own.about(Verb::Rollback, back)));
        }
    }
    let after: Vec<String> = from.iter().skip(1).map(name).collect();
    if !after.is_empty() {
        tell(&format!("not begun: {}", own.about(verb, after)));
    }
}

/// How many apps of the plan come before this one.
fn place_of(compiled: &Compiled<'_>, app: &AppPreview<'_>) -> usize {
    compiled.apps.iter().take_while(|other| other.app.name != app.app.name).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::steps::annotations::Role;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    #[test]
    fn steps_that_are_not_safe_are_refused_with_a_story() {
        let plan = example::plan(PLAN);
        let live = example::app("shop_a", true, 2, Some(Role::Live));
        let space = example::space(vec![live], [("shop.example.com", "shop_a")]);
        let request = Request {
            verb: Verb::Apply,
            deployment: example::deployment(),
            failed: Failed::Stop,
            locks: Vec::new(),
            own_files: OwnFiles::default(),
        };
        let upload = example::upload();
        let orders = Orders { plan: &plan, app: &plan.apps[0], deployment: &request.deployment, upload: Some(&upload) };
        let steps = steps::compile(Verb::Apply, orders, None, Failed::Stop, &space).unwrap();
        let situation = Situation::of(&plan.apps[0], &space).unwrap();
        let mut compiled = Compiled {
            request: request.clone(),
            apps: vec![AppPreview { app: &plan.apps[0], situation, steps }],
            routers: Routers::default(),
            uploads: BTreeMap::from([(plan.apps[0].name.clone(), upload)]),
        };
        assert!(compiled.prove(&plan, &space).unwrap().holds);

        compiled.apps[0].steps.retain(|step| !step.id.starts_with("shop/map-live"));
        let refused = compiled.prove(&plan, &space).unwrap_err();
        assert_eq!(refused.ending().code(), 4);
        let told = refused.to_string();
        for words in ["the steps would not be safe", "shop/unmap-live", "its users get 404 Not Found"] {
            assert!(told.contains(words), "'{words}' is not in:\n{told}");
        }
    }

    #[test]
    fn the_lock_of_a_killed_run_says_what_is_resumed_again() {
        let plan = example::plan(PLAN);
        let live = example::app("shop_a", true, 2, Some(Role::Live));
        let space = example::space(vec![live], [("shop.example.com", "shop_a")]);
        let mut request = Request {
            verb: Verb::Resume,
            deployment: example::deployment(),
            failed: Failed::Stop,
            locks: vec![example::lock()],
            own_files: OwnFiles::default(),
        };
        let upload = example::upload();
        let orders = Orders { plan: &plan, app: &plan.apps[0], deployment: &request.deployment, upload: Some(&upload) };
        let lock = request.locked(&plan.apps[0]);
        let steps = steps::compile(Verb::Resume, orders, lock.as_ref(), Failed::Stop, &space).unwrap();
        let mut cases = Vec::new();
        for locks in [request.locks.clone(), Vec::new()] {
            request.locks = locks;
            let situation = Situation::of(&plan.apps[0], &space).unwrap();
            let compiled = Compiled {
                request: request.clone(),
                apps: vec![AppPreview { app: &plan.apps[0], situation, steps: steps.clone() }],
                routers: Routers::default(),
                uploads: BTreeMap::from([(plan.apps[0].name.clone(), upload.clone())]),
            };
            cases.push(compiled.prove(&plan, &space).unwrap().cases);
        }
        assert!(cases[0] > cases[1], "with the lock it is resumed once more before its first change: {cases:?}");
    }
}

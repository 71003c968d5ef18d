//! A deployment as all verbs see it: compiled, run, and taken back where it fails.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::plan::{self, Plan};
use crate::proof::{self, Proof};
use crate::report::preview::{self, AppPreview};
use crate::run::event::Event;
use crate::run::execute::{Ended, Failure, Runner};
use crate::run::interrupt::Interrupt;
use crate::space::Space;
use crate::steps::annotations::Deployment;
use crate::steps::situation::Situation;
use crate::steps::{Heading, Step, deploy, fallback};

use super::reporters::Reporters;
use super::workplace::Workplace;
use super::{Ending, Trouble, tell};

/// Compiled steps of all apps of a plan, and what was proved of them.
#[derive(Debug)]
pub struct Compiled<'a> {
    /// App by app.
    pub apps: Vec<AppPreview<'a>>,
    /// What was proved.
    pub proof: Proof,
}

/// Compiles the deployment of all apps of the plan, and proves it.
pub fn compile<'a>(plan: &'a Plan, space: &Space, deployment: &Deployment) -> Result<Compiled<'a>, Trouble> {
    compile_with(plan, space, |app| deploy::compile(plan, app, space, deployment))
}

/// Compiles the fallback of all apps of the plan, and proves it.
pub fn compile_fallback<'a>(plan: &'a Plan, space: &Space) -> Result<Compiled<'a>, Trouble> {
    compile_with(plan, space, |app| fallback::compile(app, space))
}

fn compile_with<'a>(
    plan: &'a Plan,
    space: &Space,
    steps: impl Fn(&plan::App) -> Result<Vec<Step>, crate::steps::refusal::Refusal>,
) -> Result<Compiled<'a>, Trouble> {
    let mut apps = Vec::new();
    for app in &plan.apps {
        apps.push(AppPreview { app, situation: Situation::of(app, space)?, steps: steps(app)? });
    }
    let proof = Proof::together(apps.iter().map(|app| proof::walk(app.app, space, &app.steps)));
    if proof.holds { Ok(Compiled { apps, proof }) } else { Err(Trouble::Unproved(proof.violations)) }
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

/// Runs the compiled deployment app by app. What a failed one had done is taken back where that is safe; the apps after
/// it are not begun.
pub fn run(
    place: &Workplace,
    plan: &Plan,
    compiled: &Compiled<'_>,
    mut space: Space,
    interrupt: &Interrupt,
    reporters: &mut Reporters,
) -> Ending {
    reporters.hide(place.redactor());
    let observer = place.observer(plan);
    let runner = Runner { cf: &place.cf, observer: &observer, client: &place.client, interrupt };
    for app in &compiled.apps {
        let what = format!("deploy {}", app.app.name);
        reporters.note(&preview::live_heading(app));
        match runner.run(&what, &app.steps, &mut space, &mut |event| reporters.event(event)) {
            Ended::Done => {
                reporters.success(&format!("{} serves {}", app.situation.next(), live_routes(app.app)));
            }
            Ended::Failed(failure) => return take_back(&runner, app, &failure, &mut space, reporters),
            Ended::Interrupted { signal, step } => {
                reporters.clear();
                tell(&format!("interrupted before step {step} was finished; nothing after it was started"));
                tell(&serving(app.app, &space));
                tell("go on with cutover apply, or go back with cutover rollback; see cutover status");
                return Ending::Interrupted(signal);
            }
        }
    }
    Ending::Done
}

/// Runs the compiled fallback app by app; where a step fails, the rest is left to a person.
pub fn fall_back(
    place: &Workplace,
    plan: &Plan,
    compiled: &Compiled<'_>,
    space: &mut Space,
    interrupt: &Interrupt,
    reporters: &mut Reporters,
) -> Ending {
    reporters.hide(place.redactor());
    let observer = place.observer(plan);
    let runner = Runner { cf: &place.cf, observer: &observer, client: &place.client, interrupt };
    for app in &compiled.apps {
        let what = format!("fall back {}", app.app.name);
        match runner.run(&what, &app.steps, space, &mut |event| reporters.event(event)) {
            Ended::Done => reporters.success(&serving(app.app, space)),
            Ended::Failed(failure) => {
                tell(&serving(app.app, space));
                tell("what is left of the fallback:");
                tell_commands(app.steps.iter().skip_while(|step| step.id != failure.step.id));
                return Ending::Stuck;
            }
            Ended::Interrupted { signal, step } => {
                reporters.clear();
                tell(&format!("interrupted before step {step} was finished; nothing after it was started"));
                tell(&serving(app.app, space));
                return Ending::Interrupted(signal);
            }
        }
    }
    Ending::Done
}

/// After a failed step: the new colour is taken off its routes again while the old one serves; after the switch, where
/// there is no going back without a word, the rest is left to a person.
fn take_back(
    runner: &Runner<'_>,
    app: &AppPreview<'_>,
    failure: &Failure,
    space: &mut Space,
    reporters: &mut Reporters,
) -> Ending {
    let next = app.situation.next();
    if failure.step.heading > Heading::UnmapLive {
        tell(&format!("{next} is live and serves {}; what is left to do:", live_routes(app.app)));
        let left = app.steps.iter().skip_while(|step| step.id != failure.step.id);
        tell_commands(left);
        return Ending::Stuck;
    }
    let sections = crate::space::condition::Section::ALL;
    let retreat = runner.look(space, &sections).map_err(|error| error.to_string()).and_then(|()| {
        fallback::retreat(app.app, space, app.situation.live(), next).map_err(|error| error.to_string())
    });
    let steps = match retreat {
        Ok(steps) => steps,
        Err(why) => {
            tell(&format!("what was done so far could not be taken back: {why}"));
            tell("look with cutover status, then go back with cutover rollback");
            return Ending::Stuck;
        }
    };
    let what = format!("take {next} back");
    // The deployment is not done by this, whoever waits for that event.
    let mut report = |event: &Event<'_>| {
        if !matches!(event, Event::Done { .. }) {
            reporters.event(event);
        }
    };
    match runner.run(&what, &steps, space, &mut report) {
        Ended::Done => {
            reporters.event(&Event::RolledBack { complete: true });
            tell(&serving(app.app, space));
            tell(&format!("{next} is off the live routes; look at it with cf logs {next} --recent"));
            Ending::Failed
        }
        Ended::Failed(failure) => {
            reporters.event(&Event::RolledBack { complete: false });
            tell(&serving(app.app, space));
            tell("what is left to take back:");
            tell_commands(steps.iter().skip_while(|step| step.id != failure.step.id));
            Ending::Stuck
        }
        Ended::Interrupted { signal, .. } => {
            reporters.clear();
            reporters.event(&Event::RolledBack { complete: false });
            tell(&serving(app.app, space));
            Ending::Interrupted(signal)
        }
    }
}

/// Says which app serves the live routes, by what was last read.
pub fn serving(app: &plan::App, space: &Space) -> String {
    let told: Vec<String> = app
        .live
        .iter()
        .map(|url| match space.holders(url).as_slice() {
            [] => format!("no app serves {url}"),
            [one] => format!("{one} serves {url}"),
            several => format!("{} serve {url}", several.join(" and ")),
        })
        .collect();
    told.join("; ")
}

/// Prints the commands that are left, ready to be copied.
pub fn tell_commands<'a>(steps: impl Iterator<Item = &'a Step>) {
    for step in steps {
        if let Some(invocation) = &step.invocation {
            tell(&format!("  {}", invocation.shell()));
        }
    }
}

fn live_routes(app: &plan::App) -> String {
    app.live.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

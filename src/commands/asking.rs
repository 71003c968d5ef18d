//! What somebody agrees to, and what is made of that under the lock: looked at again, run, and what it leaves judged.

use std::time::{Duration, Instant};

use crate::cli::prompt::{Consent, question};
use crate::cli::{CliError, ExitStatus};
use crate::event::Happening;
use crate::plan::{self, Plan};
use crate::report::{preview, quotas};
use crate::run::executor::runner::Hold;
use crate::run::reading::parts::Parts;
use crate::run::reading::reader::{Unread, refresh_patiently};
use crate::run::waiting::clock::Clock;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;
use crate::space::section::Section;
use crate::steps::interrupted::{live_origin, newest_in_force};
use crate::steps::refusal::Refusal;
use crate::steps::standing::{UnderWay, serving};
use crate::steps::{Request, Verb};

use super::approval::Approval;
use super::context::Context;
use super::operate::{InSession, Look};
use super::prepare::{self, Prepared};
use super::reporters::Reporters;

/// What was read so recently is read again under the lock only as far as a deployment changes it.
const RECENTLY: Duration = Duration::from_secs(10);
/// What was read just now is read again only as far as it tells of locks and marks: nobody takes a lock, deploys and gives it back
/// in so short a time.
const MOMENT: Duration = Duration::from_secs(1);
/// What is read again under the lock else. (A deployment of the platform's own shows in the processes.)
const WHAT_MAY_CHANGE: &[Section] =
    &[Section::Apps, Section::Routes, Section::Processes, Section::Packages, Section::Settings];

/// What somebody has agreed to.
pub(super) struct Agreed<'p> {
    pub(super) prepared: Prepared<'p>,
    /// When the space was read that it was compiled for.
    pub(super) read: Instant,
}

/// What somebody is to agree to, and who.
pub(super) struct Asking<'a> {
    pub(super) context: &'a Context,
    pub(super) plan: &'a Plan,
    pub(super) request: Request,
    pub(super) consent: &'a Consent,
    /// Who answers the questions of the plan.
    pub(super) approval: Approval<'a>,
    pub(super) reporters: &'a Reporters,
}

impl<'a> Asking<'a> {
    /// Compiles what is asked for, proves it, finds out whether the routers can be asked, and has a person agree to it.
    pub(super) fn agree(&self, space: &Space, clock: &dyn Clock) -> Result<Prepared<'a>, CliError> {
        let Self { context, plan, request, consent, reporters, .. } = self;
        let mut prepared = Prepared::new(plan, space, request.clone(), &reporters.own_files())?;
        prepared.ask_routers(&context.client, space);
        prepared.can_be_checked()?;
        if let Consent::Given = consent {
            for note in preview::routers(&prepared.routers) {
                reporters.note(&note);
            }
        }
        for stray in prepared.written_into_uploads() {
            reporters.note(&stray.warning());
        }
        let shown = shown(plan, space, &prepared);
        consent.ask(&context.redactor().shown(&shown), question(request.verb), clock)?;
        Ok(prepared)
    }

    /// Under the lock: makes sure that what was agreed to still fits the space, and runs it.
    pub(super) fn under_lock(
        &self,
        agreed: Option<&Agreed<'a>>,
        mut space: Space,
        interrupt: &Interrupt,
        hold: &Hold<'_>,
    ) -> Result<ExitStatus, CliError> {
        let mut told = false;
        let mut tell_once = |trouble: &str| {
            if !std::mem::replace(&mut told, true) {
                self.reporters.note(trouble);
            }
        };
        let note = |text: &str| self.reporters.note(text);
        let observer = self.context.observer_for(self.plan, self.request.verb).telling(&note);
        let mut refresh = |space: &mut Space, parts: &Parts| {
            refresh_patiently(&observer, interrupt, space, parts, &mut tell_once)
                .map_err(|Unread { error, stop }| stop.map_or_else(|| error.into(), CliError::Stopped))
        };
        if let Some(agreed) = agreed {
            // Somebody may have deployed since, up to the moment at which the lock was taken: whoever has, has left marks on apps.
            let now = interrupt.now();
            let age = now.duration_since(agreed.read);
            let is_recent = age < RECENTLY;
            let before = space.clone();
            let (read, parts) = if age < MOMENT {
                (agreed.read, Parts::new(&[Section::Apps], None))
            } else if is_recent {
                (now, Parts::new(WHAT_MAY_CHANGE, None))
            } else {
                (now, Parts::all())
            };
            refresh(&mut space, &parts)?;
            if is_recent && !is_same(&before, &space) {
                refresh(&mut space, &Parts::all())?;
            }
            let again =
                prepare::compile(self.plan, &space, agreed.prepared.request.clone(), &self.reporters.own_files());
            if again.is_ok_and(|(_, again)| again == agreed.prepared.deployment) {
                return Ok(self.run(&agreed.prepared, Look { space, read }, interrupt, hold));
            }
            self.reporters.note("the space has changed meanwhile");
        }
        let read = interrupt.now();
        refresh(&mut space, &Parts::all())?;
        let prepared = match self.agree(&space, interrupt) {
            Err(CliError::NotAgreed) if agreed.is_none() => {
                self.reporters.note("the run that was at work has ended, and nothing was done after it:");
                self.plan.apps.iter().for_each(|app| self.reporters.note(&serving(app, &space)));
                if let Some(own) = self.reporters.own() {
                    self.reporters.report(Happening::Hint { text: own.ways(Verb::Resume) });
                }
                return Err(CliError::NotAgreed);
            }
            Err(CliError::Refused(Refusal::NothingUnderWay { .. })) => return self.nothing_under_way(&space),
            prepared => prepared?,
        };
        Ok(self.run(&prepared, Look { space, read }, interrupt, hold))
    }

    /// A rollback is finished, which leaves what was there before; something else may still be under way.
    fn after_finished_rollback(&self, space: &Space) -> ExitStatus {
        let is_left = |app: &&plan::App| UnderWay::of(app, space).is_some();
        let left: Vec<String> = self.plan.apps.iter().filter(is_left).map(|app| app.name.to_string()).collect();
        if left.is_empty() {
            return ExitStatus::Done;
        }
        let text = format!("the rollback is finished; under way is still: {}", left.join(", "));
        self.reporters.report(Happening::Note { text });
        if let Some(own) = self.reporters.own() {
            self.reporters.report(Happening::Hint { text: own.ways(Verb::Resume) });
        }
        ExitStatus::Stuck
    }

    /// Nothing is under way: for a resume that is well only where what runs is what the plan deploys.
    pub(super) fn nothing_under_way(&self, space: &Space) -> Result<ExitStatus, CliError> {
        let verb = self.request.verb;
        if verb == Verb::Resume {
            prepare::rest_is_deployed(&self.context.api(), self.plan, space, &self.reporters.own_files())
                .map_err(|error| prepare::what_to_start(error, self.plan, space))?;
        }
        self.reporters.note(&nothing_under_way(verb, self.plan, space));
        Ok(ExitStatus::Done)
    }

    fn run(&self, prepared: &Prepared<'a>, mut look: Look, interrupt: &Interrupt, hold: &Hold<'_>) -> ExitStatus {
        let Self { context, plan, approval, reporters, .. } = *self;
        let session = InSession { context, plan, approval, reporters };
        let status = session.operate(prepared, &mut look, interrupt, hold);
        if status != ExitStatus::Done || prepared.request.verb != Verb::Resume {
            return status;
        }
        if prepared.deployment.verb == Verb::Rollback {
            return self.after_finished_rollback(&look.space);
        }
        let space = look.space;
        // What was under way is finished: other apps of the plan may not have been deployed at all. (Those that an earlier run
        // of this deployment has done are, wherever their files are.)
        let done = newest_in_force(plan, &space).map(|newest| newest.deployment.id);
        let is_done = |app: &plan::App| {
            prepared.deployment.apps.iter().any(|part| part.app.name == app.name)
                || live_origin(app, &space).is_some_and(|own| Some(&own.deployment.id) == done.as_ref())
        };
        let (done, apps): (Vec<_>, Vec<_>) = plan.apps.iter().cloned().partition(is_done);
        // What was uploaded before is what was finished: where other files are here by now, that is told.
        let done = Plan { apps: done, ..(*plan).clone() };
        if let Err(Refusal::NotDeployed { apps }) = prepare::has_these_files(&done, &space, &reporters.own_files()) {
            for (name, why) in apps {
                reporters.note(&format!("note: {name}: {why}"));
            }
        }
        match prepare::rest_is_deployed(
            &context.api(),
            &Plan { apps, ..(*plan).clone() },
            &space,
            &reporters.own_files(),
        ) {
            Ok(()) => ExitStatus::Done,
            Err(CliError::Refused(refusal)) => {
                let rest = match &refusal {
                    Refusal::NotDeployed { apps } => {
                        apps.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect::<Vec<_>>().concat()
                    }
                    other => format!(" {other}"),
                };
                let text =
                    format!("what was under way is finished; other apps of the plan are not what it deploys:{rest}");
                reporters.report(Happening::Note { text });
                if let Some(own) = reporters.own() {
                    reporters.report(Happening::Hint { text: refusal.hint(&own) });
                }
                ExitStatus::Stuck
            }
            Err(error) => {
                let text = "what was under way is finished; whether the other apps of the plan are what it deploys is not known";
                reporters.report(Happening::Note { text: format!("{text}: {error}") });
                if let Some(own) = reporters.own() {
                    reporters.report(Happening::Hint { text: own.ways(Verb::Resume) });
                }
                ExitStatus::Stuck
            }
        }
    }
}

/// Whether nothing has changed between two looks that a deployment changes, or leaves marks on.
fn is_same(before: &Space, now: &Space) -> bool {
    // Locks, and how instances fare, change all the time.
    before.apps == now.apps && before.routes == now.routes
}

fn nothing_under_way(verb: Verb, plan: &Plan, space: &Space) -> String {
    let told: Vec<String> = plan.apps.iter().map(|app| serving(app, space)).collect();
    let why = match verb {
        Verb::Resume => "what runs is what this plan deploys",
        Verb::Apply | Verb::Rollback => "no deployment is under way",
    };
    let verb = match verb {
        Verb::Apply | Verb::Resume => verb.as_str(),
        Verb::Rollback => "roll back",
    };
    format!("nothing to {verb}: {why}; {}", told.join("; "))
}

/// What will be done, for whoever is asked.
fn shown(plan: &Plan, space: &Space, prepared: &Prepared<'_>) -> String {
    let mut parts = vec![preview::text(plan, space, &prepared.deployment)];
    parts.extend(preview::routers(&prepared.routers).into_iter().map(|note| note + "\n"));
    let Prepared { deployment, .. } = prepared;
    let quotas = quotas::table(&deployment.courses(space), deployment.apps_at_once);
    format!("{}{quotas}{}", parts.join("\n"), preview::proof_line(&prepared.proof))
}

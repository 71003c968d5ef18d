//! What somebody agrees to, and what is made of that under the lock: looked at again, and run.

use std::time::{Duration, Instant};

use crate::cli::prompt::{Consent, question};
use crate::cli::{CliError, ExitStatus};
use crate::event::Happening;
use crate::plan::Plan;
use crate::report::{preview, quotas};
use crate::run::executor::runner::Hold;
use crate::run::reading::parts::Parts;
use crate::run::reading::reader::{Unread, refresh_patiently};
use crate::run::waiting::clock::Clock;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;
use crate::space::section::Section;
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::standing::serving;
use crate::steps::{Request, Verb};

use super::operate::{Look, RunContext};
use super::prepare::{self, Prepared};

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
    pub(super) run: RunContext<'a>,
    pub(super) request: Request,
    pub(super) consent: &'a Consent,
}

impl<'a> Asking<'a> {
    /// Compiles what is asked for, proves it, finds out whether the routers can be asked, and has a person agree to it.
    pub(super) fn agree(&self, space: &Space, clock: &dyn Clock) -> Result<Prepared<'a>, CliError> {
        let Self { run: RunContext { context, plan, reporters, .. }, request, consent } = self;
        let mut prepared = Prepared::new(plan, space, request.clone(), &reporters.own_files())?;
        prepared.ask_routers(&context.client, space);
        prepared.can_be_checked()?;
        if let Consent::Given = consent {
            let of_rollback = preview::notes_of_rollback(&prepared.deployment, space);
            for note in preview::routers(&prepared.routers).into_iter().chain(of_rollback) {
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
        let RunContext { context, plan, reporters, .. } = self.run;
        let mut told = false;
        let mut tell_once = |trouble: &str| {
            if !std::mem::replace(&mut told, true) {
                reporters.note(trouble);
            }
        };
        let observer = context.observer_for(plan, self.request.verb);
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
            let again = prepare::compile(plan, &space, agreed.prepared.request.clone(), &reporters.own_files());
            if again.is_ok_and(|(_, again)| again == agreed.prepared.deployment) {
                return Ok(self.carry_out(&agreed.prepared, Look { space, read }, interrupt, hold));
            }
            reporters.note("the space has changed meanwhile");
        }
        let read = interrupt.now();
        refresh(&mut space, &Parts::all())?;
        let prepared = match self.agree(&space, interrupt) {
            Err(CliError::NotAgreed) if agreed.is_none() => {
                reporters.note("the run that was at work has ended, and nothing was done after it:");
                plan.apps.iter().for_each(|app| reporters.note(&serving(app, &space)));
                if let Some(own) = reporters.own() {
                    reporters.report(Happening::Hint { text: own.ways(Verb::Resume) });
                }
                return Err(CliError::NotAgreed);
            }
            Err(CliError::Refused(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }))) => {
                return self.nothing_under_way(&space);
            }
            prepared => prepared?,
        };
        Ok(self.carry_out(&prepared, Look { space, read }, interrupt, hold))
    }

    fn carry_out(&self, prepared: &Prepared<'a>, mut look: Look, interrupt: &Interrupt, hold: &Hold<'_>) -> ExitStatus {
        let status = self.run.operate(prepared, &mut look, interrupt, hold);
        if status != ExitStatus::Done || prepared.request.verb != Verb::Resume {
            return status;
        }
        if prepared.deployment.verb == Verb::Rollback {
            return self.after_finished_rollback(&look.space);
        }
        self.after_resume(prepared, &look.space)
    }
}

/// Whether nothing has changed between two looks that a deployment changes, or leaves marks on.
fn is_same(before: &Space, now: &Space) -> bool {
    // Locks, and how instances fare, change all the time.
    before.apps == now.apps && before.routes == now.routes
}

/// What will be done, for whoever is asked.
fn shown(plan: &Plan, space: &Space, prepared: &Prepared<'_>) -> String {
    let mut parts = vec![preview::text(plan, space, &prepared.deployment)];
    parts.extend(preview::routers_shown(&prepared.routers).into_iter().map(|note| note + "\n"));
    let Prepared { deployment, .. } = prepared;
    let quotas = quotas::table(&deployment.courses(space), deployment.apps_at_once);
    format!("{}{quotas}{}", parts.join("\n"), preview::proof_line(&prepared.proof))
}

//! What is prepared, run in a session and told to the reporters.

use std::time::Instant;

use crate::cli::{CliError, ExitStatus};
use crate::plan::Plan;
use crate::run::executor::runner::{Hold, Runner};
use crate::run::operation::Operation;
use crate::run::routes::check::Checker;
use crate::run::routes::probe::Probe;
use crate::run::waiting::interrupt::Interrupt;
use crate::space::Space;

use super::approval::Approval;
use super::context::Context;
use super::prepare::Prepared;
use super::reporters::Reporters;

/// The space as it was seen last.
pub(crate) struct Look {
    /// The space.
    pub(crate) space: Space,
    /// When that which a deployment hangs on was read of it.
    pub(crate) read: Instant,
}

/// What a run needs beside what is to be done: where, by whom it is told, and who answers.
pub(crate) struct RunContext<'a> {
    pub(crate) context: &'a Context,
    pub(crate) plan: &'a Plan,
    /// Who answers the questions of the plan.
    pub(crate) approval: Approval<'a>,
    pub(crate) reporters: &'a Reporters,
}

impl RunContext<'_> {
    /// Runs what is prepared, and tells the reporters of it.
    pub(crate) fn operate(
        &self,
        prepared: &Prepared<'_>,
        look: &mut Look,
        interrupt: &Interrupt,
        hold: &Hold<'_>,
    ) -> ExitStatus {
        let Self { context, plan, approval, reporters } = self;
        let observer = context.observer_for(plan, prepared.request.verb);
        let runner = Runner {
            cf: &context.cf,
            api: context.api(),
            reader: &observer,
            router: &Probe { client: &context.client, routers: &prepared.routers },
            checks: &Checker { client: &context.client, guard: context.cf.guard(), approver: approval },
            clock: interrupt,
            hold,
            read: look.read,
            lanes: prepared.deployment.lanes,
        };
        let own = reporters.own();
        let (request, deployment) = (&prepared.request, &prepared.deployment);
        let operation = Operation { runner, plan, request, deployment, own: own.as_ref() };
        let outcome = operation.run(&mut look.space, &mut |what| reporters.report(what));
        reporters.note_live(plan, &look.space);
        outcome.into()
    }
}

/// Catches signals from here on; the first one is answered at once, whatever is under way.
pub(crate) fn catch(reporters: &Reporters) -> Result<Interrupt, CliError> {
    Interrupt::catch(reporters.teller()).map_err(|source| CliError::Io { what: "signals could not be caught", source })
}

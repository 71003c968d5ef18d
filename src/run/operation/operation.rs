//! An apply, a resume or a rollback of a plan as a whole, and what is told wherever it is dealt with.

use crate::event::{Happening, Report};
use crate::own_commands::OwnCommands;
use crate::plan::{self, Plan};
use crate::run::executor::runner::Runner;
use crate::space::Space;
use crate::steps::put_back::PutBack;
use crate::steps::standing::serving;
use crate::steps::{Deployment, Request, Verb};

/// An operation that is ready to run.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    /// What runs steps.
    pub(crate) runner: Runner<'a>,
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// What is asked for.
    pub(crate) request: &'a Request,
    /// What is done for it.
    pub(crate) deployment: &'a Deployment<'a>,
    /// What people are told to type. `None` where there is nothing that could be gone on with.
    pub(crate) own: Option<&'a OwnCommands>,
}

impl Operation<'_> {
    /// Tells how it goes on or back from here, after what `verb` had in flight.
    pub(super) fn hint_ways(&self, verb: Verb, report: &mut Report<'_>) {
        if let Some(own) = self.own {
            report(Happening::Hint { text: own.ways(verb) });
        }
    }
}

/// Tells where an app stands and, where nothing serves it any more that did, how that comes back.
pub(super) fn stands(app: &plan::App, space: &Space, report: &mut Report<'_>) {
    report(Happening::Stands { app: app.name.to_string(), told: serving(app, space) });
    if let Some(put_back) = PutBack::of(app, space) {
        report(Happening::Hint { text: put_back.told() });
    }
}

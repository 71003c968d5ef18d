//! What `resume` and `rollback` say of the rest of a plan where they have come to their end, or where nothing is under way.

use crate::cli::{CliError, ExitStatus};
use crate::event::Happening;
use crate::plan::{self, Plan};
use crate::space::Space;
use crate::steps::Verb;
use crate::steps::interrupted::{live_origin, newest_in_force};
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::standing::{UnderWay, serving};

use super::asking::Asking;
use super::operate::RunContext;
use super::prepare::{self, Prepared};

impl Asking<'_> {
    /// A rollback is finished, which leaves what was there before; something else may still be under way.
    pub(super) fn after_finished_rollback(&self, space: &Space) -> ExitStatus {
        let is_left = |app: &&plan::App| UnderWay::of(app, space).is_some();
        let left: Vec<String> = self.run.plan.apps.iter().filter(is_left).map(|app| app.name.to_string()).collect();
        if left.is_empty() {
            return ExitStatus::Done;
        }
        let text = format!("the rollback is finished; under way is still: {}", left.join(", "));
        self.run.reporters.report(Happening::Note { text });
        if let Some(own) = self.run.reporters.own() {
            self.run.reporters.report(Happening::Hint { text: own.ways(Verb::Resume) });
        }
        ExitStatus::Stuck
    }

    /// Nothing is under way: for a resume that is well only where what runs is what the plan deploys.
    pub(super) fn nothing_under_way(&self, space: &Space) -> Result<ExitStatus, CliError> {
        let verb = self.request.verb;
        if verb == Verb::Resume {
            prepare::rest_is_deployed(&self.run.context.api(), self.run.plan, space, &self.run.reporters.own_files())
                .map_err(|error| prepare::what_to_start(error, self.run.plan, space))?;
        }
        self.run.reporters.note(&nothing_under_way(verb, self.run.plan, space));
        Ok(ExitStatus::Done)
    }

    /// What was under way is finished: other apps of the plan may not have been deployed at all. (Those that an earlier run of
    /// this deployment has done are, wherever their files are.)
    pub(super) fn after_resume(&self, prepared: &Prepared<'_>, space: &Space) -> ExitStatus {
        let RunContext { context, plan, reporters, .. } = self.run;
        let done = newest_in_force(plan, space).map(|newest| newest.deployment.id);
        let is_done = |app: &plan::App| {
            prepared.deployment.apps.iter().any(|part| part.app.name == app.name)
                || live_origin(app, space).is_some_and(|own| Some(&own.deployment.id) == done.as_ref())
        };
        let part = |apps: Vec<plan::App>| Plan { apps, ..plan.clone() };
        let (done, rest): (Vec<_>, Vec<_>) = plan.apps.iter().cloned().partition(is_done);
        // What was uploaded before is what was finished: where other files are here by now, that is told.
        if let Err(Refusal::UnderWay(UnderWayRefusal::NotDeployed { apps })) =
            prepare::has_these_files(&part(done), space, &reporters.own_files())
        {
            for (name, why) in &apps {
                reporters.note(&format!("note: {name}: {why}"));
            }
            if let Some(own) = reporters.own() {
                let apply = own.about("apply", apps.iter().map(|(name, _)| name.as_str()));
                reporters.report(Happening::Hint { text: format!("to deploy what is here: {apply}") });
            }
        }
        let Err(error) = prepare::rest_is_deployed(&context.api(), &part(rest), space, &reporters.own_files()) else {
            return ExitStatus::Done;
        };
        let others = match &error {
            CliError::Refused(Refusal::UnderWay(UnderWayRefusal::NotDeployed { apps })) => {
                let told = apps.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect::<Vec<_>>().concat();
                format!("other apps of the plan are not what it deploys:{told}")
            }
            CliError::Refused(other) => format!("other apps of the plan are not what it deploys: {other}"),
            error => format!("whether the other apps of the plan are what it deploys is not known: {error}"),
        };
        reporters.report(Happening::Note { text: format!("what was under way is finished; {others}") });
        if let Some(own) = reporters.own() {
            let text =
                if let CliError::Refused(refusal) = &error { refusal.hint(&own) } else { own.ways(Verb::Resume) };
            reporters.report(Happening::Hint { text });
        }
        ExitStatus::Stuck
    }
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

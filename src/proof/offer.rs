//! Whether a verb can be offered: nothing is offered that would be refused when it is typed.

use crate::plan::{self, LocalCheck, Plan};
use crate::space::Space;
use crate::space::lock::Lock;
use crate::steps::action::work::Work;
use crate::steps::annotations::{Extent, Identity};
use crate::steps::input::{CompileInput, Failed};
use crate::steps::refusal::Refusal;
use crate::steps::standing::UnderWay;
use crate::steps::upload::Upload;
use crate::steps::{self, Step, Verb, strategy};

use super::counterexample::Counterexample;
use super::prove::prove_app;

/// What comes of a verb, as the space is now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Offer {
    /// Steps that are safe.
    Steps {
        /// How many.
        count: usize,
        /// What they ask a person.
        questions: Vec<String>,
    },
    /// It is refused.
    Refused(Refusal),
    /// It is refused, since its steps would not be safe.
    Unsafe(Counterexample),
}

/// What would come of a verb for one app. Whoever has to upload needs the files, which nobody does who looks: they are
/// taken to be those that are asked for.
pub(crate) fn offer(plan: &Plan, app: &plan::App, verb: Verb, space: &Space) -> Offer {
    let origin = UnderWay::of(app, space).and_then(|under_way| under_way.origin);
    let written = origin.map(|origin| Upload::as_written(&origin.upload, &origin.upload_files));
    let upload = written.unwrap_or_else(Upload::nothing);
    let identity = Identity { id: String::new(), by: String::new(), at: String::new() };
    // What goes on with a rollback that has left its lock is of the apps that it was to take back.
    let goes_on = space.lock(app.name.as_str()).is_some_and(Lock::is_of_rollback);
    let extent =
        if goes_on && verb == Verb::Rollback { Extent::Apps(vec![app.name.to_string()]) } else { Extent::Whole };
    let input = CompileInput {
        plan,
        app,
        identity: &identity,
        extent: &extent,
        upload: Some(&upload),
        begun: None,
        failed: Failed::Stop,
    };
    let compile = |verb: Verb, space: &Space| steps::compile(verb, &input, space);
    match compile(verb, space) {
        Err(refusal) => Offer::Refused(refusal),
        Ok(steps) => {
            // Routes that lead to it and that the plan does not name go with the others.
            let found = strategy::of(app).found(plan, app, verb, space);
            match prove_app(&found, verb, space, &compile).violations.pop() {
                None => Offer::Steps { count: steps.len(), questions: steps.iter().filter_map(question).collect() },
                Some(counterexample) => Offer::Unsafe(counterexample),
            }
        }
    }
}

/// What a step asks a person.
fn question(step: &Step) -> Option<String> {
    match step.facts().work() {
        Work::Check { check: LocalCheck::Approval(approval), .. } => Some(approval.question.clone()),
        _ => None,
    }
}

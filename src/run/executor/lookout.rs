//! What a step hangs on, looked at now and then while the routers are waited for: of an app that was stopped, or has crashed for
//! good, they will never say what is hoped for.

use std::time::{Duration, Instant};

use super::runner::Runner;
use crate::run::reading::parts::Parts;
use crate::run::waiting::pauses::Pauses;
use crate::space::condition::{Condition, Judgement, Must};
use crate::space::{AppState, Space};
use crate::steps::Step;
use crate::steps::action::question::RouterQuestion;

/// How long the routers are waited for before the first look: most have answered by then.
const FIRST: Duration = Duration::from_secs(3);
/// The longest pause between two looks; each is half as long again as the one before.
const LONGEST: Duration = Duration::from_secs(15);

/// What a step hangs on, and when it is looked at next.
pub(super) struct Lookout<'r> {
    runner: &'r Runner<'r>,
    relied_on: Option<Condition>,
    /// The space before the question.
    before: &'r Space,
    /// As it was looked at last.
    space: Option<Space>,
    pauses: Pauses,
    next: Instant,
}

impl<'r> Lookout<'r> {
    /// A lookout for a step about which the routers are asked this from now on.
    pub(super) fn new(runner: &'r Runner<'r>, step: &Step, question: &RouterQuestion<'_>, before: &'r Space) -> Self {
        let relied_on = match question {
            RouterQuestion::Reached { app, .. } => {
                Some(Condition { app: app.to_string(), must: Must::Running { instances: 1 } })
            }
            RouterQuestion::Gone { .. } => step.requires.clone(),
        };
        let mut pauses = Pauses::between(FIRST, LONGEST);
        let next = runner.clock.now() + pauses.next();
        Self { runner, relied_on, before, space: None, pauses, next }
    }

    /// What has happened that no waiting mends, by a look, where it is time for one. A look that shows nothing is none.
    pub(super) fn look(&mut self) -> Option<String> {
        let Runner { reader, clock, .. } = self.runner;
        let condition = self.relied_on.as_ref().filter(|_| clock.now() >= self.next)?;
        let parts = Parts::of(condition);
        let space = self.space.get_or_insert_with(|| self.before.clone());
        let was_read = reader.glance(space, &parts, &|| clock.stop().is_none());
        self.next = clock.now() + self.pauses.next();
        if was_read { lost(condition, space, self.before) } else { None }
    }
}

/// Why a condition will not come to hold again.
fn lost(condition: &Condition, space: &Space, before: &Space) -> Option<String> {
    let name = &condition.app;
    match (space.app(name), condition.judge(space, before)) {
        (None, _) => Some(format!("app {name} is not there any more")),
        (Some(app), _) if app.state == AppState::Stopped => Some(format!("app {name} is stopped")),
        (Some(_), Judgement::Never(why)) => Some(why),
        (Some(_), Judgement::Holds | Judgement::NotYet(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::space::InstanceState;

    /// What happens to a space.
    type Change<'a> = &'a dyn Fn(&mut Space);

    #[test]
    fn what_no_waiting_mends_is_told_from_what_passes() {
        let before = example::space(vec![example::app("shop_b", true, 2, None)], []);
        let condition = Condition { app: "shop_b".to_owned(), must: Must::Running { instances: 1 } };
        let all_are = |space: &mut Space, state: InstanceState| {
            space.apps[0].processes[0].states.iter_mut().for_each(|instance| instance.state = state);
        };
        let cases: [(Change<'_>, Option<&str>); 6] = [
            (&|_| {}, None),
            (&|space| space.apps[0].processes[0].states[0].state = InstanceState::Crashed, None),
            (&|space| all_are(space, InstanceState::Starting), None),
            (
                &|space| all_are(space, InstanceState::Crashed),
                Some("all instances of process web of app shop_b crashed"),
            ),
            (&|space| space.apps[0].state = AppState::Stopped, Some("app shop_b is stopped")),
            (&|space| space.apps.clear(), Some("app shop_b is not there any more")),
        ];
        for (change, expected) in cases {
            let mut space = before.clone();
            change(&mut space);
            assert_eq!(lost(&condition, &space, &before).as_deref(), expected);
        }
    }
}

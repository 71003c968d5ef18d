//! All that is known of a strategy.

use std::borrow::Cow;

use crate::plan::{self, AppName, Plan, RouteUrl};
use crate::space::Space;
use crate::steps::Verb;
use crate::steps::input::CompileInput;
use crate::steps::phase::Phase;
use crate::steps::refusal::Refusal;
use crate::steps::standing::{Standing, UnderWay};
use crate::steps::step::Step;

use super::assumed::Assumed;
use super::goal::Goal;
use super::promised::Promised;
use super::title::Title;

/// All that is known of a strategy. Everything here is pure.
pub(crate) trait Strategy {
    /// Its name, as a plan and `plan --format json` have it: `blue-green`.
    fn name(&self) -> &'static str;

    /// What one of its phases is called.
    fn title(&self, phase: Phase) -> Title;

    /// Where a deployment begins, in a sentence for people, under its title.
    fn opening(&self, app: &plan::App, standing: &Standing) -> (Title, String);

    /// The apps of the space that belong to an app of the plan: nothing else is ever changed for it.
    fn apps<'a>(&self, app: &'a plan::App) -> &'a [AppName];

    /// The routes that it changes, beside those that an app brings along: nothing else is ever watched for it.
    fn routes<'a>(&self, app: &'a plan::App) -> Vec<&'a RouteUrl>;

    /// The app with what a verb finds of it in the space and treats as if the plan named it.
    fn found<'p>(&self, plan: &Plan, app: &'p plan::App, verb: Verb, space: &Space) -> Cow<'p, plan::App>;

    /// Where its versions stand. Refuses where the space does not tell.
    fn standing(&self, app: &plan::App, space: &Space) -> Result<Standing, Refusal>;

    /// What is under way, by what is written on the apps.
    fn under_way(&self, app: &plan::App, space: &Space) -> Option<UnderWay>;

    /// Compiles what a verb does to the app. Refuses where the space does not allow it, or does not tell enough.
    fn compile(&self, verb: Verb, input: &CompileInput<'_>, space: &Space) -> Result<Vec<Step>, Refusal>;

    /// What is taken for so of a space as it is found, beside what that tells.
    fn assumed(&self, app: &plan::App, space: &Space) -> Assumed;

    /// What a verb promises of the live routes from a space on.
    fn promised(&self, app: &plan::App, verb: Verb, space: &Space) -> Promised;

    /// What a verb is to bring about from a space on. `is_of_walk` where what is under way there was begun on the walk itself.
    fn goal(&self, app: &plan::App, verb: Verb, space: &Space, is_of_walk: bool) -> Goal;

    /// Whether there must be a way back for what is under way, by the space in which the walk began.
    fn must_lead_back(&self, app: &plan::App, start: &Space, under_way: Option<&UnderWay>) -> bool;

    /// What is not as it is to be at the end of a walk that has this goal. `start` is the space before its first step;
    /// `has_crashed` tells which apps have crashed on it, which is nobody's fault.
    fn missed(
        &self,
        app: &plan::App,
        goal: &Goal,
        start: &Space,
        end: &Space,
        has_crashed: &dyn Fn(&str) -> bool,
    ) -> Option<String>;

    /// What is not finished in a state in which nothing tells of anything under way.
    fn half_done(
        &self,
        app: &plan::App,
        start: &Space,
        end: &Space,
        has_crashed: &dyn Fn(&str) -> bool,
    ) -> Option<String>;
}

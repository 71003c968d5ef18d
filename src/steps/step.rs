//! One thing to do.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::plan::AppName;
use crate::space::Space;
use crate::space::condition::Condition;
use crate::space::difference::Facet;

use super::action::Action;
use super::action::facts::Facts;
use super::action::limits::Limits;
use super::action::question::RouterQuestion;
use super::action::traffic::Traffic;
use super::phase::Phase;

/// One thing to do, with all that is needed to do it, to confirm it and to take it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name of the step, unique in its list: `sinatra/map-live-1`.
    pub id: String,
    /// The plan's name of the app that the step is about.
    pub(crate) app: AppName,
    /// The phase that the step belongs to.
    pub(crate) phase: Phase,
    /// What is done.
    pub(crate) action: Action,
    /// The cf that does it.
    pub(crate) cf: CfVersion,
    /// The ids of the steps that must be confirmed before this one starts.
    pub(crate) after: Vec<String>,
    /// What must be true of the space right before the step; it is waited for, and where it does not come to hold the
    /// step is not started.
    pub requires: Option<Condition>,
    /// How long it may take.
    pub(crate) limits: Limits,
    /// How long is waited in the place of the router's answer, where the router cannot be asked.
    pub(crate) settle: Duration,
}

impl Step {
    /// All that is known of its action before it runs.
    pub(crate) fn facts(&self) -> &dyn Facts {
        self.action.facts()
    }

    /// What cf is asked to do for it; `None` where the step needs no cf.
    pub(crate) fn invocation(&self) -> Option<Invocation> {
        self.facts().invocation(&self.cf)
    }

    /// Whether it starts its app.
    pub(crate) fn starts(&self) -> bool {
        self.facts().traffic() == Traffic::Started
    }

    /// What takes the step back; `None` where there is nothing to take back, or no way.
    pub(crate) fn undo(&self) -> Option<Invocation> {
        self.facts().undo(&self.cf)
    }

    /// Why it is not waited for any longer, where the platform has no room for what it starts. Only where a new version is
    /// brought up: another one serves meanwhile, and goes on doing so. One that is gone back to, or is to take over what the
    /// other one has ended, is waited for: the platform tries again every now and then, and what was stopped may be giving up its
    /// place.
    pub(crate) fn gives_up(&self, space: &Space) -> Option<String> {
        if self.phase != Phase::Start || !self.starts() {
            return None;
        }
        let why = self.facts().condition()?.no_room(space)?;
        Some(format!(
            "{why}\na quota allows what the cells need not have: stop what is not needed, deploy with fewer instances or less memory, \
             or ask whoever runs the platform for room"
        ))
    }

    /// Whether it may bring about a change of this: whatever else changes meanwhile, somebody else has done.
    pub(crate) fn may_change(&self, facet: &Facet) -> bool {
        facet.app() == self.facts().app() && self.facts().may_change(facet)
    }

    /// What confirms the step, in words. (In which order it is asked is up to whoever runs it.)
    pub(crate) fn confirmations(&self) -> Vec<String> {
        let facts = self.facts();
        let cf = facts.expectation(&self.cf).map(|_| "cf: its output".to_owned());
        let space = facts.condition().map(|condition| format!("space: {condition}"));
        let router = facts.router_question().map(|question| match question {
            RouterQuestion::Reached { app, url } => format!("router: {url} reaches every instance of {app}"),
            RouterQuestion::Gone { app, url } => format!("router: {url} reaches no instance of {app}"),
        });
        [cf, space, router, facts.own_confirmation()].into_iter().flatten().collect()
    }
}

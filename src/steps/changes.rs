//! What of an app is otherwise after a deployment than before it: the new version beside the live one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::plan::AppName;
use crate::settings::{Is, Setting};
use crate::space::rules::Stack;
use crate::space::{App, Binding, Space};

use super::action::Action;
use super::preflight::{self, WhyStack};
use super::process_counts::whole;
use super::record::Record;
use super::{AppDeployment, Step};

/// What of an app is otherwise after a deployment, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// What will be otherwise of the live routes.
    pub(crate) routes: Vec<RouteChange>,
    /// What the new version has otherwise.
    pub(crate) differing: Vec<Change>,
    /// What is set on the new version because the live one has it, and no manifest names it.
    pub(crate) carried: Vec<Setting>,
    /// What somebody has changed on the live version since it was deployed.
    pub(crate) by_hand: Vec<Setting>,
    /// The stack, where it is another one.
    pub(crate) stack: Option<StackChange>,
    /// The stack that the new version is for, where that is to be removed from the platform.
    pub(crate) stack_that_goes: Option<Stack>,
    /// The service instances that are bound without the parameters that the live version may have been bound with: nobody tells
    /// them.
    pub(crate) untold: Vec<String>,
}

/// What will be otherwise of a live route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteChange {
    /// What: `protocol of shop.example.com`.
    pub(crate) what: String,
    /// What it is now, with the live version.
    pub(crate) live: String,
    /// What it will be, with the new one.
    pub(crate) next: String,
}

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// What.
    pub(crate) setting: Setting,
    /// What it is on the live version.
    pub(crate) live: Is,
    /// What it will be on the new one.
    pub(crate) next: Is,
}

/// A stack that is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StackChange {
    /// That of the live version.
    pub(crate) live: String,
    /// That of the new one.
    pub(crate) next: String,
    /// Why it is that.
    pub(crate) why: WhyStack,
}

impl Changes {
    /// What a deployment of one app changes: of what is live, where it brings up a new version beside that.
    pub(crate) fn of(part: &AppDeployment<'_>, space: &Space) -> Self {
        let next = part.standing.next();
        let live = part.standing.live().and_then(|live| space.app(live.as_str()));
        let routes = part.standing.live().map(|live| routes(part, space, live, next)).unwrap_or_default();
        let of_next = |step: &&Step| step.facts().app() == next.as_str();
        let mut own = part.steps.iter().filter(of_next);
        if !own.any(Step::starts) {
            return Self { routes, ..Self::default() };
        }
        let brings =
            |step: &Step| matches!(step.action, Action::Stage(_) | Action::CopyDroplet(_) | Action::UploadDroplet(_));
        let is_new = part.steps.iter().filter(of_next).any(brings);
        let changes = Self {
            stack: live.filter(|_| is_new).and_then(|live| stack(part, space, live)),
            stack_that_goes: preflight::stack_that_goes(&part.app, space, next).filter(|_| is_new),
            routes,
            ..Self::default()
        };
        let Some(before) = live.filter(|live| live.settings.is_some()) else { return changes };
        let (mut model, before) = (space.clone(), &whole(before));
        let mut changes = Self { by_hand: by_hand(before), ..changes };
        for step in part.steps.iter().take_while(|step| !step.starts()) {
            step.facts().effect(&mut model);
            if let Action::Set(set) = &step.action {
                let set = set.settings.iter().filter(|(_, is)| **is != Is::Unset);
                changes.carried.extend(set.map(|(setting, _)| setting.clone()));
            }
            if let Action::BindService(bind) = &step.action
                && bind.like.is_some()
            {
                let service = bind.service.to_string();
                changes.carried.push(Setting::Binding(service.clone()));
                let is_untold = |one: &Binding| one.service == service && one.parameters == Is::Untold;
                changes.untold.extend(before.bindings.iter().any(is_untold).then_some(service));
            }
        }
        if let Some(next) = model.app_mut(next.as_str()) {
            *next = whole(next);
        }
        changes.differing = differing(before, &model, next);
        changes
    }

    /// The differences for programs: values that may be secret are told as changed, and not shown.
    pub(crate) fn json(&self) -> Value {
        let shown = |setting: &Setting, is: &Is| match is {
            Is::Set(_) if setting.is_secret() => json!("(hidden)"),
            Is::Set(value) => value.clone(),
            Is::Untold => json!("(not known)"),
            Is::Unset => Value::Null,
        };
        let one = |change: &Change| {
            let Change { setting, live, next } = change;
            json!({"setting": setting.to_string(), "live": shown(setting, live), "next": shown(setting, next)})
        };
        let of_route = |change: &RouteChange| {
            let RouteChange { what, live, next } = change;
            json!({"setting": what, "live": live, "next": next})
        };
        let stack = self.stack.iter().map(|stack| json!({"setting": "stack", "live": stack.live, "next": stack.next}));
        self.differing.iter().map(one).chain(stack).chain(self.routes.iter().map(of_route)).collect()
    }
}

/// How the stacks of the live version and of the new one differ, as far as they are told.
fn stack(part: &AppDeployment<'_>, space: &Space, live: &App) -> Option<StackChange> {
    let (next, why) = preflight::stack_of(&part.app, space, part.standing.next())?;
    let live = live.stack.clone()?;
    (live != next).then_some(StackChange { live, next, why })
}

/// What will be otherwise of the live routes.
fn routes(part: &AppDeployment<'_>, space: &Space, live: &AppName, next: &AppName) -> Vec<RouteChange> {
    let change = |action: &Action| match action {
        Action::MapRoute(map) if map.app == *next => {
            let live = space.protocol(live.as_str(), &map.url).filter(|live| *live != map.protocol)?;
            let (live, next) = (live.as_str().to_owned(), map.protocol.as_str().to_owned());
            Some(RouteChange { what: format!("protocol of {}", map.url), live, next })
        }
        Action::SetRouteOptions(set) if set.app == *next => {
            let now = space.options_of(&set.url);
            let mut then = now.clone();
            then.change(&set.changes);
            let (live, next) = (now.to_string(), then.to_string());
            Some(RouteChange { what: format!("options of {}", set.url), live, next })
        }
        _ => None,
    };
    part.steps.iter().filter_map(|step| change(&step.action)).collect()
}

/// What differs between the live version and the new one as it will be.
fn differing(live: &App, model: &Space, next: &AppName) -> Vec<Change> {
    let was = live.all_settings();
    let is: BTreeMap<Setting, Is> = model.app(next.as_str()).map(App::all_settings).unwrap_or_default();
    let mut all: Vec<&Setting> = was.keys().chain(is.keys()).collect();
    all.sort();
    all.dedup();
    let value = |of: &BTreeMap<Setting, Is>, setting: &Setting| of.get(setting).cloned().unwrap_or(Is::Unset);
    let changes = all.into_iter().map(|setting| Change {
        setting: setting.clone(),
        live: value(&was, setting),
        next: value(&is, setting),
    });
    changes.filter(|change| change.live != change.next).collect()
}

/// What was changed by somebody else since the version was deployed, as far as what is written on it tells.
fn by_hand(live: &App) -> Vec<Setting> {
    let Some(record) = Record::of(live) else { return Vec::new() };
    let all = live.all_settings();
    all.into_iter().filter(|(setting, is)| record.is_changed(setting, is)).map(|(setting, _)| setting).collect()
}

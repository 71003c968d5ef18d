//! Equal versions: what the next colour is to be set to beside what its manifest says.
//!
//! It is what the manifest says, plus what the live colour has and no manifest names, and nothing else: what an older deployment
//! has left on it goes. What "no manifest" is, is known by what the deployment of the live colour has written on it: a variable
//! that its manifest named, and that the manifest of now does not, was dropped; one that neither names was set by somebody else,
//! and is carried.

use serde_json::Value;

use crate::plan::{self, AppName, Carried, Instances};
use crate::space::{App, Is, ProcessSetting, Setting, Settings, Space};

use super::record::Record;
use super::wanted::Wanted;

/// The type of the process that routes lead to.
const WEB: &str = "web";

/// What the plan and its manifest name.
pub(super) fn named(app: &plan::App) -> Settings {
    let mut named = Settings::of_manifest(&app.manifest.app.whole.0);
    for service in &app.services {
        let setting = Setting::Binding(service.to_string());
        if !named.names(&setting) {
            named.set(setting, Is::Untold);
        }
    }
    named
}

/// The service instances for whose bindings the manifest names parameters, and these. A push makes a binding with them, and leaves
/// one that is there as it is (cf 8.17, CC: `app_apply_manifest.rb`).
pub(crate) fn with_parameters(app: &plan::App) -> impl Iterator<Item = (String, Value)> {
    let services = app.manifest.app.whole.0["services"].as_array().into_iter().flatten();
    let named = |service: &Value| {
        let parameters = service.get("parameters").filter(|parameters| !parameters.is_null())?;
        Some((service["name"].as_str()?.to_owned(), parameters.clone()))
    };
    services.filter_map(named)
}

/// What the next colour is to be set to beside what its manifest says, where it is known what the live colour is set to.
pub(super) fn wanted(app: &plan::App, space: &Space, live: &AppName, next: &AppName) -> Wanted {
    let Some(live) = space.app(live.as_str()).filter(|live| live.settings.is_some()) else { return Wanted::new() };
    let (named, dropped) = (named(app), Record::of(live));
    let mut wanted = Wanted::new();
    for (setting, is) in live.all_settings() {
        if is_of_the_push(&setting) {
            continue;
        }
        if named.names(&setting) {
            wanted.extend(at_least(app, &named, &setting, &is).map(|is| (setting, is)));
            continue;
        }
        let is_carried = app.carry.has(part(&setting));
        let is_dropped = dropped.as_ref().is_some_and(|record| record.names(&setting));
        let is = match without(&setting) {
            // Nothing tells what it would be otherwise.
            None => is_carried.then_some(is),
            Some(none) => Some(if is_carried && !is_dropped { is } else { none }),
        };
        wanted.extend(is.map(|is| (setting, is)));
    }
    let left_over = space.app(next.as_str()).map(App::all_settings).unwrap_or_default();
    for (setting, _) in left_over {
        if !named.names(&setting) && !wanted.contains_key(&setting) && !is_of_the_push(&setting) {
            wanted.extend(without(&setting).map(|none| (setting, none)));
        }
    }
    // A process without instances is made by a droplet as it is by default.
    let idle = |setting: &Setting| match setting {
        Setting::Process(kind, _) => {
            let instances = Setting::Process(kind.clone(), ProcessSetting::Instances);
            kind != WEB && live.setting(&instances) == Is::Set(0.into())
        }
        _ => false,
    };
    let is_there = |setting: &Setting| match setting {
        Setting::Process(kind, _) => space.app(next.as_str()).is_some_and(|next| next.has_process(kind)),
        _ => true,
    };
    wanted.retain(|setting, _| is_there(setting) || !idle(setting));
    wanted
}

/// What of that an app does not have.
pub(crate) fn lacking(app: &App, wanted: &Wanted) -> Wanted {
    let mut there = app.clone();
    // A process that it does not have is one that a droplet brings, as it is by default.
    for kind in wanted.keys().filter_map(process_of) {
        there.make_process(kind);
    }
    wanted.iter().filter(|(setting, is)| there.setting(setting) != **is).map(|(at, is)| (at.clone(), is.clone())).collect()
}

/// The type of the process that something is set of.
pub(crate) fn process_of(setting: &Setting) -> Option<&str> {
    match setting {
        Setting::Process(kind, _) => Some(kind),
        Setting::Env(_)
        | Setting::Label(_)
        | Setting::Annotation(_)
        | Setting::Feature(_)
        | Setting::Sidecar(_)
        | Setting::Binding(_)
        | Setting::Policy(_) => None,
    }
}

/// How many instances of a process there are to be where the manifest names fewer than are live.
fn at_least(app: &plan::App, named: &Settings, setting: &Setting, live: &Is) -> Option<Is> {
    let count = |is: &Is| match is {
        Is::Set(value) => value.as_u64(),
        Is::Untold | Is::Unset => None,
    };
    match (setting, app.instances) {
        (Setting::Process(_, ProcessSetting::Instances), Instances::AtLeastLive) => {
            (count(live) > count(named.get(setting))).then(|| live.clone())
        }
        _ => None,
    }
}

/// Whether it is set by the flags of the push itself.
fn is_of_the_push(setting: &Setting) -> bool {
    matches!(setting, Setting::Process(kind, ProcessSetting::Instances | ProcessSetting::Memory) if kind == WEB)
}

/// What stands for nothing; `None` where it can only be changed and not taken away.
fn without(setting: &Setting) -> Option<Is> {
    match setting {
        Setting::Feature(_) => None,
        Setting::Process(kind, of) => of.default_of(kind).map(|default| match default {
            Value::Null => Is::Unset,
            value => Is::Set(value),
        }),
        Setting::Env(_)
        | Setting::Label(_)
        | Setting::Annotation(_)
        | Setting::Sidecar(_)
        | Setting::Binding(_)
        | Setting::Policy(_) => Some(Is::Unset),
    }
}

/// The part of a plan's `carry` that something belongs to.
fn part(setting: &Setting) -> Carried {
    match setting {
        Setting::Env(_) => Carried::Env,
        Setting::Label(_) => Carried::Labels,
        Setting::Annotation(_) => Carried::Annotations,
        Setting::Feature(_) => Carried::Features,
        Setting::Process(..) => Carried::Processes,
        Setting::Sidecar(_) => Carried::Sidecars,
        Setting::Binding(_) => Carried::Bindings,
        Setting::Policy(_) => Carried::Policies,
    }
}

//! Equal versions: what the next colour is to be set to beside what its manifest says.
//!
//! It is what the manifest says, plus what the live colour has and no manifest names, and nothing else: what an older deployment
//! has left on it goes. What "no manifest" is, is known by what the deployment of the live colour has written on it: a variable
//! that its manifest named, and that the manifest of now does not, was dropped; one that neither names was set by somebody else,
//! and is carried.

use serde_json::Value;

use crate::plan::{self, AppName, Carried, Instances};
use crate::settings::{Is, ProcessSetting, Setting, Settings, WEB};
use crate::space::{App, Space};

use super::process_counts;
use super::record::Record;
use super::wanted::Wanted;

/// What the plan and its manifest name.
pub(super) fn named(app: &plan::App) -> Settings {
    let mut named = app.manifest.app.whole.settings.clone();
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
    let services = app.manifest.app.whole.written["services"].as_array().into_iter().flatten();
    let named = |service: &Value| {
        let parameters = service.get("parameters").filter(|parameters| !parameters.is_null())?;
        Some((service["name"].as_str()?.to_owned(), parameters.clone()))
    };
    services.filter_map(named)
}

/// What the next colour is to be set to beside what its manifest says, where it is known what the live colour is set to.
pub(super) fn wanted(app: &plan::App, space: &Space, live: &AppName, next: &AppName) -> Wanted {
    let Some(live) = space.app(live.as_str()).filter(|live| live.settings.is_some()) else { return Wanted::new() };
    let (live, named, dropped) = (&process_counts::whole(live), named(app), Record::of(live));
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
    let is_idle = |kind: &str| {
        let instances = Setting::Process(kind.to_owned(), ProcessSetting::Instances);
        kind != WEB && live.setting(&instances) == Is::Set(0.into())
    };
    let is_there = |kind: &str| space.app(next.as_str()).is_some_and(|next| next.has_process(kind));
    wanted.retain(|setting, _| setting.process().is_none_or(|kind| is_there(kind) || !is_idle(kind)));
    wanted
}

/// What of that an app does not have.
pub(crate) fn lacking(app: &App, wanted: &Wanted) -> Wanted {
    let mut there = app.clone();
    // A process that it does not have is one that a droplet brings, as it is by default.
    for kind in wanted.keys().filter_map(Setting::process) {
        there.make_process(kind);
    }
    wanted
        .iter()
        .filter(|(setting, is)| there.setting(setting) != **is)
        .map(|(at, is)| (at.clone(), is.clone()))
        .collect()
}

/// How many instances of a process there are to be where the manifest names fewer than are live.
fn at_least(app: &plan::App, named: &Settings, setting: &Setting, live: &Is) -> Option<Is> {
    let count = |is: &Is| match is {
        Is::Set(value) => value.as_u64(),
        Is::Untold | Is::Unset => None,
    };
    let is_count = matches!(setting, Setting::Process(_, ProcessSetting::Instances));
    let is_more = app.instances == Instances::AtLeastLive && count(live) > count(named.get(setting));
    (is_count && is_more).then(|| live.clone())
}

/// Whether it is set by the flags of the push itself.
fn is_of_the_push(setting: &Setting) -> bool {
    matches!(setting, Setting::Process(kind, ProcessSetting::Instances | ProcessSetting::Memory) if kind == WEB)
}

/// What stands for nothing; `None` where it can only be changed and not taken away.
fn without(setting: &Setting) -> Option<Is> {
    match setting {
        Setting::Feature(_) => None,
        Setting::Process(kind, of) => of.default_of(kind).map(|_| Is::Unset),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::example;
    use crate::settings::Policy;
    use crate::steps::record::SETTINGS;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
    carry: CARRY
";

    /// What an app is set to beside what every app is.
    type Set = Vec<(Setting, Is)>;

    /// What is to be set, and what is lacking of it, of a live colour with these settings and a next one with those.
    fn compared(carry: &str, manifest: &str, live: &[(Setting, Is)], next: &[(Setting, Is)]) -> Vec<String> {
        let plan = example::plan_and_manifest(&PLAN.replace("CARRY", carry), manifest);
        let colour = |name: &str, with: &[(Setting, Is)]| {
            let mut app = example::app(name, name == "shop_a", 2, None);
            app.bindings.clear();
            for (setting, is) in with {
                if let Setting::Process(kind, _) = setting {
                    app.make_process(kind);
                }
                app.set(setting.clone(), is.clone());
            }
            app
        };
        let apps = vec![colour("shop_a", live), colour("shop_b", next)];
        let space = example::space(apps, [("shop.example.com", "shop_a")]);
        let [a, b] = &plan.apps[0].colours;
        let wanted = wanted(&plan.apps[0], &space, a, b);
        let lacking = lacking(space.app("shop_b").unwrap(), &wanted);
        let shown = |(setting, is): (&Setting, &Is)| match is {
            Is::Set(value) => format!("{setting}: {value}"),
            Is::Untold => format!("{setting}: untold"),
            Is::Unset => format!("no {setting}"),
        };
        lacking.iter().map(shown).collect()
    }

    fn set(setting: Setting, value: impl Into<Value>) -> (Setting, Is) {
        (setting, Is::Set(value.into()))
    }

    #[test]
    fn the_next_colour_lacks_what_the_live_one_has_and_no_manifest_names() {
        let env = |name: &str| Setting::Env(name.to_owned());
        let process = |kind: &str, of| Setting::Process(kind.to_owned(), of);
        let worker = |count: u64| set(process("worker", ProcessSetting::Instances), count);
        let policy = |peer: &str| {
            let policy =
                Policy { outward: true, peer: Some(peer.to_owned()), protocol: "tcp".to_owned(), first: 80, last: 80 };
            set(Setting::Policy(policy), true)
        };
        let cases: [(&str, &str, Set, Set, &[&str]); 16] = [
            ("all", "", vec![], vec![], &[]),
            ("all", "", vec![set(env("A"), "1")], vec![], &["variable A: \"1\""]),
            ("all", "", vec![set(env("A"), "1")], vec![set(env("A"), "2")], &["variable A: \"1\""]),
            ("all", "", vec![set(env("A"), "1")], vec![set(env("A"), "1")], &[]),
            ("all", "  env: {A: 3}\n", vec![set(env("A"), "1")], vec![set(env("A"), "2")], &[]),
            ("all", "", vec![], vec![set(env("OLD"), "2")], &["no variable OLD"]),
            ("none", "", vec![set(env("A"), "1")], vec![set(env("A"), "2")], &["no variable A"]),
            ("[labels]", "", vec![set(env("A"), "1")], vec![], &[]),
            ("all", "", vec![set(Setting::Feature("ssh".to_owned()), false)], vec![], &["feature ssh: false"]),
            ("none", "", vec![set(Setting::Feature("ssh".to_owned()), false)], vec![], &[]),
            (
                "all",
                "",
                vec![policy("g-1")],
                vec![policy("g-2")],
                &["network policy to g-1, tcp 80: true", "no network policy to g-2, tcp 80"],
            ),
            // A process that only the droplet brings is as large as it is live; what has no instances is left to the droplet.
            ("all", "", vec![worker(3)], vec![], &["instances of process worker: 3"]),
            ("all", "", vec![worker(0), set(process("worker", ProcessSetting::Command), "run")], vec![], &[]),
            (
                "all",
                "  processes: [{type: worker, instances: 1}]\n",
                vec![worker(3)],
                vec![worker(1)],
                &["instances of process worker: 3"],
            ),
            ("all", "  processes: [{type: worker, instances: 5}]\n", vec![worker(3)], vec![worker(5)], &[]),
            (
                "all",
                "  command: run\n",
                vec![
                    set(process("web", ProcessSetting::Command), "walk"),
                    set(process("web", ProcessSetting::HealthTimeout), 90),
                ],
                vec![set(process("web", ProcessSetting::User), "root")],
                &["no user of process web", "timeout of process web: 90"],
            ),
        ];
        for (carry, manifest, live, next, expected) in cases {
            assert_eq!(compared(carry, manifest, &live, &next), expected, "carry: {carry}, {manifest}");
        }
    }

    #[test]
    fn what_the_live_versions_manifest_named_and_this_one_does_not_was_dropped() {
        let named = Settings::of_manifest(&json!({"env": {"DROPPED": "1"}, "command": "run"}));
        let record = Record::new(&named, &Wanted::new()).unwrap();
        let plan = example::plan(&PLAN.replace("CARRY", "all"));
        let mut live = example::app("shop_a", true, 2, None);
        live.annotations.insert(SETTINGS.to_owned(), record.as_str().to_owned());
        for name in ["DROPPED", "BY_HAND"] {
            live.set(Setting::Env(name.to_owned()), Is::Set("1".into()));
        }
        let command = Setting::Process(WEB.to_owned(), ProcessSetting::Command);
        live.set(command.clone(), Is::Set("run".into()));
        let space = example::space(vec![live], [("shop.example.com", "shop_a")]);
        let [a, b] = &plan.apps[0].colours;
        let wanted = wanted(&plan.apps[0], &space, a, b);
        assert_eq!(wanted[&Setting::Env("DROPPED".to_owned())], Is::Unset);
        assert_eq!(wanted[&Setting::Env("BY_HAND".to_owned())], Is::Set("1".into()));
        assert_eq!(wanted[&command], Is::Unset);
    }
}

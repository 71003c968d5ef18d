//! Apps that are alike but for their names are proved once.
//!
//! A proof depends on names, and on values such as those of variables, only in which of them are equal. So all that a proof depends
//! on is written down with letters and numbers in the place of names and values, given out in the order in which they occur; where
//! the same comes out, the proof is the same.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::settings::{Is, Setting, Settings, WEB};
use crate::space::{App, Quota, Space, Usage};
use crate::steps::annotations::{self, Annotations, Role};
use crate::steps::sizing::Declared;
use crate::steps::{Action, AppDeployment, Verb, equal, strategy};

use super::proof::Proof;

/// What is written on apps and differs from one to the other without meaning anything to a proof.
const OWN: [&str; 8] = [
    annotations::DEPLOYMENT,
    annotations::BY,
    annotations::AT,
    annotations::UPLOAD,
    annotations::UPLOAD_FILES,
    annotations::PACKAGE_BEFORE,
    annotations::DROPLET_BEFORE,
    annotations::DROPLET,
];
/// The first of the letters that stand for names: no text of ours or of a platform's holds one (Unicode: private use).
const FIRST_LETTER: u32 = 0xE000;
/// How many letters there are.
const LETTERS: u32 = 0x1900;

/// What was proved: by all that it depends on, the count of the cases.
#[derive(Debug, Default)]
pub(super) struct Alike(HashMap<String, usize>);

impl Alike {
    /// The proof of one app in the space as far as the app is concerned with it.
    pub(super) fn proof(
        &mut self,
        part: &AppDeployment<'_>,
        verb: Verb,
        scope: &Space,
        prove: impl FnOnce() -> Proof,
    ) -> Proof {
        if is_a_word(part, scope) {
            return prove();
        }
        let text = text(part, verb, scope);
        if let Some(cases) = self.0.get(&text) {
            return Proof { cases: *cases, holds: true, violations: Vec::new() };
        }
        let proof = prove();
        // The story of what would happen is told with the names of each.
        if proof.holds {
            self.0.insert(text, proof.cases);
        }
        proof
    }
}

/// Whether one of its names is a word that means something by itself: in its place no letter may stand.
fn is_a_word(part: &AppDeployment<'_>, scope: &Space) -> bool {
    let is_role = |name: &str| Role::ALL.iter().any(|role| role.as_str() == name);
    let is_process = |name: &str| name == WEB || scope.apps.iter().any(|app| app.has_process(name));
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let apps = strategy::of(&part.app).apps(&part.app).iter().map(ToString::to_string);
    let mut names = apps.chain([part.app.name.to_string()]).chain(part.app.manifest.app.name.clone());
    names.any(|name| is_role(&name) || is_process(&name) || is_number(&name))
}

/// All that the proof of an app depends on, less its names.
fn text(part: &AppDeployment<'_>, verb: Verb, scope: &Space) -> String {
    let quotas = scope.quotas.iter().map(|quota| bound(quota, most(part, scope))).collect();
    let scope = Space { quotas, ..scope.clone() };
    // Which domain a route is on decides what it may be.
    let urls = strategy::of(&part.app).routes(&part.app).into_iter();
    let domains: Vec<_> =
        urls.map(|url| scope.address(url).map(|parts| (parts.host.is_some(), parts.domain))).collect();
    // What the first step waits for of another app is no matter of this one.
    let mut steps = part.steps.clone();
    let is_own = |id: &String| part.steps.iter().any(|step| step.id == *id);
    for step in &mut steps {
        step.after.retain(is_own);
    }
    let mut text = format!("{:?}{}", (verb, &part.app, &steps, &scope), values(part, &scope));
    let mut letters: Vec<(String, u32)> = names(part, &scope).into_iter().zip(FIRST_LETTER..).collect();
    // The longer one first: a name may be a part of another one.
    letters.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, letter) in letters.iter().filter(|(name, letter)| !name.is_empty() && *letter < FIRST_LETTER + LETTERS) {
        let letter = char::from_u32(*letter).map(String::from).unwrap_or_default();
        text = text.replace(name.as_str(), &letter);
    }
    format!("{text}{domains:?}")
}

/// What the apps and the manifest set, which debug output hides. Of what may be secret, and is only ever compared, a number tells
/// which of the values are equal.
fn values(part: &AppDeployment<'_>, scope: &Space) -> String {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut numbered = |value: &Value| {
        let next = numbers.len();
        format!("#{}", numbers.entry(value.to_string()).or_insert(next))
    };
    let mut told = |is: &Is, setting: Option<&Setting>| match (is, setting) {
        (Is::Set(value), Some(Setting::Feature(_) | Setting::Process(..))) => value.to_string(),
        (Is::Set(value), _) => numbered(value),
        (Is::Untold | Is::Unset, _) => format!("{is:?}"),
    };
    let mut all = String::new();
    let mut tell_settings = |settings: &Settings, all: &mut String| {
        for (setting, is) in settings.iter() {
            let _ = write!(all, "{setting:?} {};", told(is, Some(setting)));
        }
        *all += "/";
    };
    for settings in scope.apps.iter().filter_map(|app| app.settings.as_ref()) {
        tell_settings(settings, &mut all);
    }
    tell_settings(&part.app.manifest.app.whole.settings, &mut all);
    for binding in scope.apps.iter().flat_map(|app| &app.bindings) {
        let _ = write!(all, "{} {};", binding.service, told(&binding.parameters, None));
    }
    for (service, parameters) in equal::with_parameters(&part.app) {
        let _ = write!(all, "{service} {};", told(&Is::Set(parameters), None));
    }
    all
}

/// The names of an app's own, each in its place.
fn names(part: &AppDeployment<'_>, scope: &Space) -> Vec<String> {
    let app = part.app.as_ref();
    let mut names = vec![app.name.to_string()];
    names.extend(strategy::of(app).apps(app).iter().map(ToString::to_string));
    names.extend(strategy::of(app).routes(app).into_iter().map(ToString::to_string));
    names.push(app.manifest.path.to_string_lossy().into_owned());
    names.push(app.path.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default());
    names.push(app.droplet.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default());
    names.push(app.manifest.app.name.clone().unwrap_or_default());
    for found in &scope.apps {
        names.extend([found.guid.clone(), found.name.clone()]);
        names.extend(found.package.iter().chain(&found.older_packages).map(|package| package.guid.clone()));
        names.extend(found.droplet.clone());
        names.extend(found.staged.iter().map(|droplet| droplet.guid.clone()));
        for process in &found.processes {
            names.push(process.guid.clone());
            names.extend(process.states.iter().filter_map(|instance| instance.id.clone()));
        }
        names.extend(OWN.iter().filter_map(|key| found.annotations.get(*key).cloned()));
    }
    names.extend(scope.routes.iter().flat_map(|route| [route.guid.clone(), route.url.clone()]));
    let of = |annotations: &Annotations| {
        let own = annotations.iter().filter(|(key, _)| OWN.contains(key));
        own.filter_map(|(_, value)| value.map(str::to_owned)).collect::<Vec<_>>()
    };
    for step in &part.steps {
        match &step.action {
            Action::Annotate(annotate) => names.extend(of(&annotate.annotations)),
            Action::CreateApp(create) => names.extend(of(&create.annotations)),
            _ => {}
        }
    }
    names
}

/// The most that anything may use which is done to an app: all of its apps as large as each of them was or will be, with all of
/// their tasks, four times.
fn most(part: &AppDeployment<'_>, scope: &Space) -> Usage {
    let mut most = Usage { routes: scope.routes.len() as u64 + part.steps.len() as u64, ..Usage::default() };
    let declared = part.steps.iter().filter_map(|step| step.facts().declared());
    for (instances, memory) in declared.flat_map(Declared::processes) {
        most.memory_mb += u64::from(instances) * memory;
        most.instances += u64::from(instances);
    }
    most.memory_mb += part.steps.iter().map(|step| step.facts().memory_meanwhile_mb()).sum::<u64>();
    most.memory_mb += scope.apps.iter().map(|app| app.memory_mb() + app.tasks_memory_mb()).sum::<u64>();
    most.instances += scope.apps.iter().map(App::instances).sum::<u64>();
    Usage { memory_mb: most.memory_mb * 4, instances: most.instances * 4, ..most }
}

/// A quota, less what it could never refuse.
fn bound(quota: &Quota, most: Usage) -> Quota {
    let tight = |limit: Option<u64>, used: u64, most: u64| limit.filter(|limit| used.saturating_add(most) > *limit);
    let memory_mb = tight(quota.memory_mb, quota.used.memory_mb, most.memory_mb);
    let instances = tight(quota.instances, quota.used.instances, most.instances);
    let routes = tight(quota.routes, quota.used.routes, most.routes);
    let used = |limit: Option<u64>, used: u64| if limit.is_some() { used } else { 0 };
    Quota {
        used: Usage {
            memory_mb: used(memory_mb, quota.used.memory_mb),
            instances: used(instances, quota.used.instances),
            routes: used(routes, quota.used.routes),
            ..quota.used
        },
        memory_mb,
        instances,
        routes,
        ..quota.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::plan::Plan;
    use crate::steps::{Deployment, scope};

    fn plan(name: &str) -> Plan {
        example::plan(&format!(
            "version: 1\ntarget: {{api: https://api.example.com, org: acme, space: production}}\napps:\n  - name: \"{name}\"\n    \
             manifest: manifest.yml\n    path: app\n    routes: {{live: [{name}.example.com], staging: {name}-staging.example.com}}\n"
        ))
    }

    /// A space in which a variable of both colours is set to these.
    fn space(name: &str, live: &str, idle: &str) -> Space {
        let colour = |colour: &str, started: bool, role: Role, value: &str| {
            let mut app = example::app(&format!("{name}_{colour}"), started, 2, Some(role));
            let mut settings = Settings::default();
            settings.set(Setting::Env("COLOUR".to_owned()), Is::Set(value.into()));
            app.settings = Some(settings);
            app
        };
        let apps = vec![colour("a", true, Role::Live, live), colour("b", false, Role::Previous, idle)];
        example::space(apps, [(format!("{name}.example.com").as_str(), format!("{name}_a").as_str())])
    }

    fn told(name: &str, live: &str, idle: &str) -> Option<String> {
        let (plan, space) = (plan(name), space(name, live, idle));
        let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
        let part = &deployment.apps[0];
        (!is_a_word(part, &space)).then(|| text(part, Verb::Rollback, &space))
    }

    #[test]
    fn values_count_by_which_of_them_are_equal() {
        let same = told("shop", "blue", "blue");
        assert!(same == told("shop", "red", "red"));
        assert!(told("shop", "blue", "green") == told("shop", "red", "yellow"));
        assert!(same != told("shop", "blue", "green"), "the colours differ in it");
    }

    #[test]
    fn a_name_that_means_something_by_itself_is_not_left_out() {
        for name in ["live", "web", "2"] {
            assert_eq!(told(name, "blue", "blue"), None, "{name}");
        }
    }

    #[test]
    fn what_an_app_waits_for_of_the_one_before_it_is_left_out() {
        let names = ["shop", "cart", "mail"];
        let one = plan(names[0]);
        let apps = names.iter().flat_map(|name| plan(name).apps).collect();
        let (all, spaces) = (Plan { apps, ..one }, names.map(|name| space(name, "blue", "blue")));
        let [mut space, cart, mail] = spaces;
        for other in [cart, mail] {
            space.apps.extend(other.apps);
            space.routes.extend(other.routes);
        }
        let deployment = Deployment::compile(&all, &space, &example::request(&all, Verb::Apply)).unwrap();
        let told = |part: &AppDeployment<'_>| text(part, Verb::Apply, &scope::of(&part.app, &space));
        assert_eq!(told(&deployment.apps[1]), told(&deployment.apps[2]));
    }

    #[test]
    fn nor_is_the_name_of_a_process() {
        let (plan, mut space) = (plan("worker"), space("worker", "blue", "blue"));
        let is_left_out = |space: &Space| {
            let deployment = Deployment::compile(&plan, space, &example::request(&plan, Verb::Apply)).unwrap();
            !is_a_word(&deployment.apps[0], space)
        };
        assert!(is_left_out(&space));
        space.apps[0].make_process("worker");
        assert!(!is_left_out(&space));
    }
}

//! Compiled steps as a person reads them, and the laws that every list of steps keeps.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::example;
use crate::own_commands::OwnCommands;
use crate::plan::{AppName, Lifecycle, Plan, RouteUrl};
use crate::proof;
use crate::report::preview;
use crate::settings::{Is, ProcessSetting, Setting};
use crate::space::condition::Judgement;
use crate::space::difference::{Facet, differences};
use crate::space::{
    App, AppState, Binding, Instance, InstanceState, Process, Quota, QuotaScope, Space, TaskState, Usage,
};

use super::action::Delete;
use super::action::facts::Facts as _;
use super::annotations::{Extent, Identity, Role};
use super::input::{Begun, CompileInput, Failed};
use super::refusal::Refusal;
use super::standing::{Standing, UnderWay};
use super::upload::Upload;
use super::{Action, AppDeployment, Deployment, Step, Verb, compile, left, quota, sizing};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    services: [db]
    routes:
      live: [shop.example.com, www.example.com/shop]
      staging: shop-staging.example.com
    checks:
      - http: {path: /health, status: 200}
    drain: 35s
";
/// An app of the tests' space: its state, its routes and its role.
#[derive(Debug, Clone)]
struct Colour {
    name: &'static str,
    started: bool,
    instances: u32,
    routes: Vec<&'static str>,
    role: Option<Role>,
}

fn colour(name: &'static str, started: bool, routes: &[&'static str], role: Option<Role>) -> Colour {
    Colour { name, started, instances: 2, routes: routes.to_vec(), role }
}

fn space_of(colours: &[Colour]) -> Space {
    let apps = colours.iter().map(|it| example::app(it.name, it.started, it.instances, it.role)).collect();
    example::space(apps, colours.iter().flat_map(|it| it.routes.iter().map(|url| (*url, it.name))))
}

/// What is compiled for the first app of a plan.
fn input<'a>(
    plan: &'a Plan,
    identity: &'a Identity,
    upload: Option<&'a Upload>,
    begun: Option<&'a Begun>,
) -> CompileInput<'a> {
    let (app, extent, failed) = (&plan.apps[0], &Extent::Whole, Failed::Stop);
    CompileInput { plan, app, identity, extent, upload, begun, failed }
}

const LIVE: [&str; 2] = ["shop.example.com", "www.example.com/shop"];
const STAGING: &str = "shop-staging.example.com";

fn shown(plan: &Plan, space: &Space, steps: Result<Vec<Step>, Refusal>) -> String {
    match steps {
        Err(refusal) => format!("refused: {refusal}\n{}\n", refusal.hint(&OwnCommands::default())),
        Ok(steps) => {
            let app = &plan.apps[0];
            let standing = Standing::of(app, space).unwrap();
            console::set_colors_enabled(false);
            let apps = vec![AppDeployment { app: Cow::Borrowed(app), standing, steps }];
            preview::text(
                plan,
                space,
                &Deployment { verb: Verb::Apply, lanes: 1, apps_at_once: 1, apps, left_alone: Vec::new() },
            )
        }
    }
}

fn compiled(verb: Verb, plan: &Plan, space: &Space) -> Result<Vec<Step>, Refusal> {
    example::compile(plan, verb, space)
}

fn deployed(plan: &Plan, space: &Space) -> String {
    shown(plan, space, compiled(Verb::Apply, plan, space))
}

fn fallen_back(plan: &Plan, space: &Space) -> String {
    shown(plan, space, compiled(Verb::Rollback, plan, space))
}

#[test]
fn the_first_deployment() {
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space_of(&[])));
}

#[test]
fn an_ordinary_deployment() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", false, &[], Some(Role::Previous)),
    ]);
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space));
}

#[test]
fn the_new_version_is_looked_at_once_it_is_alone_on_the_live_routes() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", false, &[], Some(Role::Previous)),
    ]);
    let checks = "checks:
      - http: {path: /ready, at: live, successes: 1}
      - command: {run: ./smoke.sh, at: [staging, live]}";
    let plan = PLAN.replace("checks:", checks).replace("drain: 35s", "watch: {for: 2m}");
    insta::assert_snapshot!(deployed(&example::plan(&plan), &space));
}

#[test]
fn the_colours_swap_because_routes_decide_and_not_names() {
    let space = space_of(&[colour("shop_a", false, &[], None), colour("shop_b", true, &LIVE, None)]);
    let plan = example::plan(PLAN);
    assert_eq!(
        Standing::of(&plan.apps[0], &space),
        Ok(Standing::Settled { live: plan.apps[0].colours[1].clone(), next: plan.apps[0].colours[0].clone() })
    );
}

#[test]
fn a_deployment_over_an_interrupted_one_takes_it_back_first() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE[..1], Some(Role::Live)),
        colour("shop_b", true, &[LIVE[0], LIVE[1], STAGING], Some(Role::Next)),
    ]);
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space));
}

#[test]
fn more_live_instances_than_the_manifest_has_are_kept() {
    let mut live = colour("shop_a", true, &LIVE, None);
    live.instances = 5;
    let steps = compiled(Verb::Apply, &example::plan(PLAN), &space_of(&[live])).unwrap();
    let push = steps.iter().find(|step| step.facts().kind() == "push").unwrap();
    assert_eq!(
        push.invocation().unwrap().argv().join(" "),
        "cf push shop_b -f manifest.yml -p app -i 5 --no-route --no-start --redact-env"
    );
}

#[test]
fn what_becomes_of_the_old_colour() {
    let space = space_of(&[colour("shop_a", true, &LIVE, None)]);
    let last_steps = |old: &str, drain: &str| {
        let plan = example::plan(&format!("{}    old: {old}\n", PLAN.replace("35s", drain)));
        let steps = compiled(Verb::Apply, &plan, &space).unwrap();
        let after_staging =
            steps.iter().skip_while(|step| step.facts().kind() != "unmap-route" || !step.id.contains("staging"));
        after_staging.skip(1).map(|step| format!("{} {}", step.facts().kind(), step.facts().app())).collect::<Vec<_>>()
    };
    assert_eq!(last_steps("stop", "35s"), ["drain shop_a", "stop shop_a", "annotate shop_a", "annotate shop_b"]);
    assert_eq!(last_steps("stop", "0s"), ["stop shop_a", "annotate shop_a", "annotate shop_b"]);
    assert_eq!(last_steps("keep", "35s"), ["annotate shop_a", "annotate shop_b"]);
    assert_eq!(
        last_steps("delete", "35s"),
        ["drain shop_a", "stop shop_a", "annotate shop_a", "delete shop_a", "annotate shop_b"]
    );
}

#[test]
fn the_fallback_after_a_finished_deployment() {
    let space = space_of(&[
        colour("shop_a", false, &[], Some(Role::Previous)),
        colour("shop_b", true, &LIVE, Some(Role::Live)),
    ]);
    insta::assert_snapshot!(fallen_back(&example::plan(PLAN), &space));
}

#[test]
fn the_fallback_after_an_interrupted_deployment() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[LIVE[0], STAGING], Some(Role::Next)),
    ]);
    insta::assert_snapshot!(fallen_back(&example::plan(PLAN), &space));
}

#[test]
fn refusals_say_what_to_do() {
    let plan = example::plan(PLAN);
    let mut out = String::new();
    let mut case = |title: &str, text: String| out.extend(["# ", title, "\n", &text, "\n"]);
    let live_a = || colour("shop_a", true, &LIVE, Some(Role::Live));

    let stranger = space_of(&[colour("shop", true, &LIVE, None)]);
    case("a live route leads to an app that is no colour", deployed(&plan, &stranger));
    let both = space_of(&[live_a(), colour("shop_b", true, &LIVE, Some(Role::Live))]);
    case("both colours are live and nothing tells which is new", deployed(&plan, &both));
    let neither = space_of(&[colour("shop_a", true, &[], None), colour("shop_b", true, &[], None)]);
    case("neither colour is live and nothing tells which to keep", deployed(&plan, &neither));
    let in_use = space_of(&[live_a(), colour("shop_b", true, &["other.example.com"], None)]);
    case("the idle colour serves something else", deployed(&plan, &in_use));
    let mut no_domain = space_of(&[live_a()]);
    no_domain.domains[0].name = "example.org".to_owned();
    case("no domain fits", deployed(&plan, &no_domain));
    let mut no_service = space_of(&[live_a()]);
    no_service.services.clear();
    case("a service instance is missing", deployed(&plan, &no_service));
    let mut not_ready = space_of(&[live_a()]);
    not_ready.services[0].ready = false;
    case("a service instance is not ready", deployed(&plan, &not_ready));
    let idle = |routes: &[&'static str], started| {
        let mut space = space_of(&[live_a(), colour("shop_b", started, routes, Some(Role::Previous))]);
        space.app_mut("shop_b").unwrap().lifecycle = Some(Lifecycle::Docker);
        space
    };
    case("the idle colour was made for images", deployed(&plan, &idle(&[], false)));
    case("an idle colour with other routes was made for images", deployed(&plan, &idle(&["other.example.com"], false)));
    case("a colour that runs was made for images", deployed(&plan, &idle(&["other.example.com"], true)));
    let mut quota = space_of(&[live_a()]);
    quota.quotas.push(Quota {
        scope: QuotaScope::Organization,
        memory_mb: Some(900),
        routes: Some(10),
        used: Usage { memory_mb: 512, instances: 2, routes: 2, ..Usage::default() },
        ..example::unlimited()
    });
    case("both colours do not fit into the quota", deployed(&plan, &quota));
    case("nothing was deployed yet", fallen_back(&plan, &space_of(&[])));
    case("there is no other colour", fallen_back(&plan, &space_of(&[live_a()])));
    let rolled_back = space_of(&[live_a(), colour("shop_b", false, &[], Some(Role::RolledBack))]);
    case("the other colour was rolled back", fallen_back(&plan, &rolled_back));
    let mut empty =
        [colour("shop_a", true, &LIVE, Some(Role::Live)), colour("shop_b", false, &[], Some(Role::Previous))];
    for colour in &mut empty {
        colour.instances = 0;
    }
    let mut no_droplet = space_of(&[live_a(), colour("shop_b", false, &[], Some(Role::Previous))]);
    no_droplet.apps[1].droplet = None;
    case("the other colour was never staged", fallen_back(&plan, &no_droplet));
    case("neither colour has instances", fallen_back(&plan, &space_of(&empty)));
    insta::assert_snapshot!(out);
}

#[test]
fn a_previous_version_that_was_scaled_down_gets_its_instances_back() {
    for (keys, live, expected) in [("", 3, 3), ("    instances: manifest\n", 3, 2), ("    instances: manifest\n", 1, 1)]
    {
        let plan = example::plan(&format!("{PLAN}{keys}"));
        let mut colours =
            [colour("shop_a", false, &[], Some(Role::Previous)), colour("shop_b", true, &LIVE, Some(Role::Live))];
        (colours[0].instances, colours[1].instances) = (0, live);
        let steps = compiled(Verb::Rollback, &plan, &space_of(&colours)).unwrap();
        let first = steps[0].invocation().unwrap().argv().join(" ");
        assert_eq!(first, format!("cf scale shop_a -i {expected}"), "{keys}");
    }
}

/// What the manifest asks for, and what the next colour was made for.
#[test]
fn what_the_manifest_says_is_created_pushed_and_bound() {
    let mut out = String::new();
    for manifest in [
        "",
        "  services: [db]\n",
        "  lifecycle: buildpack\n",
        "  lifecycle: cnb\n  buildpacks: [docker://buildpacks.example.com/ruby]\n",
        "  docker: {image: images.example.com/shop}\n",
        "  processes: [{type: worker, instances: 3, memory: 2G}, {type: cron}]\n",
    ] {
        let text = if manifest.contains("docker: {") { PLAN.replace("    path: app\n", "") } else { PLAN.to_owned() };
        let plan = example::plan_and_manifest(&text, manifest);
        out.extend(["# ", manifest.trim(), "\n"]);
        for made_for in [None, Some(Lifecycle::Buildpack), Some(Lifecycle::Cnb), Some(Lifecycle::Docker)] {
            let mut space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
            if made_for.is_some() {
                let mut next = example::app("shop_b", false, 1, Some(Role::Previous));
                next.bindings.clear();
                next.lifecycle = made_for;
                space.apps.push(next);
            }
            let told = match compiled(Verb::Apply, &plan, &space) {
                Err(refusal) => format!("refused: {refusal}"),
                Ok(steps) => {
                    let shown = steps
                        .iter()
                        .filter(|step| matches!(step.facts().kind(), "create-app" | "push" | "bind-service"));
                    shown.map(|step| step.invocation().unwrap().argv().join(" ")).collect::<Vec<_>>().join("; ")
                }
            };
            let mut model = space;
            for step in compiled(Verb::Apply, &plan, &model).unwrap_or_default() {
                step.facts().effect(&mut model);
            }
            let next = model.app("shop_b").map(|app| app.processes.iter());
            let sizes = next.into_iter().flatten().map(|it| format!("{} {}x{}M", it.kind, it.instances, it.memory_mb));
            out.extend([format!("{made_for:?}: {told} -> {}\n", sizes.collect::<Vec<_>>().join(", "))]);
        }
    }
    insta::assert_snapshot!(out);
}

/// CC: a value of an annotation has at most 5000 characters; the routes that a push takes off an app are kept in one.
#[test]
fn more_routes_than_an_annotation_takes_are_refused() {
    for (last, fits) in [(51, true), (52, false)] {
        let lengths = std::iter::repeat_n(100, 49).chain([last]);
        let kept: Vec<String> = lengths
            .enumerate()
            .map(|(at, length)| format!("r{at:02}.example.com/{}", "p".repeat(length - 16)))
            .collect();
        let mut space = space_of(&[
            colour("shop_a", true, &LIVE, Some(Role::Live)),
            colour("shop_b", false, &[], Some(Role::Previous)),
        ]);
        space.routes.extend(kept.iter().map(|url| example::route(url, "shop_b")));
        let compiled = compiled(Verb::Apply, &example::plan(PLAN), &space);
        assert_eq!(compiled.is_ok(), fits, "{} characters: {:?}", kept.join(" ").len(), compiled.err());
    }
}

/// The space once the steps are done up to the one of this id, or all of them.
fn done(mut space: Space, steps: &[Step], last: &str) -> Space {
    let end = steps.iter().position(|step| step.id == last).map_or(steps.len(), |at| at + 1);
    for step in &steps[..end] {
        step.facts().effect(&mut space);
    }
    space
}

/// What a run has left that was killed, on the colours, in its lock and on this machine, decides what is gone on with.
#[test]
fn what_a_killed_run_has_left_is_gone_on_with() {
    let plan = example::plan(PLAN);
    let (this, older) =
        (example::identity(), Identity { id: "20261122-080000-00000000".to_owned(), ..example::identity() });
    let here = example::upload();
    let changed = Upload::as_written("others", "");
    let settled = || {
        let mut space = space_of(&[
            colour("shop_a", true, &LIVE, Some(Role::Live)),
            colour("shop_b", true, &["other.example.com"], Some(Role::Previous)),
        ]);
        space.app_mut("shop_b").unwrap().bindings = vec![Binding::of("cache")];
        space
    };
    let steps = compiled(Verb::Apply, &plan, &settled()).unwrap();
    let after = |last| done(settled(), &steps, last);
    let but = |mut space: Space, app: &str, change: fn(&mut App)| {
        change(space.app_mut(app).unwrap());
        space
    };
    let other_plan = but(after("shop/mark"), "shop_b", |app| {
        app.annotations.insert("cutover-plan".to_owned(), "another".to_owned());
    });
    let two = but(after("shop/map-live"), "shop_a", |app| {
        app.annotations.insert("cutover-role".to_owned(), "next".to_owned());
    });
    let empty = but(after("shop/stage"), "shop_b", |app| app.processes[0].instances = 0);
    let weak = but(after("shop/map-live"), "shop_a", |app| app.processes[0].states.truncate(1));
    let no_droplet = |last| but(after(last), "shop_a", |app| app.droplet = None);
    let mut deleted = after("shop/map-live-2");
    Delete { app: plan.apps[0].colours[0].clone(), patience: std::time::Duration::ZERO }.effect(&mut deleted);
    let mut taken_off = after("shop/mark");
    taken_off.routes.iter_mut().filter(|route| route.url == LIVE[1]).for_each(|route| route.destinations.clear());
    let first = but(space_of(&[colour("shop_b", false, &[], None)]), "shop_b", |app| app.droplet = None);
    let first = done(first.clone(), &compiled(Verb::Apply, &plan, &first).unwrap(), "shop/map-live-2");
    let silent = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[LIVE[1]], Some(Role::Next)),
    ]);
    let mut stranger = after("shop/mark");
    stranger.apps.push(example::app("other", true, 1, None));
    stranger.routes.push(example::route(STAGING, "other"));

    let mut out = String::new();
    let mut case = |verb: Verb, title: &str, lock: Option<&Identity>, upload: Option<&Upload>, space: &Space| {
        let begun =
            lock.map(|identity| Begun { identity: identity.clone(), plan: plan.digest.clone(), extent: Extent::Whole });
        let told = match compile(verb, &input(&plan, &this, upload, begun.as_ref()), space) {
            Ok(steps) => steps.iter().map(|step| step.id.trim_start_matches("shop/")).collect::<Vec<_>>().join(" "),
            Err(refusal) => format!("refused: {refusal}"),
        };
        out.extend([&format!("# {verb}: {title}\n"), told.as_str(), "\n"]);
    };
    for verb in [Verb::Resume, Verb::Rollback] {
        case(verb, "nothing was begun, no lock tells of it", None, Some(&here), &settled());
        case(verb, "nothing was begun, a lock tells of it", Some(&this), Some(&here), &settled());
        case(verb, "all is done, a lock tells of it", Some(&this), Some(&here), &after("all"));
        case(verb, "all is done, a lock tells of another run", Some(&older), Some(&here), &after("all"));
        case(verb, "it is marked", None, Some(&here), &after("shop/mark"));
        case(verb, "it is marked, by the run of the lock", Some(&this), Some(&here), &after("shop/mark"));
        case(verb, "it is marked, by a run before that of the lock", Some(&older), Some(&here), &after("shop/mark"));
        case(verb, "it is marked, the files are not here", None, None, &after("shop/mark"));
        case(verb, "it is marked, the files are others", None, Some(&changed), &after("shop/mark"));
        case(verb, "it is marked, by another plan", None, Some(&here), &other_plan);
        case(verb, "it is marked, a stranger has the staging route", None, Some(&here), &stranger);
        case(verb, "it is pushed, the files are not here", None, None, &after("shop/push"));
        case(verb, "it is staged, the files are others", None, Some(&changed), &after("shop/stage"));
        case(verb, "it is bound", None, None, &after("shop/bind"));
        case(verb, "it is staged, and was scaled down to none", None, None, &empty);
        case(verb, "it is on one live route", None, None, &after("shop/map-live"));
        case(verb, "it is on both, alone", None, None, &after("shop/unmap-live-4"));
        case(verb, "it is on one live route, of the old one runs only a part", None, None, &weak);
        case(verb, "it is on both, the old one is deleted", None, None, &deleted);
        case(verb, "it is on both, the old one has no droplet", None, None, &no_droplet("shop/map-live-2"));
        case(verb, "it is marked, the old one has no droplet", None, Some(&here), &no_droplet("shop/mark"));
        case(verb, "it is marked, the old one was taken off a live route", None, Some(&here), &taken_off);
        case(verb, "it is the first that is on the live routes", None, None, &first);
        case(verb, "both say that they are under way", None, Some(&here), &two);
        case(verb, "nothing tells what was before it", None, Some(&here), &silent);
    }
    let mut on_staging = settled();
    on_staging.routes.push(example::route(STAGING, "shop_a"));
    case(Verb::Apply, "the live one is on the staging route, too", None, Some(&here), &on_staging);
    case(Verb::Apply, "the files are not here", None, None, &settled());
    insta::assert_snapshot!(out);
}

/// A plan whose new version is checked by a task that takes this.
fn with_task(size: &str) -> Plan {
    let checks = format!("checks:\n      - task: {{command: bin/smoke, name: smoke{size}}}");
    example::plan(&PLAN.replace("checks:", &checks))
}

#[test]
fn the_new_version_is_checked_by_a_task() {
    let live = colour("shop_a", true, &LIVE, Some(Role::Live));
    let told = deployed(&with_task(", memory: 64M, disk: 32M, within: 2m"), &space_of(&[live]));
    let lines: Vec<&str> = told.lines().filter(|line| !line.contains("cutover-plan")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// What a task has come to tells whether it is run: each deployment does that once.
#[test]
fn a_task_that_was_run_is_waited_for_and_not_run_again() {
    let plan = with_task("");
    let settled = || space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
    let steps = compiled(Verb::Apply, &plan, &settled()).unwrap();
    let name = "smoke-1-20261123-104500-0badcafe";
    let run = |space: &Space| {
        let steps = compiled(Verb::Resume, &plan, space).unwrap();
        let task = steps.iter().find(|step| step.id == "shop/task").unwrap();
        (task.invocation().map(|call| call.argv().join(" ")), task.facts().purpose())
    };
    let fresh = (
        Some(format!("cf run-task shop_b --command bin/smoke --name {name}")),
        format!("run task {name} on shop_b: bin/smoke"),
    );
    let waited_for = (None, format!("wait for task {name} of shop_b, which was run before: bin/smoke"));
    assert_eq!(run(&done(settled(), &steps, "shop/start")), fresh);
    for state in [TaskState::Pending, TaskState::Running, TaskState::Succeeded, TaskState::Failed] {
        let mut half_way = done(settled(), &steps, "shop/task");
        half_way.app_mut("shop_b").unwrap().tasks[0].state = state;
        assert_eq!(run(&half_way), waited_for, "{state}");
    }
    // That of another deployment is another one.
    let mut older = done(settled(), &steps, "shop/task");
    older.app_mut("shop_b").unwrap().tasks[0].name = "smoke-1-20261122-080000-00000000".to_owned();
    assert_eq!(run(&older), fresh);
}

#[test]
fn the_memory_of_a_task_counts_while_it_runs() {
    let space = |memory_mb, instance_memory_mb| {
        let mut space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
        let used = Usage { memory_mb: 512, instances: 2, routes: 2, ..Usage::default() };
        let (name, scope) = ("small".to_owned(), QuotaScope::Space);
        let unlimited = Quota { name, scope, used, ..example::unlimited() };
        space.quotas.push(Quota { memory_mb, instance_memory_mb, ..unlimited });
        space
    };
    // Two instances of 256 MB more, and the task beside them.
    for (size, space, fits) in [
        (", memory: 64M", space(Some(1088), None), true),
        (", memory: 64M", space(Some(1087), None), false),
        ("", space(Some(2048), None), true),
        ("", space(Some(2047), None), false),
        (", memory: 512M", space(None, Some(512)), true),
        (", memory: 512M", space(None, Some(511)), false),
    ] {
        assert_eq!(compiled(Verb::Apply, &with_task(size), &space).is_ok(), fits, "{size}: {:?}", space.quotas);
    }
    // One that runs is among what is used, and is not counted once more where it is gone on with.
    let plan = with_task(", memory: 64M");
    let steps = compiled(Verb::Apply, &plan, &space(None, None)).unwrap();
    let mut runs = done(space(None, None), &steps, "shop/task");
    runs.app_mut("shop_b").unwrap().tasks[0].state = TaskState::Running;
    assert_eq!(quota::usage(&runs).memory_mb, 1088);
    let used = quota::usage(&runs);
    runs.quotas[0] = Quota { memory_mb: Some(1088), used, ..runs.quotas[0].clone() };
    assert!(compiled(Verb::Resume, &plan, &runs).is_ok());
}

#[test]
fn a_quota_is_held_where_something_grows() {
    let plan = example::plan(PLAN);
    let space = |memory_mb, instances, routes, instance_memory_mb| {
        let mut space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
        space.quotas.push(Quota {
            name: "small".to_owned(),
            scope: QuotaScope::Space,
            memory_mb,
            instance_memory_mb,
            instances,
            routes,
            reserved_ports: None,
            log_rate: None,
            used: Usage { memory_mb: 512, instances: 2, routes: 2, ..Usage::default() },
        });
        space
    };
    // Two instances of 256 MB more, and the staging route.
    for (space, fits) in [
        (space(Some(1024), Some(4), Some(3), Some(256)), true),
        (space(Some(1023), None, None, None), false),
        (space(None, Some(3), None, None), false),
        (space(None, None, Some(2), None), false),
        (space(None, None, None, Some(255)), false),
    ] {
        assert_eq!(compiled(Verb::Apply, &plan, &space).is_ok(), fits, "{:?}", space.quotas);
    }

    let steps = compiled(Verb::Apply, &plan, &space(None, None, None, None)).unwrap();
    let at = steps.iter().position(|step| step.facts().kind() == "drain").unwrap();
    let both = done(space(Some(512), Some(2), Some(2), None), &steps, &steps[at].id);
    assert_eq!(quota::check(&both, &steps[at..]), Ok(()), "what is over its quota may shrink");

    let mut follows = done(space(None, None, None, None), &steps[..at], "all");
    quota::follow(&space(None, None, None, None), &mut follows);
    assert_eq!(follows.quotas[0].used, Usage { memory_mb: 1024, instances: 4, routes: 3, ..Usage::default() });
    let mut back = Space { quotas: follows.quotas.clone(), ..space(None, None, None, None) };
    quota::follow(&follows, &mut back);
    assert_eq!(back.quotas[0].used, Usage { memory_mb: 512, instances: 2, routes: 2, ..Usage::default() });
}

/// What the quotas say of logs; what the live version, which the new one is made equal to, may log in bytes a second; and whether
/// the app of the new one is there, so that it is known what it may log.
#[test]
fn a_quota_of_logs_is_held_as_far_as_it_is_known() {
    let plan = example::plan(PLAN);
    let rate = Setting::Process("web".to_owned(), ProcessSetting::LogRate);
    for (limit, live, is_there, told) in [
        (None, -1, true, "fits"),
        (Some(4096), -1, false, "fits"),
        (Some(4096), 1024, false, "fits"),
        (Some(4095), 1024, false, "4096 bytes of logs a second would be in use, and 4095 are allowed: 1 too many"),
        (Some(4096), -1, true, "none without a limit, which process web of app shop_b is to be"),
    ] {
        let previous = colour("shop_b", false, &[], Some(Role::Previous));
        let apps: Vec<Colour> =
            [colour("shop_a", true, &LIVE, Some(Role::Live))].into_iter().chain(is_there.then_some(previous)).collect();
        let mut space = space_of(&apps);
        space.apps[0].set(rate.clone(), Is::Set(live.into()));
        space.quotas.push(Quota { log_rate: limit, ..example::unlimited() });
        space.quotas[0].used.log_rate = quota::usage(&space).log_rate;
        let refused =
            compiled(Verb::Apply, &plan, &space).err().map_or("fits".to_owned(), |refusal| refusal.to_string());
        assert!(refused.contains(told), "{limit:?} {live} {is_there}: {refused}");
    }
}

/// A manifest may name that there is no limit: then that is known of a new app, too, whatever it is to run.
#[test]
fn what_a_manifest_says_of_logs_is_known() {
    let mut space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
    space.quotas.push(Quota { name: "small".to_owned(), log_rate: Some(4096), ..example::unlimited() });
    for what in ["path: app", "droplet: out.tgz"] {
        let plan = example::plan_and_manifest(&PLAN.replace("path: app", what), "  log-rate-limit-per-second: -1\n");
        let refused = compiled(Verb::Apply, &plan, &space).unwrap_err().to_string();
        assert!(refused.contains("and none without a limit, which process web of app shop_b is to be"), "{refused}");
    }
}

/// Only a new version is given up for want of room: what is gone back to is waited for.
#[test]
fn a_start_that_finds_no_room_ends_its_wait_where_another_version_serves() {
    let plan = example::plan(PLAN);
    let live = || space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
    let no_room = |mut space: Space, app: &str| {
        let state = &mut space.app_mut(app).unwrap().processes[0].states[1];
        (state.state, state.details) = (InstanceState::Down, Some("insufficient resources: memory".to_owned()));
        space
    };
    let forward = compiled(Verb::Apply, &plan, &live()).unwrap();
    let start = forward.iter().find(|step| step.id == "shop/start").unwrap();
    let started = done(live(), &forward, &start.id);
    assert_eq!(start.gives_up(&started), None);
    let why = start.gives_up(&no_room(started.clone(), "shop_b")).unwrap();
    assert!(why.contains("web instance #1 of app shop_b: insufficient resources: memory"), "{why}");
    assert_eq!(start.gives_up(&no_room(started, "shop_a")), None, "that is not what it starts");

    let finished = done(live(), &forward, "all");
    let back = compiled(Verb::Rollback, &plan, &finished).unwrap();
    let start = back.iter().find(|step| step.facts().kind() == "start").unwrap();
    let started = done(finished, &back, &start.id);
    assert_eq!(start.gives_up(&no_room(started, "shop_a")), None);
}

/// Two versions in one app: a deployment of the platform's own is under way there, or has left them.
#[test]
fn two_web_processes_in_one_app_are_counted_together() {
    let plan = example::plan(PLAN);
    let colours = [AppName::parse("shop_a").unwrap(), AppName::parse("shop_b").unwrap()];
    // Instances and memory of each, the newest first; what they use; how large the next version must be.
    for (webs, memory_mb, instances, next) in [
        (&[(2, 256)][..], 512, 2, 2),
        (&[(1, 256), (4, 128)], 768, 5, 5),
        (&[(0, 256), (4, 128)], 512, 4, 4),
        (&[(4, 256), (0, 128)], 1024, 4, 4),
    ] {
        let mut space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
        let one = space.apps[0].processes.remove(0);
        for (number, (instances, memory_mb)) in webs.iter().enumerate() {
            let mut web =
                Process { guid: format!("web-{number}"), instances: *instances, memory_mb: *memory_mb, ..one.clone() };
            let state = web.states[0].clone();
            web.states = (0..*instances).map(|index| Instance { index, ..state.clone() }).collect();
            space.apps[0].processes.push(web);
        }
        let used = Usage { memory_mb, instances, routes: 2, ..Usage::default() };
        assert_eq!(quota::usage(&space), used, "{webs:?}");
        let sized = sizing::of(&plan.apps[0], &space, Some(&colours[0]), &colours[1]);
        assert_eq!(sized.declared.size.instances, next, "{webs:?}");
        // The next version, and the staging route.
        let (more, limit) = (u64::from(next), |memory_mb, instances| Quota {
            name: "default".to_owned(),
            memory_mb: Some(memory_mb),
            instances: Some(instances),
            used,
            ..example::unlimited()
        });
        let (memory_mb, instances) = (memory_mb + more * 256, instances + more);
        let compiled_with = |quota| compiled(Verb::Apply, &plan, &Space { quotas: vec![quota], ..space.clone() });
        assert!(compiled_with(limit(memory_mb - 1, instances)).is_err(), "{webs:?}");
        assert!(compiled_with(limit(memory_mb, instances - 1)).is_err(), "{webs:?}");
        let steps = compiled_with(limit(memory_mb, instances)).unwrap();
        let found = proof::prove_one(&plan.apps[0], Verb::Apply, &space, &steps);
        assert!(found.is_none(), "{webs:?}: {}", found.unwrap());
    }
}

fn any_role() -> impl Strategy<Value = Option<Role>> {
    prop_oneof![
        Just(None),
        Just(Some(Role::Next)),
        Just(Some(Role::RollingBack)),
        Just(Some(Role::Live)),
        Just(Some(Role::Previous)),
        Just(Some(Role::RolledBack))
    ]
}

fn any_colour(name: &'static str) -> impl Strategy<Value = Option<Colour>> {
    let routes = proptest::sample::subsequence(vec![LIVE[0], LIVE[1], STAGING, "other.example.com"], 0..=4);
    proptest::option::weighted(
        0.9,
        (any::<bool>(), 0..4_u32, routes, any_role()).prop_map(move |(started, instances, routes, role)| Colour {
            name,
            started,
            instances,
            routes,
            role,
        }),
    )
}

proptest! {
    /// Whatever is there, the compilers answer, and what they answer is safe at every point and confirms itself.
    #[test]
    fn every_list_of_steps_is_safe_and_confirms_itself(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let app = &plan.apps[0];
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        for verb in [Verb::Apply, Verb::Resume, Verb::Rollback] {
            let Ok(steps) = compiled(verb, &plan, &space) else { continue };
            let found = proof::prove_one(app, verb, &space, &steps);
            prop_assert!(found.is_none(), "{verb}: {}", found.unwrap());
            let mut model = space.clone();
            for step in &steps {
                let before = model.clone();
                step.facts().effect(&mut model);
                if let Some(condition) = step.facts().condition() {
                    prop_assert_eq!(condition.judge(&model, &before), Judgement::Holds, "{}", step.id);
                }
                let mut again = model.clone();
                step.facts().effect(&mut again);
                prop_assert_eq!(&again, &model, "{} a second time", step.id);
            }
            // The end is settled, and one more fallback would be a new decision.
            let end = Standing::of(app, &model);
            let nobody = verb != Verb::Apply && matches!(end, Ok(Standing::First { .. }));
            prop_assert!(nobody || matches!(end, Ok(Standing::Settled { .. })), "{verb}: {:?}", end);
        }
    }

    /// The app that alone serves a live route is never the one that is pushed to.
    #[test]
    fn the_serving_colour_is_never_redeployed(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let app = &plan.apps[0];
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        if let Ok(steps) = compiled(Verb::Apply, &plan, &space) {
            let mut model = space.clone();
            for step in &steps {
                if step.facts().kind() == "push" {
                    for url in &app.live {
                        prop_assert!(!model.holders(url).contains(&step.facts().app()), "{url} leads to what is pushed");
                    }
                }
                step.facts().effect(&mut model);
            }
        }
    }

    /// Whatever is there, and whatever was in flight: nothing is told to be done by hand that takes an app that serves
    /// off its route, or stops it.
    #[test]
    fn what_is_left_harms_nobody_who_serves(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        let (identity, upload) = (example::identity(), example::upload());
        for verb in [Verb::Apply, Verb::Resume, Verb::Rollback] {
            let input = input(&plan, &identity, Some(&upload), None);
            let Ok(left) = left::left(verb, &input, &space) else { continue };
            let way = match verb {
                Verb::Rollback => None,
                Verb::Apply | Verb::Resume => UnderWay::of(&plan.apps[0], &space).filter(|under_way| !under_way.back),
            };
            let mut model = space.clone();
            for step in &left.by_hand {
                if let Action::Annotate(annotate) = &step.action {
                    // Nobody writes by hand that another app is live than the one that is.
                    let holds = |app: &str| serving(&model).iter().any(|(holder, _)| holder == app);
                    let app = annotate.app.as_str();
                    let other = if app == "shop_a" { "shop_b" } else { "shop_a" };
                    let is_wrong = match annotate.annotations.role() {
                        Some(Role::Live) => holds(other) && !holds(app),
                        Some(Role::Previous | Role::RolledBack) => holds(app) && !holds(other),
                        Some(Role::Next | Role::RollingBack) | None => false,
                    };
                    prop_assert!(!is_wrong, "{verb}: {}: {app} is {:?}", step.id, annotate.annotations.role());
                }
                let before = serving(&model);
                step.facts().effect(&mut model);
                let after = serving(&model);
                prop_assert!(before.is_subset(&after), "{verb}: {}: {before:?} -> {after:?}", step.id);
                // Whether a version that is being deployed has passed its checks is known by no one, unless it is on that
                // route already.
                let unchecked = way.as_ref().map(|under_way| under_way.app.as_str());
                let held = |app: &str, url: &str| space.routes_of(app).contains(&url);
                let new = |(app, url): &&(String, String)| Some(app.as_str()) == unchecked && !held(app, url);
                let found = after.difference(&before).find(new);
                prop_assert!(found.is_none(), "{verb}: {}: {found:?}", step.id);
            }
        }
    }
}

/// A stop of an app in which a deployment of the platform's own waits ends one of its web processes: nobody has scaled the
/// other one.
#[test]
fn a_stop_explains_what_becomes_of_two_web_processes() {
    let web = |guid: &str, instances| Process {
        guid: guid.to_owned(),
        kind: "web".to_owned(),
        instances,
        memory_mb: 64,
        states: Vec::new(),
        ends_unseen: false,
    };
    let with = |processes: Vec<Process>, started: bool| {
        let app = App { processes, ..example::app("shop_a", started, 1, Some(Role::Live)) };
        example::space(vec![app], [("shop.example.com", "shop_a")])
    };
    let before = with(vec![web("new", 1), web("old", 4)], true);
    let (names, routes) = ([AppName::parse("shop_a").unwrap()], [RouteUrl::parse("shop.example.com").unwrap()]);
    let stop = Action::from(crate::steps::action::Stop { app: names[0].clone() });
    for processes in [vec![web("old", 4)], vec![web("new", 4)], vec![web("new", 1), web("old", 4)]] {
        for difference in differences(&before, &with(processes, false), &names, &routes) {
            assert!(stop.facts().may_change(&difference.facet), "{difference}");
        }
    }
    // By itself it is somebody's doing.
    let scaled = differences(&before, &with(vec![web("new", 1), web("old", 2)], true), &names, &routes);
    let told: Vec<String> = scaled.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["process web of app shop_a was scaled from 4 to 2 instances"]);
}

/// Which apps serve which routes; what is only on the staging route serves nobody.
fn serving(space: &Space) -> BTreeSet<(String, String)> {
    let of_app = |app: &App| {
        let routes = space.routes_of(&app.name).into_iter().filter(|url| *url != STAGING);
        routes.map(|url| (app.name.clone(), url.to_owned())).collect::<Vec<_>>()
    };
    space.apps.iter().filter(|app| app.state == AppState::Started).flat_map(of_app).collect()
}

/// A way back that is cut off is not gone on with as a way forward: an app that serves would be stopped.
#[test]
fn what_is_left_is_of_the_list_that_was_in_flight() {
    let plan = example::plan(PLAN);
    let identity = example::identity();
    let input = input(&plan, &identity, None, None);
    let told = |verb, space: &Space| {
        let left = left::left(verb, &input, space).unwrap();
        let by_hand = left.by_hand.iter().map(|step| format!("{} {}", step.facts().kind(), step.facts().app()));
        (by_hand.collect::<Vec<_>>(), left.more)
    };
    // The new version has failed on the live route, and the old one is already back on it.
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &LIVE, Some(Role::RollingBack)),
    ]);
    let (by_hand, more) = told(Verb::Rollback, &space);
    assert_eq!(by_hand, ["map-route shop_a", "map-route shop_a"], "both serve: nobody is taken off by hand");
    let all = compiled(Verb::Rollback, &plan, &space).unwrap().len();
    assert_eq!(by_hand.len() + more, all);
    // It is off its routes: what is left is to stop it.
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[], Some(Role::RollingBack)),
    ]);
    assert!(told(Verb::Rollback, &space).0.contains(&"stop shop_b".to_owned()));
    // What only the staging route leads to serves nobody.
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[STAGING], Some(Role::RollingBack)),
    ]);
    assert_eq!(
        told(Verb::Rollback, &space).0,
        [
            "unmap-route shop_b",
            "unmap-route shop_b",
            "unmap-route shop_b",
            "drain shop_b",
            "stop shop_b",
            "annotate shop_b"
        ]
    );
    // Nothing is under way any more.
    let space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
    assert_eq!(told(Verb::Apply, &space), (Vec::new(), 0));
}

/// What an action may change is read after it: else it would be taken for somebody else's change later.
#[test]
fn what_an_action_may_change_is_read_after_it() {
    let plan = with_task("");
    let mut kinds = BTreeMap::new();
    let spaces = [
        space_of(&[]),
        space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]),
        space_of(&[
            colour("shop_a", true, &LIVE, Some(Role::Live)),
            colour("shop_b", true, &[LIVE[0], STAGING, "other.example.com"], Some(Role::Next)),
        ]),
        space_of(&[
            Colour { instances: 1, ..colour("shop_a", false, &[], Some(Role::Previous)) },
            Colour { instances: 3, ..colour("shop_b", true, &LIVE, Some(Role::Live)) },
        ]),
    ];
    let [copying, uploading] = ["from: {app: shop, space: staging}", "droplet: out.tgz"]
        .map(|what| example::plan(&PLAN.replace("path: app", what)));
    let sources = vec![example::source("shop")];
    let spaces = spaces.map(|space| Space { sources: sources.clone(), ..space });
    let all = spaces.iter().flat_map(|space| [Verb::Apply, Verb::Rollback].map(|verb| (space, verb)));
    for ((space, verb), plan) in all.flat_map(|one| [&plan, &copying, &uploading].map(|plan| (one, plan))) {
        for step in compiled(verb, plan, space).unwrap_or_default() {
            let undo = step.undo().map(|undo| undo.argv().join(" ").replace("shop_a", "APP").replace("shop_b", "APP"));
            kinds.insert(
                step.facts().kind(),
                format!("{} {} {undo:?}", step.facts().takes_away(), step.facts().is_watched_by_cf()),
            );
            for facet in facets(&step) {
                let read = step.facts().changes().contains(&facet.section());
                assert!(read || !step.may_change(&facet), "{} {facet:?}", step.id);
            }
        }
    }
    // What each kind takes away, whether its cf only watches, and what takes it back.
    let known = kinds.iter().map(|(kind, known)| format!("{kind}: {known}\n")).collect::<Vec<_>>().concat();
    insta::assert_snapshot!(known);
}

/// One of each that a deployment hangs on, as far as a step may be about it.
fn facets(step: &Step) -> Vec<Facet> {
    let app = || step.facts().app().to_owned();
    let annotations = match &step.action {
        Action::Annotate(annotate) => {
            let of_droplet = annotate.annotations.of_droplet().map(ToOwned::to_owned);
            annotate.annotations.to_map().into_keys().chain(of_droplet).collect()
        }
        _ => vec!["cutover-role".to_owned()],
    };
    let mut facets = vec![
        Facet::App(app()),
        Facet::State(app()),
        Facet::Instances { app: app(), process: "web".to_owned(), guid: "web".to_owned() },
        Facet::Droplet(app()),
    ];
    facets.extend(annotations.into_iter().map(|key| Facet::Annotation { app: app(), key }));
    facets.extend(
        [LIVE[0], LIVE[1], STAGING, "other.example.com"].map(|url| Facet::Leads { url: url.to_owned(), app: app() }),
    );
    facets
}

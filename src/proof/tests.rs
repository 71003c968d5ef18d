//! The checker, tried on compilers that are right, and on wrong ones: each is caught, with the story of what would
//! happen.

use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

use crate::example;
use crate::plan::{self, DockerImage, Lifecycle, Plan, RouteUrl};
use crate::settings::{Is, Policy, ProcessSetting, Setting};
use crate::space::condition::{Condition, Must};
use crate::space::{App, Binding, Instance, InstanceState, Process, Quota, QuotaKind, QuotaScope, Space, Usage};
use crate::steps::action::Delete;
use crate::steps::annotations::{DEPLOYMENT, KEPT_ROUTES, Role};
use crate::steps::refusal::{ColourRefusal, PlatformRefusal, Refusal, UnderWayRefusal};
use crate::steps::standing::UnderWay;
use crate::steps::{Action, Deployment, Step, Verb};

use super::prove::prove_app;
use super::world::{StepEnd, World};
use super::{Proof, prove, prove_one};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    services: [db]
    routes:
      live: [shop.example.com, www.example.com]
      staging: shop-staging.example.com
    checks:
      - http: {path: /health}
";
const LIVE: [&str; 2] = ["shop.example.com", "www.example.com"];

fn plan_with(keys: &str) -> Plan {
    example::plan(&format!("{PLAN}{keys}"))
}

fn app(name: &str, started: bool, role: Option<Role>) -> App {
    example::app(name, started, 2, role)
}

/// A space with these apps, the live routes on the one that is named.
fn space(apps: Vec<App>, live: Option<&str>) -> Space {
    example::space(apps, live.into_iter().flat_map(|app| LIVE.map(|url| (url, app))))
}

/// The ordinary case: one colour is live, the other one is the version before.
fn ordinary() -> Space {
    space(vec![app("shop_a", true, Some(Role::Live)), app("shop_b", false, Some(Role::Previous))], Some("shop_a"))
}

fn right(plan: &Plan, verb: Verb, space: &Space) -> Result<Vec<Step>, Refusal> {
    example::compile(plan, verb, space)
}

fn proved(plan: &Plan, verb: Verb, space: &Space) -> Proof {
    prove_app(&plan.apps[0], verb, space, &|verb, space| right(plan, verb, space))
}

fn assert_holds(name: &str, proof: &Proof) {
    let told: Vec<String> = proof.violations.iter().map(ToString::to_string).collect();
    assert!(proof.holds, "{name}: {}", told.join("\n"));
}

/// In how many parts those come of which there are many of a kind.
const PARTS: usize = 3;

/// Which of the parts is tried.
static PART: LazyLock<Option<usize>> = LazyLock::new(|| testkit::part::tried(PARTS));

/// Whether one of many is tried.
fn is_tried(name: &str) -> bool {
    PART.is_none_or(|part| name.bytes().map(usize::from).sum::<usize>() % PARTS == part)
}

/// As [`assert_holds`], of one of many.
fn assert_part_holds(name: &str, prove: impl FnOnce() -> Proof) {
    if is_tried(name) {
        assert_holds(name, &prove());
    }
}

/// From where a deployment, and then its rollback, lead through a verb is proved, of one or many: they take turns, since each
/// walk tries all three from where it leads through. Returns where that ends.
fn assert_half_way_holds(plan: &Plan, start: &Space) -> Space {
    let mut half_way = start.clone();
    for begun in [Verb::Apply, Verb::Rollback] {
        let turns = [Verb::Resume, Verb::Rollback, Verb::Apply].into_iter().cycle();
        for (step, verb) in right(plan, begun, &half_way.clone()).unwrap().iter().zip(turns) {
            step.facts().effect(&mut half_way);
            assert_part_holds(&format!("{verb} after {} of {begun}", step.id), || proved(plan, verb, &half_way));
        }
    }
    half_way
}

#[test]
fn every_verb_of_every_plan_holds_from_every_ordinary_space() {
    let spaces = [
        ("nothing is there", space(Vec::new(), None)),
        ("the first version", space(vec![app("shop_a", true, None)], Some("shop_a"))),
        ("an update", ordinary()),
        (
            "after a rollback",
            space(
                vec![app("shop_a", true, Some(Role::Live)), app("shop_b", false, Some(Role::RolledBack))],
                Some("shop_a"),
            ),
        ),
        (
            "the old colour was kept",
            space(
                vec![app("shop_a", true, Some(Role::Previous)), app("shop_b", true, Some(Role::Live))],
                Some("shop_b"),
            ),
        ),
    ];
    let keys = [
        "",
        "    old: keep\n",
        "    old: delete\n",
        "    drain: 0s\n",
        "    instances: manifest\n",
        "      - http: {at: live}\n    watch: {for: 2m}\n",
        "    watch: {for: 2m}\n    old: delete\n",
        "      - task: bin/smoke\n",
    ];
    let mut out = String::new();
    for (name, space) in &spaces {
        for keys in
            keys.iter().filter(|keys| keys.is_empty() || *name == "an update" || keys.ends_with("watch: {for: 2m}\n"))
        {
            let plan = plan_with(keys);
            for verb in [Verb::Apply, Verb::Rollback] {
                let title = format!("{name}, {:?}, {verb}", keys.trim());
                assert_part_holds(&title, || {
                    let proof = proved(&plan, verb, space);
                    out.extend([format!("{title}: {} cases\n", proof.cases)]);
                    proof
                });
            }
        }
    }
    // How many walks they are is no matter, but that none gets lost is.
    if PART.is_none() {
        insta::assert_snapshot!(out);
    }
}

/// The routes are reached by HTTP/2 and have options of their own, which the plan changes.
#[test]
fn what_routers_are_told_of_a_route_changes_and_comes_back_from_every_half_way_state() {
    let named = "{route: shop.example.com, options: {loadbalancing: least-connection}}";
    let plan = example::plan(&PLAN.replace("live: [shop.example.com,", &format!("live: [{named},")));
    let mut start = ordinary();
    for route in &mut start.routes {
        route.destinations[0].protocol = plan::Protocol::Http2;
        route.options = Some(plan::RouteOptions::default());
    }
    let half_way = assert_half_way_holds(&plan, &start);
    let is_as_before = half_way.routes.iter().zip(&start.routes).all(|(is, was)| {
        is.options == was.options && is.destinations.iter().all(|to| to.protocol == plan::Protocol::Http2)
    });
    assert!(is_as_before, "{:?}", half_way.routes);
    // A route that a first deployment makes had no options to come back to.
    let nothing = Space { routes: Vec::new(), ..space(Vec::new(), None) };
    assert_holds("the first one", &proved(&plan, Verb::Apply, &nothing));
}

#[test]
fn a_previous_version_that_was_scaled_down_can_be_fallen_back_to() {
    for keys in ["", "    instances: manifest\n"] {
        for instances in [0, 1] {
            let mut small = space(
                vec![app("shop_a", false, Some(Role::Previous)), app("shop_b", true, Some(Role::Live))],
                Some("shop_b"),
            );
            small.apps[0].processes[0].instances = instances;
            let plan = plan_with(keys);
            assert_holds(&format!("{keys:?}, {instances}"), &proved(&plan, Verb::Rollback, &small));
            // The same where somebody scales it down in the midst of the deployment that follows it.
            let mut half_way = ordinary();
            for step in &right(&plan, Verb::Apply, &ordinary()).unwrap() {
                step.facts().effect(&mut half_way);
                let mut small = half_way.clone();
                let Some(old) = small.app_mut("shop_a") else { continue };
                old.processes[0].instances = instances;
                old.processes[0].states.truncate(instances as usize);
                if let Ok(steps) = right(&plan, Verb::Rollback, &small) {
                    let found = prove_one(&plan.apps[0], Verb::Rollback, &small, &steps);
                    assert!(found.is_none(), "{keys:?}, {instances} after {}: {}", step.id, found.unwrap());
                }
            }
        }
    }
}

#[test]
fn every_state_that_an_interrupted_deployment_leaves_is_a_legal_start() {
    let plan = plan_with("      - task: bin/smoke\n");
    let mut half_way = ordinary();
    for step in &right(&plan, Verb::Apply, &ordinary()).unwrap() {
        step.facts().effect(&mut half_way);
        for verb in [Verb::Resume, Verb::Rollback] {
            assert_part_holds(&format!("{verb} after {}", step.id), || proved(&plan, verb, &half_way));
        }
    }
}

/// What was live before does not run any more, and what was being deployed, or taken back, serves: of the verbs there is one at the
/// least that leads on from there, without the one that is down having to start.
#[test]
fn where_the_old_version_is_down_and_the_new_one_serves_there_is_a_way_on() {
    let plan = plan_with("");
    let live = &plan.apps[0].live[0];
    let mut met = 0;
    let finished =
        space(vec![app("shop_a", false, Some(Role::Previous)), app("shop_b", true, Some(Role::Live))], Some("shop_b"));
    for (verb, start, down, serving) in
        [(Verb::Apply, ordinary(), "shop_a", "shop_b"), (Verb::Rollback, finished, "shop_a", "shop_b")]
    {
        let mut half_way = start.clone();
        for step in &right(&plan, verb, &start).unwrap() {
            step.facts().effect(&mut half_way);
            let mut space = half_way.clone();
            let both = space.holders(live).len() == 2;
            let Some(old) = space.app_mut(down).filter(|_| both) else { continue };
            for instance in old.processes.iter_mut().flat_map(|process| &mut process.states) {
                instance.state = InstanceState::Crashed;
            }
            met += 1;
            let leads_on = |verb: Verb| {
                right(&plan, verb, &space).is_ok_and(|steps| {
                    let starts = |step: &&Step| step.facts().kind() == "start" && step.facts().app() == down;
                    let first = steps.iter().position(|step| starts(&step));
                    let pushed = steps.iter().position(|step| step.facts().kind() == "push");
                    let is_new = pushed.is_some_and(|pushed| first.is_none_or(|first| pushed < first));
                    (first.is_none() || is_new) && prove_one(&plan.apps[0], verb, &space, &steps).is_none()
                })
            };
            let ways: Vec<Verb> =
                [Verb::Resume, Verb::Rollback, Verb::Apply].into_iter().filter(|verb| leads_on(*verb)).collect();
            assert!(ways.contains(&Verb::Apply), "{verb} after {}: {ways:?}", step.id);
            let told = crate::steps::standing::serving(&plan.apps[0], &space);
            assert!(told.starts_with(&format!("{serving} serves")), "{told}");
        }
    }
    assert!(met >= 2, "both are on the live route on either way");
}

/// A first version that fails in a resume may be taken back, which leaves its routes to nobody, as before.
#[test]
fn a_first_deployment_is_resumed_from_wherever_it_was_interrupted() {
    let plan = plan_with("");
    let start = space(Vec::new(), None);
    let mut half_way = start.clone();
    let steps = right(&plan, Verb::Apply, &start).unwrap();
    let (last, others) = steps.split_last().unwrap();
    for step in others {
        step.facts().effect(&mut half_way);
        assert_part_holds(&format!("after {}", step.id), || proved(&plan, Verb::Resume, &half_way));
    }
    last.facts().effect(&mut half_way);
    assert!(matches!(
        right(&plan, Verb::Resume, &half_way),
        Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }))
    ));
}

/// What it takes back is then more than what it did: from wherever that is interrupted it goes on.
#[test]
fn a_first_deployment_is_taken_back_from_wherever_it_was_interrupted() {
    let plan = plan_with("");
    let mut half_way = space(Vec::new(), None);
    for step in &right(&plan, Verb::Apply, &half_way.clone()).unwrap() {
        step.facts().effect(&mut half_way);
        if UnderWay::of(&plan.apps[0], &half_way).is_some() {
            assert_part_holds(&format!("after {}", step.id), || proved(&plan, Verb::Rollback, &half_way));
        }
    }
}

/// Nobody can go back to it; what serves goes on to its end.
#[test]
fn an_old_version_that_somebody_has_deleted_is_not_waited_for() {
    let plan = plan_with("");
    let mut half_way = ordinary();
    for step in &right(&plan, Verb::Apply, &ordinary()).unwrap() {
        step.facts().effect(&mut half_way);
        let mut deleted = half_way.clone();
        deleted.apps.retain(|app| app.name != "shop_a");
        deleted.routes.iter_mut().for_each(|route| route.destinations.retain(|to| to.app != "guid-shop_a"));
        if UnderWay::of(&plan.apps[0], &deleted).is_some() {
            assert_part_holds(&format!("after {}", step.id), || proved(&plan, Verb::Resume, &deleted));
        }
    }
}

/// The new version may be made smaller while both serve: what is taken back serves as before.
#[test]
fn a_new_version_that_somebody_has_scaled_down_can_be_taken_back() {
    let plan = plan_with("");
    let mut half_way = ordinary();
    for step in &right(&plan, Verb::Apply, &ordinary()).unwrap() {
        step.facts().effect(&mut half_way);
        let mut small = half_way.clone();
        if let Some(web) = small.app_mut("shop_b").and_then(App::web_mut) {
            web.instances = 1;
            web.states.truncate(1);
        }
        if UnderWay::of(&plan.apps[0], &small).is_some() {
            assert_part_holds(&format!("after {}", step.id), || proved(&plan, Verb::Rollback, &small));
        }
    }
}

/// Somebody has taken the live routes off the version that runs, and a deployment found nothing live: the way back leads
/// to what was live before all the same.
#[test]
fn a_deployment_that_found_nothing_live_can_be_taken_back() {
    let plan = plan_with("");
    for (started, more) in [(true, None), (false, None), (true, Some(Role::Previous))] {
        let mut apps = vec![app("shop_a", started, Some(Role::Live))];
        apps.extend(more.map(|role| app("shop_b", false, Some(role))));
        let begin = space(apps, None);
        assert_holds("the deployment", &proved(&plan, Verb::Apply, &begin));
        let mut end = begin.clone();
        right(&plan, Verb::Apply, &begin).unwrap().iter().for_each(|step| step.facts().effect(&mut end));
        assert_eq!(end.holders(&plan.apps[0].live[0]), ["shop_b"]);
        assert_holds("its way back", &proved(&plan, Verb::Rollback, &end));
        right(&plan, Verb::Rollback, &end).unwrap().iter().for_each(|step| step.facts().effect(&mut end));
        assert!(plan.apps[0].live.iter().all(|url| end.holders(url) == ["shop_a"]));
        // The same from wherever it is interrupted, once it is on a live route.
        let mut half_way = begin.clone();
        for step in &right(&plan, Verb::Apply, &begin).unwrap() {
            step.facts().effect(&mut half_way);
            if UnderWay::of(&plan.apps[0], &half_way).is_none() {
                continue;
            }
            assert_part_holds(&format!("back after {}", step.id), || proved(&plan, Verb::Rollback, &half_way));
            let mut back = half_way.clone();
            right(&plan, Verb::Rollback, &back).unwrap().iter().for_each(|step| step.facts().effect(&mut back));
            for url in plan.apps[0].live.iter().filter(|url| !half_way.holders(url).is_empty()) {
                assert_eq!(back.holders(url), ["shop_a"], "after {}", step.id);
            }
        }
    }
}

#[test]
fn a_quota_that_leaves_no_room_for_a_way_back_is_seen() {
    let mut small = ordinary();
    small.quotas.push(Quota {
        memory_mb: Some(1024),
        used: Usage { memory_mb: 512, instances: 2, routes: 2, ..Usage::default() },
        ..example::unlimited()
    });
    assert_holds("both colours just fit", &proved(&plan_with(""), Verb::Apply, &small));
}

/// A quota of the space in which so much memory is free.
fn with_free_memory(mut space: Space, free: u64) -> Space {
    let used = 10 * 1024;
    space.quotas.push(Quota {
        memory_mb: Some(used + free),
        used: Usage { memory_mb: used, instances: 40, routes: 2, ..Usage::default() },
        ..example::unlimited()
    });
    space
}

#[test]
fn the_first_deployment_needs_room_for_one_colour_only() {
    // Two instances of 256 MB; from a half-way state in which it is live a new deployment would need as much again.
    let tight = with_free_memory(space(Vec::new(), None), 512);
    assert_holds("one colour just fits", &proved(&plan_with(""), Verb::Apply, &tight));
    assert!(right(&plan_with(""), Verb::Apply, &with_free_memory(space(Vec::new(), None), 511)).is_err());
}

#[test]
fn a_way_on_that_the_quota_does_not_allow_is_a_fault() {
    let plan = plan_with("");
    for refused in [Verb::Resume, Verb::Rollback] {
        let no_room = |verb: Verb, space: &Space| {
            let half_way = UnderWay::of(&plan.apps[0], space).is_some();
            if verb == refused && half_way {
                return Err(Refusal::Platform(PlatformRefusal::Quota {
                    quota: "small".to_owned(),
                    scope: QuotaScope::Space,
                    app: plan.apps[0].name.clone(),
                    step: "shop/start".to_owned(),
                    needed: 2,
                    limit: 1,
                    what: QuotaKind::Instances,
                    fits: Vec::new(),
                }));
            }
            right(&plan, verb, space)
        };
        let proof = prove_app(&plan.apps[0], Verb::Apply, &space(Vec::new(), None), &no_room);
        assert!(!proof.holds, "{refused} is refused, and nobody minds");
        assert!(proof.violations[0].to_string().contains("is refused"), "{}", proof.violations[0]);
    }
}

/// The memory is somebody else's by now, the service instance is deleted, the quota was lowered: the way back is open all the same.
#[test]
fn what_does_not_let_a_deployment_go_on_does_not_stop_its_way_back() {
    let plan = plan_with("");
    let mut half_way = ordinary();
    for step in right(&plan, Verb::Apply, &ordinary()).unwrap() {
        step.facts().effect(&mut half_way);
        if UnderWay::of(&plan.apps[0], &half_way).is_none() || !is_tried(&step.id) {
            continue;
        }
        let no_service = |verb: Verb, space: &Space| match verb {
            Verb::Rollback => right(&plan, verb, space),
            Verb::Apply | Verb::Resume => Err(Refusal::Platform(PlatformRefusal::NoService {
                service: "db".to_owned(),
                space: "production".to_owned(),
            })),
        };
        assert_holds(&step.id, &prove_app(&plan.apps[0], Verb::Rollback, &half_way, &no_service));
    }
}

/// A quota may be lowered below what runs: to stop something is allowed all the same, and nothing needs to be started for it.
#[test]
fn a_way_back_that_starts_nothing_is_open_whatever_the_quota() {
    let plan = plan_with("");
    let mut half_way = ordinary();
    let mut tried = 0;
    for step in right(&plan, Verb::Apply, &ordinary()).unwrap() {
        step.facts().effect(&mut half_way);
        let tight = with_free_memory(half_way.clone(), 0);
        let starts = right(&plan, Verb::Rollback, &half_way).is_ok_and(|steps| steps.iter().any(Step::starts));
        if UnderWay::of(&plan.apps[0], &tight).is_some() && !starts {
            tried += 1;
            assert_part_holds(&step.id, || proved(&plan, Verb::Rollback, &tight));
        }
    }
    assert!(tried > 5, "{tried}");
}

/// What a version that was rolled back once got back, somebody may have taken off since.
#[test]
fn a_route_that_somebody_has_taken_off_the_idle_version_is_no_obstacle() {
    let plan = plan_with("");
    for role in [Role::RolledBack, Role::Previous] {
        let mut idle = app("shop_b", false, Some(role));
        for (key, value) in [(DEPLOYMENT, "d-1"), (KEPT_ROUTES, "gone.example.com")] {
            idle.annotations.insert(key.to_owned(), value.to_owned());
        }
        let start = space(vec![app("shop_a", true, Some(Role::Live)), idle], Some("shop_a"));
        assert_holds(&format!("{role:?}"), &proved(&plan, Verb::Apply, &start));
    }
}

/// An app may become another sort of app: the deployment after it is another matter, which the colour of the old sort stands
/// in the way of.
#[test]
fn the_lifecycle_of_an_app_may_change() {
    let mut plan = plan_with("");
    let manifest = &mut plan.apps[0].manifest.app;
    manifest.lifecycle = Some(Lifecycle::Docker);
    manifest.docker = Some(DockerImage { image: "registry.example.com/shop:1".to_owned(), username: None });
    for live in [None, Some(Lifecycle::Buildpack), Some(Lifecycle::Cnb)] {
        let live = App { lifecycle: live, ..app("shop_a", true, Some(Role::Live)) };
        let proof = proved(&plan, Verb::Apply, &space(vec![live.clone()], Some("shop_a")));
        assert_holds(&format!("{:?}", live.lifecycle), &proof);
    }
    let idle = App { lifecycle: Some(Lifecycle::Buildpack), ..app("shop_b", false, Some(Role::Previous)) };
    let both = space(vec![app("shop_a", true, Some(Role::Live)), idle], Some("shop_a"));
    assert!(matches!(right(&plan, Verb::Apply, &both), Err(Refusal::Colours(ColourRefusal::OtherLifecycle { .. }))));
}

/// What was staged elsewhere is copied: two steps in the place of an upload, and none that stages.
#[test]
fn a_droplet_is_deployed_and_taken_back_as_safely() {
    let plans = ["from: {app: shop, space: staging}", "droplet: out.tgz"]
        .map(|what| example::plan(&PLAN.replace("path: app", what)));
    let spaces = [
        ("nothing is there", space(Vec::new(), None)),
        ("an update", ordinary()),
        ("the version before it had files", space(vec![app("shop_a", true, None)], Some("shop_a"))),
    ];
    // The two plans take turns, and so do the verbs.
    for ((name, space), plan) in spaces.into_iter().zip(plans.iter().cycle()) {
        let space = Space { sources: vec![example::source("shop")], ..space };
        for verb in [Verb::Apply, Verb::Rollback] {
            assert_part_holds(&format!("{name}, {verb}"), || proved(plan, verb, &space));
        }
        let mut half_way = space.clone();
        let verbs = [Verb::Resume, Verb::Rollback].into_iter().cycle();
        for (step, verb) in right(plan, Verb::Apply, &space).unwrap().iter().zip(verbs) {
            step.facts().effect(&mut half_way);
            assert_part_holds(&format!("{name}: {verb} after {}", step.id), || proved(plan, verb, &half_way));
        }
    }
}

/// What `make demo` runs.
#[test]
fn the_example_is_safe_where_nothing_is_there() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.example.yaml");
    let plan = plan::load(&file, None, &plan::Disk).unwrap();
    let mut nothing = Space { routes: Vec::new(), ..space(Vec::new(), None) };
    nothing.domains[0].name = "apps.foundry.test".to_owned();
    assert_holds("the example", &proved(&plan, Verb::Apply, &nothing));
}

#[test]
fn a_single_list_that_is_not_safe_is_told() {
    let (plan, space) = (plan_with(""), ordinary());
    let steps = right(&plan, Verb::Apply, &space).unwrap();
    assert_eq!(prove_one(&plan.apps[0], Verb::Apply, &space, &steps), None);
    let wrong = without(steps, |step| step.facts().kind() == "drain");
    let found = prove_one(&plan.apps[0], Verb::Apply, &space, &wrong).unwrap();
    assert!(found.to_string().contains("is stopped before it has drained"), "{found}");
}

/// A compiler that is wrong in one thing.
type Sabotage = fn(Verb, Vec<Step>) -> Vec<Step>;

fn is(step: &Step, kind: &str, app: &str) -> bool {
    step.facts().kind() == kind && step.facts().app() == app
}

/// Takes steps out. What waited for one of them waits for what that one waited for.
fn without(mut steps: Vec<Step>, unwanted: impl Fn(&Step) -> bool) -> Vec<Step> {
    while let Some(at) = steps.iter().position(&unwanted) {
        let gone = steps.remove(at);
        for step in &mut steps {
            if step.after.contains(&gone.id) {
                step.after.retain(|id| *id != gone.id);
                step.after.extend(gone.after.iter().cloned());
            }
        }
    }
    steps
}

/// Has each step wait for the one before it.
fn chained(mut steps: Vec<Step>) -> Vec<Step> {
    let mut last = None;
    for step in &mut steps {
        step.after = last.replace(step.id.clone()).into_iter().collect();
    }
    steps
}

/// Moves the steps of one kind to the place of the first step of another kind.
fn before(mut steps: Vec<Step>, moved: impl Fn(&Step) -> bool, place: impl Fn(&Step) -> bool) -> Vec<Step> {
    let taken: Vec<Step> = steps.iter().filter(|step| moved(step)).cloned().collect();
    let Some(at) = steps.iter().position(place) else { return steps };
    let mut rest = steps.split_off(at);
    rest.retain(|step| !moved(step));
    steps.retain(|step| !moved(step));
    chained(steps.into_iter().chain(taken).chain(rest).collect())
}

fn live(step: &Step) -> bool {
    step.id.contains("-live")
}

/// What is wrong with a compiler, how it is made so, and what the story of it must tell.
const SABOTAGE: &[(&str, Sabotage, &[&str])] = &[
    (
        "the live route is unmapped before it is mapped",
        |_, steps| {
            before(
                steps,
                |step| is(step, "unmap-route", "shop_a") && live(step),
                |step| is(step, "map-route", "shop_b") && live(step),
            )
        },
        &["unmap shop.example.com from shop_a", "no app surely serves shop.example.com", "404"],
    ),
    (
        "the old colour is stopped before it is unmapped",
        |_, steps| {
            before(steps, |step| is(step, "stop", "shop_a"), |step| is(step, "unmap-route", "shop_a") && live(step))
        },
        &["stop shop_a", "502"],
    ),
    (
        "the old colour does not drain",
        |_, steps| without(steps, |step| step.facts().kind() == "drain"),
        &["is stopped before it has drained"],
    ),
    (
        "the old colour drains before it is unmapped",
        |_, steps| {
            before(steps, |step| step.facts().kind() == "drain", |step| is(step, "unmap-route", "shop_a") && live(step))
        },
        &["is stopped before it has drained"],
    ),
    (
        "the new colour is reached by another protocol",
        |_, steps| {
            let by_http2 = |mut step: Step| {
                if let Action::MapRoute(map) = &mut step.action
                    && map.app.as_str() == "shop_b"
                {
                    map.protocol = plan::Protocol::Http2;
                }
                step
            };
            steps.into_iter().map(by_http2).collect()
        },
        &["leads to shop_b by http2, which nobody has asked for"],
    ),
    (
        "the router is not asked whether the new colour is reached",
        |_, steps| {
            let ask = |mut step: Step| {
                if let Action::MapRoute(map) = &mut step.action {
                    map.ask_router = false;
                }
                step
            };
            steps.into_iter().map(ask).collect()
        },
        &["no app surely serves"],
    ),
    (
        "the router is not asked whether the old colour is gone",
        |_, steps| {
            let ask = |mut step: Step| {
                if let Action::UnmapRoute(unmap) = &mut step.action {
                    unmap.serves_users = false;
                }
                step
            };
            steps.into_iter().map(ask).collect()
        },
        &["routers may still lead", "which does not run: its users get 502"],
    ),
    (
        "the new colour is not checked",
        |_, steps| without(steps, |step| step.facts().kind() == "check"),
        &["which was not checked"],
    ),
    (
        "the live route is mapped before the check",
        |_, steps| {
            before(steps, |step| is(step, "map-route", "shop_b") && live(step), |step| step.facts().kind() == "check")
        },
        &["which was not checked"],
    ),
    (
        "nothing relies on the new colour",
        |_, steps| steps.into_iter().map(|step| Step { requires: None, ..step }).collect(),
        &["the new version has crashed right before", "no app surely serves"],
    ),
    (
        "one of two live routes is forgotten",
        |verb, steps| {
            without(steps, |step| {
                verb == Verb::Apply && is(step, "map-route", "shop_b") && step.id.ends_with("map-live-2")
            })
        },
        &["no app surely serves www.example.com"],
    ),
    (
        "the staging route stays",
        |verb, steps| without(steps, |step| verb == Verb::Apply && step.id.ends_with("unmap-staging")),
        &["is still on the staging route"],
    ),
    (
        "the old colour is deleted in the place of being stopped",
        |_, mut steps| {
            for step in &mut steps {
                if let Action::Stop(stop) = &step.action {
                    step.action = Delete { app: stop.app.clone(), patience: Duration::ZERO }.into();
                }
            }
            steps
        },
        &["that is refused", "not there to be started"],
    ),
    (
        "the new colour is marked as live before the old one is stopped",
        |verb, steps| {
            before(
                steps,
                |step| {
                    verb == Verb::Apply
                        && is(step, "annotate", "shop_b")
                        && step.facts().purpose().contains("live version")
                },
                |step| step.facts().kind() == "drain",
            )
        },
        &["shop_a still runs"],
    ),
    (
        "the push comes before the mark",
        |verb, steps| {
            before(
                steps,
                |step| verb == Verb::Apply && is(step, "push", "shop_b"),
                |step| is(step, "annotate", "shop_b"),
            )
        },
        &["upload shop_b", "502"],
    ),
    (
        "the new version has fewer instances",
        |_, mut steps| {
            for step in &mut steps {
                if let Action::Push(push) = &mut step.action {
                    push.declared.size.instances = 1;
                }
                if let Action::Start(start) = &mut step.action {
                    start.instances = 1;
                }
                if let Action::Check(check) = &mut step.action {
                    check.instances = 1;
                }
                if let Some(Condition { must: Must::Running { instances, .. }, .. }) = &mut step.requires {
                    *instances = 1;
                }
            }
            steps
        },
        &["only 1 of 2 instances serve"],
    ),
    (
        "somebody else's app is stopped",
        |_, mut steps| {
            for step in &mut steps {
                if let Action::Stop(stop) = &mut step.action {
                    stop.app = plan::AppName::parse("billing").unwrap();
                }
            }
            steps
        },
        &["touches app billing, which the plan does not name"],
    ),
    (
        "the way back unmaps before the old colour is started",
        |verb, steps| {
            if verb != Verb::Rollback {
                return steps;
            }
            before(
                steps,
                |step| is(step, "unmap-route", "shop_b") && live(step),
                |step| matches!(step.facts().kind(), "map-route" | "start"),
            )
        },
        &["it is taken back", "no app surely serves"],
    ),
    (
        "the way back does not tell that it has begun",
        |verb, steps| {
            without(steps, |step| verb == Verb::Rollback && step.facts().purpose().contains("being rolled back"))
        },
        &["cutover"],
    ),
    (
        "the way back leaves the new colour running",
        |verb, steps| without(steps, |step| verb == Verb::Rollback && step.facts().kind() == "stop"),
        &["shop_b still runs"],
    ),
];

#[test]
fn wrong_compilers_are_caught() {
    let plan = plan_with("");
    let mut out = String::new();
    for (name, sabotage, words) in SABOTAGE {
        let wrong = |verb: Verb, space: &Space| right(&plan, verb, space).map(|steps| sabotage(verb, steps));
        let proof = prove_app(&plan.apps[0], Verb::Apply, &ordinary(), &wrong);
        assert!(!proof.holds, "{name}: not caught in {} cases", proof.cases);
        let told = proof.violations[0].to_string();
        for word in *words {
            assert!(told.contains(word), "{name}: '{word}' is not in:\n{told}");
        }
        out.extend(["# ", name, "\n", &told, "\n\n"]);
    }
    insta::assert_snapshot!(out);
}

/// What stands side by side may come in any order: a step that does not wait for the one before it is caught, unless it does not
/// matter which of the two comes first.
#[test]
fn a_wait_that_is_missing_is_caught() {
    let plan = plan_with("");
    let steps = right(&plan, Verb::Apply, &ordinary()).unwrap();
    let waits = |step: &Step| step.after.iter().map(|id| (step.id.clone(), id.clone())).collect::<Vec<_>>();
    let mut out = String::new();
    for (id, missing) in steps.iter().flat_map(waits) {
        let wrong = |verb: Verb, space: &Space| {
            let mut steps = right(&plan, verb, space)?;
            let instead = steps.iter().find(|step| step.id == missing).map(|step| step.after.clone());
            for step in steps.iter_mut().filter(|step| verb == Verb::Apply && step.id == id) {
                step.after.retain(|id| *id != missing);
                step.after.extend(instead.clone().unwrap_or_default());
            }
            Ok(steps)
        };
        let proof = prove_app(&plan.apps[0], Verb::Apply, &ordinary(), &wrong);
        let told = proof.violations.first().map_or("it does not matter", |violation| &violation.seen);
        out.extend([&*id, " does not wait for ", &missing, ": ", told, "\n"]);
    }
    insta::assert_snapshot!(out);
}

const TWO: &str = "
  - name: cart
    path: app
    manifest: manifest.yml
    routes: {live: [cart.example.com], staging: cart-staging.example.com}
";

/// Both apps are live as their first colour.
fn two() -> Space {
    let apps = vec![app("shop_a", true, Some(Role::Live)), app("cart_a", true, Some(Role::Live))];
    example::space(apps, LIVE.map(|url| (url, "shop_a")).into_iter().chain([("cart.example.com", "cart_a")]))
}

/// What leads to the live version alone is moved with the live routes, and is never nobody's, whatever goes wrong.
#[test]
fn routes_that_the_plan_does_not_name_are_moved_as_safely() {
    let with_extra = |mut space: Space, app: &str| {
        space.routes.push(example::route("promo.example.com", app));
        space
    };
    let promo = RouteUrl::parse("promo.example.com").unwrap();
    let moves = |deployment: &Deployment<'_>| {
        let steps = deployment.apps.iter().flat_map(|part| &part.steps);
        steps.filter(|step| step.facts().route() == Some(&promo)).count()
    };
    let deployed = |verb: Verb, plan: &Plan, space: &Space| {
        let request = example::request(plan, verb);
        let deployment = Deployment::compile(plan, space, &request).unwrap();
        let again = |app: &plan::App, verb: Verb, space: &Space| request.compile_again(plan, app, None, verb, space);
        let proof = prove(&deployment, space, &again);
        assert_holds(&format!("{verb}"), &proof);
        let mut end = space.clone();
        deployment.apps[0].steps.iter().for_each(|step| step.facts().effect(&mut end));
        (moves(&deployment), end)
    };
    let plan = plan_with("");
    let (steps, end) = deployed(Verb::Apply, &plan, &with_extra(ordinary(), "shop_a"));
    assert_eq!((steps, end.holders(&promo)), (2, vec!["shop_b"]));
    let (steps, back) = deployed(Verb::Rollback, &plan, &end);
    assert_eq!((steps, back.holders(&promo)), (2, vec!["shop_a"]));
    // One that was mapped since the deployment is not left with the version that goes.
    let (_, end) = deployed(Verb::Apply, &plan, &ordinary());
    let (steps, back) = deployed(Verb::Rollback, &plan, &with_extra(end, "shop_b"));
    assert_eq!((steps, back.holders(&promo)), (2, vec!["shop_a"]));
    let keeps = plan_with("    extra_routes: keep\n");
    let (steps, end) = deployed(Verb::Apply, &keeps, &with_extra(ordinary(), "shop_a"));
    assert_eq!((steps, end.holders(&promo)), (0, vec!["shop_a"]));
}

fn proved_together(plan: &Plan, deployment: &Deployment<'_>, space: &Space) -> Proof {
    let request = example::request(plan, Verb::Apply);
    prove(deployment, space, &|app, verb, space| request.compile_again(plan, app, None, verb, space))
}

/// Something that is otherwise with the app `mail` than with the app `cart`.
type Otherwise = fn(&mut Plan, &mut Space);

/// Apps that are alike are proved once, and whatever is otherwise with one of them is seen.
#[test]
fn apps_are_proved_as_if_each_were_the_only_one() {
    let cart = TWO.replace("    path: app\n", "    path: cart\n");
    let mail = cart.replace("cart", "mail");
    let cases: [Otherwise; 9] = [
        |_, _| {},
        |_, space| space.app_mut("mail_a").unwrap().state = crate::space::AppState::Stopped,
        |_, space| space.app_mut("mail_a").unwrap().web_mut().unwrap().instances = 3,
        |_, space| space.app_mut("mail_a").unwrap().annotations.clear(),
        |_, space| space.apps.push(app("mail_b", false, Some(Role::Previous))),
        |_, space| space.routes.push(example::route("own.example.com", "mail_a")),
        |plan, _| plan.apps[2].drain = Duration::ZERO,
        |plan, _| plan.apps[2].live.push(RouteUrl::parse("post.example.com").unwrap()),
        |_, space| space.routes.push(example::route("mail-staging.example.com", "mail_a")),
    ];
    let mut counts = Vec::new();
    // What is otherwise with `mail` is no matter of the others.
    let mut others = std::collections::BTreeMap::new();
    for (number, otherwise) in cases.iter().enumerate().filter(|(number, _)| is_tried(&number.to_string())) {
        // A quota that binds is tried with some of them.
        let frees: &[Option<u64>] = if number < 3 { &[None, Some(4096)] } else { &[None] };
        for free in frees.iter().copied() {
            let mut plan = plan_with(&format!("{cart}{mail}"));
            let mut space = two();
            space.apps.push(app("mail_a", true, Some(Role::Live)));
            space.routes.push(example::route("mail.example.com", "mail_a"));
            otherwise(&mut plan, &mut space);
            if let Some(free) = free {
                space = with_free_memory(space, free);
            }
            let request = example::request(&plan, Verb::Apply);
            let deployment = Deployment::compile(&plan, &space, &request).unwrap();
            let together = proved_together(&plan, &deployment, &space);
            let mut alone = 0;
            for part in &deployment.apps {
                let prove_alone = || {
                    let compile =
                        |verb: Verb, space: &Space| request.compile_again(&plan, &part.app, None, verb, space);
                    let proof = prove_app(&part.app, Verb::Apply, &space, &compile);
                    assert_holds(&format!("{number}: {}", part.app.name), &proof);
                    proof.cases
                };
                alone += match part.app.name.as_str() {
                    "mail" => prove_alone(),
                    other => *others.entry((other.to_owned(), free)).or_insert_with(prove_alone),
                };
            }
            assert_eq!((together.holds, together.cases), (true, alone), "{number}, {free:?}");
            counts.push(together.cases);
        }
    }
    let different = counts.iter().collect::<std::collections::BTreeSet<_>>().len();
    let least = if PART.is_none() { 5 } else { 2 };
    assert!(different >= least, "much of it makes a difference: {counts:?}");
}

/// What is wrong with the graph of two apps.
type GraphSabotage = fn(&mut Deployment<'_>);

/// What is wrong with a graph of two apps, how it is made so, and what the story of it must tell.
const GRAPH_SABOTAGE: &[(&str, GraphSabotage, &[&str])] = &[
    (
        "one app stops the other one's",
        |deployment| {
            for step in &mut deployment.apps[1].steps {
                if let Action::Stop(stop) = &mut step.action {
                    stop.app = plan::AppName::parse("shop_b").unwrap();
                }
            }
        },
        &["cart:", "stop shop_b", "it touches what belongs to app shop of the plan"],
    ),
    (
        "one app takes the other one's route",
        |deployment| {
            for step in &mut deployment.apps[0].steps {
                if let Action::MapRoute(map) = &mut step.action {
                    map.url = RouteUrl::parse("cart.example.com").unwrap();
                }
            }
        },
        &["shop:", "it touches what belongs to app cart of the plan"],
    ),
    (
        "a stranger's app is stopped",
        |deployment| {
            for step in &mut deployment.apps[1].steps {
                if let Action::Stop(stop) = &mut step.action {
                    stop.app = plan::AppName::parse("billing").unwrap();
                }
            }
        },
        &["cart:", "touches app billing, which the plan does not name"],
    ),
    (
        "the second app does not wait for the first",
        |deployment| deployment.apps[1].steps[0].after.clear(),
        &["step cart/create", "it does not wait for step shop/"],
    ),
    (
        "the apps change their places",
        |deployment| deployment.apps.reverse(),
        &["step cart/create", "it waits for shop/", "which does not come before it"],
    ),
    (
        "a step is done twice",
        |deployment| {
            let mut again = deployment.apps[0].steps[0].clone();
            again.after = vec![deployment.apps[0].steps.last().unwrap().id.clone()];
            deployment.apps[0].steps.push(again);
        },
        &["there are two steps of this name"],
    ),
    (
        "the second app leaves its route before its new version is on it",
        |deployment| {
            let steps = std::mem::take(&mut deployment.apps[1].steps);
            let first = steps[0].after.clone();
            let leaves = |step: &Step| is(step, "unmap-route", "cart_a") && live(step);
            let mut steps = before(steps, leaves, |step| is(step, "map-route", "cart_b") && live(step));
            example::chain(&mut steps);
            steps[0].after = first;
            deployment.apps[1].steps = steps;
        },
        &["cart:", "no app surely serves cart.example.com"],
    ),
];

#[test]
fn a_plan_of_several_apps_is_proved_as_a_whole() {
    let (plan, space) = (plan_with(TWO), two());
    let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
    assert_holds("two apps", &proved_together(&plan, &deployment, &space));
    for (name, sabotage, words) in GRAPH_SABOTAGE {
        let mut wrong = deployment.clone();
        sabotage(&mut wrong);
        let proof = proved_together(&plan, &wrong, &space);
        assert!(!proof.holds, "{name}: not caught in {} cases", proof.cases);
        let told = proof.violations[0].to_string();
        for word in *words {
            assert!(told.contains(word), "{name}: '{word}' is not in:\n{told}");
        }
    }
}

#[test]
fn what_apps_share_is_proved_as_those_before_leave_it() {
    let plan = plan_with(&format!("    instances: manifest\n    old: keep\n{TWO}"));
    let space = two();
    let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
    // The first app keeps its old colour, 512 MB; with that, the second one has no room for its new colour.
    assert_holds("both", &proved_together(&plan, &deployment, &with_free_memory(space.clone(), 1024)));
    let tight = with_free_memory(space, 1023);
    for part in &deployment.apps {
        let alone = prove_app(&part.app, Verb::Apply, &tight, &|verb, space| {
            example::request(&plan, Verb::Apply).compile_again(&plan, &part.app, None, verb, space)
        });
        assert_holds("each by itself", &alone);
    }
    let proof = proved_together(&plan, &deployment, &tight);
    assert!(!proof.holds);
    let told = proof.violations[0].to_string();
    assert!(told.starts_with("cart:") && told.contains("small"), "{told}");
}

#[test]
fn what_apps_in_lanes_share_is_proved_as_the_others_may_take_it() {
    let plan = plan_with(&format!("    instances: manifest\n{TWO}"));
    let space = two();
    let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
    let in_lanes = Deployment { lanes: 2, apps_at_once: 2, ..deployment };
    // Each takes 512 MB more while both of its colours run, and they may do so at the same time.
    assert_holds("both", &proved_together(&plan, &in_lanes, &with_free_memory(space.clone(), 1024)));
    let proof = proved_together(&plan, &in_lanes, &with_free_memory(space, 1023));
    assert!(!proof.holds);
    let told: Vec<String> = proof.violations.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told.iter().all(|told| told.contains("small")), "{told:?}");
}

#[test]
fn a_rollback_that_picks_by_name_is_caught() {
    // The colours have swapped: the one with the second name is live.
    let swapped =
        space(vec![app("shop_a", false, Some(Role::Previous)), app("shop_b", true, Some(Role::Live))], Some("shop_b"));
    let plan = plan_with("");
    // What it compiles fits the ordinary case, in which the first name is live.
    let by_name = |verb: Verb, space: &Space| match verb {
        Verb::Apply => right(&plan, verb, &ordinary()),
        Verb::Resume | Verb::Rollback => right(&plan, verb, space),
    };
    let proof = prove_app(&plan.apps[0], Verb::Apply, &swapped, &by_name);
    assert!(!proof.holds);
    let told = proof.violations[0].to_string();
    assert!(told.contains("shop.example.com led to [shop_b] and leads to [shop_a] now"), "{told}");
}

/// One colour is live with much that no manifest names, and the other one has some that an older deployment has left on it.
fn unequal() -> Space {
    let set = |app: &mut App, settings: &[(Setting, Value)]| {
        for (setting, value) in settings {
            if let Setting::Process(kind, _) = setting {
                app.make_process(kind);
            }
            app.set(setting.clone(), Is::Set(value.clone()));
        }
    };
    let policy = |peer: &str| {
        let (outward, peer, protocol) = (true, Some(peer.to_owned()), "tcp".to_owned());
        (Setting::Policy(Policy { outward, peer, protocol, first: 80, last: 81 }), Value::from(true))
    };
    let worker = |of| Setting::Process("worker".to_owned(), of);
    let mut space = ordinary();
    set(
        &mut space.apps[0],
        &[
            (Setting::Env("TOKEN".to_owned()), "hunter2".into()),
            (Setting::Label("team".to_owned()), "blue".into()),
            (Setting::Annotation("contact".to_owned()), "ada".into()),
            (Setting::Feature("ssh".to_owned()), false.into()),
            (Setting::Sidecar("agent".to_owned()), serde_json::json!({"command": "run"})),
            (Setting::Process("web".to_owned(), ProcessSetting::HealthTimeout), 90.into()),
            (worker(ProcessSetting::Instances), 3.into()),
            (worker(ProcessSetting::Command), "work".into()),
            policy("g-1"),
        ],
    );
    space.apps[0].bindings.push(Binding::of("cache"));
    set(&mut space.apps[1], &[(Setting::Env("OLD".to_owned()), "1".into()), policy("g-2")]);
    space.apps[1].bindings.push(Binding::of("left-over"));
    let running = |index| Instance { index, id: None, uptime: None, state: InstanceState::Running, details: None };
    space.apps[0].processes[1].states = (0..3).map(running).collect();
    space
}

#[test]
fn what_only_the_live_colour_has_is_on_the_next_one_when_all_is_done() {
    let (plan, space) = (plan_with(""), unequal());
    let kinds: Vec<&str> = right(&plan, Verb::Apply, &space).unwrap().iter().map(|step| step.facts().kind()).collect();
    let equality = [
        "set-env",
        "set-metadata",
        "set-feature",
        "set-sidecar",
        "set-process",
        "scale-process",
        "add-network-policies",
        "remove-network-policies",
        "unbind-service",
    ];
    for kind in equality {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    for verb in [Verb::Apply, Verb::Rollback] {
        assert_holds(&format!("{verb} of colours that differ"), &proved(&plan, verb, &space));
    }
    // Each of them is needed.
    for kind in equality.into_iter().chain(["bind-service"]) {
        let wrong = |verb: Verb, space: &Space| {
            right(&plan, verb, space).map(|steps| without(steps, |step| step.facts().kind() == kind))
        };
        let proof = prove_app(&plan.apps[0], Verb::Apply, &space, &wrong);
        assert!(!proof.holds, "without {kind}: not caught in {} cases", proof.cases);
    }
}

#[test]
fn a_plan_without_drain_is_held_to_none() {
    let plan = plan_with("    drain: 0s\n");
    assert_eq!(plan.apps[0].drain, Duration::ZERO);
    assert_holds("no drain", &proved(&plan, Verb::Apply, &ordinary()));
}

#[test]
fn routers_know_two_versions_inside_one_app_apart() {
    let plan = plan_with("");
    let mut live = app("shop_a", true, Some(Role::Live));
    let newer = Process { guid: "the newer web".to_owned(), ..live.processes[0].clone() };
    live.processes.insert(0, newer);
    let mut world = World::observed(&plan.apps[0], &space(vec![live], Some("shop_a")));
    let promise = world.promise(&plan.apps[0], Verb::Apply, Some(1));
    assert_eq!(world.broken(&plan.apps[0], &promise), None);

    let space = Rc::make_mut(&mut world.space);
    space.app_mut("shop_a").unwrap().processes[1].states.clear();
    let seen = world.broken(&plan.apps[0], &promise).unwrap_or_default();
    assert!(seen.contains("routers may still lead"), "one version of the app runs, the other one does not: '{seen}'");
}

#[test]
fn a_check_of_one_version_inside_an_app_is_none_of_the_other_one() {
    let plan = plan_with("");
    let one = app("shop_a", true, Some(Role::Live));
    let newer = Process { guid: "the newer web".to_owned(), ..one.processes[0].clone() };
    let mut world = World::observed(&plan.apps[0], &space(vec![one], Some("shop_a")));
    let promise = world.promise(&plan.apps[0], Verb::Apply, None);
    let steps = right(&plan, Verb::Apply, &space(vec![app("shop_b", true, Some(Role::Live))], Some("shop_b"))).unwrap();
    let map = steps.iter().find(|step| step.id.starts_with("shop/map-live")).unwrap();
    let before = Rc::clone(&world.space);
    assert_eq!(world.confirm(&plan.apps[0], map, &before, &promise), Ok(StepEnd::Confirmed));

    // As a deployment of the platform's own begins.
    Rc::make_mut(&mut world.space).app_mut("shop_a").unwrap().processes.insert(0, newer);
    let seen = world.confirm(&plan.apps[0], map, &before, &promise).unwrap_err();
    assert_eq!(seen, "routers may lead shop.example.com to shop_a, which was not checked");
}

mod handover;
mod unrouted;

//! Apps without any route: the whole app is handed over, and what is written on it tells which version is live.

use super::handover::{held, with_workers};
use super::*;
use crate::steps::refusal::RouteRefusal;

const UNROUTED: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
";

/// Before the new version is at work, and once it is.
const CHECKS: &str = "    checks: [task: bin/smoke, command: ./look]\n";

fn plan(keys: &str) -> Plan {
    example::plan(&format!("{UNROUTED}{keys}"))
}

fn space(apps: Vec<App>) -> Space {
    example::space(apps, [])
}

/// A version that is live: its web process has no instances, and two workers run.
fn live(name: &str) -> App {
    let mut live = with_workers(app(name, true, Some(Role::Live)), 2);
    live.processes[0].instances = 0;
    live.processes[0].states.clear();
    live
}

/// The version before it, whose web process had two instances.
fn previous(name: &str, started: bool) -> App {
    let mut previous = held(app(name, started, Some(Role::Previous)), 3);
    previous.processes[0].instances = 0;
    previous.processes[0].states.clear();
    previous
}

#[test]
fn an_app_without_routes_is_deployed_and_taken_back_from_every_ordinary_space() {
    let unmarked = |mut app: App| {
        app.annotations.clear();
        app
    };
    let spaces = [
        ("nothing is there", space(vec![])),
        ("one runs that nobody has marked", space(vec![unmarked(live("shop_a"))])),
        ("the first version", space(vec![live("shop_a")])),
        ("an update", space(vec![live("shop_a"), previous("shop_b", false)])),
        ("the one before was kept", space(vec![live("shop_a"), previous("shop_b", true)])),
        ("web is at work, too", space(vec![with_workers(app("shop_a", true, Some(Role::Live)), 1)])),
    ];
    for (name, space) in &spaces {
        let keys = ["", "    old: keep\n", "    old: delete\n", "    instances: manifest\n", CHECKS];
        for keys in keys.iter().filter(|keys| keys.is_empty() || *name == "an update") {
            for verb in [Verb::Apply, Verb::Rollback] {
                assert_part_holds(&format!("{name}, {keys:?}, {verb}"), || proved(&plan(keys), verb, space));
            }
        }
    }
}

#[test]
fn every_state_that_an_interrupted_deployment_without_routes_leaves_is_a_legal_start() {
    let start = space(vec![live("shop_a"), previous("shop_b", false)]);
    assert_half_way_holds(&plan(CHECKS), &start);
}

#[test]
fn where_nothing_tells_which_version_is_live_nothing_is_done() {
    let plan = plan("");
    let run = |mut app: App| {
        app.annotations.clear();
        app
    };
    let both = space(vec![run(live("shop_a")), run(live("shop_b"))]);
    assert!(matches!(right(&plan, Verb::Apply, &both), Err(Refusal::Colours(ColourRefusal::NotTold { .. }))));
    let beside = space(vec![live("shop_a"), run(live("shop_b"))]);
    assert!(matches!(right(&plan, Verb::Apply, &beside), Err(Refusal::Colours(ColourRefusal::NotTold { .. }))));
    let routed = example::space(vec![live("shop_a")], [("shop.example.com", "shop_a")]);
    assert!(matches!(right(&plan, Verb::Apply, &routed), Err(Refusal::Routes(RouteRefusal::HasRoutes { .. }))));
}

/// What is wrong with a compiler, how it is made so, and what the story of it must tell.
const WRONG: &[(&str, Sabotage, &[&str])] = &[
    (
        "the new version is started with its workers",
        |_, steps| without(steps, |step| step.id.contains("/hold-process")),
        &["process worker of shop_a and of shop_b run at once"],
    ),
    (
        "the old version does not end",
        |_, steps| without(steps, |step| step.id.contains("/end-process")),
        &["process worker of shop_a and of shop_b run at once"],
    ),
    (
        "the new version does not work",
        |verb, steps| without(steps, |step| verb != Verb::Rollback && step.id.contains("/run-process")),
        &["no process worker runs, and something else is done"],
    ),
    (
        "the old version is not stopped",
        |verb, steps| without(steps, |step| verb != Verb::Rollback && step.facts().kind() == "stop"),
        &["shop_a still runs"],
    ),
    (
        "both are marked as live",
        |verb, steps| {
            let marks = |step: &Step| step.facts().purpose().contains("previous version");
            without(steps, |step| verb != Verb::Rollback && marks(step))
        },
        &["nothing tells which of them is the live version"],
    ),
    (
        "the way back does not start what was live",
        |verb, steps| without(steps, |step| verb == Verb::Rollback && step.facts().kind() == "start"),
        &["shop_a is not as it was"],
    ),
];

#[test]
fn a_handover_of_a_whole_app_that_is_wrong_is_caught() {
    let was_never_held = with_workers(app("shop_b", false, Some(Role::Previous)), 3);
    let (plan, start) = (plan(""), space(vec![live("shop_a"), was_never_held]));
    let mut out = String::new();
    for (name, sabotage, words) in WRONG {
        let wrong = |verb: Verb, space: &Space| right(&plan, verb, space).map(|steps| sabotage(verb, steps));
        let proof = prove_app(&plan.apps[0], Verb::Apply, &start, &wrong);
        assert!(!proof.holds, "{name}: not caught in {} cases", proof.cases);
        let told = proof.violations[0].to_string();
        for word in *words {
            assert!(told.contains(word), "{name}: '{word}' is not in:\n{told}");
        }
        out.extend(["# ", name, "\n", &told, "\n\n"]);
    }
    insta::assert_snapshot!(out);
}

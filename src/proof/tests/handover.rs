//! Processes that are handed over: no two versions of one ever run at once, none is lost, and none is missing for longer than it
//! takes to hand it over.

use super::*;
use crate::space::AppState;
use crate::steps::process_counts::{self, HELD};

/// An app with workers, so many of them; started ones run.
pub(super) fn with_workers(mut app: App, workers: u32) -> App {
    let web = app.processes[0].clone();
    let runs = app.state == AppState::Started;
    let states = (0..workers).filter(|_| runs).map(|index| Instance { index, ..web.states[0].clone() }).collect();
    let guid = format!("worker-{}", app.name);
    app.processes.push(Process { guid, kind: "worker".to_owned(), instances: workers, states, ..web });
    app
}

/// An app with so many workers that another version runs.
pub(super) fn held(app: App, workers: u32) -> App {
    let mut app = with_workers(app, 0);
    app.annotations.insert(HELD.to_owned(), format!("{{\"worker\":{workers}}}"));
    app
}

/// One version is live, with its workers; those of the one before it are written on it.
fn worked() -> Space {
    let live = with_workers(app("shop_a", true, Some(Role::Live)), 2);
    space(vec![live, held(app("shop_b", false, Some(Role::Previous)), 3)], Some("shop_a"))
}

const ONE_ROUTE: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
    checks: [http: {path: /health}]
";

/// The manifest says no word of workers.
fn plan(keys: &str) -> Plan {
    example::plan(&format!("{ONE_ROUTE}{keys}"))
}

/// A space with these apps, the live route on the one that is named.
fn space(apps: Vec<App>, live: Option<&str>) -> Space {
    example::space(apps, live.map(|app| ("shop.example.com", app)))
}

fn workers(space: &Space, app: &str) -> u32 {
    space.app(app).unwrap().instances_of("worker")
}

fn after(steps: &[Step], space: &Space) -> Space {
    let mut end = space.clone();
    for step in steps {
        step.facts().effect(&mut end);
    }
    end
}

#[test]
fn workers_are_handed_over_from_every_ordinary_space() {
    let live = || with_workers(app("shop_a", true, Some(Role::Live)), 2);
    let previous = |started| app("shop_b", started, Some(Role::Previous));
    let spaces = [
        ("an update", worked()),
        ("the first version", space(vec![live()], Some("shop_a"))),
        ("the one before was never held", space(vec![live(), with_workers(previous(false), 3)], Some("shop_a"))),
        ("the one before was kept", space(vec![live(), held(previous(true), 3)], Some("shop_a"))),
        ("both run", space(vec![live(), with_workers(previous(true), 3)], Some("shop_a"))),
        ("no route leads to what runs", space(vec![live()], None)),
        ("none is wanted", space(vec![with_workers(app("shop_a", true, Some(Role::Live)), 0)], Some("shop_a"))),
    ];
    for (name, space) in &spaces {
        let keys = ["", "    old: keep\n", "    old: delete\n", "    processes: {worker: overlap}\n"];
        for keys in keys.iter().filter(|keys| keys.is_empty() || *name == "an update") {
            for verb in [Verb::Apply, Verb::Rollback] {
                assert_part_holds(&format!("{name}, {keys:?}, {verb}"), || proved(&plan(keys), verb, space));
            }
        }
    }
    let mut unseen = worked();
    unseen.apps.iter_mut().flat_map(|app| &mut app.processes).for_each(|process| process.ends_unseen = true);
    for verb in [Verb::Apply, Verb::Rollback] {
        assert_holds("the platform does not tell what ends", &proved(&plan(""), verb, &unseen));
    }
}

#[test]
fn each_version_has_its_own_count_of_workers_there_and_back() {
    let (plan, start) = (plan(""), worked());
    let deployed = after(&right(&plan, Verb::Apply, &start).unwrap(), &start);
    assert_eq!((workers(&deployed, "shop_a"), workers(&deployed, "shop_b")), (0, 2));
    assert_eq!(process_counts::count(deployed.app("shop_a").unwrap(), "worker"), 2);
    assert!(!deployed.app("shop_b").unwrap().annotations.contains_key(HELD));
    let mut scaled = deployed.clone();
    scaled.app_mut("shop_b").unwrap().processes[1].instances = 5;
    let back = after(&right(&plan, Verb::Rollback, &scaled).unwrap(), &scaled);
    assert_eq!((workers(&back, "shop_a"), workers(&back, "shop_b")), (2, 0));
    assert_eq!(process_counts::count(back.app("shop_b").unwrap(), "worker"), 5);
    assert!(!back.app("shop_a").unwrap().annotations.contains_key(HELD));
}

#[test]
fn every_state_that_a_handover_leaves_is_a_legal_start() {
    assert_half_way_holds(&plan(""), &worked());
}

/// What is wrong with a compiler, how it is made so, and what the story of it must tell.
const WRONG: &[(&str, Sabotage, &[&str])] = &[
    (
        "the new version is started with its workers",
        |_, steps| without(steps, |step| step.id.contains("/hold-process")),
        &["process worker of shop_"],
    ),
    (
        "the old workers do not end",
        |_, steps| without(steps, |step| step.id.contains("/end-process")),
        &["process worker of shop_a and of shop_b run at once"],
    ),
    (
        "the new workers do not run",
        |verb, steps| without(steps, |step| verb != Verb::Rollback && step.id.contains("/run-process")),
        &["no process worker runs, and something else is done"],
    ),
    (
        "the new workers run before the old ones have ended",
        |_, steps| before(steps, |step| step.id.contains("/run-process"), |step| step.id.contains("/end-process")),
        &["process worker of shop_a and of shop_b run at once"],
    ),
    (
        "the old workers end before the switch",
        |_, steps| before(steps, |step| step.id.contains("/note") || step.id.contains("/end-process"), live),
        &["no process worker runs, and something else is done"],
    ),
    (
        "how many workers the old version had is written nowhere",
        |_, steps| without(steps, |step| step.id.contains("/note")),
        &["is not as it was"],
    ),
    (
        "what has begun to end is not waited for",
        |verb, steps| without(steps, |step| verb != Verb::Apply && step.id.contains("/end-process")),
        &["run at once"],
    ),
    (
        "the way back leaves the workers where they are",
        |verb, steps| without(steps, |step| verb == Verb::Rollback && step.facts().handover().is_some()),
        &["worker"],
    ),
];

#[test]
fn a_handover_that_is_wrong_is_caught() {
    let plan = plan("");
    let mut start = worked();
    // It is to be held, and not only never scaled up.
    let previous = start.app_mut("shop_b").unwrap();
    previous.annotations.remove(HELD);
    previous.processes[1].instances = 3;
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

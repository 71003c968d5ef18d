//! What holds in every state that a run can leave, and in those that somebody makes of them: nothing is offered that is refused
//! or not safe once it is typed, and no command of cf's takes an app off its route that serves, or stops it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use testkit::part::one_of;

use super::*;
use crate::example;
use crate::plan::Plan;
use crate::proof::prove;
use crate::space::InstanceState;
use crate::space::lock::Lock;
use crate::steps::refusal::{Refusal, UnderWayRefusal};
use crate::steps::{Deployment, Request, Step};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    drain: 0s
    routes:
      live: [shop.example.com]
      staging: shop-staging.example.com
";
const LIVE: &str = "shop.example.com";

/// Where a deployment or a rollback may begin.
fn beginnings() -> Vec<Space> {
    let app = |name, started, role| example::app(name, started, 2, role);
    let space = |apps, live: Option<&str>| example::space(apps, live.map(|app| (LIVE, app)));
    let live = || app("shop_a", true, Some(Role::Live));
    vec![
        space(Vec::new(), None),
        space(vec![app("shop_a", true, None)], Some("shop_a")),
        space(vec![live(), app("shop_b", false, Some(Role::Previous))], Some("shop_a")),
        space(vec![live(), app("shop_b", false, Some(Role::RolledBack))], Some("shop_a")),
        space(vec![live(), app("shop_b", true, Some(Role::Previous))], Some("shop_a")),
    ]
}

/// Each version holds routes of its own that lead to another app, too.
fn with_shared(runs: bool) -> Space {
    let app = |name, started, role| example::app(name, started, 2, Some(role));
    let apps = vec![app("shop_a", true, Role::Live), app("shop_b", false, Role::Previous)];
    let mut space = example::space(apps, [(LIVE, "shop_a")]);
    shared(&mut space, runs);
    space
}

/// What a run of `verb` leaves wherever it is killed: between two steps, in the midst of one, or after the last.
fn left_by(plan: &Plan, verb: Verb, begin: &Space) -> Vec<Space> {
    let mut space = begin.clone();
    let mut left = vec![space.clone()];
    for step in &example::compile(plan, verb, begin).unwrap_or_default() {
        left.extend(step.facts().partial_effects().iter().map(|part| {
            let mut cut = done(&space, step);
            (part.cut)(step.facts().app(), &space, &mut cut);
            cut
        }));
        space = done(&space, step);
        left.push(space.clone());
    }
    left
}

fn done(space: &Space, step: &Step) -> Space {
    let mut after = space.clone();
    step.facts().effect(&mut after);
    after
}

/// What becomes of a state while nobody deploys.
type Change = fn(&mut Space);

const CHANGES: &[(&str, Change)] = &[
    ("as it was left", |_| {}),
    ("everything has crashed", |space| {
        let processes = space.apps.iter_mut().flat_map(|app| &mut app.processes);
        processes.flat_map(|process| &mut process.states).for_each(|it| it.state = InstanceState::Crashed);
    }),
    ("the first colour is stopped", |space| stop(space, "shop_a")),
    ("the second colour is stopped", |space| stop(space, "shop_b")),
    ("the first colour has no instances", |space| {
        if let Some(web) = space.app_mut("shop_a").and_then(App::web_mut) {
            web.instances = 0;
            web.states.clear();
        }
    }),
    ("the first colour is deleted", |space| {
        space.apps.retain(|app| app.name != "shop_a");
        space.routes.iter_mut().for_each(|route| route.destinations.retain(|to| to.app != "guid-shop_a"));
    }),
    ("the live route is gone", |space| space.routes.retain(|route| route.url != LIVE)),
    ("another app is on the live route, too", |space| {
        space.apps.push(example::app("billing", true, 1, None));
        let more = example::route(LIVE, "billing").destinations;
        space
            .routes
            .iter_mut()
            .filter(|route| route.url == LIVE)
            .for_each(|route| route.destinations.extend(more.clone()));
    }),
    ("routes that nobody has named lead there, too", |space| {
        for app in ["shop_a", "shop_b"].iter().filter(|app| space.app(app).is_some()).collect::<Vec<_>>() {
            space.routes.push(example::route(&format!("{app}.example.com").replace('_', "-"), app));
        }
    }),
    ("routes lead to a version and to another app that runs", |space| shared(space, true)),
    ("routes lead to a version and to another app that is stopped", |space| shared(space, false)),
    ("the lock of a deployment is there", |space| lock(space, Verb::Apply)),
    ("the lock of a rollback is there", |space| lock(space, Verb::Rollback)),
];

/// Each version holds routes of its own that lead to another app, too.
fn shared(space: &mut Space, runs: bool) {
    if space.app("billing").is_some() {
        return;
    }
    space.apps.push(example::app("billing", runs, 1, None));
    for app in ["shop_a", "shop_b"].iter().filter(|app| space.app(app).is_some()).collect::<Vec<_>>() {
        for host in ["one", "two"] {
            let mut route = example::route(&format!("{host}-{app}.example.com").replace('_', "-"), app);
            route.destinations.extend(example::route(LIVE, "billing").destinations);
            space.routes.push(route);
        }
    }
}

fn stop(space: &mut Space, app: &str) {
    if let Some(app) = space.app_mut(app) {
        app.state = AppState::Stopped;
        app.processes.iter_mut().for_each(|process| process.states.clear());
    }
}

/// A run has left its lock, of the deployment that the steps are of.
fn lock(space: &mut Space, verb: Verb) {
    let plan = example::plan(PLAN).digest;
    space.locks.push(Lock { verb: Some(verb), deployment: example::identity().id, plan, ..example::lock() });
}

/// Asserts that whatever is told of a space can be done as it is told.
fn assert_true(plan: &Plan, space: &Space, state: LockState, what: &str) {
    static OURS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"cutover (apply|resume|rollback)(?: --take-over)?(?: --app shop)?( is refused| \w[^\n]*?\((\d+) steps?\))?").unwrap()
    });
    console::set_colors_enabled(false);
    let now = "2026-11-24T10:06:00Z".parse().unwrap();
    let status = Status::of(plan, space, &|_| state);
    let told = text(&status, space, now, &OwnCommands::default());
    for found in OURS.captures_iter(&told) {
        let verb = match &found[1] {
            "apply" => Verb::Apply,
            "resume" => Verb::Resume,
            _ => Verb::Rollback,
        };
        let typed = typed(plan, verb, space);
        let fits = match (found.get(2).map(|said| said.as_str()), found.get(3)) {
            (Some(" is refused"), _) => typed.is_err(),
            (_, Some(count)) => typed == Ok(count.as_str().parse().unwrap()),
            (_, None) => typed.is_ok(),
        };
        assert!(fits, "{what}: '{}', and it is {typed:?}:\n{told}", &found[0]);
    }
    assert_told_to_programs(&json(&status, space, &OwnCommands::default()).unwrap(), &told, what);
    for (verb, app) in commands_of_cf(&told) {
        let is_started = |app: &App| app.state == AppState::Started;
        let staging = plan.apps[0].staging.as_ref().map(ToString::to_string);
        let serves = space.app(&app).is_some_and(is_started)
            && space.routes_of(&app).into_iter().any(|url| Some(url) != staging.as_deref());
        // Of an app without routes two versions would do the same work at once.
        let is_second = !plan.apps[0].has_routes() && space.apps.iter().any(|it| it.name != app && is_started(it));
        let harms = match verb.as_str() {
            "app" | "logs" | "scale" | "map-route" | "rename" => false,
            "start" => is_second,
            "stop" | "delete" | "unmap-route" => serves,
            other => panic!("{what}: does cf {other} harm whoever serves? Say so here:\n{told}"),
        };
        assert!(!harms, "{what}: cf {verb} {app}:\n{told}");
    }
}

/// Asserts that the JSON offers what the text does.
fn assert_told_to_programs(object: &Value, told: &str, what: &str) {
    for way in object["status"][0]["ways"].as_array().unwrap() {
        let command = way["command"].as_str().unwrap();
        let in_text = match (way["refusal"].is_string(), way["does"].as_str(), way["steps"].as_u64()) {
            (true, _, _) => format!("{command} is refused"),
            (false, Some(does), Some(count)) => format!("{command} {does} ({count} step"),
            (false, Some(_), None) => command.to_owned(),
            (false, None, _) => panic!("{what}: {way} does nothing"),
        };
        assert!(told.contains(&in_text), "{what}: '{in_text}' is not in:\n{told}");
    }
}

/// What comes of a verb that somebody types: how many steps, which are proved, or why it is refused.
fn typed(plan: &Plan, verb: Verb, space: &Space) -> Result<usize, String> {
    let request = Request { locks: space.locks.clone(), ..example::request(plan, verb) };
    let deployment = match Deployment::compile(plan, space, &request) {
        // All that is left is the lock, which goes.
        Err(Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. }))
            if verb == Verb::Rollback && !space.locks.is_empty() =>
        {
            return Ok(0);
        }
        compiled => compiled.map_err(|refusal| refusal.to_string())?,
    };
    let begun = request.begun_before(plan, space);
    let again = |app: &plan::App, verb: Verb, space: &Space| {
        request.compile_again(plan, app, begun.get(&app.name), verb, space)
    };
    match prove(&deployment, space, &again).violations.first() {
        None => Ok(deployment.apps.iter().map(|part| part.steps.len()).sum()),
        Some(violation) => Err(violation.to_string()),
    }
}

/// The verb and the app of each command of cf's; where no app is named, a person is to choose one.
fn commands_of_cf(told: &str) -> Vec<(String, String)> {
    static CF: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcf ([a-z][a-z-]*) ([a-z_]+)").unwrap());
    CF.captures_iter(told).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

/// Every state that a run leaves from one of the beginnings, and what it is, each once.
fn left_by_one_run(plan: &Plan, beginnings: &[Space]) -> BTreeMap<String, (String, Space)> {
    let mut all = BTreeMap::new();
    for (at, begin) in beginnings.iter().enumerate() {
        for verb in [Verb::Apply, Verb::Rollback] {
            for state in left_by(plan, verb, begin) {
                let what = format!("{at}, {verb}");
                all.entry(serde_json::to_string(&state).unwrap()).or_insert((what, state));
            }
        }
    }
    all
}

fn changed(space: &Space, make: Change) -> Space {
    let mut space = space.clone();
    make(&mut space);
    space
}

#[test]
fn whatever_a_run_leaves_is_told_with_ways_that_lead_on() {
    let plan = example::plan(PLAN);
    for (number, (what, space)) in one_of(6, left_by_one_run(&plan, &beginnings()).values().enumerate()) {
        // Each change meets some of them.
        let (change, make) = CHANGES[number % CHANGES.len()];
        assert_true(&plan, &changed(space, make), LockState::Dead, &format!("{what}, {change}"));
    }
}

#[test]
fn what_others_hold_too_is_no_obstacle() {
    let plan = example::plan(PLAN);
    let beginnings = [with_shared(true), with_shared(false)];
    for (what, space) in one_of(3, left_by_one_run(&plan, &beginnings).values()) {
        assert_true(&plan, space, LockState::Dead, what);
    }
}

#[test]
fn what_another_plan_has_left_is_told_with_ways_that_lead_on() {
    let plan = example::plan(PLAN);
    let other = example::plan(&PLAN.replace("staging: shop", "staging: the-shop"));
    for (what, space) in one_of(30, left_by_one_run(&plan, &beginnings()).values()) {
        assert_true(&other, space, LockState::Dead, what);
    }
}

#[test]
fn what_is_left_of_an_app_without_routes_is_told_without_a_second_start() {
    let routes = PLAN.find("    drain").unwrap();
    let plan = example::plan(&PLAN[..routes]);
    let app = |name, started, role| example::app(name, started, 2, Some(role));
    let beginnings = [
        example::space(vec![app("shop_a", true, Role::Live)], []),
        example::space(vec![app("shop_a", true, Role::Live), app("shop_b", false, Role::Previous)], []),
        example::space(vec![app("shop_a", true, Role::Live), app("shop_b", false, Role::RolledBack)], []),
    ];
    for (what, space) in one_of(4, left_by_one_run(&plan, &beginnings).values()) {
        assert_true(&plan, space, LockState::Dead, what);
    }
}

//! What a walk may leave otherwise than it was to be, and what it may not.

use super::super::super::Goal;
use super::{half_done, missed};
use crate::example;
use crate::plan::{AppName, Plan};
use crate::space::Space;
use crate::steps::annotations::{KEPT_ROUTES, OLD, Role};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";
const LIVE: &str = "shop.example.com";

/// Something that a walk has done to the space.
type Change = fn(&mut Space);

/// `shop_a` is live and holds a route that the plan does not name; `shop_b` is the version before.
fn begin() -> Space {
    let apps =
        vec![example::app("shop_a", true, 2, Some(Role::Live)), example::app("shop_b", false, 2, Some(Role::Previous))];
    example::space(apps, [(LIVE, "shop_a"), ("own.example.com", "shop_a"), ("old.example.com", "shop_b")])
}

/// `shop_b` was made live, and `shop_a` is at rest.
fn end() -> Space {
    let mut live = example::app("shop_b", true, 2, Some(Role::Live));
    for (key, value) in [("cutover-deployment", "d-2"), (OLD, "shop_a")] {
        live.annotations.insert(key.to_owned(), value.to_owned());
    }
    example::space(vec![example::app("shop_a", false, 2, Some(Role::Previous)), live], [(LIVE, "shop_b")])
}

fn lead(space: &mut Space, url: &str, app: &str) {
    space.routes.retain(|route| route.url != url);
    space.routes.push(example::route(url, app));
}

fn told(plan: &Plan, goal: &Goal, start: &Space, now: &Space) -> String {
    missed(&plan.apps[0], goal, start, now, &|_| false).unwrap_or_default()
}

#[test]
fn what_is_taken_back_is_as_it_was() {
    let plan = example::plan(PLAN);
    let cases: &[(Change, &str)] = &[
        (|_| {}, ""),
        (|space| space.apps[0].state = crate::space::AppState::Stopped, "shop_a is not as it was"),
        (|space| space.apps[0].processes[0].instances = 1, "shop_a is not as it was"),
        (|space| space.apps[0].droplet = None, "shop_a is not as it was"),
        (|space| space.apps[0].bindings.clear(), "shop_a is not as it was"),
        (|space| drop(space.apps.remove(0)), "shop.example.com led to [shop_a] and leads to [guid-shop_a] now"),
        (|space| drop(space.apps.remove(1)), "shop_b is not there any more"),
        (|space| space.apps[1] = example::app("shop_b", true, 2, Some(Role::RolledBack)), "shop_b still runs"),
        // The one that did not serve may be of another make now.
        (|space| space.apps[1].droplet = None, ""),
        (|space| lead(space, LIVE, "shop_b"), "shop.example.com led to [shop_a] and leads to [shop_b] now"),
        (|space| lead(space, "shop-staging.example.com", "shop_b"), "shop_b is still on the staging route"),
        (|space| lead(space, "own.example.com", "shop_b"), "own.example.com led to shop_a and does not any more"),
        (
            |space| space.routes.retain(|route| route.url != "old.example.com"),
            "old.example.com led to shop_b and does not any more",
        ),
    ];
    for (number, (change, words)) in cases.iter().enumerate() {
        let mut now = begin();
        change(&mut now);
        let told = told(&plan, &Goal::Start, &begin(), &now);
        assert_eq!(told.is_empty(), words.is_empty(), "{number}: {told}");
        assert!(told.starts_with(words), "{number}: '{words}' is not what is told: {told}");
    }
}

#[test]
fn one_that_did_not_serve_well_may_be_better_now() {
    let plan = example::plan(PLAN);
    // It was stopped, or had no instances.
    let cases: [Change; 2] = [
        |space| space.apps[0] = example::app("shop_a", false, 2, Some(Role::Live)),
        |space| space.apps[0] = example::app("shop_a", true, 0, Some(Role::Live)),
    ];
    for change in cases {
        let mut start = begin();
        change(&mut start);
        assert_eq!(told(&plan, &Goal::Start, &start, &begin()), "");
    }
}

#[test]
fn routes_that_a_push_took_off_are_back() {
    let plan = example::plan(PLAN);
    let mut start = begin();
    start.apps[0].annotations.insert("cutover-deployment".to_owned(), "d-1".to_owned());
    start.apps[0].annotations.insert("cutover-role".to_owned(), "next".to_owned());
    for (kept, words) in [
        ("own.example.com", ""),
        ("more.example.com", "more.example.com led to shop_a and does not any more"),
        // The plan's own come and go.
        ("shop-staging.example.com", ""),
    ] {
        start.apps[0].annotations.insert(KEPT_ROUTES.to_owned(), kept.to_owned());
        assert_eq!(told(&plan, &Goal::Start, &start, &begin()), words, "{kept}");
    }
}

#[test]
fn what_is_deployed_serves_alone() {
    let plan = example::plan(PLAN);
    let next = Goal::Live(AppName::parse("shop_b").unwrap());
    let cases: &[(Change, &str)] = &[
        (|_| {}, ""),
        (|space| lead(space, LIVE, "shop_a"), "shop.example.com leads to [shop_a] and not to shop_b alone"),
        (|space| space.apps[1].processes[0].states.clear(), "shop_b is live and does not run"),
        (|space| space.apps[0] = example::app("shop_a", true, 2, Some(Role::Previous)), "shop_a still runs"),
        (
            |space| {
                // It was not live when the deployment began.
                space.apps[0] = example::app("shop_a", true, 2, Some(Role::Previous));
                space.apps[1].annotations.insert(OLD.to_owned(), "-".to_owned());
            },
            "",
        ),
        (
            |space| space.apps[1] = example::app("shop_b", true, 2, Some(Role::Next)),
            "the deployment of shop_b is still under way",
        ),
    ];
    for (number, (change, words)) in cases.iter().enumerate() {
        let mut now = end();
        change(&mut now);
        assert_eq!(told(&plan, &next, &begin(), &now), *words, "{number}");
    }
    let crashed = missed(
        &plan.apps[0],
        &next,
        &begin(),
        &{
            let mut now = end();
            now.apps[1].processes[0].states.clear();
            now
        },
        &|app| app == "shop_b",
    );
    assert_eq!(crashed, None, "that it crashed is nobody's fault");
}

#[test]
fn what_nothing_marks_is_finished() {
    let plan = example::plan(PLAN);
    let half = |change: Change| {
        let mut now = end();
        change(&mut now);
        half_done(&plan.apps[0], &begin(), &now, &|_| false).unwrap_or_default()
    };
    assert_eq!(half(|_| {}), "");
    assert_eq!(half(|space| space.apps[1].processes[0].states.clear()), "shop_b is live and does not run");
    let both: Change = |space| {
        let more = example::route(LIVE, "shop_a").destinations;
        space.routes[0].destinations.extend(more);
    };
    assert_eq!(half(both), "several apps are still on shop.example.com");
    assert_eq!(half(|space| space.routes.clear()), "");
    assert_eq!(half(|space| *space = begin()), "");
    let settled = |change: Change| {
        let mut now = end();
        change(&mut now);
        told(&plan, &Goal::Settled, &begin(), &now)
    };
    assert_eq!(settled(|_| {}), "");
    assert_eq!(settled(both), "several apps are still on shop.example.com");
}

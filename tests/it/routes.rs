//! Routes of every kind as live routes.

use std::time::Duration;

use crate::support::bench::{Bench, PLAN};

fn plan(live: &str) -> String {
    PLAN.replace("drain: 1s", "drain: 0s").replace("live: [shop.apps.foundry.test]", &format!("live: [{live}]"))
}

#[test]
#[ignore = "`make verify` runs it: it deploys many times"]
fn a_path_a_wildcard_a_bare_domain_a_private_domain_and_capitals() {
    let bench = Bench::new(Duration::from_millis(200));
    bench.cf.must(["create-private-domain", "acme", "shop.example"]);
    bench.write(
        "deploy.yaml",
        &plan(
            "SHOP.Apps.Foundry.Test, www.apps.foundry.test/shop, '*.shop.example', shop.example, Pay.Shop.Example/v1",
        ),
    );
    let urls = [
        "shop.apps.foundry.test",
        "www.apps.foundry.test/shop",
        "*.shop.example",
        "shop.example",
        "pay.shop.example/v1",
    ];
    for colour in ["shop_a", "shop_b"] {
        let run = bench.must(&["apply", "--yes"]);
        assert!(!run.err.contains("not asked at the router"), "{}", run.err);
        for url in urls {
            assert_eq!(bench.leads_to(url), [colour], "{url}");
        }
    }
    bench.must(&["rollback", "--yes"]);
    for url in urls {
        assert_eq!(bench.leads_to(url), ["shop_a"], "{url}");
    }
}

#[test]
#[ignore = "`make verify` runs it: it deploys many times"]
fn an_internal_route_settles_for_a_time_and_says_so() {
    let bench = Bench::new(Duration::ZERO);
    let plan = plan("shop.apps.foundry.test, shop.apps.internal").replace("drain: 0s", "drain: 0s\n    settle: 1s");
    bench.write("deploy.yaml", &plan);
    for colour in ["shop_a", "shop_b"] {
        let run = bench.must(&["apply", "--yes", "--events", "events.jsonl"]);
        let note = "an internal route has no router); waited 1s instead";
        assert!(run.err.contains(note), "{}", run.err);
        assert!(bench.seconds_of(note) >= 1.0);
        assert_eq!(bench.leads_to("shop.apps.internal"), [colour]);
        assert_eq!(bench.leads_to("shop.apps.foundry.test"), [colour]);
    }
}

#[test]
fn a_router_that_cannot_be_reached_is_not_taken_for_one_that_agrees() {
    let bench = Bench::new(Duration::ZERO);
    // A check that asks there would fail, after all that comes before it.
    let refused = bench.command(&["apply", "--yes"]).env("CUTOVER_ROUTER", "http://127.0.0.1:1").output().unwrap();
    let refused = crate::support::bench::Run::of(&refused);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("the plan's checks ask shop-staging.apps.foundry.test, which cannot be reached"));
    assert!(bench.foundry.apps().is_empty());
    let no_checks = "    checks:\n      - http: {path: /health, within: 20s, interval: 50ms}\n";
    let plan = plan("shop.apps.foundry.test").replace(no_checks, "    settle: 1s\n");
    bench.write("deploy.yaml", &plan);
    let output = bench.command(&["apply", "--yes"]).env("CUTOVER_ROUTER", "http://127.0.0.1:1").output().unwrap();
    let run = crate::support::bench::Run::of(&output);
    assert_eq!(run.code, 0, "{}", run.err);
    // It is told before the first change, with what can be done about it.
    let told = run.err.find("it cannot be reached from here").unwrap();
    assert!(told < run.err.find("✓").unwrap() && run.err.contains("--router"), "{}", run.err);
    assert!(run.err.contains("waited 1s instead"), "{}", run.err);
}

#[test]
fn a_host_of_several_labels_fits_no_domain_and_is_refused() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &plan("a.b.apps.foundry.test"));
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("a.b.apps.foundry.test"), "{}", run.err);
    assert!(run.err.contains("apps.foundry.test"), "{}", run.err);
}

/// A route of TCP, or with a host that the plan's routes cannot have, is taken off by a push like any other.
#[test]
fn a_route_that_cannot_be_mapped_again_is_not_lost() {
    let bench = Bench::updated_undrained();
    bench.cf.must(["map-route", "shop_a", "apps.foundry.test", "--hostname", "my_reports"]);
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("my_reports.apps.foundry.test"), "{}", run.err);
    assert_eq!(bench.leads_to("my_reports.apps.foundry.test"), ["shop_a"]);
}

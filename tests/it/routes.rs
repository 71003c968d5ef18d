//! Routes of every kind as live routes.

use std::time::Duration;

use serde_json::Value;

use crate::support::bench::{Bench, LIVE, PLAN, assert_has};

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

/// Nothing goes dark: what somebody has mapped by hand is moved with the live routes, and back, and is asked for as they are.
#[test]
fn a_route_that_only_the_live_version_has_is_moved_with_the_others() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s\n    settle: 100ms"));
    bench.cf.must(["map-route", "shop_a", "apps.foundry.test", "--hostname", "promo"]);
    bench.cf.must(["map-route", "shop_a", "apps.internal", "--hostname", "promo"]);
    bench.cf.must(["create-app", "other"]);
    bench.cf.must(["map-route", "other", "apps.foundry.test", "--hostname", "shared"]);
    bench.cf.must(["map-route", "shop_a", "apps.foundry.test", "--hostname", "shared"]);
    // Nobody else serves it.
    bench.run(&["apply", "--yes"]).assert_tells(4, &["  cf unmap-route other apps.foundry.test --hostname shared\n"]);
    bench.cf.must(["push", "other", "-f", "app/manifest.yml", "-p", "app", "--no-route"]);
    bench.cf.must(["map-route", "other", "apps.foundry.test", "--hostname", "shared"]);
    let plan = bench.must(&["plan"]).out;
    assert_has(
        &plan,
        &[
            "note: promo.apps.foundry.test leads to it, too, and is not in the plan: it is moved as the live routes are",
            "note: shared.apps.foundry.test leads to it, too, and is not in the plan: it stays where it is",
            "cf map-route shop_b apps.foundry.test --hostname promo",
            "cf unmap-route shop_a apps.internal --hostname promo",
        ],
    );
    let promo = ["promo.apps.foundry.test", "promo.apps.internal", LIVE];
    let moved = |verb: &str, to: &str| {
        let run = bench.must(&[verb, "--yes"]);
        for url in promo {
            assert_eq!(bench.leads_to(url), [to], "{verb}: {url}");
        }
        run
    };
    let run = moved("apply", "shop_b");
    assert!(run.err.contains("unmap promo.apps.foundry.test from shop_a"), "{}", run.err);
    // One that was mapped since goes back with the others.
    bench.cf.must(["map-route", "shop_b", "apps.foundry.test", "--hostname", "since"]);
    moved("rollback", "shop_a");
    assert_eq!(bench.leads_to("since.apps.foundry.test"), ["shop_a"]);
    let mut shared = bench.leads_to("shared.apps.foundry.test");
    shared.sort();
    assert_eq!(shared, ["other", "shop_a"]);
    bench.write("deploy.yaml", &PLAN.replace("    drain: 1s", "    drain: 0s\n    extra_routes: refuse"));
    let refused = bench.run(&["apply", "--yes"]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("shop is also reached by promo.apps.foundry.test"), "{}", refused.err);
}

/// What routers talk to the live version they talk to the next one, at the staging route, too; what is said otherwise counts, and a
/// rollback brings back what was.
#[test]
fn http2_goes_from_one_colour_to_the_other_and_back() {
    let bench = Bench::live_undrained();
    let by = |url: &str| -> Vec<String> {
        let host = url.split('.').next().unwrap();
        let routes: Value =
            serde_json::from_str(&bench.cf.must(["curl", &format!("/v3/routes?hosts={host}")])).unwrap();
        let destinations = routes["resources"][0]["destinations"].as_array().unwrap();
        destinations.iter().map(|to| to["protocol"].as_str().unwrap().to_owned()).collect()
    };
    bench.cf.must(["unmap-route", "shop_a", "apps.foundry.test", "--hostname", "shop"]);
    bench.cf.must(["map-route", "shop_a", "apps.foundry.test", "--hostname", "shop", "--app-protocol", "http2"]);
    let run = bench.must(&["apply", "--yes"]);
    assert_eq!((bench.leads_to(LIVE), by(LIVE)), (vec!["shop_b".to_owned()], vec!["http2".to_owned()]));
    for host in ["shop", "shop-staging"] {
        let line = format!("cf map-route shop_b apps.foundry.test --hostname {host} --app-protocol http2");
        assert!(run.err.contains(&line), "'{line}' is not in:\n{}", run.err);
    }
    let said = "live: [{route: shop.apps.foundry.test, protocol: http1}]";
    let undrained = PLAN.replace("drain: 1s", "drain: 0s");
    bench.write("deploy.yaml", &undrained.replace("live: [shop.apps.foundry.test]", said));
    let plan = bench.must(&["plan"]).out;
    assert!(plan.contains("what will be otherwise: protocol of shop.apps.foundry.test: http2 → http1"), "{plan}");
    let options = || -> Value {
        let routes: Value = serde_json::from_str(&bench.cf.must(["curl", "/v3/routes?hosts=shop"])).unwrap();
        routes["resources"][0]["options"].clone()
    };
    let hashed = "http1, options: {loadbalancing: hash, hash_header: X-Tenant, hash_balance: '3'}";
    let with_options = said.replace("http1", hashed);
    bench.write("deploy.yaml", &undrained.replace("live: [shop.apps.foundry.test]", &with_options));
    let refused = bench.run(&["plan"]);
    assert_eq!(refused.code, 4, "{}", refused.out);
    assert!(refused.err.contains("its feature flag hash_based_routing is off"), "{}", refused.err);
    bench.cf.must(["enable-feature-flag", "hash_based_routing"]);
    bench.must(&["apply", "--yes"]);
    assert_eq!(by(LIVE), ["http1"]);
    let kept = serde_json::json!({"loadbalancing": "hash", "hash_header": "X-Tenant", "hash_balance": "3.0"});
    assert_eq!(options(), kept);
    bench.must(&["rollback", "--yes"]);
    assert_eq!(options(), serde_json::json!({}));
    assert_eq!((bench.leads_to(LIVE), by(LIVE)), (vec!["shop_b".to_owned()], vec!["http2".to_owned()]));
}

/// What a route service, or a domain that lets in only apps, leaves of what can be asked is told before anything is done.
#[test]
fn what_stands_between_the_router_and_the_app_is_told() {
    let bench = Bench::live_undrained();
    bench.cf.must(["create-user-provided-service", "sso", "-r", "https://sso.example.com"]);
    bench.cf.must(["bind-route-service", "apps.foundry.test", "sso", "--hostname", "shop"]);
    let closed = r#"{"name":"mesh.example","enforce_route_policies":true,"route_policies_scope":"any"}"#;
    bench.cf.must(["curl", "--fail", "-X", "POST", "/v3/domains", "-d", closed]);
    let plan = plan("shop.apps.foundry.test, shop.mesh.example").replace("drain: 0s", "drain: 0s\n    settle: 100ms");
    bench.write("deploy.yaml", &plan);
    let told = bench.must(&["plan"]).out;
    assert_has(
        &told,
        &[
            "requests to shop.apps.foundry.test go through the route service sso first",
            "the router cannot be asked who answers on shop.mesh.example (its domain lets in only the apps that its route policies",
        ],
    );
    let run = bench.must(&["apply", "--yes"]);
    assert!(run.err.contains("asked at the router, 16 answers in a row"), "{}", run.err);
    assert!(run.err.contains("route policies name); waited 100ms instead"), "{}", run.err);
    for url in [LIVE, "shop.mesh.example"] {
        assert_eq!(bench.leads_to(url), ["shop_b"], "{url}");
    }
    // A check there would ask whom nobody lets in.
    bench.write(
        "deploy.yaml",
        &plan.replace("staging: shop-staging.apps.foundry.test", "staging: staging.mesh.example"),
    );
    let refused = bench.run(&["apply", "--yes"]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("staging.mesh.example cannot be used: its domain lets in only"), "{}", refused.err);
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

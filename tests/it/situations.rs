//! Half-way states, made by hand with the real cf: each is a legal start, or is refused with what to do.

use std::time::Duration;

use foundry::faults::{Fault, Harm, Rule};

use crate::resumed::killed_in;
use crate::support::bench::{Bench, LIVE, PLAN, Run, assert_has};

const STAGING: &str = "shop-staging.apps.foundry.test";

/// A bench whose app is live as `shop_a`, and which does not drain.
fn live() -> Bench {
    let bench = Bench::live_undrained();
    assert_settled(&bench, "shop_a");
    bench
}

fn plan() -> String {
    PLAN.replace("drain: 1s", "drain: 0s")
}

/// Pushes an app as a deployment begins to, without a word about what it is.
fn push(bench: &Bench, app: &str) {
    bench.cf.must(["push", app, "-f", "app/manifest.yml", "-p", "app", "--no-route", "--no-start"]);
}

fn map(bench: &Bench, app: &str, host: &str) {
    bench.cf.must(["map-route", app, "apps.foundry.test", "--hostname", host]);
}

fn unmap(bench: &Bench, app: &str, host: &str) {
    bench.cf.must(["unmap-route", app, "apps.foundry.test", "--hostname", host]);
}

fn mark(bench: &Bench, app: &str, role: &str) {
    let guid = bench.cf.must(["app", app, "--guid"]);
    let annotations = format!("{{\"metadata\":{{\"annotations\":{{\"cutover-role\":{role}}}}}}}");
    bench.cf.must(["curl", "-X", "PATCH", &format!("/v3/apps/{}", guid.trim()), "-d", &annotations, "--fail"]);
}

/// One colour is live and started, alone; nothing is on the staging route.
fn assert_settled(bench: &Bench, colour: &str) {
    assert_eq!(bench.leads_to(LIVE), [colour]);
    assert_eq!(bench.leads_to(STAGING), [""; 0]);
    assert_eq!(bench.state_of(colour), "started");
}

fn assert_refused(run: &Run, words: &[&str]) {
    run.assert_tells(4, words);
}

#[test]
#[ignore = "`make verify` runs it: the laws of the steps meet the same without a platform"]
fn pushed_but_not_marked() {
    let bench = live();
    push(&bench, "shop_b");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
    assert_eq!(bench.state_of("shop_a"), "stopped");
}

#[test]
#[ignore = "`make verify` runs it: the laws of the steps meet the same without a platform"]
fn on_the_staging_route_and_running() {
    let bench = live();
    push(&bench, "shop_b");
    mark(&bench, "shop_b", "\"next\"");
    map(&bench, "shop_b", "shop-staging");
    bench.cf.must(["start", "shop_b"]);
    let status = bench.must(&["status"]).out;
    assert!(status.contains("the deployment of shop_b did not come to its end"), "{status}");
    // The way back is open, too.
    let back = bench.must(&["plan"]).out;
    assert!(back.contains("shop_a serves shop.apps.foundry.test"), "{back}");
    bench.must(&["rollback", "--yes"]);
    assert_settled(&bench, "shop_a");
    assert_eq!(bench.state_of("shop_b"), "stopped");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn both_mapped_and_marked() {
    let bench = live();
    push(&bench, "shop_b");
    mark(&bench, "shop_b", "\"next\"");
    bench.cf.must(["start", "shop_b"]);
    map(&bench, "shop_b", "shop-staging");
    map(&bench, "shop_b", "shop");
    let status = bench.must(&["status"]).out;
    assert!(status.contains("the deployment of shop_b was interrupted"), "{status}");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
    assert_eq!(bench.state_of("shop_a"), "stopped");
}

#[test]
#[ignore = "`make verify` runs it: the laws of the steps meet the same without a platform"]
fn both_mapped_and_nothing_tells_which_is_new() {
    let bench = live();
    push(&bench, "shop_b");
    bench.cf.must(["start", "shop_b"]);
    map(&bench, "shop_b", "shop");
    mark(&bench, "shop_a", "null");
    for verb in ["plan", "apply", "rollback"] {
        let args: &[&str] = if verb == "plan" { &["plan"] } else { &[verb, "--yes"] };
        assert_refused(&bench.run(args), &["both shop_a and shop_b hold live routes", "off the live routes"]);
    }
    assert_eq!(bench.leads_to(LIVE), ["shop_a", "shop_b"]);
    // What the hint says helps.
    unmap(&bench, "shop_b", "shop");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn the_live_route_is_unmapped_from_everything() {
    let bench = live();
    bench.must(&["apply", "--yes"]);
    unmap(&bench, "shop_b", "shop");
    bench.must(&["plan"]);
    bench.must(&["apply", "--yes"]);
    // What ran when the route was taken away is not the one to be replaced.
    assert_settled(&bench, "shop_a");
}

#[test]
fn the_live_colour_is_stopped_while_it_is_mapped() {
    let bench = live();
    bench.cf.must(["stop", "shop_a"]);
    let status = bench.must(&["status"]).out;
    assert!(status.contains("shop_a is live and stopped: cf start shop_a"), "{status}");
    for verb in ["resume", "rollback"] {
        assert_refused(&bench.run(&[verb, "--yes"]), &["what is on the live routes is stopped", "cf start shop_a\n"]);
    }
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

/// Nothing that is compiled starts it: whoever has stopped it may have a reason. That nobody serves is no success.
#[test]
fn the_live_colour_is_stopped_amid_a_deployment() {
    let bench = live();
    killed_in(&bench, "apply", Rule::new("POST", "/v3/builds", Fault::After(Harm::Nothing)));
    bench.cf.must(["stop", "shop_a"]);
    let told = "to have shop_a serve again, which is stopped:";
    let status = bench.must(&["status"]).out;
    assert!(status.contains(&format!("nobody serves the app; {told}\n     cf start shop_a\n")), "{status}");
    let back = bench.run(&["rollback", "--yes"]);
    assert_eq!(back.code, 3, "{}", back.err);
    assert!(back.err.contains(&format!("{told}\n  cf start shop_a\n")), "{}", back.err);
    bench.cf.must(["start", "shop_a"]);
    assert_settled(&bench, "shop_a");
}

#[test]
fn the_live_colour_has_no_instances() {
    let bench = live();
    bench.cf.must(["scale", "shop_a", "-i", "0"]);
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
    let shown = bench.cf.must(["app", "shop_b"]);
    assert!(shown.contains("2/2"), "{shown}");
}

#[test]
fn the_live_colour_crashes() {
    let bench = live();
    while !bench.cf.must(["app", "shop_a"]).contains("crashed") {
        bench.foundry.crash_now("shop_a");
    }
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
#[ignore = "`make verify` runs it: the laws of the steps meet the same without a platform"]
fn the_next_colour_is_an_empty_app() {
    let bench = live();
    bench.cf.must(["create-app", "shop_b"]);
    bench.must(&["status"]);
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn both_colours_are_empty_apps() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &plan());
    bench.cf.must(["create-app", "shop_a"]);
    bench.cf.must(["create-app", "shop_b"]);
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_a");
}

#[test]
fn the_live_colour_is_an_empty_app() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &plan());
    bench.cf.must(["create-app", "shop_a"]);
    map(&bench, "shop_a", "shop");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn routes_that_the_plan_does_not_name_come_back_to_the_next_colour() {
    let bench = Bench::updated_undrained();
    assert_settled(&bench, "shop_b");
    map(&bench, "shop_a", "reports");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_a");
    assert_eq!(bench.leads_to("reports.apps.foundry.test"), ["shop_a"]);
}

#[test]
fn an_app_that_serves_something_else_is_not_taken_for_a_colour() {
    let bench = live();
    push(&bench, "shop_b");
    map(&bench, "shop_b", "reports");
    bench.cf.must(["start", "shop_b"]);
    assert_refused(
        &bench.run(&["apply", "--yes"]),
        &["serves reports.apps.foundry.test", "choose other colours in the plan"],
    );
    assert_eq!(bench.leads_to("reports.apps.foundry.test"), ["shop_b"]);
}

#[test]
#[ignore = "`make verify` runs it: the laws of the proof walk from such a state"]
fn the_old_colour_is_kept_twice_in_a_row() {
    let bench = live();
    bench.write("deploy.yaml", &format!("{}    old: keep\n", plan()));
    for (live, old) in [("shop_b", "shop_a"), ("shop_a", "shop_b")] {
        bench.must(&["apply", "--yes"]);
        assert_settled(&bench, live);
        assert_eq!(bench.state_of(old), "started");
    }
    bench.must(&["rollback", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn the_old_colour_is_deleted_twice_in_a_row() {
    let bench = live();
    bench.write("deploy.yaml", &format!("{}    old: delete\n", plan()));
    for (live, old) in [("shop_b", "shop_a"), ("shop_a", "shop_b")] {
        bench.must(&["apply", "--yes"]);
        assert_settled(&bench, live);
        assert_eq!(bench.cf.run(["app", old, "--guid"]).status.code(), Some(1));
    }
    assert_refused(&bench.run(&["rollback", "--yes"]), &["shop_a is live and shop_b is not there", "cutover apply"]);
}

#[test]
fn what_an_autoscaler_added_is_kept() {
    let bench = live();
    bench.cf.must(["scale", "shop_a", "-i", "3"]);
    bench.must(&["apply", "--yes"]);
    assert!(bench.cf.must(["app", "shop_b"]).contains("3/3"));
    bench.write("deploy.yaml", &format!("{}    instances: manifest\n", plan()));
    bench.must(&["apply", "--yes"]);
    assert!(bench.cf.must(["app", "shop_a"]).contains("2/2"));
}

#[test]
#[ignore = "`make verify` runs it: the laws of the steps meet the same without a platform"]
fn the_live_colour_still_holds_the_staging_route() {
    let bench = live();
    map(&bench, "shop_a", "shop-staging");
    let preview = bench.must(&["plan"]).out;
    assert!(preview.contains("take back what an earlier deployment left half done"), "{preview}");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_b");
}

#[test]
fn a_stranger_holds_the_staging_route() {
    let bench = live();
    push(&bench, "other");
    map(&bench, "other", "shop-staging");
    assert_refused(
        &bench.run(&["apply", "--yes"]),
        &["staging route shop-staging.apps.foundry.test leads to app other"],
    );
    assert_eq!(bench.leads_to(STAGING), ["other"]);
}

#[test]
#[ignore = "`make verify` runs it: the laws of the proof walk from such a state"]
fn the_old_colour_was_let_go_and_still_runs() {
    let bench = Bench::updated_undrained();
    assert_settled(&bench, "shop_b");
    mark(&bench, "shop_a", "\"live\"");
    bench.cf.must(["start", "shop_a"]);
    let status = bench.must(&["status"]).out;
    assert_has(&status, &["shop_a: live before, started", "shop_a was live before shop_b and still runs"]);
    // Routers may know it still: they are asked before it is stopped for the push.
    let preview = bench.must(&["plan"]).out;
    let asked = preview.find("router: shop.apps.foundry.test reaches no instance of shop_a").unwrap();
    assert!(asked < preview.find("cf push shop_a").unwrap(), "{preview}");
    bench.must(&["apply", "--yes"]);
    assert_settled(&bench, "shop_a");
}

/// A plan that was copied, and its colours with it: the versions of the app that it was copied from are left alone.
#[test]
fn a_copied_plan_does_not_take_over_what_it_was_copied_from() {
    let bench = Bench::updated_undrained();
    let copied = plan().replace("name: shop", "name: api\n    colours: [shop_a, shop_b]").replace("[shop.", "[api.");
    bench.write("api.yaml", &copied.replace("shop-staging", "api-staging"));
    let words = ["app shop_a was deployed as a version of shop, and not of api", "colours of its own"];
    for verb in [&["plan"][..], &["apply", "--yes"], &["rollback", "--yes"]] {
        assert_refused(&bench.run(&[verb, &["--file", "api.yaml"]].concat()), &words);
    }
    assert_refused(&bench.run(&["resume", "--yes", "--file", "api.yaml"]), &words[..1]);
    let status = bench.must(&["status", "--file", "api.yaml"]).out;
    assert_has(&status, &words);
    assert!(!status.contains("  cf "), "{status}");
    assert_settled(&bench, "shop_b");
    bench.must(&["rollback", "--yes"]);
    assert_settled(&bench, "shop_a");
}

/// An app that gets another name in its plan keeps its versions.
#[test]
#[ignore = "`make verify` runs it: which colours are known has a table"]
fn an_app_that_was_renamed_in_its_plan_is_deployed_on_and_on() {
    let bench = Bench::updated_undrained();
    bench.write("deploy.yaml", &plan().replace("name: shop", "name: store\n    colours: [shop_a, shop_b]"));
    for (verb, live) in
        [("apply", "shop_a"), ("apply", "shop_b"), ("rollback", "shop_a"), ("apply", "shop_b"), ("rollback", "shop_a")]
    {
        bench.write("app/version.txt", live);
        bench.must(&[verb, "--yes"]);
        assert_settled(&bench, live);
    }
}

/// A version that somebody has pushed to since is gone back to, and that is told before.
#[test]
fn a_previous_version_that_somebody_has_changed_is_told() {
    let bench = Bench::updated_undrained();
    bench.write("app/version.txt", "by hand");
    bench.cf.must(["push", "shop_a", "-f", "app/manifest.yml", "-p", "app", "--no-route"]);
    bench.cf.must(["stop", "shop_a"]);
    assert_has(&bench.must(&["status"]).out, &["somebody has changed it since"]);
    let back = bench.must(&["rollback", "--yes"]);
    assert_has(&back.err, &["which is not the one that was deployed there: somebody has changed it since"]);
    assert_settled(&bench, "shop_a");
}

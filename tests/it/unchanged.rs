//! What runs already is not deployed once more.

use std::fs;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Rule};
use testkit::cf::Cf;

use crate::support::bench::{Bench, LIVE, MANIFEST, PLAN, Run};

const NOTHING: &str = "nothing to deploy: what runs is what this plan deploys; shop_a serves shop.apps.foundry.test";

/// A bench whose app is live as `shop_a`. (A deployment knows the platform that it was of, so that one that was made on another
/// one does not do.)
fn deployed() -> Bench {
    let bench = Bench::new(Duration::ZERO);
    bench.must(&["apply", "--yes"]);
    bench
}

fn apply(bench: &Bench) -> Run {
    Run::of(&bench.as_typed(&["apply", "--yes", "--events", "events.jsonl"]).output().unwrap())
}

/// Whether a deployment would have something to do, by the words of a dry run.
fn is_deployed(bench: &Bench) -> bool {
    bench.must(&["plan"]).out.contains("what runs is what this plan deploys: cutover apply does nothing")
}

#[test]
fn what_runs_already_is_not_deployed_again() {
    let bench = deployed();
    assert!(is_deployed(&bench));
    bench.foundry.request_log().clear();
    let run = apply(&bench);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains(NOTHING) && run.err.contains("cutover apply --force"), "{}", run.err);
    let events = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    let events: Vec<serde_json::Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["note", "hint", "ended"]);
    assert_eq!((&events[0]["text"], &events[2]["exit_code"]), (&NOTHING.into(), &0.into()));
    let calls = bench.foundry.request_log().calls();
    let changes: Vec<_> =
        calls.iter().filter(|call| !call.only_reads() && !call.path().ends_with("/manifest_diff")).collect();
    assert!(changes.is_empty(), "{changes:#?}");

    // A platform that does not tell what differs is no reason to say that nothing does.
    bench.foundry.faults().add(Rule::new("POST", "/v3/spaces/*/manifest_diff", Fault::Before(Harm::status(500))));
    let resumed = bench.run(&["resume", "--yes"]);
    assert!(resumed.code != 0 && resumed.err.contains("manifest_diff could not be read"), "{}", resumed.err);
    bench.foundry.faults().clear();
    assert_eq!(bench.run(&["resume", "--yes"]).code, 0);

    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"], "it was forced");
    assert!(is_deployed(&bench));
}

/// Something that is otherwise than the deployment has left it.
type Change = fn(&Bench, &Cf);

#[test]
#[ignore = "`make verify` runs it: ten deployments; what counts as otherwise has tables of its own"]
fn whatever_is_otherwise_is_deployed() {
    let manifest = format!("{MANIFEST}  disk_quota: 512M\n  env: {{COLOUR: blue, COUNT: 1, FLAG: true}}\n");
    let bench = Bench::new(Duration::ZERO);
    bench.write("app/manifest.yml", &manifest);
    bench.must(&["apply", "--yes"]);
    assert!(is_deployed(&bench));
    let from = bench.foundry.snapshot().unwrap();
    // What is done, and what a resume that finds nothing under way says of it; nothing where that is no matter of what runs.
    let changes: [(Change, &str); 10] = [
        (
            |_, cf| {
                cf.must(["set-env", "shop_a", "COLOUR", "red"]);
            },
            "is not what the manifest asks for: env/COLOUR",
        ),
        (|bench, _| bench.write("app/new", "it is"), "comes from other files"),
        (|bench, _| bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 2s")), "comes from another plan"),
        (
            |_, cf| {
                cf.must(["scale", "shop_a", "-i", "1"]);
            },
            "shop_a is live with 1 × 64 MB of process web, and not with 2 × 64 MB",
        ),
        (
            |_, cf| {
                cf.must(["scale", "shop_a", "-m", "80M", "-f"]);
            },
            "shop_a is live with 2 × 80 MB of process web, and not with 2 × 64 MB",
        ),
        (
            |_, cf| {
                cf.must(["set-health-check", "shop_a", "process"]);
            },
            "is not what the manifest asks for: processes/0/health-check-type",
        ),
        (
            |_, cf| {
                cf.must(["scale", "shop_a", "-k", "700M", "-f"]);
            },
            "is not what the manifest asks for: processes/0/disk_quota",
        ),
        (
            |_, cf| {
                cf.must(["push", "shop_a", "-f", "app/manifest.yml", "-p", "app"]);
            },
            "somebody has given it another droplet",
        ),
        (
            |_, cf| {
                cf.must(["map-route", "shop_a", "apps.foundry.test", "--hostname", "shop-staging"]);
            },
            "",
        ),
        (
            |_, cf| {
                cf.must(["stop", "shop_a"]);
            },
            "shop_a is live and does not run",
        ),
    ];
    for (number, (change, words)) in changes.into_iter().enumerate() {
        bench.foundry.restore(&from).unwrap();
        bench.write("deploy.yaml", PLAN);
        let _none = fs::remove_file(bench.folder().join("app/new"));
        change(&bench, &bench.cf);
        assert!(!is_deployed(&bench), "{number}: {words}");
        let resumed = bench.run(&["resume", "--yes"]);
        assert_eq!(resumed.code, if words.is_empty() { 0 } else { 4 }, "{number}: {}", resumed.err);
        assert!(resumed.err.contains(words), "{number}: '{words}' is not in: {}", resumed.err);
    }
    // What no manifest names is none of its business.
    bench.foundry.restore(&from).unwrap();
    bench.cf.must(["set-env", "shop_a", "OWN", "1"]);
    bench.cf.must(["set-label", "app", "shop_a", "team=shop"]);
    bench.cf.must(["scale", "shop_a", "-i", "3"]);
    assert!(is_deployed(&bench));
    bench.must(&["resume", "--yes"]);
}

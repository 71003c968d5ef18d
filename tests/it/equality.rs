//! Equal colours: what only the live version has, and no manifest names, the next one has, too; what an older deployment has left
//! on it goes. All of it is set by hand with the real cf, and read with it.

use std::time::Duration;

use foundry::faults::{Fault, Harm, Rule};
use serde_json::{Value, json};

use crate::support::app_manifest::app_manifest;
use crate::support::bench::{Bench, LIVE, MANIFEST, PLAN, Run, assert_has};

/// A bench whose app is live as `shop_a`, with a plan that does not drain and has these keys, too.
fn live(keys: &str) -> Bench {
    let bench = Bench::live(Duration::ZERO);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", &format!("drain: 0s\n{keys}")));
    bench
}

fn guid(bench: &Bench, app: &str) -> String {
    bench.cf.must(["app", app, "--guid"]).trim().to_owned()
}

fn curl(bench: &Bench, method: &str, path: &str, body: &Value) -> Value {
    let answer = bench.cf.must(["curl", "-X", method, path, "-d", &body.to_string(), "--fail"]);
    serde_json::from_str(&answer).unwrap_or_default()
}

fn get(bench: &Bench, path: &str) -> Value {
    serde_json::from_str(&bench.cf.must(["curl", path])).unwrap()
}

/// What the policies of an app are, each as the other end, the direction and the ports.
fn policies(bench: &Bench, app: &str) -> Vec<String> {
    let own = guid(bench, app);
    let answer = get(bench, &format!("/networking/v1/external/policies?id={own}"));
    let mut all: Vec<String> = answer["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| {
            let (source, to) = (policy["source"]["id"].as_str().unwrap(), &policy["destination"]);
            let peer = |guid: &str| if guid == own { "itself".to_owned() } else { guid.to_owned() };
            let to_id = to["id"].as_str().unwrap();
            format!("{} > {} {} {}", peer(source), peer(to_id), to["protocol"], to["ports"])
        })
        .collect();
    all.sort();
    all
}

fn variables(bench: &Bench, app: &str) -> Value {
    get(bench, &format!("/v3/apps/{}/environment_variables", guid(bench, app)))["var"].clone()
}

fn apply(bench: &Bench) -> Run {
    let run = bench.must(&["apply", "--yes"]);
    assert!(!run.out.contains("hunter2-is-secret") && !run.err.contains("hunter2-is-secret"), "{run:?}");
    run
}

#[test]
fn what_only_the_live_version_has_the_next_one_has_too() {
    let bench = live("");
    let shop = guid(&bench, "shop_a");
    bench.cf.must(["create-app", "peer"]);
    bench.cf.must(["create-user-provided-service", "drain", "-l", "syslog://logs.example.com:514"]);
    // By hand, on the live app alone.
    bench.cf.must(["set-env", "shop_a", "TOKEN", "hunter2-is-secret"]);
    bench.cf.must(["set-env", "shop_a", "MODE", "fast"]);
    bench.cf.must(["set-label", "app", "shop_a", "team=blue"]);
    curl(&bench, "PATCH", &format!("/v3/apps/{shop}"), &json!({"metadata": {"annotations": {"contact": "ada"}}}));
    bench.cf.must(["disable-ssh", "shop_a"]);
    bench.cf.must(["bind-service", "shop_a", "drain"]);
    bench.cf.must(["add-network-policy", "shop_a", "peer", "--protocol", "tcp", "--port", "8080-8090"]);
    bench.cf.must(["add-network-policy", "peer", "shop_a", "--protocol", "udp", "--port", "53"]);
    bench.cf.must(["add-network-policy", "shop_a", "shop_a"]);
    let web = json!({"health_check": {"type": "http", "data": {"endpoint": "/health", "timeout": 90, "interval": 7}}});
    curl(&bench, "PATCH", &format!("/v3/apps/{shop}/processes/web"), &web);
    curl(&bench, "POST", &format!("/v3/apps/{shop}/processes/web/actions/scale"), &json!({"disk_in_mb": 700}));
    let sidecar = json!({"name": "agent", "command": "sleep 1000", "process_types": ["web"], "memory_in_mb": 8});
    curl(&bench, "POST", &format!("/v3/apps/{shop}/sidecars"), &sidecar);
    let (before, of_a) = (app_manifest(&bench, "shop_a"), policies(&bench, "shop_a"));
    assert_eq!(of_a.len(), 3, "{of_a:?}");

    let preview = bench.must(&["plan"]).out;
    assert_has(&preview, &["TOKEN", "team", "contact", "ssh", "agent", "drain", "8080-8090", "timeout", "disk_quota"]);
    assert!(!preview.contains("hunter2-is-secret"), "{preview}");

    apply(&bench);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!(app_manifest(&bench, "shop_b"), before);
    assert_eq!(policies(&bench, "shop_b"), of_a);
    assert_eq!(app_manifest(&bench, "shop_a"), before, "the old version is as it was");

    // There is nothing left to set where both have it.
    let again = bench.must(&["plan", "--format", "json"]).out;
    let plan: Value = serde_json::from_str(&again).unwrap();
    let actions: Vec<&str> =
        plan["steps"].as_array().unwrap().iter().filter_map(|step| step["action"].as_str()).collect();
    assert!(!actions.iter().any(|action| action.starts_with("set-") && *action != "set-droplet"), "{actions:?}");
    apply(&bench);
    assert_eq!((app_manifest(&bench, "shop_a"), app_manifest(&bench, "shop_b")), (before.clone(), before));
}

#[test]
fn what_a_manifest_has_dropped_goes_and_what_nobody_named_stays() {
    let bench = live("");
    let manifest_with = |more: &str| bench.write("app/manifest.yml", &format!("{MANIFEST}{more}"));
    manifest_with("  env: {KEPT: one, DROPPED: two}\n  metadata: {labels: {dropped: yes-it-is}}\n");
    apply(&bench);
    bench.cf.must(["set-env", "shop_b", "BY_HAND", "three"]);
    assert_eq!(variables(&bench, "shop_b"), json!({"BY_HAND": "three", "DROPPED": "two", "KEPT": "one"}));

    manifest_with("  env: {KEPT: one}\n");
    // Whichever colour it is: what it had two deployments ago is no matter.
    for colour in ["shop_a", "shop_b"] {
        apply(&bench);
        assert_eq!(bench.leads_to(LIVE), [colour]);
        assert_eq!(variables(&bench, colour), json!({"BY_HAND": "three", "KEPT": "one"}), "{colour}");
        let app = get(&bench, &format!("/v3/apps/{}", guid(&bench, colour)));
        assert_eq!(app["metadata"]["labels"], json!({}), "{colour}");
    }
    // Somebody has set something on the colour that does not serve; the manifest takes over what was set by hand, and drops it again.
    bench.cf.must(["set-env", "shop_a", "STRAY", "four"]);
    manifest_with("  env: {KEPT: one, BY_HAND: five}\n");
    apply(&bench);
    assert_eq!(variables(&bench, "shop_a"), json!({"BY_HAND": "five", "KEPT": "one"}));
    manifest_with("  env: {KEPT: one}\n");
    apply(&bench);
    assert_eq!(variables(&bench, "shop_b"), json!({"KEPT": "one"}));
}

#[test]
#[ignore = "`make verify` runs it: a table of `steps::equal` has it, too"]
fn a_plan_says_what_is_carried() {
    for (carry, expected) in [
        ("none", json!({"labels": {}, "var": {}})),
        ("[env]", json!({"labels": {}, "var": {"TOKEN": "x"}})),
        ("[labels, policies]", json!({"labels": {"team": "blue"}, "var": {}})),
        ("all", json!({"labels": {"team": "blue"}, "var": {"TOKEN": "x"}})),
    ] {
        let bench = live(&format!("    carry: {carry}\n"));
        bench.cf.must(["set-env", "shop_a", "TOKEN", "x"]);
        bench.cf.must(["set-label", "app", "shop_a", "team=blue"]);
        apply(&bench);
        let app = get(&bench, &format!("/v3/apps/{}", guid(&bench, "shop_b")));
        let has = json!({"labels": app["metadata"]["labels"], "var": variables(&bench, "shop_b")});
        assert_eq!(has, expected, "carry: {carry}");
    }
}

/// An app that somebody has scaled, with a worker that the manifest names and one that only the droplet does.
#[test]
#[ignore = "`make verify` runs it: sizes have tables and a law"]
fn every_process_is_as_large_as_it_is_live() {
    let bench = live("");
    bench.write("app/Procfile", "web: ./sinatra\nclock: sleep 1000\n");
    let processes = "  processes:\n  - {type: web, command: ./sinatra, instances: 1, health-check-type: http, health-check-http-endpoint: /health}\n  - {type: worker, command: sleep 1000, instances: 1, memory: 32M, health-check-type: process}\n";
    let top = "applications:\n- name: shop\n  buildpacks: [binary_buildpack]\n";
    bench.write("app/manifest.yml", &format!("{top}{processes}"));
    apply(&bench);
    bench.cf.must(["scale", "shop_b", "--process", "worker", "-i", "3"]);
    bench.cf.must(["scale", "shop_b", "-i", "2"]);
    let before = bench.sizes_of("shop_b");
    apply(&bench);
    assert_eq!(bench.sizes_of("shop_a"), before);
    assert!(before.contains(&"worker: 3 × 32 MB".to_owned()), "{before:?}");
}

/// What was set before the cut is not set again, and what was not is.
#[test]
#[ignore = "`make verify` runs it: the proof cuts each deployment off at each step"]
fn a_deployment_that_was_cut_off_comes_out_equal() {
    let bench = live("");
    bench.cf.must(["set-env", "shop_a", "TOKEN", "x"]);
    bench.cf.must(["set-label", "app", "shop_a", "team=blue"]);
    bench.cf.must(["disable-ssh", "shop_a"]);
    let before = app_manifest(&bench, "shop_a");
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s\n    on_failure: stop"));
    let refused = Rule::new("PATCH", "/v3/apps/*/features/ssh", Fault::Before(Harm::status(422)));
    bench.foundry.faults().add(refused);
    let failed = bench.run(&["apply", "--yes"]);
    assert_eq!(failed.code, 3, "{failed:?}");
    bench.foundry.faults().clear();
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!(app_manifest(&bench, "shop_b"), before);
}

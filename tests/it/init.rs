//! `cutover init`: a plan that is written from what runs is one that can be deployed, and changes nothing but the version.

use std::fs;
use std::time::Duration;

use crate::support::bench::{Bench, LIVE, assert_has};

/// A bench without a plan, whose app was pushed by hand under the name that people use.
fn by_hand() -> Bench {
    let bench = Bench::new(Duration::ZERO);
    fs::remove_file(bench.folder().join("deploy.yaml")).unwrap();
    bench.write("app/Procfile", "web: ./sinatra\nworker: sleep 1000\n");
    bench.cf.must(["create-user-provided-service", "db", "-p", "{\"uri\":\"db://\"}"]);
    let folder = bench.folder().join("app");
    let (folder, manifest) = (folder.to_str().unwrap(), folder.join("manifest.yml"));
    bench.cf.must(["push", "shop", "-f", manifest.to_str().unwrap(), "-p", folder, "--no-route"]);
    bench.cf.must(["map-route", "shop", "apps.foundry.test", "--hostname", "shop"]);
    bench.cf.must(["map-route", "shop", "apps.foundry.test", "--hostname", "www", "--path", "/shop"]);
    bench.cf.must(["bind-service", "shop", "db"]);
    bench.cf.must(["set-env", "shop", "TOKEN", "hunter2-is-secret"]);
    bench.cf.must(["scale", "shop", "--process", "worker", "-i", "1"]);
    fs::remove_file(manifest).unwrap();
    bench
}

#[test]
fn a_plan_is_written_from_what_runs_and_deploys_it() {
    let bench = by_hand();
    let run = bench.must(&["init"]);
    assert_has(&run.err, &["written: manifest.yml, deploy.yaml", "cutover check", "cutover plan"]);
    let read = |name: &str| fs::read_to_string(bench.folder().join(name)).unwrap();
    let (plan, manifest) = (read("deploy.yaml"), read("manifest.yml"));
    assert!(!manifest.contains("hunter2-is-secret") && manifest.contains("TOKEN"), "{manifest}");
    assert_has(
        &plan,
        &[
            "- shop.apps.foundry.test",
            "- www.apps.foundry.test/shop",
            "staging: shop-staging.apps.foundry.test",
            "colours: [shop, shop_b]",
        ],
    );
    // What is uploaded is the one thing that nobody can tell.
    bench.write("deploy.yaml", &plan.replace("path: .", "path: app").replace("drain: 35s", "drain: 0s"));
    bench.must(&["check"]);
    let preview = bench.must(&["plan"]).out;
    assert!(!preview.contains("what will be otherwise"), "a redeployment changes nothing:\n{preview}");
    let sizes = |app: &str| -> Vec<(String, u32)> {
        let mut all: Vec<_> =
            bench.foundry.app(app).unwrap().processes.into_iter().map(|one| (one.kind, one.instances)).collect();
        all.sort();
        all
    };
    let before = sizes("shop");
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!(bench.leads_to("www.apps.foundry.test/shop"), ["shop_b"]);
    let environment = bench.cf.must(["env", "shop_b"]);
    assert!(environment.contains("hunter2-is-secret") && environment.contains("\"name\": \"db\""), "{environment}");
    assert_eq!(sizes("shop_b"), before);
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop"]);
    assert_eq!(sizes("shop"), before);
}

#[test]
#[ignore = "`make verify` runs it: what is written has tables of its own"]
fn apps_without_routes_that_a_router_serves_are_planned_too() {
    let bench = Bench::new(Duration::ZERO);
    fs::remove_file(bench.folder().join("deploy.yaml")).unwrap();
    let worker = "applications:\n- name: worker\n  buildpacks: [binary_buildpack]\n  processes:\n  - {type: web, command: sleep 1000, instances: 0}\n  \
                  - {type: worker, command: sleep 1000, instances: 1, memory: 16M, health-check-type: process}\n";
    bench.write("worker.yml", worker);
    bench.cf.must(["push", "worker", "-f", "worker.yml", "-p", "app", "--no-route"]);
    bench.cf.must(["push", "mesh", "-f", "app/manifest.yml", "-p", "app", "--no-route", "-i", "1"]);
    bench.cf.must(["map-route", "mesh", "apps.internal", "--hostname", "mesh"]);
    bench.must(&["init"]);
    let plan = fs::read_to_string(bench.folder().join("deploy.yaml")).unwrap();
    assert_has(
        &plan,
        &["- mesh.apps.internal", "staging: mesh-staging.apps.internal", "manifest: manifest-worker.yml"],
    );
    let plan = plan.replace("path: .", "path: app").replace("drain: 35s", "drain: 0s\n    settle: 0s");
    bench.write("deploy.yaml", &plan.replace("for: 30s", "for: 1s"));
    bench.must(&["check"]);
    let preview = bench.must(&["plan"]).out;
    assert!(!preview.contains("what will be otherwise"), "a redeployment changes nothing:\n{preview}");
    assert!(preview.contains("worker is live; no route leads there"), "{preview}");
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to("mesh.apps.internal"), ["mesh_b"]);
    assert_eq!((bench.state_of("worker"), bench.state_of("worker_b")), ("stopped", "started"));
}

#[test]
fn nothing_is_overwritten_and_what_cannot_be_planned_is_told() {
    let bench = Bench::new(Duration::ZERO);
    let there = bench.run(&["init"]);
    assert_eq!(there.code, 2, "{there:?}");
    assert!(there.err.contains("'deploy.yaml' cannot be used: it is there already"), "{}", there.err);

    fs::remove_file(bench.folder().join("deploy.yaml")).unwrap();
    let empty = bench.run(&["init"]);
    assert_eq!(empty.code, 4, "{empty:?}");
    assert!(empty.err.contains("nothing in space production can be deployed by a plan"), "{}", empty.err);

    bench.cf.must(["create-app", "worker"]);
    let worker = bench.run(&["init"]);
    assert_eq!(worker.code, 4, "{worker:?}");
    assert!(worker.err.contains("worker: no route leads to it, and it is stopped"), "{}", worker.err);
    let unknown = bench.run(&["init", "--app", "shop"]);
    assert_eq!(unknown.code, 4, "{unknown:?}");
    assert!(unknown.err.contains("app shop is not there; there are worker"), "{}", unknown.err);
    assert!(!bench.folder().join("deploy.yaml").exists(), "nothing is written where there is nothing to write");
}

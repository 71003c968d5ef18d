//! What is refused before any change, with exit code 4, and what the user is told.

use std::fs;
use std::time::Duration;

use crate::support::bench::{Bench, MANIFEST, PLAN, Run, assert_has};

fn refused(bench: &Bench, run: &Run, words: &[&str]) {
    run.assert_tells(4, words);
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

#[test]
fn the_wrong_target() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &PLAN.replace("space: production", "space: staging"));
    let run = bench.run(&["apply", "--yes"]);
    refused(&bench, &run, &["/ acme / staging, and cf targets", "cf target -o acme -s staging"]);
    bench.write("deploy.yaml", &PLAN.replace("api: API", "api: https://api.elsewhere.test"));
    let run = bench.run(&["apply", "--yes"]);
    refused(&bench, &run, &["cf login -a https://api.elsewhere.test -o acme -s production"]);
}

#[test]
fn no_space_is_targeted() {
    let bench = Bench::new(Duration::ZERO);
    let config = bench.cf.home().join(".cf/config.json");
    let targeted = fs::read_to_string(&config).unwrap();
    for (field, told) in [("OrganizationFields", "no org is targeted"), ("SpaceFields", "no space is targeted")] {
        let mut changed: serde_json::Value = serde_json::from_str(&targeted).unwrap();
        changed[field] = serde_json::json!({ "GUID": "", "Name": "" });
        fs::write(&config, changed.to_string()).unwrap();
        let run = bench.run(&["apply", "--yes"]);
        fs::write(&config, &targeted).unwrap();
        refused(&bench, &run, &[told, "cf target -o acme -s production"]);
    }
}

#[test]
fn no_login() {
    let bench = Bench::new(Duration::ZERO);
    let output = bench.command(&["apply", "--yes"]).env("CF_HOME", "/nonexistent").output().unwrap();
    refused(&bench, &Run::of(&output), &["not logged in", "cf login"]);
}

#[test]
fn an_expired_session() {
    let bench = Bench::new(Duration::ZERO);
    let config = bench.cf.home().join(".cf/config.json");
    let text = fs::read_to_string(&config).unwrap();
    let mut broken: serde_json::Value = serde_json::from_str(&text).unwrap();
    broken["AccessToken"] = "bearer e30.e30.e30".into();
    broken["RefreshToken"] = "revoked".into();
    fs::write(&config, broken.to_string()).unwrap();
    let run = bench.run(&["apply", "--yes"]);
    fs::write(&config, text).unwrap();
    refused(&bench, &run, &["cf login"]);
}

#[test]
fn no_cf_or_none_that_can_be_used() {
    let bench = Bench::new(Duration::ZERO);
    let fake = bench.program("cf6", "#!/bin/sh\necho 'cf version 6.53.0+8e2b70a4a.2020-10-01'\n");
    for (cf, words) in [
        ("/nonexistent/cf", vec!["no cf at '/nonexistent/cf'", "--cf PATH"]),
        (fake.to_str().unwrap(), vec!["cf 6.53.0+8e2b70a4a.2020-10-01 is too old"]),
        ("./deploy.yaml", vec!["no program that can be run"]),
    ] {
        let output = bench.command(&["apply", "--yes", "--cf", cf]).env_remove("CUTOVER_CF").output().unwrap();
        refused(&bench, &Run::of(&output), &words);
    }
}

#[test]
fn a_quota_that_is_too_small_for_both_colours() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("app/manifest.yml", &MANIFEST.replace("memory: 64M", "memory: 64G"));
    let run = bench.run(&["apply", "--yes"]);
    refused(
        &bench,
        &run,
        &["quota default", "131072 MB of memory would be in use, and 102400 are allowed", "shop/start"],
    );
}

#[test]
fn a_route_that_leads_to_a_stranger() {
    let bench = Bench::new(Duration::ZERO);
    bench.cf.must(["create-app", "shop"]);
    bench.cf.must(["map-route", "shop", "apps.foundry.test", "--hostname", "shop"]);
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("leads to app shop, which is none of the colours"), "{}", run.err);
    assert!(run.err.contains("cf rename shop shop_a"), "{}", run.err);
}

#[test]
fn an_invalid_plan_is_told_with_line_and_column() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: soon\n    chekcs: []"));
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert_has(&run.err, &["deploy.yaml:12:12", "deploy.yaml:13:5", "checks"]);
}

//! What the platform tells before the first change of what it will refuse: exit code 4, and the space is as it was.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use testkit::cf::Cf;
use testkit::wait::wait_until;

use crate::support::bench::{Bench, Run, assert_has};

/// A team's deployment by somebody who is no administrator.
struct Team {
    bench: Bench,
    /// The cf of the one who deploys.
    user: Cf,
}

impl Team {
    fn new(role: &str) -> Self {
        let bench = Bench::new(Duration::ZERO);
        bench.cf.must(["create-user", "dev", "secret"]);
        bench.cf.must(["set-space-role", "dev", "acme", "production", role]);
        let user = Cf::logged_out();
        user.must(["api", &bench.foundry.api_url()]);
        user.must(["auth", "dev", "secret"]);
        user.must(["target", "-o", "acme", "-s", "production"]);
        Self { bench, user }
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.bench.command(args).env("CF_HOME", self.user.home()).output().unwrap())
    }

    /// Both see that the deployment is refused, and why; nothing is made.
    fn refused(&self, words: &str) {
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            let run = self.run(verb);
            run.assert_tells(4, &[words]);
        }
        assert!(self.bench.cf.must(["apps"]).contains("No apps found"));
    }

    fn guid(&self, list: &str) -> String {
        let answer: Value = serde_json::from_str(&self.bench.cf.must(["curl", list])).unwrap();
        answer["resources"][0]["guid"].as_str().unwrap().to_owned()
    }

    fn patch(&self, path: &str, body: &str) {
        self.bench.cf.must(["curl", "-X", "PATCH", path, "-d", body, "--fail"]);
    }
}

#[test]
fn what_the_platform_will_refuse_is_told_before_the_first_change() {
    let team = Team::new("SpaceDeveloper");
    let admin = &team.bench.cf;

    // The live route is in a space that the user may not see, and then may.
    admin.must(["create-space", "website"]);
    admin.must(["target", "-s", "website"]);
    admin.must(["create-route", "apps.foundry.test", "--hostname", "shop"]);
    team.refused("route shop.apps.foundry.test is taken: it belongs to a space that you may not see");
    admin.must(["set-space-role", "dev", "acme", "website", "SpaceAuditor"]);
    admin.must(["create-app", "www"]);
    admin.must(["map-route", "www", "apps.foundry.test", "--hostname", "shop"]);
    admin.must(["target", "-s", "production"]);
    team.refused(
        "route shop.apps.foundry.test belongs to space website of organization acme and leads to app www there",
    );
    // Another path of the host is enough: on a shared domain it belongs to one space.
    admin.must(["target", "-s", "website"]);
    admin.must(["delete-route", "-f", "apps.foundry.test", "--hostname", "shop"]);
    admin.must(["create-route", "apps.foundry.test", "--hostname", "shop", "--path", "blog"]);
    admin.must(["target", "-s", "production"]);
    team.refused("route shop.apps.foundry.test cannot be made: shop.apps.foundry.test/blog belongs to space website");
    admin.must(["delete-space", "-f", "website"]);

    let stack = format!("/v3/stacks/{}", team.guid("/v3/stacks"));
    team.patch(&stack, r#"{"state": "RESTRICTED", "state_reason": "It is old."}"#);
    team.refused("is RESTRICTED and does not take app shop_a: It is old.");
    team.patch(&stack, r#"{"state": "ACTIVE", "state_reason": null}"#);

    admin.must(["disable-feature-flag", "app_bits_upload"]);
    team.refused("the platform does not allow step shop/push: its feature flag app_bits_upload is off");
    admin.must(["enable-feature-flag", "app_bits_upload"]);

    let manifest = fs::read_to_string(team.bench.folder().join("app/manifest.yml")).unwrap();
    team.bench.write("app/manifest.yml", &format!("{manifest}  stack: cflinuxfs9\n"));
    team.refused("there is no stack cflinuxfs9");
    team.bench.write("app/manifest.yml", &manifest.replace("binary_buildpack", "binary_bildpack"));
    team.refused("there is no buildpack binary_bildpack for stack cflinuxfs4, which the manifest of shop names");
    team.bench.write("app/manifest.yml", &manifest);

    // Several things are told at once.
    let org = format!("/v3/organizations/{}", team.guid("/v3/organizations?names=acme"));
    team.patch(&org, r#"{"suspended": true}"#);
    let plan = fs::read_to_string(team.bench.folder().join("deploy.yaml")).unwrap();
    team.bench.write("deploy.yaml", &plan.replace("    drain:", "    services: [db]\n    drain:"));
    team.refused("organization acme is suspended");
    team.refused("there is no service instance db");
    team.bench.write("deploy.yaml", &plan);
    team.patch(&org, r#"{"suspended": false}"#);

    admin.must(["unset-space-role", "dev", "acme", "production", "SpaceDeveloper"]);
    admin.must(["set-space-role", "dev", "acme", "production", "SpaceAuditor"]);
    team.refused("that needs the role space_developer, and you have space_auditor");
    admin.must(["set-space-role", "dev", "acme", "production", "SpaceDeveloper"]);

    // All that was in the way is gone.
    let run = team.run(&["plan"]);
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
}

#[test]
fn a_native_deployment_is_found_before_the_first_change() {
    let bench = Bench::live(Duration::ZERO);
    bench.cf.must(["restart", "shop_a", "--strategy", "canary"]);
    for verb in ["apply", "rollback"] {
        let run = bench.run(&[verb, "--yes"]);
        assert_eq!(run.code, 4, "{}\n{}", run.out, run.err);
        assert_has(
            &run.err,
            &["canary deployment (PAUSED", "cf continue-deployment shop_a", "cf cancel-deployment shop_a"],
        );
    }
    assert!(!bench.cf.must(["apps"]).contains("shop_b"));
    // Two instances of the version before, and one of the new one.
    let status = bench.must(&["status"]).out;
    assert_has(
        &status,
        &[
            "started, 3 of 3 instances run",
            "canary deployment (PAUSED",
            "cf continue-deployment shop_a",
            "cf cancel-deployment",
        ],
    );
    assert!(!status.contains("cutover rollback"), "{status}");

    bench.cf.must(["cancel-deployment", "shop_a"]);
    wait_until("the deployment is cancelled", || bench.run(&["plan"]).code == 0);
}

#[test]
fn the_first_deployment_needs_room_for_one_colour_only() {
    let bench = Bench::new(Duration::ZERO);
    // Two instances of 64 MB.
    bench.cf.must(["create-space-quota", "tight", "-m", "128M", "-r", "10"]);
    bench.cf.must(["set-space-quota", "production", "tight"]);
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}\n{}", run.out, run.err);
    assert_has(
        &run.err,
        &["256 MB of memory would be in use, and 128 are allowed: 128 too many", "in a quota of 256 MB of memory"],
    );
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);

    // What would fit is told, and what is told does fit.
    bench.cf.must(["update-space-quota", "tight", "-m", "192M"]);
    let run = bench.run(&["plan"]);
    assert_eq!(run.code, 4, "{}\n{}", run.out, run.err);
    assert_has(
        &run.err,
        &["- 1 web instance of shop instead of 2", "- 32 MB for a web instance of shop instead of 64 MB"],
    );
    let manifest = fs::read_to_string(bench.folder().join("app/manifest.yml")).unwrap();
    bench.write("app/manifest.yml", &manifest.replace("memory: 64M", "memory: 32M"));
    let plan = bench.must(&["plan"]).out;
    let row: Vec<&str> =
        plan.lines().find(|line| line.ends_with("space tight")).unwrap_or(&plan).split_whitespace().collect();
    assert_eq!(row.join(" "), "memory 128 MB 192 MB 64 MB 192 MB space tight");
    assert_has(&plan, &["peak at shop/start: memory", "web uses up to"]);
    let json: Value = serde_json::from_str(&bench.must(&["plan", "--format", "json"]).out).unwrap();
    let quota = json["quota"].as_array().unwrap().iter().find(|quota| quota["name"] == "tight").unwrap();
    let memory = |key: &str| quota[key]["memory_mb"].clone();
    assert_eq!([memory("used"), memory("peak"), memory("after"), memory("limits")], [128, 192, 64, 192]);
    assert_eq!(memory("peak_at"), "shop/start");
    assert!(json["apps"][0]["memory"][0]["most_used_mb"].as_u64().is_some_and(|used| used > 0), "{json:#}");
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

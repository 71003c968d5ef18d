//! Whole deployments with the real cf on the embedded Cloud Foundry.

use std::fs;
use std::time::Duration;

use foundry::faults::StagingFailure;
use serde_json::Value;

use crate::support::bench::{Bench, MANIFEST, PLAN};

const FAST: Duration = Duration::from_millis(200);

#[test]
fn the_seven_steps_and_the_fallback() {
    let bench = Bench::new(FAST);

    let preview = bench.must(&["plan"]);
    assert!(preview.out.contains("this is the first deployment"), "{}", preview.out);
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!(bench.apps_on("shop-staging"), [""; 0]);

    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("stopped", "started"));
    let status = bench.must(&["status"]);
    assert!(status.out.contains("shop_b: live, started, 2 of 2 instances run"), "{}", status.out);
    assert!(status.out.contains("cutover rollback goes back to shop_a"), "{}", status.out);

    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
    let again = bench.run(&["rollback", "--yes"]);
    assert_eq!(again.code, 4, "{}", again.err);
    assert!(again.err.contains("shop_b is the version that was rolled back"), "{}", again.err);

    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

#[test]
fn a_plan_only_reads() {
    let bench = Bench::live(FAST);
    bench.foundry.request_log().clear();
    bench.must(&["plan"]);
    bench.must(&["plan", "--format", "json"]);
    bench.must(&["status"]);
    let changes: Vec<String> = bench
        .foundry
        .request_log()
        .calls()
        .iter()
        .filter(|call| !call.only_reads())
        .map(|call| format!("{} {}", call.method, call.target))
        .collect();
    assert_eq!(changes, [""; 0]);
}

/// The platform ignores what stands at the top of an application about its web process once that is listed.
#[test]
#[ignore = "`make verify` runs it: a law compares any manifest with the platform"]
fn keys_beside_a_listed_web_process_are_read_as_the_platform_reads_them() {
    for (web, (instances, memory_mb)) in
        [("instances: 1, memory: 48M", (1, 48)), ("memory: 48M", (1, 48)), ("instances: 2", (2, 1024))]
    {
        let bench = Bench::new(Duration::ZERO);
        bench.cf.must(["create-space-quota", "wide", "-m", "8G", "-r", "10"]);
        bench.cf.must(["set-space-quota", "production", "wide"]);
        let health =
            "health-check-type: http, health-check-http-endpoint: /health, health-check-invocation-timeout: 30";
        let listed = format!("  processes:\n  - {{type: web, command: ./sinatra, {web}, {health}}}\n");
        bench.write(
            "app/manifest.yml",
            &MANIFEST.replace("instances: 2", "instances: 3").replace("64M\n", &format!("64M\n{listed}")),
        );
        let text = bench.must(&["plan"]).out;
        assert!(text.contains(&format!("({instances} of web)")), "{web}:\n{text}");
        let json: Value = serde_json::from_str(&bench.must(&["plan", "--format", "json"]).out).unwrap();
        let told = &json["quota"].as_array().unwrap().iter().find(|quota| quota["name"] == "wide").unwrap()["peak"];
        assert_eq!(
            (&told["instances"], &told["memory_mb"]),
            (&instances.into(), &(u64::from(instances) * memory_mb).into()),
            "{web}"
        );
        bench.must(&["apply", "--yes"]);
        let processes = bench.foundry.app("shop_a").unwrap().processes.into_iter();
        let has: Vec<_> = processes.map(|process| (process.kind, process.instances, process.memory_in_mb)).collect();
        assert_eq!(has, [("web".to_owned(), instances, memory_mb)], "{web}");
    }
}

#[test]
fn a_snapshot_needs_neither_cf_nor_login() {
    let bench = Bench::live(FAST);
    let snapshot = bench.must(&["status", "--format", "json"]);
    bench.write("space.json", &snapshot.out);
    let run = |args: &[&str]| {
        let output = bench.command(args).env("CF_HOME", "/nonexistent").env("CUTOVER_CF", "/nonexistent").output();
        crate::support::bench::Run::of(&output.unwrap())
    };
    let preview = run(&["plan", "--space", "space.json"]);
    assert_eq!(preview.code, 0, "{}", preview.err);
    let live = bench.must(&["plan"]);
    let commands =
        |text: &str| text.lines().filter(|line| line.trim().starts_with("cf ")).map(without_time).collect::<Vec<_>>();
    assert_eq!(commands(&preview.out), commands(&live.out));
    assert!(commands(&preview.out).len() > 10);
}

/// A command without what differs from one deployment to the next.
fn without_time(line: &str) -> String {
    line.split("\"cutover-deployment\"").next().unwrap_or_default().to_owned()
}

#[test]
fn a_check_that_fails_leaves_the_old_colour_live() {
    let bench = Bench::live(FAST);
    bench.write(
        "deploy.yaml",
        &PLAN.replace("path: /health, within: 20s", "path: /health, body: no such text, within: 1s"),
    );
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("the body does not match /no such text/"), "{}", run.err);
    assert!(run.err.contains("shop_a serves shop.apps.foundry.test"), "{}", run.err);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!(bench.apps_on("shop-staging"), [""; 0]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));

    bench.write("deploy.yaml", PLAN);
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

#[test]
fn an_app_that_dies_while_it_is_checked_leaves_the_old_one_live() {
    let bench = Bench::live(FAST);
    // The check itself takes the app down: both instances, every time.
    let kill =
        "for i in 1 2 3 4; do curl -s -o /dev/null -H 'Host: shop-staging.apps.foundry.test' $ROUTER/crash; done";
    let check =
        format!("- command: {{run: \"{}\", within: 20s}}", kill.replace("$ROUTER", &bench.foundry.router_url()));
    bench.write("deploy.yaml", &PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", &check));
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("crashed"), "{}", run.err);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
}

#[test]
fn staging_that_fails_is_told_in_cfs_own_words() {
    let bench = Bench::live(FAST);
    bench.foundry.faults().fail_staging(None, StagingFailure::compile());
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("BuildpackCompileFailed"), "{}", run.err);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
}

#[test]
fn the_users_session_is_not_touched_and_cannot_redirect_a_run() {
    let bench = Bench::new(FAST);
    bench.cf.must(["create-space", "elsewhere"]);
    let config = bench.cf.home().join(".cf/config.json");
    let before = fs::read_to_string(&config).unwrap();
    // The plan's own check targets another space in the user's session in the middle of the run.
    let cf = testkit::cf::binary();
    let check = format!("- command: {{run: '{} target -s elsewhere', within: 20s}}", cf.display());
    bench.write("deploy.yaml", &PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", &check));
    bench.must(&["apply", "--yes"]);
    let target = bench.cf.must(["target"]);
    assert!(target.contains("elsewhere"), "{target}");
    bench.cf.must(["target", "-s", "production"]);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);

    let after = fs::read_to_string(&config).unwrap();
    assert_eq!(tokens(&before), tokens(&after));
}

fn tokens(config: &str) -> String {
    let config: Value = serde_json::from_str(config).unwrap();
    format!("{} {}", config["AccessToken"], config["RefreshToken"])
}

#[test]
fn the_script_does_the_same() {
    let bench = Bench::live(FAST);
    let script = bench.must(&["plan", "--format", "sh"]).out;
    bench.write("deploy.sh", &script);
    let cf = testkit::cf::binary();
    let path = format!("{}:{}", cf.parent().unwrap().display(), std::env::var("PATH").unwrap());
    #[expect(clippy::disallowed_methods, reason = "the script is run as a user would run it")]
    let output = std::process::Command::new("sh")
        .arg("deploy.sh")
        .current_dir(bench.folder())
        .env("PATH", path)
        .env("CF_HOME", bench.cf.home())
        .env("CUTOVER_ROUTER", bench.foundry.router_url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("stopped", "started"));
}

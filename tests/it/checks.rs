//! The plan's checks of a new version, with the real cf on the embedded Cloud Foundry.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use testkit::wait::wait_until;

use crate::support::bench::{Bench, LIVE, PLAN, Run};

/// The check of the usual plan.
const CHECK: &str = "- http: {path: /health, within: 20s, interval: 50ms}";

/// A bench whose app is live as `shop_a`, with these checks in its plan.
fn checking(checks: &str) -> Bench {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &PLAN.replace(CHECK, checks).replace("drain: 1s", "drain: 0s"));
    bench
}

/// It is deployed, and what is told holds this.
fn passes(bench: &Bench, words: &[&str]) {
    let run = bench.must(&["apply", "--yes"]);
    tells(&run, words);
    assert_eq!(bench.apps_on("shop"), ["shop_b"]);
}

/// The check fails with these words, and `shop_a` is live as before.
fn fails(bench: &Bench, words: &[&str]) {
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    tells(&run, words);
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
    assert_eq!(bench.apps_on("shop-staging"), [""; 0]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
}

fn tells(run: &Run, words: &[&str]) {
    for words in words {
        assert!(run.err.contains(words), "'{words}' is not in:\n{}", run.err);
    }
}

#[test]
fn a_check_asks_and_looks_at_the_answer_as_the_plan_says() {
    let check = "- http:
          method: POST
          path: /status
          headers: {X-Tenant: acme}
          status: [2xx, 404]
          response_headers: {Content-Type: ^application/json$}
          json: {/method: POST, /tenant: acme, /app: shop_b}
          latency: 10s
          within: 20s
          interval: 50ms";
    let bench = checking(check);
    let preview = bench.must(&["plan"]).out;
    let confirmed = "confirmed by space: shop_b runs 2 web instances of 2; http: 2xx or 404 and Content-Type that matches \
                     /^application/json$/ and JSON whose /app is \"shop_b\" and JSON whose /method is \"POST\" and JSON whose \
                     /tenant is \"acme\" in less than 10s, 3 in a row, within 20s";
    assert!(preview.contains("check shop_b at shop-staging.apps.foundry.test: POST /status"), "{preview}");
    assert!(preview.contains(confirmed.split("; ").last().unwrap()), "{preview}");
    passes(&bench, &["/status: HTTP 200, 3 in a row of each of 2 instances"]);
}

#[test]
fn what_is_wrong_is_told_with_what_came() {
    let wrong = "- http: {path: /status, json: {/version: '7'}, within: 1s, interval: 50ms}";
    fails(
        &checking(wrong),
        &[
            "GET https://shop-staging.apps.foundry.test/status: HTTP 200, but /version in its JSON is",
            "and \"7\" is wanted",
            " requests within 1s took ",
            " at instance 0 of 2; its body begins:",
            "| {\"app\":\"shop_b\"",
        ],
    );
}

#[test]
fn every_instance_is_asked() {
    let of_one = "- http: {path: /status, json: {/instance: 0}, within: 1s, interval: 50ms}";
    fails(
        &checking(of_one),
        &[
            "/status: HTTP 200, but /instance in its JSON is 1, and 0 is wanted",
            " at instance 1 of 2; its body begins:",
        ],
    );
}

#[test]
fn an_answer_that_takes_too_long_is_no_success() {
    let slow = "- http: {path: '/slow?ms=300', latency: 200ms, within: 1s, interval: 50ms}";
    fails(&checking(slow), &["HTTP 200, but the answer took ", "and less than 200ms is wanted"]);
}

#[test]
fn a_version_that_is_live_is_watched_before_the_old_one_is_stopped() {
    let bench = checking(&format!(
        "{CHECK}\n      - http: {{path: /status, at: live, interval: 50ms}}\n    watch: {{for: 1s, every: 50ms}}"
    ));
    let preview = bench.must(&["plan"]).out;
    let live = "check shop_b at shop.apps.foundry.test: GET /status";
    let watch = "watch shop_b at shop.apps.foundry.test for 1s: GET /health, GET /status";
    let position = |words: &str| preview.find(words).unwrap_or_else(|| panic!("'{words}' is not in:\n{preview}"));
    let order = ["unmap shop.apps.foundry.test from shop_a", live, watch, "stop shop_a"].map(position);
    assert!(order.is_sorted(), "{preview}");
    passes(&bench, &["✓ watch shop_b", "times of each of 2 instances, within 1s"]);
    assert_eq!(bench.state_of("shop_a"), "stopped");
}

/// Right at the staging route, and wrong at the live one.
const AT_STAGING_ONLY: &str =
    "- http: {path: /status, json: {/host: shop-staging.apps.foundry.test}, within: 1s, interval: 50ms";

#[test]
fn a_version_that_fails_while_it_is_watched_is_taken_back() {
    let bench = checking(&format!("{AT_STAGING_ONLY}}}\n    watch: {{for: 1h, every: 50ms}}"));
    fails(
        &bench,
        &[
            "✗ watch shop_b at shop.apps.foundry.test for 1h: GET /status",
            "GET https://shop.apps.foundry.test/status: HTTP 200, but /host in its JSON is \"shop.apps.foundry.test\"",
            "the last of 3 wrong answers in a row, in round 3, took ",
            "shop_a serves shop.apps.foundry.test",
        ],
    );
}

/// What is under way on the way back of a first version that fails: nobody served before, and nobody does after it.
#[test]
fn a_first_version_that_fails_at_the_live_route_is_taken_back() {
    let bench = Bench::new(Duration::ZERO);
    let checks = format!("{AT_STAGING_ONLY}, at: [staging, live]}}");
    bench.write("deploy.yaml", &PLAN.replace(CHECK, &checks).replace("drain: 1s", "drain: 0s"));
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 1, "{}", run.err);
    tells(&run, &["✓ check shop_a at shop-staging", "✗ check shop_a at shop.apps.foundry.test: GET /status"]);
    assert_eq!(bench.apps_on("shop"), [""; 0]);
    assert_eq!(bench.state_of("shop_a"), "stopped");
}

#[test]
fn a_version_that_fails_at_the_live_route_is_taken_back() {
    let bench = checking(&format!("{AT_STAGING_ONLY}, at: [live, staging]}}"));
    fails(&bench, &["✓ check shop_b at shop-staging", "✗ check shop_b at shop.apps.foundry.test: GET /status"]);
}

#[test]
fn a_program_of_the_teams_own_decides() {
    let told = "echo $CUTOVER_URL $CUTOVER_STAGING_URL $CUTOVER_APP $CUTOVER_COLOUR";
    let bench = checking(&format!(
        "- command: {{run: '{told} >>told', at: [staging, live]}}\n      - command: [test, -e, app/sinatra]"
    ));
    passes(
        &bench,
        &["check shop_b at shop-staging.apps.foundry.test: test -e app/sinatra", "ended with exit status: 0"],
    );
    let [staging, live] = ["shop-staging", LIVE.trim_end_matches(".apps.foundry.test")].map(|host| {
        let url = format!("https://{host}.apps.foundry.test");
        format!("{url} {url} shop_b shop_b\n")
    });
    assert_eq!(fs::read_to_string(bench.folder().join("told")).unwrap(), staging + &live);
}

#[test]
fn what_a_program_has_printed_is_told_where_it_fails() {
    fails(&checking("- command: 'echo no luck; exit 3'"), &["the command ended with exit status: 3", "no luck"]);
}

/// What it has started ends with it.
#[test]
fn a_program_that_takes_too_long_is_ended() {
    let bench = checking("- command: {run: 'echo waiting; sleep 3600 & echo $! >pid; wait', within: 1s}");
    fails(&bench, &["the command did not end within 1s", "waiting"]);
    let pid = fs::read_to_string(bench.folder().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    wait_until("what it has started has ended", || test_kill_process(pid).is_err());
}

#[test]
fn the_script_asks_as_the_plan_says() {
    let bench = checking("- http: {method: POST, path: /status, headers: {X-Tenant: it's}, status: 2xx, within: 20s}");
    let script = bench.must(&["plan", "--format", "sh"]).out;
    let asks = "answers() { case $(ask shop-staging.apps.foundry.test/status -X POST -H \"X-Tenant: it's\") in 2??) return 0 ;; esac; return 1; }\n\
                wait_for 20 shop-staging.apps.foundry.test/status answers\n";
    assert!(script.contains(asks), "{script}");
}

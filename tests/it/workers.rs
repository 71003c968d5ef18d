//! Workers are handed over: what each instance of them does is in a log of their own, so that two versions that run at once would
//! show there.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Occurrence, Rule};
use serde_json::Value;

use crate::resumed::killed_in;
use crate::support::bench::{Bench, LIVE, PLAN, assert_has};

/// A worker notes when it begins and, once its last job is done, when it ends.
const WORK: &str = "\
case \"$VCAP_APPLICATION\" in *shop_a*) me=shop_a ;; *) me=shop_b ;; esac
me=\"$me $CF_INSTANCE_INDEX\"
echo \"$me begins\" >>LOG
trap 'sleep 0.3; echo \"$me ends\" >>LOG; exit 0' TERM
while :; do sleep 0.05; done
";

const MANIFEST: &str = "\
applications:
- name: shop
  buildpacks: [binary_buildpack]
  processes:
  - {type: web, command: ./sinatra, instances: 1, memory: 64M, health-check-type: http, health-check-http-endpoint: /health}
  - {type: worker, command: sh ./work, instances: 2, memory: 16M, health-check-type: process}
";

/// Where a worker is scaled.
const SCALE: &str = "/v3/apps/*/processes/worker/actions/scale";

/// A bench whose app has workers, with a plan that does not drain, has these keys, too, and notes when a version has passed its check.
fn bench(keys: &str) -> Bench {
    let bench = Bench::new(Duration::ZERO);
    bench.write("app/manifest.yml", MANIFEST);
    let log = bench.folder().join("worked.log");
    bench.write("app/work", &WORK.replace("LOG", log.to_str().unwrap()));
    let check = "- command: {run: 'echo \"$CUTOVER_APP is checked\" >>worked.log'}";
    let plan = PLAN.replace("- http: {path: /health, within: 20s, interval: 50ms}", check);
    bench.write("deploy.yaml", &plan.replace("drain: 1s", &format!("drain: 0s\n{keys}")));
    bench
}

/// The same for an app without routes, whose web process has no instances.
fn unrouted() -> Bench {
    let bench = bench("");
    let web = "instances: 1, memory: 64M, health-check-type: http, health-check-http-endpoint: /health}";
    bench.write("app/manifest.yml", &MANIFEST.replace(web, "instances: 0, memory: 64M}"));
    let (before, after) = (PLAN.find("    routes:").unwrap(), PLAN.len());
    let look = "echo \"at <$CUTOVER_URL> $CUTOVER_APP is looked at\" >>looked.log; ! test -e bad";
    let checks = format!("    checks: [health: {{for: 1s}}, task: 'test -e work', command: '{look}']\n");
    let without = PLAN.replace(&PLAN[before..after], &checks);
    bench.write("deploy.yaml", &without);
    bench
}

/// Which versions have run workers, one after the other, by their own log. Panics where two of them ran at once, and where one ran
/// that was not checked.
fn shifts(bench: &Bench) -> Vec<String> {
    let log = fs::read_to_string(bench.folder().join("worked.log")).unwrap();
    let (mut checked, mut running, mut shifts) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let is_checked = bench.foundry.routes().iter().any(|route| route.host == "shop");
    for line in log.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [app, "is", "checked"] => drop(checked.insert(app)),
            [app, index, "begins"] => {
                assert!(!is_checked || checked.contains(app), "{app} works before it is checked:\n{log}");
                running.insert((app, index));
                if shifts.last().is_none_or(|last| last != app) {
                    shifts.push(app.to_owned());
                }
            }
            [app, index, "ends"] => drop(running.remove(&(app, index))),
            _ => panic!("{line}"),
        }
        let versions: BTreeSet<&str> = running.iter().map(|(app, _)| *app).collect();
        assert!(versions.len() < 2, "{versions:?} work at once:\n{log}");
    }
    shifts
}

/// How many instances of the workers of an app are wanted.
fn workers(bench: &Bench, app: &str) -> u32 {
    let processes = bench.foundry.app(app).unwrap().processes;
    processes.iter().find(|one| one.kind == "worker").map_or(0, |one| one.instances)
}

#[test]
fn workers_are_handed_over_there_and_back() {
    let bench = bench("");
    bench.must(&["apply", "--yes"]);
    assert_eq!((shifts(&bench), workers(&bench, "shop_a")), (vec!["shop_a".to_owned()], 2));
    // Somebody has scaled them up.
    bench.cf.must(["scale", "shop_a", "--process", "worker", "-i", "3"]);
    let preview = bench.must(&["plan"]).out;
    assert_has(
        &preview,
        &[
            "leave process worker of shop_b without instances until the switch",
            "end process worker of shop_a; from here on none of it runs, until that of shop_b does",
            "run process worker of shop_b: 3 instances",
        ],
    );
    let json: Value = serde_json::from_str(&bench.must(&["plan", "--format", "json"]).out).unwrap();
    assert_eq!(json["apps"][0]["differences"], serde_json::json!([]), "{json:#}");
    let told = bench.must(&["apply", "--yes"]).err;
    assert!(told.contains("no process worker ran for"), "{told}");
    assert_eq!(shifts(&bench), ["shop_a", "shop_b"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (0, 3));

    bench.must(&["rollback", "--yes"]);
    assert_eq!(shifts(&bench), ["shop_a", "shop_b", "shop_a"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (3, 0));
    bench.must(&["apply", "--yes"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (0, 3));
    assert_eq!(shifts(&bench).len(), 4);
}

#[test]
fn a_handover_that_is_cut_off_is_finished_or_taken_back() {
    let bench = bench("");
    bench.must(&["apply", "--yes"]);
    let after = |number| Rule::new("POST", SCALE, Fault::After(Harm::Nothing)).on(Occurrence::Nth(number));
    let before = |number| Rule::new("POST", SCALE, Fault::Before(Harm::Nothing)).on(Occurrence::Nth(number));
    // The first one leaves the new version without workers.
    for (rule, verb, live) in [
        (after(2), "resume", "shop_b"),
        (before(3), "rollback", "shop_b"),
        // What is alone on the live route is what the next deployment takes the place of.
        (after(3), "apply", "shop_b"),
        (after(2), "rollback", "shop_b"),
    ] {
        killed_in(&bench, "apply", rule);
        bench.must(&[verb, "--yes"]);
        assert_eq!(bench.leads_to(LIVE), [live]);
        let other = if live == "shop_a" { "shop_b" } else { "shop_a" };
        assert_eq!((workers(&bench, live), workers(&bench, other)), (2, 0), "{verb}");
        assert_eq!(shifts(&bench).last().unwrap(), live, "{verb}");
    }
    bench.must(&["apply", "--yes"]);
    killed_in(&bench, "rollback", after(1));
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (0, 2));
    assert_eq!(shifts(&bench).last().unwrap(), "shop_b");
}

#[test]
fn workers_that_do_not_come_up_leave_the_old_ones_at_work() {
    let bench = bench("");
    bench.must(&["apply", "--yes"]);
    let works = fs::read_to_string(bench.folder().join("app/work")).unwrap();
    bench.write("app/work", "exit 1\n");
    let failed = bench.run(&["apply", "--yes"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.err.contains("process worker of app shop_b crashed"), "{}", failed.err);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (2, 0));
    bench.write("app/work", &works);
    bench.must(&["apply", "--yes"]);
    assert_eq!(shifts(&bench).last().unwrap(), "shop_b");
}

/// What no manifest names only a droplet tells: it ends with the version that has it, and is back with it.
#[test]
#[ignore = "`make verify` runs it: its condition has a table of its own"]
fn a_worker_that_the_new_version_does_not_have_ends_with_the_old_one() {
    let bench = bench("");
    let web = "  instances: 1\n  memory: 64M\n  health-check-type: http\n  health-check-http-endpoint: /health\n";
    let top = MANIFEST.split("  processes:").next().unwrap();
    bench.write("app/manifest.yml", &format!("{top}{web}"));
    bench.write("app/Procfile", "web: ./sinatra\nworker: sh ./work\n");
    bench.must(&["apply", "--yes"]);
    bench.cf.must(["scale", "shop_a", "--process", "worker", "-i", "2"]);
    bench.write("app/Procfile", "web: ./sinatra\n");
    let preview = bench.must(&["plan"]).out;
    assert!(preview.contains("run process worker of shop_b, where its droplet brings one: 2 instances"), "{preview}");
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
    assert_eq!(
        (workers(&bench, "shop_a"), workers(&bench, "shop_b"), shifts(&bench)),
        (0, 0, vec!["shop_a".to_owned()])
    );
    bench.must(&["rollback", "--yes"]);
    assert_eq!((workers(&bench, "shop_a"), bench.leads_to(LIVE)), (2, vec!["shop_a".to_owned()]));
}

#[test]
fn an_app_without_routes_is_handed_over_as_a_whole() {
    let bench = unrouted();
    // What was there before is live: no route tells it, but that it runs.
    bench.cf.must(["push", "shop_a", "-f", "app/manifest.yml", "-p", "app", "--no-route"]);
    let preview = bench.must(&["plan"]).out;
    assert!(preview.contains("shop_a is live; no route leads there"), "{preview}");
    // A task looks at what was deployed, a command at what it does.
    let position = |words: &str| preview.find(words).unwrap_or_else(|| panic!("'{words}' is not in:\n{preview}"));
    let order =
        ["start shop_b", "run task check-1-", "run process worker of shop_b", "watch shop_b", "check shop_b: echo"];
    assert!(order.map(position).is_sorted(), "{preview}");
    let done = bench.must(&["apply", "--yes"]);
    assert!(done.err.contains("shop_b is at work"), "{}", done.err);
    assert_eq!(shifts(&bench), ["shop_a", "shop_b"]);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("stopped", "started"));
    assert_eq!(fs::read_to_string(bench.folder().join("looked.log")).unwrap(), "at <> shop_b is looked at\n");
    let status = bench.must(&["status"]).out;
    assert!(status.contains("shop_b: live, started, 2 of 2 instances run"), "{status}");
    assert!(status.contains("cutover rollback goes back to shop_a"), "{status}");

    bench.must(&["rollback", "--yes"]);
    assert_eq!(shifts(&bench), ["shop_a", "shop_b", "shop_a"]);
    let again = bench.run(&["rollback", "--yes"]);
    assert_eq!(again.code, 4, "{}", again.err);
    let after = |number| Rule::new("POST", SCALE, Fault::After(Harm::Nothing)).on(Occurrence::Nth(number));
    for (verb, live) in [("rollback", "shop_a"), ("resume", "shop_b")] {
        killed_in(&bench, "apply", after(2));
        bench.must(&[verb, "--yes"]);
        let other = if live == "shop_a" { "shop_b" } else { "shop_a" };
        assert_eq!((bench.state_of(live), bench.state_of(other)), ("started", "stopped"), "{verb}");
        assert_eq!((workers(&bench, live), shifts(&bench).last().unwrap().as_str()), (2, live), "{verb}");
    }
}

#[test]
fn a_version_without_routes_that_crashes_at_work_is_taken_back() {
    let bench = unrouted();
    bench.must(&["apply", "--yes"]);
    // So is one that somebody looks at and does not find good.
    bench.write("bad", "");
    let failed = bench.run(&["apply", "--yes"]);
    assert_eq!((failed.code, workers(&bench, "shop_a")), (1, 2), "{}", failed.err);
    assert!(failed.err.contains("✗ check shop_b: echo"), "{}", failed.err);
    fs::remove_file(bench.folder().join("bad")).unwrap();
    bench.write("app/work", "exec 2>&1; sleep 0.5; exit 1\n");
    let failed = bench.run(&["apply", "--yes"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.err.contains("shop_a is at work"), "{}", failed.err);
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("started", "stopped"));
    assert_eq!((workers(&bench, "shop_a"), shifts(&bench).last().unwrap().as_str()), (2, "shop_a"));
}

#[test]
fn workers_that_may_overlap_start_with_their_version() {
    let bench = bench("    processes: {worker: overlap}\n");
    bench.must(&["apply", "--yes"]);
    let preview = bench.must(&["plan"]).out;
    assert!(!preview.contains("hand over"), "{preview}");
    bench.must(&["apply", "--yes"]);
    assert_eq!((workers(&bench, "shop_a"), workers(&bench, "shop_b")), (2, 2));
    assert_eq!((bench.state_of("shop_a"), bench.state_of("shop_b")), ("stopped", "started"));
}

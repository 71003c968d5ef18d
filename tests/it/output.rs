//! What programs and people are given: the JSON of a plan, the events of a run, and how much is printed where.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::bench::{Bench, PLAN, Run, assert_has};

fn bench() -> Bench {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s"));
    bench
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_json_of_a_plan() {
    let bench = Bench::live_undrained();
    let plan: Value = serde_json::from_str(&bench.must(&["plan", "--format", "json"]).out).unwrap();
    assert_eq!(keys(&plan), ["version", "target", "cf", "apps", "steps", "quota", "proof", "routers"]);
    assert_eq!(plan["version"], 1);
    let target = &plan["target"];
    assert_eq!(
        (&target["api"], &target["org"], &target["space"]),
        (&bench.foundry.api_url().into(), &"acme".into(), &"production".into())
    );
    assert_eq!(plan["cf"]["version"], "8.18.3");
    let app = &plan["apps"][0];
    assert_eq!(
        (&app["name"], &app["strategy"], &app["live"], &app["next"]),
        (&"shop".into(), &"blue-green".into(), &"shop_a".into(), &"shop_b".into())
    );
    let steps = plan["steps"].as_array().unwrap();
    let mut known: Vec<&str> = Vec::new();
    for step in steps {
        for key in ["id", "app", "phase", "action", "argv", "after", "confirm", "undo"] {
            assert!(step.get(key).is_some(), "{key} is not in {step}");
        }
        for after in step["after"].as_array().unwrap() {
            assert!(known.contains(&after.as_str().unwrap()), "{step} waits for a later step");
        }
        assert!(step["confirm"].as_array().is_some_and(|confirm| !confirm.is_empty()), "{step}");
        assert!(matches!(step["argv"][0].as_str(), None | Some("cf")), "{step}");
        known.push(step["id"].as_str().unwrap());
    }
    let mut phases: Vec<&str> = steps.iter().map(|step| step["phase"].as_str().unwrap()).collect();
    phases.dedup();
    assert_eq!(phases, ["push", "start", "check", "switch", "release", "retire", "record"]);
    known.dedup();
    assert_eq!(known.len(), steps.len(), "each id occurs once");
    let proof = &plan["proof"];
    assert!(proof["cases"].as_u64().is_some_and(|cases| cases > 10), "{proof}");
    assert_eq!((&proof["holds"], &proof["violations"]), (&true.into(), &Value::Array(Vec::new())));
}

fn events(bench: &Bench) -> Vec<Value> {
    let text = std::fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_events_of_a_run() {
    let bench = bench();
    let args = ["apply", "--yes", "--events", "events.jsonl"];
    bench.must(&args);
    let lines = events(&bench);
    let planned: Vec<&Value> = lines.iter().filter(|line| line["event"] == "step-started").collect();
    assert!(planned.len() > 5);
    for line in &lines {
        assert_eq!(&keys(line)[..2], ["time", "event"]);
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
        match line["event"].as_str().unwrap() {
            "step-started" => {
                assert!(line["argv"].as_array().unwrap().iter().all(|word| !word.as_str().unwrap().contains("$(")));
            }
            "step-confirmed" => assert!(line["seconds"].is_f64() && line.get("exit_code").is_some(), "{line}"),
            "started" | "serves" | "waiting" | "done" | "ended" => {}
            other => panic!("{other}"),
        }
    }
    let last = lines.last().unwrap();
    assert_eq!(&last["event"], "ended");
    assert_eq!(last["exit_code"], 0);
    assert_eq!(last["apps"], json!([{ "name": "shop", "live": "shop_a", "was": null }]));

    // What was told before stays, and a line that a killed run has left in part is by itself.
    let told = lines.len();
    let text = std::fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    bench.write("events.jsonl", &format!("{text}{{\"torn\": true}}"));
    bench.write("deploy.yaml", &PLAN.replace("path: /health, within: 20s", "path: /nowhere, within: 1s"));
    assert_eq!(bench.run(&args).code, 1);
    let lines = events(&bench).split_off(told + 1);
    assert_eq!(lines[0]["event"], "started");
    let failed = lines.iter().find(|line| line["event"] == "step-failed").unwrap();
    assert_eq!(failed["step"], "shop/check");
    assert!(failed["why"].as_str().unwrap().contains("HTTP 404"), "{failed}");
    assert!(lines.iter().all(|line| line["event"] != "done"), "it is not");
    let back = lines.iter().find(|line| line["event"] == "rolled-back").unwrap();
    assert_eq!(back["complete"], true);
    let told: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    for event in ["logs", "stands", "hint"] {
        assert!(told.contains(&event), "{event} is not in {told:?}");
    }
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&"ended".into(), &1.into()));
    assert_eq!(last["apps"], json!([{ "name": "shop", "live": "shop_a", "was": "shop_a" }]));

    // What is refused before anything is looked at is told and ends the events, too.
    let unknown = bench.run(&[&args[..], &["--app", "nobody"]].concat());
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    let mut lines = events(&bench);
    let last = lines.pop().unwrap();
    let refused = lines.pop().unwrap();
    assert_eq!(
        (&refused["event"], &refused["why"]),
        (&"refused".into(), &"the plan has no app nobody; it has shop".into())
    );
    assert_eq!((&last["event"], &last["exit_code"], &last["apps"]), (&"ended".into(), &2.into(), &json!([])));

    // Another file is not written into by mistake.
    let plan = std::fs::read_to_string(bench.folder().join("deploy.yaml")).unwrap();
    let run = bench.run(&["apply", "--yes", "--events", "deploy.yaml"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("'deploy.yaml' cannot be used: it holds something else than events"), "{}", run.err);
    assert_eq!(std::fs::read_to_string(bench.folder().join("deploy.yaml")).unwrap(), plan);
}

#[test]
#[ignore = "`make verify` runs it: four whole runs, for words"]
fn how_much_is_printed() {
    let bench = bench();
    let quiet = bench.must(&["apply", "--yes", "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    let verbose = bench.must(&["apply", "--yes", "--verbose"]);
    assert_has(&verbose.err, &["Pushing app shop_b", "✓ upload shop_b", "shop_b serves"]);
    assert_eq!(verbose.out, "");
    assert_eq!(bench.must(&["rollback", "--yes", "--quiet"]).err, "");
    // A failure is told all the same.
    bench.write("deploy.yaml", &PLAN.replace("path: /health, within: 20s", "path: /nowhere, within: 1s"));
    let failed = bench.run(&["apply", "--yes", "--quiet"]);
    assert_eq!(failed.code, 1);
    assert_has(
        &failed.err,
        &[
            "✗ check shop_b",
            "GET https://shop-staging.apps.foundry.test/nowhere: HTTP 404, and 200 is wanted",
            " requests within 1s took ",
            "; its body begins:\n       | /nowhere is not here",
            "shop_a serves shop.apps.foundry.test",
        ],
    );
    assert!(!failed.err.contains('✓'), "{}", failed.err);
    // One app is not to be told twice what it is.
    assert_eq!(bench.run(&["plan", "--quiet", "--verbose"]).code, 2);
}

#[test]
fn colours_of_the_output() {
    let bench = bench();
    let coloured = |run: &Run| run.out.contains('\u{1b}') || run.err.contains('\u{1b}');
    assert!(!coloured(&bench.must(&["plan"])));
    assert!(coloured(&bench.must(&["plan", "--color", "always"])));
    let with = |args: &[&str]| Run::of(&bench.command(args).env("NO_COLOR", "1").output().unwrap());
    assert!(!coloured(&with(&["plan"])));
    assert!(coloured(&with(&["plan", "--color", "always"])), "the command line is nearer than the environment");
    assert!(!coloured(&bench.must(&["plan", "--color", "never"])));
    // What programs read has none.
    for format in ["json", "sh"] {
        assert!(!coloured(&bench.must(&["plan", "--color", "always", "--format", format])), "{format}");
    }
    let refused = bench.command(&["plan", "--color", "always"]).env("CF_HOME", "/nonexistent").output().unwrap();
    assert!(coloured(&Run::of(&refused)));
}

#[test]
fn a_reader_that_goes_away_breaks_nothing() {
    let bench = bench();
    for (args, code) in [(&["plan"][..], 0), (&["apply", "--yes", "--verbose"], 0), (&["status"], 0)] {
        let mut child = bench.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
    }
    assert_eq!(bench.apps_on("shop"), ["shop_a"]);
}

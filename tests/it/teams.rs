//! What teams bring: manifests of every kind, names with blanks and quotes, a plan in another folder, a cf of another
//! name.

use std::fs;
use std::time::Duration;

use testkit::{cf, sinatra};

use crate::support::bench::{Bench, LIVE, MANIFEST, PLAN, Run, assert_has};

fn bench() -> Bench {
    let bench = Bench::new(Duration::ZERO);
    bench.write("deploy.yaml", &plan());
    bench
}

fn plan() -> String {
    PLAN.replace("drain: 1s", "drain: 0s")
}

/// Runs a shell line as a user would, with `cf` on PATH.
fn shell(bench: &Bench, line: &str) -> Run {
    let path = format!("{}:{}", cf::binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    #[expect(clippy::disallowed_methods, reason = "what is printed is run as a user would run it")]
    let output = std::process::Command::new("sh")
        .args(["-euc", line])
        .current_dir(bench.folder())
        .env("PATH", path)
        .env("CF_HOME", bench.cf.home())
        .env("CUTOVER_ROUTER", bench.foundry.router_url())
        .output()
        .unwrap();
    Run::of(&output)
}

/// The printed commands, in order.
fn commands(preview: &str) -> Vec<String> {
    preview.lines().map(str::trim).filter(|line| line.starts_with("cf ")).map(ToOwned::to_owned).collect()
}

#[test]
fn a_manifest_with_everything() {
    let bench = bench();
    bench.cf.must(["create-user-provided-service", "db", "-p", "{\"uri\":\"db://\"}"]);
    bench.cf.must(["create-user-provided-service", "mail", "-p", "{}"]);
    bench.write("secrets.yml", "colour: blue\nworkers: 1\n");
    bench.write(
        "app/manifest.yml",
        "\
applications:
- name: anything
  buildpacks: [binary_buildpack]
  routes:
  - route: shop.apps.foundry.test
  - route: elsewhere.apps.foundry.test
  services: [db]
  env: {COLOUR: ((colour)), SIZE: ((size))}
  processes:
  - {type: web, command: ./sinatra, instances: 2, memory: ((size)), health-check-type: http, health-check-http-endpoint: /health}
  - {type: worker, command: sleep 1000, instances: ((workers)), memory: 32M, health-check-type: process}
",
    );
    let with_more = plan().replace(
        "    routes:\n",
        "    vars: {size: 48M}\n    vars_files: [secrets.yml]\n    services: [mail, db]\n    routes:\n",
    );
    bench.write("deploy.yaml", &with_more);
    for colour in ["shop_a", "shop_b"] {
        bench.must(&["apply", "--yes"]);
        assert_eq!(bench.leads_to(LIVE), [colour]);
        assert_eq!(bench.leads_to("elsewhere.apps.foundry.test"), [""; 0]);
        let shown = bench.cf.must(["app", colour]);
        assert_has(&shown, &["2/2", "of 48M", "worker", "1/1", "of 32M"]);
        // cf 8.17 pads the names: `COLOUR:   blue`.
        let environment = bench.cf.must(["env", colour]).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_has(&environment, &["COLOUR: blue", "SIZE: 48M", "\"name\": \"db\"", "\"name\": \"mail\""]);
    }
}

#[test]
fn the_path_stands_only_in_the_manifest() {
    let bench = bench();
    bench.write("deploy.yaml", &plan().replace("    path: app\n", "").replace("app/manifest.yml", "manifest.yml"));
    bench.write("manifest.yml", &format!("{MANIFEST}  path: app\n"));
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

#[test]
#[ignore = "`make verify` runs it: what it finds seldom changes"]
fn a_plan_in_another_folder() {
    let bench = bench();
    let sub = bench.folder().join("some team/sub");
    fs::create_dir_all(sub.join("app")).unwrap();
    fs::copy(sinatra(), sub.join("app/sinatra")).unwrap();
    bench.write("some team/sub/app/manifest.yml", MANIFEST);
    let check = "\n      - command: {run: 'test -f deploy.yaml'}\n    drain";
    bench.write("some team/sub/deploy.yaml", &plan().replace("\n    drain", check));
    bench.must(&["apply", "--yes", "-f", "some team/sub/deploy.yaml"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
    let absolute = sub.join("deploy.yaml");
    for file in ["some team/sub/deploy.yaml", absolute.to_str().unwrap()] {
        let script = bench.must(&["plan", "--format", "sh", "-f", file]).out;
        let run = shell(&bench, &script);
        assert_eq!(run.code, 0, "{file}\n{}\n{}\n{script}", run.out, run.err);
    }
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
}

#[test]
#[ignore = "`make verify` runs it: any name is tried with a real shell without a platform"]
fn names_with_blanks_and_quotes_can_be_pasted() {
    let bench = bench();
    let service = "team's \"db\" $HOME";
    bench.cf.must(["create-user-provided-service", service, "-p", "{}"]);
    let folder = bench.folder().join("the app's $files");
    fs::create_dir(&folder).unwrap();
    fs::copy(sinatra(), folder.join("sinatra")).unwrap();
    bench.write("the app's $files/my manifest.yml", MANIFEST);
    let odd = plan()
        .replace("name: shop", "name: web shop")
        .replace("path: app\n", "colours: [\"it's `a` $shop!\", 'the \"b\" & shop']\n    path: the app's $files\n")
        .replace("app/manifest.yml", "the app's $files/my manifest.yml")
        .replace("    routes:\n", "    services: ['team''s \"db\" $HOME']\n    routes:\n");
    bench.write("deploy.yaml", &odd);
    let (first, second) = ("it's `a` $shop!", "the \"b\" & shop");
    // The commands as they are printed, pasted one by one.
    for line in commands(&bench.must(&["plan"]).out) {
        let run = shell(&bench, &line);
        assert_eq!(run.code, 0, "{line}\n{}\n{}", run.out, run.err);
    }
    assert_eq!(bench.leads_to(LIVE), [first]);
    assert_eq!(bench.state_of(first), "started");
    // The same by the tool, and by the script.
    bench.must(&["apply", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), [second]);
    let script = bench.must(&["plan", "--format", "sh"]).out;
    let run = shell(&bench, &script);
    assert_eq!(run.code, 0, "{}\n{}\n{script}", run.out, run.err);
    assert_eq!(bench.leads_to(LIVE), [first]);
    bench.must(&["status"]);
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to(LIVE), [second]);
}

/// What the other applications need is no matter: cf would refuse the whole manifest for what the first has no value for.
#[test]
fn one_application_of_several() {
    let bench = bench();
    let web = MANIFEST.strip_prefix("applications:\n- name: shop\n").unwrap().replace("  instances: 2\n", "");
    let manifest = format!(
        "defaults: &defaults\n  instances: ((instances))\napplications:\n- name: cart\n  memory: ((unknown))\n\
         - <<: *defaults\n  name: web-((env))\n  path: .\n{web}  env: {{GREETING: hello-((env))}}\n\
         # By hand.\n- name: mail\n  no-route: true\n"
    );
    bench.write("app/manifest.yml", &manifest);
    bench.write("vars.yml", "instances: 2\n");
    let keys = "    app: web-test\n    vars: {env: test}\n    vars_files: [vars.yml]\n    routes:\n";
    bench.write("deploy.yaml", &plan().replace("    path: app\n", "").replace("    routes:\n", keys));
    bench.must(&["check"]);

    // The commands as they are printed, pasted one by one.
    let preview = bench.must(&["plan"]).out;
    assert!(preview.contains("of 'app/manifest.yml' no other application is read"), "{preview}");
    for line in commands(&preview) {
        let run = shell(&bench, &line);
        assert_eq!(run.code, 0, "{line}\n{}\n{}", run.out, run.err);
    }
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);
    // The same by the tool, which leaves no file, and by the script.
    let events = bench.must(&["apply", "--yes", "--events", "events.jsonl"]);
    assert_eq!(bench.leads_to(LIVE), ["shop_b"], "{}", events.err);
    let told = fs::read_to_string(bench.folder().join("events.jsonl")).unwrap();
    let file = told.split('"').find(|part| part.contains("/manifest-")).unwrap();
    assert!(file.starts_with('/') && !fs::exists(file).unwrap(), "{file}");
    let script = bench.must(&["plan", "--format", "sh"]).out;
    let run = shell(&bench, &script);
    assert_eq!(run.code, 0, "{}\n{}\n{script}", run.out, run.err);
    assert_eq!(bench.leads_to(LIVE), ["shop_a"]);

    for colour in ["shop_a", "shop_b"] {
        let app = bench.foundry.app(colour).unwrap();
        assert_eq!(app.processes[0].instances, 2);
        assert!(bench.cf.must(["env", colour]).contains("hello-test"));
    }
    let mut apps: Vec<String> = bench.foundry.apps().into_iter().map(|app| app.name).collect();
    apps.retain(|name| !name.starts_with("cutover-lock"));
    apps.sort();
    assert_eq!(apps, ["shop_a", "shop_b"], "no other application is pushed");
    // What runs is what the plan deploys, by the platform's word, too.
    let again = Run::of(&bench.as_typed(&["apply", "--yes"]).output().unwrap());
    assert_eq!(again.code, 0, "{}", again.err);
}

/// Official builds carry metadata in their version, and print the name that they were started by.
#[test]
#[ignore = "`make verify` runs it: what it finds seldom changes"]
fn a_cf_of_another_name_and_one_on_path() {
    let bench = bench();
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = version ] && echo 'cf8-official version 8.17.0+1a2b3c4d5.2025-11-18' && exit\nexec '{}' \"$@\"\n",
        cf::binary().display()
    );
    bench.program("cf8-official", &text);
    let output =
        bench.command(&["apply", "--yes", "--cf", "./cf8-official"]).env_remove("CUTOVER_CF").output().unwrap();
    assert_eq!(Run::of(&output).code, 0, "{output:#?}");
    let directory = cf::binary().parent().unwrap().to_owned();
    let path = std::env::join_paths([directory, "/usr/bin".into(), "/bin".into()]).unwrap();
    let output = bench.command(&["apply", "--yes"]).env_remove("CUTOVER_CF").env("PATH", path).output().unwrap();
    assert_eq!(Run::of(&output).code, 0, "{output:#?}");
    assert_eq!(bench.leads_to(LIVE), ["shop_b"]);
}

#[test]
fn a_worker_that_does_not_fit_the_quota_is_seen_before_anything_is_done() {
    let bench = bench();
    let worker = "  processes:\n  - {type: worker, command: sleep 1000, instances: 2, memory: 60G, health-check-type: process}\n";
    bench.write("app/manifest.yml", &format!("{MANIFEST}{worker}"));
    let run = bench.run(&["apply", "--yes"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("MB of memory would be in use"), "{}", run.err);
    assert!(bench.cf.must(["apps"]).contains("No apps found"));
}

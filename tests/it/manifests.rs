//! Manifests as teams write them: what `check` says of them, and what the real cf and the platform do with them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use foundry::Foundry;
use foundry::settings::Settings;
use testkit::cf::Cf;

use crate::support::bench::{Bench, MANIFEST, PLAN, assert_has};

/// What cf takes and `check` refuses: `-i`, by which cutover says how many instances there are to be, would not count. (Other
/// spellings of `no-route` and of `name` are refused, too; what they do is below.)
const STRICTER: &str = "instances-by-another-spelling";

const CHECKED: &str = "\
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    manifest: MANIFEST
    routes: {live: [shop.example.com], staging: shop-next.example.com}
";

/// A team's folder in front of a foundry.
struct Team {
    foundry: Foundry,
    cf: Cf,
}

impl Team {
    fn new() -> Self {
        let foundry = Foundry::start(Settings::default()).unwrap();
        let cf = Cf::targeted(&foundry);
        cf.must(["enable-feature-flag", "diego_docker"]);
        fs::create_dir(cf.work_dir().join("app")).unwrap();
        fs::write(cf.work_dir().join("app/main.rb"), "").unwrap();
        Self { foundry, cf }
    }

    fn check(&self, manifest: &str) -> Output {
        fs::write(self.cf.work_dir().join("deploy.yaml"), CHECKED.replace("MANIFEST", manifest)).unwrap();
        #[expect(clippy::disallowed_methods, reason = "tests start the tool from outside")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
        command.arg("check").current_dir(self.cf.work_dir()).env_clear().stdin(Stdio::null());
        command.output().unwrap()
    }

    /// As a deployment pushes.
    fn push(&self, app: &str, manifest: &str) -> Output {
        self.cf.run(["push", app, "-f", manifest, "--no-route", "--no-start"])
    }

    fn must_push(&self, app: &str, application: &str) {
        let text = format!("applications:\n- name: shop\n{application}");
        fs::write(self.cf.work_dir().join("manifest.yml"), text).unwrap();
        let output = self.push(app, "manifest.yml");
        assert!(output.status.success(), "{application}\n{output:#?}");
    }
}

/// In so many parts, of which each commit tries one.
const PARTS: usize = 4;

#[test]
fn check_refuses_some_of_what_cf_and_the_platform_refuse() {
    refuses(testkit::part::of(PARTS), PARTS);
}

#[test]
#[ignore = "`make verify` runs it: each commit tries a part"]
fn check_refuses_what_cf_and_the_platform_refuse() {
    refuses(0, 1);
}

/// Pushes a part of the manifests, and holds what comes of it against what `check` says.
fn refuses(part: usize, parts: usize) {
    let team = Team::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/manifests");
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            fs::copy(&path, team.cf.work_dir().join(path.file_name().unwrap())).unwrap();
        }
    }
    names.sort();
    assert!(names.len() > 70);
    let mut differ = Vec::new();
    for name in names.iter().skip(part).step_by(parts) {
        let manifest = format!("{name}.yml");
        let check = team.check(&manifest);
        let push = team.push(name, &manifest);
        let told = String::from_utf8_lossy(&check.stderr);
        let warns = told.contains("warning: ") && !told.contains("error: ");
        let code = check.status.code().unwrap();
        assert!(code == 2 || (code == 0 && (warns || !told.contains("warning: "))), "{name}: {check:#?}");
        let is_taken = push.status.success();
        if is_taken != (code == 0 || name == STRICTER) {
            differ.push(format!("{name}: check ends with {code}\n{told}\n{push:#?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn another_spelling_counts_before_what_cf_says_itself() {
    let team = Team::new();
    team.must_push("mapped", "  no_route: false\n  routes: [{route: mapped.apps.foundry.test}]\n");
    let mapped = team.foundry.routes().into_iter().find(|route| route.host == "mapped");
    assert_eq!(mapped.unwrap().apps, ["mapped"], "in spite of `--no-route`");
    team.must_push("unmapped", "  no-route: false\n  routes: [{route: unmapped.apps.foundry.test}]\n");
    assert!(team.foundry.routes().iter().all(|route| route.host != "unmapped"));

    team.must_push("checked", "  health-check-type: http\n  health_check_type: process\n");
    let guid = team.foundry.app("checked").unwrap().guid;
    let process = team.cf.must(["curl", &format!("/v3/apps/{guid}/processes/web")]);
    let process: serde_json::Value = serde_json::from_str(&process).unwrap();
    assert_eq!(process["health_check"]["type"], "process");

    // The manifest is applied to another app; cf does not find the one that it was told to push.
    let text = "applications:\n- name: shop\n  Name: other\n";
    fs::write(team.cf.work_dir().join("manifest.yml"), text).unwrap();
    team.push("named", "manifest.yml");
    assert!(team.foundry.app("other").is_some());
}

#[test]
fn what_has_no_effect_is_told_once_and_refuses_nothing() {
    let bench = Bench::new(Duration::ZERO);
    bench.write("app/manifest.yml", &MANIFEST.replace("  memory: 64M\n", "  memory: 64M\n  disk: 1G\n"));
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s"));
    let warning = "warning: `disk` has no effect";
    for args in [&["check"][..], &["plan"], &["apply", "--yes"]] {
        let run = bench.must(args);
        assert_eq!(run.err.matches(warning).count(), 1, "{args:?}\n{}", run.err);
        assert_has(&run.err, &["app/manifest.yml:7:3", "did you mean `disk_quota`?"]);
        assert!(!run.out.contains(warning), "{}", run.out);
    }
    assert!(!bench.must(&["check", "--quiet"]).err.contains(warning));
}

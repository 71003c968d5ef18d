//! What is deployed: an archive in the place of a folder, and the droplet that was tested elsewhere.

use std::fs::{self, File};
use std::io::Write as _;

use foundry::faults::{Fault, Harm, Rule};
use serde_json::Value;
use testkit::cf::Cf;
use testkit::sinatra;
use testkit::wait::PATIENCE;
use zip::write::SimpleFileOptions;

use crate::support::bench::{Bench, PLAN, Run, assert_has};

/// The manifest beside an archive.
const BESIDE: &str = "\
applications:
- name: shop
  buildpacks: [binary_buildpack]
  command: ./sinatra
  memory: 64M
  env: {MODE: fast}
";

/// Packs the team's app, and these files, as in that year.
fn pack(bench: &Bench, year: u16, more: &[&str]) {
    let time = zip::DateTime::from_date_and_time(year, 1, 1, 0, 0, 0).unwrap();
    let options = SimpleFileOptions::default().last_modified_time(time);
    let mut archive = zip::ZipWriter::new(File::create(bench.folder().join("app.war")).unwrap());
    let program = fs::read(sinatra()).unwrap();
    let files = [("sinatra", program.as_slice()), ("WEB-INF/web.xml", b"<web-app/>")];
    for (name, contents) in files.into_iter().chain(more.iter().map(|name| (*name, name.as_bytes()))) {
        archive.start_file(name, options).unwrap();
        archive.write_all(contents).unwrap();
    }
    archive.finish().unwrap();
}

/// Runs a deployment until this call of the API is made, and kills it there.
fn killed_at(bench: &Bench, args: &[&str], method: &str, path: &str) {
    let held = bench.foundry.faults().hold(Rule::new(method, path, Fault::Before(Harm::Nothing)));
    let log = bench.folder().join("killed.log");
    let mut command = bench.command(args);
    let mut child = command.stdout(File::create(&log).unwrap()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    assert!(held.wait_until_reached(PATIENCE), "{}", fs::read_to_string(&log).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held.wait_until_left(PATIENCE), "cf goes on");
    held.release();
    bench.foundry.faults().clear();
}

fn typed(bench: &Bench, args: &[&str]) -> Run {
    Run::of(&bench.as_typed(args).output().unwrap())
}

#[test]
#[ignore = "`make verify` runs it: what is uploaded of one has tables of its own"]
fn an_archive_is_deployed_by_what_is_in_it() {
    let bench = Bench::live_undrained();
    bench.write("manifest.yml", BESIDE);
    let plan = PLAN.replace("path: app", "path: app.war").replace("app/manifest.yml", "manifest.yml");
    bench.write("deploy.yaml", &plan.replace("drain: 1s", "drain: 0s"));
    for (contents, words) in [
        (
            &b"no archive"[..],
            "'app.war', which is uploaded for shop, cannot be read: it is neither a folder nor a zip file",
        ),
        (b"", "or it is broken"),
    ] {
        fs::write(bench.folder().join("app.war"), contents).unwrap();
        bench.run(&["apply", "--yes"]).assert_tells(4, &[words]);
    }
    assert_eq!(bench.foundry.apps().len(), 1, "nothing was begun");

    pack(&bench, 2020, &[]);
    killed_at(&bench, &["apply", "--yes"], "POST", "/v3/packages/*/upload");
    // Another one is told by the names of the files in it.
    pack(&bench, 2020, &["more"]);
    bench.run(&["resume", "--yes"]).assert_tells(4, &["began to upload: not there before: more\n"]);
    // One that was packed anew from the same files is the same.
    pack(&bench, 2024, &[]);
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
    pack(&bench, 2026, &[]);
    typed(&bench, &["apply", "--yes"]).assert_tells(0, &["nothing to deploy"]);
}

/// What an app runs, by the platform's word.
fn droplet(cf: &Cf, app: &str) -> Value {
    let guid = cf.must(["app", app, "--guid"]);
    serde_json::from_str(&cf.must(["curl", &format!("/v3/apps/{}/droplets/current", guid.trim())])).unwrap()
}

#[test]
fn a_droplet_tested_elsewhere_is_copied() {
    let bench = Bench::live_undrained();
    // The same plan, and what differs from one space to the other.
    bench.write("deploy.yaml", &PLAN.replace("    path: app\n", "").replace("drain: 1s", "drain: 0s"));
    let routes = "routes: {live: [shop-test.apps.foundry.test], staging: shop-test-next.apps.foundry.test}";
    bench.write(
        "deploy.test.yaml",
        &format!("target: {{space: staging}}\napps:\n  - name: shop\n    path: app\n    {routes}\n"),
    );
    bench.write("deploy.prod.yaml", "apps:\n  - name: shop\n    from: {app: shop, space: staging}\n");
    let tells = |words: &str| bench.run(&["plan", "-e", "prod"]).assert_tells(4, &[words, "the plan's `from`"]);
    tells("there is no space staging that you can see in organization acme");
    bench.cf.must(["create-space", "staging"]);
    tells("there is no app shop, and none shop_a, and none shop_b in acme / staging");
    let staging = Cf::targeted(&bench.foundry);
    staging.must(["target", "-s", "staging"]);
    let in_staging = |args: &[&str]| {
        let run = Run::of(&bench.command(args).env("CF_HOME", staging.home()).output().unwrap());
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    };
    bench.write("app/VERSION", "2");
    in_staging(&["apply", "--yes", "-e", "test"]);
    let tested = droplet(&staging, "shop_a");
    let (guid, checksum) = (tested["guid"].as_str().unwrap(), tested["checksum"]["value"].as_str().unwrap());

    // It is told before the first change what will run, and that is what runs: copied, and neither uploaded nor staged.
    let told = format!("copy to shop_b droplet {guid} of shop_a in acme / staging (sha256 {checksum}, made 20");
    assert_has(&bench.must(&["plan", "-e", "prod"]).out, &[&told, " for cflinuxfs4", "nothing is staged"]);
    let json: Value = serde_json::from_str(&bench.must(&["plan", "-e", "prod", "--format", "json"]).out).unwrap();
    assert_eq!(json["apps"][0]["from"]["found"]["droplet"]["checksum"], checksum);
    killed_at(&bench, &["apply", "--yes", "-e", "prod"], "PATCH", "/v3/apps/*/relationships/current_droplet");
    // Meanwhile another version is tested there: the copy that was made counts.
    bench.write("app/VERSION", "3");
    in_staging(&["apply", "--yes", "-e", "test"]);
    let run = bench.must(&["resume", "--yes", "-e", "prod"]);
    assert!(run.err.contains("not with that of shop_b in acme / staging"), "{}", run.err);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
    let runs = droplet(&bench.cf, "shop_b");
    assert_eq!((runs["checksum"]["value"].as_str(), runs["guid"] == tested["guid"]), (Some(checksum), false));
    let listed = bench.cf.must(["packages", "shop_b"]);
    assert!(listed.contains("No packages found"), "{listed}");
    let told = bench.cf.must(["app", "shop_b"]);
    assert!(told.lines().any(|line| line.split_whitespace().eq(["instances:", "2/2"])), "{told}");

    // The newer one is another deployment, which is done once, and can be taken back.
    bench.must(&["apply", "--yes", "-e", "prod"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
    typed(&bench, &["apply", "--yes", "-e", "prod"]).assert_tells(0, &["nothing to deploy"]);
    bench.must(&["rollback", "--yes", "-e", "prod"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
    assert_eq!(droplet(&bench.cf, "shop_b")["guid"], runs["guid"]);
}

#[test]
#[ignore = "`make verify` runs it: it goes the way of one that is copied"]
fn a_droplet_in_a_file_is_uploaded_and_not_staged() {
    let bench = Bench::live_undrained();
    bench.write("deploy.yaml", &PLAN.replace("path: app", "droplet: out.tgz").replace("drain: 1s", "drain: 0s"));
    bench.run(&["check"]).assert_tells(2, &["`out.tgz`: there is no such file", "apps[0].droplet"]);
    fs::write(bench.folder().join("out.tgz"), "no droplet").unwrap();
    bench.run(&["apply", "--yes"]).assert_tells(4, &["'out.tgz' is no droplet that shop could run"]);
    assert_eq!(bench.foundry.apps().len(), 1, "nothing was begun");
    bench.cf.must(["download-droplet", "shop_a", "--path", "out.tgz"]);
    bench.foundry.request_log().clear();

    // Another machine has the plan, and not the droplet: what was uploaded is enough.
    killed_at(&bench, &["apply", "--yes"], "PATCH", "/v3/apps/*/relationships/current_droplet");
    fs::rename(bench.folder().join("out.tgz"), bench.folder().join("elsewhere.tgz")).unwrap();
    bench.must(&["resume", "--yes"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);
    fs::rename(bench.folder().join("elsewhere.tgz"), bench.folder().join("out.tgz")).unwrap();
    typed(&bench, &["apply", "--yes"]).assert_tells(0, &["nothing to deploy"]);
    let calls = bench.foundry.request_log().calls();
    let staged =
        calls.iter().find(|call| call.path().starts_with("/v3/builds") || call.path().starts_with("/v3/packages/"));
    assert!(staged.is_none(), "{staged:?}");
    bench.must(&["rollback", "--yes"]);
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_a"]);
}

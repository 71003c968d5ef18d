//! What is uploaded, and what is made of it: files that count, files that hardly are meant to be uploaded, and plans that
//! are named in ways that people try.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cutover::plan;
use cutover::run::upload::{self, OwnFiles};

use crate::support::bench::{Bench, PLAN};

/// Lines of which each means something else to cf than to git, or is easily got wrong.
const CFIGNORE: &str = "\
# a comment
*.log
/anchored
tmp/
all
!all/but.txt
sub/*.js
**/deep/x
a?c
[!k]eep.txt
c++
  blanks  \r
!manifest.yml
!.git
";

const FILES: [&str; 33] = [
    "server.js",
    "deploy.log",
    "sub/deploy.log",
    "anchored",
    "sub/anchored",
    "tmp/x",
    "sub/tmp/x",
    "tmpx",
    "all/but.txt",
    "all/other.txt",
    "all/but.txt.d/x",
    "sub/a.js",
    "deeper/sub/a.js",
    "sub/a.ts",
    "deep/x",
    "1/2/deep/x",
    "a?c",
    "abc",
    "keep.txt",
    "!eep.txt",
    "c++/x",
    "cc",
    "blanks",
    "manifest.yml",
    "sub/manifest.yml",
    "sub/manifest.yaml",
    ".git/config",
    ".gitmodules",
    ".DS_Store",
    ".env",
    "sub/.cfignore",
    "größe/ä b.txt",
    "# a comment",
];

/// The files and links that a package holds, by the foundry's word.
fn package_of(bench: &Bench, app: &str) -> zip::ZipArchive<File> {
    let guid = bench.cf.must(["app", app, "--guid"]);
    let path = format!("/v3/apps/{}/packages?order_by=-created_at", guid.trim());
    let packages: serde_json::Value = serde_json::from_str(&bench.cf.must(["curl", path.as_str()])).unwrap();
    let package = packages["resources"][0]["guid"].as_str().unwrap().to_owned();
    let target = bench.folder().join("package.zip");
    let path = format!("/v3/packages/{package}/download");
    bench.cf.must(["curl", path.as_str(), "--output", target.to_str().unwrap()]);
    zip::ZipArchive::new(File::open(target).unwrap()).unwrap()
}

fn names(package: &mut zip::ZipArchive<File>) -> BTreeSet<String> {
    let count = package.len();
    let name = |index| package.by_index(index).unwrap().name().unwrap().trim_end_matches('/').to_owned();
    (0..count).map(name).collect()
}

/// What is taken for the app's upload.
fn counted(bench: &Bench, path: &Path) -> BTreeSet<String> {
    let plan = plan::load(&bench.folder().join("deploy.yaml"), None, &plan::Disk).unwrap();
    let app = plan::App { path: Some(path.to_owned()), ..plan.apps[0].clone() };
    let upload = upload::read(&app, &OwnFiles::default()).unwrap();
    upload.paths().map(|path| path.to_str().unwrap().trim_end_matches('/').to_owned()).collect()
}

#[test]
fn what_counts_is_what_the_real_cf_uploads() {
    let bench = Bench::new(Duration::ZERO);
    let folder = bench.folder().join("hard");
    for file in FILES {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, file.to_str().unwrap()).unwrap();
    }
    fs::write(folder.join(".cfignore"), CFIGNORE).unwrap();
    fs::create_dir_all(folder.join("empty/within")).unwrap();
    fs::create_dir_all(folder.join("tmp/empty")).unwrap();
    fs::set_permissions(folder.join("server.js"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("server.js", folder.join("link")).unwrap();
    symlink("sub", folder.join("link-to-a-folder")).unwrap();
    symlink("nowhere", folder.join("link-to-nothing")).unwrap();
    symlink("server.js", folder.join("link.log")).unwrap();

    bench.cf.must(["push", "probe", "-p", "hard", "--no-manifest", "--no-start", "--no-route"]);
    let uploaded = names(&mut package_of(&bench, "probe"));
    let counted_here = counted(&bench, &folder);
    // A folder comes along with what is in it, whether it is left out itself or not.
    let bare = |names: &BTreeSet<String>| -> BTreeSet<String> {
        names.iter().filter(|name| !folder.join(name).is_dir() || folder.join(name).is_symlink()).cloned().collect()
    };
    assert_eq!(bare(&counted_here), bare(&uploaded));
    assert!(counted_here.is_subset(&uploaded), "{:?}", counted_here.difference(&uploaded));
    for there in ["empty/within", "all/but.txt", "link", "link-to-a-folder", "link-to-nothing", "c++/x", ".env"] {
        assert!(counted_here.contains(there), "{there}");
    }

    // An archive is taken apart, and its own lines come last.
    let jar = bench.folder().join("app.jar");
    let mut archive = zip::ZipWriter::new(File::create(&jar).unwrap());
    let plain = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        ("App.class", "a"),
        ("lib/B.class", "b"),
        ("secret.log", "c"),
        ("manifest.yml", "d"),
        ("lib/manifest.yaml", "e"),
        ("META-INF/.cfignore", "*.log\n!manifest.yml\n"),
    ] {
        archive.start_file(name, plain).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.add_directory("empty/", plain).unwrap();
    archive.finish().unwrap();
    bench.cf.must(["push", "probe", "-p", "app.jar", "--no-manifest", "--no-start", "--no-route"]);
    let unpacked = names(&mut package_of(&bench, "probe"));
    let without_folders = |names: BTreeSet<String>| -> BTreeSet<String> {
        names.into_iter().filter(|name| name.contains('.') || name == "empty").collect()
    };
    assert_eq!(without_folders(counted(&bench, &jar)), without_folders(unpacked));
}

#[test]
fn a_plan_or_a_log_that_would_be_uploaded_is_told() {
    let bench = Bench::new(Duration::ZERO);
    fs::copy(bench.folder().join("app/manifest.yml"), bench.folder().join("cf prod.yml")).unwrap();
    bench.write("deploy.yaml", &PLAN.replace("path: app", "path: .").replace("app/manifest.yml", "cf prod.yml"));
    bench.write("deploy.prod.yaml", "target: {space: prod}\n");
    let lines = |run: &crate::support::bench::Run| -> Vec<String> {
        run.err.lines().filter_map(|line| line.strip_prefix("  ")).map(ToOwned::to_owned).collect()
    };
    let run = bench.must(&["check", "--events", "app/events.jsonl"]);
    assert_eq!(lines(&run), ["/app/events.jsonl", "/cf prod.yml", "/deploy.prod.yaml", "/deploy.yaml"], "{}", run.err);
    assert!(
        run.err.contains("warning: './deploy.yaml' lies in the folder of shop and is uploaded with it"),
        "{}",
        run.err
    );
    assert!(bench.must(&["check", "-q"]).err.is_empty());
    // The lines are what silences it.
    bench.write(".cfignore", &lines(&run).join("\n"));
    assert_eq!(lines(&bench.must(&["check", "--events", "app/events.jsonl"])), [""; 0]);
    bench.write("deploy.yaml", PLAN);
    fs::remove_file(bench.folder().join(".cfignore")).unwrap();
    assert_eq!(lines(&bench.must(&["check"])), [""; 0], "{PLAN}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let bench = Bench::new(Duration::ZERO);
    let pipe = bench.folder().join("app/pipe");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        let run = bench.run(verb);
        assert_eq!(run.code, 4, "{}", run.err);
        assert!(run.err.contains("'app/pipe', which is uploaded for shop, cannot be read"), "{}", run.err);
    }
    fs::remove_file(pipe).unwrap();
    for (args, named) in [
        (&["plan", "--space", "app"][..], "'app' cannot be used"),
        (&["apply", "--yes", "--events", "app"], "'app' cannot be used"),
        (&["check", "-f", "app"], "--> app"),
    ] {
        let run = bench.run(args);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(named), "{args:?}: {}", run.err);
    }
}

#[test]
fn a_plan_is_named_in_any_way_that_people_try() {
    let bench = Bench::new(Duration::ZERO);
    let two = |name: &str| {
        format!(
            "  - name: {name}\n    path: app\n    manifest: app/manifest.yml\n    routes:\n      live: [{name}.apps.foundry.test]\n      staging: {name}-staging.apps.foundry.test\n"
        )
    };
    bench.write("deploy.yaml", &format!("{PLAN}{}", two("api")));
    bench.write("other.yaml", &PLAN.replace("name: shop", "name: other"));
    bench.write("deploy.prod.yaml", "apps:\n  - name: shop\n    drain: 2s\n");
    for (args, valid) in [
        (&["check", "other.yaml"][..], "other.yaml is valid: other"),
        (&["--app", "api", "check"], "deploy.yaml is valid: api"),
        (&["check", "--app", "api", "--app", "shop"], "deploy.yaml is valid: shop, api"),
        (&["check", "--app", "other", "other.yaml"], "other.yaml is valid: other"),
        (&["check", "deploy.yaml", "-e", "prod"], "deploy.yaml is valid: shop, api"),
    ] {
        let run = bench.must(args);
        assert!(run.err.contains(valid), "{args:?}: {}", run.err);
    }
    for (args, told) in [
        (&["check", "deploy.prod.yaml"][..], "it is laid over its plan by --file deploy.yaml --env prod"),
        (&["check", "--app", "shop", "my api"], "repeat the flag: --app shop --app 'my api'"),
        (&["check", "other.yaml", "-f", "deploy.yaml"], "named twice: 'deploy.yaml' and 'other.yaml'"),
        (&["-f", "deploy.yaml", "plan", "other.yaml"], "named twice"),
        (&["check", "app/manifest.yml"], "this is a cf manifest, and no deployment plan"),
    ] {
        let run = bench.run(args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(told), "{args:?}: {}", run.err);
    }
}

/// Where a run wrote its log and its events, both in the folder of the app.
fn log_of(bench: &Bench, name: &str) -> (File, PathBuf) {
    let path = bench.folder().join("app").join(name);
    (File::create(&path).unwrap(), path)
}

#[test]
fn a_log_in_the_folder_is_none_of_the_app() {
    use foundry::faults::{Fault, Harm, Rule};

    use testkit::wait::PATIENCE;

    let bench = Bench::live_undrained();
    let rule = Rule::new("POST", "/v3/packages/*/upload", Fault::Before(Harm::Nothing));
    let held = bench.foundry.faults().hold(rule);
    let (log, path) = log_of(&bench, "deploy.log");
    let mut command = bench.command(&["apply", "--yes", "--events", "app/events.jsonl"]);
    let mut child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    assert!(held.wait_until_reached(PATIENCE), "{}", fs::read_to_string(&path).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(held.wait_until_left(PATIENCE), "cf goes on");
    held.release();
    bench.foundry.faults().clear();
    let told = fs::read_to_string(&path).unwrap();
    for line in ["/deploy.log", "/events.jsonl"] {
        assert!(told.contains(&format!("add this line to 'app/.cfignore':\n  {line}\n")), "{told}");
    }

    // A file that has changed is told by its name, and the logs of both runs are not.
    bench.write("app/more", "a file more");
    let other = bench.run(&["resume", "--yes"]);
    assert_eq!(other.code, 4, "{}", other.err);
    assert!(other.err.contains("began to upload: not there before: more\n"), "{}", other.err);
    assert!(other.err.contains("\n        cutover resume --app shop\n"), "{}", other.err);
    fs::remove_file(bench.folder().join("app/more")).unwrap();

    let (log, path) = log_of(&bench, "resume.log");
    let mut command = bench.command(&["resume", "--yes", "--events", "app/resumed.jsonl"]);
    let status = command.stdout(log.try_clone().unwrap()).stderr(log).status().unwrap();
    assert!(status.success(), "{}", fs::read_to_string(&path).unwrap());
    assert_eq!(bench.leads_to("shop.apps.foundry.test"), ["shop_b"]);

    // Nor are they once nothing is under way.
    bench.must(&["resume", "--yes"]);
}

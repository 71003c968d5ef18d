//! Who takes turns: the guide's script as teams have it, and cutover.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use cutover::plan;
use cutover::run::upload::{self, OwnFiles};
use cutover::space::Space;
use cutover::steps::annotations::{Extent, Identity};
use cutover::steps::input::Failed;
use cutover::steps::{Deployment, Request, Verb};
use foundry::Snapshot;
use testkit::cf;

use crate::bench::Bench;
use crate::usage::{Usage, watch};

/// Between two looks at a process that works for seconds.
const NOW_AND_THEN: Duration = Duration::from_millis(10);

/// The names of so many apps.
pub(crate) fn apps(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("app-{number}"))
}

/// A plan of so many apps.
pub(crate) fn plan_of(count: usize) -> String {
    let mut plan = String::from("version: 1\ntarget: {api: API, org: acme, space: production}\nparallel: 8\napps:\n");
    for app in apps(count) {
        let _ = write!(
            plan,
            "  - name: {app}\n    path: app\n    manifest: {app}.yml\n    \
             routes: {{live: [{app}.apps.foundry.test], staging: {app}-staging.apps.foundry.test}}\n    \
             checks:\n      - http: {{path: /health, interval: 50ms}}\n    drain: 0s\n"
        );
    }
    plan
}

/// The manifest of an app; the script's has the staging route, too.
pub(crate) fn manifest(app: &str, host: Option<&str>) -> String {
    let route = host.map_or_else(String::new, |host| format!("  routes:\n  - route: {host}.apps.foundry.test\n"));
    format!(
        "applications:\n- name: {app}\n  path: app\n  buildpacks: [binary_buildpack]\n  command: ./sinatra\n  instances: 2\n  \
         memory: 64M\n  health-check-type: http\n  health-check-http-endpoint: /health\n{route}"
    )
}

/// The guide's steps for one app, as a script has them that goes on as soon as cf does.
fn guide(app: &str) -> String {
    let domain = "apps.foundry.test";
    format!(
        "set -e\n\
         cf push {app}_b -f {app}-staging.yml\n\
         i=0; until curl -sf -H 'Host: {app}-staging.{domain}' \"$ROUTER/health\"; do i=$((i+1)); test $i -lt 100; sleep 0.1; done\n\
         cf map-route {app}_b {domain} --hostname {app}\n\
         cf unmap-route {app}_a {domain} --hostname {app}\n\
         cf unmap-route {app}_b {domain} --hostname {app}-staging\n\
         cf stop {app}_a\n"
    )
}

/// Who deploys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Contender {
    /// The guide's script, for so many apps one after the other.
    Script(usize),
    /// So many of them at once.
    Scripts(usize),
    /// `cutover apply`.
    Cutover,
    /// `cutover apply` of what runs already.
    Unchanged,
}

impl Contender {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Script(_) | Self::Scripts(_) => "the script",
            Self::Cutover | Self::Unchanged => "cutover",
        }
    }

    /// Deploys, and sees to it that it is done.
    pub(crate) fn run(self, bench: &Bench) -> Usage {
        let (mut command, live) = match self {
            Self::Script(count) => (script(bench, count, ""), Some("b")),
            Self::Scripts(count) => (script(bench, count, "&"), Some("b")),
            Self::Cutover => (bench.command(&["apply", "--yes"]), Some("b")),
            Self::Unchanged => (bench.as_typed(&["apply", "--yes"]), None),
        };
        let usage = watch(&mut command, NOW_AND_THEN);
        assert_eq!(usage.code, 0, "{}", usage.told);
        let live = format!("app-1_{}", live.unwrap_or("a"));
        assert_eq!(bench.leads_to("app-1.apps.foundry.test"), [live], "{}", usage.told);
        usage
    }
}

fn script(bench: &Bench, count: usize, end: &str) -> Command {
    let mut lines = String::new();
    for app in apps(count) {
        bench.write(&format!("{app}.sh"), &guide(&app));
        let _ = writeln!(lines, "sh {app}.sh || touch failed {end}");
    }
    bench.write("all.sh", &format!("rm -f failed\n{lines}wait\ntest ! -e failed\n"));
    let bin = bench.folder().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(cf::binary(), bin.join("cf")).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    #[expect(clippy::disallowed_methods, reason = "the script is the other contender")]
    let mut command = Command::new("/bin/sh");
    command.arg("all.sh").current_dir(bench.folder()).env("PATH", path).env("CF_HOME", bench.cf.home());
    command.env("ROUTER", bench.foundry.router_url()).envs(cf::BRIEF);
    command
}

/// How many requests the Cloud Controller has had since the log was cleared.
pub(crate) fn requests(bench: &Bench) -> usize {
    bench.foundry.request_log().calls().iter().filter(|call| call.target.starts_with("/v3")).count()
}

/// How many cfs a deployment starts.
pub(crate) fn calls(bench: &Bench, from: &Snapshot) -> usize {
    bench.foundry.restore(from).unwrap();
    calls_of(bench, &["apply", "--yes"])
}

/// How many cfs a verb starts: what is between it and cf writes a line for each.
pub(crate) fn calls_of(bench: &Bench, args: &[&str]) -> usize {
    let log = bench.folder().join("calls.log");
    let _none = fs::remove_file(&log);
    let text = format!("#!/bin/sh\necho >>{}\nexec {} \"$@\"\n", log.display(), cf::binary().display());
    let counting = bench.program("counting-cf", &text);
    let usage = watch(bench.command(args).env("CUTOVER_CF", counting), NOW_AND_THEN);
    assert_eq!(usage.code, 0, "{}", usage.told);
    fs::read_to_string(log).unwrap().lines().count()
}

/// The calls of cf of a deployment, and its events, in time: the second, how long a call took where it was not ended, and what it
/// was.
pub(crate) fn calls_in_time(bench: &Bench) -> Vec<(f64, Option<f64>, String)> {
    let log = bench.folder().join("calls.log");
    let text = format!(
        "#!/bin/sh\necho \"$$ $(date +%s%N) $*\" >>{log}\n{cf} \"$@\"\ncode=$?\necho \"$$ $(date +%s%N)\" >>{log}\nexit $code\n",
        log = log.display(),
        cf = cf::binary().display()
    );
    let timing = bench.program("timing-cf", &text);
    let usage =
        watch(bench.command(&["apply", "--yes", "--events", "events.jsonl"]).env("CUTOVER_CF", timing), NOW_AND_THEN);
    assert_eq!(usage.code, 0, "{}", usage.told);
    let mut all: Vec<(f64, Option<f64>, String)> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let mut words = line.splitn(3, ' ');
        let (process, nanos) = (words.next().unwrap(), words.next().unwrap().parse::<f64>().unwrap());
        let second = nanos / 1e9;
        if let Some(what) = words.next() {
            open.insert(process.to_owned(), all.len());
            all.push((second, None, format!("    cf {}", what.chars().take(110).collect::<String>())));
        } else if let Some(call) = open.remove(process) {
            all[call].1 = Some(second - all[call].0);
        }
    }
    for line in fs::read_to_string(bench.folder().join("events.jsonl")).unwrap().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let (what, step) = (event["event"].as_str().unwrap(), event["step"].as_str().unwrap_or_default());
        let at: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        if what != "output" {
            all.push((
                at.duration_since(jiff::Timestamp::UNIX_EPOCH).as_secs_f64(),
                event["seconds"].as_f64(),
                format!("{what} {step}"),
            ));
        }
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let begin = all.first().map_or(0.0, |first| first.0);
    all.into_iter().map(|(at, seconds, what)| (at - begin, seconds, what)).collect()
}

/// A snapshot of a space in which so many apps are live.
pub(crate) fn space(bench: &Bench, count: usize) -> String {
    bench.write("one.yaml", &plan_of(1));
    let usage = watch(&mut bench.command(&["status", "--format", "json", "--file", "one.yaml"]), NOW_AND_THEN);
    assert_eq!(usage.code, 0, "{}", usage.told);
    let mut space: serde_json::Value = serde_json::from_str(&usage.told).unwrap();
    let live = |app: &str| {
        let instance =
            |index: u32| serde_json::json!({"index": index, "id": format!("{app} {index}"), "state": "RUNNING"});
        serde_json::json!({
            "guid": format!("guid-{app}"), "name": format!("{app}_a"), "state": "STARTED",
            "annotations": {"cutover-role": "live"},
            "processes": [{"guid": format!("web-{app}"), "type": "web", "instances": 2, "memory_mb": 64, "states": [instance(0), instance(1)]}],
            "package": {"guid": format!("package-{app}"), "ready": true},
            "droplet": format!("droplet-{app}"),
            "staged": {"guid": format!("droplet-{app}"), "package": format!("package-{app}")},
            "bindings": [],
        })
    };
    let route = |app: &str| {
        serde_json::json!({"guid": format!("route-{app}"), "url": format!("{app}.apps.foundry.test"),
            "destinations": [{"app": format!("guid-{app}"), "process": "web"}]})
    };
    space["apps"] = apps(count).map(|app| live(&app)).collect();
    space["routes"] = apps(count).map(|app| route(&app)).collect();
    space["quotas"] = serde_json::json!([]);
    space.to_string()
}

/// Compiles and proves the plan from a snapshot.
pub(crate) fn proved(bench: &Bench) -> Usage {
    let usage = watch(&mut bench.command(&["plan", "--space", "space.json"]), Duration::from_millis(1));
    assert_eq!(usage.code, 0, "{}", usage.told);
    usage
}

/// How many milliseconds it takes to compile the plan for the snapshot; the least of several.
pub(crate) fn compiled(bench: &Bench) -> f64 {
    let plan = plan::load(&bench.folder().join("deploy.yaml"), None, &plan::Disk).unwrap();
    let space: Space = serde_json::from_str(&fs::read_to_string(bench.folder().join("space.json")).unwrap()).unwrap();
    let upload = |app: &plan::App| (app.name.clone(), upload::read(app, &OwnFiles::default()).unwrap());
    let text = |text: &str| text.to_owned();
    let request = Request {
        verb: Verb::Apply,
        identity: Identity { id: text("1"), by: text("a bench"), at: text("2026-11-23T12:00:00Z") },
        extent: Extent::Whole,
        failed: Failed::Stop,
        locks: Vec::new(),
        uploads: plan.apps.iter().map(upload).collect(),
    };
    let once = || {
        let begun = Instant::now();
        let deployment = Deployment::compile(&plan, &space, &request).unwrap();
        assert_eq!(deployment.apps.len(), plan.apps.len());
        begun.elapsed().as_secs_f64() * 1000.0
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// Creates so many apps that no plan knows.
pub(crate) fn crowd(bench: &Bench, count: usize) {
    let space = bench.cf.must(["space", "production", "--guid"]);
    for number in 0..count {
        let name = format!("other-{number}");
        let body = serde_json::json!({"name": name, "relationships": {"space": {"data": {"guid": space.trim()}}}});
        bench.cf.must(["curl", "-X", "POST", "/v3/apps", "-d", &body.to_string(), "--fail"]);
    }
}

/// How long the program takes to start.
pub(crate) fn version(bench: &Bench) -> Duration {
    let usage = watch(&mut bench.command(&["--version"]), Duration::from_micros(200));
    assert_eq!(usage.code, 0, "{}", usage.told);
    usage.took
}

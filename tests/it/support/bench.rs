//! A test bench for whole deployments: a foundry, a logged-in cf, a team's folder with a plan, and the `cutover`
//! binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use foundry::router::Propagation;
use foundry::settings::Settings;
use foundry::{Foundry, RouteSummary, Snapshot};
use testkit::cf::{self, Cf};
use testkit::sinatra;

/// What a run printed and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// A foundry with a team in front of it.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The foundry.
    pub(crate) foundry: Foundry,
    /// The team's own cf.
    pub(crate) cf: Cf,
    /// Where it began.
    _first: Option<Arc<First>>,
}

/// A space after the first deployment of the usual plan: what many tests begin with. It ends with the last of them.
#[derive(Debug)]
struct First {
    after: Snapshot,
    /// After one more deployment.
    updated: OnceLock<Snapshot>,
    /// Its files are the snapshots'.
    bench: Bench,
}

static FIRST: Mutex<Weak<First>> = Mutex::new(Weak::new());

impl First {
    fn deployment() -> Arc<Self> {
        // One that fails fails the test that has made it; the next one tries again.
        let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        first.upgrade().unwrap_or_else(|| {
            let bench = Bench::new(Duration::ZERO);
            bench.must(&["apply", "--yes"]);
            let made = Arc::new(Self { after: bench.foundry.snapshot().unwrap(), updated: OnceLock::new(), bench });
            *first = Arc::downgrade(&made);
            made
        })
    }

    fn updated(&self) -> &Snapshot {
        self.updated.get_or_init(|| {
            self.bench.must(&["apply", "--yes"]);
            self.bench.foundry.snapshot().unwrap()
        })
    }
}

/// The live route of that app.
pub(crate) const LIVE: &str = "shop.apps.foundry.test";

/// The plan that most tests use; `API` stands for the foundry's.
pub(crate) const PLAN: &str = "\
version: 1
target: {api: API, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: app/manifest.yml
    routes:
      live: [shop.apps.foundry.test]
      staging: shop-staging.apps.foundry.test
    checks:
      - http: {path: /health, within: 20s, interval: 50ms}
    drain: 1s
";

/// The plan without checks, which could not reach a router that cannot be reached, and with these keys in the place of its drain.
pub(crate) fn unchecked(keys: &str) -> String {
    let checks = "    checks:\n      - http: {path: /health, within: 20s, interval: 50ms}\n";
    PLAN.replace(checks, "").replace("drain: 1s", keys)
}

/// A plan of three apps, of which the first one is live already; the check of the second one asks for this path.
pub(crate) fn three(path: &str) -> String {
    let app = PLAN.split_once("  - name: shop\n").unwrap().1.replace("drain: 1s", "drain: 0s");
    let more = |name: &str, check: &str| {
        let keys = app.replace("shop", name).replace("/health, within: 20s", check);
        format!("  - name: {name}\n{keys}")
    };
    let shop = PLAN.replace("drain: 1s", "drain: 0s");
    format!("{shop}{}{}", more("cart", &format!("{path}, within: 1s")), more("mail", "/health, within: 20s"))
}

/// The manifest of the pushed app. Its instances may be slow to answer: what tests starve of the machine is not broken.
pub(crate) const MANIFEST: &str = "\
applications:
- name: shop
  buildpacks: [binary_buildpack]
  command: ./sinatra
  instances: 2
  memory: 64M
  health-check-type: http
  health-check-http-endpoint: /health
  health-check-invocation-timeout: 30
";

/// The settings of a foundry whose routers learn of a change after `delay`.
fn learning_after(delay: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.router.propagation = Propagation::both(delay);
    settings
}

impl Bench {
    /// A bench with the usual plan, and routers that learn of a change after `delay`.
    pub(crate) fn new(delay: Duration) -> Self {
        Self::with(learning_after(delay))
    }

    /// A bench with the usual plan on a foundry of other settings.
    pub(crate) fn with(settings: Settings) -> Self {
        Self::before(Foundry::start(settings).unwrap(), None)
    }

    /// A bench whose app is live as `shop_a`, on a foundry whose routers learn of a change after `delay`.
    pub(crate) fn live(delay: Duration) -> Self {
        Self::live_with(learning_after(delay))
    }

    /// A bench whose app is live as `shop_a`, with routers that learn of a change at once and a plan that does not drain.
    pub(crate) fn live_undrained() -> Self {
        Self::live(Duration::ZERO).undrained()
    }

    /// As [`Self::live_undrained`], where an update is live as `shop_b` and `shop_a` is the version before it.
    pub(crate) fn updated_undrained() -> Self {
        let first = First::deployment();
        let foundry = Foundry::start(learning_after(Duration::ZERO)).unwrap();
        foundry.restore(first.updated()).unwrap();
        Self::before(foundry, Some(first)).undrained()
    }

    fn undrained(self) -> Self {
        self.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s"));
        self
    }

    /// A bench whose app is live as `shop_a`, on a foundry whose other settings do not show in its state.
    pub(crate) fn live_with(settings: Settings) -> Self {
        let first = First::deployment();
        let foundry = Foundry::start(settings).unwrap();
        foundry.restore(&first.after).unwrap();
        Self::before(foundry, Some(first))
    }

    /// A team in front of a foundry.
    fn before(foundry: Foundry, first: Option<Arc<First>>) -> Self {
        let cf = Cf::targeted(&foundry);
        let bench = Self { foundry, cf, _first: first };
        let app = bench.folder().join("app");
        fs::create_dir(&app).unwrap();
        fs::copy(sinatra(), app.join("sinatra")).unwrap();
        bench.write("app/manifest.yml", MANIFEST);
        bench.write("deploy.yaml", PLAN);
        bench
    }

    /// The team's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.cf.work_dir()
    }

    /// Writes a file of the team's; `API` in it becomes the foundry's URL.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text.replace("API", &self.foundry.api_url())).unwrap();
    }

    /// Makes a program of the team's. A shell writes it: what this process has open to write, a child that another test
    /// is just starting has open, too, and such a file cannot be run ("Text file busy").
    pub(crate) fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        #[expect(clippy::disallowed_methods, reason = "no cf is started")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"", "sh"]).arg(&path).arg(text);
        assert!(command.status().unwrap().success());
        path
    }

    /// The command that runs `cutover` in the team's folder, with the team's cf session. An `apply` deploys whatever runs:
    /// tests deploy the same files again and again.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.as_typed(args);
        if args.first() == Some(&"apply") {
            command.arg("--force");
        }
        command
    }

    /// As [`Self::command`], with nothing added.
    pub(crate) fn as_typed(&self, args: &[&str]) -> Command {
        #[expect(clippy::disallowed_methods, reason = "tests start the tool from outside")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
        command
            .args(args)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CF_HOME", self.cf.home())
            .env("CUTOVER_CF", cf::binary())
            .env("CUTOVER_ROUTER", self.foundry.router_url())
            .envs(cf::BRIEF)
            .stdin(Stdio::null());
        command
    }

    /// Runs `cutover` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().unwrap())
    }

    /// Runs `cutover` and expects it to succeed.
    pub(crate) fn must(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, 0, "cutover {args:?}\n{}\n{}", run.out, run.err);
        run
    }

    /// The apps that the route of a host leads to, by the platform's word.
    pub(crate) fn apps_on(&self, host: &str) -> Vec<String> {
        self.apps_behind(|route| route.host == host)
    }

    /// The names of the apps that a route leads to, by the platform's word.
    pub(crate) fn leads_to(&self, url: &str) -> Vec<String> {
        self.apps_behind(|route| route.url == url)
    }

    fn apps_behind(&self, is: impl Fn(&RouteSummary) -> bool) -> Vec<String> {
        let route = self.foundry.routes().into_iter().find(is);
        let mut names = route.map(|route| route.apps).unwrap_or_default();
        names.sort();
        names
    }

    /// How long the first step took whose event says this, by `events.jsonl`.
    pub(crate) fn seconds_of(&self, words: &str) -> f64 {
        let events = fs::read_to_string(self.folder().join("events.jsonl")).unwrap();
        let told = events.lines().find(|line| line.contains(words)).unwrap();
        serde_json::from_str::<serde_json::Value>(told).unwrap()["seconds"].as_f64().unwrap()
    }

    /// An app of somebody else's, on a route of its own, which must stay as it is.
    pub(crate) fn has_billing(&self) {
        self.cf.must(["create-app", "billing"]);
        self.cf.must(["map-route", "billing", "apps.foundry.test", "--hostname", "billing"]);
    }

    /// Each process of an app: how many instances it is to have, and how large they are.
    pub(crate) fn sizes_of(&self, app: &str) -> Vec<String> {
        let processes = self.foundry.app(app).unwrap().processes;
        processes.iter().map(|one| format!("{}: {} × {} MB", one.kind, one.instances, one.memory_in_mb)).collect()
    }

    /// Whether a deployment, or a way back, is under way on an app.
    pub(crate) fn is_under_way(&self) -> bool {
        let is_under_way = |role: &String| matches!(role.as_str(), "next" | "rolling-back");
        self.foundry.apps().iter().any(|app| app.annotations.get("cutover-role").is_some_and(is_under_way))
    }

    /// Whether there is a lock.
    pub(crate) fn has_lock(&self) -> bool {
        self.foundry.apps().iter().any(|app| app.name.starts_with("cutover-lock"))
    }

    /// The desired state of an app, in the words of `cf app`.
    pub(crate) fn state_of(&self, app: &str) -> &'static str {
        match self.foundry.app(app) {
            Some(app) if app.started => "started",
            Some(_) => "stopped",
            None => "",
        }
    }
}

/// What routers take to learn of a change, where they are late.
pub(crate) const LATE: Propagation = Propagation::both(Duration::from_millis(300));

/// Two routers that are late.
pub(crate) fn late_routers() -> Settings {
    let mut settings = Settings { routers: 2, ..Settings::default() };
    settings.router.propagation = LATE;
    settings
}

impl Run {
    /// Reads the output of a process that has ended.
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It ended with this code, and its log tells these words.
    #[track_caller]
    pub(crate) fn assert_tells(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        assert_has(&self.err, words);
    }
}

/// A text has these words.
#[track_caller]
pub(crate) fn assert_has(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "'{words}' is not in:\n{text}");
    }
}

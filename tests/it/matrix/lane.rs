//! A foundry with a snapshot of its state before each step of a deployment.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Mutex;

use cutover::rehearse::load::{LiveUrl, Load, LoadSettings, Mix};
use foundry::Snapshot;
use testkit::wait::comes_true;

use crate::support::bench::{Bench, LATE, LIVE, PLAN, late_routers};
use crate::support::inside;
use crate::whole::{set_by_hand, whole};

/// Where a case may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The new version is live, the old one stopped.
    Goal,
    /// That, or all is as it was at the start.
    Either,
}

/// How a run ended: `None` where it was killed.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) code: Option<i32>,
    #[expect(dead_code, reason = "told where a case goes wrong")]
    pub(super) err: String,
}

/// A foundry with a team in front of it, and a snapshot before each step.
pub(super) struct Lane {
    pub(super) bench: Bench,
    steps: Vec<String>,
    snapshots: Vec<Snapshot>,
    temporary: PathBuf,
}

impl Lane {
    /// Deploys a first version, and an update step by step, with a snapshot before each.
    pub(super) fn prepare(number: usize) -> Self {
        let bench = Bench::with(late_routers());
        let timeouts = "{call: 6s, upload: 25s, staging: 25s, start: 40s, route: 60s, binding: 20s}";
        let services = "path: app\n    services: [db]";
        let plan = PLAN.replace("drain: 1s", &format!("drain: 1s\n    timeouts: {timeouts}"));
        bench.write("deploy.yaml", &plan.replace("path: app", services));
        bench.cf.must(["create-user-provided-service", "db", "-p", r#"{"uri":"db://x"}"#]);
        bench.has_billing();
        let mut lane = Self::before(bench, number);
        assert_eq!(lane.run(&["apply", "--yes"]).code, Some(0));
        lane.record();
        lane
    }

    /// The same with most of a plan at once, and with most of what somebody may have set by hand.
    pub(super) fn of_whole(number: usize) -> Self {
        let mut lane = Self::before(whole(late_routers()), number);
        assert_eq!(lane.run(&["apply", "--yes"]).code, Some(0));
        set_by_hand(&lane.bench, "shop_a");
        lane.record();
        lane
    }

    fn before(bench: Bench, number: usize) -> Self {
        let temporary = bench.folder().join(format!("tmp-{number}"));
        fs::create_dir(&temporary).unwrap();
        Self { bench, steps: Vec::new(), snapshots: Vec::new(), temporary }
    }

    /// Runs the update, with a snapshot before each step.
    fn record(&mut self) {
        let taken = Mutex::new(Vec::new());
        let ended = inside::deploy(&self.bench, &|step| {
            taken.lock().unwrap().push((step.id.clone(), self.bench.foundry.snapshot().unwrap()));
        });
        assert_eq!(ended, Ok(()));
        (self.steps, self.snapshots) = taken.into_inner().unwrap().into_iter().unzip();
    }

    /// The steps, in order.
    pub(super) fn steps(&self) -> &[String] {
        &self.steps
    }

    /// Puts the foundry back to the state before a step.
    pub(super) fn put_back(&self, step: &str) {
        let at = self.steps.iter().position(|known| known == step).unwrap();
        self.calm();
        self.bench.foundry.restore(&self.snapshots[at]).unwrap();
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm(&self) {
        self.bench.foundry.faults().clear();
        for router in self.bench.foundry.routers() {
            router.set_propagation(LATE);
        }
    }

    /// Requests of every kind on the live route.
    pub(super) fn load(&self) -> Load {
        let url = LiveUrl { host: LIVE.to_owned(), path: String::new() };
        let mut settings = LoadSettings::new(self.bench.foundry.router_addr(), vec![url], 50);
        settings.mix = Mix { get: 4, post: 2, slow: 1, kept: 2, sticky: 1, stream: 1, socket: 1 };
        "/session".clone_into(&mut settings.paths.session);
        Load::start(settings, Some(self.bench.foundry.access_log())).unwrap()
    }

    /// Starts `cutover`, in a process that can be killed.
    pub(super) fn start(&self, args: &[&str]) -> Child {
        let log = fs::File::create(self.bench.folder().join("err.txt")).unwrap();
        fs::write(self.bench.folder().join("events.jsonl"), "").unwrap();
        let mut command = self.bench.command(args);
        command.args(["--events", "events.jsonl"]).env("TMPDIR", &self.temporary);
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Waits for its end.
    pub(super) fn end(&self, mut child: Child) -> Ending {
        let status = child.wait().unwrap();
        Ending { code: status.code(), err: fs::read_to_string(self.bench.folder().join("err.txt")).unwrap() }
    }

    /// Runs `cutover` to its end.
    pub(super) fn run(&self, args: &[&str]) -> Ending {
        self.end(self.start(args))
    }

    /// Runs `cutover`, which must succeed; what did not is told by the state that it leaves.
    pub(super) fn must(&self, args: &[&str]) -> Ending {
        self.run(args)
    }

    /// Takes back what is under way; where nothing is, there is nothing to do.
    pub(super) fn take_back(&self) -> Ending {
        // After a run that has taken back everything by itself, a rollback would be the one after the deployment
        // before.
        if self.bench.is_under_way() || self.bench.has_lock() {
            self.run(&["rollback", "--yes"])
        } else {
            self.run(&["status"])
        }
    }

    fn role(&self, app: &str) -> Option<String> {
        self.bench.foundry.app(app)?.annotations.get("cutover-role").cloned()
    }

    /// Waits until something is so; a test that waits in vain ends.
    pub(super) fn until(&self, what: &str, reached: impl Fn() -> bool) {
        let err = || fs::read_to_string(self.bench.folder().join("err.txt"));
        assert!(comes_true(reached), "in vain: {what}\n{:?}", err());
    }

    /// Waits until a step was begun that has this id, or this one and a number.
    pub(super) fn until_started(&self, step: &str) {
        let events = self.bench.folder().join("events.jsonl");
        let is_it = |id: &str| {
            let number = id.strip_prefix(step).and_then(|rest| rest.strip_prefix('-'));
            id == step || number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        let begins = |line: &str| line.split("\"step\":\"").nth(1)?.split('"').next().map(is_it);
        self.until(step, || fs::read_to_string(&events).unwrap().lines().any(|line| begins(line) == Some(true)));
    }

    /// The names of the apps on the routes of a host, each once, by the platform's own records.
    fn on(&self, host: &str) -> Vec<String> {
        let routes = self.bench.foundry.routes().into_iter().filter(|route| route.host == host);
        let names: BTreeSet<String> = routes.flat_map(|route| route.apps).collect();
        names.into_iter().collect()
    }

    fn starts(&self, app: &str) -> bool {
        self.bench.foundry.app(app).is_some_and(|app| app.started)
    }

    /// What is not as it must be at the end of a case.
    pub(super) fn what_is_wrong(&self, end: End) -> Vec<String> {
        let mut wrong = Vec::new();
        let live = self.on("shop");
        let at_goal = live == ["shop_b"] && self.starts("shop_b") && !self.starts("shop_a");
        let at_start = live == ["shop_a"] && self.starts("shop_a") && !self.starts("shop_b");
        if !(at_goal || (end == End::Either && at_start)) {
            wrong.push(format!(
                "live is {live:?}, shop_a started: {}, shop_b started: {}",
                self.starts("shop_a"),
                self.starts("shop_b")
            ));
        }
        if self.bench.is_under_way() {
            wrong.push(format!("still under way: {:?} {:?}", self.role("shop_a"), self.role("shop_b")));
        }
        for host in ["shop-staging", "shop-next"] {
            if !self.on(host).is_empty() {
                wrong.push(format!("on the staging route {host}: {:?}", self.on(host)));
            }
        }
        for route in self.bench.foundry.routes() {
            let goes_along = ["www", "api", "promo"].contains(&route.host.as_str());
            if goes_along && route.apps != live {
                wrong.push(format!("{} leads to {:?}, and the live route to {live:?}", route.url, route.apps));
            }
        }
        if self.on("billing") != ["billing"] {
            wrong.push("somebody else's route was changed".to_owned());
        }
        let names: Vec<String> = self.bench.foundry.apps().into_iter().map(|app| app.name).collect();
        if names.iter().any(|name| !["shop_a", "shop_b", "billing"].contains(&name.as_str())) {
            wrong.push(format!("apps are left: {names:?}"));
        }
        // What does not go is named.
        let _gone = comes_true(|| self.files().is_empty() && self.processes().is_empty());
        wrong.extend(self.files().into_iter().map(|file| format!("{file} is left")));
        wrong.extend(self.processes().into_iter().map(|process| format!("process {process} is left")));
        wrong
    }

    fn files(&self) -> Vec<String> {
        fs::read_dir(&self.temporary)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Processes that work with this lane's directory for temporary files.
    fn processes(&self) -> Vec<String> {
        let ours = format!("TMPDIR={}", self.temporary.display());
        let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        entries
            .filter(|entry| {
                let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|one| one == ours.as_bytes())
            })
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}

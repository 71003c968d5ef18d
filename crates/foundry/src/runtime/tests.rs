//! Instances as processes: what an app can see of its life.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::Foundry;
use crate::platform::lock;
use crate::router::Propagation;
use crate::runtime::codependent::Codependent;
use crate::runtime::instance::{End, Instance};
use crate::runtime::launch::{Launch, Log, Running};
use crate::runtime::life::Life;
use crate::runtime::lrp::{LrpKey, LrpState, Report};
use crate::settings::Settings;
use crate::state::{
    App, DesiredState, Droplet, DropletState, Guid, HealthCheck, HealthCheckKind, Metadata, Process, Sidecar, WEB,
};

/// A started app whose web process runs a shell command and is well as long as it is there.
struct Bench {
    foundry: Foundry,
    key: LrpKey,
}

impl Bench {
    fn new(command: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.router.propagation = Propagation::NONE;
        change(&mut settings);
        let foundry = Foundry::start(settings).unwrap();
        let platform = &foundry.platform;
        let key = platform.store.update(|db| {
            let space = db.spaces.keys().next().unwrap().clone();
            let now = Timestamp::now();
            let mut app = App::new("shop", &space);
            app.state = DesiredState::Started;
            app.environment.insert("GREETING".to_owned(), "hello".to_owned());
            let droplet = Droplet {
                guid: Guid::random(),
                app: app.guid.clone(),
                package: None,
                process_types: IndexMap::from([(WEB.to_owned(), command.to_owned())]),
                buildpacks: Vec::new(),
                stack: None,
                lifecycle: crate::state::LifecycleKind::Buildpack,
                image: None,
                stand_in: false,
                checksum: None,
                state: DropletState::Staged,
                own_command: None,
                metadata: Metadata::default(),
                created_at: now,
                updated_at: now,
            };
            std::fs::create_dir(platform.cell.blobs().droplet(&droplet.guid)).unwrap();
            app.droplet = Some(droplet.guid.clone());
            let mut process = Process::new(&app.guid, WEB, 1024);
            process.state = DesiredState::Started;
            process.health = HealthCheck::of(HealthCheckKind::Process);
            let key = LrpKey { process: process.guid.clone(), version: process.version.clone() };
            db.apps.insert(app.guid.clone(), app);
            db.droplets.insert(droplet.guid.clone(), droplet);
            db.processes.insert(process.guid.clone(), process);
            key
        });
        Self { foundry, key }
    }

    fn change(&self, change: impl FnOnce(&mut Process)) {
        self.foundry.platform.store.update(|db| change(db.processes.get_mut(&self.key.process).unwrap()));
    }

    fn reports(&self) -> Vec<Report> {
        self.foundry.platform.cell.reports(&self.key)
    }

    /// Waits for a condition; a minute is far more than any of them needs.
    fn eventually(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds(self) {
            assert!(Instant::now() < end, "in vain: {what}: {:?}, {:?}", self.reports(), self.lines());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Gives the web process a sidecar that takes 100 MB, and a new version.
    fn add_sidecar(&mut self, name: &str, command: &str) {
        let now = Timestamp::now();
        let sidecar = Sidecar {
            guid: Guid::random(),
            app: self.key.process.clone(),
            name: name.to_owned(),
            command: command.to_owned(),
            process_types: vec![WEB.to_owned()],
            memory_in_mb: Some(100),
            created_at: now,
            updated_at: now,
        };
        self.foundry.platform.store.update(|db| db.sidecars.insert(sidecar.guid.clone(), sidecar));
        self.key.version = Guid::random();
        self.change(|process| process.version = self.key.version.clone());
    }

    /// What the app wrote.
    fn lines(&self) -> Vec<String> {
        self.lines_of("APP/PROC/WEB")
    }

    fn lines_of(&self, source: &str) -> Vec<String> {
        let lines = self.foundry.platform.logs.of(self.key.process.as_str());
        lines.into_iter().filter(|line| line.source == source).map(|line| line.text).collect()
    }

    /// Why instances crashed, oldest first.
    fn crashes(&self) -> Vec<String> {
        self.foundry.platform.store.read(|db| {
            let crashes = db.audit_events.values().filter(|event| event.kind == "audit.app.process.crash");
            crashes.map(|event| event.data["exit_description"].as_str().unwrap().to_owned()).collect()
        })
    }

    fn wrote(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line == text)
    }
}

#[test]
fn an_instance_sees_its_environment_and_is_asked_to_end() {
    let command = "trap 'echo bye; exit 0' TERM; echo $GREETING $USER $CF_INSTANCE_INDEX $MEMORY_LIMIT; \
                   echo \"$VCAP_APPLICATION\" | grep -c '\"application_name\":\"shop\"'; \
                   [ \"$PORT\" = \"$VCAP_APP_PORT\" ] && [ \"$PWD\" = \"$HOME\" ] && echo same; echo up; \
                   while :; do sleep 0.01; done";
    let bench = Bench::new(command, |_| ());
    bench.eventually("it runs", |bench| bench.wrote("up"));
    assert_eq!(bench.lines(), ["hello vcap 0 1024m", "1", "same", "up"]);
    bench.eventually("it is well", |bench| {
        bench.reports().iter().any(|one| one.state == LrpState::Running && one.routable)
    });
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("it is gone", |bench| bench.reports().is_empty());
    assert!(bench.wrote("bye"));
    assert!(bench.wrote("Exit status 0"));
}

#[test]
fn a_command_that_stands_alone_has_its_time_to_end() {
    let bench = Bench::new(
        "/bin/sh -c \"trap 'sleep 0.2; echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done\"",
        |_| (),
    );
    bench.eventually("it runs", |bench| bench.wrote("up"));
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("it is gone", |bench| bench.reports().is_empty());
    assert!(bench.wrote("bye"), "{:?}", bench.lines());
    assert!(bench.wrote("Exit status 0"), "{:?}", bench.lines());
}

#[test]
fn an_instance_that_does_not_end_is_killed() {
    let bench = Bench::new("trap '' TERM; echo up; while :; do sleep 0.01; done", |settings| {
        settings.timing.graceful_shutdown = Duration::from_millis(50);
    });
    bench.eventually("it runs", |bench| bench.wrote("up"));
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("it is gone", |bench| bench.reports().is_empty());
    assert!(bench.wrote("Exit status 137"));
}

#[test]
fn an_instance_that_waits_before_sigterm_can_still_be_killed() {
    let bench = Bench::new("echo up; exec sleep 600", |settings| {
        settings.timing.term_after_unregister = Duration::from_secs(3600);
    });
    bench.eventually("it runs", |bench| bench.wrote("up"));
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("it stops", |bench| bench.reports().iter().all(|one| one.state == LrpState::Stopping));
    let instances = lock(&bench.foundry.platform.cell.instances).clone();
    for instance in &instances {
        instance.kill();
    }
    bench.eventually("it is gone", |bench| bench.reports().is_empty());
}

#[test]
fn an_order_that_comes_while_the_process_is_started_is_heeded() {
    let bench = Bench::new("exec sleep 600", |_| ());
    bench.eventually("it runs", |bench| !bench.reports().is_empty());
    let platform = &bench.foundry.platform;
    let spec = Arc::clone(&lock(&platform.cell.instances)[0].spec);
    let instance = Instance::new(Arc::clone(&spec), 1, Vec::new());
    let guid = Guid::random();
    let launch = Launch { guid: &guid, droplet: &spec.droplet, command: &spec.command, environment: Vec::new() };
    let container = platform.cell.container(&launch).unwrap();
    let group = platform.cell.launch(&launch, &container).unwrap();
    instance.stop();
    let end = bench.foundry.runtime.as_ref().unwrap().block_on(async {
        let log = Log { platform: Arc::clone(platform), app: spec.app.clone(), source: spec.source(), instance: 1 };
        let running = Codependent::new(Running::new(group, &log), std::iter::empty());
        let life = Life {
            instance: &instance,
            platform,
            guid: guid.clone(),
            port: 1,
            on: Vec::new(),
            on_ports: Vec::new(),
            crashed: 0,
        };
        tokio::time::timeout(Duration::from_secs(60), life.watch(running)).await
    });
    assert_eq!(end.expect("it went on"), End::Stopped);
}

#[test]
fn a_crash_is_noted_and_the_third_one_waits() {
    let bench = Bench::new("echo up; exit 3", |settings| settings.timing.crash_backoff = Duration::from_secs(3600));
    bench.eventually("it has crashed three times", |bench| bench.crashes().len() == 3);
    assert!(bench.crashes().iter().all(|crash| crash == "APP/PROC/WEB: Exited with status 3"));
    bench.eventually("it waits", |bench| bench.reports().iter().all(|one| one.state == LrpState::Crashed));
    assert_eq!(bench.lines().iter().filter(|line| *line == "up").count(), 3);
    // One that waits ends at once.
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("it is gone", |bench| bench.reports().is_empty());
}

#[test]
fn a_crash_that_was_taken_back_does_not_come() {
    let bench = Bench::new("echo up; sleep 2.5; echo still; exec sleep 600", |_| ());
    bench.eventually("it runs", |bench| bench.wrote("up"));
    bench.foundry.faults().crash(None, Duration::from_secs(2));
    bench.change(|process| process.version = Guid::random());
    bench.eventually("the new version runs", |bench| bench.lines().iter().filter(|line| *line == "up").count() == 2);
    bench.foundry.faults().clear();
    bench.eventually("it still runs", |bench| bench.wrote("still"));
    assert_eq!(bench.lines().iter().filter(|line| *line == "up").count(), 2);
}

#[test]
fn an_instance_crashes_when_it_is_told_to() {
    let bench = Bench::new("echo up; exec sleep 600", |_| ());
    let ups = |bench: &Bench| bench.lines().iter().filter(|line| *line == "up").count();
    bench.eventually("it runs", |bench| ups(bench) == 1);
    assert_eq!(bench.foundry.crash_now("other"), 0);
    assert_eq!(bench.foundry.crash_now("shop"), 1);
    bench.eventually("it runs again", |bench| ups(bench) == 2 && bench.wrote("Exit status 1"));
    // The next one has its time.
    bench.foundry.faults().crash(Some("shop"), Duration::from_millis(20));
    assert_eq!(bench.foundry.crash_now("shop"), 1);
    bench.eventually("the third one has crashed by itself", |bench| {
        bench.lines().iter().filter(|line| *line == "Exit status 1").count() == 3
    });
}

#[test]
fn an_instance_can_be_kept_from_becoming_healthy() {
    let bench = Bench::new("echo up; exec sleep 600", |_| ());
    bench.eventually("it is well", |bench| bench.reports().iter().any(|one| one.state == LrpState::Running));
    bench.foundry.faults().keep_unhealthy(Some("shop"));
    bench.change(|process| {
        process.health.timeout = Some(0);
        process.version = Guid::random();
    });
    let lines = |bench: &Bench| bench.foundry.platform.logs.of(bench.key.process.as_str());
    bench.eventually("it never was well", |bench| {
        lines(bench).iter().any(|line| line.text == "Timed out after 0s: health check never passed.")
    });
    bench.foundry.faults().clear();
    bench.eventually("it is well again", |bench| {
        lines(bench).iter().filter(|line| line.text == "Container became healthy").count() == 2
    });
}

/// What the lines of the sidecar `proxy` come from.
const PROXY: &str = "APP/PROC/WEB/SIDECAR/PROXY";

/// How often it said goodbye, and ended well.
fn said(bench: &Bench) -> [usize; 2] {
    ["bye", "Exit status 0"].map(|text| bench.lines_of(PROXY).iter().filter(|line| *line == text).count())
}

#[test]
fn a_sidecar_runs_in_the_container_of_its_process_and_ends_with_it() {
    let mut bench = Bench::new("until [ -e met ]; do sleep 0.01; done; echo met $MEMORY_LIMIT; exec sleep 600", |_| ());
    bench.add_sidecar(
        "proxy",
        "trap 'echo bye; exit 0' TERM; echo $GREETING $MEMORY_LIMIT $CF_INSTANCE_INDEX; \
         echo \"$VCAP_APPLICATION\" | grep -c '\"mem\":100,'; touch met; while :; do sleep 0.01; done",
    );
    bench.eventually("they have met", |bench| bench.wrote("met 924m"));
    assert_eq!(bench.lines_of(PROXY), ["hello 100m 0", "1"]);
    bench.change(|process| process.state = DesiredState::Stopped);
    bench.eventually("they are gone", |bench| bench.reports().is_empty());
    assert_eq!(said(&bench), [1, 1]);
    assert!(bench.wrote("Exit status 143"));
}

#[test]
fn an_instance_crashes_when_a_sidecar_ends() {
    let cases = [("exit 3", "APP/PROC/WEB/SIDECAR/PROXY: Exited with status 3"), ("exit 0", "Codependent step exited")];
    for (end, why) in cases {
        let command = "trap 'echo bye; exit 0' TERM; echo up $MEMORY_LIMIT; touch up; while :; do sleep 0.01; done";
        let mut bench = Bench::new(command, |settings| settings.timing.crash_backoff = Duration::from_secs(3600));
        bench.eventually("it runs alone", |bench| bench.wrote("up 1024m"));
        bench.add_sidecar("proxy", &format!("until [ -e up ]; do sleep 0.01; done; {end}"));
        bench.eventually("it has crashed three times", |bench| bench.crashes() == [why; 3]);
        bench.eventually("it waits", |bench| bench.reports().iter().all(|one| one.state == LrpState::Crashed));
        let asked = bench.lines().iter().filter(|line| *line == "bye").count();
        assert_eq!(asked, 4, "{:?}", bench.lines());
        assert_eq!(bench.lines_of(PROXY).len(), 3);
    }
}

#[test]
fn a_sidecar_ends_when_its_process_does() {
    let mut bench = Bench::new("until [ -e up ]; do sleep 0.01; done; exit 4", |settings| {
        settings.timing.crash_backoff = Duration::from_secs(3600);
    });
    bench.add_sidecar("proxy", "trap 'echo bye; exit 0' TERM; touch up; while :; do sleep 0.01; done");
    let why = "APP/PROC/WEB: Exited with status 4";
    bench.eventually("it has crashed three times", |bench| bench.crashes() == [why; 3]);
    assert_eq!(said(&bench), [3, 3]);
}

#[test]
fn a_restore_brings_back_the_sidecars_that_ran() {
    let mut bench = Bench::new("exec sleep 600", |_| ());
    bench.add_sidecar("proxy", "echo $$; exec sleep 600");
    let groups =
        |bench: &Bench| -> Vec<i32> { bench.lines_of(PROXY).iter().filter_map(|line| line.parse().ok()).collect() };
    let both_run = |bench: &Bench, times: usize| {
        groups(bench).len() == times && bench.reports().iter().any(|one| one.state == LrpState::Running)
    };
    bench.eventually("both run", |bench| both_run(bench, 1));
    let snapshot = bench.foundry.snapshot().unwrap();
    bench.foundry.platform.store.update(|db| db.sidecars.clear());
    bench.change(|process| process.version = Guid::random());
    bench.eventually("both are gone", |bench| bench.reports().is_empty());
    bench.foundry.restore(&snapshot).unwrap();
    bench.eventually("both run again", |bench| both_run(bench, 2));
    // Whether the cell has noticed or not that it has ended.
    let group = Pid::from_raw(groups(&bench)[1]).unwrap();
    kill_process_group(group, Signal::KILL).unwrap();
    bench.foundry.restore(&snapshot).unwrap();
    bench.eventually("both run once more", |bench| both_run(bench, 3));
}

#[test]
fn the_number_of_instances_follows_and_each_has_its_index() {
    let bench = Bench::new("echo index $CF_INSTANCE_INDEX; sleep 600", |_| ());
    bench.change(|process| process.instances = 3);
    bench.eventually("all run", |bench| {
        bench.reports().iter().filter(|one| one.state == LrpState::Running).count() == 3
            && (0..3).all(|index| bench.wrote(&format!("index {index}")))
    });
    bench.change(|process| process.instances = 1);
    bench.eventually("one is left", |bench| bench.reports().len() == 1);
    assert_eq!(bench.reports()[0].index, 0);
    let first = bench.reports()[0].instance.clone();
    assert!(bench.foundry.platform.cell.retire(&bench.key, 0));
    bench.eventually("another took its place", |bench| {
        bench.reports().iter().any(|one| one.instance != first && one.state == LrpState::Running)
    });
}

#[test]
fn an_instance_without_room_is_down_until_there_is() {
    let bench = Bench::new("echo up; sleep 600", |settings| settings.cell_memory_in_mb = Some(1024));
    bench.eventually("the first runs", |bench| bench.wrote("up"));
    bench.change(|process| process.instances = 2);
    bench.eventually("the second has no place", |bench| {
        let reports = bench.reports();
        reports.iter().any(|one| one.placement_error.as_deref() == Some("insufficient resources: memory"))
    });
    bench.change(|process| process.instances = 1);
    bench.eventually("it is not waited for any more", |bench| bench.reports().len() == 1);
}

#[test]
fn nothing_outlives_the_foundry() {
    let bench = Bench::new("echo $$; sleep 600 & echo up; wait", |_| ());
    bench.eventually("it runs", |bench| bench.wrote("up"));
    let group = bench.lines()[0].clone();
    let directory = bench.foundry.platform.cell.containers();
    assert!(directory.exists());
    bench.foundry.shutdown();
    assert!(!std::path::Path::new(&format!("/proc/{group}")).exists());
}

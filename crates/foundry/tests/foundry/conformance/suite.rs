//! A binary of specs: what is in it, and a run of some of them, bounded in time.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use foundry::Foundry;
use foundry::settings::{Settings, Timing};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use testkit::cf;

use super::commands::{self, Stage, Suite};
use super::excluded::Excluded;
use super::report::{self, Outcome, Report, Spec};
use super::{tell, workshop};

/// How long one spec may take. Most take a second; what waits for an answer that never comes would wait for five
/// minutes.
const SPEC: Duration = Duration::from_secs(150);

/// How long a spec may say nothing: it waits for something that does not come.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a run has to end, and to write its report, once it was interrupted.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// What Ginkgo prints between two specs.
const BETWEEN: &str = "------------------------------";

fn binary(suite: Suite) -> PathBuf {
    let path = workshop().join(suite.binary());
    assert!(path.is_file(), "{} is no file: `make conformance` builds it", path.display());
    path
}

/// All specs of a binary.
pub(super) fn list(suite: Suite) -> Vec<Spec> {
    let place = TempDir::new().unwrap();
    let file = place.path().join("report.json");
    let mut command = command(suite, place.path(), &file);
    command.args(["-ginkgo.dry-run", "-ginkgo.succinct"]).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "{} cannot list its specs", suite.binary());
    let listed = report(&file).unwrap();
    let mut specs = listed.specs;
    for spec in &mut specs {
        if spec.outcome == Outcome::Passed {
            spec.outcome = Outcome::NotRun;
        }
    }
    specs
}

fn report(file: &Path) -> Option<Report> {
    report::parse(&fs::read(file).ok()?)
}

fn command(suite: Suite, place: &Path, report: &Path) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the specs drive cf themselves")]
    let mut command = Command::new(binary(suite));
    let path = format!("{}:/usr/bin:/bin", cf::binary().parent().unwrap().display());
    command
        .arg(format!("-ginkgo.json-report={}", report.display()))
        .args(["-ginkgo.no-color", "-ginkgo.seed=1"])
        .current_dir(place)
        .env_clear()
        .env("PATH", path)
        .env("HOME", place)
        .env("TMPDIR", place)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// Runs a command's specs, but for those that are excluded. One that hangs is given up, and the others go on without
/// it.
pub(super) fn run(command: &commands::Command, mut specs: Vec<Spec>, excluded: &Excluded) -> Vec<Spec> {
    for spec in &mut specs {
        if let Some(reason) = excluded.reason(&spec.name) {
            spec.outcome = Outcome::Excluded(reason.to_owned());
        }
    }
    let left = |specs: &[Spec]| specs.iter().filter(|spec| spec.outcome == Outcome::NotRun).count();
    let mut attempt = 0;
    while left(&specs) > 0 {
        attempt += 1;
        let before = left(&specs);
        let log = match attempt {
            1 => format!("{}.log", command.name),
            _ => format!("{}-{attempt}.log", command.name),
        };
        let told = once(command, &specs, &log);
        for spec in specs.iter_mut().filter(|spec| spec.outcome == Outcome::NotRun) {
            if let Some(same) = told.iter().flat_map(|report| &report.specs).find(|one| one.name == spec.name) {
                spec.outcome = same.outcome.clone();
            }
        }
        if left(&specs) == before {
            let why =
                told.and_then(|report| report.setup).unwrap_or_else(|| "the run ended without a report".to_owned());
            for spec in specs.iter_mut().filter(|spec| spec.outcome == Outcome::NotRun) {
                spec.outcome = Outcome::Failed(format!("not run: {why}"));
            }
        }
    }
    specs
}

/// The platform that the specs are written for: one with names (but for some), with limits, and that takes a while.
fn platform(stage: Stage) -> Settings {
    let timing =
        Timing { staging: Duration::from_secs(4), deployment_tick: Duration::from_secs(5), ..Timing::default() };
    Settings {
        system_domain: (stage != Stage::Addressed).then(|| "sys.foundry.test".to_owned()),
        default_app_memory_in_mb: 256,
        cell_memory_in_mb: Some(64 * 1024),
        timing,
        ..Settings::default()
    }
}

/// Runs the specs that have not been run on a foundry of their own.
fn once(command: &commands::Command, specs: &[Spec], log: &str) -> Option<Report> {
    let foundry = Foundry::start(platform(command.stage)).unwrap();
    let place = TempDir::new().unwrap();
    let file = place.path().join("report.json");
    let logs = workshop().join("logs");
    fs::create_dir_all(&logs).unwrap();
    let log = logs.join(log);
    let told = File::create(&log).unwrap();
    let mut run = self::command(command.suite, place.path(), &file);
    for name in command.files {
        run.arg(format!("-ginkgo.focus-file=/{}$", regex::escape(name)));
    }
    for spec in specs.iter().filter(|spec| spec.outcome != Outcome::NotRun) {
        run.arg(format!("-ginkgo.skip= {}$", regex::escape(&spec.name)));
    }
    let settings = foundry.settings();
    run.args(["-ginkgo.v", "-ginkgo.grace-period=5s", "-ginkgo.timeout=1h", "-test.timeout=0"])
        .env("CF_INT_API", foundry.api_url())
        // There is no name server for the foundry's domains.
        .env("http_proxy", foundry.router_url())
        .env("CF_INT_USERNAME", &settings.user)
        .env("CF_INT_PASSWORD", &settings.password)
        .env("CF_INT_CLIENT_ID", &settings.client.0)
        .env("CF_INT_CLIENT_SECRET", &settings.client.1)
        .stdout(told.try_clone().unwrap())
        .stderr(told)
        // What it starts is ended with it.
        .process_group(0);
    let mut child = run.spawn().unwrap();
    watch(&mut child, &log);
    // Whatever is left of the group; usually nothing.
    let _gone = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait().unwrap();
    foundry.shutdown();
    report(&file)
}

/// Waits for the end of a run; interrupts it when a spec takes too long, so that it still writes its report.
fn watch(child: &mut Child, log: &Path) {
    let (mut size, mut said) = (0, Instant::now());
    let (mut specs, mut begun) = (0, Instant::now());
    let mut interrupted: Option<Instant> = None;
    while child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(100));
        match interrupted {
            Some(at) if at.elapsed() > LAST_WORDS => return,
            Some(_) => continue,
            None => {}
        }
        let now = fs::metadata(log).unwrap().len();
        if now != size {
            (size, said) = (now, Instant::now());
            let seen = fs::read_to_string(log).unwrap_or_default().matches(BETWEEN).count();
            if seen != specs {
                (specs, begun) = (seen, Instant::now());
            }
        }
        if said.elapsed() > SILENCE || begun.elapsed() > SPEC {
            tell(&format!("interrupted after {} s: see {}", begun.elapsed().as_secs(), log.display()));
            kill_process(Pid::from_child(child), Signal::INT).unwrap();
            interrupted = Some(Instant::now());
        }
    }
}

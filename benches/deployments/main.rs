//! How long deployments take, beside the scripts that they take the place of: `make bench` runs it and writes
//! `docs/performance.md`.
//!
//! The contenders take turns on the same embedded Cloud Foundry, with the same real cf, from the same space; of each pair the
//! quotient counts, and of all of them the median, so that what else the machine does falls out. A scale: `CUTOVER_PAIRS` is how many
//! pairs there are. With `CUTOVER_PROFILE=1` the calls of cf of one deployment are printed instead, in time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends"
)]

#[path = "../../tests/it/support/bench.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod bench;
mod contender;
mod report;
mod usage;

use std::fmt::Write as _;
use std::time::Duration;

use cutover::rehearse::load::{LiveUrl, Load, LoadSettings};
use foundry::Snapshot;
use foundry::router::Propagation;
use foundry::settings::Settings;

use bench::Bench;
use contender::{Contender, apps, manifest, plan_of};
use report::{Row, Table, median};
use usage::Usage;

/// How late a router learns of a change of a route.
const ROUTERS: Duration = Duration::from_millis(200);
/// How long staging takes.
const STAGING: Duration = Duration::from_secs(2);

fn main() {
    let pairs = std::env::var("CUTOVER_PAIRS").ok().and_then(|pairs| pairs.parse().ok()).unwrap_or(5);
    if std::env::var_os("CUTOVER_PROFILE").is_some() {
        [20, 100].into_iter().for_each(profile);
        return;
    }
    let mut table = Table::default();
    start(&mut table);
    large_plans(&mut table);
    a_large_space(&mut table);
    one_app(&mut table, pairs);
    nothing_to_deploy(&mut table, pairs);
    late_routers(&mut table);
    eight_apps(&mut table, pairs);
    table.write();
}

/// A bench with so many apps that are live, whose platform takes so long for each call.
fn live(count: usize, latency: Duration) -> (Bench, Snapshot) {
    let mut settings = Settings::default();
    settings.router.propagation = Propagation::both(ROUTERS);
    let bench = Bench::with(settings);
    bench.write("deploy.yaml", &plan_of(count));
    for app in apps(count) {
        bench.write(&format!("{app}.yml"), &manifest(&app, None));
        bench.write(&format!("{app}-staging.yml"), &manifest(&app, Some(&format!("{app}-staging"))));
    }
    bench.must(&["apply", "--yes", "--parallel", "8"]);
    bench.foundry.set_timing(|timing| {
        timing.call_latency = latency;
        timing.staging = STAGING;
    });
    let snapshot = bench.foundry.snapshot().unwrap();
    (bench, snapshot)
}

/// Runs the contenders in turns, each from the same space; how long each of them took, run by run.
fn in_turns(bench: &Bench, from: &Snapshot, pairs: usize, contenders: &[Contender]) -> Vec<Vec<Duration>> {
    let mut took = vec![Vec::new(); contenders.len()];
    for _ in 0..pairs {
        for (contender, took) in contenders.iter().zip(&mut took) {
            bench.foundry.restore(from).unwrap();
            took.push(contender.run(bench).took);
        }
    }
    took
}

/// The median of the quotients of pairs.
fn quotient(took: &[Duration], of: &[Duration]) -> f64 {
    median(took.iter().zip(of).map(|(took, of)| took.as_secs_f64() / of.as_secs_f64()).collect())
}

fn seconds(took: &[Duration]) -> f64 {
    median(took.iter().map(Duration::as_secs_f64).collect())
}

fn one_app(table: &mut Table, pairs: usize) {
    for (latency, most) in [(20, 0.65), (100, 0.9)] {
        let (bench, from) = live(1, Duration::from_millis(latency));
        let took = in_turns(&bench, &from, pairs, &[Contender::Script(1), Contender::Cutover]);
        let note = format!("{:.1} s, the script {:.1} s", seconds(&took[1]), seconds(&took[0]));
        table.add(Row::ratio(&format!("one app, {latency} ms a call"), quotient(&took[1], &took[0]), most, &note));
        if latency == 20 {
            let of = |contender: Contender| {
                bench.foundry.restore(&from).unwrap();
                bench.foundry.request_log().clear();
                let run = contender.run(&bench);
                (run, contender::requests(&bench))
            };
            let (_, by_script) = of(Contender::Script(1));
            let (run, requests) = of(Contender::Cutover);
            let calls = contender::calls(&bench, &from);
            let note = format!("the script {by_script}");
            table.add(Row::count("requests to the API for it", requests, 70, &note));
            table.add(Row::count("calls of cf for it", calls, 45, ""));
            let cpu = run.cpu.as_secs_f64() / run.took.as_secs_f64() * 100.0;
            table.add(Row::percent("own CPU of it", cpu, 2.0, "without cf's"));
        }
    }
}

/// Prints when each call of cf of one deployment begins and how long it takes, between the steps that make it.
fn profile(latency: u64) {
    let (bench, from) = live(1, Duration::from_millis(latency));
    bench.foundry.restore(&from).unwrap();
    println!("\none app, {latency} ms a call: second, seconds, what");
    for (begin, seconds, what) in contender::calls_in_time(&bench) {
        println!("{begin:6.2} {} {what}", seconds.map_or_else(|| " ".repeat(5), |seconds| format!("{seconds:5.2}")));
    }
}

fn nothing_to_deploy(table: &mut Table, pairs: usize) {
    let (bench, from) = live(1, Duration::from_millis(20));
    let took = in_turns(&bench, &from, pairs, &[Contender::Script(1), Contender::Unchanged]);
    let note = format!("{:.2} s", seconds(&took[1]));
    table.add(Row::ratio("one app, nothing to deploy", quotient(&took[1], &took[0]), 0.10, &note));
}

fn eight_apps(table: &mut Table, pairs: usize) {
    let (bench, from) = live(8, Duration::from_millis(20));
    let contenders = [Contender::Script(8), Contender::Scripts(8), Contender::Cutover];
    let took = in_turns(&bench, &from, pairs, &contenders);
    let note = format!("{:.1} s, the loop {:.1} s", seconds(&took[2]), seconds(&took[0]));
    table.add(Row::ratio("eight apps, the script in a loop", quotient(&took[2], &took[0]), 0.30, &note));
    let note = format!("the scripts {:.1} s", seconds(&took[1]));
    table.add(Row::ratio("eight apps, eight scripts at once", quotient(&took[2], &took[1]), 1.1, &note));
}

/// Requests that fail while routers are 2 s late.
fn late_routers(table: &mut Table) {
    let (bench, from) = live(1, Duration::from_millis(20));
    bench.foundry.routers().iter().for_each(|router| router.set_propagation(Propagation::both(Duration::from_secs(2))));
    let mut told = String::new();
    let mut of_ours = 0;
    for contender in [Contender::Script(1), Contender::Cutover] {
        bench.foundry.restore(&from).unwrap();
        let url = LiveUrl { host: "app-1.apps.foundry.test".to_owned(), path: String::new() };
        let load = Load::start(
            LoadSettings::new(bench.foundry.router_addr(), vec![url], 100),
            Some(bench.foundry.access_log()),
        );
        let load = load.unwrap();
        contender.run(&bench);
        std::thread::sleep(Duration::from_secs(3));
        let report = load.finish();
        of_ours = report.failed;
        let _ = write!(told, "{} of {} with {}; ", report.failed, report.sent, contender.name());
    }
    table.add(Row::count(
        "requests that fail, routers 2 s late",
        usize::try_from(of_ours).unwrap(),
        0,
        told.trim_end_matches("; "),
    ));
}

/// Plans that are compiled and proved from a snapshot of a space.
fn large_plans(table: &mut Table) {
    let bench = Bench::with(Settings::default());
    for count in [1, 100, 1000] {
        bench.write("deploy.yaml", &plan_of(count));
        for app in apps(count) {
            bench.write(&format!("{app}.yml"), &manifest(&app, None));
        }
        bench.write("space.json", &contender::space(&bench, count));
        let runs: Vec<Usage> = (0..5).map(|_| contender::proved(&bench)).collect();
        let took = median(runs.iter().map(|usage| usage.took.as_secs_f64()).collect());
        let memory = runs.iter().map(|usage| usage.memory_mb).max().unwrap();
        let proved = format!("{took:.2} s compiled and proved by `plan --space`, {memory} MiB");
        match count {
            1 => table.add(Row::time("compile, 1 app", contender::compiled(&bench), 10.0, "ms", &proved)),
            100 => table.add(Row::time("compile, 100 apps", contender::compiled(&bench), 300.0, "ms", &proved)),
            _ => {
                table.add(Row::time("`plan --space`, 1,000 apps compiled and proved", took, 5.0, "s", ""));
                let memory = usize::try_from(memory).unwrap();
                table.add(Row::count("MiB for it", memory, 60, ""));
            }
        }
    }
}

/// `plan` for ten apps in a space of a thousand.
fn a_large_space(table: &mut Table) {
    let (bench, _) = live(10, Duration::ZERO);
    contender::crowd(&bench, 980);
    let calls = contender::calls_of(&bench, &["plan"]);
    table.add(Row::count("calls of cf, `plan` of 10 apps among 1,000", calls, 12, ""));
}

fn start(table: &mut Table) {
    let bench = Bench::with(Settings::default());
    let took: Vec<f64> = (0..50).map(|_| contender::version(&bench).as_secs_f64() * 1000.0).collect();
    table.add(Row::time("`--version`", median(took), 10.0, "ms", ""));
}

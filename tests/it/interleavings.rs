//! Several apps in lanes under load, while each call of the platform takes differently long and something goes wrong at a random
//! moment. A seed says how long each call takes, what goes wrong, and with which call.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cutover::rehearse::load::{LiveUrl, Load, LoadSettings};
use foundry::Snapshot;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::settings::Jitter;
use testkit::figures;
use testkit::wait::PATIENCE;

use crate::support::bench::{Bench, Run, three};
use crate::support::soak::{Random, asked, tell};

const APPS: [&str; 3] = ["shop", "cart", "mail"];
const FILE: [&str; 4] = ["--file", "three.yaml", "--parallel", "6"];
/// How differently long calls take.
const JITTER: Duration = Duration::from_millis(60);
/// How many calls a deployment makes that change something: the fault hits one of them.
const CHANGES: u64 = 60;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    Nothing,
    Killed,
    Harm(Fault),
}

/// What one seed stands for.
#[derive(Debug)]
struct Case {
    seed: u64,
    strike: Strike,
    call: u64,
    goes_back: bool,
}

impl Case {
    fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let strike = match random.below(8) {
            0 => Strike::Nothing,
            1 | 2 => Strike::Killed,
            3 => Strike::Harm(Fault::Before(Harm::Hang)),
            4 => Strike::Harm(Fault::Before(Harm::ExpireTokens)),
            5 => Strike::Harm(Fault::After(Harm::Close)),
            6 => Strike::Harm(Fault::Before(Harm::status(500))),
            _ => Strike::Harm(Fault::After(Harm::status(502))),
        };
        Self { seed, strike, call: random.below(CHANGES) + 1, goes_back: random.below(2) == 0 }
    }

    /// Deploys while it goes wrong.
    fn apply(&self, bench: &Bench) -> Option<Run> {
        let faults = bench.foundry.faults();
        let on = |fault| Rule::changing(fault).on(Occurrence::Nth(self.call));
        match self.strike {
            Strike::Nothing => {}
            Strike::Harm(fault) => faults.add(on(fault)),
            Strike::Killed => {
                let held = faults.hold(on(Fault::Before(Harm::Nothing)));
                let mut child = started(bench, "apply");
                while !held.wait_until_reached(Duration::from_millis(50)) {
                    if child.try_wait().unwrap().is_some() {
                        return Some(Run::of(&child.wait_with_output().unwrap()));
                    }
                }
                child.kill().unwrap();
                child.wait().unwrap();
                assert!(held.wait_until_left(PATIENCE), "no cf is left behind");
                held.release();
                return None;
            }
        }
        Some(Run::of(&started(bench, "apply").wait_with_output().unwrap()))
    }

    /// What is not as it must be once somebody has gone on or back.
    fn what_is_wrong(&self, bench: &Bench, from: &Snapshot) -> Option<String> {
        let foundry = &bench.foundry;
        foundry.faults().clear();
        foundry.restore(from).unwrap();
        foundry.set_timing(|timing| timing.call_jitter = Jitter { most: JITTER, seed: self.seed });
        let urls = APPS.map(|app| LiveUrl { host: format!("{app}.apps.foundry.test"), path: String::new() });
        let load = Load::start(LoadSettings::new(foundry.router_addr(), urls.to_vec(), 60), Some(foundry.access_log()));
        let load = load.unwrap();
        let mut told = vec![format!("{self:?}")];
        let mut note = |verb: &str, run: &Run| told.push(format!("{verb}: {}\n{}", run.code, run.err));
        let ended = self.apply(bench);
        if let Some(run) = &ended {
            note("apply", run);
        }
        let is_done = ended.as_ref().is_some_and(|run| run.code == 0);
        foundry.faults().clear();
        if !is_done && (bench.is_under_way() || bench.has_lock()) {
            let verb = if self.goes_back { "rollback" } else { "resume" };
            let run = Run::of(&started(bench, verb).wait_with_output().unwrap());
            note(verb, &run);
        }
        let report = load.finish();
        let mut wrong = Vec::new();
        if report.failed > 0 || report.sent == 0 {
            wrong.push(format!("{} of {} requests failed: {:?}", report.failed, report.sent, report.failures));
        }
        for app in APPS {
            let live = bench.leads_to(&format!("{app}.apps.foundry.test"));
            let as_it_was = live == [format!("{app}_a")];
            let is_new = live == [format!("{app}_b")];
            if !(is_new || (as_it_was && !is_done)) {
                wrong.push(format!("{app} is live as {live:?}"));
            }
            if let Some(staged) = bench.leads_to(&format!("{app}-staging.apps.foundry.test")).first() {
                wrong.push(format!("{staged} is on the staging route"));
            }
        }
        if bench.is_under_way() {
            wrong.push("something is still under way".to_owned());
        }
        let names = foundry.apps().into_iter().map(|app| app.name);
        wrong.extend(names.filter(|name| name.starts_with("cutover-lock")).map(|lock| format!("{lock} is left")));
        (!wrong.is_empty()).then(|| format!("CUTOVER_SEED={}: {}\n{}", self.seed, wrong.join("; "), told.join("\n")))
    }
}

fn started(bench: &Bench, verb: &str) -> Child {
    let args = [&[verb, "--yes"], &FILE[..]].concat();
    let mut command = bench.command(&args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// A space in which all three apps are live.
fn bench() -> (Bench, Snapshot) {
    let bench = Bench::live_undrained();
    let timeouts =
        "drain: 0s\n    timeouts: {call: 6s, upload: 25s, staging: 25s, start: 40s, route: 60s, binding: 20s}";
    bench.write("three.yaml", &three("/health").replace("drain: 0s", timeouts));
    bench.must(&["apply", "--yes", "--file", "three.yaml", "--app", "cart", "--app", "mail"]);
    let from = bench.foundry.snapshot().unwrap();
    (bench, from)
}

/// Tries so many seeds from that one on, on so many platforms.
fn try_seeds(seed: u64, count: u64, platforms: usize) {
    let next = AtomicU64::new(0);
    let work = || {
        let (bench, from) = bench();
        let mut wrong = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count {
                return wrong;
            }
            let case = Case::of(seed.wrapping_add(number));
            let found = case.what_is_wrong(&bench, &from);
            tell(&format!("{} {case:?}", if found.is_none() { "ok   " } else { "WRONG" }));
            wrong.extend(found);
        }
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let all: Vec<_> = (0..platforms).map(|_| scope.spawn(work)).collect();
        all.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {count} seeds:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Each commit tries another seed; `CUTOVER_SEED` names one.
#[test]
fn a_random_interleaving() {
    let seed = asked("CUTOVER_SEED").unwrap_or_else(|| testkit::part::of(1 << 20) as u64);
    try_seeds(seed, 1, 1);
}

/// `CUTOVER_SEED` names the first seed, `CUTOVER_SOAK` how many are tried.
#[test]
#[ignore = "`make verify` runs it: many more of the same"]
fn many_random_interleavings() {
    let seed = asked("CUTOVER_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20);
    let count = asked("CUTOVER_SOAK").unwrap_or(40);
    let line = format!("CUTOVER_SEED={seed} CUTOVER_SOAK={count}");
    tell(&line);
    try_seeds(seed, count, 3);
    figures::note(
        "random interleavings",
        &format!("three apps in six lanes, something goes wrong at a random moment: {line}, none is wrong"),
    );
}

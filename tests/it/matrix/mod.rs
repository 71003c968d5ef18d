//! The fault matrix: every step of a deployment × everything that the foundry can do to it, with the real cf, under
//! load.
//!
//! - `lane`: a foundry with a snapshot of its state before each step; what a case starts from and is judged by
//! - `kind`: what goes wrong, and with which call of a step
//!
//! A case puts the foundry back to the state before its step, lets `cutover` go on from there while requests of every
//! kind are sent, and lets one thing go wrong. Then `resume` or `rollback` ends it. No request may fail, the end is the
//! goal or the start, and nothing is left: no process, no file, no lock, nothing of anybody else's changed.
//!
//! Going on from a state before step k is what another machine does; so each case is a test of `resume`, too.

mod kind;
mod lane;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use kind::Kind;
use lane::{End, Lane};
use testkit::{figures, part};

use crate::support::soak::{Random, asked, tell};

/// How many foundries work side by side: most of what a case takes is waiting.
const LANES: usize = 4;
/// How many do where there are few cases: each of them has to be prepared first.
const FEW_LANES: usize = 2;
/// Into how many parts the matrix is cut. Each commit tries the part that its hash names, so that all are met in time.
const PARTS: usize = 60;

/// What came of one case.
struct Outcome {
    name: String,
    requests: u64,
    wrong: Option<String>,
}

/// A case: its number in the whole matrix, the step, and what goes wrong.
type Case = (usize, String, Kind);

/// Runs cases on lanes, each lane its share.
fn run_all(
    lanes: usize,
    prepare: impl Fn(usize) -> Lane + Sync,
    cases_of: impl Fn(&[String]) -> Vec<Case> + Sync,
) -> Vec<Outcome> {
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..lanes {
            let (outcomes, prepare, cases_of) = (&outcomes, &prepare, &cases_of);
            scope.spawn(move || {
                let lane = prepare(number);
                for (at, (case_number, step, kind)) in cases_of(lane.steps()).into_iter().enumerate() {
                    if at % lanes == number {
                        let tried = catch_unwind(AssertUnwindSafe(|| case(&lane, &step, &kind, case_number)));
                        let outcome = tried.unwrap_or_else(|panic| given_up(&step, &kind, &*panic));
                        match &outcome.wrong {
                            None => tell(&format!("ok    {}", outcome.name)),
                            Some(why) => tell(&format!("WRONG {why}")),
                        }
                        outcomes.lock().unwrap().push(outcome);
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

/// One case: the step, what goes wrong, and what ends it.
fn case(lane: &Lane, step: &str, kind: &Kind, number: usize) -> Outcome {
    let name = format!("{step} × {kind}");
    lane.put_back(step);
    let load = lane.load();
    let mut told = Vec::new();
    let begun = Instant::now();
    let ended = kind.strike(lane, step);
    told.push(format!("{ended:?}"));
    lane.calm();
    // Whatever is left half-way is ended, forward and back in turns.
    let end = if ended.code == Some(0) {
        End::Goal
    } else if number.is_multiple_of(2) {
        told.push(format!("{:?}", lane.must(&["resume", "--yes"])));
        End::Either
    } else {
        told.push(format!("{:?}", lane.take_back()));
        End::Either
    };
    let report = load.finish();
    let mut wrong = lane.what_is_wrong(end);
    // A version that crashes while it serves takes its requests with it.
    if report.failed > 0 && !kind.crashes_what_serves() {
        wrong.push(format!("{} of {} requests failed: {:?}", report.failed, report.sent, report.failures));
    }
    if report.sent == 0 {
        wrong.push("no request was sent".to_owned());
    }
    let wrong = (!wrong.is_empty())
        .then(|| format!("{name} ({:.1} s): {}\n{}", begun.elapsed().as_secs_f64(), wrong.join("; "), told.join("\n")));
    Outcome { name, requests: report.sent, wrong }
}

/// A case that could not be brought to its end.
fn given_up(step: &str, kind: &Kind, panic: &(dyn std::any::Any + Send)) -> Outcome {
    let name = format!("{step} × {kind}");
    let words = panic.downcast_ref::<String>().map_or("it was given up", String::as_str);
    Outcome { wrong: Some(format!("{name}: {words}")), name, requests: 0 }
}

fn judge(title: &str, outcomes: &[Outcome], time: Duration) {
    let requests: u64 = outcomes.iter().map(|outcome| outcome.requests).sum();
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in outcomes {
        let kind = outcome.name.split(" × ").nth(1).unwrap_or_default();
        // Each random moment is another one.
        let kind = if kind.ends_with(" ms") { "killed at a random moment" } else { kind };
        *by_kind.entry(kind).or_default() += 1;
    }
    let kinds: Vec<String> = by_kind.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
    let figures = format!(
        "{title}: {} cases in {} s, with {requests} requests on the live route ({})",
        outcomes.len(),
        time.as_secs(),
        kinds.join(", ")
    );
    tell(&figures);
    let wrong: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.wrong.as_deref()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), outcomes.len(), wrong.join("\n\n"));
    figures::note(title, &figures);
}

fn all_cases(steps: &[String]) -> Vec<Case> {
    let of_step = |step: &String| Kind::of(step).into_iter().map(|kind| (step.clone(), kind)).collect::<Vec<_>>();
    steps.iter().flat_map(of_step).enumerate().map(|(number, (step, kind))| (number, step, kind)).collect()
}

#[test]
#[ignore = "`make verify` runs it: it takes a quarter of an hour"]
fn every_step_and_every_fault() {
    let begun = Instant::now();
    let outcomes = run_all(LANES, Lane::prepare, all_cases);
    judge("fault matrix", &outcomes, begun.elapsed());
}

/// Each step of a deployment with most of a plan at once, with one of the faults that can meet it; they take turns.
#[test]
#[ignore = "`make verify` runs it: it takes ten minutes"]
fn every_step_of_most_of_a_plan() {
    let begun = Instant::now();
    let outcomes = run_all(LANES, Lane::of_whole, |steps| {
        let one = |(number, step): (usize, &String)| {
            let mut kinds = Kind::of(step);
            let kind = kinds.swap_remove(number % kinds.len());
            (number, step.clone(), kind)
        };
        steps.iter().enumerate().map(one).collect()
    });
    judge("fault matrix of most of a plan", &outcomes, begun.elapsed());
}

/// `CUTOVER_MATRIX=3/60` names the part: 60 parts, counted from 1.
#[test]
fn a_part_of_every_step_and_every_fault() {
    let (part, parts) = asked_part().unwrap_or_else(|| (part::of(PARTS) + 1, PARTS));
    tell(&format!("CUTOVER_MATRIX={part}/{parts}"));
    let begun = Instant::now();
    let outcomes =
        run_all(FEW_LANES, Lane::prepare, |steps| all_cases(steps).into_iter().skip(part - 1).step_by(parts).collect());
    judge(&format!("part {part} of {parts} of the fault matrix"), &outcomes, begun.elapsed());
}

fn asked_part() -> Option<(usize, usize)> {
    let asked = std::env::var("CUTOVER_MATRIX").ok()?;
    let numbers = asked.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    let part = numbers.filter(|(part, of)| (1..=*of).contains(part));
    Some(part.unwrap_or_else(|| panic!("CUTOVER_MATRIX={asked}: a part is told as 3/60")))
}

/// Killed at random moments. `CUTOVER_SEED` repeats a run; `CUTOVER_SOAK` is how many cases there are.
#[test]
#[ignore = "`make verify` runs it: at what moment a run is killed depends on the machine's speed"]
fn killed_at_random_moments() {
    let seed = asked("CUTOVER_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let count = asked("CUTOVER_SOAK").map_or(40, |count| usize::try_from(count).unwrap());
    tell(&format!("CUTOVER_SEED={seed} CUTOVER_SOAK={count}"));
    let begun = Instant::now();
    let outcomes = run_all(LANES, Lane::prepare, |steps| {
        let mut random = Random::new(seed);
        let case = |number| {
            let step = steps[usize::try_from(random.below(steps.len() as u64)).unwrap()].clone();
            (number, step, Kind::KilledAfter(Duration::from_millis(random.below(6000))))
        };
        (0..count).map(case).collect()
    });
    judge("random kills", &outcomes, begun.elapsed());
}

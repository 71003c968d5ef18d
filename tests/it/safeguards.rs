//! What keeps a run safe, taken away part by part: a wrong part is put into the runner, and what its guard asserts is
//! violated; with the right part it holds. Which test guards which safeguard is listed in `docs/safeguards.md`.
//!
//! They take minutes, so `make verify` runs them; the guards themselves are part of `make test`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cutover::plan::{HttpCheck, LocalCheck, Protocol, RouteUrl, Watch};
use cutover::rehearse::load::LoadReport;
use cutover::run::api::observe_error::ObserveError;
use cutover::run::executor::ended::Ended;
use cutover::run::executor::runner::Runner;
use cutover::run::reading::parts::Parts;
use cutover::run::reading::reader::Reader;
use cutover::run::routes::check::Checks;
use cutover::run::routes::outcome::Outcome;
use cutover::run::routes::probe::{Evidence, Router, Unconfirmed};
use cutover::run::waiting::clock::{Clock, LockLost, Stop};
use cutover::run::waiting::signal::Signal;
use cutover::space::{Destination, Space};
use cutover::steps::Step;
use cutover::steps::action::question::RouterQuestion;
use foundry::faults::{Fault, Harm, Occurrence, Rule};
use foundry::router::Propagation;
use foundry::settings::Settings;
use testkit::figures;

use crate::load::{under_load, under_load_with};
use crate::support::bench::{Bench, LIVE, PLAN};
use crate::support::inside::{Believed, Driven, Meanwhile, prepared};

const DESTINATIONS: &str = "/v3/routes/*/destinations";
/// What the impatient clock waits at the most.
const IMPATIENCE: Duration = Duration::from_secs(1);

/// A router that is believed as soon as it has said once what is hoped for.
struct AskedOnce(SocketAddr);

impl AskedOnce {
    fn reaches(&self, url: &RouteUrl, guid: &str) -> bool {
        let mut stream = TcpStream::connect(self.0).unwrap();
        let head =
            format!("HEAD / HTTP/1.1\r\nHost: {url}\r\nX-Cf-App-Instance: {guid}:0\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        !answer.contains("unknown_route")
    }
}

impl Router for AskedOnce {
    fn ask(
        &self,
        question: &RouterQuestion<'_>,
        space: &Space,
        _: Duration,
        _: Instant,
        clock: &dyn Clock,
        _: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Evidence, Unconfirmed> {
        let (app, url, wanted) = match question {
            RouterQuestion::Reached { app, url } => (app, url, true),
            RouterQuestion::Gone { app, url } => (app, url, false),
        };
        let guid = &space.app(app.as_str()).unwrap().guid;
        while self.reaches(url, guid) != wanted {
            clock.pause(Duration::from_millis(100)).map_err(Unconfirmed::Interrupted)?;
        }
        Ok(Evidence::Asked { answers: 1 })
    }
}

/// A clock that waits for nothing for long, goes on by what it was to wait, and notes how much that was.
#[derive(Default)]
struct Impatient {
    waited: Mutex<Duration>,
    skipped: Mutex<Duration>,
}

impl Clock for Impatient {
    fn now(&self) -> Instant {
        Instant::now() + *self.skipped.lock().unwrap()
    }

    fn pause(&self, time: Duration) -> Result<(), Stop> {
        *self.waited.lock().unwrap() += time;
        thread::sleep(time.min(IMPATIENCE));
        *self.skipped.lock().unwrap() += time.saturating_sub(IMPATIENCE);
        Ok(())
    }
}

/// A clock on which an hour passes between two looks.
struct Hasty {
    begun: Instant,
    looks: AtomicU32,
}

impl Clock for Hasty {
    fn now(&self) -> Instant {
        self.begun + Duration::from_secs(3600) * self.looks.fetch_add(1, Ordering::SeqCst)
    }

    fn pause(&self, time: Duration) -> Result<(), Stop> {
        thread::sleep(time);
        Ok(())
    }
}

/// A clock by which the run is to stop, once that is so.
struct Stopping<'a>(&'a AtomicBool);

impl Clock for Stopping<'_> {
    fn pause(&self, time: Duration) -> Result<(), Stop> {
        thread::sleep(time);
        if self.0.load(Ordering::SeqCst) { Err(Stop::Signal(Signal::Interrupt)) } else { Ok(()) }
    }
}

/// A reader that reports what is expected, once the live route is about to be mapped: that it leads to the new colour.
struct Expecting<'a> {
    right: &'a dyn Reader,
    mapped: &'a AtomicBool,
}

impl Reader for Expecting<'_> {
    fn glance(&self, space: &mut Space, parts: &Parts, goes_on: &(dyn Fn() -> bool + Sync)) -> bool {
        self.right.glance(space, parts, goes_on)
    }

    fn refresh(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        self.right.refresh(space, parts)?;
        let next = space.app("shop_b").map(|app| app.guid.clone()).filter(|_| self.mapped.load(Ordering::SeqCst));
        if let (Some(next), Some(live)) = (next, space.routes.iter_mut().find(|route| route.url == LIVE))
            && live.destinations.iter().all(|to| to.app != next)
        {
            let (process, protocol) = ("web".to_owned(), Protocol::Http1);
            live.destinations.push(Destination { app: next, process, port: None, protocol });
        }
        Ok(())
    }
}

/// A reader that does not look at routes any more, once the live route is about to be mapped.
struct Stale<'a> {
    right: &'a dyn Reader,
    mapped: &'a AtomicBool,
}

impl Reader for Stale<'_> {
    fn glance(&self, space: &mut Space, parts: &Parts, goes_on: &(dyn Fn() -> bool + Sync)) -> bool {
        self.right.glance(space, parts, goes_on)
    }

    fn refresh(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        let before = space.routes.clone();
        self.right.refresh(space, parts)?;
        if self.mapped.load(Ordering::SeqCst) {
            space.routes = before;
        }
        Ok(())
    }
}

/// Checks that all pass.
struct Passing;

impl Checks for Passing {
    fn run(&self, _: &LocalCheck, _: &str, _: Option<&RouteUrl>, _: &Space, _: &dyn Clock) -> Outcome {
        Outcome::Passed("it looks well".to_owned())
    }

    fn watch(&self, _: &Watch, _: &[HttpCheck], _: &str, _: &[RouteUrl], _: &Space, _: &dyn Clock) -> Outcome {
        Outcome::Passed("it looks well for long".to_owned())
    }
}

/// Which part is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Right,
    Wrong,
}

/// Runs a deployment with a part of it changed.
fn run_with(driven: Driven<'_>, change: impl for<'a> FnOnce(Runner<'a>) -> Runner<'a>) -> Ended {
    let Driven { runner, deployment, space } = driven;
    Driven { runner: change(runner), deployment, space }.run()
}

/// Runs a deployment in which something happens before a step, as before all that the runner makes sure of.
fn run_and(driven: Driven<'_>, at: &str, act: &(dyn Fn() + Sync)) -> Ended {
    let hold = |step: &Step, _: &Space| {
        if step.id == at {
            act();
        }
        Ok(())
    };
    let Driven { runner, deployment, space } = driven;
    Driven { runner: Runner { hold: &hold, ..runner }, deployment, space }.run()
}

/// With the right part it holds, with the wrong one it does not.
fn is_guarded(what: &str, holds: impl Fn(Part) -> bool) {
    assert!(holds(Part::Right), "it does not hold as it is");
    assert!(!holds(Part::Wrong), "it holds without its safeguard: nothing guards it");
    figures::note(&format!("safeguard {what}"), &format!("safeguard taken away, and noticed: {what}"));
}

fn nothing_failed(report: &LoadReport) -> bool {
    assert!(report.sent > 0);
    report.failed == 0
}

#[test]
#[ignore = "`make verify` runs it"]
fn the_router_is_asked() {
    is_guarded("the router is asked", |part| {
        let bench = Bench::live(Duration::ZERO);
        // The check is passed long after the staging route is known, whoever was asked for that.
        bench.write("deploy.yaml", &PLAN.replace("within: 20s", "within: 5m"));
        let late = Propagation { register: Duration::from_secs(20), unregister: Duration::ZERO };
        bench.foundry.routers().iter().for_each(|router| router.set_propagation(late));
        nothing_failed(&under_load(&bench, || {
            let ended = prepared(&bench, |driven| match part {
                Part::Right => driven.run(),
                Part::Wrong => run_with(driven, |runner| Runner { router: &Believed, ..runner }),
            });
            assert_eq!(ended, Ok(()));
        }))
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn one_answer_of_one_router_is_not_enough() {
    is_guarded("one answer of one router is not enough", |part| {
        let bench = Bench::live_with(Settings { routers: 3, ..Settings::default() });
        bench.write("deploy.yaml", &PLAN.replace("within: 20s", "within: 5m"));
        bench.foundry.routers()[1].set_propagation(Propagation::both(Duration::from_secs(20)));
        nothing_failed(&under_load(&bench, || {
            let ended = prepared(&bench, |driven| {
                let once = AskedOnce(bench.foundry.router_addr());
                let Driven { runner, deployment, space } = driven;
                let router: &dyn Router = if part == Part::Right { runner.router } else { &once };
                Driven { runner: Runner { router, ..runner }, deployment, space }.run()
            });
            assert_eq!(ended, Ok(()));
        }))
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn the_old_colour_drains() {
    is_guarded("the old colour drains", |part| {
        let mut settings = Settings::default();
        settings.timing.graceful_shutdown = Duration::ZERO;
        settings.router.propagation = Propagation::NONE;
        let bench = Bench::live_with(settings);
        bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 16s"));
        let long = |settings: &mut _| crate::load::streams_of(settings, Duration::from_secs(12));
        nothing_failed(&under_load_with(&bench, long, || {
            let ended = prepared(&bench, |driven| match part {
                Part::Right => driven.run(),
                Part::Wrong => {
                    let clock = Impatient::default();
                    let Driven { runner, deployment, space } = driven;
                    Driven { runner: Runner { clock: &clock, ..runner }, deployment, space }.run()
                }
            });
            assert_eq!(ended, Ok(()));
        }))
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn a_route_settles_where_the_router_cannot_be_asked() {
    let settle = Duration::from_secs(15);
    is_guarded("a route settles where the router cannot be asked", |part| {
        let bench = Bench::live_undrained();
        let with_internal = format!("live: [{LIVE}, shop.apps.internal]");
        let plan = PLAN.replace("drain: 1s", &format!("drain: 0s\n    settle: {}s", settle.as_secs()));
        bench.write("deploy.yaml", &plan.replace(&format!("live: [{LIVE}]"), &with_internal));
        prepared(&bench, |driven| {
            let clock = Impatient::default();
            let Driven { runner, deployment, space } = driven;
            let router: &dyn Router = if part == Part::Right { runner.router } else { &Believed };
            let ended = Driven { runner: Runner { clock: &clock, router, ..runner }, deployment, space }.run();
            assert_eq!(ended, Ok(()));
            // (What is looked at meanwhile takes its part of that time.)
            *clock.waited.lock().unwrap() >= settle / 2
        })
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn a_check_that_fails_keeps_the_new_version_off_the_live_route() {
    is_guarded("a check that fails keeps the new version off the live route", |part| {
        let bench = Bench::live_undrained();
        bench.write("deploy.yaml", &PLAN.replace("/health, within: 20s", "/nowhere, within: 1s"));
        let _ended = prepared(&bench, |driven| match part {
            Part::Right => driven.run(),
            Part::Wrong => run_with(driven, |runner| Runner { checks: &Passing, ..runner }),
        });
        bench.leads_to(LIVE) == ["shop_a"]
    });
}

/// Runs a deployment whose router is not asked, so that only the space read back is between it and harm.
/// `act` is done when the live route has just been mapped.
fn read_back(bench: &Bench, part: Part, act: &(dyn Fn() + Sync)) -> Ended {
    prepared(bench, |driven| {
        let mapped = AtomicBool::new(false);
        let Driven { runner, deployment, space } = driven;
        let expecting = Expecting { right: runner.reader, mapped: &mapped };
        let reader: &dyn Reader = if part == Part::Right { runner.reader } else { &expecting };
        let hold = |step: &Step, _: &Space| {
            mapped.store(mapped.load(Ordering::SeqCst) || step.id == "shop/map-live", Ordering::SeqCst);
            Ok(())
        };
        let runner = Runner { reader, router: &Meanwhile(act), hold: &hold, ..runner };
        Driven { runner, deployment, space }.run()
    })
}

#[test]
#[ignore = "`make verify` runs it"]
fn what_cf_says_is_read_back() {
    is_guarded("what cf says is read back", |part| {
        let bench = Bench::live_undrained();
        bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s\n    timeouts: {route: 8s}"));
        // cf is told that the live route, which comes after the staging route, is mapped, and it is not.
        let lie = Rule::new("POST", DESTINATIONS, Fault::Before(Harm::status(200))).on(Occurrence::From(2));
        bench.foundry.faults().add(lie);
        let _ended = read_back(&bench, part, &|| ());
        !bench.leads_to(LIVE).is_empty()
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn what_others_change_is_noticed() {
    is_guarded("what others change is noticed", |part| {
        let bench = Bench::live_undrained();
        bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s\n    timeouts: {route: 8s}"));
        let by_hand = || {
            bench.cf.must(["unmap-route", "shop_b", "apps.foundry.test", "--hostname", "shop"]);
        };
        let _ended = read_back(&bench, part, &by_hand);
        !bench.leads_to(LIVE).is_empty()
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn an_unknown_outcome_is_settled_by_the_space() {
    is_guarded("an unknown outcome is settled by the space", |part| {
        let bench = Bench::live_undrained();
        bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 0s\n    timeouts: {route: 8s}"));
        bench.foundry.faults().add(Rule::new("POST", DESTINATIONS, Fault::After(Harm::Close)));
        let ended = prepared(&bench, |driven| {
            let mapped = AtomicBool::new(false);
            let Driven { runner, deployment, space } = driven;
            let stale = Stale { right: runner.reader, mapped: &mapped };
            let reader: &dyn Reader = if part == Part::Right { runner.reader } else { &stale };
            let hold = |step: &Step, _: &Space| {
                mapped.store(mapped.load(Ordering::SeqCst) || step.id == "shop/map-live", Ordering::SeqCst);
                Ok(())
            };
            Driven { runner: Runner { reader, hold: &hold, ..runner }, deployment, space }.run()
        });
        ended == Ok(())
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn nothing_is_taken_off_that_something_relies_on() {
    is_guarded("nothing is taken off that something relies on", |part| {
        let bench = Bench::live_undrained();
        let _ended = prepared(&bench, |driven| {
            let mut deployment = driven.deployment.clone();
            if part == Part::Wrong {
                deployment.apps[0].steps.iter_mut().for_each(|step| step.requires = None);
            }
            let Driven { runner, space, .. } = driven;
            // It has passed its check and is on the live route, and crashes for good.
            let crash = || {
                bench.foundry.faults().keep_unhealthy(Some("shop_b"));
                assert_eq!(bench.foundry.crash_now("shop_b"), 2);
            };
            let runner = Runner { router: &Meanwhile(&crash), ..runner };
            Driven { runner, deployment: &deployment, space }.run()
        });
        bench.leads_to(LIVE).contains(&"shop_a".to_owned())
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn an_instance_that_comes_back_is_given_time() {
    is_guarded("an instance that comes back is given time", |part| {
        let bench = Bench::live_undrained();
        let ended = prepared(&bench, |driven| {
            let hasty = Hasty { begun: Instant::now(), looks: AtomicU32::default() };
            let Driven { runner, deployment, space } = driven;
            let clock: &dyn Clock = if part == Part::Right { runner.clock } else { &hasty };
            let crash = || {
                bench.foundry.set_timing(|timing| timing.start = Duration::from_secs(2));
                assert_eq!(bench.foundry.crash_now("shop_b"), 2);
            };
            Driven { runner: Runner { clock, router: &Meanwhile(&crash), ..runner }, deployment, space }.run()
        });
        ended == Ok(())
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn a_signal_ends_the_run_between_two_steps() {
    is_guarded("a signal ends the run between two steps", |part| {
        let bench = Bench::live_undrained();
        let _ended = prepared(&bench, |driven| {
            let (signalled, never) = (AtomicBool::new(false), AtomicBool::new(false));
            let clock = Stopping(if part == Part::Right { &signalled } else { &never });
            let Driven { runner, deployment, space } = driven;
            let driven = Driven { runner: Runner { clock: &clock, ..runner }, deployment, space };
            run_and(driven, "shop/map-live", &|| signalled.store(true, Ordering::SeqCst))
        });
        bench.leads_to(LIVE).contains(&"shop_a".to_owned())
    });
}

#[test]
#[ignore = "`make verify` runs it"]
fn no_step_is_begun_without_the_lock() {
    is_guarded("no step is begun without the lock", |part| {
        let bench = Bench::live_undrained();
        bench.cf.must(["create-app", "cutover-lock-shop"]);
        let _ended = prepared(&bench, |driven| {
            // Somebody breaks it while the live route is being mapped.
            let hold = |step: &Step, _: &Space| {
                let held = bench.cf.run(["app", "cutover-lock-shop", "--guid"]).status.success();
                if step.id == "shop/map-live" {
                    bench.cf.must(["delete", "cutover-lock-shop", "-f"]);
                }
                if held || part == Part::Wrong {
                    Ok(())
                } else {
                    Err(LockLost { app: "shop".to_owned(), why: "it is gone".to_owned() })
                }
            };
            let Driven { runner, deployment, space } = driven;
            Driven { runner: Runner { hold: &hold, ..runner }, deployment, space }.run()
        });
        bench.leads_to(LIVE).contains(&"shop_a".to_owned())
    });
}

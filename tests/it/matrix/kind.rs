//! What goes wrong, and with which call of a step.

use std::fmt;
use std::time::Duration;

use foundry::faults::{Fault, Harm, Occurrence, Rule, StagingFailure};
use foundry::router::Propagation;
use testkit::wait::PATIENCE;

use super::lane::{Ending, Lane};

/// How late routers are.
const LATE: Duration = Duration::from_secs(10);

/// What goes wrong.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The first call of the step fails like this, once.
    Once(&'static str, Fault),
    /// Every call of the step fails like this.
    Always(&'static str, Fault),
    /// `cutover` is killed while the call of the step is on its way: before its effect, or after it.
    KilledInCall(Fault),
    /// `cutover` is killed as soon as the step has begun.
    KilledAtStart,
    /// `cutover` is killed so long after its start.
    KilledAfter(Duration),
    /// Staging fails.
    StagingFails,
    /// The new version never becomes well.
    Unwell,
    /// The new version crashes when the step has begun.
    Crash,
    /// Routers learn of changes late: all of them, or one.
    Late(Routers),
}

/// Which routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routers {
    /// All of them.
    All,
    /// One of several.
    One,
}

impl Kind {
    /// All that can go wrong with a step.
    pub(super) fn of(step: &str) -> Vec<Self> {
        let mut kinds = vec![Self::KilledAtStart];
        if call(step).is_some() {
            let limited = Harm::Answer { status: 429, retry_after: Some(Duration::from_secs(1)) };
            kinds.extend([
                Self::Once("500 before its effect", Fault::Before(Harm::status(500))),
                Self::Once("502 after its effect", Fault::After(Harm::status(502))),
                Self::Once("429", Fault::Before(limited)),
                Self::Once("answer lost", Fault::After(Harm::Close)),
                Self::Once("hang", Fault::Before(Harm::Hang)),
                Self::Once("token expired", Fault::Before(Harm::ExpireTokens)),
                Self::Always("500 for ever", Fault::Before(Harm::status(500))),
                Self::KilledInCall(Fault::Before(Harm::Nothing)),
                Self::KilledInCall(Fault::After(Harm::Nothing)),
            ]);
        }
        match step {
            "shop/stage" => kinds.push(Self::StagingFails),
            "shop/start" => kinds.extend([Self::Unwell, Self::Crash]),
            "shop/check" | "shop/drain" => kinds.push(Self::Crash),
            "shop/map-live" | "shop/unmap-live" => kinds.extend([Self::Late(Routers::All), Self::Late(Routers::One)]),
            _ => {}
        }
        kinds
    }

    /// Whether it ends what may be serving requests.
    pub(super) fn crashes_what_serves(&self) -> bool {
        matches!(self, Self::Crash)
    }

    /// Lets it go wrong while `cutover` goes on from the state before the step; tells how that run ended.
    pub(super) fn strike(&self, lane: &Lane, step: &str) -> Ending {
        let faults = lane.bench.foundry.faults();
        let verb = verb_before(step);
        let go_on = [verb, "--yes"];
        match self {
            Self::Once(_, fault) => {
                // The lock is an app, too, and is made before.
                let first = if step == "shop/create" { Occurrence::Nth(2) } else { Occurrence::First(1) };
                faults.add(rule(lane, step, *fault).on(first));
                lane.run(&go_on)
            }
            Self::Always(_, fault) => {
                faults.add(rule(lane, step, *fault));
                lane.run(&go_on)
            }
            Self::KilledInCall(fault) => {
                let held = faults.hold(rule(lane, step, *fault));
                let mut child = lane.start(&go_on);
                assert!(held.wait_until_reached(PATIENCE), "{step} makes no such call");
                child.kill().unwrap();
                let ending = lane.end(child);
                assert!(held.wait_until_left(PATIENCE), "cf goes on after {step}");
                held.release();
                ending
            }
            Self::KilledAtStart => {
                let mut child = lane.start(&go_on);
                lane.until_started(begun_as(step));
                child.kill().unwrap();
                lane.end(child)
            }
            Self::KilledAfter(time) => {
                let mut child = lane.start(&go_on);
                std::thread::sleep(*time);
                child.kill().unwrap();
                lane.end(child)
            }
            Self::StagingFails => {
                faults.fail_staging(Some("shop_b"), StagingFailure::compile());
                lane.run(&go_on)
            }
            Self::Unwell => {
                faults.keep_unhealthy(Some("shop_b"));
                lane.run(&go_on)
            }
            Self::Crash => {
                let child = lane.start(&go_on);
                lane.until_started(step);
                lane.bench.foundry.crash_now("shop_b");
                lane.end(child)
            }
            Self::Late(which) => {
                let routers = lane.bench.foundry.routers();
                let delayed = if *which == Routers::One { &routers[1..] } else { routers };
                for router in delayed {
                    router.set_propagation(Propagation::both(LATE));
                }
                lane.run(&go_on)
            }
        }
    }
}

/// The id of a step, but for its number, in the list that goes on from right before it: ids are counted anew there.
fn begun_as(step: &str) -> &str {
    match step {
        "shop/mark-2" => "shop/mark",
        other => family(other),
    }
}

/// The verb that goes on from the state before a step: before the app is there, with its mark, nothing is under way yet.
fn verb_before(step: &str) -> &'static str {
    if step == "shop/create" { "apply" } else { "resume" }
}

/// The id without the number that tells it from others of its kind. The two marks are of different apps.
fn family(step: &str) -> &str {
    match step.rsplit_once('-') {
        Some((kind, number)) if number.parse::<u32>().is_ok() && kind != "shop/mark" => kind,
        _ => step,
    }
}

/// The call that does what a step is for: method and path. `None` where it makes none.
fn call(step: &str) -> Option<(&'static str, &'static str)> {
    Some(match family(step) {
        "shop/create" => ("POST", "/v3/apps"),
        "shop/mark" | "shop/mark-2" | "shop/metadata" | "shop/note" => ("PATCH", "/v3/apps/*"),
        "shop/push" => ("POST", "/v3/packages/*/upload"),
        "shop/bind" => ("POST", "/v3/service_credential_bindings"),
        "shop/map-staging" | "shop/map-live" => ("POST", "/v3/routes/*/destinations"),
        "shop/stage" => ("POST", "/v3/builds"),
        "shop/set-droplet" => ("PATCH", "/v3/apps/*/relationships/current_droplet"),
        "shop/start" => ("POST", "/v3/apps/*/actions/start"),
        "shop/unmap-live" | "shop/unmap-staging" => ("DELETE", "/v3/routes/*/destinations/*"),
        "shop/stop" => ("POST", "/v3/apps/*/actions/stop"),
        "shop/env" => ("PATCH", "/v3/apps/*/environment_variables"),
        "shop/feature" => ("PATCH", "/v3/apps/*/features/*"),
        "shop/policies" => ("POST", "/networking/v1/external/policies"),
        "shop/scale" | "shop/hold-process" | "shop/end-process" | "shop/run-process" => {
            ("POST", "/v3/apps/*/processes/*/actions/scale")
        }
        "shop/task" => ("POST", "/v3/apps/*/tasks"),
        "shop/check" | "shop/live-check" | "shop/health" | "shop/watch" | "shop/drain" => return None,
        other => panic!("{other} is a step that the matrix does not know"),
    })
}

/// The rule that hits the call of a step: of the apps, the one that the step is about and not the lock.
fn rule(lane: &Lane, step: &str, fault: Fault) -> Rule {
    let (method, path) = call(step).unwrap();
    let guid = |name: &str| lane.bench.foundry.app(name).unwrap().guid;
    match step {
        "shop/create" => Rule::new(method, path, fault).on(Occurrence::From(2)),
        "shop/mark" | "shop/note" => Rule::new(method, &format!("/v3/apps/{}", guid("shop_a")), fault),
        "shop/mark-2" | "shop/metadata" => Rule::new(method, &format!("/v3/apps/{}", guid("shop_b")), fault),
        _ => Rule::new(method, path, fault),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(name, _) | Self::Always(name, _) => f.write_str(name),
            Self::KilledInCall(Fault::Before(_)) => f.write_str("killed before the call's effect"),
            Self::KilledInCall(Fault::After(_)) => f.write_str("killed after the call's effect"),
            Self::KilledAtStart => f.write_str("killed when it begins"),
            Self::KilledAfter(time) => write!(f, "killed after {} ms", time.as_millis()),
            Self::StagingFails => f.write_str("staging fails"),
            Self::Unwell => f.write_str("the new version is not well"),
            Self::Crash => f.write_str("the new version crashes"),
            Self::Late(Routers::All) => f.write_str("routers are 10 s late"),
            Self::Late(Routers::One) => f.write_str("one of two routers is 10 s late"),
        }
    }
}

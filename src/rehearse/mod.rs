//! `cutover rehearse`: the plan on the embedded Cloud Foundry, with the real cf, under load.
//!
//! - [`stage`]: an embedded foundry that has what the plan needs, and a cf that is logged in to it
//! - `preflight`: what of the plan cannot run there, or has a stand-in
//! - [`load`]: requests on the live routes while the plan runs, and the count of those that failed
//! - [`table`]: what came of it, as a person reads it
//!
//! Everything that is run on the way is what `cutover apply` runs; only the target of the plan is another one.

pub mod load;
mod preflight;
pub mod stage;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::{Common, RehearseArgs};
use crate::commands::deployment::{self, Request, Running};
use crate::commands::reporters::Reporters;
use crate::commands::workplace::{Workplace, guard, load as load_plan};
use crate::commands::{Ending, Trouble, print, tell};
use crate::plan::{Check, Plan, RouteUrl};
use crate::run::clock::Clock as _;
use crate::run::interrupt::{Interrupt, Urgency};
use crate::secret::Sensitive;
use crate::steps::Verb;
use crate::steps::back::Failed;

use load::{LiveUrl, Load, LoadReport, LoadSettings};
use stage::{Routing, Stage};

/// How long the load runs before the update begins and after it has ended, so that both colours are seen alone.
const BEFORE_AND_AFTER: Duration = Duration::from_secs(2);

/// Runs the verb: the plan is deployed as it is for a first colour, then once more as an update, under load.
pub fn run(common: &Common, args: &RehearseArgs) -> Result<Ending, Trouble> {
    let plan = load_plan(common)?;
    preflight::check(&plan)?.iter().for_each(|note| tell(note));
    let mut reporters = Reporters::of_rehearsal(common)?;
    let kept = Arc::new(AtomicBool::new(false));
    let interrupt = catch(&reporters, &kept)?;
    let guard = guard()?;
    let routing = Routing { routers: args.routers.into(), delay: args.routing_delay };
    let stage = Stage::set(&plan, common.cf.as_deref(), routing, &guard).map_err(Trouble::Foundry)?;
    let router = stage.router();
    tell(&format!("An embedded Cloud Foundry is up: API {}, router {router}", stage.api()));

    let plan = stage.retargeted(plan).map_err(Trouble::Foundry)?;
    let mut place = Workplace::at(stage.cf_config(), common.cf.as_deref(), Some(&router), &plan, &guard)?;
    // Its registry gives images to everybody, and cf would ask for a password that is not there.
    place.cf = place.cf.with_secret("CF_DOCKER_PASSWORD", &Sensitive::new("rehearsal"));
    let mut deploy = || -> Result<Ending, Trouble> {
        let space = place.observer(&plan).observe(&interrupt)?;
        let request = Request {
            verb: Verb::Apply,
            deployment: deployment::identity(&place.session.target().user),
            failed: Failed::Stop,
            locks: Vec::new(),
            own_files: reporters.own_files(),
        };
        let compiled = deployment::compile(&plan, &space, &request)?;
        compiled.prove(&plan, &space)?;
        // Nobody else can reach this foundry.
        let running = Running { place: &place, plan: &plan, interrupt: &interrupt, hold: &|_, _| Ok(()) };
        Ok(deployment::run(&running, &compiled, space, &mut reporters))
    };

    tell("\nThe plan is deployed as it is, for the first colour.\n");
    let mut ending = deploy()?;
    if ending == Ending::Done {
        tell(&format!(
            "\nIt is deployed again as an update, with {} requests per second on the live routes.\n",
            args.load
        ));
        let load = put_load(&stage, &plan, args.load).map_err(Trouble::Foundry)?;
        let _interrupted = interrupt.pause(BEFORE_AND_AFTER);
        let deployed = deploy();
        let _interrupted = interrupt.pause(BEFORE_AND_AFTER);
        let report = load.finish();
        tell_report(&stage, &report);
        ending = verdict(deployed?, &report);
    }
    if args.keep && interrupt.signal().is_none() {
        kept.store(true, Ordering::Relaxed);
        keep(&stage, &plan, &interrupt);
    }
    place.close();
    Ok(ending)
}

/// Catches signals. The foundry that is only kept has no step in flight that a person could be told of.
fn catch(reporters: &Reporters, kept: &Arc<AtomicBool>) -> Result<Interrupt, Trouble> {
    let (of_run, kept) = (reporters.teller(), Arc::clone(kept));
    let told = move |signal, urgency| match (kept.load(Ordering::Relaxed), urgency) {
        (false, _) => of_run(signal, urgency),
        (true, Urgency::First) => tell("the embedded Cloud Foundry ends"),
        (true, Urgency::AtOnce) => {}
    };
    Interrupt::catch(told).map_err(|source| Trouble::Io { what: "signals could not be caught", source })
}

/// A deployment that went through is no success where a request failed meanwhile.
fn verdict(deployed: Ending, report: &LoadReport) -> Ending {
    if deployed == Ending::Done && report.failed > 0 { Ending::Failed } else { deployed }
}

/// Starts the load on the live routes. What is asked for is what the plan's own check asks for, which must be answered.
fn put_load(stage: &Stage, plan: &Plan, per_second: u32) -> anyhow::Result<Load> {
    let foundry = stage.foundry();
    let urls = plan.apps.iter().flat_map(|app| &app.live).map(live_url).collect();
    let mut settings = LoadSettings::new(foundry.router_addr(), urls, per_second);
    let checks = plan.apps.iter().flat_map(|app| &app.checks);
    let path = checks.filter_map(|check| match check {
        Check::Http(http) if http.status.iter().all(|status| (200..400).contains(status)) => Some(http.path.clone()),
        Check::Http(_) | Check::Command(_) => None,
    });
    if let Some(path) = path.into_iter().next() {
        settings.paths.get.clone_from(&path);
        settings.paths.session = path;
    }
    Load::start(settings, Some(foundry.access_log()))
}

/// A route as the load asks for it: of a wildcard, a host that it takes.
fn live_url(route: &RouteUrl) -> LiveUrl {
    let host = match route.fqdn().strip_prefix("*.") {
        Some(domain) => format!("any.{domain}"),
        None => route.fqdn().to_owned(),
    };
    LiveUrl { host, path: route.path().to_owned() }
}

fn tell_report(stage: &Stage, report: &LoadReport) {
    let names: BTreeMap<String, String> = stage.app_names();
    print(&table::table(report, &names));
}

/// Leaves the foundry up until a signal comes in, and tells how to use it.
fn keep(stage: &Stage, plan: &Plan, interrupt: &Interrupt) {
    print(&table::how_to_log_in(stage, plan));
    tell("Ctrl-C ends it.");
    while interrupt.pause(Duration::from_secs(3600)).is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_request_fails_the_rehearsal() {
        let report = |failed| LoadReport {
            sent: 1000,
            failed,
            by_kind: BTreeMap::new(),
            failures: Vec::new(),
            by_app: BTreeMap::new(),
            slowest: None,
            latency: load::Latency::default(),
        };
        assert_eq!(verdict(Ending::Done, &report(0)), Ending::Done);
        assert_eq!(verdict(Ending::Done, &report(1)), Ending::Failed);
        assert_eq!(verdict(Ending::Stuck, &report(1)), Ending::Stuck);
    }
}

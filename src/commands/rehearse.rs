//! `cutover rehearse`: the plan on the embedded Cloud Foundry, with the real cf, under load. Everything that is run on the way is
//! what `cutover apply` runs; only the target of the plan is another one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::{CliError, Common, ExitStatus, RehearseArgs};
use crate::plan::{Check, HttpCheck, LocalCheck, Method, Plan, RouteUrl, Status};
use crate::rehearse::load::{LiveUrl, Load, LoadReport, LoadSettings};
use crate::rehearse::stage::{Routing, Stage};
use crate::rehearse::{preflight, table};
use crate::run::waiting::clock::Clock as _;
use crate::run::waiting::interrupt::{Interrupt, Urgency};
use crate::secret::Sensitive;
use crate::steps::Verb;
use crate::steps::input::Failed;

use super::approval::Approval;
use super::context::{Context, guard};
use super::operate::{Look, RunContext};
use super::plan_file::load as load_plan;
use super::prepare::{self, Prepared};
use super::reporters::Reporters;
use super::terminal::{print, tell};

/// How long the load runs before the update begins and after it has ended, so that both colours are seen alone.
const BEFORE_AND_AFTER: Duration = Duration::from_secs(2);

/// Runs the verb: the plan is deployed as it is for a first colour, then once more as an update, under load.
pub(crate) fn run(common: &Common, args: &RehearseArgs) -> Result<ExitStatus, CliError> {
    let plan = load_plan(common)?;
    preflight::check(&plan)?.iter().for_each(|note| tell(note));
    let reporters = Reporters::of_rehearsal(common)?;
    let ended = on_stage(common, args, plan, &reporters);
    reporters.end(&ended);
    ended
}

fn on_stage(common: &Common, args: &RehearseArgs, plan: Plan, reporters: &Reporters) -> Result<ExitStatus, CliError> {
    let kept = Arc::new(AtomicBool::new(false));
    let interrupt = catch(reporters, &kept)?;
    let guard = guard()?;
    let routing = Routing { routers: args.routers.into(), delay: args.routing_delay };
    let stage = Stage::set(&plan, common.cf.as_deref(), routing, &guard).map_err(CliError::Foundry)?;
    let router = stage.router();
    tell(&format!("An embedded Cloud Foundry is up: API {}, router {router}", stage.api()));

    let plan = stage.retargeted(plan).map_err(CliError::Foundry)?;
    let mut context = Context::at(stage.cf_config(), common.cf.as_deref(), Some(&router), &plan, &guard)?;
    // Its registry gives images to everybody, and cf would ask for a password that is not there.
    context.cf = context.cf.with_secret("CF_DOCKER_PASSWORD", &Sensitive::new("rehearsal"));
    reporters.hide(context.redactor());
    let deploy = || -> Result<ExitStatus, CliError> {
        let read = interrupt.now();
        let space = context.observer(&plan).observe(&interrupt)?;
        reporters.note_live(&plan, &space);
        let user = &context.session.target().user;
        let request = prepare::request(Verb::Apply, common, user, Failed::Stop, &[]);
        let prepared = Prepared::new(&plan, &space, request, &reporters.own_files())?;
        // Nobody else can reach this foundry.
        let approval = Approval::Given("approved by itself: no user sees this space");
        let session = RunContext { context: &context, plan: &plan, approval, reporters };
        Ok(session.operate(&prepared, &mut Look { space, read }, &interrupt, &|_, _| Ok(())))
    };

    tell("\nThe plan is deployed as it is, for the first colour.\n");
    let mut ending = deploy()?;
    if ending == ExitStatus::Done {
        tell(&format!(
            "\nIt is deployed again as an update, with {} requests per second on the live routes.\n",
            args.load
        ));
        let load = put_load(&stage, &plan, args.load).map_err(CliError::Foundry)?;
        let _interrupted = interrupt.pause(BEFORE_AND_AFTER);
        let deployed = deploy();
        let _interrupted = interrupt.pause(BEFORE_AND_AFTER);
        let report = load.finish();
        tell_report(&stage, &report)?;
        ending = verdict(deployed?, &report);
    }
    if args.keep && interrupt.stop().is_none() {
        kept.store(true, Ordering::Relaxed);
        keep(&stage, &plan, &interrupt)?;
    }
    context.close(&tell);
    Ok(ending)
}

/// Catches signals. The foundry that is only kept has no step in flight that a person could be told of.
fn catch(reporters: &Reporters, kept: &Arc<AtomicBool>) -> Result<Interrupt, CliError> {
    let (of_run, kept) = (reporters.teller(), Arc::clone(kept));
    let told = move |signal, urgency| match (kept.load(Ordering::Relaxed), urgency) {
        (false, _) => of_run(signal, urgency),
        (true, Urgency::First) => tell("the embedded Cloud Foundry ends"),
        (true, Urgency::AtOnce) => {}
    };
    Interrupt::catch(told).map_err(|source| CliError::Io { what: "signals could not be caught", source })
}

/// A deployment that went through is no success where a request failed meanwhile.
fn verdict(deployed: ExitStatus, report: &LoadReport) -> ExitStatus {
    if deployed == ExitStatus::Done && report.failed > 0 { ExitStatus::Failed } else { deployed }
}

/// Starts the load on the live routes. What is asked for is what the plan's own check asks for, which must be answered.
fn put_load(stage: &Stage, plan: &Plan, per_second: u32) -> anyhow::Result<Load> {
    let foundry = stage.foundry();
    let urls = plan.apps.iter().flat_map(|app| &app.live).map(live_url).collect();
    let mut settings = LoadSettings::new(foundry.router_addr(), urls, per_second);
    let checks = plan.apps.iter().flat_map(|app| &app.checks);
    let path = checks.filter_map(|check| match check {
        Check::Local(LocalCheck::Http(http)) if is_plain(http) => Some(http.path.clone()),
        Check::Local(LocalCheck::Http(_) | LocalCheck::Command(_) | LocalCheck::Approval(_)) | Check::Task(_) => None,
    });
    if let Some(path) = path.into_iter().next() {
        settings.paths.get.clone_from(&path);
        settings.paths.session = path;
    }
    Load::start(settings, Some(foundry.access_log()))
}

/// Whether a check is a GET that needs no headers of its own, and that an app answers with a success or a redirect.
fn is_plain(http: &HttpCheck) -> bool {
    let is_served = |status: &Status| match status {
        Status::Code(code) => (200..400).contains(code),
        Status::Class(digit) => matches!(digit, 2 | 3),
    };
    http.method == Method::Get && http.headers.is_empty() && http.status.iter().all(is_served)
}

/// A route as the load asks for it.
fn live_url(route: &RouteUrl) -> LiveUrl {
    LiveUrl { host: route.host_to_ask(), path: route.path().to_owned() }
}

fn tell_report(stage: &Stage, report: &LoadReport) -> Result<(), CliError> {
    let names: BTreeMap<String, String> = stage.app_names();
    print(&table::table(report, &names))
}

/// Leaves the foundry up until a signal comes in, and tells how to use it.
fn keep(stage: &Stage, plan: &Plan, interrupt: &Interrupt) -> Result<(), CliError> {
    print(&table::how_to_log_in(stage, plan))?;
    tell("Ctrl-C ends it.");
    while interrupt.pause(Duration::from_secs(3600)).is_ok() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearse::load::Latency;

    #[test]
    fn a_failed_request_fails_the_rehearsal() {
        let report = |failed| LoadReport {
            sent: 1000,
            failed,
            by_kind: BTreeMap::new(),
            failures: Vec::new(),
            by_app: BTreeMap::new(),
            slowest: None,
            latency: Latency::default(),
        };
        assert_eq!(verdict(ExitStatus::Done, &report(0)), ExitStatus::Done);
        assert_eq!(verdict(ExitStatus::Done, &report(1)), ExitStatus::Failed);
        assert_eq!(verdict(ExitStatus::Stuck, &report(1)), ExitStatus::Stuck);
    }
}

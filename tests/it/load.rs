//! Deployments under load: no request fails. What makes it so is shown in `safeguards`.

use std::time::Duration;

use cutover::rehearse::load::{LiveUrl, Load, LoadReport, LoadSettings, Mix};
use foundry::router::Propagation;
use foundry::settings::Settings;
use testkit::wait::wait_until;

use crate::support::bench::{Bench, LIVE, PLAN};

/// A load of every kind on the live route while `act` runs.
pub(crate) fn under_load(bench: &Bench, act: impl FnOnce()) -> LoadReport {
    under_load_with(bench, |_| {}, act)
}

pub(crate) fn under_load_with(bench: &Bench, change: impl FnOnce(&mut LoadSettings), act: impl FnOnce()) -> LoadReport {
    under_load_on(bench, &[LIVE], change, act)
}

/// The same on several routes, each without a path.
pub(crate) fn under_load_on(
    bench: &Bench,
    hosts: &[&str],
    change: impl FnOnce(&mut LoadSettings),
    act: impl FnOnce(),
) -> LoadReport {
    let url = |host: &&str| LiveUrl { host: (*host).to_owned(), path: String::new() };
    let mut settings = LoadSettings::new(bench.foundry.router_addr(), hosts.iter().map(url).collect(), 60);
    settings.mix = Mix { get: 4, post: 2, slow: 1, kept: 2, sticky: 1, stream: 1, socket: 1 };
    "/session".clone_into(&mut settings.paths.session);
    change(&mut settings);
    let load = Load::start(settings, Some(bench.foundry.access_log())).unwrap();
    let sent = |load: &Load, more: u64| {
        let enough = load.progress().ended + more;
        wait_until("so many requests have ended", || load.progress().ended >= enough);
    };
    // Each colour is seen alone: some requests before, some after.
    sent(&load, 30);
    act();
    sent(&load, 30);
    load.finish()
}

/// Lets streams be so long. They are to take longer than the steps from the last route to the stop, on a machine that is
/// busy too; and what has begun to be answered cannot be asked for again, as the router does with what has not.
pub(crate) fn streams_of(settings: &mut LoadSettings, time: Duration) {
    settings.paths.stream = format!("/stream?lines={}&ms=100", time.as_millis() / 100);
}

pub(crate) fn assert_nothing_failed(report: &LoadReport) {
    assert_eq!(report.failed, 0, "{:#?}", report.failures);
    assert_eq!(report.by_app.len(), 2, "both colours served: {:?}", report.by_app);
}

#[test]
fn no_request_fails_in_a_deployment_and_a_fallback() {
    let bench = Bench::live(Duration::from_millis(800));
    let report = under_load(&bench, || {
        bench.must(&["apply", "--yes"]);
    });
    assert_nothing_failed(&report);
    let report = under_load(&bench, || {
        bench.must(&["rollback", "--yes"]);
    });
    assert_nothing_failed(&report);
}

/// One of them is far behind the others: an answer of another one tells nothing about it.
#[test]
#[ignore = "`make verify` runs it: it is about time, and a busy machine has none"]
fn no_request_fails_with_several_routers() {
    let bench = Bench::live_with(Settings { routers: 3, ..Settings::default() });
    // Longer than it takes to stop the old colour where only one router is asked, on a machine that is busy too.
    bench.foundry.routers()[1].set_propagation(Propagation::both(Duration::from_secs(15)));
    let report = under_load(&bench, || {
        bench.must(&["apply", "--yes"]);
    });
    assert_nothing_failed(&report);
}

/// Where they are not asked, they forget the old colour before they know the new one, or lead to the old one when it has
/// been stopped, on a busy machine, too.
#[test]
#[ignore = "`make verify` runs it: it is about time, and a busy machine has none"]
fn no_request_fails_where_routers_learn_late_of_a_change() {
    let bench = Bench::live(Duration::ZERO);
    let late = Propagation { register: Duration::from_secs(15), unregister: Duration::from_secs(7) };
    bench.foundry.routers().iter().for_each(|router| router.set_propagation(late));
    let report = under_load(&bench, || {
        bench.must(&["apply", "--yes"]);
    });
    assert_nothing_failed(&report);
}

/// Cloud Foundry gives an app ten seconds to end; here it has none, and only the drain is left.
#[test]
#[ignore = "`make verify` runs it: it is about time, and a busy machine has none"]
fn no_request_is_cut_off_where_apps_are_stopped_at_once() {
    let mut settings = Settings::default();
    settings.timing.graceful_shutdown = Duration::ZERO;
    settings.router.propagation = Propagation::NONE;
    let bench = Bench::live_with(settings);
    bench.write("deploy.yaml", &PLAN.replace("drain: 1s", "drain: 16s"));
    let long = |settings: &mut LoadSettings| streams_of(settings, Duration::from_secs(12));
    let report = under_load_with(&bench, long, || {
        bench.must(&["apply", "--yes"]);
    });
    assert_nothing_failed(&report);
}

//! Most of what a plan may say at once, and most of what somebody may have set by hand: `fixtures/whole`.

use std::fs;

use foundry::settings::Settings;

use crate::load::{assert_nothing_failed, under_load_on};
use crate::support::app_manifest::app_manifest;
use crate::support::bench::{Bench, Run, assert_has, late_routers};

/// The live routes of the plan.
const LIVE: [&str; 4] =
    ["shop.apps.foundry.test", "www.apps.foundry.test", "api.apps.foundry.test", "shop.apps.internal"];
/// One that somebody maps by hand.
const PROMO: &str = "promo.apps.foundry.test";
/// Those that users reach.
const OPEN: [&str; 4] = [LIVE[0], LIVE[1], LIVE[2], PROMO];

/// A team with this plan, in a space that has what it asks for.
pub(crate) fn whole(settings: Settings) -> Bench {
    let bench = Bench::with(settings);
    fs::remove_file(bench.folder().join("app/manifest.yml")).unwrap();
    for name in ["deploy.yaml", "manifest.yml", "vars.yml", "app/Procfile", "app/.cfignore"] {
        let file = testkit::root().join("fixtures/whole").join(name);
        bench.write(name, &fs::read_to_string(file).unwrap());
    }
    for service in ["db", "mail", "logs"] {
        bench.cf.must(["create-user-provided-service", service, "-p", r#"{"uri":"x://y"}"#]);
    }
    bench.has_billing();
    bench
}

/// What no manifest names, on the version that is live.
pub(crate) fn set_by_hand(bench: &Bench, app: &str) {
    for call in [
        &["set-env", app, "TOKEN", "by-hand"] as &[&str],
        &["set-label", "app", app, "owner=ada"],
        &["disable-ssh", app],
        &["bind-service", app, "logs"],
        &["add-network-policy", app, "billing", "--protocol", "tcp", "--port", "8080-8090"],
        &["add-network-policy", "billing", app],
        &["map-route", app, "apps.foundry.test", "--hostname", "promo"],
        &["scale", app, "-i", "3"],
        &["scale", app, "--process", "worker", "-i", "3"],
    ] {
        bench.cf.must(call);
    }
}

#[test]
#[ignore = "`make verify` runs it: what works alone is tried each time"]
fn most_of_a_plan_at_once_is_deployed_under_load_and_taken_back() {
    let bench = whole(late_routers());
    bench.must(&["apply", "--yes"]);
    set_by_hand(&bench, "shop_a");
    let (before, of_before) = (app_manifest(&bench, "shop_a"), bench.sizes_of("shop_a"));
    let policies = || bench.cf.must(["network-policies"]);

    let preview = bench.must(&["plan"]).out;
    assert_has(&preview, &["TOKEN", "owner", "ssh", "logs", "8080-8090", PROMO, "worker", "clock", "smoke"]);
    let live = LIVE.into_iter().chain([PROMO]);
    for (verb, to, from) in
        [("apply", "shop_b", "shop_a"), ("rollback", "shop_a", "shop_b"), ("apply", "shop_b", "shop_a")]
    {
        let mut told = String::new();
        let report = under_load_on(&bench, &OPEN, |_| {}, || told = bench.must(&[verb, "--yes"]).err);
        assert_nothing_failed(&report);
        for url in live.clone() {
            assert_eq!(bench.leads_to(url), [to], "{verb}: {url}\n{told}");
        }
        assert_eq!(bench.leads_to("shop-next.apps.foundry.test"), [""; 0], "{verb}");
        assert_eq!(bench.leads_to("billing.apps.foundry.test"), ["billing"], "{verb}");
        assert_eq!((bench.state_of(to), bench.state_of(from)), ("started", "stopped"), "{verb}");
        assert_eq!(app_manifest(&bench, to), before, "{verb}\n{told}");
        assert_eq!(bench.sizes_of(to), of_before, "{verb}\n{told}");
        assert_eq!(policies().matches("8080-8090").count(), 2, "{verb}: both versions may reach billing");
    }
    let again = Run::of(&bench.as_typed(&["apply", "--yes"]).output().unwrap());
    assert!(again.code == 0 && again.err.contains("nothing to deploy"), "{}", again.err);
    let status = bench.must(&["status"]).out;
    assert!(status.contains("cutover rollback goes back to shop_a"), "{status}");
}

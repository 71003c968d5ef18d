use super::*;
use crate::example;
use crate::own_commands::OwnCommands;
use crate::plan::Plan;
use crate::steps::annotations::{HTTP2_ROUTES, Role};
use crate::steps::{Action, Step, Verb};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [LIVE], staging: STAGING}
";
const LIVE: &str = "shop.example.com";
const STAGING: &str = "shop-staging.example.com";

fn plan(live: &str, staging: &str, manifest: &str) -> Plan {
    example::plan_and_manifest(&PLAN.replace("LIVE", live).replace("STAGING", staging), manifest)
}

/// A space in which one colour is live, and routers talk that to it.
fn space(live: &str, protocol: Protocol) -> Space {
    let colour = |name: &str| {
        let (started, role) = if name == live { (true, Role::Live) } else { (false, Role::Previous) };
        example::app(name, started, 1, Some(role))
    };
    let mut space = example::space(vec![colour("shop_a"), colour("shop_b")], [(LIVE, live)]);
    space.routes[0].destinations[0].protocol = protocol;
    space
}

fn compiled(plan: &Plan, verb: Verb, space: &Space) -> Vec<Step> {
    example::compile(plan, verb, space).unwrap()
}

/// The steps of a kind, by what cf is asked.
fn asked(steps: &[Step], kinds: &[&str]) -> Vec<String> {
    let of_kind = steps.iter().filter(|step| kinds.contains(&step.facts().kind()));
    of_kind.map(|step| step.invocation().unwrap().shell()).collect()
}

#[test]
fn the_next_colour_is_reached_as_the_live_one_unless_the_plan_or_the_manifest_says_otherwise() {
    use Protocol::{Http1, Http2};
    let of_manifest = |protocol: &str| format!("  routes: [{{route: shop.example.com, protocol: {protocol}}}]\n");
    let said = |protocol: &str| format!("{{route: shop.example.com, protocol: {protocol}}}");
    let at_staging = |protocol: &str| format!("{{route: {STAGING}, protocol: {protocol}}}");
    let (none, usual) = (String::new(), (LIVE.to_owned(), STAGING.to_owned()));
    let cases = [
        ("all as usual", usual.clone(), none.clone(), Http1, (Http1, Http1)),
        ("as live has it", usual.clone(), none.clone(), Http2, (Http2, Http2)),
        ("the plan says so", (said("http2"), usual.1.clone()), none.clone(), Http1, (Http2, Http2)),
        ("the plan counts", (said("http1"), usual.1.clone()), none.clone(), Http2, (Http1, Http1)),
        ("the manifest says so", usual.clone(), of_manifest("http2"), Http1, (Http2, Http2)),
        ("the plan before the manifest", (said("http1"), usual.1.clone()), of_manifest("http2"), Http1, (Http1, Http1)),
        ("what a manifest says of TCP is no HTTP", usual.clone(), of_manifest("tcp"), Http2, (Http2, Http2)),
        ("another one at the staging route", (usual.0.clone(), at_staging("http1")), none, Http2, (Http2, Http1)),
    ];
    for (name, (live, staging), manifest, is, (at_live, at_staging)) in cases {
        let plan = plan(&live, &staging, &manifest);
        let steps = compiled(&plan, Verb::Apply, &space("shop_a", is));
        let flag = |protocol: Protocol| if protocol == Http2 { " --app-protocol http2" } else { "" };
        let expected = [
            format!("cf map-route shop_b example.com --hostname shop-staging{}", flag(at_staging)),
            format!("cf map-route shop_b example.com --hostname shop{}", flag(at_live)),
        ];
        assert_eq!(asked(&steps, &["map-route"]), expected, "{name}");
    }
}

/// What is begun with one protocol goes on with it, whatever state it was interrupted in.
#[test]
fn from_every_half_way_state_what_is_mapped_is_mapped_alike() {
    let plan = plan(LIVE, STAGING, "");
    let mut half_way = space("shop_a", Protocol::Http2);
    for step in compiled(&plan, Verb::Apply, &half_way.clone()) {
        step.facts().effect(&mut half_way);
        for verb in [Verb::Resume, Verb::Rollback, Verb::Apply] {
            for step in example::compile(&plan, verb, &half_way).unwrap_or_default() {
                if let Action::MapRoute(map) = &step.action {
                    assert_eq!(map.protocol, Protocol::Http2, "{verb} after {}: {}", step.id, step.facts().purpose());
                }
            }
        }
    }
}

/// The live colour was http1, the plan wants http2: a fallback is http1 again, and what takes that back is http2.
#[test]
fn what_comes_back_is_reached_as_it_was() {
    let plan = plan("{route: shop.example.com, protocol: http2}", STAGING, "");
    for (before, expected) in [(Protocol::Http1, ""), (Protocol::Http2, " --app-protocol http2")] {
        let mut walked = space("shop_a", before);
        let steps = compiled(&plan, Verb::Apply, &walked);
        for step in &steps {
            step.facts().effect(&mut walked);
        }
        let undone = steps.iter().find(|step| step.id == "shop/unmap-live").and_then(Step::undo).unwrap();
        let mapped = format!("cf map-route shop_a example.com --hostname shop{expected}");
        assert_eq!(undone.shell(), mapped);
        let back = compiled(&plan, Verb::Rollback, &walked);
        assert_eq!(asked(&back, &["map-route"]), [mapped]);
        let written = walked.app("shop_b").unwrap().annotations.get(HTTP2_ROUTES).cloned();
        assert_eq!(written, (before == Protocol::Http2).then(|| LIVE.to_owned()));
    }
}

/// A route that no plan names moves with its protocol, there and back, and one that the next colour keeps has its own again.
#[test]
fn routes_that_no_plan_names_keep_their_protocol() {
    let plan = plan(LIVE, STAGING, "");
    let mut walked = space("shop_a", Protocol::Http1);
    for (url, app) in [("promo.example.com", "shop_a"), ("own.example.com", "shop_b")] {
        let mut route = example::route(url, app);
        route.destinations[0].protocol = Protocol::Http2;
        walked.routes.push(route);
    }
    let steps = compiled(&plan, Verb::Apply, &walked);
    let mapped = asked(&steps, &["map-route"]);
    for host in ["own", "promo"] {
        let line = format!("cf map-route shop_b example.com --hostname {host} --app-protocol http2");
        assert!(mapped.contains(&line), "{line}: {mapped:?}");
    }
    for step in &steps {
        step.facts().effect(&mut walked);
    }
    let back = asked(&compiled(&plan, Verb::Rollback, &walked), &["map-route"]);
    assert!(
        back.contains(&"cf map-route shop_a example.com --hostname promo --app-protocol http2".to_owned()),
        "{back:?}"
    );
}

#[test]
fn an_older_cf_asks_the_platform_itself() {
    let plan = plan(LIVE, STAGING, "");
    let mut space = space("shop_a", Protocol::Http2);
    space.cf = "8.1.0".to_owned();
    let steps = compiled(&plan, Verb::Apply, &space);
    let asked = asked(&steps, &["create-route", "map-route"]);
    assert_eq!(asked[0], "cf create-route example.com --hostname shop-staging");
    for (call, host) in asked[1..].iter().zip(["shop-staging", "shop"]) {
        assert!(call.starts_with("cf curl -X POST \"/v3/routes/$("), "{call}");
        assert!(call.contains(&format!("hosts={host}&")) && call.contains(r#""protocol":"http2""#), "{call}");
    }
    assert_eq!(asked.len(), 3);
}

#[test]
fn what_cf_neither_maps_nor_unmaps_is_refused_before_anything_is_done() {
    type Make = fn(&mut Destination, &mut Vec<Destination>);
    let cases: [(&str, Make, Option<&str>); 5] = [
        ("web", |_, _| {}, None),
        ("another process", |to, _| to.process = "api".to_owned(), Some("process api (http1)")),
        ("another port", |to, _| to.port = Some(9000), Some("process web on port 9000 (http1)")),
        (
            "two of them",
            |to, more| more.push(Destination { process: "api".to_owned(), ..to.clone() }),
            Some("process web (http1) and to process api (http1)"),
        ),
        ("http2", |to, _| to.protocol = Protocol::Http2, None),
    ];
    for (name, make, told) in cases {
        let mut space = space("shop_a", Protocol::Http1);
        let mut more = Vec::new();
        make(&mut space.routes[0].destinations[0], &mut more);
        space.routes[0].destinations.append(&mut more);
        for verb in [Verb::Apply, Verb::Rollback] {
            let refused = example::compile(&plan(LIVE, STAGING, ""), verb, &space).err();
            let expected = told.map(|told| format!("{LIVE} leads to {told} of shop_a: "));
            match (refused, expected) {
                (Some(refused), Some(expected)) => {
                    assert!(refused.to_string().starts_with(&expected), "{name}: {refused}");
                    assert!(refused.hint(&OwnCommands::default()).contains("web process of shop_a"), "{name}");
                }
                (refused, None) => assert!(refused.is_none(), "{name}, {verb}: {refused:?}"),
                (None, Some(_)) => panic!("{name}, {verb}: not refused"),
            }
        }
    }
    // The platform shows the port of an image as that of its destinations.
    let mut image = space("shop_a", Protocol::Http1);
    image.routes[0].destinations[0].port = Some(9000);
    image.apps[0].lifecycle = Some(Lifecycle::Docker);
    assert_eq!(may_be_mapped(&plan(LIVE, STAGING, "").apps[0], &image), Ok(()));
}

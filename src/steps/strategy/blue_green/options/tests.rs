use super::*;
use crate::example;
use crate::plan::Plan;
use crate::steps::annotations::Role;
use crate::steps::{Step, Verb};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [LIVE], staging: shop-staging.example.com}
";
const LIVE: &str = "shop.example.com";

fn plan(options: &str, manifest: &str) -> Plan {
    let live = if options.is_empty() { LIVE.to_owned() } else { format!("{{route: {LIVE}, options: {options}}}") };
    example::plan_and_manifest(&PLAN.replace("LIVE", &live), manifest)
}

fn space(options: Option<&[(&str, &str)]>) -> Space {
    let apps =
        vec![example::app("shop_a", true, 1, Some(Role::Live)), example::app("shop_b", false, 1, Some(Role::Previous))];
    let mut space = example::space(apps, [(LIVE, "shop_a")]);
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    space.routes[0].options = options.map(|options| RouteOptions(options.iter().map(owned).collect()));
    space
}

fn is_set(step: &Step) -> bool {
    step.facts().kind() == "set-route-options"
}

/// What it is, the options of the plan, the manifest, what the route has, and what is set and taken back.
type Case<'c> = (&'c str, &'c str, &'c str, &'c [(&'c str, &'c str)], Option<(&'c str, &'c str)>);

#[test]
fn options_are_set_once_the_old_colour_is_off_the_route_and_come_back() {
    let of_manifest = "  routes: [{route: shop.example.com, options: {loadbalancing: least-connection}}]\n";
    let cases: [Case<'_>; 5] = [
        ("none are named", "", "", &[("loadbalancing", "round-robin")], None),
        ("they are so", "{loadbalancing: round-robin}", "", &[("loadbalancing", "round-robin")], None),
        (
            "the plan names one",
            "{loadbalancing: least-connection}",
            "",
            &[],
            Some((r#"{"loadbalancing":"least-connection"}"#, r#"{"loadbalancing":null}"#)),
        ),
        (
            "the manifest names one",
            "",
            of_manifest,
            &[("loadbalancing", "round-robin")],
            Some((r#"{"loadbalancing":"least-connection"}"#, r#"{"loadbalancing":"round-robin"}"#)),
        ),
        (
            "what does not go with it goes",
            "{loadbalancing: round-robin}",
            of_manifest,
            &[("hash_header", "X-Tenant"), ("loadbalancing", "hash")],
            Some((
                r#"{"hash_header":null,"loadbalancing":"round-robin"}"#,
                r#"{"hash_header":"X-Tenant","loadbalancing":"hash"}"#,
            )),
        ),
    ];
    for (name, options, manifest, now, expected) in cases {
        let (plan, mut walked) = (plan(options, manifest), space(Some(now)));
        let start = walked.clone();
        let steps = example::compile(&plan, Verb::Apply, &walked).unwrap();
        let set = steps.iter().position(is_set);
        assert_eq!(set.is_some(), expected.is_some(), "{name}");
        let (Some(set), Some((then, before))) = (set, expected) else { continue };
        let unmapped = steps.iter().position(|step| step.id == "shop/unmap-live").unwrap();
        assert_eq!(set, unmapped + 1, "{name}");
        for (call, body) in [(steps[set].invocation(), then), (steps[set].undo(), before)] {
            let line = call.unwrap().shell();
            assert!(line.starts_with("cf curl -X PATCH \"/v3/routes/$("), "{line}");
            assert!(line.ends_with(&format!("-d '{{\"options\":{body}}}'")), "{name}: {line}");
        }
        for step in &steps {
            step.facts().effect(&mut walked);
        }
        assert_ne!(now_of(&walked), now_of(&start), "{name}");
        let back = example::compile(&plan, Verb::Rollback, &walked).unwrap();
        let order: Vec<&str> = back
            .iter()
            .map(|step| step.id.as_str())
            .filter(|id| id.contains("live") || id.contains("options"))
            .collect();
        assert_eq!(order, ["shop/map-live", "shop/unmap-live", "shop/set-options"], "{name}");
        for step in &back {
            step.facts().effect(&mut walked);
        }
        assert_eq!(now_of(&walked), now_of(&start), "{name}");
    }
}

fn now_of(space: &Space) -> RouteOptions {
    space.options_of(&RouteUrl::parse(LIVE).unwrap())
}

#[test]
fn a_platform_without_options_is_asked_for_none() {
    assert!(example::compile(&plan("", ""), Verb::Apply, &space(None)).is_ok());
    let refused = example::compile(&plan("{loadbalancing: round-robin}", ""), Verb::Apply, &space(None)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "route shop.example.com cannot be used: the platform knows no options of routes, and the plan or the manifest names some"
    );
}

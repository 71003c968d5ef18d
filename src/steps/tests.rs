//! Compiled steps as a person reads them, and the laws that every list of steps keeps.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::example;
use crate::plan::{Lifecycle, Plan};
use crate::proof;
use crate::report::preview::{self, AppPreview};
use crate::space::condition::Verdict;
use crate::space::difference::Facet;
use crate::space::{App, AppState, Quota, QuotaScope, Space, Usage};

use super::annotations::Role;
use super::back::Failed;
use super::forward::Orders;
use super::refusal::Refusal;
use super::situation::Situation;
use super::{Action, Step, Verb, compile, left};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    services: [db]
    routes:
      live: [shop.example.com, www.example.com/shop]
      staging: shop-staging.example.com
    checks:
      - http: {path: /health, status: 200}
    drain: 35s
";
/// An app of the tests' space: its state, its routes and its role.
#[derive(Debug, Clone)]
struct Colour {
    name: &'static str,
    started: bool,
    instances: u32,
    routes: Vec<&'static str>,
    role: Option<Role>,
}

fn colour(name: &'static str, started: bool, routes: &[&'static str], role: Option<Role>) -> Colour {
    Colour { name, started, instances: 2, routes: routes.to_vec(), role }
}

fn space_of(colours: &[Colour]) -> Space {
    let apps = colours.iter().map(|it| example::app(it.name, it.started, it.instances, it.role)).collect();
    example::space(apps, colours.iter().flat_map(|it| it.routes.iter().map(|url| (*url, it.name))))
}

const LIVE: [&str; 2] = ["shop.example.com", "www.example.com/shop"];
const STAGING: &str = "shop-staging.example.com";

fn shown(plan: &Plan, space: &Space, steps: Result<Vec<Step>, Refusal>) -> String {
    match steps {
        Err(refusal) => format!("refused: {refusal}\n{}\n", refusal.hint()),
        Ok(steps) => {
            let app = &plan.apps[0];
            let situation = Situation::of(app, space).unwrap();
            console::set_colors_enabled(false);
            preview::text(plan, space, &[AppPreview { app, situation, steps }])
        }
    }
}

fn compiled(verb: Verb, plan: &Plan, space: &Space) -> Result<Vec<Step>, Refusal> {
    let (deployment, upload) = (example::deployment(), example::upload());
    let orders = Orders { plan, app: &plan.apps[0], deployment: &deployment, upload: Some(&upload) };
    compile(verb, orders, None, Failed::Stop, space)
}

fn deployed(plan: &Plan, space: &Space) -> String {
    shown(plan, space, compiled(Verb::Apply, plan, space))
}

fn fallen_back(plan: &Plan, space: &Space) -> String {
    shown(plan, space, compiled(Verb::Rollback, plan, space))
}

#[test]
fn the_first_deployment() {
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space_of(&[])));
}

#[test]
fn an_ordinary_deployment() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", false, &[], Some(Role::Previous)),
    ]);
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space));
}

#[test]
fn the_colours_swap_because_routes_decide_and_not_names() {
    let space = space_of(&[colour("shop_a", false, &[], None), colour("shop_b", true, &LIVE, None)]);
    let plan = example::plan(PLAN);
    assert_eq!(
        Situation::of(&plan.apps[0], &space),
        Ok(Situation::Settled { live: plan.apps[0].colours[1].clone(), next: plan.apps[0].colours[0].clone() })
    );
}

#[test]
fn a_deployment_over_an_interrupted_one_takes_it_back_first() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE[..1], Some(Role::Live)),
        colour("shop_b", true, &[LIVE[0], LIVE[1], STAGING], Some(Role::Next)),
    ]);
    insta::assert_snapshot!(deployed(&example::plan(PLAN), &space));
}

#[test]
fn more_live_instances_than_the_manifest_has_are_kept() {
    let mut live = colour("shop_a", true, &LIVE, None);
    live.instances = 5;
    let steps = compiled(Verb::Apply, &example::plan(PLAN), &space_of(&[live])).unwrap();
    let push = steps.iter().find(|step| step.facts().kind() == "push").unwrap();
    assert_eq!(
        push.invocation().unwrap().argv().join(" "),
        "cf push shop_b -f manifest.yml -p app -i 5 --no-route --no-start --redact-env"
    );
}

#[test]
fn what_becomes_of_the_old_colour() {
    let space = space_of(&[colour("shop_a", true, &LIVE, None)]);
    let last_steps = |old: &'static str| {
        let text: &'static str = Box::leak(format!("{PLAN}    old: {old}\n").into_boxed_str());
        let plan = example::plan(text);
        let steps = compiled(Verb::Apply, &plan, &space).unwrap();
        let after_staging =
            steps.iter().skip_while(|step| step.facts().kind() != "unmap-route" || !step.id.contains("staging"));
        after_staging.skip(1).map(|step| format!("{} {}", step.facts().kind(), step.facts().app())).collect::<Vec<_>>()
    };
    assert_eq!(last_steps("stop"), ["drain shop_a", "stop shop_a", "annotate shop_a", "annotate shop_b"]);
    assert_eq!(last_steps("keep"), ["annotate shop_a", "annotate shop_b"]);
    assert_eq!(last_steps("delete"), ["drain shop_a", "delete shop_a", "annotate shop_b"]);
}

#[test]
fn the_fallback_after_a_finished_deployment() {
    let space = space_of(&[
        colour("shop_a", false, &[], Some(Role::Previous)),
        colour("shop_b", true, &LIVE, Some(Role::Live)),
    ]);
    insta::assert_snapshot!(fallen_back(&example::plan(PLAN), &space));
}

#[test]
fn the_fallback_after_an_interrupted_deployment() {
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[LIVE[0], STAGING], Some(Role::Next)),
    ]);
    insta::assert_snapshot!(fallen_back(&example::plan(PLAN), &space));
}

#[test]
fn refusals_say_what_to_do() {
    let plan = example::plan(PLAN);
    let mut out = String::new();
    let mut case = |title: &str, text: String| out.extend(["# ", title, "\n", &text, "\n"]);
    let live_a = || colour("shop_a", true, &LIVE, Some(Role::Live));

    let stranger = space_of(&[colour("shop", true, &LIVE, None)]);
    case("a live route leads to an app that is no colour", deployed(&plan, &stranger));
    let both = space_of(&[live_a(), colour("shop_b", true, &LIVE, Some(Role::Live))]);
    case("both colours are live and nothing tells which is new", deployed(&plan, &both));
    let neither = space_of(&[colour("shop_a", true, &[], None), colour("shop_b", true, &[], None)]);
    case("neither colour is live and nothing tells which to keep", deployed(&plan, &neither));
    let in_use = space_of(&[live_a(), colour("shop_b", true, &["other.example.com"], None)]);
    case("the idle colour serves something else", deployed(&plan, &in_use));
    let mut no_domain = space_of(&[live_a()]);
    no_domain.domains[0].name = "example.org".to_owned();
    case("no domain fits", deployed(&plan, &no_domain));
    let mut no_service = space_of(&[live_a()]);
    no_service.services.clear();
    case("a service instance is missing", deployed(&plan, &no_service));
    let mut not_ready = space_of(&[live_a()]);
    not_ready.services[0].ready = false;
    case("a service instance is not ready", deployed(&plan, &not_ready));
    let idle = |routes: &[&'static str], started| {
        let mut space = space_of(&[live_a(), colour("shop_b", started, routes, Some(Role::Previous))]);
        space.app_mut("shop_b").unwrap().lifecycle = Some(Lifecycle::Docker);
        space
    };
    case("the idle colour was made for images", deployed(&plan, &idle(&[], false)));
    case("a colour that runs was made for images", deployed(&plan, &idle(&["other.example.com"], true)));
    let mut quota = space_of(&[live_a()]);
    quota.quotas.push(Quota {
        name: "small".to_owned(),
        scope: QuotaScope::Organization,
        memory_mb: Some(900),
        instance_memory_mb: None,
        instances: None,
        routes: Some(10),
        used: Usage { memory_mb: 512, instances: 2, routes: 2 },
    });
    case("both colours do not fit into the quota", deployed(&plan, &quota));
    case("nothing was deployed yet", fallen_back(&plan, &space_of(&[])));
    case("there is no other colour", fallen_back(&plan, &space_of(&[live_a()])));
    let rolled_back = space_of(&[live_a(), colour("shop_b", false, &[], Some(Role::RolledBack))]);
    case("the other colour was rolled back", fallen_back(&plan, &rolled_back));
    let mut empty =
        [colour("shop_a", true, &LIVE, Some(Role::Live)), colour("shop_b", false, &[], Some(Role::Previous))];
    for colour in &mut empty {
        colour.instances = 0;
    }
    case("neither colour has instances", fallen_back(&plan, &space_of(&empty)));
    insta::assert_snapshot!(out);
}

#[test]
fn a_previous_version_that_was_scaled_down_gets_its_instances_back() {
    for (keys, live, expected) in [("", 3, 3), ("    instances: manifest\n", 3, 2), ("    instances: manifest\n", 1, 1)]
    {
        let plan = example::plan(&format!("{PLAN}{keys}"));
        let mut colours =
            [colour("shop_a", false, &[], Some(Role::Previous)), colour("shop_b", true, &LIVE, Some(Role::Live))];
        (colours[0].instances, colours[1].instances) = (0, live);
        let steps = compiled(Verb::Rollback, &plan, &space_of(&colours)).unwrap();
        let first = steps[0].invocation().unwrap().argv().join(" ");
        assert_eq!(first, format!("cf scale shop_a -i {expected}"), "{keys}");
    }
}

fn any_role() -> impl Strategy<Value = Option<Role>> {
    prop_oneof![
        Just(None),
        Just(Some(Role::Next)),
        Just(Some(Role::RollingBack)),
        Just(Some(Role::Live)),
        Just(Some(Role::Previous)),
        Just(Some(Role::RolledBack))
    ]
}

fn any_colour(name: &'static str) -> impl Strategy<Value = Option<Colour>> {
    let routes = proptest::sample::subsequence(vec![LIVE[0], LIVE[1], STAGING, "other.example.com"], 0..=4);
    proptest::option::weighted(
        0.9,
        (any::<bool>(), 0..4_u32, routes, any_role()).prop_map(move |(started, instances, routes, role)| Colour {
            name,
            started,
            instances,
            routes,
            role,
        }),
    )
}

proptest! {
    /// Whatever is there, the compilers answer, and what they answer is safe at every point and confirms itself.
    #[test]
    fn every_list_of_steps_is_safe_and_confirms_itself(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let app = &plan.apps[0];
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        for verb in [Verb::Apply, Verb::Resume, Verb::Rollback] {
            let Ok(steps) = compiled(verb, &plan, &space) else { continue };
            let found = proof::prove_one(app, verb, &space, &steps);
            prop_assert!(found.is_none(), "{verb}: {}", found.unwrap());
            let mut model = space.clone();
            for step in &steps {
                let before = model.clone();
                step.facts().effect(&mut model);
                if let Some(condition) = step.facts().condition() {
                    prop_assert_eq!(condition.judge(&model, &before), Verdict::Holds, "{}", step.id);
                }
                let once = model.clone();
                step.facts().effect(&mut model);
                prop_assert_eq!(&model, &once, "{} is not the same when it is done again", step.id);
            }
            // The end is settled, and one more fallback would be a new decision.
            let end = Situation::of(app, &model);
            let nobody = verb != Verb::Apply && matches!(end, Ok(Situation::First { .. }));
            prop_assert!(nobody || matches!(end, Ok(Situation::Settled { .. })), "{verb}: {:?}", end);
        }
    }

    /// The app that alone serves a live route is never the one that is pushed to.
    #[test]
    fn the_serving_colour_is_never_redeployed(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let app = &plan.apps[0];
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        if let Ok(steps) = compiled(Verb::Apply, &plan, &space) {
            let mut model = space.clone();
            for step in &steps {
                if step.facts().kind() == "push" {
                    for url in &app.live {
                        prop_assert!(!model.holders(url).contains(&step.facts().app()), "{url} leads to what is pushed");
                    }
                }
                step.facts().effect(&mut model);
            }
        }
    }

    /// Whatever is there, and whatever was in flight: nothing is told to be done by hand that takes an app that serves
    /// off its route, or stops it.
    #[test]
    fn what_is_left_harms_nobody_who_serves(a in any_colour("shop_a"), b in any_colour("shop_b")) {
        let plan = example::plan(PLAN);
        let space = space_of(&a.into_iter().chain(b).collect::<Vec<_>>());
        let (deployment, upload) = (example::deployment(), example::upload());
        for verb in [Verb::Apply, Verb::Resume, Verb::Rollback] {
            let orders = Orders { plan: &plan, app: &plan.apps[0], deployment: &deployment, upload: Some(&upload) };
            let Ok(left) = left::left(verb, orders, &space) else { continue };
            let mut model = space.clone();
            for step in &left.by_hand {
                let before = serving(&model);
                step.facts().effect(&mut model);
                let after = serving(&model);
                prop_assert!(before.is_subset(&after), "{verb}: {}: {before:?} -> {after:?}", step.id);
            }
        }
    }
}

/// Which apps serve which routes; what is only on the staging route serves nobody.
fn serving(space: &Space) -> BTreeSet<(String, String)> {
    let of_app = |app: &App| {
        let routes = space.routes_of(&app.name).into_iter().filter(|url| *url != STAGING);
        routes.map(|url| (app.name.clone(), url.to_owned())).collect::<Vec<_>>()
    };
    space.apps.iter().filter(|app| app.state == AppState::Started).flat_map(of_app).collect()
}

/// A way back that is cut off is not gone on with as a way forward: an app that serves would be stopped.
#[test]
fn what_is_left_is_of_the_list_that_was_in_flight() {
    let plan = example::plan(PLAN);
    let deployment = example::deployment();
    let orders = Orders { plan: &plan, app: &plan.apps[0], deployment: &deployment, upload: None };
    let told = |verb, space: &Space| {
        let left = left::left(verb, orders, space).unwrap();
        let by_hand = left.by_hand.iter().map(|step| format!("{} {}", step.facts().kind(), step.facts().app()));
        (by_hand.collect::<Vec<_>>(), left.more)
    };
    // The new version has failed on the live route, and the old one is already back on it.
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &LIVE, Some(Role::RollingBack)),
    ]);
    let (by_hand, more) = told(Verb::Rollback, &space);
    assert_eq!(by_hand, ["map-route shop_a", "map-route shop_a"], "both serve: nobody is taken off by hand");
    assert!(more > 0);
    // It is off its routes: what is left is to stop it.
    let space = space_of(&[
        colour("shop_a", true, &LIVE, Some(Role::Live)),
        colour("shop_b", true, &[], Some(Role::RollingBack)),
    ]);
    assert!(told(Verb::Rollback, &space).0.contains(&"stop shop_b".to_owned()));
    // Nothing is under way any more.
    let space = space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]);
    assert_eq!(told(Verb::Apply, &space), (Vec::new(), 0));
}

/// What an action may change is read after it: else it would be taken for somebody else's change later.
#[test]
fn what_an_action_may_change_is_read_after_it() {
    let plan = example::plan(PLAN);
    let mut kinds = BTreeSet::new();
    let spaces = [
        space_of(&[]),
        space_of(&[colour("shop_a", true, &LIVE, Some(Role::Live))]),
        space_of(&[
            colour("shop_a", true, &LIVE, Some(Role::Live)),
            colour("shop_b", true, &[LIVE[0], STAGING, "other.example.com"], Some(Role::Next)),
        ]),
        space_of(&[
            Colour { instances: 1, ..colour("shop_a", false, &[], Some(Role::Previous)) },
            Colour { instances: 3, ..colour("shop_b", true, &LIVE, Some(Role::Live)) },
        ]),
    ];
    for (space, verb) in spaces.iter().flat_map(|space| [(space, Verb::Apply), (space, Verb::Rollback)]) {
        for step in compiled(verb, &plan, space).unwrap_or_default() {
            kinds.insert(step.facts().kind());
            for facet in facets(&step) {
                let read = step.facts().changes().contains(&facet.section());
                assert!(read || !step.may_change(&facet), "{} {facet:?}", step.id);
            }
        }
    }
    assert!(kinds.len() >= 12, "{kinds:?}");
}

/// One of each that a deployment hangs on, as far as a step may be about it.
fn facets(step: &Step) -> Vec<Facet> {
    let app = || step.facts().app().to_owned();
    let annotations = match &step.action {
        Action::Annotate(annotate) => annotate.annotations.to_map().into_keys().collect(),
        _ => vec!["cutover-role".to_owned()],
    };
    let mut facets = vec![
        Facet::App(app()),
        Facet::State(app()),
        Facet::Instances { app: app(), process: "web".to_owned(), guid: "web".to_owned() },
        Facet::Droplet(app()),
    ];
    facets.extend(annotations.into_iter().map(|key| Facet::Annotation { app: app(), key }));
    facets.extend(
        [LIVE[0], LIVE[1], STAGING, "other.example.com"].map(|url| Facet::Leads { url: url.to_owned(), app: app() }),
    );
    facets
}

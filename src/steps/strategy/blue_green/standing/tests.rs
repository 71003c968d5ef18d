//! Which colour is next where no live route leads anywhere.

use super::standing;
use crate::example;
use crate::plan::Plan;
use crate::space::{App, Space};
use crate::steps::Verb;
use crate::steps::annotations::{APP, DEPLOYMENT, OLD, Role};
use crate::steps::refusal::{ColourRefusal, Refusal};
use crate::steps::standing::Standing;

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

/// A colour as it is.
#[derive(Debug, Clone, Copy)]
enum Colour {
    /// It is not there.
    None,
    /// Nothing is written on it.
    Silent,
    /// It carries a role.
    With(Role),
}

fn space(colours: [Colour; 2]) -> Space {
    let app = |(name, colour): (&str, Colour)| match colour {
        Colour::None => None,
        Colour::Silent => Some(example::app(name, false, 2, None)),
        Colour::With(role) => Some(example::app(name, false, 2, Some(role))),
    };
    example::space(["shop_a", "shop_b"].into_iter().zip(colours).filter_map(app).collect::<Vec<App>>(), [])
}

fn next(plan: &Plan, space: &Space) -> String {
    match standing(&plan.apps[0], space).unwrap() {
        Standing::First { next } => next.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_that_was_live_is_pushed_over_where_there_is_another_one() {
    let plan = example::plan(PLAN);
    for (colours, wanted) in [
        ([Colour::None, Colour::None], "shop_a"),
        ([Colour::Silent, Colour::None], "shop_b"),
        ([Colour::None, Colour::Silent], "shop_a"),
        ([Colour::With(Role::Live), Colour::None], "shop_b"),
        ([Colour::With(Role::Live), Colour::With(Role::Previous)], "shop_b"),
        ([Colour::With(Role::Previous), Colour::With(Role::Live)], "shop_a"),
        ([Colour::With(Role::Live), Colour::With(Role::Live)], "shop_a"),
        // What is under way goes on.
        ([Colour::With(Role::Next), Colour::None], "shop_a"),
        ([Colour::With(Role::Live), Colour::With(Role::RollingBack)], "shop_b"),
    ] {
        assert_eq!(next(&plan, &space(colours)), wanted, "{colours:?}");
    }
}

#[test]
fn of_two_versions_that_nothing_tells_apart_none_is_pushed_over() {
    let plan = example::plan(PLAN);
    let compiled = |space: &Space| example::compile(&plan, Verb::Apply, space);
    let silent = space([Colour::Silent, Colour::Silent]);
    assert!(matches!(compiled(&silent), Err(Refusal::Colours(ColourRefusal::NoneLive { .. }))));
    // One that was never staged holds no version; one that cutover has written on is told by that.
    let mut empty = silent.clone();
    empty.apps[0].droplet = None;
    assert!(compiled(&empty).is_ok());
    assert!(compiled(&space([Colour::Silent, Colour::With(Role::RolledBack)])).is_ok());
}

/// What the plan calls the app that a colour is a version of, and what was live before it.
type Written = (&'static str, Option<(&'static str, &'static str)>);

/// The two colours, which one is on the live route, which one is being deployed, and which one is refused.
type Case = ([Written; 2], Option<&'static str>, Option<&'static str>, Option<&'static str>);

#[test]
fn a_colour_of_another_app_is_left_alone_and_one_that_got_another_name_is_known() {
    let plan = example::plan(PLAN);
    let cases: [Case; 9] = [
        // A plan that was copied, with the colours of the other one.
        ([("shop_a", Some(("web", "-"))), ("shop_b", None)], None, None, Some("shop_a")),
        ([("shop_a", Some(("web", "shop_b"))), ("shop_b", Some(("web", "-")))], None, None, Some("shop_a")),
        // One of its own, and one of somebody else's.
        ([("shop_a", Some(("shop", "-"))), ("shop_b", Some(("web", "-")))], Some("shop_a"), None, Some("shop_b")),
        ([("shop_a", Some(("shop", "-"))), ("shop_b", Some(("shop", "shop_a")))], Some("shop_b"), None, None),
        // An older version of cutover has written nothing.
        ([("shop_a", None), ("shop_b", Some(("shop", "shop_a")))], Some("shop_b"), None, None),
        // It was called store, and then shop.
        ([("shop_a", Some(("store", "-"))), ("shop_b", None)], Some("shop_a"), None, None),
        ([("shop_a", Some(("store", "shop_b"))), ("shop_b", Some(("store", "-")))], Some("shop_a"), None, None),
        (
            [("shop_a", Some(("store", "-"))), ("shop_b", Some(("shop", "shop_a")))],
            Some("shop_b"),
            Some("shop_b"),
            None,
        ),
        // Whoever deploys it under its old name is not met.
        (
            [("shop_a", Some(("store", "-"))), ("shop_b", Some(("store", "shop_a")))],
            Some("shop_a"),
            Some("shop_b"),
            Some("shop_b"),
        ),
    ];
    for (number, (colours, live, next, refused)) in cases.into_iter().enumerate() {
        let app = |(name, written): Written| {
            let role = if next == Some(name) { Role::Next } else { Role::Live };
            let mut app = example::app(name, true, 2, Some(role));
            for (key, value) in written.iter().flat_map(|(of, old)| [(APP, *of), (OLD, *old), (DEPLOYMENT, "d-1")]) {
                app.annotations.insert(key.to_owned(), value.to_owned());
            }
            app
        };
        let space = example::space(colours.map(app).to_vec(), live.map(|live| ("shop.example.com", live)));
        let told = match standing(&plan.apps[0], &space) {
            Err(Refusal::Colours(ColourRefusal::OfAnotherApp { app, .. } | ColourRefusal::UnderWayAs { app, .. })) => {
                Some(app.to_string())
            }
            other => {
                assert!(other.is_ok(), "{number}: {other:?}");
                None
            }
        };
        assert_eq!(told.as_deref(), refused, "{number}");
    }
}

//! Which colour is next where no live route leads anywhere.

use super::standing;
use crate::example;
use crate::plan::Plan;
use crate::space::{App, Space};
use crate::steps::Verb;
use crate::steps::annotations::Role;
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

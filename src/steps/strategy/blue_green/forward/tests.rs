//! What a deployment writes down of the routes that it found, and what is found of its upload.

use super::{is_uploaded_over, kept_routes, routes_of_old};
use crate::example;
use crate::plan::AppName;
use crate::space::{Package, Space};
use crate::steps::annotations::{DEPLOYMENT, KEPT_ROUTES, OLD, OLD_ROUTES, Origin, PACKAGE_BEFORE, Role};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com, www.example.com], staging: shop-staging.example.com}
";
const LIVE: [&str; 2] = ["shop.example.com", "www.example.com"];

/// `shop_b` is under way, and these annotations are on it; these routes lead to these apps.
fn under_way(annotations: &[(&str, &str)], leads: &[(&'static str, &'static str)]) -> Space {
    let mut next = example::app("shop_b", true, 2, Some(Role::Next));
    for (key, value) in [(DEPLOYMENT, "d-1")].iter().chain(annotations) {
        next.annotations.insert((*key).to_owned(), (*value).to_owned());
    }
    let live = example::app("shop_a", true, 2, Some(Role::Live));
    example::space(vec![live, next], leads.iter().copied())
}

#[test]
fn the_old_colour_is_to_have_back_what_it_held() {
    let plan = example::plan(PLAN);
    let [old, next] = ["shop_a", "shop_b"].map(|name| AppName::parse(name).unwrap());
    let both = LIVE.join(" ");
    let told = |annotations: &[(&str, &str)], leads: &[(&'static str, &'static str)], old: Option<&AppName>| {
        routes_of_old(&plan.apps[0], &under_way(annotations, leads), old, &next)
    };
    let held = [(LIVE[0], "shop_a"), (LIVE[1], "shop_a")];
    assert_eq!(told(&[], &held, Some(&old)), LIVE);
    assert_eq!(told(&[], &held, None), [""; 0]);
    // The interrupted deployment has taken one off it.
    let taken = [(LIVE[0], "shop_a")];
    assert_eq!(told(&[(OLD, "shop_a"), (OLD_ROUTES, &both)], &taken, Some(&old)), LIVE);
    // It never held the other one, which the new version has got.
    let added = [(LIVE[0], "shop_a"), (LIVE[1], "shop_b")];
    assert_eq!(told(&[(OLD, "shop_a"), (OLD_ROUTES, LIVE[0])], &added, Some(&old)), [LIVE[0]]);
    // Nothing tells of it, or only of another app: nobody is left with nothing.
    for annotations in [&[][..], &[(OLD, "shop_c"), (OLD_ROUTES, LIVE[0])]] {
        assert_eq!(told(annotations, &added, Some(&old)), LIVE, "{annotations:?}");
        assert_eq!(told(annotations, &taken, Some(&old)), [LIVE[0]], "{annotations:?}");
    }
}

#[test]
fn routes_that_the_plan_does_not_name_come_back_to_the_next_colour() {
    let plan = example::plan(PLAN);
    let next = AppName::parse("shop_b").unwrap();
    let leads = [(LIVE[0], "shop_b"), ("own.example.com", "shop_b"), ("other.example.com", "shop_a")];
    let kept = format!("a.example.com own.example.com {}", LIVE[1]);
    let mut space = under_way(&[(KEPT_ROUTES, &kept)], &leads);
    assert_eq!(kept_routes(&plan.apps[0], &space, &next), ["a.example.com", "own.example.com"]);
    // What an earlier deployment has written is no matter of this one.
    space.apps[1].annotations.insert("cutover-role".to_owned(), "previous".to_owned());
    assert_eq!(kept_routes(&plan.apps[0], &space, &next), ["own.example.com"]);
    space.apps.pop();
    assert_eq!(kept_routes(&plan.apps[0], &space, &next), [""; 0]);
}

#[test]
fn what_somebody_else_has_uploaded_is_told_from_an_upload_that_was_repeated() {
    for (packages, before, expected) in [
        ("", "-", false),
        ("own", "-", false),
        ("own before", "before", false),
        ("before older", "before", false),
        // It was cut off, and repeated.
        ("again !own before", "before", false),
        ("!own before", "before", false),
        ("again !own", "-", false),
        // What was there before was cut off, too.
        ("own !before older", "before", false),
        ("theirs own before", "before", true),
        ("!more theirs own before", "before", true),
        ("theirs own", "-", true),
    ] {
        let mut app = under_way(&[(PACKAGE_BEFORE, before)], &[]).apps.pop().unwrap();
        let package =
            |word: &str| Package { guid: word.trim_start_matches('!').to_owned(), ready: !word.starts_with('!') };
        let mut newest_first = packages.split_whitespace().map(package);
        app.package = newest_first.next();
        app.older_packages = newest_first.collect();
        assert_eq!(is_uploaded_over(&app, &Origin::of(&app).unwrap()), expected, "{packages} | {before}");
    }
}

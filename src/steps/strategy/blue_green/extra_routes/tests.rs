use super::*;
use crate::example;
use crate::plan::Protocol;
use crate::space::Destination;
use crate::steps::annotations::Role;

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
  - name: cart
    path: app
    manifest: manifest.yml
    routes: {live: [cart.example.com], staging: cart-staging.example.com}
";

/// What moves with the live routes of `shop`, whose live version is on these routes, too.
fn found(routes: &[&str], make: impl Fn(&mut Space)) -> Vec<String> {
    let plan = example::plan(PLAN);
    let apps = vec![
        example::app("shop_a", true, 1, Some(Role::Live)),
        example::app("shop_b", false, 1, Some(Role::Previous)),
        example::app("other", true, 1, None),
    ];
    let leads = routes.iter().map(|url| (*url, "shop_a")).chain([("shop.example.com", "shop_a")]);
    let mut space = example::space(apps, leads);
    make(&mut space);
    let app = with_extra_routes(&plan, &plan.apps[0], Verb::Apply, &space);
    app.extra.iter().map(ToString::to_string).collect()
}

fn lead_too(space: &mut Space, url: &str, to: &str, process: &str) {
    let destination = Destination { process: process.to_owned(), ..Destination::web(to, Protocol::Http1) };
    let route = space.routes.iter_mut().find(|route| route.url == url).unwrap();
    route.destinations.push(destination);
}

/// What is otherwise in the space.
type Make = fn(&mut Space);

#[test]
fn what_leads_to_the_live_version_alone_is_moved() {
    const PROMO: &str = "promo.example.com";
    let cases: [(&str, &[&str], Make, &[&str]); 9] = [
        ("nothing else", &[], |_| {}, &[]),
        ("a host, and a path", &[PROMO, "www.example.com/shop"], |_| {}, &[PROMO, "www.example.com/shop"]),
        ("the staging route", &["shop-staging.example.com"], |_| {}, &[]),
        ("a route of another app of the plan", &["cart.example.com"], |_| {}, &[]),
        ("a route with a port", &["tcp.example.com:1024"], |_| {}, &[]),
        ("a route of no domain that is known", &["promo.example.org"], |_| {}, &[]),
        ("one that another app is on", &[PROMO], |space| lead_too(space, PROMO, "guid-unseen", "web"), &[]),
        ("one that the other colour is on", &[PROMO], |space| lead_too(space, PROMO, "guid-shop_b", "web"), &[]),
        ("one that another space shares", &[PROMO], |space| space.routes[0].shared_by = Some("guid".to_owned()), &[]),
    ];
    for (name, routes, make, expected) in cases {
        assert_eq!(found(routes, make), expected, "{name}");
    }
    // Nothing tells which version is live.
    let is_nobodys = |space: &mut Space| space.routes.retain(|route| route.url != "shop.example.com");
    assert_eq!(found(&[PROMO], is_nobodys), [""; 0]);
}

#[test]
fn a_plan_may_refuse_them() {
    let plan = example::plan(&PLAN.replacen("    routes:", "    extra_routes: refuse\n    routes:", 1));
    let apps = vec![example::app("shop_a", true, 1, Some(Role::Live))];
    let space = |leads: &[(&'static str, &'static str)]| example::space(apps.clone(), leads.iter().copied());
    let live = ("shop.example.com", "shop_a");
    assert_eq!(may_have_extra(&plan, &plan.apps[0], None, &space(&[live])), Ok(()));
    let refused = may_have_extra(&plan, &plan.apps[0], None, &space(&[live, ("promo.example.com", "shop_a")]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "shop is also reached by promo.example.com, which the plan does not name"
    );
}

/// The name of an app, and whether it runs.
type Other = (&'static str, bool);

#[test]
fn a_route_that_would_lead_to_nobody_is_refused_unless_the_plan_lets_it() {
    let promo = ("promo.example.com", "shop_a");
    // The others that it leads to, each with whether it runs; what the plan says; whether it is refused.
    let cases: [(&[Other], &str, bool); 6] = [
        (&[], "move", false),
        (&[("other", false)], "move", true),
        (&[("other", false)], "keep", false),
        (&[("other", true)], "move", false),
        (&[("other", false), ("more", true)], "move", false),
        // It comes back to the next version.
        (&[("shop_b", false)], "move", false),
    ];
    for (others, keys, is_refused) in cases {
        let plan = example::plan(&PLAN.replacen("    routes:", &format!("    extra_routes: {keys}\n    routes:"), 1));
        let mut apps = vec![example::app("shop_a", true, 1, Some(Role::Live))];
        apps.extend(others.iter().map(|(name, runs)| example::app(name, *runs, 1, None)));
        let mut space = example::space(apps, [promo, ("shop.example.com", "shop_a")]);
        for (name, _) in others {
            lead_too(&mut space, promo.0, &format!("guid-{name}"), "web");
        }
        let told = may_have_extra(&plan, &plan.apps[0], None, &space).err().map(|refusal| refusal.to_string());
        let expected = "promo.example.com leads to shop_a, and else to none but other, which is stopped: once shop_a is, nobody serves it";
        assert_eq!(told.as_deref(), is_refused.then_some(expected), "{others:?} {keys}");
    }
}

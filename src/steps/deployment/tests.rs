//! Several apps of one plan.

use super::*;
use crate::example;
use crate::space::lock::Lock;
use crate::space::{App, Quota, QuotaKind, Usage};
use crate::steps::annotations::{APPS, AT, DEPLOYMENT, PLAN as PLAN_DIGEST, Role};
use crate::steps::refusal::PlatformRefusal;

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
  - name: mail
    path: app
    manifest: manifest.yml
    routes: {live: [mail.example.com], staging: mail-staging.example.com}
";

/// Which deployment a version comes from: its id, and when it began.
type From = (&'static str, &'static str);
const OLDER: From = ("d-1", "2026-11-01T10:00:00Z");
const NEWER: From = ("d-2", "2026-11-02T10:00:00Z");

/// An app that a deployment has written on. The plan's digest is this plan's.
fn version(plan: &Plan, name: &str, role: Role, (id, at): From) -> App {
    let started = !matches!(role, Role::Previous | Role::RolledBack);
    let mut app = example::app(name, started, 2, Some(role));
    for (key, value) in [(DEPLOYMENT, id), (AT, at), (PLAN_DIGEST, plan.digest.as_str()), (APPS, "*")] {
        app.annotations.insert(key.to_owned(), value.to_owned());
    }
    app
}

/// Of each app the second colour is live and comes from the newer deployment, the first one is the version before.
fn deployed(plan: &Plan, apps: &[&str]) -> Space {
    let mut all = Vec::new();
    let mut leads = Vec::new();
    for app in ["shop", "cart", "mail"] {
        let done = apps.contains(&app);
        let (first, second) = (format!("{app}_a"), format!("{app}_b"));
        all.push(version(plan, &first, if done { Role::Previous } else { Role::Live }, OLDER));
        let role = if done { Role::Live } else { Role::Previous };
        let before = ("d-0", "2026-10-01T10:00:00Z");
        all.push(version(plan, &second, role, if done { NEWER } else { before }));
        leads.push((format!("{app}.example.com"), if done { second } else { first }));
    }
    example::space(all, leads.iter().map(|(url, app)| (url.as_str(), app.as_str())))
}

/// Something that is otherwise in the space.
type Change = fn(&mut Space);

/// What is done with which app, and which apps are left alone.
fn told(compiled: Result<Deployment<'_>, Refusal>) -> String {
    match compiled {
        Err(refusal) => format!("refused: {refusal}"),
        Ok(deployment) => {
            let apps = deployment.apps.iter().map(|part| format!("{} -> {}", part.app.name, part.standing.next()));
            let left = deployment.left_alone.iter().map(|(app, why)| format!("{app} is left alone: {why}"));
            apps.chain(left).collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn apps_come_one_after_the_other_and_go_back_in_reverse() {
    let plan = example::plan(PLAN);
    let space = deployed(&plan, &["shop", "cart", "mail"]);
    for (verb, order) in [(Verb::Apply, ["shop", "cart", "mail"]), (Verb::Rollback, ["mail", "cart", "shop"])] {
        let deployment = Deployment::compile(&plan, &space, &example::request(&plan, verb)).unwrap();
        assert_eq!(deployment.apps.iter().map(|part| part.app.name.as_str()).collect::<Vec<_>>(), order);
        let mut before: Vec<String> = Vec::new();
        for part in &deployment.apps {
            let (first, others) = part.steps.split_first().unwrap();
            assert_eq!(first.after, before, "{verb}: {}", first.id);
            assert!(others.iter().all(|step| !step.after.is_empty()), "{verb}: {}", first.id);
            before = ends(&part.steps);
        }
    }
}

#[test]
fn a_rollback_takes_back_what_the_newest_deployment_has_done() {
    let plan = example::plan(PLAN);
    let request = example::request(&plan, Verb::Rollback);
    let all = deployed(&plan, &["shop", "cart", "mail"]);
    assert_eq!(told(Deployment::compile(&plan, &all, &request)), "mail -> mail_a; cart -> cart_a; shop -> shop_a");
    // The one that was not begun goes on to run what an older deployment has brought.
    let two = deployed(&plan, &["shop", "cart"]);
    assert_eq!(
        told(Deployment::compile(&plan, &two, &request)),
        "cart -> cart_a; shop -> shop_a; mail is left alone: the live version of mail comes from another deployment (d-1) than \
         the newest one of the plan (d-2)"
    );
    // What cannot be taken back keeps no other app from it.
    let mut deleted = all.clone();
    deleted.apps.retain(|app| app.name != "cart_a");
    assert_eq!(
        told(Deployment::compile(&plan, &deleted, &request)),
        "mail -> mail_a; shop -> shop_a; cart is left alone: there is nothing to fall back to: cart_b is live and cart_a is \
         not there"
    );
    // What was taken back is not taken back again: the version before it is the one that is in force then.
    let mut back = all.clone();
    for app in &mut back.apps {
        let role = if app.name.ends_with("_a") { Role::Live } else { Role::RolledBack };
        app.annotations.insert("cutover-role".to_owned(), role.as_str().to_owned());
    }
    for route in &mut back.routes {
        route.destinations[0].app = route.destinations[0].app.replace("_b", "_a");
    }
    assert_eq!(
        told(Deployment::compile(&plan, &back, &request)),
        "refused: there is nothing to fall back to: mail_a is live, and mail_b is the version that was rolled back\n\
         there is nothing to fall back to: cart_a is live, and cart_b is the version that was rolled back\n\
         there is nothing to fall back to: shop_a is live, and shop_b is the version that was rolled back"
    );
    // Of an app that is under way it is the deployment that counts, though nothing serves from it yet.
    let mut half = deployed(&plan, &[]);
    let next = half.app_mut("shop_b").unwrap();
    *next = version(&plan, "shop_b", Role::Next, NEWER);
    let left = |app: &str| {
        format!(
            "{app} is left alone: the live version of {app} comes from another deployment (d-1) than the newest one of the \
             plan (d-2)"
        )
    };
    assert_eq!(
        told(Deployment::compile(&plan, &half, &request)),
        format!("shop -> shop_b; {}; {}", left("mail"), left("cart"))
    );
    // Whoever names apps means them, whatever deployment they come from.
    let mut named = plan.clone();
    named.apps.retain(|app| app.name.as_str() != "cart");
    let extent = Extent::Apps(vec!["shop".to_owned(), "mail".to_owned()]);
    let request = Request { extent, ..request };
    assert_eq!(told(Deployment::compile(&named, &two, &request)), "mail -> mail_b; shop -> shop_a");
}

#[test]
fn what_was_to_follow_is_resumed() {
    let plan = example::plan(PLAN);
    let request = example::request(&plan, Verb::Resume);
    let compiled = |space: &Space| told(Deployment::compile(&plan, space, &request));
    let first = deployed(&plan, &["shop"]);
    assert_eq!(
        compiled(&first),
        "cart -> cart_b; mail -> mail_b; shop is left alone: no deployment of shop is under way"
    );
    assert_eq!(request.claimed(&plan, &first).id, "d-2");
    let deployment = Deployment::compile(&plan, &first, &request).unwrap();
    let mark = deployment.steps().find(|step| step.id == "cart/mark").unwrap();
    assert!(mark.invocation().unwrap().shell().contains(r#""cutover-deployment":"d-2""#), "{mark:?}");

    let cases: [(&str, Change); 3] = [
        ("it has come to all of its apps", |space| {
            for name in ["cart_b", "mail_b"] {
                let app = space.app_mut(name).unwrap();
                app.annotations.insert(DEPLOYMENT.to_owned(), "d-2".to_owned());
            }
        }),
        ("a part of it was taken back", |space| {
            let app = space.app_mut("shop_b").unwrap();
            app.annotations.insert("cutover-role".to_owned(), "rolled-back".to_owned());
        }),
        ("it was of that app alone", |space| {
            space.app_mut("shop_b").unwrap().annotations.insert(APPS.to_owned(), r#"["shop"]"#.to_owned());
        }),
    ];
    for (name, change) in cases {
        let mut space = first.clone();
        change(&mut space);
        assert_eq!(compiled(&space), "refused: no deployment of shop is under way", "{name}");
    }
    let mut space = first;
    let marks = &mut space.app_mut("shop_b").unwrap().annotations;
    marks.insert(PLAN_DIGEST.to_owned(), "another".to_owned());
    // All apps of another plan are not those of this one.
    assert_eq!(compiled(&space), "refused: no deployment of shop is under way");
    let marks = &mut space.app_mut("shop_b").unwrap().annotations;
    marks.insert(APPS.to_owned(), r#"["shop","cart","mail"]"#.to_owned());
    assert_eq!(
        compiled(&space),
        "refused: deployment d-2 was interrupted before it came to cart, mail, and comes from another plan or manifest than \
         this one"
    );
}

/// Each app takes 512 MB more while both of its colours run, and 256 MB more for good: it grows by one instance.
fn one_instance_each(plan: &Plan) -> Space {
    let mut space = deployed(plan, &[]);
    for app in &mut space.apps {
        app.processes[0].instances = 1;
        app.processes[0].states.truncate(1);
    }
    space
}

/// A quota of that space with so much memory left, in megabytes.
fn with_free_memory(free: u64) -> Quota {
    let used = Usage { memory_mb: 768, instances: 3, routes: 3, ..Usage::default() };
    Quota { memory_mb: Some(used.memory_mb + free), used, ..example::unlimited() }
}

#[test]
fn apps_share_a_quota() {
    let plan = example::plan(PLAN);
    let mut space = one_instance_each(&plan);
    let mut fits = |free: u64| {
        space.quotas = vec![with_free_memory(free)];
        Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).map(drop)
    };
    // One app needs 512 MB while both of its colours run, and 256 MB more than before for good.
    assert_eq!(fits(1024), Ok(()));
    let Err(Refusal::Platform(PlatformRefusal::Quota { step, .. })) = fits(1023) else {
        panic!("three apps do not fit together")
    };
    assert_eq!(step, "mail/start");
    let Err(Refusal::Platform(PlatformRefusal::Quota { step, .. })) = fits(511) else { panic!("one app does not fit") };
    assert_eq!(step, "shop/start");
    fits(1024).unwrap();
    let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
    let courses = deployment.courses(&space);
    let used = |memory_mb, instances, routes| Usage { memory_mb, instances, routes, ..Usage::default() };
    let [Course { peak, after, reached_at, largest_instance_mb, .. }] = courses.as_slice() else {
        panic!("{courses:?}")
    };
    // The staging routes stay, and each app has two instances where it had one.
    assert_eq!((*peak, *after), (used(1792, 7, 6), used(1536, 6, 6)));
    let at: Vec<(QuotaKind, &str)> = reached_at.iter().map(|(what, step)| (*what, step.as_str())).collect();
    let expected = [
        (QuotaKind::Memory, "mail/start"),
        (QuotaKind::Instances, "mail/start"),
        (QuotaKind::Routes, "mail/map-staging"),
    ];
    assert_eq!((at.as_slice(), *largest_instance_mb), (&expected[..], Some(256)));
}

/// Apps are deployed at the same time only where all of them fit at any time.
#[test]
fn apps_in_lanes_wait_for_each_other_where_they_do_not_fit_together() {
    let plan = example::plan(PLAN);
    let mut space = one_instance_each(&plan);
    // How many lanes there are, how much memory is free, and how many apps are on their way at once.
    for (parallel, free, at_once) in [
        (None, 9999, 1),
        (Some(1), 9999, 1),
        (Some(2), 1280, 2),
        (Some(2), 1279, 1),
        (Some(3), 1536, 3),
        (Some(3), 1535, 1),
        (Some(32), 1536, 32),
    ] {
        let plan = Plan { parallel, ..plan.clone() };
        space.quotas = vec![with_free_memory(free)];
        let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
        let waits = deployment.apps.iter().filter(|part| !part.steps[0].after.is_empty()).count();
        let told = format!("{parallel:?} {free}");
        assert_eq!((deployment.apps_at_once, waits), (at_once, if at_once > 1 { 0 } else { 2 }), "{told}");
        assert_eq!(deployment.lanes, parallel.unwrap_or(4), "{told}");
        let courses = deployment.courses(&space);
        let peak = 768 + if at_once > 1 { 768 + 256 * at_once.min(3) as u64 } else { 1024 };
        assert_eq!(courses[0].peak.memory_mb, peak, "{told}");
        assert_eq!(courses[0].reached_at.is_empty(), at_once > 1, "{told}: the order of the apps is not known");
    }
}

/// A lock that a killed run has left on an app.
fn lock_of(plan: &Plan, app: &str, verb: Verb, id: &str) -> Lock {
    let deployment = id.to_owned();
    Lock { app: app.to_owned(), deployment, plan: plan.digest.clone(), verb: Some(verb), ..example::lock() }
}

/// Whatever the verb is that finishes it, a rollback that was killed or interrupted goes on back, and to all of its apps.
#[test]
fn a_rollback_that_was_interrupted_goes_on_back() {
    let plan = example::plan(PLAN);
    let all = deployed(&plan, &["shop", "cart", "mail"]);
    let rollback = Deployment::compile(&plan, &all, &example::request(&plan, Verb::Rollback)).unwrap();
    let after = |last: &str| {
        let mut space = all.clone();
        let end = rollback.steps().position(|step| step.id == last).map_or(0, |at| at + 1);
        rollback.steps().take(end).for_each(|step| step.facts().effect(&mut space));
        space
    };
    let last_of = |app: &str| rollback.steps().filter(|step| step.app.as_str() == app).last().unwrap().id.clone();
    // Where it stopped; whether its locks are there still; what is gone on with.
    let cases = [
        (String::new(), true, "mail cart shop"),
        ("mail/mark".to_owned(), true, "mail cart shop"),
        ("mail/mark".to_owned(), false, "mail cart shop"),
        (last_of("mail"), true, "cart shop"),
        (last_of("mail"), false, "cart shop"),
        ("cart/mark".to_owned(), false, "cart shop"),
        (last_of("cart"), false, "shop"),
    ];
    for (last, locked, apps) in cases {
        let space = after(&last);
        for verb in [Verb::Resume, Verb::Rollback] {
            let locks = ["shop", "cart", "mail"].map(|app| lock_of(&plan, app, Verb::Rollback, "d-2"));
            let locks = if locked { locks.to_vec() } else { Vec::new() };
            let request = Request { locks, ..example::request(&plan, verb) };
            let deployment = Deployment::compile(&plan, &space, &request).unwrap();
            let found: Vec<&str> = deployment.apps.iter().map(|part| part.app.name.as_str()).collect();
            assert_eq!(
                (deployment.verb, found.join(" ").as_str()),
                (Verb::Rollback, apps),
                "{verb} after '{last}' {locked}"
            );
            assert!(deployment.steps().all(|step| step.facts().kind() != "push"), "{verb} after '{last}'");
        }
    }
    // It is done, and its locks are not given back yet: what an older deployment has brought is not taken back with it.
    let mut older = deployed(&plan, &["mail"]);
    for last in [after(&last_of("shop")), {
        let rollback = Deployment::compile(&plan, &older, &example::request(&plan, Verb::Rollback)).unwrap();
        rollback.steps().for_each(|step| step.facts().effect(&mut older));
        older
    }] {
        for verb in [Verb::Resume, Verb::Rollback] {
            let locks = ["shop", "cart", "mail"].map(|app| lock_of(&plan, app, Verb::Rollback, "d-2")).to_vec();
            let request = Request { locks, ..example::request(&plan, verb) };
            let refused = Deployment::compile(&plan, &last, &request).unwrap_err();
            assert!(matches!(refused, Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })), "{verb}: {refused}");
        }
    }
}

/// What is gone on with stays what it was: a resume of the whole plan makes no deployment and no rollback larger.
#[test]
fn a_resume_makes_nothing_larger() {
    let plan = example::plan(PLAN);
    let two = r#"["shop","cart"]"#;
    let marked = |deployment: &Deployment<'_>, key: &str| {
        let wanted = format!(r#""{key}":"{}""#, two.replace('"', "\\\""));
        let mark = deployment.steps().find(|step| step.facts().kind() == "annotate").unwrap().invocation().unwrap();
        let told = mark.argv().join(" ");
        assert!(told.contains(&wanted), "'{wanted}' is not in {told}");
    };
    // A deployment of two apps, interrupted after the first.
    let mut space = deployed(&plan, &["shop"]);
    space.app_mut("shop_b").unwrap().annotations.insert(APPS.to_owned(), two.to_owned());
    let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Resume)).unwrap();
    assert_eq!(deployment.apps.iter().map(|part| part.app.name.as_str()).collect::<Vec<_>>(), ["cart"]);
    marked(&deployment, APPS);
    // The same by the locks of a run that was killed; those of a killed resume tell of nothing.
    let space = deployed(&plan, &[]);
    for (verb, found) in [(Verb::Apply, true), (Verb::Resume, false)] {
        let locks = ["shop", "cart"].map(|app| lock_of(&plan, app, verb, "d-9")).to_vec();
        let request = Request { locks, ..example::request(&plan, Verb::Resume) };
        let compiled = Deployment::compile(&plan, &space, &request);
        assert_eq!(compiled.is_ok(), found, "{verb}");
        if let Ok(deployment) = &compiled {
            marked(deployment, APPS);
        }
    }
    // A deployment that was taken back in part, and was killed before it gave its locks back, is not gone on with.
    let mut space = deployed(&plan, &[]);
    *space.app_mut("shop_b").unwrap() = version(&plan, "shop_b", Role::RolledBack, ("d-9", "2026-11-09T10:00:00Z"));
    let locks = ["shop", "cart", "mail"].map(|app| lock_of(&plan, app, Verb::Apply, "d-9")).to_vec();
    let request = Request { locks, ..example::request(&plan, Verb::Resume) };
    let refused = Deployment::compile(&plan, &space, &request).unwrap_err();
    assert!(matches!(refused, Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })), "{refused}");
}

/// What a failed deployment has taken back by itself is no rollback of the plan, and one of a single app is of that alone.
#[test]
fn a_rollback_of_one_app_is_of_no_other() {
    let plan = example::plan(PLAN);
    let mut space = deployed(&plan, &["shop", "cart", "mail"]);
    let mut alone = plan.clone();
    alone.apps.retain(|app| app.name.as_str() == "cart");
    let extent = Extent::Apps(vec!["cart".to_owned()]);
    let request = Request { extent, ..example::request(&plan, Verb::Rollback) };
    for step in Deployment::compile(&alone, &space, &request).unwrap().steps() {
        step.facts().effect(&mut space);
    }
    let request = example::request(&plan, Verb::Resume);
    assert_eq!(request.acts_as(&plan, &space), Verb::Resume);
    let refused = Deployment::compile(&plan, &space, &request).unwrap_err();
    assert!(matches!(refused, Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })), "{refused}");
}

#[test]
fn what_a_killed_run_was_about_to_begin_is_not_begun_from_another_plan() {
    let plan = example::plan(PLAN);
    let space = deployed(&plan, &[]);
    let lock = |digest: &str| Lock { plan: digest.to_owned(), ..lock_of(&plan, "mail", Verb::Apply, "d-9") };
    let told = |digest: &str| {
        let request = Request { locks: vec![lock(digest)], ..example::request(&plan, Verb::Resume) };
        told(Deployment::compile(&plan, &space, &request))
    };
    assert!(told(&plan.digest).starts_with("mail -> mail_b; shop is left alone"), "{}", told(&plan.digest));
    let refused = "refused: the deployment of mail that is under way comes from another plan or manifest than this one";
    assert_eq!(told("another"), refused);
}

/// A run that was killed before its first change has left its locks, and nothing to take back: least of all what an app got from
/// another deployment than the others.
#[test]
fn of_a_run_that_has_changed_nothing_there_is_nothing_to_roll_back() {
    let plan = example::plan(PLAN);
    let space = deployed(&plan, &["cart", "mail"]);
    let locks = ["shop", "cart", "mail"].map(|app| lock_of(&plan, app, Verb::Apply, "d-9")).to_vec();
    let request = Request { locks, ..example::request(&plan, Verb::Rollback) };
    let refused = Deployment::compile(&plan, &space, &request).unwrap_err();
    assert!(matches!(refused, Refusal::UnderWay(UnderWayRefusal::NothingUnderWay { .. })), "{refused}");
}

//! What is refused before the first change, and what is not.

use crate::example;
use crate::own_commands::OwnCommands;
use crate::plan::{DockerImage, Lifecycle, Plan, Protocol, RouteUrl};
use crate::report::preview;
use crate::space::native::NativeDeployment;
use crate::space::rules::{Buildpack, ForeignRoute, Owner, Rules, Stack, StackState, Suspended};
use crate::space::{Destination, Domain, Route, Space};
use crate::steps::annotations::Role;
use crate::steps::refusal::{PlatformRefusal, Refusal};
use crate::steps::{Deployment, Step, Verb};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    path: app
    manifest: manifest.yml
    services: [db]
    routes:
      live: [shop.example.com]
      staging: shop-staging.example.com/next
    checks:
      - http: {path: /health}
";

/// What a change of the space makes a verb refuse.
type Change = fn(&mut Space);

fn compiled(verb: Verb, plan: &Plan, space: &Space) -> Result<Vec<Step>, Refusal> {
    example::compile(plan, verb, space)
}

/// `shop_a` is live, `shop_b` is not there, and the staging route was never made.
fn live() -> Space {
    example::space(vec![example::app("shop_a", true, 2, Some(Role::Live))], [("shop.example.com", "shop_a")])
}

/// As [`live`], with the version before.
fn with_previous() -> Space {
    let apps =
        vec![example::app("shop_a", true, 2, Some(Role::Live)), example::app("shop_b", false, 2, Some(Role::Previous))];
    example::space(apps, [("shop.example.com", "shop_a")])
}

fn native(app: &str, reason: &str) -> NativeDeployment {
    NativeDeployment {
        app: format!("guid-{app}"),
        strategy: "canary".to_owned(),
        reason: reason.to_owned(),
        since: "2026-11-28T10:45:00Z".to_owned(),
    }
}

fn foreign(wanted: &str, url: &str) -> ForeignRoute {
    ForeignRoute {
        wanted: wanted.to_owned(),
        url: url.to_owned(),
        owner: Some(Owner { org: Some("acme".to_owned()), space: "website".to_owned() }),
        apps: Vec::new(),
        shared: false,
        roles: None,
    }
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn stack(name: &str, state: StackState, default: bool) -> Stack {
    Stack { name: name.to_owned(), state, reason: None, default }
}

const STAGING: &str = "shop-staging.example.com/next";

/// The live route belongs to another space, which shares it.
fn shared(space: &mut Space, roles: Option<Vec<String>>) {
    let route = space.routes.iter_mut().find(|route| route.url == "shop.example.com");
    if let Some(route) = route {
        route.shared_by = Some("guid-website".to_owned());
    }
    let told = foreign("shop.example.com", "shop.example.com");
    space.rules.routes.push(ForeignRoute { shared: true, roles, ..told });
}

#[test]
fn what_the_platform_will_refuse_is_refused_before_the_first_change() {
    let cases: &[(&str, Change)] = &[
        ("a canary deployment waits on the live colour", |space| space.deployments = vec![native("shop_a", "PAUSED")]),
        ("a native deployment is at work", |space| space.deployments = vec![native("shop_a", "DEPLOYING")]),
        ("a native deployment is being cancelled", |space| space.deployments = vec![native("shop_a", "CANCELING")]),
        ("the organization is suspended", |space| space.rules.suspended = Some(Suspended::Organization)),
        ("the space is suspended", |space| space.rules.suspended = Some(Suspended::Space)),
        ("the user is an auditor", |space| space.rules.roles = Some(roles(&["space_auditor", "space_supporter"]))),
        ("the user has no role", |space| space.rules.roles = Some(roles(&[]))),
        ("nothing may be uploaded", |space| space.rules.flags_off = vec!["app_bits_upload".to_owned()]),
        ("no route may be made", |space| space.rules.flags_off = vec!["route_creation".to_owned()]),
        ("the default stack is restricted", |space| {
            space.rules.stacks = Some(vec![Stack {
                reason: Some("use cflinuxfs5".to_owned()),
                ..stack("cflinuxfs4", StackState::Restricted, true)
            }]);
        }),
        ("the service instance is being updated", |space| {
            space.services[0].operation = Some("update in progress".to_owned());
        }),
        ("the service instance is being deleted", |space| {
            (space.services[0].ready, space.services[0].operation) = (false, Some("delete in progress".to_owned()));
        }),
        ("the service instance never came to be", |space| {
            (space.services[0].ready, space.services[0].operation) = (false, Some("create failed".to_owned()));
        }),
        ("the route is in another space", |space| space.rules.routes = vec![foreign(STAGING, STAGING)]),
        ("the route is in another space and serves there", |space| {
            space.rules.routes =
                vec![ForeignRoute { apps: vec!["www".to_owned(), "old".to_owned()], ..foreign(STAGING, STAGING) }];
        }),
        ("the route is in a space that nobody sees", |space| {
            space.rules.routes = vec![ForeignRoute { owner: None, ..foreign(STAGING, STAGING) }];
        }),
        ("the host is in another space", |space| {
            space.rules.routes = vec![foreign(STAGING, "shop-staging.example.com")];
        }),
        ("the live route is shared by a space in which the user may map nothing", |space| {
            shared(space, Some(roles(&["space_auditor"])));
        }),
        ("the live route is shared, and leads to an app of the other space", |space| {
            shared(space, None);
            let to = Destination::web("guid-www", Protocol::Http1);
            space.routes[0].destinations.push(to);
        }),
        ("the domain is for TCP", |space| space.domains[0].tcp = true),
        ("the domain is internal", |space| space.domains[0].internal = true),
        ("the domain lets in only apps", |space| space.domains[0].for_apps_only = true),
        ("the domain itself is the host, and shared", |space| {
            let whole =
                Domain { name: "shop-staging.example.com".to_owned(), private: false, ..space.domains[0].clone() };
            space.domains.push(whole);
        }),
        ("several things at once", |space| {
            space.rules.suspended = Some(Suspended::Organization);
            space.rules.routes = vec![foreign(STAGING, STAGING)];
            space.services.clear();
        }),
    ];
    let plan = example::plan(PLAN);
    let mut out = String::new();
    for (title, change) in cases {
        let mut space = live();
        change(&mut space);
        let told = match compiled(Verb::Apply, &plan, &space) {
            Err(refusal) => format!("{refusal}\nhint: {}", refusal.hint(&OwnCommands::default())),
            Ok(_) => "is not refused".to_owned(),
        };
        out.extend(["# ", title, "\n", &told, "\n\n"]);
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_the_platform_allows_is_not_refused() {
    let plan = example::plan(PLAN);
    let cases: &[(&str, Change)] = &[
        ("a flag that no step needs", |space| space.rules.flags_off = vec!["diego_docker".to_owned()]),
        ("flags that do not bind an administrator", |space| {
            space.rules.flags_off = vec!["app_bits_upload".to_owned(), "route_creation".to_owned()];
            space.rules.admin = true;
        }),
        ("a developer", |space| space.rules.roles = Some(roles(&["space_developer"]))),
        ("a stack that is restricted for others", |space| {
            let active = stack("cflinuxfs4", StackState::Active, true);
            space.rules.stacks = Some(vec![active, stack("cflinuxfs3", StackState::Restricted, false)]);
        }),
        ("a shared route, and a role in the space that it belongs to", |space| {
            shared(space, Some(roles(&["space_supporter"])));
        }),
        ("no route may be made, and all are there", |space| {
            space.rules.flags_off = vec!["route_creation".to_owned()];
            let destinations = Vec::new();
            space.routes.push(Route { destinations, ..example::route(STAGING, "shop_b") });
        }),
        ("a native deployment of an app that is no colour", |space| {
            space.deployments = vec![native("other", "PAUSED")];
        }),
    ];
    for (title, change) in cases {
        let mut space = live();
        change(&mut space);
        let told = compiled(Verb::Apply, &plan, &space).err();
        assert_eq!(told, None, "{title}");
    }
}

#[test]
fn a_service_instance_that_is_changed_keeps_nobody_from_what_is_bound_already() {
    let plan = example::plan(PLAN);
    let mut space = with_previous();
    space.services[0].operation = Some("update in progress".to_owned());
    assert_eq!(compiled(Verb::Apply, &plan, &space).err(), None);
    space.app_mut("shop_b").unwrap().bindings.clear();
    let told = compiled(Verb::Apply, &plan, &space).err();
    assert!(matches!(told, Some(Refusal::Platform(PlatformRefusal::ServiceNotReady { .. }))), "{told:?}");
}

/// On which stack the new version is staged beside which one, and what is told of that.
#[test]
fn a_stack_that_becomes_another_one_is_told() {
    let mut out = String::new();
    let (files, copied) = ("path: app", "from: {app: shop, space: staging}");
    // What is deployed, what the manifest names, what the app has that the new version goes to, and how the stack fares that
    // becomes the default.
    for (title, what, manifest, kept, state) in [
        ("a new app, and the default has changed", files, None, None, StackState::Active),
        ("the app of the version before has an old one", files, None, Some("cflinuxfs2"), StackState::Active),
        ("the manifest names another one", files, Some("cflinuxfs4"), Some("cflinuxfs2"), StackState::Active),
        ("the manifest names the same one", files, Some("cflinuxfs3"), None, StackState::Active),
        ("it will be removed", files, None, None, StackState::Deprecated),
        ("the droplet that is copied has another one", copied, None, Some("cflinuxfs2"), StackState::Deprecated),
    ] {
        let mut plan = example::plan(&PLAN.replace(files, what));
        plan.apps[0].manifest.app.stack = manifest.map(str::to_owned);
        let mut space = if kept.is_some() { with_previous() } else { live() };
        space.apps[0].stack = Some("cflinuxfs3".to_owned());
        space.apps.iter_mut().skip(1).for_each(|app| app.stack = kept.map(str::to_owned));
        let reason = Some("cflinuxfs5 is there".to_owned());
        let default = Stack { reason, ..stack("cflinuxfs4", state, true) };
        let others = ["cflinuxfs2", "cflinuxfs3"].map(|name| stack(name, StackState::Active, false));
        space.rules.stacks = Some([default].into_iter().chain(others).collect());
        space.sources = vec![example::source("shop")];
        let deployment = Deployment::compile(&plan, &space, &example::request(&plan, Verb::Apply)).unwrap();
        console::set_colors_enabled(false);
        let text = preview::text(&plan, &space, &deployment);
        let told: Vec<&str> = text.lines().filter(|line| line.contains("stack")).collect();
        let json = preview::json(&plan, &space, &deployment, &[]);
        let of = |key: &str| json["apps"][0][key].to_string();
        out.extend(["# ", title, "\n", &told.join("\n"), "\n"]);
        out.extend([&of("differences"), " ", &of("stack_to_be_removed"), "\n\n"]);
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_domain_takes_routes_of_its_kind() {
    let private: Change = |_| {};
    let shared: Change = |space| space.domains[0].private = false;
    let internal: Change = |space| space.domains[0].internal = true;
    let admin: Change = |space| (space.domains[0].private, space.rules.admin) = (false, true);
    let there: Change = |space| {
        space.domains[0].private = false;
        space.routes.push(example::route("example.com", "shop_a"));
    };
    for (kind, url, why) in [
        (private, "*.example.com", None),
        (private, "example.com", None),
        (private, "new.example.com/path", None),
        (shared, "new.example.com/path", None),
        (shared, "example.com", Some("its routes must have a host")),
        (shared, "*.example.com", Some("only an administrator may have a wildcard there")),
        (admin, "*.example.com", None),
        (there, "example.com", None),
        (internal, "new.example.com", None),
        (internal, "*.example.com", Some("its routes have no wildcard")),
        (internal, "new.example.com/path", Some("its routes have no path")),
    ] {
        let mut space = live();
        kind(&mut space);
        let told = super::cannot_be(&RouteUrl::parse(url).unwrap(), &space);
        match (told, why) {
            (None, None) => {}
            (Some(told), Some(why)) => assert!(told.ends_with(why), "{url}: {told}"),
            (told, why) => panic!("{url}: {told:?} in the place of {why:?}"),
        }
    }
}

#[test]
fn a_stack_that_is_restricted_takes_what_was_staged_before() {
    let plan = example::plan(PLAN);
    let refused = |state: StackState| {
        let mut space = with_previous();
        space.apps[1].stack = Some("cflinuxfs3".to_owned());
        space.rules.stacks =
            Some(vec![stack("cflinuxfs4", StackState::Active, true), stack("cflinuxfs3", state, false)]);
        compiled(Verb::Apply, &plan, &space).err()
    };
    assert_eq!(refused(StackState::Restricted), None);
    assert!(matches!(refused(StackState::Disabled), Some(Refusal::Platform(PlatformRefusal::StackRefuses { .. }))));
}

#[test]
fn a_kind_of_app_that_is_switched_off_is_refused() {
    for (lifecycle, flag, refused) in [
        (Some(Lifecycle::Docker), "diego_docker", true),
        (Some(Lifecycle::Cnb), "diego_cnb", true),
        (Some(Lifecycle::Docker), "diego_cnb", false),
        (Some(Lifecycle::Buildpack), "diego_docker", false),
        (None, "diego_cnb", false),
    ] {
        for admin in [false, true] {
            let mut plan = example::plan(PLAN);
            let manifest = &mut plan.apps[0].manifest.app;
            manifest.lifecycle = lifecycle;
            if lifecycle == Some(Lifecycle::Docker) {
                manifest.docker = Some(DockerImage { image: "registry.example.com/shop".to_owned(), username: None });
            }
            let mut space = live();
            space.apps[0].lifecycle = None;
            space.rules.admin = admin;
            space.rules.flags_off = vec![flag.to_owned()];
            let told = compiled(Verb::Apply, &plan, &space).err();
            let is_refused =
                matches!(&told, Some(Refusal::Platform(PlatformRefusal::FlagOff { flag: told, .. })) if told == flag);
            assert_eq!(is_refused, refused, "{lifecycle:?} {flag} {admin}: {told:?}");
        }
    }
}

#[test]
fn a_buildpack_is_the_platforms_or_an_address() {
    let offered = |name: &str, stack: Option<&str>, lifecycle: Option<Lifecycle>| Buildpack {
        name: name.to_owned(),
        stack: stack.map(ToOwned::to_owned),
        lifecycle,
    };
    let known = vec![
        offered("ruby_buildpack", Some("cflinuxfs4"), Some(Lifecycle::Buildpack)),
        offered("ruby_buildpack", Some("cflinuxfs5"), Some(Lifecycle::Buildpack)),
        offered("old_buildpack", Some("cflinuxfs3"), None),
        offered("own_buildpack", None, None),
        offered("java-cnb", None, Some(Lifecycle::Cnb)),
    ];
    let told = |named: &str, known: Option<&[Buildpack]>, stack: Option<&str>| {
        let mut plan = example::plan(PLAN);
        let manifest = &mut plan.apps[0].manifest.app;
        (manifest.buildpacks, manifest.stack) = (vec![named.to_owned()], stack.map(ToOwned::to_owned));
        let mut space = live();
        space.rules.stacks = Some(
            [("cflinuxfs3", false), ("cflinuxfs4", true), ("cflinuxfs5", false)]
                .map(|(name, default)| stack_of(name, default))
                .to_vec(),
        );
        space.rules.buildpacks = known.map(<[Buildpack]>::to_vec);
        compiled(Verb::Apply, &plan, &space).err().map(|refusal| {
            assert!(matches!(refusal, Refusal::Platform(PlatformRefusal::NoBuildpack { .. })), "{refusal:?}");
            format!("{refusal}; {}", refusal.hint(&OwnCommands::default()))
        })
    };
    let all = Some(known.as_slice());
    for (named, known, stack) in [
        ("ruby_buildpack", all, None),
        ("ruby_buildpack", all, Some("cflinuxfs5")),
        ("own_buildpack", all, Some("cflinuxfs3")),
        ("old_buildpack", all, Some("cflinuxfs3")),
        ("https://github.com/cloudfoundry/ruby-buildpack#v1", all, None),
        ("git@github.com:cloudfoundry/ruby-buildpack.git", all, None),
        // Where nobody tells them, the platform decides.
        ("rubby_buildpack", None, None),
    ] {
        assert_eq!(told(named, known, stack), None, "{named}");
    }
    for (named, stack, words) in [
        (
            "rubby_buildpack",
            None,
            "there is no buildpack rubby_buildpack for stack cflinuxfs4, which the manifest of shop names; did you mean \
             ruby_buildpack? there are own_buildpack, ruby_buildpack (cf buildpacks); the address of a repository can \
             stand there, too",
        ),
        ("ruby_buildpack", Some("cflinuxfs3"), "there is no buildpack ruby_buildpack for stack cflinuxfs3"),
        ("old_buildpack", None, "there is no buildpack old_buildpack for stack cflinuxfs4"),
        ("java-cnb", None, "there is no buildpack java-cnb"),
    ] {
        let told = told(named, all, stack).unwrap();
        assert!(told.starts_with(words), "{told}");
    }
}

fn stack_of(name: &str, default: bool) -> Stack {
    stack(name, StackState::Active, default)
}

#[test]
fn a_rollback_asks_only_for_what_it_needs() {
    let plan = example::plan(PLAN);
    let told = |change: Change| {
        let mut space = with_previous();
        change(&mut space);
        compiled(Verb::Rollback, &plan, &space).err()
    };
    assert_eq!(told(|space| space.rules.flags_off = vec!["app_bits_upload".to_owned()]), None);
    assert_eq!(told(|space| space.services.clear()), None);
    let native_deployment = told(|space| space.deployments = vec![native("shop_b", "PAUSED")]);
    assert!(
        matches!(native_deployment, Some(Refusal::Platform(PlatformRefusal::NativeDeployment { .. }))),
        "{native_deployment:?}"
    );
    let suspended = told(|space| space.rules.suspended = Some(Suspended::Space));
    assert!(matches!(suspended, Some(Refusal::Platform(PlatformRefusal::Suspended { .. }))), "{suspended:?}");
}

#[test]
fn an_older_snapshot_refuses_nothing() {
    let mut value = serde_json::to_value(live()).unwrap();
    for key in ["rules", "deployments"] {
        value.as_object_mut().unwrap().remove(key);
    }
    let space: Space = serde_json::from_value(value).unwrap();
    assert_eq!(space.rules, Rules::default());
    assert!(compiled(Verb::Apply, &example::plan(PLAN), &space).is_ok());
}

//! What is compiled where the droplet of another app is deployed.

use std::collections::BTreeMap;

use crate::example;
use crate::own_commands::OwnCommands;
use crate::plan::{Lifecycle, Plan};
use crate::space::{App, Droplet, Found, Source, SourceDroplet, Space};
use crate::steps::annotations::{DEPLOYMENT, DROPLET, DROPLET_BEFORE, PLAN as PLAN_DIGEST, Role, UPLOAD};
use crate::steps::refusal::{ColourRefusal, PlatformRefusal, Refusal};
use crate::steps::upload::Upload;
use crate::steps::{Action, Step, Verb, deployed};

const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    from: {app: shop, space: staging}
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
    drain: 0s
";

const TESTED: &str = "c0ffee";

fn plan() -> Plan {
    example::plan_and_manifest(
        PLAN,
        "  path: app\n  env: {MODE: fast, LEVEL: 3}\n  buildpacks: [ruby_buildpack]\n  processes: [{type: worker, instances: 3}]\n",
    )
}

fn tested() -> SourceDroplet {
    example::source("shop").droplet().unwrap().clone()
}

/// A space in which `shop_a` is live, `shop_b` is as it is given, and this was found elsewhere.
fn space(next: App, found: Found) -> Space {
    let live = example::app("shop_a", true, 2, Some(Role::Live));
    let space = example::space(vec![live, next], [("shop.example.com", "shop_a")]);
    let source = Source { found, ..example::source("shop") };
    Space { sources: vec![source], ..space }
}

fn idle() -> App {
    example::app("shop_b", false, 2, Some(Role::Previous))
}

/// What a deployment of the tested droplet has left that was killed after its mark, or after the copy.
fn interrupted(plan: &Plan, has_copied: bool) -> App {
    let mut next = example::app("shop_b", false, 2, Some(Role::Next));
    for (key, value) in
        [(DEPLOYMENT, "d-1"), (PLAN_DIGEST, plan.digest.as_str()), (UPLOAD, TESTED), (DROPLET_BEFORE, "droplet-shop_b")]
    {
        next.annotations.insert(key.to_owned(), value.to_owned());
    }
    if has_copied {
        next.staged = Some(Droplet { guid: "copy".to_owned(), package: None, checksum: Some(TESTED.to_owned()) });
    }
    next
}

/// The steps that bring a version up, by their kinds.
fn kinds(steps: &[Step]) -> String {
    let kinds = steps.iter().map(|step| step.facts().kind());
    kinds.take_while(|kind| *kind != "start").collect::<Vec<_>>().join(" ")
}

#[test]
fn it_is_copied_and_neither_uploaded_nor_staged() {
    let (plan, space) = (plan(), space(idle(), Found::Droplet(tested())));
    let steps = example::compile(&plan, Verb::Apply, &space).unwrap();
    assert_eq!(kinds(&steps), "annotate apply-manifest copy-droplet map-route set-droplet scale-process");
    let of = |kind: &str| steps.iter().find(|step| step.facts().kind() == kind).unwrap();
    let copy = of("copy-droplet");
    assert_eq!(
        copy.facts().purpose(),
        "copy to shop_b droplet d-tested of shop_b in acme / staging (sha256 c0ffee, made 2026-11-30T09:00:00Z by \
         ruby_buildpack 1.10.27 for cflinuxfs4, with web, worker); nothing is staged"
    );
    assert_eq!(copy.confirmations().last().unwrap(), "space: app shop_b has a new droplet with the sha256 c0ffee");
    assert_eq!(
        copy.invocation().unwrap().argv().join(" "),
        "cf curl -X POST /v3/droplets?source_guid=d-tested -d \
         {\"relationships\":{\"app\":{\"data\":{\"guid\":\"$(cf app shop_b --guid)\"}}}}"
    );
    let Action::ApplyManifest(apply) = &of("apply-manifest").action else { panic!("it applies a manifest") };
    let applied: serde_json::Value = serde_json::from_str(apply.manifest.expose()).unwrap();
    assert_eq!(
        applied,
        serde_json::json!({"applications": [{
            "name": "shop_b",
            "no-route": true,
            "env": {"MODE": "fast", "LEVEL": "3"},
            "buildpacks": ["ruby_buildpack"],
            "stack": "cflinuxfs4",
            "processes": [
                {"type": "worker", "instances": 3},
                {"type": "web", "memory": "256M", "instances": 2},
            ],
        }]})
    );
    assert!(!of("apply-manifest").invocation().unwrap().shell().contains("fast"));
}

/// Something that is otherwise with a droplet.
type Change = fn(&mut SourceDroplet);

#[test]
fn what_cannot_be_had_or_does_not_fit_is_refused_before_the_first_change() {
    let told = |manifest: &str, found: Found| {
        let plan = example::plan_and_manifest(PLAN, manifest);
        let refusal = example::compile(&plan, Verb::Apply, &space(idle(), found)).unwrap_err();
        assert!(refusal.hint(&OwnCommands::default()).contains("`from`"), "{refusal}");
        refusal.to_string().strip_prefix("the droplet that shop is to run cannot be had: ").unwrap().to_owned()
    };
    let names = || vec!["shop_a".to_owned(), "shop_b".to_owned()];
    for (found, expected) in [
        (Found::NoOrg, "there is no organization acme that you can see"),
        (Found::NoSpace, "there is no space staging that you can see in organization acme"),
        (Found::NoApp(names()), "there is no app shop_a, and none shop_b in acme / staging"),
        (
            Found::UnderWay("shop_b".to_owned()),
            "a deployment is under way in acme / staging, of shop_b: what is live there may change",
        ),
        (Found::NoneLive(names()), "nothing tells which of shop_a and shop_b is live in acme / staging"),
        (Found::NoDroplet("shop_b".to_owned()), "app shop_b in acme / staging has no droplet"),
    ] {
        assert_eq!(told("", found), expected);
    }
    let cases: [(&str, Change, &str); 5] = [
        ("", |it| it.lifecycle = Some(Lifecycle::Docker), "is a docker image"),
        ("", |it| it.lifecycle = Some(Lifecycle::Cnb), "was made by Cloud Native Buildpacks"),
        ("", |it| it.lifecycle = None, "was made in a way that cutover does not know"),
        ("", |it| it.checksum = None, "does not tell a digest"),
        ("  stack: cflinuxfs3\n", |_| {}, "is for stack cflinuxfs4, and the manifest names cflinuxfs3"),
    ];
    for (manifest, change, expected) in cases {
        let mut droplet = tested();
        change(&mut droplet);
        let told = told(manifest, Found::Droplet(droplet));
        assert!(told.contains(expected), "{told}");
    }
    // A colour that was made for images is no place for it.
    let of_images = App { lifecycle: Some(Lifecycle::Docker), ..idle() };
    let refused = example::compile(&plan(), Verb::Apply, &space(of_images, Found::Droplet(tested())));
    assert!(matches!(refused, Err(Refusal::Colours(ColourRefusal::OtherLifecycle { .. }))), "{refused:?}");
}

#[test]
fn a_copy_that_was_made_counts_whatever_is_live_there_by_now() {
    let plan = plan();
    let newer = || SourceDroplet { checksum: Some("decaf".to_owned()), ..tested() };
    let resumed = |has_copied: bool, found: Found| {
        example::compile(&plan, Verb::Resume, &space(interrupted(&plan, has_copied), found)).map(|steps| kinds(&steps))
    };
    let rest = "map-route set-droplet";
    for found in [Found::Droplet(tested()), Found::Droplet(newer()), Found::NoSpace] {
        assert_eq!(resumed(true, found), Ok(rest.to_owned()));
    }
    assert_eq!(
        resumed(false, Found::Droplet(tested())),
        Ok(format!("apply-manifest copy-droplet {rest} scale-process"))
    );
    let refused = resumed(false, Found::Droplet(newer())).unwrap_err();
    assert_eq!(
        refused.to_string().split(" (").next().unwrap(),
        "the interrupted deployment of shop was to copy the droplet with the sha256 c0ffee, and has not; live there is by \
         now that of shop_b in acme / staging"
    );
    assert!(matches!(resumed(false, Found::NoSpace), Err(Refusal::Platform(PlatformRefusal::NoSource { .. }))));
}

#[test]
fn what_runs_is_what_is_deployed_where_the_digest_is_the_same() {
    let plan = plan();
    let told = |checksum: &str, found: Found| {
        let mut space = space(idle(), found);
        let live = &mut space.apps[0];
        let written =
            [(DEPLOYMENT, "d-1"), (PLAN_DIGEST, plan.digest.as_str()), (UPLOAD, checksum), (DROPLET, "droplet-shop_a")];
        live.annotations.extend(BTreeMap::from(written.map(|(key, value)| (key.to_owned(), value.to_owned()))));
        let mut worker = live.processes[0].clone();
        (worker.kind, worker.instances) = ("worker".to_owned(), 3);
        live.processes.push(worker);
        let files = |_: &crate::plan::App| -> Result<Option<Upload>, String> { panic!("no files are asked for") };
        deployed::check(&plan, &space, &files).map_err(|refusal| refusal.to_string())
    };
    assert_eq!(told(TESTED, Found::Droplet(tested())), Ok(()));
    let other = told("decaf", Found::Droplet(tested())).unwrap_err();
    assert!(
        other.contains("shop_a is live with the droplet of the sha256 decaf, and not with that of shop_b"),
        "{other}"
    );
    let unknown = told(TESTED, Found::NoSpace).unwrap_err();
    assert!(unknown.contains("it cannot be told whether it is the same"), "{unknown}");
}

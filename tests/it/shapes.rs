//! Manifests in the shapes that teams publish: each is deployed three times, and the colours come out as the same app.

use std::fs;

use tempfile::TempDir;
use testkit::part;

use crate::images::with_image;
use crate::support::app_manifest::app_manifest;
use crate::support::bench::{Bench, Run, assert_has};

/// A manifest of `fixtures/shapes`, and what a plan says beside it.
struct Shape {
    name: &'static str,
    /// Keys of the app in the plan, each a line.
    keys: &'static [&'static str],
    /// Where it is reached; nowhere, where there are none.
    live: &'static [&'static str],
    /// What a person is told of it.
    told: &'static [&'static str],
    /// Whether it is known that what runs is the same: another image may have been given the same tag.
    is_known: bool,
}

const PATH: &[&str] = &["path: app"];
const LIVE: &[&str] = &["shop.apps.foundry.test"];
const SHAPES: &[Shape] = &[
    Shape { name: "anchors", keys: PATH, live: LIVE, told: &[], is_known: true },
    Shape { name: "several-applications", keys: &["path: app", "app: shop"], live: LIVE, told: &[], is_known: true },
    Shape { name: "processes", keys: PATH, live: LIVE, told: &["clock"], is_known: true },
    Shape { name: "sidecars", keys: PATH, live: LIVE, told: &[], is_known: true },
    Shape { name: "docker", keys: &[], live: LIVE, told: &[], is_known: false },
    Shape {
        name: "variables",
        keys: &["path: app", "vars: {host: shop, retries: 3, verbose: true}", "vars_files: [vars.yml]"],
        live: LIVE,
        told: &[],
        is_known: true,
    },
    Shape { name: "older-keys", keys: PATH, live: LIVE, told: &["random-route"], is_known: true },
    Shape { name: "health-checks", keys: PATH, live: LIVE, told: &[], is_known: true },
    Shape { name: "services-and-metadata", keys: PATH, live: LIVE, told: &[], is_known: true },
    Shape { name: "worker", keys: &["path: app", "checks: [health: {for: 1s}]"], live: &[], told: &[], is_known: true },
    Shape {
        name: "routes",
        keys: PATH,
        live: &["shop.apps.foundry.test", "shop.apps.foundry.test/v2"],
        told: &[],
        is_known: true,
    },
    Shape {
        name: "internal",
        keys: &["path: app", "settle: 0s"],
        live: &["shop.apps.internal"],
        told: &[],
        is_known: true,
    },
];

const TOP: &str = "\
version: 1
target: {api: API, org: acme, space: production}
apps:
  - name: shop
    manifest: app/manifest.yml
    drain: 0s
";

/// A space with what the manifests ask for. The folder is that of an image.
fn bench(shape: &Shape) -> (Bench, TempDir) {
    let (bench, folder) = with_image(None);
    for service in ["db", "mail"] {
        bench.cf.must(["create-user-provided-service", service, "-p", r#"{"uri":"x://y"}"#]);
    }
    let manifest = testkit::root().join("fixtures/shapes").join(shape.name).with_extension("yml");
    bench.write("app/manifest.yml", &fs::read_to_string(manifest).unwrap());
    bench.write("app/Procfile", "web: ./sinatra\nclock: sleep 1000\n");
    bench.write("vars.yml", "memory: 64M\ninstances: 2\nbuildpack: binary_buildpack\n");
    let routes = if shape.live.is_empty() {
        String::new()
    } else {
        format!("    routes: {{live: [{}]}}\n", shape.live.join(", "))
    };
    let keys = shape.keys.iter().map(|line| ["    ", line, "\n"].concat()).collect::<Vec<_>>().concat();
    bench.write("deploy.yaml", &format!("{TOP}{keys}{routes}"));
    (bench, folder)
}

/// What an app is, by cf's manifest of it and by its processes as the platform has them.
fn told(bench: &Bench, app: &str) -> String {
    let there = bench.foundry.app(app).unwrap();
    format!("{}\n{:#?}", app_manifest(bench, app), there.processes)
}

fn comes_out_equal(shape: &Shape) {
    let (bench, _folder) = bench(shape);
    let checked = bench.must(&["check"]);
    assert_has(&format!("{}{}", checked.err, bench.must(&["plan"]).out), shape.told);
    let mut versions = Vec::new();
    for colour in ["shop_a", "shop_b", "shop_a"] {
        let run = bench.must(&["apply", "--yes"]);
        for url in shape.live {
            assert_eq!(bench.leads_to(url), [colour], "{}: {}", shape.name, run.err);
        }
        versions.push(told(&bench, colour));
    }
    assert_eq!(versions[1], versions[0], "{}", shape.name);
    assert_eq!(versions[2], versions[0], "{}", shape.name);
    let again = Run::of(&bench.as_typed(&["apply", "--yes"]).output().unwrap());
    assert_eq!(
        (again.code, again.err.contains("nothing to deploy")),
        (0, shape.is_known),
        "{}: {}",
        shape.name,
        again.err
    );
}

#[test]
fn one_of_the_shapes_comes_out_equal() {
    comes_out_equal(&SHAPES[part::of(SHAPES.len())]);
}

#[test]
#[ignore = "`make verify` runs it: each third commit tries one of them"]
fn every_shape_comes_out_equal() {
    let wrong: Vec<&str> = SHAPES
        .iter()
        .filter(|shape| std::panic::catch_unwind(|| comes_out_equal(shape)).is_err())
        .map(|shape| shape.name)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

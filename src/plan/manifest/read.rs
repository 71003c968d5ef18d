//! Reads an application of a manifest.

use std::path::{Path, PathBuf};

use super::alone::Alone;
use super::app::{Application, ManifestApp};
use super::application::{Chosen, choose};
use super::fields::Fields;
use super::lists::{check_sidecars, read_routes, read_services};
use super::processes::read_processes;
use super::source::{read_buildpacks, read_docker, read_lifecycle};
use super::variables::{Values, fill_in};
use super::{ignored, mappings, spelling};
use crate::plan::diagnostics::{Collector, Place};
use crate::plan::template;
use crate::plan::value_error::ValueError;
use crate::plan::values::Located;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value, key_path};

/// The shortest value of the manifest's own `env` that is taken for a secret, in characters: `production` and the like
/// are no secrets, and a short one would be hidden in every other word.
const LEAST_OF_ENV: usize = 8;

/// What the plan brings to its manifest.
pub(crate) struct Sources {
    /// The application that is meant.
    pub application: Option<Located<String>>,
    /// The values of its variables.
    pub values: Values,
    /// Whether the plan says what is uploaded, so that the manifest's `path` does not count.
    pub has_path: bool,
    /// The routes that the plan maps.
    pub routes: Vec<String>,
}

/// Reads an application of a manifest, and what is pushed of that where it has others; `None` where that is not possible,
/// which is noted at the manifest's own lines, or at the plan's where there is no manifest.
pub(crate) fn read_manifest(
    file: &Located<PathBuf>,
    sources: &Sources,
    contents: &mut Vec<Vec<u8>>,
    collector: &mut Collector<'_>,
) -> Option<(ManifestApp, Option<Alone>)> {
    let document = collector.read_named(&file.value, file.place.clone(), &file.path)?;
    if has_odd_keys(&document.root, "", collector) {
        return None;
    }
    let of_a_variable = document.root.get("applications").is_some_and(|list| list.text().is_some());
    let root = if of_a_variable { fill_in(document.root, &sources.values, collector) } else { document.root };
    let Chosen { root, at, alone } = choose(root, sources.application.as_ref(), &sources.values, collector)?;
    contents.push(alone.as_ref().map_or(document.bytes, |alone| alone.text.clone().into_bytes()));
    let root = fill_in(root, &sources.values, collector);
    check_version(&root, collector);
    ignored::tell_of_top(&root, collector);
    let app = root.get("applications")?.items().first()?;
    let at = format!("applications[{at}]");
    if !matches!(app.value, Value::Map(_)) {
        let message = format!("an application is a mapping, not {}", app.type_name());
        collector.node(app, &at, ValueError::hinted(message, "begin it with `- name: NAME`"));
        return None;
    }
    if let Some(env) = app.get("env") {
        collector.learn(env, LEAST_OF_ENV);
    }
    let folder = file.value.parent().unwrap_or(Path::new(""));
    let mut fields = Fields { node: app, path: at.clone(), collector: &mut *collector };
    let read = read_application(&mut fields, folder);
    ignored::tell_of_application(&mut fields, &sources.routes);
    if let (Some(path), false) = (&read.path, sources.has_path) {
        let place = Place::of(app.get("path").unwrap_or(app));
        collector.exists(path, place, &key_path(&at, "path"), "a manifest's path is relative to the manifest");
    }
    Some((read, alone))
}

fn read_application(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> ManifestApp {
    spelling::check(fields, &["instances", "name", "processes"]);
    spelling::refuse_routes_at_the_push(fields);
    mappings::check(fields);
    check_sidecars(fields);
    let docker = read_docker(fields);
    let lifecycle = read_lifecycle(fields, docker.is_some());
    let (web, others) = read_processes(fields);
    let (random_route, default_route) = (fields.flag("random-route"), fields.flag("default-route"));
    if random_route && default_route {
        // CC (`manifest_routes_update_message.rb`).
        let error = ValueError::hinted("`random-route` does not go with `default-route`", "take both out");
        fields.problem("random-route", error);
    }
    ManifestApp {
        // The name is not used, so that it may be whatever a template makes of it.
        name: fields.literal("name"),
        // cf 8.17 (`handle_app_path_override.go`): an empty path is none.
        path: fields.text("path").filter(|path| !path.is_empty()).map(|path| folder.join(path)),
        docker,
        lifecycle,
        buildpacks: read_buildpacks(fields),
        stack: fields.text("stack").filter(|stack| !stack.is_empty()),
        web,
        others,
        routes: read_routes(fields),
        services: read_services(fields),
        no_route: fields.flag("no-route"),
        random_route,
        whole: Application::new(fields.node.to_json()),
    }
}

/// CC (`SpaceManifestsController#check_version_is_supported!`): there is one version. cf 8.17: a version of 0 is not sent.
fn check_version(root: &Node, collector: &mut Collector<'_>) {
    let Some(version) = root.get("version").filter(|version| !version.is_null()) else { return };
    let is_known = |scalar: &Scalar| scalar.kind == ScalarKind::Int && ["0", "1"].contains(&scalar.text.as_str());
    if !version.scalar().is_some_and(is_known) {
        let error = ValueError::hinted(
            "the platform reads version 1 of manifests alone",
            "write `version: 1`, or take the key out",
        );
        collector.node(version, "version", error);
    }
}

/// Whether there are keys that no tool takes, wherever they are, which is noted: mappings, which are templates that were not
/// rendered, and a merge of what is no mapping. (yaml.v2: `invalid map key`, `map merge requires map`.)
fn has_odd_keys(node: &Node, path: &str, collector: &mut Collector<'_>) -> bool {
    let mut found = false;
    for (key, value) in node.entries() {
        let path = key.text().map_or_else(|| path.to_owned(), |name| key_path(path, name));
        let error = if key.text() == Some("<<") {
            let hint = "write `<<: *name`, with `&name` at a mapping above";
            Some(ValueError::hinted("`<<` takes over a mapping, and there is none", hint))
        } else {
            template::error_at(key)
        };
        match error {
            Some(error) => {
                collector.node(key, &path, error);
                found = true;
            }
            None => found |= has_odd_keys(value, &path, collector),
        }
    }
    for (at, item) in node.items().iter().enumerate() {
        found |= has_odd_keys(item, &format!("{path}[{at}]"), collector);
    }
    found
}

//! Reads the one application of a manifest.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::app::Application;
use super::variables::{Values, fill_in};
use super::{DockerImage, HealthCheck, Lifecycle, ManifestApp, ManifestProcess};
use crate::plan::diagnostics::{Collector, Place};
use crate::plan::value_error::ValueError;
use crate::plan::values::Located;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value, key_path};

/// The shortest value of the manifest's own `env` that is taken for a secret, in characters: `production` and the like
/// are no secrets, and a short one would be hidden in every other word.
const LEAST_OF_ENV: usize = 8;

/// The type of the process that routes lead to.
const WEB: &str = "web";

/// What the plan brings to its manifest.
pub(crate) struct Sources {
    /// The values of its variables.
    pub values: Values,
    /// Whether the plan says what is uploaded, so that the manifest's `path` does not count.
    pub has_path: bool,
}

/// Reads a manifest; `None` where that is not possible, which is noted at the manifest's own lines, or at the plan's
/// where there is no manifest.
pub(crate) fn read_manifest(
    file: &Located<PathBuf>,
    sources: &Sources,
    contents: &mut Vec<Vec<u8>>,
    collector: &mut Collector<'_>,
) -> Option<ManifestApp> {
    let document = collector.read_named(&file.value, file.place.clone(), &file.path)?;
    contents.push(document.bytes);
    let root = fill_in(document.root, &sources.values, collector);
    let app = the_application(&root, collector)?;
    if let Some(env) = app.get("env") {
        collector.learn(env, LEAST_OF_ENV);
    }
    let folder = file.value.parent().unwrap_or(Path::new(""));
    let mut fields = Fields { node: app, path: "applications[0]".to_owned(), collector: &mut *collector };
    check_env(&mut fields);
    let read = read_application(&mut fields, folder);
    if let (Some(path), false) = (&read.path, sources.has_path) {
        let place = Place::of(app.get("path").unwrap_or(app));
        collector.exists(path, place, "applications[0].path", "a manifest's path is relative to the manifest");
    }
    Some(read)
}

/// cf 8.17: `applications` is a list of one or more. With one, `cf push NAME` gives it that name; with several it takes
/// the one of that name, which a plan with two colours cannot rely on.
fn the_application<'n>(root: &'n Node, collector: &mut Collector<'_>) -> Option<&'n Node> {
    let Value::Map(_) = root.value else {
        collector.node(
            root,
            "",
            ValueError::hinted(
                format!("a manifest is a mapping, not {}", root.type_name()),
                "is this a cf manifest? Its top key is `applications:`",
            ),
        );
        return None;
    };
    let Some(list) = root.get("applications") else {
        collector.node(
            root,
            "",
            ValueError::hinted(
                "the manifest has no `applications`",
                "is this a cf manifest? Its top key is `applications:`",
            ),
        );
        return None;
    };
    match list.items() {
        [app] if matches!(app.value, Value::Map(_)) => Some(app),
        [app] => {
            let error = ValueError::hinted(
                format!("an application is a mapping, not {}", app.type_name()),
                "begin it with `- name: NAME`",
            );
            collector.node(app, "applications[0]", error);
            None
        }
        [] => {
            let error = ValueError::hinted("the manifest has no application", "begin the first with `- name: NAME`");
            collector.node(list, "applications", error);
            None
        }
        [_, second, ..] => {
            let error = ValueError::hinted(
                "the manifest has several applications",
                "cf can push a colour only from a manifest with one application (it gives that the colour's name): \
                 write a manifest for each app",
            );
            collector.node(second, "applications[1]", error);
            None
        }
    }
}

fn read_application(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> ManifestApp {
    let docker = read_docker(fields);
    let lifecycle = read_lifecycle(fields, docker.is_some());
    let (web, others) = read_processes(fields);
    ManifestApp {
        name: fields.text("name"),
        path: fields.text("path").map(|path| folder.join(path)),
        docker,
        lifecycle,
        buildpacks: read_buildpacks(fields),
        stack: fields.text("stack"),
        web,
        others,
        routes: fields.names("routes", "route"),
        services: fields.names("services", "name"),
        no_route: fields.flag("no-route"),
        random_route: fields.flag("random-route"),
        whole: Application(fields.node.to_json()),
    }
}

/// CC (`environment_variables_validator.rb`): names that are the platform's own.
fn check_env(fields: &mut Fields<'_, '_, '_>) {
    let Some(Node { value: Value::Map(env), .. }) = fields.get("env") else { return };
    for (key, _) in env {
        let name = key.text().unwrap_or_default();
        let upper = name.to_uppercase();
        if upper == "PORT" || upper.starts_with("VCAP_") || upper.starts_with("VMC") {
            let error = ValueError::hinted(
                format!("the platform sets `{name}` itself, and refuses an app that does"),
                "give the variable another name, or leave it out",
            );
            fields.collector.node(key, &key_path(&key_path(&fields.path, "env"), name), error);
        }
    }
}

/// The web process and the other ones.
///
/// CC (`AppManifestMessage#process_attributes`): what is at the top of the application makes a web process, and an entry
/// of `processes` for web takes its place as a whole; other entries get nothing from the top. cf 8.17
/// (`manifestparser`): a list that is null is none.
fn read_processes(fields: &mut Fields<'_, '_, '_>) -> (ManifestProcess, Vec<ManifestProcess>) {
    let top = fields.process(WEB);
    let (mut web, mut others): (Option<ManifestProcess>, Vec<ManifestProcess>) = (None, Vec::new());
    let listed = match fields.get("processes").filter(|processes| !processes.is_null()) {
        None => &[],
        Some(Node { value: Value::List(listed), .. }) => listed.as_slice(),
        Some(node) => {
            let found = node.type_name();
            fields.problem("processes", ValueError::new(format!("expected a list of processes, found {found}")));
            &[]
        }
    };
    for (at, node) in listed.iter().enumerate() {
        let path = format!("{}.processes[{at}]", fields.path);
        let mut entry = Fields { node, path, collector: &mut *fields.collector };
        let Some(kind) = entry.text("type").filter(|kind| !kind.is_empty()) else {
            entry.problem(
                "type",
                ValueError::hinted("a process has no type", "begin it with `- type: web` or another type"),
            );
            continue;
        };
        if web.iter().chain(&others).any(|known| known.process_type == kind) {
            entry.problem(
                "type",
                ValueError::hinted(format!("the process `{kind}` is given twice"), "keep one of them"),
            );
            continue;
        }
        let process = entry.process(&kind);
        if kind == WEB {
            web = Some(process);
        } else {
            others.push(process);
        }
    }
    (web.unwrap_or(top), others)
}

/// cf 8.17 makes a docker package where `docker` has an image; CC refuses one that has none, and buildpacks beside it.
fn read_docker(fields: &mut Fields<'_, '_, '_>) -> Option<DockerImage> {
    let docker = fields.get("docker").filter(|docker| !docker.is_null())?;
    if ["buildpack", "buildpacks"].iter().any(|key| fields.get(key).is_some()) {
        let hint = "an image brings all that it runs: take `buildpacks` out";
        fields.problem("docker", ValueError::hinted("an app has either `docker` or `buildpacks`", hint));
    }
    let text = |key: &str| docker.get(key).and_then(Node::text).map(str::to_owned);
    let Some(image) = text("image").filter(|image| !image.is_empty()) else {
        let hint = "write `docker: {image: REGISTRY/NAME:TAG}`";
        fields.problem("docker", ValueError::hinted("`docker` names no image", hint));
        return None;
    };
    Some(DockerImage { image, username: text("username") })
}

/// The lifecycle that the Cloud Controller reads off a manifest. (CC: `AppManifestMessage#app_lifecycle_hash`: the word
/// of `lifecycle` counts where it is `cnb` or `buildpack`; `docker` is said by its own key alone.) What would be refused
/// only once the app is there is a problem here.
fn read_lifecycle(fields: &mut Fields<'_, '_, '_>, docker: bool) -> Option<Lifecycle> {
    let word = fields.text("lifecycle").filter(|word| !word.is_empty());
    let named = word.as_ref().map(|word| Lifecycle::parse(word));
    match (named, docker) {
        (None, false) => None,
        (None | Some(Some(Lifecycle::Docker)), true) => Some(Lifecycle::Docker),
        (Some(Some(named @ (Lifecycle::Buildpack | Lifecycle::Cnb))), false) => Some(named),
        (Some(Some(Lifecycle::Docker)), false) => {
            let hint = "write `docker: {image: REGISTRY/NAME:TAG}`";
            fields.problem("lifecycle", ValueError::hinted("the lifecycle `docker` needs an image", hint));
            None
        }
        (Some(Some(named @ (Lifecycle::Buildpack | Lifecycle::Cnb))), true) => {
            let message = format!("an app of the lifecycle `{}` cannot run a docker image", named.as_str());
            fields.problem("lifecycle", ValueError::hinted(message, "take `lifecycle` out, or `docker`"));
            None
        }
        (Some(None), _) => {
            let error = ValueError::hinted("this is no lifecycle", "write one of buildpack, docker, cnb");
            fields.problem("lifecycle", error);
            None
        }
    }
}

/// CC: `buildpack`, one name, is the older form; `default` and `null` there stand for detection.
fn read_buildpacks(fields: &Fields<'_, '_, '_>) -> Vec<String> {
    let listed = fields.get("buildpacks").map(Node::items).unwrap_or_default();
    let single = fields.get("buildpack").and_then(Node::text).filter(|name| !matches!(*name, "default" | "null"));
    listed.iter().filter_map(Node::text).chain(single).map(str::to_owned).collect()
}

/// The keys of an application or a process.
struct Fields<'n, 'r, 'f> {
    node: &'n Node,
    path: String,
    collector: &'r mut Collector<'f>,
}

impl<'n> Fields<'n, '_, '_> {
    /// The value of a key. CC (`AppManifestMessage.underscore_keys`): hyphens and underscores are the same.
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.node
            .get(key)
            .or_else(|| self.node.get(&key.replace('-', "_")))
            .or_else(|| self.node.get(&key.replace('_', "-")))
    }

    /// Notes a problem with the value of a key.
    fn problem(&mut self, key: &str, error: ValueError) {
        let node = self.get(key).unwrap_or(self.node);
        self.collector.node(node, &key_path(&self.path, key), error);
    }

    /// A text; a number or a boolean counts as the text that it is written as. Null counts as absent.
    fn text(&mut self, key: &str) -> Option<String> {
        let node = self.get(key)?;
        match &node.value {
            Value::Scalar(_) => node.text().map(str::to_owned),
            Value::List(_) | Value::Map(_) => {
                self.problem(key, ValueError::new(format!("expected a text, found {}", node.type_name())));
                None
            }
        }
    }

    fn whole(&mut self, key: &str) -> Option<u32> {
        let node = self.get(key)?;
        match node.scalar() {
            Some(Scalar { kind: ScalarKind::Null, .. }) => None,
            // A variable that was not filled in has been noted.
            Some(Scalar { kind: ScalarKind::Text, text }) if text.contains("((") => None,
            Some(Scalar { kind: ScalarKind::Int, text }) if text.parse::<u32>().is_ok() => text.parse().ok(),
            Some(_) | None => {
                let message = format!("expected a whole number, found {}", node.type_name());
                self.problem(key, ValueError::new(message));
                None
            }
        }
    }

    /// cf reads manifests as YAML 1.1, which has more words for true.
    fn flag(&self, key: &str) -> bool {
        let text = self.get(key).and_then(Node::text).unwrap_or_default().to_lowercase();
        matches!(text.as_str(), "true" | "yes" | "on" | "y")
    }

    /// CC (`byte_quantity.rb`): a number and one of B, K, KB, KIB and so on up to T, in any case and without a blank
    /// between. The result is rounded down to whole MB and must be more than none. An empty text counts as absent.
    fn megabytes(&mut self, key: &str) -> Option<u64> {
        static SIZE: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"(?i)^(-?\d+(?:\.\d+)?)(?:([KMGT])I?B?|B)$").ok());
        let text = self.text(key).filter(|text| !text.contains("((") && !text.trim().is_empty())?;
        let Some(found) = SIZE.as_ref().and_then(|size| size.captures(text.trim())) else {
            self.problem(key, ValueError::hinted("this is no size", "write a number and a unit: 256M, 1G"));
            return None;
        };
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        let power = "KMGT".find(&part(2).to_uppercase()).filter(|_| !part(2).is_empty()).map_or(0, |at| at + 1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the platform counts in the same way; a negative size becomes 0, which is refused"
        )]
        let bytes = (part(1).parse::<f64>().ok()? * (1_u64 << (10 * power)) as f64) as u64;
        let megabytes = bytes >> 20;
        if megabytes == 0 {
            self.problem(key, ValueError::hinted("this is less than 1 MB", "write a number and a unit: 256M, 1G"));
            return None;
        }
        Some(megabytes)
    }

    /// The process keys of an application or of an entry of its `processes`.
    fn process(&mut self, kind: &str) -> ManifestProcess {
        ManifestProcess {
            process_type: kind.to_owned(),
            command: self.text("command").filter(|command| !matches!(command.as_str(), "default" | "null")),
            instances: self.whole("instances"),
            memory_mb: self.megabytes("memory"),
            disk_mb: self.megabytes("disk_quota"),
            health_check: self.health_check(),
        }
    }

    fn health_check(&mut self) -> HealthCheck {
        let kind = self.text("health-check-type");
        // CC (`manifest_process_update_message.rb`; `none` is an older word for `process`).
        if kind
            .as_ref()
            .is_some_and(|kind| !["port", "process", "http", "none"].contains(&kind.as_str()) && !kind.contains("(("))
        {
            let error = ValueError::hinted("this is no type of health check", "write one of port, process, http");
            self.problem("health-check-type", error);
        }
        HealthCheck { kind, endpoint: self.text("health-check-http-endpoint"), timeout_seconds: self.whole("timeout") }
    }

    /// A list whose items are texts, or mappings with the text under a key.
    fn names(&self, list: &str, key: &str) -> Vec<String> {
        let items = self.get(list).map(Node::items).unwrap_or_default();
        let name = |item: &Node| item.text().or_else(|| item.get(key).and_then(Node::text)).map(str::to_owned);
        items.iter().filter_map(name).collect()
    }
}

//! Reads the one application of a manifest.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::super::draft::At;
use super::super::fault::Fault;
use super::super::node::{Node, Scalar, ScalarKind, Value};
use super::super::report::{Place, Report};
use super::super::shape;
use super::variables::{Values, fill_in};
use super::{HealthCheck, ManifestApp, ManifestProcess};

/// The shortest value of the manifest's own `env` that is taken for a secret, in characters: `production` and the like
/// are no secrets, and a short one would be hidden in every other word.
const LEAST_OF_ENV: usize = 8;

/// What the plan brings to its manifest.
pub(in super::super) struct Sources {
    /// The values of its variables.
    pub values: Values,
    /// Whether the plan says what is uploaded, so that the manifest's `path` does not count.
    pub has_path: bool,
}

/// Reads a manifest; `None` where that is not possible, which is noted at the manifest's own lines, or at the plan's
/// where there is no manifest.
pub(in super::super) fn read_manifest(
    file: &At<PathBuf>,
    sources: &Sources,
    contents: &mut Vec<Vec<u8>>,
    report: &mut Report<'_>,
) -> Option<ManifestApp> {
    let document = report.read_named(&file.value, file.place.clone(), &file.path)?;
    contents.push(document.bytes);
    let root = fill_in(document.root, &sources.values, report);
    let app = the_application(&root, report)?;
    if let Some(env) = app.get("env") {
        report.learn(env, LEAST_OF_ENV);
    }
    let folder = file.value.parent().unwrap_or(Path::new(""));
    let mut fields = Fields { node: app, path: "applications[0]".to_owned(), report: &mut *report };
    let read = read_application(&mut fields, folder);
    if let (Some(path), false) = (&read.path, sources.has_path) {
        let place = Place::of(app.get("path").unwrap_or(app));
        report.exists(path, place, "applications[0].path", "a manifest's path is relative to the manifest");
    }
    Some(read)
}

/// cf 8.17: `applications` is a list of one or more. With one, `cf push NAME` gives it that name; with several it takes
/// the one of that name, which a plan with two colours cannot rely on.
fn the_application<'n>(root: &'n Node, report: &mut Report<'_>) -> Option<&'n Node> {
    let Value::Map(_) = root.value else {
        report.node(
            root,
            "",
            Fault::hinted(
                format!("a manifest is a mapping, not {}", shape::found_type(root)),
                "is this a cf manifest? Its top key is `applications:`",
            ),
        );
        return None;
    };
    let Some(list) = root.get("applications") else {
        report.node(
            root,
            "",
            Fault::hinted(
                "the manifest has no `applications`",
                "is this a cf manifest? Its top key is `applications:`",
            ),
        );
        return None;
    };
    match list.items() {
        [app] if matches!(app.value, Value::Map(_)) => Some(app),
        [app] => {
            let fault = Fault::hinted(
                format!("an application is a mapping, not {}", shape::found_type(app)),
                "begin it with `- name: NAME`",
            );
            report.node(app, "applications[0]", fault);
            None
        }
        [] => {
            let fault = Fault::hinted("the manifest has no application", "begin the first with `- name: NAME`");
            report.node(list, "applications", fault);
            None
        }
        [_, second, ..] => {
            let fault = Fault::hinted(
                "the manifest has several applications",
                "cf can push a colour only from a manifest with one application (it gives that the colour's name): \
                 write a manifest for each app",
            );
            report.node(second, "applications[1]", fault);
            None
        }
    }
}

fn read_application(fields: &mut Fields<'_, '_, '_>, folder: &Path) -> ManifestApp {
    let processes = fields.node.get("processes").map(Node::items).unwrap_or_default();
    let mut read = Vec::new();
    for (at, node) in processes.iter().enumerate() {
        let path = format!("{}.processes[{at}]", fields.path);
        let mut process = Fields { node, path, report: &mut *fields.report };
        read.push(ManifestProcess {
            process_type: process.text("type").unwrap_or_default(),
            instances: process.whole("instances"),
            memory_mb: process.megabytes("memory"),
            disk_mb: process.disk(),
            health_check: process.health_check(),
        });
    }
    ManifestApp {
        name: fields.text("name"),
        path: fields.text("path").map(|path| folder.join(path)),
        docker_image: fields
            .node
            .get("docker")
            .and_then(|docker| docker.get("image"))
            .and_then(Node::text)
            .map(str::to_owned),
        instances: fields.whole("instances"),
        memory_mb: fields.megabytes("memory"),
        disk_mb: fields.disk(),
        health_check: fields.health_check(),
        processes: read,
        routes: fields.names("routes", "route"),
        services: fields.names("services", "name"),
        no_route: fields.flag("no-route"),
        random_route: fields.flag("random-route"),
    }
}

/// The keys of an application or a process.
struct Fields<'n, 'r, 'f> {
    node: &'n Node,
    path: String,
    report: &'r mut Report<'f>,
}

impl Fields<'_, '_, '_> {
    /// Notes a problem with the value of a key.
    fn problem(&mut self, key: &str, fault: Fault) {
        let node = self.node.get(key).unwrap_or(self.node);
        self.report.node(node, &shape::below(&self.path, key), fault);
    }

    /// A text; a number or a boolean counts as the text that it is written as. Null counts as absent.
    fn text(&mut self, key: &str) -> Option<String> {
        let node = self.node.get(key)?;
        match &node.value {
            Value::Scalar(_) => node.text().map(str::to_owned),
            Value::List(_) | Value::Map(_) => {
                self.problem(key, Fault::new(format!("expected a text, found {}", shape::found_type(node))));
                None
            }
        }
    }

    fn whole(&mut self, key: &str) -> Option<u32> {
        let node = self.node.get(key)?;
        match node.scalar() {
            Some(Scalar { kind: ScalarKind::Null, .. }) => None,
            // A variable that was not filled in has been noted.
            Some(Scalar { kind: ScalarKind::Text, text }) if text.contains("((") => None,
            Some(Scalar { kind: ScalarKind::Int, text }) if text.parse::<u32>().is_ok() => text.parse().ok(),
            Some(_) | None => {
                let message = format!("expected a whole number, found {}", shape::found_type(node));
                self.problem(key, Fault::new(message));
                None
            }
        }
    }

    /// cf reads manifests as YAML 1.1, which has more words for true.
    fn flag(&self, key: &str) -> bool {
        let text = self.node.get(key).and_then(Node::text).unwrap_or_default().to_lowercase();
        matches!(text.as_str(), "true" | "yes" | "on" | "y")
    }

    /// CC: a number and one of B, K, KB, M, MB, G, GB, T, TB, in any case. The result is rounded down to whole MB.
    fn megabytes(&mut self, key: &str) -> Option<u64> {
        static SIZE: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"(?i)^(\d{1,12})(?:\.(\d{1,3})\d*)?\s*([BKMGT])B?$").ok());
        let text = self.text(key).filter(|text| !text.contains("(("))?;
        let Some(found) = SIZE.as_ref().and_then(|size| size.captures(&text)) else {
            self.problem(key, Fault::hinted("this is no size", "write a number and a unit: 256M, 1G"));
            return None;
        };
        let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
        let thousandths: u128 =
            part(1).parse::<u128>().ok()? * 1000 + format!("{:0<3}", part(2)).parse::<u128>().ok()?;
        let power = "BKMGT".find(&part(3).to_uppercase())?;
        let bytes = thousandths * (1_u128 << (10 * power)) / 1000;
        u64::try_from(bytes >> 20).ok()
    }

    /// cf 8.17 takes both spellings.
    fn disk(&mut self) -> Option<u64> {
        self.megabytes("disk_quota").or_else(|| self.megabytes("disk-quota"))
    }

    fn health_check(&mut self) -> HealthCheck {
        HealthCheck {
            kind: self.text("health-check-type"),
            endpoint: self.text("health-check-http-endpoint"),
            timeout_seconds: self.whole("timeout"),
        }
    }

    /// A list whose items are texts, or mappings with the text under a key.
    fn names(&self, list: &str, key: &str) -> Vec<String> {
        let items = self.node.get(list).map(Node::items).unwrap_or_default();
        let name = |item: &Node| item.text().or_else(|| item.get(key).and_then(Node::text)).map(str::to_owned);
        items.iter().filter_map(name).collect()
    }
}

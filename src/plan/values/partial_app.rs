//! Reads an app.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check::read_check;
use super::located::Located;
use super::mapping::Mapping;
use super::paths::{existing, folder_of, joined};
use super::route::{AppRoute, check_options, check_staging, options, protocols, read_routes};
use super::scalars::any;
use super::timeouts::read_timeouts;
use super::watch::read_watch;
use crate::plan::app::{App, ExtraRoutes, Instances, Old, OnFailure};
use crate::plan::carry::{self, Carry};
use crate::plan::check::Check;
use crate::plan::diagnostics::Collector;
use crate::plan::droplet_of::DropletOf;
use crate::plan::duration::parse_duration;
use crate::plan::manifest::{Lifecycle, Manifest, Sources, as_cf_reads, read_manifest, read_vars};
use crate::plan::name::{AppName, LOCK_PREFIX, OrgName, ServiceName, SpaceName};
use crate::plan::processes::{Processes, Takeover};
use crate::plan::route_url::RouteUrl;
use crate::plan::schema::{CHECK, FROM, HEALTH, TIMEOUTS};
use crate::plan::timeouts::Timeouts;
use crate::plan::value_error::ValueError;
use crate::plan::watch::Watch;
use crate::plan::yaml::Node;

/// The keys that say what is deployed.
const WHAT: [&str; 3] = ["path", "droplet", "from"];

/// An app as far as it could be read.
pub(crate) struct PartialApp {
    pub name: Option<Located<AppName>>,
    pub colours: Vec<Located<AppName>>,
    pub path: Option<PathBuf>,
    pub droplet: Option<PathBuf>,
    pub from: Option<Located<DropletOf>>,
    pub manifest: Option<Manifest>,
    pub services: Vec<Located<ServiceName>>,
    live: Vec<AppRoute>,
    staging: Option<AppRoute>,
    checks: Vec<Option<Check>>,
    watch: Option<Watch>,
    health: Option<Duration>,
    has_routes: bool,
    settle: Option<Duration>,
    drain: Option<Duration>,
    old: Option<Old>,
    instances: Option<Instances>,
    carry: Carry,
    extra_routes: Option<ExtraRoutes>,
    processes: Processes,
    on_failure: Option<OnFailure>,
    timeouts: Option<Timeouts>,
    contents: Vec<Vec<u8>>,
}

impl PartialApp {
    pub(crate) fn read(app: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Self {
        let name = app.parse("name", AppName::parse);
        let mut colours = app.parse_list("colours", AppName::parse);
        if let (None, Some(name)) = (app.node("colours"), &name) {
            let colour = |suffix: &str| AppName::parse(&format!("{}{suffix}", name.value)).ok();
            colours = ["_a", "_b"]
                .into_iter()
                .filter_map(colour)
                .map(|value| Located { value, place: name.place.clone(), path: name.path.clone() })
                .collect();
            if colours.is_empty() {
                let error =
                    ValueError::hinted("the name is too long for colours to be made of it", "give `colours` as well");
                collector.at(name.place.clone(), &name.path, error);
            }
        }
        for colour in colours.iter().filter(|colour| colour.value.as_str().starts_with(LOCK_PREFIX)) {
            let message = format!("`{}` is the name of a lock", colour.value);
            let error = ValueError::hinted(
                message,
                "choose another name: a lock is an app, too, which comes and goes with each run",
            );
            collector.at(colour.place.clone(), &colour.path, error);
        }
        let (live, staging) = read_routes(app);
        check_options(app, collector);
        check_staging(app, staging.as_ref(), collector);
        let mut contents = Vec::new();
        let path = app.parse("path", any).and_then(|given| existing(given, folder, collector));
        says_it_once(app, collector);
        let droplet = read_droplet(app, folder, collector);
        let from = read_from(app);
        // Where the plan says what is deployed, the manifest's `path` does not count.
        let has_path = WHAT.iter().any(|key| app.node(key).is_some());
        let manifest = read_app_manifest(app, has_path, folder, &mut contents, collector);
        let checks = read_checks(app, folder, collector);
        Self {
            name,
            colours,
            // Without a path, and where the manifest has none either, cf would upload the folder that it is run in.
            path: path.or_else(|| {
                let manifest = manifest.as_ref()?;
                let is_droplet = ["droplet", "from"].iter().any(|key| app.node(key).is_some());
                let needs_one = !is_droplet && manifest.app.path.is_none() && manifest.app.docker.is_none();
                needs_one.then(|| folder_of(&manifest.path))
            }),
            droplet,
            from,
            manifest,
            services: app.parse_list("services", ServiceName::parse),
            live,
            staging,
            watch: read_watch(app, &checks, collector),
            checks,
            health: read_health(app),
            has_routes: app.node("routes").is_some(),
            settle: app.parse("settle", parse_duration).map(|at| at.value),
            drain: app.parse("drain", parse_duration).map(|at| at.value),
            old: app.parse("old", Old::parse).map(|at| at.value),
            instances: app.parse("instances", Instances::parse).map(|at| at.value),
            carry: read_carry(app, collector),
            extra_routes: app.parse("extra_routes", ExtraRoutes::parse).map(|at| at.value),
            processes: read_processes(app),
            on_failure: app.parse("on_failure", OnFailure::parse).map(|at| at.value),
            timeouts: read_timeouts(&app.table("timeouts", &TIMEOUTS)),
            contents,
        }
    }

    /// The live routes.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Located<RouteUrl>> {
        self.live.iter().map(|route| &route.url)
    }

    /// The staging route.
    pub(crate) fn staging(&self) -> Option<&Located<RouteUrl>> {
        self.staging.as_ref().map(|route| &route.url)
    }

    pub(crate) fn build(self) -> Option<(App, Vec<Vec<u8>>)> {
        let values = |list: Vec<Located<AppName>>| list.into_iter().map(|at| at.value).collect::<Vec<_>>();
        let manifest = self.manifest?;
        let protocols = protocols(self.live.iter().chain(&self.staging), &manifest);
        let route_options = options(&self.live, &manifest);
        let app = App {
            name: self.name?.value,
            colours: values(self.colours).try_into().ok()?,
            path: self.path,
            droplet: self.droplet,
            from: self.from.map(|at| at.value),
            manifest,
            services: self.services.into_iter().map(|at| at.value).collect(),
            live: self.live.into_iter().map(|route| route.url.value).collect(),
            staging: if self.has_routes { Some(self.staging?.url.value) } else { None },
            protocols,
            route_options,
            checks: self.checks.into_iter().collect::<Option<_>>()?,
            watch: self.watch,
            health: self.health,
            settle: self.settle?,
            drain: self.drain?,
            old: self.old?,
            instances: self.instances?,
            carry: self.carry,
            extra_routes: self.extra_routes?,
            extra: Vec::new(),
            processes: self.processes,
            on_failure: self.on_failure?,
            timeouts: self.timeouts?,
        };
        Some((app, self.contents))
    }
}

/// Notes where the plan says more than once what is deployed.
fn says_it_once(app: &Mapping<'_>, collector: &mut Collector<'_>) {
    let said: Vec<_> = WHAT.iter().filter_map(|key| Some((key, app.node(key)?))).collect();
    if let [(first, _), (key, node), ..] = said.as_slice() {
        let message = format!("an app is deployed from its `{first}`, or by `{key}`, and not both");
        let hint = "keep one; where environments differ, each belongs into an overlay of its own (--env NAME)";
        collector.node(node, &app.path_of(key), ValueError::hinted(message, hint));
    }
}

/// CC (`droplet_upload_message.rb`): by its name it is a `.tgz` or a `.tar.gz`.
fn read_droplet(app: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Option<PathBuf> {
    let given = app.parse("droplet", any)?;
    if ![".tgz", ".tar.gz"].iter().any(|end| given.value.ends_with(end)) {
        let hint = "cf download-droplet writes one; an archive of files (zip, jar, war) is named by `path`";
        let error = ValueError::hinted("the platform takes a droplet whose name ends with .tgz or .tar.gz alone", hint);
        collector.at(given.place.clone(), &given.path, error);
    }
    existing(given, folder, collector)
}

/// Whose droplet is deployed.
fn read_from(app: &Mapping<'_>) -> Option<Located<DropletOf>> {
    app.node("from")?;
    let from = app.table("from", &FROM);
    let of = from.parse("app", AppName::parse)?;
    let space = from.parse("space", SpaceName::parse).map(|at| at.value);
    let org = from.parse("org", OrgName::parse).map(|at| at.value);
    Some(of.map(|app| DropletOf { app, space, org }))
}

/// `all` and `none` say it all.
fn read_carry(app: &Mapping<'_>, collector: &mut Collector<'_>) -> Carry {
    let words = app.parse_list("carry", carry::Word::parse);
    if let ([_, _, ..], Some(alone)) = (words.as_slice(), words.iter().find(|word| word.value.stands_alone())) {
        let error =
            ValueError::hinted("this word stands alone", "write `carry: all`, `carry: none`, or a list of parts");
        collector.at(alone.place.clone(), &alone.path, error);
    }
    Carry::of(words.into_iter().map(|word| word.value).collect())
}

/// The checks that ask something; of an app without routes no router can be asked, and there is no moment for a person.
fn read_checks(app: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Vec<Option<Check>> {
    let items = app.node("checks").map(Node::items).unwrap_or_default();
    for (number, check) in items.iter().enumerate().filter(|_| app.node("routes").is_none()) {
        let path = format!("{}[{number}]", app.path_of("checks"));
        if check.get("http").is_some() || check.get("approval").is_some() {
            let hint = "have it checked by `task: bin/smoke`, by a `command` of your own once it is at work, or by \
                        `health: {for: 30s}`, in which no instance may crash";
            let error = ValueError::hinted("an app without routes has nothing that this check could ask", hint);
            collector.node(check, &path, error);
        } else if let Some(at) = check.get("command").and_then(|command| command.get("at")) {
            let hint = "leave `at` out: the command is run once the new version is at work";
            let error = ValueError::hinted("an app without routes is checked at none", hint);
            collector.node(at, &format!("{path}.command.at"), error);
        }
    }
    let asking = app.tables("checks", &CHECK).into_iter().filter(|check| check.node("health").is_none());
    asking.map(|check| read_check(&check, folder, collector)).collect()
}

/// How long the instances of the new version must run without a crash. Of an app without routes nothing else tells whether it is
/// well.
fn read_health(app: &Mapping<'_>) -> Option<Duration> {
    let health = |check: &Mapping<'_>| check.table("health", &HEALTH).parse("for", parse_duration);
    let checks = app.tables("checks", &CHECK);
    let named = checks.iter().filter(|check| check.node("health").is_some()).filter_map(health);
    let of_none =
        || app.node("routes").is_none().then(|| Mapping::default_of(&HEALTH, "for", parse_duration)).flatten();
    named.map(|at| at.value).max().or_else(of_none)
}

fn read_processes(app: &Mapping<'_>) -> Processes {
    let entries = app.node("processes").map(Node::entries).unwrap_or_default();
    let one =
        |(kind, takeover): &(Node, Node)| Some((kind.text()?.to_owned(), Takeover::parse(takeover.text()?).ok()?));
    Processes(entries.iter().filter_map(one).collect())
}

fn read_app_manifest(
    app: &Mapping<'_>,
    has_path: bool,
    folder: &Path,
    contents: &mut Vec<Vec<u8>>,
    collector: &mut Collector<'_>,
) -> Option<Manifest> {
    let vars: Vec<(String, Node)> = app
        .node("vars")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|(name, value)| Some((name.text()?.to_owned(), value.clone())))
        .collect();
    let vars_files: Vec<Located<PathBuf>> =
        app.parse_list("vars_files", any).into_iter().map(|at| at.map(|path| joined(folder, &path))).collect();
    let known = read_vars(&vars_files, &vars, collector);
    let file = app.parse("manifest", any)?.map(|path| joined(folder, &path));
    let (live, staging) = read_routes(app);
    let routes = live.iter().chain(&staging).map(|route| route.url.value.to_string()).collect();
    let application = app.parse("app", any);
    let sources = Sources { application, values: known?, has_path, routes };
    let (read, alone) = read_manifest(&file, &sources, contents, collector)?;
    if let (Some(path), Some(_)) = (app.node("path"), &read.docker) {
        // cf 8.17: `--path, -p` beside `docker` in the manifest is an incorrect usage.
        let hint = "take `path` out: nothing is uploaded for a docker image";
        let error = ValueError::hinted("the manifest names a docker image, which has no files", hint);
        collector.node(path, &app.path_of("path"), error);
    }
    for (key, node) in ["droplet", "from"].into_iter().filter_map(|key| Some((key, app.node(key)?))) {
        // CC (`droplet_copy.rb`, `droplet_create.rb`): those of Cloud Native Buildpacks are neither copied nor uploaded.
        let (what, by) = match (&read.docker, read.lifecycle) {
            (Some(_), _) => ("names a docker image, which is what is deployed then", "`docker`"),
            (None, Some(Lifecycle::Cnb)) => {
                ("asks for Cloud Native Buildpacks, whose droplets can be neither copied nor uploaded", "`lifecycle`")
            }
            (None, Some(Lifecycle::Buildpack | Lifecycle::Docker) | None) => continue,
        };
        let hint = format!("take `{key}` out, or {by} of the manifest");
        collector.node(node, &app.path_of(key), ValueError::hinted(format!("the manifest {what}"), hint));
    }
    Some(Manifest {
        path: file.value,
        vars: vars.iter().filter_map(|(name, value)| Some((name.clone(), as_cf_reads(value.scalar()?)))).collect(),
        vars_files: vars_files.into_iter().map(|at| at.value).collect(),
        application: sources.application.map(|named| named.value),
        alone,
        app: read,
    })
}

//! From a file name to a [`Plan`]: the story of the stage.

use std::path::{Path, PathBuf};

use super::digest;
use super::draft::{At, Reader};
use super::fault::Fault;
use super::files::Files;
use super::foreign;
use super::keys::{APP, CHECK, COMMAND_CHECK, HTTP, Kind, PLAN, ROUTES, TARGET, TIMEOUTS};
use super::manifest::{Manifest, Sources, read_manifest, read_vars};
use super::node::{Node, Value};
use super::problem::{Problem, Problems};
use super::report::Report;
use super::{
    ApiUrl, App, AppName, BodyPattern, Check, CommandCheck, CommandLine, HttpCheck, Instances, Old, OnFailure, OrgName,
    Plan, RouteUrl, ServiceName, SpaceName, Target, Timeouts, across, overlay, parse_duration, shape,
};

/// Reads the plan of a file, with the overlay of an environment if one is named, and everything that it refers to. All
/// problems are reported together.
pub fn load(file: &Path, env: Option<&str>, files: &dyn Files) -> Result<Plan, Problems> {
    let mut report = Report::new(files);
    let plan = read(file, env, &mut report);
    match (report.finish(), plan) {
        (Some(problems), _) => Err(problems),
        (None, Some(plan)) => Ok(plan),
        // Whatever keeps a plan from being built has been noted; if not, that is a fault of this program.
        (None, None) => Err(Problems::one(Problem {
            file: file.to_owned(),
            position: None,
            path: String::new(),
            message: "the plan could not be read, for a reason that cutover did not note".to_owned(),
            hint: None,
        })),
    }
}

fn read(file: &Path, env: Option<&str>, report: &mut Report<'_>) -> Option<Plan> {
    let root = read_tree(file, env, report)?;
    if let Some(kind) = foreign::kind_of_file(&root) {
        let hint =
            "a plan names the app's manifest and its routes; deploy.example.yaml shows one; name it with `-f FILE`";
        report.node(&root, "", Fault::hinted(format!("this is {kind}, and no deployment plan"), hint));
        return None;
    }
    shape::check(&root, &Kind::Table(&PLAN), "", report);
    let top = Reader::new(&root, &PLAN, "");
    let folder = file.parent().unwrap_or(Path::new(""));
    let outside: Vec<PathBuf> =
        top.parse_list("outside", any).into_iter().map(|at| joined(folder, &at.value)).collect();
    report.keep_within(folder, &outside);
    let drafts: Vec<Draft> = top.tables("apps", &APP).iter().map(|app| Draft::read(app, folder, report)).collect();
    across::check(&drafts, report);
    if !report.is_empty() {
        return None;
    }
    let target = top.table("target", &TARGET);
    let mut contents = Vec::new();
    let mut apps = Vec::new();
    for draft in drafts {
        let (app, read) = draft.build()?;
        apps.push(app);
        contents.extend(read);
    }
    let mut plan = Plan {
        version: top.parse("version", whole)?.value,
        target: Target {
            api: target.parse("api", ApiUrl::parse)?.value,
            org: target.parse("org", OrgName::parse)?.value,
            space: target.parse("space", SpaceName::parse)?.value,
        },
        apps,
        file: file.to_owned(),
        digest: String::new(),
        secrets: report.secrets().to_vec(),
    };
    plan.digest = digest::of(&plan, folder, &contents);
    Some(plan)
}

fn read_tree(file: &Path, env: Option<&str>, report: &mut Report<'_>) -> Option<Node> {
    let base = report.read(file, "name the plan with `-f FILE`; deploy.example.yaml shows what stands in one");
    let Some(env) = env else { return Some(base?.root) };
    match overlay::file_for(file, env) {
        Ok(upper) => {
            let over = report.read(&upper, "`--env` lays this file over the plan; it stands beside it");
            Some(overlay::lay(base?.root, over?.root))
        }
        Err(fault) => {
            report.file(file, fault);
            None
        }
    }
}

/// An app as far as it could be read.
pub(super) struct Draft {
    pub name: Option<At<AppName>>,
    pub colours: Vec<At<AppName>>,
    pub path: Option<PathBuf>,
    pub manifest: Option<Manifest>,
    pub services: Vec<At<ServiceName>>,
    pub live: Vec<At<RouteUrl>>,
    pub staging: Option<At<RouteUrl>>,
    checks: Vec<Option<Check>>,
    settle: Option<std::time::Duration>,
    drain: Option<std::time::Duration>,
    old: Option<Old>,
    instances: Option<Instances>,
    on_failure: Option<OnFailure>,
    timeouts: Option<Timeouts>,
    contents: Vec<Vec<u8>>,
}

impl Draft {
    fn read(app: &Reader<'_>, folder: &Path, report: &mut Report<'_>) -> Self {
        let name = app.parse("name", AppName::parse);
        let mut colours = app.parse_list("colours", AppName::parse);
        if let (None, Some(name)) = (app.node("colours"), &name) {
            let colour = |suffix: &str| AppName::parse(&format!("{}{suffix}", name.value)).ok();
            colours = ["_a", "_b"]
                .into_iter()
                .filter_map(colour)
                .map(|value| At { value, place: name.place.clone(), path: name.path.clone() })
                .collect();
            if colours.is_empty() {
                let fault =
                    Fault::hinted("the name is too long for colours to be made of it", "give `colours` as well");
                report.at(name.place.clone(), &name.path, fault);
            }
        }
        let routes = app.table("routes", &ROUTES);
        let mut contents = Vec::new();
        let path = app.parse("path", any).and_then(|given| existing(given, folder, report));
        let manifest =
            read_app_manifest(app, path.is_some() || app.node("path").is_some(), folder, &mut contents, report);
        Self {
            name,
            colours,
            // Without a path, and where the manifest has none either, cf would upload the folder that it is run in.
            path: path.or_else(|| {
                let manifest = manifest.as_ref()?;
                let needs_one = manifest.app.path.is_none() && manifest.app.docker.is_none();
                needs_one.then(|| folder_of(&manifest.path))
            }),
            manifest,
            services: app.parse_list("services", ServiceName::parse),
            live: routes.parse_list("live", RouteUrl::parse),
            staging: routes.parse("staging", RouteUrl::parse),
            checks: app.tables("checks", &CHECK).iter().map(|check| read_check(check, folder, report)).collect(),
            settle: app.parse("settle", parse_duration).map(|at| at.value),
            drain: app.parse("drain", parse_duration).map(|at| at.value),
            old: app.parse("old", old).map(|at| at.value),
            instances: app.parse("instances", instances).map(|at| at.value),
            on_failure: app.parse("on_failure", on_failure).map(|at| at.value),
            timeouts: read_timeouts(&app.table("timeouts", &TIMEOUTS)),
            contents,
        }
    }

    fn build(self) -> Option<(App, Vec<Vec<u8>>)> {
        let values = |list: Vec<At<AppName>>| list.into_iter().map(|at| at.value).collect::<Vec<_>>();
        let app = App {
            name: self.name?.value,
            colours: values(self.colours).try_into().ok()?,
            path: self.path,
            manifest: self.manifest?,
            services: self.services.into_iter().map(|at| at.value).collect(),
            live: self.live.into_iter().map(|at| at.value).collect(),
            staging: self.staging?.value,
            checks: self.checks.into_iter().collect::<Option<_>>()?,
            settle: self.settle?,
            drain: self.drain?,
            old: self.old?,
            instances: self.instances?,
            on_failure: self.on_failure?,
            timeouts: self.timeouts?,
        };
        Some((app, self.contents))
    }
}

fn read_app_manifest(
    app: &Reader<'_>,
    has_path: bool,
    folder: &Path,
    contents: &mut Vec<Vec<u8>>,
    report: &mut Report<'_>,
) -> Option<Manifest> {
    let vars: Vec<(String, Node)> = app
        .node("vars")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|(name, value)| Some((name.text()?.to_owned(), value.clone())))
        .collect();
    let vars_files: Vec<At<PathBuf>> =
        app.parse_list("vars_files", any).into_iter().map(|at| at.map(|path| joined(folder, &path))).collect();
    let known = read_vars(&vars_files, &vars, report);
    let file = app.parse("manifest", any)?.map(|path| joined(folder, &path));
    let sources = Sources { values: known?, has_path };
    let read = read_manifest(&file, &sources, contents, report)?;
    if let (Some(path), Some(_)) = (app.node("path"), &read.docker) {
        // cf 8.17: `--path, -p` beside `docker` in the manifest is an incorrect usage.
        let hint = "take `path` out: nothing is uploaded for a docker image";
        let fault = Fault::hinted("the manifest names a docker image, which has no files", hint);
        report.node(path, &app.path_of("path"), fault);
    }
    Some(Manifest {
        path: file.value,
        vars: vars
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), super::manifest::as_cf_reads(value.scalar()?))))
            .collect(),
        vars_files: vars_files.into_iter().map(|at| at.value).collect(),
        app: read,
    })
}

fn read_check(check: &Reader<'_>, folder: &Path, report: &mut Report<'_>) -> Option<Check> {
    if check.node("http").is_some() {
        let http = check.table("http", &HTTP);
        let within = http.parse("within", parse_duration)?;
        let successes = http.parse("successes", whole)?;
        let interval = http.parse("interval", parse_duration)?;
        let pauses = interval.value.saturating_mul(successes.value.saturating_sub(1));
        if pauses >= within.value && !within.value.is_zero() {
            report.at(
                within.place.clone(),
                &within.path,
                Fault::hinted(
                    format!("{} successes cannot be had within this time", successes.value),
                    "make `within` longer than `interval` times the number of pauses between `successes`",
                ),
            );
        }
        // A body that does not compile has been noted; it must not become a check without one.
        let body = match http.node("body") {
            Some(_) => Some(http.parse("body", BodyPattern::parse)?.value),
            None => None,
        };
        return Some(Check::Http(HttpCheck {
            path: http.parse("path", any)?.value,
            status: http
                .parse_list("status", whole)
                .into_iter()
                .filter_map(|at| u16::try_from(at.value).ok())
                .collect(),
            body,
            within: within.value,
            successes: successes.value,
            interval: interval.value,
        }));
    }
    let command = check.table("command", &COMMAND_CHECK);
    let words = command.parse_list("run", any);
    if let Some(program) = words.first().filter(|word| word.value.trim().is_empty()) {
        let fault = Fault::hinted("there is no command to run", "`sh` takes an empty line for a success");
        report.at(program.place.clone(), &program.path, fault);
    }
    let words: Vec<String> = words.into_iter().map(|at| at.value).collect();
    let run = match command.node("run")?.value {
        Value::List(_) => CommandLine::Argv(words),
        Value::Scalar(_) | Value::Map(_) => CommandLine::Shell(words.into_iter().next()?),
    };
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() };
    Some(Check::Command(CommandCheck { run, folder, within: command.parse("within", parse_duration)?.value }))
}

fn existing(given: At<String>, folder: &Path, report: &mut Report<'_>) -> Option<PathBuf> {
    let path = joined(folder, &given.value);
    let hint = "paths are relative to the plan file, not to the folder that you are in";
    report.exists(&path, given.place, &given.path, hint).then_some(path)
}

/// A path of the plan as it is handed to cf: from the folder that the command is run in. Never begins with `-`.
fn joined(folder: &Path, path: &str) -> PathBuf {
    let path = folder.join(path);
    if path.as_os_str().to_string_lossy().starts_with('-') { Path::new(".").join(path) } else { path }
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// A text whose rules the table of keys has checked.
#[expect(clippy::unnecessary_wraps, reason = "has the form of the readers that can fail")]
fn any(text: &str) -> Result<String, Fault> {
    Ok(text.to_owned())
}

fn whole(text: &str) -> Result<u32, Fault> {
    text.parse().map_err(|_| Fault::new("no whole number"))
}

fn old(text: &str) -> Result<Old, Fault> {
    match text {
        "stop" => Ok(Old::Stop),
        "keep" => Ok(Old::Keep),
        "delete" => Ok(Old::Delete),
        _ => Err(Fault::new("an unknown word")),
    }
}

fn on_failure(text: &str) -> Result<OnFailure, Fault> {
    match text {
        "rollback" => Ok(OnFailure::Rollback),
        "stop" => Ok(OnFailure::Stop),
        _ => Err(Fault::new("an unknown word")),
    }
}

fn read_timeouts(timeouts: &Reader<'_>) -> Option<Timeouts> {
    let time = |key: &str| timeouts.parse(key, parse_duration).map(|at| at.value);
    Some(Timeouts {
        call: time("call")?,
        upload: time("upload")?,
        staging: time("staging")?,
        start: time("start")?,
        route: time("route")?,
        binding: time("binding")?,
    })
}

fn instances(text: &str) -> Result<Instances, Fault> {
    match text {
        "at-least-live" => Ok(Instances::AtLeastLive),
        "manifest" => Ok(Instances::Manifest),
        _ => Err(Fault::new("an unknown word")),
    }
}

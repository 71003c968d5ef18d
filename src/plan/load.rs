//! From a file name to a [`Plan`]: the story of the stage.

use std::path::Path;

use super::api_url::ApiUrl;
use super::diagnostics::{Collector, Problem, Problems};
use super::files::Files;
use super::model::Plan;
use super::name::{OrgName, SpaceName};
use super::schema::{APP, Kind, PLAN, TARGET, kind_of_file};
use super::target::Target;
use super::validate::validate;
use super::value_error::ValueError;
use super::values::{Mapping, PartialApp, any, read_tls, whole};
use super::yaml::Node;
use super::{cross_checks, digest, overlay};

/// Reads the plan of a file, with the overlay of an environment if one is named, and everything that it refers to. All
/// problems are reported together.
pub fn load(file: &Path, env: Option<&str>, files: &dyn Files) -> Result<Plan, Problems> {
    let mut collector = Collector::new(files);
    let plan = read(file, env, &mut collector);
    let (problems, warnings) = collector.finish();
    match (problems, plan) {
        (Some(problems), _) => Err(problems),
        (None, Some(plan)) => Ok(Plan { warnings, ..plan }),
        // Whatever keeps a plan from being built has been noted; if not, that is an error of this program.
        (None, None) => Err(Problems::one(Problem {
            file: file.to_owned(),
            position: None,
            path: String::new(),
            message: "the plan could not be read, for a reason that cutover did not note".to_owned(),
            hint: None,
        })),
    }
}

fn read(file: &Path, env: Option<&str>, collector: &mut Collector<'_>) -> Option<Plan> {
    let root = read_tree(file, env, collector)?;
    if let Some(kind) = kind_of_file(&root) {
        let hint =
            "a plan names the app's manifest and its routes; deploy.example.yaml shows one; name it with `-f FILE`";
        collector.node(&root, "", ValueError::hinted(format!("this is {kind}, and no deployment plan"), hint));
        return None;
    }
    validate(&root, &Kind::Table(&PLAN), "", collector);
    let top = Mapping::new(&root, &PLAN, "");
    let folder = file.parent().unwrap_or(Path::new(""));
    collector.keep_within(folder, top.parse_list("outside", any).into_iter().map(|at| at.value).collect());
    let partial: Vec<PartialApp> =
        top.tables("apps", &APP).iter().map(|app| PartialApp::read(app, folder, collector)).collect();
    let tls = read_tls(&top, folder, collector);
    let target = top.table("target", &TARGET);
    let at = (target.parse("org", any).map(|at| at.value), target.parse("space", any).map(|at| at.value));
    cross_checks::check(&partial, &at, collector);
    if !collector.is_empty() {
        return None;
    }
    let mut contents = Vec::new();
    let mut apps = Vec::new();
    for app in partial {
        let (app, read) = app.build()?;
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
        parallel: top.parse("parallel", whole).map(|parallel| parallel.value),
        tls,
        file: file.to_owned(),
        digest: String::new(),
        secrets: collector.secrets().to_vec(),
        warnings: Vec::new(),
    };
    plan.digest = digest::of(&plan, folder, &contents);
    Some(plan)
}

fn read_tree(file: &Path, env: Option<&str>, collector: &mut Collector<'_>) -> Option<Node> {
    let base =
        collector.read(file, "name the plan with `-f FILE`; `cutover init` writes one from what runs in the space");
    let Some(env) = env else { return Some(base?.root) };
    match overlay::file_for(file, env) {
        Ok(upper) => {
            let over = collector.read(&upper, "`--env` lays this file over the plan; it stands beside it");
            Some(overlay::merge(base?.root, over?.root))
        }
        Err(error) => {
            collector.file(file, error);
            None
        }
    }
}

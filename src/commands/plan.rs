//! `cutover plan`: the dry run. It reads, compiles and prints; nothing is changed.

use std::path::Path;

use serde_json::to_string_pretty;

use crate::cli::{CliError, Common, ExitStatus, PlanArgs, PlanFormat};
use crate::plan::Plan;
use crate::report::{preview, quotas, script};
use crate::run::waiting::interrupt::Interrupt;
use crate::space::{SNAPSHOT_FORMAT, Space};
use crate::steps::Verb;
use crate::steps::input::Failed;
use crate::{bounded, text};

use super::context::{Context, check_target};
use super::plan_file::load;
use super::prepare::{self, Prepared, request};
use super::strays::own_files;
use super::terminal::{print, tell};
use super::warnings::tell_beforehand;

/// The largest snapshot, in bytes: some ten thousand apps.
const MAX_SNAPSHOT: u64 = 64 << 20;

/// Runs the verb.
pub(crate) fn run(common: &Common, args: &PlanArgs) -> Result<ExitStatus, CliError> {
    let plan = load(common)?;
    let dry_run = match &args.space {
        Some(file) => of_snapshot(common, &plan, file)?,
        None => Context::with(common, &plan, &tell, |context| of_target(common, &plan, context))?,
    };
    tell_beforehand(common, &plan);
    // What a vars file has filled in may be set on an app, and the differences tell it.
    let shown = |text: &str| common.secrets.shown(text).into_owned();
    let DryRun { space, prepared: Prepared { deployment, routers, proof, .. }, is_deployed } = &dry_run;
    match args.format {
        PlanFormat::Text => {
            print(&shown(&preview::text(&plan, space, deployment)))?;
            print(&quotas::table(&deployment.courses(space), deployment.apps_at_once))?;
            for note in preview::routers_shown(routers) {
                print(&format!("\n{note}\n"))?;
            }
            print(&preview::proof_line(proof))?;
            if *is_deployed {
                let apply = common.own_commands().verb("apply");
                print(&format!(
                    "\nwhat runs is what this plan deploys: {apply} does nothing, and {apply} --force deploys it all the same\n"
                ))?;
            }
        }
        PlanFormat::Json => {
            let mut object = preview::json(&plan, space, deployment, &deployment.courses(space));
            object["proof"] = serde_json::json!(proof);
            if args.space.is_none() {
                object["routers"] = preview::routers_json(routers);
            }
            text::each_text(&mut object, &shown);
            print(&text::json(&format!("{}\n", to_string_pretty(&object).unwrap_or_default())))?;
        }
        PlanFormat::Sh => print(&shown(&script::script(&plan, deployment)))?,
    }
    Ok(ExitStatus::Done)
}

/// What an apply would do.
struct DryRun<'p> {
    space: Space,
    prepared: Prepared<'p>,
    /// Whether it would change nothing.
    is_deployed: bool,
}

/// A dry run in the targeted space.
fn of_target<'p>(common: &Common, plan: &'p Plan, context: &Context) -> Result<DryRun<'p>, CliError> {
    let space = context.observer(plan).observe(&Interrupt::none())?;
    let mut prepared = prepared(common, plan, &space, &context.session.target().user)?;
    let is_deployed = prepare::is_deployed(&context.api(), plan, &space, &own_files(common));
    prepared.ask_routers(&context.client, &space);
    Ok(DryRun { space, prepared, is_deployed })
}

/// A dry run in a space as it was: no route may be reached from here, and nobody is asked.
fn of_snapshot<'p>(common: &Common, plan: &'p Plan, file: &Path) -> Result<DryRun<'p>, CliError> {
    let space = snapshot(file)?;
    check_target(plan, &space.api, &space.org.name, &space.space.name)?;
    let prepared = prepared(common, plan, &space, "")?;
    Ok(DryRun { space, prepared, is_deployed: false })
}

fn prepared<'p>(common: &Common, plan: &'p Plan, space: &Space, user: &str) -> Result<Prepared<'p>, CliError> {
    let request = request(Verb::Apply, common, user, Failed::Stop, &space.locks);
    Prepared::new(plan, space, request, &own_files(common))
}

fn snapshot(file: &Path) -> Result<Space, CliError> {
    let unusable = |why: String| CliError::File { path: file.to_owned(), why };
    let text = bounded::read(file, MAX_SNAPSHOT).map_err(|error| unusable(error.to_string()))?;
    let space: Space = serde_json::from_slice(&text).map_err(|error| {
        unusable(format!("it is no snapshot of a space ({error}); write one with cutover status --format json"))
    })?;
    if space.format == SNAPSHOT_FORMAT {
        Ok(space)
    } else {
        Err(unusable(format!("its format is {}, and this cutover reads format {SNAPSHOT_FORMAT}", space.format)))
    }
}

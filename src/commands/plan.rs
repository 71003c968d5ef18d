//! `cutover plan`: the dry run. It reads, compiles and prints; nothing is changed.

use std::path::Path;

use serde_json::to_string_pretty;

use crate::cli::{CliError, Common, ExitStatus, PlanArgs, PlanFormat};
use crate::report::{preview, script};
use crate::run::interrupt::Interrupt;
use crate::space::{SNAPSHOT_FORMAT, Space};
use crate::steps::Verb;
use crate::steps::input::Failed;
use crate::{bounded, text};

use super::context::{Context, check_target, load};
use super::prepare::{self, Prepared, request};
use super::strays::{own_files, warn_beforehand};
use super::terminal::{print, tell};

/// The largest snapshot, in bytes: some ten thousand apps.
const MAX_SNAPSHOT: u64 = 64 << 20;

/// Runs the verb.
pub(crate) fn run(common: &Common, args: &PlanArgs) -> Result<ExitStatus, CliError> {
    let plan = load(common)?;
    let mut context = None;
    let (space, user) = if let Some(file) = &args.space {
        let space = snapshot(file)?;
        check_target(&plan, &space.api, &space.org.name, &space.space.name)?;
        (space, String::new())
    } else {
        let opened = context.insert(Context::open(common, &plan)?);
        (opened.observer(&plan).observe(&Interrupt::none())?, opened.session.target().user.clone())
    };
    let request = request(Verb::Apply, common, &user, Failed::Stop, &space.locks);
    let mut prepared = Prepared::new(&plan, &space, request, &own_files(common))?;
    let is_deployed =
        context.as_ref().is_some_and(|context| prepare::is_deployed(&context.api(), &plan, &space, &own_files(common)));
    // A snapshot may be looked at where no route can be reached: nobody is asked then.
    if let Some(context) = context {
        prepared.ask_routers(&context.client, &space);
        context.close(&tell);
    }
    let Prepared { deployment, routers, proof, .. } = prepared;
    warn_beforehand(common, &plan);
    match args.format {
        PlanFormat::Text => {
            print(&preview::text(&plan, &space, &deployment));
            for note in preview::routers(&routers) {
                print(&format!("\n{note}\n"));
            }
            print(&preview::proof_line(&proof));
            if is_deployed {
                let apply = common.own_commands().verb("apply");
                print(&format!(
                    "\nwhat runs is what this plan deploys: {apply} does nothing, and {apply} --force deploys it all the same\n"
                ));
            }
        }
        PlanFormat::Json => {
            let mut object = preview::json(&plan, &space, &deployment, &deployment.peaks(&space));
            object["proof"] = serde_json::json!(proof);
            if args.space.is_none() {
                object["routers"] = preview::routers_json(&routers);
            }
            print(&text::json(&format!("{}\n", to_string_pretty(&object).unwrap_or_default())));
        }
        PlanFormat::Sh => print(&script::script(&plan, &deployment)),
    }
    Ok(ExitStatus::Done)
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

//! `cutover plan`: the dry run. It reads, compiles and prints; nothing is changed.

use std::path::Path;

use serde_json::to_string_pretty;

use crate::cli::{Common, PlanArgs, PlanFormat};
use crate::report::{preview, script};
use crate::run::interrupt::Interrupt;
use crate::space::{SNAPSHOT_FORMAT, Space};
use crate::steps::Verb;
use crate::steps::back::Failed;
use crate::{bounded, text};

use super::deployment::{self, Request};
use super::strays::{own_files, warn_beforehand};
use super::workplace::{Workplace, check_target, load};
use super::{Ending, Trouble, print};

/// The largest snapshot, in bytes: some ten thousand apps.
const MAX_SNAPSHOT: u64 = 64 << 20;

/// Runs the verb.
pub fn run(common: &Common, args: &PlanArgs) -> Result<Ending, Trouble> {
    let plan = load(common)?;
    let mut place = None;
    let (space, user) = if let Some(file) = &args.space {
        let space = snapshot(file)?;
        check_target(&plan, &space.api, &space.org.name, &space.space.name)?;
        (space, String::new())
    } else {
        let opened = place.insert(Workplace::open(common, &plan)?);
        (opened.observer(&plan).observe(&Interrupt::none())?, opened.session.target().user.clone())
    };
    let request = Request {
        verb: Verb::Apply,
        deployment: deployment::identity(&user),
        failed: Failed::Stop,
        locks: space.locks.clone(),
        own_files: own_files(common),
    };
    let mut compiled = deployment::compile(&plan, &space, &request)?;
    let proof = compiled.prove(&plan, &space)?;
    // A snapshot may be looked at where no route can be reached: nobody is asked then.
    if let Some(place) = place {
        compiled.ask_routers(&place.client, &space);
        place.close();
    }
    let (apps, routers) = (compiled.apps, compiled.routers);
    warn_beforehand(common, &plan);
    match args.format {
        PlanFormat::Text => {
            print(&preview::text(&plan, &space, &apps));
            for note in preview::routers(&routers) {
                print(&format!("\n{note}\n"));
            }
            print(&preview::proof_line(&proof));
        }
        PlanFormat::Json => {
            let mut object = preview::json(&plan, &space, &apps);
            object["proof"] = serde_json::json!(proof);
            if args.space.is_none() {
                object["routers"] = preview::routers_json(&routers);
            }
            print(&text::json(&format!("{}\n", to_string_pretty(&object).unwrap_or_default())));
        }
        PlanFormat::Sh => print(&script::script(&plan, &apps)),
    }
    Ok(Ending::Done)
}

fn snapshot(file: &Path) -> Result<Space, Trouble> {
    let unusable = |why: String| Trouble::File { path: file.to_owned(), why };
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

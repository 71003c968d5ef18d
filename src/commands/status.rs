//! `cutover status`: where the apps of the plan stand.

use jiff::Timestamp;
use serde_json::to_string_pretty;

use crate::cli::{CliError, Common, ExitStatus, StatusArgs, StatusFormat};
use crate::proof::status::Status;
use crate::report::status;
use crate::run::lock::state_of;
use crate::run::waiting::interrupt::Interrupt;
use crate::text;

use super::context::Context;
use super::plan_file::load_without_app_files;
use super::terminal::{print, tell};

/// Runs the verb.
pub(crate) fn run(common: &Common, args: &StatusArgs) -> Result<ExitStatus, CliError> {
    let plan = load_without_app_files(common)?;
    let own = common.own_commands();
    let space = Context::with(common, &plan, &tell, |context| {
        let observer = context.observer(&plan);
        let observer = match args.format {
            StatusFormat::Text => observer.without_settings(),
            // It is a snapshot that a plan can be compiled against.
            StatusFormat::Json => observer,
        };
        Ok(observer.observe(&Interrupt::none())?)
    })?;
    let found = Status::of(&plan, &space, &state_of);
    match args.format {
        StatusFormat::Text => print(&status::text(&found, &space, Timestamp::now(), &own))?,
        StatusFormat::Json => {
            let object = status::json(&found, &space, &own).and_then(|object| to_string_pretty(&object));
            print(&text::json(&format!("{}\n", object.unwrap_or_default())))?;
        }
    }
    Ok(ExitStatus::Done)
}

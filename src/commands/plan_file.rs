//! The plan that the command line names.

use crate::cli::{CliError, Common};
use crate::plan::{self, Plan};
use crate::shell;

use super::secrets::hide_secrets;

/// Reads the plan that the command line names, less the apps that it does not ask for.
pub(crate) fn load(common: &Common) -> Result<Plan, CliError> {
    load_from(common, &plan::Disk)
}

/// As [`load`], where what is to be uploaded need not be there.
pub(crate) fn load_without_app_files(common: &Common) -> Result<Plan, CliError> {
    load_from(common, &plan::WithoutAppFiles)
}

fn load_from(common: &Common, files: &dyn plan::Files) -> Result<Plan, CliError> {
    let mut plan =
        plan::load(common.plan(), common.env.as_deref(), files).map_err(|problems| {
            match plan::overlaid(common.plan()).filter(|(base, _)| common.env.is_none() && base.exists()) {
                Some((base, env)) => {
                    let flags = shell::command(["--file", &base.to_string_lossy(), "--env", &env]);
                    CliError::Overlay { problems, flags }
                }
                None => CliError::Plan(problems),
            }
        })?;
    hide_secrets(&common.secrets, &plan);
    if let Some(parallel) = common.parallel {
        plan.parallel = usize::try_from(parallel).ok();
    }
    if let Some(name) = common.app.iter().find(|name| plan.apps.iter().all(|app| app.name.as_str() != *name)) {
        let known = plan.apps.iter().map(|app| app.name.to_string()).collect();
        return Err(CliError::NoSuchApp { name: name.clone(), known });
    }
    if !common.app.is_empty() {
        plan.apps.retain(|app| common.app.iter().any(|name| app.name.as_str() == name));
    }
    Ok(plan)
}

//! The verbs that need no platform: `check`, `schema`, `completions`, `man`.

use clap::CommandFactory as _;

use crate::cli::{Cli, CliError, Common, ExitStatus};
use crate::plan;

use super::plan_file::load;
use super::terminal::{print, tell};
use super::warnings::tell_beforehand;

/// `cutover check`: validates the plan file.
pub(crate) fn run(common: &Common) -> Result<ExitStatus, CliError> {
    let plan = load(common)?;
    let apps: Vec<_> = plan.apps.iter().map(|app| app.name.as_str()).collect();
    tell_beforehand(common, &plan);
    if !common.quiet {
        tell(&format!("{} is valid: {}", plan.file.display(), apps.join(", ")));
    }
    Ok(ExitStatus::Done)
}

/// `cutover schema`: prints the JSON schema of the plan file.
pub(crate) fn schema() -> Result<ExitStatus, CliError> {
    print(&format!("{:#}\n", plan::schema()))?;
    Ok(ExitStatus::Done)
}

/// `cutover completions`: prints completions for a shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<ExitStatus, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cutover", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Done)
}

/// `cutover man`: prints the man page.
pub(crate) fn man() -> Result<ExitStatus, CliError> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|source| CliError::Io { what: "the man page could not be made", source })?;
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Done)
}

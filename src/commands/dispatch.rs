//! The command line, given to its verb.

use std::io;

use crate::cli::{Cli, CliError, Color, Command, Common, ExitStatus, LockCommand, RunArgs};
use crate::shell;
use crate::steps::Verb;

use super::apply::{RunRequest, Unchanged};
use super::{apply, check, init, lock, plan, status};

/// Runs the command line; what it could not begin is told on standard error.
pub fn run(mut cli: Cli) -> ExitStatus {
    colours(cli.common.color);
    let named = name_plan(&mut cli);
    let (own, secrets) = (cli.common.own_commands(), cli.common.secrets.clone());
    named.and_then(|()| dispatch(cli)).unwrap_or_else(|error| {
        let _ = io::Write::write_all(&mut io::stderr(), secrets.shown(&error.render(&own)).as_bytes());
        error.exit_status()
    })
}

fn dispatch(cli: Cli) -> Result<ExitStatus, CliError> {
    match cli.command {
        Command::Init => init::run(&cli.common),
        Command::Check(_) => check::run(&cli.common),
        Command::Plan(args) => plan::run(&cli.common, &args),
        Command::Apply(args) => apply::run(&RunRequest {
            unchanged: if args.force { Unchanged::Deployed } else { Unchanged::LeftOut },
            ..asked(Verb::Apply, &cli.common, &args.run)
        }),
        Command::Resume(args) => {
            apply::run(&RunRequest { is_approved: args.approve, ..asked(Verb::Resume, &cli.common, &args.run) })
        }
        Command::Rollback(args) => apply::run(&asked(Verb::Rollback, &cli.common, &args)),
        Command::Status(args) => status::run(&cli.common, &args),
        Command::Lock(LockCommand::Status(args)) => lock::status(&cli.common, &args),
        Command::Lock(LockCommand::Break(args)) => lock::break_open(&cli.common, &args),
        #[cfg(feature = "rehearse")]
        Command::Rehearse(args) => super::rehearse::run(&cli.common, &args),
        Command::Schema => check::schema(),
        Command::Completions { shell } => check::completions(shell),
        Command::Man => check::man(),
    }
}

/// What a verb asks for that changes something, without flags of its own.
fn asked<'a>(verb: Verb, common: &'a Common, args: &'a RunArgs) -> RunRequest<'a> {
    RunRequest { verb, common, args, unchanged: Unchanged::Deployed, is_approved: false }
}

/// Takes the plan that is named behind the verb. Fails where there are two, and where it can only be the name of an app
/// behind `--app`, which takes one.
fn name_plan(cli: &mut Cli) -> Result<(), CliError> {
    let Some(plan) = cli.command.plan() else { return Ok(()) };
    if let Some(file) = &cli.common.file {
        return Err(CliError::TwoPlans { first: file.clone(), second: plan.to_owned() });
    }
    if let (Some(_), false) = (cli.common.app.last(), plan.exists()) {
        let app = plan.to_string_lossy();
        let apps = cli.common.app.iter().map(String::as_str).chain([app.as_ref()]);
        let again = shell::command(apps.flat_map(|app| ["--app", app]));
        let why = format!("there is no such plan; to name several apps, repeat the flag: {again}");
        return Err(CliError::File { path: plan.to_owned(), why });
    }
    cli.common.file = Some(plan.to_owned());
    Ok(())
}

fn colours(when: Color) {
    let forced = match when {
        // The library looks at the terminal and at NO_COLOR by itself.
        Color::Auto => return,
        Color::Always => true,
        Color::Never => false,
    };
    console::set_colors_enabled(forced);
    console::set_colors_enabled_stderr(forced);
}

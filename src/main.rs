//! Arguments → command → exit code, nothing else.

use std::process::ExitCode;

use cutover::cli::Cli;
use cutover::commands;

fn main() -> ExitCode {
    ExitCode::from(commands::run(Cli::of_process()).code())
}

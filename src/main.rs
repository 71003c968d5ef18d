//! Arguments → command → exit code, nothing else.

use std::process::ExitCode;

use clap::Parser as _;

use cutover::cli::Cli;
use cutover::commands;

fn main() -> ExitCode {
    ExitCode::from(commands::run(Cli::parse()).code())
}

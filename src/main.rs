//! Arguments → command → exit code, nothing else.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cutover::cli::Cli;
use cutover::commands;

fn main() -> ExitCode {
    let ending = commands::run(Cli::parse()).unwrap_or_else(|trouble| {
        let _ = std::io::stderr().write_all(trouble.render().as_bytes());
        trouble.ending()
    });
    ExitCode::from(ending.code())
}

//! What a verb says by itself, outside of a run.

use std::io::{self, Write as _};

use crate::cli::CliError;
use crate::text::for_terminal;

/// Prints to standard output. A reader that has gone away (`| head`) is no failure; a disk that is full is one.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout();
    match out.write_all(for_terminal(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| CliError::Io { what: "the output cannot be written", source }),
    }
}

/// Prints to standard error.
pub(crate) fn tell(text: &str) {
    let _ = io::Write::write_all(&mut io::stderr(), format!("{}\n", for_terminal(text)).as_bytes());
}

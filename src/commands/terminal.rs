//! What a verb says by itself, outside of a run.

use std::io;

use crate::text::for_terminal;

/// Prints to standard output. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) {
    let _ = io::Write::write_all(&mut io::stdout(), for_terminal(text).as_bytes());
}

/// Prints to standard error.
pub(crate) fn tell(text: &str) {
    let _ = io::Write::write_all(&mut io::stderr(), format!("{}\n", for_terminal(text)).as_bytes());
}

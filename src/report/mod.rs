//! What a person, a log or a machine sees of a plan and of a run.
//!
//! - [`preview`]: steps before they run, as text, as JSON and as a shell script
//! - [`console`]: events as a person follows them, with a progress line on a terminal
//! - [`json_lines`]: events as one JSON object a line
//! - [`shown`]: events without what must not be seen
//! - [`status`]: where an app stands
//!
//! Everything here takes values and returns or writes text; nothing decides.

pub mod console;
pub mod json_lines;
pub mod preview;
pub mod script;
pub mod shown;
pub mod status;

//! What a person, a log or a machine sees of a plan and of a run.
//!
//! - [`reporter`]: whoever is told what happens in a run
//! - [`console`]: a person, with a progress line on a terminal; [`last_words`]: the same where the process ends at once
//! - [`json_lines`]: other programs, by one JSON object a line
//! - [`preview`]: steps before they run, as text and as JSON; [`script`]: as a shell script
//! - `quotas`: what a deployment takes of the quotas
//! - [`status`]: where an app stands
//!
//! Everything here takes values and returns or writes text; nothing decides.

pub mod console;
pub mod json_lines;
pub mod last_words;
pub mod preview;
pub(crate) mod quotas;
pub mod reporter;
pub mod script;
pub mod status;

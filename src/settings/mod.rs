//! What an app is set to, beside what is uploaded to it: what a second version of it must have, too, to be equal.
//!
//! - `settings`: all of it
//! - `setting`: one thing of it, `policy`: one such thing; `is`: what that is set to
//! - `manifest`: as a manifest names it, whether a team has written it or the platform; `written`: as a snapshot of a space has it

mod is;
mod manifest;
mod policy;
mod setting;
#[expect(clippy::module_inception, reason = "the type that the room is about")]
mod settings;
mod written;

/// The most characters of an annotation (CC API 3: metadata).
pub(crate) const LONGEST_ANNOTATION: usize = 5000;

pub use is::Is;
pub use policy::Policy;
pub(crate) use setting::{Place, WEB};
pub use setting::{ProcessSetting, Setting};
pub use settings::Settings;

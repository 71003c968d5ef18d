//! The API of the targeted platform, by `cf curl`.
//!
//! - `api`: the calls; `tokens`: what they are made with; [`observe_error`]: how those fail that read
//! - `answers`: lists page by page, and what is asked for side by side
//! - `manifest_diff`: whether an app is what a manifest asks for

pub(super) mod answers;
#[expect(clippy::module_inception, reason = "the room and what it is about have the same name")]
mod api;
pub(crate) mod manifest_diff;
pub mod observe_error;
mod tokens;

pub use api::{Answer, Api};

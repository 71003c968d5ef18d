//! What must never be seen.
//!
//! - `sensitive`: a type for it that cannot be printed
//! - `redactor`: what takes it out of texts that come from elsewhere

mod redactor;
mod sensitive;

pub(crate) use redactor::Redactor;
pub use sensitive::Sensitive;

//! What tests share.

pub(crate) mod app_manifest;
pub(crate) mod bench;
pub(crate) mod inside;
pub(crate) mod processes;
pub(crate) mod soak;

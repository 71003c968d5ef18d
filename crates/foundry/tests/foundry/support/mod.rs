//! What tests share.

pub(crate) mod normal;
pub(crate) mod session;

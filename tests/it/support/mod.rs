//! What tests share.

pub(crate) mod bench;
pub(crate) mod cf;
pub(crate) mod figures;
pub(crate) mod inside;
pub(crate) mod normal;
pub(crate) mod part;
pub(crate) mod processes;
pub(crate) mod session;
pub(crate) mod wait;

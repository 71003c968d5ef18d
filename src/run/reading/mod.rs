//! What there is in a space, by the API.
//!
//! - [`observe`]: what its answers tell of a space; [`parts`]: what is read together
//! - [`reader`]: what a space is read from, also where the platform is out of reach for a while
//! - [`survey`]: what runs in a space that there is no plan for yet
//! - `view`: no part of it read more often than is needed, for all lanes at once; `glances`: the same beside a cf that is at work

pub(super) mod glances;
pub mod observe;
pub mod parts;
pub mod reader;
pub(crate) mod survey;
pub(super) mod view;

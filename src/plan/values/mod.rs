//! A validated tree → the values of a plan. What is wrong with a single value has mostly been noted before; here it is simply
//! not there, so that what can be said about the rest is still said. What keys of one app say together is noted here.
//!
//! - `mapping`, `scalars`, `paths`: the readers
//! - `located`: a value that knows where it stands
//! - `partial_app`, `route`, `check`, `watch`, `timeouts`, `tls`: what is read

mod check;
mod located;
mod mapping;
mod partial_app;
mod paths;
mod route;
mod scalars;
mod timeouts;
mod tls;
mod watch;

pub(super) use located::Located;
pub(super) use mapping::Mapping;
pub(super) use partial_app::PartialApp;
pub(super) use scalars::{any, whole};
pub(super) use tls::read_tls;

//! What is asked at routes.
//!
//! - [`probe`]: the routers, asked who answers on a route; `head`: one question
//! - `routers`: whether they can be asked at all, found out before the first change, by `deaf` of each route
//! - [`check`]: the plan's checks, by `http_check` (what is a `fault` in an answer), by `command`, or by an [`approver`], and
//!   their [`outcome`]; `watch`: checks that go on
//! - [`http`]: the HTTP client of both; `instances`: the instances that a router is asked for

pub mod approver;
pub mod check;
mod command;
mod deaf;
mod fault;
mod head;
pub mod http;
mod http_check;
mod instances;
pub mod outcome;
pub mod probe;
pub(crate) mod routers;
mod watch;

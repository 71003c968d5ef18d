//! What is asked at routes.
//!
//! - [`probe`]: the routers, asked who answers on a route; `head`: one question
//! - `routers`: whether they can be asked at all, found out before the first change, by `deaf` of each route
//! - [`check`]: the plan's checks at the staging route
//! - [`http`]: the HTTP client of both

pub mod check;
mod deaf;
mod head;
pub mod http;
pub mod probe;
pub(crate) mod routers;

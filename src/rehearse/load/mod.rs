//! A load on the live routes, and the count of what failed.
//!
//! It is a demanding but honest client: requests begin at their times whether or not earlier ones have been answered
//! (open loop), most on connections of their own, and every answer but 2xx and 3xx, every connection that fails, every
//! body that breaks off and every timeout is a failed request. Nothing is tried again. Its parts:
//!
//! 1. `settings`: what the load is to be; `live_url`, `paths`: what is asked for; `mix`: which kind of request comes next.
//! 2. `load`: requests that begin at their times.
//! 3. `client`: one request, to its end; `socket`: what is said on a WebSocket.
//! 4. `outcome`: what came of one, and `cause`: why it failed; `tally`: the counts as they grow; `report`: what came of all of
//!    them.

mod cause;
mod client;
mod live_url;
#[expect(clippy::module_inception, reason = "the room and what it is about have the same name")]
mod load;
mod mix;
mod outcome;
mod paths;
mod report;
mod settings;
mod socket;
mod tally;

#[cfg(test)]
mod tests;

pub use cause::Cause;
pub use live_url::LiveUrl;
pub use load::Load;
pub use mix::{Kind, Mix};
pub use paths::Paths;
pub use report::{FailureGroup, Latency, LoadReport, Progress, Slowest};
pub use settings::LoadSettings;

//! A router with gorouter's behaviour.
//!
//! What a client and an app can see of it is that of the real one (gorouter with plain-HTTP backends, one table per
//! router), so that a tool which asks the router what it knows learns here what it would learn there. Its phases:
//!
//! 1. `propagation`: a route change waits until routers would have heard of it, then changes the `registry`.
//! 2. `registry` and `pool`: which instances a host and a path lead to, and which of them is next.
//! 3. `server`: takes connections, looks a request up, answers itself where there is nothing to forward to.
//! 4. `proxy`: forwards to an instance through `backend`, retries where gorouter does, rewrites `headers`, keeps
//!    `sticky` sessions.
//! 5. `answer`: the bytes back to the client; `access_log`: a line for each request.
//!
//! `http` puts them together. A foundry may run several `routers`, each with its own address, its own table and its own
//! delays, behind a `load_balancer`.
//! Routes with a port are the `tcp` router's.

mod access_log;
mod answer;
mod backend;
mod clock;
mod endpoint;
mod headers;
mod http;
mod load_balancer;
mod pool;
mod propagation;
mod proxy;
mod registry;
mod routers;
mod server;
mod settings;
mod sticky;
mod tasks;
mod tcp;

#[cfg(test)]
mod tests;

pub use self::access_log::AccessLine;
pub use self::endpoint::Endpoint;
pub use self::http::Router;
pub use self::propagation::Propagation;
pub use self::routers::Routers;
pub use self::settings::RouterSettings;
pub use self::tcp::{Listening, PortReport, PortTrouble, TcpEndpoint, TcpRouter};

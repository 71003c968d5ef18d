//! How a router behaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::propagation::Propagation;

/// How a router behaves; the defaults are those of a gorouter as Cloud Foundry deploys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterSettings {
    /// Where to listen; the IP address is what `X-Vcap-Router` tells, so several routers may be told apart.
    pub listen: SocketAddr,
    /// The delays of route changes at the start; [`Router::set_propagation`](super::Router::set_propagation) changes them later.
    pub propagation: Propagation,
    /// Whether `X-Cf-Process-Instance` is heard (routing-release 0.332 and later).
    pub process_instance: bool,
    /// How many instances a request is tried on at most (gorouter: `max_attempts`).
    pub max_attempts: usize,
    /// How long an instance that refused or reset a connection is left out (gorouter: a quarter of
    /// `droplet_stale_threshold`).
    pub retry_after_failure: Duration,
    /// How long a route without instances is answered 503 `no_endpoints` before it is unknown; `None` for never
    /// (gorouter: `empty_pool_response_code_503`, `empty_pool_timeout`).
    pub empty_pool: Option<Duration>,
    /// How long a connection to an instance may take (gorouter: `endpoint_dial_timeout`).
    pub dial_timeout: Duration,
    /// How long an instance may take until the head of its answer is there (gorouter: `endpoint_timeout`).
    pub endpoint_timeout: Duration,
    /// The value of `X-Vcap-Trace` that is answered with the trace headers (gorouter: `trace_key`).
    pub trace_key: String,
    /// The names of the session cookies that make a client sticky (gorouter: `sticky_session_cookie_names`).
    pub sticky_cookies: Vec<String>,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            propagation: Propagation::default(),
            process_instance: true,
            max_attempts: 3,
            retry_after_failure: Duration::from_secs(30),
            empty_pool: None,
            dial_timeout: Duration::from_secs(5),
            endpoint_timeout: Duration::from_secs(900),
            trace_key: "22".to_owned(),
            sticky_cookies: vec!["JSESSIONID".to_owned()],
        }
    }
}

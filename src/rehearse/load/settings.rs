//! What a load is to be.

use std::net::SocketAddr;
use std::time::Duration;

use super::live_url::LiveUrl;
use super::mix::Mix;
use super::paths::Paths;

/// A load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadSettings {
    /// The router's address.
    pub(crate) router: SocketAddr,
    /// The routes, taken in turns. Without one there is no load.
    pub(crate) urls: Vec<LiveUrl>,
    /// Requests per second; zero is none.
    pub(crate) per_second: u32,
    /// How many of which kind.
    pub mix: Mix,
    /// What is asked for.
    pub paths: Paths,
    /// How long a request may take, from its time to the end of its answer.
    pub(crate) timeout: Duration,
    /// How many requests may be open at once. One beyond that is not sent, and failed.
    pub(crate) max_open: usize,
}

impl LoadSettings {
    /// A load of this many requests a second with everything else as usual.
    pub fn new(router: SocketAddr, urls: Vec<LiveUrl>, per_second: u32) -> Self {
        Self {
            router,
            urls,
            per_second,
            mix: Mix::default(),
            paths: Paths::default(),
            timeout: Duration::from_secs(30),
            max_open: 4096,
        }
    }
}

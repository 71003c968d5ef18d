//! Network policies: which app may reach which on the container network.

use crate::state::Guid;

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkPolicy {
    /// The app that asks.
    pub source: Guid,
    /// The app that is asked.
    pub destination: Guid,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The first port.
    pub first_port: u16,
    /// The last port.
    pub last_port: u16,
}

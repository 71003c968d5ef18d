//! A network policy, as one of its two apps has it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A network policy, as one of its two apps has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Whether the app is where connections come from.
    pub outward: bool,
    /// The guid of the app at the other end; `None` where that is the app itself.
    pub peer: Option<String>,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.outward { "to" } else { "from" };
        let peer = self.peer.as_deref().unwrap_or("itself");
        write!(f, "{way} {peer}, {} ", self.protocol)?;
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

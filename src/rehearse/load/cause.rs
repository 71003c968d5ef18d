//! Why a request failed.

use std::fmt;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// An answer that is neither 2xx nor 3xx.
    Status(u16),
    /// No connection, or one that ended without an answer.
    Connection(String),
    /// An answer whose body did not come to its end.
    BrokenOff(String),
    /// No end of the answer in time.
    Timeout,
    /// Not sent: too many requests were open.
    Crowded,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Connection(words) => write!(f, "connection: {words}"),
            Self::BrokenOff(words) => write!(f, "answer broken off: {words}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Crowded => f.write_str("not sent, too many requests were open"),
        }
    }
}

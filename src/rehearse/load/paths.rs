//! What is asked for below a route's path.

/// What is asked for below a route's path, by kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Plain, kept and sticky requests that have a session.
    pub get: String,
    /// Requests with a body.
    pub post: String,
    /// Requests that take their time.
    pub slow: String,
    /// The first request of a sticky client.
    pub session: String,
    /// Answers that come in parts.
    pub stream: String,
    /// Conversations: a WebSocket that sends back what it is sent.
    pub socket: String,
}

impl Default for Paths {
    fn default() -> Self {
        let root = || "/".to_owned();
        Self {
            get: root(),
            post: root(),
            slow: "/slow?ms=1500".to_owned(),
            session: root(),
            stream: "/stream?lines=10&ms=100".to_owned(),
            socket: "/ws".to_owned(),
        }
    }
}

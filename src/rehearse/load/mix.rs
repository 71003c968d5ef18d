//! The kinds of request, and their order.

use std::fmt;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// GET on a connection of its own.
    Get,
    /// POST with a body, on a connection of its own: a router never sends it twice.
    Post,
    /// GET of something that takes its time, on a connection of its own.
    Slow,
    /// GET on a connection that is kept from request to request.
    Kept,
    /// GET by a client that sends back the cookies it was given.
    Sticky,
    /// GET of an answer that comes in parts, on a connection of its own.
    Stream,
    /// A WebSocket: messages that are sent back, and a close.
    Socket,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Get, Self::Post, Self::Slow, Self::Kept, Self::Sticky, Self::Stream, Self::Socket];

    /// Whether it takes long on purpose, so that its time says nothing of the app.
    pub(crate) fn is_long(self) -> bool {
        match self {
            Self::Slow | Self::Stream | Self::Socket => true,
            Self::Get | Self::Post | Self::Kept | Self::Sticky => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Slow => "slow GET",
            Self::Kept => "GET, connection kept",
            Self::Sticky => "GET, sticky",
            Self::Stream => "GET of a stream",
            Self::Socket => "WebSocket",
        })
    }
}

/// How many of which kind come, relative to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// See [`Kind::Get`].
    pub get: u8,
    /// See [`Kind::Post`].
    pub post: u8,
    /// See [`Kind::Slow`].
    pub slow: u8,
    /// See [`Kind::Kept`].
    pub kept: u8,
    /// See [`Kind::Sticky`].
    pub sticky: u8,
    /// See [`Kind::Stream`].
    pub stream: u8,
    /// See [`Kind::Socket`].
    pub socket: u8,
}

impl Default for Mix {
    /// What any web app answers: no requests with a body, none that are slow, no streams, no conversations.
    fn default() -> Self {
        Self { get: 6, kept: 2, sticky: 2, ..Self::NONE }
    }
}

impl Mix {
    /// No request of any kind.
    pub const NONE: Self = Self { get: 0, post: 0, slow: 0, kept: 0, sticky: 0, stream: 0, socket: 0 };

    fn weight(self, kind: Kind) -> i32 {
        i32::from(match kind {
            Kind::Get => self.get,
            Kind::Post => self.post,
            Kind::Slow => self.slow,
            Kind::Kept => self.kept,
            Kind::Sticky => self.sticky,
            Kind::Stream => self.stream,
            Kind::Socket => self.socket,
        })
    }

    /// One round in which each kind comes as often as it weighs, evenly spread.
    pub(super) fn schedule(self) -> Vec<Kind> {
        let total: i32 = Kind::ALL.iter().map(|&kind| self.weight(kind)).sum();
        let mut credit = Kind::ALL.map(|kind| (kind, 0));
        let mut round = Vec::new();
        for _ in 0..total {
            for (kind, credit) in &mut credit {
                *credit += self.weight(*kind);
            }
            if let Some((kind, credit)) = credit.iter_mut().max_by_key(|(_, credit)| *credit) {
                *credit -= total;
                round.push(*kind);
            }
        }
        round
    }
}

//! A network policy in the body of a request.

use super::arg::{Piece, Reference};

/// A network policy in the body of a request, by an app at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyRequest<'a> {
    /// Whether the app is where connections come from.
    pub(crate) outward: bool,
    /// The guid of the app at the other end; `None` where that is the app itself.
    pub(crate) peer: Option<&'a str>,
    /// `tcp` or `udp`.
    pub(crate) protocol: &'a str,
    /// The first and the last port.
    pub(crate) ports: (u16, u16),
}

impl PolicyRequest<'_> {
    /// Its JSON (cf-networking-release: `docs/policy-server`'s external API).
    pub(super) fn pieces(&self, app: &str) -> [Piece; 5] {
        let text = |text: String| Piece::Text(text);
        let own = Piece::Reference(Reference::AppGuid(app.to_owned()));
        let other = self.peer.map_or_else(|| own.clone(), |peer| text(peer.to_owned()));
        let (source, destination) = if self.outward { (own, other) } else { (other, own) };
        let (protocol, (first, last)) = (self.protocol, self.ports);
        let end = format!("\",\"protocol\":\"{protocol}\",\"ports\":{{\"start\":{first},\"end\":{last}}}}}}}");
        [
            text("{\"source\":{\"id\":\"".to_owned()),
            source,
            text("\"},\"destination\":{\"id\":\"".to_owned()),
            destination,
            text(end),
        ]
    }
}

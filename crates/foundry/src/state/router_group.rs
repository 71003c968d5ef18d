//! Router groups: what the routing API keeps. A domain of one of type `tcp` has routes with ports.

use std::fmt;

use jiff::Timestamp;

use crate::state::{Domain, Guid, State};

/// The type of a group whose routes have ports.
pub(crate) const TCP: &str = "tcp";

/// The ports that routes of a router group can have. They are kept as they were written, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservablePorts {
    text: String,
    /// First and last of each range, in the order in which they were written.
    ranges: Vec<(u16, u16)>,
}

impl ReservablePorts {
    /// The ports from one to another, both included.
    pub fn range(first: u16, last: u16) -> Self {
        Self { text: format!("{first}-{last}"), ranges: vec![(first, last)] }
    }

    /// Reads single ports and ranges between commas, none below 1024 and none twice. Fails with the text of the routing
    /// API. (`routing-api`: `models/router_groups.go`.)
    pub fn parse(text: &str) -> Result<Self, String> {
        let ranges = text.split(',').map(range).collect::<Result<Vec<_>, _>>()?;
        for (at, one) in ranges.iter().enumerate() {
            if let Some(other) = ranges[at + 1..].iter().find(|other| one.0 <= other.1 && other.0 <= one.1) {
                return Err(format!("Overlapping values: {} and {}", shown(*one), shown(*other)));
            }
        }
        Ok(Self { text: text.to_owned(), ranges })
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether a port is one of them.
    pub fn contains(&self, port: u16) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }
}

impl fmt::Display for ReservablePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let wrong = || "port must be between 1024 and 65535".to_owned();
    let ends: Vec<&str> = text.split('-').collect();
    let (first, last) = match ends[..] {
        [one] => {
            let port = one.parse().map_err(|_| wrong())?;
            (port, port)
        }
        [first, last] => (
            first.parse().map_err(|_| format!("range ({text}) requires a starting port"))?,
            last.parse().map_err(|_| format!("range ({text}) requires an ending port"))?,
        ),
        _ => return Err(format!("range ({text}) has too many '-' separators")),
    };
    if first > last {
        return Err(format!("range ({text}) must be in ascending numeric order"));
    }
    if first >= 1024 { Ok((first, last)) } else { Err(wrong()) }
}

fn shown((first, last): (u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("[{first}-{last}]") }
}

/// A router group: on a real foundation the name of some routers, which a load balancer stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouterGroup {
    /// Its guid.
    pub guid: Guid,
    /// Unique for its type.
    pub name: String,
    /// `tcp`, `http`, or whatever its maker called it.
    pub kind: String,
    /// The ports of its routes; a group of type `tcp` always has some.
    pub ports: Option<ReservablePorts>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl State {
    /// The router group of a domain, where it has one that is still there.
    pub(crate) fn router_group_of(&self, domain: &Domain) -> Option<&RouterGroup> {
        self.router_groups.get(domain.router_group.as_ref()?)
    }

    /// The one protocol of a domain's routes. (`cloud_controller_ng`: `SharedDomain#protocols`.)
    pub(crate) fn protocol_of(&self, domain: &Domain) -> &'static str {
        let tcp = self.router_group_of(domain).is_some_and(|group| group.kind == TCP);
        if tcp { TCP } else { "http" }
    }

    /// Whether the routes of a domain have ports.
    pub(crate) fn is_tcp(&self, domain: &Guid) -> bool {
        self.domains.get(domain).is_some_and(|domain| self.protocol_of(domain) == TCP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_the_routing_api_reads_them() {
        let cases = [
            ("1024", Ok(vec![(1024, 1024)])),
            ("1024-1033,2000", Ok(vec![(1024, 1033), (2000, 2000)])),
            ("65535", Ok(vec![(65535, 65535)])),
            ("", Err("port must be between 1024 and 65535")),
            ("1023", Err("port must be between 1024 and 65535")),
            ("1024-65536", Err("range (1024-65536) requires an ending port")),
            ("-1024", Err("range (-1024) requires a starting port")),
            ("1-2-3", Err("range (1-2-3) has too many '-' separators")),
            ("1030-1024", Err("range (1030-1024) must be in ascending numeric order")),
            ("1024-1030,1030-1040", Err("Overlapping values: [1024-1030] and [1030-1040]")),
            ("1024,1030,1024", Err("Overlapping values: 1024 and 1024")),
        ];
        for (text, expected) in cases {
            let read = ReservablePorts::parse(text).map(|ports| ports.ranges);
            assert_eq!(read, expected.map_err(ToOwned::to_owned), "{text}");
        }
        let ports = ReservablePorts::range(1024, 1026);
        assert_eq!(ports.iter().collect::<Vec<_>>(), [1024, 1025, 1026]);
        assert!(ports.contains(1026) && !ports.contains(1027));
    }
}

//! Ports of 127.0.0.1 for programs that are told where to listen, and do so later.

use std::io;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::ops::Range;
use std::sync::LazyLock;

use uuid::Uuid;

/// Where the system says which ports it gives to those who ask for any. (Linux: `ip(7)`, `ip_local_port_range`.)
const GIVEN_BY_SYSTEM: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// The first of them where it does not say. (RFC 6335; so do macOS and the BSDs.)
const FIRST_DYNAMIC: u16 = 49_152;
/// Below, well-known services may be expected.
const FIRST: u16 = 10_000;
/// So many ports there must be before those that the system gives; else its own are among ours.
const ENOUGH: u16 = 1_000;

/// Ports that the system gives to nobody by itself: of any other, somebody may be given it between the moment at which
/// it is chosen and the one at which the program listens.
static PORTS: LazyLock<Range<u16>> = LazyLock::new(|| {
    let told = std::fs::read_to_string(GIVEN_BY_SYSTEM).ok();
    let first = told.and_then(|told| told.split_whitespace().next()?.parse().ok()).unwrap_or(FIRST_DYNAMIC);
    FIRST..if first < FIRST + ENOUGH { FIRST_DYNAMIC } else { first }
});

/// A port of 127.0.0.1 on which nobody listens, and which no other foundry of this machine gives away until it is
/// dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Foundries keep their claims apart by the UDP port of the same number, which does not keep anybody from listening.
    _claim: UdpSocket,
}

impl Port {
    /// Claims a port. Fails where there is none.
    pub fn claim() -> io::Result<Self> {
        let ports = PORTS.clone();
        let count = u128::from(ports.end - ports.start);
        // Not one after the other: what was just given up may still be asked for.
        let begin = u16::try_from(Uuid::new_v4().as_u128() % count).unwrap_or_default();
        let (before, after) = (ports.start..ports.start + begin, ports.start + begin..ports.end);
        let mut left = after.chain(before);
        let claimed = left.find_map(|number| {
            let claim = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
            // To listen oneself would be a look, too; but a child that is just being started would go on for a moment.
            let is_free = TcpStream::connect((Ipv4Addr::LOCALHOST, number)).is_err();
            is_free.then_some(Self { number, _claim: claim })
        });
        claimed.ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no port of 127.0.0.1 is free"))
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_claimed_once_and_can_be_listened_on() {
        let ports: Vec<Port> = (0..100).map(|_| Port::claim().unwrap()).collect();
        assert_eq!(ports.iter().map(Port::number).collect::<HashSet<_>>().len(), 100);
        for port in &ports {
            assert!(PORTS.contains(&port.number()));
            TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
        }
    }
}

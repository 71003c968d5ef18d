//! Finding out whether the router can be asked about a route.

use std::time::Duration;

use crate::plan::RouteUrl;
use crate::run::waiting::clock::{Clock, Stop};
use crate::space::Space;
use crate::steps::deaf::Deaf;
use crate::steps::instance_header::InstanceHeader;

use super::head::{head, is_unknown, nobody};
use super::http::Client;

/// How long one question may take whose answer only tells whether the header is heard.
const BRIEF: Duration = Duration::from_secs(5);
/// The pause before a route is asked once more.
const PAUSE: Duration = Duration::from_millis(250);

/// How often an unreachable route is tried before the settling time stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Once: it was found to be out of reach before.
    Once,
    /// Twice: a person waits for the answer.
    Twice,
    /// Three times: it was in reach before.
    Thrice,
}

impl Persistence {
    fn tries(self) -> u32 {
        match self {
            Self::Once => 1,
            Self::Twice => 2,
            Self::Thrice => 3,
        }
    }
}

/// Why the router cannot be asked about a route; `None` where it can. Fails where the run is to stop.
pub(crate) fn deaf(
    client: &Client,
    space: &Space,
    url: &RouteUrl,
    header: InstanceHeader,
    persistence: Persistence,
    clock: &dyn Clock,
) -> Result<Option<Deaf>, Stop> {
    let domain = space.domain_of(url);
    if domain.is_some_and(|domain| domain.internal) {
        return Ok(Some(Deaf::Internal));
    }
    if domain.is_some_and(|domain| domain.for_apps_only) {
        return Ok(Some(Deaf::ForAppsOnly));
    }
    let mut tries_left = persistence.tries();
    loop {
        tries_left -= 1;
        match head(client, url, nobody(header), BRIEF, clock)? {
            Ok(answer) if is_unknown(&answer) => return Ok(None),
            // A balancer answers so while it has no router at hand.
            Ok(answer) if tries_left > 0 && answer.status >= 500 => clock.pause(PAUSE)?,
            Ok(answer) => return Ok(Some(Deaf::Unheard { header, status: answer.status })),
            Err(why) if tries_left == 0 => return Ok(Some(Deaf::Unreachable { why })),
            Err(_) => clock.pause(PAUSE)?,
        }
    }
}

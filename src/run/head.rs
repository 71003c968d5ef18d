//! One question to the routers: who answers on a route.

use std::time::Duration;

use crate::plan::RouteUrl;

use super::clock::{Clock, Stop};
use super::http::{self, Answer, Client, InstanceHeader};

/// An app guid that no app has.
pub(super) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// One HEAD that only one instance may answer. Fails where the run is to stop.
pub(super) fn head(
    client: &Client,
    url: &RouteUrl,
    (header, guid): (InstanceHeader, &str),
    index: u32,
    within: Duration,
    clock: &dyn Clock,
) -> Result<Result<Answer, String>, Stop> {
    let (client, url, guid) = (client.clone(), url.clone(), guid.to_owned());
    http::unless_stopped(clock, move || client.head(&url, (header, &guid), index, within))
}

/// Whether the router does not know who was asked for.
pub(super) fn is_unknown(answer: &Answer) -> bool {
    answer.status == 400 && answer.router_error.as_deref() == Some("unknown_route")
}

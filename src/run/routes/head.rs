//! One question to the routers: who answers on a route.

use std::time::Duration;

use crate::plan::RouteUrl;
use crate::run::waiting::clock::{Clock, Stop};
use crate::steps::instance_header::InstanceHeader;

use super::http::{self, Answer, Client, InstanceKey};

/// An app guid that no app has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// One HEAD that only one instance may answer. Fails where the run is to stop.
pub(super) fn head(
    client: &Client,
    url: &RouteUrl,
    instance: InstanceKey,
    within: Duration,
    clock: &dyn Clock,
) -> Result<Result<Answer, String>, Stop> {
    let (client, url) = (client.clone(), url.clone());
    http::unless_stopped(clock, move || client.head(&url, &instance, within))
}

/// Whether the router does not know who was asked for.
pub(super) fn is_unknown(answer: &Answer) -> bool {
    answer.status == 400 && answer.router_error.as_deref() == Some("unknown_route")
}

/// An instance that no router knows, where the header is heard at all.
pub(super) fn nobody(header: InstanceHeader) -> InstanceKey {
    InstanceKey { header, guid: NOBODY.to_owned(), index: 0 }
}

//! What routers talk to a colour on a route: to the next one what they talk to the live one, unless the plan or the manifest says
//! otherwise; to one that comes back what they talked to it before.

use crate::plan::{self, AppName, Lifecycle, Protocol, RouteUrl};
use crate::space::{App, Destination, Space};
use crate::steps::annotations::Origin;
use crate::steps::builder::GraphBuilder;
use crate::steps::refusal::{Refusal, RouteRefusal};

/// Refuses a route that leads to a colour in a way in which cf neither maps nor unmaps: cf 8.18 knows one destination of an app,
/// its web process, and whether a process listens on another port than the usual one the platform decides when it starts it.
pub(super) fn may_be_mapped(app: &plan::App, space: &Space) -> Result<(), Refusal> {
    for (colour, there) in app.colours.iter().filter_map(|colour| Some((colour, space.app(colour.as_str())?))) {
        for url in app.routes() {
            let all: Vec<&Destination> =
                space.route(url).into_iter().flat_map(|route| route.of_app(&there.guid)).collect();
            if all.len() > 1 || all.iter().any(|to| !is_mapped_by_cf(to, there)) {
                return Err(Refusal::Routes(RouteRefusal::OtherDestination {
                    name: app.name.clone(),
                    app: colour.clone(),
                    url: url.clone(),
                    leads: all.into_iter().map(Destination::told).collect(),
                    is_extra: app.extra.contains(url),
                }));
            }
        }
    }
    Ok(())
}

/// Of an image the usual port is the one that it names, which the platform shows as that of the destination.
fn is_mapped_by_cf(to: &Destination, app: &App) -> bool {
    to.is_web() && (to.port.is_none() || app.lifecycle == Some(Lifecycle::Docker))
}

/// What routers are to talk to the next colour on a live route. Where an interrupted run has mapped it already, it stays.
pub(super) fn onward(list: &GraphBuilder<'_>, next: &AppName, old: Option<&AppName>, url: &RouteUrl) -> Protocol {
    let (app, model) = (list.app(), list.model());
    let on_old = || {
        let old = old?;
        let before = || Origin::of(model.app(next.as_str())?)?.protocol(old.as_str(), url);
        model.protocol(old.as_str(), url).or_else(before)
    };
    let said = || app.protocols.get(url).copied();
    model.protocol(next.as_str(), url).or_else(said).or_else(on_old).unwrap_or_default()
}

/// What they are to talk to it on the staging route, so that it is checked as it will serve.
pub(super) fn at_staging(list: &GraphBuilder<'_>, next: &AppName, old: Option<&AppName>) -> Protocol {
    let app = list.app();
    let said = app.staging.as_ref().and_then(|url| app.protocols.get(url).copied());
    said.or_else(|| Some(onward(list, next, old, app.live.first()?))).unwrap_or_default()
}

/// What they are to talk to a colour that comes back to a live route: as before, or where nothing tells that, what they talk to the
/// one that leaves.
pub(super) fn back(list: &GraphBuilder<'_>, to: &AppName, from: &AppName, url: &RouteUrl) -> Protocol {
    let model = list.model();
    let before = || Origin::of(model.app(from.as_str())?)?.protocol(to.as_str(), url);
    let now = || model.protocol(from.as_str(), url);
    model.protocol(to.as_str(), url).or_else(before).or_else(now).unwrap_or_default()
}

/// Those of the routes of the old colour, and of those that the next one keeps, on which routers are to talk HTTP/2 to it when they
/// come back.
pub(super) fn by_http2(
    space: &Space,
    old: Option<(&AppName, &[String])>,
    next: &AppName,
    kept: &[String],
) -> Vec<String> {
    let before = space.app(next.as_str()).and_then(Origin::of);
    let told = |of: &AppName, text: &String| {
        let url = RouteUrl::parse(text).ok()?;
        space.protocol(of.as_str(), &url)
    };
    let is_http2 = |protocol: Option<Protocol>| protocol == Some(Protocol::Http2);
    let of_old = old.into_iter().flat_map(|(old, routes)| routes.iter().map(move |url| (old, url)));
    let of_old = of_old.filter(|(old, text)| {
        let was = || before.as_ref()?.protocol(old.as_str(), &RouteUrl::parse(text).ok()?);
        // What only the next one holds comes to the old one as it leads to that.
        is_http2(told(old, text).or_else(was).or_else(|| told(next, text)))
    });
    let kept = kept.iter().filter(|text| {
        let was = || before.as_ref().map(|origin| origin.kept_protocol(text));
        is_http2(told(next, text).or_else(was))
    });
    of_old.map(|(_, url)| url.clone()).chain(kept.cloned()).collect()
}

#[cfg(test)]
mod tests;

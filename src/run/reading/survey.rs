//! What runs in a space, for a plan that is still to be written.

use serde_json::Value;

use super::observe::PAGE;
use crate::cf::invocation::query;
use crate::run::api::Api;
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::space::{App, Domain, Route, read};

/// What runs in a space, and where it is reached.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Its apps.
    pub(crate) apps: Vec<App>,
    /// Its routes.
    pub(crate) routes: Vec<Route>,
    /// The domains of its organization.
    pub(crate) domains: Vec<Domain>,
}

/// Reads what runs in the targeted space.
pub(crate) fn survey(api: &Api<'_>) -> Result<Survey, ObserveError> {
    let target = api.target();
    let in_space = [("space_guids", target.space_guid.as_str()), ("per_page", PAGE)];
    let asked = query("/v3/apps", &in_space);
    let apps = read::apps(&asked, &api.list(&asked)?)?.into_iter().map(|(app, _)| app).collect();
    let asked = query("/v3/routes", &in_space);
    let routes = read::routes(&asked, &target.space_guid, &api.list(&asked)?)?;
    let asked = query(&format!("/v3/organizations/{}/domains", target.org_guid), &[("per_page", PAGE)]);
    let domains = read::domains(&asked, &api.list(&asked)?)?;
    Ok(Survey { apps, routes, domains })
}

/// The manifest of an app, as the platform writes it.
pub(crate) fn manifest_of(api: &Api<'_>, app: &App) -> Result<Value, ObserveError> {
    api.get(&format!("/v3/apps/{}/manifest", app.guid))
}

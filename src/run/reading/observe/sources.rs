//! The droplets of other apps that the plan deploys: whose they are, and what they are.

use std::collections::BTreeSet;

use super::paths::PAGE;
use super::wanted_source::WantedSource;
use super::{Observer, query_names};
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::space::{App, Found, Source, read};
use crate::steps::annotations::Role;

impl Observer<'_> {
    /// Looks for the droplets of other apps that the plan deploys.
    pub(super) fn sources(&self) -> Result<Vec<Source>, ObserveError> {
        self.sources.iter().map(|wanted| self.source(wanted)).collect()
    }

    fn source(&self, wanted: &WantedSource) -> Result<Source, ObserveError> {
        let target = self.answers.target();
        let org = wanted.of.org.as_ref().map_or(target.org.as_str(), AsRef::as_ref);
        let space = wanted.of.space.as_ref().map_or(target.space.as_str(), AsRef::as_ref);
        let found = self.found(wanted, org, space)?;
        Ok(Source { plan_app: wanted.plan_app.clone(), org: org.to_owned(), space: space.to_owned(), found })
    }

    fn found(&self, wanted: &WantedSource, org: &str, space: &str) -> Result<Found, ObserveError> {
        let target = self.answers.target();
        let org_guid = if org == target.org {
            target.org_guid.clone()
        } else {
            match self.guid_of("/v3/organizations", org, &[])? {
                Some(guid) => guid,
                None => return Ok(Found::NoOrg),
            }
        };
        let space_guid = if org_guid == target.org_guid && space == target.space {
            target.space_guid.clone()
        } else {
            match self.guid_of("/v3/spaces", space, &[("organization_guids", &org_guid)])? {
                Some(guid) => guid,
                None => return Ok(Found::NoSpace),
            }
        };
        let names: BTreeSet<String> = wanted.colours.iter().cloned().chain([wanted.of.app.to_string()]).collect();
        let asked = query_names("/v3/apps", &names, &[("space_guids", &space_guid), ("per_page", PAGE)]);
        let apps: Vec<App> = read::apps(&asked, &self.answers.list(&asked)?)?.into_iter().map(|(app, _)| app).collect();
        let app = match meant(wanted, &apps) {
            Ok(app) => app,
            Err(found) => return Ok(found),
        };
        let asked = format!("/v3/apps/{}/droplets/current", app.guid);
        let answer = self.answers.get_or_absent(&asked)?;
        if answer.is_null() {
            return Ok(Found::NoDroplet(app.name.clone()));
        }
        Ok(Found::Droplet(read::source_droplet(&asked, &app.name, &answer)?))
    }

    /// The guid of the organization or the space of that name, where the user can see it.
    fn guid_of(&self, path: &str, name: &str, pairs: &[(&str, &str)]) -> Result<Option<String>, ObserveError> {
        let asked = query_names(path, &BTreeSet::from([name.to_owned()]), &[pairs, &[("per_page", PAGE)]].concat());
        let found = self.answers.list(&asked)?;
        let named = found.iter().find(|one| one["name"] == name);
        Ok(named.map(|one| read::guid(&asked, one)).transpose()?.flatten())
    }
}

/// The app whose droplet is meant: the one of the very name, or else the live colour.
fn meant<'a>(wanted: &WantedSource, apps: &'a [App]) -> Result<&'a App, Found> {
    let named = |name: &str| apps.iter().find(|app| app.name == name);
    if let Some(app) = named(wanted.of.app.as_str()) {
        return Ok(app);
    }
    let colours: Vec<&App> = wanted.colours.iter().filter_map(|name| named(name)).collect();
    if colours.is_empty() {
        return Err(Found::NoApp(std::iter::once(wanted.of.app.to_string()).chain(wanted.colours.clone()).collect()));
    }
    if let Some(app) = colours.iter().find(|app| Role::of(app).is_some_and(Role::is_under_way)) {
        return Err(Found::UnderWay(app.name.clone()));
    }
    let live: Vec<&App> = colours.into_iter().filter(|app| Role::of(app) == Some(Role::Live)).collect();
    match live.as_slice() {
        [live] => Ok(*live),
        _ => Err(Found::NoneLive(wanted.colours.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    const PLAN: &str = "
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - name: shop
    from: {app: FROM, space: staging}
    colours: [shop-blue, shop-green]
    manifest: manifest.yml
    routes: {live: [shop.example.com], staging: shop-staging.example.com}
";

    #[test]
    fn the_app_of_the_name_is_meant_or_else_the_live_colour() {
        let named = |name: &str, role: Option<Role>| example::app(name, true, 1, role);
        let (live, next, previous, back) = (Role::Live, Role::Next, Role::Previous, Role::RollingBack);
        for (from, apps, expected) in [
            ("tested", vec![named("tested", None)], Ok("tested")),
            ("tested", vec![named("tested", None), named("tested_a", Some(live))], Ok("tested")),
            ("tested", vec![named("tested_a", Some(previous)), named("tested_b", Some(live))], Ok("tested_b")),
            ("tested", vec![named("tested_b", Some(live))], Ok("tested_b")),
            ("tested", vec![], Err(Found::NoApp(vec!["tested".into(), "tested_a".into(), "tested_b".into()]))),
            (
                "tested",
                vec![named("tested_a", Some(live)), named("tested_b", Some(next))],
                Err(Found::UnderWay("tested_b".into())),
            ),
            ("tested", vec![named("tested_a", Some(back))], Err(Found::UnderWay("tested_a".into()))),
            (
                "tested",
                vec![named("tested_a", None), named("tested_b", None)],
                Err(Found::NoneLive(vec!["tested_a".into(), "tested_b".into()])),
            ),
            (
                "tested",
                vec![named("tested_a", Some(live)), named("tested_b", Some(live))],
                Err(Found::NoneLive(vec!["tested_a".into(), "tested_b".into()])),
            ),
            // The same plan deploys it elsewhere: its colours have the same names there.
            ("shop", vec![named("shop-green", Some(live)), named("shop_a", Some(live))], Ok("shop-green")),
        ] {
            let plan = example::plan(&PLAN.replace("FROM", from));
            let wanted = WantedSource::of(&plan.apps[0], &plan.apps).unwrap();
            assert_eq!(meant(&wanted, &apps).map(|app| app.name.as_str()), expected.clone(), "{from}");
        }
    }
}

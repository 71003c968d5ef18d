//! Reads what the platform allows around the apps: domains, quotas with what is used of them, rules, and the droplets that are
//! copied from elsewhere.

use serde_json::Value;

use crate::cf::config::Target;
use crate::cf::invocation::query;
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::space::read;
use crate::space::rules::Suspended;
use crate::space::{Quota, QuotaScope, Space};
use crate::steps::quota;

use super::Observer;
use super::paths::PAGE;

impl Observer<'_> {
    /// What it is read from, as far as that is known beforehand.
    pub(super) fn platform_likely(&self) -> Vec<String> {
        // Every organization has a quota, and few spaces have one of their own.
        let usage = owners(self.answers.target()).into_iter().filter(|(scope, _)| *scope == QuotaScope::Organization);
        let usage = usage.map(|(_, owner)| format!("{owner}/usage_summary"));
        usage.chain(self.rules_likely()).chain([self.domains_path(), self.space_path()]).collect()
    }

    /// What else it is read from, by what was told of the space, its routes and its apps.
    pub(super) fn platform_hangs_on(&self, space: &Space) -> Vec<String> {
        let of_routes = self.foreign_likely(space).into_iter().chain(self.route_services_likely(space));
        self.quotas_likely().into_iter().chain(of_routes).collect()
    }

    pub(super) fn domains(&self, space: &mut Space) -> Result<(), ObserveError> {
        let asked = self.domains_path();
        space.domains = read::domains(&asked, &self.answers.list(&asked)?)?;
        Ok(())
    }

    /// All of it but the domains, by which routes are told.
    pub(super) fn platform(&self, space: &mut Space) -> Result<(), ObserveError> {
        let suspended;
        (space.quotas, suspended) = self.quotas()?;
        let known = quota::usage(space);
        for quota in &mut space.quotas {
            quota.used.log_rate = known.log_rate;
        }
        space.rules = self.rules(space, suspended)?;
        space.sources = self.sources()?;
        Ok(())
    }

    fn domains_path(&self) -> String {
        query(&format!("/v3/organizations/{}/domains", self.answers.target().org_guid), &[("per_page", PAGE)])
    }

    fn space_path(&self) -> String {
        query(&format!("/v3/spaces/{}", self.answers.target().space_guid), &[("include", "organization")])
    }

    /// The quotas with what is used of them, as far as the user may see them: who may not is not stopped by that, since
    /// the Cloud Controller enforces them anyway. The same answers tell what is suspended.
    fn quotas(&self) -> Result<(Vec<Quota>, Option<Suspended>), ObserveError> {
        let asked = self.space_path();
        let space = self.answers.get_or_absent(&asked)?;
        let suspended = suspended(&asked, &space)?;
        let limited = self.limited(&asked, &space)?;
        self.answers.ask(limited.iter().flat_map(Limited::paths));
        let mut all = Vec::new();
        for Limited { scope, quota: asked, usage: used_asked } in limited {
            let quota = self.answers.get_or_absent(&asked)?;
            let used = self.answers.get_or_absent(&used_asked)?;
            if !quota.is_null() && !used.is_null() {
                all.push(read::quota(&asked, scope, &quota, read::usage(&used_asked, &used)?)?);
            }
        }
        Ok((all, suspended))
    }

    /// What [`Self::quotas`] will ask for, as far as the space has been told.
    fn quotas_likely(&self) -> Vec<String> {
        let asked = self.space_path();
        let space = self.answers.peek(&asked).unwrap_or_default();
        let limited = self.limited(&asked, &space).unwrap_or_default();
        limited.iter().flat_map(Limited::paths).collect()
    }

    /// The quotas that bind the space, by what the platform told of it.
    fn limited(&self, asked: &str, space: &Value) -> Result<Vec<Limited>, ObserveError> {
        let owners = owners(self.answers.target());
        let mut limited = Vec::new();
        for (scope, found) in told_owners(space) {
            let quotas = match scope {
                QuotaScope::Organization => "/v3/organization_quotas",
                QuotaScope::Space => "/v3/space_quotas",
            };
            let owner = owners.iter().find(|(of, _)| *of == scope).map(|(_, owner)| owner);
            if let (Some(guid), Some(owner)) = (read::quota_guid(asked, found)?, owner) {
                limited.push(Limited {
                    scope,
                    quota: format!("{quotas}/{guid}"),
                    usage: format!("{owner}/usage_summary"),
                });
            }
        }
        Ok(limited)
    }
}

/// A quota that binds the space, and where it and what is used of it are told.
struct Limited {
    scope: QuotaScope,
    quota: String,
    usage: String,
}

impl Limited {
    fn paths(&self) -> [String; 2] {
        [self.quota.clone(), self.usage.clone()]
    }
}

/// What of the organization and the space is suspended, by what the platform told of them.
fn suspended(asked: &str, space: &Value) -> Result<Option<Suspended>, ObserveError> {
    for (scope, found) in told_owners(space) {
        if read::rules::suspended(asked, found)? {
            return Ok(Some(match scope {
                QuotaScope::Organization => Suspended::Organization,
                QuotaScope::Space => Suspended::Space,
            }));
        }
    }
    Ok(None)
}

/// The organization and the space, as far as they were told. Whoever has a role in a space may see its organization (CC).
fn told_owners(space: &Value) -> impl Iterator<Item = (QuotaScope, &Value)> {
    let organization = &space["included"]["organizations"][0];
    let both = [(QuotaScope::Organization, organization), (QuotaScope::Space, space)];
    both.into_iter().filter(|(_, found)| !found.is_null())
}

/// The organization and the space, as the API's paths name them.
fn owners(target: &Target) -> [(QuotaScope, String); 2] {
    [
        (QuotaScope::Organization, format!("/v3/organizations/{}", target.org_guid)),
        (QuotaScope::Space, format!("/v3/spaces/{}", target.space_guid)),
    ]
}

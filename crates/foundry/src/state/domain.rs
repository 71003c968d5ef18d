//! Domains.

use jiff::Timestamp;

use crate::state::{Guid, Metadata, State, resource};

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    /// Its guid.
    pub guid: Guid,
    /// Its name, as it was given; capitals do not count.
    pub name: String,
    /// Whether it is for traffic between apps only.
    pub internal: bool,
    /// The router group of a shared domain for TCP, which may be gone by now.
    pub router_group: Option<Guid>,
    /// The organization that owns it; a shared domain has none.
    pub org: Option<Guid>,
    /// Other organizations that may use a private domain.
    pub shared_with: Vec<Guid>,
    /// Whether only apps that route policies name are let in, and whose those may be (`any`, `org` or `space`).
    pub route_policies: Option<String>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Domain, labelled, named);

impl Domain {
    /// Whether an organization may use it.
    pub(crate) fn usable_by(&self, org: &Guid) -> bool {
        self.org.as_ref().is_none_or(|owner| owner == org) || self.shared_with.contains(org)
    }
}

impl State {
    /// A domain by its name, without regard to capitals.
    pub(crate) fn domain_named(&self, name: &str) -> Option<&Domain> {
        self.domains.values().find(|domain| domain.name.eq_ignore_ascii_case(name))
    }

    /// The domain for routes that name none: the first shared one that is neither internal nor of a router group, else
    /// the first private one.
    pub(crate) fn default_domain(&self, org: &Guid) -> Option<&Domain> {
        let plain = |domain: &&Domain| !domain.internal && domain.router_group.is_none();
        let usable = || self.domains.values().filter(|domain| plain(domain) && domain.usable_by(org));
        usable().find(|domain| domain.org.is_none()).or_else(|| usable().next())
    }
}

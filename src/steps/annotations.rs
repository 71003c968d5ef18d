//! What is written on the apps themselves, because routes and states cannot tell it.
//!
//! An annotation is seen by everyone who may read the space, from any machine, and is gone with the app. The platform
//! takes 5000 characters a value and offers no compare-and-swap (CC API 3: metadata), so annotations only ever add to
//! what routes and states tell; where they contradict, the routes are right.

use std::collections::BTreeMap;
use std::fmt;

use crate::space::App;

/// Which part the app plays: a [`Role`].
pub const ROLE: &str = "cutover-role";
/// The id of the deployment that last wrote on the app.
pub const DEPLOYMENT: &str = "cutover-deployment";
/// The digest of the plan that the app was deployed by.
pub const PLAN: &str = "cutover-plan";
/// Who ran that deployment, and on which machine.
pub const BY: &str = "cutover-by";
/// When that deployment began (RFC 3339, UTC).
pub const AT: &str = "cutover-at";

/// Which part an app plays among its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is being deployed, or that deployment did not come to its end.
    Next,
    /// It was made live.
    Live,
    /// It was live before, and can be fallen back to.
    Previous,
    /// It was live, or was to be, and was taken back.
    RolledBack,
}

impl Role {
    /// The role that the app carries. `None` where it carries none, or one that this version does not know.
    pub fn of(app: &App) -> Option<Self> {
        let text = app.annotations.get(ROLE)?;
        [Self::Next, Self::Live, Self::Previous, Self::RolledBack].into_iter().find(|role| role.as_str() == text)
    }

    /// The value of the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Live => "live",
            Self::Previous => "previous",
            Self::RolledBack => "rolled-back",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "the next version, being deployed",
            Self::Live => "the live version",
            Self::Previous => "the previous version",
            Self::RolledBack => "rolled back",
        })
    }
}

/// Which deployment this is. It comes in as a value: the compiler has neither a clock nor a source of randomness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// An id that no other deployment has.
    pub id: String,
    /// Who runs it, and on which machine.
    pub by: String,
    /// When it began (RFC 3339, UTC).
    pub at: String,
}

/// A set of annotations to be written in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotations {
    role: Role,
    /// The plan's digest and the deployment, where the app is marked as the one that is deployed.
    origin: Option<(String, Deployment)>,
}

impl Annotations {
    /// Marks the app as the one that this deployment deploys.
    pub fn next(plan_digest: &str, deployment: &Deployment) -> Self {
        Self { role: Role::Next, origin: Some((plan_digest.to_owned(), deployment.clone())) }
    }

    /// Changes the role; what tells where the app came from stays.
    pub fn role_only(role: Role) -> Self {
        Self { role, origin: None }
    }

    /// The role that is written.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Keys and values; none is taken away.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let origin = self.origin.iter().flat_map(|(plan, deployment)| {
            [
                (DEPLOYMENT, deployment.id.as_str()),
                (PLAN, plan.as_str()),
                (BY, deployment.by.as_str()),
                (AT, deployment.at.as_str()),
            ]
        });
        std::iter::once((ROLE, self.role.as_str())).chain(origin).map(|(key, value)| (key, Some(value)))
    }

    /// The same as owned keys and values.
    pub fn to_map(&self) -> BTreeMap<String, Option<String>> {
        self.iter().map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned))).collect()
    }
}

//! Who is asking, and what they may see and change.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::controller::error::{ApiError, ApiResult, table};
use crate::platform::Platform;
use crate::state::{Guid, Org, Party, Role, RoleKind, Space, State};
use crate::uaa::{self, Identity};

/// The user who is asking. A handler that takes it answers 401 to all others.
#[derive(Debug, Clone)]
pub(crate) struct Who(pub Identity);

impl FromRequestParts<Arc<Platform>> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, platform: &Arc<Platform>) -> Result<Self, Self::Rejection> {
        let token = uaa::bearer(&parts.headers).ok_or_else(ApiError::not_authenticated)?;
        let who = platform.uaa.verify(token).map(Self).ok_or_else(ApiError::invalid_token)?;
        let scope = if matches!(parts.method.as_str(), "GET" | "HEAD") { "read" } else { "write" };
        if who.is_admin() || who.0.has_scope(&format!("cloud_controller.{scope}")) {
            Ok(who)
        } else {
            Err(ApiError::not_authorized())
        }
    }
}

impl Who {
    /// The guid of the user, for roles and audit events.
    pub(crate) fn guid(&self) -> Guid {
        Guid::from(self.0.user_id.as_str())
    }

    /// Whether the user may do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.0.has_scope("cloud_controller.admin")
    }

    fn has_role(&self, db: &State, fits: impl Fn(&Role) -> bool) -> bool {
        db.roles.values().any(|role| role.user.as_str() == self.0.user_id && fits(role))
    }

    /// Whether the user may see an organization: any role in it.
    pub(crate) fn can_read_org(&self, db: &State, org: &Guid) -> bool {
        self.is_admin() || self.has_role(db, |role| role.org == *org)
    }

    /// Whether the user may see the private domains of an organization: its manager or auditor, or a role in a space of
    /// it. (`permissions.rb`: `readable_org_ids_for_domains_query`.)
    pub(crate) fn can_read_domains(&self, db: &State, org: &Guid) -> bool {
        let fits = |kind: RoleKind| {
            kind.in_space() || matches!(kind, RoleKind::OrganizationManager | RoleKind::OrganizationAuditor)
        };
        self.is_admin() || self.has_role(db, |role| role.org == *org && fits(role.kind))
    }

    /// Whether the user may change an organization: its manager.
    pub(crate) fn can_write_org(&self, db: &State, org: &Guid) -> bool {
        self.is_admin() || self.has_role(db, |role| role.org == *org && role.kind == RoleKind::OrganizationManager)
    }

    /// Whether the user may see a space: a role in it, or manager of its organization.
    pub(crate) fn can_read_space(&self, db: &State, space: &Guid) -> bool {
        let org = db.spaces.get(space).map(|space| &space.org);
        self.is_admin()
            || self.has_role(db, |role| {
                role.space.as_ref() == Some(space)
                    || (role.kind == RoleKind::OrganizationManager && Some(&role.org) == org)
            })
    }

    /// Whether the user may change apps, routes and services of a space: its developer.
    pub(crate) fn can_write_space(&self, db: &State, space: &Guid) -> bool {
        self.is_admin()
            || self.has_role(db, |role| role.space.as_ref() == Some(space) && role.kind == RoleKind::SpaceDeveloper)
    }

    /// Whether the user may change the space itself: manager of it or of its organization.
    pub(crate) fn can_manage_space(&self, db: &State, space: &Guid) -> bool {
        let org = db.spaces.get(space).map(|space| &space.org);
        self.is_admin()
            || self.has_role(db, |role| match role.kind {
                RoleKind::OrganizationManager => Some(&role.org) == org,
                RoleKind::SpaceManager => role.space.as_ref() == Some(space),
                _ => false,
            })
    }

    /// An organization that the user may see; 404 for others.
    pub(crate) fn org<'a>(&self, db: &'a State, guid: &str) -> ApiResult<&'a Org> {
        let org = db.orgs.get(guid).filter(|org| self.can_read_org(db, &org.guid));
        org.ok_or_else(|| ApiError::not_found("Organization"))
    }

    /// A space that the user may see; 404 for others.
    pub(crate) fn space<'a>(&self, db: &'a State, guid: &str) -> ApiResult<&'a Space> {
        let space = db.spaces.get(guid).filter(|space| self.can_read_space(db, &space.guid));
        space.ok_or_else(|| ApiError::not_found("Space"))
    }

    /// Fails unless the user may change an organization: 403, and where it is suspended 403 for all but administrators.
    pub(crate) fn must_write_org(&self, db: &State, org: &Guid) -> ApiResult<()> {
        Self::must(self.can_write_org(db, org))?;
        self.must_be_active(db, Some(org))
    }

    /// Fails unless the user may change apps, routes and services of a space, as [`Who::must_write_org`] does.
    pub(crate) fn must_write_space(&self, db: &State, space: &Guid) -> ApiResult<()> {
        Self::must(self.can_write_space(db, space))?;
        self.must_be_active(db, db.spaces.get(space).map(|space| &space.org))
    }

    /// Fails unless the user may change the space itself, as [`Who::must_write_org`] does.
    pub(crate) fn must_manage_space(&self, db: &State, space: &Guid) -> ApiResult<()> {
        Self::must(self.can_manage_space(db, space))?;
        self.must_be_active(db, db.spaces.get(space).map(|space| &space.org))
    }

    fn must_be_active(&self, db: &State, org: Option<&Guid>) -> ApiResult<()> {
        let suspended = org.and_then(|org| db.orgs.get(org)).is_some_and(|org| org.suspended);
        if suspended && !self.is_admin() {
            return Err(ApiError::new(table::ORG_SUSPENDED, "The organization is suspended"));
        }
        Ok(())
    }

    /// The user as the actor of an audit event.
    pub(crate) fn actor(&self) -> Party {
        Party::new("user", &self.guid(), &self.0.user_name)
    }

    /// Fails with 403 unless this holds.
    pub(crate) fn must(may: bool) -> ApiResult<()> {
        if may { Ok(()) } else { Err(ApiError::not_authorized()) }
    }
}

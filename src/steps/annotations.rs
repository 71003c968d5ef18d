//! What is written on the apps themselves, because routes and states cannot tell it.
//!
//! An annotation is seen by everyone who may read the space, from any machine, and is gone with the app. The platform
//! takes 5000 characters a value and offers no compare-and-swap (CC API 3: metadata), so annotations only ever add to
//! what routes and states tell; where they contradict, the routes are right.
//!
//! The next colour carries [`Role::Next`] from the first change of a deployment to the last, and [`Role::RollingBack`]
//! from the first change of a rollback to the last: whoever finds one of them finds a deployment under way, and with it
//! all that is needed to finish it or to take it back from any other machine ([`Origin`]).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::json;

use super::process_counts::{HELD, ProcessCounts};
use super::record::{Record, SETTINGS};
use crate::plan::{AppName, OptionChanges, Protocol, RouteUrl};
use crate::settings::LONGEST_ANNOTATION;
use crate::space::{App, Space};

/// The deployment that last wrote on the app: its id, the digest of its plan, who ran it and on which machine, and when
/// it began (RFC 3339, UTC). The lock carries the same.
pub(crate) use crate::space::lock::{AT, BY, DEPLOYMENT, PLAN};

/// Which part the app plays: a [`Role`].
pub(crate) const ROLE: &str = "cutover-role";
/// The digest of the files that it uploads.
pub(crate) const UPLOAD: &str = "cutover-upload";
/// What helps to name those of them that differ elsewhere.
pub(crate) const UPLOAD_FILES: &str = "cutover-upload-files";
/// The guid of the newest package that the app had before; the upload has finished when there is a newer one.
pub(crate) const PACKAGE_BEFORE: &str = "cutover-package-before";
/// Where a droplet is copied or uploaded: the guid of the newest one that the app had before; it is there when a newer one has its
/// digest.
pub(crate) const DROPLET_BEFORE: &str = "cutover-droplet-before";
/// The app that was live when that deployment began.
pub(crate) const OLD: &str = "cutover-old";
/// The live routes that this app held then.
pub(crate) const OLD_ROUTES: &str = "cutover-old-routes";
/// The guid of the droplet that it ran when it was made live: another one was given to it by somebody else.
pub(crate) const DROPLET: &str = "cutover-droplet";
/// The routes of the next colour that the plan does not name: a push takes them off it.
pub(crate) const KEPT_ROUTES: &str = "cutover-kept-routes";
/// What options of the live routes were before it, as far as it changes them.
pub(crate) const OLD_OPTIONS: &str = "cutover-old-options";

/// Those of the two lists of routes on which routers talk HTTP/2 to the app that they are of.
pub(crate) const HTTP2_ROUTES: &str = "cutover-http2-routes";

/// What the plan calls the app that it is a version of.
pub(crate) const APP: &str = "cutover-app";

/// The apps of the plan that the deployment is of.
pub(crate) const APPS: &str = "cutover-apps";

/// The apps of the plan that a rollback is of.
pub(crate) const BACK: &str = "cutover-back";

/// Stands for all apps of a plan; a list of names is JSON, which is not like it.
const ALL: &str = "*";
/// Stands for an app or a package that there was not; neither a name nor a guid is like it.
pub(crate) const NONE: &str = "-";
/// Stands between routes; no route holds it.
const BETWEEN: char = ' ';

/// Which part an app plays among its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// It is being deployed, or that deployment did not come to its end.
    Next,
    /// It is being taken back, or that rollback did not come to its end.
    RollingBack,
    /// It was made live.
    Live,
    /// It was live before, and can be fallen back to.
    Previous,
    /// It was live, or was to be, and was taken back.
    RolledBack,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Next, Self::RollingBack, Self::Live, Self::Previous, Self::RolledBack];

    /// The role that the app carries. `None` where it carries none, or one that this version does not know.
    pub(crate) fn of(app: &App) -> Option<Self> {
        let text = app.annotations.get(ROLE)?;
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether it tells that something is under way.
    pub(crate) fn is_under_way(self) -> bool {
        match self {
            Self::Next | Self::RollingBack => true,
            Self::Live | Self::Previous | Self::RolledBack => false,
        }
    }

    /// The value of the annotation.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::RollingBack => "rolling-back",
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
            Self::RollingBack => "being rolled back",
            Self::Live => "the live version",
            Self::Previous => "the previous version",
            Self::RolledBack => "rolled back",
        })
    }
}

/// Which deployment this is. It comes in as a value: the compiler has neither a clock nor a source of randomness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// An id that no other deployment has.
    pub id: String,
    /// Who runs it, and on which machine.
    pub by: String,
    /// When it began (RFC 3339, UTC).
    pub at: String,
}

impl Identity {
    /// Whether it has left a word on one of these apps.
    pub(crate) fn is_written_on(&self, apps: &[AppName], space: &Space) -> bool {
        apps.iter()
            .any(|name| space.app(name.as_str()).and_then(|app| app.annotations.get(DEPLOYMENT)) == Some(&self.id))
    }
}

/// The apps of a plan that a deployment is of: what tells that one was to follow which was not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// These, by the plan's names.
    Apps(Vec<String>),
}

impl Extent {
    /// The apps of the rollback that has taken an app back, or is doing so. `None` where nothing tells.
    pub(crate) fn of_rollback(app: &App) -> Option<Self> {
        app.annotations.get(BACK).map(|text| Self::read(text))
    }

    /// What is written of it. An older version has written nothing: there the app stands for itself.
    fn read(text: &str) -> Self {
        if text == ALL { Self::Whole } else { Self::Apps(serde_json::from_str(text).unwrap_or_default()) }
    }

    fn write(&self) -> String {
        match self {
            Self::Whole => ALL.to_owned(),
            Self::Apps(names) => json!(names).to_string(),
        }
    }

    /// Whether an app of the plan belongs to it.
    pub(crate) fn has(&self, app: &AppName) -> bool {
        match self {
            Self::Whole => true,
            Self::Apps(names) => names.iter().any(|name| name == app.as_str()),
        }
    }
}

/// Where a version comes from, and what was there before it: what a deployment that is interrupted must leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The deployment.
    pub(crate) deployment: Identity,
    /// The digest of its plan.
    pub(crate) plan: String,
    /// What the plan calls the app that it is a version of. An older version of cutover has not written it.
    pub(crate) app: Option<String>,
    /// The apps of the plan that it is of.
    pub(crate) extent: Extent,
    /// The digest of the files that it uploads.
    pub(crate) upload: String,
    /// The listing of them.
    pub(crate) upload_files: String,
    /// The guid of the newest package that the app had before.
    pub(crate) package_before: Option<String>,
    /// Where a droplet is copied or uploaded: the guid of the newest one that the app had before, or [`NONE`].
    pub(crate) droplet_before: Option<String>,
    /// The name of the app that was live before, where there was one.
    pub(crate) old: Option<String>,
    /// The live routes that this app held.
    pub(crate) old_routes: Vec<String>,
    /// The routes of the next colour that the plan does not name.
    pub(crate) kept_routes: Vec<String>,
    /// Those of both on which routers talk HTTP/2.
    pub(crate) http2_routes: Vec<String>,
    /// What options of the live routes were before it, as far as it changes them.
    pub(crate) old_options: BTreeMap<String, OptionChanges>,
}

/// What a plan calls the app that this one is a version of. `None` where nothing tells: an older version of cutover has not
/// written it.
pub(crate) fn version_of(app: &App) -> Option<&str> {
    app.annotations.get(APP).map(String::as_str).filter(|name| !name.is_empty())
}

impl Origin {
    /// What the app carries of it. `None` where it does not tell which deployment it comes from.
    pub(crate) fn of(app: &App) -> Option<Self> {
        let text = |key: &str| app.annotations.get(key).map(String::as_str).unwrap_or_default().to_owned();
        let named = |key: &str| Some(text(key)).filter(|value| !value.is_empty() && value != NONE);
        let list = |key: &str| text(key).split(BETWEEN).filter(|one| !one.is_empty()).map(ToOwned::to_owned).collect();
        app.annotations.get(DEPLOYMENT).map(|id| Self {
            deployment: Identity { id: id.clone(), by: text(BY), at: text(AT) },
            plan: text(PLAN),
            app: version_of(app).map(ToOwned::to_owned),
            extent: Extent::read(&text(APPS)),
            upload: text(UPLOAD),
            upload_files: text(UPLOAD_FILES),
            package_before: named(PACKAGE_BEFORE),
            droplet_before: Some(text(DROPLET_BEFORE)).filter(|guid| !guid.is_empty()),
            old: named(OLD),
            old_routes: list(OLD_ROUTES),
            kept_routes: list(KEPT_ROUTES),
            http2_routes: list(HTTP2_ROUTES),
            old_options: serde_json::from_str(&text(OLD_OPTIONS)).unwrap_or_default(),
        })
    }

    /// What routers talked to the app of that name on a route, if it was live before and held that.
    pub(crate) fn protocol(&self, old: &str, url: &RouteUrl) -> Option<Protocol> {
        let text = url.to_string();
        let held = self.old.as_deref() == Some(old) && self.old_routes.contains(&text);
        held.then(|| self.kept_protocol(&text))
    }

    /// What routers talk to the app on a route that it keeps.
    pub(crate) fn kept_protocol(&self, url: &str) -> Protocol {
        if self.http2_routes.iter().any(|one| one == url) { Protocol::Http2 } else { Protocol::Http1 }
    }

    fn write(&self) -> [(&'static str, Option<String>); 14] {
        let or_none = |value: &Option<String>| Some(value.clone().unwrap_or_else(|| NONE.to_owned()));
        [
            (DEPLOYMENT, Some(self.deployment.id.clone())),
            (PLAN, Some(self.plan.clone())),
            (APP, self.app.clone()),
            (BY, Some(self.deployment.by.clone())),
            (AT, Some(self.deployment.at.clone())),
            (APPS, Some(self.extent.write())),
            (BACK, None),
            (UPLOAD, Some(self.upload.clone())),
            (UPLOAD_FILES, Some(self.upload_files.clone())),
            (PACKAGE_BEFORE, or_none(&self.package_before)),
            (DROPLET, None),
            (OLD, or_none(&self.old)),
            (OLD_ROUTES, joined(&self.old_routes)),
            (KEPT_ROUTES, joined(&self.kept_routes)),
        ]
    }
}

/// Routes as they are written; `None` where there is none.
fn joined(routes: &[String]) -> Option<String> {
    Some(routes.join(&BETWEEN.to_string())).filter(|text| !text.is_empty())
}

/// A set of annotations to be written in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotations {
    /// The role that is written; `None` where it stays.
    role: Option<Role>,
    values: Vec<(&'static str, Option<String>)>,
    /// The one beside them that is to hold the guid of the droplet that the app runs then.
    of_droplet: Option<&'static str>,
}

impl Annotations {
    /// Marks the app as the one that is deployed, in the place of all that an earlier deployment has written there: `app` is as it
    /// is before, `record` what it is to be set to, and `held` how many instances its processes are to have.
    pub(crate) fn next(origin: &Origin, record: Option<Record>, held: &ProcessCounts, app: Option<&App>) -> Self {
        let role = (ROLE, Some(Role::Next.as_str().to_owned()));
        let settings = (SETTINGS, record.map(|record| record.as_str().to_owned()).filter(|text| !text.is_empty()));
        let values = std::iter::once(role).chain(origin.write()).chain([settings]).collect();
        Self { role: Some(Role::Next), values, of_droplet: None }
            .holding(held, app)
            .by_http2(&origin.http2_routes, app)
            .options_before(&origin.old_options, app)
            .copying(origin, app)
    }

    /// Changes the role; what tells where the app came from stays.
    pub(crate) fn role_only(role: Role) -> Self {
        Self { role: Some(role), values: vec![(ROLE, Some(role.as_str().to_owned()))], of_droplet: None }
    }

    /// Marks the app as the one that a deployment has made live, with the droplet that it runs.
    pub(crate) fn deployed() -> Self {
        Self { of_droplet: Some(DROPLET), ..Self::role_only(Role::Live) }
    }

    /// Marks the app as one that is taken back, by a rollback of these apps of the plan.
    pub(crate) fn rolling_back(extent: &Extent) -> Self {
        let role = (ROLE, Some(Role::RollingBack.as_str().to_owned()));
        Self { role: Some(Role::RollingBack), values: vec![role, (BACK, Some(extent.write()))], of_droplet: None }
    }

    /// Tells how many instances processes are to have that another version is to run; what it was stays.
    pub(crate) fn held(held: &ProcessCounts) -> Self {
        Self { role: None, values: vec![(HELD, held.write())], of_droplet: None }
    }

    /// As well as that, how many instances those processes of the app are to have which another version runs; `app` is as it is
    /// before.
    #[must_use]
    pub(crate) fn holding(mut self, held: &ProcessCounts, app: Option<&App>) -> Self {
        let written = held.write();
        if written.is_some() || app.is_some_and(|app| app.annotations.contains_key(HELD)) {
            self.values.push((HELD, written));
        }
        self
    }

    /// As well as that, what the plan calls it by now, where something else is written on it; `app` is as it is before.
    #[must_use]
    pub(crate) fn of_app(mut self, name: &AppName, app: &App) -> Self {
        if app.annotations.get(APP).is_some_and(|written| written != name.as_str()) {
            self.values.push((APP, Some(name.to_string())));
        }
        self
    }

    /// As well as that, the routes on which routers talk HTTP/2 to what they are of; `app` is as it is before.
    #[must_use]
    pub(crate) fn by_http2(mut self, routes: &[String], app: Option<&App>) -> Self {
        if !routes.is_empty() || app.is_some_and(|app| app.annotations.contains_key(HTTP2_ROUTES)) {
            self.values.push((HTTP2_ROUTES, joined(routes)));
        }
        self
    }

    /// As well as that, what options of routes were; `app` is as it is before.
    fn options_before(mut self, options: &BTreeMap<String, OptionChanges>, app: Option<&App>) -> Self {
        if !options.is_empty() || app.is_some_and(|app| app.annotations.contains_key(OLD_OPTIONS)) {
            self.values.push((OLD_OPTIONS, (!options.is_empty()).then(|| json!(options).to_string())));
        }
        self
    }

    /// As well as that, which droplet was the newest one, where one is copied; `app` is as it is before.
    fn copying(mut self, origin: &Origin, app: Option<&App>) -> Self {
        if origin.droplet_before.is_some() || app.is_some_and(|app| app.annotations.contains_key(DROPLET_BEFORE)) {
            self.values.push((DROPLET_BEFORE, origin.droplet_before.clone()));
        }
        self
    }

    /// As well as that, the app that it is taken back to, and the live routes that lead there then: where the deployment
    /// itself found nothing live, nothing else tells.
    #[must_use]
    pub(crate) fn back_to(mut self, old: &AppName, routes: &[RouteUrl]) -> Self {
        self.values.push((OLD, Some(old.to_string())));
        self.values.push((OLD_ROUTES, joined(&routes.iter().map(ToString::to_string).collect::<Vec<_>>())));
        self
    }

    /// The role that is written; `None` where it stays.
    pub(crate) fn role(&self) -> Option<Role> {
        self.role
    }

    /// Keys and values; `None` is one that is taken away.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.values.iter().map(|(key, value)| (*key, value.as_deref()))
    }

    /// The annotation that is to hold the guid of the droplet that the app runs then, beside those values.
    pub(crate) fn of_droplet(&self) -> Option<&'static str> {
        self.of_droplet
    }

    /// Whether the annotation of that key is written, or taken away.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.iter().map(|(written, _)| written).chain(self.of_droplet).any(|written| written == key)
    }

    /// The same as owned keys and values.
    pub(crate) fn to_map(&self) -> BTreeMap<String, Option<String>> {
        self.iter().map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned))).collect()
    }

    /// The key of one whose value is longer than the platform takes.
    pub(crate) fn too_long(&self) -> Option<&'static str> {
        let is_too_long = |value: &String| value.chars().count() > LONGEST_ANNOTATION;
        self.values.iter().find(|(_, value)| value.as_ref().is_some_and(is_too_long)).map(|(key, _)| *key)
    }
}

//! Users and clients.

use std::collections::HashMap;

use crate::settings::Settings;
use crate::state::Guid;

use super::admin_guid;

/// The client that cf is, unless it is told otherwise. It has no secret.
pub(super) const CF: &str = "cf";

/// What an administrator may do.
const ADMIN_SCOPE: [&str; 13] = [
    "openid",
    "uaa.user",
    "uaa.admin",
    "cloud_controller.read",
    "cloud_controller.write",
    "cloud_controller.admin",
    "network.admin",
    "routing.router_groups.read",
    "routing.router_groups.write",
    "scim.read",
    "scim.write",
    "clients.read",
    "doppler.firehose",
];

/// What every user may do.
const USER_SCOPE: [&str; 7] = [
    "openid",
    "uaa.user",
    "cloud_controller.read",
    "cloud_controller.write",
    "cloud_controller_service_permissions.read",
    "password.write",
    "network.write",
];

/// A user.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) guid: Guid,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) scope: Vec<String>,
}

/// A client: a program that logs in as itself, or for a user.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) secret: String,
    /// The grants that it may ask for.
    grants: &'static [&'static str],
    /// What it may do as itself.
    pub(super) scope: Vec<String>,
}

impl Client {
    /// Whether it may ask for this grant.
    pub(super) fn may(&self, grant: &str) -> bool {
        self.grants.contains(&grant)
    }
}

/// All users and clients.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    users: Vec<User>,
    clients: HashMap<String, Client>,
}

fn owned(scope: &[&str]) -> Vec<String> {
    scope.iter().map(|&one| one.to_owned()).collect()
}

impl Accounts {
    pub(super) fn new(settings: &Settings) -> Self {
        let admin = User {
            guid: admin_guid(),
            name: settings.user.clone(),
            password: settings.password.clone(),
            scope: owned(&ADMIN_SCOPE),
        };
        let cf = Client { secret: String::new(), grants: &["password", "refresh_token"], scope: Vec::new() };
        let (id, secret) = settings.client.clone();
        let robot = Client { secret, grants: &["client_credentials"], scope: owned(&ADMIN_SCOPE) };
        Self { users: vec![admin], clients: HashMap::from([(CF.to_owned(), cf), (id, robot)]) }
    }

    /// The user with this name; capitals do not count.
    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn user_by_guid(&self, guid: &str) -> Option<&User> {
        self.users.iter().find(|user| user.guid.as_str() == guid)
    }

    pub(super) fn user_mut(&mut self, guid: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.guid.as_str() == guid)
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// Adds a user who may do what every user may.
    pub(super) fn add(&mut self, name: &str, password: &str) -> Guid {
        let guid = Guid::random();
        let (name, password) = (name.to_owned(), password.to_owned());
        self.users.push(User { guid: guid.clone(), name, password, scope: owned(&USER_SCOPE) });
        guid
    }

    pub(super) fn remove(&mut self, guid: &str) -> Option<User> {
        let place = self.users.iter().position(|user| user.guid.as_str() == guid)?;
        Some(self.users.remove(place))
    }
}

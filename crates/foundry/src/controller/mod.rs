//! The Cloud Controller: the API v3 as the official cf 8.17 sees it.
//!
//! | file | what it is |
//! |---|---|
//! | [`error`] | the one shape of errors, and their table |
//! | `endpoints` | all endpoints, and what is answered where there is none |
//! | `presenter` | parts of resources as the API shows them |
//! | [`auth`] | who is asking, and what they may |
//! | [`body`] | request bodies and their validation |
//! | `form` | forms with files |
//! | [`labels`] | labels and annotations |
//! | [`list`], `selector`, `fields` | filters, order, pages; label selectors; parts of related resources |
//! | [`jobs`] | asynchronous work |
//! | [`quotas`] | what is used, and what is too much |
//! | `built_in_broker` | the service broker that is always there |
//! | `lifecycle` | what happens to an app and its processes, whoever asks for it |
//!
//! Every other file is one resource with a table of its endpoints at its head and a function `routes`.

pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod jobs;
pub(crate) mod labels;
pub(crate) mod list;

mod app_settings;
mod apps;
mod audit_events;
mod buildpacks;
mod builds;
mod built_in_broker;
pub(crate) mod deployments;
pub(crate) mod destinations;
mod domains;
mod droplets;
mod endpoints;
mod environment_variable_groups;
pub(crate) mod feature_flags;
mod fields;
mod form;
mod isolation_segments;
mod lifecycle;
mod manifests;
mod network_policies;
mod organization_quotas;
mod organizations;
mod packages;
mod presenter;
mod process_instances;
mod processes;
pub(crate) mod quotas;
mod revisions;
mod roles;
mod root;
pub(crate) mod route_options;
mod router_groups;
pub(crate) mod routes;
mod selector;
mod service_brokers;
pub(crate) mod service_credential_bindings;
mod service_instances;
mod service_offerings;
mod service_plans;
mod service_route_bindings;
mod sidecars;
mod space_quotas;
mod spaces;
mod stacks;
mod tasks;
mod users;

use std::sync::Arc;

use axum::Router;

use crate::platform::Platform;

pub(crate) use endpoints::service;
pub(crate) use presenter::{action, href, metadata, to_many, to_one};

/// What every handler takes first.
pub(crate) type Cf = axum::extract::State<Arc<Platform>>;

/// What the function `routes` of a resource returns.
pub(crate) type Api = Router<Arc<Platform>>;

/// The version of the API that is imitated.
pub(crate) const API_VERSION: &str = "3.195.0";

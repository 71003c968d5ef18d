//! The one database: plain data, cloneable, without anything that runs.
//!
//! Each noun has a file. A resource lives in the `IndexMap` of its kind under its guid, in the order of its making;
//! it points at others by guid. What runs (staging, instances, the routing table) stands outside and follows it.

mod app;
mod audit;
mod database;
mod deployment;
mod domain;
mod environment;
mod guid;
mod job;
mod metadata;
mod network;
mod org;
mod package;
mod process;
pub(crate) mod quota;
mod resource;
mod revision;
mod route;
pub(crate) mod router_group;
mod seed;
mod service;
mod sidecar;
mod space;
mod stack;
mod task;
mod user;

pub(crate) use app::{App, DesiredState, Features, Lifecycle, LifecycleKind};
pub(crate) use audit::{AuditEvent, Party};
pub(crate) use database::State;
pub(crate) use deployment::{Deployment, DeploymentSizes, DeploymentState, Strategy};
pub(crate) use domain::Domain;
pub(crate) use environment::EnvironmentGroup;
pub(crate) use guid::Guid;
pub(crate) use job::{Job, JobState};
pub(crate) use metadata::Metadata;
pub(crate) use network::NetworkPolicy;
pub(crate) use org::Org;
pub(crate) use package::{Build, BuildState, DockerImage, Droplet, DropletState, Package, PackageState, UsedBuildpack};
pub(crate) use process::{HealthCheck, HealthCheckKind, Process, WEB};
pub(crate) use quota::{OrgQuota, SpaceQuota};
pub(crate) use resource::{Resource, resource, timestamp};
pub(crate) use revision::Revision;
pub(crate) use route::{Destination, Protocol, Route};
pub use router_group::ReservablePorts;
pub(crate) use router_group::RouterGroup;
pub(crate) use seed::BUILDPACKS;
pub(crate) use service::{
    Operation, RouteBinding, ServiceBinding, ServiceBroker, ServiceInstance, ServiceInstanceKind, ServiceOffering,
    ServicePlan,
};
pub(crate) use sidecar::Sidecar;
pub(crate) use space::Space;
pub(crate) use stack::{Buildpack, Stack, StackState};
pub(crate) use task::{Task, TaskState};
pub(crate) use user::{Role, RoleKind, User};

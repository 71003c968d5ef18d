//! The embedded Cloud Foundry: a small, faithful platform on the loopback that the official `cf` CLI cannot tell from
//! a real one. It is the stage for rehearsals and the test bed of this project; it knows nothing about cutover, which is
//! a crate above it.
//!
//! Its components:
//!
//! | component | what it is |
//! |---|---|
//! | [`settings`] | what a foundry is started with, and the durations that can be changed while it runs |
//! | `state` | the one database: plain data, cloneable, changed in transactions through `store` |
//! | `controller` | the Cloud Controller's API (v3), the network policy API and router groups of the routing API |
//! | `uaa` | password and refresh tokens |
//! | `logs` | what apps and the platform wrote, kept per app |
//! | `log_cache` | the logs as cf reads them |
//! | [`router`] | gorouter's behaviour, from the routing table to the bytes of an answer; one router or several |
//! | `runtime` | the cell: instances and tasks that really run |
//! | `staging` | packages become droplets |
//! | [`images`] | what stands for the images of registries |
//! | `blobs` | the files of packages and droplets |
//! | [`faults`] | the switches that make it misbehave on demand |
//! | [`request_log`] | every call that the control plane heard |
//! | `server` | the one loop that accepts connections, delays, injects faults and logs |
//! | `platform` | what all components share |
//! | [`port`] | ports that nobody else takes |
//! | `accept` | the connections that all of them take |
//! | `admission`, `epoch` | what keeps calls and background work on their side of a restore |
//! | `snapshot` | everything at one time, to be put back |
//!
//! The Cloud Controller writes *desired* state only. Whoever makes it true (staging, running processes, the routing
//! table) subscribes to `Store::changes`, compares what is desired with what is there, and acts.

mod accept;
mod admission;
mod blobs;
mod controller;
mod epoch;
pub mod faults;
pub mod images;
mod log_cache;
mod logs;
mod platform;
pub mod port;
pub mod request_log;
pub mod router;
mod runtime;
mod server;
pub mod settings;
mod snapshot;
mod staging;
mod state;
mod store;
mod summary;
mod uaa;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;

use crate::faults::Faults;
use crate::platform::{Addresses, Platform};
use crate::request_log::{RequestLog, Service};
use crate::router::{AccessLine, Router, Routers, TcpRouter};
use crate::settings::{Settings, Timing};
use crate::state::Guid;

pub use crate::snapshot::Snapshot;
pub use crate::staging::{Unstageable, check_stageable};
pub use crate::summary::{AppSummary, InstanceSummary, ProcessSummary, RouteSummary};

/// How long [`Foundry::shutdown`] waits for tasks that do not end by themselves.
const LAST_CALL: Duration = Duration::from_secs(15);

/// A running embedded Cloud Foundry. Everything it started ends with it.
#[derive(Debug)]
pub struct Foundry {
    platform: Arc<Platform>,
    /// Taken at the end only.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Foundry {
    /// Starts a foundry on free ports of 127.0.0.1. Fails when no port can be bound or no thread started.
    pub fn start(settings: Settings) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("foundry")
            .enable_all()
            .build()
            .context("failed to start the runtime of the embedded Cloud Foundry")?;
        let listener = || -> anyhow::Result<(TcpListener, SocketAddr)> {
            let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to bind a port of 127.0.0.1")?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (api, api_address) = listener()?;
        let (uaa, uaa_address) = listener()?;
        let (log_cache, log_cache_address) = listener()?;
        let routers = runtime
            .block_on(Routers::start(&settings.router, settings.routers))
            .context("failed to start the routers of the embedded Cloud Foundry")?;
        let addresses = Addresses {
            api: api_address,
            uaa: uaa_address,
            log_cache: log_cache_address,
            system_domain: settings.system_domain.clone(),
        };
        addresses.routes().iter().for_each(|route| routers.register(route));
        runtime.block_on(routers.catch_up());
        let cell = runtime::Cell::start().context("failed to start the cell of the embedded Cloud Foundry")?;
        let platform = Arc::new(Platform::new(settings, addresses, routers, cell));
        {
            let _inside = runtime.enter();
            server::serve(api, Service::Controller, controller::service(&platform), &platform)?;
            server::serve(uaa, Service::Uaa, uaa::routes(&platform), &platform)?;
            server::serve(log_cache, Service::LogCache, log_cache::routes(&platform), &platform)?;
            tokio::spawn(log_cache::keep_access_log(Arc::clone(&platform)));
            tokio::spawn(log_cache::keep_port_troubles(Arc::clone(&platform)));
            tokio::spawn(runtime::run(Arc::clone(&platform)));
            tokio::spawn(controller::deployments::run(Arc::clone(&platform)));
        }
        Ok(Self { platform, runtime: Some(runtime) })
    }

    /// The URL for `cf api`.
    pub fn api_url(&self) -> String {
        self.platform.addresses.api_url()
    }

    /// The base URL of UAA.
    pub fn uaa_url(&self) -> String {
        self.platform.addresses.uaa_url()
    }

    /// The address of the Cloud Controller.
    pub fn api_addr(&self) -> SocketAddr {
        self.platform.addresses.api
    }

    /// The address of UAA.
    pub fn uaa_addr(&self) -> SocketAddr {
        self.platform.addresses.uaa
    }

    /// The address of log cache.
    pub fn log_cache_addr(&self) -> SocketAddr {
        self.platform.addresses.log_cache
    }

    /// Where apps are reached: any host of the platform's domains is asked for here.
    pub fn router_url(&self) -> String {
        format!("http://{}", self.router_addr())
    }

    /// The address of [`Foundry::router_url`]: that of the only router, or of the load balancer before several.
    pub fn router_addr(&self) -> SocketAddr {
        self.platform.routers.addr()
    }

    /// Every router; each has a table and delays of its own.
    pub fn routers(&self) -> &[Router] {
        self.platform.routers.all()
    }

    /// The first router; the only one unless the settings say otherwise.
    pub fn router(&self) -> &Router {
        &self.routers()[0]
    }

    /// The router for routes with a port; it has delays of its own.
    pub fn tcp_router(&self) -> &TcpRouter {
        self.platform.routers.tcp()
    }

    /// Every request that ends from now on at any router. Nothing is dropped: read it, or drop it.
    pub fn access_log(&self) -> mpsc::UnboundedReceiver<Arc<AccessLine>> {
        self.platform.routers.subscribe()
    }

    /// What the foundry was started with.
    pub fn settings(&self) -> &Settings {
        &self.platform.settings
    }

    /// The durations in force.
    pub fn timing(&self) -> Timing {
        self.platform.timing()
    }

    /// Changes the durations from now on.
    pub fn set_timing(&self, change: impl FnOnce(&mut Timing)) {
        self.platform.set_timing(change);
    }

    /// The switches for faults.
    pub fn faults(&self) -> &Faults {
        &self.platform.faults
    }

    /// Makes all running instances of the apps with this name exit now, with status 1. Says how many.
    pub fn crash_now(&self, app: &str) -> usize {
        let apps: Vec<Guid> = self
            .platform
            .store
            .read(|db| db.apps.values().filter(|one| one.name == app).map(|one| one.guid.clone()).collect());
        apps.iter().map(|app| self.platform.cell.crash(app)).sum()
    }

    /// Every call that the control plane heard.
    pub fn request_log(&self) -> &RequestLog {
        &self.platform.request_log
    }

    /// All apps, in the order of their making.
    pub fn apps(&self) -> Vec<AppSummary> {
        self.platform.store.read(|db| db.apps.values().map(|app| AppSummary::new(db, app)).collect())
    }

    /// The app with this name; the first one where several spaces have one.
    pub fn app(&self, name: &str) -> Option<AppSummary> {
        self.apps().into_iter().find(|app| app.name == name)
    }

    /// All routes, in the order of their making.
    pub fn routes(&self) -> Vec<RouteSummary> {
        self.platform.store.read(|db| db.routes.values().map(|route| RouteSummary::new(db, route)).collect())
    }

    /// The instances of all apps.
    pub fn instances(&self) -> Vec<InstanceSummary> {
        summary::instances(&self.platform)
    }

    /// Makes every token that is out worthless, refresh tokens too: everybody has to log in again. Access tokens alone
    /// are made to expire by [`Faults::expire_tokens`].
    pub fn revoke_tokens(&self) {
        self.platform.uaa.revoke_tokens();
    }

    /// Forgets all lines that apps and the platform wrote so far.
    pub fn forget_logs(&self) {
        self.platform.logs.forget();
    }

    /// Where it keeps its files and runs its apps. It goes with the foundry.
    pub fn directory(&self) -> &Path {
        self.platform.cell.directory()
    }

    /// Whether everything that the API tells is as it was when the snapshot was taken.
    pub fn is_as_in(&self, snapshot: &Snapshot) -> bool {
        self.platform.store.read(|db| db == snapshot.state())
    }

    /// Takes a snapshot of everything that deployments change, once no call, build, job or task is under way.
    ///
    /// Fails where some go on for a minute.
    pub fn snapshot(&self) -> anyhow::Result<Snapshot> {
        self.inside()?.block_on(snapshot::take(&self.platform))
    }

    /// Makes everything as it was when the snapshot was taken, on the same addresses, and switches all faults off.
    ///
    /// Calls under way are broken off, builds, jobs and tasks end without effect. When it returns, what ran then runs
    /// and takes requests, nothing else runs, and every router knows the routes, whatever its delays. Instances that
    /// still run as they did are left alone. Tokens stay good unless they were revoked. A snapshot of another foundry
    /// brings its state, accounts and files, but not its settings. Fails where an instance does not come up again
    /// within a minute, or the files cannot be copied.
    pub fn restore(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        self.inside()?.block_on(snapshot::restore(&self.platform, snapshot))
    }

    fn inside(&self) -> anyhow::Result<&tokio::runtime::Runtime> {
        self.runtime.as_ref().context("the embedded Cloud Foundry has ended")
    }

    /// Ends the foundry: connections are closed, tasks and processes end. Dropping it does the same.
    pub fn shutdown(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.platform.end();
            runtime.block_on(async {
                // The components have a guard each until what they started has ended.
                let _ended = tokio::time::timeout(LAST_CALL, self.platform.cleaned_up()).await;
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for Foundry {
    fn drop(&mut self) {
        self.end();
    }
}

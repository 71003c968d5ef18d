//! What all components share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::admission::Admission;
use crate::epoch::Epochs;
use crate::faults::Faults;
use crate::logs::Logs;
use crate::request_log::RequestLog;
use crate::router::{Endpoint, Routers};
use crate::runtime::Cell;
use crate::settings::{Settings, Timing};
use crate::state::State;
use crate::store::Store;
use crate::uaa::Uaa;

/// Where the parts listen.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// The Cloud Controller, the network policy API and the routing API.
    pub api: SocketAddr,
    /// UAA.
    pub uaa: SocketAddr,
    /// Log cache.
    pub log_cache: SocketAddr,
    /// The domain below which the routers lead to them.
    pub system_domain: Option<String>,
}

impl Addresses {
    /// The base URL of the API, without a slash at its end.
    pub(crate) fn api_url(&self) -> String {
        self.url("api", self.api)
    }

    /// The base URL of UAA, without a slash at its end.
    pub(crate) fn uaa_url(&self) -> String {
        self.url("uaa", self.uaa)
    }

    /// The base URL of log cache, without a slash at its end.
    pub(crate) fn log_cache_url(&self) -> String {
        self.url("log-cache", self.log_cache)
    }

    /// Where a platform with names has its stream of logs. Nobody is there: what an app writes is read from log cache.
    pub(crate) fn doppler_url(&self) -> Option<String> {
        self.system_domain.as_ref().map(|domain| format!("wss://doppler.{domain}:443"))
    }

    fn url(&self, name: &str, address: SocketAddr) -> String {
        match &self.system_domain {
            Some(domain) => format!("http://{name}.{domain}"),
            None => format!("http://{address}"),
        }
    }

    /// The routes to the parts, as a platform registers them at its routers. (`route-registrar`.)
    pub(super) fn routes(&self) -> Vec<Endpoint> {
        let parts = [("api", self.api), ("uaa", self.uaa), ("log-cache", self.log_cache)];
        let routes = self.system_domain.iter().flat_map(|domain| {
            parts.map(|(name, addr)| Endpoint {
                host: format!("{name}.{domain}"),
                path: String::new(),
                app_guid: String::new(),
                process_guid: String::new(),
                instance_guid: String::new(),
                index: 0,
                addr,
                route_service_url: None,
            })
        });
        routes.collect()
    }
}

/// What all components share. Handlers get it as `axum::extract::State<Arc<Platform>>`.
#[derive(Debug)]
pub(crate) struct Platform {
    /// What the foundry was started with.
    pub settings: Settings,
    /// Where the parts listen.
    pub addresses: Addresses,
    /// The database.
    pub store: Store,
    /// Users and tokens.
    pub uaa: Uaa,
    /// What apps and the platform wrote.
    pub logs: Logs,
    /// The routers: whoever runs instances registers and unregisters them here.
    pub routers: Routers,
    /// What really runs.
    pub cell: Cell,
    /// The switches for faults.
    pub faults: Arc<Faults>,
    /// Every call that the control plane heard.
    pub request_log: RequestLog,
    /// Admits each call of the control plane.
    pub admission: Admission,
    /// The times between restores.
    pub epochs: Epochs,
    timing: Mutex<Timing>,
    ending: watch::Sender<bool>,
    cleaning: watch::Sender<()>,
    background: watch::Sender<()>,
}

impl Platform {
    pub(crate) fn new(settings: Settings, addresses: Addresses, routers: Routers, cell: Cell) -> Self {
        let faults = Arc::new(Faults::default());
        Self {
            store: Store::new(State::initial(&settings)),
            uaa: Uaa::new(&settings, Arc::clone(&faults)),
            logs: Logs::default(),
            request_log: RequestLog::default(),
            timing: Mutex::new(settings.timing),
            ending: watch::Sender::new(false),
            cleaning: watch::Sender::new(()),
            background: watch::Sender::new(()),
            admission: Admission::new(),
            epochs: Epochs::new(),
            routers,
            cell,
            faults,
            addresses,
            settings,
        }
    }

    /// The durations in force.
    pub(crate) fn timing(&self) -> Timing {
        *lock(&self.timing)
    }

    /// Changes the durations from now on.
    pub(crate) fn set_timing(&self, change: impl FnOnce(&mut Timing)) {
        change(&mut lock(&self.timing));
    }

    /// Resolves when the foundry is asked to end. Whoever owns something that must not outlive it waits for this.
    pub(crate) async fn ending(&self) {
        let mut ending = self.ending.subscribe();
        // An error means that the platform is gone, which is an end too.
        let _gone = ending.wait_for(|ended| *ended).await;
    }

    /// Keeps the foundry's end waiting until the guard is dropped: a component that must clean up has one.
    pub(crate) fn delay_shutdown(&self) -> WorkGuard {
        WorkGuard(self.cleaning.subscribe())
    }

    /// Asks everything to end, as the end of the foundry does; what holds on is waited for there.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }

    pub(crate) async fn cleaned_up(&self) {
        self.cleaning.closed().await;
    }

    /// Lets snapshots wait until the guard is dropped: what ends by itself and then changes the state has one.
    pub(crate) fn delay_snapshots(&self) -> WorkGuard {
        WorkGuard(self.background.subscribe())
    }

    pub(crate) async fn background_ended(&self) {
        self.background.closed().await;
    }

    /// Works after a while, at once where that is zero; not at all where a restore comes between.
    pub(crate) fn later(self: &Arc<Self>, takes: Duration, work: impl FnOnce() + Send + 'static) {
        if takes.is_zero() {
            return work();
        }
        let (platform, epoch, under_way) = (Arc::clone(self), self.epochs.current(), self.delay_snapshots());
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(takes) => drop(platform.epochs.within(epoch, work)),
                () = platform.epochs.ended(epoch) => {}
            }
            drop(under_way);
        });
    }
}

/// See [`Platform::delay_shutdown`] and [`Platform::delay_snapshots`].
#[derive(Debug)]
pub(crate) struct WorkGuard(#[expect(dead_code, reason = "being alive is its work")] watch::Receiver<()>);

/// Locks a mutex whose data is whole at every point, so that a panic elsewhere does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The router for HTTP: its table, its listener and what they share.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::access_log::{AccessLine, AccessLog};
use super::backend::Backends;
use super::endpoint::Endpoint;
use super::propagation::{self, Change, Propagation, Queue, Table};
use super::registry::Registry;
use super::server;
use super::settings::RouterSettings;
use super::tasks::Tasks;
use crate::platform::lock;

/// What the tasks of one router share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: RouterSettings,
    pub(super) addr: SocketAddr,
    pub(super) registry: Mutex<Registry>,
    pub(super) queue: Queue<Endpoint>,
    pub(super) backends: Backends,
    pub(super) access_log: AccessLog,
    pub(super) tasks: Tasks,
}

impl Shared {
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}

impl Table for Shared {
    type Endpoint = Endpoint;

    fn queue(&self) -> &Queue<Endpoint> {
        &self.queue
    }

    fn apply(&self, change: Change<Endpoint>, now: Instant) {
        match change {
            Change::Register(endpoint) => self.registry().register(endpoint, now),
            Change::Unregister(endpoint) => self.registry().unregister(&endpoint, now),
        }
    }
}

/// A running router. Dropping it ends its listener, its connections and its tunnels.
#[derive(Debug)]
pub struct Router {
    pub(super) shared: Arc<Shared>,
}

impl Router {
    /// Starts a router on the current tokio runtime. Fails where its address cannot be listened on.
    pub async fn start(settings: RouterSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let shared = Arc::new(Shared {
            addr: listener.local_addr()?,
            registry: Mutex::new(Registry::new(settings.retry_after_failure, settings.empty_pool)),
            queue: Queue::new(settings.propagation),
            backends: Backends::new(settings.dial_timeout),
            access_log: AccessLog::default(),
            tasks: Tasks::default(),
            settings,
        });
        shared.tasks.spawn(propagation::run(Arc::clone(&shared)));
        shared.tasks.spawn(server::run(listener, Arc::clone(&shared)));
        Ok(Self { shared })
    }

    /// The address that clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.shared.addr
    }

    /// Puts an instance on a route once the propagation delay is over; at once where there is none.
    pub fn register(&self, endpoint: Endpoint) {
        self.register_after(endpoint, self.propagation().register);
    }

    /// Puts an instance on a route after a delay of its own, in place of the one that is set.
    pub fn register_after(&self, endpoint: Endpoint, delay: Duration) {
        propagation::change(&*self.shared, Change::Register(endpoint), delay);
    }

    /// Takes an instance off a route once the propagation delay is over; requests begun before are finished.
    ///
    /// It is left where it is when by then its address belongs to another instance.
    pub fn unregister(&self, endpoint: &Endpoint) {
        self.unregister_after(endpoint, self.propagation().unregister);
    }

    /// Takes an instance off a route after a delay of its own, in place of the one that is set.
    pub fn unregister_after(&self, endpoint: &Endpoint, delay: Duration) {
        propagation::change(&*self.shared, Change::Unregister(endpoint.clone()), delay);
    }

    /// The delays that the next route changes get.
    pub fn propagation(&self) -> Propagation {
        self.shared.queue.propagation()
    }

    /// Sets the delays of later route changes; changes under way keep theirs.
    pub fn set_propagation(&self, propagation: Propagation) {
        self.shared.queue.set_propagation(propagation);
    }

    /// Applies all route changes under way now, whatever is left of their delays, and forgets which instances had
    /// failed.
    pub fn catch_up(&self) {
        propagation::apply_all(&*self.shared);
        self.shared.registry().forgive();
    }

    /// Waits until no route change is under way.
    pub async fn settled(&self) {
        self.shared.queue.settled().await;
    }

    /// The instances that the router knows now, by host and path, each pool in the order of registration.
    pub fn table(&self) -> Vec<Endpoint> {
        self.shared.registry().table()
    }

    /// Every request that ends from now on, as a line of the access log. Nothing is dropped: read it, or drop it.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Arc<AccessLine>> {
        let (reader, lines) = mpsc::unbounded_channel();
        self.shared.access_log.add(reader);
        lines
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.shared.tasks.abort();
    }
}

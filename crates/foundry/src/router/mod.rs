//! A router with gorouter's behaviour.
//!
//! What a client and an app can see of it is that of the real one (gorouter with plain-HTTP backends, one table per
//! router), so that a tool which asks the router what it knows learns here what it would learn there. Its phases:
//!
//! 1. `propagation`: a route change waits until routers would have heard of it, then changes the `registry`.
//! 2. `registry` and `pool`: which instances a host and a path lead to, and which of them is next.
//! 3. `server`: takes connections, looks a request up, answers itself where there is nothing to forward to.
//! 4. `proxy`: forwards to an instance through `backend`, retries where gorouter does, rewrites `headers`, keeps
//!    `sticky` sessions.
//! 5. `answer`: the bytes back to the client; `access_log`: a line for each request.
//!
//! A foundry may run several `routers`, each with its own address, its own table and its own delays, behind a `front`.
//! Routes with a port are the `tcp` router's.

mod access_log;
mod answer;
mod backend;
mod headers;
mod load_balancer;
mod pool;
mod propagation;
mod proxy;
mod registry;
mod routers;
mod server;
mod sticky;
mod tasks;
mod tcp;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub use self::access_log::AccessLine;
pub use self::propagation::Propagation;
pub use self::routers::Routers;
pub use self::tcp::{Listening, PortReport, PortTrouble, TcpEndpoint, TcpRouter};

use self::access_log::AccessLog;
use self::backend::Backends;
use self::propagation::{Change, Queue, Routed, Table};
use self::registry::Registry;
use self::tasks::Tasks;
use crate::platform::lock;

/// An app instance on a route: what a `router.register` message tells a gorouter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The route's host with its domain, exact or a wildcard (`*.example.com`). Capitals do not count.
    pub host: String,
    /// The route's path with its leading slash, or empty. Capitals do not count.
    pub path: String,
    /// The guid of the app, as `X-Cf-App-Instance` names it.
    pub app_guid: String,
    /// The guid of the process, as `X-Cf-Process-Instance` names it.
    pub process_guid: String,
    /// The guid of this one instance, as `X-Cf-Instanceid` and `__VCAP_ID__` carry it.
    pub instance_guid: String,
    /// The index of the instance in its process.
    pub index: u32,
    /// Where the instance listens. Within one route, an address belongs to one instance only.
    pub addr: SocketAddr,
    /// The route service that the route is bound to.
    pub route_service_url: Option<String>,
}

impl Routed for Endpoint {
    type Key = (String, String, SocketAddr);

    fn key(&self) -> Self::Key {
        (self.host.to_lowercase(), self.path.to_lowercase(), self.addr)
    }
}

impl Endpoint {
    /// Whether it is the same instance on the same route, whatever else is told of it.
    pub fn is_at(&self, other: &Self) -> bool {
        self.key() == other.key() && self.instance_guid == other.instance_guid
    }
}

/// How a router behaves; the defaults are those of a gorouter as Cloud Foundry deploys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterSettings {
    /// Where to listen; the IP address is what `X-Vcap-Router` tells, so several routers may be told apart.
    pub listen: SocketAddr,
    /// The delays of route changes at the start; [`Router::set_propagation`] changes them later.
    pub propagation: Propagation,
    /// Whether `X-Cf-Process-Instance` is heard (routing-release 0.332 and later).
    pub process_instance: bool,
    /// How many instances a request is tried on at most (gorouter: `max_attempts`).
    pub max_attempts: usize,
    /// How long an instance that refused or reset a connection is left out (gorouter: a quarter of
    /// `droplet_stale_threshold`).
    pub retry_after_failure: Duration,
    /// How long a route without instances is answered 503 `no_endpoints` before it is unknown; `None` for never
    /// (gorouter: `empty_pool_response_code_503`, `empty_pool_timeout`).
    pub empty_pool: Option<Duration>,
    /// How long a connection to an instance may take (gorouter: `endpoint_dial_timeout`).
    pub dial_timeout: Duration,
    /// How long an instance may take until the head of its answer is there (gorouter: `endpoint_timeout`).
    pub endpoint_timeout: Duration,
    /// The value of `X-Vcap-Trace` that is answered with the trace headers (gorouter: `trace_key`).
    pub trace_key: String,
    /// The names of the session cookies that make a client sticky (gorouter: `sticky_session_cookie_names`).
    pub sticky_cookies: Vec<String>,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            propagation: Propagation::default(),
            process_instance: true,
            max_attempts: 3,
            retry_after_failure: Duration::from_secs(30),
            empty_pool: None,
            dial_timeout: Duration::from_secs(5),
            endpoint_timeout: Duration::from_secs(900),
            trace_key: "22".to_owned(),
            sticky_cookies: vec!["JSESSIONID".to_owned()],
        }
    }
}

/// What the tasks of one router share.
#[derive(Debug)]
struct Shared {
    settings: RouterSettings,
    addr: SocketAddr,
    registry: Mutex<Registry>,
    queue: Queue<Endpoint>,
    backends: Backends,
    access_log: AccessLog,
    tasks: Tasks,
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
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
    shared: Arc<Shared>,
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

/// The moment of a decision; the only clock of the registry and the pools.
fn now() -> Instant {
    Instant::now()
}

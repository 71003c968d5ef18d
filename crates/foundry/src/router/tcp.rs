//! The router for routes with a port: it listens on a port for as long as instances are on it.
//!
//! What a client and an app can see of it is what haproxy does as a cf-tcp-router configures it: connections are dealt
//! out in turns; one whose instance cannot be connected to is tried three more times, a second apart, and is then
//! closed; one that was begun outlives its route. A foundation has such a router for each router group, on machines of
//! its own; here all router groups share one machine, and the machine may have given a port to somebody else. Then the
//! apps on the port are told, and it is tried again until it is to be had.
//!
//! What is left out: TLS and names in it (SNI), and closing connections that nothing goes over for five minutes.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use rustix::net::{Shutdown, shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::load_balancer;
use super::propagation::Propagation;
use super::propagation::{self, Change, Queue, Routed, Table};
use super::settings::RouterSettings;
use super::tasks::Tasks;
use crate::accept::accept;
use crate::platform::lock;

/// How often an instance is tried again after it could not be connected to. (haproxy: `retries`.)
const RETRIES: usize = 3;

/// How long it is waited before that. (haproxy: one second, where `timeout connect` is longer.)
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long a connection to an instance may take. (routing-release: `timeout connect`.)
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a port that somebody else has is tried again.
const BIND_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// An app instance on a route with a port: a TCP route mapping of the routing API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpEndpoint {
    /// The guid of the router group whose port it is.
    pub group: String,
    /// The port that clients connect to.
    pub port: u16,
    /// The guid of the app.
    pub app_guid: String,
    /// The guid of this one instance.
    pub instance_guid: String,
    /// Where the instance listens.
    pub addr: SocketAddr,
}

impl Routed for TcpEndpoint {
    type Key = (String, u16, SocketAddr);

    fn key(&self) -> Self::Key {
        (self.group.clone(), self.port, self.addr)
    }
}

/// Whether clients can connect to a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listening {
    /// No instance is on it.
    No,
    /// They can.
    Yes,
    /// It is not to be had on this machine, for this reason. It is tried again every second.
    Failed(String),
}

/// What is known of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortReport {
    /// The guid of its router group.
    pub group: String,
    /// The port.
    pub port: u16,
    /// Whether clients can connect to it.
    pub listening: Listening,
    /// The instances on it by their address, which is the order of the turns. (cf-tcp-router: `NewHAProxyConfig`.)
    pub endpoints: Vec<TcpEndpoint>,
}

/// A port of an app that is not to be had on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortTrouble {
    /// The guid of the app.
    pub app_guid: String,
    /// What is wrong, for a person.
    pub text: String,
}

/// Router group and port.
type PortKey = (String, u16);

/// A port that has had instances.
#[derive(Debug)]
struct Port {
    endpoints: watch::Sender<Vec<TcpEndpoint>>,
    listening: watch::Receiver<Listening>,
}

/// What its tasks share.
#[derive(Debug)]
struct Shared {
    ip: IpAddr,
    queue: Queue<TcpEndpoint>,
    ports: Mutex<BTreeMap<PortKey, Port>>,
    readers: Mutex<Vec<mpsc::UnboundedSender<PortTrouble>>>,
    tasks: Tasks,
    /// For tasks that are begun by route changes.
    itself: Weak<Shared>,
}

impl Table for Shared {
    type Endpoint = TcpEndpoint;

    fn queue(&self) -> &Queue<TcpEndpoint> {
        &self.queue
    }

    fn apply(&self, change: Change<TcpEndpoint>, _now: Instant) {
        let mut ports = lock(&self.ports);
        match change {
            Change::Register(new) => {
                let key = (new.group.clone(), new.port);
                let port = ports.entry(key).or_insert_with_key(|key| self.open(key.1));
                port.endpoints.send_modify(|endpoints| {
                    endpoints.retain(|one| one.addr != new.addr);
                    endpoints.insert(endpoints.partition_point(|one| one.addr < new.addr), new);
                });
            }
            Change::Unregister(gone) => {
                if let Some(port) = ports.get(&(gone.group.clone(), gone.port)) {
                    // An address may belong to another instance by now.
                    port.endpoints.send_modify(|endpoints| {
                        endpoints.retain(|one| one.addr != gone.addr || one.instance_guid != gone.instance_guid);
                    });
                }
            }
        }
    }
}

impl Shared {
    /// A port without instances, and the task that listens on it once there are some.
    fn open(&self, number: u16) -> Port {
        let (endpoints, of_task) = watch::channel(Vec::new());
        let (state, listening) = watch::channel(Listening::No);
        if let Some(shared) = self.itself.upgrade() {
            self.tasks.spawn(attend(shared, number, of_task, state));
        }
        Port { endpoints, listening }
    }

    fn tell(&self, trouble: &PortTrouble) {
        lock(&self.readers).retain(|reader| reader.send(trouble.clone()).is_ok());
    }
}

/// The router for routes with a port. Dropping it ends its listeners and its connections.
#[derive(Debug)]
pub struct TcpRouter {
    shared: Arc<Shared>,
}

impl TcpRouter {
    /// Starts it on the current tokio runtime, with the IP address and the delays of these settings.
    pub fn start(settings: &RouterSettings) -> Self {
        let shared = Arc::new_cyclic(|itself| Shared {
            ip: settings.listen.ip(),
            queue: Queue::new(settings.propagation),
            ports: Mutex::default(),
            readers: Mutex::default(),
            tasks: Tasks::default(),
            itself: itself.clone(),
        });
        shared.tasks.spawn(propagation::run(Arc::clone(&shared)));
        Self { shared }
    }

    /// Puts an instance on a port once the propagation delay is over.
    pub fn register(&self, endpoint: TcpEndpoint) {
        let delay = self.shared.queue.propagation().register;
        propagation::change(&*self.shared, Change::Register(endpoint), delay);
    }

    /// Takes an instance off a port once the propagation delay is over; connections begun before are left alone.
    pub fn unregister(&self, endpoint: TcpEndpoint) {
        let delay = self.shared.queue.propagation().unregister;
        propagation::change(&*self.shared, Change::Unregister(endpoint), delay);
    }

    /// Sets the delays of later route changes; changes under way keep theirs.
    pub fn set_propagation(&self, propagation: Propagation) {
        self.shared.queue.set_propagation(propagation);
    }

    /// Applies all route changes under way now, whatever is left of their delays, and waits until each port with
    /// instances is listened on or known not to be had, and no other is listened on.
    pub async fn catch_up(&self) {
        propagation::apply_all(&*self.shared);
        let ports: Vec<_> = lock(&self.shared.ports)
            .values()
            .map(|port| (port.endpoints.subscribe(), port.listening.clone()))
            .collect();
        for (endpoints, mut listening) in ports {
            // Fails where the router has ended, which is no less settled.
            let _ended = listening.wait_for(|now| (*now == Listening::No) == endpoints.borrow().is_empty()).await;
        }
    }

    /// What is known of each port that has had instances, by router group and port.
    pub fn ports(&self) -> Vec<PortReport> {
        let report = |((group, number), port): (&PortKey, &Port)| PortReport {
            group: group.clone(),
            port: *number,
            listening: port.listening.borrow().clone(),
            endpoints: port.endpoints.borrow().clone(),
        };
        lock(&self.shared.ports).iter().map(report).collect()
    }

    /// Every trouble with a port from now on, once for each app on it.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<PortTrouble> {
        let (reader, troubles) = mpsc::unbounded_channel();
        lock(&self.shared.readers).push(reader);
        troubles
    }
}

impl Drop for TcpRouter {
    fn drop(&mut self) {
        self.shared.tasks.abort();
    }
}

/// Listens on a port while instances are on it.
async fn attend(
    shared: Arc<Shared>,
    number: u16,
    mut endpoints: watch::Receiver<Vec<TcpEndpoint>>,
    state: watch::Sender<Listening>,
) {
    let mut told = HashSet::new();
    loop {
        if endpoints.borrow_and_update().is_empty() {
            told.clear();
            state.send_replace(Listening::No);
            if endpoints.changed().await.is_err() {
                return;
            }
            continue;
        }
        match TcpListener::bind((shared.ip, number)).await {
            Ok(listener) => {
                told.clear();
                state.send_replace(Listening::Yes);
                serve(&shared, &listener, &mut endpoints).await;
                // A process that is being started may hold the socket for a moment longer (between its fork and its exec):
                // who only closes it goes on listening there.
                let _closed_already = shutdown(&listener, Shutdown::Both);
            }
            Err(error) => {
                let apps: HashSet<String> = endpoints.borrow().iter().map(|one| one.app_guid.clone()).collect();
                for app in &apps - &told {
                    let text = trouble(&shared, number, &error);
                    shared.tell(&PortTrouble { app_guid: app.clone(), text });
                    told.insert(app);
                }
                state.send_replace(Listening::Failed(error.to_string()));
                tokio::select! {
                    () = sleep(BIND_AGAIN_AFTER) => {}
                    _ = endpoints.changed() => {}
                }
            }
        }
    }
}

fn trouble(shared: &Shared, number: u16, error: &io::Error) -> String {
    let address = SocketAddr::from((shared.ip, number));
    format!("TCP router cannot listen on {address}: {error}. No connection comes in by this route until it can.")
}

/// Deals connections out in turns, until no instance is left on the port.
async fn serve(shared: &Shared, listener: &TcpListener, endpoints: &mut watch::Receiver<Vec<TcpEndpoint>>) {
    let mut turn: usize = 0;
    loop {
        tokio::select! {
            (client, _) = accept(listener) => {
                let next = {
                    let endpoints = endpoints.borrow();
                    turn.checked_rem(endpoints.len()).and_then(|at| endpoints.get(at)).map(|endpoint| endpoint.addr)
                };
                turn = turn.wrapping_add(1);
                if let Some(addr) = next {
                    shared.tasks.spawn(forward(client, addr));
                }
            }
            changed = endpoints.changed() => {
                if changed.is_err() || endpoints.borrow().is_empty() {
                    return;
                }
            }
        }
    }
}

/// Passes bytes both ways, once the instance can be connected to.
async fn forward(client: TcpStream, addr: SocketAddr) {
    for attempt in 0..=RETRIES {
        if attempt > 0 {
            sleep(RETRY_AFTER).await;
        }
        if let Ok(Ok(instance)) = timeout(DIAL_TIMEOUT, TcpStream::connect(addr)).await {
            load_balancer::join(client, instance).await;
            return;
        }
    }
}

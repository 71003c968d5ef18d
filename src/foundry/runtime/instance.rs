//! One index of a process, from its first start through crashes and restarts to its stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::foundry::logs::Stream;
use crate::foundry::platform::{Platform, lock};
use crate::foundry::router::Endpoint;
use crate::foundry::runtime::health::{self, Sign};
use crate::foundry::runtime::launch::{self, Launch, Running};
use crate::foundry::runtime::{LrpState, Report, Room, Spec, Usage, restart};
use crate::foundry::state::{Guid, Party};

/// The name of this cell in logs.
const CELL: &str = "foundry";

/// A host and a path that lead to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) path: String,
}

/// What an instance is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Run,
    /// To end for good.
    Stop,
    /// To end for good, and at once.
    Kill,
}

#[derive(Debug, Clone)]
struct Orders {
    wanted: Wanted,
    /// Grows when the present incarnation is to be replaced.
    retired: u64,
    routes: Vec<Address>,
}

#[derive(Debug)]
struct Status {
    guid: Guid,
    state: LrpState,
    since: Timestamp,
    port: Option<u16>,
    group: Option<(u32, Timestamp, u64)>,
    placement_error: Option<String>,
    routable: bool,
}

/// One index of a version of a process.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) spec: Arc<Spec>,
    pub(super) index: u32,
    status: Mutex<Status>,
    orders: watch::Sender<Orders>,
}

/// How an incarnation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// It was told to.
    Stopped,
    /// It was told to make place for the next one.
    Retired,
    /// Nobody asked for it.
    Crashed { lived: Duration, description: String },
}

impl Instance {
    pub(super) fn new(spec: Arc<Spec>, index: u32, routes: Vec<Address>) -> Self {
        let status = Status {
            guid: Guid::random(),
            state: LrpState::Unclaimed,
            since: Timestamp::now(),
            port: None,
            group: None,
            placement_error: None,
            routable: false,
        };
        let orders = Orders { wanted: Wanted::Run, retired: 0, routes };
        Self { spec, index, status: Mutex::new(status), orders: watch::Sender::new(orders) }
    }

    pub(super) fn report(&self) -> Report {
        let status = lock(&self.status);
        let usage = status.group;
        let report = Report {
            index: self.index,
            instance: status.guid.clone(),
            state: status.state,
            since: status.since,
            port: status.port,
            placement_error: status.placement_error.clone(),
            routable: status.routable,
            usage: Usage::default(),
        };
        drop(status);
        let usage = usage.map(|(group, since, disk)| Usage::of(group, since, disk)).unwrap_or_default();
        Report { usage, ..report }
    }

    pub(super) fn set_routes(&self, routes: &[Address]) {
        self.orders.send_if_modified(|orders| {
            let differ = orders.routes != routes;
            if differ {
                orders.routes = routes.to_vec();
            }
            differ
        });
    }

    pub(super) fn stop(&self) {
        self.order(Wanted::Stop);
    }

    pub(super) fn kill(&self) {
        self.order(Wanted::Kill);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.orders.borrow().wanted != Wanted::Run
    }

    pub(super) fn retire(&self) {
        self.orders.send_modify(|orders| orders.retired += 1);
    }

    fn order(&self, wanted: Wanted) {
        self.orders.send_if_modified(|orders| {
            let stronger = orders.wanted != wanted && orders.wanted != Wanted::Kill;
            if stronger {
                orders.wanted = wanted;
            }
            stronger
        });
    }

    /// Resolves when it is no longer to run.
    async fn dismissed(&self) {
        let mut orders = self.orders.subscribe();
        let _ = orders.wait_for(|orders| orders.wanted != Wanted::Run).await;
    }

    fn set(&self, platform: &Platform, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.status));
        platform.cell.changed();
    }

    fn enter(&self, platform: &Platform, state: LrpState) {
        self.set(platform, |status| {
            status.state = state;
            status.since = Timestamp::now();
        });
    }

    fn guid(&self) -> Guid {
        lock(&self.status).guid.clone()
    }

    fn log(&self, platform: &Platform, source: &str, stream: Stream, text: &str) {
        platform.logs.append(&self.spec.app, source, &self.index.to_string(), stream, text);
    }

    /// Lives until it is dismissed. The cell has forgotten it when this resolves.
    pub(super) async fn live(self: Arc<Self>, platform: Arc<Platform>) {
        let hold = platform.hold();
        let mut crashes = 0;
        while let Some(room) = self.place(&platform).await {
            let end = self.incarnate(&platform).await;
            drop(room);
            match end {
                End::Stopped => break,
                End::Retired => crashes = 0,
                End::Crashed { lived, description } => {
                    crashes = if lived >= restart::FORGIVEN_AFTER { 1 } else { crashes + 1 };
                    self.enter(&platform, LrpState::Crashed);
                    self.record_crash(&platform, crashes, &description);
                    let wait = restart::delay(crashes, platform.timing().crash_backoff);
                    let again = async {
                        match wait {
                            Some(wait) => sleep(wait).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        () = again => {}
                        () = self.dismissed() => break,
                    }
                }
            }
        }
        platform.cell.forget(&self);
        drop(hold);
    }

    /// Waits for a place on the cell; `None` when it is dismissed before it has one.
    async fn place<'a>(&self, platform: &'a Platform) -> Option<Room<'a>> {
        let mut changes = platform.cell.changes();
        loop {
            if self.is_stopping() {
                return None;
            }
            changes.mark_unchanged();
            if let Some(room) = platform.cell.room(platform.settings.cell_memory_in_mb, self.spec.memory_in_mb) {
                return Some(room);
            }
            if lock(&self.status).placement_error.is_none() {
                self.set(platform, |status| {
                    status.state = LrpState::Unclaimed;
                    status.since = Timestamp::now();
                    status.placement_error = Some("insufficient resources: memory".to_owned());
                });
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.dismissed() => return None,
            }
        }
    }

    /// One life: container, process, checks, end.
    async fn incarnate(&self, platform: &Arc<Platform>) -> End {
        let guid = Guid::random();
        self.set(platform, |status| {
            status.guid = guid.clone();
            status.state = LrpState::Claimed;
            status.since = Timestamp::now();
            status.placement_error = None;
        });
        let crashed = |what: &str, error: &std::io::Error| {
            self.log(platform, "CELL", Stream::Err, &format!("{what}: {error}"));
            End::Crashed { lived: Duration::ZERO, description: format!("{what}: {error}") }
        };
        self.log(platform, "CELL", Stream::Out, &format!("Cell {CELL} creating container for instance {guid}"));
        let port = match platform.cell.port() {
            Ok(port) => port,
            Err(error) => return crashed("no port", &error),
        };
        let launch = Launch {
            guid: &guid,
            droplet: &self.spec.droplet,
            command: &self.spec.command,
            environment: launch::instance_environment(&self.spec.environment, &guid, self.index, port.number),
        };
        // Copying and spawning block for milliseconds; the pool has threads for that.
        let container = match tokio::task::block_in_place(|| platform.cell.container(&launch)) {
            Ok(container) => container,
            Err(error) => return crashed("failed to create container", &error),
        };
        self.log(
            platform,
            "CELL",
            Stream::Out,
            &format!("Cell {CELL} successfully created container for instance {guid}"),
        );
        tokio::select! {
            () = sleep(platform.timing().start) => {}
            () = self.dismissed() => return End::Stopped,
        }
        let group = match tokio::task::block_in_place(|| platform.cell.launch(&launch, &container)) {
            Ok(group) => group,
            Err(error) => return crashed("failed to start process", &error),
        };
        let disk = launch::disk(container.path());
        let running = Running::new(group, platform, &self.spec.app, &self.spec.source(), self.index);
        self.set(platform, |status| {
            status.port = Some(port.number);
            status.group = Some((running.id(), Timestamp::now(), disk));
        });
        let end = Life { instance: self, platform, guid: guid.clone(), port: port.number, on: Vec::new() };
        let end = end.watch(running).await;
        self.set(platform, |status| {
            status.port = None;
            status.group = None;
            status.routable = false;
        });
        self.log(platform, "CELL", Stream::Out, &format!("Cell {CELL} destroying container for instance {guid}"));
        end
    }

    fn record_crash(&self, platform: &Platform, crashes: u32, description: &str) {
        let spec = &self.spec;
        let guid = self.guid();
        platform.store.update(|db| {
            let Some(app) = db.apps.get(&spec.app) else { return };
            let (space, name) = (app.space.clone(), app.name.clone());
            let party = |guid: &Guid, kind: &str, name: &str| Party {
                guid: guid.to_string(),
                kind: kind.to_owned(),
                name: name.to_owned(),
            };
            let process = party(&spec.key.process, "process", &spec.kind);
            let app_party = party(&spec.app, "app", &name);
            let data = json!({
                "instance": guid,
                "index": self.index,
                "cell_id": CELL,
                "exit_description": description,
                "reason": "CRASHED",
                "crash_count": crashes,
            });
            db.record("app.crash", app_party.clone(), app_party.clone(), Some(&space), data.clone());
            db.record("audit.app.process.crash", process, app_party, Some(&space), data);
        });
    }
}

/// A running process and the routes that lead to it.
struct Life<'a> {
    instance: &'a Instance,
    platform: &'a Arc<Platform>,
    guid: Guid,
    port: u16,
    on: Vec<Endpoint>,
}

impl Life<'_> {
    async fn watch(mut self, mut running: Running) -> End {
        let begun = Timestamp::now();
        let spec = &self.instance.spec;
        let mut orders = self.instance.orders.subscribe();
        let retired = orders.borrow().retired;
        let (signs, mut found) = mpsc::channel(4);
        let mut checks = pin!(health::watch(spec.health.clone(), spec.readiness.clone(), self.port, signs));
        let mut checking = true;
        self.log("CELL", Stream::Out, "Starting health monitoring of container");
        let fault = self.platform.faults.crash_after(&spec.app_name);
        let mut fault = pin!(async move {
            match fault {
                Some(after) => sleep(after).await,
                None => std::future::pending().await,
            }
        });
        let mut ready = false;
        let mut faulted = false;
        loop {
            tokio::select! {
                () = running.over() => break,
                () = &mut checks, if checking => checking = false,
                Some(sign) = found.recv() => match sign {
                    Sign::Healthy => {
                        self.log("CELL", Stream::Out, "Container became healthy");
                        self.instance.enter(self.platform, LrpState::Running);
                    }
                    Sign::Ready(is_ready) => {
                        if is_ready && !ready {
                            self.log("CELL", Stream::Out, "Container passed the readiness health check. Container marked ready and added to route pool");
                        } else if ready {
                            self.log("CELL", Stream::Err, "Container failed the readiness health check. Container marked not ready and removed from route pool");
                        }
                        ready = is_ready;
                        let routes = if ready { orders.borrow().routes.clone() } else { Vec::new() };
                        self.route(&routes);
                        self.instance.set(self.platform, |status| status.routable = ready);
                    }
                    Sign::Sick { cause, never_within } => return self.sick(running, begun, &cause, never_within).await,
                },
                () = &mut fault, if !faulted => {
                    faulted = true;
                    running.signal(Signal::KILL);
                }
                _ = orders.changed() => {
                    let now = orders.borrow_and_update().clone();
                    match now.wanted {
                        Wanted::Run if now.retired != retired => {
                            self.stop(running).await;
                            return End::Retired;
                        }
                        Wanted::Run => if ready { self.route(&now.routes) },
                        Wanted::Stop => {
                            self.stop(running).await;
                            return End::Stopped;
                        }
                        Wanted::Kill => {
                            running.signal(Signal::KILL);
                            running.over().await;
                            self.finish(running).await;
                            return End::Stopped;
                        }
                    }
                }
            }
        }
        let code = self.finish(running).await;
        let code = if faulted { 1 } else { code };
        self.log(&spec.source(), Stream::Out, &format!("Exit status {code}"));
        let lived = Timestamp::now().duration_since(begun).unsigned_abs();
        End::Crashed { lived, description: format!("{}: Exited with status {code}", spec.source()) }
    }

    /// Ends an instance that is not well.
    async fn sick(mut self, running: Running, begun: Timestamp, cause: &str, never: Option<Duration>) -> End {
        self.log("HEALTH", Stream::Err, cause);
        let description = if let Some(limit) = never {
            let after = go_duration(limit);
            self.log("CELL", Stream::Err, &format!("Timed out after {after}: health check never passed."));
            format!("Instance never healthy after {after}: {cause}")
        } else {
            self.log("CELL", Stream::Err, "Container became unhealthy");
            format!("Instance became unhealthy: {cause}")
        };
        self.terminate(running).await;
        End::Crashed { lived: Timestamp::now().duration_since(begun).unsigned_abs(), description }
    }

    /// Ends an instance as asked.
    async fn stop(&mut self, running: Running) {
        self.instance.enter(self.platform, LrpState::Stopping);
        self.log("CELL", Stream::Out, &format!("Cell {CELL} stopping instance {}", self.guid));
        let code = self.terminate(running).await;
        self.log(&self.instance.spec.source(), Stream::Out, &format!("Exit status {code}"));
    }

    /// Leaves the routes and sends SIGTERM, in no order that anybody may rely on, then SIGKILL.
    async fn terminate(&mut self, mut running: Running) -> i32 {
        let timing = self.platform.timing();
        self.route(&[]);
        self.instance.set(self.platform, |status| status.routable = false);
        if timeout(timing.term_after_unregister, running.over()).await.is_err() {
            running.signal(Signal::TERM);
            let mut orders = self.instance.orders.subscribe();
            let at_once = async {
                let _ = orders.wait_for(|orders| orders.wanted == Wanted::Kill).await;
            };
            tokio::select! {
                () = running.over() => {}
                () = sleep(timing.graceful_shutdown) => {
                    running.signal(Signal::KILL);
                    running.over().await;
                }
                () = at_once => {
                    running.signal(Signal::KILL);
                    running.over().await;
                }
            }
        }
        running.end().await
    }

    async fn finish(&mut self, running: Running) -> i32 {
        self.route(&[]);
        running.end().await
    }

    /// Makes the router lead these to the instance, and no others.
    fn route(&mut self, to: &[Address]) {
        let spec = &self.instance.spec;
        let wanted: Vec<Endpoint> = to
            .iter()
            .map(|address| Endpoint {
                host: address.host.clone(),
                path: address.path.clone(),
                app_guid: spec.app.to_string(),
                process_guid: spec.key.process.to_string(),
                instance_guid: self.guid.to_string(),
                index: self.instance.index,
                addr: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            })
            .collect();
        for gone in self.on.iter().filter(|one| !wanted.contains(one)) {
            self.platform.router.unregister(gone);
        }
        for new in wanted.iter().filter(|one| !self.on.contains(one)) {
            self.platform.router.register(new.clone());
        }
        self.on = wanted;
    }

    fn log(&self, source: &str, stream: Stream, text: &str) {
        self.instance.log(self.platform, source, stream, text);
    }
}

/// A whole number of seconds as Go prints it: `1m0s`.
fn go_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

//! One index of a process, from its first start through crashes and restarts to its stop.

use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guard::Group;
use jiff::Timestamp;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::logs::Stream;
use crate::platform::{Platform, lock};
use crate::port::Port;
use crate::runtime::cell::Room;
use crate::runtime::codependent::Codependent;
use crate::runtime::launch::{self, Launch, Log, Running};
use crate::runtime::life::Life;
use crate::runtime::lrp::{LrpState, Report, Spec};
use crate::runtime::restart;
use crate::runtime::usage::Usage;
use crate::state::{Guid, HealthCheckKind, Party};

/// The name of this cell in logs.
pub(super) const CELL: &str = "foundry";

/// What leads to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Http { host: String, path: String, route_service_url: Option<String> },
    Tcp { group: Guid, port: u16 },
}

/// What an instance is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Run,
    /// To end for good.
    Stop,
    /// To end for good, and at once.
    Kill,
}

#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) wanted: Wanted,
    /// Grows when the present incarnation is to be replaced.
    pub(super) retired: u64,
    /// Grows when the present incarnation is to crash.
    pub(super) crashed: u64,
    pub(super) routes: Vec<Address>,
}

#[derive(Debug)]
pub(super) struct Status {
    guid: Guid,
    state: LrpState,
    since: Timestamp,
    port: Option<u16>,
    programs: Option<Programs>,
    placement_error: Option<String>,
    pub(super) routable: bool,
    /// Whether it is made to crash, and may not have done so yet.
    doomed: bool,
    /// What the routers were told.
    pub(super) routes: Vec<Address>,
}

/// What runs of an instance.
#[derive(Debug, Clone)]
struct Programs {
    /// The process groups of its process and of its sidecars.
    groups: Vec<u32>,
    since: Timestamp,
    /// The bytes of its files.
    disk: u64,
}

/// One index of a version of a process.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) spec: Arc<Spec>,
    pub(super) index: u32,
    status: Mutex<Status>,
    pub(super) orders: watch::Sender<Orders>,
}

/// How an incarnation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
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
            programs: None,
            placement_error: None,
            routable: false,
            doomed: false,
            routes: Vec::new(),
        };
        let orders = Orders { wanted: Wanted::Run, retired: 0, crashed: 0, routes };
        Self { spec, index, status: Mutex::new(status), orders: watch::Sender::new(orders) }
    }

    pub(super) fn report(&self) -> Report {
        let status = lock(&self.status);
        let programs = status.programs.clone();
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
        let usage = programs.map(|one| Usage::of(&one.groups, one.since, one.disk)).unwrap_or_default();
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

    pub(super) fn crash(&self) {
        self.doom();
        self.orders.send_modify(|orders| orders.crashed += 1);
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

    pub(super) fn set(&self, platform: &Platform, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.status));
        platform.cell.changed();
    }

    pub(super) fn enter(&self, platform: &Platform, state: LrpState) {
        self.set(platform, |status| {
            status.state = state;
            status.since = Timestamp::now();
        });
    }

    pub(super) fn state(&self) -> LrpState {
        lock(&self.status).state
    }

    /// Tells that it is made to crash.
    pub(super) fn doom(&self) {
        lock(&self.status).doomed = true;
    }

    /// Whether neither its process nor a sidecar has ended, noticed or not, and none is made to.
    pub(super) fn is_alive(&self) -> bool {
        let status = lock(&self.status);
        // They stay to be collected by whoever watches the instance.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let lives = |group: &u32| {
            let leader = i32::try_from(*group).ok().and_then(Pid::from_raw);
            leader.is_some_and(|leader| matches!(waitid(WaitId::Pid(leader), look), Ok(None)))
        };
        let runs = status.programs.as_ref().is_some_and(|programs| programs.groups.iter().all(lives));
        let port = status.port.filter(|_| self.spec.health.kind != HealthCheckKind::Process);
        // Of a process that ends its connections are seen to end before it does.
        runs && !status.doomed && port.is_none_or(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    /// Whether its process runs, well or not.
    pub(super) fn has_process(&self) -> bool {
        lock(&self.status).programs.is_some()
    }

    /// Whether it is well and takes requests.
    pub(super) fn is_routable(&self) -> bool {
        let status = lock(&self.status);
        status.state == LrpState::Running && status.routable
    }

    /// What the routers were told of it last.
    pub(super) fn routes(&self) -> Vec<Address> {
        lock(&self.status).routes.clone()
    }

    fn guid(&self) -> Guid {
        lock(&self.status).guid.clone()
    }

    pub(super) fn log(&self, platform: &Platform, source: &str, stream: Stream, text: &str) {
        platform.logs.append(&self.spec.app, source, &self.index.to_string(), stream, text);
    }

    /// Lives until it is dismissed. The cell has forgotten it when this resolves.
    pub(super) async fn live(self: Arc<Self>, platform: Arc<Platform>) {
        let guard = platform.delay_shutdown();
        let mut crashes = 0;
        while let Some(room) = self.place(&platform).await {
            let end = self.incarnate(&platform).await;
            drop(room);
            match end {
                End::Stopped => break,
                End::Retired => crashes = 0,
                End::Crashed { lived, description } => {
                    crashes = if lived >= restart::FORGIVEN_AFTER { 1 } else { crashes + 1 };
                    platform.epochs.atomically(|| {
                        // One that is to end anyway may belong to a state that is no more.
                        if !self.is_stopping() {
                            self.record_crash(&platform, crashes, &description);
                        }
                    });
                    let wait = restart::delay(crashes, platform.timing().crash_backoff);
                    // Nobody sees one crashed that starts again at once. (`bbs`: `CrashActualLRP`.)
                    let state = if wait == Some(Duration::ZERO) { LrpState::Unclaimed } else { LrpState::Crashed };
                    self.enter(&platform, state);
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
        drop(guard);
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
            status.doomed = false;
        });
        let crashed = |what: &str, error: &io::Error| {
            self.log(platform, "CELL", Stream::Err, &format!("{what}: {error}"));
            End::Crashed { lived: Duration::ZERO, description: format!("{what}: {error}") }
        };
        self.log(platform, "CELL", Stream::Out, &format!("Cell {CELL} creating container for instance {guid}"));
        let port = match Port::claim() {
            Ok(port) => port,
            Err(error) => return crashed("no port", &error),
        };
        let before = self.orders.borrow().crashed;
        let to_launch = |command, environment| Launch {
            guid: &guid,
            droplet: &self.spec.droplet,
            command,
            environment: launch::instance_environment(environment, &guid, self.index, port.number()),
        };
        let process = to_launch(&self.spec.command, &self.spec.environment);
        // Copying and spawning block for milliseconds; the pool has threads for that.
        let container = match tokio::task::block_in_place(|| platform.cell.container(&process)) {
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
        let sidecars = self.spec.sidecars.iter().map(|sidecar| to_launch(&sidecar.command, &sidecar.environment));
        // Where one of them cannot be started the others end with their groups.
        let launched = tokio::task::block_in_place(|| {
            let process = platform.cell.launch(&process, &container)?;
            let sidecars: io::Result<Vec<Group>> =
                sidecars.map(|sidecar| platform.cell.launch(&sidecar, &container)).collect();
            Ok((process, sidecars?))
        });
        let (process, sidecars) = match launched {
            Ok(launched) => launched,
            Err(error) => return crashed("failed to start process", &error),
        };
        let disk = launch::disk(container.path());
        let log =
            |source| Log { platform: Arc::clone(platform), app: self.spec.app.clone(), source, instance: self.index };
        let own = log(self.spec.source());
        let process = Running::new(process, &own).served(&container, port.number(), &own);
        let sidecars = sidecars
            .into_iter()
            .zip(&self.spec.sidecars)
            .map(|(group, sidecar)| Running::new(group, &log(sidecar.source.clone())));
        let running = Codependent::new(process, sidecars);
        self.set(platform, |status| {
            status.port = Some(port.number());
            status.programs = Some(Programs { groups: running.ids(), since: Timestamp::now(), disk });
        });
        let end = Life {
            instance: self,
            platform,
            guid: guid.clone(),
            port: port.number(),
            on: Vec::new(),
            on_ports: Vec::new(),
            crashed: before,
        };
        let end = end.watch(running).await;
        self.set(platform, |status| {
            status.port = None;
            status.programs = None;
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
            let process = Party::new("process", &spec.key.process, &spec.kind);
            let app_party = Party::new("app", &spec.app, &name);
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

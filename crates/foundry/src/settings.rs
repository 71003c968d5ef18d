//! What a foundry is started with.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use crate::images::Images;
use crate::router::RouterSettings;

pub use crate::state::ReservablePorts;

/// What a foundry is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The administrator's user name.
    pub user: String,
    /// The administrator's password.
    pub password: String,
    /// The shared domains; the first is the default for routes.
    pub domains: Vec<String>,
    /// The domain of the platform's own parts. With one they are `api.DOMAIN`, `uaa.DOMAIN` and `log-cache.DOMAIN` to
    /// the routers, for clients that take those for their HTTP proxy; without, each is known by its address.
    pub system_domain: Option<String>,
    /// The shared internal domain, for traffic between apps.
    pub internal_domain: Option<String>,
    /// The ports of the router group `default-tcp`, whose routes are listened on at 127.0.0.1. Nothing fails where a
    /// port is not to be had: foundries side by side that use the same ports should have ranges of their own.
    pub tcp_ports: ReservablePorts,
    /// The organization that is there from the start.
    pub org: String,
    /// The space that is there from the start.
    pub space: String,
    /// The memory of an app that asks for none, in MB. (`cloud_controller_ng`: `default_app_memory`.)
    pub default_app_memory_in_mb: u64,
    /// The limits of the quota `default`, which organizations get.
    pub quota: Limits,
    /// A client of UAA that logs in as itself, with an administrator's rights: its id and its secret.
    pub client: (String, String),
    /// How tokens are made.
    pub tokens: TokenPolicy,
    /// The durations at the start.
    pub timing: Timing,
    /// How many routers share the work; before several stands a load balancer.
    pub routers: usize,
    /// Each router; its propagation delay is changed through [`Foundry::routers`](super::Foundry::routers).
    pub router: RouterSettings,
    /// The memory of the cell, in MB: instances that do not fit are DOWN until there is room. `None` is no limit.
    pub cell_memory_in_mb: Option<u64>,
    /// The images that apps can run.
    pub images: Images,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user: "admin".to_owned(),
            password: "admin".to_owned(),
            domains: vec!["apps.foundry.test".to_owned()],
            system_domain: None,
            internal_domain: Some("apps.internal".to_owned()),
            // Ten, in a deployment as it comes (`cf-deployment`: 1024-1033). A hundred are as many as the default quota
            // allows, so that random ports of several foundries seldom meet; and no system gives them to others by
            // itself.
            tcp_ports: ReservablePorts::range(1024, 1123),
            org: "acme".to_owned(),
            space: "production".to_owned(),
            default_app_memory_in_mb: 1024,
            quota: Limits::default(),
            client: ("robot".to_owned(), "secret-of-the-robot".to_owned()),
            tokens: TokenPolicy::default(),
            timing: Timing::default(),
            routers: 1,
            router: RouterSettings::default(),
            cell_memory_in_mb: None,
            images: Images::default(),
        }
    }
}

/// The limits of a quota; `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all started processes and running tasks, in MB.
    pub total_memory_in_mb: Option<u64>,
    /// Memory of one instance, in MB.
    pub per_process_memory_in_mb: Option<u64>,
    /// Instances of all started processes.
    pub total_instances: Option<u64>,
    /// Routes.
    pub total_routes: Option<u64>,
    /// Routes with a port.
    pub total_reserved_ports: Option<u64>,
    /// Service instances.
    pub total_service_instances: Option<u64>,
}

impl Default for Limits {
    /// The limits of the `default` quota of a fresh foundation.
    /// (`capi-release`: `cc.quota_definitions`; `cf-deployment` leaves it as it is.)
    fn default() -> Self {
        Self {
            total_memory_in_mb: Some(102_400),
            per_process_memory_in_mb: None,
            total_instances: None,
            total_routes: Some(1000),
            total_reserved_ports: Some(100),
            total_service_instances: None,
        }
    }
}

/// How differently long calls take: of calls that are made at the same time another one is answered first for each seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jitter {
    /// The longest that one takes.
    pub most: Duration,
    /// What the times hang on, together with how many calls there were before.
    pub seed: u64,
}

impl Jitter {
    /// How long the call of that number takes.
    pub(crate) fn of(self, number: usize) -> Duration {
        if self.most.is_zero() {
            return Duration::ZERO;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, number).hash(&mut hasher);
        self.most * u32::from(hasher.finish().to_le_bytes()[0]) / u32::from(u8::MAX)
    }
}

/// Durations that can be changed while the foundry runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Added to each call of the control plane, before its effect.
    pub call_latency: Duration,
    /// What each call takes beside that, from call to call something else.
    pub call_jitter: Jitter,
    /// How long staging takes at least.
    pub staging: Duration,
    /// How long a staging waits at the most until somebody has read all of its log. cf reads until the staging has ended, so that
    /// without it the machine's speed says how much of the log cf prints.
    pub staging_is_read: Duration,
    /// How long an instance takes at least from its start to its first health check.
    pub start: Duration,
    /// How long an instance that is told to stop stays after it has been taken off its routes, before it gets SIGTERM.
    /// Zero: nobody orders the two, as on Diego without route integrity.
    pub term_after_unregister: Duration,
    /// How long an instance has between SIGTERM and SIGKILL. (Diego: 10 s.)
    pub graceful_shutdown: Duration,
    /// The first wait before a crashed instance is started again; it doubles. (Diego: 30 s, after three crashes.)
    pub crash_backoff: Duration,
    /// How often deployments go on. (`cloud_controller_ng`: `deployment_updater.update_frequency_in_seconds` is 5.)
    pub deployment_tick: Duration,
    /// How long an asynchronous job stays in processing. Zero: done when the 202 is sent.
    pub job: Duration,
    /// How long the managed service broker takes to create and delete an instance.
    pub service_operation: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            call_latency: Duration::ZERO,
            call_jitter: Jitter::default(),
            staging: Duration::ZERO,
            staging_is_read: Duration::ZERO,
            start: Duration::ZERO,
            term_after_unregister: Duration::ZERO,
            graceful_shutdown: Duration::from_secs(10),
            crash_backoff: Duration::from_secs(30),
            deployment_tick: Duration::from_secs(1),
            job: Duration::ZERO,
            service_operation: Duration::from_secs(1),
        }
    }
}

/// How tokens are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPolicy {
    /// How long an access token is good. cf asks for a new one when less than a minute is left.
    pub access: Duration,
    /// How long a refresh token is good.
    pub refresh: Duration,
    /// Whether a refresh token is good once only, and its use gives a new one.
    /// (UAA: `jwt.token.refresh.rotate`, off by default.)
    pub rotate: bool,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self { access: Duration::from_secs(600), refresh: Duration::from_secs(30 * 24 * 3600), rotate: false }
    }
}

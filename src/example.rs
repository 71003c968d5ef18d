//! A plan's app and the space that it lives in, as the tests of steps, proofs and commands take them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::plan::{self, Disk, Files, Lifecycle, Plan, Protocol};
use crate::settings::Settings;
use crate::space::Verb;
use crate::space::lock::{Lock, ProcessId};
use crate::space::{
    App, AppState, Binding, Destination, Domain, Droplet, Found, Instance, InstanceState, Named, Package, Process,
    Quota, QuotaScope, Route, ServiceInstance, Source, SourceDroplet, Space, Usage,
};
use crate::steps::annotations::{self, Extent, Identity, Role};
use crate::steps::input::{CompileInput, Failed};
use crate::steps::refusal::Refusal;
use crate::steps::upload::Upload;
use crate::steps::{self, Request, Step};

/// What every plan's manifest says.
const MANIFEST: &str = "applications:\n- name: shop\n  memory: 256M\n  instances: 2\n";

/// The files of a plan: its own text, its manifest, and whatever is to be uploaded.
struct Memory<'a> {
    plan: &'a str,
    manifest: String,
}

impl Files for Memory<'_> {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        Ok(if file.ends_with("manifest.yml") { &self.manifest } else { self.plan }.as_bytes().to_vec())
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }

    fn real(&self, path: &Path) -> PathBuf {
        Disk.real(path)
    }
}

/// A plan of this text.
pub(crate) fn plan(text: &str) -> Plan {
    plan_and_manifest(text, "")
}

/// A plan of this text whose manifest says this, too.
pub(crate) fn plan_and_manifest(text: &str, more: &str) -> Plan {
    let files = Memory { plan: text, manifest: format!("{MANIFEST}{more}") };
    plan::load(Path::new("deploy.yaml"), None, &files).unwrap()
}

/// A deployment of all apps of a plan, with files for each.
pub(crate) fn request(plan: &Plan, verb: Verb) -> Request {
    Request {
        verb,
        identity: identity(),
        extent: Extent::Whole,
        failed: Failed::Stop,
        locks: Vec::new(),
        uploads: plan.apps.iter().map(|app| (app.name.clone(), upload())).collect(),
    }
}

/// What a verb does to the first app of a plan.
pub(crate) fn compile(plan: &Plan, verb: Verb, space: &Space) -> Result<Vec<Step>, Refusal> {
    let (identity, upload) = (identity(), upload());
    let input = CompileInput {
        plan,
        app: &plan.apps[0],
        identity: &identity,
        extent: &Extent::Whole,
        upload: Some(&upload),
        begun: None,
        failed: Failed::Stop,
    };
    steps::compile(verb, &input, space)
}

/// Has each step wait for the one before it.
pub(crate) fn chain(steps: &mut [Step]) {
    let ids: Vec<String> = steps.iter().map(|step| step.id.clone()).collect();
    for (at, step) in steps.iter_mut().enumerate() {
        step.after = ids[at.saturating_sub(1)..at].to_vec();
    }
}

/// Which deployment it is.
pub(crate) fn identity() -> Identity {
    Identity {
        id: "20261123-104500-0badcafe".to_owned(),
        by: "ada on build-7".to_owned(),
        at: "2026-11-23T10:45:00Z".to_owned(),
    }
}

/// What is uploaded.
pub(crate) fn upload() -> Upload {
    Upload::new(BTreeMap::from([("server.js".into(), [1; 32])]), BTreeSet::new())
}

/// An app that was pushed and staged, with so many web instances, all of which run where it is started.
pub(crate) fn app(name: &str, started: bool, instances: u32, role: Option<Role>) -> App {
    let running = |index| Instance { index, id: None, uptime: None, state: InstanceState::Running, details: None };
    App {
        guid: format!("guid-{name}"),
        name: name.to_owned(),
        state: if started { AppState::Started } else { AppState::Stopped },
        lifecycle: Some(Lifecycle::Buildpack),
        annotations: role.map(|role| (annotations::ROLE.to_owned(), role.as_str().to_owned())).into_iter().collect(),
        processes: vec![Process {
            guid: format!("web-{name}"),
            kind: "web".to_owned(),
            instances,
            memory_mb: 256,
            states: if started { (0..instances).map(running).collect() } else { Vec::new() },
            ends_unseen: false,
        }],
        package: Some(Package { guid: format!("package-{name}"), ready: true }),
        older_packages: Vec::new(),
        droplet: Some(format!("droplet-{name}")),
        staged: Some(Droplet {
            guid: format!("droplet-{name}"),
            package: Some(format!("package-{name}")),
            checksum: None,
        }),
        tasks: Vec::new(),
        bindings: vec![Binding::of("db")],
        stack: None,
        settings: Some(Settings::of_new_app()),
    }
}

/// The droplet of an app that was tested in another space, for an app of a plan.
pub(crate) fn source(plan_app: &str) -> Source {
    let droplet = SourceDroplet {
        app: "shop_b".to_owned(),
        guid: "d-tested".to_owned(),
        checksum: Some("c0ffee".to_owned()),
        lifecycle: Some(Lifecycle::Buildpack),
        stack: Some("cflinuxfs4".to_owned()),
        buildpacks: vec!["ruby_buildpack 1.10.27".to_owned()],
        created_at: "2026-11-30T09:00:00Z".to_owned(),
        processes: vec!["web".to_owned(), "worker".to_owned()],
    };
    Source {
        plan_app: plan_app.to_owned(),
        org: "acme".to_owned(),
        space: "staging".to_owned(),
        found: Found::Droplet(droplet),
    }
}

/// A quota of the space that limits nothing, and of which nothing is used.
pub(crate) fn unlimited() -> Quota {
    Quota {
        name: "small".to_owned(),
        scope: QuotaScope::Space,
        memory_mb: None,
        instance_memory_mb: None,
        instances: None,
        routes: None,
        reserved_ports: None,
        log_rate: None,
        used: Usage::default(),
    }
}

/// A route that leads to an app.
pub(crate) fn route(url: &str, app: &str) -> Route {
    let to = Destination::web(&format!("guid-{app}"), Protocol::Http1);
    Route { guid: format!("guid-{url}"), url: url.to_owned(), destinations: vec![to], shared_by: None, options: None }
}

/// A space with these apps, and which route leads to which of them.
pub(crate) fn space<'a>(apps: Vec<App>, leads: impl IntoIterator<Item = (&'a str, &'a str)>) -> Space {
    let mut routes: BTreeMap<&str, Route> = BTreeMap::new();
    for (url, app) in leads {
        let led = route(url, app);
        routes.entry(url).and_modify(|route| route.destinations.extend(led.destinations.clone())).or_insert(led);
    }
    Space {
        format: 1,
        cf: "8.17.0".to_owned(),
        api: "https://api.example.com".to_owned(),
        org: Named { guid: "guid-acme".to_owned(), name: "acme".to_owned() },
        space: Named { guid: "guid-production".to_owned(), name: "production".to_owned() },
        domains: vec![Domain {
            guid: "guid-domain".to_owned(),
            name: "example.com".to_owned(),
            internal: false,
            private: true,
            tcp: false,
            for_apps_only: false,
        }],
        apps,
        routes: routes.into_values().collect(),
        services: vec![ServiceInstance {
            guid: "guid-db".to_owned(),
            name: "db".to_owned(),
            ready: true,
            operation: None,
        }],
        ..Space::default()
    }
}

/// A lock that a run on another machine holds.
pub(crate) fn lock() -> Lock {
    let at = |text: &str| text.parse().ok();
    Lock {
        guid: "g-1".to_owned(),
        app: "shop".to_owned(),
        deployment: "d-7".to_owned(),
        plan: "p-1".to_owned(),
        by: "jo on build-3".to_owned(),
        at: "2026-11-24T10:00:00Z".to_owned(),
        heartbeat: at("2026-11-24T10:05:00Z"),
        process: ProcessId::parse("b00t pid:[1] 17 4711"),
        step: "shop/start".to_owned(),
        step_since: at("2026-11-24T10:05:05Z"),
        take_over: String::new(),
        verb: Some(Verb::Apply),
        nonce: "n-1".to_owned(),
        is_an_app: false,
    }
}

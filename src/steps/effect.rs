//! What a step does to the model of the space, if it succeeds.
//!
//! The law that a test holds: after the effect of a step, the step's own condition holds.

use crate::space::{App, AppState, Destination, Droplet, Instance, InstanceState, Package, Process, Route, Space};

use super::size::DEFAULT_MEMORY_MB;
use super::{Action, Size};

impl Action {
    /// Changes the model as the step changes the space.
    pub fn apply(&self, space: &mut Space) {
        let name = self.app().to_owned();
        match self {
            Self::Create { kind, .. } => {
                let app = created(space, &name);
                app.lifecycle = Some(kind.lifecycle());
                if app.web().is_none() {
                    // CC: a new app has a web process with one instance.
                    resize(app, Size { instances: 1, memory_mb: DEFAULT_MEMORY_MB });
                }
            }
            Self::Push { size, others, before, .. } => {
                let app = created(space, &name);
                app.package =
                    Some(Package { guid: format!("after {}", before.as_deref().unwrap_or("none")), ready: true });
                app.state = AppState::Stopped;
                resize(app, *size);
                for other in others {
                    app.processes.retain(|process| process.kind != other.kind);
                    app.processes.push(other.clone());
                }
                let guid = app.guid.clone();
                for route in &mut space.routes {
                    route.destinations.retain(|to| to.app != guid);
                }
            }
            Self::Annotate { annotations, .. } => {
                let app = created(space, &name);
                for (key, value) in annotations.iter() {
                    match value {
                        Some(value) => app.annotations.insert(key.to_owned(), value.to_owned()),
                        None => app.annotations.remove(key),
                    };
                }
            }
            Self::Bind { service, .. } => {
                let app = created(space, &name);
                if !app.bindings.iter().any(|bound| bound == service.as_str()) {
                    app.bindings.push(service.to_string());
                }
            }
            Self::Map { url, .. } => {
                let guid = created(space, &name).guid.clone();
                let to = Destination { app: guid.clone(), process: "web".to_owned() };
                match space.routes.iter_mut().find(|route| route.is(url)) {
                    Some(route) if route.leads_to(&guid) => {}
                    Some(route) => route.destinations.push(to),
                    None => {
                        let guid = format!("route {url}");
                        space.routes.push(Route {
                            guid,
                            url: url.to_string(),
                            destinations: vec![to],
                            shared_by: None,
                        });
                    }
                }
            }
            Self::Unmap { url, .. } => {
                let guid = created(space, &name).guid.clone();
                for route in space.routes.iter_mut().filter(|route| route.is(url)) {
                    route.destinations.retain(|to| to.app != guid);
                }
            }
            Self::Stage { .. } => {
                let app = created(space, &name);
                let package = app.package.as_ref().map(|package| package.guid.clone());
                app.staged =
                    Some(Droplet { guid: format!("droplet of {}", package.as_deref().unwrap_or("none")), package });
            }
            Self::SetDroplet { .. } => {
                let app = created(space, &name);
                app.droplet = app.staged.as_ref().map(|droplet| droplet.guid.clone());
            }
            Self::Scale { instances, .. } => {
                let app = created(space, &name);
                if let Some(web) = app.web_mut() {
                    web.instances = *instances;
                }
            }
            Self::Start { .. } => start(created(space, &name)),
            Self::Stop { .. } => {
                let app = created(space, &name);
                app.state = AppState::Stopped;
                for process in &mut app.processes {
                    process.states.clear();
                }
            }
            Self::Delete { .. } => {
                let guid = created(space, &name).guid.clone();
                space.apps.retain(|app| app.guid != guid);
                for route in &mut space.routes {
                    route.destinations.retain(|to| to.app != guid);
                }
            }
            Self::Check { .. } | Self::Drain { .. } => {}
        }
    }
}

/// The app of that name, which a push creates where it is missing.
fn created<'a>(space: &'a mut Space, name: &str) -> &'a mut App {
    let index = space.apps.iter().position(|app| app.name == name).unwrap_or_else(|| {
        space.apps.push(App {
            guid: format!("app {name}"),
            name: name.to_owned(),
            state: AppState::Stopped,
            lifecycle: None,
            annotations: std::collections::BTreeMap::new(),
            processes: Vec::new(),
            package: None,
            droplet: None,
            staged: None,
            bindings: Vec::new(),
            stack: None,
        });
        space.apps.len() - 1
    });
    &mut space.apps[index]
}

/// Every instance of every process runs.
fn start(app: &mut App) {
    app.state = AppState::Started;
    let name = &app.name;
    for process in &mut app.processes {
        let running = |index| Instance {
            index,
            id: Some(format!("{name} {index}")),
            uptime: None,
            state: InstanceState::Running,
            details: None,
        };
        process.states = (0..process.instances).map(running).collect();
    }
}

fn resize(app: &mut App, size: Size) {
    match app.web_mut() {
        Some(web) => {
            web.instances = size.instances;
            web.memory_mb = size.memory_mb;
            web.states.clear();
        }
        None => app.processes.push(Process {
            guid: format!("web of {}", app.name),
            kind: "web".to_owned(),
            instances: size.instances,
            memory_mb: size.memory_mb,
            states: Vec::new(),
        }),
    }
}

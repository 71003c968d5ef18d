//! Apps in the model of a space, as actions change them.

use crate::settings::{ProcessSetting, Setting, WEB};
use crate::space::{App, Binding, Process, Space};
use crate::steps::sizing::{Declared, Size};

/// The app of that name, which is made where it is missing.
pub(super) fn app<'a>(space: &'a mut Space, name: &str) -> &'a mut App {
    let index = space.apps.iter().position(|app| app.name == name).unwrap_or_else(|| {
        space.apps.push(App::new(&format!("app {name}"), name));
        space.apps.len() - 1
    });
    &mut space.apps[index]
}

/// Gives an app a web process of that size.
pub(super) fn resize(app: &mut App, size: Size) {
    match app.web_mut() {
        Some(web) => {
            web.instances = size.instances;
            web.memory_mb = size.memory_mb;
            web.states.clear();
        }
        None => app.processes.push(Process {
            guid: format!("web of {}", app.name),
            kind: WEB.to_owned(),
            instances: size.instances,
            memory_mb: size.memory_mb,
            states: Vec::new(),
            ends_unseen: false,
        }),
    }
}

/// What a manifest makes of an app, applied without routes.
pub(super) fn apply_manifest(space: &mut Space, name: &str, declared: &Declared) {
    let app = app(space, name);
    resize(app, declared.size);
    for other in &declared.others {
        app.processes.retain(|process| process.kind != other.kind);
        app.processes.push(other.clone());
    }
    for (setting, is) in declared.settings.iter() {
        match setting {
            // What is bound already stays as it is (CC: `app_apply_manifest.rb`).
            Setting::Binding(service) if app.is_bound(service) => {}
            Setting::Binding(service) => app.bindings.push(Binding::of(service)),
            Setting::Process(_, ProcessSetting::Instances | ProcessSetting::Memory) => {}
            setting => app.set(setting.clone(), is.clone()),
        }
    }
    let guid = app.guid.clone();
    take_off_routes(space, &guid);
}

/// Takes all routes off the app of that guid.
pub(super) fn take_off_routes(space: &mut Space, guid: &str) {
    for route in &mut space.routes {
        route.destinations.retain(|to| to.app != guid);
    }
}

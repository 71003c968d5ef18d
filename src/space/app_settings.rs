//! What an app is set to, wherever the model holds it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::app::App;
use super::process::Process;
use crate::settings::{Is, ProcessSetting, Setting, WEB};

/// The memory of an instance where nobody says (CC: `default_app_memory`), in megabytes.
pub(crate) const DEFAULT_MEMORY_MB: u64 = 1024;
impl App {
    /// What the app is set to, with the sizes of its processes; nothing where that is not known.
    pub(crate) fn all_settings(&self) -> BTreeMap<Setting, Is> {
        let Some(settings) = &self.settings else { return BTreeMap::new() };
        let sizes = self.newest_processes().flat_map(|process| {
            let of = |setting, value: Value| (Setting::Process(process.kind.clone(), setting), Is::Set(value));
            [
                of(ProcessSetting::Instances, process.instances.into()),
                of(ProcessSetting::Memory, process.memory_mb.into()),
            ]
        });
        let bindings = self.bindings.iter().map(|binding| (Setting::Binding(binding.service.clone()), bound()));
        let told = settings.iter().map(|(setting, is)| (setting.clone(), is.clone()));
        told.chain(sizes).chain(bindings).collect()
    }

    /// What something is set to.
    pub(crate) fn setting(&self, setting: &Setting) -> Is {
        match setting {
            Setting::Process(kind, ProcessSetting::Instances) => self.size_of(kind, |process| process.instances.into()),
            Setting::Process(kind, ProcessSetting::Memory) => self.size_of(kind, |process| process.memory_mb.into()),
            Setting::Binding(service) if self.is_bound(service) => bound(),
            Setting::Binding(_) => Is::Unset,
            setting => self.settings.as_ref().map_or(Is::Untold, |settings| settings.get(setting).clone()),
        }
    }

    /// Sets something.
    pub(crate) fn set(&mut self, setting: Setting, is: Is) {
        let number = |is: &Is| match is {
            Is::Set(value) => value.as_u64(),
            Is::Untold | Is::Unset => None,
        };
        match &setting {
            Setting::Process(kind, ProcessSetting::Instances) => {
                if let Some(instances) = number(&is).and_then(|count| u32::try_from(count).ok()) {
                    self.make_process(kind).instances = instances;
                }
            }
            Setting::Process(kind, ProcessSetting::Memory) => {
                if let Some(memory_mb) = number(&is) {
                    self.make_process(kind).memory_mb = memory_mb;
                }
            }
            _ => {
                if let Some(settings) = &mut self.settings {
                    settings.set(setting, is);
                }
            }
        }
    }

    /// Whether it has a process of that type.
    pub(crate) fn has_process(&self, kind: &str) -> bool {
        self.process(kind).is_some()
    }

    /// Of each type the newest process.
    fn newest_processes(&self) -> impl Iterator<Item = &Process> {
        let is_first = |at: usize, kind: &str| self.processes.iter().take(at).all(|earlier| earlier.kind != kind);
        self.processes.iter().enumerate().filter(move |(at, process)| is_first(*at, &process.kind)).map(|(_, one)| one)
    }

    fn size_of(&self, kind: &str, size: impl Fn(&Process) -> Value) -> Is {
        self.process(kind).map_or(Is::Unset, |process| Is::Set(size(process)))
    }

    /// The process of that type; where there is none, one as a droplet brings it. CC: it has no instances unless it is `web`.
    pub(crate) fn make_process(&mut self, kind: &str) -> &mut Process {
        let at = self.processes.iter().position(|process| process.kind == kind).unwrap_or_else(|| {
            let guid = format!("new {kind}");
            let instances = u32::from(kind == WEB);
            self.processes.push(Process {
                guid,
                kind: kind.to_owned(),
                instances,
                memory_mb: DEFAULT_MEMORY_MB,
                ..Process::default()
            });
            if let Some(settings) = &mut self.settings {
                settings.add_process(kind);
            }
            self.processes.len() - 1
        });
        &mut self.processes[at]
    }
}

/// What a binding is set to: whatever else there is to know of it, it is there.
fn bound() -> Is {
    Is::Set(true.into())
}

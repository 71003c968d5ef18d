//! The droplet of another app, which an app of the plan is to run: whether it can be had; and what is applied beside a droplet.

use serde_json::{Map, Value, json};

use crate::plan::{self, AppName, Lifecycle};
use crate::secret::Sensitive;
use crate::settings::WEB;
use crate::space::{Source, SourceDroplet, Space};

use super::refusal::{PlatformRefusal, Refusal};
use super::sizing::Sizing;

/// A droplet that is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Copied<'s> {
    /// The droplet.
    pub(super) droplet: &'s SourceDroplet,
    /// The digest of its content in hex.
    pub(super) checksum: &'s str,
    source: &'s Source,
}

impl Copied<'_> {
    /// Whose it is, and what it is, in words.
    pub(super) fn told(&self) -> String {
        format!("{} in {} ({})", self.droplet.app, self.source.place(), self.droplet)
    }
}

/// The droplet that is copied for an app of the plan; `None` where none is. Refuses where it cannot be had, or does not fit.
pub(super) fn of<'s>(app: &plan::App, space: &'s Space) -> Result<Option<Copied<'s>>, Refusal> {
    let Some(from) = &app.from else { return Ok(None) };
    let refuse = |why: String| Err(Refusal::Platform(PlatformRefusal::NoSource { name: app.name.clone(), why }));
    let Some(source) = space.sources.iter().find(|source| source.plan_app == app.name.as_str()) else {
        return refuse(format!("nothing is known of {from}"));
    };
    let droplet = match source.droplet() {
        Ok(droplet) => droplet,
        Err(why) => return refuse(why),
    };
    let whose = format!("the droplet of {} in {}", droplet.app, source.place());
    match droplet.lifecycle {
        Some(Lifecycle::Buildpack) => {}
        // CC (`droplet_copy.rb`): the app that it is copied to must have the same, and a droplet of an image is nothing but its
        // name.
        Some(Lifecycle::Docker) => {
            return refuse(format!("{whose} is a docker image: name that in the manifest (docker: {{image: …}})"));
        }
        Some(Lifecycle::Cnb) => {
            return refuse(format!(
                "{whose} was made by Cloud Native Buildpacks, and the platform copies none of those"
            ));
        }
        None => return refuse(format!("{whose} was made in a way that cutover does not know")),
    }
    match (&app.manifest.app.stack, &droplet.stack) {
        (Some(wanted), Some(has)) if wanted != has => {
            return refuse(format!("{whose} is for stack {has}, and the manifest names {wanted}"));
        }
        (Some(_) | None, _) => {}
    }
    match &droplet.checksum {
        Some(checksum) => Ok(Some(Copied { droplet, checksum, source })),
        None => {
            refuse(format!("the platform does not tell a digest of {whose}, so that nothing could confirm its copy"))
        }
    }
}

/// What is applied of the manifest to an app that gets a droplet: its application under the name of the app, without routes, as
/// large as it is to be, and on the stack that the droplet is for, where that is known. (CC: the stack of the app is what a
/// droplet runs on, `desired_lrp_builder.rb`.)
pub(super) fn manifest(app: &plan::App, next: &AppName, sized: &Sizing, stack: Option<&str>) -> Sensitive {
    let Value::Object(mut whole) = app.manifest.app.asked_of(next.as_str()) else { return Sensitive::new("") };
    whole.insert("no-route".to_owned(), true.into());
    if let (true, Some(stack)) = (whole.get("stack").is_none_or(Value::is_null), stack) {
        whole.insert("stack".to_owned(), stack.into());
    }
    let mut processes = match whole.remove("processes") {
        Some(Value::Array(processes)) => processes,
        Some(_) | None => Vec::new(),
    };
    set(&mut processes, WEB, "instances", sized.declared.size.instances.into());
    if let Some(memory_mb) = sized.push.memory_mb {
        set(&mut processes, WEB, "memory", format!("{memory_mb}M").into());
    }
    for other in &app.manifest.app.others {
        if let Some(instances) = other.instances {
            set(&mut processes, &other.process_type, "instances", instances.into());
        }
    }
    whole.insert("processes".to_owned(), Value::Array(processes));
    Sensitive::new(json!({ "applications": [whole] }).to_string())
}

/// Sets a key of a process of a manifest.
fn set(processes: &mut Vec<Value>, kind: &str, key: &str, value: Value) {
    let at = processes.iter().position(|process| process["type"] == kind).unwrap_or_else(|| {
        processes.push(Value::Object(Map::from_iter([("type".to_owned(), kind.into())])));
        processes.len() - 1
    });
    processes[at][key] = value;
}

#[cfg(test)]
mod tests;

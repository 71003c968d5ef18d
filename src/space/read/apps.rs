//! Apps, their processes and instances, packages and droplets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Link, Links, ToOne, Unreadable, parse, parse_all};
use crate::plan::Lifecycle;
use crate::space::{App, AppState, Droplet, Instance, InstanceState, Package, Process, SourceDroplet};

/// Reads apps from `/v3/apps`, without what other endpoints tell of them, each with whether the answer tells its
/// current droplet (older APIs do not).
pub fn apps(path: &str, resources: &[Value]) -> Result<Vec<(App, bool)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        state: AppState,
        lifecycle: Option<RawLifecycle>,
        #[serde(default)]
        metadata: Metadata,
        #[serde(default)]
        relationships: Relationships,
    }
    #[derive(Deserialize, Default)]
    struct LifecycleData {
        stack: Option<String>,
    }
    #[derive(Deserialize)]
    struct RawLifecycle {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        data: LifecycleData,
    }
    #[derive(Deserialize, Default)]
    struct Metadata {
        #[serde(default)]
        annotations: BTreeMap<String, Option<String>>,
    }
    #[derive(Deserialize, Default)]
    struct Relationships {
        current_droplet: Option<ToOne>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let app = |raw: Raw| {
        let knows_droplet = raw.relationships.current_droplet.is_some();
        let app = App {
            guid: raw.guid,
            name: raw.name,
            state: raw.state,
            lifecycle: raw.lifecycle.as_ref().and_then(|has| Lifecycle::parse(&has.kind)),
            annotations: raw.metadata.annotations.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            processes: Vec::new(),
            package: None,
            older_packages: Vec::new(),
            droplet: raw.relationships.current_droplet.and_then(ToOne::guid),
            staged: None,
            bindings: Vec::new(),
            tasks: Vec::new(),
            stack: raw.lifecycle.and_then(|has| has.data.stack),
            settings: None,
        };
        (app, knows_droplet)
    };
    Ok(raw.into_iter().map(app).collect())
}

/// Reads processes from `/v3/processes`, each with the guid of its app; of two of one app and type the newer one comes
/// first. CC: of two of one second the one that is listed later is newer.
pub(crate) fn processes(path: &str, resources: &[Value]) -> Result<Vec<(String, Process)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        #[serde(rename = "type")]
        kind: String,
        instances: u32,
        memory_in_mb: u64,
        #[serde(default)]
        created_at: String,
        relationships: Relationships,
        #[serde(default)]
        links: BTreeMap<String, Value>,
    }
    #[derive(Deserialize)]
    struct Relationships {
        app: ToOne,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.reverse();
    raw.sort_by(|one, other| other.created_at.cmp(&one.created_at));
    let process = |raw: Raw| {
        let app = raw.relationships.app.guid()?;
        let process = Process {
            guid: raw.guid,
            kind: raw.kind,
            instances: raw.instances,
            memory_mb: raw.memory_in_mb,
            states: Vec::new(),
            ends_unseen: !raw.links.contains_key("process_instances"),
        };
        Some((app, process))
    };
    Ok(raw.into_iter().filter_map(process).collect())
}

/// Reads the instances from `/v3/processes/GUID/stats`.
pub(crate) fn stats(path: &str, answer: &Value) -> Result<Vec<Instance>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        resources: Vec<Stat>,
    }
    #[derive(Deserialize)]
    struct Stat {
        #[serde(default)]
        index: u32,
        instance_guid: Option<String>,
        host: Option<String>,
        #[serde(default)]
        instance_ports: Vec<Port>,
        uptime: Option<u64>,
        state: RawState,
        routable: Option<bool>,
        details: Option<String>,
    }
    #[derive(Deserialize)]
    struct Port {
        external: Option<u32>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum RawState {
        Running,
        Starting,
        Stopping,
        Crashed,
        Down,
    }
    let raw: Raw = parse(path, answer)?;
    let address = |stat: &Stat| {
        let port = stat.instance_ports.first().and_then(|port| port.external)?;
        Some(format!("{}:{port}", stat.host.as_deref()?))
    };
    let instance = |stat: Stat| Instance {
        index: stat.index,
        uptime: stat.uptime,
        id: stat.instance_guid.clone().filter(|guid| !guid.is_empty()).or_else(|| address(&stat)),
        state: match stat.state {
            RawState::Running if stat.routable == Some(false) => InstanceState::Unready,
            RawState::Running => InstanceState::Running,
            RawState::Starting => InstanceState::Starting,
            RawState::Stopping => InstanceState::Stopping,
            RawState::Crashed => InstanceState::Crashed,
            RawState::Down => InstanceState::Down,
        },
        details: stat.details.filter(|details| !details.is_empty()),
    };
    Ok(raw.resources.into_iter().map(instance).collect())
}

/// Reads from `/v3/processes/GUID/stats` how much memory the instance uses that uses most, in bytes, where that is told. CC tells
/// 0 where it knows nothing (`instances_stats_reporter.rb`: `missing_process_stats`).
pub(crate) fn memory_in_use(answer: &Value) -> Option<u64> {
    let instances = answer["resources"].as_array().into_iter().flatten();
    instances.filter_map(|stat| stat["usage"]["mem"].as_u64()).max().filter(|most| *most > 0)
}

/// Reads how many instances there are from `/v3/processes/GUID/process_instances`, and what they do. CC: unlike the statistics it
/// tells of more than are wanted (`instances_stats_reporter.rb`); their indices are not to be relied on then.
pub(crate) fn process_instances(path: &str, answer: &Value) -> Result<Vec<Instance>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        resources: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        #[serde(default)]
        index: u32,
    }
    let raw: Raw = parse(path, answer)?;
    let ending =
        |one: One| Instance { index: one.index, id: None, uptime: None, state: InstanceState::Stopping, details: None };
    Ok(raw.resources.into_iter().map(ending).collect())
}

/// Reads packages from `/v3/packages`, each with the guid of its app.
pub(crate) fn packages(path: &str, resources: &[Value]) -> Result<Vec<(String, Package)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        state: String,
        links: Links,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let package = |raw: Raw| (raw.links.app.guid(), Package { guid: raw.guid, ready: raw.state == "READY" });
    Ok(raw.into_iter().map(package).collect())
}

/// Reads the staged droplets from `/v3/droplets`, each with the guid of its app.
pub(crate) fn droplets(path: &str, resources: &[Value]) -> Result<Vec<(String, Droplet)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        state: String,
        checksum: Option<Checksum>,
        links: Links,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.retain(|raw| raw.state == "STAGED");
    let droplet = |raw: Raw| {
        let (package, checksum) = (raw.links.package.as_ref().map(Link::guid), raw.checksum.and_then(|is| is.value));
        (raw.links.app.guid(), Droplet { guid: raw.guid, package, checksum })
    };
    Ok(raw.into_iter().map(droplet).collect())
}

/// The digest of a droplet (CC: `droplet_presenter.rb`).
#[derive(Deserialize)]
struct Checksum {
    value: Option<String>,
}

/// Reads what the app of this name runs from `/v3/apps/GUID/droplets/current`.
pub(crate) fn source_droplet(path: &str, app: &str, answer: &Value) -> Result<SourceDroplet, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        #[serde(default)]
        created_at: String,
        checksum: Option<Checksum>,
        lifecycle: Option<RawLifecycle>,
        stack: Option<String>,
        buildpacks: Option<Vec<Buildpack>>,
        /// CC: who may not see secrets gets `redacted_message` in the place of types and commands.
        #[serde(default)]
        process_types: Option<BTreeMap<String, Value>>,
    }
    #[derive(Deserialize)]
    struct RawLifecycle {
        #[serde(rename = "type")]
        kind: String,
    }
    #[derive(Deserialize)]
    struct Buildpack {
        name: Option<String>,
        #[serde(rename = "buildpack_name")]
        own_name: Option<String>,
        version: Option<String>,
    }
    let raw: Raw = parse(path, answer)?;
    let named = |one: Buildpack| {
        let name = one.name.or(one.own_name).filter(|name| !name.is_empty())?;
        Some(
            one.version.filter(|version| !version.is_empty()).map_or_else(|| name.clone(), |of| format!("{name} {of}")),
        )
    };
    let types = raw.process_types.unwrap_or_default().into_keys();
    Ok(SourceDroplet {
        app: app.to_owned(),
        guid: raw.guid,
        checksum: raw.checksum.and_then(|is| is.value),
        lifecycle: raw.lifecycle.and_then(|has| Lifecycle::parse(&has.kind)),
        stack: raw.stack,
        buildpacks: raw.buildpacks.unwrap_or_default().into_iter().filter_map(named).collect(),
        created_at: raw.created_at,
        processes: types.filter(|kind| kind != "redacted_message").collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_memory_in_use_is_that_of_the_instance_that_uses_most() {
        for (resources, most) in [
            (json!([{"usage": {"mem": 3}}, {"usage": {"mem": 7}}, {"state": "DOWN"}]), Some(7)),
            // The platform has no figures of it, in two versions.
            (json!([{"usage": {"mem": 0}}]), None),
            (json!([{"usage": {}}]), None),
            (json!([]), None),
        ] {
            assert_eq!(memory_in_use(&json!({ "resources": resources })), most, "{resources}");
        }
    }
}

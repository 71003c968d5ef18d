//! What apps are set to, as far as no manifest tells it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Unreadable, parse, parse_all};
use crate::settings::Policy;

/// A network policy of the policy server.
#[derive(Debug, Deserialize)]
pub(crate) struct BetweenApps {
    source: End,
    destination: Destination,
}

#[derive(Debug, Deserialize)]
struct End {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Destination {
    id: String,
    protocol: String,
    ports: Ports,
}

#[derive(Debug, Deserialize)]
struct Ports {
    start: u16,
    end: u16,
}

impl BetweenApps {
    /// The policy as the app of that guid has it.
    pub(crate) fn of(&self, app: &str) -> Option<Policy> {
        let outward = self.source.id == app;
        if !outward && self.destination.id != app {
            return None;
        }
        let peer = if outward { &self.destination.id } else { &self.source.id };
        let Destination { protocol, ports, .. } = &self.destination;
        let peer = Some(peer.clone()).filter(|peer| peer != app);
        Some(Policy { outward, peer, protocol: protocol.clone(), first: ports.start, last: ports.end })
    }
}

/// Reads the policies from `/networking/v1/external/policies`; null has none.
pub(crate) fn policies(path: &str, answer: &Value) -> Result<Vec<BetweenApps>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        policies: Vec<BetweenApps>,
    }
    if answer.is_null() { Ok(Vec::new()) } else { Ok(parse::<Raw>(path, answer)?.policies) }
}

/// Reads the sidecars that users have made from `/v3/apps/GUID/sidecars`: their guids, by their names. Others come with a
/// droplet.
pub(crate) fn sidecars(path: &str, resources: &[Value]) -> Result<BTreeMap<String, String>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        origin: Option<String>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let of_users = raw.into_iter().filter(|raw| raw.origin.as_deref() != Some("buildpack"));
    Ok(of_users.map(|raw| (raw.name, raw.guid)).collect())
}

/// Reads the switches from `/v3/apps/GUID/features`; null has none.
pub(crate) fn features(path: &str, answer: &Value) -> Result<BTreeMap<String, bool>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        enabled: bool,
    }
    let listed = answer["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let raw: Vec<Raw> = parse_all(path, listed)?;
    Ok(raw.into_iter().map(|raw| (raw.name, raw.enabled)).collect())
}

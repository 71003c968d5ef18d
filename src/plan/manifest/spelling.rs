//! Keys that stand in a manifest in several spellings, or in one that cf does not know for what it is.
//!
//! CC (`AppManifestMessage.underscore_keys`) takes all spellings of a key for one. cf 8.17 knows those of the documents
//! alone, and passes any other one on behind what it says itself, so that it counts.

use super::fields::{Fields, truth};
use super::keys::{rank, underscored};
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, key_path};

/// Checks the keys of an application or of a process; of `owned`, whose values cutover and cf decide, no other spelling may
/// stand there.
pub(super) fn check(fields: &mut Fields<'_, '_, '_>, owned: &[&str]) {
    let entries = fields.node.entries();
    for (at, (key, _)) in entries.iter().enumerate() {
        let Some(name) = key.text() else { continue };
        let spelled = underscored(name);
        let path = key_path(&fields.path, name);
        if owned.contains(&spelled.as_str()) && name != spelled {
            let message = format!("the platform takes `{name}` for `{spelled}`, and cf does not");
            fields.collector.node(key, &path, ValueError::hinted(message, format!("write `{spelled}`")));
            continue;
        }
        let others = || entries.iter().enumerate().filter(|(other, _)| *other != at);
        let same =
            |(_, (other, _)): &(usize, &(Node, Node))| other.text().is_some_and(|text| underscored(text) == spelled);
        let Some((counts, (other, _))) = others().filter(same).max_by_key(|(_, (key, _))| key.text().map(rank)) else {
            continue;
        };
        let other = other.text().unwrap_or_default();
        if (rank(name), at) > (rank(other), counts) {
            // This is the one that counts; what is wrong is told once.
            continue;
        }
        if spelled == "disk_quota" && other != name {
            // cf 8.17 (`manifestparser/application.go`, `process.go`).
            let error = ValueError::hinted("cf takes `disk_quota` or `disk-quota`, and not both", "keep one of them");
            fields.collector.node(key, &path, error);
        } else if other == name {
            let message = format!("`{name}` is given twice, and the last one counts");
            fields.collector.warn(key, &path, ValueError::hinted(message, "keep one of them"));
        } else {
            let message =
                format!("`{name}` does not count: the platform takes `{other}` for the same key, and the latter wins");
            fields.collector.warn(key, &path, ValueError::hinted(message, "keep one of them"));
        }
    }
}

/// Refuses what would map the routes of a manifest at the push: `--no-route` sets `no-route`, and any other spelling of it
/// counts before that one.
pub(super) fn refuse_routes_at_the_push(fields: &mut Fields<'_, '_, '_>) {
    for (key, value) in fields.node.entries() {
        let Some(name) = key.text() else { continue };
        if underscored(name) == "no_route" && name != "no-route" && truth(value, fields.collector) != Some(true) {
            let message =
                format!("with `{name}` the push would map the routes of the manifest, in spite of `--no-route`");
            let path = key_path(&fields.path, name);
            fields.collector.node(key, &path, ValueError::hinted(message, "take it out: the routes are the plan's"));
        }
    }
}

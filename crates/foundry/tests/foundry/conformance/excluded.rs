//! Specs about what no local foundry can have. The list is `excluded.yaml`: reasons, each with the full names of specs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

/// The reasons by the names of the specs.
#[derive(Debug)]
pub(super) struct Excluded(BTreeMap<String, String>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    specs: Vec<String>,
}

impl Excluded {
    /// Reads the list. Panics where it is not well-formed, or names a spec twice.
    pub(super) fn read(file: &Path) -> Self {
        let groups: Vec<Group> = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut reasons = BTreeMap::new();
        for group in groups {
            for spec in group.specs {
                assert!(!reasons.contains_key(&spec), "{spec} is excluded twice");
                reasons.insert(spec, group.reason.clone());
            }
        }
        Self(reasons)
    }

    /// Panics where the list names a spec that is not among these: what is gone must not stay excluded.
    pub(super) fn must_exist(&self, specs: &BTreeSet<&str>) {
        let unknown: Vec<_> = self.0.keys().filter(|name| !specs.contains(name.as_str())).collect();
        assert!(unknown.is_empty(), "excluded, but no specs: {unknown:#?}");
    }

    pub(super) fn reason(&self, spec: &str) -> Option<&str> {
        self.0.get(spec).map(String::as_str)
    }
}

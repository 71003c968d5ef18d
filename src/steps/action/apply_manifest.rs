//! Applies the manifest to an app to which nothing is uploaded.

use std::collections::BTreeMap;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts};
use crate::secret::Sensitive;
use crate::settings::{Is, ProcessSetting, Setting, WEB};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::steps::sizing::{Declared, Size};

use super::facts::Facts;
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;
use super::traffic::Traffic;

/// Applies the manifest, without routes: what a push does before it uploads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApplyManifest {
    /// The app.
    pub(crate) app: AppName,
    /// What is applied: the application of the manifest, with the name of the app, and its sizes.
    pub(crate) manifest: Sensitive,
    /// What the manifest makes of the app.
    pub(crate) declared: Declared,
}

/// CC (`app_apply_manifest.rb`): one thing is done after the other.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "while the manifest is applied",
    cut: |app, before, after| {
        if let (Some(now), Some(before)) = (after.app_mut(app), before.app(app)) {
            now.processes.clone_from(&before.processes);
            now.settings.clone_from(&before.settings);
        }
    },
}];

impl Facts for ApplyManifest {
    fn kind(&self) -> &'static str {
        "apply-manifest"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Size { instances, memory_mb } = self.declared.size;
        format!("apply the manifest to {}, {instances} × {memory_mb} MB, without routes; nothing is uploaded", self.app)
    }

    fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::apply_manifest(self.manifest.clone(), cf))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::ManifestApplied { app: self.app.to_string() })
    }

    /// What the platform keeps as it is written. How it writes the rest of a manifest is its own affair; cf has waited until all
    /// of it was applied.
    fn must(&self) -> Option<Must> {
        let is_kept = |(setting, is): &(&Setting, &Is)| {
            let by_kind = matches!(setting, Setting::Env(_) | Setting::Label(_) | Setting::Annotation(_));
            by_kind && matches!(is, Is::Set(value) if value.is_string())
        };
        let named = self.declared.settings.iter().filter(is_kept).map(|(setting, is)| (setting.clone(), is.clone()));
        let mut settings: BTreeMap<Setting, Is> = named.collect();
        let instances = Setting::Process(WEB.to_owned(), ProcessSetting::Instances);
        settings.insert(instances, Is::Set(self.declared.size.instances.into()));
        Some(Must::Set { settings })
    }

    fn effect(&self, space: &mut Space) {
        model::apply_manifest(space, self.app.as_str(), &self.declared);
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::NewVersion
    }

    fn may_take_off(&self, _route: &str) -> bool {
        true
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::of_calls(timeouts.binding.max(timeouts.call))
    }

    /// cf 8.17: `apply-manifest` shows what is different, and so all that it is about.
    fn is_answer_secret(&self) -> bool {
        true
    }

    fn changes(&self) -> &'static [Section] {
        &Section::DESIRED
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Leads { .. } => true,
            Facet::Droplet(_) | Facet::Annotation { .. } => false,
        }
    }

    fn declared(&self) -> Option<&Declared> {
        Some(&self.declared)
    }
}

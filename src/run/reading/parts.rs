//! Parts of a space: what is looked at together.

use std::collections::{BTreeMap, BTreeSet};

use crate::space::Space;
use crate::space::condition::Condition;
use crate::space::section::Section;

/// Parts of a space: sections, and those that can be known app by app of all apps or of some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(BTreeMap<Section, Option<BTreeSet<String>>>);

impl Parts {
    /// These sections; those that can be known app by app of this app only, or of all.
    pub fn new<'s>(sections: impl IntoIterator<Item = &'s Section>, app: Option<&str>) -> Self {
        let of =
            |section: Section| app.filter(|_| section.is_known_by_app()).map(|app| BTreeSet::from([app.to_owned()]));
        Self(sections.into_iter().map(|section| (*section, of(*section))).collect())
    }

    /// What a condition is judged by.
    pub(crate) fn of(condition: &Condition) -> Self {
        Self::new(condition.sections(), Some(&condition.app))
    }

    /// All there is.
    pub fn all() -> Self {
        Self::new(&Section::ALL, None)
    }

    /// Whether a section is among them, of whatever app.
    pub fn has(&self, section: Section) -> bool {
        self.0.contains_key(&section)
    }

    /// Whether the part of a section is among them that is about this app.
    pub(crate) fn has_of(&self, section: Section, app: &str) -> bool {
        self.0.get(&section).is_some_and(|apps| apps.as_ref().is_none_or(|apps| apps.contains(app)))
    }

    /// Whether all of the others are among them, which are of one app each.
    pub(super) fn covers(&self, others: &Self) -> bool {
        others.each().all(|(section, app)| app.is_some_and(|app| self.has_of(section, app)))
    }

    /// What is read by the apps' guids.
    pub(crate) fn of_apps(&self) -> Self {
        let by_guid = |section: &Section| !matches!(section, Section::Routes | Section::Apps | Section::Platform);
        Self(self.0.iter().filter(|(section, _)| by_guid(section)).map(|(at, of)| (*at, of.clone())).collect())
    }

    /// One section of them.
    pub(crate) fn only(&self, section: Section) -> Self {
        Self(self.0.get_key_value(&section).map(|(at, of)| (*at, of.clone())).into_iter().collect())
    }

    /// The sections.
    pub fn sections(&self) -> impl Iterator<Item = Section> {
        self.0.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes others in.
    pub(in crate::run) fn add(&mut self, others: Self) {
        for (section, of) in others.0 {
            match (self.0.entry(section).or_insert_with(|| Some(BTreeSet::new())), of) {
                (Some(apps), Some(more)) => apps.extend(more),
                (all, None) => *all = None,
                (None, Some(_)) => {}
            }
        }
    }

    /// Copies apps, packages and droplets from one space to another, as far as they are among these.
    pub(in crate::run) fn copy(&self, from: &Space, to: &mut Space) {
        for app in &mut to.apps {
            let Some(seen) = from.apps.iter().find(|seen| seen.guid == app.guid) else { continue };
            if self.has_of(Section::Apps, &app.name) {
                *app = app.with_told(seen.clone());
            }
            if self.has_of(Section::Packages, &app.name) {
                app.package.clone_from(&seen.package);
            }
            if self.has_of(Section::Droplets, &app.name) {
                app.staged.clone_from(&seen.staged);
            }
        }
    }

    /// Each section with each app that it is read of; `None` stands for all.
    pub(super) fn each(&self) -> impl Iterator<Item = (Section, Option<&str>)> {
        self.0.iter().flat_map(|(section, of)| {
            let apps: Vec<Option<&str>> = match of {
                None => vec![None],
                Some(apps) => apps.iter().map(|app| Some(app.as_str())).collect(),
            };
            apps.into_iter().map(|app| (*section, app))
        })
    }
}

//! What apps are set to, and what binds them to service instances.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Observer;
use super::paths::{PAGE, bindings_path, manifest_path, parameters_path, policies_path};
use crate::cf::invocation::query;
use crate::run::api::answers::Get as _;
use crate::run::api::observe_error::ObserveError;
use crate::run::reading::parts::Parts;
use crate::settings::{Is, Setting, Settings};
use crate::space::read::{self, BindingOfApp, Included, Page};
use crate::space::section::Section;
use crate::space::{App, Binding, Space};

impl Observer<'_> {
    /// Whether something may be bound to an app: the plan names a service instance, or an app's own manifest does.
    pub(super) fn may_be_bound(&self, space: &Space) -> bool {
        let is_bound = space.apps.iter().any(|app| !app.bindings.is_empty());
        !space.apps.is_empty() && (is_bound || !self.services.is_empty())
    }

    /// What binds apps to service instances, to whichever.
    pub(super) fn bindings(&self, space: &mut Space) -> Result<(), ObserveError> {
        let asked = bindings_path(space);
        let pages = self.answers.pages(&asked)?;
        let mut instances = BTreeMap::new();
        let mut bindings = Vec::new();
        for page in &pages {
            instances.extend(read::included_services(&asked, page)?);
            bindings.extend(read::bindings(&asked, &read::parse::<Page>(&asked, page)?.resources)?);
        }
        let told = |binding: &&BindingOfApp| {
            instances
                .get(&binding.service)
                .is_some_and(|instance: &Included| instance.is_managed && self.asks_parameters_of(&instance.name))
        };
        self.answers.ask(bindings.iter().filter(told).map(|binding| parameters_path(&binding.guid)));
        for app in &mut space.apps {
            app.bindings.clear();
            for binding in bindings.iter().filter(|binding| binding.app == app.guid) {
                let Some(instance) = instances.get(&binding.service) else { continue };
                let parameters = match told(&binding).then(|| self.answers.get(&parameters_path(&binding.guid))) {
                    Some(Ok(parameters)) => Is::Set(parameters),
                    // Not each broker tells them.
                    Some(Err(error)) if error.is_refusal() => Is::Untold,
                    Some(Err(error)) => return Err(error),
                    // Credentials are no parameters.
                    None if instance.is_managed => Is::Untold,
                    None => Is::Unset,
                };
                app.bindings.push(Binding { service: instance.name.clone(), name: binding.name.clone(), parameters });
            }
            app.bindings.sort_by(|one, other| one.service.cmp(&other.service));
        }
        Ok(())
    }

    /// Whether the parameters of bindings of a service instance are of interest: those of what is not named by the plan are carried
    /// with them, and those that a manifest names are compared.
    fn asks_parameters_of(&self, service: &str) -> bool {
        !self.services.contains(service) || self.with_parameters.contains(service)
    }

    /// What apps are set to, those that the plan names.
    pub(super) fn settings(&self, space: &mut Space, parts: &Parts) -> Result<(), ObserveError> {
        for app in space.apps.iter_mut().filter(|app| parts.has_of(Section::Settings, &app.name)) {
            if !self.apps.contains(&app.name) {
                continue;
            }
            let manifest = self.answers.get_or_absent(&manifest_path(&app.guid))?;
            app.bindings = bound(&manifest, &app.bindings);
            let known = app.settings.take().map(|before| before.policies()).unwrap_or_default();
            app.settings = self.settings_of(app, &manifest)?;
            if let Some(settings) = &mut app.settings {
                settings.with_policies(known);
            }
        }
        Ok(())
    }

    /// The network policies of apps whose other settings are known.
    pub(super) fn policies(&self, space: &mut Space) -> Result<(), ObserveError> {
        let asked = policies_path(space);
        let policies = match self.answers.get(&asked) {
            // A platform without network policies: the router answers for it.
            Err(ObserveError::Unknown { why, .. }) if why.contains("404 Not Found") => Value::Null,
            // Without a scope of its own, or self service, a user may not even look (cf-networking-release).
            Err(error) if error.is_not_authorized() => {
                (self.tell)(&format!("note: {error}: network policies are not carried to new versions"));
                Value::Null
            }
            Err(error) if error.is_absent() => Value::Null,
            other => other?,
        };
        let policies = read::policies(&asked, &policies)?;
        for app in &mut space.apps {
            if let Some(settings) = &mut app.settings {
                settings.with_policies(policies.iter().filter_map(|policy| policy.of(&app.guid)));
            }
        }
        Ok(())
    }

    /// What one app is set to by its manifest, without network policies; `None` where that is hidden from the user.
    fn settings_of(&self, app: &App, manifest: &Value) -> Result<Option<Settings>, ObserveError> {
        if manifest.is_null() {
            return Ok(None);
        }
        let mut settings = Settings::of_app(manifest);
        if settings.iter().any(|(setting, _)| matches!(setting, Setting::Sidecar(_))) {
            let asked = query(&format!("/v3/apps/{}/sidecars", app.guid), &[("per_page", PAGE)]);
            settings.of_users(read::sidecars(&asked, &self.answers.list(&asked)?)?);
        }
        if manifest.get("features").is_none() {
            // CC API below 3.196.
            let asked = format!("/v3/apps/{}/features", app.guid);
            for (name, on) in read::features(&asked, &self.answers.get_or_absent(&asked)?)? {
                settings.set(Setting::Feature(name), Is::Set(on.into()));
            }
        }
        Ok(Some(settings))
    }
}

/// What binds an app to the service instances that the platform's manifest of it names. It tells their names alone: what a binding
/// was made with is as it was told before.
fn bound(manifest: &Value, before: &[Binding]) -> Vec<Binding> {
    let named = manifest["services"].as_array().into_iter().flatten().filter_map(Value::as_str);
    named
        .map(|service| {
            let known = before.iter().find(|binding| binding.service == service);
            known.cloned().unwrap_or_else(|| Binding::of(service))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_look_at_settings_alone_forgets_nothing_of_the_bindings_it_finds_again() {
        let named = Binding { parameters: Is::Set(json!({"size": 2})), ..Binding::of("db") };
        let before = [Binding::of("gone"), named.clone()];
        let manifest = json!({"services": ["db", "new"]});
        assert_eq!(bound(&manifest, &before), [named, Binding::of("new")]);
        assert_eq!(bound(&json!({}), &before), []);
    }
}

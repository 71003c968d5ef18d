//! The next colour is set to what the live one has and no manifest names.

use crate::plan::{AppName, ServiceName};
use crate::settings::{Is, Setting};
use crate::space::Binding;
use crate::space::condition::{Condition, Must};
use crate::steps::action::{BindService, Set, UnbindService};
use crate::steps::builder::GraphBuilder;
use crate::steps::equal;
use crate::steps::phase::Phase;
use crate::steps::wanted::Wanted;

use super::handover::is_handed_over;

/// What the next colour is to be set to, beside what its manifest says.
pub(super) struct Equal {
    live: AppName,
    next: AppName,
    wanted: Wanted,
}

impl Equal {
    /// By the space as it is after the steps so far.
    pub(super) fn new(list: &GraphBuilder<'_>, live: &AppName, next: &AppName) -> Self {
        let app = list.app();
        let mut wanted = equal::wanted(app, list.model(), live, next);
        wanted.retain(|setting, _| !is_handed_over(app, setting));
        Self { live: live.clone(), next: next.clone(), wanted }
    }

    /// Adds the steps that set it, as far as it is not so: before a droplet is set what belongs to the app, after that also what
    /// belongs to processes that only a droplet brings.
    pub(super) fn set(&self, list: &mut GraphBuilder<'_>, with_droplet: bool) {
        let Some(app) = list.model().app(self.next.as_str()) else { return };
        let mut lacking = equal::lacking(app, &self.wanted);
        lacking.retain(|setting, _| with_droplet || setting.process().is_none_or(|kind| app.has_process(kind)));
        for (setting, is) in &lacking {
            if let Setting::Binding(service) = setting {
                self.bind(list, service, is);
            }
        }
        for set in Set::all(&self.next, &self.live, list.model(), &lacking) {
            list.add(Phase::Push, set.step_name(), set);
        }
    }

    fn bind(&self, list: &mut GraphBuilder<'_>, service: &str, is: &Is) {
        let Ok(name) = ServiceName::parse(service) else { return };
        let app = self.next.clone();
        if *is == Is::Unset {
            let why = "neither the manifest nor the live version has it";
            list.add(Phase::Push, "unbind", UnbindService { app, service: name, why });
            return;
        }
        let live = list.model().app(self.live.as_str());
        let bound = live.and_then(|live| live.bindings.iter().find(|binding| binding.service == service));
        let bind = BindService {
            app,
            service: name,
            like: Some(self.live.clone()),
            name: bound.and_then(|binding| binding.name.clone()),
            parameters: bound.and_then(Binding::parameters).cloned(),
        };
        list.add(Phase::Push, "bind", bind);
    }

    /// What must be so before the version is started, of one that was created by these steps: what a new app has is taken for
    /// granted until then, and whatever differed was set and confirmed by itself.
    pub(super) fn condition(self) -> Option<Condition> {
        let mut settings = self.wanted;
        settings.retain(|setting, is| !matches!(setting, Setting::Binding(_)) && *is != Is::Untold);
        (!settings.is_empty()).then(|| Condition { app: self.next.to_string(), must: Must::Set { settings } })
    }
}

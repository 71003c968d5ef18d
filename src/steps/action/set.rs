//! Sets something of an app as it is to be, beside what its manifest says.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{AppRequest, Body, Invocation, Method, PolicyRequest};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle};
use crate::secret::Sensitive;
use crate::settings::{Is, Place, Policy, ProcessSetting, Setting};
use crate::shell::quote;
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::steps::wanted::Wanted;

use super::facts::{Facts, NeededFlag};
use super::model;

/// Sets something of the app by one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    /// The app.
    pub(crate) app: AppName,
    /// The app that has it so.
    pub(crate) like: AppName,
    /// What the request is about.
    pub(crate) request: Request,
    /// What is set.
    pub(crate) settings: Wanted,
}

/// A request that can set something of an app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Request {
    /// Variables of its environment.
    Env,
    /// Labels and annotations.
    Metadata,
    /// A switch.
    Feature(String),
    /// What a process is set to.
    Process(String),
    /// How large a process is.
    Scale(String),
    /// A new sidecar.
    AddSidecar(String),
    /// Another command or size of a sidecar.
    ChangeSidecar(String),
    /// No sidecar of this name any more.
    RemoveSidecar(String),
    /// More network policies.
    AddPolicies,
    /// Less of them.
    RemovePolicies,
}

impl Set {
    /// What sets these things of an app, request by request, where there is one for it.
    pub(crate) fn all(app: &AppName, like: &AppName, space: &Space, settings: &Wanted) -> Vec<Self> {
        let mut requests: BTreeMap<Request, Wanted> = BTreeMap::new();
        let has_sidecar = |name: &str| {
            let there = space.app(app.as_str()).map(|app| app.setting(&Setting::Sidecar(name.to_owned())));
            there.is_some_and(|is| matches!(is, Is::Set(_)))
        };
        for (setting, is) in settings {
            let request = match (setting, is) {
                (Setting::Env(_), _) => Request::Env,
                (Setting::Label(_) | Setting::Annotation(_), _) => Request::Metadata,
                (Setting::Feature(name), _) => Request::Feature(name.clone()),
                (Setting::Process(kind, of), _) => match of.place() {
                    Place::Scale(_) => Request::Scale(kind.clone()),
                    Place::Update(_) => Request::Process(kind.clone()),
                },
                (Setting::Sidecar(name), Is::Unset) => Request::RemoveSidecar(name.clone()),
                (Setting::Sidecar(name), _) if has_sidecar(name) => Request::ChangeSidecar(name.clone()),
                (Setting::Sidecar(name), _) => Request::AddSidecar(name.clone()),
                (Setting::Policy(_), Is::Unset) => Request::RemovePolicies,
                (Setting::Policy(_), _) => Request::AddPolicies,
                // Bound and unbound by cf itself.
                (Setting::Binding(_), _) => continue,
            };
            requests.entry(request).or_default().insert(setting.clone(), is.clone());
        }
        let set = |(request, settings)| Self { app: app.clone(), like: like.clone(), request, settings };
        requests.into_iter().map(set).collect()
    }

    /// A name for a step that does it.
    pub(crate) fn step_name(&self) -> &'static str {
        match &self.request {
            Request::Env => "env",
            Request::Metadata => "metadata",
            Request::Feature(_) => "feature",
            Request::Process(_) => "process",
            Request::Scale(_) => "scale",
            Request::AddSidecar(_) | Request::ChangeSidecar(_) | Request::RemoveSidecar(_) => "sidecar",
            Request::AddPolicies | Request::RemovePolicies => "policies",
        }
    }

    /// The names of what is set, and of what is taken away.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        let short = |setting: &Setting| match setting {
            Setting::Env(name)
            | Setting::Label(name)
            | Setting::Annotation(name)
            | Setting::Feature(name)
            | Setting::Sidecar(name)
            | Setting::Binding(name) => name.clone(),
            Setting::Process(_, of) => of.key().to_owned(),
            Setting::Policy(policy) => policy.to_string(),
        };
        let (gone, set): (Vec<_>, Vec<_>) = self.settings.iter().partition(|(_, is)| **is == Is::Unset);
        let names = |of: Vec<(&Setting, &Is)>| of.into_iter().map(|(setting, _)| short(setting)).collect();
        (names(set), names(gone))
    }

    /// The values by some name, null where there is none.
    fn values<'s>(&'s self, name: impl Fn(&'s Setting) -> Option<&'s str>) -> Map<String, Value> {
        self.settings.iter().filter_map(|(setting, is)| Some((name(setting)?.to_owned(), value(is)))).collect()
    }

    fn is_scale(&self) -> bool {
        matches!(self.request, Request::Scale(_))
    }

    fn is_deletion(&self) -> bool {
        matches!(self.request, Request::RemoveSidecar(_))
    }

    fn sidecar(&self, name: &str) -> Value {
        let mut body = self.settings.values().next().map(value).unwrap_or_default();
        body["name"] = name.into();
        body
    }
}

/// The value, null where there is none.
fn value(is: &Is) -> Value {
    match is {
        Is::Set(value) => value.clone(),
        Is::Untold | Is::Unset => Value::Null,
    }
}

/// The value at its place in the body of a request; what is taken away becomes what every process has.
fn put(body: &mut Value, kind: &str, of: ProcessSetting, is: &Is) {
    let value = match is {
        Is::Set(value) => value.clone(),
        Is::Untold | Is::Unset => of.default_of(kind).unwrap_or_default(),
    };
    match of.place() {
        Place::Scale(key) => body[key] = value,
        Place::Update(path) => {
            let mut at = body;
            for key in path {
                at = &mut at[*key];
            }
            *at = value;
        }
    }
}

impl Facts for Set {
    fn kind(&self) -> &'static str {
        match &self.request {
            Request::Env => "set-env",
            Request::Metadata => "set-metadata",
            Request::Feature(_) => "set-feature",
            Request::Process(_) => "set-process",
            Request::Scale(_) => "scale-process",
            Request::AddSidecar(_) | Request::ChangeSidecar(_) => "set-sidecar",
            Request::RemoveSidecar(_) => "remove-sidecar",
            Request::AddPolicies => "add-network-policies",
            Request::RemovePolicies => "remove-network-policies",
        }
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, like, .. } = self;
        let (set, gone) = self.names();
        let all = |what: &str| {
            let given = (!set.is_empty()).then(|| format!("give {app} the {what} that {like} has: {}", set.join(", ")));
            let taken = (!gone.is_empty())
                .then(|| format!("take from {app} the {what} that {like} does not have: {}", gone.join(", ")));
            given.into_iter().chain(taken).collect::<Vec<_>>().join("; ")
        };
        match &self.request {
            Request::Env => all("variables"),
            Request::Metadata => all("labels and annotations"),
            Request::AddPolicies | Request::RemovePolicies => all("network policies"),
            Request::Feature(name) => {
                let is_on = self.settings.values().any(|is| *is == Is::Set(true.into()));
                format!("switch {name} of {app} {}, as on {like}", if is_on { "on" } else { "off" })
            }
            Request::Process(kind) => {
                format!("set process {kind} of {app} as on {like}: {}", [set, gone].concat().join(", "))
            }
            Request::Scale(kind) => format!("make process {kind} of {app} as large as on {like}: {}", set.join(", ")),
            Request::AddSidecar(name) => format!("give {app} the sidecar {name} that {like} has"),
            Request::ChangeSidecar(name) => format!("make the sidecar {name} of {app} the one that {like} has"),
            Request::RemoveSidecar(name) => format!("take from {app} the sidecar {name}, which {like} does not have"),
        }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let app = self.app.as_str();
        let of_app = |method, path: &str, body: Value| {
            Invocation::app_request(&AppRequest { method, app, path, body: Body::Shown(body) })
        };
        Some(match &self.request {
            Request::Env => {
                let var = self.values(|setting| if let Setting::Env(name) = setting { Some(name) } else { None });
                let body = json!({ "var": var });
                // What is only taken away is no secret.
                let is_open = self.settings.values().all(|is| *is == Is::Unset);
                let body = if is_open { Body::Shown(body) } else { Body::InFile(Sensitive::new(body.to_string())) };
                Invocation::app_request(&AppRequest {
                    method: Method::Patch,
                    app,
                    path: "/environment_variables",
                    body,
                })
            }
            Request::Metadata => {
                let labels = self.values(|setting| if let Setting::Label(name) = setting { Some(name) } else { None });
                let annotations =
                    self.values(|setting| if let Setting::Annotation(name) = setting { Some(name) } else { None });
                let all = [("labels", labels), ("annotations", annotations)];
                let metadata: Map<String, Value> = all
                    .into_iter()
                    .filter(|(_, values)| !values.is_empty())
                    .map(|(key, values)| (key.to_owned(), Value::Object(values)))
                    .collect();
                of_app(Method::Patch, "", json!({ "metadata": metadata }))
            }
            Request::Feature(name) => {
                let enabled = self.settings.values().next().map(value).unwrap_or_default();
                of_app(Method::Patch, &format!("/features/{name}"), json!({ "enabled": enabled }))
            }
            Request::Process(kind) | Request::Scale(kind) => {
                let mut body = json!({});
                for (setting, is) in &self.settings {
                    if let Setting::Process(kind, of) = setting {
                        put(&mut body, kind, *of, is);
                    }
                }
                if self.is_scale() {
                    of_app(Method::Post, &format!("/processes/{kind}/actions/scale"), body)
                } else {
                    of_app(Method::Patch, &format!("/processes/{kind}"), body)
                }
            }
            Request::AddSidecar(name) => of_app(Method::Post, "/sidecars", self.sidecar(name)),
            Request::ChangeSidecar(name) => Invocation::change_sidecar(app, name, &self.sidecar(name)),
            Request::RemoveSidecar(name) => Invocation::delete_sidecar(app, name),
            Request::AddPolicies => Invocation::network_policies(app, "", &self.policies()),
            Request::RemovePolicies => Invocation::network_policies(app, "/delete", &self.policies()),
        })
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(if self.is_deletion() { Expectation::DeletionAccepted } else { Expectation::Json })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Set { settings: self.settings.clone() })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        for (setting, is) in &self.settings {
            if let Setting::Process(kind, _) = setting {
                app.make_process(kind);
            }
            app.set(setting.clone(), is.clone());
        }
    }

    /// The platform answers a change of the environment with all of it.
    fn is_answer_secret(&self) -> bool {
        self.request == Request::Env
    }

    fn changes(&self) -> &'static [Section] {
        if self.is_scale() { &[Section::Processes] } else { &[] }
    }

    fn may_change(&self, facet: &Facet) -> bool {
        let Facet::Instances { process, .. } = facet else { return false };
        matches!(&self.request, Request::Scale(kind) if kind == process)
    }

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        const SCALES: &[NeededFlag] = &[NeededFlag::of_users("app_scaling")];
        if self.is_scale() { SCALES } else { &[] }
    }

    /// The variables' file is made of what the other app has.
    fn script(&self, _within: Duration) -> Option<String> {
        let call = self.invocation(&CfVersion::pinned())?;
        let line = if self.is_deletion() { call.shell() } else { call.shell_failing() };
        if call.secret.is_none() {
            return Some(line);
        }
        let of_name = |setting: &Setting, is: &Is| {
            let Setting::Env(name) = setting else { return None };
            let name = json!(name);
            Some(if *is == Is::Unset { format!("{name}: null") } else { format!("{name}: .var[{name}]") })
        };
        let names: Vec<String> = self.settings.iter().filter_map(|(setting, is)| of_name(setting, is)).collect();
        let filter = quote(&format!("{{var: {{{}}}}}", names.join(", ")));
        let other = quote(self.like.as_str());
        Some(format!(
            "(umask 077; cf curl \"/v3/apps/$(cf app {other} --guid)/environment_variables\" | jq {filter} >variables.json)\n\
             {line}\nrm -f variables.json"
        ))
    }
}

impl Set {
    fn policies(&self) -> Vec<PolicyRequest<'_>> {
        let policies = self.settings.keys().filter_map(|setting| {
            let Setting::Policy(Policy { outward, peer, protocol, first, last }) = setting else { return None };
            Some(PolicyRequest { outward: *outward, peer: peer.as_deref(), protocol, ports: (*first, *last) })
        });
        policies.collect()
    }
}

//! The catalog of a broker: what it may be, and what comes of it.
//! (`cloud_controller_ng`: `services/service_brokers/v2/catalog*.rb`, `service_manager.rb`.)

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::controller::error::{ApiError, ApiResult};
use crate::state::{Guid, Metadata, ServiceFeatures, ServiceOffering, ServicePlan, State, Visibility};

/// An offering with its plans.
#[derive(Debug)]
pub(super) struct Entry {
    offering: ServiceOffering,
    plans: Vec<ServicePlan>,
    /// Whether it asks for a client of UAA.
    dashboard: bool,
}

/// What is wrong with a part of a catalog, and with the parts of that.
#[derive(Debug, Default)]
struct Faults {
    own: Vec<String>,
    parts: Vec<(String, Faults)>,
}

impl Faults {
    fn none(&self) -> bool {
        self.own.is_empty() && self.parts.is_empty()
    }

    fn part(&mut self, name: String, faults: Self) {
        if !faults.none() {
            self.parts.push((name, faults));
        }
    }

    /// A line each, what belongs to a part below its name.
    fn tell(&self, depth: usize, text: &mut String) {
        for problem in &self.own {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}{problem}", "  ".repeat(depth));
        }
        for (name, part) in &self.parts {
            let _ = writeln!(text, "{}{name}", "  ".repeat(depth));
            part.tell(depth + 1, text);
        }
    }
}

/// The fields of a service or of a plan, with what is wrong with them.
struct Fields<'a> {
    fields: &'a Map<String, Value>,
    faults: Faults,
}

impl Fields<'_> {
    fn typed<T>(&mut self, key: &str, name: &str, kind: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.fields.get(key).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.faults.own.push(format!("{name} must be {kind}, but has value {value}"));
        }
        read
    }

    /// A text that must be there.
    fn text(&mut self, key: &str, name: &str) -> String {
        let before = self.faults.own.len();
        let text = self.typed(key, name, "a string", |value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default();
        if text.trim().is_empty() && self.faults.own.len() == before {
            self.faults.own.push(format!("{name} is required"));
        }
        text
    }

    fn description(&mut self, name: &str) -> String {
        let text = self.text("description", name);
        if text.chars().count() > 10_000 {
            self.faults.own.push(format!("{name} may not have more than 10000 characters"));
        }
        text
    }

    fn switch(&mut self, key: &str, name: &str) -> Option<bool> {
        self.typed(key, name, "a boolean", Value::as_bool)
    }

    fn object(&mut self, key: &str, name: &str) -> Map<String, Value> {
        self.typed(key, name, "a hash", |value| value.as_object().cloned()).unwrap_or_default()
    }

    fn texts(&mut self, key: &str, name: &str) -> Vec<String> {
        let read = |value: &Value| value.as_array()?.iter().map(|one| one.as_str().map(ToOwned::to_owned)).collect();
        self.typed(key, name, "an array of strings", read).unwrap_or_default()
    }
}

/// Reads the catalog of a broker. Fails with all that is wrong with it.
pub(super) fn read(broker: &Guid, answer: &Map<String, Value>) -> ApiResult<Vec<Entry>> {
    let mut faults = Faults::default();
    let mut entries = Vec::new();
    let services = answer.get("services").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for service in services.iter().filter_map(Value::as_object) {
        let (entry, wrong) = service_of(broker, service);
        faults.part(format!("Service {}", entry.offering.name), wrong);
        entries.push(entry);
    }
    if entries.is_empty() {
        faults.own.push("Service broker must provide at least one service".to_owned());
    }
    if repeated(entries.iter().map(|entry| &entry.offering.catalog_id)).next().is_some() {
        faults.own.push("Service ids must be unique".to_owned());
    }
    if repeated(entries.iter().map(|entry| &entry.offering.name)).next().is_some() {
        faults.own.push("Service names must be unique within a broker".to_owned());
    }
    if !faults.none() {
        let mut text = "\n".to_owned();
        faults.tell(0, &mut text);
        let detail = format!("Service broker catalog is invalid: {text}");
        return Err(ApiError::new((270_012, 502, "ServiceBrokerCatalogInvalid"), detail));
    }
    if let Some(volumes) = entries.iter().find(|entry| entry.offering.requires.iter().any(|one| one == "volume_mount"))
    {
        let detail = format!(
            "Service broker catalog is incompatible: \nService {} is declared to be a volume mount service but support \
             for volume mount services is disabled.\n",
            volumes.offering.name
        );
        return Err(ApiError::new((270_019, 502, "ServiceBrokerCatalogIncompatible"), detail));
    }
    Ok(entries)
}

/// What comes more than once; each as often as it is repeated.
fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a String> {
    let mut seen = std::collections::HashSet::new();
    names.filter(move |name| !seen.insert(*name))
}

fn service_of(broker: &Guid, fields: &Map<String, Value>) -> (Entry, Faults) {
    let now = Timestamp::now();
    let guid = Guid::random();
    let mut fields = Fields { fields, faults: Faults::default() };
    let catalog_id = fields.text("id", "Service id");
    let name = fields.text("name", "Service name");
    let description = fields.description("Service description");
    let bindable = fields.switch("bindable", "Service \"bindable\" field");
    if bindable.is_none() && fields.fields.get("bindable").is_none_or(Value::is_null) {
        fields.faults.own.push("Service \"bindable\" field is required".to_owned());
    }
    let mut switch = |key: &str| fields.switch(key, &format!("Service \"{key}\" field")).unwrap_or_default();
    let features = ServiceFeatures {
        bindable: bindable.unwrap_or_default(),
        plan_updateable: switch("plan_updateable"),
        bindings_retrievable: switch("bindings_retrievable"),
        instances_retrievable: switch("instances_retrievable"),
        allow_context_updates: switch("allow_context_updates"),
    };
    let tags = fields.texts("tags", "Service tags");
    let requires = fields.texts("requires", "Service \"requires\" field");
    let catalog_metadata = fields.object("metadata", "Service metadata");
    for one in
        requires.iter().filter(|one| !matches!(one.as_str(), "syslog_drain" | "route_forwarding" | "volume_mount"))
    {
        fields.faults.own.push(format!("Service \"requires\" field contains unsupported value \"{one}\""));
    }
    let objects = |value: &Value| value.as_array()?.iter().map(|one| one.as_object().cloned()).collect();
    let plans: Vec<Map<String, Value>> =
        fields.typed("plans", "Service plans list", "an array of hashes", objects).unwrap_or_default();
    if plans.is_empty() {
        fields.faults.own.push("At least one plan is required".to_owned());
    }
    let mut made = Vec::new();
    for plan in &plans {
        let (plan, wrong) = plan_of(&guid, plan);
        fields.faults.part(format!("Plan {}", plan.name), wrong);
        made.push(plan);
    }
    for id in repeated(made.iter().map(|plan| &plan.catalog_id)) {
        fields.faults.own.push(format!("Plan ids must be unique. Service {name} already has a plan with id '{id}'"));
    }
    for plan in repeated(made.iter().map(|plan| &plan.name)) {
        let problem =
            format!("Plan names must be unique within a service. Service {name} already has a plan named {plan}");
        fields.faults.own.push(problem);
    }
    let offering = ServiceOffering {
        guid,
        name,
        description,
        tags,
        broker: broker.clone(),
        available: true,
        catalog_id,
        requires,
        features,
        catalog_metadata,
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    let dashboard = fields.fields.get("dashboard_client").is_some_and(|client| !client.is_null());
    (Entry { offering, plans: made, dashboard }, fields.faults)
}

fn plan_of(offering: &Guid, fields: &Map<String, Value>) -> (ServicePlan, Faults) {
    let now = Timestamp::now();
    let mut fields = Fields { fields, faults: Faults::default() };
    let catalog_id = fields.text("id", "Plan id");
    let name = fields.text("name", "Plan name");
    let description = fields.description("Plan description");
    let catalog_metadata = fields.object("metadata", "Plan metadata");
    let free = fields.switch("free", "Plan free").unwrap_or(true);
    let bindable = fields.switch("bindable", "Plan bindable");
    let plan_updateable = fields.switch("plan_updateable", "Plan updateable");
    let maximum_polling_duration =
        fields.typed("maximum_polling_duration", "Maximum polling duration", "an integer", Value::as_u64);
    let schemas = Value::Object(fields.object("schemas", "Plan schemas"));
    let maintenance_info = fields.object("maintenance_info", "Maintenance info");
    if !maintenance_info.is_empty() && maintenance_info.get("version").and_then(Value::as_str).is_none_or(str::is_empty)
    {
        fields.faults.own.push("Maintenance info version is required".to_owned());
    }
    let plan = ServicePlan {
        guid: Guid::random(),
        name,
        description,
        free,
        offering: offering.clone(),
        visibility: Visibility::Admin,
        available: true,
        catalog_id,
        bindable,
        plan_updateable,
        maintenance_info,
        maximum_polling_duration,
        schemas,
        catalog_metadata,
        metadata: Metadata::default(),
        created_at: now,
        updated_at: now,
    };
    (plan, fields.faults)
}

/// Makes the offerings and the plans of a broker those of its catalog, and returns what the user should know. What is
/// not in it any more goes, but for plans that have instances: those are only taken off the market.
pub(super) fn apply(db: &mut State, broker: &Guid, url: &str, entries: Vec<Entry>) -> Vec<String> {
    let old: Vec<Guid> =
        db.service_offerings.values().filter(|one| one.broker == *broker).map(|one| one.guid.clone()).collect();
    for guid in &old {
        if let Some(offering) = db.service_offerings.get_mut(guid) {
            offering.available = false;
        }
    }
    for plan in db.service_plans.values_mut().filter(|plan| old.contains(&plan.offering)) {
        plan.available = false;
    }
    let dashboards = entries.iter().any(|entry| entry.dashboard);
    for Entry { offering, plans, .. } in entries {
        let known =
            db.service_offerings.values().find(|one| one.broker == *broker && one.catalog_id == offering.catalog_id);
        let offering = match known {
            Some(known) => ServiceOffering {
                guid: known.guid.clone(),
                metadata: known.metadata.clone(),
                created_at: known.created_at,
                ..offering
            },
            None => offering,
        };
        for plan in plans {
            let known = db
                .service_plans
                .values()
                .find(|one| one.offering == offering.guid && one.catalog_id == plan.catalog_id);
            let plan = match known {
                Some(known) => ServicePlan {
                    guid: known.guid.clone(),
                    visibility: known.visibility.clone(),
                    metadata: known.metadata.clone(),
                    created_at: known.created_at,
                    offering: offering.guid.clone(),
                    ..plan
                },
                None => ServicePlan { offering: offering.guid.clone(), ..plan },
            };
            db.service_plans.insert(plan.guid.clone(), plan);
        }
        db.service_offerings.insert(offering.guid.clone(), offering);
    }
    let mut warnings: Vec<String> = kept_plans(db, url, &old).into_iter().collect();
    if dashboards {
        warnings.push(
            "Warning: This broker includes configuration for a dashboard client. Auto-creation of OAuth2 clients has been \
             disabled in this Cloud Foundry instance. The broker catalog has been updated but its dashboard client \
             configuration will be ignored."
                .to_owned(),
        );
    }
    warnings
}

/// Removes what is off the market and has no instances; tells what has some.
fn kept_plans(db: &mut State, url: &str, old: &[Guid]) -> Option<String> {
    let used: Vec<Guid> = db.service_instances.values().filter_map(|one| one.plan().cloned()).collect();
    db.service_plans.retain(|guid, plan| plan.available || !old.contains(&plan.offering) || used.contains(guid));
    let mut kept: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for plan in db.service_plans.values().filter(|plan| !plan.available && old.contains(&plan.offering)) {
        if let Some(offering) = db.service_offerings.get(&plan.offering) {
            kept.entry(&offering.name).or_default().push(&plan.name);
        }
    }
    let warning = (!kept.is_empty()).then(|| {
        let mut text = format!(
            "Warning: Service plans are missing from the broker's catalog ({url}/v2/catalog) but can not be removed from Cloud \
             Foundry while instances exist. The plans have been deactivated to prevent users from attempting to provision \
             new instances of these plans. The broker should continue to support bind, unbind, and delete for existing \
             instances; if these operations fail contact your broker provider.\n"
        );
        for (offering, mut plans) in kept {
            plans.sort_unstable();
            // Writing to a string cannot fail.
            let _ = write!(text, "\nService Offering: {offering}\nPlans deactivated: {}\n", plans.join(", "));
        }
        text
    });
    let plans: Vec<Guid> = db.service_plans.values().map(|plan| plan.offering.clone()).collect();
    db.service_offerings.retain(|guid, one| one.available || !old.contains(guid) || plans.contains(guid));
    warning
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Settings;

    fn catalog(services: Value) -> Map<String, Value> {
        Map::from_iter([("services".to_owned(), services)])
    }

    fn plan(id: &str, name: &str) -> Value {
        json!({ "id": id, "name": name, "description": "a plan" })
    }

    fn service(plans: &Value) -> Value {
        json!([{ "id": "s", "name": "store", "description": "stores", "bindable": true, "plans": plans }])
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let cases = [
            (json!([]), "Service broker must provide at least one service\n"),
            (service(&json!([])), "Service store\n  At least one plan is required\n"),
            (
                json!([{ "id": 1, "name": "store", "description": "", "requires": ["wine"], "plans": [plan("p", "small"), plan("p", "small"), { "name": "odd", "free": "no" }] }]),
                "Service store\n  Service id must be a string, but has value 1\n  Service description is required\n  \
                 Service \"bindable\" field is required\n  Service \"requires\" field contains unsupported value \"wine\"\n  \
                 Plan ids must be unique. Service store already has a plan with id 'p'\n  Plan names must be unique within \
                 a service. Service store already has a plan named small\n  Plan odd\n    Plan id is required\n    Plan \
                 description is required\n    Plan free must be a boolean, but has value \"no\"\n",
            ),
        ];
        for (services, expected) in cases {
            let error = read(&Guid::from("b"), &catalog(services)).unwrap_err();
            assert_eq!(error.problems[0].detail, format!("Service broker catalog is invalid: \n{expected}"));
        }
    }

    #[test]
    fn what_leaves_the_catalog_goes_unless_it_is_used() {
        let mut db = State::initial(&Settings::default());
        let broker = db.service_brokers.values().next().unwrap().clone();
        db.service_offerings.clear();
        db.service_plans.clear();
        let names = |db: &State| {
            let plans =
                db.service_plans.values().map(|plan| format!("{}{}", plan.name, if plan.available { "" } else { "-" }));
            plans.collect::<Vec<_>>().join(" ")
        };
        let first = read(&broker.guid, &catalog(service(&json!([plan("1", "small"), plan("2", "large")])))).unwrap();
        assert_eq!(apply(&mut db, &broker.guid, &broker.url, first), Vec::<String>::new());
        assert_eq!(names(&db), "small large");
        let small = db.service_plans.values().next().unwrap().guid.clone();
        db.service_plans.get_mut(&small).unwrap().visibility = Visibility::Public;

        let second = read(&broker.guid, &catalog(service(&json!([plan("1", "tiny")])))).unwrap();
        assert_eq!(apply(&mut db, &broker.guid, &broker.url, second), Vec::<String>::new());
        assert_eq!(names(&db), "tiny");
        assert_eq!(db.service_plans[&small].visibility, Visibility::Public);
        assert_eq!(db.service_offerings.len(), 1);
    }
}

//! An app as a manifest. (`app_manifest_presenter.rb` and its parts.)

use serde_json::{Map, Value, json};

use crate::state::{App, DockerImage, LifecycleKind, Process, Sidecar, State};

/// The entry of an app under `applications`; what has no value is left out.
pub(super) fn manifest(db: &State, app: &App) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(app.name));
    if !app.environment.is_empty() {
        fields.insert("env".to_owned(), json!(app.environment));
    }
    if app.lifecycle.kind == LifecycleKind::Docker {
        let package = db.packages.values().rev().find(|package| package.app == app.guid);
        if let Some(DockerImage { image, username, .. }) = package.and_then(|package| package.docker.as_ref()) {
            let mut docker = json!({ "image": image });
            if let Some(username) = username {
                docker["username"] = json!(username);
            }
            fields.insert("docker".to_owned(), docker);
        }
    } else {
        fields.insert("lifecycle".to_owned(), json!(app.lifecycle.kind));
    }
    if !app.lifecycle.buildpacks.is_empty() {
        fields.insert("buildpacks".to_owned(), json!(app.lifecycle.buildpacks));
    }
    if let Some(stack) = &app.lifecycle.stack {
        fields.insert("stack".to_owned(), json!(stack));
    }
    fields.insert(
        "features".to_owned(),
        json!({
            "ssh": app.features.ssh,
            "revisions": app.features.revisions,
            "service-binding-k8s": app.features.service_binding_k8s,
            "file-based-vcap-services": app.features.file_based_vcap_services,
        }),
    );
    let bindings = db.service_bindings.values().filter(|binding| binding.app.as_ref() == Some(&app.guid));
    let instances = bindings.filter_map(|binding| db.service_instances.get(&binding.instance));
    let mut services: Vec<&str> = instances.map(|instance| instance.name.as_str()).collect();
    services.sort_by_key(|name| name.to_lowercase());
    if !services.is_empty() {
        fields.insert("services".to_owned(), json!(services));
    }
    let mut routes: Vec<Value> = Vec::new();
    for route in db.routes_of(&app.guid) {
        for to in route.destinations.iter().filter(|to| to.app == app.guid) {
            let mut one = json!({ "route": db.url_of(route), "protocol": to.protocol.as_str() });
            if !route.options.is_empty() {
                one["options"] = json!(route.options);
            }
            routes.push(one);
        }
    }
    routes.sort_by_key(|route| route["route"].as_str().unwrap_or_default().to_lowercase());
    if !routes.is_empty() {
        fields.insert("routes".to_owned(), json!(routes));
    }
    let mut metadata = Map::new();
    if !app.metadata.labels.is_empty() {
        metadata.insert("labels".to_owned(), json!(app.metadata.labels));
    }
    if !app.metadata.annotations.is_empty() {
        metadata.insert("annotations".to_owned(), json!(app.metadata.annotations));
    }
    if !metadata.is_empty() {
        fields.insert("metadata".to_owned(), Value::Object(metadata));
    }
    let mut processes: Vec<&Process> = db.processes_of(&app.guid).collect();
    processes.sort_by(|one, other| one.kind.cmp(&other.kind));
    fields.insert("processes".to_owned(), processes.into_iter().map(process).collect());
    let mut sidecars: Vec<&Sidecar> = db.sidecars_of(&app.guid).collect();
    sidecars.sort_by(|one, other| one.name.cmp(&other.name));
    if !sidecars.is_empty() {
        fields.insert("sidecars".to_owned(), sidecars.into_iter().map(sidecar).collect());
    }
    Value::Object(fields)
}

fn process(process: &Process) -> Value {
    let all = json!({
        "type": process.kind,
        "instances": process.instances,
        "memory": format!("{}M", process.memory_in_mb),
        "disk_quota": format!("{}M", process.disk_in_mb),
        "log-rate-limit-per-second": rate(process.log_rate_limit),
        "command": process.command,
        "health-check-type": process.health.kind,
        "health-check-http-endpoint": process.health.endpoint,
        "health-check-invocation-timeout": process.health.invocation_timeout,
        "health-check-interval": process.health.interval,
        "readiness-health-check-type": process.readiness.kind,
        "readiness-health-check-http-endpoint": process.readiness.endpoint,
        "readiness-health-check-invocation-timeout": process.readiness.invocation_timeout,
        "readiness-health-check-interval": process.readiness.interval,
        "timeout": process.health.timeout,
    });
    let there = all.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Value::Object(there.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn sidecar(sidecar: &Sidecar) -> Value {
    let mut fields = json!({
        "name": sidecar.name,
        "process_types": sidecar.process_types,
        "command": sidecar.command,
    });
    if let Some(memory) = sidecar.memory_in_mb {
        fields["memory"] = json!(format!("{memory}M"));
    }
    fields
}

fn rate(bytes: i64) -> Value {
    if bytes == -1 {
        return json!(-1);
    }
    let units = [("T", 1_i64 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];
    let fits = units.into_iter().find(|(_, size)| bytes != 0 && bytes % size == 0);
    let (unit, size) = fits.unwrap_or(("B", 1));
    json!(format!("{}{unit}", bytes / size))
}

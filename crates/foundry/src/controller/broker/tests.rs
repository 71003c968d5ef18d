//! Brokers over http, with one that answers as it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use ureq::Agent;

use crate::Foundry;
use crate::settings::Settings;

/// What a broker answers to what it is asked for, and what it has heard.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<HashMap<&'static str, (u16, Value)>>,
    heard: Mutex<Vec<String>>,
}

async fn answer(Shared(script): Shared<Arc<Script>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let subject = if path.contains("/service_bindings/") { "binding" } else { "instance" };
    let asked = match (request.method().as_str(), path.rsplit('/').next()) {
        ("GET", Some("catalog")) => "catalog".to_owned(),
        ("GET", Some("last_operation")) => "progress".to_owned(),
        ("PUT", _) => format!("make {subject}"),
        ("DELETE", _) => format!("remove {subject}"),
        _ => format!("read {subject}"),
    };
    script.heard.lock().unwrap().push(asked.clone());
    let (status, body) = script.answers.lock().unwrap().get(asked.as_str()).cloned().unwrap_or((200, json!({})));
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn catalog() -> Value {
    let plan = json!({ "id": "p", "name": "small", "description": "a small one" });
    let service = json!({
        "id": "s", "name": "store", "description": "stores", "bindable": true, "bindings_retrievable": true, "plans": [plan],
    });
    json!({ "services": [service] })
}

struct Stage {
    foundry: Foundry,
    script: Arc<Script>,
    agent: Agent,
    token: String,
    url: String,
    _broker: tokio::runtime::Runtime,
}

impl Stage {
    /// A foundry, and a broker that it does not know yet.
    fn new() -> Self {
        let foundry = Foundry::start(Settings::default()).unwrap();
        let broker = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let script = Arc::new(Script::default());
        script.answers.lock().unwrap().insert("catalog", (200, catalog()));
        let listener = broker.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&script));
        broker.spawn(async move { axum::serve(listener, app).await });
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let login = [("client_id", "cf"), ("grant_type", "password"), ("username", "admin"), ("password", "admin")];
        let uaa = foundry.platform().addresses.uaa_url();
        let mut answer = agent.post(format!("{uaa}/oauth/token")).send_form(login).unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self { foundry, script, agent, token, url, _broker: broker }
    }

    fn says(&self, asked: &'static str, status: u16, body: Value) {
        self.script.answers.lock().unwrap().insert(asked, (status, body));
    }

    /// What the broker has heard since this was asked last.
    fn heard(&self) -> String {
        std::mem::take(&mut *self.script.heard.lock().unwrap()).join(", ")
    }

    /// Calls the API. A job is waited for and returned.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.foundry.api_url());
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/json");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut answer = self.agent.run(request.body(body).unwrap()).unwrap();
        let Some(job) = answer.headers().get("location").map(|job| job.to_str().unwrap().to_owned()) else {
            return serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap_or(Value::Null);
        };
        let job = job.strip_prefix(&self.foundry.api_url()).unwrap();
        loop {
            let job = self.call("GET", job, &Value::Null);
            if !matches!(job["state"].as_str(), Some("PROCESSING" | "POLLING")) {
                return job;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn register(&self) -> Value {
        let credentials = json!({ "username": "u", "password": "p" });
        let authentication = json!({ "type": "basic", "credentials": credentials });
        let broker = json!({ "name": "shop", "url": self.url, "authentication": authentication });
        self.call("POST", "/v3/service_brokers", &broker)
    }

    /// The first resource of a list.
    fn first(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null)["resources"][0].clone()
    }

    /// Asks for an instance of the broker's plan.
    fn instance(&self, name: &str) -> Value {
        let plan = self.first("/v3/service_plans?names=small&service_broker_names=shop");
        let plan = plan["guid"].as_str().unwrap();
        let visibility = format!("/v3/service_plans/{plan}/visibility");
        self.call("PATCH", &visibility, &json!({ "type": "public" }));
        let space = self.first("/v3/spaces")["guid"].clone();
        let relationships =
            json!({ "space": { "data": { "guid": space } }, "service_plan": { "data": { "guid": plan } } });
        let instance = json!({ "type": "managed", "name": name, "relationships": relationships });
        self.call("POST", "/v3/service_instances", &instance)
    }

    /// The last operation on an instance.
    fn last_operation(&self, instance: &str) -> String {
        let instance = self.first(&format!("/v3/service_instances?names={instance}"));
        let last = &instance["last_operation"];
        let word = |key: &str| last[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", word("type"), word("state"), word("description"))
    }

    /// Makes a key of an instance, as a binding that needs no app.
    fn key(&self, instance: &str) -> Value {
        let instance = self.first(&format!("/v3/service_instances?names={instance}"))["guid"].clone();
        let relationships = json!({ "service_instance": { "data": { "guid": instance } } });
        let key = json!({ "type": "key", "name": "k", "relationships": relationships });
        self.call("POST", "/v3/service_credential_bindings", &key)
    }
}

/// How a job ended, and why.
fn end(job: &Value) -> String {
    let why = job["errors"][0]["detail"].as_str().unwrap_or_default();
    format!("{} {why}", job["state"].as_str().unwrap_or_default()).trim_end().to_owned()
}

#[test]
fn a_broker_that_cannot_be_read_stays_for_an_update() {
    let stage = Stage::new();
    stage.says("catalog", 401, json!({}));
    let refused = "FAILED Authentication with the service broker failed. Double-check that the username and password are \
                   correct.";
    assert_eq!(end(&stage.register()), refused);
    let broker = stage.first("/v3/service_brokers?names=shop")["guid"].as_str().unwrap().to_owned();
    stage.says("catalog", 200, json!({ "services": [] }));
    let path = format!("/v3/service_brokers/{broker}");
    let invalid = "FAILED Service broker catalog is invalid: \nService broker must provide at least one service";
    assert_eq!(end(&stage.call("PATCH", &path, &json!({ "url": stage.url }))), invalid);
    stage.says("catalog", 200, catalog());
    assert_eq!(end(&stage.call("PATCH", &path, &json!({ "url": stage.url }))), "COMPLETE");
    assert_eq!(stage.first("/v3/service_offerings?service_broker_names=shop")["name"], "store");
    assert_eq!(end(&stage.call("DELETE", &path, &Value::Null)), "COMPLETE");
    assert_eq!(stage.first("/v3/service_offerings?names=store"), Value::Null);
}

#[test]
fn what_a_broker_says_becomes_of_an_instance() {
    let stage = Stage::new();
    stage.register();
    stage.heard();

    stage.says("make instance", 201, json!({ "dashboard_url": "http://shop.test/1" }));
    assert_eq!(end(&stage.instance("at-once")), "COMPLETE");
    assert_eq!(stage.last_operation("at-once"), "create succeeded: ");
    assert_eq!(stage.first("/v3/service_instances?names=at-once")["dashboard_url"], "http://shop.test/1");
    assert_eq!(stage.heard(), "make instance");

    stage.says("make instance", 202, json!({ "operation": "o" }));
    stage.says("progress", 200, json!({ "state": "succeeded", "description": "there" }));
    assert_eq!(end(&stage.instance("later")), "COMPLETE");
    assert_eq!(stage.last_operation("later"), "create succeeded: there");
    assert_eq!(stage.heard(), "make instance, progress");

    stage.says("progress", 200, json!({ "state": "failed", "description": "no room" }));
    assert_eq!(end(&stage.instance("in-vain")), "FAILED create could not be completed: no room");
    assert_eq!(stage.last_operation("in-vain"), "create failed: no room");
    stage.heard();

    // Whether anything was made is not clear then: it is removed.
    stage.says("make instance", 500, json!({ "description": "on fire" }));
    assert_eq!(
        end(&stage.instance("broken")),
        "FAILED provision could not be completed: Service broker error: on fire"
    );
    assert_eq!(stage.last_operation("broken"), "create failed: Service broker error: on fire");
    assert_eq!(stage.heard(), "make instance, remove instance");

    stage.says("make instance", 400, json!({ "description": "not so" }));
    assert_eq!(
        end(&stage.instance("refused")),
        "FAILED provision could not be completed: Service broker error: not so"
    );
    assert_eq!(stage.heard(), "make instance");
}

#[test]
fn nothing_goes_before_its_broker_knows() {
    let stage = Stage::new();
    stage.register();
    stage.instance("db");
    stage.says("make binding", 202, json!({}));
    stage.says("progress", 200, json!({ "state": "succeeded" }));
    stage.says("read binding", 200, json!({ "credentials": { "word": "open" } }));
    assert_eq!(end(&stage.key("db")), "COMPLETE");
    let key = stage.first("/v3/service_credential_bindings")["guid"].as_str().unwrap().to_owned();
    let details = stage.call("GET", &format!("/v3/service_credential_bindings/{key}/details"), &Value::Null);
    assert_eq!(details["credentials"], json!({ "word": "open" }));
    stage.heard();

    let space = stage.first("/v3/spaces")["guid"].as_str().unwrap().to_owned();
    let space = format!("/v3/spaces/{space}");
    stage.says("remove instance", 500, json!({ "description": "held" }));
    let held = "FAILED delete could not be completed: Service instance db: Service broker error: held";
    assert_eq!(end(&stage.call("DELETE", &space, &Value::Null)), held);
    assert_eq!(stage.heard(), "remove binding, remove instance");
    assert_eq!(stage.last_operation("db"), "delete failed: Service instance db: Service broker error: held");
    assert_eq!(stage.first("/v3/service_credential_bindings"), Value::Null);

    stage.says("remove instance", 410, json!({}));
    assert_eq!(end(&stage.call("DELETE", &space, &Value::Null)), "COMPLETE");
    assert_eq!(stage.heard(), "remove instance");
    assert_eq!(stage.first("/v3/spaces"), Value::Null);
}

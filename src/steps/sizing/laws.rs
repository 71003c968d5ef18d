//! What is read off any manifest is what the embedded Cloud Foundry makes of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use foundry::Foundry;
use foundry::settings::Settings;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use ureq::Agent;

use crate::example;
use crate::plan::{self, AppName, Disk, Files, Plan};
use crate::space::{Process, Space};
use crate::steps::action::Push;
use crate::steps::action::facts::Facts;

/// A plan whose one app is deployed with as many instances as are live, or as the manifest says.
fn plan_of(manifest: &Value, instances: &str) -> Plan {
    struct Memory(String, String);
    impl Files for Memory {
        fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
            Ok(if file.ends_with("manifest.yml") { &self.1 } else { &self.0 }.clone().into_bytes())
        }
        fn exists(&self, _: &Path) -> bool {
            true
        }
        fn real(&self, path: &Path) -> PathBuf {
            Disk.real(path)
        }
    }
    let text = format!(
        "version: 1\ntarget: {{api: https://api.example.com, org: acme, space: production}}\napps:\n- {{name: shop, \
         path: app, manifest: manifest.yml, instances: {instances}, \
         routes: {{live: [shop.example.com], staging: next.example.com}}}}\n"
    );
    plan::load(Path::new("deploy.yaml"), None, &Memory(text, manifest.to_string())).unwrap()
}

/// Kind, instances and memory of each process.
type Sizes = BTreeMap<String, (u32, u64)>;

/// A platform on which manifests are applied as cf does it: to the API, under the name of a colour.
struct Platform {
    foundry: Foundry,
    agent: Agent,
    token: String,
    space: String,
}

impl Platform {
    fn new() -> Self {
        let foundry = Foundry::start(Settings::default()).unwrap();
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let form = [("grant_type", "password"), ("username", "admin"), ("password", "admin"), ("client_id", "cf")];
        let uaa = foundry.uaa_url();
        let mut answer = agent.post(format!("{uaa}/oauth/token")).send_form(form).unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let spaces = agent.get(format!("{}/v3/spaces", foundry.api_url()));
        let mut spaces = spaces.header("Authorization", format!("Bearer {token}")).call().unwrap();
        let spaces: Value = serde_json::from_str(&spaces.body_mut().read_to_string().unwrap()).unwrap();
        let space = spaces["resources"][0]["guid"].as_str().unwrap().to_owned();
        Self { foundry, agent, token, space }
    }

    /// Applies the manifest with `-i` in the place of its instances and `-m` in that of its memory. cf 8.17
    /// (`handle_instances_override.go`): the flag goes to the web process of the list where there is one, else to the top of the
    /// application.
    fn push(&self, app: &str, manifest: &Value, (instances, memory_mb): Flags) {
        let mut manifest = manifest.clone();
        let application = &mut manifest["applications"][0];
        application["name"] = json!(app);
        if application["processes"].is_null() {
            // cf 8.17: an empty list is not sent.
            application.as_object_mut().unwrap().remove("processes");
        }
        let flags = [
            ("instances", instances.map(|count| json!(count))),
            ("memory", memory_mb.map(|mb| json!(format!("{mb}M")))),
        ];
        for (key, value) in flags.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            let listed = application.get_mut("processes").and_then(Value::as_array_mut);
            match listed.and_then(|all| all.iter_mut().find(|process| process["type"] == "web")) {
                Some(web) => web[key] = value,
                None => application[key] = value,
            }
        }
        let (api, space) = (self.foundry.api_url(), &self.space);
        let mut answer = self
            .agent
            .post(format!("{api}/v3/spaces/{space}/actions/apply_manifest"))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/x-yaml")
            .send(manifest.to_string())
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{manifest}\n{text}");
        let job = answer.headers().get("location").unwrap().to_str().unwrap().to_owned();
        let mut job = self.agent.get(job).header("Authorization", format!("Bearer {}", self.token)).call().unwrap();
        let job: Value = serde_json::from_str(&job.body_mut().read_to_string().unwrap()).unwrap();
        assert_eq!(job["state"], "COMPLETE", "{manifest}\n{job}");
    }

    /// Takes an app away: what is not there need not be copied.
    fn forget(&self, app: &str) {
        let url = format!("{}/v3/apps/{}", self.foundry.api_url(), self.foundry.app(app).unwrap().guid);
        let answer = self.agent.delete(url).header("Authorization", format!("Bearer {}", self.token)).call().unwrap();
        assert_eq!(answer.status().as_u16(), 202);
    }

    fn sizes(&self, app: &str) -> Sizes {
        let processes = self.foundry.app(app).unwrap().processes.into_iter();
        processes.map(|process| (process.kind, (process.instances, process.memory_in_mb))).collect()
    }
}

/// What a push is told by `-i` and `-m`.
type Flags = (Option<u32>, Option<u64>);

/// What is read: pushed on this space, beside a live colour with so many instances.
fn read(manifest: &Value, instances: &str, live: u32, before: Option<&Sizes>) -> (Sizes, Flags) {
    let plan = plan_of(manifest, instances);
    let mut apps = vec![example::app("shop_a", true, live, None)];
    if let Some(before) = before {
        let mut next = example::app("shop_b", false, 1, None);
        let process = |(kind, (instances, memory_mb)): (&String, &(u32, u64))| Process {
            guid: format!("{kind}-guid"),
            kind: kind.clone(),
            instances: *instances,
            memory_mb: *memory_mb,
            states: Vec::new(),
            ends_unseen: false,
        };
        next.processes = before.iter().map(process).collect();
        apps.push(next);
    }
    let mut space: Space = example::space(apps, []);
    let name = |name: &str| AppName::parse(name).unwrap();
    let sized = super::of(&plan.apps[0], &space, Some(&name("shop_a")), &name("shop_b"));
    let asked = (sized.push.instances, sized.push.memory_mb);
    let push = Push { call: sized.push, image: None, declared: sized.declared, before: None };
    push.effect(&mut space);
    let next = space.app("shop_b").unwrap();
    (next.processes.iter().map(|one| (one.kind.clone(), (one.instances, one.memory_mb))).collect(), asked)
}

/// Some process keys, each also as null; sizes in all their spellings.
fn keys() -> impl Strategy<Value = Map<String, Value>> {
    let size = || {
        prop::sample::select(vec![
            "64M", "1G", "1.5g", "300mb", "0.25GiB", "2097152B", "4096K", "32M ", "64Mi", " ", "",
        ])
    };
    let size = move || prop_oneof![1 => Just(Value::Null), 6 => size().prop_map(Value::from)];
    let instances = prop_oneof![1 => Just(Value::Null), 6 => (0_u32..6).prop_map(Value::from)];
    let command = prop::sample::select(vec!["./mix", "null", "default"]).prop_map(Value::from);
    let health = prop::sample::select(vec!["port", "process", "none"]).prop_map(Value::from);
    let key = |names: Vec<&'static str>| prop::sample::select(names);
    (
        prop::option::of(instances),
        prop::option::of(size()),
        prop::option::of((key(vec!["disk_quota", "disk-quota"]), size())),
        prop::option::of(command),
        prop::option::of((key(vec!["health-check-type", "health_check_type"]), health)),
    )
        .prop_map(|(instances, memory, disk, command, health)| {
            let plain = [("instances", instances), ("memory", memory), ("command", command)];
            let plain = plain.into_iter().filter_map(|(key, value)| Some((key, value?)));
            plain.chain(disk).chain(health).map(|(key, value)| (key.to_owned(), value)).collect()
        })
}

/// A manifest with one application: process keys at its top, and a list of processes, or none.
fn manifest() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::subsequence(vec!["web", "worker", "clock"], 0..=3).prop_shuffle();
    let listed = kinds.prop_flat_map(|kinds| {
        let count = kinds.len();
        prop::collection::vec(keys(), count).prop_map(move |all| {
            let entry = |(kind, mut keys): (&&str, Map<String, Value>)| {
                keys.insert("type".to_owned(), json!(kind));
                Value::from(keys)
            };
            Value::from(kinds.iter().zip(all).map(entry).collect::<Vec<_>>())
        })
    });
    let processes = prop_oneof![1 => Just(None), 1 => Just(Some(Value::Null)), 6 => listed.prop_map(Some)];
    (keys(), processes).prop_map(|(mut top, processes)| {
        top.insert("name".to_owned(), json!("shop"));
        top.extend(processes.map(|processes| ("processes".to_owned(), processes)));
        json!({ "applications": [top] })
    })
}

#[test]
fn any_manifest_is_read_as_the_platform_reads_it() {
    let platform = Platform::new();
    let mode = prop::sample::select(vec!["at-least-live", "manifest"]);
    let cases = (manifest(), manifest(), mode, 0_u32..4);
    // Each case is two pushes.
    let config = Config::default();
    let mut runner = TestRunner::new(Config { cases: config.cases / 4, ..config });
    let count = std::cell::Cell::new(0);
    let law = runner.run(&cases, |(first, second, mode, live)| {
        count.set(count.get() + 1);
        let app = format!("shop-{}", count.get());
        let mut before: Option<Sizes> = None;
        // On an app that is not there, and on what that has made of it.
        for manifest in [first, second] {
            let (read, flags) = read(&manifest, mode, live, before.as_ref());
            platform.push(&app, &manifest, flags);
            let sizes = platform.sizes(&app);
            prop_assert_eq!(&read, &sizes, "{} onto {:?} with {:?}", manifest, before, flags);
            before = Some(sizes);
        }
        platform.forget(&app);
        Ok(())
    });
    law.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_listed_web_process_takes_nothing_from_the_top() {
    let manifest = json!({"applications": [{
        "name": "mix", "memory": "64M", "instances": 2, "command": "./mix",
        "processes": [
            {"type": "web", "command": "./mix", "health-check-type": "http", "health-check-http-endpoint": "/health"},
            {"type": "worker", "command": "sleep 1000", "instances": 1, "memory": "32M"},
        ],
    }]});
    // The memory of web is what the live colour has.
    let expected = BTreeMap::from([("web".to_owned(), (1, 256)), ("worker".to_owned(), (1, 32))]);
    assert_eq!(read(&manifest, "manifest", 1, None), (expected, (None, Some(256))));
}

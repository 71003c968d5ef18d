//! What a plan file becomes: one bad file per problem under `fixtures/plans`, and good ones.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::schema::{TABLES, reference};

use super::*;
use crate::secret::Sensitive;

/// Files in memory; folders are what their names say.
#[derive(Clone, Default)]
pub(super) struct Memory(pub BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    fn with(mut self, file: &str, text: &str) -> Self {
        self.0.insert(PathBuf::from(file), text.as_bytes().to_vec());
        self
    }
}

impl Files for Memory {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        self.0.get(file).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.starts_with(path))
    }

    fn real(&self, path: &Path) -> PathBuf {
        Disk.real(path)
    }
}

pub(super) const MANIFEST: &str = "applications:\n- name: sinatra\n  memory: 256M\n  instances: 2\n";

pub(super) const SMALL: &str = "\
version: 1
target: {api: https://api.example.com/, org: acme, space: production}
apps:
  - name: sinatra
    manifest: app/manifest.yml
    routes: {live: [SinatraLive.example.com], staging: sinatrastaging.example.com/next}
";

pub(super) fn project(plan: &str) -> Memory {
    Memory::default().with("deploy.yaml", plan).with("app/manifest.yml", MANIFEST).with("app/main.rb", "")
}

fn load_text(plan: &str) -> Result<Plan, Problems> {
    load(Path::new("deploy.yaml"), None, &project(plan))
}

#[test]
fn each_fault_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    let with_extension = |folder: &Path, extension: &str| -> Vec<PathBuf> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
    };
    let plans = with_extension(&folder, "yaml");
    assert!(plans.len() > 70, "only {} plans were found", plans.len());
    for file in &plans {
        // Named as a user would name it: tests run in the crate's folder.
        let named = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        let problems = load(named, None, &Disk).expect_err(&format!("{} has a fault", named.display()));
        insta::with_settings!({
            snapshot_path => folder.join("explained"), prepend_module_to_snapshot => false, omit_expression => true,
        }, {
            insta::assert_snapshot!(file.file_stem().unwrap().to_str().unwrap(), problems);
        });
    }
    assert_eq!(with_extension(&folder.join("explained"), "snap").len(), plans.len(), "each explanation has its plan");
}

#[test]
fn a_small_plan_is_filled_up_with_defaults() {
    let plan = load_text(SMALL).unwrap();
    let name = |text| AppName::parse(text).unwrap();
    let (digest, whole) = (plan.digest.clone(), plan.apps[0].manifest.app.whole.clone());
    assert_eq!(
        plan,
        Plan {
            version: 1,
            target: Target {
                api: ApiUrl::parse("https://api.example.com").unwrap(),
                org: OrgName::parse("acme").unwrap(),
                space: SpaceName::parse("production").unwrap(),
            },
            parallel: None,
            apps: vec![App {
                name: name("sinatra"),
                colours: [name("sinatra_a"), name("sinatra_b")],
                path: Some(PathBuf::from("app")),
                droplet: None,
                from: None,
                manifest: Manifest {
                    path: PathBuf::from("app/manifest.yml"),
                    vars: vec![],
                    vars_files: vec![],
                    application: None,
                    alone: None,
                    app: ManifestApp {
                        name: Some("sinatra".to_owned()),
                        whole,
                        web: ManifestProcess {
                            process_type: "web".to_owned(),
                            instances: Some(2),
                            memory_mb: Some(256),
                            ..ManifestProcess::default()
                        },
                        ..ManifestApp::default()
                    },
                },
                services: vec![],
                live: vec![RouteUrl::parse("sinatralive.example.com").unwrap()],
                staging: Some(RouteUrl::parse("sinatrastaging.example.com/next").unwrap()),
                protocols: BTreeMap::new(),
                route_options: BTreeMap::new(),
                health: None,
                checks: vec![],
                watch: None,
                settle: Duration::from_secs(60),
                drain: Duration::from_secs(35),
                old: Old::Stop,
                instances: Instances::AtLeastLive,
                carry: Carry::All,
                extra_routes: ExtraRoutes::Move,
                extra: Vec::new(),
                processes: Processes::default(),
                on_failure: OnFailure::Rollback,
                timeouts: Timeouts {
                    call: Duration::from_secs(60),
                    upload: Duration::from_secs(16 * 60),
                    staging: Duration::from_secs(16 * 60),
                    start: Duration::from_secs(10 * 60),
                    route: Duration::from_secs(3 * 60),
                    binding: Duration::from_secs(10 * 60),
                    tasks: Duration::from_secs(10 * 60),
                },
            }],
            tls: Tls::default(),
            file: PathBuf::from("deploy.yaml"),
            digest,
            secrets: vec![],
            warnings: vec![],
        }
    );
}

#[test]
fn checks_in_all_forms() {
    let checks = "    checks:
      - http: {}
      - http: {path: '/x?y=1', status: [200, 204], body: 'o.k', within: 2m, successes: 1, interval: 0s}
      - command: {run: './smoke.sh \"$CUTOVER_STAGING_URL\"'}
      - command: {run: [./smoke.sh, '5'], within: 5s}
      - command: ./smoke.sh --fast
      - command: [./smoke.sh, '6']
      - approval: Does it look right?
      - task: bin/smoke --fast
      - task: {process: smoke, name: try, memory: 1G, disk: 64MB, within: 2m}
";
    let plan = load_text(&format!("{SMALL}{checks}")).unwrap();
    let task = |run, name: &str, memory_mb, disk_mb, within| {
        Check::Task(TaskCheck { run, name: name.to_owned(), memory_mb, disk_mb, within: Duration::from_secs(within) })
    };
    let http = |path: &str, status: &[u16], body: Option<&str>, within, successes, interval| {
        Check::Local(LocalCheck::Http(HttpCheck {
            at: At { staging: true, live: false },
            method: Method::Get,
            path: path.to_owned(),
            headers: BTreeMap::new(),
            status: status.iter().map(|code| Status::Code(*code)).collect(),
            response_headers: BTreeMap::new(),
            body: body.map(|text| Pattern::parse(text).unwrap()),
            json: BTreeMap::new(),
            latency: None,
            within: Duration::from_secs(within),
            successes,
            interval: Duration::from_millis(interval),
        }))
    };
    let command = |run, within| {
        Check::Local(LocalCheck::Command(CommandCheck {
            at: At { staging: true, live: false },
            run,
            folder: PathBuf::from("."),
            within: Duration::from_secs(within),
        }))
    };
    assert_eq!(
        plan.apps[0].checks,
        [
            http("/", &[200], None, 60, 3, 500),
            http("/x?y=1", &[200, 204], Some("o.k"), 120, 1, 0),
            command(CommandLine::Shell("./smoke.sh \"$CUTOVER_STAGING_URL\"".to_owned()), 60),
            command(CommandLine::Argv(vec!["./smoke.sh".to_owned(), "5".to_owned()]), 5),
            command(CommandLine::Shell("./smoke.sh --fast".to_owned()), 60),
            command(CommandLine::Argv(vec!["./smoke.sh".to_owned(), "6".to_owned()]), 60),
            Check::Local(LocalCheck::Approval(Approval { question: "Does it look right?".to_owned() })),
            task(TaskCommand::Command("bin/smoke --fast".to_owned()), "check", None, None, 300),
            task(TaskCommand::Process("smoke".to_owned()), "try", Some(1024), Some(64), 120),
        ]
    );
}

#[test]
fn all_that_an_http_check_can_ask_for() {
    let checks = "    checks:
      - http:
          method: POST
          headers: {X-Tenant: acme}
          status: [2xx, 404]
          response_headers: {Content-Type: ^application/json}
          json: {/status: UP, /db/0/ok: true, '': {}, /count: 3}
          latency: 500ms
";
    let plan = load_text(&format!("{SMALL}{checks}")).unwrap();
    let Check::Local(LocalCheck::Http(http)) = &plan.apps[0].checks[0] else { panic!("a command") };
    let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    assert_eq!((http.method, &http.headers), (Method::Post, &one("X-Tenant", "acme")));
    assert_eq!(http.status, [Status::Class(2), Status::Code(404)]);
    assert_eq!(http.response_headers["Content-Type"].as_str(), "^application/json");
    let json = BTreeMap::from([
        (String::new(), serde_json::json!({})),
        ("/count".to_owned(), serde_json::json!(3)),
        ("/db/0/ok".to_owned(), serde_json::json!(true)),
        ("/status".to_owned(), serde_json::json!("UP")),
    ]);
    assert_eq!((&http.json, http.latency), (&json, Some(Duration::from_millis(500))));
}

#[test]
fn paths_are_joined_with_the_folder_as_the_user_named_it() {
    let files = |folder: &str| {
        Memory::default()
            .with(
                &format!("{folder}deploy.yaml"),
                &SMALL.replace("app/manifest.yml", "app/manifest.yml\n    path: app"),
            )
            .with(&format!("{folder}app/manifest.yml"), MANIFEST)
    };
    let mut digests = Vec::new();
    for folder in ["", "./", "../shop/", "/srv/shop/"] {
        let plan = load(Path::new(&format!("{folder}deploy.yaml")), None, &files(folder)).unwrap();
        assert_eq!(plan.apps[0].manifest.path, PathBuf::from(format!("{folder}app/manifest.yml")));
        assert_eq!(plan.apps[0].path, Some(PathBuf::from(format!("{folder}app"))));
        digests.push(plan.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "the digest does not depend on where one stands");
}

#[test]
fn a_path_never_looks_like_an_option() {
    let files = project(&SMALL.replace("app/manifest.yml", "-app/manifest.yml")).with("./-app/manifest.yml", MANIFEST);
    let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
    assert_eq!(plan.apps[0].manifest.path, PathBuf::from("./-app/manifest.yml"));
    assert_eq!(plan.apps[0].path, Some(PathBuf::from("./-app")));
}

#[test]
fn an_empty_path_of_a_manifest_is_none() {
    for path in ["path: ''", "path:", ""] {
        let files = project(SMALL).with("app/manifest.yml", &format!("applications:\n- name: x\n  {path}\n"));
        let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
        // Without one on its command line cf would upload the folder that it is run in.
        assert_eq!(
            (&plan.apps[0].path, &plan.apps[0].manifest.app.path),
            (&Some(PathBuf::from("app")), &None),
            "{path}"
        );
    }
}

#[test]
fn a_manifest_shared_by_two_apps_is_told_of_once() {
    let second = "  - {name: b, manifest: app/manifest.yml, routes: {live: [b.example.com], staging: c.example.com}}\n";
    let manifest = "applications:\n- name: x\n  disk: 1G\n  host: x\n";
    let files = project(&format!("{SMALL}{second}")).with("app/manifest.yml", manifest);
    let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
    assert_eq!(plan.warnings.len(), 2, "{:?}", plan.warnings);
    let sound = load(Path::new("deploy.yaml"), None, &project(SMALL)).unwrap();
    assert_eq!(sound.warnings, []);
}

#[test]
fn the_digest_sees_what_decides_and_nothing_else() {
    let digest = |plan: &str, manifest: &str| {
        load(Path::new("deploy.yaml"), None, &project(plan).with("app/manifest.yml", manifest)).unwrap().digest
    };
    let first = digest(SMALL, MANIFEST);
    assert_eq!(first.len(), 64);
    assert_eq!(digest(&format!("# A comment.\n{SMALL}    drain: 35s\n"), MANIFEST), first);
    assert_ne!(digest(&format!("{SMALL}    drain: 36s\n"), MANIFEST), first);
    assert_ne!(digest(&SMALL.replace("acme", "acme2"), MANIFEST), first);
    assert_ne!(digest(SMALL, &MANIFEST.replace("256M", "512M")), first);
    assert_ne!(digest(SMALL, &format!("{MANIFEST}  env: {{A: b}}\n")), first);
    // Everybody who sees the app sees the digest: a secret cannot be tried against it, a size counts.
    let with_vars = |vars: &str| {
        let plan = format!("{SMALL}    vars_files: [vars.yml]\n");
        let manifest =
            "applications:\n- {name: x, memory: ((memory)), docker: {image: 'x:((tag))'}, env: {A: ((tag))}}\n";
        let files = project(&plan).with("app/manifest.yml", manifest).with("vars.yml", vars);
        load(Path::new("deploy.yaml"), None, &files).unwrap().digest
    };
    assert_eq!(with_vars("tag: hunter2\nmemory: 64M\n"), with_vars("tag: hunter3\nmemory: 64M\n"));
    assert_ne!(with_vars("tag: hunter2\nmemory: 64M\n"), with_vars("tag: hunter2\nmemory: 65M\n"));
}

/// What an older release has begun, a newer one can resume: a plan that says nothing of what is new has the digest that it
/// always had.
#[test]
fn the_digest_of_a_plan_stays_what_it_was() {
    let plan = load_text(SMALL).unwrap();
    let written = serde_json::to_string(&plan.apps[0]).unwrap();
    for new in ["\"application\"", "\"alone\"", "\"warnings\"", "\"tasks\""] {
        assert!(!written.contains(new), "{new} is in {written}");
    }
    assert_eq!(plan.digest, "68bc61499f675deec63f7487acf9c67be5a24d26a5675620d067719d9d130f21");
    let named = load_text(&format!("{SMALL}    app: sinatra\n")).unwrap();
    assert_ne!(named.digest, plan.digest);
}

#[test]
fn one_application_of_several_is_deployed_by_what_it_is_itself() {
    let manifest = "\
defaults: &defaults
  instances: ((instances))
applications:
- name: cart
  memory: lots
  env: {A: ((unknown))}
- <<: *defaults
  name: ((env))-shop
  path: .
  memory: 64M
";
    let plan = format!("{SMALL}    app: test-shop\n    vars: {{env: test, instances: 3}}\n");
    let files = project(&plan).with("app/manifest.yml", manifest);
    let load = |files: &Memory| load(Path::new("deploy.yaml"), None, files).unwrap();
    let plan = load(&files);
    let read = &plan.apps[0].manifest;
    assert_eq!((read.app.web.instances, read.app.web.memory_mb), (Some(3), Some(64)));
    assert_eq!(read.app.path, Some(PathBuf::from("app/.")));
    assert_eq!(read.application.as_deref(), Some("test-shop"));
    let alone = read.alone.as_ref().unwrap();
    assert_eq!(alone.without, [(4, 6)]);
    assert_eq!(alone.text, manifest.replace("- name: cart\n  memory: lots\n  env: {A: ((unknown))}\n", ""));
    // What another application is decides nothing here.
    let other = load(&files.clone().with("app/manifest.yml", &manifest.replace("lots", "few")));
    assert_eq!(other.digest, plan.digest);
    let other = load(&files.with("app/manifest.yml", &manifest.replace("64M", "65M")));
    assert_ne!(other.digest, plan.digest);
    // A manifest with one application is pushed as it is.
    assert_eq!(load(&project(&format!("{SMALL}    app: sinatra\n"))).apps[0].manifest.alone, None);
}

#[test]
fn anchors_and_merge_keys() {
    let plan = "\
version: 1
target: {api: https://api.example.com, org: acme, space: production}
apps:
  - &shop
    name: shop
    manifest: app/manifest.yml
    routes: {live: [shop.example.com], staging: shop-next.example.com}
    checks: &checks
      - http: {path: /health}
    drain: 1m
  - <<: *shop
    name: blog
    routes: {live: [blog.example.com], staging: blog-next.example.com}
    checks: *checks
";
    let plan = load_text(plan).unwrap();
    assert_eq!(plan.apps[1].colours[0].as_str(), "blog_a");
    assert_eq!(plan.apps[1].drain, Duration::from_secs(60));
    assert_eq!(plan.apps[1].checks, plan.apps[0].checks);
    assert_eq!(plan.apps[1].live[0].to_string(), "blog.example.com");
}

#[test]
fn an_overlay_changes_what_it_names() {
    let base = format!("{SMALL}    services: [db]\n    drain: 1m\n");
    let over = "\
target: {space: staging}
apps:
  - name: sinatra
    services: []
    routes: {live: [sinatralive.staging.example.com]}
";
    let files = project(&base).with("deploy.staging.yaml", over);
    let plan = load(Path::new("deploy.yaml"), Some("staging"), &files).unwrap();
    assert_eq!(plan.target.space.as_str(), "staging");
    assert_eq!(plan.target.org.as_str(), "acme");
    let app = &plan.apps[0];
    assert_eq!(app.services, []);
    assert_eq!(app.drain, Duration::from_secs(60));
    assert_eq!(app.live[0].to_string(), "sinatralive.staging.example.com");
    assert_eq!(app.staging.as_ref().unwrap().to_string(), "sinatrastaging.example.com/next");
    assert_ne!(plan.digest, load(Path::new("deploy.yaml"), None, &files).unwrap().digest);

    let files = files.with("deploy.broken.yaml", "apps:\n  - name: sinatra\n    drian: 1m\n");
    let problems = load(Path::new("deploy.yaml"), Some("broken"), &files).unwrap_err();
    insta::assert_snapshot!("overlay_unknown_key", problems);
    let problems = load(Path::new("deploy.yaml"), Some("../x"), &files).unwrap_err();
    insta::assert_snapshot!("overlay_name_no_file_name", problems);
    let problems = load(Path::new("deploy.yaml"), Some("nowhere"), &files).unwrap_err();
    insta::assert_snapshot!("overlay_missing", problems);
    let problems = load(Path::new("nowhere.yaml"), None, &files).unwrap_err();
    insta::assert_snapshot!("plan_missing", problems);
}

#[test]
fn the_manifest_is_filled_in_as_cf_does() {
    let manifest = "\
defaults: &defaults
  memory: ((memory))
  disk_quota: 1.5G
applications:
- <<: *defaults
  name: shop-((env))
  instances: ((sizes.web))
  docker: {image: 'registry.example.com/shop:((tag))', username: robot-((env))}
  health-check-type: http
  health-check-http-endpoint: /((!env))((n))/health
  timeout: 80
  timeout: 90
  routes: [{route: shop.example.com}, {route: 'tcp.example.com:1234'}]
  services: [db, {name: cache, binding_name: c}]
  processes:
  - {type: worker, instances: 0, memory: 64m}
  no-route: true
  env: {((key)): x}
";
    let plan = format!("{SMALL}    vars: {{tag: '1.0', n: 3, key: KEY}}\n    vars_files: [a.yml, b.yml]\n");
    let files = project(&plan)
        .with("app/manifest.yml", manifest)
        .with("a.yml", "env: a\nmemory: 128M\ntag: old\n")
        .with("b.yml", "env: b\nsizes: {web: 4}\n");
    let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
    let manifest = &plan.apps[0].manifest;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(manifest.vars, [pair("tag", "\"1.0\""), pair("n", "3"), pair("key", "KEY")]);
    assert_eq!(manifest.vars_files, [PathBuf::from("a.yml"), PathBuf::from("b.yml")]);
    assert_eq!(
        manifest.app,
        ManifestApp {
            name: Some("shop-b".to_owned()),
            path: None,
            docker: Some(DockerImage {
                image: "registry.example.com/shop:1.0".to_owned(),
                username: Some("robot-b".to_owned()),
            }),
            lifecycle: Some(Lifecycle::Docker),
            buildpacks: vec![],
            stack: None,
            web: ManifestProcess {
                process_type: "web".to_owned(),
                command: None,
                instances: Some(4),
                memory_mb: Some(128),
                disk_mb: Some(1536),
                health_check: HealthCheck {
                    kind: Some("http".to_owned()),
                    endpoint: Some("/b3/health".to_owned()),
                    timeout_seconds: Some(90),
                },
            },
            others: vec![ManifestProcess {
                process_type: "worker".to_owned(),
                instances: Some(0),
                memory_mb: Some(64),
                ..ManifestProcess::default()
            }],
            routes: vec!["shop.example.com".to_owned(), "tcp.example.com:1234".to_owned()],
            services: vec!["db".to_owned(), "cache".to_owned()],
            no_route: true,
            random_route: false,
            whole: manifest.app.whole.clone(),
        }
    );
    assert_eq!(
        manifest.app.asked_of("shop_a"),
        serde_json::json!({
            "name": "shop_a",
            "services": ["db", {"name": "cache", "binding_name": "c"}],
            "processes": [
                {"type": "worker", "memory": "64m"},
                {
                    "disk_quota": "1.5G", "health-check-http-endpoint": "/b3/health", "health-check-type": "http",
                    "memory": "128M", "timeout": 90, "type": "web",
                },
            ],
            "env": {"KEY": "x"},
        }),
        "what a deployment sees to itself is not asked of an app"
    );
    let compared = manifest.app.compared_with("shop_a");
    assert_eq!(compared["services"], serde_json::json!(["cache", "db"]), "as the platform presents them");
    assert_eq!(compared.get("buildpacks"), None);
    assert_eq!(plan.apps[0].path, None, "a docker image is not uploaded");
}

#[test]
fn what_a_manifest_asks_for_is_compared_in_the_form_that_the_platform_presents() {
    let compared = |keys: &str| {
        let manifest = format!("applications:\n- {{name: shop, {keys}}}\n");
        let files = project(SMALL).with("app/manifest.yml", &manifest);
        let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
        plan.apps[0].manifest.app.compared_with("shop_a")
    };
    for (keys, form) in [
        ("buildpack: go_buildpack", serde_json::json!({"buildpacks": ["go_buildpack"]})),
        ("buildpack: default", serde_json::json!({})),
        ("buildpacks: [], services: [], env: {}", serde_json::json!({})),
        ("services: [b, {name: A, parameters: {x: 1}}]", serde_json::json!({"services": ["A", "b"]})),
    ] {
        let mut form = form;
        form["name"] = "shop_a".into();
        assert_eq!(compared(keys), form, "{keys}");
    }
}

#[test]
fn secrets_of_vars_files_are_not_shown() {
    let plan = format!("{SMALL}    vars_files: [broken.yml, secret.yml]\n");
    let files = project(&plan)
        .with("app/manifest.yml", "applications:\n- {name: x, instances: ((a)), memory: ((b)), env: {A: 'x((c))'}}\n")
        .with("broken.yml", "password: hunter2: x\n")
        .with("secret.yml", "a: hunter2\nb: hunter2\nc: [hunter2]\n");
    let problems = load(Path::new("deploy.yaml"), None, &files).unwrap_err();
    insta::assert_snapshot!("vars_file_broken", problems);
    assert!(!problems.to_string().contains("hunter2"));
    let plan = plan.replace("broken.yml, ", "");
    let problems = load(Path::new("deploy.yaml"), None, &files.with("deploy.yaml", &plan)).unwrap_err();
    insta::assert_snapshot!("vars_of_wrong_types", problems);
    assert!(!problems.to_string().contains("hunter2"));
}

#[test]
fn secrets_are_known_and_never_shown() {
    let plan = format!("{SMALL}    vars_files: [secret.yml]\n    vars: {{tag: v1.2.3}}\n");
    let manifest = "\
applications:
- name: ((name))
  memory: 64M
  path: ((where))
  env: {PASSWORD: ((password)), MODE: production, LONG: long-enough, TAG: ((tag)), DEEP: {x: [\"((nested.key))\"]}}
";
    let vars =
        "{name: shop-name, where: ., password: hunter2, pin: 12345, yes: true, short: abc, nested: {key: deep-one}}";
    let files = project(&plan).with("app/manifest.yml", manifest).with("secret.yml", vars);
    let plan = load(Path::new("deploy.yaml"), None, &files).unwrap();
    let known: Vec<&str> = plan.secrets.iter().map(Sensitive::expose).collect();
    for secret in ["shop-name", "hunter2", "12345", "deep-one", "production", "long-enough"] {
        assert!(known.contains(&secret), "{secret} is not in {known:?}");
    }
    assert!(!known.contains(&"true") && !known.contains(&"abc"), "{known:?}");
    for shown in [format!("{:?}", plan.secrets), serde_json::to_string(&plan).unwrap()] {
        assert!(!shown.contains("hunter2") && !shown.contains("12345"), "{shown}");
    }
    // What the plan says itself is no secret.
    assert!(plan.shows(&Sensitive::new("production")) && plan.shows(&Sensitive::new("v1.2.3")));
    assert!(plan.shows(&Sensitive::new("example.com")) && !plan.shows(&Sensitive::new("hunter2")));

    // Where it does harm as a path, and where the YAML is broken at it.
    let explained =
        |vars: &str| load(Path::new("deploy.yaml"), None, &files.clone().with("secret.yml", vars)).unwrap_err();
    let sound = "name: x\npassword: y\nnested: {key: z}\n";
    for vars in [
        format!("{sound}where: hunter2/x\n"),
        format!("{sound}where: ../../hunter2\n"),
        format!("{sound}where: *hunter2\n"),
        format!("{sound}where: !hunter2 x\n"),
        format!("{sound}where: &hunter2 x\n"),
        format!("{sound}where: \"\\hunter2\"\n"),
        format!("{sound}where: {{hunter2\n"),
        format!("{sound}where: @hunter2\n"),
    ] {
        let problems = explained(&vars);
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }
}

#[test]
fn variables_cannot_fill_the_memory() {
    let long = "x".repeat(500_000);
    let list = format!("[{}]", "a, ".repeat(9_000));
    let cases = [
        // Each would take hours without a limit: some MB a time, a hundred thousand times; a value that names itself; a
        // list in each item of a list.
        (format!("big: {long}\n"), "((big))".repeat(100_000)),
        ("big: ((big))((big))\n".to_owned(), "((big))".repeat(1000)),
        (format!("big: {list}\n"), String::new()),
    ];
    for (vars, text) in cases {
        let value =
            if text.is_empty() { format!("[{}]", "\"((big))\", ".repeat(9_000)) } else { format!("\"{text}\"") };
        let manifest = format!("applications:\n- name: x\n  env:\n    A: {value}\n");
        let files = project(&format!("{SMALL}    vars_files: [vars.yml]\n"))
            .with("app/manifest.yml", &manifest)
            .with("vars.yml", &vars);
        let message = load(Path::new("deploy.yaml"), None, &files).err().map(|problems| problems.to_string());
        let names_itself = vars.contains("((");
        assert!(names_itself || message.unwrap().contains("more than 1048576 characters"));
    }
    // Neither can those that are missing take all the time.
    let missing = (0..4_000).map(|at| format!("((v{at}))")).collect::<Vec<_>>().concat();
    let known = (0..2_000).map(|at| format!("w{at}: 1\n")).collect::<Vec<_>>().concat();
    let files = project(&format!("{SMALL}    vars_files: [vars.yml]\n"))
        .with("app/manifest.yml", &format!("applications:\n- name: \"{missing}\"\n"))
        .with("vars.yml", &known);
    assert_eq!(load(Path::new("deploy.yaml"), None, &files).unwrap_err().iter().len(), 100);
}

#[test]
fn paths_stay_in_the_folder_of_the_plan_unless_it_says_otherwise() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["shop/app", "shared", "shop/linked"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    let manifest = |path: &str| format!("applications:\n- name: x\n  path: {path}\n");
    std::fs::write(root.join("shop/app/manifest.yml"), manifest(".")).unwrap();
    std::fs::write(root.join("shop/app/out.yml"), manifest("../../shared")).unwrap();
    std::fs::write(root.join("shared/manifest.yml"), manifest(".")).unwrap();
    std::fs::write(root.join("shared/vars.yml"), "a: b\n").unwrap();
    symlink("../shared", root.join("shop/link")).unwrap();
    symlink("app", root.join("shop/inside")).unwrap();
    let file = root.join("shop/deploy.yaml");
    let absolute = root.join("shared").display().to_string();
    let load_with = |keys: &str, outside: &str| {
        let head = "version: 1\ntarget: {api: api.example.com, org: acme, space: production}\n";
        let routes = "routes: {live: [a.example.com], staging: b.example.com}";
        std::fs::write(&file, format!("{head}{outside}\napps:\n  - {{name: x, {keys}, {routes}}}\n")).unwrap();
        load(&file, None, &Disk)
    };
    for (keys, at) in [
        ("manifest: app/manifest.yml, path: ../shared", "5:49"),
        ("manifest: app/manifest.yml, path: link", "5:49"),
        (&format!("manifest: app/manifest.yml, path: {absolute}"), "5:49"),
        ("manifest: link/manifest.yml", "5:25"),
        ("manifest: ../shared/manifest.yml", "5:25"),
        ("manifest: app/manifest.yml, vars_files: [../shared/vars.yml]", "5:56"),
        ("manifest: app/out.yml", "3:9"),
    ] {
        let problems = load_with(keys, "").unwrap_err();
        let text = problems.to_string();
        assert_eq!(problems.iter().len(), 1, "{keys}\n{text}");
        for words in [" leads out of the folder of the plan", at] {
            assert!(text.contains(words), "{keys}: '{words}' is not in\n{text}");
        }
        // The line to paste, also beside what is there already.
        let pasted = |text: &str| text.split('`').find(|part| part.starts_with("outside: ")).unwrap().to_owned();
        let beside = load_with(keys, "outside: ['/no where']").unwrap_err().to_string();
        assert!(pasted(&beside).starts_with("outside: [\"/no where\", ../shared"), "{beside}");
        for outside in [
            &pasted(&text),
            &pasted(&beside),
            "outside: [../shared]",
            &format!("outside: [/nowhere, {absolute}]"),
            "outside: [/]",
        ] {
            load_with(keys, outside).unwrap_or_else(|problems| panic!("{keys}\n{problems}"));
        }
        load_with(keys, "outside: [../share]").unwrap_err();
    }
    for keys in ["manifest: app/manifest.yml, path: ./app/../app", "manifest: inside/manifest.yml, path: inside"] {
        load_with(keys, "").unwrap_or_else(|problems| panic!("{keys}\n{problems}"));
    }
}

#[test]
fn a_text_that_is_shown_holds_no_control_characters() {
    for (keys, why) in [
        ("    vars: {\"a\\e[2J\": b}\n", "is no name for a variable"),
        ("    checks: [{command: {run: \"a\\u202eb\"}}]\n", "the command holds the unprintable character U+202E"),
        ("    checks: [{http: {body: \"a\\eb\"}}]\n", "the regular expression holds the unprintable character U+001B"),
        ("    checks: [{http: {path: \"/a\\eb\"}}]\n", "the path holds the character U+001B"),
        ("    path: \"a\\eb\"\n", "the path holds the unprintable character U+001B"),
        ("    services: [\"a\\eb\"]\n", "the service instance's name holds the unprintable character U+001B"),
    ] {
        let problems = load_text(&format!("{SMALL}{keys}")).unwrap_err().to_string();
        assert!(problems.contains(why), "{problems}");
        assert!(!problems.contains(|c| c != '\n' && crate::text::is_unprintable(c)), "{problems:?}");
    }
}

#[test]
fn a_staging_route_is_made_of_the_apps_name_where_none_is_named() {
    let plan = |name: &str, live: &str| {
        let named = "{live: [SinatraLive.example.com], staging: sinatrastaging.example.com/next}";
        let text = SMALL.replacen(named, &format!("{{live: [{live}]}}"), 1);
        load_text(&text.replacen("name: sinatra", &format!("name: {name}"), 1))
    };
    let long = "long".repeat(20);
    let cut = format!("{}-staging.example.com", &long[..55]);
    for (name, live, expected) in [
        ("shop", "www.example.com/cart", "shop-staging.example.com"),
        ("My_Shop 2", "'*.shop.example.com'", "my-shop-2-staging.shop.example.com"),
        ("shop", "example.com", "shop-staging.example.com"),
        (long.as_str(), "www.example.com", cut.as_str()),
    ] {
        let found = plan(name, live).unwrap().apps[0].staging.clone().unwrap();
        assert_eq!(found.to_string(), expected, "{name}, {live}");
    }
    let problems = plan("'日本'", "www.example.com").unwrap_err().to_string();
    assert!(problems.contains("no host of a staging route can be made of the app's name"), "{problems}");
    let problems = plan("shop", "www.example.com, shop-staging.example.com").unwrap_err().to_string();
    assert!(problems.contains("the staging route `shop-staging.example.com` is a live route as well"), "{problems}");
}

#[test]
fn an_expression_that_takes_too_much_is_refused() {
    let plan = format!("{SMALL}    checks: [{{http: {{body: '(a{{1000}}){{1000}}'}}}}]\n");
    assert!(load_text(&plan).unwrap_err().to_string().contains("does not compile"));
}

#[test]
fn the_example_has_every_key_and_is_a_sound_plan() {
    let text = include_str!("../../deploy.example.yaml");
    let plan = load(Path::new("deploy.example.yaml"), None, &Disk).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(plan.apps[0].manifest.path, PathBuf::from("example/app/manifest.yml"));
    assert_eq!(plan.apps[0].live[0].to_string(), "sinatralive.apps.foundry.test");
    for table in TABLES {
        for key in table.keys {
            let used = text.lines().any(|line| {
                // What stands in the place of another key can only be told beside that, or in a comment of its own.
                let is_instead = (table.noun, key.name) == ("a task", "process");
                let stands_in = line.trim_start().strip_prefix("# ");
                let stands_in =
                    stands_in.filter(|rest| ["droplet: ", "from: "].iter().any(|key| rest.starts_with(key)));
                let told = if is_instead { Some(line) } else { line.split('#').next() };
                let line = stands_in.or(told).unwrap_or_default();
                line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | ':'))
                    .any(|word| word.strip_suffix(':') == Some(key.name))
            });
            assert!(used, "{} of {} is not in the example", key.name, table.noun);
        }
    }
}

#[test]
fn documents_are_made_from_the_table() {
    insta::assert_snapshot!("schema", serde_json::to_string_pretty(&schema()).unwrap());
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(written == reference(), "docs/plan.md is out of date: run this test with UPDATE_DOCS=1");
}

#[test]
fn yaml_1_2_has_no_norway_problem() {
    let plan = load_text(&SMALL.replace("acme", "no").replace("production", "on")).unwrap();
    assert_eq!((plan.target.org.as_str(), plan.target.space.as_str()), ("no", "on"));
}

#[test]
fn problems_as_json() {
    let json = |file: &str| serde_json::to_value(load(Path::new(file), None, &Disk).unwrap_err()).unwrap();
    assert_eq!(
        json("fixtures/plans/unknown-key.yaml"),
        serde_json::json!([{
            "file": "fixtures/plans/unknown-key.yaml",
            "line": 8,
            "column": 5,
            "path": "apps[0].servces",
            "message": "an app has no key `servces`",
            "hint": "did you mean `services`?",
        }])
    );
    assert_eq!(
        json("nowhere.yaml"),
        serde_json::json!([{
            "file": "nowhere.yaml",
            "path": "",
            "message": "there is no such file",
            "hint": "name the plan with `-f FILE`; `cutover init` writes one from what runs in the space",
        }])
    );
}

#[test]
fn a_name_too_long_for_its_colours() {
    let long = "n".repeat(254);
    let plan = SMALL.replace("name: sinatra", &format!("name: {long}"));
    let problems = load_text(&plan).unwrap_err();
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["the name is too long for colours to be made of it"]);
    load_text(&format!("{plan}    colours: [a, b]\n")).unwrap();
}

#[test]
fn a_hundred_problems_are_enough() {
    let plan = (0..250).map(|at| format!("k{at}: x")).collect::<Vec<_>>().join("\n");
    let problems = load_text(&plan).unwrap_err();
    assert_eq!(problems.iter().len(), 100);
    assert_eq!(problems.iter().last().unwrap().hint.as_deref(), Some("153 more problems are not shown"));
}

#[test]
fn an_app_of_the_overlay_alone_is_added() {
    let over = "\
apps:
  - name: extra
    manifest: app/manifest.yml
    routes: {live: [extra.example.com], staging: extra-next.example.com}
";
    let plan = load(Path::new("deploy.yaml"), Some("more"), &project(SMALL).with("deploy.more.yaml", over)).unwrap();
    let names: Vec<_> = plan.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(names, ["sinatra", "extra"]);
}

#[test]
fn a_manifest_shared_by_two_apps_is_reported_once() {
    let second = "  - {name: b, manifest: app/manifest.yml, routes: {live: [b.example.com], staging: c.example.com}}\n";
    let files = project(&format!("{SMALL}{second}")).with("app/manifest.yml", "applications:\n- memory: lots\n");
    let problems = load(Path::new("deploy.yaml"), None, &files).unwrap_err();
    assert_eq!(problems.iter().len(), 1, "{problems}");
}

//! Whole command lines, as a person reads and a shell runs them.

use proptest::prelude::*;

use super::*;

fn route() -> RouteParts {
    RouteParts { host: Some("sinatralive".to_owned()), domain: "example.com".to_owned(), path: None }
}

fn cf(version: &str) -> CfVersion {
    CfVersion::parse(&format!("cf version {version}")).unwrap()
}

/// Runs a command line in a real shell in which `cf` prints its arguments, each closed by NUL, or, for a reference,
/// what cf 8.17 printed.
fn run_in_shell(line: &str) -> Vec<String> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cf-output/8.17.0");
    // The text between the marks of a fixture is what cf printed.
    let script = format!(
        "printed() {{ sed -n '/^--- out$/,/^--- err$/p' \"{fixtures}/$1.txt\" | sed '1d;$d'; }}
         cf() {{
           case \"$1 $3\" in
             'app --guid') echo \"guid-of-$2\" ;;
             'droplets '|'packages ') printed \"$1\" ;;
             *) for argument; do printf '%s\\0' \"$argument\"; done ;;
           esac
         }}
         {line}"
    );
    #[expect(clippy::disallowed_methods, reason = "a shell, to see what it makes of a line")]
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.strip_suffix('\0').unwrap_or_default().split('\0').map(str::to_owned).collect()
}

/// The values that the shell finds in [`run_in_shell`].
#[expect(clippy::unnecessary_wraps, reason = "the signature of a look-up")]
fn look_up(reference: &Reference) -> Option<String> {
    Some(match reference {
        Reference::AppGuid(app) => format!("guid-of-{app}"),
        // The newest ready one.
        Reference::PackageGuid(_) => "44444444-4444-4444-8444-444444444444".to_owned(),
        // The newest one is the one in use.
        Reference::DropletGuid(_) | Reference::CurrentDropletGuid(_) => {
            "55555555-5555-4555-8555-555555555555".to_owned()
        }
        Reference::SidecarGuid(_, name) => format!("guid-of-{name}"),
        Reference::RouteGuid(route) => format!("guid-of-{}", route.url()),
        Reference::File(name) => (*name).to_owned(),
        Reference::ManifestPart(part) => format!("part of {}", part.file),
    })
}

/// What brings a droplet to a colour without an upload.
fn of_droplets() -> Vec<(Invocation, &'static str)> {
    let b = "sinatra_b";
    vec![
        (
            Invocation::copy_droplet(b, "55555555-5555-4555-8555-555555555555"),
            concat!(
                "cf curl -X POST '/v3/droplets?source_guid=55555555-5555-4555-8555-555555555555' ",
                r#"-d '{"relationships":{"app":{"data":{"guid":"'"$(cf app sinatra_b --guid)"'"}}}}'"#
            ),
        ),
        (
            Invocation::push_droplet(b, "-out.tgz"),
            "cf push sinatra_b --no-manifest --droplet ./-out.tgz --no-route --no-start",
        ),
        (
            Invocation::apply_manifest(Sensitive::new("hunter2"), &cf("8.17.0")),
            "cf apply-manifest -f manifest.json --redact-env",
        ),
        (Invocation::apply_manifest(Sensitive::new("hunter2"), &cf("7.8.0")), "cf apply-manifest -f manifest.json"),
    ]
}

/// What sets a colour to what the other one has.
fn of_equality() -> Vec<(Invocation, &'static str)> {
    let b = "sinatra_b";
    vec![
        (
            Invocation::bind_service_as(b, "db", Some("main"), Some(Sensitive::new("{}")), &cf("8.17.0")),
            "cf bind-service sinatra_b db --wait --binding-name main -c parameters.json",
        ),
        (
            Invocation::app_request(&AppRequest {
                method: Method::Patch,
                app: b,
                path: "/environment_variables",
                body: Body::Shown(json!({"var": {"OLD": null}})),
            }),
            r#"cf curl -X PATCH "/v3/apps/$(cf app sinatra_b --guid)/environment_variables" -d '{"var":{"OLD":null}}'"#,
        ),
        (
            Invocation::app_request(&AppRequest {
                method: Method::Patch,
                app: b,
                path: "/environment_variables",
                body: Body::InFile(Sensitive::new("hunter2")),
            }),
            r#"cf curl -X PATCH "/v3/apps/$(cf app sinatra_b --guid)/environment_variables" -d @variables.json"#,
        ),
        (
            Invocation::network_policies(
                b,
                "/delete",
                &[PolicyRequest { outward: true, peer: Some("g-2"), protocol: "tcp", ports: (80, 81) }],
            ),
            r#"cf curl -X POST /networking/v1/external/policies/delete -d '{"policies":[{"source":{"id":"'"$(cf app sinatra_b --guid)"'"},"destination":{"id":"g-2","protocol":"tcp","ports":{"start":80,"end":81}}}]}'"#,
        ),
    ]
}

/// Tasks.
fn of_tasks() -> Vec<(Invocation, &'static str)> {
    let b = "sinatra_b";
    let task = |run, memory_mb, disk_mb| {
        Invocation::run_task(&NewTask { app: b, name: "check-1-id", run: &run, memory_mb, disk_mb })
    };
    vec![
        (
            task(TaskCommand::Command("bin/smoke --all".to_owned()), None, None),
            "cf run-task sinatra_b --command 'bin/smoke --all' --name check-1-id",
        ),
        (
            task(TaskCommand::Process("smoke".to_owned()), Some(64), Some(128)),
            "cf run-task sinatra_b --process smoke --name check-1-id -m 64M -k 128M",
        ),
        (Invocation::terminate_task(b, 3), "cf terminate-task sinatra_b 3"),
    ]
}

fn all() -> Vec<(Invocation, &'static str)> {
    let b = "sinatra_b";
    let map = |route: &RouteParts| Invocation::map_route(b, route, Protocol::Http1, &CfVersion::pinned());
    vec![
        (Invocation::org_guid("acme"), "cf org acme --guid"),
        (
            Invocation::push_no_start(
                &Push {
                    app: b.to_owned(),
                    manifest: Some(PushedManifest::File("app/manifest.yml".to_owned())),
                    path: Some("app".to_owned()),
                    vars: vec![("memory".to_owned(), "64M".to_owned()), ("greeting".to_owned(), "it's me".to_owned())],
                    vars_files: vec!["one.yml".to_owned(), "two.yml".to_owned()],
                    instances: Some(3),
                    memory_mb: Some(512),
                },
                &CfVersion::pinned(),
            ),
            "cf push sinatra_b -f app/manifest.yml -p app --vars-file one.yml --vars-file two.yml --var 'memory=64M' \
             --var \"greeting=it's me\" -i 3 -m 512M --no-route --no-start --redact-env",
        ),
        (
            Invocation::push_no_start(&Push { app: b.to_owned(), ..Push::default() }, &cf("8.7.8")),
            "cf push sinatra_b --no-manifest --no-route --no-start",
        ),
        (
            Invocation::stage_package(b, Reference::PackageGuid(b.to_owned())),
            r#"cf stage-package sinatra_b --package-guid "$(cf packages sinatra_b | awk 'NR > 3 && $2 == "ready" { print $1; exit }')""#,
        ),
        (
            Invocation::set_droplet(b, Reference::DropletGuid(b.to_owned())),
            r#"cf set-droplet sinatra_b "$(cf droplets sinatra_b | awk 'NR > 3 && / staged / { print $1; exit }')""#,
        ),
        (
            Invocation::set_current_droplet(b, Reference::DropletGuid(b.to_owned())),
            r#"cf curl -X PATCH "/v3/apps/$(cf app sinatra_b --guid)/relationships/current_droplet" -d '{"data":{"guid":"'"$(cf droplets sinatra_b | awk 'NR > 3 && / staged / { print $1; exit }')"'"}}'"#,
        ),
        (Invocation::start_now(b), r#"cf curl -X POST "/v3/apps/$(cf app sinatra_b --guid)/actions/start""#),
        (Invocation::stop("sinatra_a"), "cf stop sinatra_a"),
        (map(&route()), "cf map-route sinatra_b example.com --hostname sinatralive"),
        (
            Invocation::map_route(b, &route(), Protocol::Http2, &cf("8.2.0")),
            "cf map-route sinatra_b example.com --hostname sinatralive --app-protocol http2",
        ),
        (
            map(&RouteParts { path: Some("/shop".to_owned()), ..route() }),
            "cf map-route sinatra_b example.com --hostname sinatralive --path /shop",
        ),
        (
            map(&RouteParts { host: Some("*".to_owned()), ..route() }),
            "cf map-route sinatra_b example.com --hostname '*'",
        ),
        (
            Invocation::unmap_route("sinatra_a", &RouteParts { host: None, ..route() }),
            "cf unmap-route sinatra_a example.com",
        ),
        (Invocation::create_route(&route()), "cf create-route example.com --hostname sinatralive"),
        (Invocation::delete("sinatra_a"), "cf delete sinatra_a -f"),
        (Invocation::bind_service(b, "db", &cf("8.17.0")), "cf bind-service sinatra_b db --wait"),
        (Invocation::bind_service(b, "db", &cf("7.8.0")), "cf bind-service sinatra_b db"),
        (Invocation::unbind_service(b, "db", &cf("9.0.0")), "cf unbind-service sinatra_b db --wait"),
        (Invocation::scale(b, 3), "cf scale sinatra_b -i 3"),
        (
            Invocation::set_annotations(b, [("cutover/role", Some("it's $next")), ("cutover/old", None)], None),
            r#"cf curl -X PATCH "/v3/apps/$(cf app sinatra_b --guid)" -d '{"metadata":{"annotations":{"cutover/role":"it'\''s $next","cutover/old":null}}}'"#,
        ),
        (
            Invocation::set_annotations(b, [("cutover-role", Some("it's live"))], Some("cutover-droplet")),
            r#"cf curl -X PATCH "/v3/apps/$(cf app sinatra_b --guid)" -d '{"metadata":{"annotations":{"cutover-role":"it'\''s live","cutover-droplet":"'"$(cf droplets sinatra_b | awk '$2 == "(current)" { print $1 }')"'"}}}'"#,
        ),
        (
            Invocation::create_app(
                "lock",
                "s-1",
                Lifecycle::Default,
                [("cutover-by", Some("jo")), ("cutover-old", None)],
            ),
            r#"cf curl -X POST /v3/apps -d '{"name":"lock","relationships":{"space":{"data":{"guid":"s-1"}}},"metadata":{"annotations":{"cutover-by":"jo"}}}'"#,
        ),
        (
            Invocation::set_annotations_by_guid("g-1", [("cutover-by", Some("jo")), ("cutover-step", None)]),
            r#"cf curl -X PATCH /v3/apps/g-1 -d '{"metadata":{"annotations":{"cutover-by":"jo","cutover-step":null}}}'"#,
        ),
        (
            Invocation::manifest_diff("s-1", "/tmp/manifest"),
            "cf curl -X POST /v3/spaces/s-1/manifest_diff -H 'Content-Type: application/x-yaml' -d @/tmp/manifest",
        ),
        (Invocation::delete_by_guid("g-1"), "cf curl -X DELETE /v3/apps/g-1 -i"),
        (Invocation::logs_recent(b), "cf logs sinatra_b --recent"),
        (
            Invocation::curl_get(&query("/v3/apps", &[("names", "my app,x&y"), ("per_page", "5000")])),
            "cf curl '/v3/apps?names=my%20app,x%26y&per_page=5000'",
        ),
        (
            Invocation::start_now("it's \"$HOME\""),
            r#"cf curl -X POST "/v3/apps/$(cf app "it's \"\$HOME\"" --guid)/actions/start""#,
        ),
    ]
}

#[test]
fn the_command_lines() {
    for (invocation, expected) in all().into_iter().chain(of_equality()).chain(of_tasks()).chain(of_droplets()) {
        // Where shlex has a choice of quotes, the shell's reading decides (below).
        if !expected.contains("'\\''") && !expected.contains("\\\"") {
            assert_eq!(invocation.shell(), expected);
        }
    }
}

#[test]
fn a_shell_reads_a_line_as_it_is_run() {
    for (invocation, expected) in all().into_iter().chain(of_equality()).chain(of_tasks()).chain(of_droplets()) {
        let run = invocation.resolve(&look_up).unwrap();
        // The first is what another process gets in our own run; an app's guid is only asked by its own command there.
        if run[0] != "app" {
            assert_eq!(run_in_shell(&invocation.shell()), run, "{}", invocation.shell());
            assert_eq!(run_in_shell(expected), run, "{expected}");
        }
    }
}

/// A cf without `--app-protocol`: the platform is asked for what that does.
#[test]
fn the_platform_is_asked_where_cf_has_no_flag() {
    let call = Invocation::map_route("sinatra_b", &route(), Protocol::Http2, &cf("8.1.0"));
    assert_eq!(
        call.shell(),
        r#"cf curl -X POST "/v3/routes/$(cf curl '/v3/routes?hosts=sinatralive&per_page=5000' | jq -r '.resources[] | select(.url | ascii_downcase == "sinatralive.example.com") | .guid')/destinations" -d '{"destinations":[{"app":{"guid":"'"$(cf app sinatra_b --guid)"'"},"protocol":"http2"}]}'"#
    );
    assert_eq!(
        call.resolve(&look_up).unwrap()[3..],
        [
            "/v3/routes/guid-of-sinatralive.example.com/destinations",
            "-d",
            r#"{"destinations":[{"app":{"guid":"guid-of-sinatra_b"},"protocol":"http2"}]}"#
        ]
    );
    assert_eq!(call.shell_of_script(), call.shell_failing());
    let bare = RouteParts { host: None, ..route() };
    let looked_up = Invocation::map_route("a", &bare, Protocol::Http2, &cf("7.8.0")).shell();
    assert!(looked_up.contains("'/v3/routes?per_page=5000'"), "{looked_up}");
}

#[test]
fn another_program_takes_the_place_of_cf_everywhere() {
    assert_eq!(
        Invocation::start_now("a").shell_as("/opt/my tools/cf"),
        "'/opt/my tools/cf' curl -X POST \"/v3/apps/$('/opt/my tools/cf' app a --guid)/actions/start\""
    );
}

#[test]
fn a_machine_reads_the_arguments_unquoted() {
    assert_eq!(
        Invocation::start_now("my app").argv(),
        ["cf", "curl", "-X", "POST", "/v3/apps/$(cf app 'my app' --guid)/actions/start"]
    );
}

#[test]
fn a_reference_without_a_value_is_named() {
    let nothing = |_: &Reference| None;
    let message = |invocation: Invocation| invocation.resolve(&nothing).unwrap_err().to_string();
    assert_eq!(message(Invocation::start_now("a")), "the guid of app 'a' is not known yet");
    let droplet = Reference::DropletGuid("a".to_owned());
    assert_eq!(message(Invocation::set_droplet("a", droplet)), "a staged droplet of app 'a' is not known yet");
}

#[test]
fn nothing_from_outside_becomes_a_flag() {
    let flag = "-f";
    let with_route = |host: &str, domain: &str, path: &str| RouteParts {
        host: Some(host.to_owned()),
        domain: domain.to_owned(),
        path: Some(path.to_owned()),
    };
    let version = CfVersion::pinned();
    let map = |app: &str, route: &RouteParts| Invocation::map_route(app, route, Protocol::Http1, &version);
    let cases = [
        Invocation::stop(flag),
        Invocation::delete(flag),
        map(flag, &route()),
        map("a", &with_route(flag, "b", "/c")),
        map("a", &with_route("b", flag, "/c")),
        map("a", &with_route("b", "c", flag)),
        Invocation::bind_service("a", flag, &version),
        Invocation::curl_get(flag),
        Invocation::push_no_start(
            &Push {
                app: "a".to_owned(),
                manifest: Some(PushedManifest::File("m".to_owned())),
                vars: vec![(flag.to_owned(), "1".to_owned())],
                ..Push::default()
            },
            &version,
        ),
    ];
    for invocation in cases {
        let error = invocation.resolve(&look_up).unwrap_err();
        assert!(matches!(error, Unresolved::LooksLikeAFlag(_)), "{}: {error}", invocation.shell());
    }
    assert_eq!(Invocation::stop("").resolve(&look_up), Err(Unresolved::Empty));
    assert_eq!(Invocation::stop("a\0b").resolve(&look_up), Err(Unresolved::Nul));
}

#[test]
fn a_file_whose_name_begins_with_a_dash_has_another_name() {
    let push = Push {
        app: "a".to_owned(),
        manifest: Some(PushedManifest::File("-m.yml".to_owned())),
        path: Some("-p".to_owned()),
        ..Push::default()
    };
    assert_eq!(
        Invocation::push_no_start(&push, &cf("8.7.8")).resolve(&look_up).unwrap(),
        ["push", "a", "-f", "./-m.yml", "-p", "./-p", "--no-route", "--no-start"]
    );
}

#[test]
fn a_shell_writes_the_part_of_a_manifest_that_is_pushed() {
    let file = tempfile::NamedTempFile::with_prefix("it's a manifest").unwrap();
    std::fs::write(file.path(), "applications:\n- name: cart\n- name: shop\n  memory: 64M\n- name: mail\n").unwrap();
    let part = ManifestPart {
        app: "shop_a".to_owned(),
        file: file.path().to_str().unwrap().to_owned(),
        without: vec![(2, 2), (5, 6)],
        text: "applications:\n- name: shop\n  memory: 64M\n".to_owned(),
    };
    assert!(!format!("{part:?}").contains("64M"));
    let text = part.text.clone();
    let push = Push { app: "shop_a".to_owned(), manifest: Some(PushedManifest::Part(part)), ..Push::default() };
    let call = Invocation::push_no_start(&push, &cf("8.7.8"));
    assert!(call.shell().contains("sed '2d;5,6d' "), "{}", call.shell());
    let run = run_in_shell(&call.shell());
    assert_eq!(std::fs::read_to_string(&run[3]).unwrap(), text);
    std::fs::remove_file(&run[3]).unwrap();
    assert_eq!(
        (&run[..3], &run[4..]),
        (&["push", "shop_a", "-f"].map(String::from)[..], &["--no-route", "--no-start"].map(String::from)[..])
    );
}

#[test]
fn routes_read_as_cf_prints_them() {
    let url = |host: Option<&str>, path: Option<&str>| {
        RouteParts { host: host.map(str::to_owned), domain: "example.com".to_owned(), path: path.map(str::to_owned) }
            .url()
    };
    assert_eq!(url(Some("live"), None), "live.example.com");
    assert_eq!(url(None, None), "example.com");
    assert_eq!(url(Some("*"), Some("/a/b")), "*.example.com/a/b");
    assert_eq!(url(Some("live"), Some("a")), "live.example.com/a");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_name_reaches_cf_as_it_is(name in "[^\\-\0][^\0]{0,12}", value in "[^\0]{0,12}") {
        for invocation in [
            Invocation::bind_service(&name, &format!("x{value}"), &CfVersion::pinned()),
            Invocation::set_annotations("a", [(name.as_str(), Some(value.as_str()))], None),
            Invocation::set_annotations("a", [(name.as_str(), Some(value.as_str()))], Some("droplet")),
        ] {
            let run = invocation.resolve(&look_up).unwrap();
            prop_assert_eq!(run_in_shell(&invocation.shell()), run);
        }
    }
}

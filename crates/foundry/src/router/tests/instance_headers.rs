//! `X-Cf-App-Instance` and `X-Cf-Process-Instance`: the one instance that a client asks for.

use super::*;

const LIVE: &str = "live.example.com";

async fn asked(router: &Router, method: &str, header: &str, value: &str) -> String {
    ask(router, method, LIVE, &format!("{header}: {value}\r\n")).await
}

#[tokio::test]
async fn reaches_the_instance_that_is_asked_for() {
    let router = router().await;
    let instances = [Instance::that(Does::Says("blue 0")).await, Instance::that(Does::Says("blue 1")).await];
    let green = Instance::that(Does::Says("green 0")).await;
    for (index, instance) in (0..).zip(&instances) {
        router.register(endpoint(LIVE, "", 1, index, instance.addr));
    }
    router.register(endpoint(LIVE, "", 2, 0, green.addr));
    let cases = [
        ("X-Cf-App-Instance", format!("{}:0", guid(1)), "blue 0"),
        ("X-CF-APP-INSTANCE", format!("{}:1", guid(1)), "blue 1"),
        ("X-Cf-App-Instance", format!("{}:0", guid(2)), "green 0"),
        ("X-Cf-Process-Instance", format!("{}:1", guid(101)), "blue 1"),
        ("X-Cf-Process-Instance", guid(102), "green 0"),
    ];
    for (header_name, value, expected) in cases {
        for _ in 0..4 {
            let answer = asked(&router, "GET", header_name, &value).await;
            assert_eq!(body(&answer), expected, "{header_name}: {value}");
            assert_eq!(header(&answer, "X-Cf-Routererror"), None);
            assert!(header(&answer, "X-Vcap-Request-Id").is_some());
        }
    }
    for method in ["HEAD", "POST"] {
        let answer = asked(&router, method, "X-Cf-App-Instance", &format!("{}:0", guid(1))).await;
        assert_eq!(status(&answer), 200, "{method}");
    }
    // Both headers: the app's counts.
    let both = format!("X-Cf-App-Instance: {}:1\r\nX-Cf-Process-Instance: {}\r\n", guid(1), guid(102));
    assert_eq!(body(&ask(&router, "GET", LIVE, &both).await), "blue 1");
}

#[tokio::test]
async fn all_instances_of_a_process_take_turns() {
    let router = router().await;
    let instances = [Instance::that(Does::Says("0")).await, Instance::that(Does::Says("1")).await];
    for (index, instance) in (0..).zip(&instances) {
        router.register(endpoint(LIVE, "", 1, index, instance.addr));
    }
    for _ in 0..64 {
        asked(&router, "GET", "X-Cf-Process-Instance", &guid(101)).await;
    }
    // Each request starts at a random one of them: the pool that the header makes is new each time.
    assert!(instances.iter().all(|instance| instance.requests() > 0));
}

#[tokio::test]
async fn refuses_what_is_not_in_the_pool() {
    let router = router().await;
    let (blue, green) = (Instance::that(Does::Says("blue")).await, Instance::that(Does::Says("green")).await);
    router.register(endpoint(LIVE, "", 1, 0, blue.addr));
    router.register(endpoint("other.example.com", "", 2, 0, green.addr));
    let app = |app: u32, index: &str| {
        let guid = guid(app);
        let text = format!("Requested instance ('{index}') with guid ('{guid}') does not exist for route ('{LIVE}')");
        ("X-Cf-App-Instance", format!("{guid}:{index}"), "unknown_route", text)
    };
    let process = |process: u32, index: &str| {
        let guid = guid(process);
        let text =
            format!("Requested instance ('{index}') with process guid ('{guid}') does not exist for route ('{LIVE}')");
        ("X-Cf-Process-Instance", format!("{guid}:{index}"), "unknown_route", text)
    };
    let bad_app = |value: &str| {
        let text = "Invalid X-CF-App-Instance Header".to_owned();
        ("X-Cf-App-Instance", value.to_owned(), "invalid_cf_app_instance_header", text)
    };
    let bad_process = |value: &str| {
        let text = "Invalid X-CF-Process-Instance Header".to_owned();
        ("X-Cf-Process-Instance", value.to_owned(), "invalid_cf_process_instance_header", text)
    };
    let any = format!("Requested instance with process guid ('{}') does not exist for route ('{LIVE}')", guid(102));
    let cases = [
        app(2, "0"),
        app(1, "1"),
        app(9, "0"),
        app(1, "00"),
        process(102, "0"),
        process(101, "7"),
        ("X-Cf-Process-Instance", guid(102), "unknown_route", any),
        bad_app(&guid(1)),
        bad_app(&format!("{}:0", guid(1).to_uppercase())),
        bad_app("no-guid:0"),
        bad_app(&format!("{}:x", guid(1))),
        bad_process(&format!("{}:", guid(101))),
        bad_process("no-guid"),
    ];
    for (header_name, value, error, text) in cases {
        let whole = format!("400 Bad Request: {text}\n");
        let answer = asked(&router, "GET", header_name, &value).await;
        assert_eq!(status(&answer), 400, "{header_name}: {value}");
        let headers = [
            ("Cache-Control", "no-cache, no-store"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Cf-Routererror", error),
            ("X-Content-Type-Options", "nosniff"),
        ];
        for (name, expected) in headers {
            assert_eq!(header(&answer, name).as_deref(), Some(expected), "{header_name}: {value}");
        }
        assert_eq!(header(&answer, "Content-Length"), Some(whole.len().to_string()));
        assert_eq!(body(&answer), whole);
        let head = asked(&router, "HEAD", header_name, &value).await;
        assert_eq!((status(&head), body(&head)), (400, ""));
    }
    // An unknown host is 400 as well, and the host is told as it was sent.
    let wanted = format!("X-Cf-App-Instance: {}:0\r\n", guid(1));
    let answer = ask(&router, "GET", "Unknown.example.com:8080", &wanted).await;
    let text =
        format!("instance ('0') with guid ('{}') does not exist for route ('Unknown.example.com:8080')", guid(1));
    assert_eq!(body(&answer), format!("400 Bad Request: Requested {text}\n"));
    // The app that is asked for is reached on its other route.
    let wanted = format!("X-Cf-App-Instance: {}:0\r\n", guid(2));
    assert_eq!(body(&ask(&router, "GET", "other.example.com", &wanted).await), "green");
}

#[tokio::test]
async fn an_answer_may_come_through_a_wildcard() {
    let router = router().await;
    let green = Instance::that(Does::Says("green")).await;
    router.register(endpoint("*.example.com", "", 2, 0, green.addr));
    let answer = asked(&router, "GET", "X-Cf-App-Instance", &format!("{}:0", guid(2))).await;
    assert_eq!((status(&answer), body(&answer)), (200, "green"));
}

#[tokio::test]
async fn a_dead_instance_that_is_asked_for_is_502_and_not_left_out() {
    let router = router().await;
    let (_held, dead) = closed_port();
    let alive = Instance::that(Does::Says("alive")).await;
    router.register(endpoint(LIVE, "", 1, 0, dead));
    router.register(endpoint(LIVE, "", 1, 1, alive.addr));
    for _ in 0..3 {
        let answer = asked(&router, "GET", "X-Cf-App-Instance", &format!("{}:0", guid(1))).await;
        let error = format!("endpoint_failure (dial tcp {dead}: connect: connection refused)");
        assert_eq!((status(&answer), header(&answer, "X-Cf-Routererror")), (502, Some(error)));
        assert_eq!(body(&answer), "502 Bad Gateway: Registered endpoint failed to handle the request.\n");
    }
}

#[tokio::test]
async fn two_processes_of_one_app_the_instance_registered_last_is_reached() {
    let router = router().await;
    let (old, new) = (Instance::that(Does::Says("old")).await, Instance::that(Does::Says("new")).await);
    router.register(endpoint(LIVE, "", 1, 0, old.addr));
    let canary = Endpoint { process_guid: guid(199), instance_guid: guid(5), ..endpoint(LIVE, "", 1, 0, new.addr) };
    router.register(canary);
    for _ in 0..8 {
        assert_eq!(body(&asked(&router, "GET", "X-Cf-App-Instance", &format!("{}:0", guid(1))).await), "new");
        assert_eq!(body(&asked(&router, "GET", "X-Cf-Process-Instance", &guid(101)).await), "old");
    }
}

#[tokio::test]
async fn the_app_header_ends_here_and_an_older_router_passes_the_process_header_on() {
    let echo = Instance::that(Does::Echoes).await;
    let old = router_with(|settings| settings.process_instance = false).await;
    old.register(endpoint(LIVE, "", 1, 0, echo.addr));
    // Not known to it: 200 whatever it asks for.
    let answer = asked(&old, "GET", "X-Cf-Process-Instance", "anything").await;
    assert_eq!(status(&answer), 200);
    assert_eq!(header(&echo.last_head(), "X-Cf-Process-Instance").as_deref(), Some("anything"));

    let new = router().await;
    new.register(endpoint(LIVE, "", 1, 0, echo.addr));
    asked(&new, "GET", "X-Cf-App-Instance", &format!("{}:0", guid(1))).await;
    assert_eq!(header(&echo.last_head(), "X-Cf-App-Instance"), None);
}

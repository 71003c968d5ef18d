//! Which instance a host and a path lead to, and what is answered where there is none.

use super::*;

#[tokio::test]
async fn leads_by_host_wildcard_and_path() {
    let router = router().await;
    let names = ["live", "shop", "deep", "wild", "wildshop"];
    let mut instances = Vec::new();
    for name in names {
        instances.push(Instance::that(Does::Says(name)).await);
    }
    let known = [
        ("Live.example.com", ""),
        ("live.example.com", "/Shop"),
        ("live.example.com", "/shop/deep"),
        ("*.example.com", ""),
        ("*.example.com", "/shop"),
    ];
    for (app, ((host, path), instance)) in (1..).zip(known.iter().zip(&instances)) {
        router.register(endpoint(host, path, app, 0, instance.addr));
    }
    let cases = [
        ("live.example.com/", "live"),
        ("LIVE.Example.COM/", "live"),
        ("live.example.com:8080/", "live"),
        ("live.example.com/any/thing?x=1", "live"),
        ("live.example.com/shop", "shop"),
        ("live.example.com/Shop/", "shop"),
        ("live.example.com/SHOP/cart?x=1", "shop"),
        ("live.example.com/shop?x=1", "shop"),
        ("live.example.com/shop/deep/er", "deep"),
        ("live.example.com/shop/deeper", "shop"),
        ("live.example.com/shopping", "live"),
        ("live.example.com//shop", "live"),
        ("live.example.com/a/../shop", "live"),
        ("live.example.com/sh%6Fp", "live"),
        ("any.example.com/", "wild"),
        ("a.b.example.com/", "wild"),
        ("any.example.com/shop/x", "wildshop"),
    ];
    for (url, name) in cases {
        assert_eq!(body(&get(&router, url).await), name, "{url}");
    }
    assert_eq!(status(&get(&router, "example.com/").await), 404, "a wildcard does not take its own domain");
}

#[tokio::test]
async fn a_route_with_a_route_service_is_refused_until_it_has_none() {
    let router = router().await;
    let instance = Instance::that(Does::Says("live")).await;
    let plain = endpoint("live.example.com", "", 1, 0, instance.addr);
    let bound = Endpoint { route_service_url: Some("https://guard.example.com".to_owned()), ..plain.clone() };
    router.register(plain.clone());
    router.register(bound);
    let answer = get(&router, "live.example.com/").await;
    assert_eq!((status(&answer), body(&answer)), (502, "502 Bad Gateway: Support for route services is disabled.\n"));
    assert_eq!(header(&answer, "x-cf-routererror").as_deref(), Some("route_service_unsupported"));
    router.register(plain);
    assert_eq!(body(&get(&router, "live.example.com/").await), "live");
}

#[tokio::test]
async fn takes_the_host_of_an_absolute_request_target() {
    let router = router().await;
    let instance = Instance::that(Does::Echoes).await;
    router.register(endpoint("live.example.com", "", 1, 0, instance.addr));
    let answer =
        send(&router, "GET http://live.example.com/x?y=1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status(&answer), 200);
    assert!(instance.last_head().starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{}", instance.last_head());
}

#[tokio::test]
async fn falls_back_to_the_wildcard_when_the_last_instance_left_the_exact_host() {
    let router = router().await;
    let (exact, wild) = (Instance::that(Does::Says("exact")).await, Instance::that(Does::Says("wild")).await);
    let left = endpoint("live.example.com", "", 1, 0, exact.addr);
    router.register(left.clone());
    router.register(endpoint("*.example.com", "", 2, 0, wild.addr));
    assert_eq!(body(&get(&router, "live.example.com").await), "exact");
    router.unregister(&left);
    assert_eq!(body(&get(&router, "live.example.com").await), "wild");
}

/// The whole answer but for its date.
fn undated(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("Date: ")).flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test]
async fn says_that_a_route_is_unknown() {
    let router = router().await;
    let instance = Instance::that(Does::Says("live")).await;
    let gone = endpoint("gone.example.com", "", 1, 0, instance.addr);
    router.register(gone.clone());
    router.unregister(&gone);
    router.register(endpoint("path.example.com", "/only", 1, 0, instance.addr));
    for host in ["unknown.example.com", "gone.example.com", "path.example.com", "Capital.example.com:80", "nodots"] {
        let text = format!("404 Not Found: Requested route ('{host}') does not exist.\n");
        let expected = format!(
            "HTTP/1.1 404 Not Found\nCache-Control: no-cache, no-store\nContent-Type: text/plain; charset=utf-8\n\
             X-Cf-Routererror: unknown_route\nX-Content-Type-Options: nosniff\nConnection: close\nContent-Length: {}\n\n{text}",
            text.len()
        );
        assert_eq!(undated(&get(&router, host).await), expected);
    }
}

#[tokio::test]
async fn sends_the_head_alone_for_head() {
    let router = router().await;
    let answer = ask(&router, "HEAD", "unknown.example.com", "").await;
    assert_eq!(status(&answer), 404);
    let whole = "404 Not Found: Requested route ('unknown.example.com') does not exist.\n";
    assert_eq!(header(&answer, "Content-Length"), Some(whole.len().to_string()));
    assert_eq!(body(&answer), "");
}

#[tokio::test]
async fn says_that_the_host_is_empty() {
    let router = router().await;
    let cases = [
        "GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n",
    ];
    for request in cases {
        let answer = send(&router, request).await;
        assert_eq!(status(&answer), 400, "{request:?}");
        assert_eq!(header(&answer, "X-Cf-Routererror").as_deref(), Some("empty_host"), "{request:?}");
        assert_eq!(header(&answer, "Cache-Control").as_deref(), Some("public,max-age=2"), "{request:?}");
        assert_eq!(body(&answer), "400 Bad Request: Request had empty Host header\n", "{request:?}");
    }
    let answer = send(&router, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!((status(&answer), header(&answer, "X-Cf-Routererror")), (400, None));
    assert_eq!(body(&answer), "400 Bad Request: missing required Host header");
}

#[tokio::test]
async fn knows_an_empty_route_for_a_while_where_it_is_told_to() {
    let router = router_with(|settings| settings.empty_pool = Some(Duration::from_secs(3600))).await;
    let instance = Instance::that(Does::Says("live")).await;
    let gone = endpoint("gone.example.com", "", 1, 0, instance.addr);
    router.register(gone.clone());
    router.unregister(&gone);
    let answer = get(&router, "gone.example.com").await;
    assert_eq!(status(&answer), 503);
    assert_eq!(header(&answer, "X-Cf-Routererror").as_deref(), Some("no_endpoints"));
    assert_eq!(header(&answer, "Cache-Control").as_deref(), Some("public,max-age=2"));
    let text = "503 Service Unavailable: Requested route ('gone.example.com') has no available endpoints.\n";
    assert_eq!(body(&answer), text);
    let asked = format!("X-Cf-App-Instance: {}:0\r\n", guid(1));
    let answer = ask(&router, "GET", "gone.example.com", &asked).await;
    assert_eq!((status(&answer), header(&answer, "X-Cf-Routererror").as_deref()), (400, Some("unknown_route")));
    assert_eq!(status(&get(&router, "unknown.example.com").await), 404);

    let router = router_with(|settings| settings.empty_pool = Some(Duration::ZERO)).await;
    router.register(gone.clone());
    router.unregister(&gone);
    assert_eq!(status(&get(&router, "gone.example.com").await), 404, "the time is over");
}

//! What the router adds to a request and to an answer, and what it takes off.

use super::*;

const LIVE: &str = "live.example.com";

#[tokio::test]
async fn the_app_sees_where_a_request_came_from() {
    let router = router().await;
    let echo = Instance::that(Does::Echoes).await;
    router.register(endpoint(LIVE, "", 1, 3, echo.addr));
    let answer = ask(&router, "GET", "live.example.com:8080/a//b?q=%20;", "X-Vcap-Request-Id: mine\r\n").await;
    let seen = echo.last_head();
    assert!(seen.starts_with("GET /a//b?q=%20; HTTP/1.1\r\n"), "{seen}");
    let expected = [
        ("Host", "live.example.com:8080"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("X-Cf-Applicationid", &guid(1)),
        ("X-Cf-Instanceid", &guid(1003)),
        ("X-Cf-Instanceindex", "3"),
    ];
    for (name, value) in expected {
        assert_eq!(header(&seen, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(header(&seen, "X-Request-Start").unwrap().len(), 13, "milliseconds");
    let id = header(&seen, "X-Vcap-Request-Id").unwrap();
    assert_eq!(id.len(), 36, "the client's own is replaced: {id}");
    assert_eq!(header(&answer, "X-Vcap-Request-Id"), Some(id));
    assert_eq!(header(&seen, "Connection"), None);
    assert!(seen.contains("\r\nX-Cf-Applicationid: "), "in Go's capitals");
}

#[tokio::test]
async fn what_a_load_balancer_said_is_kept() {
    let router = router().await;
    let echo = Instance::that(Does::Echoes).await;
    router.register(endpoint(LIVE, "", 1, 0, echo.addr));
    let sent = "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\nX-Forwarded-Proto: https\r\nX-Request-Start: 7\r\n\
                Keep-Alive: 5\r\nTe: trailers, x\r\nProxy-Authorization: secret\r\n";
    ask(&router, "GET", LIVE, sent).await;
    let seen = echo.last_head();
    let cases = [
        ("X-Forwarded-For", Some("10.0.0.1, 10.0.0.2, 127.0.0.1")),
        ("X-Forwarded-Proto", Some("https")),
        ("X-Request-Start", Some("7")),
        ("Te", Some("trailers")),
        ("Keep-Alive", None),
        ("Proxy-Authorization", None),
    ];
    for (name, value) in cases {
        assert_eq!(header(&seen, name).as_deref(), value, "{name}");
    }
}

#[tokio::test]
async fn headers_named_by_connection_end_here() {
    let router = router().await;
    let echo = Instance::that(Does::Echoes).await;
    router.register(endpoint(LIVE, "", 1, 0, echo.addr));
    send(&router, &format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\r\n")).await;
    assert_eq!(header(&echo.last_head(), "X-Mine"), None);
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_is() {
    let router = router().await;
    let answers = [
        "HTTP/1.1 418 I'm a teapot\r\nX-App: 1\r\nX-Vcap-Request-Id: apps\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntea",
        "HTTP/1.1 404 Not Found\r\nX-App: 1\r\nX-Vcap-Request-Id: apps\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n0\r\n\r\n",
        "HTTP/1.0 503 Nope\r\nX-App: 1\r\nX-Vcap-Request-Id: apps\r\n\r\ntea",
    ];
    for (index, (bytes, code)) in (0..).zip(answers.iter().zip([418, 404, 503])) {
        let host = format!("{index}.example.com");
        let app = Instance::that(Does::Sends((*bytes).to_owned())).await;
        router.register(endpoint(&host, "", 1, index, app.addr));
        let answer = get(&router, &host).await;
        assert_eq!(status(&answer), code);
        assert_eq!(header(&answer, "X-App").as_deref(), Some("1"));
        assert_eq!(header(&answer, "X-Cf-Routererror"), None);
        assert_eq!(header(&answer, "X-Vcap-Request-Id").as_deref(), Some("apps"), "the app's own is kept");
        assert!(body(&answer).contains("tea"), "{answer}");
        let head = ask(&router, "HEAD", &host, "").await;
        assert_eq!((status(&head), body(&head)), (code, ""));
    }
}

#[tokio::test]
async fn the_trace_key_tells_which_router_and_instance_answered() {
    let router = router_with(|settings| settings.listen = "127.0.0.2:0".parse().unwrap()).await;
    let app = Instance::that(Does::Says("app")).await;
    router.register(endpoint(LIVE, "", 1, 0, app.addr));
    let names = ["X-Vcap-Router", "X-Vcap-Backend", "X-Cf-Routeendpoint"];
    let trace = |answer: String| names.map(|name| header(&answer, name));
    let addr = app.addr.to_string();
    let told = ["127.0.0.2".to_owned(), addr.clone(), addr].map(Some);
    assert_eq!(trace(ask(&router, "GET", LIVE, "X-Vcap-Trace: 22\r\n").await), told);
    assert_eq!(trace(ask(&router, "GET", LIVE, "X-Vcap-Trace: 23\r\n").await), [None, None, None]);
    assert_eq!(trace(ask(&router, "GET", "unknown.example.com", "X-Vcap-Trace: 22\r\n").await), [None, None, None]);
}

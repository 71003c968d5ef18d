//! Sticky sessions.

use super::*;

const LIVE: &str = "live.example.com";

/// An instance that answers with these `Set-Cookie` lines.
async fn sets(cookies: &[&str]) -> Instance {
    let lines: String = cookies.iter().flat_map(|cookie| ["Set-Cookie: ", cookie, "\r\n"]).collect();
    Instance::that(Does::Sends(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"))).await
}

fn vcap_cookie(answer: &str) -> Option<String> {
    answer
        .lines()
        .filter_map(|line| line.strip_prefix("Set-Cookie: "))
        .find(|c| c.starts_with("__VCAP_ID__"))
        .map(str::to_owned)
}

#[tokio::test]
async fn a_session_cookie_brings_the_instances_id() {
    let cases: [(&str, &str, &[&str], Option<&str>); 11] = [
        ("", "/", &["JSESSIONID=abc; Path=/"], Some("Path=/; HttpOnly")),
        ("/Shop", "/shop", &["JSESSIONID=abc; Path=/"], Some("Path=/Shop; HttpOnly")),
        ("", "/", &["JSESSIONID=abc; Secure; HttpOnly"], Some("Path=/; HttpOnly; Secure")),
        ("", "/", &["JSESSIONID=abc; samesite=strict"], Some("Path=/; HttpOnly; SameSite=Strict")),
        ("", "/", &["JSESSIONID=abc; SameSite=None; Secure"], Some("Path=/; HttpOnly; Secure; SameSite=None")),
        ("", "/", &["JSESSIONID=abc; SameSite=Odd"], Some("Path=/; HttpOnly")),
        ("", "/", &["JSESSIONID=; Max-Age=0"], Some("Path=/; Max-Age=0; HttpOnly")),
        ("", "/", &["JSESSIONID=abc; Max-Age=3600; Partitioned"], Some("Path=/; HttpOnly; Partitioned")),
        (
            "",
            "/",
            &["other=1", "JSESSIONID=a; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
            Some("Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"),
        ),
        ("", "/", &["jsessionid=abc"], None),
        ("", "/", &["JSESSIONID=abc", "__VCAP_ID__=own"], Some("own")),
    ];
    for (route_path, path, cookies, expected) in cases {
        let router = router().await;
        let app = sets(cookies).await;
        router.register(endpoint(LIVE, route_path, 1, 0, app.addr));
        let answer = get(&router, &format!("{LIVE}{path}")).await;
        let expected = expected.map(|attributes| match attributes {
            "own" => "__VCAP_ID__=own".to_owned(),
            attributes => format!("__VCAP_ID__={}; {attributes}", guid(1000)),
        });
        assert_eq!(vcap_cookie(&answer), expected, "{cookies:?}");
    }
}

#[tokio::test]
async fn both_cookies_lead_to_the_same_instance() {
    let router = router().await;
    let instances = [Instance::that(Does::Says("0")).await, Instance::that(Does::Says("1")).await];
    for (index, instance) in (0..).zip(&instances) {
        router.register(endpoint(LIVE, "", 1, index, instance.addr));
    }
    let vcap = guid(1001);
    for _ in 0..8 {
        let answer = ask(&router, "GET", LIVE, &format!("Cookie: JSESSIONID=abc; __VCAP_ID__={vcap}\r\n")).await;
        assert_eq!((body(&answer), vcap_cookie(&answer)), ("1", None));
    }
    let before = instances[0].requests();
    for _ in 0..8 {
        let answer = ask(&router, "GET", LIVE, &format!("Cookie: __VCAP_ID__={vcap}\r\n")).await;
        assert_eq!(vcap_cookie(&answer), None, "alone it is ignored");
    }
    assert_eq!(instances[0].requests() - before, 4);
}

#[tokio::test]
async fn an_id_that_is_gone_leads_elsewhere_and_is_replaced() {
    let router = router().await;
    let app = Instance::that(Does::Says("app")).await;
    router.register(endpoint(LIVE, "", 1, 0, app.addr));
    let answer = ask(&router, "GET", LIVE, &format!("Cookie: JSESSIONID=abc; __VCAP_ID__={}\r\n", guid(7))).await;
    assert_eq!(body(&answer), "app");
    assert_eq!(vcap_cookie(&answer), Some(format!("__VCAP_ID__={}; Path=/; HttpOnly", guid(1000))));
}

#[tokio::test]
async fn a_sticky_client_of_a_dead_instance_moves_on() {
    let router = router().await;
    let app = Instance::that(Does::Says("app")).await;
    let (_held, dead) = closed_port();
    router.register(endpoint(LIVE, "", 1, 0, dead));
    router.register(endpoint(LIVE, "", 1, 1, app.addr));
    let cookies = format!("Cookie: JSESSIONID=abc; __VCAP_ID__={}\r\n", guid(1000));
    for _ in 0..4 {
        let answer = ask(&router, "GET", LIVE, &cookies).await;
        assert_eq!(body(&answer), "app");
        assert!(vcap_cookie(&answer).unwrap().contains(&guid(1001)));
    }
}

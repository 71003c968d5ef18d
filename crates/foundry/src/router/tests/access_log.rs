//! The lines of the access log.

use super::*;

const LIVE: &str = "live.example.com";

#[tokio::test]
async fn a_line_tells_who_answered_what() {
    let router = router().await;
    let mut lines = router.subscribe();
    let app = Instance::that(Does::Says("hello")).await;
    router.register(endpoint(LIVE, "", 1, 2, app.addr));
    let request = format!(
        "POST /a?b=c HTTP/1.1\r\nHost: {LIVE}\r\nConnection: close\r\nUser-Agent: me\r\nReferer: \"there\"\r\nContent-Length: 3\r\n\r\nabc"
    );
    let answer = send(&router, &request).await;
    let line = lines.recv().await.unwrap();
    assert_eq!(line.host, LIVE);
    assert_eq!((line.method.as_str(), line.path.as_str(), line.protocol.as_str()), ("POST", "/a?b=c", "HTTP/1.1"));
    assert_eq!((line.status, line.request_bytes, line.response_bytes), (200, 3, 5));
    assert_eq!((line.app_id.clone(), line.app_index), (Some(guid(1)), Some(2)));
    assert_eq!((line.instance_id.clone(), line.backend), (Some(guid(1002)), Some(app.addr)));
    assert_eq!(Some(line.vcap_request_id.clone()), header(&answer, "X-Vcap-Request-Id"));
    assert_eq!((line.x_cf_routererror.clone(), line.failed_attempts, line.complete), (None, 0, true));
    assert!(line.gorouter_time <= line.response_time);
    let text = line.to_string();
    let expected = format!(
        "\"POST /a?b=c HTTP/1.1\" 200 3 5 \"\\\"there\\\"\" \"me\" \"{}\" \"{}\" x_forwarded_for:\"127.0.0.1\" \
         x_forwarded_proto:\"http\" vcap_request_id:\"{}\" response_time:{:.6} gorouter_time:{:.6} app_id:\"{}\" \
         app_index:\"2\" instance_id:\"{}\" x_cf_routererror:\"-\"",
        line.remote,
        app.addr,
        line.vcap_request_id,
        line.response_time.as_secs_f64(),
        line.gorouter_time.as_secs_f64(),
        guid(1),
        guid(1002),
    );
    let (host, rest) = text.split_once(" - [").unwrap();
    let (time, rest) = rest.split_once("] ").unwrap();
    assert_eq!((host, time.len(), rest), (LIVE, "2006-01-02T15:04:05.000000000Z".len(), expected.as_str()));
}

#[tokio::test]
async fn a_refusal_has_a_line_without_an_app() {
    let router = router().await;
    let mut lines = router.subscribe();
    get(&router, "unknown.example.com").await;
    let line = lines.recv().await.unwrap();
    assert_eq!((line.status, line.x_cf_routererror.as_deref()), (404, Some("unknown_route")));
    assert_eq!((line.app_id.clone(), line.app_index, line.backend), (None, None, None));
    assert!(
        line.to_string().ends_with("app_id:\"-\" app_index:\"-\" instance_id:\"-\" x_cf_routererror:\"unknown_route\"")
    );
}

#[tokio::test]
async fn a_client_that_left_has_a_line_with_499() {
    let router = router().await;
    let mut lines = router.subscribe();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    router.register(endpoint(LIVE, "", 1, 0, listener.local_addr().unwrap()));
    let mut client = TcpStream::connect(router.addr()).await.unwrap();
    client.write_all(format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\n\r\n").as_bytes()).await.unwrap();
    let (_instance, _) = listener.accept().await.unwrap();
    drop(client);
    let line = lines.recv().await.unwrap();
    assert_eq!((line.status, line.complete), (499, false));
}

//! Bodies as they come, kept connections, tunnels, and requests that outlive their route.

use super::*;

const LIVE: &str = "live.example.com";

/// A client and an instance with a request between them: the client's end, the instance's end, and what keeps them up.
async fn in_between(router: &Router, host: &str, request: &str) -> (TcpStream, TcpStream, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let registered = endpoint(host, "", 1, 0, listener.local_addr().unwrap());
    router.register(registered.clone());
    let mut client = TcpStream::connect(router.addr()).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let (instance, _) = listener.accept().await.unwrap();
    (client, instance, registered)
}

/// Reads until the text has come.
async fn expect(stream: &mut TcpStream, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let mut byte = [0; 1];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1, "ended after {read:?}");
        read.push(char::from(byte[0]));
    }
    read
}

#[tokio::test]
async fn a_request_goes_on_before_its_end_and_so_does_its_answer() {
    let router = router().await;
    let request = format!("POST / HTTP/1.1\r\nHost: {LIVE}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    let (mut client, mut instance, _) = in_between(&router, LIVE, &request).await;
    expect(&mut instance, "first").await;
    client.write_all(b"6\r\nsecond\r\n").await.unwrap();
    expect(&mut instance, "second").await;
    instance.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").await.unwrap();
    expect(&mut client, "one").await;
    client.write_all(b"5\r\nthird\r\n0\r\n\r\n").await.unwrap();
    expect(&mut instance, "third").await;
    instance.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    expect(&mut client, "two\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn a_slow_answer_of_known_length_begins_all_the_same() {
    let router = router().await;
    let (mut client, mut instance, _) =
        in_between(&router, LIVE, &format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\n\r\n")).await;
    expect(&mut instance, "\r\n\r\n").await;
    instance.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\none").await.unwrap();
    expect(&mut client, "one").await;
    instance.write_all(b" two").await.unwrap();
    expect(&mut client, " two").await;
}

#[tokio::test]
async fn a_request_begun_before_its_instance_left_the_route_is_finished() {
    let router = router().await;
    let request = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\nConnection: close\r\n\r\n");
    let (mut client, mut instance, registered) = in_between(&router, LIVE, &request).await;
    expect(&mut instance, "\r\n\r\n").await;
    router.unregister(&registered);
    assert_eq!(status(&get(&router, LIVE).await), 404);
    instance.write_all(says("done").as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!((status(&answer), body(&answer)), (200, "done"));
}

#[tokio::test]
async fn connections_are_kept_on_both_sides() {
    let router = router().await;
    let app = Instance::that(Does::Says("app")).await;
    router.register(endpoint(LIVE, "", 1, 0, app.addr));
    let mut client = BufReader::new(TcpStream::connect(router.addr()).await.unwrap());
    let request = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\n\r\n");
    for _ in 0..10 {
        client.get_mut().write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_message(&mut client).await.unwrap().1, "app");
    }
    assert_eq!(app.requests(), 10);
    assert!(*lock(&app.connections) < 10, "none was kept");
    // New requests on a kept connection go where the table leads now.
    let other = Instance::that(Does::Says("other")).await;
    router.unregister(&endpoint(LIVE, "", 1, 0, app.addr));
    router.register(endpoint(LIVE, "", 2, 0, other.addr));
    client.get_mut().write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_message(&mut client).await.unwrap().1, "other");
    router.unregister(&endpoint(LIVE, "", 2, 0, other.addr));
    client.get_mut().write_all(request.as_bytes()).await.unwrap();
    assert_eq!(status(&read_message(&mut client).await.unwrap().0), 404);
}

#[tokio::test]
async fn a_websocket_is_a_tunnel_that_outlives_its_route() {
    let router = router().await;
    let mut lines = router.subscribe();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {LIVE}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n"
    );
    let (mut client, mut instance, registered) = in_between(&router, LIVE, &request).await;
    let seen = expect(&mut instance, "\r\n\r\n").await;
    assert_eq!(header(&seen, "Connection").as_deref(), Some("Upgrade"));
    assert_eq!(header(&seen, "Upgrade").as_deref(), Some("websocket"));
    assert_eq!(header(&seen, "Sec-Websocket-Key").as_deref(), Some("a"));
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: b\r\n\r\n";
    instance.write_all(agreed.as_bytes()).await.unwrap();
    let answer = expect(&mut client, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{answer}");
    for (name, value) in [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-Websocket-Accept", "b")] {
        assert_eq!(header(&answer, name).as_deref(), Some(value));
    }
    assert!(header(&answer, "X-Vcap-Request-Id").is_some());
    for round in ["first", "second"] {
        client.write_all(round.as_bytes()).await.unwrap();
        expect(&mut instance, round).await;
        instance.write_all(round.as_bytes()).await.unwrap();
        expect(&mut client, round).await;
        router.unregister(&registered);
    }
    drop(instance);
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0, "it ends with the instance");
    drop(client);
    assert_eq!(lines.recv().await.unwrap().status, 101);
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let router = router().await;
    let app = Instance::that(Does::Says("no")).await;
    router.register(endpoint(LIVE, "", 1, 0, app.addr));
    let asks = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n");
    let mut client = BufReader::new(TcpStream::connect(router.addr()).await.unwrap());
    client.get_mut().write_all(asks.as_bytes()).await.unwrap();
    let (head, text) = read_message(&mut client).await.unwrap();
    assert_eq!((status(&head), text.as_str()), (200, "no"));
}

#[tokio::test]
async fn nothing_of_a_dropped_router_goes_on() {
    let router = router().await;
    let request = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\n\r\n");
    let (mut client, mut instance, _) = in_between(&router, LIVE, &request).await;
    expect(&mut instance, "\r\n\r\n").await;
    let addr = router.addr();
    drop(router);
    let ended = |read: std::io::Result<usize>| read.map_or(true, |count| count == 0);
    assert!(ended(client.read(&mut [0; 1]).await));
    assert!(ended(instance.read(&mut [0; 1]).await));
    free_again(addr).await;
}

//! Several routers behind one address.

use std::collections::BTreeMap;

use super::*;
use crate::router::Routers;

const LIVE: &str = "live.example.com";
const LONG: Duration = Duration::from_secs(3600);

async fn three() -> Routers {
    let settings = RouterSettings { propagation: Propagation::NONE, ..RouterSettings::default() };
    Routers::start(&settings, 3).await.unwrap()
}

/// A request on a connection of its own through the front.
async fn get_from(routers: &Routers) -> String {
    let mut client = TcpStream::connect(routers.addr()).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\nX-Vcap-Trace: 22\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn one_router_has_nothing_before_it() {
    let routers = Routers::start(&RouterSettings::default(), 1).await.unwrap();
    let addresses: Vec<_> = routers.all().iter().map(Router::addr).collect();
    assert_eq!(addresses, [routers.addr()]);
}

#[tokio::test]
async fn connections_are_dealt_out_in_turns_and_all_are_in_the_access_log() {
    let routers = three().await;
    let app = Instance::that(Does::Says("app")).await;
    routers.register(&endpoint(LIVE, "", 1, 0, app.addr));
    let mut lines = routers.subscribe();
    let mut served = BTreeMap::<String, u32>::new();
    for _ in 0..6 {
        let answer = get_from(&routers).await;
        assert_eq!(body(&answer), "app");
        *served.entry(header(&answer, "X-Vcap-Router").unwrap()).or_default() += 1;
        assert_eq!(lines.recv().await.unwrap().host, LIVE);
    }
    assert_eq!(served.values().copied().collect::<Vec<_>>(), [2, 2, 2], "{served:?}");
}

#[tokio::test]
async fn a_router_may_learn_later_than_the_others() {
    let routers = three().await;
    let [first, late, third] = routers.all() else { panic!("not three") };
    late.set_propagation(Propagation::both(LONG));
    let app = Instance::that(Does::Says("app")).await;
    let registered = endpoint(LIVE, "", 1, 0, app.addr);
    routers.register(&registered);
    assert_eq!([first.table().len(), late.table().len(), third.table().len()], [1, 0, 1]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(status(&get_from(&routers).await));
    }
    seen.sort_unstable();
    assert_eq!(seen, [200, 200, 404]);
    routers.unregister(&registered);
    assert_eq!([first.table().len(), third.table().len()], [0, 0]);
}

#[tokio::test]
async fn a_kept_connection_stays_with_its_router() {
    let routers = three().await;
    let app = Instance::that(Does::Says("app")).await;
    routers.all()[0].register(endpoint(LIVE, "", 1, 0, app.addr));
    let mut first = BufReader::new(TcpStream::connect(routers.addr()).await.unwrap());
    for _ in 0..3 {
        let request = format!("GET / HTTP/1.1\r\nHost: {LIVE}\r\n\r\n");
        first.get_mut().write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_message(&mut first).await.unwrap().1, "app");
    }
}

#[tokio::test]
async fn a_tunnel_goes_both_ways_and_ends_with_the_routers() {
    let routers = three().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    routers.register(&endpoint(LIVE, "", 1, 0, listener.local_addr().unwrap()));
    let mut client = BufReader::new(TcpStream::connect(routers.addr()).await.unwrap());
    let request = format!("GET /ws HTTP/1.1\r\nHost: {LIVE}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.get_mut().write_all(request.as_bytes()).await.unwrap();
    let mut instance = BufReader::new(listener.accept().await.unwrap().0);
    read_message(&mut instance).await.unwrap();
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    instance.get_mut().write_all(agreed.as_bytes()).await.unwrap();
    assert_eq!(status(&read_message(&mut client).await.unwrap().0), 101);
    for round in ["first\n", "second\n"] {
        client.get_mut().write_all(round.as_bytes()).await.unwrap();
        let mut line = String::new();
        instance.read_line(&mut line).await.unwrap();
        instance.get_mut().write_all(line.as_bytes()).await.unwrap();
        let mut echo = String::new();
        client.read_line(&mut echo).await.unwrap();
        assert_eq!(echo, round);
    }
    let front = routers.addr();
    drop(routers);
    assert!(client.read(&mut [0; 1]).await.map_or(true, |count| count == 0));
    free_again(front).await;
}

//! Routes with a port.

use std::time::Instant;

use super::*;
use crate::foundry::router::{Listening, TcpEndpoint, TcpRouter};

const LONG: Duration = Duration::from_secs(3600);

fn router(propagation: Propagation) -> TcpRouter {
    TcpRouter::start(&RouterSettings { propagation, ..RouterSettings::default() })
}

fn on(port: u16, instance: &str, addr: SocketAddr) -> TcpEndpoint {
    TcpEndpoint {
        group: "default-tcp".to_owned(),
        port,
        app_guid: "app".to_owned(),
        instance_guid: instance.to_owned(),
        addr,
    }
}

/// An instance that says its name and then sends back what it gets.
async fn instance(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                stream.write_all(name.as_bytes()).await.unwrap();
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.unwrap();
            });
        }
    });
    addr
}

/// A connection, and who is at its other end.
async fn connect(port: u16) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut name = [0; 3];
    stream.read_exact(&mut name).await.unwrap();
    (stream, String::from_utf8(name.to_vec()).unwrap())
}

fn listening(router: &TcpRouter) -> Vec<Listening> {
    router.ports().into_iter().map(|port| port.listening).collect()
}

#[tokio::test]
async fn connections_are_dealt_out_in_turns_and_outlive_their_route() {
    let (router, port) = (router(Propagation::NONE), closed_port().await.port());
    let (one, two) = (on(port, "1", instance("one").await), on(port, "2", instance("two").await));
    router.register(one.clone());
    router.register(two.clone());
    router.catch_up().await;
    let (mut kept, first) = connect(port).await;
    let mut names = vec![first];
    for _ in 0..3 {
        names.push(connect(port).await.1);
    }
    assert_eq!(names, ["one", "two", "one", "two"]);
    router.unregister(one);
    assert_eq!((connect(port).await.1.as_str(), connect(port).await.1.as_str()), ("two", "two"));
    router.unregister(two);
    router.catch_up().await;
    assert_eq!(listening(&router), [Listening::No]);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    kept.write_all(b"still here").await.unwrap();
    let mut back = [0; 10];
    kept.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"still here");
}

#[tokio::test]
async fn a_change_waits_for_its_delay() {
    let (router, port) = (router(Propagation::both(LONG)), closed_port().await.port());
    router.register(on(port, "1", instance("one").await));
    assert_eq!(router.ports(), []);
    router.catch_up().await;
    assert_eq!(connect(port).await.1, "one");
}

#[tokio::test]
async fn a_late_unregister_spares_the_next_owner_of_an_address() {
    let (router, port) = (router(Propagation::NONE), closed_port().await.port());
    let addr = instance("one").await;
    router.register(on(port, "1", addr));
    router.register(on(port, "2", addr));
    router.unregister(on(port, "1", addr));
    assert_eq!(router.ports()[0].endpoints, [on(port, "2", addr)]);
}

#[tokio::test]
async fn a_port_of_somebody_else_is_told_once_to_each_app_and_taken_when_it_is_free() {
    let somebody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (router, port) = (router(Propagation::NONE), somebody.local_addr().unwrap().port());
    let mut troubles = router.subscribe();
    let addr = instance("one").await;
    router.register(on(port, "1", addr));
    router.register(on(port, "2", instance("two").await));
    router.catch_up().await;
    assert!(matches!(&listening(&router)[..], [Listening::Failed(_)]), "{:?}", listening(&router));
    let trouble = troubles.recv().await.unwrap();
    assert_eq!(trouble.app_guid, "app");
    assert!(trouble.text.starts_with(&format!("TCP router cannot listen on 127.0.0.1:{port}: ")), "{}", trouble.text);
    drop(somebody);
    until(|| listening(&router) == [Listening::Yes]).await;
    assert_eq!(connect(port).await.1, "one");
    assert!(troubles.try_recv().is_err());
}

#[tokio::test]
async fn router_groups_that_share_a_port_are_in_each_others_way() {
    let (router, port) = (router(Propagation::NONE), closed_port().await.port());
    let addr = instance("one").await;
    router.register(on(port, "1", addr));
    router.register(TcpEndpoint { group: "other".to_owned(), ..on(port, "1", addr) });
    router.catch_up().await;
    let failed = listening(&router).iter().filter(|one| matches!(one, Listening::Failed(_))).count();
    assert_eq!((failed, connect(port).await.1.as_str()), (1, "one"));
}

#[tokio::test]
async fn a_connection_waits_for_its_instance_for_three_retries() {
    let (router, port, late, never) = (
        router(Propagation::NONE),
        closed_port().await.port(),
        closed_port().await,
        SocketAddr::from(([127, 0, 0, 1], 1)),
    );
    router.register(on(port, "1", late));
    router.register(on(port, "2", never));
    router.catch_up().await;
    let begun = Instant::now();
    let mut first = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let listener = TcpListener::bind(late).await.unwrap();
    let (mut served, _) = listener.accept().await.unwrap();
    served.write_all(b"late").await.unwrap();
    let mut said = [0; 4];
    first.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"late");
    assert_eq!(second.read(&mut [0]).await.unwrap(), 0);
    assert!((3..5).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

//! Routes with a port.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::router::{Listening, TcpEndpoint, TcpRouter};

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

/// A port that nobody has, below those that the system gives to whoever asks for any. It is bound and never listened on:
/// a process that another test is starting may hold the socket for a moment longer, and would take connections there.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id().wrapping_mul(100) + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(next % 10_000).unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        if socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).is_ok() {
            return port;
        }
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
    let (router, port) = (router(Propagation::NONE), free_port());
    let mut instances = [("one", instance("one").await), ("two", instance("two").await)];
    instances.sort_by_key(|(_, addr)| *addr);
    let [(first, one), (second, two)] = instances.map(|(name, addr)| (name, on(port, name, addr)));
    router.register(two.clone());
    router.register(one.clone());
    router.catch_up().await;
    let (mut kept, name) = connect(port).await;
    let mut names = vec![name];
    for _ in 0..3 {
        names.push(connect(port).await.1);
    }
    assert_eq!(names, [first, second, first, second]);
    router.unregister(one);
    assert_eq!((connect(port).await.1.as_str(), connect(port).await.1.as_str()), (second, second));
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
    let (router, port) = (router(Propagation::both(LONG)), free_port());
    router.register(on(port, "1", instance("one").await));
    assert_eq!(router.ports(), []);
    router.catch_up().await;
    assert_eq!(connect(port).await.1, "one");
}

#[tokio::test]
async fn a_late_unregister_spares_the_next_owner_of_an_address() {
    let (router, port) = (router(Propagation::NONE), free_port());
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
    router.register(on(port, "1", instance("one").await));
    router.register(on(port, "2", instance("one").await));
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
    let (router, port) = (router(Propagation::NONE), free_port());
    let addr = instance("one").await;
    router.register(on(port, "1", addr));
    router.register(TcpEndpoint { group: "other".to_owned(), ..on(port, "1", addr) });
    router.catch_up().await;
    let failed = listening(&router).iter().filter(|one| matches!(one, Listening::Failed(_))).count();
    assert_eq!((failed, connect(port).await.1.as_str()), (1, "one"));
}

#[tokio::test]
async fn a_connection_waits_for_its_instance_and_not_for_ever() {
    let (router, port) = (router(Propagation::NONE), free_port());
    let mut instances = [closed_port(), closed_port(), closed_port()];
    instances.sort_by_key(|(_, addr)| *addr);
    for (_, addr) in &instances {
        router.register(on(port, "", *addr));
    }
    router.catch_up().await;
    let [(late, _), _never, (there, _)] = instances;
    let there = there.listen(1).unwrap();
    let mut first = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut second = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _third = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The router takes its clients one after the other: with the third served, the first was refused once.
    there.accept().await.unwrap();
    let late = late.listen(1).unwrap();
    tokio::spawn(async move { late.accept().await.unwrap().0.write_all(b"late").await.unwrap() });
    let mut said = [0; 4];
    first.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"late");
    assert_eq!(second.read(&mut [0]).await.unwrap(), 0);
}

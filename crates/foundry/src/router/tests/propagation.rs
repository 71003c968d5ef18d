//! The delay between a route change and the table.

use super::*;

const LIVE: &str = "live.example.com";
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

fn some(port: u16) -> Endpoint {
    endpoint(LIVE, "", 1, 0, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[tokio::test]
async fn the_default_is_that_of_a_real_foundation() {
    assert_eq!(RouterSettings::default().propagation, Propagation::both(Duration::from_secs(1)));
}

#[tokio::test]
async fn without_a_delay_a_change_is_there_when_the_call_returns() {
    let router = router().await;
    router.register(some(1));
    assert_eq!(router.table(), [some(1)]);
    router.unregister(&some(1));
    assert_eq!(router.table(), []);
}

#[tokio::test]
async fn a_change_waits_for_its_delay() {
    let router = router_with(|settings| settings.propagation = Propagation::both(SHORT)).await;
    router.register(some(1));
    assert_eq!(router.table(), []);
    router.settled().await;
    assert_eq!(router.table(), [some(1)]);
    router.unregister(&some(1));
    assert_eq!(router.table(), [some(1)]);
    router.settled().await;
    assert_eq!(router.table(), []);
}

#[tokio::test]
async fn the_delay_is_set_while_running_and_for_one_change() {
    let router = router_with(|settings| settings.propagation = Propagation::both(LONG)).await;
    router.register(some(1));
    router.register_after(some(2), Duration::ZERO);
    assert_eq!(router.table(), [some(2)], "a delay of its own");
    router.set_propagation(Propagation { register: Duration::ZERO, unregister: LONG });
    router.register(some(3));
    assert_eq!(router.table(), [some(2), some(3)]);
    router.unregister(&some(2));
    assert_eq!(router.table(), [some(2), some(3)]);
    router.unregister_after(&some(3), Duration::ZERO);
    assert_eq!(router.table(), [some(2)]);
    router.register_after(some(4), Duration::MAX);
    assert_eq!(router.table(), [some(2)]);
}

#[tokio::test]
async fn an_earlier_change_wakes_a_router_that_waits_for_a_later_one() {
    let router = router_with(|settings| settings.propagation = Propagation::both(LONG)).await;
    router.register(some(1));
    router.register_after(some(2), SHORT);
    until(|| router.table() == [some(2)]).await;
}

#[tokio::test]
async fn changes_of_one_instance_keep_their_order() {
    let router = router_with(|settings| settings.propagation = Propagation::both(SHORT)).await;
    router.register(some(1));
    router.unregister_after(&some(1), Duration::ZERO);
    router.settled().await;
    assert_eq!(router.table(), [], "an unregister that was sooner than its register would leave it for ever");
}

#[tokio::test]
async fn a_late_unregister_spares_the_next_owner_of_a_port() {
    let router = router().await;
    let next = endpoint(LIVE, "", 2, 0, some(1).addr);
    router.register(some(1));
    router.unregister_after(&some(1), SHORT);
    router.register_after(next.clone(), Duration::ZERO);
    router.settled().await;
    assert_eq!(router.table(), [next]);
}

#[tokio::test]
async fn several_routers_know_different_things() {
    let (first, second) =
        (router().await, router_with(|settings| settings.propagation = Propagation::both(LONG)).await);
    let app = Instance::that(Does::Says("app")).await;
    for router in [&first, &second] {
        router.register(endpoint(LIVE, "", 1, 0, app.addr));
    }
    assert_eq!((status(&get(&first, LIVE).await), status(&get(&second, LIVE).await)), (200, 404));
}

#[tokio::test]
async fn a_router_can_be_made_to_catch_up() {
    let router = router_with(|settings| settings.propagation = Propagation::both(LONG)).await;
    router.register(some(1));
    router.register(some(2));
    router.unregister(&some(1));
    router.catch_up();
    assert_eq!(router.table(), [some(2)]);
    router.settled().await;
    // A later change of the same route does not wait for those that came early.
    router.set_propagation(Propagation::NONE);
    router.unregister(&some(2));
    assert_eq!(router.table(), []);
}

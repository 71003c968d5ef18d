//! Instances that fail: what is tried again, what is left out, what the client is told.

use super::*;

const LIVE: &str = "live.example.com";

async fn pair(does: Does) -> (Router, Instance, Instance) {
    let router = router().await;
    let (bad, good) = (Instance::that(does).await, Instance::that(Does::Says("good")).await);
    router.register(endpoint(LIVE, "", 1, 0, bad.addr));
    router.register(endpoint(LIVE, "", 1, 1, good.addr));
    (router, bad, good)
}

async fn eight(router: &Router, method: &str) -> Vec<(u16, Option<String>)> {
    let mut answers = Vec::new();
    for _ in 0..8 {
        let answer = ask(router, method, LIVE, "").await;
        answers.push((status(&answer), header(&answer, "X-Cf-Routererror")));
    }
    answers
}

#[tokio::test]
async fn instances_take_turns_whatever_app_they_belong_to() {
    let router = router().await;
    let mut instances = Vec::new();
    for (app, index) in [(1, 0), (1, 1), (2, 0)] {
        let instance = Instance::that(Does::Says("")).await;
        router.register(endpoint(LIVE, "", app, index, instance.addr));
        instances.push(instance);
    }
    for _ in 0..9 {
        get(&router, LIVE).await;
    }
    assert_eq!(instances.iter().map(Instance::requests).collect::<Vec<_>>(), [3, 3, 3]);
}

#[tokio::test]
async fn a_refused_connection_is_tried_on_the_other_instance() {
    for method in ["GET", "POST"] {
        let router = router().await;
        let good = Instance::that(Does::Says("good")).await;
        let (_held, dead) = closed_port();
        router.register(endpoint(LIVE, "", 1, 0, dead));
        router.register(endpoint(LIVE, "", 1, 1, good.addr));
        assert_eq!(eight(&router, method).await, vec![(200, None); 8], "{method}");
    }
}

#[tokio::test]
async fn a_body_is_not_lost_by_a_refused_connection() {
    let router = router().await;
    let good = Instance::that(Does::Says("good")).await;
    let (_held, dead) = closed_port();
    router.register(endpoint(LIVE, "", 1, 0, dead));
    router.register(endpoint(LIVE, "", 1, 1, good.addr));
    for _ in 0..4 {
        let request = format!("POST / HTTP/1.1\r\nHost: {LIVE}\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(status(&send(&router, &request).await), 200);
    }
    assert_eq!(good.requests(), 4);
}

#[tokio::test]
async fn all_that_refuse_are_502() {
    for (method, instances) in [("GET", 1), ("POST", 1), ("GET", 2), ("POST", 2), ("GET", 5)] {
        let router = router().await;
        let mut lines = router.subscribe();
        let (mut held, mut ports) = (Vec::new(), Vec::new());
        for index in 0..instances {
            let (socket, port) = closed_port();
            held.push(socket);
            router.register(endpoint(LIVE, "", 1, index, port));
            ports.push(port);
        }
        let answer = ask(&router, method, LIVE, "").await;
        assert_eq!(status(&answer), 502);
        let error = header(&answer, "X-Cf-Routererror").unwrap();
        let told =
            |port: &SocketAddr| error == format!("endpoint_failure (dial tcp {port}: connect: connection refused)");
        assert!(ports.iter().any(told), "{error}");
        assert_eq!(header(&answer, "Content-Type").as_deref(), Some("text/plain; charset=utf-8"));
        assert_eq!(header(&answer, "X-Content-Type-Options").as_deref(), Some("nosniff"));
        assert_eq!(header(&answer, "Cache-Control"), None);
        let line = lines.recv().await.unwrap();
        assert_eq!(line.failed_attempts, instances.min(3), "at most three, and each instance once");
    }
}

#[tokio::test]
async fn a_close_without_an_answer_is_tried_again_for_get_alone() {
    let (router, bad, _good) = pair(Does::Closes).await;
    assert_eq!(eight(&router, "GET").await, vec![(200, None); 8]);
    assert_eq!(bad.requests(), 4, "it is not left out");

    let (router, bad, _good) = pair(Does::Closes).await;
    let answers = eight(&router, "POST").await;
    let failed: Vec<_> = answers.iter().filter(|(status, _)| *status != 200).collect();
    assert_eq!(failed, vec![&(502, Some("endpoint_failure (EOF)".to_owned())); 4]);
    assert_eq!(bad.requests(), 4);
}

#[tokio::test]
async fn a_key_makes_a_post_without_a_body_as_good_as_a_get() {
    for key in ["Idempotency-Key", "X-Idempotency-Key"] {
        let (router, _bad, _good) = pair(Does::Closes).await;
        for _ in 0..4 {
            assert_eq!(status(&ask(&router, "POST", LIVE, &format!("{key}: 1\r\n")).await), 200, "{key}");
        }
    }
}

#[tokio::test]
async fn a_reset_is_not_tried_again_and_leaves_the_instance_out() {
    for method in ["GET", "POST"] {
        let (router, bad, _good) = pair(Does::Resets).await;
        let answers = eight(&router, method).await;
        let failed: Vec<_> = answers.into_iter().filter(|(status, _)| *status != 200).collect();
        assert_eq!(failed.len(), 1, "{method}");
        let (status, error) = &failed[0];
        let error = error.clone().unwrap();
        assert_eq!(*status, 502);
        assert!(error.starts_with("endpoint_failure (read tcp 127.0.0.1:"), "{error}");
        assert!(error.ends_with(&format!("->{}: read: connection reset by peer)", bad.addr)), "{error}");
        assert_eq!(bad.requests(), 1);
    }
}

#[tokio::test]
async fn a_failed_instance_comes_back_after_its_time() {
    let router = router_with(|settings| settings.retry_after_failure = Duration::ZERO).await;
    let (bad, good) = (Instance::that(Does::Resets).await, Instance::that(Does::Says("good")).await);
    router.register(endpoint(LIVE, "", 1, 0, bad.addr));
    router.register(endpoint(LIVE, "", 1, 1, good.addr));
    eight(&router, "GET").await;
    assert!(bad.requests() > 1);
}

#[tokio::test]
async fn all_left_out_are_all_let_in() {
    let router = router().await;
    let bad = Instance::that(Does::Resets).await;
    router.register(endpoint(LIVE, "", 1, 0, bad.addr));
    let answers = eight(&router, "GET").await;
    assert!(answers.iter().all(|(status, _)| *status == 502));
    assert_eq!(bad.requests(), 8);
}

#[tokio::test]
async fn an_answer_broken_off_early_never_begins() {
    let router = router().await;
    let broken = Instance::that(Does::Sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_owned())).await;
    router.register(endpoint(LIVE, "", 1, 0, broken.addr));
    assert_eq!(get(&router, LIVE).await, "");
}

#[tokio::test]
async fn an_answer_broken_off_late_is_cut() {
    let router = router().await;
    let mut lines = router.subscribe();
    let begun = "x".repeat(20_000);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let broken = Instance::that(Does::Sends(format!("{head}{begun}"))).await;
    router.register(endpoint(LIVE, "", 1, 0, broken.addr));
    let answer = get(&router, LIVE).await;
    assert_eq!(status(&answer), 200);
    assert_eq!(header(&answer, "Content-Length").as_deref(), Some("100000"));
    assert!(body(&answer).len() <= begun.len());
    let line = lines.recv().await.unwrap();
    assert_eq!((line.status, line.complete), (200, false));
}

#[tokio::test]
async fn half_a_head_is_no_answer_to_try_again() {
    let (router, _bad, good) = pair(Does::Sends("HTTP/1.1 200".to_owned())).await;
    let answers = eight(&router, "GET").await;
    let failed =
        answers.iter().filter(|answer| **answer == (502, Some("endpoint_failure (unexpected EOF)".to_owned())));
    assert_eq!((failed.count(), good.requests()), (4, 4));
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_request() {
    let router = router().await;
    // Keeps no connection, and does not say so.
    let instance = Instance::that(Does::Sends(says("once"))).await;
    router.register(endpoint(LIVE, "", 1, 0, instance.addr));
    for method in ["GET", "POST"] {
        for _ in 0..20 {
            assert_eq!(status(&ask(&router, method, LIVE, "").await), 200, "{method}");
        }
    }
}

#[tokio::test]
async fn an_instance_that_never_answers_is_given_up() {
    let router = router_with(|settings| settings.endpoint_timeout = Duration::from_millis(50)).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    router.register(endpoint(LIVE, "", 1, 0, silent.local_addr().unwrap()));
    let answer = get(&router, LIVE).await;
    let error = "endpoint_failure (context deadline exceeded)".to_owned();
    assert_eq!((status(&answer), header(&answer, "X-Cf-Routererror")), (502, Some(error)));
}

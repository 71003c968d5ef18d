//! Health checks, as a task that tells what it finds.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::state::{HealthCheck, HealthCheckKind};

/// The time between checks until the first one passes. (Diego takes 2 s; nobody gains by waiting here.)
const STARTING: Duration = Duration::from_millis(50);
/// The time between checks afterwards, where the app names none. (Diego: 30 s.)
const INTERVAL: Duration = Duration::from_secs(30);
/// How long one check may take, where the app names no time. (Cloud Foundry: 1 s.)
const INVOCATION: Duration = Duration::from_secs(1);
/// How long an app may take to become well, where it names no time. (`default_health_check_timeout`: 60 s.)
const START: Duration = Duration::from_secs(60);

/// What the checks find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// The first liveness check has passed.
    Healthy,
    /// It is not well: it never was, or is no more. The text is the check's own.
    Sick {
        /// The check's own words.
        cause: String,
        /// How long it was waited for, if it has never been well.
        never_within: Option<Duration>,
    },
    /// A readiness check has another result than the one before; at first it is not ready.
    Ready(bool),
}

/// Watches an instance until it is sick or nobody listens. It does not become healthy for as long as `kept` says so.
pub(super) async fn watch(
    liveness: HealthCheck,
    readiness: HealthCheck,
    port: u16,
    kept: impl Fn() -> bool,
    signs: mpsc::Sender<Sign>,
) {
    let limit = liveness.timeout.map_or(START, |seconds| Duration::from_secs(seconds.into()));
    let begun = Instant::now();
    let first = async || if kept() { Err(refusal(&liveness, port)) } else { check(&liveness, port).await };
    while let Err(cause) = first().await {
        if begun.elapsed() >= limit {
            let _ = signs.send(Sign::Sick { cause, never_within: Some(limit) }).await;
            return;
        }
        sleep(STARTING).await;
    }
    if signs.send(Sign::Healthy).await.is_err() {
        return;
    }
    let interval = |check: &HealthCheck| check.interval.map_or(INTERVAL, |seconds| Duration::from_secs(seconds.into()));
    let mut ready = false;
    let mut next_liveness = Instant::now() + interval(&liveness);
    let mut next_readiness = Instant::now();
    loop {
        let now = Instant::now();
        if now >= next_liveness {
            if let Err(cause) = check(&liveness, port).await {
                let _ = signs.send(Sign::Sick { cause, never_within: None }).await;
                return;
            }
            next_liveness = Instant::now() + interval(&liveness);
        }
        if now >= next_readiness {
            let is_ready = check(&readiness, port).await.is_ok();
            if is_ready != ready {
                ready = is_ready;
                if signs.send(Sign::Ready(ready)).await.is_err() {
                    return;
                }
            }
            next_readiness = Instant::now() + if ready { interval(&readiness) } else { STARTING };
        }
        tokio::time::sleep_until(next_liveness.min(next_readiness)).await;
    }
}

/// What a check finds that an app does not pass which is there.
fn refusal(check: &HealthCheck, port: u16) -> String {
    match check.kind {
        HealthCheckKind::Http => {
            let path = check.endpoint.as_deref().unwrap_or("/");
            format!("Failed to make HTTP request to '{path}' on port {port}: received status code 503")
        }
        HealthCheckKind::Port | HealthCheckKind::Process => {
            format!("Failed to make TCP connection to 127.0.0.1:{port}: connection refused")
        }
    }
}

/// Checks once. Fails with the text that Diego's health check prints.
async fn check(check: &HealthCheck, port: u16) -> Result<(), String> {
    let limit = check.invocation_timeout.map_or(INVOCATION, |seconds| Duration::from_secs(seconds.into()));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match check.kind {
        HealthCheckKind::Process => Ok(()),
        HealthCheckKind::Port => match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("Failed to make TCP connection to {address}: {error}")),
            Err(_) => Err(format!("Failed to make TCP connection to {address}: timed out")),
        },
        HealthCheckKind::Http => {
            let path = check.endpoint.as_deref().unwrap_or("/");
            match timeout(limit, status_of(address, path)).await {
                Ok(Ok(200)) => Ok(()),
                Ok(Ok(status)) => Err(format!(
                    "Failed to make HTTP request to '{path}' on port {port}: received status code {status}"
                )),
                Ok(Err(error)) => Err(format!("Failed to make HTTP request to '{path}' on port {port}: {error}")),
                Err(_) => Err(format!("Failed to make HTTP request to '{path}' on port {port}: timed out")),
            }
        }
    }
}

/// The status with which a GET is answered.
async fn status_of(address: SocketAddr, path: &str) -> std::io::Result<u16> {
    let mut connection = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: diego-healthcheck\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // "HTTP/1.1 200" is all that is needed.
    while head.len() < 12 {
        let mut part = [0; 64];
        let count = connection.read(&mut part).await?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(&part[..count]);
    }
    let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "malformed HTTP response"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answering(bytes: &'static [u8]) -> u16 {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(bytes).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn only_200_is_well() {
        let http = HealthCheck { endpoint: Some("/ping".to_owned()), ..HealthCheck::of(HealthCheckKind::Http) };
        let cases: [(&'static [u8], bool); 4] = [
            (b"HTTP/1.1 200 OK\r\n\r\n", true),
            (b"HTTP/1.0 204 No Content\r\n\r\n", false),
            (b"HTTP/1.1 500 Oops\r\n\r\n", false),
            (b"hello", false),
        ];
        for (answer, well) in cases {
            let port = answering(answer).await;
            assert_eq!(check(&http, port).await.is_ok(), well, "{}", String::from_utf8_lossy(answer));
            assert!(check(&HealthCheck::of(HealthCheckKind::Port), port).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_sick_after_the_start_timeout() {
        // Never listened on: a listener that is closed again goes on in a process that another test is starting.
        let closed = tokio::net::TcpSocket::new_v4().unwrap();
        closed.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let port = closed.local_addr().unwrap().port();
        let liveness = HealthCheck { timeout: Some(0), ..HealthCheck::of(HealthCheckKind::Port) };
        let (signs, mut found) = mpsc::channel(4);
        watch(liveness, HealthCheck::of(HealthCheckKind::Process), port, || false, signs).await;
        let Some(Sign::Sick { cause, never_within }) = found.recv().await else { panic!("it cannot be well") };
        assert_eq!(never_within, Some(Duration::ZERO));
        assert!(cause.starts_with(&format!("Failed to make TCP connection to 127.0.0.1:{port}: ")), "{cause}");
    }

    #[tokio::test]
    async fn a_process_check_is_healthy_and_ready_at_once() {
        let process = HealthCheck::of(HealthCheckKind::Process);
        let (signs, mut found) = mpsc::channel(4);
        let task = tokio::spawn(watch(process.clone(), process, 1, || false, signs));
        assert_eq!(found.recv().await, Some(Sign::Healthy));
        assert_eq!(found.recv().await, Some(Sign::Ready(true)));
        task.abort();
    }
}

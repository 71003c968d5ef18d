//! Connections to app instances, kept alive, and what went wrong on them in gorouter's words.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::clock::now;
use super::http::Shared;
use super::tasks::Tasks;
use crate::platform::lock;

/// Any failure below a body.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way through the router, in either direction.
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// How many idle connections are kept to one instance (gorouter: `max_idle_conns_per_host`).
const MAX_IDLE: usize = 100;

/// How long an idle connection is kept (gorouter: 90 s, Go's default transport).
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// What kept an instance from answering.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    /// The cause in the words of Go's network library, as it stands in `X-Cf-Routererror`.
    pub(super) message: String,
    /// The request, where none of it was sent.
    pub(super) unsent: Option<Request<Body>>,
}

/// The kinds of failure that the rules of retry tell apart (gorouter: `proxy/fails`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// No connection.
    Dial,
    /// The connection went away before anything was written.
    NotSent,
    /// The instance closed the connection without a byte of an answer.
    Eof,
    /// The instance reset the connection.
    Reset,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// Whether another instance may be tried: nothing was sent, or sending twice does no harm.
    pub(super) fn retriable(self, idempotent: bool) -> bool {
        match self {
            Self::Dial | Self::NotSent => true,
            Self::Eof => idempotent,
            Self::Reset | Self::Other => false,
        }
    }

    /// Whether the instance is left out for a while.
    pub(super) fn marks(self) -> bool {
        match self {
            Self::Dial | Self::Reset => true,
            Self::NotSent | Self::Eof | Self::Other => false,
        }
    }
}

/// The idle connections to all instances.
#[derive(Debug)]
pub(super) struct Backends {
    idle: Mutex<HashMap<SocketAddr, Vec<Idle>>>,
    dial_timeout: Duration,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Body>,
    meter: Arc<Meter>,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Backends {
    pub(super) fn new(dial_timeout: Duration) -> Self {
        Self { idle: Mutex::default(), dial_timeout }
    }

    /// Sends a request to an instance and waits for the head of its answer. The connection goes back to the idle ones
    /// once the answer has been read to its end.
    ///
    /// Fails as the instance does. A kept connection that turns out to be closed is no failure of the instance: where
    /// nothing of the request is lost, a new connection is made (Go: `Transport.shouldRetryRequest`).
    pub(super) async fn send(
        shared: &Arc<Shared>,
        addr: SocketAddr,
        mut request: Request<Body>,
        replay: Option<&(dyn Fn() -> Request<Body> + Sync)>,
    ) -> Result<Response<Incoming>, Failure> {
        while let Some(connection) = shared.backends.take_idle(addr) {
            match connection.send(shared, request).await {
                Ok(response) => return Ok(response),
                Err(Failure { unsent: Some(unsent), .. }) => request = unsent,
                Err(failure) if failure.kind == FailureKind::Other => return Err(failure),
                Err(failure) => match replay {
                    Some(again) => request = again(),
                    None => return Err(failure),
                },
            }
        }
        match dial(&shared.tasks, addr, shared.backends.dial_timeout).await {
            Ok(connection) => connection.send(shared, request).await,
            Err(message) => Err(Failure { kind: FailureKind::Dial, message, unsent: Some(request) }),
        }
    }

    fn take_idle(&self, addr: SocketAddr) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        let kept = idle.get_mut(&addr)?;
        let now = now();
        while let Some(Idle { connection, since }) = kept.pop() {
            if connection.sender.is_ready() && now.saturating_duration_since(since) < IDLE_TIMEOUT {
                return Some(connection);
            }
        }
        idle.remove(&addr);
        None
    }

    fn keep(&self, connection: Connection) {
        let mut idle = lock(&self.idle);
        let kept = idle.entry(connection.remote).or_default();
        if kept.len() < MAX_IDLE {
            kept.push(Idle { connection, since: now() });
        }
    }
}

/// Opens a connection; fails with the words of Go's dialer.
async fn dial(tasks: &Tasks, addr: SocketAddr, timeout: Duration) -> Result<Connection, String> {
    let stream = match tokio::time::timeout(timeout, TcpStream::connect(addr)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(format!("dial tcp {addr}: connect: {}", go_text(&error))),
        Err(_) => return Err(format!("dial tcp {addr}: i/o timeout")),
    };
    let failed = |error: &dyn std::fmt::Display| format!("dial tcp {addr}: {error}");
    let local = stream.local_addr().and_then(|local| stream.set_nodelay(true).map(|()| local));
    let local = local.map_err(|error| failed(&error))?;
    let meter = Arc::new(Meter::default());
    let io = TokioIo::new(Metered { stream, meter: Arc::clone(&meter) });
    let (sender, driver) =
        http1::Builder::new().title_case_headers(true).handshake(io).await.map_err(|error| failed(&error))?;
    // What goes wrong on the connection is told to the request on it.
    tasks.spawn(async move { drop(driver.with_upgrades().await) });
    Ok(Connection { sender, meter, local, remote: addr })
}

impl Connection {
    async fn send(mut self, shared: &Arc<Shared>, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        self.meter.reset();
        match self.sender.try_send_request(request).await {
            Ok(response) => {
                let keeper = Arc::clone(shared);
                shared.tasks.spawn(async move {
                    if self.sender.ready().await.is_ok() {
                        keeper.backends.keep(self);
                    }
                });
                Ok(response)
            }
            Err(mut error) => {
                let unsent = error.take_message();
                let (kind, message) = self.classify(&error.into_error(), unsent.is_some());
                Err(Failure { kind, message, unsent })
            }
        }
    }

    fn classify(&self, error: &hyper::Error, unsent: bool) -> (FailureKind, String) {
        let (local, remote) = (self.local, self.remote);
        let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        let answered = self.meter.read.load(Ordering::Relaxed) > 0;
        let sent = self.meter.written.load(Ordering::Relaxed) > 0;
        match io {
            _ if unsent || !sent => (FailureKind::NotSent, "http: server closed idle connection".to_owned()),
            Some(io) if io.kind() == io::ErrorKind::ConnectionReset && !answered => {
                (FailureKind::Reset, format!("read tcp {local}->{remote}: read: connection reset by peer"))
            }
            Some(io) if io.kind() == io::ErrorKind::BrokenPipe => {
                (FailureKind::Other, format!("write tcp {local}->{remote}: write: broken pipe"))
            }
            Some(io) => (FailureKind::Other, format!("read tcp {local}->{remote}: read: {}", go_text(io))),
            None if error.is_incomplete_message() && !answered => (FailureKind::Eof, "EOF".to_owned()),
            None if error.is_incomplete_message() => (FailureKind::Other, "unexpected EOF".to_owned()),
            None if error.is_parse() => (
                FailureKind::Other,
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response".to_owned(),
            ),
            None => (FailureKind::Other, error.to_string()),
        }
    }
}

/// An error of the operating system as Go prints it: `connection refused`, without a number.
fn go_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

/// How many bytes went over a connection since its last request began.
#[derive(Debug, Default)]
struct Meter {
    read: AtomicU64,
    written: AtomicU64,
}

impl Meter {
    fn reset(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
    }
}

fn count(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(bytes as u64, Ordering::Relaxed);
}

/// A connection that counts its bytes: whether anything was sent, or answered, decides on a retry.
#[derive(Debug)]
struct Metered {
    stream: TcpStream,
    meter: Arc<Meter>,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        count(&self.meter.read, buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = polled {
            count(&self.meter.written, written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(written)) = polled {
            count(&self.meter.written, written);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

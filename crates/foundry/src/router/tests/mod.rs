//! The router over real sockets: each line of what was seen on a real gorouter is a case.

mod access_log;
mod forwarding;
mod instance_headers;
mod lookup;
mod propagation;
mod retries;
mod routers;
mod sticky;
mod streams;
mod tcp;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;

use super::{Endpoint, Propagation, Router, RouterSettings};
use crate::platform::lock;

/// A guid that ends in a number.
fn guid(number: u32) -> String {
    format!("aaaaaaaa-0000-4000-8000-{number:012}")
}

/// Instance `index` of app `app` on `host` and `path`; its process is app + 100, its own guid is told by both numbers.
fn endpoint(host: &str, path: &str, app: u32, index: u32, addr: SocketAddr) -> Endpoint {
    Endpoint {
        host: host.to_owned(),
        path: path.to_owned(),
        app_guid: guid(app),
        process_guid: guid(app + 100),
        instance_guid: guid(1000 * app + index),
        index,
        addr,
        route_service_url: None,
    }
}

/// A router whose changes take effect at once.
async fn router() -> Router {
    router_with(|_| {}).await
}

async fn router_with(change: impl FnOnce(&mut RouterSettings)) -> Router {
    let mut settings = RouterSettings { propagation: Propagation::NONE, ..RouterSettings::default() };
    change(&mut settings);
    Router::start(settings).await.unwrap()
}

/// What an app instance does with each request.
#[derive(Debug, Clone)]
enum Does {
    /// Answers 200 with this body, and keeps the connection.
    Says(&'static str),
    /// Answers these very bytes and closes.
    Sends(String),
    /// Closes without an answer.
    Closes,
    /// Resets the connection.
    Resets,
    /// Answers 200 with the head of the request as it came.
    Echoes,
}

/// An app instance: a listener that does the same with every request and remembers what it was sent.
#[derive(Debug)]
struct Instance {
    addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: AbortHandle,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Instance {
    async fn that(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let connections = Arc::<Mutex<usize>>::default();
        let (seen, count) = (Arc::clone(&heads), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *lock(&count) += 1;
                tokio::spawn(serve(stream, does.clone(), Arc::clone(&seen)));
            }
        });
        Self { addr, heads, connections, task: task.abort_handle() }
    }

    /// How many requests came.
    fn requests(&self) -> usize {
        lock(&self.heads).len()
    }

    /// The head of the last request.
    fn last_head(&self) -> String {
        lock(&self.heads).last().unwrap().clone()
    }
}

/// An address where nothing listens, for as long as the socket is there.
fn closed_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

async fn serve(stream: TcpStream, does: Does, seen: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, _)) = read_message(&mut stream).await {
        lock(&seen).push(head.clone());
        let answer = match &does {
            Does::Says(body) => says(body),
            Does::Echoes => says(&head),
            Does::Sends(bytes) => bytes.clone(),
            Does::Closes => return,
            Does::Resets => {
                stream.get_ref().set_zero_linger().unwrap();
                return;
            }
        };
        stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
        if matches!(does, Does::Sends(_)) {
            return;
        }
    }
}

fn says(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A head and a body of the length that it tells; `None` at the end of the connection.
async fn read_message(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

/// The value of a header of a message, whatever its capitals.
fn header(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next().unwrap();
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then(|| value.to_owned()))
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

/// Sends bytes on a connection of their own and reads until the router closes it.
async fn send(router: &Router, bytes: &str) -> String {
    let mut stream = TcpStream::connect(router.addr()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A request on a connection of its own; `headers` are whole lines, each with its `\r\n`.
async fn ask(router: &Router, method: &str, url: &str, headers: &str) -> String {
    let (host, path) = url.find('/').map_or((url, "/"), |slash| url.split_at(slash));
    send(router, &format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")).await
}

async fn get(router: &Router, url: &str) -> String {
    ask(router, "GET", url, "").await
}

/// Waits until an address can be listened on: a process that another test is starting may hold its socket for a moment.
async fn free_again(addr: SocketAddr) {
    until(|| std::net::TcpListener::bind(addr).is_ok()).await;
}

/// Waits until a condition holds; the test fails where it never does.
async fn until(mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the condition never held");
}

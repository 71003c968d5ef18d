//! One request, from its connection to the end of its answer.

use std::error::Error as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, COOKIE, HOST, HeaderMap, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::cause::Cause;
use super::live_url::LiveUrl;
use super::mix::Kind;
use super::outcome::Outcome;
use super::settings::LoadSettings;
use super::socket;

/// By this the router's access log tells the load from others.
pub(super) const USER_AGENT: &str = "cutover-load";

/// How many clients with cookies there are.
const STICKY_CLIENTS: usize = 8;

/// What a POST carries.
const BODY: &[u8] = b"a body that must not get lost";

type Sender = SendRequest<Full<Bytes>>;

/// The client's connections and cookies.
#[derive(Debug)]
pub(super) struct Client {
    settings: LoadSettings,
    /// Kept connections that are idle.
    kept: Mutex<Vec<Sender>>,
    /// Sticky clients that are idle: their cookies, `name=value`, and the route that gave them.
    sticky: Mutex<Vec<(LiveUrl, Vec<String>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    pub(super) fn new(settings: LoadSettings) -> Self {
        Self { settings, kept: Mutex::default(), sticky: Mutex::default() }
    }

    /// Sends a request that was due at a time, and reads its answer to the end.
    pub(super) async fn ask(&self, kind: Kind, url: &LiveUrl, due: Instant) -> Outcome {
        let deadline = due + self.settings.timeout;
        let asked = async {
            match kind {
                Kind::Kept => self.ask_kept(url).await,
                Kind::Sticky => self.ask_sticky(url).await,
                Kind::Socket => self.ask_socket(url).await,
                Kind::Get | Kind::Post | Kind::Slow | Kind::Stream => {
                    self.ask_fresh(kind, url, &[]).await.map(|(answer, _)| answer)
                }
            }
        };
        match tokio::time::timeout_at(deadline.into(), asked).await {
            Ok(Ok(answer)) => answer.into_outcome(kind),
            Ok(Err(cause)) => Outcome::failed(cause),
            Err(_) => Outcome::failed(Cause::Timeout),
        }
    }

    async fn ask_fresh(&self, kind: Kind, url: &LiveUrl, cookies: &[String]) -> Result<(Answer, Sender), Cause> {
        let mut sender = self.connect().await?;
        let answer = exchange(&mut sender, self.request(kind, url, cookies)?).await.map_err(Lost::into_cause)?;
        Ok((answer, sender))
    }

    async fn ask_kept(&self, url: &LiveUrl) -> Result<Answer, Cause> {
        loop {
            let idle = lock(&self.kept).pop();
            let (answer, sender) = match idle {
                Some(mut sender) if sender.is_ready() => {
                    match exchange(&mut sender, self.request(Kind::Kept, url, &[])?).await {
                        Ok(answer) => (answer, sender),
                        // Closed by the other end before anything was sent: any client opens another one.
                        Err(Lost::Unsent) => continue,
                        Err(lost) => return Err(lost.into_cause()),
                    }
                }
                Some(_) => continue,
                None => self.ask_fresh(Kind::Kept, url, &[]).await?,
            };
            lock(&self.kept).push(sender);
            return Ok(answer);
        }
    }

    async fn ask_sticky(&self, url: &LiveUrl) -> Result<Answer, Cause> {
        let mut cookies = {
            let mut idle = lock(&self.sticky);
            let place = idle.iter().position(|(of, _)| of == url);
            place.map(|place| idle.remove(place).1).unwrap_or_default()
        };
        let (answer, _) = self.ask_fresh(Kind::Sticky, url, &cookies).await?;
        answer.cookies.iter().for_each(|cookie| keep_cookie(&mut cookies, cookie));
        let mut idle = lock(&self.sticky);
        if idle.len() < STICKY_CLIENTS * self.settings.urls.len() {
            // To the end: each client has its turn.
            idle.push((url.clone(), cookies));
        }
        Ok(answer)
    }

    async fn ask_socket(&self, url: &LiveUrl) -> Result<Answer, Cause> {
        let mut sender = self.connect().await?;
        let key = socket::key();
        let mut request = self.request(Kind::Socket, url, &[])?;
        socket::ask_for(request.headers_mut(), &key)?;
        let connection = |error: &hyper::Error| Cause::Connection(words(error));
        let response = sender.send_request(request).await.map_err(|error| connection(&error))?;
        let answer = Answer::of(response.headers(), response.status());
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(answer);
        }
        socket::check_accepted(response.headers(), &key)?;
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| connection(&error))?;
        socket::converse(&mut TokioIo::new(upgraded)).await.map_err(|error| Cause::BrokenOff(io_words(&error)))?;
        Ok(answer)
    }

    async fn connect(&self) -> Result<Sender, Cause> {
        let failed = |error: &dyn std::fmt::Display| Cause::Connection(error.to_string());
        let stream = TcpStream::connect(self.settings.router).await.map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        // What goes wrong on the connection is told to the request on it.
        tokio::spawn(async move { drop(driver.with_upgrades().await) });
        Ok(sender)
    }

    fn request(&self, kind: Kind, url: &LiveUrl, cookies: &[String]) -> Result<Request<Full<Bytes>>, Cause> {
        let paths = &self.settings.paths;
        let (method, path, body) = match kind {
            Kind::Sticky if cookies.is_empty() => (Method::GET, &paths.session, Bytes::new()),
            Kind::Get | Kind::Kept | Kind::Sticky => (Method::GET, &paths.get, Bytes::new()),
            Kind::Slow => (Method::GET, &paths.slow, Bytes::new()),
            Kind::Stream => (Method::GET, &paths.stream, Bytes::new()),
            Kind::Socket => (Method::GET, &paths.socket, Bytes::new()),
            Kind::Post => (Method::POST, &paths.post, Bytes::from_static(BODY)),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", url.path.trim_end_matches('/')))
            .header(HOST, &url.host)
            .header(hyper::header::USER_AGENT, USER_AGENT);
        if !matches!(kind, Kind::Kept | Kind::Socket) {
            request = request.header(CONNECTION, "close");
        }
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        request.body(Full::new(body)).map_err(|error| Cause::Connection(error.to_string()))
    }
}

/// Puts a `Set-Cookie` in the place of the one with its name.
fn keep_cookie(cookies: &mut Vec<String>, set: &str) {
    let pair = set.split(';').next().unwrap_or_default().trim();
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    cookies.retain(|cookie| name(cookie) != name(pair));
    if !set.to_ascii_lowercase().contains("max-age=0") {
        cookies.push(pair.to_owned());
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    router_error: Option<String>,
    cookies: Vec<String>,
}

impl Answer {
    fn of(headers: &HeaderMap, status: StatusCode) -> Self {
        let texts = |name: &str| -> Vec<String> {
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
        };
        let router_error = texts("x-cf-routererror").into_iter().next();
        Self { status, router_error, cookies: texts(SET_COOKIE.as_str()) }
    }

    fn into_outcome(self, kind: Kind) -> Outcome {
        let good = match kind {
            Kind::Socket => self.status == StatusCode::SWITCHING_PROTOCOLS,
            Kind::Get | Kind::Post | Kind::Slow | Kind::Kept | Kind::Sticky | Kind::Stream => {
                self.status.is_success() || self.status.is_redirection()
            }
        };
        let cause = (!good).then_some(Cause::Status(self.status.as_u16()));
        Outcome { cause, router_error: self.router_error, answered: true }
    }
}

/// Why there is no answer.
#[derive(Debug)]
enum Lost {
    /// Nothing of the request was sent.
    Unsent,
    Broken(Cause),
}

impl Lost {
    fn into_cause(self) -> Cause {
        match self {
            Self::Unsent => Cause::Connection("closed before the request was sent".to_owned()),
            Self::Broken(cause) => cause,
        }
    }
}

async fn exchange(sender: &mut Sender, request: Request<Full<Bytes>>) -> Result<Answer, Lost> {
    let response = match sender.try_send_request(request).await {
        Ok(response) => response,
        Err(error) if error.message().is_some() => return Err(Lost::Unsent),
        Err(error) => return Err(Lost::Broken(Cause::Connection(words(&error.into_error())))),
    };
    let (parts, body) = response.into_parts();
    if let Err(error) = body.collect().await {
        return Err(Lost::Broken(Cause::BrokenOff(words(&error))));
    }
    Ok(Answer::of(&parts.headers, parts.status))
}

/// What a connection's error says, without numbers of the operating system.
fn words(error: &hyper::Error) -> String {
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(io) => io_words(io),
        None if error.is_incomplete_message() => "closed without a whole answer".to_owned(),
        None => error.to_string(),
    }
}

fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "closed without a whole answer".to_owned(),
        // What this client itself has to say.
        io::ErrorKind::InvalidData => error.to_string(),
        kind => kind.to_string(),
    }
}

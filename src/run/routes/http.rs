//! The HTTP client of probes and checks.
//!
//! Each request has a connection of its own, since a kept one would always lead to the same router; no cookies are
//! sent, since a sticky session would always lead to the same instance; redirects are answers like any other.

use std::net::ToSocketAddrs;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use std::{fmt, io, thread};

use thiserror::Error;
use ureq::http::request::Builder;
use ureq::http::{HeaderMap, Method, Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Timeout};

use crate::plan::{self, HttpCheck, RouteUrl, Tls};
use crate::run::waiting::clock::{Clock, Stop};
use crate::steps::instance_header::InstanceHeader;

/// How long one request may take.
pub(crate) const REQUEST: Duration = Duration::from_secs(10);
/// How long it may take to find a host and to connect to it.
const CONNECT: Duration = Duration::from_secs(3);
/// How soon it is noticed while a request takes its time that the run is to stop.
const TICK: Duration = Duration::from_millis(50);
/// How much of a body is read; what a check looks for stands before.
const BODY: u64 = 1 << 20;
/// The longest headers of an answer: each request has buffers of its own, and hundreds are sent while a route settles.
const HEADERS: usize = 64 << 10;
/// As much of a request is made up at a time.
const REQUEST_TEXT: usize = 8 << 10;

/// The address of the router that all requests go to, whatever the route's host (curl: `--resolve`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterUrl {
    scheme: String,
    host: String,
    port: u16,
}

/// A text that is no address of a router.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' is no address of a router: write it as http://HOST:PORT or https://HOST")]
pub struct NoRouterUrl(String);

impl RouterUrl {
    /// Takes `http://HOST[:PORT]` or `https://HOST[:PORT]`, with nothing behind it but a `/`.
    pub fn parse(text: &str) -> Result<Self, NoRouterUrl> {
        let fail = || NoRouterUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| fail())?;
        let (scheme, host) = (uri.scheme_str().ok_or_else(fail)?, uri.host().ok_or_else(fail)?);
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(fail()),
        };
        let nothing_more = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let port = uri.port_u16().unwrap_or(default);
        nothing_more.then(|| Self { scheme: scheme.to_owned(), host: host.to_owned(), port }).ok_or_else(fail)
    }
}

impl fmt::Display for RouterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// Sends every request to one address.
#[derive(Debug)]
struct ToRouter(RouterUrl);

impl Resolver for ToRouter {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut found = self.empty();
        for address in (self.0.host.trim_matches(['[', ']']), self.0.port).to_socket_addrs()?.take(16) {
            found.push(address);
        }
        if found.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(found) }
    }
}

/// One instance, as a router is asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InstanceKey {
    /// What the guid is of.
    pub(crate) header: InstanceHeader,
    /// The guid of its app, or of its process.
    pub(crate) guid: String,
    /// Its index.
    pub(crate) index: u32,
}

/// A client for routes.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    /// Scheme, and the port where it is not the scheme's own.
    scheme: String,
    port: Option<u16>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The value of `X-Cf-RouterError`, which only the router's own answers carry.
    pub(crate) router_error: Option<String>,
    /// The body, as far as it was asked for; what is no UTF-8 is replaced.
    pub(crate) body: String,
}

impl Client {
    /// A client that asks `https://HOST`, or the router's address with the route's `Host` header. `skip_tls_validation`
    /// follows what the user told cf (`cf api --skip-ssl-validation`). Fails with the reason where the plan's own roots are none.
    pub fn new(router: Option<&RouterUrl>, tls: &Tls, skip_tls_validation: bool) -> Result<Self, String> {
        let roots = match &tls.roots {
            None => RootCerts::PlatformVerifier,
            Some(roots) => RootCerts::Specific(Arc::new(certificates(&roots.pem)?)),
        };
        let tls =
            TlsConfig::builder().root_certs(roots).disable_verification(skip_tls_validation || tls.insecure).build();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .input_buffer_size(HEADERS)
            .output_buffer_size(REQUEST_TEXT)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("cutover/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls);
        if router.is_some() {
            // The address was named on purpose: a proxy of the environment is for other hosts.
            config = config.proxy(None);
        }
        let config = config.build();
        Ok(match router {
            Some(router) => Self {
                agent: Agent::with_parts(config, DefaultConnector::default(), ToRouter(router.clone())),
                scheme: router.scheme.clone(),
                port: Some(router.port),
            },
            None => Self {
                agent: Agent::with_parts(config, DefaultConnector::default(), DefaultResolver::default()),
                scheme: "https".to_owned(),
                port: None,
            },
        })
    }

    /// Asks what a check asks, of one instance where one is named, on a connection of its own, and reads the body. Fails with
    /// the reason in plain words where there is no answer within that time, or within [`REQUEST`].
    pub(crate) fn ask(
        &self,
        route: &RouteUrl,
        check: &HttpCheck,
        instance: Option<&InstanceKey>,
        within: Duration,
    ) -> Result<Answer, String> {
        let method = match check.method {
            plan::Method::Get => Method::GET,
            plan::Method::Head => Method::HEAD,
            plan::Method::Post => Method::POST,
            plan::Method::Put => Method::PUT,
            plan::Method::Patch => Method::PATCH,
            plan::Method::Delete => Method::DELETE,
            plan::Method::Options => Method::OPTIONS,
        };
        let mut request = self.request(method, route, &check.path);
        for (name, value) in &check.headers {
            request = request.header(name, value);
        }
        self.send(request, instance, BODY, within.min(REQUEST))
    }

    /// Sends one HEAD that only one instance may answer. Fails with the reason in plain words where there is no answer
    /// within that time.
    pub(crate) fn head(&self, route: &RouteUrl, instance: &InstanceKey, within: Duration) -> Result<Answer, String> {
        let path = if route.path().is_empty() { "/" } else { "" };
        self.send(self.request(Method::HEAD, route, path), Some(instance), 0, within)
    }

    /// A request at a path below a route.
    fn request(&self, method: Method, route: &RouteUrl, path: &str) -> Builder {
        let host = route.host_to_ask();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let uri = format!("{}://{host}{port}{}{path}", self.scheme, route.path());
        Request::builder().method(method).uri(uri).header("Host", &host)
    }

    fn send(
        &self,
        mut request: Builder,
        instance: Option<&InstanceKey>,
        body: u64,
        within: Duration,
    ) -> Result<Answer, String> {
        if let Some(InstanceKey { header, guid, index }) = instance {
            request = request.header(header.name(), format!("{guid}:{index}"));
        }
        let request = request.body(()).map_err(|error| error.to_string())?;
        let request = self.agent.configure_request(request).timeout_global(Some(within)).build();
        let mut response = self.run(request).map_err(|error| plain(&error))?;
        let header =
            |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let router_error = header("x-cf-routererror");
        let status = response.status().as_u16();
        let body = match body {
            0 => String::new(),
            limit => response
                .body_mut()
                .with_config()
                .limit(limit)
                .lossy_utf8(true)
                .read_to_string()
                .map_err(|error| plain(&error))?,
        };
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status, headers, router_error, body })
    }

    fn run(&self, request: Request<impl AsSendBody>) -> Result<ureq::http::Response<Body>, ureq::Error> {
        self.agent.run(request)
    }
}

/// All certificates of a file.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, String> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            found.push(certificate);
        }
    }
    Ok(found)
}

/// Waits for a request that may take its time, unless the run is to stop: then it is left to itself.
pub(crate) fn unless_stopped<T: Send + 'static>(
    clock: &dyn Clock,
    request: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    let (over, hear) = channel::<()>();
    let asking = thread::spawn(move || {
        let answer = request();
        drop(over);
        answer
    });
    while hear.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if let Some(stop) = clock.stop() {
            return Err(stop);
        }
    }
    asking.join().map_or_else(|panic| resume_unwind(panic), Ok)
}

/// Why there is no answer, in plain words.
fn plain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::ConnectionFailed => "it cannot be connected to".to_owned(),
        ureq::Error::Timeout(Timeout::Resolve) => "its name is not resolved in time".to_owned(),
        ureq::Error::Timeout(Timeout::Connect) => "it does not take a connection in time".to_owned(),
        ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            io::ErrorKind::ConnectionReset => "the connection was reset".to_owned(),
            io::ErrorKind::UnexpectedEof => "the connection broke off".to_owned(),
            // The standard library has no kind of its own for it.
            _ if error.to_string().starts_with("failed to lookup address") => "there is no such host".to_owned(),
            _ => error.to_string(),
        },
        // What else there is names its part itself: the certificate, the proxy, the protocol.
        other => other.to_string(),
    }
}

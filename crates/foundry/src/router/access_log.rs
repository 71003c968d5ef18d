//! The access log: one line for each request, when its answer has ended.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::header::{HeaderMap, HeaderName, REFERER, USER_AGENT};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::clock::now;
use super::endpoint::Endpoint;
use super::headers::{FORWARDED_FOR, FORWARDED_PROTO};
use crate::platform::lock;

/// One request, with the fields of gorouter's access log. Its `Display` is gorouter's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLine {
    /// The host header as it was sent.
    pub host: String,
    /// When the request was received.
    pub received_at: Timestamp,
    /// The method.
    pub method: String,
    /// The path with its query, as they were sent.
    pub path: String,
    /// The version of HTTP that the client spoke: `HTTP/1.1`.
    pub protocol: String,
    /// The status that the client was sent; 499 where it left before there was one.
    pub status: u16,
    /// The length of the request's body, as far as it was read, in bytes.
    pub request_bytes: u64,
    /// The length of the answer's body, as far as it was sent, in bytes.
    pub response_bytes: u64,
    /// The client's `Referer`.
    pub referer: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub remote: SocketAddr,
    /// The address of the instance that was tried last.
    pub backend: Option<SocketAddr>,
    /// `X-Forwarded-For` as the instance was sent it.
    pub x_forwarded_for: Option<String>,
    /// `X-Forwarded-Proto` as the instance was sent it.
    pub x_forwarded_proto: Option<String>,
    /// The id that the router gave the request.
    pub vcap_request_id: String,
    /// From the request's receipt to the end of the answer.
    pub response_time: Duration,
    /// The part of it that was not spent on the instance.
    pub gorouter_time: Duration,
    /// The app whose instance was tried last.
    pub app_id: Option<String>,
    /// The index of the instance that was tried last.
    pub app_index: Option<u32>,
    /// The guid of the instance that was tried last.
    pub instance_id: Option<String>,
    /// The router's own error, as in `X-Cf-Routererror`.
    pub x_cf_routererror: Option<String>,
    /// How many instances failed before this answer.
    pub failed_attempts: u32,
    /// Whether the answer was sent to its end. A gorouter writes no line for an answer that broke off.
    pub complete: bool,
}

impl fmt::Display for AccessLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| format!("{:?}", value.as_deref().unwrap_or("-"));
        write!(f, "{} - [{:.9}] ", self.host, self.received_at)?;
        write!(f, "{:?} ", format!("{} {} {}", self.method, self.path, self.protocol))?;
        write!(f, "{} {} {} ", self.status, self.request_bytes, self.response_bytes)?;
        write!(f, "{} {} \"{}\" ", text(&self.referer), text(&self.user_agent), self.remote)?;
        write!(f, "{} ", text(&self.backend.map(|backend| backend.to_string())))?;
        write!(f, "x_forwarded_for:{} ", text(&self.x_forwarded_for))?;
        write!(f, "x_forwarded_proto:{} ", text(&self.x_forwarded_proto))?;
        write!(f, "vcap_request_id:{:?} ", self.vcap_request_id)?;
        write!(f, "response_time:{:.6} ", self.response_time.as_secs_f64())?;
        write!(f, "gorouter_time:{:.6} ", self.gorouter_time.as_secs_f64())?;
        write!(f, "app_id:{} ", text(&self.app_id))?;
        write!(f, "app_index:{} ", text(&self.app_index.map(|index| index.to_string())))?;
        write!(f, "instance_id:{} ", text(&self.instance_id))?;
        write!(f, "x_cf_routererror:{}", text(&self.x_cf_routererror))
    }
}

/// Those who read the access log.
#[derive(Debug, Default)]
pub(super) struct AccessLog {
    readers: Mutex<Vec<mpsc::UnboundedSender<Arc<AccessLine>>>>,
}

impl AccessLog {
    pub(super) fn add(&self, reader: mpsc::UnboundedSender<Arc<AccessLine>>) {
        lock(&self.readers).push(reader);
    }

    fn write(&self, line: AccessLine) {
        let line = Arc::new(line);
        lock(&self.readers).retain(|reader| reader.send(Arc::clone(&line)).is_ok());
    }
}

/// The line of a request under way; written when it is dropped, whatever ended the request.
#[derive(Debug)]
pub(super) struct Entry {
    shared: Arc<super::http::Shared>,
    line: AccessLine,
    started: Instant,
    request_bytes: Arc<AtomicU64>,
    backend_time: Duration,
}

impl Entry {
    pub(super) fn begin(
        shared: Arc<super::http::Shared>,
        remote: SocketAddr,
        request: &hyper::http::request::Parts,
        host: &str,
        request_id: &str,
    ) -> Self {
        let line = AccessLine {
            host: host.to_owned(),
            received_at: Timestamp::now(),
            method: request.method.to_string(),
            path: request.uri.path_and_query().map_or_else(|| request.uri.to_string(), ToString::to_string),
            protocol: format!("{:?}", request.version),
            status: 499,
            request_bytes: 0,
            response_bytes: 0,
            referer: text(&request.headers, &REFERER),
            user_agent: text(&request.headers, &USER_AGENT),
            remote,
            backend: None,
            x_forwarded_for: text(&request.headers, &FORWARDED_FOR),
            x_forwarded_proto: text(&request.headers, &FORWARDED_PROTO),
            vcap_request_id: request_id.to_owned(),
            response_time: Duration::ZERO,
            gorouter_time: Duration::ZERO,
            app_id: None,
            app_index: None,
            instance_id: None,
            x_cf_routererror: Some("endpoint_failure (context canceled)".to_owned()),
            failed_attempts: 0,
            complete: false,
        };
        Self { shared, line, started: now(), request_bytes: Arc::default(), backend_time: Duration::ZERO }
    }

    /// The counter of the request's body.
    pub(super) fn request_bytes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.request_bytes)
    }

    /// The headers as an instance is sent them.
    pub(super) fn forwarded(&mut self, headers: &HeaderMap) {
        self.line.x_forwarded_for = text(headers, &FORWARDED_FOR);
        self.line.x_forwarded_proto = text(headers, &FORWARDED_PROTO);
    }

    /// The instance that is tried now.
    pub(super) fn tried(&mut self, endpoint: &Endpoint) {
        self.line.backend = Some(endpoint.addr);
        self.line.app_id = Some(endpoint.app_guid.clone());
        self.line.app_index = Some(endpoint.index);
        self.line.instance_id = Some(endpoint.instance_guid.clone());
    }

    pub(super) fn failed_attempt(&mut self) {
        self.line.failed_attempts += 1;
    }

    pub(super) fn spent_on_instance(&mut self, spent: Duration) {
        self.backend_time += spent;
    }

    /// The head of the answer.
    pub(super) fn answered(&mut self, status: u16, router_error: Option<&str>) {
        self.line.status = status;
        self.line.x_cf_routererror = router_error.map(str::to_owned);
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.line.response_bytes += bytes as u64;
    }

    /// The answer has ended as it should.
    pub(super) fn complete(&mut self) {
        self.line.complete = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut line = self.line.clone();
        line.request_bytes = self.request_bytes.load(Ordering::Relaxed);
        line.response_time = now().saturating_duration_since(self.started);
        line.gorouter_time = line.response_time.saturating_sub(self.backend_time);
        self.shared.access_log.write(line);
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

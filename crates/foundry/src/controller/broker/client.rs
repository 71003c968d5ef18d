//! A service broker over http, and what its answers mean.
//! (Open Service Broker API 2.15; `cloud_controller_ng`: `services/service_brokers/v2`, its client and response
//! parser.)

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use crate::controller::error::{ApiError, ApiResult};
use crate::platform::Platform;
use crate::state::{Guid, Login, ServiceBroker, State};

/// How long an answer may take. (CC: `broker_client_timeout_seconds`.)
const PATIENCE: Duration = Duration::from_secs(60);

/// The version of the API that is spoken.
const VERSION: &str = "2.15";

/// A broker as it is talked to for one user.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// The broker's own address.
    url: String,
    host: String,
    /// Where it is connected to.
    target: String,
    authorization: String,
    identity: String,
    api: String,
}

/// What became of what a broker was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done; the fields of the answer.
    Done(Map<String, Value>),
    /// It goes on, under the name that the broker gave it.
    Later(Map<String, Value>, Option<String>),
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) state: Reached,
    pub(super) description: Option<String>,
    /// How long the broker asks to wait, in seconds.
    pub(super) retry_after: Option<u64>,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    InProgress,
    Succeeded,
    Failed,
    /// What the operation was about is gone.
    Gone,
}

#[derive(Debug)]
struct Reply {
    code: StatusCode,
    retry_after: Option<u64>,
    body: String,
}

/// An error that is the broker's doing. (Such errors have no number of their own: 10001.)
pub(super) fn broker_error(status: u16, name: &'static str, detail: impl Into<String>) -> ApiError {
    ApiError::new((10001, status, name), detail)
}

fn malformed(detail: &str) -> ApiError {
    let detail = format!("The service broker returned an invalid response: {detail}");
    broker_error(502, "ServiceBrokerResponseMalformed", detail)
}

impl Reply {
    fn fields(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.body).ok()
    }

    fn object(&self) -> ApiResult<Map<String, Value>> {
        self.fields()
            .ok_or_else(|| malformed(&format!("expected valid JSON object in body, broker returned '{}'", self.body)))
    }

    /// What the broker says went wrong.
    fn description(&self) -> Option<String> {
        let description = self.fields()?.get("description").cloned()?;
        Some(format!(
            "Service broker error: {}",
            description.as_str().map_or_else(|| description.to_string(), ToOwned::to_owned)
        ))
    }

    fn status(&self) -> String {
        format!("{} {}", self.code.as_str(), self.code.canonical_reason().unwrap_or_default())
    }

    fn bad(&self) -> ApiError {
        let detail = self.description().unwrap_or_else(|| {
            format!(
                "The service broker returned an invalid response. Status Code: {}, Body: {}",
                self.status(),
                self.body
            )
        });
        broker_error(502, "ServiceBrokerBadResponse", detail)
    }

    fn rejected(&self) -> ApiError {
        let detail = self.description().unwrap_or_else(|| {
            format!("The service broker rejected the request. Status Code: {}, Body: {}", self.status(), self.body)
        });
        broker_error(502, "ServiceBrokerRequestRejected", detail)
    }

    /// Fails with what this status means, where it means no success.
    fn check(&self) -> ApiResult<()> {
        match self.code.as_u16() {
            200..=202 => Ok(()),
            401 => Err(broker_error(
                502,
                "ServiceBrokerApiAuthenticationFailed",
                "Authentication with the service broker failed. Double-check that the username and password are correct.",
            )),
            408 => Err(timed_out()),
            409 => {
                let detail = self.description().unwrap_or_else(|| "Resource conflict".to_owned());
                Err(broker_error(409, "ServiceBrokerConflict", detail))
            }
            422 => Err(self.unprocessable()),
            410 => Err(self.bad()),
            400..=499 => Err(self.rejected()),
            _ => Err(self.bad()),
        }
    }

    fn unprocessable(&self) -> ApiError {
        let error = self.fields().and_then(|fields| Some(fields.get("error")?.as_str()?.to_owned()));
        match error.as_deref() {
            Some("AsyncRequired") => broker_error(
                400,
                "AsyncRequired",
                "This service plan requires client support for asynchronous service operations.",
            ),
            Some("ConcurrencyError") => broker_error(
                422,
                "ConcurrencyError",
                "The service broker could not perform this operation in parallel with other running operations",
            ),
            Some("RequiresApp") => broker_error(
                400,
                "AppRequired",
                "This service supports generation of credentials through binding an application only.",
            ),
            Some("MaintenanceInfoConflict") => broker_error(
                422,
                "MaintenanceInfoConflict",
                self.description().unwrap_or_else(|| {
                    "The service broker did not provide a reason for this conflict, please ensure the catalog is up to \
                     date and you are providing a version supported by this service plan"
                        .to_owned()
                }),
            ),
            _ => self.bad(),
        }
    }

    /// What came of a request that makes something, or that removes it: what is gone already is removed.
    fn answer(self, removes: bool) -> ApiResult<Answer> {
        match self.code {
            StatusCode::GONE if removes => return Ok(Answer::Done(Map::new())),
            StatusCode::CREATED if removes => return Err(self.bad()),
            _ => self.check()?,
        }
        let fields = self.object()?;
        if self.code != StatusCode::ACCEPTED {
            return Ok(Answer::Done(fields));
        }
        let operation = match fields.get("operation") {
            None => None,
            Some(Value::String(operation)) if operation.chars().count() <= 10_000 => Some(operation.clone()),
            Some(_) => return Err(malformed("\nThe property '#/operation' is no string of up to 10000 characters")),
        };
        Ok(Answer::Later(fields, operation))
    }

    fn progress(self) -> ApiResult<Progress> {
        let progress = |state, description| Ok(Progress { state, description, retry_after: self.retry_after });
        let said = |fields: &Map<String, Value>| Some(fields.get("description")?.as_str()?.to_owned());
        match self.code {
            StatusCode::GONE => return progress(Reached::Gone, None),
            StatusCode::BAD_REQUEST => {
                let description = self.fields().as_ref().and_then(said).unwrap_or_else(|| "Bad request".to_owned());
                return progress(Reached::Failed, Some(description));
            }
            StatusCode::CREATED | StatusCode::ACCEPTED => return Err(self.bad()),
            _ => self.check()?,
        }
        let fields = self.object()?;
        let state = match fields.get("state").and_then(Value::as_str) {
            Some("in progress") => Reached::InProgress,
            Some("succeeded") => Reached::Succeeded,
            Some("failed") => Reached::Failed,
            other => {
                let other = other.unwrap_or_default();
                return Err(malformed(&format!("expected state was 'succeeded', broker returned '{other}'.")));
            }
        };
        progress(state, said(&fields))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn timed_out() -> ApiError {
    broker_error(504, "ServiceBrokerApiTimeout", "The request to the service broker timed out")
}

fn unreachable() -> ApiError {
    broker_error(502, "ServiceBrokerApiUnreachable", "The service broker could not be reached")
}

impl Client {
    /// A broker as it is talked to for this user. Whoever is asked for under a domain of the foundry is an app, behind
    /// the router. Others can only be reached on this machine: nothing of the foundry leaves it. Fails for all else.
    pub(super) fn new(cf: &Platform, db: &State, broker: &ServiceBroker, login: &Login, user: &str) -> ApiResult<Self> {
        let uri: Uri = broker.url.parse().map_err(|_| unreachable())?;
        let host = uri.host().ok_or_else(unreachable)?;
        let within = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let target = if db.domains.values().any(|domain| !domain.internal && within(&domain.name)) {
            cf.routers.addr().to_string()
        } else if is_here {
            format!("{host}:{}", uri.port_u16().unwrap_or(80))
        } else {
            return Err(unreachable());
        };
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        Ok(Self {
            url: broker.url.clone(),
            host: authority.to_owned(),
            target,
            authorization: format!("Basic {}", STANDARD.encode(format!("{}:{}", login.username, login.password))),
            identity: format!("cloudfoundry {}", STANDARD.encode(json!({ "user_id": user }).to_string())),
            api: format!("{}/", cf.addresses.api_url().trim_start_matches("http://")),
        })
    }

    /// The catalog, as it comes.
    pub(super) async fn catalog(&self) -> ApiResult<Map<String, Value>> {
        let reply = self.send(Method::GET, "/v2/catalog", None).await?;
        if reply.code.is_success() && reply.code != StatusCode::OK {
            return Err(reply.bad());
        }
        reply.check().and_then(|()| reply.object()).map_err(|error| match error.problems.first() {
            // The Cloud Controller has words of its own for what is hardly a broker.
            Some(problem) if problem.title == "CF-ServiceBrokerResponseMalformed" => ApiError::new(
                (270_021, 502, "ServiceBrokerRequestMalformed"),
                "The service broker returned an invalid response: expected valid JSON object in body. Please check that \
                 the URL points to a valid service broker.",
            ),
            Some(problem) if problem.title == "CF-ServiceBrokerRequestRejected" => ApiError::new(
                (270_020, 502, "ServiceBrokerRequestRejected"),
                format!(
                    "The service broker rejected the request. Status Code: {}. Please check that the URL points to a \
                     valid service broker.",
                    reply.status()
                ),
            ),
            _ => error,
        })
    }

    /// Asks for an instance or a binding.
    pub(super) async fn make(&self, path: &str, body: &Value) -> ApiResult<Answer> {
        self.send(Method::PUT, &format!("{path}?accepts_incomplete=true"), Some(body)).await?.answer(false)
    }

    /// Asks for the end of an instance or a binding.
    pub(super) async fn remove(&self, path: &str, ids: &[String; 2]) -> ApiResult<Answer> {
        let [service, plan] = ids.each_ref().map(|id| encoded(id));
        let path = format!("{path}?accepts_incomplete=true&plan_id={plan}&service_id={service}");
        self.send(Method::DELETE, &path, None).await?.answer(true)
    }

    /// Asks how far an operation on an instance or a binding is.
    pub(super) async fn progress(&self, path: &str, ids: &[String; 2], operation: Option<&str>) -> ApiResult<Progress> {
        let [service, plan] = ids.each_ref().map(|id| encoded(id));
        let operation = operation.map(|operation| format!("operation={}&", encoded(operation))).unwrap_or_default();
        let path = format!("{path}/last_operation?{operation}plan_id={plan}&service_id={service}");
        self.send(Method::GET, &path, None).await?.progress()
    }

    /// Reads an instance or a binding.
    pub(super) async fn fetch(&self, path: &str) -> ApiResult<Map<String, Value>> {
        let reply = self.send(Method::GET, path, None).await?;
        reply.check()?;
        if reply.code == StatusCode::OK { reply.object() } else { Err(reply.bad()) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> ApiResult<Reply> {
        tokio::time::timeout(PATIENCE, self.exchange(method, path, body)).await.map_err(|_| timed_out())?
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<&Value>) -> ApiResult<Reply> {
        let broken = |error: hyper::Error| broker_error(500, "HttpRequestError", error.to_string());
        let uri: Uri = format!("{}{path}", self.url).parse().map_err(|_| unreachable())?;
        let origin = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(origin)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::ACCEPT, "application/json")
            .header("x-broker-api-version", VERSION)
            .header("x-broker-api-originating-identity", &self.identity)
            .header("x-broker-api-request-identity", Guid::random().as_str())
            .header("x-api-info-location", &self.api);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(ToString::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(bytes))).map_err(|_| unreachable())?;
        let stream = TcpStream::connect(&self.target).await.map_err(|_| unreachable())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(broken)?.to_bytes();
        connection.abort();
        let retry_after = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Reply { code: parts.status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

//! What runs of a process.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/processes/:guid/stats`, `GET /v3/apps/:guid/processes/:type/stats` | what each instance takes |
//! | `GET /v3/processes/:guid/process_instances` | in which state each is |
//! | `DELETE …/instances/:index` | ends an instance; another takes its place |

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::apps::log;
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::processes::{nested, nested_guid, readable_process, writable_app};
use crate::controller::{Api, Cf, href, lifecycle};
use crate::platform::Platform;
use crate::runtime::{LrpKey, LrpState, Report};
use crate::state::{DesiredState, Process, timestamp};

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/processes/{guid}/stats", routing::get(stats))
        .route("/v3/processes/{guid}/process_instances", routing::get(process_instances))
        .route("/v3/processes/{guid}/instances/{index}", routing::delete(terminate))
        .route("/v3/apps/{guid}/processes/{kind}/stats", routing::get(stats_nested))
        .route("/v3/apps/{guid}/processes/{kind}/instances/{index}", routing::delete(terminate_nested))
}

/// The API's word for the state of an instance. (`cloud_controller_ng`: `lrp_state_translator.rb`.)
fn word(report: &Report, stopped: bool) -> &'static str {
    match report.state {
        _ if stopped => "STOPPING",
        LrpState::Running => "RUNNING",
        LrpState::Claimed => "STARTING",
        LrpState::Unclaimed if report.placement_error.is_none() => "STARTING",
        LrpState::Unclaimed => "DOWN",
        LrpState::Crashed => "CRASHED",
        LrpState::Stopping => "STOPPING",
    }
}

fn reports(cf: &Platform, process: &Process) -> Vec<Report> {
    let key = LrpKey { process: process.guid.clone(), version: process.version.clone() };
    cf.cell.reports(&key)
}

/// The instances of a process, each with its state.
pub(super) fn present(cf: &Platform, process: &Process) -> Vec<Value> {
    let reports = reports(cf, process);
    let stopped = process.state == DesiredState::Stopped;
    let most = reports.iter().map(|report| report.index + 1).max().unwrap_or(0).max(process.instances);
    (0..most)
        .map(|index| match reports.iter().find(|report| report.index == index) {
            Some(report) => {
                json!({ "index": index, "state": word(report, stopped), "since": seconds_since(report.since) })
            }
            None => json!({ "index": index, "state": "DOWN" }),
        })
        .collect()
}

fn seconds_since(time: Timestamp) -> i64 {
    Timestamp::now().duration_since(time).as_secs().max(0)
}

async fn process_instances(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    let process = cf.store.read(|db| readable_process(&who, db, &guid).cloned())?;
    let path = format!("/v3/processes/{guid}");
    Ok(Json(json!({
        "resources": present(&cf, &process),
        "links": { "self": href(&cf, &format!("{path}/process_instances")), "process": href(&cf, &path) },
    })))
}

async fn stats(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    let process = cf.store.read(|db| readable_process(&who, db, &guid).cloned())?;
    Ok(Json(statistics(&cf, &process)))
}

async fn stats_nested(Shared(cf): Cf, who: Who, Path((app, kind)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let process = cf.store.read(|db| nested(&who, db, &app, &kind).cloned())?;
    Ok(Json(statistics(&cf, &process)))
}

/// (`cloud_controller_ng`: `instances_stats_reporter.rb`, `process_stats_presenter.rb`.)
fn statistics(cf: &Platform, process: &Process) -> Value {
    const MB: u64 = 1024 * 1024;
    let reports = reports(cf, process);
    let stopped = process.state == DesiredState::Stopped;
    let resources: Vec<Value> = (0..process.instances)
        .map(|index| {
            let report = reports.iter().find(|report| report.index == index);
            let state = report.map_or("DOWN", |report| word(report, stopped));
            let Some(report) = report.filter(|_| state != "DOWN") else {
                return json!({
                    "type": process.kind,
                    "index": index,
                    "state": "DOWN",
                    "routable": null,
                    "uptime": report.map_or(0, |report| seconds_since(report.since)),
                    "isolation_segment": null,
                    "details": report.and_then(|report| report.placement_error.clone()),
                });
            };
            let ports = report.port.map(|port| {
                json!({ "external": port, "internal": port, "external_tls_proxy_port": null, "internal_tls_proxy_port": null })
            });
            json!({
                "type": process.kind,
                "index": index,
                "instance_guid": report.instance,
                "state": state,
                "routable": report.routable,
                "host": "127.0.0.1",
                "instance_internal_ip": "127.0.0.1",
                "uptime": seconds_since(report.since),
                "mem_quota": process.memory_in_mb * MB,
                "disk_quota": process.disk_in_mb * MB,
                "log_rate_limit": process.log_rate_limit,
                "fds_quota": 16384,
                "isolation_segment": null,
                "details": report.placement_error,
                "instance_ports": ports.into_iter().collect::<Vec<_>>(),
                "usage": {
                    "time": timestamp(Timestamp::now()),
                    "cpu": report.usage.cpu,
                    "cpu_entitlement": report.usage.cpu,
                    "mem": report.usage.memory,
                    "disk": report.usage.disk,
                    "log_rate": 0,
                },
            })
        })
        .collect();
    json!({ "resources": resources })
}

async fn terminate(Shared(cf): Cf, who: Who, Path((guid, index)): Path<(String, String)>) -> ApiResult<StatusCode> {
    end_instance(&cf, &who, &guid, &index)
}

async fn terminate_nested(
    Shared(cf): Cf,
    who: Who,
    Path((app, kind, index)): Path<(String, String, String)>,
) -> ApiResult<StatusCode> {
    end_instance(&cf, &who, &nested_guid(&cf, &who, &app, &kind)?, &index)
}

fn end_instance(cf: &Platform, who: &Who, guid: &str, index: &str) -> ApiResult<StatusCode> {
    let (process, index) = cf.store.write(|db| {
        let app = writable_app(who, db, guid)?;
        let process = readable_process(who, db, guid)?.clone();
        let Ok(index) = index.parse::<u32>() else { return Err(ApiError::not_found("Instance")) };
        if index >= process.instances || process.state == DesiredState::Stopped {
            return Err(ApiError::not_found("Instance"));
        }
        let data = json!({ "process_guid": process.guid, "process_type": process.kind, "process_index": index });
        lifecycle::note(db, "audit.app.process.terminate_instance", &who.actor(), &app, data);
        log(cf, &app, &format!("Terminating process: \"{}\", index: \"{index}\"", process.kind));
        Ok((process, index))
    })?;
    cf.cell.retire(&LrpKey { process: process.guid, version: process.version }, index);
    Ok(StatusCode::NO_CONTENT)
}

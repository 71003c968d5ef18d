//! Asynchronous jobs: work is answered with 202 and `Location: /v3/jobs/GUID`, and looked at there.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET /v3/jobs/:guid` | how far it is |

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult};
use crate::controller::href;
use crate::platform::Platform;
use crate::state::{Guid, Job, JobState, State, timestamp};

/// How many jobs are kept; the oldest are forgotten. (A real foundation keeps them for 90 days.)
const KEPT: usize = 1000;

pub(super) fn routes() -> Router<Arc<Platform>> {
    Router::new().route("/v3/jobs/{guid}", routing::get(show))
}

async fn show(Shared(platform): Shared<Arc<Platform>>, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    platform.store.read(|db| {
        let job = db.jobs.get(guid.as_str()).ok_or_else(|| ApiError::not_found("Job"))?;
        Ok(Json(present(&platform, job)))
    })
}

fn present(platform: &Platform, job: &Job) -> Value {
    let mut links = Map::new();
    links.insert("self".to_owned(), href(platform, &format!("/v3/jobs/{}", job.guid)));
    if let Some((name, path)) = &job.resource {
        links.insert(name.clone(), href(platform, path));
    }
    json!({
        "guid": job.guid,
        "created_at": timestamp(job.created_at),
        "updated_at": timestamp(job.updated_at),
        "operation": job.operation,
        "state": job.state,
        "errors": job.errors,
        "warnings": job.warnings.iter().map(|detail| json!({ "detail": detail })).collect::<Vec<_>>(),
        "links": links,
    })
}

/// Makes a job that is in `state` and returns its guid.
pub(crate) fn begin(db: &mut State, operation: &str, state: JobState, resource: Option<(&str, String)>) -> Guid {
    let now = Timestamp::now();
    let job = Job {
        guid: Guid::random(),
        operation: operation.to_owned(),
        state,
        errors: Vec::new(),
        warnings: Vec::new(),
        resource: resource.map(|(name, path)| (name.to_owned(), path)),
        created_at: now,
        updated_at: now,
    };
    let guid = job.guid.clone();
    if db.jobs.len() == KEPT {
        db.jobs.shift_remove_index(0);
    }
    db.jobs.insert(guid.clone(), job);
    guid
}

/// Ends a job well, or with the problems of an error.
pub(crate) fn end(db: &mut State, job: &Guid, result: ApiResult<Vec<String>>) {
    if let Some(job) = db.jobs.get_mut(job) {
        job.updated_at = Timestamp::now();
        match result {
            Ok(warnings) => {
                job.state = JobState::Complete;
                job.warnings = warnings;
            }
            Err(error) => {
                job.state = JobState::Failed;
                job.errors = error.problems;
            }
        }
    }
}

/// Where a job is.
pub(crate) fn location(platform: &Platform, job: &Guid) -> String {
    format!("{}/v3/jobs/{job}", platform.addresses.api_url())
}

/// The 202 that names a job.
pub(crate) fn accepted(platform: &Platform, job: &Guid) -> Response {
    (StatusCode::ACCEPTED, [(header::LOCATION, location(platform, job))]).into_response()
}

/// Does `work` as a job: in one transaction, after the duration that jobs take, and at once where that is zero, so that
/// the first look at the job finds it done. What the work returns are the job's warnings. The answer is the 202.
pub(crate) fn run(
    platform: &Arc<Platform>,
    operation: &str,
    resource: Option<(&str, String)>,
    work: impl FnOnce(&mut State) -> ApiResult<Vec<String>> + Send + 'static,
) -> Response {
    let job = platform.store.update(|db| begin(db, operation, JobState::Processing, resource));
    let answer = accepted(platform, &job);
    let on = Arc::clone(platform);
    platform.later(platform.timing().job, move || {
        let result = on.store.write(work);
        on.store.update(|db| end(db, &job, result));
    });
    answer
}

//! Forms with files (`multipart/form-data`): how packages, droplets and buildpacks are uploaded.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use bytes::Bytes;

use crate::controller::error::{ApiError, ApiResult, table};

/// What a handler takes for a form: a request without one has no parts, and the handler says what is missing.
pub(super) type Form = Result<Multipart, MultipartRejection>;

/// A part of a form.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// The name of the file that it is, where it is one.
    pub(super) filename: Option<String>,
    pub(super) content: Bytes,
}

/// The parts of a form with these names, in their order. Fails where the form breaks off.
pub(super) async fn parts(form: Form, names: &[&str]) -> ApiResult<Vec<Part>> {
    let Ok(mut form) = form else { return Ok(Vec::new()) };
    let broken = |_| ApiError::new(table::BAD_REQUEST, "The multipart body is broken");
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let Some(name) = field.name().filter(|name| names.contains(name)).map(ToOwned::to_owned) else { continue };
        let filename = field.file_name().map(ToOwned::to_owned);
        parts.push(Part { name, filename, content: field.bytes().await.map_err(broken)? });
    }
    Ok(parts)
}

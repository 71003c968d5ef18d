//! Parts of resources as the API shows them.

use serde_json::{Value, json};

use crate::platform::Platform;
use crate::state::{Guid, Metadata};

/// `{"href": …}` for a path of the API.
pub(crate) fn href(platform: &Platform, path: &str) -> Value {
    json!({ "href": format!("{}{path}", platform.addresses.api_url()) })
}

/// `{"href": …, "method": …}` for an action.
pub(crate) fn action(platform: &Platform, path: &str, method: &str) -> Value {
    json!({ "href": format!("{}{path}", platform.addresses.api_url()), "method": method })
}

/// `{"data": {"guid": …}}`, or `{"data": null}`.
pub(crate) fn to_one(guid: Option<&Guid>) -> Value {
    match guid {
        Some(guid) => json!({ "data": { "guid": guid } }),
        None => json!({ "data": null }),
    }
}

/// `{"data": [{"guid": …}, …]}`.
pub(crate) fn to_many<'a>(guids: impl Iterator<Item = &'a Guid>) -> Value {
    json!({ "data": guids.map(|guid| json!({ "guid": guid })).collect::<Vec<_>>() })
}

/// `{"labels": {…}, "annotations": {…}}`.
pub(crate) fn metadata(metadata: &Metadata) -> Value {
    json!({ "labels": metadata.labels, "annotations": metadata.annotations })
}

//! What holds for any answer of the API: it is read or refused, never a panic.

use proptest::prelude::*;
use serde_json::Value;

use super::{QuotaScope, read};
use crate::arbitrary;

fn read_as_everything(body: &Value) {
    let list = body["resources"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    let path = "/v3/anything";
    let _ = read::parse::<read::Page>(path, body);
    let _ = read::apps(path, &list);
    let _ = read::routes(path, "space", &list);
    let _ = read::domains(path, &list);
    let _ = read::processes(path, &list);
    let _ = read::stats(path, body);
    let _ = read::guid(path, body);
    let _ = read::packages(path, &list);
    let _ = read::droplets(path, &list);
    let _ = read::source_droplet(path, "shop", body);
    let _ = read::services(path, &list);
    let _ = read::bindings(path, &list);
    let _ = read::quota_guid(path, body);
    let _ = read::rules::deployments(path, &list);
    let _ = read::rules::flags_off(path, &list);
    let _ = read::rules::stacks(path, &list);
    let _ = read::rules::space_roles(path, &list);
    let _ = read::rules::suspended(path, body);
    let _ = read::rules::matching_route(path, body);
    let _ = read::rules::any_routes(path, body);
    let _ = read::rules::app_names(path, &list);
    let _ = read::rules::route_services(path, body);
    if let Ok(usage) = read::usage(path, body) {
        let _ = read::quota(path, QuotaScope::Space, body, usage);
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(body in arbitrary::json()) {
        read_as_everything(&body);
    }

    #[test]
    fn any_snapshot_is_read_or_refused(body in arbitrary::json(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = serde_json::from_value::<super::Space>(body);
        let _ = serde_json::from_slice::<super::Space>(&bytes);
    }
}

//! Any input, for the laws that hold for any input. `make soak` tries many more of them (`PROPTEST_CASES`).

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any JSON whose objects have keys of the Cloud Controller's or of cf's configuration, so that much of it is nearly
/// right.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 36] = [
        "guid",
        "name",
        "state",
        "type",
        "url",
        "host",
        "path",
        "domain",
        "data",
        "app",
        "relationships",
        "space",
        "metadata",
        "annotations",
        "destinations",
        "process",
        "instances",
        "memory_in_mb",
        "pagination",
        "next",
        "href",
        "resources",
        "errors",
        "error_code",
        "title",
        "detail",
        "current_droplet",
        "created_at",
        "last_operation",
        "index",
        "details",
        "AccessToken",
        "OrganizationFields",
        "GUID",
        "ConfigVersion",
        "usage_summary",
    ];
    let texts = prop::sample::select(vec![
        "",
        "STARTED",
        "STOPPED",
        "RUNNING",
        "READY",
        "STAGED",
        "web",
        "sinatra_b",
        "é\u{1b}[2J",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        texts.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = prop_oneof![8 => prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|entries| Map::from_iter(entries).into()),
        ]
    })
}

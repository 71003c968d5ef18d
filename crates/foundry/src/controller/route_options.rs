//! What routers are told of a route beside where it leads. (CC API 3.228: `route_options_message.rb`,
//! `manifest_routes_update_message.rb`, `Route#options=`.)

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::controller::error::{ApiError, ApiResult};
use crate::controller::feature_flags;
use crate::state::State;

/// Changes of options, by name; `None` deletes one.
pub(crate) type OptionChanges = IndexMap<String, Option<String>>;

const WAY: &str = "loadbalancing";
const HEADER: &str = "hash_header";
const BALANCE: &str = "hash_balance";
/// The way that deals requests out by what a header says.
const HASH: &str = "hash";

/// Which options there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Whether those of hashes are among them.
    pub(crate) hashes: bool,
}

impl Known {
    /// As the platform is set.
    pub(crate) fn now(db: &State) -> Self {
        Self { hashes: feature_flags::enabled(db, "hash_based_routing") }
    }

    /// The names of the options.
    pub(crate) fn names(self) -> &'static [&'static str] {
        if self.hashes { &[WAY, HEADER, BALANCE] } else { &[WAY] }
    }

    /// The ways to deal out requests, as messages tell them.
    pub(crate) fn ways(self) -> &'static str {
        if self.hashes { "round-robin, least-connection, hash" } else { "round-robin, least-connection" }
    }

    fn has_way(self, way: &str) -> bool {
        self.ways().split(", ").any(|known| known == way)
    }

    /// What is wrong with options that an endpoint is given.
    pub(crate) fn faults(self, given: &Map<String, Value>) -> Vec<String> {
        let mut faults = Vec::new();
        let unknown: Vec<_> = given.keys().filter(|key| !self.names().contains(&key.as_str())).cloned().collect();
        if !unknown.is_empty() {
            faults.push(format!("Unknown field(s): '{}'", unknown.join("', '")));
        }
        if given.get(WAY).is_some_and(|way| !is_blank(way) && way.as_str().is_none_or(|way| !self.has_way(way))) {
            faults.push(format!("Loadbalancing must be one of '{}' if present", self.ways()));
        }
        faults.extend(self.faults_of_hashes(given).into_iter().map(ToOwned::to_owned));
        faults
    }

    /// What is wrong with options of a route of a manifest.
    pub(crate) fn faults_in_manifest(self, route: &str, given: &Map<String, Value>) -> Vec<String> {
        let is_unknown = |key: &&String| !self.names().contains(&key.as_str());
        let unknown = |key: &String| {
            let names = self.names().join(", ");
            format!("Route '{route}' contains invalid route option '{key}'. Valid keys: '{names}'")
        };
        let mut faults: Vec<String> = given.keys().filter(is_unknown).map(unknown).collect();
        match given.get(WAY) {
            Some(Value::String(way)) if !self.has_way(way) => faults.push(format!(
                "Cannot use loadbalancing value '{way}' for Route '{route}'; Valid values are: '{}'",
                self.ways()
            )),
            None | Some(Value::String(_)) => {}
            Some(_) => faults.push(format!(
                "Invalid value for 'loadbalancing' for Route '{route}'; Valid values are: '{}'",
                self.ways()
            )),
        }
        faults.extend(self.faults_of_hashes(given).into_iter().map(|fault| format!("Route '{route}': {fault}")));
        faults
    }

    fn faults_of_hashes(self, given: &Map<String, Value>) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let of = |name: &str| given.get(name).filter(|value| !is_blank(value)).and_then(text);
        if !self.hashes {
            return faults;
        }
        let (header, balance) = (of(HEADER), of(BALANCE));
        if header.as_ref().is_some_and(|header| header.chars().count() > 128) {
            faults.push("Hash header must be at most 128 characters");
        }
        match balance.as_ref().map(|balance| (balance.len(), balance.parse::<f64>())) {
            None => {}
            Some((17.., _)) => faults.push("Hash balance must be at most 16 characters"),
            Some((_, Err(_))) => faults.push("Hash balance must be a numeric value"),
            Some((_, Ok(balance))) if balance == 0.0 || (1.1..=10.0).contains(&balance) => {}
            Some(_) => faults.push("Hash balance must be either 0 or between 1.1 and 10.0"),
        }
        let is_other = of(WAY).is_some_and(|way| way != HASH);
        if is_other && header.is_some() {
            faults.push("Hash header can only be set when loadbalancing is hash");
        }
        if is_other && balance.is_some() {
            faults.push("Hash balance can only be set when loadbalancing is hash");
        }
        faults
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The changes that were given.
pub(crate) fn changes(given: &Map<String, Value>) -> OptionChanges {
    given.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Changes the options of a route. What only goes with hashes goes where none is made, and a balance is kept with one decimal.
/// Fails where a hash has no header.
pub(crate) fn change(options: &mut IndexMap<String, String>, changes: &OptionChanges) -> ApiResult<()> {
    for (name, value) in changes {
        match value {
            Some(value) => drop(options.insert(name.clone(), value.clone())),
            None => drop(options.shift_remove(name)),
        }
    }
    if options.get(WAY).is_none_or(|way| way != HASH) {
        options.retain(|name, _| name != HEADER && name != BALANCE);
        return Ok(());
    }
    if let Some(balance) = options.get_mut(BALANCE)
        && let Ok(number) = balance.parse::<f64>()
    {
        *balance = format!("{:?}", (number * 10.0).round() / 10.0);
    }
    if options.get(HEADER).is_none_or(|header| header.trim().is_empty()) {
        return Err(ApiError::unprocessable("Hash header must be present when loadbalancing is set to hash."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(hashes: bool, given: &Value) -> Vec<String> {
        Known { hashes }.faults(given.as_object().unwrap())
    }

    #[test]
    fn options_of_hashes_need_their_flag() {
        let hash = json!({"loadbalancing": "hash", "hash_header": "X-Tenant", "hash_balance": "1.25"});
        assert_eq!(faults(true, &hash), [""; 0]);
        assert_eq!(
            faults(false, &hash),
            [
                "Unknown field(s): 'hash_header', 'hash_balance'",
                "Loadbalancing must be one of 'round-robin, least-connection' if present"
            ]
        );
        assert_eq!(
            Known { hashes: false }.faults_in_manifest("a.example.com", hash.as_object().unwrap())[2],
            "Cannot use loadbalancing value 'hash' for Route 'a.example.com'; Valid values are: 'round-robin, least-connection'"
        );
    }

    #[test]
    fn what_the_platform_does_not_take_is_told() {
        for (given, fault) in [
            (json!({"hash_balance": "1"}), "Hash balance must be either 0 or between 1.1 and 10.0"),
            (json!({"hash_balance": "much"}), "Hash balance must be a numeric value"),
            (json!({"hash_balance": "1.00000000000000001"}), "Hash balance must be at most 16 characters"),
            (json!({"hash_header": "x".repeat(129)}), "Hash header must be at most 128 characters"),
            (
                json!({"hash_header": "X", "loadbalancing": "round-robin"}),
                "Hash header can only be set when loadbalancing is hash",
            ),
        ] {
            assert_eq!(faults(true, &given), [fault]);
        }
    }

    #[test]
    fn a_change_is_kept_as_the_platform_keeps_it() {
        let mut options = IndexMap::new();
        let mut now = |given: Value| {
            change(&mut options, &changes(given.as_object().unwrap())).map(|()| json!(options)).map_err(|_| "refused")
        };
        assert_eq!(now(json!({"hash_balance": 3})), Ok(json!({})));
        assert_eq!(
            now(json!({"loadbalancing": "hash", "hash_header": "X", "hash_balance": "1.25"})),
            Ok(json!({"loadbalancing": "hash", "hash_header": "X", "hash_balance": "1.3"}))
        );
        assert_eq!(
            now(json!({"hash_balance": 3})),
            Ok(json!({"loadbalancing": "hash", "hash_header": "X", "hash_balance": "3.0"}))
        );
        assert_eq!(now(json!({"loadbalancing": "round-robin"})), Ok(json!({"loadbalancing": "round-robin"})));
        assert_eq!(now(json!({"loadbalancing": null})), Ok(json!({})));
        assert_eq!(now(json!({"loadbalancing": "hash"})), Err("refused"));
    }
}

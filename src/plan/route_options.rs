//! What routers are told of a route beside where it leads.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What routers are told of a route beside where it leads, by name (CC: `route_options_message.rb`): `loadbalancing`,
/// `hash_header`, `hash_balance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteOptions(pub(crate) BTreeMap<String, String>);

/// Changes of options of a route; `None` takes one away.
pub(crate) type OptionChanges = BTreeMap<String, Option<String>>;

/// What only goes with `loadbalancing: hash`.
const OF_HASH: [&str; 2] = ["hash_header", "hash_balance"];

impl RouteOptions {
    /// Options that somebody has written, as the platform keeps them: a balance with one decimal (CC 3.228: `route.rb`).
    pub(crate) fn written(options: impl Iterator<Item = (String, String)>) -> Self {
        let as_kept = |(name, value): (String, String)| match value.parse::<f64>() {
            Ok(number) if name == "hash_balance" => (name, format!("{:?}", (number * 10.0).round() / 10.0)),
            Ok(_) | Err(_) => (name, value),
        };
        Self(options.map(as_kept).collect())
    }

    /// What is to be changed of these options for those of the plan to hold. What the plan does not name stays, but for what does
    /// not go with it.
    pub(crate) fn changes_of(&self, now: &Self) -> OptionChanges {
        let balancing = self.0.get("loadbalancing").or_else(|| now.0.get("loadbalancing"));
        let mut changes: OptionChanges =
            self.0.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        // CC: they go with it, or do not come at all.
        if balancing.is_none_or(|way| way != "hash") {
            changes.extend(OF_HASH.map(|name| (name.to_owned(), None)));
        }
        changes.retain(|name, value| now.0.get(name) != value.as_ref());
        changes
    }

    /// What of these options such changes take the place of.
    pub(crate) fn before(&self, changes: &OptionChanges) -> OptionChanges {
        changes.keys().map(|name| (name.clone(), self.0.get(name).cloned())).collect()
    }

    /// Makes changes.
    pub(crate) fn change(&mut self, changes: &OptionChanges) {
        for (name, value) in changes {
            match value {
                Some(value) => drop(self.0.insert(name.clone(), value.clone())),
                None => drop(self.0.remove(name)),
            }
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for RouteOptions {
    /// `loadbalancing=hash, hash_header=X-Tenant`, or `none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(if all.is_empty() { "none".to_owned() } else { all.join(", ") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values.
    type Pairs<'p> = &'p [(&'p str, &'p str)];
    /// Names, and what they are to be; `None` takes one away.
    type Changes<'p> = &'p [(&'p str, Option<&'p str>)];

    fn options(pairs: Pairs<'_>) -> RouteOptions {
        RouteOptions(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_balance_is_as_the_platform_keeps_it() {
        for (written, kept) in
            [("0", "0.0"), ("3", "3.0"), ("1.25", "1.3"), ("10", "10.0"), ("9.99", "10.0"), ("x", "x")]
        {
            let pairs = [("hash_balance", written), ("hash_header", "7")];
            let options =
                RouteOptions::written(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter());
            assert_eq!(options, self::options(&[("hash_balance", kept), ("hash_header", "7")]));
        }
    }

    #[test]
    fn what_is_to_be_changed_for_a_plan_to_hold_and_back() {
        let cases: [(Pairs<'_>, Pairs<'_>, Changes<'_>); 7] = [
            (&[], &[("loadbalancing", "round-robin")], &[]),
            // Of a manifest: nothing is dealt out by a hash.
            (&[("hash_balance", "3.0")], &[("loadbalancing", "round-robin")], &[]),
            (&[("loadbalancing", "round-robin")], &[("loadbalancing", "round-robin")], &[]),
            (&[("loadbalancing", "least-connection")], &[], &[("loadbalancing", Some("least-connection"))]),
            (
                &[("hash_header", "X-A"), ("loadbalancing", "hash")],
                &[("hash_balance", "2"), ("loadbalancing", "round-robin")],
                &[("hash_header", Some("X-A")), ("loadbalancing", Some("hash"))],
            ),
            (
                &[("loadbalancing", "round-robin")],
                &[("hash_header", "X-A"), ("loadbalancing", "hash")],
                &[("hash_header", None), ("loadbalancing", Some("round-robin"))],
            ),
            (
                &[("hash_balance", "3")],
                &[("hash_header", "X-A"), ("loadbalancing", "hash")],
                &[("hash_balance", Some("3"))],
            ),
        ];
        for (wanted, now, expected) in cases {
            let (wanted, now) = (options(wanted), options(now));
            let changes = wanted.changes_of(&now);
            let told: Vec<(&str, Option<&str>)> =
                changes.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            assert_eq!(told, expected, "{now} to {wanted}");
            let mut set = now.clone();
            set.change(&changes);
            assert!(wanted.changes_of(&set).is_empty(), "{set}");
            set.change(&now.before(&changes));
            assert_eq!(set, now);
        }
    }
}

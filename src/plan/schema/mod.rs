//! The keys of a plan: one table, from which the checks, the JSON schema and the reference page are made.
//!
//! - `table`: what the table is made of
//! - `keys`: the table
//! - `unknown_keys`: keys of other files and tools, and what whoever writes them means
//! - `json`: the table as JSON Schema
//! - `reference`: the table as a page for people

mod json;
mod keys;
#[cfg(test)]
mod reference;
mod table;
mod unknown_keys;

pub(crate) use json::schema;
pub(crate) use keys::MOST_PARALLEL;
pub(super) use keys::{
    APP, CHECK, COMMAND_CHECK, FROM, HEALTH, HTTP, INSTANCES, LIVE_ROUTE, PLAN, ROUTES, STAGING_ROUTE, TABLES, TARGET,
    TASK_CHECK, TIMEOUTS, TLS, VERSION, WATCH,
};
#[cfg(test)]
pub(crate) use reference::reference;
pub(super) use table::{Key, Kind, Need, Table, Text};
pub(super) use unknown_keys::{hint_for_key, hint_for_value, kind_of_file};

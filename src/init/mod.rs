//! A plan and its manifests, written from what runs in a space.
//!
//! - [`choose`]: which apps, and where they are reached; [`found`]: an app as it was found
//! - [`plan_text`]: the plan; [`manifest_text`]: the manifest of an app that has none in the repository
//! - `colours`: which two apps take turns, by what their names tell
//! - `yaml_text`: values as YAML
//!
//! All of it is pure; `commands::init` reads the space and writes the files.

pub(crate) mod choose;
mod colours;
pub(crate) mod found;
pub(crate) mod manifest_text;
pub(crate) mod plan_text;
mod yaml_text;

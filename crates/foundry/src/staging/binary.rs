//! The buildpack that leaves everything as it is.

use indexmap::IndexMap;

use crate::staging::Log;

/// The process types: `web`, whose command is up to the app.
pub(super) fn compile(log: &Log<'_>, procfile: &IndexMap<String, String>) -> IndexMap<String, String> {
    if !procfile.contains_key("web") {
        log.out("No start command specified by buildpack or via Procfile.");
        log.out("App will not start unless a command is provided at runtime.");
    }
    IndexMap::from([("web".to_owned(), String::new())])
}

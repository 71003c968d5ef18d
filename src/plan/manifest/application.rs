//! Which application of a manifest is meant.

use super::alone::Alone;
use super::variables::is_unfilled;
use super::variables::{Values, fill_in};
use crate::plan::diagnostics::Collector;
use crate::plan::value_error::ValueError;
use crate::plan::values::Located;
use crate::plan::yaml::{Node, Value, key_path};

/// What to write where a file is no manifest.
const TOP_KEY: &str = "is this a cf manifest? Its top key is `applications:`";

/// The application that is meant.
pub(super) struct Chosen {
    /// The manifest with no other application.
    pub root: Node,
    /// Which one it is, from 0.
    pub at: usize,
    /// What is pushed, where there are others.
    pub alone: Option<Alone>,
}

/// Finds the application that the plan names, or the only one. What the others hold is no matter: it is not pushed.
pub(super) fn choose(
    root: Node,
    named: Option<&Located<String>>,
    values: &Values,
    collector: &mut Collector<'_>,
) -> Option<Chosen> {
    let applications = match applications(&root) {
        Ok(applications) => applications,
        Err((node, path, error)) => {
            collector.node(node, path, error);
            return None;
        }
    };
    let at = match named {
        Some(named) => position(applications, named, values, collector)?,
        None => only_one(applications, collector)?,
    };
    let is_one_of_several = applications.len() > 1;
    let alone = if is_one_of_several { Some(without_others(&root, applications, at, collector)?) } else { None };
    Some(Chosen { root: only(root, at), at, alone })
}

/// What is pushed of a manifest in which an application is one of several.
fn without_others(root: &Node, applications: &[Node], at: usize, collector: &mut Collector<'_>) -> Option<Alone> {
    let chosen = applications.get(at)?;
    let path = format!("applications[{at}]");
    // cf 8.17 (`handle_app_path_override.go`): the path of a manifest is looked for beside it, also where nothing is
    // uploaded, and what is pushed of this one lies elsewhere.
    if let (Some(written), Some(_)) = (chosen.get("path"), chosen.get("docker").filter(|docker| !docker.is_null())) {
        let error = ValueError::hinted("nothing is uploaded for a docker image", "take `path` out");
        collector.node(written, &key_path(&path, "path"), error);
    }
    let alone = Alone::of(collector.text_of(root.source), applications, at);
    if alone.is_none() {
        let error = ValueError::hinted(
            "this application cannot be told from the others by its lines",
            "begin each with `- name: NAME` on a line of its own, and write what they share (`&name`) at the top of the \
             manifest",
        );
        collector.node(chosen, &path, error);
    }
    alone
}

/// The applications; never none.
fn applications(root: &Node) -> Result<&[Node], (&Node, &'static str, ValueError)> {
    if !matches!(root.value, Value::Map(_)) {
        let message = format!("a manifest is a mapping, not {}", root.type_name());
        return Err((root, "", ValueError::hinted(message, TOP_KEY)));
    }
    let Some(list) = root.get("applications") else {
        return Err((root, "", ValueError::hinted("the manifest has no `applications`", TOP_KEY)));
    };
    match list.items() {
        [] => {
            let error = ValueError::hinted("the manifest has no application", "begin the first with `- name: NAME`");
            Err((list, "applications", error))
        }
        applications => Ok(applications),
    }
}

/// The only application there is.
fn only_one(applications: &[Node], collector: &mut Collector<'_>) -> Option<usize> {
    if let [_, second, ..] = applications {
        let hint = "say which one it is: `app: NAME` beside `manifest` in the plan";
        let message = format!("the manifest has several applications: {}", names(applications));
        collector.node(second, "applications[1]", ValueError::hinted(message, hint));
        return None;
    }
    Some(0)
}

/// Which application has the name that the plan says; the first of several, as in cf. Names may be made of variables.
fn position(
    applications: &[Node],
    named: &Located<String>,
    values: &Values,
    collector: &mut Collector<'_>,
) -> Option<usize> {
    let is_it = |name: &Node| name.text() == Some(named.value.as_str());
    let mut found = applications.iter().position(|app| app.get("name").is_some_and(is_it));
    if found.is_none() {
        found = applications.iter().position(|app| {
            let made = app.get("name").filter(|name| name.text().is_some_and(is_unfilled));
            made.is_some_and(|name| is_it(&fill_in(name.clone(), values, collector)))
        });
    }
    if found.is_none() {
        let message = format!("the manifest has no application `{}`", named.value);
        let hint = format!("it has {}", names(applications));
        collector.at(named.place.clone(), &named.path, ValueError::hinted(message, hint));
    }
    found
}

/// The names of applications as they are written.
fn names(applications: &[Node]) -> String {
    let name = |app: &Node| app.get("name").and_then(Node::text).unwrap_or("(no name)").to_owned();
    applications.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A manifest with the application at a place alone.
fn only(root: Node, at: usize) -> Node {
    let Node { source, id, value } = root;
    let value = match value {
        Value::Map(mut entries) => {
            for (key, value) in &mut entries {
                if let (Some("applications"), Value::List(items)) = (key.text(), &mut value.value) {
                    *items = items.drain(..).skip(at).take(1).collect();
                }
            }
            Value::Map(entries)
        }
        other => other,
    };
    Node { source, id, value }
}

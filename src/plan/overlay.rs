//! The overlay of an environment: `deploy.staging.yaml` over `deploy.yaml` for `--env staging`.

use std::path::{Path, PathBuf};

use super::value_error::ValueError;
use super::yaml::{Node, Value};

/// The overlay's file for a plan's file: the name of the environment before the extension, in the same folder. Fails
/// for a name that is more than letters, digits, `-` and `_`.
pub(super) fn file_for(plan: &Path, env: &str) -> Result<PathBuf, ValueError> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if env.is_empty() || !env.chars().all(sound) {
        return Err(ValueError::hinted(
            format!("`{env}` is no name for an environment"),
            "letters, digits, `-` and `_` are allowed: it is part of a file name",
        ));
    }
    let extension = plan.extension().map_or_else(|| "yaml".into(), |extension| extension.to_string_lossy());
    Ok(plan.with_extension(format!("{env}.{extension}")))
}

/// The plan and the environment that an overlay's name tells of: `deploy.yaml` and `prod` for `deploy.prod.yaml`.
pub(crate) fn overlaid(file: &Path) -> Option<(PathBuf, String)> {
    let stem = Path::new(file.file_stem()?);
    let env = stem.extension()?.to_str()?.to_owned();
    let base = file.with_file_name(stem.file_stem()?).with_extension(file.extension()?);
    Some((base, env))
}

/// Lays one tree over another: mappings are united key by key; apps are united with the app of the same name, others
/// are added; every other value of the overlay takes the place of what it covers.
pub(super) fn merge(base: Node, over: Node) -> Node {
    merge_at(base, over, true)
}

fn merge_at(base: Node, over: Node, top: bool) -> Node {
    let Node { source, id, value } = base;
    match (value, over.value) {
        (Value::Map(mut entries), Value::Map(upper)) => {
            for (key, value) in upper {
                let place = entries.iter().position(|(known, _)| key.text().is_some() && known.text() == key.text());
                match place {
                    None => entries.push((key, value)),
                    Some(at) => {
                        let (known, covered) = entries.swap_remove(at);
                        let united = match (&covered.value, &value.value) {
                            (Value::List(_), Value::List(_)) if top && key.text() == Some("apps") => {
                                merge_apps(covered, value)
                            }
                            (_, _) => merge_at(covered, value, false),
                        };
                        entries.push((known, united));
                        let last = entries.len() - 1;
                        entries.swap(at, last);
                    }
                }
            }
            Node { source, id, value: Value::Map(entries) }
        }
        (_, value) => Node { source: over.source, id: over.id, value },
    }
}

fn merge_apps(base: Node, over: Node) -> Node {
    let name = |app: &Node| app.get("name").and_then(Node::text).map(str::to_owned);
    let Node { source, id, value } = base;
    let (mut apps, upper) = match (value, over.value) {
        (Value::List(apps), Value::List(upper)) => (apps, upper),
        (value, _) => return Node { source, id, value },
    };
    for app in upper {
        let place = apps.iter().position(|known| name(known).is_some() && name(known) == name(&app));
        match place {
            None => apps.push(app),
            Some(at) => {
                let covered = apps.swap_remove(at);
                apps.push(merge_at(covered, app, false));
                let last = apps.len() - 1;
                apps.swap(at, last);
            }
        }
    }
    Node { source, id, value: Value::List(apps) }
}

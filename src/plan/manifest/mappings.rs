//! The mappings of an application whose keys are the team's own or the platform's: `env`, `features`,
//! `cnb-credentials`.

use super::fields::{Fields, truth};
use super::metadata;
use super::variables::is_unfilled;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, ScalarKind, Value, key_path};

/// Checks all of them.
pub(super) fn check(fields: &mut Fields<'_, '_, '_>) {
    check_env(fields);
    check_features(fields);
    metadata::check(fields);
    check_credentials(fields);
}

/// CC (`environment_variables_string_values_validator`): names are texts, and some are the platform's own. A name that YAML
/// 1.1 takes for something else is none, as cf reads it.
fn check_env(fields: &mut Fields<'_, '_, '_>) {
    let path = fields.path_of("env");
    for (key, _) in fields.mapping("env", "write `env: {NAME: VALUE}`, or take the key out") {
        let name = key.text().unwrap_or_default();
        let upper = name.to_uppercase();
        let is_text = key.scalar().is_some_and(|scalar| scalar.kind == ScalarKind::Text);
        let error = if !is_text || truth(key, fields.collector).is_some() {
            ValueError::hinted("to cf this is no text, and only a text names a variable", "put it in quotes")
        } else if name.is_empty() {
            ValueError::hinted("a variable has no name", "write `NAME: VALUE`")
        } else if upper == "PORT" || upper.starts_with("VCAP_") || upper.starts_with("VMC") {
            ValueError::hinted(
                format!("the platform sets `{name}` itself, and refuses an app that does"),
                "give the variable another name, or leave it out",
            )
        } else {
            continue;
        };
        fields.collector.node(key, &key_path(&path, name), error);
    }
}

/// CC (`manifest_features_update_message.rb`): at least one, each true or false. Which there are is up to the platform's
/// version.
fn check_features(fields: &mut Fields<'_, '_, '_>) {
    let hint = "write `features: {ssh: false}`, or take the key out";
    let features = fields.mapping("features", hint);
    if fields.get("features").is_some_and(|node| matches!(&node.value, Value::Map(entries) if entries.is_empty())) {
        fields.problem("features", ValueError::hinted("there is no feature", hint));
    }
    let path = fields.path_of("features");
    for (key, value) in features {
        if truth(value, fields.collector).is_none() && !value.text().is_some_and(is_unfilled) {
            let error = ValueError::hinted(
                format!("expected true or false, found {}", value.type_name()),
                "write it without quotes",
            );
            fields.collector.node(value, &key_path(&path, key.text().unwrap_or_default()), error);
        }
    }
}

/// CC (`BuildpackLifecycleDataMessage#credentials_content`): a mapping of mappings.
fn check_credentials(fields: &mut Fields<'_, '_, '_>) {
    if fields.value("cnb-credentials").is_none() {
        return;
    }
    let hint = "write `cnb-credentials: {REGISTRY: {user: NAME, password: ((password))}}`";
    let path = fields.path_of("cnb-credentials");
    let is_mapping = |node: &Node| matches!(node.value, Value::Map(_));
    for (key, value) in fields.mapping("cnb-credentials", hint) {
        if !is_mapping(value) && !value.text().is_some_and(is_unfilled) {
            let error = ValueError::hinted(format!("expected a mapping, found {}", value.type_name()), hint).secret();
            fields.collector.node(value, &key_path(&path, key.text().unwrap_or_default()), error);
        }
    }
}

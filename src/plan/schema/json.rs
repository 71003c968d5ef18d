//! The table of keys as JSON Schema, for editors and other tools.

use serde_json::{Map, Value, json};

use super::keys::{PLAN, VERSION};
use super::table::{Kind, Need, Table};

/// The JSON Schema (draft 2020-12) of a plan. It is a little looser than the checks, which also see what several values
/// mean together.
pub(crate) fn schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cutover deployment plan",
        "description": "Deploys applications on Cloud Foundry without downtime.",
    });
    if let (Some(all), Value::Object(plan)) = (schema.as_object_mut(), table(&PLAN)) {
        all.extend(plan);
    }
    schema
}

fn table(table: &Table) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut value = of(&key.kind);
        if let Some(value) = value.as_object_mut() {
            value.insert("description".to_owned(), json!(describe(key.doc, key.need)));
            if let Need::Default(default) = key.need {
                value.insert("default".to_owned(), default_value(&key.kind, default));
            }
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<_> = table.keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if table.one_of {
            schema.insert("minProperties".to_owned(), json!(1));
            schema.insert("maxProperties".to_owned(), json!(1));
        }
    }
    schema
}

fn of(kind: &Kind) -> Value {
    match kind {
        Kind::Text(text) => {
            let mut schema = json!({"type": "string", "examples": text.examples});
            if let (Some(schema), Some(pattern)) = (schema.as_object_mut(), text.pattern) {
                schema.insert("pattern".to_owned(), json!(pattern));
            }
            schema
        }
        Kind::Number(VERSION, VERSION) => json!({"const": VERSION}),
        Kind::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::NumberOrWord(least, most, words) => {
            json!({"anyOf": [of(&Kind::Number(*least, *most)), of(&Kind::Choice(words))]})
        }
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Choice(words) => json!({
            "oneOf": words.iter().map(|(word, doc)| json!({"const": word, "description": doc})).collect::<Vec<_>>(),
        }),
        Kind::List(item, least, most) => {
            let mut schema = json!({"type": "array", "items": of(item), "minItems": least});
            if let (Some(schema), Some(most)) = (schema.as_object_mut(), most) {
                schema.insert("maxItems".to_owned(), json!(most));
            }
            schema
        }
        Kind::OneOrMore(item) => json!({"anyOf": [of(item), {"type": "array", "items": of(item), "minItems": 1}]}),
        Kind::Table(inner) => table(inner),
        Kind::TableOr(inner, key) => {
            let alone = inner.key(key).map(|key| of(&key.kind)).unwrap_or_default();
            json!({"anyOf": [table(inner), alone]})
        }
        Kind::Entries(name, value) => json!({
            "type": "object",
            "propertyNames": of(&Kind::Text(name)),
            "additionalProperties": of(value),
        }),
        Kind::Variables => json!({
            "type": "object",
            "propertyNames": {"pattern": "^[^-=][^=]*$"},
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        }),
        Kind::Any => json!({}),
    }
}

fn describe(doc: &str, need: Need) -> String {
    match need {
        Need::Required | Need::Default(_) => doc.to_owned(),
        Need::Optional(without) => format!("{doc} Without it: {without}."),
    }
}

fn default_value(kind: &Kind, default: &str) -> Value {
    match kind {
        Kind::Number(..) => default.parse::<u32>().map_or(Value::Null, Value::from),
        Kind::NumberOrWord(..) => default.parse::<u32>().map_or_else(|_| Value::from(default), Value::from),
        Kind::OneOrMore(item) => default_value(item, default),
        Kind::Flag => Value::from(default == "true"),
        Kind::Text(_)
        | Kind::Choice(_)
        | Kind::List(..)
        | Kind::Table(_)
        | Kind::TableOr(..)
        | Kind::Variables
        | Kind::Any
        | Kind::Entries(..) => Value::from(default),
    }
}

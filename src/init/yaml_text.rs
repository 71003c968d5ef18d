//! Values as YAML in block style, in the order in which they stand.

use serde_json::Value;

/// A value as YAML, each line behind so many blanks.
pub(super) fn block(value: &Value, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| match value {
                Value::Object(all) if !all.is_empty() => {
                    format!("{blanks}{}:\n{}", scalar(key), block(value, indent + 2))
                }
                Value::Array(all) if !all.is_empty() => format!("{blanks}{}:\n{}", scalar(key), block(value, indent)),
                value => format!("{blanks}{}: {}\n", scalar(key), inline(value)),
            };
            entries.iter().map(entry).collect()
        }
        Value::Array(items) => {
            let item = |item: &Value| match item {
                Value::Object(all) if !all.is_empty() => {
                    let text = block(item, indent + 2);
                    format!("{blanks}- {}", text.trim_start())
                }
                item => format!("{blanks}- {}\n", inline(item)),
            };
            items.iter().map(item).collect()
        }
        value => format!("{blanks}{}\n", inline(value)),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        // JSON is YAML.
        other => other.to_string(),
    }
}

/// A text as a scalar: as it is where no reader could take it for something else, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/'))
        && text.chars().all(is_word)
        && text.chars().any(|c| c.is_ascii_alphabetic());
    let is_taken = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    if is_plain && !is_taken.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::plan;

    #[test]
    fn values_are_written_in_block_style() {
        let value = json!({
            "name": "shop", "env": {"A": "1", "B C": "yes"}, "empty": [], "processes": [{"type": "web", "instances": 2}, {"type": "worker"}],
            "services": ["db", "my cache"],
        });
        let expected = "\
name: shop
env:
  A: \"1\"
  \"B C\": \"yes\"
empty: []
processes:
- type: web
  instances: 2
- type: worker
services:
- db
- \"my cache\"
";
        assert_eq!(block(&value, 0), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_is(key in "[ -~äöü\n]{1,12}", text in "[ -~äöü\n\t]{0,20}") {
            let value = json!({ "list": [{ key.clone(): text.clone() }, text.clone()], "map": { key: text } });
            prop_assert_eq!(plan::yaml_value(&block(&value, 2)), Some(value));
        }
    }
}

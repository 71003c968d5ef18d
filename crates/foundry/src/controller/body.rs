//! Request bodies: read as JSON, checked as a whole, with all that is wrong told in one error.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use crate::controller::error::{ApiError, ApiResult};
use crate::state::Guid;

pub(crate) use crate::controller::labels::MetadataChange;

/// A request's JSON object. Getters note what is wrong; [`Message::finish`] tells all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    fields: Map<String, Value>,
    problems: Vec<String>,
}

/// What a body says about one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Field<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is `null`.
    Null,
    /// It has a value.
    Is(T),
}

impl<T> Field<T> {
    /// The value, where there is one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Puts a value, or `None` for null, into `target`; leaves it alone where the field is absent.
    pub(crate) fn replace(self, target: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *target = None,
            Self::Is(value) => *target = Some(value),
        }
    }
}

impl Message {
    /// Takes an object as a message of its own.
    pub(crate) fn of(fields: Map<String, Value>) -> Self {
        Self { fields, problems: Vec::new() }
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Whether the field is there, even as `null`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// The field as it is.
    pub(crate) fn raw(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }

    /// The names of all fields.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.fields.keys()
    }

    /// Takes over the problems of a message that is a part of this one.
    pub(crate) fn problems_of(&mut self, part: Self) {
        self.problems.extend(part.problems);
    }

    /// As [`Message::problems_of`], with the name of the part before each.
    pub(crate) fn problems_in(&mut self, name: &str, part: Self) {
        self.problems.extend(part.problems.into_iter().map(|problem| format!("{name} {problem}")));
    }

    /// Refuses fields other than these.
    pub(crate) fn only(&mut self, allowed: &[&str]) {
        let unknown: Vec<_> = self.fields.keys().filter(|key| !allowed.contains(&key.as_str())).cloned().collect();
        if !unknown.is_empty() {
            self.problem(format!("Unknown field(s): '{}'", unknown.join("', '")));
        }
    }

    /// A string; another type is the problem `Key must be a string`.
    pub(crate) fn string(&mut self, key: &str) -> Field<String> {
        self.typed(key, "must be a string", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// A boolean; another type is the problem `Key must be a boolean`.
    pub(crate) fn boolean(&mut self, key: &str) -> Field<bool> {
        self.typed(key, "must be a boolean", Value::as_bool)
    }

    /// An integer; another type is the problem `Key is not a number`.
    pub(crate) fn integer(&mut self, key: &str) -> Field<i64> {
        self.typed(key, "is not a number", Value::as_i64)
    }

    /// An object; another type is the problem `Key must be an object`.
    pub(crate) fn object(&mut self, key: &str) -> Field<Map<String, Value>> {
        self.typed(key, "must be an object", |value| value.as_object().cloned())
    }

    /// A field of any type, with `problem` noted after its humanized name where `read` gives nothing.
    pub(crate) fn typed<T>(&mut self, key: &str, problem: &str, read: impl FnOnce(&Value) -> Option<T>) -> Field<T> {
        match self.fields.get(key) {
            None => Field::Absent,
            Some(Value::Null) => Field::Null,
            Some(value) => {
                if let Some(value) = read(value) {
                    Field::Is(value)
                } else {
                    self.problem(format!("{} {problem}", humanize(key)));
                    Field::Absent
                }
            }
        }
    }

    /// The name in the way most resources check it: a string of 1 to `most` characters.
    pub(crate) fn name(&mut self, most: usize) -> String {
        let name = match self.string("name") {
            Field::Is(name) => name,
            Field::Null | Field::Absent if self.problems.iter().any(|text| text.starts_with("Name ")) => {
                return String::new();
            }
            Field::Null | Field::Absent => String::new(),
        };
        if name.trim().is_empty() {
            self.problem("Name can't be blank");
        } else if name.chars().count() > most {
            self.problem(format!("Name is too long (maximum is {most} characters)"));
        }
        name
    }

    /// A name that may be left out; where it is there, it is checked like [`Message::name`], and must be printable.
    pub(crate) fn new_name(&mut self, most: usize) -> Option<String> {
        let name = self.string("name").value()?;
        if name.is_empty() {
            self.problem("Name is too short (minimum is 1 character)");
        } else if name.chars().count() > most {
            self.problem(format!("Name is too long (maximum is {most} characters)"));
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            self.problem("Name must not contain escaped characters");
        }
        Some(name)
    }

    /// As [`Message::new_name`], for a name that must be there.
    pub(crate) fn needed_name(&mut self, most: usize) -> String {
        let given = self.raw("name").is_some_and(|name| !name.is_null() && name.as_str() != Some(""));
        let name = self.new_name(most).unwrap_or_default();
        if !given {
            self.problem("Name can't be blank");
        }
        name
    }

    /// The guid of a to-one relationship: `{"relationships": {NAME: {"data": {"guid": G}}}}`. `{"data": null}` is
    /// [`Field::Null`].
    pub(crate) fn related_one(&mut self, name: &str) -> Field<Guid> {
        let Some(relationships) = self.fields.get("relationships") else { return Field::Absent };
        let Some(relationships) = relationships.as_object() else {
            self.problem("Relationships is not an object");
            return Field::Absent;
        };
        let Some(relationship) = relationships.get(name) else { return Field::Absent };
        let data = relationship.as_object().and_then(|relationship| relationship.get("data"));
        match data {
            Some(Value::Null) => return Field::Null,
            Some(Value::Object(data)) => {
                if let Some(guid) = data.get("guid").and_then(Value::as_str) {
                    return Field::Is(Guid::from(guid));
                }
            }
            _ => {}
        }
        self.problem(structure_of_one(name));
        Field::Absent
    }

    /// As [`Message::to_one`], for a relationship that must be there.
    pub(crate) fn needs_one(&mut self, name: &str) -> Guid {
        let before = self.problems.len();
        match self.related_one(name) {
            Field::Is(guid) => guid,
            Field::Absent | Field::Null => {
                if self.problems.len() == before {
                    match self.fields.get("relationships") {
                        Some(Value::Object(relationships)) if relationships.is_empty() => {
                            self.problem("Relationships 'relationships' must include one or more valid relationships");
                        }
                        Some(Value::Object(_)) => {
                            self.problem(format!("Relationships {} can't be blank", humanize(name)));
                            self.problem(structure_of_one(name));
                        }
                        _ => self.problem("Relationships 'relationships' is not an object"),
                    }
                }
                Guid::from("")
            }
        }
    }

    /// The guids of a to-many relationship: `{"data": [{"guid": G}]}` under `name`.
    pub(crate) fn related_many(&mut self, name: &str) -> Field<Vec<Guid>> {
        let Some(Value::Object(relationships)) = self.fields.get("relationships") else { return Field::Absent };
        let Some(relationship) = relationships.get(name) else { return Field::Absent };
        if let Some(guids) = guids(relationship.get("data")) {
            return Field::Is(guids);
        }
        self.problem(format!(
            "Relationships {} must be structured like this: \"{name}: {{\"data\": [{{\"guid\": \
             \"valid-guid\"}},{{\"guid\": \"valid-guid\"}}]}}\"",
            humanize(name)
        ));
        Field::Absent
    }

    /// What `metadata` asks to change, checked.
    pub(crate) fn metadata(&mut self) -> MetadataChange {
        let mut change = MetadataChange::default();
        if let Some(metadata) = self.fields.get("metadata").cloned() {
            let problems = change.read(&metadata);
            self.problems.extend(problems.into_iter().map(|problem| format!("Metadata {problem}")));
        }
        change
    }

    /// All problems noted.
    pub(crate) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    /// Fails with all problems noted, in one 422.
    pub(crate) fn finish(self) -> ApiResult<()> {
        if self.problems.is_empty() { Ok(()) } else { Err(ApiError::unprocessable(self.problems.join(", "))) }
    }
}

/// The guids of a `data` list.
pub(crate) fn guids(data: Option<&Value>) -> Option<Vec<Guid>> {
    data?.as_array()?.iter().map(|one| Some(Guid::from(one.get("guid")?.as_str()?))).collect()
}

impl<S: Send + Sync> FromRequest<S> for Message {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Self::Rejection> {
        let body = axum::body::to_bytes(request.into_body(), usize::MAX)
            .await
            .map_err(|_| ApiError::parse("invalid request body"))?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(Self::of(fields)),
            // A body that is JSON and no object has none of the fields that are asked for.
            Ok(_) => Ok(Self::default()),
            Err(_) => Err(ApiError::parse("invalid request body")),
        }
    }
}

/// (`cloud_controller_ng`: `ToOneRelationshipValidator`.)
fn structure_of_one(name: &str) -> String {
    format!(
        "Relationships {} must be structured like this: \"{name}: {{\"data\": {{\"guid\": \"valid-guid\"}}}}\"",
        humanize(name)
    )
}

/// `total_memory_in_mb` → `Total memory in mb`.
pub(crate) fn humanize(key: &str) -> String {
    let spoken = key.replace('_', " ");
    let mut letters = spoken.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(body: Value) -> Message {
        match body {
            Value::Object(fields) => Message::of(fields),
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn relationships_are_told_apart() {
        let wrong = "Relationships Space must be structured like this: \
                     \"space: {\"data\": {\"guid\": \"valid-guid\"}}\"";
        let blank = format!("Relationships Space can't be blank, {wrong}");
        let cases = [
            (json!({"relationships": {"space": {"data": {"guid": "g"}}}}), None),
            (json!({"relationships": {"space": {"data": null}}}), Some(blank.as_str())),
            (json!({"relationships": {"space": {"guid": "g"}}}), Some(wrong)),
            (json!({"relationships": {"org": {}}}), Some(blank.as_str())),
            (
                json!({"relationships": {}}),
                Some("Relationships 'relationships' must include one or more valid relationships"),
            ),
            (json!({}), Some("Relationships 'relationships' is not an object")),
        ];
        for (body, problem) in cases {
            let mut message = message(body.clone());
            let guid = message.needs_one("space");
            match problem {
                None => assert_eq!((guid.as_str(), message.finish()), ("g", Ok(())), "{body}"),
                Some(problem) => assert_eq!(message.finish(), Err(ApiError::unprocessable(problem)), "{body}"),
            }
        }
    }

    #[test]
    fn all_problems_come_in_one_error() {
        let mut message = message(json!({"name": 1, "suspended": "yes", "colour": "blue"}));
        message.only(&["name", "suspended"]);
        message.new_name(10);
        message.boolean("suspended");
        let expected = "Unknown field(s): 'colour', Name must be a string, Suspended must be a boolean";
        assert_eq!(message.finish(), Err(ApiError::unprocessable(expected)));
    }
}

//! A single value of a document.

/// A single value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// What YAML 1.2 takes the text for.
    pub kind: ScalarKind,
    /// The text as written, without quotes.
    pub text: String,
}

/// The types of scalars in YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Null,
    Bool,
    Int,
    Float,
    Text,
}

impl ScalarKind {
    /// The type with its article.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool => "a boolean",
            Self::Int => "a whole number",
            Self::Float => "a number with a fraction",
            Self::Text => "a text",
        }
    }
}

/// A text as it is written within brackets, in quotes where it needs them.
pub(crate) fn flow_text(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '_'));
    if is_plain && text.chars().all(plain) { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

//! Why a single value was refused, before it is known where it stands.

/// Says what is wrong with one value; the reader of the plan adds file, line and column and makes a
/// problem of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// What is wrong: a lower-case sentence without a full stop.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// Whether the value is a secret, so that its line is not shown.
    pub secret: bool,
}

impl ValueError {
    /// An error that explains itself.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, secret: false }
    }

    /// An error with advice.
    pub(crate) fn hinted(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()), secret: false }
    }

    /// An error about a text of this noun that holds a character which would do harm where it is shown.
    pub(crate) fn unprintable(noun: &str, found: char) -> Self {
        Self::new(format!("the {noun} holds the unprintable character U+{:04X}", u32::from(found)))
    }

    /// The same error with a value that must not be shown.
    #[must_use]
    pub(crate) fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

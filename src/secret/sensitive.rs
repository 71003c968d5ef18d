//! A text that must not be seen.

use std::fmt;

/// A text that must not be seen: a token, a password, a value of a vars file.
///
/// It has no `Display` and cannot be serialized, and its debug output tells nothing, so whoever shows it has to say so:
///
/// ```compile_fail,E0277
/// let token = cutover::secret::Sensitive::new("hunter2");
/// println!("{token}");
/// ```
///
/// ```compile_fail,E0277
/// let token = cutover::secret::Sensitive::new("hunter2");
/// serde_json::to_string(&token);
/// ```
///
/// ```compile_fail,E0277
/// let token = cutover::secret::Sensitive::new("hunter2");
/// std::process::Command::new("cf").arg(&token);
/// ```
///
/// ```
/// let token = cutover::secret::Sensitive::new("hunter2");
/// assert_eq!(format!("{token:?}"), "Sensitive(…)");
/// assert_eq!(token.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive(String);

impl Sensitive {
    /// Keeps a text from being seen.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it: never for a message, an event or an argument.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

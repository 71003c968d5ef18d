//! What one thing is set to.

use std::fmt;

use serde_json::Value;

/// What one thing is set to. Its debug output tells nothing: it may be a secret.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub enum Is {
    /// To this. In a manifest null stands for what is up to the platform.
    Set(Value),
    /// To something that is not known here: a snapshot holds no secrets.
    #[default]
    Untold,
    /// To nothing, or to whatever an app has where nobody has set it.
    Unset,
}

impl fmt::Debug for Is {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(_) => "Set(…)",
            Self::Untold => "Untold",
            Self::Unset => "Unset",
        })
    }
}

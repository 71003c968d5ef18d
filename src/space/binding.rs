//! What binds an app to a service instance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::settings::Is;

/// What binds an app to a service instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Binding {
    /// The name of the service instance.
    pub service: String,
    /// The name of the binding, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it was made with: [`Is::Untold`] where the broker does not tell it, and where it was not asked.
    #[serde(skip)]
    pub parameters: Is,
}

impl Binding {
    /// One of which no more is known.
    pub(crate) fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), name: None, parameters: Is::Untold }
    }

    /// What it was made with, where that is known and something.
    pub(crate) fn parameters(&self) -> Option<&Value> {
        match &self.parameters {
            Is::Set(Value::Object(parameters)) if parameters.is_empty() => None,
            Is::Set(parameters) => Some(parameters),
            Is::Untold | Is::Unset => None,
        }
    }
}

/// A binding in a snapshot; an older version has written the name of the service instance alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Service(String),
    Binding { service: String, name: Option<String> },
}

impl From<Written> for Binding {
    fn from(written: Written) -> Self {
        match written {
            Written::Service(service) => Self::of(service),
            Written::Binding { service, name } => Self { name, ..Self::of(service) },
        }
    }
}

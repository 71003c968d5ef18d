//! What an app is to be set to.

use std::collections::BTreeMap;

use crate::settings::{Is, Setting};

/// What an app is to be set to, beside what its manifest says.
pub(crate) type Wanted = BTreeMap<Setting, Is>;

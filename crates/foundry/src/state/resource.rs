//! What all resources have.

use jiff::Timestamp;

use crate::state::Metadata;

/// A resource: it has a guid and times.
pub(crate) trait Resource {
    /// Its guid.
    fn guid(&self) -> &str;
    /// When it was made.
    fn created_at(&self) -> Timestamp;
    /// When it was changed last.
    fn updated_at(&self) -> Timestamp;
    /// Its labels and annotations, where it has them.
    fn metadata(&self) -> Option<&Metadata> {
        None
    }
    /// What it is ordered by under a key such as `name`. Names are ordered without regard to capitals, as by the Cloud
    /// Controller's database. (`db/migrations`: `case_insensitive: true`.)
    fn sort_key(&self, key: &str) -> Option<String> {
        let _ = key;
        None
    }
}

/// Implements [`Resource`] for a struct with the fields `guid`, `created_at` and `updated_at`; the words `labelled` and
/// `named` add the fields `metadata` and `name`.
macro_rules! resource {
    ($kind:ty $(, $word:ident)*) => {
        impl $crate::state::Resource for $kind {
            fn guid(&self) -> &str {
                self.guid.as_str()
            }
            fn created_at(&self) -> jiff::Timestamp {
                self.created_at
            }
            fn updated_at(&self) -> jiff::Timestamp {
                self.updated_at
            }
            $($crate::state::resource!(@$word);)*
        }
    };
    (@labelled) => {
        fn metadata(&self) -> Option<&$crate::state::Metadata> {
            Some(&self.metadata)
        }
    };
    (@named) => {
        fn sort_key(&self, key: &str) -> Option<String> {
            (key == "name").then(|| self.name.to_lowercase())
        }
    };
}
pub(crate) use resource;

/// The form in which the API shows times. (CC API 3.195: RFC 3339 in UTC, whole seconds.)
pub(crate) fn timestamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! The names of things in Cloud Foundry, safe to stand in an argv.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::value_error::ValueError;
use crate::text::is_unprintable;

/// The longest name, in characters; the Cloud Controller's columns hold 255.
pub(crate) const MAX_NAME_LENGTH: usize = 255;
/// What the names of locks begin with: a lock is an app, too.
pub(crate) const LOCK_PREFIX: &str = "cutover-lock-";

/// Checks what all names have in common.
///
/// CC: a name is any printable text and is stripped of blanks at its ends. cutover refuses besides what `cf` would take
/// for a flag (a leading `-`) and what would not survive a terminal or a table (control characters, blanks at the
/// ends).
fn check(kind: &str, text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::new(format!("the {kind} is empty")));
    }
    if text.starts_with('-') {
        return Err(ValueError::hinted(
            format!("the {kind} `{text}` begins with `-`"),
            "cf would take it for an option; begin the name with a letter or a digit",
        ));
    }
    if let Some(found) = text.chars().find(|c| is_unprintable(*c)) {
        return Err(ValueError::unprintable(kind, found));
    }
    if text.trim() != text {
        return Err(ValueError::hinted(
            format!("the {kind} `{text}` begins or ends with a blank"),
            "Cloud Foundry would strip it; remove the blank",
        ));
    }
    let length = text.chars().count();
    if length > MAX_NAME_LENGTH {
        return Err(ValueError::new(format!("the {kind} has {length} characters; {MAX_NAME_LENGTH} are allowed")));
    }
    Ok(())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Takes the ", $kind, " if it can stand in a `cf` command line; the error says why not.")]
            pub fn parse(text: &str) -> Result<Self, ValueError> {
                check($kind, text)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::parse(text)
            }
        }
    )*};
}

names! {
    /// The name of an app in its space. CC: two names that differ only in case are one and the same on some databases.
    AppName = "app name";
    /// The name of a service instance in its space.
    ServiceName = "service instance's name";
    /// The name of an organization.
    OrgName = "organization's name";
    /// The name of a space in its organization.
    SpaceName = "space's name";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cloud_foundry_takes() {
        for name in ["sinatra", "sinatra_a", "my app", "Größe", "a.b-c", "1", "日本", "a,b", "x'y\"z", &"n".repeat(255)]
        {
            assert_eq!(AppName::parse(name).map(|n| n.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn names_that_would_do_harm() {
        for (name, why) in [
            ("", "the app name is empty"),
            ("-f", "the app name `-f` begins with `-`"),
            (" a", "the app name ` a` begins or ends with a blank"),
            ("a\u{a0}", "the app name `a\u{a0}` begins or ends with a blank"),
            ("a\nb", "the app name holds the unprintable character U+000A"),
            ("a\u{1b}[2J", "the app name holds the unprintable character U+001B"),
            ("a\u{202e}b", "the app name holds the unprintable character U+202E"),
        ] {
            assert_eq!(AppName::parse(name).map_err(|f| f.message), Err(why.to_owned()));
        }
        assert_eq!(
            AppName::parse(&"n".repeat(256)).map_err(|f| f.message),
            Err("the app name has 256 characters; 255 are allowed".to_owned())
        );
    }
}

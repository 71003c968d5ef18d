//! The simplest readers of values.

use std::str::FromStr;

use crate::plan::value_error::ValueError;

/// A text whose rules the table of keys has checked.
#[expect(clippy::unnecessary_wraps, reason = "has the form of the readers that can fail")]
pub(crate) fn any(text: &str) -> Result<String, ValueError> {
    Ok(text.to_owned())
}

pub(crate) fn flag(text: &str) -> Result<bool, ValueError> {
    text.parse().map_err(|_| ValueError::new("neither true nor false"))
}

pub(crate) fn whole<T: FromStr>(text: &str) -> Result<T, ValueError> {
    text.parse().map_err(|_| ValueError::new("no whole number"))
}

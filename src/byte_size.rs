//! Sizes as manifests write them.

use std::sync::LazyLock;

use regex::Regex;

/// CC (`byte_quantity.rb`): a number and one of B, K, KB, KiB and so on up to T, in any case.
static SIZE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)^(-?\d+(?:\.\d+)?)(?:([KMGT])I?B?|B)$").ok());

/// The bytes of a size with its unit, rounded towards zero as the platform does (CC: `byte_converter.rb`); `None` of what is no
/// such size.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    let found = SIZE.as_ref()?.captures(text)?;
    let power = found.get(2).and_then(|unit| "KMGT".find(&unit.as_str().to_uppercase())).map_or(0, |at| at + 1);
    let number: f64 = found.get(1)?.as_str().parse().ok()?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the platform counts in the same way"
    )]
    Some((number * (1_u64 << (10 * power)) as f64) as i64)
}

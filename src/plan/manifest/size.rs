//! The sizes of a manifest: what the platform takes for one.

use crate::byte_size;
use crate::plan::value_error::ValueError;

/// What is to be written in the place of what is no size.
const HINT: &str = "write a number and a unit: 256M, 1G";

/// The megabytes of a size, rounded down; `None` of a text that is empty or blank, which counts as absent. Fails with less
/// than one, too. (CC: `byte_converter.rb`, `manifest_process_scale_message.rb`: blanks may stand behind a size, and neither
/// before its number nor before its unit.)
pub(in crate::plan) fn megabytes(text: &str) -> Result<Option<u64>, ValueError> {
    let Some(bytes) = bytes(text)? else { return Ok(None) };
    match u64::try_from(bytes >> 20) {
        Ok(megabytes @ 1..) => Ok(Some(megabytes)),
        _ => Err(ValueError::hinted("this is less than 1 MB", HINT)),
    }
}

/// What is wrong with a limit for what an app may log in a second. (CC: `AppManifestMessage#validate_byte_format`: -1, which
/// is none, 0, or a size of any number of bytes.)
pub(super) fn rate_error(text: &str) -> Option<ValueError> {
    if ["-1", "0"].contains(&text) {
        return None;
    }
    let hint = "write a number and a unit (16K), 0, or -1 for no limit";
    if text.starts_with('-') {
        return Some(ValueError::hinted("this is less than -1", hint));
    }
    bytes(text).err().map(|error| ValueError::hinted(error.message, hint))
}

/// What is wrong with the memory of a sidecar. (CC: `AppManifestMessage#sidecar_create_attributes`: a number without a unit
/// is one of megabytes.)
pub(super) fn sidecar_error(text: &str) -> Option<ValueError> {
    match text.trim().parse::<u64>() {
        Ok(0) => Some(ValueError::hinted("this is less than 1 MB", HINT)),
        Ok(_) => None,
        Err(_) => megabytes(text).err(),
    }
}

fn bytes(text: &str) -> Result<Option<i64>, ValueError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if let Some(bytes) = byte_size::bytes(text.trim_end()) {
        return Ok(Some(bytes));
    }
    let is_size = byte_size::bytes(&text.split_whitespace().collect::<String>()).is_some();
    let (message, hint) = match text.trim().parse::<f64>() {
        Ok(_) => ("this is no size: it has no unit", HINT),
        Err(_) if is_size => {
            ("this is no size: a blank stands before its number or its unit", "write it without blanks")
        }
        Err(_) => ("this is no size", HINT),
    };
    Err(ValueError::hinted(message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_takes_for_a_size() {
        for (text, expected) in [
            ("256M", Ok(Some(256))),
            ("512MiB", Ok(Some(512))),
            ("512mib", Ok(Some(512))),
            ("64Mi", Ok(Some(64))),
            ("1.5g", Ok(Some(1536))),
            ("2T", Ok(Some(2 << 20))),
            ("2097152B", Ok(Some(2))),
            ("1M  ", Ok(Some(1))),
            ("", Ok(None)),
            ("  ", Ok(None)),
            ("  1M", Err("this is no size: a blank stands before its number or its unit")),
            ("64 M", Err("this is no size: a blank stands before its number or its unit")),
            ("256", Err("this is no size: it has no unit")),
            ("0", Err("this is no size: it has no unit")),
            ("-1", Err("this is no size: it has no unit")),
            ("lots", Err("this is no size")),
            ("1.M", Err("this is no size")),
            ("1MBit", Err("this is no size")),
            ("0M", Err("this is less than 1 MB")),
            ("1023K", Err("this is less than 1 MB")),
            ("-64M", Err("this is less than 1 MB")),
        ] {
            assert_eq!(megabytes(text).map_err(|error| error.message), expected.map_err(ToOwned::to_owned), "{text:?}");
        }
    }

    #[test]
    fn what_the_platform_takes_for_a_rate_and_for_the_memory_of_a_sidecar() {
        for (text, rate, sidecar) in [
            ("-1", true, false),
            ("0", true, false),
            ("16K", true, false),
            ("-5K", false, false),
            ("64", false, true),
            ("64M", true, true),
        ] {
            assert_eq!((rate_error(text).is_none(), sidecar_error(text).is_none()), (rate, sidecar), "{text}");
        }
    }
}

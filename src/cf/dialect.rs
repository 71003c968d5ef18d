//! Which cf this is, what it can do, and what differs between versions.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use thiserror::Error;

/// A family of cf versions that print the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// 7.x: services and `curl` are older code than the rest.
    V7,
    /// 8.x.
    V8,
    /// 9.x.
    V9,
}

impl Dialect {
    /// Tells whether some commands report a failure on standard output alone: in 7.x `curl` and the commands for
    /// services are still the code of 6.x. 8.0 has none of them left.
    pub(crate) fn fails_on_stdout(self) -> bool {
        match self {
            Self::V7 => true,
            Self::V8 | Self::V9 => false,
        }
    }
}

/// What not every cf can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Feature {
    /// `bind-service --wait` and `unbind-service --wait`.
    ServiceWait,
    /// `push --redact-env` and `apply-manifest --redact-env`.
    RedactEnv,
    /// `map-route --app-protocol`.
    AppProtocol,
}

/// Major, minor and patch.
type Numbers = (u64, u64, u64);

/// The first version that has a feature.
const FEATURES: &[(Feature, Numbers)] =
    &[(Feature::ServiceWait, (8, 0, 0)), (Feature::AppProtocol, (8, 2, 0)), (Feature::RedactEnv, (8, 7, 9))];

/// The lowest supported version of each major one.
///
/// What is used here and came later than 8.0.0 stands in [`FEATURES`]. No command that is used here needs 7.3.0 itself: those
/// of cf 7 that came before it were never tried.
const LOWEST: &[(Dialect, Numbers)] = &[(Dialect::V7, (7, 3, 0)), (Dialect::V8, (8, 0, 0)), (Dialect::V9, (9, 0, 0))];

/// The version of a cf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CfVersion {
    numbers: Numbers,
    text: String,
    dialect: Dialect,
}

/// Why a program is not a cf that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnsupportedCf {
    /// `cf version` printed something else.
    #[error("'cf version' printed no version: {0:?}")]
    NotAVersion(String),
    /// The version is too old.
    #[error("cf {found} is too old: cutover needs cf {lowest} or newer")]
    TooOld {
        /// What was found.
        found: String,
        /// The lowest version of that major one that will do.
        lowest: String,
    },
    /// The major version is not known.
    #[error("cf {0} is newer than this cutover knows (7, 8 and 9)")]
    TooNew(String),
}

impl CfVersion {
    /// The version that the project is built and tested with; it stands in where no cf is at hand.
    pub(crate) fn pinned() -> Self {
        Self { numbers: (8, 18, 3), text: "8.18.3".to_owned(), dialect: Dialect::V8 }
    }

    /// Reads what `cf version` prints: `cf version 8.17.0+1a2b3c4d5.2025-11-18`.
    ///
    /// The first word is the name of the binary, whatever it is called. A build from source may say
    /// `0.0.0-unknown-version`: it is taken for 8.x, the line that is built from source most. Fails where no line is a
    /// version, where it is older than the lowest supported one, and where its major version is unknown.
    pub(crate) fn parse(stdout: &str) -> Result<Self, UnsupportedCf> {
        static LINE: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"(?m)^\S+ version v?((\d+)\.(\d+)\.(\d+)(?:[-+]\S*)?)\r?$").ok());
        let found = LINE.as_ref().and_then(|line| line.captures(stdout));
        let Some(found) = found else { return Err(UnsupportedCf::NotAVersion(stdout.trim().to_owned())) };
        let number =
            |index: usize| found.get(index).and_then(|part| part.as_str().parse::<u64>().ok()).unwrap_or(u64::MAX);
        let text = found.get(1).map_or("", |part| part.as_str()).to_owned();
        let numbers = (number(2), number(3), number(4));
        if text == "0.0.0-unknown-version" {
            return Ok(Self { numbers: Self::pinned().numbers, text, dialect: Dialect::V8 });
        }
        let dialect = match numbers.0 {
            0..=7 => Dialect::V7,
            8 => Dialect::V8,
            9 => Dialect::V9,
            _ => return Err(UnsupportedCf::TooNew(text)),
        };
        match LOWEST.iter().find(|(of, _)| *of == dialect) {
            Some((_, lowest)) if numbers < *lowest => {
                Err(UnsupportedCf::TooOld { found: text, lowest: format!("{}.{}.{}", lowest.0, lowest.1, lowest.2) })
            }
            Some(_) | None => Ok(Self { numbers, text, dialect }),
        }
    }

    /// The dialect that this version speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Tells whether this version can do it.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        FEATURES.iter().any(|(of, from)| *of == feature && *from <= self.numbers)
    }
}

impl fmt::Display for CfVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_whatever_the_binary_is_called() {
        let cases = [
            ("cf version 8.17.0\n", Dialect::V8, "8.17.0"),
            ("cf8 version 8.17.0+1a2b3c4d5.2025-11-18\n", Dialect::V8, "8.17.0+1a2b3c4d5.2025-11-18"),
            ("cf7.exe version 7.8.0+5ade4fe99.2024-10-11\r\n", Dialect::V7, "7.8.0+5ade4fe99.2024-10-11"),
            ("cf version v9.0.0-beta.1\n", Dialect::V9, "9.0.0-beta.1"),
            ("A new version of this wrapper is there!\ncf version 8.0.0\n", Dialect::V8, "8.0.0"),
            ("cf version 0.0.0-unknown-version\n", Dialect::V8, "0.0.0-unknown-version"),
            ("cf version 7.3.0\n", Dialect::V7, "7.3.0"),
        ];
        for (stdout, dialect, text) in cases {
            let version = CfVersion::parse(stdout).unwrap();
            assert_eq!((version.dialect(), version.to_string().as_str()), (dialect, text), "{stdout}");
        }
    }

    #[test]
    fn other_versions_and_other_texts_are_refused() {
        let cases = [
            (
                "cf version 6.53.0+8e2b70a4a.2020-10-01\n",
                "cf 6.53.0+8e2b70a4a.2020-10-01 is too old: cutover needs cf 7.3.0 or newer",
            ),
            ("cf version 7.2.0\n", "cf 7.2.0 is too old: cutover needs cf 7.3.0 or newer"),
            ("cf version 10.0.0\n", "cf 10.0.0 is newer than this cutover knows (7, 8 and 9)"),
            (
                "cf version 99999999999999999999.0.0\n",
                "cf 99999999999999999999.0.0 is newer than this cutover knows (7, 8 and 9)",
            ),
            ("", "'cf version' printed no version: \"\""),
            ("cf version 8.17\n", "'cf version' printed no version: \"cf version 8.17\""),
            ("cf version 8.17.0 and more\n", "'cf version' printed no version: \"cf version 8.17.0 and more\""),
            // Another program of that name.
            ("cf: usage: cf FILE\n", "'cf version' printed no version: \"cf: usage: cf FILE\""),
        ];
        for (stdout, message) in cases {
            assert_eq!(CfVersion::parse(stdout).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_feature_is_there_from_its_first_version_on() {
        let cases = [
            ("7.8.0", Feature::ServiceWait, false),
            ("8.0.0", Feature::ServiceWait, true),
            ("9.0.0", Feature::ServiceWait, true),
            ("8.7.8", Feature::RedactEnv, false),
            ("8.7.10", Feature::RedactEnv, true),
            ("8.10.0", Feature::RedactEnv, true),
            ("7.8.0", Feature::AppProtocol, false),
            ("8.1.9", Feature::AppProtocol, false),
            ("8.2.0", Feature::AppProtocol, true),
        ];
        for (version, feature, expected) in cases {
            let version = CfVersion::parse(&format!("cf version {version}")).unwrap();
            assert_eq!(version.has(feature), expected, "{version}: {feature:?}");
        }
    }
}

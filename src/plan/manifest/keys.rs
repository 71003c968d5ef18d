//! The keys of a manifest that cf or the Cloud Controller reads, and how they may be spelled. (cf 8.17:
//! `manifestparser/application.go` and `process.go`; CC: `app_manifest_message.rb`, `manifest_process_update_message.rb`.)

/// Keys of a process; they may stand at the top of an application, too.
pub(super) const OF_A_PROCESS: &[&str] = &[
    "command",
    "disk_quota",
    "health-check-http-endpoint",
    "health-check-interval",
    "health-check-invocation-timeout",
    "health-check-type",
    "instances",
    "log-rate-limit-per-second",
    "memory",
    "readiness-health-check-http-endpoint",
    "readiness-health-check-interval",
    "readiness-health-check-invocation-timeout",
    "readiness-health-check-type",
    "timeout",
];

/// Keys of an entry of `processes` alone.
pub(super) const OF_AN_ENTRY: &[&str] = &["type", "user"];

/// Keys of an application alone.
pub(super) const OF_AN_APPLICATION: &[&str] = &[
    "buildpack",
    "buildpacks",
    "cnb-credentials",
    "default-route",
    "docker",
    "env",
    "features",
    "lifecycle",
    "metadata",
    "name",
    "no-route",
    "path",
    "processes",
    "random-route",
    "routes",
    "services",
    "sidecars",
    "stack",
];

/// Keys that cf 8.17 reads into fields of its own. Where one has no value it is not sent.
const TYPED: &[&str] = &[
    "default-route",
    "disk-quota",
    "disk_quota",
    "docker",
    "health-check-http-endpoint",
    "health-check-type",
    "instances",
    "lifecycle",
    "log-rate-limit-per-second",
    "memory",
    "no-route",
    "path",
    "processes",
    "random-route",
    "stack",
    "timeout",
];

/// Whether cf reads a key of this very spelling itself, and leaves it out where it is null.
pub(super) fn is_read_by_cf(key: &str) -> bool {
    TYPED.contains(&key)
}

/// The spelling by which the Cloud Controller knows a key: all letters are small, and words are parted by underscores.
/// (`AppManifestMessage.underscore_keys`: Rails' `underscore`.)
pub(super) fn underscored(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    let mut spelled = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let begins_a_word = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase))
            });
        if begins_a_word {
            spelled.push('_');
        }
        spelled.push(if *c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    spelled
}

/// Which of several spellings of a key counts: the one that stands last in what cf 8.17 sends, which are its own fields and
/// then whatever else there is, in an order in which hyphens come before underscores, and both before letters (yaml.v2).
pub(super) fn rank(key: &str) -> u8 {
    match (key.contains('_'), key.chars().any(|c| c.is_ascii_uppercase())) {
        (_, true) => 2,
        (true, false) => 1,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_key() {
        for (key, spelled) in [
            ("health-check-type", "health_check_type"),
            ("health_check_type", "health_check_type"),
            ("healthCheckType", "health_check_type"),
            ("healthCheckHTTPEndpoint", "health_check_http_endpoint"),
            ("Memory", "memory"),
            ("MEMORY", "memory"),
            ("é", "é"),
        ] {
            assert_eq!(underscored(key), spelled);
        }
    }
}

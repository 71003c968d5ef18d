//! The messages of failures: cf's own and the platform's.

use std::sync::LazyLock;

use regex::Regex;

use super::super::dialect::Dialect;
use super::super::outcome::Reason;
use super::super::output::Output;
use super::lines::Lines;

/// The known messages, the more particular ones first. What names no source is cf 8.17; `CC` is the platform's own text, which varies between
/// its releases, so only its telling words are matched.
const MESSAGES: &[(Reason, &str)] = &[
    (Reason::CfCrashed, r"^Something unexpected happened\. This is a bug in|^panic: |runtime error: "),
    (Reason::Usage, r"^Incorrect Usage: The specified path '.*' does not exist"),
    (Reason::Usage, r"^Incorrect [Uu]sage|is not a registered command\. See '"),
    (Reason::Config, r"Error read/writing config:|^Config error:"),
    (Reason::NoApi, r"^No API endpoint set\."),
    (Reason::NotLoggedIn, r"^Not logged in\."),
    (Reason::NoTarget, r"^No (?:org|space) targeted, use|^No org or space targeted"),
    (
        Reason::TokenExpired,
        r"^The token expired, was revoked, or the token ID is incorrect\.|^Invalid Auth Token|CF-InvalidAuthToken",
    ),
    (Reason::NotLoggedIn, r"CF-NotAuthenticated|^Authentication error"),
    (
        Reason::RateLimited,
        r"^Response Code: 429|CF-(?:IPBased)?RateLimitExceeded|CF-UaaRateLimited|CF-ServiceBrokerRateLimitExceeded",
    ),
    (Reason::RateLimited, r"^The requested URL returned error: 429"),
    (Reason::Server, r"^Response Code: 5\d\d|^The requested URL returned error: 5\d\d"),
    (Reason::Certificate, r"^Invalid SSL Cert for|^SSL Certificate Error|x509: "),
    (
        Reason::Connection,
        r"^Request error: |dial tcp|connection re(?:fused|set)|i/o timeout|unexpected EOF|no such host|TLS handshake timeout",
    ),
    (
        Reason::Server,
        r"^Error unmarshalling the following into a cloud controller error:|^Invalid JSON content from server:",
    ),
    (Reason::TokenExpired, r"^The requested URL returned error: 401"),
    (Reason::NotAuthorized, r"^The requested URL returned error: 403"),
    (Reason::NotFound, r"^The requested URL returned error: 404"),
    (Reason::Rejected, r"^The requested URL returned error: 4(?:00|22)"),
    (Reason::NotAuthorized, r"You are not authorized to perform the requested action"),
    (
        Reason::StagingTimeout,
        r"^Error staging application .*: timed out after|^Timed out waiting for application '.*' to stage",
    ),
    (
        Reason::StagingFailed,
        r"^Error staging application: |^(?:\w+ - )?App staging failed|^[A-Z]\w+(?:Failed|Error|Expired) - |^StagingError",
    ),
    (
        Reason::NothingToStart,
        r"^App cannot start without a package to stage or a droplet to run\.|has no eligible packages\.",
    ),
    (Reason::Crashed, r"^Start unsuccessful|^All instances crashed"),
    (Reason::StartTimeout, r"^Start app timeout|^Timed out waiting for application '.*' to start"),
    (Reason::Quota, r"(?i)quota[ _]exceeded|quotas? exceeded|limit[ _]exceeded|exceeded your (?:organization|space)'s"),
    (
        Reason::RouteTaken,
        r"(?i)route exists in a different space|different space|registered to another space|belongs to another space",
    ),
    (Reason::NameTaken, r"App with the name '.*' already exists\.|name must be unique in space"),
    (Reason::AppNotFound, r"^App '.*' not found|^Application '.*' not found|^Application not found"),
    (Reason::DomainNotFound, r"^Domain '.*' not found|did not match any existing domains\."),
    (Reason::RouteNotFound, r"^Route with (?:host|domain) .* not found\."),
    (Reason::ServiceNotFound, r"^Service instance '.*' not found|Service instance '.*' not found"),
    (Reason::OrgNotFound, r"^Organization '.*' not found"),
    (Reason::SpaceNotFound, r"^Space '.*' not found"),
    (
        Reason::Manifest,
        r"^For application '.*': |^yaml: |^Unable to push app because manifest|^Expected to find variables: |^The option --vars-file expects|^Manifest must have|^Could not find app named|^Found an application with no name|^File not found locally|^No app files found in",
    ),
    (
        Reason::Upload,
        r"^Uploading files have failed|^Package failed to process correctly|^Package expired after upload|^Aborting push: File",
    ),
    (Reason::ApiTooOld, r"requires CF API version"),
    (Reason::Job, r"^Job \(.*\) (?:failed: |polling timeout)|^Job \S+ failed with no error"),
    (Reason::NotFound, r"not found\.?$|^API endpoint not found at"),
    (Reason::Rejected, r"CF-UnprocessableEntity|CF-BadRequest|CF-MessageParseError"),
];

/// Where cf puts the message of a failure: on standard error. 7.x: `curl` and what is built like it print `FAILED` and then the message,
/// both on standard output, so that everything behind `FAILED` there counts too.
pub fn text(dialect: Dialect, output: &Output) -> String {
    let mut text = output.stderr.clone();
    let behind_failed = match dialect {
        Dialect::V7 => output.stdout.rsplit_once("FAILED").map(|(_, behind)| behind),
        // Only a configuration that is no JSON is reported there (cf 8.17).
        Dialect::V8 | Dialect::V9 => output
            .stdout
            .rsplit_once("FAILED")
            .map(|(_, behind)| behind)
            .filter(|behind| behind.contains("read/writing config")),
    };
    if let Some(behind) = behind_failed {
        text.push('\n');
        text.push_str(behind);
    }
    text
}

/// Finds the kind of failure and the line that tells it. The table's order decides, not the order of the lines: warnings stand on standard
/// error too.
pub fn recognise(lines: &Lines) -> Option<(Reason, String)> {
    patterns().iter().find_map(|(reason, pattern)| {
        lines.iter().map(str::trim_start).find(|line| pattern.is_match(line)).map(|line| (*reason, line.to_owned()))
    })
}

/// The kind of an error of the platform's, from `title` and `detail` of its JSON.
pub fn reason_of_error(title: &str, detail: &str) -> Option<Reason> {
    recognise(&Lines::of(&format!("{title}\n{detail}"))).map(|(reason, _)| reason).or(match title {
        "CF-ResourceNotFound" | "CF-NotFound" => Some(Reason::NotFound),
        "CF-NotAuthorized" => Some(Reason::NotAuthorized),
        "UnknownError" | "CF-ServiceUnavailable" => Some(Reason::Server),
        _ => None,
    })
}

fn patterns() -> &'static [(Reason, Regex)] {
    static PATTERNS: LazyLock<Vec<(Reason, Regex)>> = LazyLock::new(|| {
        MESSAGES.iter().filter_map(|(reason, pattern)| Some((*reason, Regex::new(pattern).ok()?))).collect()
    });
    &PATTERNS
}

//! The messages of failures: cf's own and the platform's.

use std::sync::LazyLock;

use regex::RegexSet;

use super::super::dialect::Dialect;
use super::super::output::Output;
use super::lines::Lines;
use super::plain;
use crate::cf::reason::Reason;

/// Messages that are the failure wherever they stand, since what follows them may be anything: a stack trace, the raw
/// body of an answer.
const ANYWHERE: &[(Reason, &str)] = &[
    (Reason::CfCrashed, r"^Something unexpected happened\. This is a bug in|^panic: "),
    (Reason::RateLimited, r"^Response Code: 429"),
    (Reason::Server, r"^Response Code: 5\d\d"),
    (
        Reason::Server,
        r"^Error unmarshalling the following into a cloud controller error:|^Invalid JSON content from server:",
    ),
    (Reason::Usage, r"^Incorrect [Uu]sage[:.]|is not a registered command\. See '"),
];

/// Messages that stand on one line, the more particular ones first. What names no source is cf 8.17; `CC` is the
/// platform's own text, which varies between its releases, so only its telling words are matched.
const LINES: &[(Reason, &str)] = &[
    (Reason::Config, r"Error read/writing config:|^Config error:|^Unexpected error: "),
    (Reason::NoApi, r"^No API endpoint set\."),
    (Reason::NotLoggedIn, r"^Not logged in\."),
    (Reason::NoTarget, r"^No (?:org|space) targeted, use|^No org or space targeted"),
    // The second is CC's 401.
    (
        Reason::TokenExpired,
        r"^The token expired, was revoked, or the token ID is incorrect\.|^Invalid Auth Token|CF-InvalidAuthToken",
    ),
    (Reason::NotLoggedIn, r"CF-NotAuthenticated|^Authentication error"),
    // CC 429, in the line `Code: 10013, Title: CF-RateLimitExceeded, Detail: …` or in an answer of curl.
    (Reason::RateLimited, r"CF-\w*RateLimit\w*|CF-UaaRateLimited|^Rate Limit Exceeded"),
    // curl --fail
    (Reason::RateLimited, r"^The requested URL returned error: 429"),
    (Reason::Server, r"^The requested URL returned error: 5\d\d"),
    (Reason::TokenExpired, r"^The requested URL returned error: 401"),
    (Reason::NotAuthorized, r"^The requested URL returned error: 403"),
    (Reason::NotFound, r"^The requested URL returned error: 404"),
    (Reason::Rejected, r"^The requested URL returned error: 4\d\d"),
    // CC 503, of which cf prints the detail alone.
    (
        Reason::Server,
        r"(?i) is (?:currently )?unavailable\b|^Runner error: |^Server error$|^Database (?:error|connection failure)|^[Ss]ervice [Uu]navailable",
    ),
    (Reason::Certificate, r"^Invalid SSL Cert for|^SSL Certificate Error|x509: "),
    (
        Reason::Connection,
        r"^Request error: |dial tcp|connection re(?:fused|set)|i/o timeout|unexpected EOF|: EOF$|no such host|TLS handshake timeout",
    ),
    // CC 403
    (
        Reason::NotAuthorized,
        r"You are not authorized to perform the requested action|CF-OrgSuspended|^The organization is suspended|^Feature Disabled: ",
    ),
    (
        Reason::StagingTimeout,
        r"^Error staging application .*: timed out after|^Timed out waiting for application '.*' to stage",
    ),
    (Reason::StagingFailed, r"^Error staging application: "),
    // CC: the names of the reasons of a build.
    (
        Reason::StagingFailed,
        r"^(?:StagingError|StagerError|NoAppDetectedError|BuildpackCompileFailed|BuildpackReleaseFailed|NoBuildpacksFound|StagingTimeExpired|InsufficientResources|NoCompatibleCell|StagerUnavailable) - ",
    ),
    (
        Reason::NothingToStart,
        r"^App cannot start without a package to stage or a droplet to run\.|has no eligible packages\.",
    ),
    (Reason::Crashed, r"^Start unsuccessful|^All instances crashed"),
    (Reason::StartTimeout, r"^Start app timeout|^Timed out waiting for application '.*' to start"),
    // CC: `Routes quota exceeded for space 'dev'.`, `memory quota_exceeded`, `memory space_quota_exceeded`,
    // `app_instance_limit_exceeded`, `You have exceeded the instance memory limit for your organization's quota.`
    (
        Reason::Quota,
        r"(?i)quota[ _]exceeded|limit[ _]exceeded|You have exceeded (?:your|the) |exceeds (?:the )?(?:organization|space) .*quota",
    ),
    // CC: a route of another space, another org's domain.
    (
        Reason::RouteTaken,
        r"(?i)destinations in different spaces|route exists in a different space|registered to another space",
    ),
    (Reason::NameTaken, r"App with the name '.*' already exists\.|name must be unique in space"),
    // CC: something else is under way.
    (
        Reason::Busy,
        r"while a deployment is in flight|^Only one build can be STAGING|^An operation for .* is in progress\.",
    ),
    (Reason::AppNotFound, r"^App '.*' not found|^Application '.*' not found|^Application not found|^App not found"),
    (Reason::DomainNotFound, r"^Domain '.*' not found|did not match any existing domains\."),
    (Reason::RouteNotFound, r"^Route with (?:host|domain) .* not found\."),
    (Reason::ServiceNotFound, r"Service instance '.*' not found"),
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
    (
        Reason::Rejected,
        r"CF-UnprocessableEntity|CF-BadRequest|CF-MessageParseError|CF-InvalidRelation|CF-BadQueryParameter",
    ),
];

/// Where cf puts the message of a failure: on standard error. Where the dialect has older commands, these print
/// `FAILED` and then the message, both on standard output, so that everything behind `FAILED` there counts too. What is for
/// programs in it is told in words.
pub(crate) fn text(dialect: Dialect, output: &Output) -> String {
    let behind_failed = output.stdout.rsplit_once("FAILED").map(|(_, behind)| behind);
    // cf 8.17 reports one thing there: a configuration that is no JSON.
    let counts = |behind: &&str| dialect.fails_on_stdout() || behind.contains("Error read/writing config:");
    match behind_failed.filter(counts) {
        Some(behind) => plain(&format!("{}\n{behind}", output.stderr)),
        None => plain(&output.stderr),
    }
}

/// Finds the kind of failure, and tells it in plain words, by the last line that is known: warnings stand on standard
/// error too, and before the message.
pub(crate) fn recognise(lines: &Lines) -> Option<(Reason, String)> {
    static PATTERNS: LazyLock<[Option<RegexSet>; 2]> = LazyLock::new(|| [compile(ANYWHERE), compile(LINES)]);
    let [anywhere, by_line] = &*PATTERNS;
    let lines: Vec<&str> = lines.iter().map(str::trim_start).collect();
    let first = |table: &[(Reason, &str)], patterns: &Option<RegexSet>, line: &str| {
        let index = patterns.as_ref()?.matches(line).iter().next()?;
        let reason = table.get(index)?.0;
        Some((reason, plain::words(reason, line, &lines)))
    };
    lines
        .iter()
        .find_map(|line| first(ANYWHERE, anywhere, line))
        .or_else(|| lines.iter().rev().find_map(|line| first(LINES, by_line, line)))
}

/// cf 8.17 and 9.0: `curl --fail` crashes where the API cannot be reached, breaks the connection off, or the session is over:
/// there is no answer then whose status could be told. It prints the stack, with `runtime error: invalid memory address or nil
/// pointer dereference` in it.
pub(crate) fn is_crash_of_curl(argv: &[String], lines: &Lines) -> bool {
    argv.first().is_some_and(|verb| verb == "curl") && lines.any(|line| line.contains("nil pointer dereference"))
}

/// The kind of an error of the platform's, from `title` and `detail` of its JSON.
pub(crate) fn reason_of_error(title: &str, detail: &str) -> Option<Reason> {
    recognise(&Lines::of(&format!("{title}\n{detail}"))).map(|(reason, _)| reason).or(match title {
        "CF-ResourceNotFound" | "CF-NotFound" => Some(Reason::NotFound),
        "CF-NotAuthorized" => Some(Reason::NotAuthorized),
        // Whatever the words: they are the platform's, and vary.
        "CF-UniquenessError" => Some(Reason::NameTaken),
        "UnknownError" | "CF-ServiceUnavailable" => Some(Reason::Server),
        _ => None,
    })
}

/// One automaton for a table; it answers with the indexes in the table's order.
fn compile(table: &[(Reason, &str)]) -> Option<RegexSet> {
    RegexSet::new(table.iter().map(|(_, pattern)| pattern)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_compile() {
        assert!(compile(ANYWHERE).is_some());
        assert!(compile(LINES).is_some());
    }
}

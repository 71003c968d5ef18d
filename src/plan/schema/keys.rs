//! The table of all keys of a plan: what the checks, the JSON schema and the reference page are made from.

use super::table::{Key, Kind, Need, Table, Text};
use crate::plan::api_url::ApiUrl;
use crate::plan::check::BodyPattern;
use crate::plan::duration::parse_duration;
use crate::plan::name::{AppName, OrgName, ServiceName, SpaceName};
use crate::plan::route_url::RouteUrl;
use crate::plan::value_error::ValueError;
use crate::settings::WEB;
use crate::text::is_unprintable;

/// How many steps may run at the same time at the most: each has a cf of its own.
pub(crate) const MOST_PARALLEL: u32 = 32;

/// The version of the file format that this cutover reads.
pub(crate) const VERSION: u32 = 1;

macro_rules! text {
    ($name:ident, $noun:literal, [$($example:literal),*], $pattern:expr, $check:expr) => {
        static $name: Text = Text { noun: $noun, examples: &[$($example),*], pattern: $pattern, check: $check };
    };
}

const NAME: Option<&str> = Some(r"^[^\-\s](.*\S)?$");

text!(API, "the address of a Cloud Controller", ["https://api.example.com"], None, |t| ApiUrl::parse(t).map(drop));
text!(ORG, "the name of an organization", ["acme"], NAME, |t| OrgName::parse(t).map(drop));
text!(SPACE, "the name of a space", ["production"], NAME, |t| SpaceName::parse(t).map(drop));
text!(APP_NAME, "the name of an app", ["shop"], NAME, |t| AppName::parse(t).map(drop));
text!(SERVICE, "the name of a service instance", ["db"], NAME, |t| ServiceName::parse(t).map(drop));
text!(
    ROUTE,
    "a route",
    ["www.example.com", "www.example.com/shop", "*.example.com"],
    Some(r"^(\*\.)?[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+(/[^?#\s]*)?$"),
    |t| RouteUrl::parse(t).map(drop)
);
text!(DURATION, "a duration", ["35s", "2m", "1m30s"], Some(r"^(?=.)(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"), |t| {
    parse_duration(t).map(drop)
});
text!(PERIOD, "a duration above zero", ["60s", "2m"], Some(r"^(?=.*[1-9])(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"), |t| {
    if parse_duration(t)?.is_zero() {
        Err(ValueError::new(format!("the duration `{t}` leaves no time")))
    } else {
        Ok(())
    }
});
text!(FILE, "a path, relative to the plan file", ["app/manifest.yml"], Some("^.+$"), check_path);
text!(URL_PATH, "a path below the staging route", ["/health"], Some(r"^/[^\s#]*$"), check_url_path);
text!(REGEX, "a regular expression", ["ok|ready"], None, |t| {
    refuse_control(t, "regular expression", "write it as an escape: `\\x1b`, `\\r`")?;
    BodyPattern::parse(t).map(drop)
});
text!(PROCESS, "the type of a process", ["worker"], Some(r"^[^\-\s](.*\S)?$"), check_process);
text!(COMMAND, "a command", ["./smoke-test.sh"], Some("^[^\\u0000]*$"), |t| {
    refuse_control(t, "command", "have `printf` or the program itself make it")
});

/// Refuses what would do harm where the text is shown; it may have several lines.
fn refuse_control(text: &str, noun: &str, hint: &str) -> Result<(), ValueError> {
    match text.chars().find(|c| is_unprintable(*c) && !matches!(c, '\n' | '\t')) {
        None => Ok(()),
        Some(found) => Err(ValueError { hint: Some(hint.to_owned()), ..ValueError::unprintable(noun, found) }),
    }
}

fn check_process(text: &str) -> Result<(), ValueError> {
    // CC API 3: a type of 1 to 255 characters.
    if text.is_empty() || text.chars().count() > 255 {
        return Err(ValueError::new("the type of a process has 1 to 255 characters"));
    }
    match text.chars().find(|c| is_unprintable(*c)) {
        Some(found) => Err(ValueError::unprintable("type of a process", found)),
        None if text == WEB => Err(ValueError::hinted(
            "the process `web` is what the routes lead to: it is switched with them",
            "name only processes that no route leads to, such as `worker`",
        )),
        None => Ok(()),
    }
}

fn check_path(text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::new("the path is empty"));
    }
    if let Some(found) = text.chars().find(|c| is_unprintable(*c)) {
        return Err(ValueError::unprintable("path", found));
    }
    Ok(())
}

fn check_url_path(text: &str) -> Result<(), ValueError> {
    if !text.starts_with('/') {
        return Err(ValueError::hinted(
            format!("the path `{text}` does not begin with `/`"),
            "write only the path, for example /health; the host is the staging route",
        ));
    }
    if let Some(found) = text.chars().find(|c| c.is_whitespace() || is_unprintable(*c) || *c == '#') {
        return Err(ValueError::hinted(
            format!("the path holds the character U+{:04X}", found as u32),
            "blanks are written %20; a fragment (`#…`) is never sent to a server",
        ));
    }
    Ok(())
}

const fn key(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Key {
    Key { name, kind, need, doc }
}

/// The whole file.
pub(crate) static PLAN: Table = Table {
    noun: "a deployment plan",
    one_of: false,
    keys: &[
        key("version", Kind::Number(VERSION, VERSION), Need::Required, "The version of this file format."),
        key("target", Kind::Table(&TARGET), Need::Required, "The one space that the plan may be run against."),
        key("apps", Kind::List(&Kind::Table(&APP), 1, None), Need::Required, "The apps to deploy, in this order."),
        key(
            "parallel",
            Kind::Number(1, MOST_PARALLEL),
            Need::Optional("up to 4 of one app, and one app follows the other"),
            "How many steps may run at the same time: those of one app that do not wait for each other, and those of different \
             apps, where the quotas let all of these apps have both colours at once. With 1, one step follows the other. \
             `--parallel N` says otherwise for one run.",
        ),
        key(
            "outside",
            Kind::List(&Kind::Text(&FILE), 0, None),
            Need::Optional("none"),
            "Folders outside of this file's folder that the paths of the plan and of its manifests may lead to. A path that \
             leads anywhere else, by `..`, from the root or through a symbolic link, is refused.",
        ),
    ],
};

/// `target`.
pub(crate) static TARGET: Table = Table {
    noun: "a target",
    one_of: false,
    keys: &[
        key("api", Kind::Text(&API), Need::Required, "The API address, as `cf api` shows it."),
        key("org", Kind::Text(&ORG), Need::Required, "The organization."),
        key("space", Kind::Text(&SPACE), Need::Required, "The space."),
    ],
};

/// An item of `apps`.
pub(crate) static APP: Table = Table {
    noun: "an app",
    one_of: false,
    keys: &[
        key("name", Kind::Text(&APP_NAME), Need::Required, "The name that people use for the app."),
        key(
            "colours",
            Kind::List(&Kind::Text(&APP_NAME), 2, Some(2)),
            Need::Optional("the name with `_a` and `_b` behind it"),
            "The two apps on Cloud Foundry that take turns: one is live, the other is the next or the previous version.",
        ),
        key(
            "path",
            Kind::Text(&FILE),
            Need::Optional("the manifest's own `path`, else the manifest's folder"),
            "The folder, zip or jar file to upload, relative to this file; not for a docker image.",
        ),
        key(
            "manifest",
            Kind::Text(&FILE),
            Need::Required,
            "The app's ordinary cf manifest, relative to this file: the source of memory, instances, buildpacks, env and \
             health check, or of a docker image, whose registry's password is taken from `CF_DOCKER_PASSWORD`. Its routes \
             and the application's name are not used. As on the platform, an entry of `processes` \
             for web takes the place of all process keys at the top of the application.",
        ),
        key(
            "app",
            Kind::Text(&APP_NAME),
            Need::Optional("the manifest's only one"),
            "The application of the manifest, by its name there. Where there are others, what is pushed is the manifest without \
             their lines: they may not hold anchors (`&name`) that this one takes over.",
        ),
        key(
            "vars",
            Kind::Variables,
            Need::Optional("none"),
            "Values for the manifest's `((variables))`. They are shown in previews and logs: no secrets here.",
        ),
        key(
            "vars_files",
            Kind::List(&Kind::Text(&FILE), 0, None),
            Need::Optional("none"),
            "Files with values for the manifest's `((variables))`, relative to this file; later ones win, `vars` win over all.",
        ),
        key(
            "services",
            Kind::List(&Kind::Text(&SERVICE), 0, None),
            Need::Optional("none"),
            "Service instances that both colours are bound to.",
        ),
        key(
            "routes",
            Kind::Table(&ROUTES),
            Need::Optional("the app has none: it is handed over as a whole, web included"),
            "Where the app is reached.",
        ),
        key(
            "checks",
            Kind::List(&Kind::Table(&CHECK), 0, None),
            Need::Optional(
                "none: the platform's health check alone decides; of an app without routes `health` for 30 seconds",
            ),
            "What the new version must show at the staging route before it goes live, in order.",
        ),
        key(
            "settle",
            Kind::Text(&DURATION),
            Need::Default("60s"),
            "How long is waited after a start and after a change of a live route where the router cannot be asked who answers on it (an \
             internal route, a load balancer that strips the header). A change usually takes a second; a minute was seen.",
        ),
        key(
            "drain",
            Kind::Text(&DURATION),
            Need::Default("35s"),
            "How long the old colour goes on running after the last router has let go of it, so that what it has begun \
             can end. A route change that a router missed is repeated after 30 seconds.",
        ),
        key("old", Kind::Choice(OLD), Need::Default("stop"), "What becomes of the old colour after it has drained."),
        key(
            "instances",
            Kind::Choice(INSTANCES),
            Need::Default("at-least-live"),
            "How many instances the processes of the new version are started with.",
        ),
        key(
            "carry",
            Kind::OneOrMore(&Kind::Choice(CARRY)),
            Need::Default("all"),
            "What the new version gets of what the live one has and no manifest names: what somebody has set by hand, or \
             another tool. What the manifest of the live version named and this one does not is taken away. `all` and `none` \
             stand alone.",
        ),
        key(
            "processes",
            Kind::Entries(&PROCESS, &Kind::Choice(PROCESSES)),
            Need::Optional("each is handed over"),
            "When the processes of the new version start that no route leads to: workers, schedulers.",
        ),
        key(
            "on_failure",
            Kind::Choice(ON_FAILURE),
            Need::Default("rollback"),
            "What is done where a step fails, once it is known what the step has changed.",
        ),
        key(
            "timeouts",
            Kind::Table(&TIMEOUTS),
            Need::Optional("those below"),
            "How long things may take, each with what confirms it; a cf that takes longer is ended.",
        ),
    ],
};

/// The words of `on_failure`.
const ON_FAILURE: &[(&str, &str)] = &[
    ("rollback", "what was done is taken back, and the colour that was live serves alone again"),
    ("stop", "everything is left as it is, for a person to decide between `cutover resume` and `cutover rollback`"),
];

/// `timeouts`. A call: cf 8.17 waits 6 s for a connection and tries three times. Upload, staging: the Cloud
/// Controller's own limit is 15 minutes. Start: the platform gives each instance its health check timeout (60 s, at
/// most 10 min by default) and starts the ones that crash again. Route: usually a second, seen up to a minute. Binding:
/// a broker may take its time.
pub(crate) static TIMEOUTS: Table = Table {
    noun: "timeouts",
    one_of: false,
    keys: &[
        key(
            "call",
            Kind::Text(&PERIOD),
            Need::Default("60s"),
            "One call that does no lasting work: to map or unmap a route, to write an annotation, to stop an app.",
        ),
        key("upload", Kind::Text(&PERIOD), Need::Default("16m"), "The upload."),
        key("staging", Kind::Text(&PERIOD), Need::Default("16m"), "Staging."),
        key("start", Kind::Text(&PERIOD), Need::Default("10m"), "The start of all instances."),
        key(
            "route",
            Kind::Text(&PERIOD),
            Need::Default("3m"),
            "A change of a route, with the time until all routers know it.",
        ),
        key("binding", Kind::Text(&PERIOD), Need::Default("10m"), "A service binding."),
    ],
};

/// The words of `old`.
const OLD: &[(&str, &str)] = &[
    ("stop", "it is stopped and can be started again for a rollback"),
    ("keep", "it goes on running without live routes"),
    ("delete", "it is deleted; a rollback then needs a new deployment"),
];

/// The words of `instances`.
pub(crate) const INSTANCES: &[(&str, &str)] = &[
    ("at-least-live", "the larger of what the manifest says and what the live colour runs"),
    ("manifest", "what the manifest says, even if more are live"),
];

/// The words of `carry`.
const CARRY: &[(&str, &str)] = &[
    ("all", "everything"),
    ("none", "nothing: the manifest alone says what the new version is"),
    ("env", "variables of the environment"),
    ("labels", "labels"),
    ("annotations", "annotations"),
    ("features", "switches such as `ssh` and `revisions`"),
    ("bindings", "bindings to service instances"),
    ("policies", "network policies, in both directions"),
    ("sidecars", "sidecars that a user has made"),
    ("processes", "what its processes are set to: sizes, commands, health checks"),
];

/// The words of `processes`.
const PROCESSES: &[(&str, &str)] = &[
    (
        "handover",
        "it has no instances until the users of the app are on the new version; then that of the old version ends, and \
         then it starts: no two versions of it run at once, and for a moment none does",
    ),
    ("overlap", "it starts with its version, before any check has passed, and beside that of the old version"),
];

/// `routes`.
pub(crate) static ROUTES: Table = Table {
    noun: "routes",
    one_of: false,
    keys: &[
        key(
            "live",
            Kind::List(&Kind::Text(&ROUTE), 1, None),
            Need::Required,
            "The routes that the users of the app know: host and domain, with a path if need be; no scheme, no port.",
        ),
        key(
            "staging",
            Kind::Text(&ROUTE),
            Need::Required,
            "The route at which the new version is checked before it goes live; none of the live ones.",
        ),
    ],
};

/// An item of `checks`.
pub(crate) static CHECK: Table = Table {
    noun: "a check",
    one_of: true,
    keys: &[
        key("http", Kind::Table(&HTTP), Need::Optional("no HTTP check"), "A GET through the staging route."),
        key(
            "command",
            Kind::Table(&COMMAND_CHECK),
            Need::Optional("no command"),
            "A program of your own, run in this file's folder with the staging URL in CUTOVER_STAGING_URL and the new \
             colour's name in CUTOVER_APP; exit status 0 is success.",
        ),
        key(
            "health",
            Kind::Table(&HEALTH),
            Need::Optional("no health check"),
            "All instances of all processes of the new version run for a time, and none crashes: after its start, or, of an \
             app without routes, once it is at work.",
        ),
    ],
};

/// `health` of a check.
pub(crate) static HEALTH: Table = Table {
    noun: "a health check",
    one_of: false,
    keys: &[key("for", Kind::Text(&PERIOD), Need::Default("30s"), "How long.")],
};

/// `http` of a check.
pub(crate) static HTTP: Table = Table {
    noun: "an HTTP check",
    one_of: false,
    keys: &[
        key("path", Kind::Text(&URL_PATH), Need::Default("/"), "Path and query below the staging route."),
        key(
            "status",
            Kind::OneOrMore(&Kind::Number(100, 599)),
            Need::Default("200"),
            "The status code that is success, or several. Redirects are not followed.",
        ),
        key("body", Kind::Text(&REGEX), Need::Optional("any body will do"), "What must be found in the body."),
        key("within", Kind::Text(&PERIOD), Need::Default("60s"), "The time after which the check has failed."),
        key("successes", Kind::Number(1, 1000), Need::Default("3"), "How many successes in a row are asked for."),
        key("interval", Kind::Text(&DURATION), Need::Default("500ms"), "The pause between two requests."),
    ],
};

/// `command` of a check.
pub(crate) static COMMAND_CHECK: Table = Table {
    noun: "a command check",
    one_of: false,
    keys: &[
        key(
            "run",
            Kind::OneOrMore(&Kind::Text(&COMMAND)),
            Need::Required,
            "A line for `sh -c`, or a list of a program and its arguments, which needs no quoting.",
        ),
        key(
            "within",
            Kind::Text(&PERIOD),
            Need::Default("60s"),
            "The time after which the command is ended and has failed.",
        ),
    ],
};

/// All tables, the plan first.
pub(crate) static TABLES: [&Table; 9] =
    [&PLAN, &TARGET, &APP, &TIMEOUTS, &ROUTES, &CHECK, &HTTP, &COMMAND_CHECK, &HEALTH];

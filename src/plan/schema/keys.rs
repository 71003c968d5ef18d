//! The table of all keys of a plan: what the checks, the JSON schema and the reference page are made from.

use super::table::{Key, Kind, Need, Table, Text};
use crate::plan::api_url::ApiUrl;
use crate::plan::check::Pattern;
use crate::plan::duration::parse_duration;
use crate::plan::manifest::megabytes;
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
    Pattern::parse(t).map(drop)
});
text!(HEADER_NAME, "the name of a header", ["X-Tenant"], Some(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), check_header_name);
text!(OPTION, "the name of an option", ["loadbalancing"], Some("^(loadbalancing|hash_header|hash_balance)$"), |t| {
    match t {
        "loadbalancing" | "hash_header" | "hash_balance" => Ok(()),
        _ => Err(ValueError::hinted(
            format!("`{t}` is no option of a route"),
            "the platform knows loadbalancing, hash_header and hash_balance",
        )),
    }
});
text!(OPTION_VALUE, "its value", ["least-connection"], Some("^.+$"), |t| {
    match t.chars().find(|c| is_unprintable(*c)) {
        None if t.is_empty() => Err(ValueError::new("the value is empty")),
        None => Ok(()),
        Some(found) => Err(ValueError::unprintable("value of an option", found)),
    }
});
text!(HEADER_VALUE, "the value of a header", ["acme"], Some("^[^\\u0000-\\u001f\\u007f]*$"), |t| {
    match t.chars().find(|c| is_unprintable(*c)) {
        None => Ok(()),
        Some(found) => Err(ValueError::unprintable("value of a header", found)),
    }
});
text!(POINTER, "a JSON pointer", ["/db/status"], Some("^(/([^~/]|~[01])*)*$"), check_pointer);
text!(QUESTION, "a question", ["Does the new version look right?"], Some(r"\S"), |t| {
    if t.trim().is_empty() {
        return Err(ValueError::new("there is no question"));
    }
    match t.chars().find(|c| is_unprintable(*c)) {
        None => Ok(()),
        Some(found) => Err(ValueError::unprintable("question", found)),
    }
});
text!(PROCESS, "the type of a process", ["worker"], Some(r"^[^\-\s](.*\S)?$"), check_process);
text!(COMMAND, "a command", ["./smoke-test.sh"], Some("^[^\\u0000]*$"), |t| {
    refuse_control(t, "command", "have `printf` or the program itself make it")
});

text!(TASK_COMMAND, "a command", ["bin/smoke"], Some(r"\S"), check_task_command);
text!(TASK_NAME, "the name of a task", ["smoke"], Some("^[A-Za-z0-9][A-Za-z0-9_.\\-]{0,62}$"), check_task_name);
text!(TASK_PROCESS, "the type of a process", ["smoke"], Some(r"^[^\-\s](.*\S)?$"), |t| {
    if t == WEB { Ok(()) } else { check_process(t) }
});
text!(SIZE, "a size", ["256M", "1G"], Some(r"^\d+(\.\d+)?([KMGTkmgt][Ii]?[Bb]?|[Bb])\s*$"), |t| match megabytes(t)? {
    Some(_) => Ok(()),
    None => Err(ValueError::hinted("there is no size", "write a number and a unit: 256M, 1G")),
});

/// CC: `TaskModel::COMMAND_MAX_LENGTH`.
const LONGEST_TASK_COMMAND: usize = 4096;

fn check_task_command(text: &str) -> Result<(), ValueError> {
    if text.trim().is_empty() {
        return Err(ValueError::new("there is no command to run"));
    }
    if text.starts_with('-') {
        return Err(ValueError::hinted(
            "`cf run-task` would take the command for an option",
            "begin it with the program",
        ));
    }
    if text.chars().count() > LONGEST_TASK_COMMAND {
        return Err(ValueError::new(format!(
            "the command of a task has {LONGEST_TASK_COMMAND} characters at the most"
        )));
    }
    refuse_control(text, "command", "have the program itself make it")
}

/// Among other things, the name stands in the source of its log lines and in a column of `cf tasks`.
fn check_task_name(text: &str) -> Result<(), ValueError> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if text.is_empty() || text.len() > 63 || !text.chars().all(is_good) || text.starts_with(['-', '.', '_']) {
        return Err(ValueError::hinted(
            format!("`{text}` cannot be the beginning of a task's name"),
            "it is made of up to 63 letters, digits, `-`, `_` and `.`, such as smoke",
        ));
    }
    Ok(())
}

/// Refuses what would do harm where the text is shown; it may have several lines.
fn refuse_control(text: &str, noun: &str, hint: &str) -> Result<(), ValueError> {
    match text.chars().find(|c| is_unprintable(*c) && !matches!(c, '\n' | '\t')) {
        None => Ok(()),
        Some(found) => Err(ValueError { hint: Some(hint.to_owned()), ..ValueError::unprintable(noun, found) }),
    }
}

/// The headers that lead a request to the app, and frame it.
const OWN_HEADERS: [&str; 5] =
    ["Host", "Content-Length", "Transfer-Encoding", "X-Cf-App-Instance", "X-Cf-Process-Instance"];

/// RFC 9110: a token.
fn check_header_name(text: &str) -> Result<(), ValueError> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || !text.bytes().all(is_token) {
        let hint = "it is made of letters, digits and hyphens, such as X-Tenant";
        return Err(ValueError::hinted(format!("`{text}` is no name of a header"), hint));
    }
    match OWN_HEADERS.iter().find(|own| text.eq_ignore_ascii_case(own)) {
        Some(own) => Err(ValueError::hinted(
            format!("the header `{own}` leads the request to the app, and is cutover's own"),
            "leave it out: the route and the instances are asked one by one",
        )),
        None => Ok(()),
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

/// RFC 6901.
fn check_pointer(text: &str) -> Result<(), ValueError> {
    if !text.is_empty() && !text.starts_with('/') {
        return Err(ValueError::hinted(
            format!("`{text}` is no JSON pointer"),
            format!("it begins with `/`: write /{text}"),
        ));
    }
    if text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        let hint = "a `~` in a name is written ~0, and a `/` in a name ~1";
        return Err(ValueError::hinted(format!("`{text}` is no JSON pointer"), hint));
    }
    if let Some(found) = text.chars().find(|c| is_unprintable(*c)) {
        return Err(ValueError::unprintable("JSON pointer", found));
    }
    Ok(())
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
            "tls",
            Kind::Table(&TLS),
            Need::Optional("the certificates of routes are verified by the roots that the system trusts"),
            "How the certificates of routes are verified, where they are asked by `https`.",
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

/// `tls`.
pub(crate) static TLS: Table = Table {
    noun: "a way to verify certificates",
    one_of: false,
    keys: &[
        key(
            "ca_file",
            Kind::Text(&FILE),
            Need::Optional("the system's roots"),
            "A file of certificates (PEM), relative to this file, that are trusted in the place of the system's roots.",
        ),
        key(
            "insecure",
            Kind::Flag,
            Need::Default("false"),
            "Whether no certificate is verified: whoever answers on a route is taken for the router. Each run warns of it.",
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

/// `from`.
pub(crate) static FROM: Table = Table {
    noun: "an app with a droplet",
    one_of: false,
    keys: &[
        key(
            "app",
            Kind::Text(&APP_NAME),
            Need::Required,
            "The app that runs it. Where there is none of this name, it is the name of an app that cutover deploys there, and the \
             colour that is marked as live is meant: of the colours that this plan names for its app of that name, else of the name \
             with `_a` and `_b` behind it.",
        ),
        key("space", Kind::Text(&SPACE), Need::Optional("the space of the target's name"), "Its space."),
        key("org", Kind::Text(&ORG), Need::Optional("the target's"), "Its organization."),
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
            "The folder, or the zip, jar or war file, to upload, relative to this file; not for a docker image. An archive is uploaded as \
             what is in it, less what a `.cfignore` in it leaves out; it holds two files at the least, since cf takes one of a \
             single file for empty.",
        ),
        key(
            "droplet",
            Kind::Text(&FILE),
            Need::Optional("files are uploaded, and staged"),
            "The droplet to upload, relative to this file, in the place of `path`: a file that cf download-droplet has written, or a build \
             of your own. Nothing is staged; all else is as the manifest says.",
        ),
        key(
            "from",
            Kind::Table(&FROM),
            Need::Optional("files are uploaded, and staged"),
            "The app whose droplet is deployed, in the place of `path`: what was tested elsewhere. It is copied as it is, and neither \
             uploaded nor staged again; all else is as the manifest says.",
        ),
        key(
            "manifest",
            Kind::Text(&FILE),
            Need::Required,
            "The app's ordinary cf manifest, relative to this file: the source of memory, instances, buildpacks, env and \
             health check, or of a docker image, whose registry's password is taken from `CF_DOCKER_PASSWORD`. Of its routes \
             only the `protocol` is used, and the application's name is not. As on the platform, an entry of `processes` \
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
                "none: the platform's health check alone decides; of an app without routes also `health` for 30 seconds",
            ),
            "What the new version must show at the staging route before it goes live, in order; some also or only at the live routes. An \
             app without routes is checked by tasks before it is at work, and by `health` and commands once it is.",
        ),
        key(
            "watch",
            Kind::Table(&WATCH),
            Need::Optional("the old colour is let go as soon as it is off the live routes"),
            "How long the HTTP checks go on at the live routes after the switch, while the old colour still runs. Where they fail, it \
             gets the live routes back.",
        ),
        key(
            "settle",
            Kind::Text(&DURATION),
            Need::Default("60s"),
            "How long is waited after a start and after a change of a live route where the router cannot be asked who answers on it (an \
             internal route, a domain that lets in only apps, a load balancer that strips the header). A change usually takes a second; a minute was seen.",
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
            "extra_routes",
            Kind::Choice(EXTRA_ROUTES),
            Need::Default("move"),
            "What becomes of routes that lead to the live version and that the plan does not name. A route that leads to another app, \
             too, is left as it is, and so is a TCP route.",
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

/// The words of `extra_routes`.
const EXTRA_ROUTES: &[(&str, &str)] = &[
    ("move", "they are moved to the new version as the live routes are, and back in a rollback"),
    ("keep", "they stay where they are, and lead nowhere once the old version is stopped"),
    ("refuse", "nothing is deployed as long as there are any"),
];

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
        key(
            "tasks",
            Kind::Text(&PERIOD),
            Need::Default("10m"),
            "The tasks that still run on the old version where that is to be deleted (`old: delete`), which would end them. Where they go \
             on for longer, it is kept, stopped, and the run says so.",
        ),
    ],
};

/// The words of `old`.
const OLD: &[(&str, &str)] = &[
    ("stop", "it is stopped and can be started again for a rollback"),
    ("keep", "it goes on running without live routes"),
    ("delete", "it is deleted once its tasks have ended; a rollback then needs a new deployment"),
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
            Kind::List(&Kind::TableOr(&LIVE_ROUTE, "route"), 1, None),
            Need::Required,
            "The routes that the users of the app know.",
        ),
        key(
            "staging",
            Kind::TableOr(&STAGING_ROUTE, "route"),
            Need::Optional(
                "`NAME-staging`, by the app's name, beside the first live route: `shop-staging.example.com` for `www.example.com`",
            ),
            "The route at which the new version is checked before it goes live; none of the live ones. It is made where it is not there, \
             and refused where another app is on it.",
        ),
    ],
};

/// An item of `routes.live`.
pub(crate) static LIVE_ROUTE: Table = Table {
    noun: "a route",
    one_of: false,
    keys: &[
        key(
            "route",
            Kind::Text(&ROUTE),
            Need::Required,
            "Host and domain, with a path if need be; no scheme, no port.",
        ),
        key(
            "protocol",
            Kind::Choice(PROTOCOL),
            Need::Optional(
                "that of the manifest's route, or else that by which the live colour is reached there, or else `http1`",
            ),
            "What the routers talk to the app.",
        ),
        key(
            "options",
            Kind::Entries(&OPTION, &Kind::Text(&OPTION_VALUE)),
            Need::Optional("those of the manifest's route; where it has none, they stay as they are"),
            "How the routers deal its requests out: `loadbalancing` is `round-robin`, `least-connection` or `hash`, which goes with \
             `hash_header` and `hash_balance`. They belong to the route, which both colours share while it is switched: what is changed \
             is changed once the old colour is off it, and comes back with that in a rollback.",
        ),
    ],
};

/// `routes.staging`.
pub(crate) static STAGING_ROUTE: Table = Table {
    noun: "a route",
    one_of: false,
    keys: &[
        key("route", Kind::Text(&ROUTE), Need::Required, "As of the live routes."),
        key(
            "protocol",
            Kind::Choice(PROTOCOL),
            Need::Optional("that of the first live route"),
            "What the routers talk to the app.",
        ),
    ],
};

/// The words of `protocol`.
const PROTOCOL: &[(&str, &str)] = &[("http1", "HTTP/1.1"), ("http2", "HTTP/2, as gRPC needs it")];

/// `watch`.
pub(crate) static WATCH: Table = Table {
    noun: "a watch",
    one_of: false,
    keys: &[
        key(
            "for",
            Kind::Text(&PERIOD),
            Need::Required,
            "How long. It ends later where the last answer is a wrong one.",
        ),
        key(
            "every",
            Kind::Text(&DURATION),
            Need::Default("1s"),
            "The pause between two rounds, each of which asks every instance at every live route.",
        ),
        key(
            "failures",
            Kind::Number(1, 1000),
            Need::Default("3"),
            "How many wrong answers to one check in a row are a failure.",
        ),
    ],
};

/// The words of `at`.
const AT: &[(&str, &str)] = &[
    ("staging", "at the staging route, before the switch"),
    (
        "live",
        "at each live route, once the new version is alone on them; where it fails, the old colour gets them back",
    ),
];

/// An item of `checks`.
pub(crate) static CHECK: Table = Table {
    noun: "a check",
    one_of: true,
    keys: &[
        key(
            "http",
            Kind::Table(&HTTP),
            Need::Optional("no HTTP check"),
            "A request through a route, a GET if nothing else is said.",
        ),
        key(
            "command",
            Kind::TableOr(&COMMAND_CHECK, "run"),
            Need::Optional("no command"),
            "A program of your own, run in this file's folder with the URL of the route in CUTOVER_URL (and in \
             CUTOVER_STAGING_URL, as it was called first), and the new colour's name in CUTOVER_APP and CUTOVER_COLOUR; exit \
             status 0 is success. Of an app without routes the URL is empty.",
        ),
        key(
            "task",
            Kind::TableOr(&TASK_CHECK, "command"),
            Need::Optional("no task"),
            "A task of Cloud Foundry (`cf run-task`): a command that runs once in the droplet of the new version, with its environment \
             and its service bindings, before the switch; that it succeeds is success. Each deployment runs it once, also where it is \
             interrupted and goes on.",
        ),
        key(
            "approval",
            Kind::Text(&QUESTION),
            Need::Optional("nobody is asked"),
            "A question to a person, asked on the terminal, also with `--yes`: yes is success. Where there is no terminal, the run \
             ends there with exit code 5, and `cutover resume --approve` goes on.",
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

/// The words of `method`.
const METHODS: &[(&str, &str)] = &[
    ("GET", "reads"),
    ("HEAD", "reads the head alone"),
    ("POST", "acts"),
    ("PUT", "writes"),
    ("PATCH", "changes"),
    ("DELETE", "deletes"),
    ("OPTIONS", "asks what is allowed"),
];

/// The words of `status`.
const CLASSES: &[(&str, &str)] = &[
    ("2xx", "all from 200 to 299"),
    ("3xx", "all from 300 to 399"),
    ("4xx", "all from 400 to 499"),
    ("5xx", "all from 500 to 599"),
];

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
        key(
            "path",
            Kind::Text(&URL_PATH),
            Need::Default("/"),
            "Path and query below the route. Where that has a path of its own, they come after it: `/health` at a live route \
             `www.example.com/shop` asks `/shop/health`.",
        ),
        key("method", Kind::Choice(METHODS), Need::Default("GET"), "How it asks; nothing is sent but headers."),
        key(
            "headers",
            Kind::Entries(&HEADER_NAME, &Kind::Text(&HEADER_VALUE)),
            Need::Optional("none but cutover's own"),
            "What is sent. It is shown in scripts: no secrets here.",
        ),
        key(
            "status",
            Kind::OneOrMore(&Kind::NumberOrWord(100, 599, CLASSES)),
            Need::Default("200"),
            "The status code that is success, or several. Redirects are not followed.",
        ),
        key(
            "response_headers",
            Kind::Entries(&HEADER_NAME, &Kind::Text(&REGEX)),
            Need::Optional("any will do"),
            "What must be found in headers of the answer.",
        ),
        key("body", Kind::Text(&REGEX), Need::Optional("any body will do"), "What must be found in the body."),
        key(
            "json",
            Kind::Entries(&POINTER, &Kind::Any),
            Need::Optional("the body need not be JSON"),
            "What must stand in the body, which is JSON then, at these pointers (RFC 6901). Numbers are equal by what they are worth.",
        ),
        key(
            "latency",
            Kind::Text(&PERIOD),
            Need::Optional("up to 10 s"),
            "What an answer must take less than, from the connection to its last byte.",
        ),
        key("within", Kind::Text(&PERIOD), Need::Default("60s"), "The time after which the check has failed."),
        key(
            "successes",
            Kind::Number(1, 1000),
            Need::Default("3"),
            "How many successes in a row are asked for, of every instance where the router can be asked for one of them.",
        ),
        key("interval", Kind::Text(&DURATION), Need::Default("500ms"), "The pause between two requests."),
        key("at", Kind::OneOrMore(&Kind::Choice(AT)), Need::Default("staging"), "Where it asks."),
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
        key("at", Kind::OneOrMore(&Kind::Choice(AT)), Need::Default("staging"), "Where it asks."),
    ],
};

/// `task` of a check.
pub(crate) static TASK_CHECK: Table = Table {
    noun: "a task",
    one_of: false,
    keys: &[
        key(
            "command",
            Kind::Text(&TASK_COMMAND),
            Need::Optional("that of `process`"),
            "A line for the shell of the container. It is shown: no secrets here.",
        ),
        key(
            "process",
            Kind::Text(&TASK_PROCESS),
            Need::Optional("`command` says what is run"),
            "In the place of `command`, the type of a process of the app: what that runs, with as much memory and disk.",
        ),
        key(
            "name",
            Kind::Text(&TASK_NAME),
            Need::Default("check"),
            "What the task's name begins with; the place among the checks and the id of the deployment follow.",
        ),
        key(
            "memory",
            Kind::Text(&SIZE),
            Need::Optional("as much as the platform gives, mostly 1G"),
            "The memory of the task.",
        ),
        key(
            "disk",
            Kind::Text(&SIZE),
            Need::Optional("as much as the platform gives, mostly 1G"),
            "The disk of the task.",
        ),
        key(
            "within",
            Kind::Text(&PERIOD),
            Need::Default("5m"),
            "The time after which the task is terminated and the check has failed.",
        ),
    ],
};

/// All tables, the plan first.
pub(crate) static TABLES: [&Table; 15] = [
    &PLAN,
    &TARGET,
    &APP,
    &FROM,
    &TIMEOUTS,
    &ROUTES,
    &LIVE_ROUTE,
    &STAGING_ROUTE,
    &CHECK,
    &HTTP,
    &COMMAND_CHECK,
    &TASK_CHECK,
    &HEALTH,
    &WATCH,
    &TLS,
];

//! What to ask of cf: builders that return an [`Invocation`] and run nothing. Their names are cf's own verbs.

mod arg;
mod manifest_part;
mod policy_request;
mod push;
mod query;
mod route_parts;

use serde_json::{Map, Value, json};

use super::dialect::{CfVersion, Feature};
use crate::plan::{OptionChanges, Protocol, TaskCommand};
use crate::secret::Sensitive;
use crate::shell::quote;

use arg::{Arg, Piece};
pub use arg::{Reference, Unresolved};
pub use manifest_part::ManifestPart;
pub(crate) use policy_request::PolicyRequest;
pub(crate) use push::{Push, PushedManifest};
pub use query::query;
pub use route_parts::RouteParts;

/// How packages of a new app become something that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifecycle<'a> {
    /// As the platform has it where an app says nothing.
    Default,
    /// They are images.
    Docker,
    /// By Cloud Native Buildpacks.
    Cnb {
        /// In order; empty where they are to be detected.
        buildpacks: &'a [String],
    },
}

/// One run of cf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The arguments, without the program.
    pub args: Vec<Arg>,
    /// What cf reads from a file, because no other process is to see it among the arguments.
    pub(crate) secret: Option<Sensitive>,
}

/// A task to be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewTask<'a> {
    /// The name of the app.
    pub(crate) app: &'a str,
    /// Its own name.
    pub(crate) name: &'a str,
    /// What it runs.
    pub(crate) run: &'a TaskCommand,
    /// Its memory, in megabytes.
    pub(crate) memory_mb: Option<u64>,
    /// Its disk, in megabytes.
    pub(crate) disk_mb: Option<u64>,
}

/// A request to change an app.
#[derive(Debug, Clone)]
pub(crate) struct AppRequest<'a> {
    /// How.
    pub(crate) method: Method,
    /// The name of the app.
    pub(crate) app: &'a str,
    /// What of it: the path behind `/v3/apps/GUID`.
    pub(crate) path: &'a str,
    /// What it is to be.
    pub(crate) body: Body,
}

/// A method of HTTP that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// It makes something.
    Post,
    /// It changes something.
    Patch,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// It stands among the arguments.
    Shown(Value),
    /// It is read from a file.
    InFile(Sensitive),
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// The file with variables, as it is shown.
const VARIABLES: &str = "variables.json";
/// The file with a manifest that was put together, as it is shown.
const MANIFEST: &str = "manifest.json";
/// The file with the parameters of a binding, as it is shown.
const PARAMETERS: &str = "parameters.json";

impl Invocation {
    fn new(verb: &str) -> Self {
        Self { args: vec![Arg::word(verb)], secret: None }
    }

    fn word(mut self, text: &str) -> Self {
        self.args.push(Arg::word(text));
        self
    }

    fn value(mut self, text: impl Into<String>) -> Self {
        self.args.push(Arg::value(text));
        self
    }

    fn reference(self, reference: Reference) -> Self {
        self.arg(Arg::pieces_of(vec![Piece::Reference(reference)]))
    }

    fn arg(mut self, arg: Arg) -> Self {
        self.args.push(arg);
        self
    }

    fn path(self, path: &str) -> Self {
        // The same file by a name that is no flag.
        if path.starts_with('-') { self.value(format!("./{path}")) } else { self.value(path) }
    }

    /// Fills in the references and returns the arguments, without the program. Fails where a reference has no value,
    /// and where a name or a value could be taken for a flag.
    pub fn resolve(&self, lookup: &dyn Fn(&Reference) -> Option<String>) -> Result<Vec<String>, Unresolved> {
        self.args.iter().map(|arg| arg.resolve(lookup)).collect()
    }

    /// The program and its arguments for a machine to read: nothing is quoted, a reference reads `$(COMMAND)`.
    pub(crate) fn argv(&self) -> Vec<String> {
        std::iter::once("cf".to_owned()).chain(self.args.iter().map(Arg::plain)).collect()
    }

    /// The invocation as a POSIX shell runs it as it is, references as command substitutions.
    pub(crate) fn shell(&self) -> String {
        self.shell_as("cf")
    }

    /// As [`Self::shell`], of a `curl` that exits with a failure where the platform refuses: a script stops at nothing else.
    pub(crate) fn shell_failing(&self) -> String {
        format!("{} --fail", self.shell())
    }

    /// As [`Self::shell`], where the script is to stop if it fails.
    pub(crate) fn shell_of_script(&self) -> String {
        let is_curl = self.args.first() == Some(&Arg::word("curl"));
        if is_curl { self.shell_failing() } else { self.shell() }
    }

    /// As [`Self::shell`], with another program than `cf`; the program is quoted.
    pub(crate) fn shell_as(&self, program: &str) -> String {
        let program = quote(program);
        let mut line = program.clone();
        for arg in &self.args {
            line.push(' ');
            line.push_str(&arg.shell(&program));
        }
        line
    }
}

/// cf's own verbs.
impl Invocation {
    /// `cf org ORG --guid`: one call that changes nothing and, unlike `curl`, says in words why the platform does not
    /// answer (cf 8.17: `curl` without `--fail` prints an empty line where the token has expired or the platform cannot
    /// be reached).
    pub fn org_guid(org: &str) -> Self {
        Self::new("org").value(org).word("--guid")
    }

    /// `cf push APP … --no-route --no-start`: applies the manifest and uploads; neither stages nor starts.
    ///
    /// `--no-route` takes every route off the app and makes the platform ignore the routes of the manifest, which would
    /// map the live route to the new app at once (cf 8.17). `--redact-env`, where this cf has it, keeps the values of
    /// `env` out of what it prints.
    pub(crate) fn push_no_start(push: &Push, cf: &CfVersion) -> Self {
        let mut call = Self::new("push").value(&push.app);
        call = match &push.manifest {
            Some(PushedManifest::File(file)) => call.word("-f").path(file),
            Some(PushedManifest::Part(part)) => call.word("-f").reference(Reference::ManifestPart(part.clone())),
            None => call.word("--no-manifest"),
        };
        if let Some(path) = &push.path {
            call = call.word("-p").path(path);
        }
        for file in &push.vars_files {
            call = call.word("--vars-file").path(file);
        }
        for (name, value) in &push.vars {
            call = call.word("--var").value(format!("{name}={value}"));
        }
        if let Some(instances) = push.instances {
            call = call.word("-i").value(instances.to_string());
        }
        if let Some(memory_mb) = push.memory_mb {
            call = call.word("-m").value(format!("{memory_mb}M"));
        }
        call = call.word("--no-route").word("--no-start");
        if cf.has(Feature::RedactEnv) { call.word("--redact-env") } else { call }
    }

    /// `cf apply-manifest -f FILE`: what a push does before it uploads, and waits for. The file holds what no other process is to
    /// see among the arguments. `--redact-env`, where this cf has it, keeps the values of `env` out of what it prints.
    pub(crate) fn apply_manifest(manifest: Sensitive, cf: &CfVersion) -> Self {
        let call = Self::new("apply-manifest").word("-f").reference(Reference::File(MANIFEST));
        let call = if cf.has(Feature::RedactEnv) { call.word("--redact-env") } else { call };
        Self { secret: Some(manifest), ..call }
    }

    /// `cf curl -X POST /v3/droplets?source_guid=GUID -d {"relationships":…}`: copies a droplet to an app. Not `copy-source`, which
    /// stages again. Without `--fail`, which would swallow why it is refused (cf 8.17).
    pub(crate) fn copy_droplet(app: &str, droplet: &str) -> Self {
        let text = |text: &str| Piece::Text(text.to_owned());
        let guid = Piece::Reference(Reference::AppGuid(app.to_owned()));
        let body = vec![text("{\"relationships\":{\"app\":{\"data\":{\"guid\":\""), guid, text("\"}}}}")];
        let path = query("/v3/droplets", &[("source_guid", droplet)]);
        Self::new("curl").word("-X").word("POST").value(path).word("-d").arg(Arg::pieces_of(body))
    }

    /// `cf push APP --no-manifest --droplet FILE --no-route --no-start`: uploads a droplet, and makes it the current one. Without a
    /// manifest, since one that names buildpacks or a path does not go with a droplet (cf 8.17, `handle_droplet_path_override.go`).
    pub(crate) fn push_droplet(app: &str, file: &str) -> Self {
        let call = Self::new("push").value(app).word("--no-manifest").word("--droplet").path(file);
        call.word("--no-route").word("--no-start")
    }

    /// `cf stage-package APP --package-guid GUID`: with the staging log, polling every 3 s. cf 8.17 does not look for the newest
    /// package then, which takes it two requests.
    pub(crate) fn stage_package(app: &str, package: Reference) -> Self {
        Self::new("stage-package").value(app).word("--package-guid").reference(package)
    }

    /// `cf set-droplet APP DROPLET_GUID`: takes effect at the next start.
    pub(crate) fn set_droplet(app: &str, droplet: Reference) -> Self {
        Self::new("set-droplet").value(app).reference(droplet)
    }

    /// `cf curl -X PATCH /v3/apps/GUID/relationships/current_droplet -d {"data":{"guid":…}}`: what `set-droplet` does, in one
    /// request of its two, and with the platform's answer. Without `--fail`, which would swallow why it is refused (cf 8.17).
    pub(crate) fn set_current_droplet(app: &str, droplet: Reference) -> Self {
        let call = Self::new("curl").word("-X").word("PATCH").arg(app_path(app, "/relationships/current_droplet"));
        let text = |text: &str| Piece::Text(text.to_owned());
        let body = vec![text("{\"data\":{\"guid\":\""), Piece::Reference(droplet), text("\"}}")];
        call.word("-d").arg(Arg::pieces_of(body))
    }

    /// `cf curl -X POST /v3/apps/GUID/actions/start`: starts and does not wait.
    ///
    /// Without `--fail`, which would swallow why the platform does not start it: a quota, no droplet (cf 8.17).
    pub(crate) fn start_now(app: &str) -> Self {
        Self::new("curl").word("-X").word("POST").arg(app_path(app, "/actions/start"))
    }

    /// `cf stop APP`: does not wait for the instances to end.
    pub(crate) fn stop(app: &str) -> Self {
        Self::new("stop").value(app)
    }

    /// `cf map-route APP DOMAIN …`: creates the route where it is missing, and changes nothing where it leads to the app
    /// already, by whatever protocol. Another protocol than the usual one is asked for by `--app-protocol`, or, where this cf does
    /// not have it, by what that does: `cf curl -X POST /v3/routes/GUID/destinations -d BODY`, for a route that is there.
    pub(crate) fn map_route(app: &str, route: &RouteParts, protocol: Protocol, cf: &CfVersion) -> Self {
        let call = Self::new("map-route").value(app).route(route);
        if protocol.is_usual() {
            return call;
        }
        if !Self::is_by_request(protocol, cf) {
            return call.word("--app-protocol").word(protocol.as_str());
        }
        let path = vec![
            Piece::Text("/v3/routes/".to_owned()),
            Piece::Reference(Reference::RouteGuid(route.clone())),
            Piece::Text("/destinations".to_owned()),
        ];
        let body = vec![
            Piece::Text("{\"destinations\":[{\"app\":{\"guid\":\"".to_owned()),
            Piece::Reference(Reference::AppGuid(app.to_owned())),
            Piece::Text(format!("\"}},\"protocol\":\"{}\"}}]}}", protocol.as_str())),
        ];
        Self::new("curl").word("-X").word("POST").arg(Arg::pieces_of(path)).word("-d").arg(Arg::pieces_of(body))
    }

    /// `cf curl -X PATCH /v3/routes/GUID -d {"options":…}`: sets options of a route; `None` takes one away, all others stay.
    ///
    /// As `cf update-route` does, which not every cf has.
    pub(crate) fn set_route_options(route: &RouteParts, options: &OptionChanges) -> Self {
        let path = vec![Piece::Text("/v3/routes/".to_owned()), Piece::Reference(Reference::RouteGuid(route.clone()))];
        let body = json!({ "options": options }).to_string();
        Self::new("curl").word("-X").word("PATCH").arg(Arg::pieces_of(path)).word("-d").value(body)
    }

    /// Whether this cf maps no route by this protocol, so that the platform is asked for it.
    pub(crate) fn is_by_request(protocol: Protocol, cf: &CfVersion) -> bool {
        !protocol.is_usual() && !cf.has(Feature::AppProtocol)
    }

    /// `cf unmap-route APP DOMAIN …`: the route itself stays.
    pub(crate) fn unmap_route(app: &str, route: &RouteParts) -> Self {
        Self::new("unmap-route").value(app).route(route)
    }

    /// `cf create-route DOMAIN …`.
    pub fn create_route(route: &RouteParts) -> Self {
        Self::new("create-route").route(route)
    }

    fn route(self, route: &RouteParts) -> Self {
        let mut call = self.value(&route.domain);
        if let Some(host) = &route.host {
            call = call.word("--hostname").value(host);
        }
        if let Some(path) = &route.path {
            call = call.word("--path").value(path);
        }
        call
    }

    /// `cf delete APP -f`. Never with `-r`: it deletes routes by check-then-delete and races with whoever maps them.
    pub(crate) fn delete(app: &str) -> Self {
        Self::new("delete").value(app).word("-f")
    }

    /// `cf bind-service APP SERVICE`, with `--wait` where this cf has it.
    pub(crate) fn bind_service(app: &str, service: &str, cf: &CfVersion) -> Self {
        Self::new("bind-service").value(app).value(service).wait_for_service(cf)
    }

    /// `cf unbind-service APP SERVICE`, with `--wait` where this cf has it.
    pub(crate) fn unbind_service(app: &str, service: &str, cf: &CfVersion) -> Self {
        Self::new("unbind-service").value(app).value(service).wait_for_service(cf)
    }

    fn wait_for_service(self, cf: &CfVersion) -> Self {
        if cf.has(Feature::ServiceWait) { self.word("--wait") } else { self }
    }

    /// `cf bind-service APP SERVICE --binding-name NAME -c FILE`, with `--wait` where this cf has it: parameters may be secret.
    pub(crate) fn bind_service_as(
        app: &str,
        service: &str,
        name: Option<&str>,
        parameters: Option<Sensitive>,
        cf: &CfVersion,
    ) -> Self {
        let mut call = Self::bind_service(app, service, cf);
        if let Some(name) = name {
            call = call.word("--binding-name").value(name);
        }
        if parameters.is_some() {
            call = call.word("-c").reference(Reference::File(PARAMETERS));
        }
        Self { secret: parameters, ..call }
    }

    /// `cf curl -X METHOD /v3/apps/GUID… -d BODY`. Without `--fail`, which would swallow why it is refused (cf 8.17).
    pub(crate) fn app_request(request: &AppRequest<'_>) -> Self {
        let AppRequest { method, app, path, body } = request;
        let call = Self::new("curl").word("-X").word(method.as_str()).arg(app_path(app, path)).word("-d");
        match body {
            Body::Shown(body) => call.value(body.to_string()),
            Body::InFile(body) => {
                let file = vec![Piece::Text("@".to_owned()), Piece::Reference(Reference::File(VARIABLES))];
                Self { secret: Some(body.clone()), ..call.arg(Arg::pieces_of(file)) }
            }
        }
    }

    /// `cf curl -X PATCH /v3/sidecars/GUID -d BODY`.
    pub(crate) fn change_sidecar(app: &str, name: &str, body: &Value) -> Self {
        Self::new("curl").word("-X").word("PATCH").arg(sidecar_path(app, name)).word("-d").value(body.to_string())
    }

    /// `cf curl -X DELETE /v3/sidecars/GUID -i`: with `-i`, because the answer has no body.
    pub(crate) fn delete_sidecar(app: &str, name: &str) -> Self {
        Self::new("curl").word("-X").word("DELETE").arg(sidecar_path(app, name)).word("-i")
    }

    /// `cf curl -X POST /networking/v1/external/policies… -d BODY`: network policies that an app is at one end of. The policy
    /// server takes what is there already for done.
    pub(crate) fn network_policies(app: &str, path: &str, policies: &[PolicyRequest<'_>]) -> Self {
        let mut body = vec![Piece::Text("{\"policies\":[".to_owned())];
        for (at, policy) in policies.iter().enumerate() {
            if at > 0 {
                body.push(Piece::Text(",".to_owned()));
            }
            body.extend(policy.pieces(app));
        }
        body.push(Piece::Text("]}".to_owned()));
        let path = format!("/networking/v1/external/policies{path}");
        Self::new("curl").word("-X").word("POST").value(path).word("-d").arg(Arg::pieces_of(body))
    }

    /// `cf scale APP -i INSTANCES`: the short flag, since 7.x has no long one; asks nothing and restarts nothing.
    pub(crate) fn scale(app: &str, instances: u32) -> Self {
        Self::new("scale").value(app).word("-i").value(instances.to_string())
    }

    /// `cf curl -X PATCH /v3/apps/GUID -d {"metadata":{"annotations":…}}`; a `None` takes the annotation away, all others stay,
    /// and one that `of_droplet` names holds the guid of the droplet that the app runs. Without `--fail`, which would swallow why
    /// it is refused (cf 8.17).
    pub(crate) fn set_annotations<'a>(
        app: &str,
        annotations: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        of_droplet: Option<&str>,
    ) -> Self {
        let call = Self::new("curl").word("-X").word("PATCH").arg(app_path(app, "")).word("-d");
        let body = json!({ "metadata": metadata(annotations) }).to_string();
        match (of_droplet, body.strip_suffix("}}}")) {
            (Some(key), Some(open)) => {
                let open = format!("{open},{}:\"", Value::from(key));
                let droplet = Piece::Reference(Reference::CurrentDropletGuid(app.to_owned()));
                call.arg(Arg::pieces_of(vec![Piece::Text(open), droplet, Piece::Text("\"}}}".to_owned())]))
            }
            _ => call.value(body),
        }
    }

    /// `cf curl -X POST /v3/apps …`: creates an app that is neither staged nor started, with these annotations, unless its
    /// name is taken.
    ///
    /// Not `create-app`, which exits with 0 also where the app is there, and writes nothing on it (cf 8.17); without
    /// `--fail`, which would swallow why it is refused.
    pub(crate) fn create_app<'a>(
        name: &str,
        space_guid: &str,
        lifecycle: Lifecycle<'_>,
        annotations: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Self {
        let mut body = json!({
            "name": name,
            "relationships": { "space": { "data": { "guid": space_guid } } },
            "metadata": metadata(annotations.into_iter().filter(|(_, value)| value.is_some())),
        });
        match lifecycle {
            Lifecycle::Default => {}
            Lifecycle::Docker => body["lifecycle"] = json!({ "type": "docker", "data": {} }),
            Lifecycle::Cnb { buildpacks: [] } => body["lifecycle"] = json!({ "type": "cnb", "data": {} }),
            Lifecycle::Cnb { buildpacks } => {
                body["lifecycle"] = json!({ "type": "cnb", "data": { "buildpacks": buildpacks } });
            }
        }
        Self::new("curl").word("-X").word("POST").word("/v3/apps").word("-d").value(body.to_string())
    }

    /// `cf curl -X PATCH /v3/apps/GUID …`: as [`Self::set_annotations`], on the app of that guid, whatever its name;
    /// without `--fail`, which would swallow that it is gone.
    pub(crate) fn set_annotations_by_guid<'a>(
        guid: &str,
        annotations: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Self {
        Self::new("curl")
            .word("-X")
            .word("PATCH")
            .value(format!("/v3/apps/{guid}"))
            .word("-d")
            .value(json!({ "metadata": metadata(annotations) }).to_string())
    }

    /// `cf curl -X POST /v3/spaces/GUID/manifest_diff … -d @FILE`: what the manifest in the file would change. It changes
    /// nothing. A file holds what no other process is to see among the arguments.
    pub(crate) fn manifest_diff(space_guid: &str, manifest: &str) -> Self {
        Self::new("curl")
            .word("-X")
            .word("POST")
            .value(format!("/v3/spaces/{space_guid}/manifest_diff"))
            .word("-H")
            .word("Content-Type: application/x-yaml")
            .word("-d")
            .value(format!("@{manifest}"))
    }

    /// `cf curl -X DELETE /v3/apps/GUID -i`: asks for the deletion of the app of that guid, whatever its name.
    ///
    /// With `-i`, because the answer has no body: without its head it looks like a broken connection (cf 8.17).
    pub(crate) fn delete_by_guid(guid: &str) -> Self {
        Self::new("curl").word("-X").word("DELETE").value(format!("/v3/apps/{guid}")).word("-i")
    }

    /// `cf run-task APP --command COMMAND --name NAME`, or `--process TYPE` in the place of the command: without `--wait`, which
    /// cf 8.0 to 8.7.3 do not have, and which knows no time limit.
    pub(crate) fn run_task(task: &NewTask<'_>) -> Self {
        let call = Self::new("run-task").value(task.app);
        let mut call = match task.run {
            TaskCommand::Command(line) => call.word("--command").value(line),
            TaskCommand::Process(kind) => call.word("--process").value(kind),
        };
        call = call.word("--name").value(task.name);
        if let Some(memory) = task.memory_mb {
            call = call.word("-m").value(format!("{memory}M"));
        }
        match task.disk_mb {
            Some(disk) => call.word("-k").value(format!("{disk}M")),
            None => call,
        }
    }

    /// `cf terminate-task APP ID`: does not wait for its end.
    pub(crate) fn terminate_task(app: &str, id: u64) -> Self {
        Self::new("terminate-task").value(app).value(id.to_string())
    }

    /// `cf logs APP --recent`: up to 1000 lines.
    pub(crate) fn logs_recent(app: &str) -> Self {
        Self::new("logs").value(app).word("--recent")
    }

    /// `cf curl PATH`: one page of what the API has there. The path begins with `/`; its query is made by [`query`].
    ///
    /// Without `--fail`, which would swallow the platform's own words (cf 8.17); the body tells a failure all the same.
    pub fn curl_get(path: &str) -> Self {
        Self::new("curl").value(path)
    }

    /// `cf curl -i PATH`: with the headers of the answer before its body.
    pub(crate) fn curl_with_headers(path: &str) -> Self {
        Self::new("curl").word("-i").value(path)
    }
}

/// The `metadata` of a request. CC API 3: `null` takes an annotation away, those that are not named stay.
fn metadata<'a>(annotations: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Value {
    let annotations: Map<String, Value> = annotations
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.map_or(Value::Null, Value::from)))
        .collect();
    json!({ "annotations": annotations })
}

fn sidecar_path(app: &str, name: &str) -> Arg {
    let guid = Piece::Reference(Reference::SidecarGuid(app.to_owned(), name.to_owned()));
    Arg::pieces_of(vec![Piece::Text("/v3/sidecars/".to_owned()), guid])
}

fn app_path(app: &str, suffix: &str) -> Arg {
    let mut pieces = vec![Piece::Text("/v3/apps/".to_owned()), Piece::Reference(Reference::AppGuid(app.to_owned()))];
    if !suffix.is_empty() {
        pieces.push(Piece::Text(suffix.to_owned()));
    }
    Arg::pieces_of(pieces)
}

#[cfg(test)]
mod tests;

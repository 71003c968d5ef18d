//! What a command needs that talks to a platform: a plan, a cf, a private session, a client for routes.

use std::env;
use std::path::Path;
use std::sync::Arc;

use guard::Guard;
use serde_json::Value;

use crate::cf::config::ConfigError;
use crate::cf::session::{HandBack, PrivateHome, Session, SessionError, user_config};
use crate::cf::spawn::Cf;
use crate::cli::{CliError, Common};
use crate::plan::{self, ApiUrl, Plan};
use crate::run::api::Api;
use crate::run::reading::observe::Observer;
use crate::run::routes::http::{Client, RouterUrl};
use crate::secret::{Redactor, Sensitive};
use crate::shell;
use crate::space::Verb;

use super::terminal::tell;

/// Reads the plan that the command line names, less the apps that it does not ask for.
pub(crate) fn load(common: &Common) -> Result<Plan, CliError> {
    load_from(common, &plan::Disk)
}

/// As [`load`], where what is to be uploaded need not be there.
pub(crate) fn load_without_app_files(common: &Common) -> Result<Plan, CliError> {
    load_from(common, &plan::WithoutAppFiles)
}

fn load_from(common: &Common, files: &dyn plan::Files) -> Result<Plan, CliError> {
    let mut plan =
        plan::load(common.plan(), common.env.as_deref(), files).map_err(|problems| {
            match plan::overlaid(common.plan()).filter(|(base, _)| common.env.is_none() && base.exists()) {
                Some((base, env)) => {
                    let flags = shell::command(["--file", &base.to_string_lossy(), "--env", &env]);
                    CliError::Overlay { problems, flags }
                }
                None => CliError::Plan(problems),
            }
        })?;
    hide_secrets(&common.secrets, &plan);
    if let Some(parallel) = common.parallel {
        plan.parallel = usize::try_from(parallel).ok();
    }
    if let Some(name) = common.app.iter().find(|name| plan.apps.iter().all(|app| app.name.as_str() != *name)) {
        let known = plan.apps.iter().map(|app| app.name.to_string()).collect();
        return Err(CliError::NoSuchApp { name: name.clone(), known });
    }
    if !common.app.is_empty() {
        plan.apps.retain(|app| common.app.iter().any(|name| app.name.as_str() == name));
    }
    Ok(plan)
}

/// A cf with a private session in the space of the plan.
#[derive(Debug)]
pub(crate) struct Context {
    /// The cf.
    pub(crate) cf: Cf,
    /// The private copy of the user's session.
    pub(crate) session: Session,
    /// The client for routes.
    pub(crate) client: Client,
}

impl Context {
    /// Opens the user's own session.
    fn open(common: &Common, plan: &Plan) -> Result<Self, CliError> {
        let origin = user_config(env::var_os("CF_HOME").as_deref(), env::var_os("HOME").as_deref())
            .ok_or(SessionError::NoHome)?;
        let guard = guard()?;
        Self::at(&origin, common.cf.as_deref(), common.router.as_ref(), plan, &guard)
    }

    /// Has something done in the user's own session, and hands new tokens back however that ends; `tell` hears where they cannot
    /// be.
    pub(crate) fn with<R>(
        common: &Common,
        plan: &Plan,
        tell: &dyn Fn(&str),
        work: impl FnOnce(&Self) -> Result<R, CliError>,
    ) -> Result<R, CliError> {
        let context = Self::open(common, plan)?;
        let ended = work(&context);
        context.close(tell);
        ended
    }

    /// Has the API read in the user's own session, in whichever space that targets: there is no plan yet.
    pub(crate) fn anywhere<R>(
        common: &Common,
        work: impl FnOnce(&Api<'_>) -> Result<R, CliError>,
    ) -> Result<R, CliError> {
        let origin = user_config(env::var_os("CF_HOME").as_deref(), env::var_os("HOME").as_deref())
            .ok_or(SessionError::NoHome)?;
        let home = private_home(&guard()?)?;
        let cf = Cf::discover(common.cf.as_deref(), &home)?;
        let session = Session::open(&origin, home)?;
        let ended = work(&Api::new(&cf, &session));
        hand_back(session, &tell);
        ended
    }

    /// Finds cf, copies the session at `origin`, and makes sure that it targets the space of the plan.
    pub(crate) fn at(
        origin: &Path,
        cf: Option<&Path>,
        router: Option<&RouterUrl>,
        plan: &Plan,
        guard: &Arc<Guard>,
    ) -> Result<Self, CliError> {
        let home = private_home(guard)?;
        let cf = Cf::discover(cf, &home)?;
        let session = Session::open(origin, home).map_err(|error| match error {
            SessionError::Config(ConfigError::NoOrg | ConfigError::NoSpace) => {
                CliError::NotTargeted { error, hint: target_command(plan) }
            }
            error => error.into(),
        })?;
        // A rehearsal's plan has another target than the one that was loaded, and shows other names.
        hide_secrets(session.home().redactor(), plan);
        let target = session.target();
        check_target(plan, &target.api, &target.org, &target.space)?;
        let client = Client::new(router, &plan.tls, target.skip_ssl_validation).map_err(|why| CliError::File {
            path: plan.tls.roots.as_ref().map(|roots| roots.path.clone()).unwrap_or_default(),
            why,
        })?;
        Ok(Self { cf, session, client })
    }

    /// What reads the space as far as the plan is concerned with it.
    pub(crate) fn observer<'a>(&'a self, plan: &Plan) -> Observer<'a> {
        Observer::new(&self.cf, &self.session, plan).telling(&tell)
    }

    /// The same for a verb: a way back sets nothing.
    pub(crate) fn observer_for<'a>(&'a self, plan: &Plan, verb: Verb) -> Observer<'a> {
        let observer = self.observer(plan);
        match verb {
            Verb::Apply | Verb::Resume => observer,
            Verb::Rollback => observer.without_settings(),
        }
    }

    /// The API by this cf.
    pub(crate) fn api(&self) -> Api<'_> {
        Api::new(&self.cf, &self.session)
    }

    /// What hides the secrets of the plan, of the environment and of the session.
    pub(crate) fn redactor(&self) -> &Redactor {
        self.session.home().redactor()
    }

    /// Hands new tokens back before a person is asked, who may answer with Ctrl-C.
    pub(crate) fn before_asking(&self) -> Result<(), CliError> {
        self.session.hand_back()?;
        Ok(())
    }

    /// Hands new tokens back in the midst of a run. What cannot be written now is tried again, and told, at the end.
    pub(crate) fn keep_logged_in(&self) {
        let _ = self.session.hand_back();
    }

    /// Hands new tokens back to the user's session. A failure is told; it is none of the command's.
    pub(crate) fn close(self, tell: &dyn Fn(&str)) {
        hand_back(self.session, tell);
    }
}

fn hand_back(session: Session, tell: &dyn Fn(&str)) {
    match session.close() {
        Ok(HandBack::Unchanged | HandBack::Written) => {}
        Ok(HandBack::UserChanged) => {
            tell("note: you have logged in or out meanwhile; your session is left as it is");
        }
        Err(error) => tell(&format!("note: {error}")),
    }
}

/// Hides the values of the plan's vars files and of variables that hold secrets, less what the plan shows itself.
fn hide_secrets(redactor: &Redactor, plan: &Plan) {
    let of_environment = env::vars_os().filter(|(name, _)| holds_a_secret(&name.to_string_lossy()));
    let of_environment = of_environment.flat_map(|(_, value)| with_its_parts(&value.to_string_lossy()));
    for secret in plan.secrets.iter().cloned().chain(of_environment) {
        if !plan.shows(&secret) {
            redactor.learn(&secret);
        }
    }
}

/// A secret and, where it is JSON, each text in it: cf 8.17 takes the credentials of several registries so, and prints
/// them one by one in the differences of the manifest.
fn with_its_parts(value: &str) -> Vec<Sensitive> {
    fn texts(value: &Value, found: &mut Vec<Sensitive>) {
        match value {
            Value::String(text) => found.push(Sensitive::new(text)),
            Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
            Value::Object(all) => all.values().for_each(|one| texts(one, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = vec![Sensitive::new(value)];
    if let Ok(json) = serde_json::from_str(value) {
        texts(&json, &mut found);
    }
    found
}

/// Whether a variable of this name holds a secret: those of cf, and whatever says so.
fn holds_a_secret(name: &str) -> bool {
    const WORDS: [&str; 6] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "CREDS"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word)) || name.ends_with("_KEY")
}

/// Starts what ends everything of ours should we be killed.
pub(crate) fn guard() -> Result<Arc<Guard>, CliError> {
    Guard::start().map_err(|source| CliError::Io { what: "no guard could be started", source })
}

/// A private directory for a cf.
pub(crate) fn private_home(guard: &Arc<Guard>) -> Result<PrivateHome, CliError> {
    PrivateHome::create(guard)
        .map_err(|source| CliError::Io { what: "no private directory could be made for cf", source })
}

/// What targets the plan's space.
fn target_command(plan: &Plan) -> String {
    shell::command(["cf", "target", "-o", plan.target.org.as_str(), "-s", plan.target.space.as_str()])
}

/// What logs in at the plan's API, and targets its space.
fn login_command(plan: &Plan) -> String {
    let target = &plan.target;
    let to = [target.api.as_str(), "-o", target.org.as_str(), "-s", target.space.as_str()];
    shell::command(["cf", "login", "-a"].into_iter().chain(to))
}

/// Refuses a target that is not the plan's.
pub(crate) fn check_target(plan: &Plan, api: &str, org: &str, space: &str) -> Result<(), CliError> {
    let wanted = &plan.target;
    let same_api = ApiUrl::parse(api).is_ok_and(|api| api == wanted.api);
    if same_api && wanted.org.as_str() == org && wanted.space.as_str() == space {
        return Ok(());
    }
    let hint = if same_api { target_command(plan) } else { login_command(plan) };
    Err(CliError::WrongTarget {
        wanted: format!("{} / {} / {}", wanted.api, wanted.org, wanted.space),
        targeted: format!("{api} / {org} / {space}"),
        hint,
    })
}

//! What a command needs that talks to a platform: a cf, a private session, a client for routes.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guard::Guard;

use crate::cf::config::ConfigError;
use crate::cf::session::{HandBack, PrivateHome, Session, SessionError, user_config};
use crate::cf::spawn::Cf;
use crate::cli::{CliError, Common};
use crate::plan::{ApiUrl, Plan};
use crate::run::api::Api;
use crate::run::reading::observe::Observer;
use crate::run::routes::http::{Client, RouterUrl};
use crate::secret::Redactor;
use crate::shell;
use crate::space::Verb;

use super::secrets::hide_secrets;
use super::terminal::tell;

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
        Self::at(&own_config()?, common.cf.as_deref(), common.router.as_ref(), plan, &guard()?)
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
        let home = private_home(&guard()?)?;
        let cf = Cf::discover(common.cf.as_deref(), &home)?;
        let session = Session::open(&own_config()?, home)?;
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

/// Where the user's own session is.
fn own_config() -> Result<PathBuf, SessionError> {
    user_config(env::var_os("CF_HOME").as_deref(), env::var_os("HOME").as_deref()).ok_or(SessionError::NoHome)
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

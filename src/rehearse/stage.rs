//! An embedded foundry that has what the plan needs: its organization and space, the domains of its routes, its
//! service instances; and a cf that is logged in there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use foundry::Foundry;
use foundry::images::Images;
use foundry::router::Propagation;
use foundry::settings::Settings;
use guard::Guard;

use crate::cf::session::PrivateHome;
use crate::cf::spawn::Cf;
use crate::plan::{self, ApiUrl, Lifecycle, Plan, RouteUrl};
use crate::run::routes::http::RouterUrl;
use crate::secret::Sensitive;

/// How long one of the calls that prepare the stage may take.
const CALL: Duration = Duration::from_secs(60);

/// How the routers of the stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Routing {
    /// How many there are.
    pub(crate) routers: usize,
    /// How long each takes to learn of a route change; `None` is as long as usual.
    pub(crate) delay: Option<Duration>,
}

/// A foundry made for one plan.
#[derive(Debug)]
pub(crate) struct Stage {
    foundry: Foundry,
    home: PrivateHome,
    config: PathBuf,
    router: RouterUrl,
}

impl Stage {
    /// Starts the foundry, logs cf in and creates the plan's service instances. Fails where that is not possible, with
    /// cf's words.
    pub(crate) fn set(plan: &Plan, cf: Option<&Path>, routing: Routing, guard: &Arc<Guard>) -> anyhow::Result<Self> {
        let mut settings = Settings {
            org: plan.target.org.to_string(),
            space: plan.target.space.to_string(),
            domains: domains(plan).into_iter().collect(),
            routers: routing.routers,
            images: Images { stand_in_for_others: true, ..Images::default() },
            ..Settings::default()
        };
        if let Some(delay) = routing.delay {
            settings.router.propagation = Propagation::both(delay);
        }
        let foundry = Foundry::start(settings)?;
        let home = PrivateHome::create(guard).context("no private directory could be made for cf")?;
        let config = home.path().join(".cf").join("config.json");
        let router = RouterUrl::parse(&foundry.router_url())?;
        let stage = Self { foundry, home, config, router };
        stage.log_in(plan, &Cf::discover(cf, &stage.home)?)?;
        Ok(stage)
    }

    fn log_in(&self, plan: &Plan, cf: &Cf) -> anyhow::Result<()> {
        let settings = self.foundry.settings();
        let with_password = cf.clone().with_secret("CF_PASSWORD", &Sensitive::new(&settings.password));
        run(cf, &["api", &self.foundry.api_url()])?;
        run(&with_password, &["auth", &settings.user])?;
        run(cf, &["target", "-o", &settings.org, "-s", &settings.space])?;
        // The platform of the plan may have them on or off: that is not what is rehearsed.
        let lifecycles: BTreeSet<_> = plan.apps.iter().filter_map(|app| app.manifest.app.lifecycle).collect();
        for lifecycle in lifecycles {
            match lifecycle {
                Lifecycle::Buildpack => {}
                Lifecycle::Docker => run(cf, &["enable-feature-flag", "diego_docker"])?,
                Lifecycle::Cnb => run(cf, &["enable-feature-flag", "diego_cnb"])?,
            }
        }
        for service in plan.apps.iter().flat_map(plan::App::all_services).collect::<BTreeSet<_>>() {
            run(cf, &["create-user-provided-service", service, "-p", r#"{"uri":"db://rehearsal"}"#])?;
        }
        Ok(())
    }

    /// The foundry.
    pub(crate) fn foundry(&self) -> &Foundry {
        &self.foundry
    }

    /// The URL for `cf api`.
    pub(crate) fn api(&self) -> String {
        self.foundry.api_url()
    }

    /// The address of the router.
    pub(crate) fn router(&self) -> RouterUrl {
        self.router.clone()
    }

    /// The names of all apps by their guids.
    pub(crate) fn app_names(&self) -> BTreeMap<String, String> {
        self.foundry.apps().into_iter().map(|app| (app.guid, app.name)).collect()
    }

    /// The configuration of the cf that is logged in.
    pub(crate) fn cf_config(&self) -> &Path {
        &self.config
    }

    /// The plan with the foundry as its target.
    pub(crate) fn retargeted(&self, mut plan: Plan) -> anyhow::Result<Plan> {
        plan.target.api = ApiUrl::parse(&self.foundry.api_url())?;
        Ok(plan)
    }
}

/// The domains that the routes of the plan need: everything behind the first label.
fn domains(plan: &Plan) -> BTreeSet<String> {
    let routes = plan.apps.iter().flat_map(plan::App::routes);
    routes.map(domain).collect()
}

fn domain(route: &RouteUrl) -> String {
    match route.fqdn().split_once('.') {
        Some((_, rest)) if rest.contains('.') => rest.to_owned(),
        Some(_) | None => route.fqdn().to_owned(),
    }
}

fn run(cf: &Cf, argv: &[&str]) -> anyhow::Result<()> {
    let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
    let output = cf.run(&argv, CALL, &mut |_, _| {})?;
    if !output.exit.is_success() {
        bail!("cf {} failed ({}): {}", argv[0], output.exit, crate::cf::parse::excerpt(&output));
    }
    Ok(())
}

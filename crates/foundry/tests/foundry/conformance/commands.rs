//! Which commands are judged, and what is asked of each.

use super::report::Spec;

/// A binary of specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suite {
    /// Specs that can share a platform with others.
    Isolated,
    /// Specs that change what all of a platform shares.
    Global,
}

impl Suite {
    pub(super) const ALL: [Self; 2] = [Self::Isolated, Self::Global];

    pub(super) fn binary(self) -> &'static str {
        match self {
            Self::Isolated => "isolated.test",
            Self::Global => "global.test",
        }
    }
}

/// What a command's specs find on their platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its parts and its apps have names, which its routers know as a proxy.
    Named,
    /// Its parts are known by their addresses: specs ask UAA themselves, without a proxy.
    Addressed,
}

/// A command, or a thing that all commands share.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) suite: Suite,
    /// The files of its specs.
    pub(super) files: &'static [&'static str],
    /// Whether each of its specs must pass.
    pub(super) whole: bool,
    /// Whether it is judged in every test run.
    pub(super) fast: bool,
    pub(super) stage: Stage,
}

impl Command {
    pub(super) fn of<'a>(&self, all: &'a [Spec]) -> impl Iterator<Item = &'a Spec> {
        all.iter().filter(|spec| self.files.contains(&spec.file.as_str()))
    }

    /// Its specs. Panics where a file has none.
    pub(super) fn specs(&self, all: &[Spec]) -> Vec<Spec> {
        for file in self.files {
            assert!(all.iter().any(|spec| spec.file == *file), "{file} has no spec");
        }
        self.of(all).cloned().collect()
    }

    const fn new(name: &'static str, files: &'static [&'static str]) -> Self {
        Self { name, suite: Suite::Isolated, files, whole: false, fast: false, stage: Stage::Named }
    }

    const fn global(self) -> Self {
        Self { suite: Suite::Global, ..self }
    }

    const fn addressed(self) -> Self {
        Self { stage: Stage::Addressed, ..self }
    }

    const fn fast(self) -> Self {
        Self { fast: true, ..self }
    }

    const fn whole(self) -> Self {
        Self { whole: true, ..self }
    }
}

pub(super) const COMMANDS: &[Command] = &[
    Command::new("api", &["api_command_test.go"]).fast(),
    Command::new("auth", &["auth_command_test.go"]).addressed().fast(),
    Command::new("login", &["login_command_test.go"]).fast(),
    Command::new("logout", &["logout_command_test.go"]).fast(),
    Command::new("target", &["target_command_test.go"]).whole().fast(),
    Command::new("orgs", &["orgs_command_test.go"]).fast(),
    Command::new("spaces", &["spaces_command_test.go"]).fast(),
    Command::new("create-org", &["create_org_command_test.go"]).fast(),
    Command::new("delete-org", &["delete_org_command_test.go"]).fast(),
    Command::new("create-space", &["create_space_command_test.go"]).fast(),
    Command::new("delete-space", &["delete_space_command_test.go"]).fast(),
    Command::new("domains", &["domains_command_test.go"]).fast(),
    Command::new("apps", &["apps_command_test.go"]).whole().fast(),
    Command::new("app", &["app_command_test.go"]).whole(),
    Command::new("create-app", &["create_app_command_test.go"]).whole().fast(),
    Command::new("delete", &["delete_command_test.go"]).whole().fast(),
    Command::new("rename", &["rename_command_test.go"]).whole().fast(),
    Command::new("start", &["start_command_test.go"]).whole(),
    Command::new("stop", &["stop_command_test.go"]).whole(),
    Command::new("restart", &["restart_command_test.go"]),
    Command::new("restage", &["restage_command_test.go"]),
    Command::new("scale", &["scale_command_test.go"]),
    Command::new("env", &["env_command_test.go"]).global().whole().fast(),
    Command::new("set-env", &["set_env_command_test.go"]).whole().fast(),
    Command::new("unset-env", &["unset_env_command_test.go"]).whole().fast(),
    Command::new("create-app-manifest", &["create_app_manifest_command_test.go"]).fast(),
    Command::new("apply-manifest", &["apply_manifest_command_test.go"]),
    Command::new("map-route", &["map_route_command_test.go"]).whole(),
    Command::new("unmap-route", &["unmap_route_command_test.go"]).whole(),
    Command::new("create-route", &["create_route_command_test.go"]).whole().fast(),
    Command::new("check-route", &["check_route_command_test.go"]).whole().fast(),
    Command::new("route", &["route_command_test.go"]).whole().fast(),
    Command::new("routes", &["routes_command_test.go"]).whole().fast(),
    Command::new("delete-route", &["delete_route_command_test.go"]).whole().fast(),
    Command::new("delete-orphaned-routes", &["delete_orphaned_routes_command_test.go"]).fast(),
    Command::new("bind-service", &["bind_service_command_test.go"]).whole(),
    Command::new("unbind-service", &["unbind_service_command_test.go"]).whole(),
    Command::new("services", &["services_command_test.go"]),
    Command::new("service", &["service_command_test.go"]),
    Command::new("create-user-provided-service", &["create_user_provided_service_command_test.go"]).fast(),
    Command::new("run-task", &["run_task_command_test.go"]).whole(),
    Command::new("task", &["task_command_test.go"]).whole(),
    Command::new("tasks", &["tasks_command_test.go"]).whole(),
    Command::new("terminate-task", &["terminate_task_command_test.go"]),
    Command::new("logs", &["logs_command_test.go"]),
    Command::new("events", &["events_command_test.go"]).fast(),
    Command::new("curl", &["curl_command_test.go"]).whole().fast(),
    Command::new("labels", &["labels_command_test.go"]).whole(),
    Command::new("set-label", &["set_label_command_test.go"]),
    Command::new("unset-label", &["unset_label_command_test.go"]),
    Command::new("set-health-check", &["set_health_check_command_test.go"]),
    Command::new("get-health-check", &["get_health_check_command_test.go"]).fast(),
    Command::new("get-readiness-health-check", &["get_readiness_health_check_command_test.go"]).fast(),
    Command::new("droplets", &["droplets_command_test.go"]),
    Command::new("set-droplet", &["set_droplet_command_test.go"]).whole(),
    Command::new("download-droplet", &["download_droplet_command_test.go"]),
    Command::new("packages", &["packages_command_test.go"]).fast(),
    Command::new("create-package", &["create_package_command_test.go", "create_package_cfignore_test.go"]),
    Command::new("stage-package", &["stage_package_command_test.go"]).whole(),
    Command::new("revisions", &["revisions_command_test.go"]),
    Command::new("rollback", &["rollback_command_test.go"]),
    Command::new("continue-deployment", &["continue_deployment_test.go"]).whole(),
    Command::new("cancel-deployment", &["cancel_deployment_test.go"]).whole(),
    Command::new("network-policies", &["network_policies_command_test.go"]),
    Command::new("add-network-policy", &["add_network_policy_command_test.go"]),
    Command::new("remove-network-policy", &["remove_network_policy_command_test.go"]),
    Command::new("org-quota", &["org_quota_command_test.go"]).global().fast(),
    Command::new("org-quotas", &["org_quotas_command_test.go"]).global().fast(),
    Command::new("create-org-quota", &["create_org_quota_command_test.go"]).fast(),
    Command::new("set-org-quota", &["set_org_quota_command_test.go"]).fast(),
    Command::new("update-org-quota", &["update_org_quota_command_test.go"]).fast(),
    Command::new("delete-org-quota", &["delete_org_quota_command_test.go"]).fast(),
    Command::new("space-quota", &["space_quota_command_test.go"]).fast(),
    Command::new("space-quotas", &["space_quotas_command_test.go"]).fast(),
    Command::new("create-space-quota", &["create_space_quota_command_test.go"]).fast(),
    Command::new("set-space-quota", &["set_space_quota_command_test.go"]).fast(),
    Command::new("unset-space-quota", &["unset_space_quota_command_test.go"]).fast(),
    Command::new("update-space-quota", &["update_space_quota_command_test.go"]).fast(),
    Command::new("delete-space-quota", &["delete_space_quota_command_test.go"]).fast(),
    Command::new("feature-flag", &["feature_flag_command_test.go"]).fast(),
    Command::new("feature-flags", &["feature_flags_command_test.go"]).fast(),
    Command::new("enable-feature-flag", &["enable_feature_flag_command_test.go"]).global().fast(),
    Command::new("disable-feature-flag", &["disable_feature_flag_command_test.go"]).global().fast(),
    Command::new("config", &["config_command_test.go", "config_test.go"]).fast(),
    Command::new("token-refresh", &["token_refresh_test.go"]).fast(),
    Command::new("verbose-flag", &["verbose_flag_test.go"]),
    Command::new("extra-arguments", &["error_on_extra_arguments_test.go"]).fast(),
];

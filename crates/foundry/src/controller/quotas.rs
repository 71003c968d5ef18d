//! What quotas have in common: their messages, what is used, and the enforcement.
//!
//! The checks look at the state *after* a change: a handler makes the change inside its transaction, calls the check,
//! and an error rolls the change back. A change that asks for nothing more needs no check, so that a space that is
//! over its quota can still be made smaller, as on a real foundation.

use serde_json::{Value, json};

use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult};
use crate::state::quota::QuotaLimits;
use crate::state::{Guid, ServiceInstanceKind, Space, State, Task, TaskState};

/// What is used of a quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Instances of started processes.
    pub started_instances: u64,
    /// Memory of started processes, and of tasks that run or are about to, in MB. (`memory_used`)
    pub memory_in_mb: u64,
    /// Those tasks. (`running_and_pending_tasks_count`)
    pub tasks: u64,
    /// Routes.
    pub routes: u64,
    /// Routes with a port. (`SpaceReservedRoutePorts`: those of domains with a router group.)
    pub reserved_ports: u64,
    /// Managed service instances.
    pub service_instances: u64,
    /// Private domains of the organization.
    pub domains: u64,
    /// Service keys.
    pub service_keys: u64,
}

impl Usage {
    /// What an organization uses.
    pub(crate) fn of_org(db: &State, org: &Guid) -> Self {
        Self::of(db, org, |space| db.spaces.get(space).is_some_and(|space| space.org == *org))
    }

    /// What a space uses.
    pub(crate) fn of_space(db: &State, space: &Guid) -> Self {
        let nowhere = Guid::from("");
        let org = db.spaces.get(space).map_or(&nowhere, |space| &space.org);
        Self::of(db, org, |other| other == space)
    }

    fn of(db: &State, org: &Guid, within: impl Fn(&Guid) -> bool) -> Self {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let managed = |guid: &Guid| {
            db.service_instances.get(guid).is_some_and(|instance| {
                matches!(instance.kind, ServiceInstanceKind::Managed { .. }) && within(&instance.space)
            })
        };
        let processes_memory: u64 =
            db.started_processes(&within).map(|process| u64::from(process.instances) * process.memory_in_mb).sum();
        let runs_within = |task: &&Task| {
            matches!(task.state, TaskState::Pending | TaskState::Running)
                && db.apps.get(&task.app).is_some_and(|app| within(&app.space))
        };
        let tasks_memory: u64 = db.tasks.values().filter(runs_within).map(|task| task.memory_in_mb).sum();
        Self {
            started_instances: db.started_processes(&within).map(|process| u64::from(process.instances)).sum(),
            memory_in_mb: processes_memory + tasks_memory,
            tasks: count(db.tasks.values().filter(runs_within).count()),
            routes: count(db.routes.values().filter(|route| within(&route.space)).count()),
            reserved_ports: count(
                db.routes
                    .values()
                    .filter(|route| within(&route.space))
                    .filter(|route| db.domains.get(&route.domain).is_some_and(|domain| domain.router_group.is_some()))
                    .count(),
            ),
            service_instances: count(db.service_instances.keys().filter(|guid| managed(guid)).count()),
            domains: count(db.domains.values().filter(|domain| domain.org.as_ref() == Some(org)).count()),
            service_keys: count(
                db.service_bindings
                    .values()
                    .filter(|binding| binding.app.is_none() && managed(&binding.instance))
                    .count(),
            ),
        }
    }

    /// The usage as the API shows it.
    pub(crate) fn present(&self) -> Value {
        json!({
            "started_instances": self.started_instances,
            "memory_in_mb": self.memory_in_mb,
            "routes": self.routes,
            "service_instances": self.service_instances,
            "reserved_ports": self.reserved_ports,
            "domains": self.domains,
            "per_app_tasks": 0,
            "service_keys": self.service_keys,
        })
    }
}

/// The disk that one instance may have at most, in MB, whatever the quota.
/// (`cloud_controller_ng`: `config/cloud_controller.yml`: `maximum_app_disk_in_mb`.)
const MAXIMUM_DISK_IN_MB: u64 = 2048;

/// Fails where an instance asks for more disk than any may have, also while its app is stopped.
/// (`MaxDiskQuotaPolicy`, the first of the policies.)
pub(crate) fn check_disk(disk_in_mb: u64) -> ApiResult<()> {
    if disk_in_mb > MAXIMUM_DISK_IN_MB {
        return Err(ApiError::unprocessable(format!(
            "disk_quota too much disk requested (requested {disk_in_mb} MB - must be less than {MAXIMUM_DISK_IN_MB} MB)"
        )));
    }
    Ok(())
}

fn over(used: u64, limit: Option<u64>) -> bool {
    limit.is_some_and(|limit| used > limit)
}

fn limits<'a>(db: &'a State, space: &Guid) -> Option<(&'a Space, &'a QuotaLimits, Option<&'a QuotaLimits>)> {
    let space = db.spaces.get(space)?;
    let org = &db.org_quotas.get(&db.orgs.get(&space.org)?.quota)?.limits;
    let own = space.quota.as_ref().and_then(|quota| db.space_quotas.get(quota)).map(|quota| &quota.limits);
    Some((space, org, own))
}

/// What is wrong when a started process of an app grows or an app is started: memory, memory of an instance, number of
/// instances, of the space and of the organization, in the Cloud Controller's order and words, which it joins with
/// commas. (`ProcessModel#validation_policies`; an app is checked process by process, the first that fails counts.)
pub(crate) fn check_app(db: &State, app: &Guid) -> ApiResult<()> {
    let Some(space) = db.apps.get(app).map(|app| app.space.clone()) else { return Ok(()) };
    for process in db.started_processes(|_| true).filter(|process| process.app == *app) {
        let problems = process_problems(db, &space, process.memory_in_mb);
        if !problems.is_empty() {
            return Err(ApiError::unprocessable(problems.join(", ")));
        }
    }
    Ok(())
}

fn process_problems(db: &State, space: &Guid, memory: u64) -> Vec<&'static str> {
    let Some((space, org, own)) = limits(db, space) else { return Vec::new() };
    let in_org = Usage::of_org(db, &space.org);
    let in_space = Usage::of_space(db, &space.guid);
    let own_or = |limit: fn(&QuotaLimits) -> Option<u64>| own.and_then(limit);
    let checks = [
        (over(in_space.memory_in_mb, own_or(|own| own.total_memory_in_mb)), "memory space_quota_exceeded"),
        (over(in_org.memory_in_mb, org.total_memory_in_mb), "memory quota_exceeded"),
        (over(memory, org.per_process_memory_in_mb), "memory instance_memory_limit_exceeded"),
        (over(memory, own_or(|own| own.per_process_memory_in_mb)), "memory space_instance_memory_limit_exceeded"),
        (over(in_org.started_instances, org.total_instances), "app_instance_limit app_instance_limit_exceeded"),
        (
            over(in_space.started_instances, own_or(|own| own.total_instances)),
            "app_instance_limit space_app_instance_limit_exceeded",
        ),
    ];
    checks.into_iter().filter(|(exceeded, _)| *exceeded).map(|(_, problem)| problem).collect()
}

/// What is wrong when a task that needs so much memory is run: the words are those of the Cloud Controller's tasks.
pub(crate) fn check_task(db: &State, space: &Guid, memory: u64) -> ApiResult<()> {
    let Some((space, org, own)) = limits(db, space) else { return Ok(()) };
    let own_or = |limit: fn(&QuotaLimits) -> Option<u64>| own.and_then(limit);
    let (used_in_org, used_in_space) = (Usage::of_org(db, &space.org), Usage::of_space(db, &space.guid));
    let (in_org, in_space) = (used_in_org.memory_in_mb + memory, used_in_space.memory_in_mb + memory);
    // (`MaxAppTasksPolicy`: whatever the limit is called, all tasks of the organization, or of the space, count.)
    let too_many = "app_task_limit quota exceeded";
    let checks = [
        (over(in_org, org.total_memory_in_mb), "memory_in_mb exceeds organization memory quota"),
        (over(memory, org.per_process_memory_in_mb), "memory_in_mb exceeds organization instance memory quota"),
        (over(used_in_org.tasks + 1, org.per_app_tasks), too_many),
        (over(in_space, own_or(|own| own.total_memory_in_mb)), "memory_in_mb exceeds space memory quota"),
        (over(memory, own_or(|own| own.per_process_memory_in_mb)), "memory_in_mb exceeds space instance memory quota"),
        (over(used_in_space.tasks + 1, own_or(|own| own.per_app_tasks)), too_many),
    ];
    let problems: Vec<_> = checks.into_iter().filter(|(exceeded, _)| *exceeded).map(|(_, problem)| problem).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(ApiError::unprocessable(problems.join(", ")))
}

/// Fails when one more route, with a port or without, would be too many, for the space or its organization.
/// (`RouteCreate#validation_error_quota!`)
pub(crate) fn check_one_more_route(db: &State, space: &Guid, with_port: bool) -> ApiResult<()> {
    let Some((space, org, own)) = limits(db, space) else { return Ok(()) };
    let holders = [
        (own, Usage::of_space(db, &space.guid), "space", space.name.as_str()),
        (
            Some(org),
            Usage::of_org(db, &space.org),
            "organization",
            db.orgs.get(&space.org).map_or("", |org| org.name.as_str()),
        ),
    ];
    for (limits, used, what, name) in holders {
        let Some(limits) = limits else { continue };
        if over(used.routes + 1, limits.total_routes) {
            return Err(ApiError::unprocessable(format!("Routes quota exceeded for {what} '{name}'.")));
        }
        // (`MaxReservedRoutePortsPolicy`: where there is no limit of ports, that of routes counts.)
        if with_port && over(used.reserved_ports + 1, limits.total_reserved_ports.or(limits.total_routes)) {
            return Err(ApiError::unprocessable(format!("Reserved route ports quota exceeded for {what} '{name}'.")));
        }
    }
    Ok(())
}

/// Fails when one more managed service instance would be too many, or its plan costs something and must not.
pub(crate) fn check_one_more_service(db: &State, space: &Guid, free: bool) -> ApiResult<()> {
    let Some((space, org, own)) = limits(db, space) else { return Ok(()) };
    if !free && !org.paid_services_allowed {
        return Err(ApiError::unprocessable(
            "The service instance cannot be created because paid service plans are not allowed.",
        ));
    }
    if !free && own.is_some_and(|own| !own.paid_services_allowed) {
        return Err(ApiError::unprocessable(
            "The service instance cannot be created because paid service plans are not allowed for your space.",
        ));
    }
    if over(Usage::of_space(db, &space.guid).service_instances + 1, own.and_then(|own| own.total_service_instances)) {
        return Err(ApiError::unprocessable("You have exceeded your space's services limit."));
    }
    if over(Usage::of_org(db, &space.org).service_instances + 1, org.total_service_instances) {
        return Err(ApiError::unprocessable("You have exceeded your organization's services limit."));
    }
    Ok(())
}

/// Reads `apps`, `services`, `routes` and `domains` of a quota's message into its limits.
pub(super) fn read_limits(body: &mut Message, limits: &mut QuotaLimits) {
    let sections: [(&str, &[Limit]); 4] = [
        (
            "apps",
            &[
                ("total_memory_in_mb", |limits| &mut limits.total_memory_in_mb),
                ("per_process_memory_in_mb", |limits| &mut limits.per_process_memory_in_mb),
                ("total_instances", |limits| &mut limits.total_instances),
                ("per_app_tasks", |limits| &mut limits.per_app_tasks),
                ("log_rate_limit_in_bytes_per_second", |limits| &mut limits.log_rate_limit_in_bytes_per_second),
            ],
        ),
        (
            "services",
            &[
                ("total_service_instances", |limits| &mut limits.total_service_instances),
                ("total_service_keys", |limits| &mut limits.total_service_keys),
            ],
        ),
        (
            "routes",
            &[
                ("total_routes", |limits| &mut limits.total_routes),
                ("total_reserved_ports", |limits| &mut limits.total_reserved_ports),
            ],
        ),
        ("domains", &[("total_domains", |limits| &mut limits.total_domains)]),
    ];
    for (section, known) in sections {
        let Field::Is(fields) = body.object(section) else { continue };
        let title = crate::controller::body::humanize(section);
        let mut fields = fields;
        if section == "services"
            && let Some(allowed) = fields.shift_remove("paid_services_allowed")
        {
            match allowed.as_bool() {
                Some(allowed) => limits.paid_services_allowed = allowed,
                None if allowed.is_null() => {}
                None => body.problem(format!("{title} Paid services allowed must be a boolean")),
            }
        }
        for (key, value) in fields {
            let Some((_, field)) = known.iter().find(|(name, _)| *name == key) else {
                body.problem(format!("{title} Unknown field(s): '{key}'"));
                continue;
            };
            let name = crate::controller::body::humanize(&key);
            match (&value, value.as_u64(), value.as_i64()) {
                (Value::Null, ..) => *field(limits) = None,
                (_, Some(limit), _) => *field(limits) = Some(limit),
                (_, None, Some(_)) => body.problem(format!("{title} {name} must be greater than or equal to 0")),
                (_, None, None) => body.problem(format!("{title} {name} is not a number")),
            }
        }
    }
}

/// The name of a limit and where it stands.
type Limit = (&'static str, fn(&mut QuotaLimits) -> &mut Option<u64>);

/// The sections of a quota as the API shows them, without `domains`, which an organization's has only.
pub(super) fn present_limits(limits: &QuotaLimits) -> Value {
    json!({
        "apps": {
            "total_memory_in_mb": limits.total_memory_in_mb,
            "per_process_memory_in_mb": limits.per_process_memory_in_mb,
            "total_instances": limits.total_instances,
            "per_app_tasks": limits.per_app_tasks,
            "log_rate_limit_in_bytes_per_second": limits.log_rate_limit_in_bytes_per_second,
        },
        "services": {
            "paid_services_allowed": limits.paid_services_allowed,
            "total_service_instances": limits.total_service_instances,
            "total_service_keys": limits.total_service_keys,
        },
        "routes": {
            "total_routes": limits.total_routes,
            "total_reserved_ports": limits.total_reserved_ports,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Limits, Settings};
    use crate::state::SpaceQuota;

    /// A foundry's first state with these limits of its organization, and of its space where there are some.
    fn state(org: Limits, space: Option<Limits>) -> (State, Guid) {
        let mut db = State::initial(&Settings { quota: org, ..Settings::default() });
        let guid = db.spaces.keys().next().unwrap().clone();
        if let Some(limits) = space {
            let now = jiff::Timestamp::now();
            let org = db.spaces[&guid].org.clone();
            let quota = SpaceQuota {
                guid: Guid::random(),
                name: "small".to_owned(),
                org,
                limits: limits.into(),
                created_at: now,
                updated_at: now,
            };
            db.spaces[&guid].quota = Some(quota.guid.clone());
            db.space_quotas.insert(quota.guid.clone(), quota);
        }
        (db, guid)
    }

    const NONE: Limits = Limits {
        total_memory_in_mb: None,
        per_process_memory_in_mb: None,
        total_instances: None,
        total_routes: None,
        total_reserved_ports: None,
        total_service_instances: None,
    };

    fn detail(result: ApiResult<()>) -> String {
        result.map_or_else(|error| error.problems[0].detail.clone(), |()| "ok".to_owned())
    }

    #[test]
    fn a_task_counts_against_both_quotas() {
        let memory = |most| Limits { total_memory_in_mb: Some(most), ..NONE };
        let each = |most| Limits { per_process_memory_in_mb: Some(most), ..NONE };
        let cases = [
            (NONE, None, "ok"),
            (memory(256), None, "ok"),
            (memory(255), None, "memory_in_mb exceeds organization memory quota"),
            (each(255), None, "memory_in_mb exceeds organization instance memory quota"),
            (NONE, Some(memory(255)), "memory_in_mb exceeds space memory quota"),
            (NONE, Some(each(255)), "memory_in_mb exceeds space instance memory quota"),
        ];
        for (org, space, expected) in cases {
            let (db, guid) = state(org, space);
            assert_eq!(detail(check_task(&db, &guid, 256)), expected, "{org:?} {space:?}");
        }
    }

    /// A task of that state and 256 MB.
    fn run_task(db: &mut State, space: &Guid, state: TaskState) {
        use crate::state::Metadata;
        let now = jiff::Timestamp::now();
        let app = crate::state::App::new("shop", space);
        let task = Task {
            guid: Guid::random(),
            app: app.guid.clone(),
            sequence_id: 1,
            name: "task".to_owned(),
            command: "true".to_owned(),
            state,
            failure: None,
            memory_in_mb: 256,
            disk_in_mb: 64,
            log_rate_limit: -1,
            droplet: Guid::random(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        };
        db.apps.insert(app.guid.clone(), app);
        db.tasks.insert(task.guid.clone(), task);
    }

    #[test]
    fn tasks_that_run_or_are_about_to_are_counted() {
        let cases = [
            (TaskState::Pending, 256, "app_task_limit quota exceeded"),
            (TaskState::Running, 256, "app_task_limit quota exceeded"),
            (TaskState::Canceling, 0, "ok"),
            (TaskState::Succeeded, 0, "ok"),
            (TaskState::Failed, 0, "ok"),
        ];
        for (state_of_task, memory, expected) in cases {
            let (mut db, guid) = state(NONE, None);
            for quota in db.org_quotas.values_mut() {
                quota.limits.per_app_tasks = Some(1);
            }
            run_task(&mut db, &guid, state_of_task);
            assert_eq!(Usage::of_space(&db, &guid).memory_in_mb, memory, "{state_of_task:?}");
            assert_eq!(detail(check_task(&db, &guid, 1)), expected, "{state_of_task:?}");
        }
    }

    #[test]
    fn the_last_route_that_fits_is_good() {
        let routes = |most| Limits { total_routes: Some(most), ..NONE };
        let ports = |most| Limits { total_reserved_ports: Some(most), ..NONE };
        let cases = [
            (routes(1), None, false, "ok"),
            (routes(0), None, false, "Routes quota exceeded for organization 'acme'."),
            (routes(1), Some(routes(0)), false, "Routes quota exceeded for space 'production'."),
            (routes(0), Some(routes(0)), false, "Routes quota exceeded for space 'production'."),
            (ports(1), None, true, "ok"),
            (ports(0), None, false, "ok"),
            (ports(0), None, true, "Reserved route ports quota exceeded for organization 'acme'."),
            (ports(1), Some(ports(0)), true, "Reserved route ports quota exceeded for space 'production'."),
            (ports(0), Some(routes(0)), true, "Routes quota exceeded for space 'production'."),
        ];
        for (org, space, with_port, expected) in cases {
            let (db, guid) = state(org, space);
            assert_eq!(detail(check_one_more_route(&db, &guid, with_port)), expected, "{org:?} {space:?}");
        }
    }
}

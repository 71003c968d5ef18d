//! One operation on an instance or on a binding of a broker over http, from the request to the broker's last word.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::client::{Answer, Client, Reached};
use super::{client_of, origin};
use crate::controller::auth::Who;
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::jobs::{self, Task};
use crate::controller::{broker, service_credential_bindings};
use crate::platform::Platform;
use crate::state::{Guid, Operation, ServiceBinding, ServiceInstance, State};

/// How often a broker is asked how far it is, unless it asks for more patience. (CC:
/// `broker_client_default_async_poll_interval_seconds`, 60 s: that nobody waits for here, but cf, which looks at a job
/// every 3 s, must be able to see that it goes on.)
const POLL: Duration = Duration::from_secs(5);

/// How long an operation may take where its plan says nothing. (CC: `broker_client_max_async_poll_duration_minutes`.)
const LONGEST: Duration = Duration::from_secs(10_080 * 60);

/// An instance or a binding of a broker over http, as the broker has it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    client: Client,
    path: String,
    /// The ids of the service and of the plan in the broker's catalog.
    pub(super) ids: [String; 2],
    longest: Duration,
}

impl Held {
    /// An instance, or one of its bindings; `None` where its broker is not reached over http.
    pub(super) fn find(
        cf: &Platform,
        db: &State,
        who: &Who,
        instance: &ServiceInstance,
        binding: Option<&Guid>,
    ) -> ApiResult<Option<Self>> {
        let Some((offering, plan, broker)) = origin(db, instance) else { return Ok(None) };
        let Some(client) = client_of(cf, db, who, broker)? else { return Ok(None) };
        let mut path = format!("/v2/service_instances/{}", instance.guid);
        if let Some(binding) = binding {
            path = format!("{path}/service_bindings/{binding}");
        }
        let longest =
            plan.maximum_polling_duration.map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST));
        Ok(Some(Self { client, path, ids: [offering.catalog_id.clone(), plan.catalog_id.clone()], longest }))
    }

    /// Reads it.
    pub(super) async fn fetch(&self) -> ApiResult<Map<String, Value>> {
        self.client.fetch(&self.path).await
    }

    /// The parameters that it was made with, as the broker tells them.
    pub(super) async fn parameters(&self) -> ApiResult<Value> {
        Ok(self.fetch().await?.remove("parameters").unwrap_or_else(|| json!({})))
    }
}

/// What an operation is on.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    Instance(Guid),
    Binding(Guid),
}

impl Subject {
    fn gone(&self) -> ApiError {
        let detail = match self {
            Self::Instance(guid) => format!("The service instance could not be found: {guid}."),
            Self::Binding(guid) => format!("The binding could not be found: {guid}"),
        };
        ApiError::new(table::RESOURCE_NOT_FOUND, detail)
    }

    /// The instance, and the binding where it is one.
    fn read<'a>(&self, db: &'a State) -> Option<(&'a ServiceInstance, Option<&'a ServiceBinding>)> {
        match self {
            Self::Instance(guid) => Some((db.service_instances.get(guid)?, None)),
            Self::Binding(guid) => {
                let binding = db.service_bindings.get(guid)?;
                Some((db.service_instances.get(&binding.instance)?, Some(binding)))
            }
        }
    }

    /// What was done to it last.
    fn operation<'a>(&self, db: &'a State) -> Option<&'a Operation> {
        let (instance, binding) = self.read(db)?;
        binding.map(|binding| &binding.last_operation).or(instance.last_operation.as_ref())
    }

    fn set_operation(&self, db: &mut State, operation: Operation) {
        match self {
            Self::Instance(guid) => {
                if let Some(instance) = db.service_instances.get_mut(guid) {
                    instance.last_operation = Some(operation);
                    instance.updated_at = Timestamp::now();
                }
            }
            Self::Binding(guid) => {
                if let Some(binding) = db.service_bindings.get_mut(guid) {
                    binding.last_operation = operation;
                    binding.updated_at = Timestamp::now();
                }
            }
        }
    }
}

/// An operation.
pub(super) struct Work {
    task: Arc<Task>,
    who: Who,
    subject: Subject,
    /// `create` or `delete`.
    kind: &'static str,
    pub(super) instance: ServiceInstance,
    pub(super) binding: Option<ServiceBinding>,
    pub(super) held: Held,
}

impl Work {
    /// Begins an operation. Fails where its subject is gone.
    pub(super) fn on(
        cf: &Platform,
        task: &Arc<Task>,
        who: &Who,
        subject: Subject,
        kind: &'static str,
    ) -> ApiResult<Self> {
        cf.store.read(|db| {
            let (instance, binding) = subject.read(db).ok_or_else(|| subject.gone())?;
            let held = Held::find(cf, db, who, instance, binding.map(|binding| &binding.guid))?;
            Ok(Self {
                task: Arc::clone(task),
                who: who.clone(),
                kind,
                instance: instance.clone(),
                binding: binding.cloned(),
                held: held.ok_or_else(|| subject.gone())?,
                subject,
            })
        })
    }

    /// Changes the state. Fails where the subject is gone, or where something else is done to it by now.
    pub(super) fn write(&self, change: impl FnOnce(&mut State)) -> ApiResult<()> {
        self.task.write(|db| {
            self.subject.read(db).ok_or_else(|| self.subject.gone())?;
            let present = self.subject.operation(db);
            if let Some(other) = present.filter(|present| present.in_progress() && present.kind != self.kind)
                // A creation can be overtaken by a deletion, and by nothing else.
                && self.kind == "create"
            {
                return Err(unable(self.kind, &format!("{} in progress", other.kind)));
            }
            change(db);
            Ok(())
        })
    }

    fn reached(&self, state: &str, description: &str) -> ApiResult<()> {
        self.write(|db| {
            let mut operation = Operation::now(self.kind, state, description);
            if let Some(begun) =
                self.subject.operation(db).filter(|begun| begun.kind == self.kind && begun.in_progress())
            {
                operation.created_at = begun.created_at;
            }
            self.subject.set_operation(db, operation);
        })
    }

    fn note(&self, done: &str) -> ApiResult<()> {
        self.task.write(|db| {
            match &self.binding {
                None => broker::note(db, &self.who, &self.instance, done, json!({})),
                Some(binding) => {
                    service_credential_bindings::note(db, &self.who.actor(), binding, done, json!({}));
                }
            }
            Ok(())
        })
    }

    /// Asks the broker to make the subject. What it may have made although it failed is removed.
    /// (OSB API 2.15: "Orphan Mitigation".)
    pub(super) async fn make(&self, body: &Value) -> ApiResult<Answer> {
        let made = self.held.client.make(&self.held.path, body).await;
        let unclear =
            ["CF-ServiceBrokerBadResponse", "CF-ServiceBrokerResponseMalformed", "CF-ServiceBrokerApiTimeout"];
        if let Err(error) = &made
            && error.problems.iter().any(|problem| unclear.contains(&problem.title.as_str()))
        {
            self.tidy().await;
        }
        made
    }

    /// Removes what was made in vain.
    pub(super) async fn tidy(&self) {
        // The user hears of the error before.
        let _tidied = self.held.client.remove(&self.held.path, &self.held.ids).await;
    }

    /// Has the broker remove the subject; `failing` is said before what the broker says.
    pub(super) async fn remove(&self, failing: &str) -> ApiResult<()> {
        let answer = self.held.client.remove(&self.held.path, &self.held.ids).await.map_err(|mut error| {
            for problem in &mut error.problems {
                problem.detail = format!("{failing}: {}", problem.detail);
            }
            error
        });
        match answer? {
            Answer::Done(_) => Ok(()),
            Answer::Later(_, operation) => self.follow(operation).await.map(|_| ()),
        }
    }

    /// Follows what the broker has begun until it has succeeded, and returns its last word.
    pub(super) async fn follow(&self, operation: Option<String>) -> ApiResult<Option<String>> {
        self.reached("in progress", "")?;
        self.note(&format!("start_{}", self.kind))?;
        self.task.polls()?;
        tokio::time::timeout(self.held.longest, self.poll(operation.as_deref()))
            .await
            .map_err(|_| ApiError::new(table::JOB_TIMEOUT, "The job execution has timed out."))?
    }

    async fn poll(&self, operation: Option<&str>) -> ApiResult<Option<String>> {
        let removes = self.kind == "delete";
        loop {
            let mut pause = POLL;
            // What goes wrong with asking says nothing of the operation.
            if let Ok(progress) = self.held.client.progress(&self.held.path, &self.held.ids, operation).await {
                match progress.state {
                    Reached::Succeeded => return Ok(progress.description),
                    Reached::Gone if removes => return Ok(progress.description),
                    Reached::Failed => return Err(unable(self.kind, &progress.description.unwrap_or_default())),
                    Reached::InProgress | Reached::Gone => {
                        self.reached("in progress", &progress.description.unwrap_or_default())?;
                    }
                }
                pause = pause.max(Duration::from_secs(progress.retry_after.unwrap_or_default()));
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Notes that the subject is there.
    pub(super) fn made(&self, description: Option<String>) -> ApiResult<()> {
        self.reached("succeeded", &description.unwrap_or_default())?;
        self.note("create")
    }

    /// Notes a failure with the subject, and turns it into that of the job.
    pub(super) fn failed(&self, verb: &str, error: ApiError) -> ApiError {
        let of_job = error.problems.iter().any(|problem| {
            [table::UNABLE_TO_PERFORM, table::JOB_TIMEOUT].iter().any(|(code, ..)| *code == problem.code)
        });
        let told = error.details();
        let told = told.strip_prefix(&format!("{} could not be completed: ", self.kind)).unwrap_or(&told);
        match self.reached("failed", told) {
            Ok(()) if of_job => error,
            Ok(()) => unable(verb, told),
            Err(overtaken) => overtaken,
        }
    }
}

/// Does work on a resource as a job. The answer is the 202.
pub(super) async fn job<W: Future<Output = ApiResult<()>> + Send + 'static>(
    cf: &Arc<Platform>,
    operation: &str,
    resource: (&str, String),
    work: impl FnOnce(Arc<Task>) -> W,
) -> Response {
    jobs::spawn(cf, operation, Some(resource), |task| {
        let work = work(Arc::new(task));
        async move { work.await.map(|()| Vec::new()) }
    })
    .await
}

fn unable(verb: &str, why: &str) -> ApiError {
    ApiError::new(table::UNABLE_TO_PERFORM, format!("{verb} could not be completed: {why}"))
}

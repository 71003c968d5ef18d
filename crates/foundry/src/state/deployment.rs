//! Deployments: a new version comes instance by instance.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Metadata, resource};

/// How far a deployment is. (`cloud_controller_ng`: `deployment_model.rb`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum DeploymentState {
    Deploying,
    Prepaused,
    Paused,
    Deployed,
    Canceling,
    Canceled,
}

impl DeploymentState {
    /// Whether it is not over.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Deploying | Self::Prepaused | Self::Paused | Self::Canceling)
    }

    /// Whether it goes forward.
    pub(crate) fn is_progressing(self) -> bool {
        matches!(self, Self::Deploying | Self::Prepaused | Self::Paused)
    }
}

/// How instances are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strategy {
    /// One after the other.
    Rolling,
    /// Some first; then a person says whether it goes on.
    Canary,
}

impl Strategy {
    /// The API's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::Canary => "canary",
        }
    }
}

/// Changes to the web process that come with the new version. `None` leaves what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DeploymentSizes {
    pub web_instances: Option<u32>,
    pub memory_in_mb: Option<u64>,
    pub disk_in_mb: Option<u64>,
    pub log_rate_limit: Option<i64>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// How far it is.
    pub state: DeploymentState,
    /// Why its status is what it is: `DEPLOYING`, `PAUSED`, `DEPLOYED`, `CANCELED`, `CANCELING`, `SUPERSEDED`.
    pub reason: String,
    /// How instances are replaced.
    pub strategy: Strategy,
    /// How many new instances may be starting at a time.
    pub max_in_flight: u32,
    /// Shares of new instances, in percent, at which a canary deployment pauses.
    pub canary_steps: Option<Vec<u32>>,
    /// The step of a canary deployment, from 1.
    pub canary_current_step: Option<usize>,
    /// What changes with the new version.
    pub sizes: DeploymentSizes,
    /// The new version.
    pub droplet: Option<Guid>,
    /// What was current before.
    pub previous_droplet: Option<Guid>,
    /// The revision that the new version gets.
    pub revision: Option<(Guid, u32)>,
    /// The new web process.
    pub web_process: Option<Guid>,
    /// The processes that it made, with their types.
    pub new_processes: Vec<(Guid, String)>,
    /// How many web instances there were.
    pub original_instances: u32,
    /// When the status was changed last.
    pub status_updated_at: Timestamp,
    /// When a new instance became healthy last.
    pub last_healthy_at: Timestamp,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Deployment, labelled);

impl Deployment {
    /// How many instances there are at the end.
    pub(crate) fn desired_web_instances(&self) -> u32 {
        self.sizes.web_instances.unwrap_or(self.original_instances)
    }

    /// New and old instances at each step of a canary deployment.
    /// (`cloud_controller_ng`: `DeploymentModel#canary_step_plan`.)
    pub(crate) fn canary_plan(&self) -> Vec<(u32, u32)> {
        let Some(steps) = &self.canary_steps else { return vec![(1, self.original_instances)] };
        let instances =
            self.sizes.web_instances.map_or(self.original_instances, |web| web.min(self.original_instances));
        steps
            .iter()
            .map(|weight| {
                let canary = ((instances * weight + 50) / 100).max(1);
                (canary, if *weight == 100 { 0 } else { (instances + 1).saturating_sub(canary) })
            })
            .collect()
    }

    /// New and old instances at the present step.
    pub(crate) fn canary_step(&self) -> (u32, u32) {
        let step = self.canary_current_step.unwrap_or(1).saturating_sub(1);
        self.canary_plan().get(step).copied().unwrap_or((1, self.original_instances))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canary_steps_are_shares_of_the_instances() {
        let mut deployment = Deployment {
            guid: Guid::random(),
            app: Guid::random(),
            state: DeploymentState::Prepaused,
            reason: "DEPLOYING".to_owned(),
            strategy: Strategy::Canary,
            max_in_flight: 1,
            canary_steps: None,
            canary_current_step: Some(1),
            sizes: DeploymentSizes::default(),
            droplet: None,
            previous_droplet: None,
            revision: None,
            web_process: None,
            new_processes: Vec::new(),
            original_instances: 4,
            status_updated_at: Timestamp::now(),
            last_healthy_at: Timestamp::now(),
            metadata: Metadata::default(),
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
        };
        assert_eq!(deployment.canary_plan(), [(1, 4)]);
        deployment.canary_steps = Some(vec![1, 50, 100]);
        assert_eq!(deployment.canary_plan(), [(1, 4), (2, 3), (4, 0)]);
        deployment.sizes.web_instances = Some(2);
        assert_eq!(deployment.canary_plan(), [(1, 2), (1, 2), (2, 0)]);
    }
}

//! How the apps of a deployment ended.

use crate::steps::AppDeployment;

use super::ended::Ended;

/// How the apps of a deployment ended that were begun, in the order of the deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Endings<'d> {
    /// Those that were begun, and how.
    pub apps: Vec<(&'d AppDeployment<'d>, Ended)>,
    /// Those that were not begun.
    pub not_begun: Vec<&'d AppDeployment<'d>>,
}

impl Endings<'_> {
    /// Whether all of the deployment is done.
    pub(crate) fn is_done(&self) -> bool {
        self.not_begun.is_empty() && self.apps.iter().all(|(_, ended)| ended.is_ok())
    }
}

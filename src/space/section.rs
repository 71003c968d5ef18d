//! A part of the space that can be read by itself.

/// A part of the space that can be read by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Apps with their state, annotations and current droplet.
    Apps,
    /// Routes and their destinations.
    Routes,
    /// Processes and how many instances of them are wanted.
    Processes,
    /// The states of the instances of processes.
    Instances,
    /// The instances that are still ending of processes of which none is wanted any more.
    Ending,
    /// The newest packages.
    Packages,
    /// The newest staged droplets.
    Droplets,
    /// Service instances and bindings.
    Services,
    /// What apps are set to.
    Settings,
    /// The tasks that have not ended, and those of the deployment under way.
    Tasks,
    /// Network policies, which are told elsewhere.
    Policies,
    /// The platform's own deployments that are under way.
    Deployments,
    /// What the platform allows: domains, quotas with what is used of them, rules; and the droplets that are copied from elsewhere.
    Platform,
}

impl Section {
    /// All that a space is made of. What is ending is looked at only where that is waited for.
    pub(crate) const ALL: [Self; 12] = [
        Self::Apps,
        Self::Routes,
        Self::Processes,
        Self::Instances,
        Self::Packages,
        Self::Droplets,
        Self::Services,
        Self::Settings,
        Self::Tasks,
        Self::Policies,
        Self::Deployments,
        Self::Platform,
    ];

    /// Whether it is read of one app alone.
    pub(crate) fn is_read_by_app(self) -> bool {
        match self {
            Self::Instances | Self::Ending | Self::Packages | Self::Droplets | Self::Settings | Self::Tasks => true,
            Self::Apps
            | Self::Routes
            | Self::Processes
            | Self::Services
            | Self::Policies
            | Self::Deployments
            | Self::Platform => false,
        }
    }

    /// Whether it can be known of one app alone: the platform answers a change of an app with the app as it is then.
    pub(crate) fn is_known_by_app(self) -> bool {
        self.is_read_by_app() || self == Self::Apps
    }

    /// What a change by somebody else would show in.
    pub(crate) const DESIRED: [Self; 3] = [Self::Apps, Self::Routes, Self::Processes];
}

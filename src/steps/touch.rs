//! What an action itself may change of what a deployment hangs on: whatever else changes meanwhile, somebody else has
//! done.

use crate::space::difference::Facet;

use super::Action;

impl Action {
    /// Whether the action may bring about a change of this.
    pub fn may_change(&self, facet: &Facet) -> bool {
        let own = self.app();
        if facet.app() != own {
            return false;
        }
        match (self, facet) {
            // Whatever is told of it goes with it.
            (Self::Delete { .. }, _)
            | (Self::Create { .. }, Facet::App(_) | Facet::State(_) | Facet::Instances { .. })
            // A push takes all routes off the app, stops it, and applies the manifest.
            | (
                Self::Push { .. },
                Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Droplet(_) | Facet::Leads { .. },
            )
            // A droplet may bring processes of its own.
            | (
                Self::Stage { .. } | Self::SetDroplet { .. } | Self::Start { .. },
                Facet::Droplet(_) | Facet::Instances { .. },
            )
            | (Self::Scale { .. }, Facet::Instances { .. })
            | (Self::Start { .. } | Self::Stop { .. }, Facet::State(_)) => true,
            (Self::Annotate { annotations, .. }, Facet::Annotation { key, .. }) => {
                annotations.iter().any(|(written, _)| written == key)
            }
            (Self::Map { url, .. } | Self::Unmap { url, .. }, Facet::Leads { url: led, .. }) => {
                led.eq_ignore_ascii_case(&url.to_string())
            }
            (
                Self::Create { .. }
                | Self::Push { .. }
                | Self::Annotate { .. }
                | Self::Bind { .. }
                | Self::Map { .. }
                | Self::Unmap { .. }
                | Self::Stage { .. }
                | Self::SetDroplet { .. }
                | Self::Scale { .. }
                | Self::Start { .. }
                | Self::Check { .. }
                | Self::Drain { .. }
                | Self::Stop { .. },
                _,
            ) => false,
        }
    }
}

impl Facet {
    /// The app that it is about.
    fn app(&self) -> &str {
        match self {
            Self::App(app)
            | Self::State(app)
            | Self::Instances { app, .. }
            | Self::Droplet(app)
            | Self::Annotation { app, .. }
            | Self::Leads { app, .. } => app,
        }
    }
}

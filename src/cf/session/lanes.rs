//! Places in which a cf works beside the session's own.

use std::sync::{Mutex, PoisonError};

use super::{PrivateHome, Session, SessionError, write_private};
use crate::cf::config::Config;
use crate::cf::spawn::Cf;
use crate::secret::Sensitive;

/// The lanes of a session in which no cf is at work.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<Vec<Lane>>);

/// A private home beside the session's own, and the cf that works there: with the access token that there was, and
/// nothing to renew it with, since a platform that rotates refresh tokens takes each of them once.
#[derive(Debug)]
pub(crate) struct Lane {
    cf: Cf,
    token: Sensitive,
    home: PrivateHome,
}

impl Lane {
    /// The cf that works there.
    pub(crate) fn cf(&self) -> &Cf {
        &self.cf
    }
}

impl Session {
    /// A lane with the access token that there is now, for a cf like this one. Fails where there is no place for its
    /// home, and where the session's configuration cannot be read.
    pub(crate) fn lane(&self, cf: &Cf) -> Result<Lane, SessionError> {
        let config = Config::read(&self.home.config())?;
        let token = config.access_token();
        let idle = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let home = match idle {
            Some(lane) if lane.token == token => return Ok(lane),
            Some(lane) => lane.home,
            None => PrivateHome::create(self.home.guard()).map_err(|source| SessionError::Lane { source })?,
        };
        let path = home.config();
        write_private(&path, &config.without_refresh_token()).map_err(|source| SessionError::Copy { path, source })?;
        Ok(Lane { cf: cf.at(&home), token, home })
    }

    /// Keeps a lane for the next one who wants one.
    pub(crate) fn give_back(&self, lane: Lane) {
        self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
    }
}

//! Homes in which a cf works beside the session's own.

use std::sync::{Mutex, PoisonError};

use super::home::PrivateHome;
use super::write::write_private;
use crate::cf::config::Config;
use crate::cf::spawn::Cf;
use crate::secret::Sensitive;

/// The spare homes of a session in which no cf is at work.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<SpareHome>>);

/// A private home beside the session's own, and the cf that works there: with the access token that there was, and
/// nothing to renew it with, since a platform that rotates refresh tokens takes each of them once.
#[derive(Debug)]
struct SpareHome {
    cf: Cf,
    token: Sensitive,
    home: PrivateHome,
}

impl Idle {
    /// Does something with a cf like this one that works in a spare home of this one.
    pub(super) fn aside<R>(&self, own: &PrivateHome, cf: &Cf, work: impl FnOnce(&Cf) -> R) -> Option<R> {
        let spare = self.spare_home(own, cf)?;
        let done = work(&spare.cf);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(spare);
        Some(done)
    }

    fn spare_home(&self, own: &PrivateHome, cf: &Cf) -> Option<SpareHome> {
        let config = Config::read(&own.config()).ok()?;
        let token = config.access_token();
        if token.expose().is_empty() {
            return None;
        }
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let home = match idle {
            Some(spare) if spare.token == token => return Some(spare),
            Some(spare) => spare.home,
            None => PrivateHome::create(own.guard()).ok()?,
        };
        write_private(&home.config(), &config.without_refresh_token()).ok()?;
        Some(SpareHome { cf: cf.at(&home), token, home })
    }
}

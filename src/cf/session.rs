//! A private copy of the user's cf configuration, so that a `cf target` in another terminal cannot redirect a
//! deployment, and nothing here changes what the user has targeted.
//!
//! The copy lies in a fresh directory that only the user can read, is cleaned of settings that would disturb (`cf
//! config --trace`, `--color`, `--locale`, `--async-timeout`), and goes with the [`Session`]. Where the platform
//! rotates refresh tokens, [`Session::hand_back`] gives the new ones to the user's configuration, so that the user
//! stays logged in.

mod error;
mod home;
mod spare;
mod write;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::config::{self, Config, Target};
use super::spawn::Cf;
use crate::secret::Sensitive;
use spare::Idle;
use write::{replace, write_private, written_beside};

pub(crate) use error::SessionError;
pub use home::PrivateHome;

/// Where cf keeps its configuration: `$CF_HOME/.cf/config.json`, else `$HOME/.cf/config.json`. `None` where neither
/// variable is set.
pub fn user_config(cf_home: Option<&OsStr>, home: Option<&OsStr>) -> Option<PathBuf> {
    let set = |value: Option<&OsStr>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
    set(cf_home).or_else(|| set(home)).map(|directory| config::file_below(&directory))
}

/// What became of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandBack {
    /// The refresh token is the one that we started with.
    Unchanged,
    /// The user's configuration has the new tokens now.
    Written,
    /// The user has logged in or out meanwhile; that is left as it is.
    UserChanged,
}

/// A private copy of the user's cf configuration.
#[derive(Debug)]
pub struct Session {
    home: PrivateHome,
    target: Target,
    origin: PathBuf,
    /// The refresh token that the user's configuration is expected to hold.
    known: Mutex<Sensitive>,
    idle: Idle,
}

impl Session {
    /// Copies the configuration at `origin` into `home`. Fails where there is none, where it cannot be read, where
    /// nobody is logged in, and where no org or no space is targeted.
    pub fn open(origin: &Path, home: PrivateHome) -> Result<Self, SessionError> {
        let config = Config::read(origin)?;
        let target = config.target()?;
        let path = home.config();
        let known = config.refresh_token();
        home.redactor().learn_all(&config.secrets());
        let copy = config.undisturbed();
        write_private(&path, &copy).map_err(|source| SessionError::Copy { path, source })?;
        Ok(Self { home, target, origin: origin.to_owned(), known: Mutex::new(known), idle: Idle::default() })
    }

    /// What is targeted, and by whom.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The private directory, for `CF_HOME`.
    pub(crate) fn home(&self) -> &PrivateHome {
        &self.home
    }

    /// The access token that there is now. Fails where the private copy cannot be read.
    pub(crate) fn access_token(&self) -> Result<Sensitive, SessionError> {
        Ok(Config::read(&self.home.config())?.access_token())
    }

    /// Does something with a cf like this one that works in a spare home, with the access token that there is now. `None`
    /// where there is no place for that, where the session's configuration cannot be read, and where the token is just
    /// being renewed: then there is the session's own.
    pub(crate) fn aside<R>(&self, cf: &Cf, work: impl FnOnce(&Cf) -> R) -> Option<R> {
        self.idle.aside(&self.home, cf, work)
    }

    /// From when to when the access token is good; `None` where that cannot be told.
    pub(crate) fn token_times(&self) -> Option<(Timestamp, Timestamp)> {
        Config::read(&self.home.config()).ok()?.token_times()
    }

    /// Forgets the access token of the private copy, so that the next cf fetches a new one with the refresh token (cf
    /// 8.17: a token that is none is renewed like one whose time is over). Fails where the copy cannot be written.
    pub(crate) fn forget_access_token(&self) -> Result<(), SessionError> {
        let path = self.home.config();
        let forgetful = Config::read(&path)?.without_access_token();
        replace(&path, &forgetful).map_err(|source| SessionError::Copy { path, source })
    }

    /// Gives the tokens to the user's configuration where the platform has rotated the refresh token since. Only the
    /// two tokens change there, and only where the file still holds the refresh token that we started from. May be
    /// called at any time, and is called once more at the end.
    ///
    /// Fails where the user's file cannot be written; the old tokens are then worth nothing.
    pub(crate) fn hand_back(&self) -> Result<HandBack, SessionError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = Config::read(&self.home.config())?;
        if ours.refresh_token() == *known || ours.refresh_token().expose().is_empty() {
            return Ok(HandBack::Unchanged);
        }
        // A link stays a link: what it points to is replaced.
        let failed = |source| SessionError::HandBack { path: self.origin.clone(), source };
        let path = fs::canonicalize(&self.origin).map_err(failed)?;
        let users = Config::read(&path)?;
        if users.refresh_token() != *known {
            return Ok(HandBack::UserChanged);
        }
        let file = written_beside(&path, &users.with_tokens_of(&ours)).map_err(failed)?;
        // What is lost in a crash of the machine is a login.
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        *known = ours.refresh_token();
        Ok(HandBack::Written)
    }

    /// Hands the tokens back and removes the copy.
    pub fn close(self) -> Result<HandBack, SessionError> {
        self.hand_back()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever wants to know of a failure calls `close`; here it is the last chance.
        let _ = self.hand_back();
    }
}

#[cfg(test)]
mod tests;

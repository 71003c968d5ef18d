//! Answers of the API: lists page by page, and what was asked for side by side before it is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::api::Api;
use super::observe_error::ObserveError;
use crate::cf::config::Target;
use crate::space::read::{self, Page};

/// A page of a list, and the path of the next one.
pub(crate) type PageAndNext = (Value, Option<String>);

/// What answers a GET of the API.
pub(crate) trait Get {
    /// One answer.
    fn get(&self, path: &str) -> Result<Value, ObserveError>;

    /// All pages of a list.
    fn pages(&self, path: &str) -> Result<Vec<Value>, ObserveError> {
        let mut pages = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page;
            (page, next) = self.page(&path)?;
            pages.push(page);
        }
        Ok(pages)
    }

    /// One page of a list.
    fn page(&self, path: &str) -> Result<PageAndNext, ObserveError> {
        page(self, path)
    }

    /// All resources of a list, page after page.
    fn list(&self, path: &str) -> Result<Vec<Value>, ObserveError> {
        let mut resources = Vec::new();
        for page in self.pages(path)? {
            resources.extend(read::parse::<Page>(path, &page)?.resources);
        }
        Ok(resources)
    }

    /// As [`Self::list`]; `None` where there is no such list, or it is hidden from the user.
    fn list_or_absent(&self, path: &str) -> Result<Option<Vec<Value>>, ObserveError> {
        match self.list(path) {
            Err(error) if error.is_absent() => Ok(None),
            other => other.map(Some),
        }
    }

    /// As [`Self::get`], but what is not there, or is hidden from the user, is null.
    fn get_or_absent(&self, path: &str) -> Result<Value, ObserveError> {
        match self.get(path) {
            Err(error) if error.is_absent() => Ok(Value::Null),
            other => other,
        }
    }
}

impl Get for Api<'_> {
    fn get(&self, path: &str) -> Result<Value, ObserveError> {
        Api::get(self, path)
    }
}

/// The API, with the answers to what was asked for ahead. Each of them is used once: a second look is another one.
#[derive(Debug)]
pub(crate) struct Answers<'a> {
    api: Api<'a>,
    ahead: Mutex<BTreeMap<String, Result<Value, ObserveError>>>,
    /// Whether nothing else is asked for.
    is_all: bool,
}

impl<'a> Answers<'a> {
    /// The API, with nothing asked for yet.
    pub(crate) fn of(api: Api<'a>) -> Self {
        Self { api, ahead: Mutex::default(), is_all: false }
    }

    /// These answers, and no others.
    pub(crate) fn only(api: Api<'a>, answers: BTreeMap<String, Value>) -> Self {
        let ahead = answers.into_iter().map(|(path, answer)| (path, Ok(answer))).collect();
        Self { api, ahead: Mutex::new(ahead), is_all: true }
    }

    /// The API itself.
    pub(crate) fn api(&self) -> &Api<'a> {
        &self.api
    }

    /// What is targeted.
    pub(crate) fn target(&self) -> &'a Target {
        self.api.target()
    }

    /// Asks side by side for what will be needed, most likely. Whatever is needed and was not asked for is asked for
    /// then.
    pub(crate) fn ask(&self, paths: impl IntoIterator<Item = String>) {
        let mut new: BTreeSet<String> = paths.into_iter().collect();
        new.retain(|path| !self.ahead().contains_key(path));
        if !new.is_empty() && !self.is_all {
            let answers = self.api.get_all(new.into_iter().collect());
            self.ahead().extend(answers);
        }
    }

    /// The answer to what was asked for ahead, which is still there to be used. `None` where there is none.
    pub(crate) fn peek(&self, path: &str) -> Option<Value> {
        self.ahead().get(path)?.as_ref().ok().cloned()
    }

    /// Forgets what was asked for and not needed: it is not as things are later.
    pub(crate) fn forget(&self) {
        self.ahead().clear();
    }

    fn ahead(&self) -> MutexGuard<'_, BTreeMap<String, Result<Value, ObserveError>>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Get for Answers<'_> {
    /// What stands on further pages is not asked for where nothing else is: the newest stands on the first one.
    fn page(&self, path: &str) -> Result<PageAndNext, ObserveError> {
        let (page, next) = page(self, path)?;
        Ok((page, next.filter(|_| !self.is_all)))
    }

    fn get(&self, path: &str) -> Result<Value, ObserveError> {
        let ahead = self.ahead().remove(path);
        ahead.unwrap_or_else(|| {
            if self.is_all {
                let why = "it was not asked for".to_owned();
                return Err(ObserveError::Unknown { path: path.to_owned(), why });
            }
            self.api.get(path)
        })
    }
}

fn page(api: &(impl Get + ?Sized), path: &str) -> Result<PageAndNext, ObserveError> {
    let answer = api.get(path)?;
    let page: Page = read::parse(path, &answer)?;
    Ok((answer, page.pagination.next.map(|link| path_of(&link.href).to_owned())))
}

/// The path and query of a URL: `cf curl` only asks the targeted API.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or(rest, |at| &rest[at..])
}

//! Lists: query parameters, filters, order, pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::controller::error::{ApiError, ApiResult};
use crate::controller::selector::{Requirement, requirements};
use crate::platform::Platform;
use crate::state::Resource;

/// What stays as it is in the links of a page. (Rails' `to_query`.)
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The query of a request, decoded and in order, not yet checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    /// Decodes a query; the last value of a key counts.
    pub(crate) fn parse(query: &str) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decode(key), decode(value));
            pairs.retain(|(known, _)| *known != key);
            pairs.push((key, value));
        }
        Self { pairs }
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that is a comma list. A comma inside a value is encoded once more.
    pub(crate) fn values(&self, key: &str) -> Option<Vec<String>> {
        let decode = |one: &str| percent_decode_str(one.trim_start()).decode_utf8_lossy().into_owned();
        self.get(key).map(|list| list.split(',').map(decode).collect())
    }

    /// The parameters of the form `NAME[KEY]=VALUES`: keys and values.
    pub(crate) fn bracketed(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let inside = |key: &str| Some(key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        let values = |list: &str| list.split(',').map(|one| one.trim_start().to_owned()).collect();
        self.pairs.iter().filter_map(|(key, value)| Some((inside(key)?, values(value)))).collect()
    }

    /// Refuses parameters other than these. The name before a bracket counts: `created_ats[gt]` is `created_ats`.
    pub(crate) fn only(&self, allowed: &[&str]) -> ApiResult<()> {
        match self.stranger(allowed) {
            Some(problem) => Err(ApiError::bad_query(&problem)),
            None => Ok(()),
        }
    }

    /// The values of `include` where nothing else may be asked for, as of a single resource.
    pub(crate) fn only_include(&self, allowed: &[&str]) -> ApiResult<Vec<String>> {
        self.only(&["include"])?;
        self.include(allowed)
    }

    /// The values of `include`, each of which must be among these.
    pub(crate) fn include(&self, allowed: &[&str]) -> ApiResult<Vec<String>> {
        let wanted = self.values("include").unwrap_or_default();
        for one in &wanted {
            if !allowed.contains(&one.as_str()) {
                let valid = allowed.join("', '");
                return Err(ApiError::bad_query(&format!(
                    "Invalid included resource: '{one}'. Valid included resources are: '{valid}'"
                )));
            }
        }
        Ok(wanted)
    }

    fn stranger(&self, allowed: &[&str]) -> Option<String> {
        let base = |key: &str| key.split('[').next().unwrap_or_default().to_owned();
        let unknown: Vec<_> =
            self.pairs.iter().map(|(key, _)| base(key)).filter(|key| !allowed.contains(&key.as_str())).collect();
        if unknown.is_empty() {
            return None;
        }
        Some(format!(
            "Unknown query parameter(s): '{}'. Valid parameters are: '{}'",
            unknown.join("', '"),
            allowed.join("', '")
        ))
    }
}

/// What the list of a resource takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    /// Filters of its own, in the order in which the Cloud Controller names them, without those that all lists have;
    /// `include` among them where it has one.
    pub filters: &'static [&'static str],
    /// What can be included.
    pub include: &'static [&'static str],
    /// What it can be ordered by besides `created_at` and `updated_at`.
    pub order_by: &'static [&'static str],
    /// Whether it takes `label_selector`.
    pub labels: bool,
}

impl Spec {
    /// A list with these filters and labels, ordered by time only.
    pub(crate) const fn new(filters: &'static [&'static str]) -> Self {
        Self { filters, include: &[], order_by: &[], labels: true }
    }

    /// With these resources to include.
    #[must_use]
    pub(crate) const fn including(self, include: &'static [&'static str]) -> Self {
        Self { include, ..self }
    }

    /// Can be ordered by these, too.
    #[must_use]
    pub(crate) const fn ordered(self, order_by: &'static [&'static str]) -> Self {
        Self { order_by, ..self }
    }

    /// Takes no `label_selector`.
    #[must_use]
    pub(crate) const fn without_labels(self) -> Self {
        Self { labels: false, ..self }
    }

    fn allowed(&self) -> Vec<&'static str> {
        let mut allowed = vec!["page", "per_page", "order_by", "created_ats", "updated_ats", "guids"];
        allowed.extend(self.filters);
        if self.labels {
            allowed.push("label_selector");
        }
        allowed
    }
}

/// A checked request for a list.
#[derive(Debug, Clone)]
pub(crate) struct ListQuery {
    query: Query,
    page: usize,
    per_page: usize,
    order: Option<(String, bool)>,
    labels: Vec<Requirement>,
    include: Vec<String>,
}

impl ListQuery {
    /// Checks a query. Fails with all that is wrong in one error.
    pub(crate) fn new(query: Query, spec: &Spec) -> ApiResult<Self> {
        let mut problems = Vec::new();
        let number = |key: &str| query.get(key).filter(|text| !text.is_empty());
        let whole = |text: &str| text.parse::<usize>().unwrap_or(0);
        let page = number("page").map_or(1, whole);
        if page == 0 {
            problems.push("Page must be a positive integer".to_owned());
        }
        let per_page = number("per_page").map_or(50, whole);
        if per_page == 0 {
            problems.push("Per page must be a positive integer".to_owned());
        } else if per_page > 5000 {
            problems.push("Per page must be between 1 and 5000".to_owned());
        }
        let order = query.get("order_by").filter(|text| !text.is_empty()).map(|text| {
            let down = text.starts_with('-');
            (text.trim_start_matches(['-', '+']).to_owned(), down)
        });
        if let Some((field, _)) = &order {
            let mut known = vec!["created_at", "updated_at"];
            known.extend(spec.order_by);
            if !known.contains(&field.as_str()) {
                let known: Vec<_> = known.iter().map(|field| format!("'{field}'")).collect();
                problems.push(format!("Order by can only be: {}", known.join(", ")));
            }
        }
        problems.extend(query.stranger(&spec.allowed()));
        let mut labels = Vec::new();
        if spec.labels
            && let Some(selector) = query.get("label_selector")
        {
            match requirements(selector) {
                Ok(parsed) => labels = parsed,
                Err(problem) => problems.push(problem),
            }
        }
        let include = match query.include(spec.include) {
            Ok(include) => include,
            Err(_) if spec.include.is_empty() => Vec::new(),
            Err(error) => return Err(error),
        };
        if problems.is_empty() {
            Ok(Self { query, page, per_page, order, labels, include })
        } else {
            Err(ApiError::bad_query(&problems.join(", ")))
        }
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.query.get(key)
    }

    /// Whether a filter lets this value through; an absent filter lets all through.
    pub(crate) fn wants(&self, key: &str, value: &str) -> bool {
        self.query.values(key).is_none_or(|wanted| wanted.iter().any(|one| one == value))
    }

    /// As [`ListQuery::wants`], without regard to capitals: names are compared so by the Cloud Controller's database.
    pub(crate) fn wants_name(&self, key: &str, value: &str) -> bool {
        self.query.values(key).is_none_or(|wanted| wanted.iter().any(|one| one.eq_ignore_ascii_case(value)))
    }

    /// Whether a filter lets at least one of these values through; an absent filter lets all through.
    pub(crate) fn wants_any<'a>(&self, key: &str, mut values: impl Iterator<Item = &'a str>) -> bool {
        self.query.values(key).is_none_or(|wanted| values.any(|value| wanted.iter().any(|one| one == value)))
    }

    /// Whether this resource is asked to be included.
    pub(crate) fn includes(&self, resource: &str) -> bool {
        self.include.iter().any(|one| one == resource)
    }

    /// Applies what all lists have in common to the resources that passed the filters: `guids`, times, labels, order,
    /// page.
    pub(crate) fn page<'a, R: Resource>(
        &self,
        cf: &Platform,
        path: &str,
        resources: impl Iterator<Item = &'a R>,
    ) -> Page<'a, R> {
        let mut all: Vec<&R> = resources.filter(|resource| self.passes(*resource)).collect();
        if let Some((field, down)) = &self.order {
            // Stable: what is equal stays in the order of its making, as by the hidden id in the Cloud Controller.
            all.sort_by(|one, other| {
                let order = match field.as_str() {
                    "created_at" => one.created_at().cmp(&other.created_at()),
                    "updated_at" => one.updated_at().cmp(&other.updated_at()),
                    key => one.sort_key(key).cmp(&other.sort_key(key)),
                };
                if *down { order.reverse() } else { order }
            });
        }
        let total = all.len();
        let records = all.into_iter().skip((self.page - 1).saturating_mul(self.per_page)).take(self.per_page).collect();
        Page { records, pagination: self.pagination(&format!("{}{path}", cf.addresses.api_url()), total) }
    }

    fn passes<R: Resource>(&self, resource: &R) -> bool {
        self.wants("guids", resource.guid())
            && self.in_time("created_ats", resource.created_at())
            && self.in_time("updated_ats", resource.updated_at())
            && (self.labels.is_empty()
                || resource.metadata().is_some_and(|metadata| self.labels.iter().all(|label| label.holds(metadata))))
    }

    fn in_time(&self, key: &str, time: Timestamp) -> bool {
        let time = crate::state::timestamp(time);
        self.query.pairs.iter().filter(|(name, _)| name.split('[').next() == Some(key)).all(|(name, value)| {
            match name.strip_prefix(key).unwrap_or_default() {
                // Times in UTC of the same form sort as text.
                "[lt]" => time < *value,
                "[lte]" => time <= *value,
                "[gt]" => time > *value,
                "[gte]" => time >= *value,
                _ => value.split(',').any(|one| one == time),
            }
        })
    }

    fn pagination(&self, path: &str, total: usize) -> Value {
        let last = total.div_ceil(self.per_page).max(1);
        let link = |page: usize| {
            let mut pairs: Vec<(String, String)> = self
                .query
                .pairs
                .iter()
                .filter(|(key, _)| key != "page" && key != "per_page" && key != "order_by")
                .cloned()
                .collect();
            pairs.push(("page".to_owned(), page.to_string()));
            pairs.push(("per_page".to_owned(), self.per_page.to_string()));
            if let Some((field, down)) = &self.order {
                pairs.push(("order_by".to_owned(), format!("{}{field}", if *down { "-" } else { "+" })));
            }
            // Rails' `to_query` sorts.
            pairs.sort();
            let query: Vec<_> = pairs
                .iter()
                .map(|(key, value)| format!("{}={}", utf8_percent_encode(key, KEPT), utf8_percent_encode(value, KEPT)))
                .collect();
            json!({ "href": format!("{path}?{}", query.join("&")) })
        };
        json!({
            "total_results": total,
            "total_pages": last,
            "first": link(1),
            "last": link(last),
            "next": if self.page < last { link(self.page + 1) } else { Value::Null },
            "previous": if self.page > 1 { link(self.page - 1) } else { Value::Null },
        })
    }
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<'a, R> {
    /// The resources on this page.
    pub records: Vec<&'a R>,
    pagination: Value,
}

impl<R> Page<'_, R> {
    /// The answer.
    pub(crate) fn present(&self, present: impl Fn(&R) -> Value) -> Value {
        json!({
            "pagination": self.pagination,
            "resources": self.records.iter().map(|record| present(record)).collect::<Vec<_>>(),
        })
    }
}

/// Adds resources under `included` to an answer; each of them once.
pub(crate) fn with_included(mut answer: Value, name: &str, resources: impl Iterator<Item = Value>) -> Value {
    let mut unique: Vec<Value> = Vec::new();
    for resource in resources {
        if resource.get("guid").is_none() || !unique.iter().any(|known| known.get("guid") == resource.get("guid")) {
            unique.push(resource);
        }
    }
    if let Some(fields) = answer.as_object_mut() {
        let included = fields.entry("included").or_insert_with(|| Value::Object(Map::new()));
        if let Some(included) = included.as_object_mut() {
            included.insert(name.to_owned(), Value::Array(unique));
        }
    }
    answer
}

//! A route in parts.

/// The parts of an HTTP route, as cf takes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteParts {
    /// The host, `*` for a wildcard; absent for the bare domain.
    pub host: Option<String>,
    /// The domain.
    pub domain: String,
    /// The path, with or without its leading `/`.
    pub path: Option<String>,
}

impl RouteParts {
    /// The route as cf prints it: `HOST.DOMAIN/PATH`.
    pub(crate) fn url(&self) -> String {
        let mut url = String::new();
        if let Some(host) = &self.host {
            url.push_str(host);
            url.push('.');
        }
        url.push_str(&self.domain);
        if let Some(path) = &self.path {
            url.push('/');
            url.push_str(path.trim_start_matches('/'));
        }
        url
    }
}

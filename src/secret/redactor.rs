//! Takes secrets out of texts that come from elsewhere.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use regex::{Captures, Regex};

use super::Sensitive;

/// The shortest secret that is looked for, in characters: a shorter one stands in every other word.
const LEAST: usize = 4;
/// The same for a line of a secret of several lines, such as a private key: `}` or `end` are lines, too.
const LEAST_OF_LINE: usize = 8;
/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// What is a secret by its form, whoever made it: a token in its header or alone (RFC 6750, RFC 7519), the password of
/// a URL, and what a key that says so stands before.
const FORMS: [&str; 4] = [
    r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"()\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",
    r"(://[^\s/:@]*:)[^\s/@]+@",
    r#"(?i)((?:^|[^A-Za-z0-9])(?:password|passwd|secret|token|(?:api|access|private)[_-]?key)["']?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;{}\[\]][^\s"',;}]*)"#,
];

/// What stands behind `token:` or `password:` in a sentence, and is none: a registry says `unable to retrieve auth token:
/// invalid username/password: unauthorized: …`.
const PROSE: [&str; 4] = ["invalid", "unauthorized", "expired", "missing"];

/// Knows the secrets of a run and takes them out of texts. Clones know the same ones, also those that are learned
/// later.
///
/// A secret is looked for as it is and as JSON writes it; of one with several lines each line as well. Secrets of less
/// than four characters cannot be told from other text and are not looked for.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first: one secret may be the beginning of another.
    known: Arc<RwLock<Vec<Sensitive>>>,
}

impl Redactor {
    /// Hides a secret from now on.
    pub(crate) fn learn(&self, secret: &Sensitive) {
        let text = secret.expose().trim();
        self.note(text, LEAST);
        let written = serde_json::Value::from(text).to_string();
        self.note(written.get(1..written.len() - 1).unwrap_or_default(), LEAST);
        for line in text.lines().filter(|line| line.len() < text.len()) {
            self.note(line.trim(), LEAST_OF_LINE);
        }
    }

    /// Hides several secrets from now on.
    pub(crate) fn learn_all(&self, secrets: &[Sensitive]) {
        for secret in secrets {
            self.learn(secret);
        }
    }

    fn note(&self, text: &str, least: usize) {
        if text.chars().count() < least {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.iter().all(|other| other.expose() != text) {
            let at = known.partition_point(|other| other.expose().len() >= text.len());
            known.insert(at, Sensitive::new(text));
        }
    }

    /// The text without the secrets that are known, and without what is one by its form.
    pub(crate) fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        static PATTERNS: LazyLock<Vec<Regex>> =
            LazyLock::new(|| FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect());
        let mut shown = Cow::Borrowed(text);
        for secret in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if shown.contains(secret.expose()) {
                shown = Cow::Owned(shown.replace(secret.expose(), HIDDEN));
            }
        }
        for (pattern, form) in PATTERNS.iter().zip(FORMS) {
            let end = if form.ends_with('@') { "@" } else { "" };
            if pattern.is_match(&shown) {
                let hide = |found: &Captures<'_>| {
                    let (all, key) = (&found[0], &found[1]);
                    let value = all[key.len()..].trim_end_matches(':');
                    if PROSE.contains(&value) { all.to_owned() } else { format!("{key}{HIDDEN}{end}") }
                };
                shown = Cow::Owned(pattern.replace_all(&shown, hide).into_owned());
            }
        }
        shown
    }

    /// Whether a text holds a secret that is known.
    pub(crate) fn hides(&self, text: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).iter().any(|secret| text.contains(secret.expose()))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn knowing(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(&Sensitive::new(*secret));
        }
        redactor
    }

    #[test]
    fn known_secrets_are_hidden_wherever_they_stand() {
        let redactor = knowing(&["hunter2", "hunter2-and-more", "abc", "say \"please\"", "first-line\nsecond-line\n}"]);
        for (text, shown) in [
            ("nothing to hide", "nothing to hide"),
            ("db: hunter2,xhunter2x", "db: [hidden],x[hidden]x"),
            ("hunter2-and-more", "[hidden]"),
            ("abc is too short", "abc is too short"),
            (r#"{"a":"say \"please\""}"#, r#"{"a":"[hidden]"}"#),
            ("+    first-line\n+    second-line\n+    }", "+    [hidden]\n+    [hidden]\n+    }"),
        ] {
            assert_eq!(redactor.shown(text), shown, "{text}");
        }
        assert!(redactor.hides("a hunter2") && !redactor.hides("a hunter"));
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }

    #[test]
    fn clones_learn_together() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        redactor.learn(&Sensitive::new("hunter2"));
        assert_eq!(clone.shown("hunter2"), "[hidden]");
    }

    #[test]
    fn what_is_a_secret_by_its_form_is_hidden() {
        let redactor = Redactor::default();
        for (text, shown) in [
            ("Authorization: bearer abcdef0123456789-r", "Authorization: bearer [hidden]"),
            ("got eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln here", "got [hidden] here"),
            ("postgres://user:pa55@db:5432/x", "postgres://user:[hidden]@db:5432/x"),
            ("DB_PASSWORD: pa55 and more", "DB_PASSWORD: [hidden] and more"),
            (r#"{"password": "p\"a", "port": 1}"#, r#"{"password": [hidden], "port": 1}"#),
            ("client_secret=pa55 x=1", "client_secret=[hidden] x=1"),
            ("API_KEY='pa55'", "API_KEY=[hidden]"),
            // A registry's own words.
            (
                "unable to retrieve auth token: invalid username/password: unauthorized: authentication required",
                "unable to retrieve auth token: invalid username/password: unauthorized: authentication required",
            ),
            ("password: invalid-but-one", "password: [hidden]"),
            // cf's own words.
            ("CF-InvalidAuthToken: Invalid Auth Token", "CF-InvalidAuthToken: Invalid Auth Token"),
            (
                "The token expired, was revoked, or the token ID is incorrect.",
                "The token expired, was revoked, or the token ID is incorrect.",
            ),
            (
                "Mapping route a.example.com/x to app b in org c / space d as e@example.com...",
                "Mapping route a.example.com/x to app b in org c / space d as e@example.com...",
            ),
            ("https://api.example.com:8443/v3", "https://api.example.com:8443/v3"),
        ] {
            assert_eq!(redactor.shown(text), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_known_secret_is_left(secrets in prop::collection::vec("[a-c\"é]{4,12}", 1..6), text in "[a-c\"é \n]{0,80}") {
            let redactor = Redactor::default();
            for secret in &secrets {
            redactor.learn(&Sensitive::new(secret.as_str()));
        }
            let shown = redactor.shown(&text).replace(HIDDEN, "\u{1}");
            for secret in &secrets {
                prop_assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
            }
        }
    }
}

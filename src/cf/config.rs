//! cf's configuration file: `config.json`, whose fields cf 8.17 declares in `util/configv3/json_config.go`.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::bounded;
use crate::secret::Sensitive;

/// Base64 in its form for URLs, padded or not (RFC 7515).
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The form of the file that 6.53, 7, 8 and 9 read and write; cf takes a file of another version for an empty one.
const CONFIG_VERSION: u64 = 4;

/// The largest file, in bytes; tokens and endpoints take some ten thousand.
const MAX_BYTES: u64 = 16 << 20;

/// A configuration, with all fields, also those that are not known here. It holds the tokens: they are hidden from
/// debug output.
#[derive(Clone)]
pub(crate) struct Config {
    path: PathBuf,
    fields: Value,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What is targeted, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The API endpoint, such as `https://api.example.com`.
    pub api: String,
    /// The version of its API, such as `3.195.0`; empty where cf did not note it.
    pub api_version: String,
    /// The org's name.
    pub org: String,
    /// The org's guid.
    pub org_guid: String,
    /// The space's name.
    pub space: String,
    /// The space's guid.
    pub space_guid: String,
    /// The user's name, or the client's id, as the token has it (which is not verified here).
    pub user: String,
    /// The user's guid, or the client's id, by which the platform knows whose roles they are; empty where the token does
    /// not tell.
    pub user_guid: String,
    /// Whether the token lets its holder change everything (CC: scope `cloud_controller.admin`).
    pub admin: bool,
    /// Whether certificates are not verified (`cf api --skip-ssl-validation`).
    pub skip_ssl_validation: bool,
}

/// Why a configuration is no use.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// There is no file: nobody has ever logged in.
    #[error("not logged in: there is no cf configuration at '{path}'; use 'cf login'")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("the cf configuration at '{path}' cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is no JSON object.
    #[error("the cf configuration at '{path}' is broken ({why}); 'cf login' writes a new one once it is removed")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file is of another form than cf 7 to 9 use.
    #[error(
        "the cf configuration at '{path}' was written by another cf (form {found}, not {CONFIG_VERSION}); use 'cf login'"
    )]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u64,
    },
    /// No API endpoint.
    #[error("no API endpoint is set; use 'cf login' or 'cf api'")]
    NoApi,
    /// No token.
    #[error("not logged in; use 'cf login' or 'cf login --sso'")]
    NotLoggedIn,
    /// No org.
    #[error("no org is targeted")]
    NoOrg,
    /// No space.
    #[error("no space is targeted")]
    NoSpace,
}

impl Config {
    /// Reads the file. Fails where it is missing, unreadable, broken or of another form.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let broken = |why: String| ConfigError::Broken { path: path.to_owned(), why };
        let text = bounded::read(path, MAX_BYTES).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing { path: path.to_owned() },
            _ => ConfigError::Unreadable { path: path.to_owned(), source },
        })?;
        if text.is_empty() {
            // cf 8.17 goes on as if it was not configured.
            return Err(broken("it is empty".to_owned()));
        }
        let fields: Value = serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
        if !fields.is_object() {
            return Err(broken("it is no JSON object".to_owned()));
        }
        match fields["ConfigVersion"].as_u64().unwrap_or_default() {
            CONFIG_VERSION => Ok(Self { path: path.to_owned(), fields }),
            found => Err(ConfigError::OtherForm { path: path.to_owned(), found }),
        }
    }

    fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().unwrap_or_default()
    }

    /// What is targeted, and by whom. Fails where no API is set, nobody is logged in, no org or no space is targeted:
    /// the order in which cf 8.17 looks.
    pub(crate) fn target(&self) -> Result<Target, ConfigError> {
        let part = |object: &str, field: &str| self.fields[object][field].as_str().unwrap_or_default().to_owned();
        if self.text("Target").is_empty() {
            return Err(ConfigError::NoApi);
        }
        let kubernetes = self.fields["CFOnK8s"]["Enabled"].as_bool().unwrap_or_default();
        // Of the kubectl configuration only the user's name is known; there are no tokens.
        let claims = if kubernetes { Value::Null } else { claims_of(self.text("AccessToken")).unwrap_or_default() };
        let claim =
            |names: [&str; 2]| names.iter().find_map(|name| claims[name].as_str()).unwrap_or_default().to_owned();
        let user = if kubernetes { part("CFOnK8s", "AuthInfo") } else { claim(["user_name", "client_id"]) };
        let tokens = !self.text("AccessToken").is_empty() || !self.text("RefreshToken").is_empty();
        let logged_in = if kubernetes { !user.is_empty() } else { tokens };
        if !logged_in {
            return Err(ConfigError::NotLoggedIn);
        }
        if part("OrganizationFields", "GUID").is_empty() {
            return Err(ConfigError::NoOrg);
        }
        if part("SpaceFields", "GUID").is_empty() {
            return Err(ConfigError::NoSpace);
        }
        Ok(Target {
            api: self.text("Target").to_owned(),
            api_version: self.text("APIVersion").to_owned(),
            org: part("OrganizationFields", "Name"),
            org_guid: part("OrganizationFields", "GUID"),
            space: part("SpaceFields", "Name"),
            space_guid: part("SpaceFields", "GUID"),
            user,
            user_guid: claim(["user_id", "client_id"]),
            admin: claims["scope"]
                .as_array()
                .is_some_and(|scopes| scopes.iter().any(|scope| scope == "cloud_controller.admin")),
            skip_ssl_validation: self.fields["SSLDisabled"].as_bool().unwrap_or_default(),
        })
    }

    /// The refresh token; empty where there is none, as after a login with client credentials.
    pub(super) fn refresh_token(&self) -> Sensitive {
        Sensitive::new(self.text("RefreshToken"))
    }

    /// The access token, with its type.
    pub(super) fn access_token(&self) -> Sensitive {
        Sensitive::new(self.text("AccessToken"))
    }

    /// From when to when the access token is good (JWT: `iat`, `exp`).
    pub(super) fn token_times(&self) -> Option<(Timestamp, Timestamp)> {
        let claims = claims_of(self.text("AccessToken"))?;
        let time = |claim: &str| Timestamp::from_second(claims[claim].as_i64()?).ok();
        Some((time("iat")?, time("exp")?))
    }

    /// Everything that lets somebody in: the tokens, the access token also without its type, and the secret of a
    /// client.
    pub(super) fn secrets(&self) -> Vec<Sensitive> {
        let access = self.text("AccessToken");
        let bare = access.split_once(' ').map_or(access, |(_, bare)| bare);
        [access, bare, self.text("RefreshToken"), self.text("UAAOAuthClientSecret")].map(Sensitive::new).into()
    }

    /// The fields, with cf's defaults for those settings that change what it prints or how long it waits.
    pub(super) fn undisturbed(&self) -> Value {
        let mut fields = self.fields.clone();
        fields["Trace"] = "".into();
        fields["ColorEnabled"] = "".into();
        fields["Locale"] = "".into();
        fields["AsyncTimeout"] = 0.into();
        fields
    }

    /// The fields, without the access token; the refresh token stays.
    pub(super) fn without_access_token(&self) -> Value {
        let mut fields = self.fields.clone();
        fields["AccessToken"] = "".into();
        fields
    }

    /// The fields, with nothing that a new access token could be had by.
    pub(super) fn without_refresh_token(&self) -> Value {
        let mut fields = self.fields.clone();
        fields["RefreshToken"] = "".into();
        fields["UAAOAuthClientSecret"] = "".into();
        fields
    }

    /// The fields, with the tokens of another configuration.
    pub(super) fn with_tokens_of(&self, other: &Self) -> Value {
        let mut fields = self.fields.clone();
        for token in ["AccessToken", "RefreshToken"] {
            fields[token] = other.text(token).into();
        }
        fields
    }
}

/// The configuration file below a `CF_HOME`.
pub(super) fn file_below(home: &Path) -> PathBuf {
    home.join(".cf").join("config.json")
}

/// Everything that lets somebody in, of the configuration below a `CF_HOME`; nothing where there is none that can be
/// read.
pub(super) fn tokens(home: &Path) -> Vec<Sensitive> {
    Config::read(&file_below(home)).map(|config| config.secrets()).unwrap_or_default()
}

/// Reads the claims of a token, `bearer HEADER.CLAIMS.SIGNATURE`. After a login with client credentials it has a
/// `client_id` and neither `user_name` nor `user_id` (cf 8.17 and CC take the client for the user then). The signature is
/// not verified: it is the platform that does that.
fn claims_of(token: &str) -> Option<Value> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary;

    fn read_and_use(bytes: &[u8]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        if let Ok(config) = Config::read(file.path()) {
            let _ = config.target();
            config.secrets();
            config.undisturbed();
            config.with_tokens_of(&config);
        }
    }

    proptest! {
        #[test]
        fn any_configuration_is_used_or_refused(
            fields in arbitrary::json(),
            token in "(bearer )?[A-Za-z0-9_.=-]{0,30}",
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            read_and_use(&bytes);
            read_and_use(fields.to_string().as_bytes());
            let mut fields = fields;
            if fields.is_object() {
                fields["ConfigVersion"] = 4.into();
                fields["Target"] = "https://api.example.com".into();
                fields["AccessToken"] = token.into();
                read_and_use(fields.to_string().as_bytes());
            }
        }
    }
}

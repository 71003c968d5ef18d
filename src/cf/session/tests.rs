//! With real files, and with the real cf where what it reads and writes matters.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use guard::Guard;
use serde_json::{Value, json};

use super::*;

/// A user with a `.cf/config.json`.
struct User {
    directory: tempfile::TempDir,
}

impl User {
    fn with(config: &Value) -> Self {
        Self::with_text(&serde_json::to_string_pretty(config).unwrap())
    }

    fn with_text(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join(".cf")).unwrap();
        let user = Self { directory };
        fs::write(user.path(), text).unwrap();
        fs::set_permissions(user.path(), Permissions::from_mode(0o600)).unwrap();
        user
    }

    fn path(&self) -> PathBuf {
        user_config(Some(self.directory.path().as_os_str()), None).unwrap()
    }

    fn config(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path()).unwrap()).unwrap()
    }
}

fn home() -> PrivateHome {
    PrivateHome::create(&Guard::start().unwrap()).unwrap()
}

/// A token for `admin`, as UAA makes it but for the signature.
const TOKEN: &str = "bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX25hbWUiOiJhZG1pbiIsInVzZXJfaWQiOiJ1LTEiLCJvcmlnaW4iOiJ1YWEiLCJjbGllbnRfaWQiOiJjZiJ9.c2ln";

fn logged_in() -> Value {
    json!({
        "AccessToken": TOKEN,
        "APIVersion": "3.195.0",
        "AsyncTimeout": 7,
        "ColorEnabled": "true",
        "ConfigVersion": 4,
        "Locale": "fr-FR",
        "OrganizationFields": {"GUID": "org-guid", "Name": "acme"},
        "RefreshToken": "first",
        "SpaceFields": {"GUID": "space-guid", "Name": "production", "AllowSSH": true},
        "SSLDisabled": true,
        "Target": "https://api.example.com",
        "Trace": "true",
        "UAAOAuthClient": "cf",
        "ToCome": {"in": ["a", "later", "cf"]},
    })
}

fn without(mut config: Value, field: &str) -> Value {
    config[field] = match &config[field] {
        Value::Object(_) => json!({}),
        _ => json!(""),
    };
    config
}

/// What cf does when the platform has given it new tokens.
fn rotate(session: &Session, access: &str, refresh: &str) {
    let path = session.home().config();
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["AccessToken"] = access.into();
    config["RefreshToken"] = refresh.into();
    fs::write(&path, config.to_string()).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_target_is_read() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    assert_eq!(
        *session.target(),
        Target {
            api: "https://api.example.com".to_owned(),
            api_version: "3.195.0".to_owned(),
            org: "acme".to_owned(),
            org_guid: "org-guid".to_owned(),
            space: "production".to_owned(),
            space_guid: "space-guid".to_owned(),
            user: "admin".to_owned(),
            user_guid: "u-1".to_owned(),
            admin: false,
            skip_ssl_validation: true,
        }
    );
}

#[test]
fn a_client_is_the_user_of_its_own_token() {
    let mut config = logged_in();
    // {"client_id":"deployer?>"}: the two forms of base64 differ in its last characters.
    config["AccessToken"] = "bearer e30.eyJjbGllbnRfaWQiOiJkZXBsb3llcj8-In0.c2ln".into();
    config["RefreshToken"] = "".into();
    let user = User::with(&config);
    assert_eq!(Session::open(&user.path(), home()).unwrap().target().user, "deployer?>");
}

#[test]
fn on_kubernetes_the_user_is_that_of_kubectl() {
    let mut config = without(without(logged_in(), "AccessToken"), "RefreshToken");
    config["CFOnK8s"] = json!({"Enabled": true, "AuthInfo": "me"});
    let user = User::with(&config);
    assert_eq!(Session::open(&user.path(), home()).unwrap().target().user, "me");
    config["CFOnK8s"]["AuthInfo"] = "".into();
    let user = User::with(&config);
    assert!(Session::open(&user.path(), home()).unwrap_err().to_string().starts_with("not logged in"));
}

#[test]
fn a_token_that_is_no_jwt_has_no_user() {
    for token in ["bearer opaque", "bearer a.!.c", "bearer a.e30.c"] {
        let mut config = logged_in();
        config["AccessToken"] = token.into();
        let user = User::with(&config);
        assert_eq!(Session::open(&user.path(), home()).unwrap().target().user, "", "{token}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let no_tokens = without(without(logged_in(), "AccessToken"), "RefreshToken");
    let mut other_form = logged_in();
    other_form["ConfigVersion"] = 3.into();
    let cases = [
        (without(logged_in(), "Target").to_string(), "no API endpoint is set; use 'cf login' or 'cf api'"),
        (no_tokens.to_string(), "not logged in; use 'cf login' or 'cf login --sso'"),
        (without(logged_in(), "OrganizationFields").to_string(), "no org is targeted"),
        (without(logged_in(), "SpaceFields").to_string(), "no space is targeted"),
        (String::new(), "(it is empty)"),
        ("{\"Target\":".to_owned(), "(EOF while parsing a value at line 1 column 10)"),
        ("[]".to_owned(), "(it is no JSON object)"),
        (other_form.to_string(), "(form 3, not 4); use 'cf login'"),
    ];
    for (text, expected) in cases {
        let user = User::with_text(&text);
        let message = Session::open(&user.path(), home()).unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
    }
    let absent = tempfile::tempdir().unwrap();
    let message = Session::open(&absent.path().join("config.json"), home()).unwrap_err().to_string();
    assert!(message.starts_with("not logged in: there is no cf configuration at '"), "{message}");
}

#[test]
fn the_copy_is_private_clean_and_goes_with_the_session() {
    let user = User::with(&logged_in());
    let before = fs::read(user.path()).unwrap();
    let session = Session::open(&user.path(), home()).unwrap();
    let directory = session.home().path().to_owned();
    let copy = session.home().config();
    assert_eq!((mode(&directory), mode(&directory.join(".cf")), mode(&copy)), (0o700, 0o700, 0o600));

    let mut expected = logged_in();
    expected["Trace"] = "".into();
    expected["ColorEnabled"] = "".into();
    expected["Locale"] = "".into();
    expected["AsyncTimeout"] = 0.into();
    let copied: Value = serde_json::from_slice(&fs::read(copy).unwrap()).unwrap();
    assert_eq!(copied, expected);

    assert_eq!(session.close().unwrap(), HandBack::Unchanged);
    assert!(!directory.exists());
    assert_eq!(fs::read(user.path()).unwrap(), before);
}

#[test]
fn new_tokens_are_handed_back_and_nothing_else() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    rotate(&session, "bearer new", "second");
    // The user has gone elsewhere meanwhile.
    let mut meanwhile = logged_in();
    meanwhile["SpaceFields"]["Name"] = "staging".into();
    fs::write(user.path(), meanwhile.to_string()).unwrap();

    assert_eq!(session.hand_back().unwrap(), HandBack::Written);
    meanwhile["AccessToken"] = "bearer new".into();
    meanwhile["RefreshToken"] = "second".into();
    assert_eq!(user.config(), meanwhile);
    let order = |config: &Value| config.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(order(&user.config()), order(&meanwhile));
    assert_eq!(mode(&user.path()), 0o600);
    let left: Vec<_> = fs::read_dir(user.path().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays");

    assert_eq!(session.hand_back().unwrap(), HandBack::Unchanged);
    rotate(&session, "bearer newer", "third");
    assert_eq!(session.close().unwrap(), HandBack::Written);
    assert_eq!(user.config()["RefreshToken"], "third");
}

#[test]
fn a_user_who_has_logged_in_or_out_meanwhile_keeps_that() {
    for token in ["other", ""] {
        let user = User::with(&logged_in());
        let session = Session::open(&user.path(), home()).unwrap();
        rotate(&session, "bearer new", "second");
        let mut meanwhile = logged_in();
        meanwhile["RefreshToken"] = token.into();
        fs::write(user.path(), meanwhile.to_string()).unwrap();
        assert_eq!(session.close().unwrap(), HandBack::UserChanged);
        assert_eq!(user.config(), meanwhile);
    }
}

#[test]
fn a_session_that_is_dropped_hands_back_too() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    rotate(&session, "bearer new", "second");
    drop(session);
    assert_eq!(user.config()["RefreshToken"], "second");
}

#[test]
fn a_configuration_that_is_a_link_stays_one() {
    let user = User::with(&logged_in());
    let elsewhere = user.directory.path().join("dotfiles.json");
    fs::rename(user.path(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, user.path()).unwrap();
    let session = Session::open(&user.path(), home()).unwrap();
    rotate(&session, "bearer new", "second");
    assert_eq!(session.close().unwrap(), HandBack::Written);
    assert!(user.path().is_symlink());
    assert_eq!(user.config()["RefreshToken"], "second");
}

#[test]
fn an_access_token_alone_is_not_handed_back() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    rotate(&session, "bearer new", "first");
    assert_eq!(session.close().unwrap(), HandBack::Unchanged);
    assert_eq!(user.config(), logged_in());
}

#[test]
fn no_token_is_in_a_debug_output() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    let config = Config::read(&user.path()).unwrap();
    let text = format!("{session:?} {config:?}");
    assert!(!text.contains("first") && !text.contains("bearer"), "{text}");
}

#[test]
fn the_configuration_is_where_cf_has_it() {
    let path = |cf_home: Option<&str>, home: Option<&str>| user_config(cf_home.map(OsStr::new), home.map(OsStr::new));
    assert_eq!(path(Some("/a"), Some("/b")), Some("/a/.cf/config.json".into()));
    assert_eq!(path(None, Some("/b")), Some("/b/.cf/config.json".into()));
    assert_eq!(path(Some(""), Some("/b")), Some("/b/.cf/config.json".into()));
    assert_eq!(path(None, None), None);
}

#[test]
fn the_real_cf_reads_the_copy_and_leaves_the_users_alone() {
    let user = User::with(&logged_in());
    let before = fs::read(user.path()).unwrap();
    let home = home();
    let program = std::env::var_os("CUTOVER_CF")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cf/cf"), PathBuf::from);
    let cf = Cf::discover(Some(&program), &home).unwrap();
    // `cf version` has left a configuration in the home: the session's takes its place.
    let session = Session::open(&user.path(), home).unwrap();
    let run = |words: &[&str]| {
        let argv: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        cf.run(&argv, Duration::from_secs(60), &mut |_, _| {}).unwrap()
    };
    let output = run(&["target"]);
    assert!(output.exit.is_success(), "{output:?}");
    for (key, value) in
        [("API endpoint:", "https://api.example.com"), ("user:", "admin"), ("org:", "acme"), ("space:", "production")]
    {
        let line = output.stdout.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        assert_eq!(line.trim_start_matches(key).trim(), value, "{}", output.stdout);
    }
    assert!(!output.stdout.contains('\u{1b}'), "the user's colours do not reach it");
    // What cf writes at the end of a command, here a logout, stays in the copy.
    assert!(run(&["logout"]).exit.is_success());
    assert_eq!(session.close().unwrap(), HandBack::Unchanged);
    assert_eq!(fs::read(user.path()).unwrap(), before);
}

#[test]
fn a_link_in_the_place_of_the_copy_is_not_followed() {
    let user = User::with(&logged_in());
    let elsewhere = tempfile::tempdir().unwrap();
    let link = |from: PathBuf| std::os::unix::fs::symlink(elsewhere.path(), from).unwrap();

    let private = home();
    link(private.path().join(".cf"));
    let message = Session::open(&user.path(), private).unwrap_err().to_string();
    assert!(message.contains("a link or a file is in its place"), "{message}");

    // A link as the file itself is replaced, and what it points to stays as it is.
    let private = home();
    fs::create_dir(private.path().join(".cf")).unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    std::os::unix::fs::symlink(&victim, private.config()).unwrap();
    let session = Session::open(&user.path(), private).unwrap();
    assert!(fs::symlink_metadata(session.home().config()).unwrap().is_file());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[test]
fn the_tokens_are_known_as_secrets() {
    let user = User::with(&logged_in());
    let session = Session::open(&user.path(), home()).unwrap();
    let redactor = session.home().redactor();
    assert_eq!(redactor.shown("refreshed with 'first'"), "refreshed with '[hidden]'");
    assert_eq!(redactor.shown(TOKEN), "[hidden]");
    assert_eq!(redactor.shown(TOKEN.trim_start_matches("bearer ")), "[hidden]");
}

//! UAA over HTTP.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::*;
use crate::Foundry;
use crate::settings::TokenPolicy;

/// The client that may log in as itself.
const ROBOT: (&str, &str) = ("robot", "secret-of-the-robot");

struct Stage {
    foundry: Foundry,
    agent: Agent,
}

type Answer = (u16, Value);
type Pair<'a> = (&'a str, &'a str);

impl Stage {
    fn new(policy: TokenPolicy) -> Self {
        let foundry = Foundry::start(Settings { tokens: policy, ..Settings::default() }).unwrap();
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { foundry, agent }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.foundry.platform.addresses.uaa_url())
    }

    /// Asks for a token as a client with a secret.
    fn token(&self, client: (&str, &str), form: &[(&str, &str)]) -> Answer {
        let secrets = [("client_id", client.0), ("client_secret", client.1)];
        let form = form.iter().copied().chain(secrets);
        Self::answer(self.agent.post(self.url("/oauth/token")).send_form(form).unwrap())
    }

    fn login(&self, user: &str, password: &str) -> Answer {
        self.token(("cf", ""), &[("grant_type", "password"), ("username", user), ("password", password)])
    }

    fn refresh(&self, client: (&str, &str), token: &Value) -> Answer {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())])
    }

    /// Asks with a bearer token; `body` is empty for none.
    fn ask(&self, method: &str, path: &str, token: &Value, body: &str) -> Answer {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(self.url(path))
            .header("Authorization", format!("Bearer {}", token.as_str().unwrap()))
            .header("Content-Type", "application/json");
        Self::answer(self.agent.run(request.body(body.to_owned()).unwrap()).unwrap())
    }

    fn answer(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn good(&self, token: &Value) -> bool {
        self.foundry.platform.uaa.verify(token.as_str().unwrap()).is_some()
    }
}

/// The status and UAA's word for the error.
fn error((status, body): &Answer) -> (u16, &str) {
    (*status, body["error"].as_str().unwrap_or_default())
}

#[test]
fn who_cannot_prove_it_gets_no_token() {
    let stage = Stage::new(TokenPolicy::default());
    let cf = ("cf", "");
    let cases: [(Pair<'_>, &[Pair<'_>], (u16, &str)); 8] = [
        (cf, &[("grant_type", "password"), ("username", "admin"), ("password", "no")], (401, "unauthorized")),
        (cf, &[("grant_type", "password"), ("username", "nobody"), ("password", "admin")], (401, "unauthorized")),
        (cf, &[("grant_type", "password")], (400, "invalid_request")),
        (("cf", "secret"), &[("grant_type", "password")], (401, "invalid_client")),
        (("robot", "no"), &[("grant_type", "client_credentials")], (401, "invalid_client")),
        (cf, &[("grant_type", "client_credentials")], (401, "invalid_client")),
        (cf, &[("grant_type", "refresh_token"), ("refresh_token", "no")], (401, "invalid_token")),
        (cf, &[("grant_type", "magic")], (400, "unsupported_grant_type")),
    ];
    for (client, form, expected) in cases {
        assert_eq!(error(&stage.token(client, form)), expected, "{form:?}");
    }
}

#[test]
fn a_client_speaks_for_itself() {
    let stage = Stage::new(TokenPolicy::default());
    let (status, answer) = stage.token(ROBOT, &[("grant_type", "client_credentials")]);
    assert_eq!((status, &answer["refresh_token"]), (200, &Value::Null));
    let identity = stage.foundry.platform.uaa.verify(answer["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((identity.user_id.as_str(), identity.client_id.as_str()), ("robot", "robot"));
    assert!(identity.has_scope("cloud_controller.admin"));
}

#[test]
fn a_refresh_token_is_good_for_its_client_and_its_time() {
    let stage = Stage::new(TokenPolicy::default());
    let (_, first) = stage.login("admin", "admin");
    let (status, second) = stage.refresh(("cf", ""), &first["refresh_token"]);
    assert_eq!((status, &second["refresh_token"]), (200, &first["refresh_token"]));
    assert!(stage.good(&first["access_token"]) && stage.good(&second["access_token"]));
    assert_eq!(error(&stage.refresh(ROBOT, &first["refresh_token"])), (401, "invalid_client"));

    let stage = Stage::new(TokenPolicy { refresh: Duration::ZERO, ..TokenPolicy::default() });
    let (_, short) = stage.login("admin", "admin");
    assert_eq!(error(&stage.refresh(("cf", ""), &short["refresh_token"])), (401, "invalid_token"));
    let stage = Stage::new(TokenPolicy { access: Duration::ZERO, ..TokenPolicy::default() });
    let (_, short) = stage.login("admin", "admin");
    assert!(!stage.good(&short["access_token"]));
}

#[test]
fn a_rotated_refresh_token_is_good_once() {
    let stage = Stage::new(TokenPolicy { rotate: true, ..TokenPolicy::default() });
    let (_, first) = stage.login("admin", "admin");
    let (status, second) = stage.refresh(("cf", ""), &first["refresh_token"]);
    assert_eq!(status, 200);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(error(&stage.refresh(("cf", ""), &first["refresh_token"])), (401, "invalid_token"));
    assert_eq!(stage.refresh(("cf", ""), &second["refresh_token"]).0, 200);
}

#[test]
fn tokens_are_made_worthless_one_by_one_and_all_at_once() {
    let stage = Stage::new(TokenPolicy::default());
    let (one, other) = (stage.login("admin", "admin").1, stage.login("admin", "admin").1);
    let path = format!("/oauth/token/revoke/{}", one["jti"].as_str().unwrap());
    assert_eq!(stage.ask("DELETE", &path, &one["access_token"], "").0, 200);
    assert!(!stage.good(&one["access_token"]) && stage.good(&other["access_token"]));
    assert_eq!(error(&stage.ask("DELETE", &path, &one["access_token"], "")), (401, "invalid_token"));

    stage.foundry.faults().expire_tokens();
    assert!(!stage.good(&other["access_token"]));
    assert_eq!(stage.refresh(("cf", ""), &other["refresh_token"]).0, 200, "the refresh token stays good");
    let later = stage.login("admin", "admin").1;
    stage.foundry.platform.uaa.revoke_tokens();
    assert!(!stage.good(&later["access_token"]));
    assert_eq!(error(&stage.refresh(("cf", ""), &later["refresh_token"])), (401, "invalid_token"));
    assert!(stage.good(&stage.login("admin", "admin").1["access_token"]));
}

#[test]
fn an_account_lives() {
    let stage = Stage::new(TokenPolicy::default());
    let admin = &stage.login("admin", "admin").1["access_token"];
    let find = |name: &str| stage.ask("GET", &format!("/Users?filter=userName+eq+%22{name}%22"), admin, "");
    let new = r#"{"userName":"ann","password":"secret","origin":""}"#;
    let (status, made) = stage.ask("POST", "/Users", admin, new);
    assert_eq!((status, made["userName"].as_str()), (201, Some("ann")));
    assert_eq!(error(&stage.ask("POST", "/Users", admin, new)), (409, "scim_resource_already_exists"));
    assert_eq!(error(&stage.ask("POST", "/Users", admin, r#"{"userName":""}"#)), (400, "invalid_scim_resource"));
    assert_eq!(find("ann").1["resources"][0]["id"], made["id"]);
    assert_eq!(find("bob").1["totalResults"], 0);
    let odd = stage.ask("GET", "/Users?filter=email+sw+%22a%22", admin, "");
    assert_eq!(error(&odd), (400, "invalid_scim_resource"));

    let ann = stage.login("ann", "secret").1;
    assert_eq!(error(&stage.ask("POST", "/Users", &ann["access_token"], new)), (403, "insufficient_scope"));
    let path = format!("/Users/{}/password", made["id"].as_str().unwrap());
    let wrong = stage.ask("PUT", &path, &ann["access_token"], r#"{"oldPassword":"no","password":"new"}"#);
    assert_eq!(error(&wrong), (401, "unauthorized"));
    assert_eq!(stage.ask("PUT", &path, &ann["access_token"], r#"{"oldPassword":"secret","password":"new"}"#).0, 200);
    assert_eq!(error(&stage.refresh(("cf", ""), &ann["refresh_token"])), (401, "invalid_token"));
    assert_eq!((stage.login("ann", "secret").0, stage.login("ann", "new").0), (401, 200));

    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    assert_eq!(stage.ask("DELETE", &path, admin, "").0, 200);
    assert_eq!(error(&stage.ask("DELETE", &path, admin, "")), (404, "scim_resource_not_found"));
    assert_eq!(stage.login("ann", "new").0, 401);
    assert_eq!(error(&stage.ask("GET", "/Groups", admin, "")), (501, "not_implemented"));
    assert_eq!(stage.ask("GET", "/oauth/clients/robot", admin, "").0, 200);
    assert_eq!(error(&stage.ask("GET", "/oauth/clients/none", admin, "")), (404, "not_found"));
}

//! The plan, with comments for whoever reads it first.

use std::fmt::Write as _;

use super::choose::Reached;
use super::found::Found;
use super::yaml_text::scalar;

/// The space that the plan is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The address of the API.
    pub(crate) api: String,
    /// The organization.
    pub(crate) org: String,
    /// The space.
    pub(crate) space: String,
}

/// The plan for these apps; those that cannot be in one are told with the reason.
pub(crate) fn plan_text(target: &Target, apps: &[Found]) -> String {
    let Target { api, org, space } = target;
    let mut text = format!(
        "# How the apps of this space are deployed without downtime. Written by `cutover init` from what runs there.\n\
         # `cutover check` validates it, `cutover plan` shows what it does and changes nothing.\n\
         version: 1\n\
         target:\n  api: {}\n  org: {}\n  space: {}\n\
         apps:\n",
        scalar(api),
        scalar(org),
        scalar(space)
    );
    for app in apps {
        let part = match app.left_out {
            None => app_text(app),
            Some(why) => format!("  # {} is not here: {why}.\n{}", app.name, notes(app)),
        };
        text.push_str(&part);
    }
    text
}

fn notes(app: &Found) -> String {
    app.notes.iter().flat_map(|note| ["  # ", note, "\n"]).collect()
}

fn app_text(app: &Found) -> String {
    let [live, next] = &app.colours;
    let mut text = format!(
        "{}  - name: {}\n    # The two apps that take turns; {live} is live.\n    colours: [{}, {}]\n",
        notes(app),
        scalar(&app.name),
        scalar(live),
        scalar(next)
    );
    if !app.is_docker() {
        text += "    # The folder or archive that is uploaded: name yours.\n    path: .\n";
    }
    let _ = writeln!(text, "    manifest: {}", scalar(&app.file));
    text += &match app.reached {
        Reached::ByRouters => routes(app) + &http_check(app) + DRAIN,
        Reached::Internally => routes(app) + UNSERVED + HEALTH + DRAIN,
        Reached::Nowhere | Reached::Otherwise => [HANDED_OVER, HEALTH].concat(),
    };
    text
}

/// What is let go takes its time.
const DRAIN: &str =
    "    # How long the old version goes on running after the routers have let go of it.\n    drain: 35s\n";

/// What is said of an app that is reached at internal routes alone.
const UNSERVED: &str = "    # No router serves these routes, and none can be asked: after each change a settling time is waited (`settle`).\n";

/// What is said of an app without routes.
const HANDED_OVER: &str = "    # No route leads to it: it is handed over as a whole. The processes of the old version end, then those of the new one run.\n";

/// The check of an app that nobody can ask.
const HEALTH: &str = "    # What a new version must show: no instance crashes for this long. A task in its droplet before that can tell more.\n    \
     checks:\n      - health: {for: 30s}\n      # - task: bin/smoke\n";

fn routes(app: &Found) -> String {
    let mut text = "    routes:\n      live:\n".to_owned();
    for url in &app.live {
        let _ = writeln!(text, "        - {}", scalar(url));
    }
    let staging = app.staging.as_deref().unwrap_or_default();
    let _ = write!(
        text,
        "      # Where a new version is checked before any user reaches it.\n      staging: {}\n",
        scalar(staging)
    );
    text
}

fn http_check(app: &Found) -> String {
    match app.health_endpoint() {
        Some(path) => format!(
            "    # What a new version must show there: as the platform's health check asks; better yet, something that your users do.\n    \
             checks:\n      - http: {{path: {}}}\n",
            serde_json::Value::from(path)
        ),
        None => {
            "    # What a new version must show there. Without a check the platform's health check alone decides.\n    \
                 # checks:\n    #   - http: {path: /health}\n"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::manifest_text::manifest_text;
    use super::*;

    fn found() -> Found {
        Found {
            name: "shop".to_owned(),
            colours: ["shop".to_owned(), "shop_b".to_owned()],
            manifest: json!({
                "name": "shop", "env": {"TOKEN": "hunter2"}, "lifecycle": "buildpack", "buildpacks": ["ruby_buildpack"], "stack": "cflinuxfs4",
                "features": {"ssh": true}, "services": ["db"], "routes": [{"route": "shop.example.com"}],
                "processes": [{"type": "web", "instances": 2, "memory": "256M", "health-check-type": "http", "health-check-http-endpoint": "/up"}],
            }),
            file: "manifest.yml".to_owned(),
            reached: Reached::ByRouters,
            left_out: None,
            live: vec!["shop.example.com".to_owned(), "*.shop.example.com/cart".to_owned()],
            staging: Some("shop-staging.example.com".to_owned()),
            notes: vec!["shop.apps.internal leads to it, too: it stays where it is".to_owned()],
        }
    }

    #[test]
    fn a_plan_and_a_manifest_are_written_with_comments() {
        let target =
            Target { api: "https://api.example.com".to_owned(), org: "acme".to_owned(), space: "my space".to_owned() };
        let bare = |name: &str, reached| {
            let colours = [name.to_owned(), format!("{name}_b")];
            let (name, file) = (name.to_owned(), format!("manifest-{name}.yml"));
            Found { name, colours, file, reached, live: Vec::new(), staging: None, notes: Vec::new(), ..found() }
        };
        let mesh = Found {
            live: vec!["mesh.apps.internal".to_owned()],
            staging: Some("mesh-staging.apps.internal".to_owned()),
            ..bare("mesh", Reached::Internally)
        };
        let old = Found { left_out: Some("it is stopped"), ..bare("old", Reached::Nowhere) };
        let all = [found(), mesh, bare("worker", Reached::Nowhere), old];
        let (plan, manifest) = (plan_text(&target, &all), manifest_text(&found()));
        assert!(!manifest.contains("hunter2"), "{manifest}");
        insta::assert_snapshot!(format!("{plan}\n{manifest}"));
    }
}

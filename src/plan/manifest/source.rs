//! What an app is made of: files and buildpacks, or an image.

use super::app::DockerImage;
use super::fields::Fields;
use super::lifecycle::Lifecycle;
use crate::plan::template;
use crate::plan::value_error::ValueError;
use crate::plan::yaml::{Node, Scalar, ScalarKind, Value, key_path};

/// The longest name or address of a buildpack, in characters. (CC: `buildpack_lifecycle_data_message.rb`.)
const LONGEST: usize = 4096;

const IMAGE: &str = "write `docker: {image: REGISTRY/NAME:TAG}`";

/// cf 8.17 makes a docker package where `docker` has an image; CC refuses one that has none, and buildpacks beside it.
pub(super) fn read_docker(fields: &mut Fields<'_, '_, '_>) -> Option<DockerImage> {
    let docker = fields.value("docker")?;
    if ["buildpack", "buildpacks"].iter().any(|key| fields.get(key).is_some()) {
        let hint = "an image brings all that it runs: take `buildpacks` out";
        fields.problem("docker", ValueError::hinted("an app has either `docker` or `buildpacks`", hint));
    }
    let Value::Map(_) = docker.value else {
        let found = docker.type_name();
        fields.problem("docker", ValueError::hinted(format!("expected a mapping, found {found}"), IMAGE));
        return None;
    };
    // cf 8.17 (`manifestparser/application.go`): any scalar is a text here, and keys have one spelling.
    let path = fields.path_of("docker");
    for (key, value) in docker.entries() {
        let error = match value.text().map(template::error_in) {
            Some(error) => error,
            None if value.is_null() => None,
            None => Some(ValueError::new(format!("expected a text, found {}", value.type_name()))),
        };
        if let (Some(error), Some(name @ ("image" | "username"))) = (error, key.text()) {
            fields.collector.node(value, &key_path(&path, name), error);
            return None;
        }
    }
    let text = |key: &str| docker.get(key).and_then(Node::text).filter(|text| !text.is_empty()).map(str::to_owned);
    let Some(image) = text("image") else {
        fields.problem("docker", ValueError::hinted("`docker` names no image", IMAGE));
        return None;
    };
    Some(DockerImage { image, username: text("username") })
}

/// The lifecycle that the Cloud Controller reads off a manifest. (CC: `AppManifestMessage#app_lifecycle_hash`: the word
/// of `lifecycle` counts where it is `cnb` or `buildpack`; `docker` is said by its own key alone.) What would be refused
/// only once the app is there is a problem here.
pub(super) fn read_lifecycle(fields: &mut Fields<'_, '_, '_>, docker: bool) -> Option<Lifecycle> {
    let word = fields.text("lifecycle").filter(|word| !word.is_empty());
    let named = word.as_ref().map(|word| Lifecycle::parse(word));
    match (named, docker) {
        (None, false) => None,
        (None | Some(Some(Lifecycle::Docker)), true) => Some(Lifecycle::Docker),
        (Some(Some(named @ (Lifecycle::Buildpack | Lifecycle::Cnb))), false) => Some(named),
        (Some(Some(Lifecycle::Docker)), false) => {
            fields.problem("lifecycle", ValueError::hinted("the lifecycle `docker` needs an image", IMAGE));
            None
        }
        (Some(Some(named @ (Lifecycle::Buildpack | Lifecycle::Cnb))), true) => {
            let message = format!("an app of the lifecycle `{}` cannot run a docker image", named.as_str());
            fields.problem("lifecycle", ValueError::hinted(message, "take `lifecycle` out, or `docker`"));
            None
        }
        (Some(None), _) => {
            let error = ValueError::hinted("this is no lifecycle", "write one of buildpack, docker, cnb");
            fields.problem("lifecycle", error);
            None
        }
    }
}

/// CC (`AppManifestMessage#requested_buildpacks`): `buildpack`, one name, is the older form, which does not go with the
/// newer one; `default` and `null` there stand for detection. Of the list, null is none.
pub(super) fn read_buildpacks(fields: &mut Fields<'_, '_, '_>) -> Vec<String> {
    if fields.get("buildpack").is_some() && fields.get("buildpacks").is_some() {
        let hint = "write all of them in the list of `buildpacks`, and take `buildpack` out";
        fields.problem("buildpack", ValueError::hinted("an app has either `buildpack` or `buildpacks`", hint));
    }
    let mut names = Vec::new();
    if fields.value("buildpacks").is_some() {
        let path = fields.path_of("buildpacks");
        for (at, item) in fields.list("buildpacks", "buildpacks", "write `buildpacks: [NAME]`").iter().enumerate() {
            match buildpack(item) {
                Ok(name) => names.push(name),
                Err(error) => fields.collector.node(item, &format!("{path}[{at}]"), error),
            }
        }
    }
    if let Some(single) = fields.value("buildpack") {
        match buildpack(single) {
            Ok(name) if matches!(name.as_str(), "default" | "null") => {}
            Ok(name) => names.push(name),
            Err(error) => fields.problem("buildpack", error),
        }
    }
    names
}

/// CC (`buildpack_lifecycle_data_message.rb`, `manifest_buildpack_message.rb`): a text of 1 to 4096 characters.
fn buildpack(node: &Node) -> Result<String, ValueError> {
    let hint = "write the name of a buildpack (`cf buildpacks`), or its address";
    match node.scalar() {
        Some(Scalar { kind: ScalarKind::Text, text }) => match template::error_in(text) {
            Some(error) => Err(error),
            None if text.trim().is_empty() => Err(ValueError::hinted("the name of a buildpack is empty", hint)),
            None if text.chars().count() > LONGEST => {
                Err(ValueError::new(format!("the name of a buildpack has more than {LONGEST} characters")))
            }
            None => Ok(text.clone()),
        },
        Some(_) | None => Err(ValueError::hinted(format!("expected a text, found {}", node.type_name()), hint)),
    }
}

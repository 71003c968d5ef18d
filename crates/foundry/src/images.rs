//! The images that apps can run. None is ever pulled: each is a folder of this machine, or built in.

use std::path::PathBuf;

use indexmap::IndexMap;

/// The images that there are, as one registry that all references lead to.
#[derive(Debug, Clone)]
pub struct Images {
    /// By reference, with or without its tag: `registry.example.org/team/app:1.0` is looked for first, then
    /// `registry.example.org/team/app`.
    pub known: IndexMap<String, Image>,
    /// Whether any other reference is an image that is built in. Else it is unknown, as to a registry.
    pub stand_in_for_others: bool,
}

/// An image.
#[derive(Debug, Clone)]
pub struct Image {
    /// What is in it.
    pub content: Content,
    /// Who may read it, and the password; `None` is everybody.
    pub login: Option<(String, String)>,
}

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The files of a folder, and what starts them there.
    Folder {
        /// The folder.
        path: PathBuf,
        /// The command, as `Cmd` and `Entrypoint` of an image are it.
        command: String,
    },
    /// A web server that answers every request with 200, whatever the app's own start command is.
    StandIn,
}

impl Default for Images {
    /// The image of Diego's own tests, which is a small web server.
    fn default() -> Self {
        let image = Image { content: Content::StandIn, login: None };
        Self {
            known: IndexMap::from([("cloudfoundry/diego-docker-app".to_owned(), image)]),
            stand_in_for_others: false,
        }
    }
}

/// Why a registry does not hand an image out, in its own words. (`containers/image`: `docker`.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("reading manifest {tag} in {name}: manifest unknown")]
    Unknown { name: String, tag: String },
    #[error("reading manifest {tag} in {name}: unauthorized: authentication required")]
    Anonymous { name: String, tag: String },
    #[error("unable to retrieve auth token: invalid username/password: unauthorized: authentication required")]
    WrongPassword,
}

/// A reference, taken apart as Diego does. (`dockerapplifecycle`: `ParseDockerRef`.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The registry and the name: `docker.io/cloudfoundry/app` where no registry is named.
    pub(crate) name: String,
    /// The name alone.
    pub(crate) repository: String,
    /// The tag; `latest` where none is given.
    pub(crate) tag: String,
}

impl Reference {
    pub(crate) fn of(text: &str) -> Self {
        let (path, tag) = split_tag(text);
        let (registry, repository) = match path.split_once('/') {
            // A first part that is no host is a name on the usual registry.
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest.to_owned()),
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        Self { name: format!("{registry}/{repository}"), repository, tag: tag.unwrap_or("latest").to_owned() }
    }
}

/// The tag or the digest is what follows the last colon, unless that is the one of a port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    let (path, digest) = text.split_once('@').map_or((text, None), |(path, digest)| (path, Some(digest)));
    match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, digest.or(Some(tag))),
        Some(_) | None => (path, digest),
    }
}

impl Images {
    /// Hands out what is in the image of this reference.
    pub(crate) fn pull(&self, reference: &str, login: Option<(&str, &str)>) -> Result<Content, Refused> {
        let (plain, _) = split_tag(reference);
        let Some(image) = self.known.get(reference).or_else(|| self.known.get(plain)) else {
            let Reference { name, tag, .. } = Reference::of(reference);
            return if self.stand_in_for_others { Ok(Content::StandIn) } else { Err(Refused::Unknown { name, tag }) };
        };
        match (&image.login, login) {
            (None, _) => Ok(image.content.clone()),
            (Some((user, password)), Some((given, with))) if user == given && password == with => {
                Ok(image.content.clone())
            }
            (Some(_), Some(_)) => Err(Refused::WrongPassword),
            (Some(_), None) => {
                let Reference { name, tag, .. } = Reference::of(reference);
                Err(Refused::Anonymous { name, tag })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        for (text, name, tag) in [
            ("nginx", "docker.io/library/nginx", "latest"),
            ("team/app:1.0", "docker.io/team/app", "1.0"),
            ("registry.example.org:5000/team/app", "registry.example.org:5000/team/app", "latest"),
            ("registry.example.org:5000/app:sha-1", "registry.example.org:5000/app", "sha-1"),
            ("localhost/app@sha256:0a", "localhost/app", "sha256:0a"),
            ("team/app:1.0@sha256:0a", "docker.io/team/app", "sha256:0a"),
        ] {
            let reference = Reference::of(text);
            assert_eq!((reference.name.as_str(), reference.tag.as_str()), (name, tag), "{text}");
        }
    }

    #[test]
    fn an_image_is_handed_out_to_who_may_read_it() {
        let folder = |path: &str| Content::Folder { path: PathBuf::from(path), command: "./run".to_owned() };
        let mut images = Images::default();
        let login = Some(("robot".to_owned(), "secret".to_owned()));
        images.known.insert("r.org/private".to_owned(), Image { content: folder("/a"), login });
        images.known.insert("r.org/app:2".to_owned(), Image { content: folder("/b"), login: None });
        let pull = |text: &str, login| images.pull(text, login);
        assert_eq!(pull("cloudfoundry/diego-docker-app:latest", None), Ok(Content::StandIn));
        assert_eq!(pull("r.org/private:1", Some(("robot", "secret"))), Ok(folder("/a")));
        assert_eq!(pull("r.org/private", Some(("robot", "wrong"))), Err(Refused::WrongPassword));
        let told = pull("r.org/private:1", None).unwrap_err().to_string();
        assert_eq!(told, "reading manifest 1 in r.org/private: unauthorized: authentication required");
        assert_eq!(pull("r.org/app:2", Some(("any", "one"))), Ok(folder("/b")));
        let told = pull("r.org/app:3", None).unwrap_err().to_string();
        assert_eq!(told, "reading manifest 3 in r.org/app: manifest unknown");
        let images = Images { stand_in_for_others: true, ..images };
        assert_eq!(images.pull("r.org/app:3", None), Ok(Content::StandIn));
    }
}

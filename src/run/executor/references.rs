//! The values of what an invocation refers to, when its step runs.

use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

use crate::cf::invocation::Reference;
use crate::plan::RouteUrl;
use crate::space::Space;

/// The value of a reference, from what was last read of the space; a file that it needs is written to cf's private home.
/// `None` where there is none.
pub(super) fn value(reference: &Reference, space: &Space, home: &Path) -> Option<String> {
    let app = || space.app(reference.app()?);
    match reference {
        Reference::AppGuid(_) => Some(app()?.guid.clone()),
        Reference::PackageGuid(_) => app()?.package.as_ref().map(|package| package.guid.clone()),
        Reference::DropletGuid(_) => app()?.staged.as_ref().map(|droplet| droplet.guid.clone()),
        Reference::CurrentDropletGuid(_) => app()?.droplet.clone(),
        Reference::SidecarGuid(_, name) => app()?.settings.as_ref()?.sidecar(name).map(str::to_owned),
        Reference::RouteGuid(route) => {
            let url = RouteUrl::parse(&route.url()).ok()?;
            space.route(&url).map(|route| route.guid.clone())
        }
        // It is made for one call, and gone after it.
        Reference::File(_) => None,
        Reference::ManifestPart(part) => written(&part.text, home).ok(),
    }
}

/// Writes a manifest to a new file with mode 0600, which goes with the home.
fn written(text: &str, home: &Path) -> io::Result<String> {
    let mut file = Builder::new().prefix("manifest-").suffix(".yml").tempfile_in(home)?;
    file.write_all(text.as_bytes())?;
    let (_, path) = file.keep().map_err(|error| error.error)?;
    Ok(path.to_string_lossy().into_owned())
}

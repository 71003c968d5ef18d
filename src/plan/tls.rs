//! How a certificate of a route is verified.

use std::path::PathBuf;

/// How a certificate of a route is verified: by the roots that the system trusts, if nothing else is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The roots in the place of the system's.
    pub roots: Option<Roots>,
    /// Whether none is verified.
    pub insecure: bool,
}

/// Certificates of authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// Their file, as the user named it.
    pub path: PathBuf,
    /// What stands in it.
    pub pem: Vec<u8>,
}

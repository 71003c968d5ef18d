//! Reads how certificates are verified.

use std::path::Path;

use super::mapping::Mapping;
use super::paths::joined;
use super::scalars::{any, flag};
use crate::plan::diagnostics::Collector;
use crate::plan::schema::TLS;
use crate::plan::tls::{Roots, Tls};
use crate::plan::value_error::ValueError;

/// What a certificate begins with in a file (RFC 7468).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

pub(crate) fn read_tls(top: &Mapping<'_>, folder: &Path, collector: &mut Collector<'_>) -> Tls {
    let tls = top.table("tls", &TLS);
    let file = tls.parse("ca_file", any).map(|file| file.map(|file| joined(folder, &file)));
    let roots = file.and_then(|file| {
        let pem = collector.read_bytes(&file.value, file.place.clone(), &file.path)?;
        if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
            let message = format!("`{}`: there is no certificate in it", file.value.display());
            let hint = "it is a file of certificates in PEM, which begin with -----BEGIN CERTIFICATE-----";
            collector.at(file.place, &file.path, ValueError::hinted(message, hint));
        }
        Some(Roots { path: file.value, pem })
    });
    Tls { roots, insecure: tls.parse("insecure", flag).is_some_and(|insecure| insecure.value) }
}

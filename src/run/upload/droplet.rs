//! Whether a file is a droplet. The platform takes whatever has the right name, and what is none does not start.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use tar::Archive;

/// The folder of a droplet with the app (buildpackapplifecycle: it is unpacked to `/home/vcap`, and started in `app`).
const APP: &str = "app";

/// Reads all of it. Fails with why it is none.
pub(super) fn check(file: &Path) -> Result<(), String> {
    let broken = |why: io::Error| format!("it cannot be unpacked, as a tar file that is packed by gzip can ({why})");
    let opened = File::open(file).map_err(|why| why.to_string())?;
    let mut archive = Archive::new(MultiGzDecoder::new(BufReader::new(opened)));
    let mut has_app = false;
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?;
        let mut names = path.components().filter(|part| *part != Component::CurDir).map(Component::as_os_str);
        has_app |= names.next() == Some(OsStr::new(APP)) && names.next().is_some();
    }
    // What is wrong with the end of it, the checksum says.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    if has_app { Ok(()) } else { Err(format!("it has no folder '{APP}' with the files of the app")) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_droplet_is_whole_and_holds_an_app() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.tgz");
        let packed = |names: &[&str]| {
            let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            for name in names {
                let mut header = tar::Header::new_gnu();
                header.set_mode(0o755);
                header.set_size(name.len() as u64);
                archive.append_data(&mut header, name, name.as_bytes()).unwrap();
            }
            archive.into_inner().unwrap().finish().unwrap()
        };
        let told = |contents: &[u8]| {
            fs::write(&file, contents).unwrap();
            check(&file)
        };
        let whole = packed(&["./staging_info.yml", "./app/run"]);
        assert_eq!(told(&whole), Ok(()));
        assert_eq!(told(&packed(&["app/run"])), Ok(()));
        let no_app = Err("it has no folder 'app' with the files of the app".to_owned());
        assert_eq!(told(&packed(&["run", "tmp/app/run", "app"])), no_app);
        let mut flipped = whole.clone();
        let at = flipped.len() - 6;
        flipped[at] ^= 0xFF;
        for broken in [&b"no archive"[..], b"", &whole[..whole.len() / 2], &whole[..whole.len() - 4], &flipped] {
            assert!(told(broken).unwrap_err().starts_with("it cannot be unpacked"), "{}", broken.len());
        }
    }
}

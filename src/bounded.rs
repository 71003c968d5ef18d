//! Files from outside are read only where they are ordinary ones of a sane size.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Reads a file of at most `most` bytes. Fails for a larger one, without reading it, for a folder, and for a named pipe
/// or a device, which could keep the reader for ever.
pub(crate) fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Looked at before it is opened, which can have an effect on a device; and after, since it may be another one by
    // then.
    check(&std::fs::metadata(file)?, most)?;
    // To open a named pipe would wait for a writer.
    let opened = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(file)?;
    check(&opened.metadata()?, most)?;
    let bytes = take(opened, most + 1)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

fn take(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn check(metadata: &std::fs::Metadata, most: u64) -> io::Result<()> {
    if metadata.is_dir() {
        Err(io::Error::new(ErrorKind::IsADirectory, "this is a folder, not a file"))
    } else if !metadata.is_file() {
        Err(io::Error::new(ErrorKind::InvalidInput, "this is no ordinary file"))
    } else if metadata.len() > most {
        Err(too_large(most))
    } else {
        Ok(())
    }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("the file is larger than {} MiB", most >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordinary_files_of_some_size() {
        let folder = tempfile::tempdir().unwrap();
        let message = |file: &Path| read(file, 1 << 20).map_err(|error| error.to_string());
        let file = folder.path().join("file");
        std::fs::write(&file, vec![b'#'; 1 << 20]).unwrap();
        assert_eq!(message(&file).map(|bytes| bytes.len()), Ok(1 << 20));
        std::fs::write(&file, vec![b'#'; (1 << 20) + 1]).unwrap();
        assert_eq!(message(&file), Err("the file is larger than 1 MiB".to_owned()));
        // 100 GB that nobody has to write or read.
        File::create(&file).unwrap().set_len(100 << 30).unwrap();
        assert_eq!(message(&file), Err("the file is larger than 1 MiB".to_owned()));
        assert_eq!(message(folder.path()), Err("this is a folder, not a file".to_owned()));
        assert_eq!(message(Path::new("/dev/zero")), Err("this is no ordinary file".to_owned()));
        let pipe = folder.path().join("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        assert_eq!(message(&pipe), Err("this is no ordinary file".to_owned()));
        assert_eq!(read(&folder.path().join("nowhere"), 1).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

//! Which part of what is too long for each run is tried: the one that the commit names, so that all are met in time.

/// The part of so many that this commit tries, counted from 0.
pub fn of(parts: usize) -> usize {
    let begin = commit();
    let number = begin.get(..8).and_then(|begin| usize::from_str_radix(begin, 16).ok());
    number.unwrap_or_default() % parts
}

/// The part of so many that is tried; `None` where all are, as `CUTOVER_PROOFS=all` has it in `make verify`.
pub fn tried(parts: usize) -> Option<usize> {
    std::env::var_os("CUTOVER_PROOFS").is_none().then(|| of(parts))
}

/// Those of a law's many cases that are tried: one of so many, or all where laws are tried at length (`make soak` sets
/// `PROPTEST_CASES`). A mutant, of which there are thousands, meets its part.
pub fn one_of<T>(parts: usize, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let (first, step) = if std::env::var_os("PROPTEST_CASES").is_some() { (0, 1) } else { (of(parts), parts) };
    all.skip(first).step_by(step)
}

/// The commit that is tried; empty where there is none, as in an archive of the source.
fn commit() -> String {
    #[expect(clippy::disallowed_methods, reason = "no cf is started")]
    let mut command = std::process::Command::new("git");
    let told = command.args(["rev-parse", "HEAD"]).current_dir(crate::root()).output();
    told.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned()).unwrap_or_default()
}

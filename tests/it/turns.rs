//! The whole runs that take turns: of each commit a third of `turns.txt` is tried, and the others by `make verify`.

use std::env;

/// `--skip` takes whatever has the name in it.
#[test]
fn what_takes_turns_is_there_and_nothing_else_is_left_out_with_it() {
    #[expect(clippy::disallowed_methods, reason = "no cf is started")]
    let mut tests = std::process::Command::new(env::current_exe().unwrap());
    let listed = tests.args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let all: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    for name in include_str!("turns.txt").lines() {
        let meant: Vec<&&str> = all.iter().filter(|test| test.contains(name)).collect();
        assert_eq!(meant, [&name]);
    }
}

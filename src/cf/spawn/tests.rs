//! With the real cf, and with small real programs where a process has to misbehave.

use std::cell::Cell;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::{fs, thread};

use super::*;
use crate::cf::dialect::Dialect;
use crate::secret::Sensitive;

/// The real cf: `$CUTOVER_CF`, else the one that `make` builds.
fn real_cf() -> PathBuf {
    env::var_os("CUTOVER_CF").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/cf/cf"), PathBuf::from)
}

fn home() -> PrivateHome {
    PrivateHome::create(&Guard::start().unwrap()).unwrap()
}

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn quiet(_: Stream, _: &str) {}

/// A `Cf` whose program is this shell script.
fn script(home: &PrivateHome, text: &str) -> Cf {
    // Writing a program and running it at once fails with "text file busy" where another test forks in between: a shell
    // reads it instead.
    let path = home.path().join("script");
    fs::write(&path, text).unwrap();
    let mut environment = environment(env::vars_os(), home.path());
    set(&mut environment, "SCRIPT".into(), path.into());
    Cf {
        program: "/bin/sh".into(),
        directory: home.path().to_owned(),
        version: CfVersion::pinned(),
        environment,
        redactor: home.redactor().clone(),
        guard: Arc::clone(home.guard()),
        turn: Arc::default(),
        patient: true,
        grace: Duration::from_millis(300),
    }
}

fn run(cf: &Cf, deadline: Duration) -> Output {
    let script = cf.directory.join("script").display().to_string();
    cf.run(&[script], deadline, &mut quiet).unwrap()
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn the_real_cf_tells_its_version_and_leaves_only_its_configuration() {
    let home = home();
    let cf = Cf::discover(Some(&real_cf()), &home).unwrap();
    assert!(cf.version().dialect() >= Dialect::V8, "{}", cf.version());
    assert!(cf.program.is_absolute());
    let mut left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [".cf", "owner"]);
}

#[test]
fn the_real_cf_says_that_nothing_is_targeted() {
    let home = home();
    let cf = Cf::discover(Some(&real_cf()), &home).unwrap();
    let mut lines = Vec::new();
    let output = cf.run(&argv(&["apps"]), LONG, &mut |stream, line| lines.push((stream, line.to_owned()))).unwrap();
    assert_eq!(output.exit, Exit::Code(1));
    assert_eq!(output.argv, ["apps"]);
    assert_eq!(output.stdout, "FAILED\n");
    assert!(output.stderr.starts_with("No API endpoint set. Use '"), "{}", output.stderr);
    lines.sort_by_key(|(stream, _)| *stream == Stream::Err);
    assert_eq!(
        lines,
        [(Stream::Out, "FAILED".to_owned()), (Stream::Err, output.stderr.trim_end().to_owned())],
        "each line is told once, with its stream"
    );
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_run_is_named_with_a_hint() {
    let home = home();
    let plain = home.path().join("plain");
    fs::write(&plain, "no program").unwrap();
    let garbage = home.path().join("garbage");
    fs::write(&garbage, b"\x7fnothing that runs").unwrap();
    fs::set_permissions(&garbage, fs::Permissions::from_mode(0o755)).unwrap();
    let cases = [
        (home.path().join("absent"), "no cf at '"),
        (PathBuf::from("no-such-cf-anywhere"), "no cf at 'no-such-cf-anywhere'"),
        (plain, "is no program that can be run"),
        (garbage, "version' failed (exit code"),
        (home.path().to_owned(), "is no program that can be run"),
    ];
    for (path, expected) in cases {
        let message = Cf::discover(Some(&path), &home).unwrap_err().to_string();
        assert!(message.contains(expected), "{}: {message}", path.display());
        assert!(message.contains("--cf PATH or $CUTOVER_CF"), "{message}");
    }
    let message = find(None, Some(OsStr::new("/nonexistent"))).unwrap_err().to_string();
    assert!(message.starts_with("no cf on PATH: install"), "{message}");
}

#[test]
fn a_cf_that_is_removed_meanwhile_is_missed() {
    let home = home();
    let copy = home.path().join("cf");
    symlink(real_cf(), &copy).unwrap();
    let cf = Cf::discover(Some(&copy), &home).unwrap();
    fs::remove_file(&copy).unwrap();
    let error = cf.run(&argv(&["version"]), LONG, &mut quiet).unwrap_err();
    assert!(matches!(error, SpawnError::NotFound { .. }), "{error}");
}

#[test]
fn a_program_that_is_no_cf_is_refused() {
    let home = home();
    let message = Cf::discover(Some(Path::new("/bin/echo")), &home).unwrap_err().to_string();
    assert!(message.contains("'cf version' printed no version: \"version\""), "{message}");
    let message = Cf::discover(Some(Path::new("/bin/false")), &home).unwrap_err().to_string();
    assert!(message.contains("exit code 1"), "{message}");
}

#[test]
fn the_first_program_of_the_name_on_path_that_can_be_run_is_taken() {
    let home = home();
    let (first, second) = (home.path().join("first"), home.path().join("second"));
    for directory in [&first, &second] {
        fs::create_dir(directory).unwrap();
        fs::write(directory.join("cf"), "").unwrap();
    }
    fs::set_permissions(second.join("cf"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = env::join_paths([&first, &second]).unwrap();
    assert_eq!(find(None, Some(&path)).unwrap(), second.join("cf"));
    assert_eq!(find(Some(Path::new("cf")), Some(&path)).unwrap(), second.join("cf"));
    assert!(matches!(find(None, Some(first.as_os_str())), Err(SpawnError::NotExecutable { .. })));
}

#[test]
fn the_environment_passes_what_helps_and_drops_what_disturbs() {
    let user = [
        ("PATH", "/bin"),
        ("https_proxy", "http://proxy"),
        ("SSL_CERT_FILE", "/ca.pem"),
        ("CF_DIAL_TIMEOUT", "20"),
        ("CF_HOME", "/home/me"),
        ("CF_PLUGIN_HOME", "/home/me"),
        ("CF_TRACE", "true"),
        ("CF_COLOR", "true"),
        ("CF_LOG_LEVEL", "debug"),
        ("CF_USERNAME", "me"),
        ("CF_PASSWORD", "secret"),
        ("CF_STARTUP_TIMEOUT", "1"),
        ("LANG", "fr_FR.UTF-8"),
        ("LC_MESSAGES", "fr_FR"),
        ("FORCE_TTY", "true"),
    ];
    let mut found: Vec<String> =
        environment(user.iter().map(|(name, value)| (name.into(), value.into())), Path::new("/private"))
            .iter()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "CF_COLOR=false",
            "CF_DIAL_TIMEOUT=20",
            "CF_HOME=/private",
            "CF_PLUGIN_HOME=/private",
            "CF_TRACE=false",
            "GOGC=400",
            "LC_ALL=C",
            "PATH=/bin",
            "SSL_CERT_FILE=/ca.pem",
            "https_proxy=http://proxy",
        ]
    );
}

#[test]
fn whoever_bounds_the_memory_of_cf_keeps_that_bound() {
    for (name, value) in [("GOGC", "50"), ("GOMEMLIMIT", "64MiB")] {
        let found = environment([(name.into(), value.into())].into_iter(), Path::new("/private"));
        let of_go: Vec<_> = found.iter().filter(|(name, _)| name.to_string_lossy().starts_with("GO")).collect();
        assert_eq!(of_go, [&(name.into(), value.into())]);
    }
}

#[test]
fn a_secret_of_the_environment_is_in_no_debug_output() {
    let home = home();
    let cf = script(&home, "").with_secret("CF_PASSWORD", &Sensitive::new("hunter2"));
    assert!(!format!("{cf:?}").contains("hunter2"));
}

#[test]
fn a_secret_is_told_to_nobody_and_kept_for_those_who_parse() {
    let home = home();
    let cf = script(&home, "echo \"a $CF_PASSWORD\"; echo 'b hun\\033[0mter2' >&2; exit 1")
        .with_secret("CF_PASSWORD", &Sensitive::new("hunter2"));
    let script = home.path().join("script").display().to_string();
    let mut lines = Vec::new();
    let output = cf.run(&[script], LONG, &mut |_, line| lines.push(line.to_owned())).unwrap();
    lines.sort();
    assert_eq!(lines, ["a [hidden]", "b [hidden]"]);
    assert_eq!(output.stdout, "a hunter2\n");
    assert!(!format!("{output:?}").contains("hunter2"));
    assert_eq!(crate::cf::parse::excerpt(&output), "b [hidden] | a [hidden]");
}

#[test]
fn tokens_of_the_configuration_are_hidden_old_and_new() {
    let home = home();
    let write = |refresh: &str| {
        let config =
            serde_json::json!({ "ConfigVersion": 4, "AccessToken": "bearer opaque-access", "RefreshToken": refresh });
        fs::create_dir_all(home.path().join(".cf")).unwrap();
        fs::write(home.path().join(".cf/config.json"), config.to_string()).unwrap();
    };
    for refresh in ["first-refresh", "second-refresh"] {
        write(refresh);
        run(&script(&home, "true"), LONG);
    }
    let output = run(&script(&home, "echo first-refresh second-refresh opaque-access"), LONG);
    assert_eq!(crate::cf::parse::excerpt(&output), "[hidden] [hidden] [hidden]");
}

#[test]
fn the_output_needs_no_disk_and_no_file_that_could_be_planted() {
    let home = home();
    let mut cf = script(&home, "echo kept");
    let script = home.path().join("script").display().to_string();
    cf.directory = "/dev/null/nowhere".into();
    assert_eq!(cf.run(&[script], LONG, &mut quiet).unwrap().stdout, "kept\n");
}

/// A plan may give staging an hour; cf would give up after 15 minutes by itself, and after 5 that a start takes.
#[test]
fn cf_waits_as_long_as_it_may_take() {
    let home = home();
    let cf = script(&home, "echo $CF_STAGING_TIMEOUT $CF_STARTUP_TIMEOUT $CF_COLOR");
    let script = home.path().join("script").display().to_string();
    for (deadline, told) in [(3600, "60.00 60.00 false\n"), (30, "0.50 0.50 false\n")] {
        let output = cf.run(std::slice::from_ref(&script), Duration::from_secs(deadline), &mut quiet).unwrap();
        assert_eq!(output.stdout, told);
    }
}

#[test]
fn the_ways_to_end_are_told_apart() {
    let home = home();
    for (text, expected) in [("exit 0", Exit::Code(0)), ("exit 22", Exit::Code(22)), ("kill -9 $$", Exit::Signal(9))] {
        assert_eq!(run(&script(&home, text), LONG).exit, expected, "{text}");
    }
}

#[test]
fn at_the_deadline_the_process_ends_and_keeps_what_it_said() {
    let home = home();
    let output = run(&script(&home, "echo begun; exec sleep 600"), Duration::from_millis(100));
    assert_eq!((output.exit, &*output.stdout), (Exit::TimedOut, "begun\n"));
}

#[test]
fn what_ignores_sigterm_is_killed_and_so_is_what_it_started() {
    let home = home();
    let pid_file = home.path().join("pid");
    let text = format!("trap '' TERM; sleep 600 & echo $! > {}; echo ready; wait; sleep 600", pid_file.display());
    // The deadline is long enough for the script to have set its trap: the grandchild's pid proves it.
    let output = run(&script(&home, &text), Duration::from_secs(2));
    assert_eq!((output.exit, &*output.stdout), (Exit::TimedOut, "ready\n"));
    let pid: i32 = fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    assert!(gone(pid), "the grandchild {pid} still runs");
}

/// Waits for a process to go; a zombie that nobody reaps counts as gone.
fn gone(pid: i32) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) if !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z') => {
                thread::sleep(Duration::from_millis(10));
            }
            Ok(_) | Err(_) => return true,
        }
    }
    false
}

#[test]
fn a_grandchild_that_keeps_the_output_open_does_not_block_and_does_not_stay() {
    let home = home();
    let pid_file = home.path().join("pid");
    let text = format!("sleep 600 & echo $! > {}; echo done", pid_file.display());
    let output = run(&script(&home, &text), LONG);
    assert_eq!((output.exit, &*output.stdout), (Exit::Code(0), "done\n"));
    let pid: i32 = fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    assert!(gone(pid), "what cf leaves behind in its group goes with it");
}

#[test]
fn an_interrupt_ends_the_run() {
    let home = home();
    let begun = Cell::new(false);
    let cf = script(&home, "echo begun; exec sleep 600");
    let script = home.path().join("script").display().to_string();
    let output = cf.run_while(&|| !begun.get(), &[script], LONG, &mut |_, _| begun.set(true)).unwrap();
    assert_eq!((output.exit, &*output.stdout), (Exit::Interrupted, "begun\n"));
}

#[test]
fn one_cf_at_a_time_works_in_a_home() {
    let home = home();
    let cf = script(&home, "echo begun; exec sleep 600");
    let script = home.path().join("script").display().to_string();
    let begun = Cell::new(false);
    let mut beside = None;
    let elsewhere = PrivateHome::create(home.guard()).unwrap();
    let output = cf.run_while(&|| !begun.get(), &[script], LONG, &mut |_, _| {
        let quick = ["-c".to_owned(), "true".to_owned()];
        let refused = cf.impatient().run(&quick, LONG, &mut |_, _| {});
        beside = Some((refused.is_err_and(|error| matches!(error, SpawnError::Busy)), cf.at(&elsewhere)));
        begun.set(true);
    });
    assert_eq!(output.unwrap().exit, Exit::Interrupted);
    let (refused, elsewhere_cf) = beside.unwrap();
    assert!(refused, "a second one would lose tokens of the first");
    assert_eq!(elsewhere_cf.directory, elsewhere.path());
}

#[test]
fn lines_are_handed_on_while_it_runs() {
    let home = home();
    let go = home.path().join("go");
    let cf = script(&home, &format!("echo first; while [ ! -e {} ]; do sleep 0.02; done; echo last", go.display()));
    let script = home.path().join("script").display().to_string();
    let mut lines = Vec::new();
    let output = cf.run(&[script], LONG, &mut |_, line| {
        // Without this line the script goes on for ever.
        fs::write(&go, "").unwrap();
        lines.push(line.to_owned());
    });
    assert_eq!(output.unwrap().exit, Exit::Code(0));
    assert_eq!(lines, ["first", "last"]);
}

#[test]
fn lines_are_clean_and_the_output_is_as_it_came() {
    let home = home();
    let text = r"printf '\033[32;1mOK\033[0;22m\n\n 0 B / 161 B\r 161 B / 161 B\r\nbad \377 byte\nno end'";
    let cf = script(&home, text);
    let script = home.path().join("script").display().to_string();
    let mut lines = Vec::new();
    let output = cf.run(&[script], LONG, &mut |_, line| lines.push(line.to_owned())).unwrap();
    assert_eq!(lines, ["OK", " 0 B / 161 B", " 161 B / 161 B", "bad \u{fffd} byte", "no end"]);
    assert!(output.stdout.starts_with("\u{1b}[32;1mOK\u{1b}[0;22m\n\n 0 B"), "{:?}", output.stdout);
    assert!(output.stdout.ends_with("bad \u{fffd} byte\nno end"), "{:?}", output.stdout);
}

#[test]
fn there_is_no_input() {
    let home = home();
    assert_eq!(run(&script(&home, "read line; echo $?"), LONG).stdout, "1\n");
}

#[test]
fn a_panic_while_it_runs_leaves_no_process() {
    let home = home();
    let cf = script(&home, "echo $$; exec sleep 600");
    let script = home.path().join("script").display().to_string();
    let pid = Mutex::new(None);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cf.run(&[script], LONG, &mut |_, line| {
            *pid.lock().unwrap() = line.parse().ok();
            std::panic::resume_unwind(Box::new("the caller's"));
        })
    }));
    assert!(caught.is_err());
    let pid = pid.lock().unwrap().unwrap();
    assert!(gone(pid), "{pid} still runs");
}

#[test]
fn only_a_push_gets_the_password_of_a_registry() {
    let home = home();
    let mut cf = script(&home, "");
    for name in OF_A_PUSH {
        cf = cf.with_secret(name, &Sensitive::new("pull-5ecret"));
    }
    for (verb, count) in [("push", 2), ("stage-package", 0), ("curl", 0)] {
        assert_eq!(
            cf.environment_of(&argv(&[verb, "shop"]), LONG).iter().filter(|(name, _)| is_secret(name)).count(),
            count,
            "{verb}"
        );
    }
}

fn is_secret(name: &OsStr) -> bool {
    OF_A_PUSH.iter().any(|secret| name == *secret)
}

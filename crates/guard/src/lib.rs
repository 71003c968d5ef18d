//! Nothing that an owner starts outlives it, even when the owner is ended by SIGKILL.
//!
//! A [`Guard`] is one small `/bin/sh` in a process group of its own. It is told of process groups and directories on
//! its standard input, a pipe that only the owner holds. When the owner ends, in whatever way, the kernel closes the
//! pipe; the guard then kills the groups and removes the directories.
//!
//! No window is open between the start of a child and its registration: a child starts behind a [`Gate`], a shell that
//! waits for one line on a pipe and becomes the program only when its group is registered. If the owner dies before
//! that, the pipe closes and the program never runs.
//!
//! A process that leaves its group (`setsid`) escapes; neither `cf` nor `/bin/sh -c` does that.

pub mod private;

use std::{
    ffi::{OsStr, OsString},
    io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The guard's program. Every line is answered by one line, so that the owner knows that it has been taken in. Signals
/// of a terminal or a broken pipe must not end it before its work is done.
const GUARD: &str = r#"
trap '' HUP INT QUIT TERM PIPE
groups=
while read -r verb what; do
  case $verb in
    group) groups="$groups $what" ;;
    ended) left=; for g in $groups; do [ "$g" = "$what" ] || left="$left $g"; done; groups=$left ;;
    directory) set -- "$@" "$what" ;;
    removed) n=$#; while [ "$n" -gt 0 ]; do [ "$1" = "$what" ] || set -- "$@" "$1"; shift; n=$((n - 1)); done ;;
  esac
  echo ok 2>/dev/null || :
done
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null || :; done
for try in 1 2 3; do
  left=
  for d in "$@"; do rm -rf -- "$d" 2>/dev/null; [ ! -e "$d" ] || left=yes; done
  [ -n "$left" ] || break
  sleep 1
done
"#;

/// The gate's program: the real one takes its place once the owner says so.
const GATE: &str = r#"read -r go || exit 125; exec "$@" </dev/null"#;

/// Ends what an owner started when the owner ends.
#[derive(Debug)]
pub struct Guard {
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    /// Taken only when the guard is dropped.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts a guard. Fails where `/bin/sh` cannot be started.
    #[expect(clippy::disallowed_methods, reason = "the guard is no cf")]
    pub fn start() -> io::Result<Arc<Self>> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", GUARD, "cutover-guard"])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let (Some(words), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the guard has no pipes"));
        };
        let shell = Shell { child, words: Some(words), answers: BufReader::new(answers) };
        Ok(Arc::new(Self { shell: Mutex::new(shell) }))
    }

    /// Makes a gate for one child that somebody else spawns (see [`Gate`]). Fails where no pipe can be had.
    pub fn gate(self: &Arc<Self>) -> io::Result<Gate> {
        let (wait, go) = io::pipe()?;
        Ok(Gate { guard: Arc::clone(self), wait, go })
    }

    /// Starts a program, looked up on the `PATH` of its environment, in a process group of its own and without standard
    /// input. `setup` sets environment, directory and outputs. Fails where the shell cannot be started; a program that
    /// cannot be found is known by exit status 127, as in any shell.
    #[expect(clippy::disallowed_methods, reason = "the caller's own reason holds: it had to get the guard")]
    pub fn spawn<S: AsRef<OsStr>>(self: &Arc<Self>, argv: &[S], setup: impl FnOnce(&mut Command)) -> io::Result<Group> {
        let gate = self.gate()?;
        let mut command = Command::new("/bin/sh");
        command.args(gate.arguments(argv)).stdin(gate.stdin()?).process_group(0);
        setup(&mut command);
        let child = command.spawn()?;
        drop(command);
        let pid = child.id();
        match gate.open(pid) {
            Ok(registration) => Ok(Group { child, registration }),
            Err(error) => {
                let mut child = child;
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Has a directory removed when the owner ends. Fails where the path has a line break or the guard is gone.
    pub fn directory(self: &Arc<Self>, path: &Path) -> io::Result<GuardedDirectory> {
        self.tell("directory", path.as_os_str())?;
        Ok(GuardedDirectory { guard: Arc::clone(self), path: path.to_owned() })
    }

    /// Says one thing to the guard and waits until it has taken it in.
    fn tell(&self, verb: &str, what: &OsStr) -> io::Result<()> {
        let mut line = Vec::from(verb);
        line.push(b' ');
        line.extend_from_slice(what.as_encoded_bytes());
        if line.contains(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a guarded path has no line break"));
        }
        line.push(b'\n');
        let mut shell = self.lock();
        let Some(words) = shell.words.as_mut() else {
            return Err(io::Error::other("the guard has ended"));
        };
        words.write_all(&line)?;
        let mut answer = String::new();
        shell.answers.read_line(&mut answer)?;
        if answer == "ok\n" { Ok(()) } else { Err(io::Error::other("the guard has ended")) }
    }

    fn lock(&self) -> MutexGuard<'_, Shell> {
        self.shell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut shell = self.lock();
        drop(shell.words.take());
        let _ = shell.child.wait();
    }
}

/// Holds one child back until its process group is registered.
///
/// For a caller that spawns the child itself: run `/bin/sh` with [`arguments`](Self::arguments), with
/// [`stdin`](Self::stdin), in a process group of its own, then [`open`](Self::open) the gate with its process id.
#[derive(Debug)]
pub struct Gate {
    guard: Arc<Guard>,
    wait: PipeReader,
    go: PipeWriter,
}

impl Gate {
    /// The arguments of `/bin/sh` that make it wait and then become the program `argv`.
    pub fn arguments<S: AsRef<OsStr>>(&self, argv: &[S]) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["-c", GATE, "sh"].into_iter().map(OsString::from).collect();
        arguments.extend(argv.iter().map(|word| word.as_ref().to_owned()));
        arguments
    }

    /// The standard input that the waiting shell needs; the program itself gets an empty one. Fails where no file
    /// descriptor can be had.
    pub fn stdin(&self) -> io::Result<PipeReader> {
        self.wait.try_clone()
    }

    /// Registers the child's process group, whose leader it is, and lets the program run. Fails where the guard or the
    /// child is gone; the program has not run then.
    pub fn open(self, leader: u32) -> io::Result<Registration> {
        let pid = i32::try_from(leader)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no process id"))?;
        self.guard.tell("group", OsStr::new(&leader.to_string()))?;
        let registration = Registration { guard: self.guard, pid };
        drop(self.wait);
        let mut go = self.go;
        go.write_all(b"go\n")?;
        Ok(registration)
    }
}

/// A process group that the guard knows of. Dropping it kills what is left of the group and takes it off the guard's
/// list, so drop it before the leader's exit status is collected: until then its number cannot be given to another.
#[derive(Debug)]
pub struct Registration {
    guard: Arc<Guard>,
    pid: Pid,
}

impl Registration {
    /// Sends a signal to all processes of the group. A group that has ended is no failure.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Whether the leader has ended; its exit status is left uncollected.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // A leader that cannot be waited for is gone.
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Blocks until the leader has ended and leaves its exit status uncollected.
    pub fn wait_for_leader(&self) {
        while let Err(rustix::io::Errno::INTR) =
            waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {}
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.guard.tell("ended", OsStr::new(&self.pid.as_raw_nonzero().to_string()));
    }
}

/// A running program with its process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    registration: Registration,
}

impl Group {
    /// The process id of the leader, which is the group's number too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Takes the program's standard output, where it was set up as a pipe.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes the program's standard error, where it was set up as a pipe.
    pub fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Sends a signal to all processes of the group. A group that has ended is no failure.
    pub fn signal(&self, signal: Signal) {
        self.registration.signal(signal);
    }

    /// Blocks until the leader has ended; its exit status stays to be collected, so signals still go where they should.
    pub fn wait_for_leader(&self) {
        self.registration.wait_for_leader();
    }

    /// Whether the leader has ended; its exit status stays to be collected.
    pub fn has_ended(&self) -> bool {
        self.registration.has_ended()
    }

    /// Blocks until the leader has ended, kills what it left behind in its group, and returns the leader's status.
    /// Fails where the status cannot be had.
    pub fn wait(self) -> io::Result<ExitStatus> {
        let Self { mut child, registration } = self;
        registration.wait_for_leader();
        drop(registration);
        child.wait()
    }
}

/// Names an exit status as a shell does: the program's code, or 128 and the signal's number.
pub fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255)
}

/// A directory that the guard removes. Dropping this removes it now.
#[derive(Debug)]
pub struct GuardedDirectory {
    guard: Arc<Guard>,
    path: PathBuf,
}

impl GuardedDirectory {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for GuardedDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = self.guard.tell("removed", self.path.as_os_str());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "an owner that is killed must be a process of its own")]

    use std::{
        fs,
        time::{Duration, Instant},
    };

    use super::*;

    const OWNER: &str = "CUTOVER_TEST_GUARD_OWNER";

    /// Waits for a condition; a minute is far more than any of them needs.
    fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !holds() {
            assert!(Instant::now() < end, "in vain: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A zombie is gone too: who its new parent is does not matter here.
    fn alive(pid: &str) -> bool {
        fs::read_to_string(format!("/proc/{pid}/stat"))
            .ok()
            .and_then(|stat| Some(stat.rsplit_once(") ")?.1.to_owned()))
            .is_some_and(|rest| !rest.starts_with(['Z', 'X']))
    }

    fn lines(path: &Path) -> Vec<String> {
        fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Runs this very test binary as an owner that does `what` in `directory`, until it says that it is ready.
    fn owner(what: &str, directory: &Path) -> Child {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::the_owner", "--nocapture", "--include-ignored"])
            .env(OWNER, what)
            .current_dir(directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        eventually("the owner is ready", || directory.join("ready").exists());
        child
    }

    #[test]
    fn the_owner() {
        let Ok(what) = std::env::var(OWNER) else { return };
        let guard = Guard::start().unwrap();
        let here = std::env::current_dir().unwrap();
        match what.as_str() {
            "family" => {
                fs::create_dir(here.join("cell")).unwrap();
                let _cell = guard.directory(&here.join("cell")).unwrap();
                let script = "echo $$ >>pids; sleep 600 & echo $! >>pids; (sleep 600 & echo $! >>pids; wait) & wait";
                let _group = guard.spawn(&["/bin/sh", "-c", script], |_| ()).unwrap();
                let ended = guard.spawn(&["true"], |_| ()).unwrap();
                ended.wait().unwrap();
                eventually("the family is there", || lines(Path::new("pids")).len() == 3);
                fs::write("ready", "").unwrap();
                std::thread::park();
            }
            "gate" => {
                let gate = guard.gate().unwrap();
                let mut child = Command::new("/bin/sh")
                    .args(gate.arguments(&["/bin/sh", "-c", "touch ran"]))
                    .stdin(gate.stdin().unwrap())
                    .process_group(0)
                    .spawn()
                    .unwrap();
                fs::write("pids", child.id().to_string()).unwrap();
                fs::write("ready", "").unwrap();
                std::thread::park();
                child.wait().unwrap();
            }
            other => panic!("no owner does {other}"),
        }
    }

    #[test]
    fn a_killed_owner_leaves_no_process_and_no_directory() {
        let directory = tempfile::tempdir().unwrap();
        let mut owner = owner("family", directory.path());
        let pids = lines(&directory.path().join("pids"));
        assert!(pids.iter().all(|pid| alive(pid)));
        owner.kill().unwrap();
        owner.wait().unwrap();
        eventually("all are gone", || !pids.iter().any(|pid| alive(pid)));
        eventually("the directory is gone", || !directory.path().join("cell").exists());
    }

    #[test]
    fn a_child_that_is_not_registered_never_runs() {
        let directory = tempfile::tempdir().unwrap();
        let mut owner = owner("gate", directory.path());
        let pids = lines(&directory.path().join("pids"));
        owner.kill().unwrap();
        owner.wait().unwrap();
        eventually("the waiting shell is gone", || !pids.iter().any(|pid| alive(pid)));
        assert!(!directory.path().join("ran").exists());
    }

    #[test]
    fn a_group_ends_with_its_leader() {
        let directory = tempfile::tempdir().unwrap();
        let pids = directory.path().join("pids");
        let guard = Guard::start().unwrap();
        let group = guard
            .spawn(&["/bin/sh", "-c", "sleep 600 & echo $! >pids; exit 3"], |command| {
                command.current_dir(directory.path());
            })
            .unwrap();
        assert_eq!(exit_code(group.wait().unwrap()), 3);
        let left = lines(&pids);
        assert_eq!(left.len(), 1);
        eventually("the one left behind is gone", || !alive(&left[0]));
    }

    #[test]
    fn a_dropped_group_is_killed() {
        let guard = Guard::start().unwrap();
        let group = guard.spawn(&["sleep", "600"], |_| ()).unwrap();
        let pid = group.id().to_string();
        assert!(alive(&pid));
        drop(group);
        eventually("it is gone", || !alive(&pid));
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        let guard = Guard::start().unwrap();
        let run = |script: &str| exit_code(guard.spawn(&["/bin/sh", "-c", script], |_| ()).unwrap().wait().unwrap());
        assert_eq!(run("exit 7"), 7);
        assert_eq!(run("kill -TERM $$"), 143);
        assert_eq!(
            exit_code(
                guard
                    .spawn(&["no-such-program"], |command| {
                        command.stderr(Stdio::null());
                    })
                    .unwrap()
                    .wait()
                    .unwrap()
            ),
            127
        );
    }

    #[test]
    fn a_dropped_directory_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let cell = directory.path().join("two words");
        fs::create_dir(&cell).unwrap();
        let guard = Guard::start().unwrap();
        let guarded = guard.directory(&cell).unwrap();
        assert_eq!(guarded.path(), cell);
        drop(guarded);
        assert!(!cell.exists());
    }

    #[test]
    fn a_path_with_a_line_break_is_refused() {
        let guard = Guard::start().unwrap();
        assert_eq!(guard.directory(Path::new("a\nb")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}

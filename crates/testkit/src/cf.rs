//! The real cf in a home of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use foundry::Foundry;
use tempfile::TempDir;

/// The built official cf: `$CUTOVER_CF`, else `target/cf/cf`. Panics where there is none: no stub stands in for it.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("CUTOVER_CF").map_or_else(|| crate::root().join("target/cf/cf"), PathBuf::from);
    assert!(path.is_file(), "{} is no file: `make cf` builds it", path.display());
    path
}

/// What makes cf, a program of Go, end sooner: it is started ten thousand times, and works for some 30 ms on one core.
pub const BRIEF: [(&str, &str); 2] = [("GOMAXPROCS", "1"), ("GOGC", "off")];

/// A cf with a home and a working directory that nobody else uses.
#[derive(Debug)]
pub struct Cf {
    home: TempDir,
    work: TempDir,
    /// Whom it asks for hosts that no name server knows.
    proxy: Option<String>,
}

impl Cf {
    /// A cf that knows no API.
    pub fn logged_out() -> Self {
        Self { home: TempDir::new().unwrap(), work: TempDir::new().unwrap(), proxy: None }
    }

    /// A cf that is logged in as the administrator, with the first organization and space targeted.
    pub fn targeted(foundry: &Foundry) -> Self {
        let settings = foundry.settings();
        let proxy = settings.system_domain.as_ref().map(|_| foundry.router_url());
        let cf = Self { proxy, ..Self::logged_out() };
        let (api, org, space) = (&foundry.api_url(), &settings.org, &settings.space);
        cf.must(["login", "-a", api, "-u", &settings.user, "-p", &settings.password, "-o", org, "-s", space]);
        cf
    }

    /// Its `CF_HOME`.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where it runs.
    pub fn work_dir(&self) -> &Path {
        self.work.path()
    }

    /// Runs it and returns whatever comes.
    pub fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        #[expect(clippy::disallowed_methods, reason = "tests drive cf from outside, without the code under test")]
        let mut command = Command::new(binary());
        command
            .args(args)
            .current_dir(self.work.path())
            .env_clear()
            .env("CF_HOME", self.home.path())
            .env("CF_COLOR", "false")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .envs(BRIEF)
            .envs(self.proxy.iter().map(|proxy| ("http_proxy", proxy)))
            .stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs it and returns its standard output; panics where it fails.
    pub fn must(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "cf failed: {output:#?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

//! Calls the `docker` client and returns its outcome. Each call has a time limit.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The limit of a call in seconds: enough for a machine with ten times the load of this suite.
pub const PATIENCE: &str = "600";

/// The label of everything that the tests create.
const LABEL: &str = "trust-init-test";

/// Debian 12 and 13, with scripts, clients and servers.
pub const BOOKWORM: &str = "bookworm";
pub const TRIXIE: &str = "trixie";
/// Debian 13 with Node and Caddy as well.
pub const STACK: &str = "stack";

/// Runs `docker` and waits for it.
#[track_caller]
pub fn docker<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    ready();
    call(PATIENCE, "docker", arguments)
}

/// The same for a build that compiles, with a longer limit.
#[track_caller]
pub fn docker_build<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    ready();
    call("1500", "docker", arguments)
}

/// Runs a program on the host for at most `seconds`.
#[track_caller]
pub fn call<S: AsRef<str>>(
    seconds: &str,
    program: impl AsRef<std::ffi::OsStr>,
    arguments: impl IntoIterator<Item = S>,
) -> Outcome {
    let arguments: Vec<String> = arguments.into_iter().map(|word| word.as_ref().into()).collect();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", seconds]).arg(program.as_ref()).args(&arguments);
    // Cargo sets variables for the tests. With them the cargo that builds `peer`, and the next `cargo test`,
    // would rebuild crates whose build scripts read them (ring).
    for (name, _) in std::env::vars_os() {
        // The same holds for the variable that tests/run.py sets.
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR", "RUSTC_BOOTSTRAP"]
            .iter()
            .any(|ours| name.to_string_lossy().starts_with(ours))
        {
            command.env_remove(name);
        }
    }
    let done = command.stdin(Stdio::null()).output().expect("`timeout` is part of coreutils");
    let outcome = Outcome {
        words: format!("{} {}", program.as_ref().to_string_lossy(), arguments.join(" ")),
        code: done.status.code().expect("`timeout` exits"),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    };
    assert_ne!(outcome.code, 124, "timed out after {seconds} s: {outcome}");
    outcome
}

/// Ensures, once per process, that the engine answers and the base images exist.
fn ready() {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    let ready = READY.get_or_init(|| {
        for script in [&["engine.sh", "start"][..], &["bases.sh"]] {
            let path = repository().join("tests/containers").join(script[0]);
            let outcome = call("3000", path, &script[1..]);
            if outcome.code != 0 {
                return Err(outcome.to_string());
            }
        }
        sweep();
        Ok(())
    });
    if let Err(why) = ready {
        panic!("no Docker engine for the tests: {why}");
    }
}

/// Removes what earlier runs left behind because they were killed.
fn sweep() {
    let label = format!("label={LABEL}");
    for (list, name, remove) in [
        (&["ps", "--all"][..], "{{.Names}}", &["rm", "--force", "--volumes"][..]),
        (&["network", "ls"], "{{.Name}}", &["network", "rm"]),
        (&["volume", "ls"], "{{.Name}}", &["volume", "rm"]),
        (&["images"], "{{.Repository}}", &["rmi", "--force"]),
    ] {
        let words = [list, &["--filter", &label, "--format", name]].concat();
        for name in call(PATIENCE, "docker", words).stdout.lines() {
            // Names end with `.PID.COUNT`; an image without a name is being built at this moment.
            let Some(pid) = name.rsplit('.').nth(1) else { continue };
            if !Path::new("/proc").join(pid).exists() {
                call(PATIENCE, "docker", [remove, &[name]].concat());
            }
        }
    }
}

/// The option that labels what is created.
pub fn label() -> String {
    format!("--label={LABEL}")
}

/// Returns a name that is unique across runs; it ends with our process id and a count.
pub fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("main").replace("::", ".");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("trust-init.{test}.{}.{count}", std::process::id()).to_lowercase()
}

/// Where this package is.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program under test, a static binary.
pub fn trust_init() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_trust-init"))
}

/// The server, client and certificate maker of tests/peer, built beside the program.
pub fn peer() -> &'static Path {
    static PEER: OnceLock<PathBuf> = OnceLock::new();
    PEER.get_or_init(|| {
        let profile = trust_init().parent().expect("TARGET/TRIPLE/PROFILE/trust-init");
        let target = profile.ancestors().nth(2).expect("TARGET/TRIPLE/PROFILE").to_string_lossy();
        let manifest = repository().join("Cargo.toml");
        let manifest = manifest.to_string_lossy();
        let mut words = vec!["build", "--quiet", "--locked", "--example", "peer"];
        words.extend(["--target-dir", &target, "--manifest-path", &manifest]);
        words.extend(profile.ends_with("release").then_some("--release"));
        call("1500", env!("CARGO"), words).exits(0);
        profile.join("examples/peer")
    })
}

/// The outcome of a call. A failed assertion shows all of it.
pub struct Outcome {
    words: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { words, code, stdout, stderr } = self;
        write!(f, "\n$ {words}\n[exit code {code}]\n[stdout]\n{stdout}\n[stderr]\n{stderr}")
    }
}

impl Outcome {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "wrong exit code: {self}");
        self
    }

    /// Asserts that stderr, where the programs write their messages, contains `words`.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "`{words}` is not in stderr: {self}");
        self
    }

    #[track_caller]
    pub fn never_says(self, words: &str) -> Self {
        assert!(!self.stderr.contains(words), "`{words}` is in stderr: {self}");
        self
    }

    /// Asserts that stdout contains `words`.
    #[track_caller]
    pub fn prints(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "`{words}` is not in stdout: {self}");
        self
    }

    #[track_caller]
    pub fn served(self) -> Self {
        self.exits(0).prints("served over a verified connection")
    }
}

//! A small image for every test: busybox, root certificates, and the program.
//!
//! Each run gets its own mount and process namespaces and this directory as its root, like a container, so
//! the machine's private CA and trust variables have no effect. This requires root; `scripts/test.sh`
//! checks that.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The path in a container at which the custom CA is mounted.
pub const CUSTOM_CA: &str = "/usr/local/share/ca-certificates/custom-ca.crt";
/// The path of the bundle in a container.
pub const BUNDLE: &str = "/run/trust-init/ca-bundle.crt";
/// The root certificates of the image.
pub const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Returns the path of a file in tests/certs.
pub fn gallery(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certs").join(name)
}

/// Returns the path of a program of this package or of the machine; panics if it is missing.
#[track_caller]
pub fn tool(name: &str) -> PathBuf {
    let path = match name {
        "trust-init" => PathBuf::from(env!("CARGO_BIN_EXE_trust-init")),
        "peer" => Path::new(env!("CARGO_BIN_EXE_trust-init")).with_file_name("examples/peer"),
        name => ["/bin", "/usr/bin", "/usr/sbin", "/sbin"]
            .iter()
            .map(|directory| Path::new(directory).join(name))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("{name} is not installed: run ./scripts/test.sh")),
    };
    assert!(path.exists(), "{} was not built: run ./scripts/test.sh", path.display());
    path
}

/// Copies a program with `cp`: if this process wrote it, a child that another test forks meanwhile would
/// keep the file open for writing, and running it would fail with ETXTBSY.
#[track_caller]
pub fn copy_program(from: &Path, to: &Path) {
    assert!(Command::new("/bin/cp").arg(from).arg(to).status().unwrap().success());
}

/// A directory that is removed at the end of the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("world-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An image.
pub struct World {
    root: Scratch,
}

impl World {
    /// Creates an image with busybox, root certificates with one public CA, and the usual directories.
    #[track_caller]
    pub fn new() -> Self {
        let world = Self::empty();
        for directory in ["bin", "proc", "run", "tmp", "dev/shm", "usr/local/share/ca-certificates"]
        {
            world.directory(directory, if directory.contains("tmp") { 0o1777 } else { 0o755 });
        }
        world.directory("dev/shm", 0o1777);
        copy_program(&tool("busybox"), &world.path("bin/busybox"));
        for applet in ["sh", "env", "cat", "ls", "true", "id", "sleep", "stat", "kill"] {
            symlink("busybox", world.path("bin").join(applet)).unwrap();
        }
        world.copy("ca-rsa.pem", ROOTS);
        world
    }

    /// Creates an image that contains only the program.
    #[track_caller]
    pub fn empty() -> Self {
        let world = Self { root: Scratch::new() };
        fs::set_permissions(world.root.path(), PermissionsExt::from_mode(0o755)).unwrap();
        copy_program(&tool("trust-init"), &world.path("trust-init"));
        world.directory("proc", 0o555);
        world
    }

    /// Returns the path on this machine of `path` in the image.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    #[track_caller]
    pub fn directory(&self, path: &str, mode: u32) -> &Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self.mode(path, mode)
    }

    #[track_caller]
    pub fn mode(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    #[track_caller]
    pub fn owner(&self, path: &str, uid: u32) -> &Self {
        std::os::unix::fs::lchown(self.path(path), Some(uid), Some(uid)).unwrap();
        self
    }

    #[track_caller]
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), contents).unwrap();
        self.mode(path, 0o644)
    }

    /// Copies a file of tests/certs into the image.
    #[track_caller]
    pub fn copy(&self, name: &str, path: &str) -> &Self {
        self.write(path, fs::read(gallery(name)).unwrap())
    }

    /// Adds the CA that most tests use, as a file of the image at the path of a mounted CA.
    #[track_caller]
    pub fn with_ca(self) -> Self {
        self.copy("neighbour/ca.crt", CUSTOM_CA);
        self
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        let bytes = fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        String::from_utf8(bytes).unwrap()
    }

    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Returns the sorted names in a directory of the image.
    #[track_caller]
    pub fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Prepares a run of trust-init with these arguments.
    pub fn trust_init<S: AsRef<OsStr>>(&self, words: &[S]) -> Run<'_> {
        let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
        self.program(&[&[OsStr::new("/trust-init")], &words[..]].concat())
    }

    /// Prepares a run of a program in the image.
    pub fn program<S: AsRef<OsStr>>(&self, words: &[S]) -> Run<'_> {
        let words = words.iter().map(|word| word.as_ref().to_owned()).collect();
        let (prelude, tracer) = (String::new(), String::new());
        Run { world: self, words, uid: 0, variables: Vec::new(), prelude, tracer }
    }
}

/// A run in a world that has not started yet.
pub struct Run<'a> {
    pub world: &'a World,
    words: Vec<std::ffi::OsString>,
    uid: u32,
    variables: Vec<(String, std::ffi::OsString)>,
    prelude: String,
    tracer: String,
}

impl Run<'_> {
    pub fn uid(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Makes the root file system read-only.
    pub fn read_only(self) -> Self {
        let root = self.world.root.path().display().to_string();
        self.before(&format!("mount --bind '{root}' '{root}' && mount -o remount,ro,bind '{root}'"))
    }

    /// Mounts a file or directory of the machine.
    pub fn mount(self, source: &Path, target: &str) -> Self {
        let (source, target) = (source.display().to_string(), self.world.path(target));
        self.before(&format!("mount --bind '{source}' '{}'", target.display()))
    }

    /// Mounts a tmpfs.
    pub fn tmpfs(self, target: &str) -> Self {
        let target = self.world.path(target);
        self.before(&format!("mount -t tmpfs -o mode=1777 tmpfs '{}'", target.display()))
    }

    /// Runs a shell command in the new namespaces first, outside the image.
    pub fn before(mut self, command: &str) -> Self {
        self.prelude.push_str(command);
        self.prelude.push_str(" && ");
        self
    }

    /// Runs the program as a child of a program of the machine.
    pub fn under(self, tracer: String) -> Self {
        Self { tracer, ..self }
    }

    /// Returns the command that starts the program as the first process of its PID namespace.
    pub fn command(&self) -> Command {
        let root = self.world.root.path().display().to_string();
        let uid = self.uid;
        let script = format!(
            "{} mount -t proc proc '{root}/proc' && \
             exec {} env -u PWD chroot --userspec={uid}:{uid} --groups= '{root}' \"$@\"",
            self.prelude, self.tracer
        );
        let mut command = Command::new(tool("unshare"));
        command.args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "/bin/sh",
            "-c",
            &script,
            "sh",
        ]);
        command.args(&self.words).env_clear().env("PATH", "/bin:/usr/bin:/sbin:/usr/sbin");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn run(self) -> Outcome {
        Outcome(self.command().output().unwrap())
    }
}

/// The output and exit status of a run.
pub struct Outcome(pub Output);

impl Outcome {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "{}\n{}", self.stderr(), self.stdout());
        self
    }

    /// Asserts that a line of stderr contains `words`.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        let found = self.stderr().lines().any(|line| line.contains(words));
        assert!(found, "no {words:?}:\n{}", self.stderr());
        self
    }

    #[track_caller]
    pub fn never_says(self, words: &str) -> Self {
        assert!(!self.stderr().contains(words), "{words:?} is in:\n{}", self.stderr());
        self
    }

    /// Asserts that stderr is empty.
    #[track_caller]
    pub fn stays_silent(self) -> Self {
        assert_eq!(self.stderr(), "");
        self
    }

    /// Asserts that stdout contains `words`.
    #[track_caller]
    pub fn shows(self, words: &str) -> Self {
        assert!(self.stdout().contains(words), "no {words:?}:\n{}", self.stdout());
        self
    }

    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout(), text, "{}", self.stderr());
        self
    }

    /// Returns the value that `env` printed for `name`.
    pub fn value(&self, name: &str) -> Option<String> {
        let text = self.stdout();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.map(str::to_owned)
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// Compares `text` with tests/snapshots/`name`, scene by scene; UPDATE_SNAPSHOT=1 writes it.
#[track_caller]
pub fn is_snapshot(text: &str, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    for (found, expected) in text.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(found, expected);
    }
    assert_eq!(text, expected);
}

/// Counts the certificates in a PEM text.
pub fn count(pem: &str) -> usize {
    pem.matches("-----BEGIN CERTIFICATE-----").count()
}

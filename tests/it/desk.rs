//! A directory in which a test runs trust-compose, and OpenSSL to check the results.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::support::sign::{sign, valid};
use crate::world::{Outcome, Scratch, tool};

/// Returns the path of the program.
pub fn trust_compose() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_trust-init")).with_file_name("trust-compose");
    assert!(path.exists(), "trust-compose was not built: run ./scripts/test.sh");
    path
}

/// The working directory of a user.
pub struct Desk(Scratch);

impl Desk {
    #[track_caller]
    pub fn new() -> Self {
        Self(Scratch::new())
    }

    /// Creates a desk with the CA `Lab CA` and a server certificate for these names.
    #[track_caller]
    pub fn with(names: &[&str]) -> Self {
        let desk = Self::new();
        desk.run(&[&["certs", "--ca-name", "Lab CA"], names].concat()).succeeds();
        desk
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Returns a command in this directory, with this umask.
    pub fn command(&self, program: &Path, words: &[&str], umask: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("umask {umask} && exec \"$@\""), "sh"]);
        command.arg(program).args(words).current_dir(self.0.path());
        command.env_clear().env("PATH", "/usr/bin:/bin");
        // The tests run as root, in the directory of the user who called sudo.
        let user = Path::new(env!("CARGO_TARGET_TMPDIR")).metadata().unwrap().uid();
        command.env("SUDO_UID", user.to_string());
        command
    }

    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Outcome {
        Outcome(self.command(&trust_compose(), words, "022").output().unwrap())
    }

    /// Runs `trust-compose certs` with these arguments.
    #[track_caller]
    pub fn certs(&self, words: &[&str]) -> Outcome {
        self.run(&[&["certs"], words].concat())
    }

    /// Runs openssl, asserts that it succeeds, and returns its stdout.
    #[track_caller]
    pub fn openssl(&self, words: &str) -> String {
        let words: Vec<_> = words.split(' ').collect();
        let output = self.command(&tool("openssl"), &words, "022").output().unwrap();
        let outcome = Outcome(output).succeeds();
        outcome.stdout()
    }

    /// Asserts that OpenSSL accepts the chain for a server, with -x509_strict.
    #[track_caller]
    pub fn verifies(&self, ca: &str, server: &str) {
        let chain = format!("-CAfile {ca} -untrusted {server} {server}");
        self.openssl(&format!("verify -x509_strict -purpose sslserver {chain}"));
    }

    /// Returns OpenSSL's text of a certificate, with every run of white space as one space.
    #[track_caller]
    pub fn text(&self, file: &str) -> String {
        let text = self.openssl(&format!("x509 -noout -text -in {file}"));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(path), contents).unwrap();
        self
    }

    #[track_caller]
    pub fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.path(path)).unwrap();
        self
    }

    #[track_caller]
    pub fn rename(&self, from: &str, to: &str) -> &Self {
        fs::rename(self.path(from), self.path(to)).unwrap();
        self
    }

    #[track_caller]
    pub fn directory(&self, path: &str, mode: u32) -> &Self {
        fs::create_dir(self.path(path)).unwrap();
        self.chmod(path, mode)
    }

    #[track_caller]
    pub fn chmod(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    #[track_caller]
    pub fn mode(&self, path: &str) -> u32 {
        self.path(path).metadata().unwrap().permissions().mode() & 0o7777
    }

    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Returns every file in a directory with its contents, mode, inode and time of change: equal if
    /// nothing has been written.
    #[track_caller]
    pub fn state(&self, path: &str) -> Vec<String> {
        let mut state = Vec::new();
        for entry in fs::read_dir(self.path(path)).unwrap().map(|entry| entry.unwrap().path()) {
            let found = entry.symlink_metadata().unwrap();
            let contents = fs::read_to_string(&entry).unwrap_or_default();
            let (inode, changed) = (found.ino(), (found.ctime(), found.ctime_nsec()));
            let mode = found.mode();
            state.push(format!("{} {inode} {mode:o} {changed:?} {contents}", entry.display()));
        }
        state.sort();
        state
    }

    /// Returns every file below a directory, at any depth, with its contents and mode.
    #[track_caller]
    pub fn contents(&self, path: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![self.path(path)];
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                let mode = entry.symlink_metadata().unwrap().mode();
                let text = fs::read(&entry).unwrap_or_default().escape_ascii().to_string();
                found.push(format!("{} {mode:o} {text}", entry.display()));
                if entry.is_dir() {
                    waiting.push(entry);
                }
            }
        }
        found.sort();
        found
    }

    /// Returns a desk with copies of all files.
    #[track_caller]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        let words = ["-a", ".", copy.path("").to_str().unwrap()].map(str::to_owned);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        assert!(self.command("cp".as_ref(), &words, "022").status().unwrap().success());
        copy
    }

    /// Creates a server certificate, signed by the CA in `directory`, valid from and to so many days from
    /// now.
    #[track_caller]
    pub fn sign(&self, directory: &str, names: &[&str], from: i64, to: i64) {
        let directory = self.path(directory);
        sign(&directory, &directory, names, (from, to));
    }

    /// Creates a CA in `directory`, valid from and to so many days from now.
    #[track_caller]
    pub fn authority(&self, directory: &str, from: i64, to: i64) {
        let mut params = valid(from, to);
        params.distinguished_name.push(DnType::CommonName, "Lab CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.write(&format!("{directory}/ca.crt"), certificate.pem());
        self.write(&format!("{directory}/ca.key"), key.serialize_pem());
        self.chmod(&format!("{directory}/ca.key"), 0o600);
    }
}

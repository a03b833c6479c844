//! A process environment, exactly as it was found. The one place that reads that of this process.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

/// A process environment: its entries in the order found, duplicates included, and also what is no
/// `NAME=value`, which getenv(3) cannot return (environ(7)) and which the service still sees.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<OsString>);

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(name, value)| entry(&name, &value)).collect())
    }
}

/// More than most environments, in bytes.
const USUAL: usize = 16 << 10;

impl Environment {
    /// That of this process. The kernel has it whole; the standard library leaves out what is no
    /// `NAME=value`, and serves where there is no `/proc`.
    pub fn of_process() -> Self {
        let mut block = Vec::with_capacity(USUAL);
        // Without a limit, and without the questions that `File` asks first.
        let read = |file: File| file.take(u64::MAX).read_to_end(&mut block);
        if File::open("/proc/self/environ").and_then(read).is_ok_and(|read| read > 0) {
            return Self::of(&block);
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let variables = std::env::vars_os();
        variables.collect()
    }

    /// The entries of `block`, each of which a NUL ends, as in proc_pid_environ(5).
    pub fn of(block: &[u8]) -> Self {
        let block = block.strip_suffix(b"\0").unwrap_or(block);
        let entries = block.split(|byte| *byte == 0);
        Self(entries.map(|entry| OsStr::from_bytes(entry).to_owned()).collect())
    }

    /// The value that `getenv(3)` would return: the first of that name.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find_map(|entry| value(entry, name))
    }

    /// All entries, in order.
    pub fn entries(&self) -> &[OsString] {
        &self.0
    }

    /// All names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().filter_map(|entry| {
            let at = memchr::memchr(b'=', entry.as_bytes())?;
            let (name, value) = entry.as_bytes().split_at_checked(at)?;
            Some((OsStr::from_bytes(name), OsStr::from_bytes(value.get(1..)?)))
        })
    }

    /// Gives `name` one value, in the place where it stood first.
    pub fn set(&mut self, name: &str, new: &OsStr) {
        let at = self.0.iter().position(|entry| value(entry, name).is_some());
        self.remove(name);
        self.0.insert(at.unwrap_or(self.0.len()), entry(name.as_ref(), new));
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|entry| value(entry, name).is_none());
    }
}

/// The value in `entry`, if it is that of `name`.
fn value<'a>(entry: &'a OsStr, name: &str) -> Option<&'a OsStr> {
    entry.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(OsStr::from_bytes)
}

fn entry(name: &OsStr, value: &OsStr) -> OsString {
    [name, value].join(OsStr::new("="))
}

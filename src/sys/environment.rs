//! A process environment, exactly as the process received it. The only module that reads that of this
//! process.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
#[cfg(feature = "tools")]
use std::path::PathBuf;

/// A process environment: its entries in their order, including duplicates and entries that are not
/// `NAME=value`: getenv(3) cannot return these (environ(7)), and the service still receives them.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<OsString>);

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(name, value)| entry(&name, &value)).collect())
    }
}

/// The capacity of the first read, in bytes: more than most environments.
const USUAL: usize = 16 << 10;

impl Environment {
    /// Returns that of this process, from the kernel: the standard library leaves out what is not
    /// `NAME=value`, and is used only without `/proc`.
    pub fn of_process() -> Self {
        let mut block = Vec::with_capacity(USUAL);
        // `take` avoids the system calls with which `File` finds the size first.
        let read = |file: File| file.take(u64::MAX).read_to_end(&mut block);
        if File::open("/proc/self/environ").and_then(read).is_ok_and(|read| read > 0) {
            return Self::of(&block);
        }
        #[expect(clippy::disallowed_methods, reason = "the only place that reads it")]
        let variables = std::env::vars_os();
        variables.collect()
    }

    /// Reads the entries of `block`, each terminated by a NUL (proc_pid_environ(5)).
    pub fn of(block: &[u8]) -> Self {
        let block = block.strip_suffix(b"\0").unwrap_or(block);
        let entries = block.split(|byte| *byte == 0);
        Self(entries.map(|entry| OsStr::from_bytes(entry).to_owned()).collect())
    }

    /// Returns the value that `getenv(3)` would return: the first of that name.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find_map(|entry| value(entry, name))
    }

    /// Returns PATH without its relative entries, if it has any. They name directories of the project that
    /// this process runs in, and an empty entry is the current directory (execvp(3)).
    pub fn path_without_relative_entries(&self) -> Option<OsString> {
        let entries: Vec<_> = std::env::split_paths(self.get("PATH")?).collect();
        let absolute: Vec<_> = entries.iter().filter(|entry| entry.is_absolute()).collect();
        if absolute.len() == entries.len() {
            return None;
        }
        std::env::join_paths(absolute).ok()
    }

    /// Returns the directory for temporary files (POSIX.1-2024, Base Definitions, section 8.3).
    #[cfg(feature = "tools")]
    pub fn temporary_directory(&self) -> PathBuf {
        let named = self.get("TMPDIR").filter(|path| !path.is_empty());
        named.map_or_else(|| "/tmp".into(), PathBuf::from)
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

    /// Sets `name` to one value, at the position of its first entry.
    pub fn set(&mut self, name: &str, new: &OsStr) {
        let at = self.0.iter().position(|entry| value(entry, name).is_some());
        self.remove(name);
        self.0.insert(at.unwrap_or(self.0.len()), entry(name.as_ref(), new));
    }

    /// Removes all entries of `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|entry| value(entry, name).is_none());
    }
}

/// The value in `entry`, if its name is `name`.
fn value<'a>(entry: &'a OsStr, name: &str) -> Option<&'a OsStr> {
    entry.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(OsStr::from_bytes)
}

fn entry(name: &OsStr, value: &OsStr) -> OsString {
    [name, value].join(OsStr::new("="))
}

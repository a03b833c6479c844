//! Waits for another run in the same directory, with a limit: every process that can read a directory can hold a lock
//! on it, one in a container as well.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::quote;

/// Time to wait for another run.
const LIMIT: Duration = Duration::from_secs(5);
/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

impl Directory {
    /// Locks it until the returned file is dropped. `None` on a file system without locks.
    ///
    /// # Errors
    /// When another process holds the lock for five seconds.
    pub(crate) fn lock_in_time(&self) -> Result<Option<File>, Diagnostic> {
        let Ok(fd) = self.fd.try_clone() else { return Ok(None) };
        let file = File::from(fd);
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::WouldBlock) if begin.elapsed() < LIMIT => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(self.locked(&file)),
                Err(TryLockError::Error(_)) => return Ok(None),
            }
        }
    }

    fn locked(&self, file: &File) -> Diagnostic {
        let failed = Diagnostic::cannot("lock", quote::path(self.path()));
        let seconds = LIMIT.as_secs();
        match holder(file) {
            Some((pid, name)) => failed
                .because(format_args!(
                    "process {pid} ({}) has held a lock on it for {seconds} seconds",
                    quote::word(&name)
                ))
                .advise("wait for that process or end it, then run this again"),
            None => failed
                .because(format_args!(
                    "another process has held a lock on it for {seconds} seconds"
                ))
                .advise("end that process, which may be in a container, then run this again"),
        }
    }
}

/// Returns the process that holds the lock on `file`, and its name (proc_locks(5)).
fn holder(file: &File) -> Option<(u32, String)> {
    let inode = format!(":{}", file.metadata().ok()?.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = locks.lines().find_map(|line| {
        // A line with `->` is that of a process that waits.
        let words: Vec<_> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, pid, place, ..] = words.as_slice() else { return None };
        place.ends_with(&inode).then(|| pid.parse().ok()).flatten()
    })?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some((pid, name.trim_end().to_owned()))
}

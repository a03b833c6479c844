//! Executes the service in place of this process, or explains why that fails.
//!
//! As with `env(1)`, the service gets the same arguments, environment, directory, umask, descriptors,
//! session, limits, signal mask and ignored signals as without trust-init. The only exception is SIGPIPE:
//! Rust ignores it before `main`, so it is set to its default, even if it was ignored before.

pub(crate) mod failure;
pub(crate) mod program_file;

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{execv, execve};

use crate::init::exec::failure::{cannot_run, not_found};
use crate::init::exec::program_file::is_plain_script;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::signals::is_ignored;

/// The signals that ask a service to stop or reload. Without a handler they would be lost: the kernel
/// discards them for the first process of a container (`pid_namespaces(7)`).
const STOPS: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

/// The signal that ends a program that writes beyond the limit of file sizes. While it is blocked, the write
/// fails instead, and the next location is tried (setrlimit(2), `RLIMIT_FSIZE`).
const LIMIT: Signal = Signal::SIGXFSZ;

/// Signals that are blocked while trust is prepared.
pub(crate) struct HeldSignals {
    held: SigSet,
    before: SigSet,
}

impl HeldSignals {
    /// Blocks the signals that were not blocked when trust-init started.
    pub(crate) fn hold() -> Self {
        let signals: SigSet = STOPS.into_iter().chain([LIMIT]).collect();
        let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK);
        let before = before.unwrap_or_else(|_| SigSet::empty());
        let held = signals.iter().filter(|signal| !before.contains(*signal)).collect();
        Self { held, before }
    }

    /// Returns the stop signal that arrived meanwhile. Blocked signals are queued even if they are ignored;
    /// those are discarded: under `nohup`, SIGHUP must not end trust-init.
    fn take_stop(&self) -> Option<Signal> {
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let queue = SignalFd::with_flags(&self.held, flags).ok()?;
        loop {
            let number = queue.read_signal().ok()??.ssi_signo;
            let signal = Signal::try_from(i32::try_from(number).ok()?).ok()?;
            if signal != LIMIT && !is_ignored(signal) {
                return Some(signal);
            }
        }
    }

    /// Unblocks the signals. If a stop signal arrived meanwhile, it ends this process; the first process of a
    /// container, which it does not end, must exit with the returned code.
    pub(crate) fn release(self) -> Option<u8> {
        let stop = self.take_stop();
        let _ = self.before.thread_set_mask();
        let stop = stop?;
        let _ = raise(stop);
        u8::try_from(stop as i32).ok().map(|number| exit_code::SIGNALLED + number)
    }
}

/// The search path if PATH is not set, as in glibc (`confstr(_CS_PATH)`).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Executes `program`, whose first word is searched in the PATH of `found`, the environment of this process.
/// The service gets `changed` or, with `None`, exactly the environment of this process. Returns only if that
/// fails, with the exit code.
pub(crate) fn exec(
    program: &[OsString],
    found: &Environment,
    changed: Option<&Environment>,
) -> (Diagnostic, u8) {
    let name = program.first().map(OsString::as_os_str).unwrap_or_default();
    let arguments: Vec<CString> = program.iter().map(|word| c_string(word)).collect();
    let variables: Option<Vec<CString>> = changed
        .map(|environment| environment.entries().iter().map(|entry| c_string(entry)).collect());
    sigpipe::reset();
    let run = |path: &OsStr, arguments: &[CString]| {
        let path = c_string(path);
        let Err(errno) = match &variables {
            None => execv(&path, arguments),
            Some(variables) => execve(&path, arguments, variables),
        };
        errno
    };
    let mut refused: Option<(PathBuf, Errno)> = None;
    let search = found.get("PATH").unwrap_or(OsStr::new(DEFAULT_PATH));
    for path in candidates(name, search) {
        let mut errno = run(path.as_os_str(), &arguments);
        if errno == Errno::ENOEXEC && is_plain_script(&path) {
            // The shell runs a script without `#!`, as in execvp(3).
            let mut words = vec![c_string(OsStr::new("/bin/sh")), c_string(path.as_os_str())];
            words.extend(arguments.iter().skip(1).cloned());
            errno = run(OsStr::new("/bin/sh"), &words);
        }
        match errno {
            Errno::ENOENT if !path.exists() => {}
            Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT => {}
            // As execvp(3): the search continues, and this error is reported if no other file can be run.
            Errno::ENOENT | Errno::EACCES => {
                refused.get_or_insert((path, errno));
            }
            errno => {
                refused = Some((path, errno));
                break;
            }
        }
    }
    match refused {
        Some((path, errno)) => (cannot_run(name, &path, errno), exit_code::CANNOT_RUN),
        None => (not_found(name, search), exit_code::NOT_FOUND),
    }
}

fn candidates(name: &OsStr, search: &OsStr) -> Vec<PathBuf> {
    if name.is_empty() {
        return Vec::new();
    }
    if name.as_bytes().contains(&b'/') {
        return vec![name.into()];
    }
    std::env::split_paths(search).map(|directory| directory.join(name)).collect()
}

/// Words from the kernel contain no NUL; other words are cut there.
fn c_string(word: &OsStr) -> CString {
    let bytes = word.as_bytes().split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(bytes).unwrap_or_default()
}

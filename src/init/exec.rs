//! Become the service, or say precisely why not.
//!
//! As with `env(1)`, the service sees the same arguments, environment, directory, umask,
//! descriptors, session, limits, signal mask and ignored signals as without us. The one exception
//! is SIGPIPE: Rust ignores it before `main`, so it is set to its default, also where it came in
//! ignored.

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

/// The signals that ask a service to stop or to look again, and that would be lost on trust-init: the
/// kernel discards what the first process of a container has no handler for (`pid_namespaces(7)`).
const STOPS: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

/// What ends a program that writes more than the limit of file sizes allows. Held back, the write fails, and
/// the next place is tried (setrlimit(2), `RLIMIT_FSIZE`).
const LIMIT: Signal = Signal::SIGXFSZ;

/// Stops that are held back while trust is prepared.
pub(crate) struct HeldSignals {
    held: SigSet,
    before: SigSet,
}

impl HeldSignals {
    /// Holds back what was not blocked already when we were started.
    pub(crate) fn hold() -> Self {
        let signals: SigSet = STOPS.into_iter().chain([LIMIT]).collect();
        let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK);
        let before = before.unwrap_or_else(|_| SigSet::empty());
        let held = signals.iter().filter(|signal| !before.contains(*signal)).collect();
        Self { held, before }
    }

    /// The stop that came meanwhile. A signal that is held back is queued even if it is ignored: it
    /// is taken out of the queue and forgotten, as under `nohup` SIGHUP must not end us.
    fn take_stop(&self) -> Option<Signal> {
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let queue = SignalFd::with_flags(&self.held, flags).ok()?;
        loop {
            let number = queue.read_signal().ok()??.ssi_signo;
            let signal = Signal::try_from(i32::try_from(number).ok()?).ok()?;
            if signal != LIMIT && ignored() >> (number - 1) & 1 == 0 {
                return Some(signal);
            }
        }
    }

    /// Lets signals through again. If a stop came meanwhile, ends of it: as the first process of a
    /// container, whom signals without a handler do not end, with the exit code that is returned.
    pub(crate) fn release(self) -> Option<u8> {
        let stop = self.take_stop();
        let _ = self.before.thread_set_mask();
        let stop = stop?;
        let _ = raise(stop);
        u8::try_from(stop as i32).ok().map(|number| exit_code::SIGNALLED + number)
    }
}

/// The signals that are ignored, as bits: `SigIgn` in proc(5). There is no safe call that tells.
/// Without `/proc` none counts as ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Where a program is looked for when PATH is not set, as in glibc (`confstr(_CS_PATH)`).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Becomes `program`, whose first word is looked up in the PATH of `found`, the environment as it
/// was found. The service gets `changed` or, with `None`, the very environment that this process
/// was given. Returns only if that fails, with the exit code.
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
            // A script without `#!` is the shell's, as in execvp(3).
            let mut words = vec![c_string(OsStr::new("/bin/sh")), c_string(path.as_os_str())];
            words.extend(arguments.iter().skip(1).cloned());
            errno = run(OsStr::new("/bin/sh"), &words);
        }
        match errno {
            Errno::ENOENT if !path.exists() => {}
            Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT => {}
            // As execvp(3): the search goes on, and this is reported if nothing better is found.
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

/// Words that came from the kernel hold no NUL; what else might is cut there.
fn c_string(word: &OsStr) -> CString {
    let bytes = word.as_bytes().split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(bytes).unwrap_or_default()
}

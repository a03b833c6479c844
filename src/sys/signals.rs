//! The signals that ask this process to stop. trust-compose cleans up before they end it.

#[cfg(feature = "tools")]
use std::thread;

use nix::sys::signal::Signal;
#[cfg(feature = "tools")]
use nix::sys::signal::{SigSet, raise};

/// Whether this process ignores `signal`, as under nohup(1). Read from proc(5), because no safe call returns it;
/// without `/proc` no signal counts as ignored.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() >> (signal as i32 - 1) & 1 != 0
}

#[cfg(feature = "tools")]
const STOPS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Calls `clean_up` at the first stop signal, which then ends this process. A second one ends it at once. Must be
/// called before any thread is started: threads and programs inherit the blocked signals.
#[cfg(feature = "tools")]
pub(crate) fn on_stop(clean_up: fn()) {
    let stops: SigSet = STOPS.into_iter().filter(|signal| !is_ignored(*signal)).collect();
    // The kernel discards these signals for the first process of a container (pid_namespaces(7)).
    if std::process::id() == 1 || stops.thread_block().is_err() {
        return;
    }
    let watch = move || {
        let Ok(signal) = stops.wait() else { return };
        let _ = stops.thread_unblock();
        clean_up();
        let _ = raise(signal);
    };
    if thread::Builder::new().spawn(watch).is_err() {
        let _ = stops.thread_unblock();
    }
}

/// Starts a program that these signals end as usual.
#[cfg(feature = "tools")]
pub(crate) fn with_stops<T>(start: impl FnOnce() -> T) -> T {
    let stops: SigSet = STOPS.into_iter().collect();
    let _ = stops.thread_unblock();
    let result = start();
    let _ = stops.thread_block();
    result
}

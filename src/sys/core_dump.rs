//! Keeps private keys in this process's memory from core files, and from other processes of the same user.

/// Forbids core files of this process, and that other processes read its memory (PR_SET_DUMPABLE(2const)). Programs
/// that it starts are not affected.
pub fn forbid() {
    // On other systems, core files are off unless the user asks for them.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

//! The file of the program to start.

use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::sys::root::{FileSystem, LocalFileSystem};

/// The extended attribute that contains a file's capabilities (capabilities(7), "File capabilities").
#[cfg(target_os = "linux")]
pub(crate) const CAPABILITIES: &str = "security.capability";

/// A program that starts in secure-execution mode, in which OpenSSL, Node and others ignore the trust
/// variables (ld.so(8), secure_getenv(3)).
#[derive(Debug)]
pub struct SecureExecution {
    file: PathBuf,
    cause: SecureCause,
}

/// Why a program starts in secure-execution mode.
#[derive(Debug)]
pub(crate) enum SecureCause {
    /// Its file has capabilities.
    Capabilities,
    /// The mode of its file changes the user or group.
    Mode { mode: u32, owner: u32 },
}

owned_into_diagnostic!(SecureExecution);

impl From<&SecureExecution> for Diagnostic {
    fn from(secure: &SecureExecution) -> Self {
        let ignores = "so it ignores the trust variables and may not trust the custom CAs";
        let path = quote::path(&secure.file);
        match secure.cause {
            SecureCause::Capabilities => Self::statement(format!("{path} has file capabilities, {ignores}"))
                .advise(
                    "remove them (setcap -r): ports below 1024 are free to every uid in a container; \
                     or use --install-store",
                ),
            SecureCause::Mode { mode, owner } => Self::statement(format!(
                "{path} runs as its owner or group (owner {owner}, mode {mode:04o}), {ignores}"
            ))
            .advise(
                "start the service as that user and clear the bit (chmod ug-s); or use --install-store",
            ),
        }
    }
}

/// Returns the file that `name` starts (execvp(3)).
pub(crate) fn find_program(files: &impl FileSystem, name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(name.into());
    }
    let mut all = std::env::split_paths(path).map(|bin| bin.join(name));
    all.find(|file| files.is_file(file))
}

/// Checks whether this process would start `program` in secure-execution mode (execve(2)).
#[cfg(target_os = "linux")]
pub(crate) fn secure_execution(
    program: &[OsString],
    environment: &Environment,
) -> Option<SecureExecution> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let file = find_program(
        &LocalFileSystem,
        program.first()?,
        environment.get("PATH").unwrap_or_default(),
    )?;
    let (mode, owner, group) =
        file.metadata().map(|it| (it.mode() & 0o7777, it.uid(), it.gid())).ok()?;
    let is_set = (mode & 0o4000 != 0 && owner != uid.as_raw())
        || (mode & 0o2010 == 0o2010 && group != gid.as_raw());
    if is_set && !nix::sys::prctl::get_no_new_privs().unwrap_or_default() {
        return Some(SecureExecution { file, cause: SecureCause::Mode { mode, owner } });
    }
    // Root gains nothing by file capabilities (capabilities(7)); under no_new_privs the process gains none
    // either, and still starts in this mode (`cap_bprm_creds_from_file` in Linux).
    // An empty buffer asks for the length alone.
    let mut none: [u8; 0] = [];
    let has_any = !uid.is_root() && rustix::fs::getxattr(&file, CAPABILITIES, &mut none).is_ok();
    has_any.then_some(SecureExecution { file, cause: SecureCause::Capabilities })
}

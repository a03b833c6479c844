//! The program that is to be started, as a file.

use std::ffi::{OsStr, OsString};
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::sys::root::{Files, Here};

/// The attribute that holds a file's capabilities (capabilities(7), "File capabilities").
#[cfg(target_os = "linux")]
pub(crate) const CAPABILITIES: &str = "security.capability";

/// A program that is started in secure-execution mode: OpenSSL, Node and others then look at no
/// variable (ld.so(8), secure_getenv(3)).
#[derive(Debug)]
pub struct Secure {
    file: PathBuf,
    because: Because,
}

/// Why it is.
#[derive(Debug)]
pub(crate) enum Because {
    /// It gains capabilities by its file.
    Capabilities,
    /// It becomes another user or group by its file's mode.
    Mode { mode: u32, owner: u32 },
}

owned_into_diagnostic!(Secure);

impl From<&Secure> for Diagnostic {
    fn from(secure: &Secure) -> Self {
        let ignores = "so it ignores the trust variables and may not trust the custom CAs";
        let path = quote::path(&secure.file);
        match secure.because {
            Because::Capabilities => Self::statement(format!("{path} has file capabilities, {ignores}"))
                .advise(
                    "remove them (setcap -r): ports below 1024 are free to every uid in a container; \
                     or use --install-store",
                ),
            Because::Mode { mode, owner } => Self::statement(format!(
                "{path} runs as its owner or group (owner {owner}, mode {mode:04o}), {ignores}"
            ))
            .advise(
                "start the service as that user and clear the bit (chmod ug-s); or use --install-store",
            ),
        }
    }
}

/// The file that is started by `name` (execvp(3)).
pub(crate) fn found(files: &impl Files, name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(name.into());
    }
    let mut all = std::env::split_paths(path).map(|bin| bin.join(name));
    all.find(|file| files.is_file(file))
}

/// Whether `program` gains rights by its file when this process starts it (execve(2)).
#[cfg(target_os = "linux")]
pub(crate) fn secure(program: &[OsString], environment: &Environment) -> Option<Secure> {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let file = found(&Here, program.first()?, environment.get("PATH").unwrap_or_default())?;
    let (mode, owner, group) =
        file.metadata().map(|it| (it.mode() & 0o7777, it.uid(), it.gid())).ok()?;
    let is_set = (mode & 0o4000 != 0 && owner != uid.as_raw())
        || (mode & 0o2010 == 0o2010 && group != gid.as_raw());
    if is_set && !nix::sys::prctl::get_no_new_privs().unwrap_or_default() {
        return Some(Secure { file, because: Because::Mode { mode, owner } });
    }
    // Root gains nothing by them (capabilities(7)); a process that gains none, as under
    // no_new_privs, counts as secure as well (`cap_bprm_creds_from_file` in Linux).
    // Their length, for they are not read.
    let mut none: [u8; 0] = [];
    let has_any = !uid.is_root() && rustix::fs::getxattr(&file, CAPABILITIES, &mut none).is_ok();
    has_any.then_some(Secure { file, because: Because::Capabilities })
}

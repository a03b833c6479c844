//! The program that is to be started, as a file.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use super::files::{Files, Here};
use crate::environment::Environment;
use crate::report;

/// The attribute that holds a file's capabilities (capabilities(7), "File capabilities").
#[cfg(target_os = "linux")]
pub const CAPABILITIES: &str = "security.capability";

/// A program that is started in secure-execution mode: OpenSSL, Node and others then look at no
/// variable (ld.so(8), secure_getenv(3)).
#[derive(Debug)]
pub struct Secure(PathBuf);

impl Display for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = report::path(&self.0);
        write!(
            f,
            "{path} has file capabilities, so it ignores the trust variables and may not trust the \
             custom CAs\nfix: take them away (setcap -r), as ports below 1024 are free to every uid \
             in a container; or use --install-store"
        )
    }
}

/// The file that is started by `name` (execvp(3)).
pub fn found(files: &impl Files, name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(name.into());
    }
    let mut all = std::env::split_paths(path).map(|bin| bin.join(name));
    all.find(|file| files.at(file).as_ref().is_file())
}

/// Whether `program` gains capabilities by its file when this process starts it.
#[cfg(target_os = "linux")]
pub fn secure(program: &[OsString], environment: &Environment) -> Option<Secure> {
    let file = found(&Here, program.first()?, environment.get("PATH").unwrap_or_default())?;
    let mut none: [u8; 0] = [];
    // Its length, for it is not read.
    rustix::fs::getxattr(&file, CAPABILITIES, &mut none).ok()?;
    // Root gains nothing by them (capabilities(7)); whoever else gains none, as under
    // no_new_privs, counts as secure all the same (`cap_bprm_creds_from_file` in Linux).
    (!nix::unistd::geteuid().is_root()).then_some(Secure(file))
}

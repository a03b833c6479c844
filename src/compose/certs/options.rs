//! The options of `certs`, and the files that it writes.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::compose::certs::key::KeyType;
use crate::compose::certs::server_name::{self, ServerName};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::Owners;
use crate::sys::quote;
use crate::trust::source::{Named, Origin};

/// The program's name.
pub const PROGRAM: &str = "trust-compose";
/// File of the CA's certificate, which is public.
pub(crate) const CA: &str = "ca.crt";
/// File of the CA's key, which only its owner can read.
pub(crate) const CA_KEY: &str = "ca.key";
/// File of the intermediate certificate that a constrained CA signs with; [`CA`] is its root.
pub(crate) const INTERMEDIATE: &str = "intermediate.crt";
/// File of the server certificate.
pub(crate) const SERVER: &str = "server.pem";
/// File of the server's key.
pub(crate) const SERVER_KEY: &str = "server-key.pem";
/// The file that keeps all of them out of version control.
pub(crate) const IGNORE: &str = ".gitignore";
/// All of them in the order in which they are replaced: each key before its certificate.
pub(crate) const FILES: [&str; 6] = [IGNORE, CA_KEY, CA, INTERMEDIATE, SERVER_KEY, SERVER];
/// The files of a CA.
pub(crate) const CA_FILES: [&str; 3] = [CA, CA_KEY, INTERMEDIATE];

/// Default directory of certificates.
pub(crate) const DEFAULT_DIRECTORY: &str = "certs/";
/// Default validity of a server certificate, in days.
pub(crate) const DEFAULT_DAYS: u32 = 365;
/// Longest validity that Apple's systems accept, in days (<https://support.apple.com/103769>).
pub(crate) const MAX_DAYS: u32 = 825;

/// The options of one run.
#[derive(Debug)]
pub struct CertsOptions {
    pub arguments: Vec<String>,
    pub out: Named,
    pub ca: Option<Named>,
    pub ca_name: Option<String>,
    pub key_type: Option<KeyType>,
    pub days: u32,
    pub ca_only: bool,
    pub constrain: bool,
    pub force: bool,
    pub renew: bool,
    pub then: Option<String>,
    pub dry_run: bool,
    /// The users that may own the directories and the files.
    pub owners: Owners,
}

impl CertsOptions {
    /// Returns the path of a file in `--out`.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.out.path.join(file)
    }

    /// Returns the names on the command line.
    ///
    /// # Errors
    /// At the first argument that is not a valid name.
    pub(crate) fn names(&self) -> Result<Vec<ServerName>, Diagnostic> {
        server_name::parse_names(&self.arguments)
    }

    /// Returns the `certs` command for this directory with these names.
    pub(crate) fn command_line(&self, names: &[&str]) -> String {
        format!("{PROGRAM} certs{}", self.arguments_of(names))
    }

    /// Returns the arguments of that command.
    pub(crate) fn arguments_of(&self, names: &[&str]) -> String {
        let mut command = arguments(names);
        if let Some(ca) = &self.ca {
            let _ = write!(command, " --ca {}", quote::shell(&ca.path));
        }
        if self.out.origin != Origin::Default {
            let _ = write!(command, " --out {}", quote::shell(&self.out.path));
        }
        command
    }
}

/// Returns the `certs` command with these names.
pub(crate) fn command(names: &[&str]) -> String {
    format!("{PROGRAM} certs{}", arguments(names))
}

fn arguments(names: &[&str]) -> String {
    names.iter().fold(String::new(), |all, name| all + " " + &quote::shell(name))
}

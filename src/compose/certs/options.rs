//! The options of `certs`, and the files that it writes.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::compose::certs::key::KeyType;
use crate::compose::certs::server_name::{self, ServerName};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::trust::source::{Named, Origin};

/// The CA's certificate, which is public.
pub(crate) const CA: &str = "ca.crt";
/// The CA's key, which only its owner may read.
pub(crate) const CA_KEY: &str = "ca.key";
/// The server's certificate.
pub(crate) const SERVER: &str = "server.pem";
/// The server's key.
pub(crate) const SERVER_KEY: &str = "server-key.pem";
/// Keeps all of them out of version control.
pub(crate) const IGNORE: &str = ".gitignore";
/// All of them, each key before its certificate: the order in which they are put in place.
pub(crate) const FILES: [&str; 5] = [IGNORE, CA_KEY, CA, SERVER_KEY, SERVER];

/// Days that a server's certificate is valid by default.
pub(crate) const DEFAULT_DAYS: u32 = 365;
/// The most days that Apple's systems accept (<https://support.apple.com/103769>).
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
    pub dry_run: bool,
}

impl CertsOptions {
    /// The path of a file of this name.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.out.path.join(file)
    }

    /// The names that were typed, and those that always belong to them; none if none were typed.
    ///
    /// # Errors
    /// At the first argument that is not a name.
    pub(crate) fn names(&self) -> Result<Vec<ServerName>, Diagnostic> {
        match self.arguments.as_slice() {
            [] => Ok(Vec::new()),
            arguments => server_name::parse_names(arguments),
        }
    }

    /// The command for this directory with these names.
    pub(crate) fn command_line(&self, names: &[&str]) -> String {
        let mut command = command(names);
        if let Some(ca) = &self.ca {
            let _ = write!(command, " --ca {}", quote::shell(&ca.path));
        }
        if self.out.origin != Origin::Default {
            let _ = write!(command, " --out {}", quote::shell(&self.out.path));
        }
        command
    }
}

/// The command with these names.
pub(crate) fn command(names: &[&str]) -> String {
    let names = names.iter().map(|name| format!(" {}", quote::shell(name)));
    format!("trust-compose certs{}", names.collect::<String>())
}

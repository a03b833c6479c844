//! The stores of this machine, and the commands that change them.

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::compose::certs::host_stores::{HostSystem, this_system};
use crate::compose::host_trust::command::{ProgramPath, StoreCommand};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::{file, quote};
use crate::trust::certificate::Certificate;

/// A store of CA certificates.
pub(crate) enum HostStore {
    /// The system's.
    System(&'static HostSystem),
    /// A directory with an NSS database.
    Nss(PathBuf),
    /// A JVM's key store, with its keytool.
    Java { keytool: PathBuf, cacerts: PathBuf },
}

/// The directories below the home directory that contain the NSS databases of Chromium (nss_util.cc of
/// <https://chromium.googlesource.com/chromium/src/+/main/crypto/>), also as a snap.
const CHROMIUM: [&str; 2] = [".pki/nssdb", "snap/chromium/current/.pki/nssdb"];

/// The directories that contain Firefox's profiles: of packages, as a snap, as a flatpak
/// (<https://support.mozilla.org/kb/profiles-where-firefox-stores-user-data>).
const FIREFOX: [&str; 4] = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];

/// The file that makes a directory an NSS database
/// (<https://firefox-source-docs.mozilla.org/security/nss/legacy/reference/>).
const DATABASE: &str = "cert9.db";

/// The password of `cacerts`, which every JDK documents (keytool(1)).
const PASSWORD: &str = "changeit";

/// Returns the stores, and warnings about those that a missing program would change.
pub(crate) fn find(
    shell: &Environment,
    path: &ProgramPath,
    wants_java: bool,
) -> (Vec<HostStore>, Vec<Diagnostic>) {
    let (mut stores, mut warnings) = (Vec::new(), Vec::new());
    stores.extend(this_system().map(HostStore::System));
    let databases = shell.get("HOME").map(|home| databases(Path::new(home))).unwrap_or_default();
    if path.find("certutil").is_some() {
        stores.extend(databases.into_iter().map(HostStore::Nss));
    } else if let Some(first) = databases.first() {
        let cause = format!("certutil is not installed, so {} is not changed", quote::path(first));
        let fix = "install it (Debian, Ubuntu: libnss3-tools; Fedora, RHEL: nss-tools; Arch: nss; openSUSE: \
                   mozilla-nss-tools), and run this again";
        warnings.push(Diagnostic::statement(cause).advise(fix));
    }
    if wants_java {
        match java(shell, path) {
            Some(store) => stores.push(store),
            None => warnings.push(
                Diagnostic::statement("no Java with a keytool and a cacerts was found")
                    .advise("set JAVA_HOME"),
            ),
        }
    }
    (stores, warnings)
}

/// Returns the directories with an NSS database below a home directory.
fn databases(home: &Path) -> Vec<PathBuf> {
    let profiles = FIREFOX.iter().flat_map(|directory| {
        let entries = home.join(directory).read_dir().into_iter().flatten().flatten();
        let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        entries
    });
    let all = CHROMIUM.iter().map(|directory| home.join(directory)).chain(profiles);
    all.filter(|directory| directory.join(DATABASE).is_file()).collect()
}

/// Returns the key store of JAVA_HOME, or else of the Java in PATH.
fn java(shell: &Environment, path: &ProgramPath) -> Option<HostStore> {
    let named = shell.get("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let in_path = || Some(path.find("java")?.canonicalize().ok()?.parent()?.parent()?.to_owned());
    let home = named.or_else(in_path)?;
    let (keytool, cacerts) = (home.join("bin/keytool"), home.join("lib/security/cacerts"));
    (keytool.is_file() && cacerts.is_file()).then_some(HostStore::Java { keytool, cacerts })
}

/// The name of a CA in a store that has names.
fn alias(ca: &Certificate) -> String {
    let digest = ca.fingerprint().to_string();
    format!("trust-compose-{}", digest.get(..16).unwrap_or(&digest))
}

impl HostStore {
    /// Whether the store contains `ca`, added by [`Self::change_command`].
    pub(crate) fn contains(&self, ca: &Certificate, path: &ProgramPath) -> bool {
        match self {
            Self::System(system) => {
                let found = file::read(&system.file_of(ca), &mut file::FILE_LIMIT.clone());
                found.is_ok_and(|found| found == ca.pem.text())
            }
            Self::Nss(directory) => {
                let (database, alias) = (sql(directory), alias(ca));
                StoreCommand::new(["certutil", "-L", "-d", &database, "-n", &alias].map(OsStr::new))
                    .succeeds(path)
            }
            Self::Java { keytool, cacerts } => {
                keytool_command(keytool, cacerts, "-list", ca).succeeds(path)
            }
        }
    }

    /// Returns the command that adds `ca`, or removes it.
    pub(crate) fn change_command(&self, ca: &Certificate, removes: bool) -> StoreCommand {
        let pem = ca.pem.text();
        match self {
            Self::System(system) => {
                let target = system.file_of(ca);
                let (target, new) = (target.as_os_str(), OsStr::new);
                if removes {
                    StoreCommand::new([new("rm"), new("-f"), target]).by_root(true)
                } else {
                    let words = [new("install"), new("-m"), new("0644"), new("/dev/stdin"), target];
                    StoreCommand::new(words).reads(pem).by_root(true)
                }
            }
            Self::Nss(directory) => {
                let (database, alias) = (sql(directory), alias(ca));
                if removes {
                    StoreCommand::new(
                        ["certutil", "-D", "-d", &database, "-n", &alias].map(OsStr::new),
                    )
                } else {
                    // C: it may sign certificates of servers (certutil(1), "-t trustargs").
                    let words = ["certutil", "-A", "-d", &database, "-n", &alias, "-t", "C,,"];
                    StoreCommand::new(words.map(OsStr::new)).reads(pem)
                }
            }
            Self::Java { keytool, cacerts } => {
                let is_writable = access(cacerts, AccessFlags::W_OK).is_ok();
                let action = if removes { "-delete" } else { "-importcert" };
                let command = keytool_command(keytool, cacerts, action, ca).by_root(!is_writable);
                if removes { command } else { command.reads(pem) }
            }
        }
    }

    /// Returns the command that makes changes effective.
    pub(crate) fn update_command(&self) -> Option<StoreCommand> {
        match self {
            Self::System(system) => {
                Some(StoreCommand::new([OsStr::new(system.command)]).by_root(true))
            }
            Self::Nss(_) | Self::Java { .. } => None,
        }
    }
}

/// Returns the keytool command for `ca` in a key store.
fn keytool_command(keytool: &Path, cacerts: &Path, action: &str, ca: &Certificate) -> StoreCommand {
    let (alias, new) = (alias(ca), OsStr::new);
    StoreCommand::new([
        keytool.as_os_str(),
        new(action),
        new("-noprompt"),
        new("-storepass"),
        new(PASSWORD),
        new("-alias"),
        new(&alias),
        new("-keystore"),
        cacerts.as_os_str(),
    ])
}

/// The name of a database in NSS's own format (certutil(1), "NSS Database Types").
fn sql(directory: &Path) -> String {
    format!("sql:{}", directory.display())
}

impl Display for HostStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(system) => write!(f, "the system's store ({})", system.directory),
            Self::Nss(directory) => write!(f, "the NSS database {}", quote::path(directory)),
            Self::Java { cacerts, .. } => write!(f, "Java's key store {}", quote::path(cacerts)),
        }
    }
}

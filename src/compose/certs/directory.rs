//! The directory of the certificates and keys. A user who can replace its files can replace the CA, so it and
//! every file in it that is read must belong to root or to this user (`sys::dir::owners`).

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{self, Path};

use crate::compose::certs::options::CertsOptions;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::{Owners, Replaceable};
use crate::sys::dir::{Directory, OWN_PREFIX};
use crate::sys::{output, quote};
use crate::trust::source::{Label, Named};

/// Opens the directory, following symbolic links; `None` if it does not exist.
///
/// # Errors
/// When it cannot be opened, or another user can replace its files.
pub(crate) fn open_directory(
    named: &Named,
    owners: Owners,
) -> Result<Option<Directory>, Diagnostic> {
    let failed = |error| unusable_directory(named, &error);
    match named.path.canonicalize().and_then(|path| Directory::open(&path)) {
        Ok(directory) => {
            let why = owners.check(&directory).map_err(failed)?;
            why.map_or(Ok(Some(directory)), |why| Err(replaceable_directory(named, why)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Creates the directory in its parent, which must exist.
///
/// # Errors
/// As mkdirat(2).
pub(crate) fn create_directory(named: &Named) -> Result<Directory, Diagnostic> {
    let failed = |error| unusable_directory(named, &error);
    let name = named.path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let above = named.path.parent().filter(|path| !path.as_os_str().is_empty());
    let above = above.unwrap_or_else(|| Path::new("."));
    let above = above.canonicalize().and_then(|path| Directory::open(&path)).map_err(failed)?;
    above.create_private(name).map_err(failed)
}

/// Whether a directory is empty, except for the files of an interrupted run.
pub(crate) fn is_empty(path: &Path) -> bool {
    path.read_dir().is_ok_and(|entries| {
        entries
            .flatten()
            .all(|entry| entry.file_name().as_bytes().starts_with(OWN_PREFIX.as_bytes()))
    })
}

/// Refuses a file that another user owns, such as one in a sticky directory.
///
/// # Errors
/// When another user owns it.
pub(crate) fn check_owner(label: &Label, path: &Path, owners: Owners) -> Result<(), Diagnostic> {
    match path.metadata() {
        Ok(found) if !owners.contains(found.uid()) => Err(label
            .cannot("use")
            .because(Replaceable::Foreign { uid: found.uid() })
            .advise("find out why that user created it, and remove it")),
        _ => Ok(()),
    }
}

/// Returns a warning for each directory above `--out` and `--ca` that other users can replace. They cannot make
/// this user sign with a CA of theirs, because the files' owners are checked; readers may not check them.
pub(crate) fn warnings(options: &CertsOptions) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for named in [Some(&options.out), options.ca.as_ref()].into_iter().flatten() {
        let Ok(path) = path::absolute(&named.path) else { continue };
        let real = path.canonicalize().ok();
        let found = options.owners.replaceable_on_the_way(&path);
        let above = found.into_iter().find(|(above, _)| Some(above) != real.as_ref());
        warnings.extend(above.map(|(above, why)| {
            let (shown, above) = (quote::path(&named.path), quote::path(&above));
            Diagnostic::statement(format!(
                "another user can replace {shown}: on the way to it is {above}, {why}"
            ))
            .advise("move it to a directory on whose path only root or you can write")
        }));
    }
    warnings
}

fn replaceable_directory(named: &Named, why: Replaceable) -> Diagnostic {
    let path = &named.path;
    let failed = Diagnostic::cannot("keep keys in", quote::path(path)).because(why);
    match why {
        Replaceable::Foreign { .. } => failed.advise(
            "find out why that user created it, and take it over with chown or name another directory",
        ),
        _ => failed.run(format!("chmod 0700 {}", quote::shell(path))),
    }
}

fn unusable_directory(named: &Named, error: &io::Error) -> Diagnostic {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => "create its parent directory first",
        io::ErrorKind::AlreadyExists => "run it again",
        _ => "name a directory of your own with --out",
    };
    Diagnostic::cannot("use", quote::path(&named.path)).because(output::cause(error)).advise(fix)
}

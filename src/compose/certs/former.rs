//! Keeps the files of a CA that `--force` replaces, in a directory beside the new ones: only its key can
//! still sign for clients that do not have the new CA yet.

use std::ffi::OsStr;
use std::io;

use crate::compose::certs::options::{CA_FILES, CA_KEY, CertsOptions};
use crate::sys::dir::transaction::PendingFile;
use crate::sys::dir::{Directory, FILE_MODE, PRIVATE_MODE};
use crate::sys::file;
use crate::trust::time::Time;

/// Tries for a name that does not exist.
const ATTEMPTS: u32 = 1000;

/// Copies the files of the CA in `directory`, if there are any, to a new directory in it, which only its
/// owner can read. Returns its name.
///
/// # Errors
/// As mkdir(2), open(2) and write(2).
pub(crate) fn keep(
    options: &CertsOptions,
    directory: &Directory,
    now: Time,
) -> io::Result<Option<String>> {
    let mut files = Vec::new();
    for name in CA_FILES {
        let path = options.path(name);
        if path.is_file() {
            let read = file::read(&path, &mut file::TOTAL_LIMIT.clone());
            let bytes = read.map_err(|problem| io::Error::other(problem.to_string()))?;
            let mode = if name == CA_KEY { PRIVATE_MODE } else { FILE_MODE };
            files.push(PendingFile { name, mode, bytes });
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let names = (1..=ATTEMPTS).map(|number| match number {
        1 => format!("old-ca-{now}"),
        number => format!("old-ca-{now}-{number}"),
    });
    for name in names {
        match directory.create_private(OsStr::new(&name)) {
            Ok(former) => {
                former.create_all(&files)?;
                directory.sync()?;
                return Ok(Some(name));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

//! The last fallback location, if no directory is writable: files in memory.
//!
//! Their paths are `/proc/<pid>/fd/<n>` with the id of this process, which the service keeps; `/proc/self`
//! would be another process in each child. The descriptors are numbered from 200, because some programs
//! expect low numbers to be free, and sealed, so that no process can change the contents.

use std::fs::File as Handle;
use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::init::publish::files::{PREFIX, Paths, PublishedFile, digest};
use crate::sys::dir;
use crate::sys::file;

/// The lowest descriptor number.
const LOWEST: i32 = 200;

/// Whether `path` is a descriptor of such a file, in any process.
pub(crate) fn is_memory(path: &Path) -> bool {
    path.starts_with("/proc")
        && path.read_link().is_ok_and(|target| {
            target
                .to_string_lossy()
                .strip_prefix("/memfd:")
                .is_some_and(|name| name.starts_with(PREFIX))
        })
}

/// Creates `files` in memory, or finds those of an earlier trust-init in the same process.
pub(crate) fn publish(files: &[PublishedFile<'_>], dry: bool) -> io::Result<Paths> {
    let directory = Path::new("/proc").join(std::process::id().to_string()).join("fd");
    let digest = digest(files);
    let mut paths = Vec::new();
    for (file, name, pieces) in files {
        let label = format!("{PREFIX}{digest}-{name}");
        let number = match existing(&directory, &label, pieces)? {
            Some(number) => number,
            None if dry => LOWEST.to_string(),
            None => create(&label, pieces)?.to_string(),
        };
        paths.push(((*file).clone(), directory.join(number)));
    }
    Ok(paths)
}

fn create(label: &str, pieces: &[&[u8]]) -> io::Result<i32> {
    let fd = memfd_create(label, MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC)?;
    let memory = Handle::from(fd);
    dir::write(memory.try_clone()?, pieces)?;
    fcntl(&memory, FcntlArg::F_ADD_SEALS(seals()))?;
    // The copy has no close-on-exec and is never closed here: the service inherits it.
    Ok(fcntl(&memory, FcntlArg::F_DUPFD(LOWEST))?)
}

fn seals() -> SealFlag {
    SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE
}

/// Returns the number of a sealed descriptor with that label and exactly these contents.
fn existing(directory: &Path, label: &str, pieces: &[&[u8]]) -> io::Result<Option<String>> {
    let target = PathBuf::from(format!("/memfd:{label} (deleted)"));
    for path in file::entries(directory)?.iter().map(std::fs::DirEntry::path) {
        if path.read_link().is_ok_and(|link| link == target) {
            let memory = Handle::open(&path)?;
            let sealed = fcntl(&memory, FcntlArg::F_GET_SEALS)? & seals().bits() == seals().bits();
            let number = path.file_name().and_then(|name| name.to_str());
            if let (true, Some(number)) = (sealed && dir::contains_exactly(memory, pieces)?, number)
            {
                return Ok(Some(number.to_owned()));
            }
        }
    }
    Ok(None)
}

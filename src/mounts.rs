//! What is mounted into this container, and what belongs to its image.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// More than the table of most containers, so that it is read in one call.
const USUAL: usize = 16 << 10;

/// The mount points of this mount namespace.
#[derive(Debug, Default)]
pub struct Mounts(Vec<PathBuf>);

impl Mounts {
    /// Reads `/proc/self/mountinfo` (proc(5): the mount point is the fifth field, with white space
    /// and backslash as octal escapes). Without `/proc` nothing counts as mounted.
    pub fn of_this_process() -> Self {
        let mut table = Vec::with_capacity(USUAL);
        // Unread, it is empty: nothing counts as mounted.
        let _ = File::open("/proc/self/mountinfo").and_then(|mut file| file.read_to_end(&mut table));
        let points = table.split(|byte| *byte == b'\n').filter_map(|line| {
            let field = line.split(|byte| *byte == b' ').nth(4)?;
            Some(PathBuf::from(OsString::from_vec(unescaped(field))))
        });
        Self(points.collect())
    }

    /// Whether `path` itself is a mount point.
    pub fn has(&self, path: &Path) -> bool {
        self.0.iter().any(|point| point == path)
    }

    /// Whether `path` lies on something mounted, not on the image's own file system.
    pub fn hold(&self, path: &Path) -> bool {
        path.ancestors().any(|path| path != Path::new("/") && self.has(path))
    }
}

fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            _ => out.push(first),
        }
    }
    out
}

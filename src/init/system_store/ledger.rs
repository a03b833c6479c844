//! The record of the changes to the image's store, written before they are made.
//!
//! It is a text file in the container's own file system, so that it exists as long as the changes: a line
//! for each file, then the certificates. At the next start these do not count as the image's roots, and all
//! changes can be undone.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::file::{self, FileReadError};
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::{Label, Origin, SourceError};

use crate::init::system_store::precheck::resolve;

/// The directory of the record.
pub(crate) const RECORD_DIRECTORY: &str = "/var/lib/trust-init";
/// The file of the record.
pub(crate) const RECORD_PATH: &str = "/var/lib/trust-init/store";

/// The comment at the start of the file.
const HEADER: &str = "\
# The changes of trust-init --install-store to this image's own store, so that a later start can undo them.
# added SHA256 FILE: the certificates below were appended; the digest is that of the previous contents
# made SHA256 FILE: the file was created; the digest is that of its contents
";

/// The record of the changes to the store.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

/// One changed file of the store.
pub(crate) struct RecordLine<'a> {
    /// Whether trust-init created the file.
    pub is_created: bool,
    digest: &'a [u8],
    /// Its path, without links.
    pub path: &'a Path,
}

impl Record {
    /// Reads the record; an empty one if the file does not exist, or belongs to another user.
    ///
    /// # Errors
    /// When it cannot be read: certificates of an earlier run would count as the image's.
    pub(crate) fn read() -> Result<Self, Diagnostic> {
        let path = Path::new(RECORD_PATH);
        let error = |problem| {
            let label = Label::new(path, Origin::Default);
            Diagnostic::from(SourceError { label, problem })
        };
        let found =
            match path.symlink_metadata().map_err(|error| file::FileReadError::new(path, error)) {
                Ok(found) => found,
                Err(FileReadError::Missing) => return Ok(Self::default()),
                Err(problem) => return Err(error(problem)),
            };
        if found.uid() != 0 && found.uid() != nix::unistd::geteuid().as_raw() {
            return Ok(Self::default());
        }
        file::read(path, &mut file::FILE_LIMIT.clone()).map(Self).map_err(error)
    }

    /// Creates the record of `lines` from [`record_line`] and of the added certificates.
    pub(crate) fn of(lines: &[u8], certificates: &[Pem<'_>]) -> Self {
        let mut text = Vec::new();
        if !lines.is_empty() {
            text.extend(HEADER.as_bytes());
            text.extend(lines);
            for certificate in certificates {
                text.extend(certificate.text());
            }
        }
        Self(text)
    }

    /// Returns its text.
    pub(crate) fn text(&self) -> &[u8] {
        &self.0
    }

    /// Returns the certificates that were added to files.
    pub(crate) fn certificates(&self) -> Vec<Pem<'_>> {
        crate::trust::trust_anchors::anchors(&self.0).certificates
    }

    /// Returns the lines about files.
    pub(crate) fn lines(&self) -> Vec<RecordLine<'_>> {
        self.0.split(|byte| *byte == b'\n').filter_map(RecordLine::read).collect()
    }

    /// Whether trust-init created the file at `path`, and `bytes` are still its contents.
    pub(crate) fn has_created(&self, path: &Path, bytes: &[u8]) -> bool {
        let digest = digest(bytes);
        self.lines()
            .iter()
            .any(|line| line.is_created && line.path == path && line.has_digest(&digest))
    }

    /// Whether trust-init created the file that `path` resolves to, and its contents are unchanged.
    pub(crate) fn has_created_target(&self, path: &Path) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let read = |path: PathBuf| {
            let bytes = file::read(&path, &mut file::FILE_LIMIT.clone());
            (bytes, path)
        };
        match resolve(path).map(|real| real.map(read)) {
            Ok(Some((Ok(bytes), path))) => self.has_created(&path, &bytes),
            Ok(None) => false,
            // The file cannot be read. It counts as created by trust-init if the name is recorded.
            _ => self
                .lines()
                .iter()
                .any(|line| line.is_created && line.path.file_name() == path.file_name()),
        }
    }

    /// Returns `bytes`, the contents of `path`, without the recorded certificates. Other changes since then
    /// are kept.
    pub(crate) fn without_added(&self, path: &Path, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for line in self.lines() {
            if line.is_created || line.path != path {
                continue;
            }
            for certificate in self.certificates() {
                while let Some(at) = position(&bytes, certificate.text()) {
                    bytes.drain(at..at + certificate.text().len());
                }
            }
            // trust-init also added a line end, if the file had none.
            if let Some(whole) = bytes.strip_suffix(b"\n")
                && line.has_digest(&digest(whole))
            {
                bytes.pop();
            }
        }
        bytes
    }
}

impl<'a> RecordLine<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut words = text.splitn(3, |byte| *byte == b' ');
        let (word, digest, path) = (words.next()?, words.next()?, words.next()?);
        let path = Path::new(OsStr::from_bytes(path));
        (word != b"#" && path.is_absolute()).then_some(Self {
            is_created: word == b"made",
            digest,
            path,
        })
    }

    fn has_digest(&self, digest: &str) -> bool {
        self.digest == digest.as_bytes()
    }
}

/// Returns the line about `path`: it was created with these contents, or had them before.
pub(crate) fn record_line(is_created: bool, bytes: &[u8], path: &Path) -> Vec<u8> {
    let word = if is_created { "made" } else { "added" };
    let mut line = [word, &digest(bytes), ""].join(" ").into_bytes();
    line.extend(path.as_os_str().as_bytes());
    line.push(b'\n');
    line
}

/// Returns the offset of `text` in `bytes`.
pub(crate) fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, text)
}

fn digest(bytes: &[u8]) -> String {
    Fingerprint::of([bytes]).to_string()
}

//! What was put into the image's store, written down before it is put there.
//!
//! Plain text in the container's own file system, so that it lives as long as what it speaks of: a line
//! for each file, then the certificates. At the next start these do not count as the image's, and all of
//! it can be taken out again.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::file::{self, FileError};
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::{Label, Origin, SourceError};

use crate::init::system_store::precheck::resolve_links;

/// The directory of the record.
pub(crate) const RECORD_DIRECTORY: &str = "/var/lib/trust-init";
/// Where it lies.
pub(crate) const RECORD_PATH: &str = "/var/lib/trust-init/store";

/// Says in the file what it is.
const HEADER: &str = "\
# What trust-init --install-store has put into this image's own store, for a later start to take out.
# added SHA256 FILE: the certificates below stand behind what was there before, which had that digest
# made SHA256 FILE: it was not there before, and has that digest
";

/// What an earlier run put into the store.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

/// One file of the store.
pub(crate) struct RecordLine<'a> {
    /// Whether it was not there before.
    pub is_created: bool,
    digest: &'a [u8],
    /// Where it is, behind all links.
    pub path: &'a Path,
}

impl Record {
    /// Reads it; empty if there is none, or one that is not ours.
    ///
    /// # Errors
    /// When there is one that cannot be read: what an earlier run added would count as the image's.
    pub(crate) fn read() -> Result<Self, Diagnostic> {
        let path = Path::new(RECORD_PATH);
        let error = |problem| {
            let label = Label::new(path, Origin::Default);
            Diagnostic::from(SourceError { label, problem })
        };
        let found = match path.symlink_metadata().map_err(|error| file::FileError::new(path, error))
        {
            Ok(found) => found,
            Err(FileError::Missing) => return Ok(Self::default()),
            Err(problem) => return Err(error(problem)),
        };
        if found.uid() != 0 && found.uid() != nix::unistd::geteuid().as_raw() {
            return Ok(Self::default());
        }
        file::read(path, &mut file::FILE_LIMIT.clone()).map(Self).map_err(error)
    }

    /// One of `lines`, each of which [`line`] made, and of the certificates that were added.
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

    /// Its text.
    pub(crate) fn text(&self) -> &[u8] {
        &self.0
    }

    /// The certificates that were added to files.
    pub(crate) fn certificates(&self) -> Vec<Pem<'_>> {
        crate::trust::trust_anchors::anchors(&self.0).certificates
    }

    /// What it says of each file.
    pub(crate) fn lines(&self) -> Vec<RecordLine<'_>> {
        self.0.split(|byte| *byte == b'\n').filter_map(RecordLine::read).collect()
    }

    /// Whether we made the file at `path`, and it still holds what we put there.
    pub(crate) fn has_created(&self, path: &Path, bytes: &[u8]) -> bool {
        let digest = digest(bytes);
        self.lines()
            .iter()
            .any(|line| line.is_created && line.path == path && line.has_digest(&digest))
    }

    /// The same, of what is behind all links of `path`.
    pub(crate) fn has_created_target(&self, path: &Path) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let read = |path: PathBuf| {
            let bytes = file::read(&path, &mut file::FILE_LIMIT.clone());
            (bytes, path)
        };
        match resolve_links(path).map(|real| real.map(read)) {
            Ok(Some((Ok(bytes), path))) => self.has_created(&path, &bytes),
            Ok(None) => false,
            // It cannot be looked at. What bears the name of one that we made is taken for that.
            _ => self
                .lines()
                .iter()
                .any(|line| line.is_created && line.path.file_name() == path.file_name()),
        }
    }

    /// What `bytes`, the contents of `path`, are without what we added to them. If the file
    /// was written again since, that is all but our certificates.
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
            // A line end is ours as well, if the file had none.
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

/// What the record is to say of `path`: that it was made with these contents, or had them before.
pub(crate) fn record_line(is_created: bool, bytes: &[u8], path: &Path) -> Vec<u8> {
    let word = if is_created { "made" } else { "added" };
    let mut line = [word, &digest(bytes), ""].join(" ").into_bytes();
    line.extend(path.as_os_str().as_bytes());
    line.push(b'\n');
    line
}

/// Where `text` begins in `bytes`.
pub(crate) fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, text)
}

fn digest(bytes: &[u8]) -> String {
    Fingerprint::of([bytes]).to_string()
}

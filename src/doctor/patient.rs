//! The process that is looked at: its variables and its files, through `/proc`.
//!
//! A path is resolved in the root of that process, links included: `/etc/ssl/cert.pem` there may be a
//! link to `/etc/pki/…`, which is another file here.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

use super::diagnosis::Store;
use crate::cli::{Named, Origin};
use crate::discover::{Label, ROOT_FILES, file};
use crate::environment::{Environment, Points, TABLE};
use crate::finding::Finding;
use crate::inspect::anchors;
use crate::inspect::certificate::Certificate;
use crate::report;

/// A process and what can be seen of it.
#[derive(Debug)]
pub struct Patient {
    root: File,
    /// Its variables.
    pub environment: Environment,
}

/// The process cannot be looked into.
#[derive(Debug)]
pub struct Hidden {
    pid: u32,
    error: io::Error,
}

impl std::fmt::Display for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, error } = self;
        write!(
            f,
            "cannot look into process {pid}: {}\nfix: run this as the uid of that process, or with \
             the capability SYS_PTRACE",
            report::cause(error)
        )
    }
}

impl std::error::Error for Hidden {}

impl Patient {
    /// Looks into process `pid`.
    ///
    /// # Errors
    /// When it does not exist, or is another user's.
    pub fn of(pid: u32) -> Result<Self, Hidden> {
        let hidden = |error: io::Error| Hidden { pid, error };
        let place = Path::new("/proc").join(pid.to_string());
        let bytes = std::fs::read(place.join("environ")).map_err(hidden)?;
        let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(at)?;
            let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
            Some((owned(name), owned(value.get(1..)?)))
        });
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, place.join("root"), flags, Mode::empty());
        let root = File::from(root.map_err(|errno| hidden(errno.into()))?);
        Ok(Self { root, environment: pairs.collect() })
    }

    /// What is in the file at `path`, as that process would find it.
    ///
    /// # Errors
    /// As open(2) and read(2); a directory is one, and so is a file that is too large to be one of
    /// certificates.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let found = openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)?;
        let mut bytes = Vec::new();
        File::from(found).take(file::FILE_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The files of anchors that its programs read, and what is wrong with them.
    pub fn stores(&self) -> (Vec<Store>, Vec<Finding>) {
        let (mut stores, mut findings) = (Vec::new(), Vec::new());
        let mut named: Vec<(PathBuf, Vec<&str>)> = Vec::new();
        for row in TABLE.iter().filter(|row| matches!(row.points, Points::Bundle | Points::Custom))
        {
            let Some(value) = self.environment.get(row.name) else { continue };
            if value.is_empty() {
                let cause = "is set but empty, which switches verification off in some clients";
                findings.push(Finding::error(
                    "variable-empty",
                    row.name,
                    cause,
                    format!("unset {}", row.name),
                ));
                continue;
            }
            let path = PathBuf::from(value);
            match named.iter_mut().find(|(other, _)| *other == path) {
                Some((_, variables)) => variables.push(row.name),
                None => named.push((path, vec![row.name])),
            }
        }
        for (path, variables) in &named {
            let readers = variables.join(", ");
            let thing = report::path(path).to_string();
            match self.read(path) {
                Err(error) => {
                    let cause = format!(
                        "{readers} names it, and it cannot be read: {}",
                        report::cause(&error)
                    );
                    let fix = "mount it there, or unset the variable: every TLS connection of its readers fails";
                    findings.push(Finding::error("file-missing", &thing, cause, fix));
                }
                Ok(bytes) => {
                    let store = store(&readers, path, &bytes);
                    let count = report::count(store.anchors.len(), "certificate");
                    if store.anchors.is_empty() {
                        let cause = format!("{readers} names it, and no certificate is in it");
                        let fix = "put the bundle there, or unset the variable";
                        findings.push(Finding::error("file-empty", &thing, cause, fix));
                    } else {
                        findings.push(Finding::ok(
                            "bundle",
                            &thing,
                            format!("{count}, for {readers}"),
                        ));
                        // What is read in addition to other roots says nothing on its own.
                        if readers != "NODE_EXTRA_CA_CERTS, DENO_CERT" {
                            stores.push(store);
                        }
                    }
                }
            }
        }
        if self.environment.get("SSL_CERT_FILE").is_none() {
            let own = ROOT_FILES
                .iter()
                .find_map(|(path, ..)| Some((path, self.read(Path::new(path)).ok()?)));
            match own {
                Some((path, bytes)) => {
                    let path = Path::new(path);
                    let own = store("", path, &bytes);
                    let count = report::count(own.anchors.len(), "certificate");
                    let thing = format!("{} (the image's own)", own.name);
                    findings.push(Finding::ok("roots", &thing, count));
                    stores.insert(0, own);
                }
                None => findings.push(Finding::warning(
                    "roots-missing",
                    "the image's own roots",
                    "there are none, and SSL_CERT_FILE names no others",
                    "install ca-certificates into the image, or set TRUST_INIT_ROOTS=mozilla",
                )),
            }
        }
        (stores, findings)
    }
}

/// The certificates in `bytes`, the file at `path`.
pub fn store(readers: &str, path: &Path, bytes: &[u8]) -> Store {
    let label = Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default });
    let all = anchors(bytes).certificates;
    let read = |der: Vec<u8>| Certificate::read(&der, &label);
    let (name, readers) = (report::path(path).to_string(), readers.to_owned());
    Store { name, readers, anchors: all.iter().filter_map(|pem| read(pem.decode()?)).collect() }
}

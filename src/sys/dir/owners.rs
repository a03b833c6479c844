//! THE rule for every directory that is written to or believed: it, and each directory on the way to it, belongs
//! to root or to this user, and no other user can replace its entries.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::sys::stat::fstat;
use nix::unistd::geteuid;

use crate::sys::dir::{Directory, bits};
#[cfg(feature = "tools")]
use crate::sys::environment::Environment;

/// The most links that the kernel follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The users that may own a directory or a file.
#[derive(Clone, Copy, Debug)]
pub struct Owners {
    own: u32,
    sudo: Option<u32>,
    project: Option<u32>,
    has_private_groups: bool,
}

/// Why other users can replace a file, or an entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaceable {
    /// Another user owns it.
    Foreign { uid: u32 },
    /// It is a directory in which other users may replace files that they do not own.
    Open { mode: u32 },
    /// It is a file that other users may write to.
    #[cfg(feature = "tools")]
    Writable { mode: u32 },
}

impl Display for Replaceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { uid } => {
                write!(f, "it belongs to uid {uid}, neither root nor uid {}", geteuid())
            }
            Self::Open { mode } => {
                write!(f, "other users can replace its files (mode {mode:04o}, no sticky bit)")
            }
            #[cfg(feature = "tools")]
            Self::Writable { mode } => write!(f, "other users can write to it (mode {mode:04o})"),
        }
    }
}

impl Owners {
    /// Root and the user of this process.
    pub fn of_process() -> Self {
        Self { own: geteuid().as_raw(), sudo: None, project: None, has_private_groups: false }
    }

    /// The same on a host: there, a group with the number of the directory's owner contains only that user
    /// (useradd(8), `USERGROUPS_ENAB`). For root also the user that called sudo, whose files the command is meant
    /// to use: sudo itself sets `SUDO_UID` (sudo(8), "ENVIRONMENT").
    #[cfg(feature = "tools")]
    pub fn on_host(shell: &Environment) -> Self {
        let own = geteuid();
        let sudo = shell.get("SUDO_UID").and_then(|uid| uid.to_str()?.parse().ok());
        let sudo = sudo.filter(|_| own.is_root());
        Self { own: own.as_raw(), sudo, project: None, has_private_groups: true }
    }

    /// The same on the host of a project, and the owner of its directory, whose files decide what its services
    /// trust.
    #[cfg(feature = "tools")]
    #[must_use]
    pub fn of_project(self, project: &Path) -> Self {
        let project = project.metadata().ok().map(|found| found.uid());
        Self { project, has_private_groups: true, ..self }
    }

    /// Whether `uid` is root or one of these users.
    pub fn contains(&self, uid: u32) -> bool {
        uid == 0 || uid == self.own || [self.sudo, self.project].contains(&Some(uid))
    }

    /// Returns why other users can replace the entries of `directory`.
    ///
    /// # Errors
    /// As fstat(2).
    pub fn check(&self, directory: &Directory) -> std::io::Result<Option<Replaceable>> {
        let found = fstat(&directory.fd)?;
        Ok(self.check_directory(found.st_uid, found.st_gid, bits(found.st_mode)))
    }

    /// Returns each directory on the way to the absolute `path`, and `path` itself, that other users can replace.
    /// Links are followed; the owner of a link decides where it leads.
    pub fn replaceable_on_the_way(&self, path: &Path) -> Vec<(PathBuf, Replaceable)> {
        let mut names: Vec<OsString> = path.iter().rev().map(Into::into).collect();
        let (mut at, mut links, mut replaceable) = (PathBuf::new(), 0, Vec::new());
        while let Some(name) = names.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(name);
            let Ok(found) = next.symlink_metadata() else { break };
            replaceable.extend(self.check_entry(&found).map(|why| (next.clone(), why)));
            match next.read_link() {
                Ok(target) if links < MAX_LINKS => {
                    links += 1;
                    names.extend(target.iter().rev().map(OsString::from));
                }
                _ => at = next,
            }
        }
        replaceable
    }

    fn check_entry(&self, found: &Metadata) -> Option<Replaceable> {
        if found.is_dir() {
            return self.check_directory(found.uid(), found.gid(), found.mode());
        }
        if !self.contains(found.uid()) {
            return Some(Replaceable::Foreign { uid: found.uid() });
        }
        #[cfg(feature = "tools")]
        if found.is_file() && self.is_open(found.uid(), found.gid(), found.mode()) {
            return Some(Replaceable::Writable { mode: found.mode() & 0o7777 });
        }
        None
    }

    fn check_directory(&self, uid: u32, gid: u32, mode: u32) -> Option<Replaceable> {
        let mode = mode & 0o7777;
        if !self.contains(uid) {
            Some(Replaceable::Foreign { uid })
        } else if mode & 0o1000 == 0 && self.is_open(uid, gid, mode) {
            Some(Replaceable::Open { mode })
        } else {
            None
        }
    }

    /// Whether other users may write. The group 0 is not root's alone: on OpenShift every container has it.
    fn is_open(&self, uid: u32, gid: u32, mode: u32) -> bool {
        let is_private = self.has_private_groups && uid != 0 && uid == gid;
        mode & if is_private { 0o002 } else { 0o022 } != 0
    }
}

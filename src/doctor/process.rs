//! The inspected process: its variables and its files, through `/proc`.
//!
//! A path is resolved in the root of that process, links included: `/etc/ssl/cert.pem` there may be a link to
//! `/etc/pki/…`, which is another file here. A file is read with the rights of that process: what root could
//! read says nothing about a service that is not root.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, getegid, geteuid, getgroups, setfsgid, setfsuid, setgroups};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

use crate::sys::environment::Environment;
use crate::sys::file::{self, FileReadError};
use crate::sys::root::FileSystem;

/// Bytes of arguments and of variables: more than a process can be started with, which is 6 MiB (execve(2)).
const MAX_BYTES: u64 = 8 << 20;

/// How many arguments are read.
const MAX_ARGUMENTS: usize = 10_000;

/// A process that can be inspected.
#[derive(Debug)]
pub struct TargetProcess {
    /// Its directory in /proc.
    proc: PathBuf,
    root: File,
    groups: (Gid, Vec<Gid>),
    /// The user that decides its access to files.
    pub uid: Uid,
    /// Its variables.
    pub environment: Environment,
    /// Its arguments, its own name first.
    pub arguments: Vec<OsString>,
}

/// A file, held open so that its path in `/proc/self/fd` stays the same file.
#[derive(Debug)]
pub(crate) struct OpenFile {
    _file: Option<File>,
    path: PathBuf,
}

impl AsRef<Path> for OpenFile {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl FileSystem for TargetProcess {
    /// Returns an empty path if the file does not exist.
    fn local_path(&self, path: &Path) -> impl AsRef<Path> {
        self.find(path).unwrap_or_else(|_| OpenFile { _file: None, path: PathBuf::new() })
    }

    fn canonical_path(&self, path: &Path) -> Option<PathBuf> {
        self.path_in_root(&self.find(path).ok()?.path)
    }
}

impl TargetProcess {
    /// Opens process `pid`.
    ///
    /// # Errors
    /// When it does not exist, or belongs to another user.
    pub fn open(pid: u32) -> io::Result<Self> {
        let proc = Path::new("/proc").join(pid.to_string());
        // A process can move its arguments and variables to any part of its memory (prctl(2)).
        let read = |name: &str| {
            let mut bytes = Vec::new();
            let read = |file: File| file.take(MAX_BYTES).read_to_end(&mut bytes);
            File::open(proc.join(name)).and_then(read).map(|_| bytes)
        };
        let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let environ = read("environ")?;
        // `Environment::of` would also keep entries without `=`, of which there may be millions.
        let pairs = environ.split(|byte| *byte == 0).filter_map(|pair| {
            let (name, value) = pair.split_at_checked(memchr::memchr(b'=', pair)?)?;
            Some((owned(name), owned(value.get(1..)?)))
        });
        let arguments = read("cmdline")?;
        let arguments = arguments.strip_suffix(b"\0").unwrap_or(&arguments);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, proc.join("root"), flags, Mode::empty());
        let root = File::from(root?);
        // proc_pid_status(5): real, effective, saved and file system; the last decides about files.
        let status = String::from_utf8_lossy(&read("status")?).into_owned();
        let numbers = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<u32>>()
        };
        let last = |name| numbers(name).last().copied().unwrap_or_default();
        let groups = numbers("Groups:").into_iter().map(Gid::from_raw).collect();
        Ok(Self {
            root,
            groups: (Gid::from_raw(last("Gid:")), groups),
            uid: Uid::from_raw(last("Uid:")),
            environment: pairs.collect(),
            arguments: arguments.split(|byte| *byte == 0).take(MAX_ARGUMENTS).map(owned).collect(),
            proc,
        })
    }

    /// Opens `path` in the root of the process, with all links resolved there.
    fn find(&self, path: &Path) -> io::Result<OpenFile> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found = match openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
            // A file without a name, which trust-init falls back to where it can write no file.
            Err(_) if self.descriptor_path(path).is_some() => {
                openat(CWD, self.descriptor_path(path).unwrap_or_default(), flags, Mode::empty())
            }
            found => found,
        };
        let file = File::from(found?);
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        Ok(OpenFile { _file: Some(file), path })
    }

    /// Returns the path of a descriptor `/proc/PID/fd/N`, which cannot be resolved in the root of the
    /// process.
    fn descriptor_path(&self, path: &Path) -> Option<PathBuf> {
        let (pid, descriptor) = path.to_str()?.strip_prefix("/proc/")?.split_once("/fd/")?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(pid) && is_number(descriptor)).then(|| self.proc.join("fd").join(descriptor))
    }

    /// Returns the target of a link in `/proc` as a path in the root of the process.
    fn path_in_root(&self, link: &Path) -> Option<PathBuf> {
        let root = format!("/proc/self/fd/{}", self.root.as_raw_fd());
        let endpoint = link.read_link().ok()?;
        Some(Path::new("/").join(endpoint.strip_prefix(Path::new(&root).read_link().ok()?).ok()?))
    }

    /// Returns its working directory.
    pub fn directory(&self) -> Option<PathBuf> {
        self.path_in_root(&self.proc.join("cwd"))
    }

    /// Returns the file of the program that it runs.
    pub fn program(&self) -> Option<PathBuf> {
        self.path_in_root(&self.proc.join("exe"))
    }

    /// Whether the file of its program has this extended attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        // An empty buffer asks for the length alone.
        let mut none: [u8; 0] = [];
        rustix::fs::getxattr(self.proc.join("exe"), name, &mut none).is_ok()
    }

    /// Returns its mount points, without those that every container has
    /// (proc_pid_mountinfo(5), which writes unusual characters in octal).
    pub fn mounts(&self) -> Vec<PathBuf> {
        let table = std::fs::read_to_string(self.proc.join("mountinfo")).unwrap_or_default();
        let points = table.lines().filter_map(|line| line.split(' ').nth(4));
        let points = points.filter(|point| !point.contains('\\')).map(PathBuf::from);
        let usual = ["/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
        let is_usual = |point: &PathBuf| {
            point.as_os_str() == "/" || usual.iter().any(|it| point.starts_with(it))
        };
        points.filter(|point| !is_usual(point)).collect()
    }

    /// Reads the file at `path`, as the process would.
    ///
    /// # Errors
    /// When the process cannot read it, it is not a regular file, or it is too large for a file of
    /// certificates.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, FileReadError> {
        self.as_its_user(|| {
            let found =
                self.find(path).map_err(|error| file::FileReadError::new(Path::new(""), error))?;
            // Opening a device can have effects on this machine.
            match file::special_kind(&found.path) {
                Some(kind) => Err(FileReadError::Special(kind)),
                None => file::read(&found.path, &mut file::FILE_LIMIT.clone()),
            }
        })
        .map_err(|problem| match problem {
            FileReadError::Denied { owner, .. } => {
                FileReadError::Denied { uid: self.uid.as_raw(), owner }
            }
            other => other,
        })
    }

    /// Calls `act` with the rights that the process has on files. Only root can do that, and needs to: any
    /// other inspector is the same user.
    fn as_its_user<T>(&self, act: impl FnOnce() -> T) -> T {
        if self.uid == geteuid() || !geteuid().is_root() {
            return act();
        }
        let ours = getgroups().unwrap_or_default();
        let (group, groups) = &self.groups;
        let is_in = setgroups(groups).is_ok();
        setfsgid(*group);
        setfsuid(self.uid);
        let done = act();
        setfsuid(geteuid());
        setfsgid(getegid());
        if is_in {
            // Restoring cannot fail if setting succeeded.
            let _ = setgroups(&ours);
        }
        done
    }

    /// Returns the names in a directory, sorted; none if it cannot be read.
    pub fn names(&self, directory: &Path) -> Vec<OsString> {
        let entries =
            self.local_path(directory).as_ref().read_dir().into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        names
    }

    /// Returns the files below a directory, at most `depth` levels down and `budget` entries in all.
    /// Directories that are hidden, links, or not wanted are not entered.
    pub fn files_below(
        &self,
        directory: &Path,
        depth: usize,
        budget: &mut usize,
        is_wanted: &impl Fn(&OsStr) -> bool,
    ) -> Vec<PathBuf> {
        let entries =
            self.local_path(directory).as_ref().read_dir().into_iter().flatten().flatten();
        let mut entries: Vec<DirEntry> = entries.take(*budget).collect();
        *budget -= entries.len();
        entries.sort_unstable_by_key(DirEntry::file_name);
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_directory {
                files.push(directory.join(name));
            } else if depth > 0 && !name.as_bytes().starts_with(b".") && is_wanted(&name) {
                files.extend(self.files_below(&directory.join(name), depth - 1, budget, is_wanted));
            }
        }
        files
    }
}

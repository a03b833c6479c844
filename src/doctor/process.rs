//! The process that is looked at: its variables and its files, through `/proc`.
//!
//! A path is resolved in the root of that process, links included: `/etc/ssl/cert.pem` there may be a
//! link to `/etc/pki/…`, which is another file here. And a file is read as the user of that process:
//! what root could read says nothing of a service that is not root.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, getegid, geteuid, getgroups, setfsgid, setfsuid, setgroups};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

use crate::doctor::diagnosis::Store;
use crate::sys::environment::Environment;
use crate::sys::file::{self, Problem};
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::root::Files;
use crate::trust::certificate::Certificate;
use crate::trust::source::{Label, Source, SourceKind};
use crate::trust::source::{Named, Origin};
use crate::trust::trust_anchors::anchors;

/// More than the words and the variables that a process can be started with: 6 MiB (execve(2)).
const LONGEST: u64 = 8 << 20;

/// How many of its words are looked at.
const MOST: usize = 10_000;

/// A process and what can be seen of it.
#[derive(Debug)]
pub struct Patient {
    place: PathBuf,
    root: File,
    groups: (Gid, Vec<Gid>),
    /// Whose it is.
    pub uid: Uid,
    /// Its variables.
    pub environment: Environment,
    /// What it was started with, its own name first.
    pub words: Vec<OsString>,
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
            output::cause(error)
        )
    }
}

impl std::error::Error for Hidden {}

impl Hidden {
    /// What is said of it where something else can be looked at all the same; the process may be
    /// another user's, or have capabilities (ptrace(2), "Ptrace access mode checking").
    pub fn finding(&self) -> Option<Finding> {
        let is_denied = self.error.kind() == io::ErrorKind::PermissionDenied;
        is_denied.then(|| {
            let cause = "its variables and files are not seen: it has more rights than this look";
            let fix = "trust-compose doctor --privileged-look, which looks with SYS_PTRACE";
            Finding::warning("unseen", &format!("process {}", self.pid), cause, fix)
        })
    }
}

/// A file that was found, held so that nothing else takes its place.
#[derive(Debug)]
pub struct Found {
    _file: Option<File>,
    path: PathBuf,
}

impl AsRef<Path> for Found {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Files for Patient {
    /// Nowhere, if it is not there.
    fn at(&self, path: &Path) -> impl AsRef<Path> {
        self.find(path).unwrap_or_else(|_| Found { _file: None, path: PathBuf::new() })
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        self.inside(&self.find(path).ok()?.path)
    }
}

impl Patient {
    /// Looks into process `pid`.
    ///
    /// # Errors
    /// When it does not exist, or is another user's.
    pub fn of(pid: u32) -> Result<Self, Hidden> {
        let hidden = |error: io::Error| Hidden { pid, error };
        let place = Path::new("/proc").join(pid.to_string());
        // A process may say that they lie wherever it has memory, and it may have a lot (prctl(2)).
        let read = |name: &str| {
            let mut bytes = Vec::new();
            let read = |file: File| file.take(LONGEST).read_to_end(&mut bytes);
            File::open(place.join(name)).and_then(read).map(|_| bytes).map_err(hidden)
        };
        let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let environ = read("environ")?;
        // Not by `Environment::of`, which keeps what is no pair: of these there may be millions.
        let pairs = environ.split(|byte| *byte == 0).filter_map(|pair| {
            let (name, value) = pair.split_at_checked(memchr::memchr(b'=', pair)?)?;
            Some((owned(name), owned(value.get(1..)?)))
        });
        let words = read("cmdline")?;
        let words = words.strip_suffix(b"\0").unwrap_or(&words);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, place.join("root"), flags, Mode::empty());
        let root = File::from(root.map_err(|errno| hidden(errno.into()))?);
        // proc_pid_status(5): real, effective, saved and file system's; the last is what counts for files.
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
            words: words.split(|byte| *byte == 0).take(MOST).map(owned).collect(),
            place,
        })
    }

    /// Where `path` is found from here, behind all links, none of which leads out of its root.
    fn find(&self, path: &Path) -> io::Result<Found> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found = match openat2(&self.root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
            // Files without a name: trust-init's last resort is one, where nothing can be written.
            Err(_) if self.held(path).is_some() => {
                openat(CWD, self.held(path).unwrap_or_default(), flags, Mode::empty())
            }
            found => found,
        };
        let file = File::from(found?);
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        Ok(Found { _file: Some(file), path })
    }

    /// What is `/proc/PID/fd/N` for the process, and is no path that can be followed in its root.
    fn held(&self, path: &Path) -> Option<PathBuf> {
        let (pid, descriptor) = path.to_str()?.strip_prefix("/proc/")?.split_once("/fd/")?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(pid) && is_number(descriptor)).then(|| self.place.join("fd").join(descriptor))
    }

    /// What a link of `/proc` is for the process.
    fn inside(&self, link: &Path) -> Option<PathBuf> {
        let root = format!("/proc/self/fd/{}", self.root.as_raw_fd());
        let target = link.read_link().ok()?;
        Some(Path::new("/").join(target.strip_prefix(Path::new(&root).read_link().ok()?).ok()?))
    }

    /// The directory that it is in.
    pub fn directory(&self) -> Option<PathBuf> {
        self.inside(&self.place.join("cwd"))
    }

    /// The file of the program that it runs.
    pub fn program(&self) -> Option<PathBuf> {
        self.inside(&self.place.join("exe"))
    }

    /// Whether the file of its program has an extended attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        // Its length, for it is not read.
        let mut none: [u8; 0] = [];
        rustix::fs::getxattr(self.place.join("exe"), name, &mut none).is_ok()
    }

    /// Where something is mounted for it, but for what every container has
    /// (proc_pid_mountinfo(5); what is odd in a path is written in octal).
    pub fn mounts(&self) -> Vec<PathBuf> {
        let table = std::fs::read_to_string(self.place.join("mountinfo")).unwrap_or_default();
        let points = table.lines().filter_map(|line| line.split(' ').nth(4));
        let points = points.filter(|point| !point.contains('\\')).map(PathBuf::from);
        let usual = ["/proc", "/sys", "/dev", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
        let is_usual = |point: &PathBuf| {
            point.as_os_str() == "/" || usual.iter().any(|it| point.starts_with(it))
        };
        points.filter(|point| !is_usual(point)).collect()
    }

    /// What is in the file at `path`, as that process would find it.
    ///
    /// # Errors
    /// When it cannot be read by that process, is no regular file, or too large for one of certificates.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Problem> {
        self.as_its_user(|| {
            let found = self.find(path).map_err(|error| file::problem(Path::new(""), error))?;
            // To open a device is to use it, and it may be this machine's.
            match file::special(&found.path) {
                Some(kind) => Err(Problem::Special(kind)),
                None => file::read(&found.path, &mut file::FILE_LIMIT.clone()),
            }
        })
        .map_err(|problem| match problem {
            Problem::Denied { owner, .. } => Problem::Denied { uid: self.uid.as_raw(), owner },
            other => other,
        })
    }

    /// Does something with the rights that the process has on files. Only root can, and needs to: others
    /// that look into it are the same user.
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
            // It was possible a moment ago.
            let _ = setgroups(&ours);
        }
        done
    }

    /// The names in a directory, sorted; none if it cannot be read.
    pub fn names(&self, directory: &Path) -> Vec<OsString> {
        let entries = self.at(directory).as_ref().read_dir().into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        names
    }

    /// The files below a directory, `deep` directories down, and no more than `budget` entries in all. No
    /// directory that is hidden, a link or unwanted is entered.
    pub fn below(
        &self,
        directory: &Path,
        deep: usize,
        budget: &mut usize,
        is_wanted: &impl Fn(&OsStr) -> bool,
    ) -> Vec<PathBuf> {
        let entries = self.at(directory).as_ref().read_dir().into_iter().flatten().flatten();
        let mut entries: Vec<DirEntry> = entries.take(*budget).collect();
        *budget -= entries.len();
        entries.sort_unstable_by_key(DirEntry::file_name);
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_directory {
                files.push(directory.join(name));
            } else if deep > 0 && !name.as_bytes().starts_with(b".") && is_wanted(&name) {
                files.extend(self.below(&directory.join(name), deep - 1, budget, is_wanted));
            }
        }
        files
    }
}

/// Bytes as `inspect` reads them.
pub fn source(path: &Path, bytes: &[u8]) -> Source {
    let label = Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default });
    Source { label, kind: SourceKind::Named, bytes: bytes.to_vec() }
}

/// The certificates in `bytes`, the file at `path`.
pub fn store(readers: &str, path: &Path, bytes: &[u8]) -> Store {
    let label = source(path, &[]).label;
    let all = anchors(bytes).certificates;
    let read = |der: Vec<u8>| Certificate::read(&der, &label);
    let (name, readers) = (quote::path(path).to_string(), readers.to_owned());
    Store { name, readers, anchors: all.iter().filter_map(|pem| read(pem.decode()?)).collect() }
}

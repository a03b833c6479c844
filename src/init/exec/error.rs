//! Why a program cannot be run.
//!
//! The kernel answers "no such file" for a script whose interpreter is missing and for a program
//! whose loader is missing, though the file itself is there
//! (<https://github.com/moby/moby/issues/40859>). So the file's first bytes are read, and what is
//! really missing is named.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::init::exec::DEFAULT_PATH;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::output;
use crate::sys::quote;

/// A program that cannot become the service.
pub struct Error {
    name: OsString,
    cause: Cause,
}

enum Cause {
    /// In none of these directories.
    NotFound { searched: OsString },
    /// Not at the path that was given.
    Missing,
    /// A script; its interpreter is not there.
    Interpreter { path: PathBuf, interpreter: OsString },
    /// A program; its loader is not there.
    Loader { path: PathBuf, loader: OsString },
    /// A program for another processor.
    Machine { path: PathBuf, machine: &'static str },
    /// A directory.
    Directory { path: PathBuf },
    /// A file that this user may not execute.
    Mode { path: PathBuf, mode: u32, owner: u32 },
    /// Neither a program nor a script.
    Format { path: PathBuf },
    /// Arguments and environment do not fit.
    TooLong,
    /// Anything else the system says.
    System { path: PathBuf, errno: Errno },
}

/// How many bytes the kernel itself looks at (`BINPRM_BUF_SIZE` in Linux, binfmts.h).
const HEAD: usize = 256;

impl Error {
    /// Finds out why `name` could not be run; `refused` is the file that came nearest to it.
    pub fn new(name: &OsStr, environment: &Environment, refused: Option<(PathBuf, Errno)>) -> Self {
        let cause = match refused {
            Some((path, errno)) => cause(path, errno),
            None if name.as_bytes().contains(&b'/') => Cause::Missing,
            None => {
                let searched = environment.get("PATH").unwrap_or(OsStr::new(DEFAULT_PATH));
                Cause::NotFound { searched: searched.to_owned() }
            }
        };
        Self { name: name.to_owned(), cause }
    }

    /// The exit code for it.
    pub fn code(&self) -> u8 {
        match self.cause {
            Cause::NotFound { .. } | Cause::Missing => exit_code::NOT_FOUND,
            _ => exit_code::CANNOT_RUN,
        }
    }
}

fn cause(path: PathBuf, errno: Errno) -> Cause {
    let head = head(&path).unwrap_or_default();
    if path.is_dir() {
        return Cause::Directory { path };
    }
    if errno == Errno::EACCES {
        return match path.metadata() {
            Ok(found) if !found.is_file() => Cause::Format { path },
            Ok(found) if found.mode() & 0o111 != 0o111 => {
                Cause::Mode { mode: found.mode() & 0o7777, owner: found.uid(), path }
            }
            _ => Cause::System { path, errno },
        };
    }
    if let Some(machine) = other_machine(&head) {
        return Cause::Machine { path, machine };
    }
    match errno {
        Errno::ENOENT => match (interpreter(&head), loader(&path, &head)) {
            (Some(interpreter), _) => Cause::Interpreter { path, interpreter },
            (None, Some(loader)) => Cause::Loader { path, loader },
            (None, None) => Cause::System { path, errno },
        },
        Errno::ENOEXEC => Cause::Format { path },
        Errno::E2BIG => Cause::TooLong,
        errno => Cause::System { path, errno },
    }
}

/// Without waiting for whoever would write to a pipe.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a shell would take `path` for a script: some text, and no `#!`.
pub fn is_plain_script(path: &Path) -> bool {
    head(path).is_ok_and(|head| !head.starts_with(b"\x7fELF") && !head.contains(&0))
}

/// What follows `#!`, up to white space; a carriage return is part of it, for the kernel too.
fn interpreter(head: &[u8]) -> Option<OsString> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = line.trim_ascii_start();
    let word = line.split(|byte| *byte == b' ' || *byte == b'\t').next()?;
    Some(OsStr::from_bytes(word).to_owned())
}

/// `e_machine` of the machine that this program was built for, and its name (elf(5)).
const THIS: (u16, &str) = if cfg!(target_arch = "x86_64") {
    (62, "x86-64")
} else if cfg!(target_arch = "aarch64") {
    (183, "arm64")
} else {
    (0, "this machine")
};

/// The processor that an ELF file is for, if it is not this one.
fn other_machine(head: &[u8]) -> Option<&'static str> {
    let machine = number(head.strip_prefix(b"\x7fELF")?, 18 - 4, 2)?;
    match machine {
        _ if machine == u64::from(THIS.0) || THIS.0 == 0 => None,
        3 => Some("32-bit x86"),
        40 => Some("32-bit ARM"),
        62 => Some("x86-64"),
        183 => Some("arm64"),
        243 => Some("RISC-V"),
        _ => Some("another processor"),
    }
}

/// The loader that a 64-bit ELF file asks for: the contents of its PT_INTERP segment (elf(5)).
fn loader(path: &Path, head: &[u8]) -> Option<OsString> {
    const PT_INTERP: u64 = 3;
    head.strip_prefix(b"\x7fELF\x02")?;
    let file = File::open(path).ok()?;
    let table = number(head, 0x20, 8)?;
    let (size, count) = (number(head, 0x36, 2)?, number(head, 0x38, 2)?);
    (0..count).find_map(|index| {
        let mut entry = [0; 56];
        file.read_exact_at(&mut entry, table.checked_add(index * size)?).ok()?;
        (number(&entry, 0, 4)? == PT_INTERP).then_some(())?;
        let mut name = vec![0; usize::try_from(number(&entry, 32, 8)?).ok()?.min(4096)];
        file.read_exact_at(&mut name, number(&entry, 8, 8)?).ok()?;
        let name = name.split(|byte| *byte == 0).next()?;
        Some(OsStr::from_bytes(name).to_owned())
    })
}

/// The little-endian number of `size` bytes at `at`.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let field = bytes.get(at..at + size)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start {}: ", quote::word(&self.name))?;
        match &self.cause {
            Cause::NotFound { searched } => write!(
                f,
                "there is no such program in PATH ({})\n\
                 fix: check its spelling, install it in the image, or give its full path",
                quote::word(searched)
            ),
            Cause::Missing => write!(
                f,
                "there is no such file\nfix: check the path, inside the image and its mounts"
            ),
            Cause::Interpreter { path, interpreter } => {
                let fix = if interpreter.as_bytes().ends_with(b"\r") {
                    "save it with Unix line ends (`sed -i 's/\\r$//' FILE`)"
                } else {
                    "install that interpreter, or correct the first line"
                };
                write!(
                    f,
                    "{} asks for the interpreter {}, which is not there\nfix: {fix}",
                    quote::path(path),
                    quote::word(interpreter)
                )
            }
            Cause::Loader { path, loader } => write!(
                f,
                "{} asks for the loader {}, which is not there\n\
                 fix: build it for this image's C library (musl or glibc), or statically",
                quote::path(path),
                quote::word(loader)
            ),
            Cause::Machine { path, machine } => write!(
                f,
                "{} was built for {machine}, and this machine is {}\n\
                 fix: pull or build the image for this platform (`--platform`)",
                quote::path(path),
                THIS.1
            ),
            Cause::Directory { path } => {
                write!(f, "{} is a directory\nfix: name the program in it", quote::path(path))
            }
            Cause::Mode { path, mode, owner } => write!(
                f,
                "uid {} has no permission to execute {} (owner {owner}, mode {mode:04o})\n\
                 fix: make it executable (`chmod +x`), in the image or on the host",
                nix::unistd::geteuid(),
                quote::path(path)
            ),
            Cause::Format { path } => write!(
                f,
                "{} is neither a program nor a script\n\
                 fix: name the program, or begin the script with `#!`",
                quote::path(path)
            ),
            Cause::TooLong => write!(
                f,
                "its arguments and environment are longer than the system allows\n\
                 fix: shorten them, or raise the stack limit (ulimit -s)"
            ),
            Cause::System { path, errno } => write!(
                f,
                "{}: {}\nfix: look at the mount it lies on (noexec?) and the container's security \
                 profile",
                quote::path(path),
                output::cause(&io::Error::from(*errno))
            ),
        }
    }
}

//! Reads the headers of a program's file: its interpreter or loader, and its machine.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

/// The number of bytes that the kernel itself reads (`BINPRM_BUF_SIZE` in Linux, binfmts.h).
const HEAD: usize = 256;

/// Reads the first bytes of the file at `path`. Does not wait for the writer of a pipe.
///
/// # Errors
/// As open(2) and read(2).
pub(crate) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a shell would run `path` as a script: text without `#!`.
pub(crate) fn is_plain_script(path: &Path) -> bool {
    head(path).is_ok_and(|head| !head.starts_with(b"\x7fELF") && !head.contains(&0))
}

/// Returns the word after `#!`, up to a space or tab; a carriage return is part of it, as for the kernel.
pub(crate) fn interpreter(head: &[u8]) -> Option<OsString> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = line.trim_ascii_start();
    let word = line.split(|byte| *byte == b' ' || *byte == b'\t').next()?;
    Some(OsStr::from_bytes(word).to_owned())
}

/// `e_machine` of the machine that this program was built for, and its name (elf(5)).
pub(crate) const THIS_MACHINE: (u16, &str) = if cfg!(target_arch = "x86_64") {
    (62, "x86-64")
} else if cfg!(target_arch = "aarch64") {
    (183, "arm64")
} else {
    (0, "this machine")
};

/// Returns the processor of an ELF file, if it is another one than this.
pub(crate) fn other_machine(head: &[u8]) -> Option<&'static str> {
    let machine = read_number(head.strip_prefix(b"\x7fELF")?, 18 - 4, 2)?;
    match machine {
        _ if machine == u64::from(THIS_MACHINE.0) || THIS_MACHINE.0 == 0 => None,
        3 => Some("32-bit x86"),
        40 => Some("32-bit ARM"),
        62 => Some("x86-64"),
        183 => Some("arm64"),
        243 => Some("RISC-V"),
        _ => Some("another processor"),
    }
}

/// Returns the loader that a 64-bit ELF file requires: the contents of its PT_INTERP segment (elf(5)).
pub(crate) fn loader(path: &Path, head: &[u8]) -> Option<OsString> {
    const PT_INTERP: u64 = 3;
    head.strip_prefix(b"\x7fELF\x02")?;
    let file = File::open(path).ok()?;
    let table = read_number(head, 0x20, 8)?;
    let (size, count) = (read_number(head, 0x36, 2)?, read_number(head, 0x38, 2)?);
    (0..count).find_map(|index| {
        let mut entry = [0; 56];
        file.read_exact_at(&mut entry, table.checked_add(index * size)?).ok()?;
        (read_number(&entry, 0, 4)? == PT_INTERP).then_some(())?;
        let mut name = vec![0; usize::try_from(read_number(&entry, 32, 8)?).ok()?.min(4096)];
        file.read_exact_at(&mut name, read_number(&entry, 8, 8)?).ok()?;
        let name = name.split(|byte| *byte == 0).next()?;
        Some(OsStr::from_bytes(name).to_owned())
    })
}

/// Returns the little-endian number of `size` bytes at the offset `at`.
fn read_number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let field = bytes.get(at..at + size)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

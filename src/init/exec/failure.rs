//! Explains why a program cannot be run.
//!
//! The kernel returns "no such file" if the interpreter of a script or the loader of a program is missing,
//! although the file itself exists (<https://github.com/moby/moby/issues/40859>). So this reads the first
//! bytes of the file, and names the missing file.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::errno::Errno;

use crate::init::exec::program_file::{THIS_MACHINE, head, interpreter, loader, other_machine};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;

/// The error of a program that does not exist: at the path `name`, or in the directories of `searched`.
pub(crate) fn not_found(name: &OsStr, searched: &OsStr) -> Diagnostic {
    let cannot = Diagnostic::cannot("start", quote::word(name));
    if name.as_bytes().contains(&b'/') {
        return cannot
            .because("there is no such file")
            .advise("check the path, inside the image and its mounts");
    }
    cannot
        .because(format_args!("there is no such program in PATH ({})", quote::word(searched)))
        .advise("check its spelling, install it in the image, or give its full path")
}

/// The error of starting `name`: the kernel returned `errno` for the file at `path`.
pub(crate) fn cannot_run(name: &OsStr, path: &Path, errno: Errno) -> Diagnostic {
    let (cause, fix) = explain(path, errno);
    Diagnostic::cannot("start", quote::word(name)).because(cause).advise(fix)
}

/// Returns the cause and the fix.
fn explain(path: &Path, errno: Errno) -> (String, &'static str) {
    let head = head(path).unwrap_or_default();
    let shown = quote::path(path);
    if path.is_dir() {
        return (format!("{shown} is a directory"), "name a program in it");
    }
    if errno == Errno::EACCES {
        return forbidden(path);
    }
    if let Some(machine) = other_machine(&head) {
        let (_, this) = THIS_MACHINE;
        return (
            format!("{shown} was built for {machine}, and this machine is {this}"),
            "pull or build the image for this platform (`--platform`)",
        );
    }
    match errno {
        Errno::ENOENT => missing_helper(path, &head),
        Errno::ENOEXEC => not_a_program(path),
        Errno::E2BIG => (
            "its arguments and environment are longer than the system allows".to_owned(),
            "shorten them, or raise the stack limit (ulimit -s)",
        ),
        errno => system_error(path, errno),
    }
}

/// The missing file that the existing one at `path` needs.
fn missing_helper(path: &Path, head: &[u8]) -> (String, &'static str) {
    let shown = quote::path(path);
    if let Some(interpreter) = interpreter(head) {
        let fix = if interpreter.as_bytes().ends_with(b"\r") {
            "save it with Unix line ends (`sed -i 's/\\r$//' FILE`)"
        } else {
            "install that interpreter, or correct the first line"
        };
        let interpreter = quote::word(&interpreter);
        return (format!("{shown} needs the interpreter {interpreter}, which is missing"), fix);
    }
    match loader(path, head) {
        Some(loader) => (
            format!("{shown} needs the loader {}, which is missing", quote::word(&loader)),
            "build it for this image's C library (musl or glibc), or statically",
        ),
        None => system_error(path, Errno::ENOENT),
    }
}

/// The cause if this user may not execute the file.
fn forbidden(path: &Path) -> (String, &'static str) {
    match path.metadata() {
        Ok(found) if !found.is_file() => not_a_program(path),
        Ok(found) if found.mode() & 0o111 != 0o111 => (
            format!(
                "uid {} has no permission to execute {} (owner {}, mode {:04o})",
                nix::unistd::geteuid(),
                quote::path(path),
                found.uid(),
                found.mode() & 0o7777
            ),
            "make it executable (`chmod +x`), in the image or on the host",
        ),
        _ => system_error(path, Errno::EACCES),
    }
}

fn not_a_program(path: &Path) -> (String, &'static str) {
    (
        format!("{} is neither a program nor a script", quote::path(path)),
        "name the program, or begin the script with `#!`",
    )
}

fn system_error(path: &Path, errno: Errno) -> (String, &'static str) {
    let cause = output::cause(&io::Error::from(errno));
    (
        format!("{}: {cause}", quote::path(path)),
        "check its mount (noexec?) and the container's security profile",
    )
}

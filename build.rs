//! Makes the finished programs smaller, which every pod pulls, by what a linker can leave out.
//!
//! The table for unwinding, 17 KB: they abort. Tests unwind and keep it. And a list of the places that
//! hold an address, 52 KB, for which there is a packed form of 1 KB (DT_RELR). In a static program
//! it is the C library inside that unpacks it: glibc since 2.36, musl since 1.2.4 (their NEWS).

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through variables, and no engine is here yet"
)]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    // rustc brings a musl of its own, 1.2.5.
    let is_here = std::env::var("HOST") == std::env::var("TARGET");
    if is("CARGO_CFG_TARGET_ENV", "musl") || is_here && glibc().is_some_and(|it| it >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) =
        str::from_utf8(&output.stdout).ok()?.trim().rsplit_once(' ')?.1.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

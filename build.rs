//! Makes the finished programs smaller, which every pod pulls.
//!
//! Mozilla's roots are packed: 95 KB instead of 127. The table for unwinding is left out, 17 KB: the
//! programs abort. (Tests unwind and keep it.) And a list of the places that hold an address, 52 KB,
//! gets a packed form of 1 KB, DT_RELR: in a static program it is the C library inside that unpacks
//! it, glibc since 2.36, musl since 1.2.4 (their NEWS).

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through variables and files, and no `disk` or `engine` \
              is here yet"
)]

use std::process::Command;

/// The most that the packer can do.
const LEVEL: u8 = 10;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let roots: Vec<u8> =
        webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().flat_map(|root| root.to_vec()).collect();
    let packed = miniz_oxide::deflate::compress_to_vec(&roots, LEVEL);
    std::fs::write(format!("{}/mozilla", variable("OUT_DIR")), packed)?;

    if variable("PROFILE") != "release" || variable("CARGO_CFG_TARGET_OS") != "linux" {
        return Ok(());
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    // rustc brings a musl of its own, 1.2.5.
    let is_musl = variable("CARGO_CFG_TARGET_ENV") == "musl";
    let is_here = variable("HOST") == variable("TARGET");
    if is_musl || is_here && glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    Ok(())
}

/// The version of this machine's glibc: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = str::from_utf8(&output.stdout).ok()?;
    let (major, minor) = text.trim().rsplit_once(' ')?.1.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

//! Makes the finished programs smaller, which every pod pulls.
//!
//! Mozilla's roots are packed: 95 KB instead of 127. The tables for unwinding are left out, 120 KB: the
//! programs abort. (Tests unwind and keep them.) And a list of the places that hold an address, 52 KB,
//! gets a packed form of 1 KB, DT_RELR: in a static program it is the C library inside that unpacks
//! it, glibc since 2.36, musl since 1.2.4 (their NEWS). Not every linker can do either, so each is
//! tried on a small program first.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to a build script through variables and files, and no `disk` or `engine` \
              is here yet"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// The most that the packer can do.
const LEVEL: u8 = 10;

/// Adds to the linker's own script: what unwinding would need goes nowhere.
const NO_TABLES: &str = "SECTIONS { /DISCARD/ : { *(.eh_frame .eh_frame.* .gcc_except_table \
                         .gcc_except_table.*) } } INSERT AFTER .text;\n";

fn main() -> anyhow::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = variable("OUT_DIR");
    let roots: Vec<u8> =
        webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().flat_map(|root| root.to_vec()).collect();
    let packed = miniz_oxide::deflate::compress_to_vec(&roots, LEVEL);
    write(&format!("{out}/mozilla"), &packed)?;

    if variable("PROFILE") != "release" || variable("CARGO_CFG_TARGET_OS") != "linux" {
        return Ok(());
    }
    let script = format!("{out}/no-tables.ld");
    write(&script, NO_TABLES.as_bytes())?;
    let without_tables = ["-Wl,--no-eh-frame-hdr".to_owned(), format!("-Wl,-T,{script}")];
    let packed_relocations = ["-Wl,-z,pack-relative-relocs".to_owned()];
    for arguments in [&without_tables[..], &packed_relocations] {
        if works(arguments, Path::new(&out))? {
            for argument in arguments {
                println!("cargo::rustc-link-arg-bins={argument}");
            }
        }
    }
    Ok(())
}

fn write(path: &str, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {path}"))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Whether a program can be linked with `arguments` and, if it is for this machine, then runs. What
/// is for another is linked for it, which says nothing of the C library: musl is that of rustc, 1.2.5,
/// and of another glibc nothing is known.
fn works(arguments: &[String], out: &Path) -> anyhow::Result<bool> {
    let (source, program) = (out.join("small.rs"), out.join("small"));
    fs::write(&source, "fn main() {}\n")?;
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--edition=2024", "-Cpanic=abort", "--target", &variable("TARGET")]);
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    let linker = variable("RUSTC_LINKER");
    rustc.args((!linker.is_empty()).then(|| format!("-Clinker={linker}")));
    rustc.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    rustc.arg("-o").arg(&program).arg(&source);
    let compiled = rustc.output().with_context(|| format!("cannot start {}", variable("RUSTC")))?;
    if !compiled.status.success() {
        return Ok(false);
    }
    if variable("HOST") == variable("TARGET") {
        return Ok(Command::new(&program).status().is_ok_and(|status| status.success()));
    }
    Ok(variable("CARGO_CFG_TARGET_ENV") == "musl")
}

//! Reduces the size of the release programs, because every pod pulls them: compresses Mozilla's roots (127 KB
//! to 95), removes the unwinding tables (120 KB; the programs abort, and tests keep the tables) and packs the
//! relocations (DT_RELR, 52 KB to 1; the C library in a static program unpacks them: glibc since 2.36, musl
//! since 1.2.4, by their NEWS). Not every linker supports this, so each option is tried on a small program.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo passes a build script variables and files, and the library is not built yet"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// The highest compression level of miniz.
const LEVEL: u8 = 10;

/// An addition to the linker's own script that discards the sections for unwinding.
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

/// Whether a program can be linked with `arguments` and then runs. A program for another machine cannot be
/// run here: with musl the arguments are used, because rustc brings musl 1.2.5; with glibc, whose version on
/// that machine is unknown, they are not.
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

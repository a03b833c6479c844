//! Leaves the table for unwinding out of the finished programs: they abort, and it is 17 KB that
//! every pod would pull. Tests unwind and keep it.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script through variables")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}

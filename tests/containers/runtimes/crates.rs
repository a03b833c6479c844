//! Clients from crates.io, each with the roots that its features select, and cargo. Their code is in
//! images/runtimes-crates/src/main.rs.

use super::table::{Client, client};

const CRATES: &[&str] = &["runtimes-crates"];

const COMPILED_IN: &str = "its roots are compiled in (webpki-roots): build it with the feature for native \
                           roots, or ask its author to";

/// A crate by its name, the start of its version, and its name in the program.
macro_rules! package {
    ($name:literal, $package:literal, $version:literal, $probe:literal) => {
        client("Rust", $name, CRATES)
            .version(concat!(
                "grep -A1 -x 'name = \"",
                $package,
                "\"' /Cargo.lock | grep '\"",
                $version,
                "\\.'"
            ))
            .asks(concat!("crates ", $probe, " $URL"))
    };
}

pub const CLIENTS: &[Client] = &[
    package!("attohttpc (native-tls)", "attohttpc", "0", "attohttpc"),
    package!("curl", "curl", "0", "curl"),
    package!("hyper-rustls (native roots)", "hyper-rustls", "0.27", "hyper-rustls"),
    package!("hyper-rustls (webpki-roots)", "hyper-rustls", "0.27", "hyper-rustls-webpki")
        .reason(COMPILED_IN),
    package!("isahc", "isahc", "1", "isahc"),
    package!("minreq (webpki-roots)", "minreq", "3", "minreq").reason(COMPILED_IN),
    package!("reqwest (rustls-platform-verifier)", "reqwest", "0.13", "reqwest"),
    package!("reqwest (native-tls)", "reqwest", "0.12", "reqwest-012"),
    package!("reqwest (webpki-roots)", "reqwest", "0.11", "reqwest-011").reason(COMPILED_IN),
    package!("tonic (native roots)", "tonic", "0.14", "tonic"),
    package!("tungstenite (native roots)", "tungstenite", "0", "tungstenite"),
    package!("ureq (webpki-roots)", "ureq", "3", "ureq").reason(COMPILED_IN),
    package!("ureq (native-certs)", "ureq", "2", "ureq-2"),
    // The server's answer is not an index.
    client("Rust", "cargo", CRATES)
        .version("cargo --version")
        .asks("CARGO_HOME=$HOME CARGO_NET_RETRY=0 cargo search --index sparse+$URL x")
        .served_says("expected value at line 1 column 1"),
];

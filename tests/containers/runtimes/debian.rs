//! Clients that Debian packages: of its languages, and programs.

use super::table::{Client, client};

const DEBIAN: &[&str] = &["runtimes-trixie", "runtimes-bookworm"];

/// Libraries, by a line of their language.
pub const CLIENTS: &[Client] =
    &[client("Python", "urllib (ssl)", DEBIAN).version("python3 --version").asks(
        "python3 -c 'import sys,urllib.request as r; print(r.urlopen(sys.argv[1]).read())' $URL",
    )];

/// Programs that people call.
pub const PROGRAMS: &[Client] = &[
    client("C with OpenSSL", "curl", DEBIAN).version("curl --version").asks("curl -sS $URL"),
    client("C with GnuTLS", "wget", DEBIAN).version("wget --version").asks("wget -q -O- $URL"),
];

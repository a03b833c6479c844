//! File names and paths that the subcommands of trust-compose share: beside the compose files, and in
//! containers.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::trust::fingerprint::Fingerprint;

/// File name of the overlay.
pub const OVERLAY: &str = "docker-compose.ca.yml";
/// Directory of the files that the overlay mounts.
pub const TRUST: &str = ".trust";
/// The overlay's first line, by which every version recognizes it. It must not change.
pub const HEADER: &str = "# Made by trust-compose setup, taken away by trust-compose remove.";
/// The file from which Compose reads variables.
pub const ENV: &str = ".env";
/// The file with the patterns that git ignores.
pub const IGNORE: &str = ".gitignore";

/// Directory of the generated files, in every container.
pub const DIRECTORY: &str = "/run/trust-init";
/// Path of the bundle, in every container.
pub const BUNDLE: &str = "/run/trust-init/ca-bundle.crt";
/// Directory of the certificate and key that a proxy serves, in the proxy's container.
pub const SERVED: &str = "/run/trust-init/tls";
/// The file in [`SERVED`] that a Caddyfile imports.
pub const SNIPPET: &str = "tls.caddy";
/// Label with the digest of a service's mounted files: when it changes, `docker compose up -d` recreates
/// the container.
pub const LABEL: &str = "org.trust-init.inputs";

/// Number of hexadecimal digits of the digest in a file name.
pub(crate) const DIGITS: usize = 16;
/// U+FEFF in UTF-8, which some editors write before the first line.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns the name of a generated file, derived from its contents: `stem-digest.ending`.
pub fn file_name(stem: &str, ending: &str, contents: &[u8]) -> String {
    let digest = Fingerprint::of([contents]).to_string();
    format!("{stem}-{}.{ending}", digest.get(..DIGITS).unwrap_or(&digest))
}

/// Whether `path` is an overlay that `setup` generated.
pub fn is_generated_overlay(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    let read = |file: File| file.take(2 * HEADER.len() as u64).read_to_end(&mut bytes);
    is_file && File::open(path).and_then(read).is_ok() && has_header(&bytes)
}

/// Whether the first line of `text` is [`HEADER`], with any line ending.
pub fn has_header(text: &[u8]) -> bool {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let rest = text.strip_prefix(HEADER.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'\r' | b'\n')))
}

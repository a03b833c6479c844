//! What the environment's trust variables name at present.
//!
//! What a user or an image has set stays in force for that variable's readers, and goes to nobody
//! else. Our own bundle is never such an input: it would carry yesterday's CAs into today's.

use std::ffi::OsStr;
use std::path::Path;

use rustls_pki_types::CertificateDer;

use super::{file, roots};
use crate::environment::{Environment, File, Pin, Points, Row, Warning};
use crate::inspect;
use crate::publish;

/// What a variable's value came to.
enum Found {
    Pin(Pin),
    /// It names the merged bundle or the custom CAs that we published.
    Ours,
    Unusable(Warning),
}

/// Reads what each of `rows` names, itself or through the variables its readers fall back to.
pub fn pins(
    rows: impl Iterator<Item = &'static Row>,
    environment: &Environment,
    image_roots: &[CertificateDer<'static>],
) -> (Vec<Pin>, Vec<Warning>) {
    let (mut pins, mut warnings) = (Vec::new(), Vec::new());
    for row in rows {
        for variable in std::iter::once(&row.name).chain(row.falls_back_to) {
            let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            match look(row, variable, value, image_roots) {
                Found::Pin(pin) => pins.push(pin),
                Found::Ours => {}
                Found::Unusable(warning) => {
                    // Said once, where the variable is looked at for its own sake.
                    if *variable == row.name || *variable == "SSL_CERT_DIR" {
                        warnings.push(warning);
                    }
                    continue;
                }
            }
            break;
        }
    }
    (pins, warnings)
}

fn look(
    row: &'static Row,
    variable: &'static str,
    value: &OsStr,
    image_roots: &[CertificateDer<'static>],
) -> Found {
    let path = Path::new(value);
    let whole = [File::Bundle.name(), File::Custom.name()];
    let is_whole = path.file_name().is_some_and(|name| whole.iter().any(|whole| name == &**whole));
    if publish::is_ours(path) && (is_whole || publish::is_memory(path)) {
        return Found::Ours;
    }
    let pin = |certificates, tidy| {
        Found::Pin(Pin { row, variable, path: path.into(), certificates, tidy })
    };
    let unusable = |cause: String| {
        Found::Unusable(Warning::Unusable { name: variable, value: value.into(), cause })
    };
    if path.is_dir() || variable == "SSL_CERT_DIR" {
        let is_roots = |path: &Path| roots::is_root_directory(path) && !image_roots.is_empty();
        // OpenSSL takes a colon-separated list here (SSL_CTX_load_verify_locations(3)).
        let certificates: Vec<_> = std::env::split_paths(value)
            .flat_map(|path| {
                if is_roots(&path) { image_roots.to_vec() } else { roots::in_directory(&path) }
            })
            .collect();
        return match (certificates.is_empty(), row.points) {
            (true, _) => unusable("no certificate can be read there".into()),
            (false, Points::Bundle) => pin(certificates, true),
            (false, Points::Custom) => unusable("it is a directory".into()),
        };
    }
    match file::read(path, &mut file::FILE_LIMIT.clone()) {
        Ok(bytes) => {
            let anchors = inspect::anchors(&bytes);
            if anchors.certificates.is_empty() {
                unusable("there is no certificate in it".into())
            } else {
                pin(anchors.certificates, anchors.tidy)
            }
        }
        Err(problem) => unusable(problem.to_string()),
    }
}

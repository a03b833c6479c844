//! Searches the directory of a wrong file for the CA that the user meant: the certificate of a key, or the
//! issuer of a server certificate.

use std::path::{Path, PathBuf};

use crate::compose::inputs::files::{CUSTOM_CA, EXTRA_CA, read_source};
use crate::compose::project::files::{directory_of, plain};
use crate::sys::file;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};
use crate::trust::certificate_file;
use crate::trust::private_key::{self, KeyMatch};
use crate::trust::source::{CertificateSource, Label, Named, Origin};

/// Extensions of files that may contain the certificate.
const EXTENSIONS: [&str; 4] = ["crt", "pem", "cer", "der"];

/// The most files that are read in that directory.
const MAX_FILES: usize = 100;

/// Endings of file names that tools add for a key, without the extension.
const KEY_ENDINGS: [&str; 3] = ["-key", "_key", ".key"];
/// The same for a certificate.
const CERTIFICATE_ENDINGS: [&str; 3] = ["-cert", "_cert", ".cert"];

/// A certificate in the directory.
struct Neighbour {
    path: PathBuf,
    certificate: Certificate,
}

/// Returns the fix for a key that was given as a CA.
pub(crate) fn instead_of_key(source: &CertificateSource) -> String {
    let path = source.label.path().unwrap_or(Path::new(""));
    let neighbours = neighbours(path);
    let compared = |found: &Neighbour| {
        private_key::compare(&source.bytes, &Details::of(&found.certificate).public_key)
    };
    let owner = neighbours.iter().find(|found| compared(found) == Some(KeyMatch::Yes));
    // An encrypted key contains no public key in clear, and neither does that of some tools.
    let owner = owner.or_else(|| {
        neighbours.iter().find(|found| {
            stem(&found.path, &CERTIFICATE_ENDINGS) == stem(path, &KEY_ENDINGS)
                && compared(found) != Some(KeyMatch::No)
        })
    });
    let option = option(&source.label);
    match owner {
        Some(Neighbour { path, certificate }) if certificate.is_ca => {
            format!("name its certificate: `{option} {}`", shell(path))
        }
        Some(Neighbour { certificate, .. }) => {
            let whose = quote::word(&certificate.subject);
            match top_issuer(certificate, &neighbours) {
                Some(found) => format!(
                    "it is the key of the server certificate {whose}; name the CA: `{option} {}`",
                    shell(&found.path)
                ),
                None => format!(
                    "it is the key of the server certificate {whose}; name the certificate of its \
                     issuer, {}",
                    quote::word(&certificate.issuer)
                ),
            }
        }
        None => "name the CA's certificate, not its key".to_owned(),
    }
}

/// Returns the fix for a server certificate that was given as a CA.
pub(crate) fn instead_of_leaf(leaf: &Certificate) -> String {
    let path = leaf.label.path().unwrap_or(Path::new(""));
    let issuer = quote::word(&leaf.issuer);
    match (top_issuer(leaf, &neighbours(path)), Details::of(leaf).issuer_url) {
        (Some(found), _) => {
            format!("name its CA: `{} {}`", option(&leaf.label), shell(&found.path))
        }
        (None, Some(url)) => format!(
            "get the certificate of its issuer, {issuer}, from its administrator or {}, and name that \
             file",
            quote::word(&url)
        ),
        (None, None) => format!(
            "ask its administrator for the certificate of its issuer, {issuer}, and name that file"
        ),
    }
}

/// Returns the last issuer that is found, which is the root if all are.
fn top_issuer<'a>(leaf: &Certificate, neighbours: &'a [Neighbour]) -> Option<&'a Neighbour> {
    let mut top: Option<&Neighbour> = None;
    for _ in 0..neighbours.len() {
        let last = top.map_or(leaf, |found| &found.certificate);
        let above = neighbours.iter().find(|above| {
            above.certificate.is_ca
                && above.certificate.der != last.der
                && is_signed_by(last, &above.certificate)
        });
        let Some(above) = above.filter(|_| !last.is_self_issued) else { break };
        top = Some(above);
    }
    top
}

/// Reads the certificates beside `path`: first those of files with one certificate, then by name.
fn neighbours(path: &Path) -> Vec<Neighbour> {
    let directory = directory_of(path);
    let entries = directory.read_dir().into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<_> = entries.map(|entry| plain(directory, entry.file_name())).collect();
    paths.retain(|found| {
        let extension = found.extension().unwrap_or_default();
        EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) && found != path
    });
    paths.sort_unstable();
    paths.truncate(MAX_FILES);
    let mut files = Vec::new();
    for path in paths {
        let source = read_source(&path, CUSTOM_CA, &mut file::FILE_LIMIT.clone()).ok();
        let found = source.and_then(|source| certificate_file::parse(&source).ok());
        files.push((path, found.map(|found| found.certificates).unwrap_or_default()));
    }
    files.sort_by_key(|(_, certificates)| certificates.len());
    let each = files.into_iter().flat_map(|(path, certificates)| {
        certificates
            .into_iter()
            .map(move |certificate| Neighbour { path: path.clone(), certificate })
    });
    each.collect()
}

/// Returns the name of a file without its extension and without one of `endings`.
fn stem(path: &Path, endings: &[&str]) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let short = endings.iter().find_map(|ending| name.strip_suffix(ending));
    short.unwrap_or(&name).to_owned()
}

fn option(label: &Label) -> &'static str {
    match label {
        Label::Path(Named { origin: Origin::Option(EXTRA_CA), .. }) => EXTRA_CA,
        _ => CUSTOM_CA,
    }
}

//! OpenSSL accepts every published certificate, and every client reads the whole bundle: for each file in
//! tests/certs, by name and in a directory, and for mutated certificates.
//!
//! UPDATE_SNAPSHOT=1 writes the results into tests/snapshots/inputs/certificates.md.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::inspect::gallery::{outcome, rows};
use crate::support::document::is_between;
use crate::world::{Scratch, World, count, gallery, tool};

/// Returns the certificates in a PEM text as rustls reads it.
fn ders(pem: &[u8]) -> BTreeSet<Vec<u8>> {
    let certificates = CertificateDer::pem_slice_iter(pem);
    certificates.map(|der| der.unwrap().to_vec()).collect()
}

/// Returns the certificates that OpenSSL finds in a file of any format.
fn openssl(file: &Path) -> BTreeSet<Vec<u8>> {
    let file = file.to_str().unwrap();
    let mut found = BTreeSet::new();
    for words in [
        &["storeutl", "-certs", "-passin", "pass:changeit"][..],
        &["pkcs7", "-print_certs", "-inform", "PEM", "-in"],
        &["pkcs7", "-print_certs", "-inform", "DER", "-in"],
    ] {
        let mut command = Command::new(tool("timeout"));
        command.arg("60").arg(tool("openssl")).args(words).arg(file).stdin(Stdio::null());
        found.extend(ders(&command.output().unwrap().stdout));
    }
    found
}

/// A Python program that reads every bundle in a directory with OpenSSL as a library and with GnuTLS, which
/// both reject a whole file for one bad certificate; prints a line for each rejected file.
const READ_WHOLE: &str = r#"
import ctypes, os, ssl, sys
gnutls = ctypes.CDLL("libgnutls.so.30")
class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]
for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    text = open(path, "rb").read()
    wanted = text.count(b"-----BEGIN CERTIFICATE-----")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        if context.cert_store_stats()["x509"] != wanted:
            print(f"{name}: {wanted} certificates, but Python reads {context.cert_store_stats()}")
    except ssl.SSLError as error:
        print(f"{name}: {wanted} certificates, but Python reads none: {error}")
        for block in text.decode().split("-----BEGIN CERTIFICATE-----")[1:]:
            try:
                context.load_verify_locations(cadata="-----BEGIN CERTIFICATE-----" + block)
            except ssl.SSLError as error:
                print(block)
    length, list_ = ctypes.c_uint(), ctypes.c_void_p()
    datum = Datum(text, len(text))
    code = gnutls.gnutls_x509_crt_list_import2(
        ctypes.byref(list_), ctypes.byref(length), ctypes.byref(datum), 1, 0)
    if code < 0 or length.value != wanted:
        print(f"{name}: {wanted} certificates, but GnuTLS reads {length.value}, {code}")
"#;

/// Asserts that every client reads every bundle in `directory` completely.
#[track_caller]
pub fn are_read_whole(directory: &Path) {
    let mut command = Command::new(tool("python3"));
    let output = command.args(["-c", READ_WHOLE]).arg(directory).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(text.is_empty() && errors.is_empty(), "{text}{errors}");
    for file in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        // Exit code 77 means an unreadable bundle (https://curl.se/libcurl/c/libcurl-errors.html); port 1
        // has no server, which gives 7.
        let mut curl = Command::new(tool("curl"));
        curl.args(["-s", "--max-time", "20", "https://127.0.0.1:1/", "--cacert"]).arg(&file);
        assert_eq!(curl.status().unwrap().code(), Some(7), "{}", file.display());
        let text = std::fs::read(&file).unwrap();
        let all = CertificateDer::pem_slice_iter(&text).map(Result::unwrap).count();
        assert_eq!(all, count(&String::from_utf8(text).unwrap()), "{}", file.display());
    }
}

/// Files that OpenSSL's versions read differently: after a NUL, nothing since 3.0.22.
const DIFFERS: [&str; 1] = ["tar.crt"];

#[test]
fn published_gallery_files_are_what_openssl_accepts() {
    const PRINT: [&str; 5] = ["--", "/bin/sh", "-c", "cat \"$SSL_CERT_FILE\"", "sh"];
    let world = World::new();
    let bundles = Scratch::new();
    let neighbour = ders(&std::fs::read(gallery("neighbour/ca.crt")).unwrap());
    let mut table = String::from(
        "| file | by name | in a directory | OpenSSL finds in it | kept besides |\n|---|---|---|---|---|\n",
    );
    let mut refused = 0;
    for (file, ..) in rows() {
        world.copy(&file, &format!("/{file}.d/{file}"));
        world.copy("neighbour/ca.crt", &format!("/{file}.d/ca.crt"));
        let mut published = BTreeSet::new();
        let mut outcomes = Vec::new();
        for (ca, neighbours) in [(format!("/{file}.d/{file}"), 0), (format!("/{file}.d"), 1)] {
            let words = [&["--ca", &ca, "--roots", "none"][..], &PRINT].concat();
            let run = world.trust_init(&words).run();
            outcomes.push(outcome(&run, neighbours));
            let bundle = run.0.stdout.clone();
            if run.0.status.success() && count(&run.stdout()) > neighbours {
                std::fs::write(bundles.path().join(format!("{file}.{neighbours}")), &bundle)
                    .unwrap();
            }
            published.extend(ders(&bundle));
        }
        published.retain(|der| !neighbour.contains(der));
        let found = openssl(&gallery(&file));
        let besides = published.difference(&found).count();
        refused += usize::from(published.is_empty());
        // Each file has its own number, so that no result replaces another.
        let differs = DIFFERS.contains(&file.as_str());
        let besides = if besides == 0 || differs { String::new() } else { besides.to_string() };
        let found = if differs { "0 or 1".to_owned() } else { found.len().to_string() };
        let [named, in_directory] = outcomes.as_slice() else { panic!("{file}") };
        table += &format!("| {file} | {named} | {in_directory} | {found} | {besides} |\n");
    }
    assert!(refused > 150, "{refused}");
    are_read_whole(bundles.path());
    is_between("tests/snapshots/inputs/certificates.md", "gallery", &table);
}

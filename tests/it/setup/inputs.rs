//! The input of `setup`: typical directories and files, read through the library.

mod corporate;
mod served;
mod messages;
mod places;
mod remote;
mod same_name;

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use trust_init::compose::inputs::{InputOptions, Inputs, read};
use trust_init::sys::diagnostic::Diagnostic;
use trust_init::trust::time::Time;

use crate::desk::Desk;

/// Reads the input without a terminal.
pub fn inputs(given: &InputOptions) -> Result<Inputs, Box<Diagnostic>> {
    read(given, Time::now(), &|_| Ok(None)).map_err(|error| error.diagnostic)
}

/// Returns the options for `--custom-ca PATH`.
pub fn custom(path: PathBuf) -> InputOptions {
    InputOptions { custom_ca: Some(path), ..InputOptions::default() }
}

/// Returns the options for `--custom-ca certs --domain NAME --caddy`.
pub fn served(desk: &Desk, domain: &str) -> InputOptions {
    let domain = Some(domain.to_owned());
    InputOptions { domain, serves: true, ..custom(desk.path("certs")) }
}

/// Creates a certificate in FILE.pem named FILE with its key in FILE.key, signed by the CA in ISSUER.pem or
/// self-signed; without names it is a CA.
#[track_caller]
pub fn issue(desk: &Desk, issuer: &str, file: &str, names: &[&str]) {
    let mut params = CertificateParams::default();
    let name = Path::new(file).file_name().unwrap().to_str().unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    if names.is_empty() {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        });
    }
    let key = KeyPair::generate().unwrap();
    let certificate = if issuer == file {
        params.self_signed(&key).unwrap()
    } else {
        let above = KeyPair::from_pem(&desk.read(&format!("{issuer}.key"))).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&desk.read(&format!("{issuer}.pem")), above).unwrap();
        params.signed_by(&key, &issuer).unwrap()
    };
    desk.write(&format!("{file}.pem"), certificate.pem());
    desk.write(&format!("{file}.key"), key.serialize_pem());
}

/// Concatenates files.
#[track_caller]
pub fn cat(desk: &Desk, files: &[&str], to: &str) {
    let text: String = files.iter().map(|file| desk.read(file)).collect();
    desk.write(to, text);
}

/// Returns the subjects of the custom CAs.
#[track_caller]
fn subjects(inputs: &Inputs) -> Vec<&str> {
    inputs.custom.iter().map(|found| found.subject.as_str()).collect()
}

#[test]
fn generated_certificates_are_trusted_and_served() {
    let desk = Desk::with(&["gpu.local", "10.0.0.7", "*.lab.local", "bücher.lab"]);
    let alone = inputs(&custom(desk.path("certs"))).unwrap();
    assert_eq!(subjects(&alone), ["CN=Lab CA"]);
    assert!(alone.server.is_none() && alone.warnings.is_empty());
    for domain in ["gpu.local", "GPU.local.", "10.0.0.7", "a.lab.local", "bücher.lab", "::1"] {
        let found = inputs(&served(&desk, domain)).unwrap();
        let server = found.server.unwrap();
        assert_eq!(server.certificate, desk.path("certs/server.pem"));
        assert_eq!(server.key, desk.path("certs/server-key.pem"));
        let key = fs::metadata(&server.key).unwrap();
        assert_eq!((server.uid, server.gid, server.mode), (key.uid(), key.gid(), 0o600));
        assert!(found.notes.is_empty() && found.warnings.is_empty());
    }
    let found = inputs(&served(&desk, "bücher.lab")).unwrap();
    assert_eq!(found.domain.unwrap().to_string(), "xn--bcher-kva.lab");
    for domain in ["lab.local", "a.b.lab.local", "10.0.0.8", "other.local"] {
        let words = inputs(&served(&desk, domain)).unwrap_err().to_string();
        assert!(words.contains("it is for `gpu.local`"), "{words}");
    }
}

#[test]
fn every_ca_is_trusted_once_in_the_order_given() {
    let desk = Desk::with(&["a.lab"]);
    for file in ["gpu", "llm"] {
        issue(&desk, file, file, &[]);
    }
    cat(&desk, &["llm.pem", "certs/ca.crt", "llm.pem"], "more.pem");
    let extra = ["gpu.pem", "more.pem", "gpu.pem"].map(|file| desk.path(file)).to_vec();
    let found = inputs(&InputOptions { extra, ..custom(desk.path("certs")) }).unwrap();
    assert_eq!(subjects(&found), ["CN=Lab CA", "CN=gpu", "CN=llm"]);
    // A server certificate must be issued by --custom-ca; --extra-ca does not count.
    issue(&desk, "gpu", "certs/leaf", &["a.lab"]);
    desk.rename("certs/leaf.pem", "certs/server.pem");
    desk.rename("certs/leaf.key", "certs/server-key.pem");
    let extra = vec![desk.path("gpu.pem")];
    let words = inputs(&InputOptions { extra, ..served(&desk, "a.lab") }).unwrap_err().to_string();
    assert!(words.contains("`CN=gpu` issued it, and the CA to trust is `CN=Lab CA`"), "{words}");
}

#[test]
fn every_file_format_gives_the_same_ca() {
    let desk = Desk::with(&["a.lab"]);
    let (ca, pass) = ("certs/ca.crt", "-passout pass:");
    desk.openssl(&format!("x509 -in {ca} -outform DER -out ca.der"));
    desk.openssl(&format!("crl2pkcs7 -nocrl -certfile {ca} -out pem.p7b"));
    desk.openssl(&format!("crl2pkcs7 -nocrl -certfile {ca} -outform DER -out der.p7b"));
    for (file, how) in [
        ("new.p12", ""),
        ("old.p12", "-legacy"),
        ("triple.p12", "-legacy -certpbe PBE-SHA1-3DES"),
        ("plain.p12", "-certpbe NONE -nomac"),
        ("sha512.p12", "-macalg sha512"),
    ] {
        let how = if how.is_empty() { String::new() } else { format!("{how} ") };
        desk.openssl(&format!("pkcs12 -export -nokeys {how}-in {ca} {pass} -out {file}"));
    }
    let expected = inputs(&custom(desk.path(ca))).unwrap().custom[0].der.clone();
    for file in [
        "ca.der",
        "pem.p7b",
        "der.p7b",
        "new.p12",
        "old.p12",
        "triple.p12",
        "plain.p12",
        "sha512.p12",
    ] {
        let found =
            inputs(&custom(desk.path(file))).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(found.custom.len(), 1, "{file}");
        assert_eq!(found.custom[0].der, expected, "{file}");
        assert!(found.notes.is_empty() && found.warnings.is_empty(), "{file}");
    }
}

/// Creates an archive of all certificates and keys, with the password `lab secret`.
fn archive(desk: &Desk, how: &[&str]) {
    desk.write("secret", "lab secret\r\nsecond line\n");
    let words = [
        "pkcs12",
        "-export",
        "-in",
        "certs/server.pem",
        "-inkey",
        "certs/server-key.pem",
        "-certfile",
        "certs/ca.crt",
        "-passout",
        "pass:lab secret",
        "-out",
        "all.p12",
    ];
    let openssl = crate::world::tool("openssl");
    let words = [&words[..], how].concat();
    assert!(desk.command(&openssl, &words, "022").status().unwrap().success());
}

#[test]
fn the_cas_of_an_archive_are_read_without_its_key() {
    for how in [&[][..], &["-legacy"]] {
        let desk = Desk::with(&["a.lab"]);
        archive(&desk, how);
        let password_file = Some(desk.path("secret"));
        let found =
            inputs(&InputOptions { password_file, ..custom(desk.path("all.p12")) }).unwrap();
        assert_eq!(subjects(&found), ["CN=Lab CA"]);
        let note = found.notes[0].to_string();
        assert!(note.ends_with("1 key and `CN=a.lab`"), "{note}");
        // The user is asked for the password once, with the file's name.
        let asked = RefCell::new(Vec::new());
        let answer = |words: &str| {
            asked.borrow_mut().push(words.to_owned());
            Ok(Some("lab secret".to_owned()))
        };
        let found = read(&custom(desk.path("all.p12")), Time::now(), &answer)
            .map_err(|error| error.diagnostic)
            .unwrap();
        assert_eq!(subjects(&found), ["CN=Lab CA"]);
        let [words] = &asked.borrow()[..] else { panic!("asked {:?}", asked.borrow()) };
        assert!(words.contains("all.p12") && words.contains("--custom-ca"), "{words}");
    }
}

#[test]
fn one_password_pipe_opens_several_archives() {
    let desk = Desk::with(&["a.lab"]);
    archive(&desk, &[]);
    let script = format!(
        "{} inspect --p12-password-file <(cat secret) all.p12 all.p12",
        crate::desk::trust_compose().display()
    );
    let bash = crate::world::tool("bash");
    let output = desk.command(&bash, &["-c", &script], "022").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_damaged_archive_is_refused() {
    let desk = Desk::with(&["a.lab"]);
    for how in ["", "-legacy"] {
        // Few rounds of key derivation, so that each attempt is short.
        let how = [&["-iter", "1"][..], &how.split_terminator(' ').collect::<Vec<_>>()].concat();
        archive(&desk, &how);
        let whole = fs::read(desk.path("all.p12")).unwrap();
        let password_file = Some(desk.path("secret"));
        let given = InputOptions { password_file, ..custom(desk.path("broken.p12")) };
        for length in (0..whole.len()).step_by(7) {
            desk.write("broken.p12", &whole[..length]);
            assert!(inputs(&given).is_err(), "{length} bytes");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            desk.write("broken.p12", bytes);
            // A change of a bag's name may go undetected; every attempt must end.
            let _ = inputs(&given);
        }
    }
}

#[test]
fn a_file_of_thousands_of_cas_is_read() {
    let desk = Desk::new();
    let key = KeyPair::generate().unwrap();
    let mut text = String::new();
    for number in 0..3000 {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("CA {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        text.push_str(&params.self_signed(&key).unwrap().pem());
    }
    desk.write("all.pem", text);
    assert_eq!(inputs(&custom(desk.path("all.pem"))).unwrap().custom.len(), 3000);
}

#[test]
fn the_only_ca_file_of_a_directory_is_used() {
    for name in ["ca-certificate.crt", "ca.pem", "root.CER", "corporate.der", "chain.p7b", "x.pfx"]
    {
        let desk = Desk::with(&["a.lab"]);
        desk.remove("certs/ca.key").rename("certs/ca.crt", &format!("certs/{name}"));
        if name.ends_with("pfx") {
            desk.openssl(&format!("pkcs12 -export -nokeys -in certs/{name} -passout pass: -out x"));
            desk.rename("x", &format!("certs/{name}"));
        }
        // Other files that are common in such directories.
        desk.write("certs/README.txt", "").write("certs/.old.crt", desk.read("certs/server.pem"));
        desk.write("certs/key.pem", desk.read("certs/server-key.pem"));
        desk.write("certs/leaf.crt", desk.read("certs/server.pem"));
        let found =
            inputs(&served(&desk, "a.lab")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(subjects(&found), ["CN=Lab CA"], "{name}");
        assert!(found.server.is_some(), "{name}");
        let notes: Vec<_> = found.notes.iter().map(ToString::to_string).collect();
        assert!(notes.len() == 2 && notes[0].contains(name), "{notes:?}");
        assert!(notes[1].contains("certs/leaf.crt` (no CA: `CN=a.lab`)"), "{notes:?}");
    }
}

#[test]
fn an_archive_with_a_password_is_used_if_no_other_ca_exists() {
    let desk = Desk::with(&["a.lab"]);
    archive(&desk, &[]);
    desk.remove("certs/ca.crt").rename("all.p12", "certs/corporate.p12");
    let answer = |_: &str| Ok(Some("lab secret".to_owned()));
    let found = read(&custom(desk.path("certs")), Time::now(), &answer)
        .map_err(|error| error.diagnostic)
        .unwrap();
    assert_eq!(subjects(&found), ["CN=Lab CA"]);
}

#[test]
fn certificate_and_key_are_found_under_common_names() {
    for (certificate, key) in [("server.crt", "server.key"), ("fullchain.pem", "privkey.pem")] {
        let desk = Desk::with(&["a.lab"]);
        desk.rename("certs/server.pem", &format!("certs/{certificate}"));
        desk.rename("certs/server-key.pem", &format!("certs/{key}"));
        let server = inputs(&served(&desk, "a.lab")).unwrap().server.unwrap();
        assert_eq!(server.certificate, desk.path("certs").join(certificate));
        assert_eq!(server.key, desk.path("certs").join(key));
    }
}

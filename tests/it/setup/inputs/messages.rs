//! Every message about the input of `setup`, as a snapshot: tests/snapshots/setup/inputs.txt. After a
//! change of a message, run with UPDATE_SNAPSHOT=1 and read the diff.

use std::io;
use std::path::PathBuf;

use trust_init::compose::inputs::{InputOptions, Inputs, read};
use trust_init::sys::diagnostic::Diagnostic;
use trust_init::trust::time::Time;

use crate::desk::Desk;
use crate::fixes::run_fixes;
use crate::setup::inputs::{custom, inputs, issue, served};
use crate::world::{gallery, is_snapshot};

/// Returns the messages without paths and days of this run.
pub fn words(desk: &Desk, found: Result<Inputs, Box<Diagnostic>>) -> String {
    let mut text = String::new();
    match found {
        Ok(inputs) => {
            for note in &inputs.notes {
                text.push_str(&format!("info: {note}\n"));
            }
            for warning in &inputs.warnings {
                text.push_str(&format!("warning: {warning}\nfix: {}\n", warning.fix()));
            }
        }
        Err(error) => {
            assert_eq!(error.fixes.len(), 1, "{error}");
            let code = if error.is_usage { 2 } else { 1 };
            text.push_str(&format!("error {code}: {error}\nfix: {}\n", error.fix()));
        }
    }
    let text =
        text.replace(&format!("{}/", desk.path("").to_str().unwrap().trim_end_matches('/')), "");
    let text =
        text.replace(&format!("{}/", gallery("").to_str().unwrap().trim_end_matches('/')), "");
    let is_day =
        |word: &str| word.len() == 10 && word.starts_with("20") && word.matches('-').count() == 2;
    let undated = text.split(' ').map(|word| match word.split_once('\n') {
        Some((day, rest)) if is_day(day) => format!("DAY\n{rest}"),
        _ if is_day(word) => "DAY".to_owned(),
        _ => word.to_owned(),
    });
    undated.collect::<Vec<_>>().join(" ")
}

/// Runs with a file of tests/certs as `--custom-ca`.
fn file(name: &str) -> String {
    words(&Desk::new(), inputs(&custom(gallery(name))))
}

/// Runs `--custom-ca certs` with certificates for a.lab, after `prepare`.
fn directory(prepare: impl Fn(&Desk)) -> String {
    let desk = Desk::with(&["a.lab"]);
    prepare(&desk);
    messages(&desk, &custom(desk.path("certs")))
}

/// Returns the messages about these options, and runs their fixes.
fn messages(desk: &Desk, options: &InputOptions) -> String {
    let again = || words(desk, inputs(options));
    let text = again();
    run_fixes(desk, &text, again);
    text
}

/// Like [`directory`], with `--domain a.lab --caddy`.
pub fn serving(prepare: impl Fn(&Desk)) -> String {
    let desk = Desk::with(&["a.lab"]);
    prepare(&desk);
    messages(&desk, &served(&desk, "a.lab"))
}

/// Like [`serving`], with a key that openssl creates with `command`.
pub fn with_key(command: &str) -> String {
    serving(|desk| _ = desk.openssl(&format!("{command} -out certs/server-key.pem")))
}

/// Runs with an archive that openssl creates with the password `x`.
fn archive(how: &str, given: impl Fn(&Desk) -> InputOptions) -> String {
    let desk = Desk::with(&["a.lab"]);
    desk.openssl(&format!("pkcs12 -export {how} -passout pass:x -out a.p12"));
    let given = InputOptions { custom_ca: Some(desk.path("a.p12")), ..given(&desk) };
    words(&desk, inputs(&given))
}

fn asked(answer: impl Fn() -> io::Result<Option<String>>) -> String {
    let desk = Desk::with(&["a.lab"]);
    desk.openssl("pkcs12 -export -nokeys -in certs/ca.crt -passout pass:x -out a.p12");
    words(
        &desk,
        read(&custom(desk.path("a.p12")), Time::now(), &|_| answer())
            .map_err(|error| error.diagnostic),
    )
}

fn password(contents: &[u8]) -> impl Fn(&Desk) -> InputOptions {
    let contents = contents.to_vec();
    move |desk: &Desk| {
        desk.write("password", &contents);
        InputOptions { password_file: Some(desk.path("password")), ..InputOptions::default() }
    }
}

const CA_ONLY: &str = "-nokeys -in certs/ca.crt";

fn of_archives() -> Vec<(&'static str, String)> {
    let leaf = "-in certs/server.pem -inkey certs/server-key.pem";
    let all = "-in certs/server.pem -inkey certs/server-key.pem -certfile certs/ca.crt";
    vec![
        ("an archive without a terminal", archive(CA_ONLY, |_| InputOptions::default())),
        ("a wrong password in a file", archive(CA_ONLY, password(b"y\n"))),
        ("a wrong password typed", asked(|| Ok(Some("y".to_owned())))),
        ("a closed terminal", asked(|| Err(io::ErrorKind::UnexpectedEof.into()))),
        (
            "a missing password file",
            archive(CA_ONLY, |desk| InputOptions {
                password_file: Some(desk.path("nowhere")),
                ..InputOptions::default()
            }),
        ),
        (
            "a directory as the password file",
            archive(CA_ONLY, |desk| InputOptions {
                password_file: Some(desk.path("certs")),
                ..InputOptions::default()
            }),
        ),
        ("a password that is not UTF-8", archive(CA_ONLY, password(b"\xff\xfe\n"))),
        ("an endless password", archive(CA_ONLY, password(&[b'x'; 5000]))),
        ("a server's archive", archive(leaf, password(b"x"))),
        ("an archive of a key", archive("-nocerts -inkey certs/server-key.pem", password(b"x"))),
        ("an empty archive", {
            let desk = Desk::new();
            // PFX { 3, { data, [0] { OCTET STRING of an empty SEQUENCE } } }
            let empty = b"\x30\x16\x02\x01\x03\x30\x11\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\
                          \xa0\x04\x04\x02\x30\x00";
            desk.write("a.p12", empty);
            words(&desk, inputs(&custom(desk.path("a.p12"))))
        }),
        ("a whole archive", archive(all, password(b"x\nmore"))),
        (
            "an archive of a rare kind",
            archive("-legacy -certpbe PBE-SHA1-RC4-128 -nokeys -in certs/ca.crt", password(b"x")),
        ),
        ("a damaged archive", {
            let desk = Desk::with(&["a.lab"]);
            desk.openssl("pkcs12 -export -nokeys -in certs/ca.crt -passout pass: -out a.p12");
            let whole = std::fs::read(desk.path("a.p12")).unwrap();
            desk.write("a.p12", &whole[..whole.len() - 9]);
            words(&desk, inputs(&custom(desk.path("a.p12"))))
        }),
    ]
}

fn of_files() -> Vec<(&'static str, String)> {
    let extra = |path: PathBuf, desk: &Desk| {
        words(desk, inputs(&InputOptions { extra: vec![path], ..InputOptions::default() }))
    };
    let desk = Desk::new();
    desk.directory("empty", 0o755).directory("full", 0o755).write("full/file", "");
    vec![
        ("no CA", words(&desk, inputs(&custom(desk.path("nowhere"))))),
        ("a directory as --extra-ca", extra(desk.path("full"), &desk)),
        ("an empty directory as --extra-ca", extra(desk.path("empty"), &desk)),
        ("a CA and its key", file("ca-then-key-ec.pem")),
        ("a key", file("key-pkcs8.der")),
        ("a request", file("request.pem")),
        ("a broken block", file("truncated.crt")),
        ("a broken DER", file("truncated.der")),
        ("a broken certificate", file("truncated-der-in-block.crt")),
        ("a PKCS#7 without certificates", file("pkcs7-none.p7b")),
        ("a certificate for mail", file("trusted-email-only.crt")),
        ("a login page", file("login-page.crt")),
        ("UTF-16", file("utf16-le.crt")),
        ("an empty file", file("empty.crt")),
        ("no certificate", file("error.json.crt")),
        ("a server's certificate", file("server.crt")),
        ("a self-signed server certificate", file("self-signed-leaf.crt")),
        ("an expired CA", file("ca-expired.crt")),
        ("an intermediate", file("intermediate.crt")),
    ]
}

fn of_directories() -> Vec<(&'static str, String)> {
    let other = |desk: &Desk| {
        issue(desk, "other", "other", &[]);
        desk.rename("certs/ca.crt", "certs/ca one.pem");
        desk.write("certs/root.cer", desk.read("other.pem") + &desk.read("certs/ca one.pem"));
    };
    let without_pair =
        |desk: &Desk| _ = desk.remove("certs/server.pem").remove("certs/server-key.pem");
    vec![
        ("not served", directory(|_| ())),
        ("another name", directory(|desk| _ = desk.rename("certs/ca.crt", "certs/root.pem"))),
        ("an empty directory", {
            let desk = Desk::new();
            desk.directory("certs", 0o755);
            words(&desk, inputs(&custom(desk.path("certs"))))
        }),
        (
            "no CA among others",
            directory(|desk| {
                desk.remove("certs/ca.crt").write("certs/broken.crt", "hello");
                desk.write("certs/leaf.pem", desk.read("certs/server.pem"));
                desk.write("certs/key.pem", desk.read("certs/server-key.pem"));
                desk.openssl(
                    "pkcs12 -export -in certs/server.pem -inkey certs/server-key.pem -passout pass: \
                     -out certs/leaf.p12",
                );
                desk.write(
                    "certs/cut.pfx",
                    &std::fs::read(desk.path("certs/leaf.p12")).unwrap()[..99],
                );
                std::os::unix::fs::symlink("nowhere", desk.path("certs/link.pem")).unwrap();
            }),
        ),
        (
            "two CAs",
            directory(|desk| {
                without_pair(desk);
                other(desk);
            }),
        ),
        ("two CAs and a pair", directory(other)),
        (
            "two locked archives",
            directory(|desk| {
                for file in ["a.p12", "b.pfx"] {
                    desk.openssl(&format!(
                        "pkcs12 -export {CA_ONLY} -passout pass:x -out certs/{file}"
                    ));
                }
                desk.remove("certs/ca.crt");
                without_pair(desk);
            }),
        ),
        ("no key", directory(|desk| _ = desk.remove("certs/server-key.pem"))),
        ("no certificate", directory(|desk| _ = desk.remove("certs/server.pem"))),
        (
            "two pairs",
            directory(|desk| {
                desk.write("certs/fullchain.pem", desk.read("certs/server.pem"));
                desk.write("certs/privkey.pem", desk.read("certs/server-key.pem"));
            }),
        ),
        ("a dangling link", {
            directory(|desk| {
                desk.remove("certs/ca.crt");
                std::os::unix::fs::symlink("nowhere", desk.path("certs/ca.crt")).unwrap();
            })
        }),
    ]
}

fn of_requests() -> Vec<(&'static str, String)> {
    let desk = Desk::with(&["a.lab", "*.lab.local"]);
    let given = || served(&desk, "a.lab");
    let file = || InputOptions { custom_ca: Some(desk.path("certs/ca.crt")), ..given() };
    let without = |given: InputOptions| InputOptions { domain: None, ..given };
    let alone = Desk::new();
    alone.run(&["certs", "--ca-only", "--out", "lab"]).succeeds();
    let only = || InputOptions { custom_ca: Some(alone.path("lab")), ..given() };
    let named = |domain: &str| words(&desk, inputs(&served(&desk, domain)));
    vec![
        ("no service", words(&desk, inputs(&InputOptions { serves: false, ..given() }))),
        ("no domain", words(&desk, inputs(&without(given())))),
        ("no domain and a file", words(&desk, inputs(&without(file())))),
        ("a file and a service", words(&desk, inputs(&file()))),
        ("no CA and a service", words(&desk, inputs(&InputOptions { custom_ca: None, ..given() }))),
        ("a directory without a pair", words(&alone, inputs(&only()))),
        ("a directory of another CA without a pair", {
            std::fs::remove_file(alone.path("lab/ca.key")).unwrap();
            words(&alone, inputs(&only()))
        }),
        ("an invalid domain", named("https://a.lab/")),
        ("another domain", named("b.lab")),
        ("a domain below a wildcard", named("a.b.lab.local")),
        ("another address", named("10.0.0.1")),
        ("an international domain", named("bücher.lab")),
    ]
}

#[test]
fn every_message_on_inputs_matches_the_snapshot() {
    let mut text = String::new();
    let scenes =
        [of_files(), of_archives(), of_directories(), of_requests(), super::served::messages()];
    for (scene, words) in scenes.concat() {
        assert!(!words.is_empty(), "{scene}: no output");
        text.push_str(&format!("# {scene}\n{words}\n"));
    }
    is_snapshot(&text, "setup/inputs.txt");
}

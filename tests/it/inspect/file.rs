//! trust-compose inspect: the contents of a file, as text and as JSON.

use serde_json::Value;

use crate::desk::{Desk, trust_compose};
use crate::world::{Outcome, gallery, tool};

#[test]
fn certificates_are_listed_without_their_keys() {
    let desk = Desk::with(&["gpu.local", "10.0.0.1"]);
    let files = ["certs/ca.crt", "certs/ca.key", "certs/server.pem", "certs/server-key.pem"];
    let outcome = desk.run(&[&["inspect"], &files[..]].concat()).succeeds().stays_silent();
    let text = outcome.stdout();
    for words in [
        "`CN=Lab CA` (CA)",
        "issuer      itself",
        "key         EC P-256",
        "key usage   keyCertSign, cRLSign",
        "verdict     good: every client can trust it",
        "a private key, not shown: `PRIVATE KEY` at line 1",
        "`CN=gpu.local` (certificate, not a CA)",
        "for         serverAuth",
        "names       DNS:gpu.local, IP:10.0.0.1, DNS:localhost, IP:127.0.0.1, IP:::1",
        "verdict     a good server certificate, 365 days left",
        "to trust    its issuer `CN=Lab CA`: `--custom-ca certs/ca.crt`",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for file in ["certs/ca.key", "certs/server-key.pem"] {
        let key = desk.read(file);
        let secret = key.lines().nth(1).unwrap();
        for words in [&["inspect"][..], &["inspect", "--json"]] {
            let outcome = desk.run(&[words, &[file]].concat()).succeeds();
            assert!(!outcome.stdout().contains(secret) && !outcome.stderr().contains(secret));
        }
    }
}

/// Returns the sorted keys of an object.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn json_has_the_documented_structure() {
    let desk = Desk::with(&["gpu.local"]);
    let outcome = desk.run(&["inspect", "--json", "certs/server.pem", "certs/ca.key", "nowhere"]);
    let outcome = outcome.exits(1).says("cannot read `nowhere` (from FILE): there is no such file");
    let answer: Value = serde_json::from_str(&outcome.stdout()).unwrap();
    let document = std::fs::read_to_string(gallery("../../docs/inspect.md")).unwrap();
    let certificate = &answer["files"][0]["certificates"][0];
    let objects = [
        &answer,
        &answer["files"][0],
        certificate,
        &certificate["findings"][0],
        &answer["files"][1]["others"][0],
        &answer["files"][2]["problem"],
    ];
    for key in objects.into_iter().flat_map(keys) {
        let is_there = [format!("`{key}"), format!(".{key}`"), format!(".{key}[]`")];
        assert!(is_there.iter().any(|words| document.contains(words)), "{key}");
    }
    assert_eq!(answer["format"], 1);
    assert_eq!(answer["files"][0]["path"], "certs/server.pem");
    assert_eq!(answer["files"][0]["problem"], Value::Null);
    assert_eq!(certificate["names"][0], "DNS:gpu.local");
    assert_eq!(certificate["issuer"], "CN=Lab CA");
    assert_eq!(certificate["is_ca"], false);
    assert_eq!(certificate["findings"][0]["finding"], "server-certificate");
    assert_eq!(certificate["issuer_in"], Value::Null);
    let serial = desk.openssl("x509 -noout -serial -in certs/server.pem").to_lowercase();
    assert_eq!(serial.trim(), format!("serial={}", certificate["serial"].as_str().unwrap()));
    assert_eq!(answer["files"][1]["others"][0]["is_private_key"], true);
    assert!(!outcome.stdout().contains("BEGIN"));
}

#[test]
fn a_server_certificate_is_judged_as_one() {
    let desk = Desk::with(&["gpu.local"]);
    desk.write("chain.pem", desk.read("certs/server.pem") + &desk.read("certs/ca.crt"));
    let text = desk.run(&["inspect", "chain.pem"]).succeeds().stdout();
    for words in [
        "verdict     a good server certificate, 365 days left",
        "to trust    give this file to --custom-ca: its CAs are trusted, this certificate is left out",
        "verdict     good: every client can trust it",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let answer = desk.run(&["inspect", "--json", "certs/ca.crt", "chain.pem"]).succeeds().stdout();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["files"][1]["certificates"][0]["issuer_in"], "certs/ca.crt");
    // The CA is found beside the file, and in a moved file only its name is known.
    let text = desk.run(&["inspect", "certs/server.pem"]).succeeds().stdout();
    assert!(text.contains("to trust    name its CA: `--custom-ca certs/ca.crt`"), "{text}");
    desk.directory("d", 0o755).rename("certs/server.pem", "d/server.pem");
    let text = desk.run(&["inspect", "d/server.pem"]).succeeds().stdout();
    assert!(text.contains("the certificate of its issuer, `CN=Lab CA`"), "{text}");
    // No names, another purpose, a short key: clients reject each.
    desk.openssl("req -new -newkey rsa:1024 -nodes -keyout k -out csr -subj /CN=old.lan");
    desk.write("ext", "extendedKeyUsage=clientAuth\n");
    desk.openssl(
        "x509 -req -in csr -CA certs/ca.crt -CAkey certs/ca.key -set_serial 7 -days 9 -extfile ext \
         -out bad.pem",
    );
    let text = desk.run(&["inspect", "bad.pem", "certs/ca.crt"]).succeeds().stdout();
    for words in ["no subject alternative name", "does not allow servers", "shorter than 2048"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("a good server certificate"), "{text}");
}

#[test]
fn serial_numbers_equal_openssls() {
    for serial in ["01", "7f", "80", "95933b3a"] {
        let desk = Desk::new();
        desk.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out ca.crt \
             -subj /CN=Lab -set_serial 0x{serial}"
        ));
        let outcome = desk.run(&["inspect", "--json", "ca.crt"]).succeeds();
        let answer: Value = serde_json::from_str(&outcome.stdout()).unwrap();
        assert_eq!(answer["files"][0]["certificates"][0]["serial"], serial);
    }
}

#[test]
fn every_gallery_file_is_listed_or_refused_with_a_fix() {
    let desk = Desk::new();
    let mut files: Vec<_> =
        gallery("").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        path.is_file()
            && !["README.md", "make.sh", "kinds.sh"].iter().any(|ours| path.ends_with(ours))
    });
    files.sort();
    let document = std::fs::read_to_string(gallery("../../docs/inspect.md")).unwrap();
    for path in &files {
        let path = path.to_str().unwrap();
        let outcome = desk.run(&["inspect", "--json", path]);
        let answer: Value = serde_json::from_str(&outcome.stdout()).unwrap();
        let file = &answer["files"][0];
        let has = |key: &str| !file[key].as_array().unwrap().is_empty();
        match outcome.0.status.code() {
            Some(0) => assert!(has("certificates") || has("others"), "{path}"),
            Some(1) => {
                let said = ["cannot use", "cannot open"].map(|words| {
                    outcome.stderr().contains(&format!("trust-compose: error: {words}"))
                });
                assert!(said.contains(&true), "{path}: {}", outcome.stderr());
                assert!(outcome.stderr().contains("trust-compose: fix: "), "{path}");
                assert!(!has("certificates") && !file["problem"].is_null(), "{path}");
            }
            code => panic!("{path}: {code:?} {}", outcome.stderr()),
        }
        for found in file["certificates"].as_array().unwrap() {
            for finding in found["findings"].as_array().unwrap() {
                let word = format!("`{}`", finding["finding"].as_str().unwrap());
                assert!(document.contains(&word), "{word}");
            }
        }
    }
    assert!(files.len() > 100);
}

#[test]
fn an_intermediate_with_its_root_is_complete() {
    let desk = Desk::new();
    let path = |name| gallery(name).to_str().unwrap().to_owned();
    let alone = desk.run(&["inspect", &path("intermediate.crt")]).succeeds();
    assert!(alone.stdout().contains("whose root certificate is missing"), "{}", alone.stdout());
    let both = desk.run(&["inspect", &path("intermediate-and-root.crt")]).succeeds();
    assert!(!both.stdout().contains("whose root certificate is missing"), "{}", both.stdout());
}

/// Creates certificates for a.lab, and an archive of them in `all.p12` with a password.
fn archived(how: &str) -> Desk {
    let desk = Desk::with(&["a.lab"]);
    desk.write("password", "lab-secret\n");
    desk.openssl(&format!(
        "pkcs12 -export {how}-in certs/server.pem -inkey certs/server-key.pem -certfile certs/ca.crt \
         -name lab -passout file:password -out all.p12"
    ));
    desk
}

#[test]
fn an_archive_is_listed_without_its_key() {
    for how in ["", "-legacy "] {
        let desk = archived(how);
        let words = ["inspect", "--p12-password-file", "password", "all.p12"];
        let text = desk.run(&words).succeeds().stays_silent().stdout();
        for words in [
            "`CN=a.lab` (certificate, not a CA)",
            "`CN=Lab CA` (CA)",
            "a private key, not shown: `key lab in PKCS#12`",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let outcome = desk.run(&[&words[..], &["--json"]].concat()).succeeds().stays_silent();
        let answer: Value = serde_json::from_str(&outcome.stdout()).unwrap();
        let file = &answer["files"][0];
        assert_eq!(file["certificates"].as_array().unwrap().len(), 2);
        assert_eq!(file["others"][0]["is_private_key"], true);
        let key = desk.read("certs/server-key.pem");
        let secrets = [key.lines().nth(1).unwrap(), "lab-secret"];
        assert!(!secrets.iter().any(|secret| (text.clone() + &outcome.stdout()).contains(secret)));
    }
}

#[test]
fn an_archive_without_its_password_does_not_hide_other_files() {
    let desk = archived("");
    let outcome = desk.run(&["inspect", "all.p12", "certs/ca.crt"]).exits(1);
    let outcome =
        outcome.says("cannot open `all.p12` (from FILE): it is protected with a password");
    assert!(outcome.says("--p12-password-file FILE").stdout().contains("`CN=Lab CA` (CA)"));
    desk.write("password", "other\n");
    let words = ["inspect", "--p12-password-file", "password", "all.p12"];
    desk.run(&words)
        .exits(1)
        .says("the first line of `password` (from --p12-password-file) is not its password")
        .never_says("other");
    // An archive without a password causes no question.
    desk.openssl("pkcs12 -export -nokeys -in certs/ca.crt -passout pass: -out open.p12");
    let outcome = desk.run(&["inspect", "open.p12"]).succeeds().stays_silent();
    assert!(outcome.stdout().contains("`CN=Lab CA` (CA)"));
}

/// Runs a program on a terminal, types `lab-secret` once the terminal's echo is off, prints what the
/// terminal showed, and exits as the program did.
const TYPIST: &str = "
import os, pty, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while termios.tcgetattr(terminal)[3] & termios.ECHO:
    pass
os.write(terminal, b'lab-secret\\n')
shown = b''
try:
    while data := os.read(terminal, 4096):
        shown += data
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[test]
fn the_password_is_read_from_a_terminal_without_echo() {
    let desk = archived("");
    let program = trust_compose();
    let words = ["-c", TYPIST, program.to_str().unwrap(), "inspect", "all.p12"];
    let outcome =
        Outcome(desk.command(&tool("python3"), &words, "022").output().unwrap()).succeeds();
    let shown = outcome.stdout();
    assert!(shown.contains("password of `all.p12` (from FILE): "), "{shown}");
    assert!(shown.contains("`CN=Lab CA` (CA)") && !shown.contains("lab-secret"), "{shown}");
}

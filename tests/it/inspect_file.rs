//! trust-compose inspect: what is in a file, told for people and for programs.

use serde_json::Value;

use crate::compose::Desk;
use crate::world::gallery;

#[test]
fn a_set_is_told_without_its_keys() {
    let desk = Desk::with(&["gpu.local", "10.0.0.1"]);
    let files = ["certs/ca.crt", "certs/ca.key", "certs/server.pem", "certs/server-key.pem"];
    let told = desk.run(&[&["inspect"], &files[..]].concat()).succeeds().stays_silent();
    let text = told.stdout();
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
        "verdict     is a server's certificate, not a CA",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for file in ["certs/ca.key", "certs/server-key.pem"] {
        let key = desk.read(file);
        let secret = key.lines().nth(1).unwrap();
        for words in [&["inspect"][..], &["inspect", "--json"]] {
            let told = desk.run(&[words, &[file]].concat()).succeeds();
            assert!(!told.stdout().contains(secret) && !told.stderr().contains(secret));
        }
    }
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn json_has_the_shape_that_is_documented() {
    let desk = Desk::with(&["gpu.local"]);
    let told = desk.run(&["inspect", "--json", "certs/server.pem", "certs/ca.key", "nowhere"]);
    let told = told.exits(1).says("cannot read `nowhere` (from FILE): there is no such file");
    let answer: Value = serde_json::from_str(&told.stdout()).unwrap();
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
    let serial = desk.openssl("x509 -noout -serial -in certs/server.pem").to_lowercase();
    assert_eq!(serial.trim(), format!("serial={}", certificate["serial"].as_str().unwrap()));
    assert_eq!(answer["files"][1]["others"][0]["is_private_key"], true);
    assert!(!told.stdout().contains("BEGIN"));
}

#[test]
fn every_file_of_the_gallery_is_told_or_refused_in_known_words() {
    let desk = Desk::new();
    let mut files: Vec<_> =
        gallery("").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        path.is_file() && !path.ends_with("README.md") && !path.ends_with("make.sh")
    });
    files.sort();
    let document = std::fs::read_to_string(gallery("../../docs/inspect.md")).unwrap();
    for path in &files {
        let path = path.to_str().unwrap();
        let told = desk.run(&["inspect", "--json", path]);
        let answer: Value = serde_json::from_str(&told.stdout()).unwrap();
        let file = &answer["files"][0];
        let has = |key: &str| !file[key].as_array().unwrap().is_empty();
        match told.0.status.code() {
            Some(0) => assert!(has("certificates") || has("others"), "{path}"),
            Some(1) => {
                assert!(told.stderr().contains("trust-compose: error: cannot use"), "{path}");
                assert!(told.stderr().contains("trust-compose: fix: "), "{path}");
                assert!(!has("certificates") && !file["problem"].is_null(), "{path}");
            }
            code => panic!("{path}: {code:?} {}", told.stderr()),
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
fn a_name_cannot_move_the_cursor() {
    let desk = Desk::new();
    let file = gallery("ca-name-escapes.crt");
    let told = desk.run(&["inspect", file.to_str().unwrap()]).succeeds();
    assert!(told.stdout().chars().all(|c| c == '\n' || !c.is_control()), "{:?}", told.stdout());
}

#[test]
fn an_intermediate_is_whole_beside_its_root() {
    let desk = Desk::new();
    let path = |name| gallery(name).to_str().unwrap().to_owned();
    let alone = desk.run(&["inspect", &path("intermediate.crt")]).succeeds();
    assert!(alone.stdout().contains("whose root is not at hand"), "{}", alone.stdout());
    let both = desk.run(&["inspect", &path("intermediate-and-root.crt")]).succeeds();
    assert!(!both.stdout().contains("whose root is not at hand"), "{}", both.stdout());
}

//! trust-doctor and common servers: nginx, Caddy and Python, as servers.py configures them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use crate::container::Container;
use crate::doctor::probe::inspect;
use crate::engine::Outcome;

/// Returns a container with all of them, whose process 1 trusts their roots. It is removed when no test uses
/// it.
#[track_caller]
fn servers() -> Arc<Container> {
    static SERVERS: Mutex<Weak<Container>> = Mutex::new(Weak::new());
    let mut existing = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
    existing.upgrade().unwrap_or_else(|| {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers/doctor/servers.py");
        let servers = Container::new("trust-init-test/stack").bare().flags("--user 1000");
        let servers = servers.flags("--env SSL_CERT_FILE=/var/tmp/anchors.crt --dns 127.0.0.1");
        let servers = servers.flags("--add-host llm.lan:127.0.0.1").mount(&script, "/servers.py");
        servers.start(&["python3", "/servers.py"]).exits(0);
        servers.wait_for("at work");
        let servers = Arc::new(servers);
        *existing = Arc::downgrade(&servers);
        servers
    })
}

/// Returns the findings for these URLs.
#[track_caller]
fn findings_of(servers: &Container, urls: &[String], code: i32) -> Vec<Value> {
    let words: Vec<_> = urls.iter().flat_map(|url| ["--connect", url.as_str()]).collect();
    let words = [&["--json", "--strict", "--timeout", "5"], &words[..]].concat();
    let outcome: Outcome = inspect(servers, "1000", &words).exits(code);
    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap().clone();
    let is_of = |finding: &Value| urls.iter().any(|url| finding["thing"] == url.as_str());
    findings.into_iter().filter(is_of).collect()
}

#[test]
fn every_server_tls_version_key_and_chain_is_verified() {
    let servers = servers();
    let mut urls = Vec::new();
    let mut expected = Vec::new();
    for server in [10_000, 20_000, 30_000] {
        for (number, key) in [(1, "RSA 2048"), (2, "EC P-256"), (3, "Ed25519")] {
            for length in 1..=4 {
                for version in [2, 3] {
                    let port = server + 100 * number + 10 * length + version;
                    urls.push(format!("https://localhost:{port}"));
                    expected.push((key, usize::try_from(length).unwrap(), version, number));
                }
            }
        }
    }
    // `--strict`, so no warning either.
    let findings = findings_of(&servers, &urls, 0);
    assert_eq!(findings.len(), urls.len(), "{findings:#?}");
    for ((finding, url), (key, length, version, number)) in findings.iter().zip(&urls).zip(expected)
    {
        assert_eq!(finding["thing"], url.as_str());
        assert_eq!(finding["id"], "verified", "{finding:#}");
        let cause = finding["cause"].as_str().unwrap();
        assert!(cause.starts_with(&format!("verified, TLS 1.{version}: ")), "{url}: {cause}");
        assert!(
            cause.ends_with(&format!("by `CN=root{number}` in `/var/tmp/anchors.crt`")),
            "{url}: {cause}"
        );
        let chain = finding["chain"].as_array().unwrap();
        assert_eq!(chain.len(), length + 1, "{finding:#}");
        assert_eq!(chain.iter().filter(|link| link["sent"] == true).count(), length);
        assert!(chain.iter().all(|link| link["key"] == key), "{finding:#}");
        assert_eq!(chain[length]["file"], "/var/tmp/anchors.crt");
    }
}

#[test]
fn each_fault_of_a_server_has_its_finding() {
    let servers = servers();
    for (url, sign, id, words) in [
        // nginx completes the handshake and answers 400 later; the others refuse the handshake.
        (
            "https://localhost:25002",
            "ok",
            "client-certificate-optional",
            "asks for a client certificate",
        ),
        (
            "https://localhost:25003",
            "ok",
            "client-certificate-optional",
            "asks for a client certificate",
        ),
        (
            "https://localhost:25012",
            "error",
            "client-certificate-wanted",
            "the server requires a client certificate",
        ),
        (
            "https://localhost:25013",
            "error",
            "client-certificate-wanted",
            "the server requires a client certificate",
        ),
        (
            "https://localhost:25022",
            "error",
            "client-certificate-wanted",
            "the server requires a client certificate",
        ),
        (
            "https://localhost:25023",
            "error",
            "client-certificate-wanted",
            "the server requires a client certificate",
        ),
        // Names for which a server has no certificate.
        ("https://localhost:25030", "error", "name-not-served", "unrecognized_name"),
        (
            "https://llm.lan:20212",
            "error",
            "name-not-served",
            "the name `llm.lan` (TLS alert internal_error)",
        ),
        (
            "https://127.0.0.1:20212",
            "error",
            "name-not-served",
            "no certificate for this address (TLS alert internal_error)",
        ),
        ("https://llm.lan:10212", "error", "wrong-name", "is for DNS:localhost, not for `llm.lan`"),
        // Other protocols.
        (
            "https://localhost:25031",
            "error",
            "no-tls",
            "its answer begins with `HTTP/1.1 400 Bad Request`",
        ),
        ("http://localhost:25031", "ok", "plain-http", "plain HTTP"),
        ("http://localhost:10212", "error", "tls-on-http", "http:// gets an empty reply"),
        ("http://localhost:20213", "error", "tls-on-http", "http:// gets an empty reply"),
        ("http://localhost:30213", "error", "tls-on-http", "http:// gets an empty reply"),
        ("https://localhost:25032", "error", "old-protocol", "no protocol later than TLS 1.1"),
        // Servers that do not answer, each for another reason.
        ("https://localhost:25040", "error", "hung-up", "an empty reply"),
        ("https://localhost:25041", "error", "hangs", "sends nothing in time"),
        ("https://localhost:25042", "error", "silent", "no answer in time"),
        ("https://localhost:25049", "error", "refused", "nothing is listening on port 25049"),
        ("https://unresolved.lan", "error", "no-name-server", "no name server answered"),
        ("https://[2001:db8::1]", "error", "unreachable", "it cannot be reached"),
    ] {
        let findings = findings_of(&servers, &[url.to_owned()], i32::from(sign == "error"));
        let found = findings.iter().find(|finding| finding["id"] == id);
        let found = found.unwrap_or_else(|| panic!("{url} is no {id}: {findings:#?}"));
        assert_eq!(found["sign"], sign, "{found:#}");
        assert!(found["cause"].as_str().unwrap().contains(words), "{found:#}");
        assert_eq!(found["fix"].is_string(), sign == "error", "{found:#}");
    }
}

#[test]
fn findings_quote_the_clients_messages() {
    let servers = servers();
    for (port, id, words) in [
        (25050, "not-strict", "CA cert does not include key usage extension"),
        (25051, "unknown-issuer", "unable to get local issuer certificate"),
        (25052, "untrusted-root", "self-signed certificate in certificate chain"),
    ] {
        let url = format!("https://localhost:{port}");
        let python = format!("import urllib.request; urllib.request.urlopen('{url}')");
        servers.exec(&["python3", "-c", &python]).exits(1).says(words);
        let findings = findings_of(&servers, &[url], 1);
        let found = findings.iter().find(|finding| finding["id"] == id);
        let found = found.unwrap_or_else(|| panic!("no {id} in {findings:#?}"));
        assert!(found["cause"].as_str().unwrap().contains(words), "{found:#}");
    }
}

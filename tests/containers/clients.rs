//! Real TLS clients, each with its own way to find root certificates, and a script that calls many servers
//! with many of them in one container. A claim (`private served, stranger refused`) states the expected
//! results.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::engine::Outcome;
use crate::site::SERVERS;

/// A client's name and its command; the server's URL is appended to the command.
pub type Client = (&'static str, &'static str);

pub const CURL: Client = ("curl", "curl -sS");
/// Python's own ssl: OpenSSL's defaults.
pub const URLLIB: Client =
    ("urllib", "python3 -c 'import sys,urllib.request as r; print(r.urlopen(sys.argv[1]).read())'");
/// From PyPI: certifi's bundle.
pub const REQUESTS: Client = (
    "requests",
    "/opt/venv/bin/python -c 'import sys,requests as r; print(r.get(sys.argv[1]).text)'",
);
pub const HTTPX: Client =
    ("httpx", "/opt/venv/bin/python -c 'import sys,httpx as r; print(r.get(sys.argv[1]).text)'");
/// Debian's, patched to use the system's bundle.
pub const DEBIAN_REQUESTS: Client =
    ("debian-requests", "python3 -c 'import sys,requests as r; print(r.get(sys.argv[1]).text)'");
/// Debian's, built with GnuTLS. The server has no repository: git says so after it has trusted the server.
pub const GIT: Client = ("git", "git ls-remote");
pub const OPENSSL: Client = ("openssl", "openssl_connect");

pub const EVERY: &[Client] = &[CURL, URLLIB, REQUESTS, HTTPX, DEBIAN_REQUESTS, GIT, OPENSSL];

/// Prints whether an answer means `served` or `refused`; prints any other answer to stderr.
const JUDGE: &str = r#"
openssl_connect() { address=${1#https://}; openssl s_client -verify_return_error -connect "${address%/}" </dev/null; }
judge() {
    case $3 in
    *"served over a verified connection"* | *"not valid: is this a git repository"* | *"Verify return code: 0 (ok)"*) echo "$1 $2 served" ;;
    *"SSL certificate problem"* | *CERTIFICATE_VERIFY_FAILED* | *"verification failed"* | *"certificate verify failed"*) echo "$1 $2 refused" ;;
    *) echo "$1 $2 unclear"; echo "$3" >&2 ;;
    esac
}
"#;

/// Returns a shell script in which each client calls each server of `claim`.
pub fn script(clients: &[Client], claim: &str) -> String {
    let mut script = JUDGE.to_owned();
    for (name, _) in read(claim) {
        let server = SERVERS.iter().find(|server| server.name == name);
        let url =
            server.unwrap_or_else(|| panic!("`{claim}`: no server has the name `{name}`")).url();
        for (client, command) in clients {
            let _ = writeln!(script, "judge {client} {name} \"$({command} {url} 2>&1)\"");
        }
    }
    script
}

/// Asserts that `outcome`, of that script, is as claimed.
#[track_caller]
pub fn check(clients: &[Client], claim: &str, outcome: Outcome) -> Outcome {
    let outcome = outcome.exits(0);
    let mut found = BTreeMap::new();
    for line in outcome.stdout.lines() {
        let words: Vec<_> = line.split(' ').collect();
        if let [client, server, verdict] = words[..] {
            found.insert((server, client), verdict);
        }
    }
    for (server, verdict) in read(claim) {
        for (client, _) in clients {
            let is = found.get(&(server, client)).unwrap_or(&"not asked");
            assert_eq!(*is, verdict, "{client} finds {server} {is}, not {verdict}: {outcome}");
        }
    }
    outcome
}

/// Splits a claim into pairs of server and verdict.
fn read(claim: &str) -> impl Iterator<Item = (&str, &str)> {
    claim.split(", ").map(|pair| pair.split_once(' ').expect("SERVER VERDICT"))
}

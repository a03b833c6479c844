//! No example, script, document, image or shown test that users copy from disables verification.

use std::fs;
use std::path::{Path, PathBuf};

/// The files that users copy from.
const PLACES: &[&str] = &[
    "compose",
    "docker",
    "docs",
    "scripts",
    "tests/containers",
    "tests/snapshots/doctor/breaks",
    "tests/snapshots/faults.md",
    "tests/snapshots/inputs",
    "README.md",
];

/// The usual ways to disable verification, in lower case and without spaces.
const WAYS: &[&str] = &[
    // Python: requests, httpx, aiohttp, ssl; pip
    "verify=false",
    "ssl=false",
    "cert_none",
    "unverified_context",
    "check_hostname=false",
    "disable_warnings",
    "--trusted-host",
    // Node, npm
    "reject_unauthorized",
    "rejectunauthorized:false",
    "strict-sslfalse",
    "strict-ssl=false",
    // Go, Caddy, Traefik
    "insecureskipverify:true",
    "insecure_skip_verify",
    // nginx
    "proxy_ssl_verifyoff",
    // curl, wget, git, and programs with the same options
    "--insecure",
    "--no-check-certificate",
    "ssl_no_verify",
    "sslverify=false",
    "sslverifyfalse",
    // Rust, Ruby, PHP
    "danger_accept_invalid",
    "verify_none",
    "verify_peer=>false",
];

/// Places that may name one of them: FILE, WAY, REASON.
const NAMED: &[(&str, &str, &str)] = &[
    ("docs/guide.md", "verify=false", GUIDE),
    ("docs/guide.md", "curl -k", GUIDE),
    ("docs/guide.md", "insecureskipverify:true", GUIDE),
    ("docs/guide.md", "reject_unauthorized", GUIDE),
    ("compose/voice-agent/README.md", "verify=false", "it says that this is to be deleted"),
    (
        "tests/containers/stacks/voice_agent/external.rs",
        "verify=false",
        "trust-init warns about it",
    ),
];
const GUIDE: &str = "it says what to run instead";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(place: PathBuf, found: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in place.read_dir().unwrap() {
            files(entry.unwrap().path(), found);
        }
    } else if place.is_file() {
        found.push(place);
    }
}

/// Returns the ways in a line. curl's short option may be one letter of several.
fn ways(line: &str) -> Vec<&'static str> {
    let packed: String = line.to_lowercase().split_whitespace().collect();
    let mut found: Vec<_> = WAYS.iter().filter(|way| packed.contains(**way)).copied().collect();
    let command = line.split_once("curl").map_or("", |(_, rest)| rest);
    let command = command.split(['|', ';', '&']).next().unwrap();
    let words = command.split(|c: char| c.is_whitespace() || "\"'`,()[]".contains(c));
    let mut options = words.filter_map(|word| word.strip_prefix('-'));
    let is_off = |letters: &str| {
        letters.contains('k') && letters.bytes().all(|letter| letter.is_ascii_alphabetic())
    };
    if options.any(is_off) {
        found.push("curl -k");
    }
    found
}

#[test]
fn verification_is_disabled_nowhere() {
    let mut paths = Vec::new();
    for place in PLACES {
        assert!(root().join(place).exists(), "there is no {place}");
        files(root().join(place), &mut paths);
    }
    let mut found = Vec::new();
    for path in paths {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        for (line, number) in text.lines().zip(1..) {
            found.extend(ways(line).into_iter().map(|way| (file.clone(), way, number)));
        }
    }
    let is_named = |(file, way, _): &&(String, &str, i32)| {
        NAMED.iter().any(|(place, named, _)| place == file && named == way)
    };
    let (named, off): (Vec<_>, Vec<_>) = found.iter().partition(is_named);
    assert!(off.is_empty(), "verification is disabled in {off:#?}");
    for (place, way, reason) in NAMED {
        let is_there = named.iter().any(|(file, found, _)| file == place && found == way);
        assert!(is_there, "{place} no longer contains `{way}`, remove it from NAMED: {reason}");
    }
}

#[test]
fn the_usual_ways_are_detected() {
    for (line, way) in [
        ("requests.get(url, verify = False)", "verify=false"),
        ("SSL_VERIFY=false", "verify=false"),
        ("session.get(url, ssl=False)", "ssl=false"),
        ("context.verify_mode = ssl.CERT_NONE", "cert_none"),
        ("TLSClientConfig: &tls.Config{InsecureSkipVerify: true}", "insecureskipverify:true"),
        ("NODE_TLS_REJECT_UNAUTHORIZED=0", "reject_unauthorized"),
        ("new https.Agent({ rejectUnauthorized: false })", "rejectunauthorized:false"),
        ("git config --global http.sslVerify false", "sslverifyfalse"),
        ("curl -k https://gpu.local", "curl -k"),
        ("test: [\"CMD\", \"curl\", \"-k\", \"https://gpu.local\"]", "curl -k"),
        ("it is `curl -k`, that", "curl -k"),
        ("RUN curl -fsSkL https://gpu.local", "curl -k"),
        ("curl --insecure https://gpu.local", "--insecure"),
    ] {
        assert_eq!(ways(line), [way], "{line}");
    }
    for line in
        ["curl -fsSL https://kit.local --cacert ca.crt", "verify=True", "curl x | sort -k 2"]
    {
        assert!(ways(line).is_empty(), "{line}");
    }
}

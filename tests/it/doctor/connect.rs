//! trust-doctor on a process, with TLS servers: what the process trusts, and why a connection fails.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use crate::desk::Desk;
use crate::support::sign::sign;
use crate::target_process::{pid, start};
use crate::world::{Outcome, World};

/// A process that is killed at the end of the test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Creates two CAs, each with a server certificate.
pub fn desk() -> Desk {
    let desk = Desk::new();
    desk.certs(&["--out", "lab", "--ca-name", "Lab CA", "localhost", "llm.lan"]).succeeds();
    desk.certs(&["--out", "other", "--ca-name", "Other CA", "localhost"]).succeeds();
    desk
}

#[track_caller]
pub fn run_shell(desk: &Desk, script: &str) {
    let output = desk.command("/bin/sh".as_ref(), &["-ec", script], "022").output().unwrap();
    Outcome(output).succeeds();
}

/// Starts `openssl s_server` with `options`, and returns it with its port.
pub fn server(desk: &Desk, options: &str) -> (Process, u16) {
    let mut command = desk.command("openssl".as_ref(), &[], "022");
    command.args(["s_server", "-accept", "127.0.0.1:0"]).args(options.split(' '));
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("ACCEPT")).unwrap_or_else(|| {
        let mut said = String::new();
        let _ = std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said);
        panic!("openssl s_server {options}: {said}")
    });
    let port = line.rsplit(':').next().unwrap().parse().unwrap();
    // A full pipe would block the server.
    std::thread::spawn(move || lines.count());
    (Process(child), port)
}

/// Starts a server with the certificate in `lab`.
pub fn lab(desk: &Desk) -> (Process, u16) {
    server(desk, "-cert lab/server.pem -key lab/server-key.pem")
}

/// Runs trust-doctor on a process with these variables, in an image with only the files they name.
pub fn doctor(desk: &Desk, variables: &[(&str, &str)], words: &[&str]) -> Outcome {
    let world = World::new();
    let mut run = world.program(&["cat", "/gate"]);
    for (name, value) in variables {
        if let Ok(bytes) = std::fs::read(value) {
            world.write(value, bytes);
        }
        run = run.env(name, value);
    }
    let container = start(&world, &run);
    let program = env!("CARGO_BIN_EXE_trust-doctor");
    let pid = pid(&container);
    let words = [&["--pid", &pid], words].concat();
    Outcome(desk.command(program.as_ref(), &words, "022").output().unwrap())
}

/// Like [`doctor`], on a process whose SSL_CERT_FILE is `bundle`.
pub fn probe(desk: &Desk, bundle: &str, words: &[&str]) -> Outcome {
    let path = desk.path(bundle).display().to_string();
    doctor(desk, &[("SSL_CERT_FILE", &path)], words)
}

pub fn url(port: u16) -> String {
    format!("https://localhost:{port}")
}

#[test]
fn a_trusted_server_is_reported_with_its_anchor_and_file() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let outcome = probe(&desk, "lab/ca.crt", &["--connect", &url(port)]).exits(0);
    outcome.shows("verified, TLS 1.3").shows("`CN=Lab CA").shows("/lab/ca.crt`\n");
    let (_server, port) = server(&desk, "-cert lab/server.pem -key lab/server-key.pem -tls1_2");
    probe(&desk, "lab/ca.crt", &["--connect", &url(port)]).exits(0).shows("verified, TLS 1.2");
}

#[test]
fn every_file_of_a_trust_variable_is_checked() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let path = |path: &str| desk.path(path).display().to_string();
    let (good, bad, gone) = (path("lab/ca.crt"), path("other/ca.crt"), path("gone.crt"));
    desk.write("empty.crt", "");
    let variables = [
        ("SSL_CERT_FILE", good.as_str()),
        ("REQUESTS_CA_BUNDLE", &bad),
        ("CURL_CA_BUNDLE", &gone),
        ("PIP_CERT", ""),
        ("GIT_SSL_CAINFO", &path("empty.crt")),
    ];
    let outcome = doctor(&desk, &variables, &["--connect", &url(port)]).exits(1);
    outcome
        .shows("verified")
        .shows("other/ca.crt` (REQUESTS_CA_BUNDLE) refuse the server")
        .shows("gone.crt`: CURL_CA_BUNDLE names it, and it cannot be read: there is no such file")
        .shows("PIP_CERT: is set but empty")
        .shows("GIT_SSL_CAINFO names it, and it is empty");
}

#[test]
fn the_issuer_and_the_file_that_contains_it_are_named() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let words = ["--connect", &url(port)];
    let outcome = probe(&desk, "other/ca.crt", &words).exits(1);
    outcome.shows("`CN=Lab CA").shows("neither sent nor among the trust anchors here");
    let outcome = probe(&desk, "other/ca.crt", &[&words[..], &["--ca", "lab/ca.crt"]].concat());
    outcome
        .exits(1)
        .shows("`lab/ca.crt` contains it")
        .shows("fix: trust the CA in lab/ca.crt: `trust-compose setup --custom-ca lab/ca.crt`");
}

#[test]
fn a_missing_intermediate_is_explained() {
    let desk = Desk::new();
    let ca = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90";
    run_shell(
        &desk,
        &format!(
            "{ca} -subj /CN=Root -keyout root.key -out root.crt -addext keyUsage=critical,keyCertSign"
        ),
    );
    let signs = |subject: &str, issuer: &str, extensions: &str| {
        desk.write("extensions", extensions);
        run_shell(
            &desk,
            &format!(
                "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={subject} \
             -keyout {subject}.key -out {subject}.csr && openssl x509 -req -in {subject}.csr -days 60 \
             -CA {issuer}.crt -CAkey {issuer}.key -CAcreateserial -extfile extensions -out {subject}.crt"
            ),
        );
    };
    let authority = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n";
    signs("Middle", "root", authority);
    signs("Lower", "Middle", authority);
    signs("leaf", "Lower", "subjectAltName=DNS:localhost\n");
    run_shell(&desk, "cat Lower.crt Middle.crt >chain.pem");
    let (_server, port) = server(&desk, "-cert leaf.crt -key leaf.key -cert_chain chain.pem");
    probe(&desk, "root.crt", &["--connect", &url(port)]).exits(0).shows("by `CN=Root`");
    let (_server, port) = server(&desk, "-cert leaf.crt -key leaf.key -cert_chain Lower.crt");
    let outcome = probe(&desk, "root.crt", &["--connect", &url(port)]).exits(1);
    outcome.shows("`CN=Middle`, which signed it, is neither sent");
    let outcome =
        probe(&desk, "root.crt", &["--connect", &url(port), "--ca", "Middle.crt"]).exits(1);
    outcome.shows(
        "the server does not send the intermediate `CN=Middle`, which `Middle.crt` contains",
    );
}

#[test]
fn a_certificate_that_no_client_accepts_is_explained() {
    let desk = desk();
    desk.directory("ca", 0o755).authority("ca", -100, 100);
    for (directory, names, from, to) in [
        ("name", "llm.lan", -1, 60),
        ("expired", "localhost", -40, -2),
        ("young", "localhost", 2, 60),
        ("soon", "localhost", -40, 5),
        ("daily", "localhost", -1, 1),
        ("late", "localhost", -5, 1),
    ] {
        desk.directory(directory, 0o755);
        sign(&desk.path("ca"), &desk.path(directory), &[names], (from, to));
    }
    let reports = |directory: &str, words: &[&str], said: &str, code: i32| {
        let options = format!("-cert {directory}/server.pem -key {directory}/server-key.pem");
        let (_server, port) = server(&desk, &options);
        let url = url(port);
        let words = [&["--connect", &url], words].concat();
        probe(&desk, "ca/ca.crt", &words).exits(code).shows(said);
    };
    reports("name", &[], "the server's certificate is for DNS:llm.lan, not for `localhost`", 1);
    reports("name", &[], "fix: issue it again where it was issued, for this name", 1);
    reports("expired", &[], "expired on ", 1);
    reports("young", &[], "is not valid before ", 1);
    reports("soon", &[], "the server's certificate expires in ", 0);
    reports("soon", &["--strict"], "warning ", 1);
    reports("soon", &["--days", "3"], "verified", 0);
    // Caddy and step-ca renew short-lived certificates in their last third.
    reports("daily", &["--strict"], "verified", 0);
    reports("late", &["--strict"], "the server's certificate expires in ", 1);
}

#[test]
fn a_server_without_usable_tls_is_explained() {
    let desk = desk();
    let reports = |port: u16, said: &str| {
        let words = ["--connect", &url(port), "--timeout", "2"];
        probe(&desk, "lab/ca.crt", &words).exits(1).shows(said);
    };
    let key = "-cert lab/server.pem -key lab/server-key.pem";
    let (_old, port) = server(&desk, &format!("{key} -tls1_1 -cipher ALL:@SECLEVEL=0"));
    reports(port, "the server speaks no protocol later than TLS 1.1");
    let (_wants, port) = server(&desk, &format!("{key} -Verify 1"));
    reports(port, "the server requires a client certificate");
    let (_wants, port) = server(&desk, &format!("{key} -Verify 1 -tls1_2"));
    reports(port, "the server requires a client certificate");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", ""];
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut start = [0; 5];
            std::io::Read::read_exact(&mut stream, &mut start).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
        // Accepted, and never answered.
        (listener.accept().unwrap(), listener)
    });
    reports(port, "the server speaks no TLS: its answer begins with `HTTP/1.1 400 Bad Request`");
    reports(port, "the server speaks no TLS: its answer begins with `SSH-2.0-OpenSSH_9`");
    reports(port, "the server closed the connection during the handshake (an empty reply)");
    reports(port, "the server accepts the connection and sends nothing in time");
    let (held, listener) = thread.join().unwrap();
    drop((held, listener));
    reports(port, &format!("connection refused: nothing is listening on port {port}"));
    let words = ["--connect", "https://missing.invalid", "--timeout", "2"];
    probe(&desk, "lab/ca.crt", &words).exits(1).shows("no such host: `missing.invalid`");
}

#[test]
fn only_host_and_port_of_a_url_are_used_and_printed() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let secret = format!("https://me:hunter2@localhost:{port}/v1?key=hunter2 {}/x", url(port));
    let path = desk.path("lab/ca.crt").display().to_string();
    let variables = [("SSL_CERT_FILE", path.as_str()), ("BACKENDS", &secret)];
    let outcome =
        doctor(&desk, &variables, &[]).exits(0).shows(&format!("{}: verified", url(port)));
    assert_eq!(outcome.stdout().matches("localhost").count(), 1, "{}", outcome.stdout());
    let text = outcome.stdout() + &outcome.stderr();
    assert!(!text.contains("hunter2") && !text.contains("/v1"), "{text}");
    let outcome = doctor(&desk, &variables, &["--json"]).exits(0);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
    assert_eq!(answer["findings"][1]["sign"], "ok", "{answer}");
    assert_eq!(answer["findings"][1]["thing"], url(port), "{answer}");
}

#[test]
fn every_key_type_of_a_server_is_verified() {
    let desk = Desk::new();
    desk.write("extensions", "subjectAltName=DNS:localhost\n");
    for key in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"] {
        run_shell(
            &desk,
            &format!(
                "openssl req -x509 -newkey {key} -nodes -subj /CN=CA -keyout ca.key -out ca.crt -days 9 && \
             openssl req -newkey {key} -nodes -subj /CN=x -keyout key.pem -out csr.pem && openssl x509 \
             -req -in csr.pem -days 60 -CA ca.crt -CAkey ca.key -extfile extensions -out cert.pem"
            ),
        );
        for version in ["-tls1_2", "-tls1_3"] {
            let (_server, port) = server(&desk, &format!("-cert cert.pem -key key.pem {version}"));
            probe(&desk, "ca.crt", &["--connect", &url(port)]).exits(0).shows("verified");
        }
    }
}

#[test]
fn an_unreadable_process_or_argument_exits_2() {
    let desk = Desk::new();
    let program = env!("CARGO_BIN_EXE_trust-doctor");
    let run = |words: &[&str]| {
        Outcome(desk.command(program.as_ref(), words, "022").output().unwrap()).exits(2)
    };
    run(&["--pid", "4194999"])
        .says("cannot inspect process 4194999: there is no such process")
        .says("fix: correct --pid");
    run(&["--pid", "self-destruct"]);
    let pid = std::process::id().to_string();
    // Any part of a malformed URL may be a secret.
    let outcome = run(&["--pid", &pid, "--connect", "ftp://me:hunter2@x/?hunter2"]);
    outcome.says("cannot call `ftp://…` (from --connect)").never_says("hunter2");
    run(&["--pid", &pid, "--connect", "me:hunter2@x:99999"]).never_says("hunter2");
    run(&["--pid", &pid, "--ca", "gone.crt"]).says("cannot read `gone.crt` (from --ca)");
}

#[test]
fn help_version_and_errors_are_those_of_the_other_programs() {
    let desk = Desk::new();
    let program = env!("CARGO_BIN_EXE_trust-doctor");
    let run =
        |words: &[&str]| Outcome(desk.command(program.as_ref(), words, "022").output().unwrap());
    run(&["--conect", "https://x"])
        .exits(2)
        .says("trust-doctor: error: cannot read the command line: unexpected argument `--conect` found")
        .says("trust-doctor: fix: write `--connect`, or see `trust-doctor --help`");
    run(&["--days", "soon"]).exits(2).says("trust-doctor: error: cannot read the command line: ");
    let help = run(&["--help"]).exits(0).stdout();
    assert!(help.find("Usage:") < help.find("Examples:"), "{help}");
    assert!(!help.contains("\n\n\n"), "{help}");
    let version = run(&["--version"]).exits(0).stdout();
    assert!(version.starts_with("trust-doctor "), "{version}");
}

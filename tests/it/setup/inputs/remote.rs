//! `--custom-ca https://HOST:PORT`: the CA that a server sends is trusted only if its fingerprint is confirmed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::desk::{Desk, trust_compose};
use crate::setup::inputs::cat;
use crate::world::{Outcome, tool};

/// A server on loopback.
struct Server {
    address: String,
    process: Child,
}

impl Server {
    /// Serves the certificates in `file`.
    #[track_caller]
    fn start(desk: &Desk, file: &str) -> Self {
        let words = ["serve", file, "certs/server-key.pem", "127.0.0.1"];
        let mut command = desk.command(&tool("peer"), &words, "022");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        Self { address: format!("https://{address}"), process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a project, and a server that sends its chain with the root.
#[track_caller]
fn project() -> (Desk, Server, String) {
    let desk = Desk::with(&["a.lab"]);
    desk.write("compose.yaml", "services: {web: {image: python}}\n");
    cat(&desk, &["certs/server.pem", "certs/ca.crt"], "chain.pem");
    let server = Server::start(&desk, "chain.pem");
    let shown = desk.openssl("x509 -in certs/ca.crt -noout -fingerprint -sha256");
    let fingerprint = shown.trim().split_once('=').unwrap().1.to_owned();
    (desk, server, fingerprint)
}

#[test]
fn the_ca_of_a_server_is_trusted_only_with_its_fingerprint() {
    let (desk, server, fingerprint) = project();
    let before = desk.contents(".");
    let setup = ["setup", "--custom-ca", &server.address];
    let digits = fingerprint.replace(':', "").to_lowercase();
    let outcome = desk.run(&setup).exits(1);
    outcome.says(&format!("it sends `CN=Lab CA` (SHA-256 {digits})")).says("--ca-sha256");
    let other = "00".repeat(32);
    let outcome = desk.run(&[&setup[..], &["--ca-sha256", &other]].concat()).exits(1);
    outcome.says("which is not that of --ca-sha256");
    for option in ["--dry-run", "--check"] {
        desk.run(&[&setup[..], &["--ca-sha256", &fingerprint, option]].concat()).exits(2);
    }
    assert_eq!(desk.contents("."), before);
    // OpenSSL's form and the plain digits.
    for expected in [&fingerprint, &digits] {
        let text = desk.run(&[&setup[..], &["--ca-sha256", expected]].concat()).succeeds().stdout();
        assert!(text.contains("`CN=Lab CA` until"), "{text}");
        assert_eq!(desk.read("127.0.0.1-ca.crt"), desk.read("certs/ca.crt"));
    }
    // The overlay names the file: no later run needs the server.
    drop(server);
    assert!(desk.read("docker-compose.ca.yml").contains("--custom-ca 127.0.0.1-ca.crt"));
    desk.run(&["setup", "--custom-ca", "127.0.0.1-ca.crt"]).succeeds();
}

/// Runs a program on a terminal, types the first argument at the question, and exits as the program did.
const TYPIST: &str = "
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown, is_typed = b'', False
try:
    while data := os.read(terminal, 4096):
        shown += data
        if b'type yes' in shown and not is_typed:
            is_typed = True
            os.write(terminal, sys.argv[1].encode() + b'\\n')
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[test]
fn the_fingerprint_can_be_confirmed_at_a_terminal() {
    let (desk, server, fingerprint) = project();
    let program = trust_compose();
    for (typed, code) in [("no", 1), ("", 1), ("yes", 0)] {
        let words = ["-c", TYPIST, typed, program.to_str().unwrap()];
        let words = [&words[..], &["setup", "--custom-ca", &server.address]].concat();
        let outcome = Outcome(desk.command(&tool("python3"), &words, "022").output().unwrap());
        let shown = outcome.exits(code).stdout();
        assert!(shown.contains(&fingerprint.replace(':', "").to_lowercase()), "{shown}");
        assert_eq!(desk.has("docker-compose.ca.yml"), code == 0, "{typed}: {shown}");
    }
}

#[test]
fn a_server_without_a_ca_is_an_error_that_names_the_issuer() {
    let (desk, server, fingerprint) = project();
    let alone = Server::start(&desk, "certs/server.pem");
    let setup = ["setup", "--custom-ca", &alone.address, "--ca-sha256", &fingerprint];
    let outcome = desk.run(&setup).exits(1);
    outcome.says("the server sends no CA, only `CN=a.lab`").says("of its issuer, `CN=Lab CA`");
    let address = server.address.clone();
    drop(server);
    desk.run(&["setup", "--custom-ca", &address]).exits(1).says("cannot take the CA of");
    // Another CA in the file of an earlier run is kept.
    desk.write("127.0.0.1-ca.crt", "mine\n");
    let again = Server::start(&desk, "chain.pem");
    let setup = ["setup", "--custom-ca", &again.address, "--ca-sha256", &fingerprint];
    desk.run(&setup).exits(1).says("it exists, with different contents");
    assert_eq!(desk.read("127.0.0.1-ca.crt"), "mine\n");
}

#[test]
fn without_trust_doctor_a_command_of_openssl_is_printed() {
    let (desk, server, _) = project();
    std::fs::copy(trust_compose(), desk.path("trust-compose")).unwrap();
    let words = ["setup", "--custom-ca", &server.address];
    let outcome =
        Outcome(desk.command(&desk.path("trust-compose"), &words, "022").output().unwrap())
            .exits(1);
    let said = outcome.stderr();
    assert!(said.contains("trust-doctor is not installed beside trust-compose"), "{said}");
    let command = said.split('`').find(|part| part.starts_with("openssl")).unwrap();
    let words = ["-c", command];
    Outcome(desk.command(&tool("sh"), &words, "022").output().unwrap()).succeeds();
    let text = desk.run(&["setup", "--custom-ca", "chain.pem"]).succeeds();
    assert!(text.stdout().contains("`CN=Lab CA` until"));
}

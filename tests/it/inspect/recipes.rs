//! CAs by common recipes, and of each kind that some client refuses: inspect reports a CA before clients
//! refuse it. tests/containers/init/recipes.rs has the same for more clients.
//!
//! UPDATE_SNAPSHOT=1 writes the results into tests/snapshots/inputs/certificates.md.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::desk::{Desk, trust_compose};
use crate::setup::inputs::{inputs, served};
use crate::support::document::is_between;
use crate::support::recipe::{Made, SERVER, findings, kinds, recipes};
use crate::world::{Outcome, tool};

/// A Python client with the flags of 3.13, or with those before it.
const PYTHON: &str = "
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile='ca.crt')
context.verify_flags &= ~(ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN)
if sys.argv[2] == 'strict':
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
urllib.request.urlopen(sys.argv[1], context=context, timeout=20).read()
";

/// The columns of the tables.
const CLIENTS: [&str; 6] =
    ["openssl verify", "-x509_strict", "Python to 3.12", "Python 3.13", "curl", "rustls"];

struct Servers {
    process: Child,
    ports: Vec<String>,
}

impl Servers {
    fn start(made: &[Made]) -> Self {
        let mut command = Command::new(tool("python3"));
        command.args(["-c", SERVER]).args(made.iter().map(|made| &made.directory));
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ports = lines.take(made.len()).map(Result::unwrap).collect();
        Self { process, ports }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns whether a client that trusts `ca.crt` connects, and its message.
fn is_served(made: &Made, client: &str, port: &str) -> (bool, String) {
    let (host, url) = (format!("localhost:{port}"), format!("https://localhost:{port}/"));
    let verify = "-purpose sslserver -verify_hostname localhost -CAfile ca.crt -untrusted server.pem server.pem";
    let verify = verify.split(' ');
    let (program, words): (_, Vec<_>) = match client {
        "openssl verify" => ("openssl", ["verify"].into_iter().chain(verify).collect()),
        "-x509_strict" => ("openssl", ["verify", client].into_iter().chain(verify).collect()),
        "Python to 3.12" => ("python3", vec!["-c", PYTHON, &url, "usual"]),
        "Python 3.13" => ("python3", vec!["-c", PYTHON, &url, "strict"]),
        "curl" => ("curl", vec!["-sS", "--max-time", "20", "--cacert", "ca.crt", &url]),
        _ => ("peer", vec!["get", &host]),
    };
    let mut command = Command::new(tool(program));
    command.args(words).current_dir(&made.directory).env_clear();
    let outcome = Outcome(command.env("SSL_CERT_FILE", "ca.crt").output().unwrap());
    (outcome.0.status.success(), outcome.stderr())
}

/// Runs every client with each CA and compares the table. Asserts that inspect reports each CA that a
/// client refuses, and no other.
#[track_caller]
fn are_reported_before(all: &[Made], part: &str) {
    let servers = Servers::start(all);
    let columns = CLIENTS.join(" | ");
    let mut table = format!("| | {columns} | trust-init says of the CA | setup serves it |\n");
    table += &format!("|{}\n", "---|".repeat(CLIENTS.len() + 3));
    for (made, port) in all.iter().zip(&servers.ports) {
        let answers = CLIENTS.map(|client| is_served(made, client, port));
        let found = findings(&trust_compose(), made);
        let desk = Desk::new();
        desk.directory("certs", 0o755);
        for file in ["ca.crt", "server.pem", "server-key.pem"] {
            std::fs::copy(made.directory.join(file), desk.path("certs").join(file)).unwrap();
        }
        let setup = inputs(&served(&desk, "localhost"));
        let words = |is_yes: bool| if is_yes { "yes" } else { "no" };
        let yes: Vec<_> = answers.iter().map(|(is_served, _)| words(*is_served)).collect();
        let (yes, found_) = (yes.join(" | "), found.join(", "));
        table += &format!("| {} | {yes} | {found_} | {} |\n", made.title, words(setup.is_ok()));

        let all_are_served = answers.iter().all(|(is_served, _)| *is_served);
        let is_silent = found.is_empty() && setup.is_ok();
        assert!(!is_silent || all_are_served, "{}: {answers:?}", made.name);
        // A self-signed server certificate need not fulfil the rules for a CA.
        let serves_itself = desk.read("certs/ca.crt") == desk.read("certs/server.pem");
        assert!(is_silent || !all_are_served || serves_itself, "{}: {found:?}", made.name);
    }
    is_between("tests/snapshots/inputs/certificates.md", part, &table);
}

#[test]
fn inspect_predicts_refusals_of_the_usual_recipes() {
    let desk = Desk::new();
    are_reported_before(&recipes(&desk.path("")), "recipes");
}

#[test]
fn inspect_predicts_refusals_of_every_kind_of_ca() {
    let desk = Desk::new();
    are_reported_before(&kinds(&desk.path("")), "kinds");
}

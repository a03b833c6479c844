//! CAs and servers' certificates made word for word by the recipes that people copy (tests/certs/recipes),
//! with what clients say of them, and that what is said here says so before.
//!
//! UPDATE_SNAPSHOT=1 writes what was seen into docs/inputs/certificates.md.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::compose::Desk;
use crate::inputs::{inputs, served};
use crate::tidy::is_between;
use crate::world::{Outcome, gallery, tool};

/// A TLS server for each of the directories, with a certificate as it is, whatever it is.
const SERVER: &str = r#"
import socket, ssl, sys, threading

def answer(listener, context):
    while True:
        connection, _ = listener.accept()
        try:
            connection.settimeout(20)
            tls = context.wrap_socket(connection, server_side=True)
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nserved\n")
            # The end is told, and waited for: who still writes would not read the answer.
            tls.settimeout(0)
            try:
                tls.unwrap()
            except ssl.SSLError:
                pass
            tls.settimeout(20)
            while tls.recv(65536):
                pass
        except OSError:
            pass
        connection.close()

for directory in sys.argv[1:]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + "/certs/server.pem", directory + "/certs/server-key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer, args=(listener, context), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
threading.Event().wait()
"#;

/// What Python says under the flags of 3.13, or without them.
const PYTHON: &str = "
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile='certs/ca.crt')
context.verify_flags &= ~(ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN)
if sys.argv[2] == 'strict':
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
print(urllib.request.urlopen(sys.argv[1], context=context, timeout=20).read())
";

/// The columns of the table, in its order.
const CLIENTS: [&str; 6] =
    ["openssl verify", "-x509_strict", "Python to 3.12", "Python 3.13", "curl", "rustls"];

struct Servers {
    process: Child,
    ports: Vec<String>,
}

impl Servers {
    fn start(desks: &[Desk]) -> Self {
        let mut command = Command::new(tool("python3"));
        command.args(["-c", SERVER]).args(desks.iter().map(|desk| desk.path("")));
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ports = lines.take(desks.len()).map(Result::unwrap).collect();
        Self { process, ports }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether a client that trusts `certs/ca.crt` is served, and what it says.
fn is_served(desk: &Desk, client: &str, port: &str) -> (bool, String) {
    let (host, url) = (format!("localhost:{port}"), format!("https://localhost:{port}/"));
    let verify = "verify -purpose sslserver -verify_hostname localhost -CAfile certs/ca.crt -untrusted certs/server.pem";
    let mut verify: Vec<_> = verify.split(' ').collect();
    let (program, words) = match client {
        "openssl verify" => ("openssl", [&verify[..], &["certs/server.pem"]].concat()),
        "-x509_strict" => {
            verify.insert(1, "-x509_strict");
            ("openssl", [&verify[..], &["certs/server.pem"]].concat())
        }
        "Python to 3.12" => ("python3", vec!["-c", PYTHON, &url, "usual"]),
        "Python 3.13" => ("python3", vec!["-c", PYTHON, &url, "strict"]),
        "curl" => ("curl", vec!["-sS", "--max-time", "20", "--cacert", "certs/ca.crt", &url]),
        _ => ("peer", vec!["get", &host]),
    };
    let mut command = desk.command(&tool(program), &words, "022");
    let outcome = Outcome(command.env("SSL_CERT_FILE", "certs/ca.crt").output().unwrap());
    (outcome.0.status.success(), outcome.stderr())
}

/// What `trust-compose inspect` has against a file's first certificate.
fn findings(desk: &Desk, file: &str) -> Vec<String> {
    let told = desk.run(&["inspect", "--json", file]).succeeds();
    let answer: Value = serde_json::from_str(&told.stdout()).unwrap();
    let findings = answer["files"][0]["certificates"][0]["findings"].as_array().unwrap();
    findings.iter().map(|found| found["finding"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_client_refuses_of_the_usual_recipes_is_told_before() {
    let mut recipes: Vec<_> =
        gallery("recipes").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    recipes.sort();
    let desks: Vec<_> = recipes
        .iter()
        .map(|recipe| {
            let desk = Desk::new();
            desk.directory("certs", 0o755);
            let mut command = desk.command(&tool("bash"), &[recipe.to_str().unwrap()], "022");
            Outcome(command.output().unwrap()).succeeds();
            let text = std::fs::read_to_string(recipe).unwrap();
            let files = text.lines().find_map(|line| line.strip_prefix("# trusted: ")).unwrap();
            let files: Vec<_> =
                files.replace("; served:", "").split(' ').map(str::to_owned).collect();
            for (file, name) in files.iter().zip(["ca.crt", "server.pem", "server-key.pem"]) {
                std::fs::copy(desk.path(file), desk.path("certs").join(name)).unwrap();
            }
            desk
        })
        .collect();
    let servers = Servers::start(&desks);
    let mut table = format!(
        "| recipe | {} | trust-init says of the CA | setup serves it |\n|{}\n",
        CLIENTS.join(" | "),
        "---|".repeat(CLIENTS.len() + 3)
    );
    for ((recipe, desk), port) in recipes.iter().zip(&desks).zip(&servers.ports) {
        let name = recipe.file_stem().unwrap().to_str().unwrap();
        let answers = CLIENTS.map(|client| is_served(desk, client, port));
        let found = findings(desk, "certs/ca.crt");
        let setup = inputs(&served(desk, "localhost"));
        let words = |is_yes: bool| if is_yes { "yes" } else { "no" };
        table += &format!("| [{name}](../../tests/certs/recipes/{name}.sh) |");
        answers.iter().for_each(|(is_served, _)| table += &format!(" {} |", words(*is_served)));
        table += &format!(" {} | {} |\n", found.join(", "), words(setup.is_ok()));

        // Who is refused is told before, and nobody is told that nobody refuses. What serves itself is
        // not held to what a CA is held to.
        let all_are_served = answers.iter().all(|(is_served, _)| *is_served);
        let is_silent = found.is_empty() && setup.is_ok();
        let serves_itself = desk.read("certs/ca.crt") == desk.read("certs/server.pem");
        assert!(is_silent == all_are_served || serves_itself, "{name}: {answers:?} {found:?}");
        assert!(!is_silent || all_are_served, "{name}: {answers:?} {found:?}");
    }
    is_between("docs/inputs/certificates.md", "recipes", &table);
}

//! CAs, each with a server certificate: by common recipes (tests/certs/recipes), word for word, and one of
//! each kind that some client refuses (tests/certs/kinds.sh).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The result of a recipe: a directory with `ca.crt`, `server.pem` and `server-key.pem`.
pub struct Made {
    pub name: String,
    /// The title in the document, with a link if there is one.
    pub title: String,
    pub directory: PathBuf,
}

/// A program that starts a TLS server for each directory in its arguments, with the certificate unchecked,
/// and prints the ports.
pub const SERVER: &str = r#"
import socket, ssl, sys, threading

def answer(listener, context):
    while True:
        connection, _ = listener.accept()
        try:
            connection.settimeout(20)
            tls = context.wrap_socket(connection, server_side=True)
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nserved\n")
            # Sends close_notify and waits: a client that still writes would not read the answer.
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
    context.load_cert_chain(directory + "/server.pem", directory + "/server-key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=answer, args=(listener, context), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
threading.Event().wait()
"#;

fn certs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certs")
}

/// Runs a script of tests/certs in a directory and returns its output.
#[track_caller]
fn run(script: &Path, words: &[&str], directory: &Path) -> String {
    let mut command = Command::new("bash");
    command.arg(script).args(words).current_dir(directory);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {words:?}: {errors}", script.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Runs every recipe below `directory`.
#[track_caller]
pub fn recipes(directory: &Path) -> Vec<Made> {
    let entries = certs().join("recipes").read_dir().unwrap();
    let mut scripts: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    let make = |script: PathBuf| {
        let name = script.file_stem().unwrap().to_str().unwrap().to_owned();
        let directory = directory.join(&name);
        fs::create_dir(&directory).unwrap();
        run(&script, &[], &directory);
        // The recipe names its files: `# trusted: ca.crt; served: server.crt server.key`.
        let text = fs::read_to_string(&script).unwrap();
        let files = text.lines().find_map(|line| line.strip_prefix("# trusted: ")).unwrap();
        let files = files.replace("; served:", "");
        for (file, usual) in files.split(' ').zip(["ca.crt", "server.pem", "server-key.pem"]) {
            if file != usual {
                fs::copy(directory.join(file), directory.join(usual)).unwrap();
            }
        }
        let title = format!("[{name}](../../certs/recipes/{name}.sh)");
        Made { name, title, directory }
    };
    scripts.into_iter().map(make).collect()
}

/// Creates a CA of each kind below `directory`.
#[track_caller]
pub fn kinds(directory: &Path) -> Vec<Made> {
    let script = certs().join("kinds.sh");
    let make = |name: &str| {
        let directory = directory.join(name);
        fs::create_dir(&directory).unwrap();
        run(&script, &[name], &directory);
        Made { name: name.to_owned(), title: name.to_owned(), directory }
    };
    run(&script, &[], directory).lines().map(make).collect()
}

/// Returns the findings of `trust-compose inspect` for a CA.
#[track_caller]
pub fn findings(trust_compose: &Path, made: &Made) -> Vec<String> {
    let mut command = Command::new(trust_compose);
    command.args(["inspect", "--json", "ca.crt"]).current_dir(&made.directory);
    let answer: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let findings = answer["files"][0]["certificates"][0]["findings"].as_array().unwrap();
    findings.iter().map(|found| found["finding"].as_str().unwrap().to_owned()).collect()
}

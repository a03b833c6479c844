//! The certificates in use: a TLS server and clients, by name, by IPv4 and by IPv6 address.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::desk::Desk;
use crate::world::{Outcome, tool};

pub struct Server {
    pub port: String,
    process: Child,
}

impl Server {
    pub fn start(desk: &Desk, certificate: &str, key: &str, address: &str) -> Self {
        let words = ["serve", certificate, key, address];
        let mut command = desk.command(&tool("peer"), &words, "022");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        Self { port, process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The installed Pythons: the system's, and 3.13 (strict by default) if it is installed.
pub fn pythons() -> Vec<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    let versions = PathBuf::from(home).join(".pyenv/versions").read_dir().into_iter().flatten();
    let strict = versions.flatten().map(|entry| entry.path().join("bin/python3.13"));
    let places = ["/usr/bin/python3.13", "/usr/local/bin/python3.13"].map(PathBuf::from);
    let found = strict.chain(places).filter(|path| path.exists());
    [tool("python3")].into_iter().chain(found).collect()
}

const PYTHON: &str = "
import socket, ssl, sys
host, address, port = sys.argv[1:]
context = ssl.create_default_context(cafile='certs/ca.crt')
with socket.create_connection((address, int(port)), timeout=20) as plain:
    with context.wrap_socket(plain, server_hostname=host) as tls:
        print(tls.version())
";

/// Asserts that all clients connect, or that none does.
#[track_caller]
fn connects(desk: &Desk, server: &Server, host: &str, address: &str, is_served: bool) {
    let (port, url_host) =
        (&server.port, if host.contains(':') { format!("[{host}]") } else { host.into() });
    let shown = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let url = format!("https://{url_host}:{port}/");
    let to = format!("{url_host}:{port}:{shown}:{port}");
    let words = ["-sS", "--max-time", "20", "--noproxy", "*", "--cacert", "certs/ca.crt"];
    let words = [&words[..], &["--connect-to", &to, &url]].concat();
    let curl = Outcome(desk.command(&tool("curl"), &words, "022").output().unwrap());
    assert_eq!(curl.0.status.success(), is_served, "curl {url}: {}", curl.stderr());
    for python in pythons() {
        let words = ["-c", PYTHON, host, address, port];
        let run = Outcome(desk.command(&python, &words, "022").output().unwrap());
        let shown = format!("{} {host}: {}", python.display(), run.stderr());
        assert_eq!(run.0.status.success(), is_served, "{shown}");
        assert!(is_served || run.stderr().contains("CERTIFICATE_VERIFY_FAILED"), "{shown}");
    }
}

fn serve(desk: &Desk, address: &str) -> Server {
    Server::start(desk, "certs/server.pem", "certs/server-key.pem", address)
}

fn has_ipv6() -> bool {
    std::net::TcpListener::bind("[::1]:0").is_ok()
}

#[test]
fn clients_connect_by_every_name_and_by_no_other() {
    let desk = Desk::with(&["reflector.local", "*.lab.local", "bücher.example", "10.9.8.7"]);
    let server = serve(&desk, "127.0.0.1");
    for host in [
        "reflector.local",
        "gpu.lab.local",
        "xn--bcher-kva.example",
        "10.9.8.7",
        "localhost",
        "127.0.0.1",
    ] {
        connects(&desk, &server, host, "127.0.0.1", true);
    }
    for host in ["other.local", "lab.local", "a.b.lab.local", "10.9.8.6"] {
        connects(&desk, &server, host, "127.0.0.1", false);
    }
    if has_ipv6() {
        let server = serve(&desk, "[::1]:0");
        connects(&desk, &server, "::1", "::1", true);
        connects(&desk, &server, "localhost", "::1", true);
    }
}

#[test]
fn clients_accept_a_constrained_ca_and_p384() {
    let desk = Desk::with(&["*.lab.local", "--constrain", "--key-type", "p384"]);
    let server = serve(&desk, "127.0.0.1");
    for host in ["gpu.lab.local", "localhost", "127.0.0.1"] {
        connects(&desk, &server, host, "127.0.0.1", true);
    }
}

#[test]
fn the_script_writes_into_the_callers_directory() {
    let desk = Desk::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/generate-certs.sh");
    let programs = crate::desk::trust_compose();
    let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
    let run = |words: &[&str]| {
        let mut command = Command::new(script);
        command.args(words).current_dir(desk.path("")).env_clear().env("PATH", &path);
        Outcome(command.output().unwrap())
    };
    run(&["reflector.local", "IP:192.168.1.100", "DNS:gpu.local"]).succeeds();
    desk.verifies("certs/ca.crt", "certs/server.pem");
    run(&["two words"]).exits(2).says("cannot use `two words`");
}

//! Clients and TLS servers on loopback: under trust-init a client trusts the private CA's server and still
//! the public server, never an unknown one.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::world::{Scratch, tool};

/// A server, its CA, and the directory with its certificates.
struct Server {
    directory: Scratch,
    address: String,
    process: Child,
}

impl Server {
    fn start(name: &str) -> Self {
        let directory = Scratch::new();
        let path = |file: &str| directory.path().join(file);
        let made = Command::new(tool("peer")).arg("make").arg(directory.path()).arg(name).status();
        assert!(made.unwrap().success());
        let mut command = Command::new(tool("peer"));
        command.arg("serve").arg(path("server.pem")).arg(path("server-key.pem")).arg("127.0.0.1");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { directory, address, process }
    }

    fn ca(&self) -> String {
        self.directory.path().join("ca.crt").display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the command of a client for an address.
fn client(name: &str, address: &str) -> Vec<String> {
    let url = format!("https://{address}/");
    let words: Vec<&str> = match name {
        "curl" => vec!["curl", "-sS", "--max-time", "20", &url],
        "python3" => vec![
            "/usr/bin/python3",
            "-c",
            "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).read().decode(), end='')",
            &url,
        ],
        "openssl" => {
            return vec![
                "/bin/sh".into(),
                "-c".into(),
                format!(
                    "echo | openssl s_client -connect {address} -verify_return_error 2>&1 && echo 'served over a verified connection'"
                ),
            ];
        }
        name => return vec![tool(name).display().to_string(), "get".into(), address.into()],
    };
    words.into_iter().map(str::to_owned).collect()
}

/// The root certificates of the image in which the clients run.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Runs a client in a mount namespace in which the image's only root certificate is the public server's CA,
/// with SSL_CERT_FILE set to `named`; under trust-init if `ca` is given.
fn connects(
    name: &str,
    server: &Server,
    public: &Server,
    named: &str,
    ca: Option<&str>,
) -> (bool, String) {
    let directory = Scratch::new();
    let ssl = directory.path().join("ssl");
    std::fs::create_dir_all(ssl.join("certs")).unwrap();
    std::fs::copy(public.ca(), ssl.join("certs/ca-certificates.crt")).unwrap();
    let script = format!(
        "mount --bind '{}' /etc/ssl && mount -t tmpfs tmpfs /run && exec \"$@\"",
        ssl.display()
    );
    let mut command = Command::new(tool("unshare"));
    command.args(["--mount", "/bin/sh", "-c", &script, "sh"]);
    if let Some(ca) = ca {
        command.arg(tool("trust-init")).args(["--ca", ca, "--log", "quiet", "--"]);
    }
    command.args(client(name, &server.address)).env_clear();
    command.env("PATH", "/bin:/usr/bin:/sbin").env("SSL_CERT_FILE", named);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (text.contains("served over a verified connection\n"), text)
}

struct Servers {
    private: Server,
    public: Server,
    stranger: Server,
}

impl Servers {
    fn start() -> Self {
        Self {
            private: Server::start("Private CA"),
            public: Server::start("Public CA"),
            stranger: Server::start("Stranger's CA"),
        }
    }
}

#[track_caller]
fn trusts(name: &str) {
    let Servers { private, public, stranger } = &Servers::start();
    let ca = private.ca();
    for (server, without, with) in
        [(private, false, true), (public, true, true), (stranger, false, false)]
    {
        for (ca, wanted) in [(None, without), (Some(ca.as_str()), with)] {
            let (served, text) = connects(name, server, public, ROOTS, ca);
            assert_eq!(served, wanted, "{name} with {ca:?} at {}: {text}", server.ca());
        }
    }
}

#[test]
fn curl() {
    trusts("curl");
}

#[test]
fn python() {
    trusts("python3");
}

#[test]
fn openssl() {
    trusts("openssl");
}

#[test]
fn rustls() {
    trusts("peer");
}

#[test]
fn a_pinned_service_still_refuses_public_servers() {
    let Servers { private, public, stranger: partner } = &Servers::start();
    let pinned =
        |server: &Server| connects("curl", server, public, &partner.ca(), Some(&private.ca())).0;
    assert!(pinned(partner), "the pinned partner");
    assert!(pinned(private), "the custom CA");
    assert!(!pinned(public), "a public server");
}

//! compose/ai-services: two model servers with TLS, called directly and through a proxy by three clients
//! whose code does not mention the CA. This file follows the README, compares the clients, and contains the
//! helpers of the other tests.

mod proxy;
mod refused;

use std::time::{Duration, Instant};

use crate::engine::{Outcome, docker};
use crate::stack::Stack;

/// A server with its own certificate: its name, its port, and a path.
pub type Server = (&'static str, u16, &'static str);
pub const DETECTOR: Server = ("detector", 8443, "detect");
pub const LLM: Server = ("llm", 8443, "completion");
pub const PROXY: Server = ("proxy", 443, "completion");
pub const SERVERS: [Server; 3] = [DETECTOR, LLM, PROXY];

/// The words of Python (that is, OpenSSL) and Go for the same result.
pub type Words = [&'static str; 2];
pub const SERVED: Words = [r#""person"|"text_completion""#; 2];
pub const NOT_TRUSTED: Words =
    ["unable to get local issuer certificate", "certificate signed by unknown authority"];

pub struct Services(pub Stack);

impl Services {
    /// Starts the stack by the README, with this proxy, and returns the outcome of the README's commands.
    #[track_caller]
    pub fn start(proxy: &str) -> (Self, Outcome) {
        let mut stack = Stack::new("ai-services");
        // Docker assigns free ports.
        for server in ["BACKEND", "DETECTOR", "LLM", "PROXY"] {
            stack.exports(&format!("{server}_PORT"), "0");
        }
        stack.exports("WORKER_EVERY", "1s");
        stack.exports("PROXY", proxy);
        let services = Self(stack);
        let outcome = services.follows("start").exits(0);
        (services, outcome)
    }

    /// Runs a block of the README, with the ports that Docker assigned.
    #[track_caller]
    pub fn follows(&self, name: &str) -> Outcome {
        let published = [("8080", "backend 8080"), ("8443", "proxy 443")];
        let block = published.iter().fold(self.0.block(name), |block, (port, service)| {
            let found = format!("localhost:$(docker compose port {service} | sed 's/.*://')");
            block.replace(&format!("localhost:{port}"), &found)
        });
        self.0.types(&format!("set -e\n{block}"))
    }

    /// Returns the address on the host of a service's port.
    #[track_caller]
    pub fn address(&self, service: &str, port: u16) -> String {
        docker(["port", &self.0.ids()[service], &port.to_string()])
            .exits(0)
            .stdout
            .trim()
            .to_owned()
    }

    /// Returns the result of each client for each URL: the back end's now, the worker's latest.
    #[track_caller]
    pub fn answers(&self) -> String {
        let address = self.address("backend", 8080);
        let backend = self.0.types(&format!("curl -sS --max-time 60 http://{address}/"));
        let worker = docker(["logs", "--tail=4", &self.0.ids()["worker"]]);
        backend.stdout + &worker.stdout
    }

    /// Waits, for at most a minute, until every client prints `words` for each path of this server.
    #[track_caller]
    pub fn clients_print(&self, (server, ..): Server, words: Words) {
        let url = format!(" https://{server}");
        // Each path, by two clients in Python and one in Go.
        let count = if server == PROXY.0 { 6 } else { 3 };
        let says = |line: &&str| {
            let words = words[usize::from(line.starts_with("go "))];
            words.split('|').any(|words| line.contains(words))
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let answers = self.answers();
            let of_server = answers.lines().filter(|line| line.contains(&url));
            if of_server.filter(says).count() == count {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "not all clients print `{}` for {server}: {answers}",
                words[0]
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    #[track_caller]
    pub fn clients_print_for_all(&self, words: Words) {
        for server in SERVERS {
            self.clients_print(server, words);
        }
    }

    /// Calls a server by `openssl s_client`, which trusts the CA in `ca` and verifies the server's name.
    #[track_caller]
    pub fn openssl(&self, (server, port, _): Server, ca: &str) -> Outcome {
        let address = self.address(server, port);
        self.0.types(&format!(
            "openssl s_client -CAfile {ca} -verify_return_error -verify_hostname {server} \
             -connect {address} -servername {server} </dev/null"
        ))
    }

    /// The same by curl.
    #[track_caller]
    pub fn curl(&self, (server, port, path): Server, ca: &str) -> Outcome {
        let address = self.address(server, port);
        self.0.types(&format!(
            "curl -sSf --max-time 30 --cacert {ca} --connect-to {server}:{port}:{address} \
             -d '{{\"prompt\": \"Who is there?\"}}' https://{server}:{port}/{path}"
        ))
    }

    /// Returns IDs and start times of the containers of the back end and the worker.
    #[track_caller]
    pub fn callers(&self) -> String {
        let ids = self.0.ids();
        let look = ["inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Running}}"];
        let words = [&look[..], &[&ids["backend"], &ids["worker"]]].concat();
        docker(words).exits(0).stdout
    }
}

#[test]
fn readme() {
    let (services, outcome) = Services::start("nginx");
    let outcome = outcome.prints(NOT_TRUSTED[0]).prints("CERTIFICATE_VERIFY_FAILED");
    assert!(!outcome.stdout.contains("person"), "{outcome}");
    services.clients_print_for_all(NOT_TRUSTED);
    let before = services.0.ids();

    services.follows("trust").exits(0).prints("text_completion");
    services.clients_print_for_all(SERVED);
    services.0.is_well("");
    // The servers and the proxy were not restarted.
    assert_eq!(services.0.recreated(&before), ["backend", "worker"]);

    // git ignores all created files without a change of .gitignore.
    let ignored = std::fs::read_to_string(services.0.folder.0.join(".gitignore")).unwrap();
    assert_eq!(ignored, include_str!("../../../compose/ai-services/.gitignore"));

    let outcome = services.follows("look").exits(0);
    outcome.prints("text_completion").prints("Verification: OK").prints("TLSv1.3");
}

/// Each server, with the CA and with another one.
#[test]
fn openssl_curl_and_the_back_end_agree() {
    let (services, _) = Services::start("nginx");
    services.0.types("trust-compose certs --ca-only --out stranger/").exits(0);
    for (ca, is_trusted) in [("certs/", true), ("stranger/", false)] {
        services.0.types(&format!("trust-compose setup --activate --custom-ca {ca}")).exits(0);
        services.0.types("docker compose up -d --wait").exits(0);
        services.clients_print_for_all(if is_trusted { SERVED } else { NOT_TRUSTED });
        for server in SERVERS {
            let openssl = services.openssl(server, &format!("{ca}ca.crt"));
            let curl = services.curl(server, &format!("{ca}ca.crt"));
            if is_trusted {
                openssl.exits(0).prints("Verification: OK");
                curl.exits(0);
            } else {
                openssl.exits(1).says(NOT_TRUSTED[0]);
                curl.exits(60).says(NOT_TRUSTED[0]);
            }
        }
    }
}

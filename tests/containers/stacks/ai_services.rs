//! compose/ai-services: two model servers over TLS, called directly and through a proxy, by three
//! clients that know nothing of the CA. Here its README is followed, and everybody agrees on whom
//! to trust; the bench for that is here too.

mod proxy;
mod refused;

use std::time::{Duration, Instant};

use crate::engine::{Outcome, docker};
use crate::stack::Stack;

/// A server with a certificate of its own: its name, its port, and a path of its.
pub type Server = (&'static str, u16, &'static str);
pub const DETECTOR: Server = ("detector", 8443, "detect");
pub const LLM: Server = ("llm", 8443, "completion");
pub const PROXY: Server = ("proxy", 443, "completion");
pub const SERVERS: [Server; 3] = [DETECTOR, LLM, PROXY];

/// How Python (which is OpenSSL) and Go put what they have found.
pub type Words = [&'static str; 2];
pub const SERVED: Words = [r#""person"|"text_completion""#; 2];
pub const NOT_TRUSTED: Words =
    ["unable to get local issuer certificate", "certificate signed by unknown authority"];

pub struct Services(pub Stack);

impl Services {
    /// As the README starts it, with this proxy; and what the back end then says.
    #[track_caller]
    pub fn start(proxy: &str) -> (Self, Outcome) {
        let mut stack = Stack::new("ai-services");
        // Docker finds ports that are free.
        for server in ["BACKEND", "DETECTOR", "LLM", "PROXY"] {
            stack.exports(&format!("{server}_PORT"), "0");
        }
        stack.exports("WORKER_EVERY", "1s");
        stack.exports("PROXY", proxy);
        let services = Self(stack);
        let outcome = services.follows("start").exits(0);
        (services, outcome)
    }

    /// Types a block of the README, with the ports that Docker found.
    #[track_caller]
    pub fn follows(&self, name: &str) -> Outcome {
        let published = [("8080", "backend 8080"), ("8443", "proxy 443")];
        let block = published.iter().fold(self.0.block(name), |block, (port, service)| {
            let found = format!("localhost:$(docker compose port {service} | sed 's/.*://')");
            block.replace(&format!("localhost:{port}"), &found)
        });
        self.0.types(&format!("set -e\n{block}"))
    }

    /// Where a port of a service is on this machine.
    #[track_caller]
    pub fn address(&self, service: &str, port: u16) -> String {
        docker(["port", &self.0.ids()[service], &port.to_string()])
            .exits(0)
            .stdout
            .trim()
            .to_owned()
    }

    /// What each client says of each URL: the back end now, the worker the last time it asked.
    #[track_caller]
    pub fn answers(&self) -> String {
        let address = self.address("backend", 8080);
        let backend = self.0.types(&format!("curl -sS --max-time 60 http://{address}/"));
        let worker = docker(["logs", "--tail=4", &self.0.ids()["worker"]]);
        backend.stdout + &worker.stdout
    }

    /// In the end, within a minute, every client says `words` of this server, whichever of its paths
    /// it asks.
    #[track_caller]
    pub fn hears(&self, (server, ..): Server, words: Words) {
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
            assert!(Instant::now() < deadline, "not all say `{}` of {server}: {answers}", words[0]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    #[track_caller]
    pub fn everybody_hears(&self, words: Words) {
        for server in SERVERS {
            self.hears(server, words);
        }
    }

    /// `openssl s_client`, which trusts the CA in `ca` and wants the server's name.
    #[track_caller]
    pub fn openssl(&self, (server, port, _): Server, ca: &str) -> Outcome {
        let address = self.address(server, port);
        self.0.types(&format!(
            "openssl s_client -CAfile {ca} -verify_return_error -verify_hostname {server} \
             -connect {address} -servername {server} </dev/null"
        ))
    }

    /// curl, which does the same.
    #[track_caller]
    pub fn curl(&self, (server, port, path): Server, ca: &str) -> Outcome {
        let address = self.address(server, port);
        self.0.types(&format!(
            "curl -sSf --max-time 30 --cacert {ca} --connect-to {server}:{port}:{address} \
             -d '{{\"prompt\": \"Who is there?\"}}' https://{server}:{port}/{path}"
        ))
    }

    /// Which containers the back end and the worker are in, and since when they run.
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
    services.everybody_hears(NOT_TRUSTED);
    let before = services.0.ids();

    services.follows("trust").exits(0).prints("text_completion");
    services.everybody_hears(SERVED);
    services.0.is_well("");
    // The servers and the proxy were not started anew.
    assert_eq!(services.0.made_anew(&before), ["backend", "worker"]);

    // Of what is there now, git sees nothing.
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
        services.everybody_hears(if is_trusted { SERVED } else { NOT_TRUSTED });
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

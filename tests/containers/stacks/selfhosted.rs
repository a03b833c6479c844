//! compose/selfhosted: an application with its own domain, and a model server with its own CA, which
//! represents another machine.

mod changes;
mod hardened;
mod scenarios;
mod trust;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::engine::{Outcome, docker, label, unique};
use crate::project::OVERLAY;
use crate::site::wait_until;
use crate::stack::Stack;

const SERVICES: [&str; 8] =
    ["beat", "caddy", "engine", "postgres", "redis", "server", "web", "worker"];
/// The services that call the model server, by their process and by their health check.
const ASKERS: [&str; 4] = ["beat", "server", "web", "worker"];
/// The model server's answers to each client of clients.py.
const ANSWERS: [(&str, &str); 5] = [
    ("curl", "\"healthy\""),
    ("httpx", "stand-in"),
    ("requests", "stand-in"),
    ("openai", "I am here."),
    ("llama-index", "I am here."),
];
/// Calls the model server from `web`.
const FETCH: &str = "fetch(process.env.GPU_URL + '/health').then(r => r.text()).then(console.log)";
const REFUSED: &str = "refused: [SSL: CERTIFICATE_VERIFY_FAILED]";
const GRPC: &str = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
/// The options of `setup` to trust both CAs and to serve the domain.
const BOTH: &str = "--custom-ca certs/ --extra-ca gpu/certs/ca.crt --domain app.local --caddy";
const DOMAIN: &str = "--custom-ca certs/ --domain app.local --caddy";
const GPU: &str = "--custom-ca gpu/certs/ca.crt";

struct App {
    stack: Stack,
    /// Options that name compose files, unless Compose finds them by itself.
    files: &'static str,
}

impl Deref for App {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }
}

impl App {
    /// All images built, nothing started.
    #[track_caller]
    fn new() -> Self {
        let mut stack = Stack::new("selfhosted");
        let name = stack.name.clone();
        for (variable, value) in [
            ("LAN", format!("{name}-lan")),
            ("GPU_PROJECT", format!("{name}-gpu")),
            ("HTTPS_PORT", "0".into()),
        ] {
            stack.exports(variable, &value);
        }
        stack.build("gpu/");
        Self { stack, files: "" }
    }

    /// Both machines run, started by the README; neither trusts the other's CA.
    #[track_caller]
    fn started() -> Self {
        let app = Self::new();
        app.starts();
        app
    }

    #[track_caller]
    fn starts(&self) {
        refused(&self.follows_readme("start").exits(0), &ANSWERS.map(|(client, _)| client));
    }

    /// Calls the model server by `clients` in `docker compose exec SERVICE`.
    #[track_caller]
    fn asks(&self, service: &str, clients: &str) -> Outcome {
        self.compose(&format!("exec -T {service} python clients.py {clients}")).exits(0)
    }

    /// Asserts whether each client in the three services of one image, fetch in `web`, and all health checks
    /// reach the model server.
    #[track_caller]
    fn every_client(&self, reaches: bool) {
        for service in ["server", "worker", "beat"] {
            let outcome = self.asks(service, "");
            if reaches {
                let lines = ANSWERS.map(|(client, answer)| format!("{client}: {answer}\n"));
                assert_eq!(outcome.stdout, lines.concat(), "{service}: {outcome}");
            } else {
                refused(&outcome, &ANSWERS.map(|(client, _)| client));
            }
        }
        self.quickly(reaches);
    }

    /// The same for one client, fetch, and the processes of the services.
    #[track_caller]
    fn quickly(&self, reaches: bool) {
        self.answers("beat", reaches);
        self.eventually(reaches);
    }

    /// The same, without the results at the start of the services.
    #[track_caller]
    fn eventually(&self, reaches: bool) {
        let outcome = self.asks("server", "httpx");
        let fetched = self.compose(&format!("exec -T web node -e \"{FETCH}\""));
        if reaches {
            outcome.prints("httpx: stand-in");
            fetched.exits(0).prints("healthy");
        } else {
            refused(&outcome, &["httpx"]);
            fetched.exits(1).says("unable to verify the first certificate");
        }
        for service in ASKERS {
            self.is(service, if reaches { "healthy" } else { "unhealthy" });
        }
        for service in ["server", "worker"] {
            let finds = if reaches { "stand-in" } else { REFUSED };
            self.api(&format!("{service}/requests")).exits(0).prints(finds);
        }
        self.answers("schedule", reaches);
    }

    /// Waits for the result of the worker in a task of beat (`schedule`), or of beat at its start.
    #[track_caller]
    fn answers(&self, who: &str, reaches: bool) {
        let line = format!("{who} httpx {}", if reaches { "stand-in" } else { REFUSED });
        wait_until(&line, || self.api("answers").stdout.contains(&line));
    }

    /// Calls the application's API inside its container.
    #[track_caller]
    fn api(&self, path: &str) -> Outcome {
        let url = format!("http://localhost:8000/api/{path}");
        let retry = "--retry 20 --retry-delay 1 --retry-connrefused";
        self.compose(&format!("exec -T server curl -sS {retry} {url}"))
    }

    /// Requests the front page from the host, with `ca` as the only trust anchor.
    #[track_caller]
    fn curl(&self, ca: &str) -> Outcome {
        let block = self.block("two CAs");
        let line = block.lines().find(|line| line.starts_with("curl")).expect("the README's curl");
        let line = line.replacen("certs/ca.crt", ca, 1);
        // Before Caddy listens the connection is closed.
        let mut outcome = None;
        wait_until("Caddy answers", || {
            let found = self.types(&line);
            let is_answer = [0, 60].contains(&found.code);
            outcome = Some(found);
            is_answer
        });
        outcome.expect("an answer")
    }

    /// Asserts that the certificate of `app.local` is signed by `ca`, and not by the other CA.
    #[track_caller]
    fn serves_by(&self, ca: &str) {
        let copy = "docker compose exec -T caddy cat /data/caddy/pki/authorities/local/root.crt";
        self.types(&format!("{copy} >../caddys-own.crt")).exits(0);
        for known in ["certs/ca.crt", "../caddys-own.crt"] {
            if known == ca {
                // The proxy may answer before its back end does.
                wait_until("the front page is served", || {
                    self.curl(known).exits(0).stdout.contains("<h1>Self-hosted</h1>")
                });
            } else if self.folder.0.join(known).exists() {
                self.curl(known).exits(60);
            }
        }
    }

    /// Opens `https://app.local` in a browser that also trusts `ca`.
    #[track_caller]
    fn browser(&self, ca: Option<&str>) -> Outcome {
        let network = format!("--network={}_default", self.name);
        let name = format!("--name={}", unique());
        let mut words: Vec<String> = vec!["run".into(), "--rm".into(), label(), name, network];
        let mut script = String::new();
        if let Some(ca) = ca {
            words.push(format!("--volume={}:/ca.crt:ro", self.folder.0.join(ca).display()));
            let database = "certutil -d sql:$HOME/.pki/nssdb";
            script = format!(
                "mkdir -p $HOME/.pki/nssdb; {database} -N --empty-password; \
                 {database} -A -t C,, -n ca -i /ca.crt; "
            );
        }
        script += "exec chromium-headless-shell --no-sandbox --disable-gpu --disable-quic \
            --no-first-run --disable-background-networking --user-data-dir=/tmp/data \
            --dump-dom https://app.local/";
        words.extend(["trust-init-test/browser", "sh", "-c", &script].map(Into::into));
        let outcome = docker(words);
        // Chromium 156 exits with 1 if it cannot load the page.
        if ca.is_some() { outcome.exits(0) } else { outcome }
    }

    /// Asserts that the gRPC engine answers without TLS, and that no process has the variable for gRPC's
    /// roots.
    #[track_caller]
    fn grpc(&self) {
        self.api("engine/hello").exits(0).prints("HELLO");
        for service in ["server", "worker", "beat"] {
            let call = format!("exec -T {service} python engine.py hello");
            self.compose(&call).exits(0).prints("HELLO");
        }
        for service in ["server", "worker", "beat", "web", "engine"] {
            // The environment of `exec`, and of every running process.
            let look = "printenv; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'";
            let outcome = self.compose(&format!("exec -T {service} sh -c \"{look}\"")).exits(0);
            assert!(outcome.stdout.matches("\nPATH=").count() > 2, "{service}: {outcome}");
            assert!(!outcome.stdout.contains(GRPC), "{service}: {outcome}");
        }
        let overlay = std::fs::read_to_string(self.folder.0.join(OVERLAY)).unwrap_or_default();
        assert!(!overlay.contains(GRPC), "{overlay}");
    }

    /// Returns files, configurations and container IDs, for a later comparison.
    #[track_caller]
    fn state(&self) -> State {
        let configurations = SERVICES.map(|service| (service, self.configuration(service))).into();
        // The other machine's certificates are not part of the project.
        let directory = self.directory();
        let directory = directory.lines().filter(|line| !line.contains("gpu/certs/"));
        State { directory: directory.map(Into::into).collect(), configurations, ids: self.ids() }
    }

    /// Removes the setup, and asserts that all is as before, including the refused connections.
    #[track_caller]
    fn removes_setup(&mut self, before: &State) {
        let setup = format!("../../scripts/setup.sh {}", self.files);
        self.types(&format!("{setup} --check")).exits(0);
        let outcome = self.types(&setup).exits(0);
        self.follows(&outcome);
        assert!(!self.folder.0.join(OVERLAY).exists());
        let after = self.state();
        assert_eq!(after.directory, before.directory);
        for (service, is) in &after.configurations {
            assert_eq!(is, &before.configurations[service], "{service}");
        }
        self.quickly(false);
    }
}

/// Asserts that each of `clients` refused the server because of its certificate.
#[track_caller]
fn refused(outcome: &Outcome, clients: &[&str]) {
    for client in clients {
        let line = outcome.stdout.lines().find(|line| line.starts_with(client));
        let line = line.unwrap_or_else(|| panic!("no result of {client}: {outcome}"));
        let is_refused = ["CERTIFICATE_VERIFY_FAILED", "SSL certificate problem"];
        assert!(is_refused.iter().any(|words| line.contains(words)), "{line}: {outcome}");
    }
}

struct State {
    directory: Vec<String>,
    configurations: BTreeMap<&'static str, Vec<String>>,
    ids: BTreeMap<String, String>,
}

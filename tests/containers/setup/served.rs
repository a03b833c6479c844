//! Services that read the path of their server certificate from SSL_CERT_FILE, as with uvicorn: trust-init
//! and the overlay do not change how they start.

use crate::clients::REQUESTS;
use crate::engine::{BOOKWORM, trust_init};
use crate::project::Project;
use crate::site::{PRIVATE, site, wait_until};

/// Serves TLS if a certificate or a key is configured, as uvicorn does
/// (<https://github.com/encode/uvicorn/blob/master/uvicorn/config.py>, `is_ssl`).
const SERVICE: &str = "
import http.server, os, ssl
certificate, key = os.getenv('SSL_CERT_FILE'), os.getenv('SSL_KEY_FILE')
server = http.server.HTTPServer(('', 8000), http.server.SimpleHTTPRequestHandler)
if certificate or key:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print('serves', 'https' if certificate else 'http', flush=True)
server.serve_forever()
";

const ENTRYPOINT: &str = "entrypoint: [/trust-init, --]\n";

#[track_caller]
fn serves(project: &Project, service: &str, scheme: &str) {
    let id = project.ids()[service].clone();
    let look = || crate::engine::docker(["logs", &id]);
    wait_until(&format!("{service} has started"), || {
        let said = look();
        assert!(!said.stderr.contains("Traceback"), "{said}");
        said.stdout.ends_with(&format!("serves {scheme}\n"))
    });
    let call = format!(
        "exec -T {service} curl -so /dev/null --cacert /srv/ca.crt {scheme}://localhost:8000/"
    );
    project.compose(&call).exits(0);
}

#[test]
fn a_service_that_serves_by_ssl_cert_file_starts_as_before() {
    let site = site();
    let image = site.image(BOOKWORM);
    let command = format!("command: [python3, -c, {SERVICE:?}]\n");
    let program =
        format!("volumes: ['{}:/trust-init:ro', './served:/srv:ro']\n", trust_init().display());
    let tls = "environment: {SSL_CERT_FILE: /srv/server.pem, SSL_KEY_FILE: /srv/server-key.pem}\n";
    let plain = "environment: {TRUST_INIT_LEAVE: SSL_CERT_FILE}\n";
    let mut project = Project::new(&site).ca(PRIVATE);
    project.types("trust-compose certs served.lan --out served").exits(0);
    for (name, parts) in [
        ("tls", [tls, ""]),
        ("plain", [plain, ""]),
        ("tls-init", [tls, ENTRYPOINT]),
        ("plain-init", [plain, ENTRYPOINT]),
    ] {
        project = project.service(name, &image, &(parts.concat() + &command + &program));
    }
    let all = |project: &Project| {
        for (service, scheme) in
            [("tls", "https"), ("tls-init", "https"), ("plain", "http"), ("plain-init", "http")]
        {
            serves(project, service, scheme);
        }
    };
    project.up();
    all(&project);
    project.sets_up("--custom-ca certs/ca.crt");
    all(&project);
    // Variables that the service does not use itself are set.
    for service in ["tls", "plain"] {
        project.exec_finds(service, &[REQUESTS], "private served, public served");
    }
}

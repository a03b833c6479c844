//! A proxy serves the certificate that `trust-compose certs` created while the overlay is active: Caddy by an
//! import in its Caddyfile that matches no file without the overlay, other proxies by two files.

use std::sync::Arc;

use crate::engine::STACK;
use crate::project::Project;
use crate::site::{Site, site, wait_until};

const IMPORT: &str = "import /run/trust-init/tls/*.caddy";
/// The issuer of Caddy's own certificates.
const LOCAL: &str = "Caddy Local Authority";

/// Returns a project with a Caddy that serves `domain` with `line` in its site, a client, and certificates.
#[track_caller]
fn project(site: &Arc<Site>, domain: &str, line: &str, more: &str) -> Project {
    let mut project = Project::new(site);
    project.folder.write(
        "caddy/Caddyfile",
        format!(
            "{{\n\tlocal_certs\n\tskip_install_trust\n\tadmin off\n}}\n\
             {domain} {{\n\t{line}\n\trespond \"served over a verified connection\"\n}}\n"
        ),
    );
    let image = site.image(STACK);
    let caddy = project.tag(&image, "caddy");
    let run = format!(
        "command: [caddy, run, --config, /etc/caddy/Caddyfile]\n\
         environment: {{XDG_DATA_HOME: /tmp, XDG_CONFIG_HOME: /tmp}}\n\
         volumes: [\"./caddy:/etc/caddy:ro\"]\n\
         networks: {{default: {{aliases: [{domain}]}}}}\n{more}"
    );
    let project = project.service("front", &caddy, &run).service("client", &image, "");
    project.types(&format!("trust-compose certs {domain}")).exits(0);
    project
}

/// Asserts that the issuer or the SANs of the certificate that `domain` serves contain `words`, without
/// verification.
#[track_caller]
fn serves(project: &Project, domain: &str, words: &str) {
    let ask = format!("openssl s_client -connect {domain}:443 -servername {domain} </dev/null");
    let show = "openssl x509 -noout -issuer -ext subjectAltName";
    let ask = format!("exec -T client sh -c '{ask} 2>/dev/null | {show}'");
    wait_until("the proxy listens", || project.compose(&ask).code == 0);
    project.compose(&ask).exits(0).prints(words);
}

#[track_caller]
fn validates(project: &Project) {
    let validate = "run --rm -T front caddy validate --config /etc/caddy/Caddyfile";
    project.compose(validate).exits(0).prints("Valid configuration");
}

#[test]
fn caddy_serves_the_certificate_until_removal() {
    let (site, domain) = (site(), "reflector.local");
    let mut project = project(&site, domain, IMPORT, "");
    let get = format!("exec -T client curl -sS --max-time 30 https://{domain}/");
    project.up();
    serves(&project, domain, LOCAL);
    validates(&project);
    let before = ["front", "client"].map(|service| project.configuration(service));
    let directory = project.directory();

    project.sets_up(&format!("--custom-ca certs/ --domain {domain} --caddy"));
    serves(&project, domain, &format!("CN={domain} CA"));
    project.compose(&get).served();
    validates(&project);
    let look = "exec -T front sh -c 'ls /run/trust-init/tls; printenv SSL_CERT_FILE'";
    let outcome = project.compose(look).exits(1);
    // No trust variable is set: the proxy only serves the certificate.
    assert_eq!(outcome.stdout, "server-key.pem\nserver.pem\ntls.caddy\n", "{outcome}");

    project.follows(&project.types("trust-compose remove").exits(0));
    serves(&project, domain, LOCAL);
    assert_eq!(project.compose(&get).code, 60);
    assert_eq!(["front", "client"].map(|service| project.configuration(service)), before);
    assert_eq!(project.directory(), directory);
}

/// A renewed certificate reaches the proxy; no other container is recreated.
#[test]
fn certificate_is_renewed() {
    let (site, domain) = (site(), "renewed.local");
    let mut project = project(&site, domain, IMPORT, "");
    let options = format!("--custom-ca certs/ --domain {domain} --caddy front");
    project.sets_up(&options);
    let containers = project.ids();
    project.types(&format!("trust-compose certs {domain} more.local")).exits(0);
    project.setup("--check").exits(1);
    project.sets_up(&options);
    assert_eq!(project.recreated(&containers), ["front"]);
    serves(&project, domain, "DNS:more.local");
    project.compose(&format!("exec -T client curl -sS --max-time 30 https://{domain}/")).served();
}

#[test]
fn caddyfile_without_import() {
    let (site, domain) = (site(), "without-import.local");
    let project = project(&site, domain, "# nothing", "");
    let directory = project.directory();
    project
        .setup(&format!("--custom-ca certs/ --domain {domain} --caddy"))
        .exits(1)
        .says("caddy/Caddyfile")
        .says(IMPORT)
        .says(domain);
    assert_eq!(project.directory(), directory);
}

/// setup does not change the key's mode for a proxy that is not root: it prints the user and the command.
#[test]
fn proxy_that_cannot_read_the_key() {
    let (site, domain) = (site(), "plain-user.local");
    let mut project = project(&site, domain, IMPORT, "user: '1000'");
    let options = format!("--custom-ca certs/ --domain {domain} --caddy");
    let directory = project.directory();
    let outcome = project.setup(&options).exits(1).says("runs as uid 1000");
    assert_eq!(project.directory(), directory);
    let (_, command) = outcome.stderr.split_once("let its group read it: `").expect("the command");
    let (command, _) = command.split_once('`').expect("its end");
    project.types(&command.replace("sudo ", "")).exits(0);
    project.sets_up(&options);
    serves(&project, domain, &format!("CN={domain} CA"));
    project.compose(&format!("exec -T client curl -sS --max-time 30 https://{domain}/")).served();
}

/// Two files at a fixed path for any proxy; the CA's key is not among them.
#[test]
fn another_proxy() {
    let (site, domain) = (site(), "edge.local");
    let project = project(&site, domain, IMPORT, "");
    let mut project = project.service("edge", &site.image(STACK), "");
    project.sets_up(&format!("--custom-ca certs/ --domain {domain} --tls edge"));
    let find = "find / -path /proc -prune -o -path /sys -prune -o -name ca.key -print";
    let look = format!("cd /run/trust-init/tls; ls; {find}; cat server.pem");
    let outcome = project.compose(&format!("exec -T edge sh -c '{look}'")).exits(0);
    let certificate = std::fs::read_to_string(project.folder.0.join("certs/server.pem")).unwrap();
    assert_eq!(outcome.stdout, format!("server-key.pem\nserver.pem\n{certificate}"));
}

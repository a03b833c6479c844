//! Every message of `setup` and `remove`, as a snapshot: tests/snapshots/setup/messages.txt. After a change
//! of a message, run with UPDATE_SNAPSHOT=1 and read the diff.
//!
//! Messages about certificates are in setup/inputs.txt, about Compose files in setup/read.txt; messages
//! that require an engine are in tests/containers.

use std::os::unix::fs::chown;

use crate::desk::Desk;
use crate::scenes::{Scenes, run};
use crate::world::is_snapshot;

const BACK_END: &str = "services:\n  api:\n    build: .\n  db:\n    image: postgres:17\n";
const CADDY: &str = "services:\n  api:\n    build: .\n  web:\n    image: caddy:2\n    volumes: \
                     [\"./Caddyfile:/etc/caddy/Caddyfile:ro\"]\n";
const SERVE: &str = "setup --custom-ca certs --domain reflector.local --caddy";
const TRUST: &str = "setup --custom-ca certs/ca.crt";

/// Creates a project with this Compose file, a CA and a server certificate.
fn project(compose: &str) -> Desk {
    let desk = Desk::with(&["reflector.local", "192.168.1.100"]);
    desk.write("docker-compose.yml", compose).write(".gitignore", "target/\n");
    desk
}

/// Creates a project with a service `api` and these keys besides its image.
fn api(more: &str) -> Desk {
    project(&format!("services:\n  api:\n    image: api\n    {more}\n"))
}

/// Creates the project of `SERVE` with this Caddyfile.
fn caddy(text: &str) -> Desk {
    let desk = project(CADDY);
    desk.write("Caddyfile", text);
    desk
}

/// Creates a project in which setup has run.
fn standing() -> Desk {
    let desk = project(BACK_END);
    run(&desk, TRUST, &[]).succeeds();
    desk
}

#[test]
fn every_message_matches_the_snapshot() {
    let mut scenes = Scenes::default();
    command_line(&mut scenes);
    place(&mut scenes);
    services(&mut scenes);
    mounts(&mut scenes);
    proxies(&mut scenes);
    surprises(&mut scenes);
    disk(&mut scenes);
    check(&mut scenes);
    taking_away(&mut scenes);
    is_snapshot(&scenes.text, "setup/messages.txt");
}

fn command_line(scenes: &mut Scenes) {
    let desk = project(BACK_END);
    for words in [
        "setup --custom-cert certs",
        "setup --custom-ca",
        "setup --custom-ca certs more",
        "setup --custom-ca certs --service api",
        "setup --custom-ca certs --service api=perhaps",
        "setup --custom-ca certs --unknown perhaps",
        "setup --custom-ca certs --roots debian",
        "setup --custom-ca certs --up --check",
        "setup --custom-ca certs --up --dry-run",
        "setup --custom-ca certs --check --dry-run",
        "setup --custom-ca certs --check --activate",
        "setup --domain reflector.local",
        "setup --caddy",
        "setup --tls web",
        "setup --service api=trust",
        "setup --unknown leave",
        "setup --roots host",
        "setup --p12-password-file password",
        "setup --activate",
        "setup --custom-ca certs -f -",
        "setup --custom-ca certs --caddy",
        "setup --custom-ca certs/ca.crt --domain reflector.local --caddy",
        "setup --extra-ca none.crt",
        "remove --custom-ca certs",
        "remove -f -",
    ] {
        scenes.add("a command line", &desk, words);
    }
}

fn place(scenes: &mut Scenes) {
    let desk = project(BACK_END);
    scenes.add("a missing file", &desk, "setup --custom-ca certs/ca.crt -f nope.yml");
    scenes.add("a directory", &desk, "setup --custom-ca certs/ca.crt -f certs");
    let none = [("COMPOSE_FILE", "docker-compose.yml:nope.yml")];
    scenes.add_with("COMPOSE_FILE in the shell", &desk, TRUST, &none);
    desk.write(".env", "COMPOSE_FILE=none.yml\n");
    scenes.add("COMPOSE_FILE in .env", &desk, TRUST);
    desk.remove(".env");
    scenes.add("no docker command", &desk, "setup --custom-ca certs/ca.crt --dry-run");
    let words = "setup --custom-ca certs/ca.crt -f docker-compose.ca.yml";
    scenes.add("a missing overlay as the project", &desk, words);
    scenes.add("the overlay as the project", &standing(), words);
    let desk = Desk::with(&["reflector.local"]);
    scenes.add("no project", &desk, "setup --custom-ca certs/ca.crt");
    scenes.add("no project to remove from", &desk, "remove");
    let desk = api("extends: {file: other.yml, service: api}");
    scenes.add("extends", &desk, TRUST);
    let desk = project("include: [other.yml]\n");
    scenes.add("include", &desk, TRUST);
    scenes.add("an invalid role", &api("x-trust-init: {role: trusted}"), TRUST);
}

fn services(scenes: &mut Scenes) {
    let desk = project(BACK_END);
    for words in [
        "--service apo=trust",
        "--without apo",
        "--without elsewhere",
        "--domain reflector.local --caddy apo",
        "--domain reflector.local --tls apo",
        "--service api=trust --without api",
    ] {
        let words = format!("setup --custom-ca certs {words}");
        scenes.add("a service", &desk, &words);
    }
    for tie in [
        "links: [\"db:base\"]",
        "network_mode: service:db",
        "volumes_from: [\"db:ro\"]",
        "pid: service:db",
        "ipc: service:db",
    ] {
        let desk = project(&format!(
            "services:\n  api:\n    image: api\n    {tie}\n  db:\n    image: postgres\n"
        ));
        scenes.add("a reference to another service", &desk, "setup --without db");
        let both = run(&desk, "setup --without db --without api --dry-run", &[]).succeeds();
        assert!(both.stdout().contains("would switch off db, api"), "{}", both.stdout());
    }
    scenes.add("switched off", &desk, "setup --without db");
}

fn mounts(scenes: &mut Scenes) {
    let at = |source: &str, target: &str| api(&format!("volumes: [\"{source}:{target}\"]"));
    let custom = "/usr/local/share/ca-certificates/custom-ca.crt";
    let desk = at("./other/ca.crt", custom);
    desk.certs(&["b.lab", "--out", "other", "--ca-name", "Other"]).succeeds();
    scenes.add("another CA at its path", &desk, TRUST);
    scenes.add("both", &desk, &format!("{TRUST} --extra-ca other/ca.crt"));
    let desk = project(
        "services:\n  api:\n    image: registry.invalid/api\n    configs:\n      - source: ca\n        \
         target: /usr/local/share/ca-certificates/custom-ca.crt\n\
         configs: {ca: {file: other/ca.crt}}\n",
    );
    scenes.add("a Compose file at its path", &desk, TRUST);
    let desk = at("./certs", "/usr/local/share/ca-certificates");
    scenes.add("a directory above the CA", &desk, TRUST);
    scenes.add("a volume above the CA", &at("cas", "/usr/local/share"), TRUST);
    scenes.add("a directory above the bundle", &at("./certs", "/run"), TRUST);
    scenes.add("a directory at the path of the bundle", &at("./certs", "/run/trust-init"), TRUST);
    scenes.add("a directory above it under another name", &at("./certs", "/var/run"), TRUST);
    let other_name = at("./certs", "/var/run/trust-init");
    scenes.add("a directory at its path under another name", &other_name, TRUST);
}

fn proxies(scenes: &mut Scenes) {
    scenes.add("no proxy", &project(BACK_END), SERVE);
    let two = "services:\n  a:\n    image: caddy\n  b:\n    image: lab/my-caddy:1\n";
    scenes.add("two proxies", &project(two), SERVE);
    scenes.add("no Caddyfile", &project("services:\n  web:\n    image: caddy\n"), SERVE);
    scenes.add("a missing Caddyfile", &project(CADDY), SERVE);
    let site = |line: &str| caddy(&format!("reflector.local {{\n{line}\n}}\n"));
    scenes.add("a Caddyfile without the import", &site("respond ok"), SERVE);
    let comment = "# import /run/trust-init/tls/*.caddy";
    scenes.add("an import in a comment", &site(comment), SERVE);
    let other = "import /run/trust-init/tls/tls.caddy";
    scenes.add("an import that fails without the overlay", &site(other), SERVE);
    let import = "\timport /run/trust-init/tls/*.caddy";
    let above = CADDY.replace(
        "Caddyfile:/etc/caddy/Caddyfile:ro\"",
        "Caddyfile:/etc/caddy/Caddyfile\", \"keys:/run/trust-init/tls\"",
    );
    let desk = site(import);
    desk.write("docker-compose.yml", above);
    scenes.add("a mount at the path of the certificate", &desk, SERVE);
    desk.write("docker-compose.yml", format!("{CADDY}    user: \"1000:2000\"\n"));
    scenes.add("a key that the proxy cannot read", &desk, SERVE);
    // The printed fix works.
    chown(desk.path("certs/server-key.pem"), None, Some(2000)).unwrap();
    desk.chmod("certs/server-key.pem", 0o640);
    run(&desk, &format!("{SERVE} --dry-run"), &[]).succeeds();
    desk.chmod("certs/server-key.pem", 0o600);
    let bare = format!("{CADDY}    user: root\n    cap_drop: [ALL]\n");
    desk.write("docker-compose.yml", bare);
    chown(desk.path("certs/server-key.pem"), Some(1234), Some(1234)).unwrap();
    scenes.add("a key that root without capabilities cannot read", &desk, SERVE);
    chown(desk.path("certs/server-key.pem"), Some(0), Some(0)).unwrap();
    let given =
        format!("{CADDY}    user: root\n    cap_drop: [ALL]\n    cap_add: [dac_override]\n");
    desk.write("docker-compose.yml", given);
    run(&desk, &format!("{SERVE} --dry-run"), &[]).succeeds();
    scenes.add("a key that the proxy can read", &desk, SERVE);
    let desk = project("services:\n  api:\n    build: .\n  edge:\n    image: nginx\n");
    let words = "setup --custom-ca certs --domain reflector.local --tls edge --dry-run";
    scenes.add("another proxy", &desk, words);
    scenes.add("a certificate that no proxy serves", &desk, "setup --custom-ca certs --dry-run");
    let words = "setup --custom-ca certs --domain reflector.local --dry-run";
    scenes.add("a domain that no proxy serves", &desk, words);
}

fn surprises(scenes: &mut Scenes) {
    let desk = project("services:\n  db:\n    image: postgres\n");
    scenes.add("no service to trust", &desk, TRUST);
    for variables in [
        "NODE_TLS_REJECT_UNAUTHORIZED: \"0\"",
        "SSL_CERT_FILE: \"\"",
        "CA_CERT_PATH: /app/ca.crt",
        "TRUST_INIT_CA: /app/ca.crt",
        "TRUST_INIT_JAVA: no",
    ] {
        scenes.add("a variable", &api(&format!("environment: {{{variables}}}")), TRUST);
    }
    let addresses = "environment: {A: \"https://192.168.1.100:8000\", B: \"https://192.168.1.101/v1\", \
                     C: \"wss://[fd00::1]:7880\", D: \"http://10.0.0.1\", E: \"https://10.example\"}";
    let desk = api(addresses);
    let words = "setup --custom-ca certs --dry-run";
    scenes.add("addresses that the certificate lacks", &desk, words);
    desk.remove("certs/ca.key");
    scenes.add("the same of another issuer", &desk, words);
    let mounted = |source: &str| {
        let environment = "environment: {SSL_CERT_FILE: /pins/ca.crt}";
        api(&format!("{environment}\n    volumes: [\"{source}:/pins\"]"))
    };
    let desk = mounted("./pins");
    desk.directory("pins", 0o755);
    scenes.add("a missing pinned file", &desk, TRUST);
    desk.write("pins/ca.crt", "hello");
    scenes.add("a pinned file without certificates", &desk, TRUST);
    scenes.add("a pinned file in a volume", &mounted("pins"), TRUST);
    let desk = project(BACK_END);
    let list = [("COMPOSE_FILE", "docker-compose.yml")];
    scenes.add_with("a shell that overrides .env", &desk, &format!("{TRUST} --activate"), &list);
    let named = [("COMPOSE_FILE", "docker-compose.yml:docker-compose.ca.yml")];
    scenes.add_with("a shell with the overlay", &desk, &format!("{TRUST} --activate"), &named);
    scenes.add("--up without docker", &desk, &format!("{TRUST} --up"));
}

fn disk(scenes: &mut Scenes) {
    let desk = project(BACK_END);
    desk.write("docker-compose.ca.yml", "services: {}\n");
    scenes.add("a foreign overlay", &desk, TRUST);
    scenes.add("a foreign overlay is kept", &desk, "remove");
    let desk = project(BACK_END);
    desk.write(".trust", "");
    scenes.add("a file at the path of the directory", &desk, TRUST);
    let desk = project(BACK_END);
    desk.write(".env", "COMPOSE_PATH_SEPARATOR=-\n");
    scenes.add("a separator in a name", &desk, &format!("{TRUST} --activate"));
    scenes.add(
        "what would be written",
        &project(BACK_END),
        &format!("{TRUST} --activate --dry-run"),
    );
    let desk = project(BACK_END);
    scenes.add("what is written", &desk, &format!("{TRUST} --activate"));
    scenes.add("the same again", &desk, TRUST);
    scenes.add("other options", &desk, &format!("{TRUST} --service api=leave --service db=trust"));
}

fn check(scenes: &mut Scenes) {
    let word = "setup --check";
    scenes.add("nothing to check", &project(BACK_END), word);
    let desk = standing();
    scenes.add("in step", &desk, word);
    desk.write("docker-compose.yml", BACK_END.replace("db:", "cache:"));
    scenes.add("a service that is left has another name", &desk, word);
    desk.write("docker-compose.yml", BACK_END.replace("api:", "worker:"));
    scenes.add("a compose file was changed", &desk, word);
    let desk = standing();
    desk.certs(&["b.lab", "--force", "--ca-name", "Other"]).succeeds();
    scenes.add("the CA was changed", &desk, word);
    desk.remove("certs/ca.crt");
    scenes.add("the CA is missing", &desk, word);
    let desk = standing();
    let name = desk.overlaid("ca-bundle");
    desk.write(&name, "");
    scenes.add("a file was changed", &desk, word);
    desk.remove(&name);
    scenes.add("a file is missing", &desk, word);
    desk.remove("docker-compose.ca.yml");
    scenes.add("the overlay is missing", &desk, word);
    let desk = standing();
    let overlay = desk.read("docker-compose.ca.yml").replace("# Generated", "# Made");
    desk.write("docker-compose.ca.yml", overlay);
    scenes.add("the options are missing", &desk, word);
    let desk = project(BACK_END);
    run(&desk, &format!("{TRUST} --activate"), &[]).succeeds();
    desk.write("docker-compose.override.yml", "services: {}\n");
    scenes.add("a compose file was added", &desk, word);
    let desk = project(BACK_END);
    scenes.add("never set up", &desk, &format!("{TRUST} --check"));
}

fn taking_away(scenes: &mut Scenes) {
    let desk = project(BACK_END);
    scenes.add("nothing to remove", &desk, "remove");
    scenes.add("nothing to remove, by setup", &desk, "setup");
    let desk = standing();
    scenes.add("what would be removed", &desk, "remove --dry-run");
    scenes.add("what would be removed, by setup", &desk, "setup --dry-run");
    scenes.add("what is removed", &desk, "remove");
    scenes.add("what is removed, by setup", &standing(), "setup");
    let desk = standing();
    desk.write(&desk.overlaid("ca-bundle"), "mine now").write(".trust/notes", "");
    scenes.add("files of the user are kept", &desk, "remove");
    let list = [("COMPOSE_FILE", "docker-compose.yml:docker-compose.ca.yml")];
    scenes.add_with("a shell that still lists the overlay", &standing(), "remove", &list);
    let desk = standing();
    desk.write(".env", "COMPOSE_FILE=docker-compose.yml:docker-compose.ca.yml\n");
    scenes.add("an .env of the user that still lists the overlay", &desk, "setup");
    scenes.add("--up without a CA", &standing(), "setup --up");
}

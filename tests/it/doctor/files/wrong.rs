//! Every fault that trust-compose doctor --files-only finds in a project's files: each test breaks a
//! healthy project in one way, compares the finding with a snapshot, and runs the printed fix.

use std::fs;

use crate::desk::Desk;
use crate::doctor::files::{PROGRAMS, findings, healthy, problems, run_shell, set_up};
use crate::setup::flags::{back_end, has, project};
use crate::support::sign::sign;
use crate::world::{gallery, is_snapshot};

/// Replaces what differs between runs: days, and digests in names.
fn undated(text: &str) -> String {
    let mut undated = String::new();
    let mut rest = text;
    let is_day = |word: &str| {
        word.char_indices()
            .all(|(at, c)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() })
    };
    while let Some(first) = rest.chars().next() {
        let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
        let (shown, length) = match rest.get(..10) {
            Some(word) if is_day(word) => ("DAY", 10),
            _ if digits == 16 => ("DIGEST", 16),
            _ => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        undated += shown;
        rest = &rest[length..];
    }
    undated
}

/// The text of a snapshot, to which each scene is appended.
#[derive(Default)]
struct Scenes(String);

impl Scenes {
    /// Asserts that exactly this finding is reported and that its fix, if it is a command, works.
    #[track_caller]
    fn check(&mut self, scene: &str, desk: &Desk, finding: &str) {
        self.check_command(scene, desk, "trust-compose doctor --files-only", finding);
    }

    #[track_caller]
    fn check_command(&mut self, scene: &str, desk: &Desk, command: &str, finding: &str) {
        let ill = problems(&findings(desk, &format!("{command} --json")));
        let [found] = ill.as_slice() else { panic!("{scene}: {ill:#?}") };
        let word = |key: &str| found[key].as_str().unwrap().to_owned();
        let (sign, fix) = (word("sign"), word("fix"));
        assert_eq!(format!("{sign} {}", word("id")), finding, "{scene}: {found:#}");
        let here = desk.path("").display().to_string();
        let text = format!("{sign} {}: {}\n", word("thing"), word("cause"));
        let fixes: String = fix.lines().map(|line| format!("fix: {line}\n")).collect();
        let text = undated(&(text + &fixes).replace(here.trim_end_matches('/'), "HERE"));
        self.0 += &format!("# {scene}\n{text}\n");
        let first = fix.split(' ').next().unwrap();
        if PROGRAMS.contains(&first) || ["echo", "unset"].contains(&first) {
            run_shell(desk, &fix).succeeds();
            let left = self::problems(&findings(desk, "trust-compose doctor --files-only --json"));
            assert!(left.is_empty(), "{scene}: not fixed by {fix}: {left:#?}");
        }
    }
}

#[test]
fn every_fault_has_one_finding_and_a_fix_that_works() {
    let mut scenes = Scenes::default();
    authorities(&mut scenes);
    servers(&mut scenes);
    keys(&mut scenes);
    overlays(&mut scenes);
    lists(&mut scenes);
    is_snapshot(&scenes.0, "doctor/files.txt");
}

fn authorities(scenes: &mut Scenes) {
    let certs = || healthy("--custom-ca certs");
    let desk = certs();
    desk.remove("certs/ca.crt");
    scenes.check("ca.crt is missing", &desk, "error ca-missing");
    desk.directory("certs/ca.crt", 0o755);
    scenes.check("ca.crt is a directory", &desk, "error certificate-unreadable");

    // A CA that trust-compose did not create, in a file of its own.
    let one = |name: &str| {
        let desk = back_end();
        fs::copy(desk.path("certs/ca.crt"), desk.path("one.crt")).unwrap();
        let desk = set_up(desk, "--custom-ca one.crt");
        fs::copy(gallery(name), desk.path("one.crt")).unwrap();
        desk
    };
    let desk = one("ca-ec.crt");
    desk.remove("one.crt");
    scenes.check("a CA file is missing", &desk, "error certificate-missing");
    scenes.check("a CA file is truncated", &one("truncated.crt"), "error ca-unusable");
    scenes.check("a key in a CA file", &one("ca-then-key-ec.pem"), "error ca-holds-key");
    let desk = one("ca-ec.crt");
    desk.write("one.crt", desk.read("certs/server.pem"));
    scenes.check("a server's certificate", &desk, "error ca-is-server-certificate");
    for (scene, name, finding) in [
        ("an expired CA", "ca-expired.crt", "error ca-expired"),
        ("a CA that is not valid yet", "ca-not-yet-valid.crt", "error ca-not-yet-valid"),
        ("a CA without key usage", "ca-no-key-usage.crt", "warning ca-not-strict"),
        (
            "a CA with a negative serial number",
            "ca-negative-serial.crt",
            "warning ca-negative-serial",
        ),
        ("a CA with a short key", "ca-rsa-1024.crt", "warning ca-short-key"),
        ("a CA of version 1", "v1-root.crt", "warning ca-version-1"),
        ("an intermediate", "intermediate.crt", "warning ca-without-its-root"),
        ("a self-signed leaf", "self-signed-leaf.crt", "warning ca-is-self-signed-leaf"),
    ] {
        let desk = set_up(one(name), "--custom-ca one.crt");
        scenes.check(scene, &desk, finding);
    }

    // A CA of trust-compose, which it can replace.
    let own = |from, to| {
        let desk = back_end();
        desk.authority("certs", from, to);
        desk.sign("certs", &["reflector.local"], -1, 300);
        set_up(desk, "--custom-ca certs")
    };
    scenes.check("our own CA expired", &own(-300, -2), "error ca-expired");
    scenes.check("our own CA expires soon", &own(-300, 12), "warning ca-expires-soon");
    let desk = back_end();
    desk.remove("certs/server.pem").remove("certs/server-key.pem").authority("certs", -300, 12);
    let desk = set_up(desk, "--custom-ca certs");
    scenes.check("the CA has signed no certificate", &desk, "warning ca-expires-soon");
    let desk = certs();
    desk.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out certs/ca.key");
    scenes.check("another CA's key", &desk, "warning ca-key-mismatch");
}

fn servers(scenes: &mut Scenes) {
    let certs = || healthy("--custom-ca certs");
    let signed = |from, to| {
        let desk = certs();
        desk.sign("certs", &["reflector.local"], from, to);
        desk
    };
    scenes.check("a server certificate has expired", &signed(-40, -2), "error server-expired");
    scenes.check("it is not valid yet", &signed(2, 40), "error server-not-yet-valid");
    scenes.check("it expires soon", &signed(-300, 12), "warning server-expires-soon");
    // Not due yet: `certs --renew` does nothing.
    scenes.check("a short one is new", &signed(-1, 19), "warning server-expires-soon");
    let desk = signed(-300, 12);
    assert!(
        problems(&findings(&desk, "trust-compose doctor --files-only --json --days 10")).is_empty()
    );
    let desk = certs();
    desk.openssl(
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out certs/server-key.pem",
    );
    scenes.check("its key belongs to another certificate", &desk, "error server-key-mismatch");
    let desk = certs();
    desk.openssl("pkey -in certs/server-key.pem -aes128 -passout pass:hunter2 -out key.pem");
    desk.rename("key.pem", "certs/server-key.pem");
    scenes.check("its key has a password", &desk, "error server-key-unusable");
    let desk = certs();
    desk.remove("certs/server-key.pem");
    scenes.check("its key is missing", &desk, "error server-incomplete");
    let desk = certs();
    desk.write("certs/server.pem", "");
    scenes.check("it is empty", &desk, "error server-unusable");
    let desk = certs();
    desk.write("certs/server.pem", desk.read("certs/ca.crt") + &desk.read("certs/server.pem"));
    scenes.check("the CA comes before it", &desk, "error server-chain-order");
    let desk = certs();
    desk.certs(&["b.lab", "--out", "other", "--ca-name", "Other"]).succeeds();
    sign(&desk.path("other"), &desk.path("certs"), &["reflector.local"], (-1, 300));
    scenes.check("another CA signed it", &desk, "error server-not-below-ca");
    let desk = project("services:\n  api:\n    build: .\n  edge:\n    image: nginx\n");
    let desk = set_up(desk, "--custom-ca certs --domain reflector.local --tls edge");
    sign(&desk.path("certs"), &desk.path("certs"), &["gpu.local"], (-1, 300));
    scenes.check("it has another name", &desk, "error server-name-missing");
}

fn keys(scenes: &mut Scenes) {
    let certs = || healthy("--custom-ca certs");
    let desk = certs();
    desk.chmod("certs", 0o777);
    scenes.check("certs is world-writable", &desk, "error certs-open-to-all");
    let desk = certs();
    desk.own("certs", 1001);
    scenes.check("certs belongs to another user", &desk, "error certs-open-to-all");
    let desk = certs();
    desk.chmod("certs/ca.key", 0o640);
    scenes.check("the CA's key is readable for others", &desk, "error key-open");
    let desk = certs();
    desk.chmod("certs/server-key.pem", 0o644);
    scenes.check("the server's key is readable for others", &desk, "error key-open");
    // Readable for the group of the proxy that serves the certificate.
    desk.chmod("certs/server-key.pem", 0o640);
    assert!(problems(&findings(&desk, "trust-compose doctor --files-only --json")).is_empty());

    let with_git = || {
        let desk = certs();
        run_shell(&desk, "git init -q . && trust-compose setup --custom-ca certs").succeeds();
        desk.remove("certs/server.pem").remove("certs/server-key.pem");
        desk
    };
    let desk = with_git();
    desk.remove("certs/.gitignore");
    scenes.check("git does not ignore the key", &desk, "warning key-not-ignored");
    let desk = with_git();
    run_shell(&desk, "git add -f certs/ca.key").succeeds();
    scenes.check("git tracks the key", &desk, "error key-in-git");
}

fn overlays(scenes: &mut Scenes) {
    let certs = || healthy("--custom-ca certs");
    let overlay = "docker-compose.ca.yml";
    let desk = back_end();
    desk.write(overlay, "services: {}\n");
    scenes.check("an overlay of the user", &desk, "warning overlay-not-ours");
    let desk = certs();
    desk.write(overlay, "services: {}\n");
    scenes.check("an overlay of the user in place of ours", &desk, "warning overlay-not-ours");
    let desk = certs();
    desk.remove(overlay);
    scenes.check("the overlay is missing", &desk, "error overlay-missing");
    let desk = certs();
    desk.write(overlay, desk.read(overlay).replace("--custom-ca", "--custom-cert"));
    scenes.check("its options are missing", &desk, "error overlay-words-lost");
    desk.write(".env", "# trust-compose: end\n");
    scenes.check("the block in .env is damaged", &desk, "error overlay-unreadable");
    desk.remove(".env");
    let desk = certs();
    desk.certs(&["reflector.local", "--force", "--ca-name", "Other"]).succeeds();
    scenes.check("the CA was replaced", &desk, "error overlay-other-ca");
    let desk = certs();
    desk.write("docker-compose.yml", "services:\n  worker:\n    build: .\n");
    scenes.check("a service has another name", &desk, "error overlay-older");
    let desk = certs();
    desk.remove(&desk.overlaid("ca-bundle"));
    scenes.check("a bundle is missing", &desk, "error trust-missing");
    let desk = certs();
    desk.write(&desk.overlaid("custom-ca"), "");
    scenes.check("a file was changed", &desk, "error trust-changed");
    let desk = certs();
    desk.chmod(&desk.overlaid("ca-bundle"), 0o600);
    scenes.check("a bundle is unreadable", &desk, "error trust-mode");
    let desk = certs();
    desk.write(".trust/mine.txt", "");
    scenes.check("a file of the user", &desk, "warning trust-foreign");
    let desk = certs();
    run_shell(&desk, "git init -q . && trust-compose setup --custom-ca certs").succeeds();
    desk.remove(".gitignore");
    scenes.check("git does not ignore the overlay", &desk, "warning gitignore-without-overlay");
    let desk = certs();
    desk.write("docker-compose.yml", "services:\n  api: [\n");
    scenes.check("a compose file is broken", &desk, "error project-unreadable");
    let desk = certs();
    let mount = "./x:/usr/local/share/ca-certificates:ro";
    let compose = format!("services:\n  api:\n    build: .\n    volumes: [\"{mount}\"]\n");
    desk.write("docker-compose.yml", compose).directory("x", 0o755);
    scenes.check("a conflicting mount", &desk, "error setup-refused");
    let compose = "services:\n  api:\n    build: .\n    environment:\n      LLM_URL: \
                   https://10.0.0.7/hunter2\n";
    let desk = set_up(project(compose), "--custom-ca certs");
    scenes.check("an address that no certificate has", &desk, "warning setup-warns");
}

fn lists(scenes: &mut Scenes) {
    let active = || healthy("--custom-ca certs --activate");
    let overlay = "docker-compose.ca.yml";
    let desk = active();
    desk.write("docker-compose.override.yml", "services: {}\n");
    scenes.check("a compose file was added", &desk, "error compose-file-older");
    let desk = active();
    desk.remove(overlay);
    scenes.check("the list names a missing file", &desk, "error compose-file-dangling");
    let desk = back_end();
    desk.write(".env", format!("TOKEN=hunter2\nCOMPOSE_FILE=docker-compose.yml:{overlay}\n"));
    scenes.check("a list of the user names a missing file", &desk, "error compose-file-dangling");
    let desk = active();
    let command = "COMPOSE_FILE=docker-compose.yml trust-compose doctor --files-only";
    scenes.check_command(
        "the shell has another list",
        &desk,
        command,
        "warning compose-file-in-shell",
    );
    let desk = back_end();
    let command =
        format!("COMPOSE_FILE=docker-compose.yml:{overlay} trust-compose doctor --files-only");
    scenes.check_command(
        "the shell names a missing file",
        &desk,
        &command,
        "error compose-file-dangling",
    );
    let desk = healthy("--custom-ca certs");
    let command = format!("{command} --json");
    let found = findings(&desk, &command);
    has(found[4]["cause"].as_str().unwrap(), "by COMPOSE_FILE in the shell");
}

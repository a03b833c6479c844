//! Every message of trust-compose certs, as a snapshot: tests/snapshots/certs/messages.txt. After a change
//! of a message, run with UPDATE_SNAPSHOT=1 and read the diff.

use crate::desk::Desk;
use crate::fixes::run_fixes;
use crate::world::{Outcome, gallery, is_snapshot};

/// Runs `words` in an empty directory.
fn run(words: &[&str]) -> Outcome {
    Desk::new().run(words)
}

/// Runs `words` in a directory with certificates for a.lab, after `prepare`.
fn prepared(prepare: impl Fn(&Desk), words: &[&str]) -> Outcome {
    let desk = Desk::with(&["a.lab"]);
    prepare(&desk);
    let is_there = desk.has("certs").then(|| desk.state("certs"));
    let outcome = desk.run(words);
    // Whatever the obstacle was, no file has changed.
    assert_eq!(desk.has("certs").then(|| desk.state("certs")), is_there, "{}", outcome.stderr());
    run_fixes(&desk, &outcome.stderr(), || desk.run(words).stderr());
    outcome
}

fn create_key(desk: &Desk, command: &str) {
    desk.openssl(command);
    desk.rename("new.key", "certs/ca.key");
}

fn scenes() -> Vec<(String, Outcome)> {
    let again = ["certs", "a.lab"];
    let mut scenes: Vec<(&str, Outcome)> = vec![
        ("a typing error", run(&["cert", "a.lab"])),
        ("an unknown option", run(&["certs", "--reniew"])),
        ("an invalid value", run(&["certs", "a.lab", "--key-type", "p521"])),
        ("two conflicting options", run(&["certs", "a.lab", "--ca", "x", "--force"])),
        ("an invalid number", run(&["certs", "a.lab", "--days", "year"])),
        ("no file", run(&["inspect"])),
        ("no name", run(&["certs"])),
        ("too many days", run(&["certs", "a.lab", "--days", "826"])),
        ("no days", run(&["certs", "a.lab", "--days", "0"])),
        ("a CA without a name", run(&["certs", "a.lab", "--ca-name", " "])),
        ("a CA with a line end", run(&["certs", "a.lab", "--ca-name", "a\nb"])),
        ("renewal without a CA", run(&["certs", "--renew"])),
        ("a missing CA of another directory", run(&["certs", "a.lab", "--ca", "x"])),
        ("a directory below a missing one", run(&["certs", "a.lab", "--out", "x/y/z"])),
        ("an underscore", run(&["certs", "my_service", "--ca-name", "x"])),
        (
            "a file at the path of the directory",
            prepared(|desk| _ = desk.write("x", ""), &["certs", "a.lab", "--out", "x"]),
        ),
        (
            "a world-writable directory",
            prepared(|desk| _ = desk.directory("x", 0o777), &["certs", "a.lab", "--out", "x"]),
        ),
        ("names would be lost", prepared(|_| (), &["certs", "b.lab", "*.lab.local"])),
        ("no key of the CA", prepared(|desk| _ = desk.remove("certs/ca.key"), &again)),
        ("no certificate of the CA", prepared(|desk| _ = desk.remove("certs/ca.crt"), &again)),
        ("no key of the server", prepared(|desk| _ = desk.remove("certs/server-key.pem"), &again)),
        (
            "no certificate of the server",
            prepared(|desk| _ = desk.remove("certs/server.pem"), &again),
        ),
        (
            "the server's key as the CA's key",
            prepared(|desk| _ = desk.rename("certs/server-key.pem", "certs/ca.key"), &again),
        ),
        (
            "another server's key",
            prepared(|desk| key_of_another(desk, "certs/server-key.pem"), &again),
        ),
        (
            "a server certificate without a CA",
            prepared(|desk| _ = desk.remove("certs/ca.crt").remove("certs/ca.key"), &again),
        ),
        (
            "a server certificate as the CA",
            prepared(
                |desk| {
                    desk.rename("certs/server.pem", "certs/ca.crt");
                    desk.rename("certs/server-key.pem", "certs/ca.key");
                },
                &again,
            ),
        ),
        ("an expired CA", prepared(|desk| desk.authority("certs", -400, -40), &again)),
        ("a CA that is not valid yet", prepared(|desk| desk.authority("certs", 2, 40), &again)),
        (
            "an encrypted key",
            prepared(
                |desk| create_key(desk, "genpkey -algorithm RSA -aes256 -pass pass:x -out new.key"),
                &again,
            ),
        ),
        (
            "an encrypted key in the traditional format",
            prepared(
                |desk| {
                    create_key(
                        desk,
                        "genrsa -traditional -aes128 -passout pass:x -out new.key 2048",
                    )
                },
                &again,
            ),
        ),
        (
            "a traditional key",
            prepared(
                |desk| create_key(desk, "ecparam -name prime256v1 -genkey -out new.key"),
                &again,
            ),
        ),
        (
            "an unsupported curve",
            prepared(
                |desk| {
                    create_key(
                        desk,
                        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out new.key",
                    )
                },
                &again,
            ),
        ),
        (
            "an OpenSSH key",
            prepared(
                |desk| {
                    let key = std::fs::read(gallery("key-openssh.pem")).unwrap();
                    desk.write("certs/ca.key", key).chmod("certs/ca.key", 0o600);
                },
                &again,
            ),
        ),
        ("no key at all", prepared(|desk| _ = desk.write("certs/ca.key", "hello"), &again)),
        ("an empty CA", prepared(|desk| _ = desk.write("certs/ca.crt", ""), &again)),
        (
            "a key as the CA",
            prepared(|desk| _ = desk.write("certs/ca.crt", desk.read("certs/ca.key")), &again),
        ),
        (
            "a broken server's certificate",
            prepared(
                |desk| _ = desk.write("certs/server.pem", "-----BEGIN CERTIFICATE-----\n"),
                &again,
            ),
        ),
        (
            "a directory at the path of a file",
            prepared(
                |desk| _ = desk.remove("certs/ca.crt").directory("certs/ca.crt", 0o755),
                &again,
            ),
        ),
        ("a CA that is not constrained", prepared(|_| (), &["certs", "a.lab", "--constrain"])),
        ("a CA of another name", prepared(|_| (), &["certs", "a.lab", "--ca-name", "Other"])),
        (
            "a CA of its own",
            prepared(
                |desk| _ = Desk::certs(desk, &["b.lab", "--out", "b"]).succeeds(),
                &["certs", "a.lab", "--out", "certs", "--ca", "b"],
            ),
        ),
        (
            "a CA for other names only",
            prepared(
                |desk| {
                    _ = desk
                        .certs(&["b.lab", "--force", "--constrain", "--ca-name", "B"])
                        .succeeds()
                },
                &["certs", "b.lab", "c.lab"],
            ),
        ),
        (
            "a CA that expires soon",
            prepared(
                |desk| {
                    desk.authority("certs", -10, 20);
                    desk.sign("certs", &["a.lab", "localhost", "127.0.0.1", "::1"], -1, 20);
                },
                &["certs", "--renew"],
            ),
        ),
        ("a failing command of --then", {
            let desk = Desk::with(&["a.lab"]);
            desk.sign("certs", &["a.lab"], -300, 20);
            desk.certs(&["--renew", "--then", "exit 7"])
        }),
        ("force without names", run(&["certs", "--force"])),
        (
            "a key that others may read",
            prepared(|desk| _ = desk.chmod("certs/ca.key", 0o644), &again),
        ),
        (
            "a CA that strict clients refuse",
            prepared(
                |desk| {
                    desk.remove("certs/server.pem").remove("certs/server-key.pem");
                    desk.openssl(
                        "req -x509 -newkey rsa:2048 -nodes -keyout certs/ca.key -out certs/ca.crt \
                         -subj /CN=Old -days 900",
                    );
                },
                &["certs", "a.lab", "--dry-run"],
            ),
        ),
        ("among other files", {
            let desk = Desk::new();
            desk.write("compose.yml", "");
            let outcome = desk.certs(&["a.lab", "--out", ".", "--ca-name", "x"]);
            assert!(!desk.has(".gitignore") && desk.has("./ca.key"));
            outcome
        }),
    ];
    for name in [
        "",
        "https://gpu.local/",
        "gpu.local:8443",
        "10.0.0.0/8",
        "email:me@lab",
        "me@lab",
        "a.*.lab",
        "*",
        "*.lab",
        "IP:gpu.local",
        "192.168.1",
        "192.168.1.300",
        "fe80::1%eth0",
        "0.0.0.0",
        "a..b",
        "a-.lab",
        "two words",
        "gpu.local/path",
        &"a".repeat(64),
        "xn--a",
    ] {
        scenes.push(("a name", run(&["certs", name])));
    }
    scenes.into_iter().map(|(scene, outcome)| (scene.to_owned(), outcome)).collect()
}

fn key_of_another(desk: &Desk, path: &str) {
    desk.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new.key");
    desk.rename("new.key", path);
}

/// Replaces each day by DAY, so that the text is the same tomorrow.
fn undated(text: &str) -> String {
    let is_day =
        |word: &str| word.len() == 10 && word.starts_with("20") && word.matches('-').count() == 2;
    let words = text.split(' ').map(|word| match word.split_once('\n') {
        Some((day, rest)) if is_day(day) => format!("DAY\n{rest}"),
        _ if is_day(word) => "DAY".to_owned(),
        _ if word.strip_suffix(',').is_some_and(is_day) => "DAY,".to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_matches_the_snapshot() {
    let mut text = String::new();
    for (scene, outcome) in scenes() {
        let (code, stderr) = (outcome.0.status.code().unwrap(), undated(&outcome.stderr()));
        text.push_str(&format!("# {scene} (exit {code})\n{stderr}\n"));
        let lines: Vec<_> = stderr.lines().collect();
        assert!(!lines.is_empty(), "{scene}: no output");
        let is_fix = |line: &&str| line.starts_with("trust-compose: fix: ");
        assert!(lines.iter().all(|line| line.starts_with("trust-compose: ")), "{scene}: {stderr}");
        assert!(!lines.first().is_some_and(is_fix), "{scene}: {stderr}");
        let is_followed = |pair: &[&str]| is_fix(&pair[0]) || is_fix(&pair[1]);
        assert!(lines.windows(2).all(is_followed), "{scene}: {stderr}");
        assert!(lines.last().is_some_and(is_fix), "{scene}: {stderr}");
        // 3: the CA ends, which is a warning.
        assert!(
            matches!(code, 0 | 3) || lines.iter().any(|line| line.contains(": error: ")),
            "{scene}"
        );
    }
    is_snapshot(&text, "certs/messages.txt");
}

//! trust-compose certs: what it creates, what it keeps, and how other programs judge the result.

use std::process::Command;

use crate::desk::{Desk, trust_compose};
use crate::world::{count, tool};

#[test]
fn certificates_pass_the_strictest_client() {
    let desk = Desk::new();
    let outcome = desk.certs(&["reflector.local", "IP:192.168.1.100", "DNS:gpu.local"]).succeeds();
    desk.verifies("certs/ca.crt", "certs/server.pem");

    let ca = desk.text("certs/ca.crt");
    assert!(ca.contains("X509v3 Basic Constraints: critical CA:TRUE, pathlen:0"), "{ca}");
    assert!(ca.contains("X509v3 Key Usage: critical Certificate Sign, CRL Sign"), "{ca}");
    assert!(ca.contains("X509v3 Subject Key Identifier:"), "{ca}");
    assert!(ca.contains("X509v3 Authority Key Identifier:"), "{ca}");
    assert!(ca.contains("Subject: CN = reflector.local CA 2"), "{ca}");
    assert!(!ca.contains("Serial Number: -") && !ca.contains("(Negative)"), "{ca}");
    assert!(!ca.contains("Name Constraints"), "{ca}");

    let server = desk.text("certs/server.pem");
    assert!(server.contains("X509v3 Basic Constraints: critical CA:FALSE"), "{server}");
    assert!(server.contains("X509v3 Key Usage: critical Digital Signature X509v3"), "{server}");
    assert!(
        server.contains("Extended Key Usage: TLS Web Server Authentication X509v3"),
        "{server}"
    );
    assert!(server.contains("X509v3 Subject Key Identifier:"), "{server}");
    assert!(server.contains("X509v3 Authority Key Identifier:"), "{server}");
    assert!(server.contains("NIST CURVE: P-256"), "{server}");
    assert!(
        server.contains(
            "DNS:reflector.local, IP Address:192.168.1.100, DNS:gpu.local, DNS:localhost, \
             IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1 X509v3"
        ),
        "{server}"
    );

    for file in ["certs/ca.crt", "certs/server.pem"] {
        let print = desk.openssl(&format!("x509 -noout -fingerprint -sha256 -in {file}"));
        let print = print.trim().split('=').nth(1).unwrap().replace(':', "").to_lowercase();
        assert!(outcome.stdout().contains(&print), "{}", outcome.stdout());
    }
    for words in ["security add-trusted-cert", "update-ca-certificates", "update-ca-trust"] {
        assert!(outcome.stdout().contains(words), "{words}");
    }
    for words in ["certutil", "Firefox", "next: renew from cron", "custom-ca.crt"] {
        assert!(outcome.stdout().contains(words), "{words}");
    }
    outcome.stays_silent();
}

#[test]
fn validity_is_as_requested() {
    let desk = Desk::new();
    desk.certs(&["a.lab", "--days", "825"]).succeeds();
    let seconds = |file: &str, which: &str| {
        let date = desk.openssl(&format!("x509 -noout -in {file} -{which}"));
        let date = date.trim().split('=').nth(1).unwrap();
        let output = Command::new("date").args(["-d", date, "+%s"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<i64>().unwrap()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    for (file, days) in [("certs/ca.crt", 3650), ("certs/server.pem", 825)] {
        let (from, to) = (seconds(file, "startdate"), seconds(file, "enddate"));
        assert!((3600..3660).contains(&(now - from)), "{file}: {}", now - from);
        // The last second is part of the validity, so the difference is one second less than 825 days.
        assert_eq!(to + 1 - from, days * 86_400, "{file}");
    }
}

#[test]
fn file_modes_do_not_depend_on_the_umask() {
    for umask in ["000", "022", "077", "777"] {
        let desk = Desk::new();
        let run = desk.command(&trust_compose(), &["certs", "a.lab"], umask).output().unwrap();
        assert!(run.status.success(), "{umask}");
        assert_eq!(desk.mode("certs"), 0o700, "{umask}");
        for (file, mode) in [("ca.key", 0o600), ("server-key.pem", 0o600)] {
            assert_eq!(desk.mode(&format!("certs/{file}")), mode, "{umask} {file}");
        }
        for file in ["ca.crt", "server.pem", ".gitignore"] {
            assert_eq!(desk.mode(&format!("certs/{file}")), 0o644, "{umask} {file}");
        }
        assert_eq!(desk.read("certs/.gitignore"), "*\n");
    }
}

#[test]
fn keys_are_created_with_mode_0600() {
    let desk = Desk::new();
    let program = trust_compose();
    let words = [
        "-f",
        "-e",
        "trace=openat,mkdirat,mkdir,open",
        program.to_str().unwrap(),
        "certs",
        "a.lab",
    ];
    let run = desk.command(&tool("strace"), &words, "000").output().unwrap();
    let trace = String::from_utf8_lossy(&run.stderr).into_owned();
    let made: Vec<_> =
        trace.lines().filter(|line| line.contains("O_CREAT") || line.contains("mkdir")).collect();
    assert_eq!(made.len(), 7, "{trace}");
    for line in made {
        assert!(line.contains("0600)") || line.contains("0700)"), "{line}");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let desk = Desk::with(&["reflector.local", "10.0.0.1"]);
    let before = desk.state("certs");
    let outcome = desk.certs(&["reflector.local", "10.0.0.1"]).succeeds();
    assert!(outcome.stdout().starts_with("nothing to do: "), "{}", outcome.stdout());
    // Fewer names, another order, another spelling: the set of names is the same.
    desk.certs(&["IP:10.0.0.1", "dns:Reflector.LOCAL."]).succeeds();
    desk.certs(&["localhost", "reflector.local", "10.0.0.1"]).succeeds();
    desk.certs(&["reflector.local", "10.0.0.1", "--renew"]).succeeds().prints("").stays_silent();
    desk.certs(&["--renew"]).succeeds().prints("").stays_silent();
    desk.certs(&["reflector.local", "10.0.0.1", "--key-type", "p256"]).succeeds();
    desk.certs(&["--ca-only"]).succeeds();
    assert_eq!(desk.state("certs"), before);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let desk = Desk::new();
    let outcome = desk.certs(&["a.lab", "--dry-run"]).succeeds();
    assert!(outcome.stdout().contains("would create `certs/ca.crt` and `certs/ca.key`"));
    assert!(
        outcome.stdout().contains("would create `certs/server.pem` and `certs/server-key.pem`")
    );
    assert!(!desk.has("certs"));

    let desk = Desk::with(&["a.lab"]);
    let before = desk.state("certs");
    let outcome = desk.certs(&["a.lab", "b.lab", "--dry-run"]).succeeds();
    assert!(outcome.stdout().contains("the old one did not cover b.lab"), "{}", outcome.stdout());
    let outcome = desk.certs(&["b.lab", "--ca", "certs", "--out", "b", "--dry-run"]).succeeds();
    assert!(outcome.stdout().contains("would copy"), "{}", outcome.stdout());
    assert_eq!(desk.state("certs"), before);
    assert!(!desk.has("b"));
}

#[test]
fn an_additional_name_replaces_only_the_server_certificate() {
    let desk = Desk::with(&["a.lab"]);
    let (ca, key) = (desk.read("certs/ca.crt"), desk.read("certs/ca.key"));
    let (server, old) = (desk.read("certs/server.pem"), desk.text("certs/server.pem"));
    let outcome = desk.certs(&["a.lab", "b.lab"]).succeeds();
    assert!(outcome.stdout().contains("(the old one did not cover b.lab)"), "{}", outcome.stdout());
    assert!(outcome.stdout().contains("clients that trust it have nothing to do"));
    assert_eq!((desk.read("certs/ca.crt"), desk.read("certs/ca.key")), (ca, key));
    assert_ne!(desk.read("certs/server.pem"), server);
    let serial = |text: &str| text.split("Serial Number: ").nth(1).unwrap()[..40].to_owned();
    assert_ne!(serial(&old), serial(&desk.text("certs/server.pem")));
    desk.verifies("certs/ca.crt", "certs/server.pem");
}

#[test]
fn an_expiring_certificate_is_renewed_once() {
    let desk = Desk::new();
    // For a short validity, "soon" is its last third: a daily cron job does not renew daily.
    desk.certs(&["a.lab", "--days", "3"]).succeeds();
    let before = desk.state("certs");
    desk.certs(&["--renew", "--days", "3"]).succeeds().prints("");
    desk.certs(&["--renew"]).succeeds().prints("");
    assert_eq!(desk.state("certs"), before);

    // (valid from, to, is renewed)
    for (from, to, is_renewed) in [(-300, 31, false), (-300, 29, true), (-300, -1, true)] {
        desk.sign("certs", &["a.lab", "localhost", "127.0.0.1", "::1"], from, to);
        let outcome = desk.certs(&["--renew"]).succeeds();
        assert_eq!(!outcome.stdout().is_empty(), is_renewed, "{to}: {}", outcome.stdout());
        desk.verifies("certs/ca.crt", "certs/server.pem");
    }
    let before = desk.state("certs");
    desk.certs(&["--renew"]).succeeds().prints("").stays_silent();
    assert_eq!(desk.state("certs"), before);
}

#[test]
fn a_server_certificate_never_outlives_its_ca() {
    let desk = Desk::with(&["a.lab"]);
    desk.authority("certs", -10, 20);
    let outcome = desk.certs(&["a.lab"]).succeeds();
    assert!(outcome.stdout().contains("another CA had signed the old one"), "{}", outcome.stdout());
    outcome.says("the CA `CN=Lab CA` expires on");
    desk.verifies("certs/ca.crt", "certs/server.pem");
    let in_20_days = (20 * 86_400 + 60).to_string();
    let words = ["x509", "-noout", "-checkend", &in_20_days, "-in", "certs/server.pem"];
    let run = desk.command(&tool("openssl"), &words, "022").output().unwrap();
    assert_eq!(run.status.code(), Some(1), "it is still valid when the CA is not");
    // A renewal would not last longer, so cron does not try every day.
    desk.sign("certs", &["a.lab", "localhost", "127.0.0.1", "::1"], -300, 20);
    let before = desk.state("certs");
    desk.certs(&["--renew"]).exits(3).prints("");
    assert_eq!(desk.state("certs"), before);
}

#[test]
fn the_existing_key_type_is_the_default() {
    let desk = Desk::new();
    desk.certs(&["a.lab", "--key-type", "p384"]).succeeds();
    assert!(desk.text("certs/ca.crt").contains("NIST CURVE: P-384"));
    assert!(desk.text("certs/server.pem").contains("NIST CURVE: P-384"));
    desk.verifies("certs/ca.crt", "certs/server.pem");
    // Without --key-type the existing type is used.
    desk.certs(&["a.lab", "b.lab"]).succeeds();
    assert!(desk.text("certs/server.pem").contains("NIST CURVE: P-384"));
    let outcome = desk.certs(&["a.lab", "b.lab", "--key-type", "p256"]).succeeds();
    assert!(outcome.stdout().contains("a key of another type"), "{}", outcome.stdout());
    assert!(desk.text("certs/server.pem").contains("NIST CURVE: P-256"));
    assert!(desk.text("certs/ca.crt").contains("NIST CURVE: P-384"));
    desk.verifies("certs/ca.crt", "certs/server.pem");
}

#[test]
fn another_directory_gets_the_ca_without_its_key() {
    let desk = Desk::with(&["a.lab"]);
    let before = desk.state("certs");
    let outcome = desk.certs(&["gpu.local", "--ca", "certs", "--out", "gpu-certs"]).succeeds();
    assert!(outcome.stdout().contains("copied `gpu-certs/ca.crt`"), "{}", outcome.stdout());
    assert!(!desk.has("gpu-certs/ca.key"));
    assert_eq!(desk.read("gpu-certs/ca.crt"), desk.read("certs/ca.crt"));
    assert_eq!(desk.state("certs"), before);
    assert_eq!((desk.mode("gpu-certs"), desk.mode("gpu-certs/server-key.pem")), (0o700, 0o600));
    desk.verifies("certs/ca.crt", "gpu-certs/server.pem");
    let after = desk.state("gpu-certs");
    desk.certs(&["gpu.local", "--ca", "certs", "--out", "gpu-certs"]).succeeds();
    desk.certs(&["--renew", "--ca", "certs", "--out", "gpu-certs"]).succeeds().prints("");
    assert_eq!(desk.state("gpu-certs"), after);

    // After the CA is replaced, the copy and the certificate are replaced too.
    desk.certs(&["a.lab", "--force", "--ca-name", "Second CA"]).succeeds();
    desk.certs(&["--renew", "--ca", "certs", "--out", "gpu-certs"]).succeeds();
    assert_eq!(desk.read("gpu-certs/ca.crt"), desk.read("certs/ca.crt"));
    desk.verifies("certs/ca.crt", "gpu-certs/server.pem");
}

#[test]
fn only_force_replaces_everything() {
    let desk = Desk::with(&["a.lab", "b.lab"]);
    let old = desk.read("certs/ca.crt");
    // Also if the existing files cannot be used.
    desk.remove("certs/ca.key").write("certs/server-key.pem", "nonsense");
    desk.certs(&["a.lab", "--force"]).succeeds();
    assert_ne!(desk.read("certs/ca.crt"), old);
    desk.verifies("certs/ca.crt", "certs/server.pem");
    assert!(!desk.text("certs/server.pem").contains("b.lab"));
}

#[test]
fn without_a_name_only_a_ca_is_created() {
    let desk = Desk::new();
    desk.certs(&["--ca-only"]).succeeds();
    assert!(desk.text("certs/ca.crt").contains("Subject: CN = Private CA 2"));
    assert!(!desk.has("certs/server.pem") && !desk.has("certs/server-key.pem"));
    desk.certs(&["a.lab"]).succeeds();
    desk.verifies("certs/ca.crt", "certs/server.pem");
    desk.certs(&["--ca-only", "--force"]).succeeds().says("is still signed by the former CA");
    let outcome = desk.certs(&["a.lab"]).succeeds();
    assert!(outcome.stdout().contains("another CA had signed the old one"), "{}", outcome.stdout());
    desk.verifies("certs/ca.crt", "certs/server.pem");
}

#[test]
fn a_constrained_ca_cannot_sign_for_other_names() {
    let desk = Desk::new();
    let words = ["*.lab.local", "192.168.1.7", "--constrain", "--ca-name", "Lab CA"];
    let output = desk.certs(&words).succeeds().stdout();
    // Named after the CA, as in the output of `doctor`.
    assert!(output.contains("/usr/local/share/ca-certificates/lab-ca.crt"), "{output}");
    // The date in a generated name is left out, and so is the dot of a wildcard, which would hide the file.
    let output = desk.certs(&["*.lab.local", "--out", "dated"]).succeeds().stdout();
    assert!(output.contains("/usr/local/share/ca-certificates/lab.local-ca.crt"), "{output}");
    desk.verifies("certs/ca.crt", "certs/server.pem");
    let ca = desk.text("certs/ca.crt");
    assert!(
        ca.contains(
            "X509v3 Name Constraints: critical Permitted: DNS:lab.local IP:192.168.1.7/255.255.255.255 \
             DNS:localhost IP:127.0.0.1/255.255.255.255"
        ),
        "{ca}"
    );
    let before = desk.state("certs");
    desk.certs(&words).succeeds();
    assert_eq!(desk.state("certs"), before);
    desk.certs(&["gpu.lab.local", "--ca", "certs", "--out", "gpu"]).succeeds();
    desk.verifies("certs/ca.crt", "gpu/server.pem");
    for name in ["elsewhere.local", "192.168.1.8", "2001:db8::1", "notlab.local"] {
        desk.certs(&[name, "--ca", "certs", "--out", "x"]).exits(1).says("is constrained to");
    }
    assert!(!desk.has("x"));
}

#[test]
fn a_ca_created_by_another_tool_can_sign() {
    for key in ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"] {
        let desk = Desk::new();
        desk.directory("certs", 0o700);
        desk.openssl(&format!(
            "req -x509 -newkey {key} -nodes -keyout certs/ca.key -out certs/ca.crt -days 900 \
             -subj /C=AT/O=Lab/CN=Old -addext keyUsage=critical,keyCertSign,cRLSign"
        ));
        let before = desk.read("certs/ca.crt");
        desk.certs(&["a.lab"]).succeeds().stays_silent();
        assert_eq!(desk.read("certs/ca.crt"), before);
        desk.verifies("certs/ca.crt", "certs/server.pem");
        let before = desk.state("certs");
        desk.certs(&["a.lab"]).succeeds();
        assert_eq!(desk.state("certs"), before);
    }
}

#[test]
fn an_intermediate_signs_and_is_part_of_the_chain() {
    let desk = Desk::with(&["--ca-only"]);
    desk.directory("int", 0o700);
    // pathlen:0 in our own CA forbids intermediates, so OpenSSL creates the root.
    desk.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.crt -days 900 -subj /CN=Root \
         -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    desk.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout int/ca.key -out int/ca.crt -days 900 -subj /CN=Int \
         -CA root.crt -CAkey root.key -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    desk.certs(&["a.lab", "--out", "int"]).succeeds().says("whose root certificate is missing");
    assert_eq!(count(&desk.read("int/server.pem")), 2);
    let chain = "verify -x509_strict -purpose sslserver -CAfile root.crt -untrusted";
    desk.openssl(&format!("{chain} int/server.pem int/server.pem"));
    let before = desk.state("int");
    desk.certs(&["a.lab", "--out", "int"]).succeeds();
    assert_eq!(desk.state("int"), before);
}

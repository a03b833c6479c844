//! trust-compose trust --here, on a copy of this machine's stores: mounts of a namespace hide the stores
//! themselves.

use std::path::{Path, PathBuf};

use crate::certs::served::Server;
use crate::desk::{Desk, trust_compose};
use crate::world::{Outcome, tool};

/// Hides the system's stores behind copies, and Java's key store, if it is not one of them.
const COPIES: &str = r#"
set -e
mount -t tmpfs none /usr/local/share/ca-certificates
chmod 0755 /usr/local/share/ca-certificates
cp -a /etc/ssl/certs copy && mount --bind copy /etc/ssl/certs
java=$(readlink -f "$(command -v java)") && java=${java%/bin/java}
cacerts=$(readlink -f "$java/lib/security/cacerts")
cp "$cacerts" cacerts && mount --bind cacerts "$cacerts"
trusted() { curl -sS --noproxy '*' --max-time 20 "https://127.0.0.1:$port/" >/dev/null 2>&1; }
listed() { certutil -L -d "sql:$1" | grep -c 'trust-compose-.* C,,' || :; }
in_java() { keytool -list -storepass changeit -keystore "$cacerts" 2>/dev/null | grep -c trust-compose- || :; }
"#;

/// A user with Chromium and Firefox, and a CA with its server.
struct User {
    desk: Desk,
    server: Server,
    databases: [PathBuf; 2],
}

impl User {
    fn new() -> Self {
        let desk = Desk::with(&["a.lab"]);
        let home = [
            "home",
            "home/.pki",
            "home/.pki/nssdb",
            "home/.mozilla",
            "home/.mozilla/firefox",
            "home/.mozilla/firefox/x.default",
            "home/.mozilla/firefox/Crash Reports",
        ];
        for directory in home {
            desk.directory(directory, 0o755);
        }
        let databases = ["home/.pki/nssdb", "home/.mozilla/firefox/x.default"];
        let databases = databases.map(|database| desk.path(database));
        for database in &databases {
            let database = format!("sql:{}", database.display());
            let words = ["-N", "-d", &database, "--empty-password"];
            let made = desk.command(&tool("certutil"), &words, "022").output().unwrap();
            Outcome(made).succeeds();
        }
        let server = Server::start(&desk, "certs/server.pem", "certs/server-key.pem", "127.0.0.1");
        Self { desk, server, databases }
    }

    /// Runs `script` where the stores are copies.
    #[track_caller]
    fn run(&self, script: &str) -> Outcome {
        let script = format!("port={}\n{COPIES}\n{script}", self.server.port);
        let words = ["-m", "sh", "-c", &script];
        let mut command = self.desk.command(&tool("unshare"), &words, "022");
        let program = trust_compose().parent().unwrap().display().to_string();
        let path = format!("{program}:/usr/bin:/bin:/usr/sbin");
        command.env("HOME", self.desk.path("home")).env("PATH", path);
        Outcome(command.output().unwrap())
    }
}

#[test]
fn clients_of_every_store_trust_the_ca_until_undo() {
    let user = User::new();
    let [chromium, firefox] = user.databases.each_ref().map(|path| path.display().to_string());
    let script = format!(
        r#"
        update-ca-certificates >/dev/null 2>&1
        before=$(sha256sum /etc/ssl/certs/ca-certificates.crt)
        trusted && echo "trusted before"
        trust-compose trust --here --java
        trusted || echo "not trusted"
        echo "in NSS: $(listed '{chromium}') $(listed '{firefox}'), in Java: $(in_java)"
        ls -l /usr/local/share/ca-certificates
        cmp certs/ca.crt /usr/local/share/ca-certificates/lab-ca.crt
        echo "== again"
        trust-compose trust --here --java
        echo "== undo"
        trust-compose trust --here --java --undo
        trusted && echo "trusted after"
        echo "in NSS: $(listed '{chromium}') $(listed '{firefox}'), in Java: $(in_java)"
        ls -A /usr/local/share/ca-certificates
        [ "$before" = "$(sha256sum /etc/ssl/certs/ca-certificates.crt)" ] || echo "another bundle"
        trust-compose trust --here --java --undo
        "#
    );
    let outcome = user.run(&script).succeeds().stays_silent();
    let text = outcome.stdout();
    let (first, rest) = text.split_once("== again\n").unwrap();
    let (again, undo) = rest.split_once("== undo\n").unwrap();
    assert_eq!(first.matches("installed in ").count(), 4, "{first}");
    assert!(first.contains("  `CN=Lab CA` until 20"), "{first}");
    assert!(first.contains("in NSS: 1 1, in Java: 1\n"), "{first}");
    assert!(first.contains("-rw-r--r--"), "{first}");
    assert_eq!((again.matches("already in ").count(), again.matches("installed").count()), (4, 0));
    assert_eq!(undo.matches("removed from ").count(), 4, "{undo}");
    assert!(undo.contains("in NSS: 0 0, in Java: 0\nnot in "), "{undo}");
    for wrong in ["trusted before", "not trusted", "trusted after", "another bundle"] {
        assert!(!text.contains(wrong), "{wrong}: {text}");
    }
}

#[test]
fn a_dry_run_prints_the_commands_and_changes_nothing() {
    let user = User::new();
    let outcome =
        user.run("trust-compose trust --here --dry-run; ls -A /usr/local/share/ca-certificates");
    let text = outcome.succeeds().stdout();
    let install = "install -m 0644 /dev/stdin /usr/local/share/ca-certificates/lab-ca.crt <CERTIFICATE\n  \
                   update-ca-certificates\n";
    assert!(text.contains(install), "{text}");
    assert!(text.contains("certutil -A -d sql:"), "{text}");
    assert!(text.ends_with("<CERTIFICATE\n"), "{text}");
}

/// Only the system's store needs root. There is no terminal for a password, and perhaps no sudo.
#[test]
fn sudo_runs_only_what_needs_root() {
    let user = User::new();
    for database in &user.databases {
        for path in database.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            std::os::unix::fs::chown(path, Some(1000), Some(1000)).unwrap();
        }
        std::os::unix::fs::chown(database, Some(1000), Some(1000)).unwrap();
    }
    // A copy, as not every user may enter the directory of the build.
    let script = r#"
        mount -t tmpfs none /mnt && cp -a home certs "$(command -v trust-compose)" /mnt
        chmod 0755 /mnt/certs && cd /mnt
        HOME=/mnt/home setpriv --reuid 1000 --regid 1000 --clear-groups ./trust-compose trust --here
    "#;
    let outcome = user.run(script).exits(1);
    let error =
        "cannot run `sudo install -m 0644 /dev/stdin /usr/local/share/ca-certificates/lab-ca.crt";
    let outcome = outcome.says("running: sudo install").says(error);
    assert_eq!(outcome.stdout().matches("installed in the NSS database").count(), 2);
    assert!(!outcome.stderr().contains("sudo certutil"), "{}", outcome.stderr());
}

#[test]
fn another_certificate_in_the_same_file_is_not_removed() {
    let user = User::new();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certs/neighbour/ca.crt");
    let script = format!(
        "cp {} /usr/local/share/ca-certificates/lab-ca.crt\n\
         trust-compose trust --here --undo\n\
         cmp {0} /usr/local/share/ca-certificates/lab-ca.crt && echo kept",
        other.display()
    );
    let outcome = user.run(&script).succeeds();
    let text = outcome.stdout();
    assert!(text.starts_with("not in the system's store") && text.ends_with("kept\n"), "{text}");
}

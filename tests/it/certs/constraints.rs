//! Who enforces the names of a constrained CA: a thief of its key signs for another name, and every client of
//! docs/constraints.md that is installed here connects.

use std::path::{Path, PathBuf};

use crate::certs::served::{Server, pythons};
use crate::desk::Desk;
use crate::doctor::files::run_shell;
use crate::support::document::between;
use crate::world::{Outcome, tool};

/// Signs a certificate for a name outside of the constraints, with the CA certificate `ca` and its key. The
/// address is inside, so that clients need no DNS.
fn steal(desk: &Desk, ca: &str, key: &str, to: &str) {
    desk.openssl(&format!(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {to}.key -out {to}.csr -subj /CN=bank.example"
    ));
    desk.write(
        "extensions",
        "subjectAltName=DNS:bank.example,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n\
         keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n",
    );
    desk.openssl(&format!(
        "x509 -req -in {to}.csr -CA {ca} -CAkey {key} -CAcreateserial -days 20 -extfile extensions -out {to}.crt"
    ));
}

/// Creates `root/`, a CA that has its constraints in the root, as other tools create it.
fn root_only(desk: &Desk) {
    desk.directory("root", 0o700);
    desk.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root/ca.key -out root/ca.crt \
         -days 900 -subj /CN=Root -addext keyUsage=critical,keyCertSign,cRLSign -addext \
         nameConstraints=critical,permitted;DNS:lab.local,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255",
    );
    desk.chmod("root/ca.key", 0o600);
    desk.certs(&["gpu.lab.local", "--out", "root"]).succeeds();
}

const JAVA: &str = "
public class Get {
    public static void main(String[] words) throws Exception {
        java.net.URI.create(words[0]).toURL().openStream().readAllBytes();
    }
}
";

const NODE: &str = "
const [ca, port] = process.argv.slice(1);
const options = {host: '127.0.0.1', port, ca: require('fs').readFileSync(ca)};
require('https').get(options, answer => answer.resume()).on('error', error => { throw error; });
";

const PYTHON: &str = "
import sys, urllib.request, ssl
context = ssl.create_default_context(cafile=sys.argv[1])
urllib.request.urlopen(f'https://127.0.0.1:{sys.argv[2]}/', context=context).read()
";

/// A client of the table in docs/constraints.md.
struct Client {
    name: &'static str,
    program: PathBuf,
    words: fn(ca: &str, port: &str) -> Vec<String>,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The clients that are installed.
fn clients(desk: &Desk) -> Vec<Client> {
    let mut clients = vec![
        Client {
            name: "OpenSSL",
            program: tool("openssl"),
            words: |ca, port| {
                let server = format!("127.0.0.1:{port}");
                words(&["s_client", "-verify_return_error", "-CAfile", ca, "-connect", &server])
            },
        },
        Client {
            name: "curl",
            program: tool("curl"),
            words: |ca, port| {
                let url = format!("https://127.0.0.1:{port}/");
                words(&["-sS", "--max-time", "20", "--noproxy", "*", "--cacert", ca, &url])
            },
        },
        Client {
            name: "rustls",
            program: "/usr/bin/env".into(),
            words: |ca, port| {
                let (peer, ca) = (tool("peer"), format!("SSL_CERT_FILE={ca}"));
                words(&[&ca, peer.to_str().unwrap(), "get", &format!("127.0.0.1:{port}")])
            },
        },
    ];
    clients.extend(pythons().into_iter().map(|program| Client {
        name: "Python",
        program,
        words: |ca, port| words(&["-c", PYTHON, ca, port]),
    }));
    let places = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|path| path.exists())
    };
    clients.extend(places("node").map(|program| Client {
        name: "Node.js",
        program,
        words: |ca, port| words(&["-e", NODE, ca, port]),
    }));
    clients.extend(places("gnutls-cli").map(|program| Client {
        name: "GnuTLS",
        program,
        words: |ca, port| words(&["--x509cafile", ca, "--port", port, "127.0.0.1"]),
    }));
    clients.extend(places("go").filter(|go| has_built(desk, go)).map(|_| Client {
        name: "Go",
        program: desk.path("get"),
        words: |ca, port| words(&[ca, &format!("127.0.0.1:{port}")]),
    }));
    clients.extend(jvms(desk).into_iter().map(|program| Client {
        name: "Java",
        program,
        words: |ca, port| {
            let store = format!("-Djavax.net.ssl.trustStore={}", ca.replace("ca.crt", "store"));
            words(&[&store, "Get", &format!("https://127.0.0.1:{port}/")])
        },
    }));
    clients
}

const GO: &str = r#"package main
import ("crypto/tls"; "crypto/x509"; "os")
func main() {
	text, _ := os.ReadFile(os.Args[1])
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	if _, err := tls.Dial("tcp", os.Args[2], &tls.Config{RootCAs: pool}); err != nil { panic(err) }
}
"#;

fn has_built(desk: &Desk, go: &Path) -> bool {
    desk.write("get.go", GO);
    let mut build = desk.command(go, &["build", "-o", "get", "get.go"], "022");
    build.env("HOME", desk.path("")).env("GOTOOLCHAIN", "local").env("GO111MODULE", "off");
    build.output().unwrap().status.success()
}

/// Returns the JVMs of the JDKs here, and creates the key store `store` of each CA beside it.
fn jvms(desk: &Desk) -> Vec<PathBuf> {
    let homes = Path::new("/usr/lib/jvm").read_dir().into_iter().flatten().flatten();
    let homes = homes.map(|entry| entry.path()).filter(|path| !path.is_symlink());
    let mut programs: Vec<_> = homes.map(|home| home.join("bin")).collect();
    programs.retain(|bin| bin.join("javac").exists());
    programs.sort();
    let Some(oldest) = programs.first() else { return programs };
    desk.write("Get.java", JAVA);
    let run = |program: &str, words: &[&str]| {
        Outcome(desk.command(&oldest.join(program), words, "022").output().unwrap()).succeeds();
    };
    run("javac", &["--release", "17", "Get.java"]);
    for directory in ["certs", "root"] {
        let (ca, store) = (format!("{directory}/ca.crt"), format!("{directory}/store"));
        let options = ["-importcert", "-noprompt", "-storepass", "changeit", "-storetype", "JKS"];
        run("keytool", &[&options[..], &["-file", &ca, "-keystore", &store]].concat());
    }
    programs.into_iter().map(|bin| bin.join("java")).collect()
}

#[test]
fn every_client_enforces_the_constraints_of_an_intermediate() {
    let desk = Desk::new();
    let certs = ["*.lab.local", "gpu.lab.local", "--constrain", "--ca-name", "Lab CA"];
    desk.certs(&certs).succeeds();
    root_only(&desk);
    // The thief has everything in the directory.
    steal(&desk, "certs/intermediate.crt", "certs/ca.key", "below");
    desk.write("below.crt", desk.read("below.crt") + &desk.read("certs/intermediate.crt"));
    steal(&desk, "root/ca.crt", "root/ca.key", "direct");

    let start = |certificate: &str, key: &str| Server::start(&desk, certificate, key, "127.0.0.1");
    let own = ["certs", "root"].map(|directory| {
        start(&format!("{directory}/server.pem"), &format!("{directory}/server-key.pem"))
    });
    let stolen =
        ["below", "direct"].map(|name| start(&format!("{name}.crt"), &format!("{name}.key")));

    let table = between("docs/constraints.md", "clients");
    let mut measured = 0;
    for Client { name, program, words } in clients(&desk) {
        let accepts = |ca: &str, server: &Server| {
            let words = words(ca, &server.port);
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            let mut command = desk.command(&program, &words, "022");
            command.stdin(std::process::Stdio::null()).output().unwrap().status.success()
        };
        let shown = program.display();
        for (directory, server) in ["certs", "root"].iter().zip(&own) {
            assert!(accepts(&format!("{directory}/ca.crt"), server), "{shown}: {directory}");
        }
        let [intermediate, root] = &stolen;
        let word = |accepts| if accepts { "accepts" } else { "refuses" };
        let row = format!(
            "| {} | {} |",
            word(accepts("root/ca.crt", root)),
            word(accepts("certs/ca.crt", intermediate))
        );
        let rows: Vec<_> =
            table.lines().filter(|line| line.split(['|', ' ']).any(|word| word == name)).collect();
        assert!(
            rows.iter().any(|line| line.ends_with(&row)),
            "{name} ({shown}): {row}, not {rows:?}"
        );
        println!("{name}\t{}\t{row}", program.display());
        measured += 1;
    }
    assert!(measured >= 4, "{measured}");
}

#[test]
fn constraints_in_a_root_are_reported_with_the_command_that_replaces_it() {
    let desk = Desk::new();
    root_only(&desk);
    let words = ["gpu.lab.local", "--constrain", "--out", "root"];
    let warning = "Java ignores the constraints of `CN=Root`, because it is a root";
    let outcome = desk.certs(&words).succeeds().says(warning);
    let text = outcome.stderr();
    let command = text.split('`').find(|part| part.starts_with("trust-compose ")).unwrap();
    run_shell(&desk, command).succeeds();
    desk.certs(&words).succeeds().stays_silent();
    assert!(desk.has("root/intermediate.crt"));
    desk.verifies("root/ca.crt", "root/server.pem");
    // An unconstrained CA needs no intermediate.
    desk.certs(&["--force", "--out", "root"]).succeeds();
    assert!(!desk.has("root/intermediate.crt"));
    desk.verifies("root/ca.crt", "root/server.pem");
}

#[test]
fn the_commands_of_the_page_work() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/constraints.md"));
    let commands = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let desk = Desk::new();
    let outcome = run_shell(&desk, commands).succeeds();
    assert!(outcome.stdout().contains("for some names only (name constraints)"));
    assert_eq!(desk.path("lab").read_dir().unwrap().count(), 6);
    assert!(desk.has("lab/intermediate.crt") && desk.has("lab/ca.key"));
}

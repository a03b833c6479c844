//! Which CAs, by the usual recipes and of each kind, the clients of two images accept: tables in
//! tests/snapshots/inputs/certificates.md. trust-compose has a finding for each CA that a client refuses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::engine::{call, docker, label, unique};
use crate::support::document::is_between;
use crate::support::recipe::{Made, SERVER, findings, kinds, recipes};

/// The columns, in their order.
const CLIENTS: [&str; 5] = ["Python 3.13", "curl 8", "Node 20", "Go", "Java 21"];

/// Serves all certificates of /made and calls the servers by every client of the image. Prints
/// `NAME|CLIENT|yes` or `no` for each.
const ASK: &str = r#"set -eu
cp -r /made /tmp/made && cd /tmp/made && : >ports
python3 server.py $(cat names) >ports 2>errors &
while [ "$(wc -l <ports)" -lt "$(wc -l <names)" ]; do kill -0 $!; done
paste -d ' ' names ports >asked
ask() { if "$@" >>answers 2>&1; then echo "$name|$client|yes"; else echo "$name|$client|no"; fi; }
while read -r name port; do
    url=https://localhost:$port/ ca=/tmp/made/$name/ca.crt
    client='Python 3.13'
    ! command -v node >/dev/null || ask python3 -c "
import ssl, urllib.request
context = ssl.create_default_context(cafile='$ca')
urllib.request.urlopen('$url', context=context, timeout=20).read()"
    client='curl 8'
    ! command -v node >/dev/null || ask curl -sS --max-time 20 --cacert "$ca" "$url"
    client='Node 20'
    ! command -v node >/dev/null || ask env NODE_EXTRA_CA_CERTS="$ca" node -e "
require('https').get('$url', answer => answer.resume()).on('error', error => { throw error })"
done <asked
export GOCACHE=/tmp/go GO111MODULE=off
! command -v go >/dev/null || go run ask.go
! command -v java >/dev/null || java Ask.java
"#;

const GO: &str = r#"package main

import ("bufio"; "crypto/tls"; "crypto/x509"; "fmt"; "net/http"; "os"; "strings")

func main() {
	asked, _ := os.Open("asked")
	for lines := bufio.NewScanner(asked); lines.Scan(); {
		words := strings.Fields(lines.Text())
		text, _ := os.ReadFile(words[0] + "/ca.crt")
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(text)
		transport := http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		answer := "yes"
		client := http.Client{Transport: &transport}
		if _, err := client.Get("https://localhost:" + words[1] + "/"); err != nil { answer = "no" }
		fmt.Println(words[0] + "|Go|" + answer)
	}
}
"#;

const JAVA: &str = r#"
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Ask {
    public static void main(String[] none) throws Exception {
        for (var line : Files.readAllLines(Path.of("asked"))) {
            var words = line.split(" ");
            var answer = "yes";
            try (var file = Files.newInputStream(Path.of(words[0], "ca.crt"))) {
                var store = KeyStore.getInstance(KeyStore.getDefaultType());
                store.load(null, null);
                var factory = CertificateFactory.getInstance("X.509");
                store.setCertificateEntry("ca", factory.generateCertificate(file));
                var managers = TrustManagerFactory.getInstance("PKIX");
                managers.init(store);
                var context = SSLContext.getInstance("TLS");
                context.init(null, managers.getTrustManagers(), null);
                var url = java.net.URI.create("https://localhost:" + words[1] + "/").toURL();
                var connection = (HttpsURLConnection) url.openConnection();
                connection.setSSLSocketFactory(context.getSocketFactory());
                connection.getInputStream().readAllBytes();
            } catch (Exception refused) {
                answer = "no";
            }
            System.out.println(words[0] + "|Java 21|" + answer);
        }
    }
}
"#;

#[track_caller]
fn have_findings(make: impl Fn(&Path) -> Vec<Made>, part: &str) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique());
    fs::create_dir_all(&directory).unwrap();
    let all = make(&directory);
    let names: Vec<_> = all.iter().map(|made| made.name.as_str()).collect();
    let names = names.join("\n") + "\n";
    for (file, text) in [
        ("names", names.as_str()),
        ("server.py", SERVER),
        ("ask.sh", ASK),
        ("ask.go", GO),
        ("Ask.java", JAVA),
    ] {
        fs::write(directory.join(file), text).unwrap();
    }
    let mut answers = BTreeMap::new();
    for image in ["stack", "java"] {
        let mount = format!("{}:/made:ro", directory.display());
        let image = format!("trust-init-test/{image}");
        // The first call to `docker` provides the engine and the images.
        docker(["version"]).exits(0);
        let words = ["run", "--rm", &label(), "--name", &unique(), "-v", &mount];
        let outcome = call("600", "docker", [&words[..], &[&image, "sh", "/made/ask.sh"]].concat());
        for line in outcome.exits(0).stdout.lines() {
            let mut words = line.split('|').map(str::to_owned);
            answers.insert([(); 2].map(|()| words.next().unwrap()), words.next().unwrap());
        }
    }
    let mut table = format!("| | {} |\n|{}\n", CLIENTS.join(" | "), "---|".repeat(6));
    let trust_compose = Path::new(env!("CARGO_BIN_EXE_trust-compose"));
    for made in &all {
        let answer = |client: &str| answers[&[made.name.clone(), client.to_owned()]].as_str();
        let yes = CLIENTS.map(answer);
        let _ = writeln!(table, "| {} | {} |", made.title, yes.join(" | "));
        let is_silent = findings(trust_compose, made).is_empty();
        assert!(!is_silent || !yes.contains(&"no"), "{}: {yes:?}", made.name);
    }
    fs::remove_dir_all(&directory).unwrap();
    is_between("tests/snapshots/inputs/certificates.md", part, &table);
}

#[test]
fn a_ca_by_a_usual_recipe_that_a_client_refuses_has_a_finding() {
    have_findings(recipes, "recipes in containers");
}

#[test]
fn a_kind_of_ca_that_a_client_refuses_has_a_finding() {
    have_findings(kinds, "kinds in containers");
}

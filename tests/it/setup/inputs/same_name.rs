//! Two CAs of one name, as `openssl req` creates them in a rotation: which servers real clients accept with both
//! in one file, and that every program warns exactly then.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::desk::Desk;
use crate::setup::inputs::{cat, custom, inputs};
use crate::world::{World, tool};

/// Creates NAME.crt, a CA `CN=Lab`, and NAME-leaf.pem below it, with key identifiers or without.
#[track_caller]
fn ca(desk: &Desk, name: &str, subject: &str, has_identifiers: bool) {
    let (own, above) = if has_identifiers { ("hash", "keyid") } else { ("none", "none") };
    desk.write(
        "ca.cnf",
        format!(
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\n\
             keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier={own}\n\
             authorityKeyIdentifier=none\n"
        ),
    );
    desk.write(
        "leaf.cnf",
        format!(
            "subjectAltName=IP:127.0.0.1\nsubjectKeyIdentifier={own}\nauthorityKeyIdentifier={above}\n"
        ),
    );
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    desk.openssl(&format!(
        "req -x509 {key} -keyout {name}.key -out {name}.crt -subj /CN={subject} -days 90 -config ca.cnf \
         -extensions ca"
    ));
    desk.openssl(&format!(
        "req -new {key} -keyout {name}-leaf.key -out leaf.csr -subj /CN=127.0.0.1 -config ca.cnf"
    ));
    desk.openssl(&format!(
        "x509 -req -in leaf.csr -CA {name}.crt -CAkey {name}.key -set_serial 1 -days 30 -extfile leaf.cnf \
         -out {name}-leaf.pem"
    ));
}

/// Returns the clients that accept the server of `name` with the CAs in both.pem: openssl, curl, Python.
fn accepted_by(desk: &Desk, name: &str) -> Vec<&'static str> {
    let mut command = desk.command(
        &tool("peer"),
        &["serve", &format!("{name}-leaf.pem"), &format!("{name}-leaf.key"), "127.0.0.1"],
        "022",
    );
    let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = format!("https://{}/", line.trim().strip_prefix("listening on ").unwrap());
    let (both, leaf) = (desk.path("both.pem"), desk.path(&format!("{name}-leaf.pem")));
    let python = "import ssl, sys, urllib.request as u; \
                  c = ssl.create_default_context(cafile=sys.argv[1]); \
                  u.urlopen(sys.argv[2], timeout=20, context=c).read()";
    let mut openssl = Command::new(tool("openssl"));
    openssl.arg("verify").arg("-CAfile").arg(&both).arg(&leaf);
    let mut curl = Command::new(tool("curl"));
    curl.args(["-sS", "--max-time", "20", "-o", "/dev/null", "--cacert"]).arg(&both).arg(&url);
    let mut interpreter = Command::new("/usr/bin/python3");
    interpreter.args(["-c", python]).arg(&both).arg(&url);
    let clients = [("openssl", openssl), ("curl", curl), ("python", interpreter)];
    let accepted = clients.into_iter().filter_map(|(client, mut command)| {
        command.output().unwrap().status.success().then_some(client)
    });
    let accepted = accepted.collect();
    let _ = server.kill();
    let _ = server.wait();
    accepted
}

#[test]
fn clients_on_openssl_reject_one_of_two_cas_without_identifiers() {
    let all = ["openssl", "curl", "python"];
    for (old, new, new_name, rejected) in [
        (false, false, "Lab", Some("new")),
        (false, true, "Lab", Some("new")),
        (true, true, "Lab", None),
        (false, false, "Lab2", None),
    ] {
        let desk = Desk::new();
        ca(&desk, "old", "Lab", old);
        ca(&desk, "new", new_name, new);
        cat(&desk, &["old.crt", "new.crt"], "both.pem");
        for name in ["old", "new"] {
            let expected: &[_] = if rejected == Some(name) { &[] } else { &all };
            assert_eq!(accepted_by(&desk, name), expected, "{old} {new} {new_name}: {name}");
        }
        let found = inputs(&custom(desk.path("both.pem"))).unwrap().warnings;
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let warns =
            found.iter().any(|warning| warning.contains("no key identifier distinguishes them"));
        assert_eq!(warns, rejected.is_some(), "{old} {new} {new_name}: {found:?}");
    }
}

#[test]
fn another_order_only_changes_which_servers_are_rejected() {
    let desk = Desk::new();
    ca(&desk, "old", "Lab", false);
    ca(&desk, "new", "Lab", false);
    cat(&desk, &["new.crt", "old.crt"], "both.pem");
    assert_eq!(accepted_by(&desk, "old"), [""; 0]);
    assert_eq!(accepted_by(&desk, "new"), ["openssl", "curl", "python"]);
}

#[test]
fn trust_init_inspect_and_doctor_report_cas_of_one_name() {
    let desk = Desk::new();
    ca(&desk, "old", "Lab", false);
    ca(&desk, "new", "Lab", false);
    cat(&desk, &["old.crt", "new.crt"], "both.pem");
    let says = "has the name of another CA in it and another key, and no key identifier";
    let outcome = desk.run(&["inspect", "both.pem"]).succeeds();
    assert_eq!(outcome.stdout().matches(says).count(), 1, "{}", outcome.stdout());
    let outcome = desk.run(&["inspect", "--json", "old.crt", "new.crt"]).succeeds();
    assert_eq!(outcome.stdout().matches("\"same-name\"").count(), 1, "{}", outcome.stdout());
    desk.write("compose.yaml", "services: {web: {image: python}}\n");
    desk.run(&["setup", "--custom-ca", "both.pem"]).succeeds().says(says);
    let outcome = desk.run(&["doctor", "--files-only"]);
    assert!(outcome.stdout().contains(says), "{}", outcome.stdout());

    let world = World::new();
    world.write("/both.pem", desk.read("both.pem"));
    world.trust_init(&["--ca", "/both.pem", "true"]).run().succeeds().says(says);
    // The same key in two certificates is a renewal that every client accepts.
    desk.openssl("req -x509 -key old.key -subj /CN=Lab -days 80 -config ca.cnf -extensions ca -out again.crt");
    cat(&desk, &["old.crt", "again.crt"], "renewed.pem");
    let outcome = desk.run(&["inspect", "renewed.pem"]).succeeds();
    assert!(!outcome.stdout().contains("another key"), "{}", outcome.stdout());
}

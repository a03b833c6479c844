//! Chains in trust-doctor: what is reported and saved, and the cause if a chain ends in no anchor.

use crate::desk::Desk;
use crate::doctor::calls::{finding, found, is_in};
use crate::doctor::connect::{desk, lab, probe, run_shell, server, url};
use crate::support::sign::sign;

/// The extensions of a CA that strict clients accept.
const CA: &str = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n";

/// Creates `NAME.crt` and `NAME.key`, a self-signed CA, with these options of `openssl req`.
fn root(desk: &Desk, name: &str, options: &str) {
    run_shell(
        desk,
        &format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN={name} \
             -keyout {name}.key -out {name}.crt {options}"
        ),
    );
}

/// Creates `NAME.crt` and `NAME.key`, signed by the CA `issuer`.
fn signed(desk: &Desk, name: &str, issuer: &str, extensions: &str) {
    desk.write("extensions", extensions);
    run_shell(
        desk,
        &format!(
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout \
             {name}.key -out {name}.csr && openssl x509 -req -in {name}.csr -days 60 -CA {issuer}.crt -CAkey \
             {issuer}.key -CAcreateserial -extfile extensions -out {name}.crt"
        ),
    );
}

/// Creates a root, two intermediates and a server certificate, each signed by the one before.
fn family() -> Desk {
    let desk = Desk::new();
    root(&desk, "Root", "-addext keyUsage=critical,keyCertSign,cRLSign");
    signed(&desk, "Middle", "Root", CA);
    signed(&desk, "Lower", "Middle", CA);
    signed(
        &desk,
        "leaf",
        "Lower",
        "subjectAltName=DNS:localhost\nauthorityInfoAccess=caIssuers;URI:http://ca.lan/lower.crt\n",
    );
    desk
}

/// Returns the key identifier of `file` as OpenSSL prints it.
fn key_of(desk: &Desk, file: &str) -> String {
    let text = desk.openssl(&format!("x509 -noout -ext subjectKeyIdentifier -in {file}"));
    text.lines().last().unwrap().trim().to_owned()
}

#[test]
fn the_chain_is_reported_with_its_anchor_and_file() {
    let desk = family();
    run_shell(&desk, "cat Lower.crt Middle.crt >chain.pem");
    let (_server, port) = server(&desk, "-cert leaf.crt -key leaf.key -cert_chain chain.pem");
    let outcome = probe(&desk, "Root.crt", &["--connect", &url(port), "--json"]).exits(0);
    let chain = finding(&outcome, "ok", "verified")["chain"].clone();
    let field = |name: &str| -> Vec<_> {
        chain.as_array().unwrap().iter().map(|link| link[name].clone()).collect()
    };
    assert_eq!(field("subject"), ["CN=leaf", "CN=Lower", "CN=Middle", "CN=Root"]);
    assert_eq!(field("issuer"), ["CN=Lower", "CN=Middle", "CN=Root", "CN=Root"]);
    assert_eq!(field("sent"), [true, true, true, false]);
    let file = desk.path("Root.crt").display().to_string();
    assert_eq!(field("file").last().unwrap(), file.as_str());
    assert_eq!(chain[0]["names"][0], "DNS:localhost");
    assert_eq!(chain[0]["issuer_key_identifier"], key_of(&desk, "Lower.crt"));
    for (link, name) in chain.as_array().unwrap().iter().zip(["leaf", "Lower", "Middle", "Root"]) {
        assert_eq!(link["pem"], desk.read(&format!("{name}.crt")));
        assert_eq!(link["key_identifier"], key_of(&desk, &format!("{name}.crt")));
    }
    let outcome = probe(&desk, "Root.crt", &["--connect", &url(port)]).exits(0);
    let text = outcome.stdout();
    let line = text.lines().find(|line| line.contains("chain: ")).unwrap();
    let names: Vec<_> = line.split(" <- ").map(|link| link.rsplit("CN=").next().unwrap()).collect();
    let names: Vec<_> = names.iter().map(|link| link.split('`').next().unwrap()).collect();
    assert_eq!(names, ["leaf", "Lower", "Middle", "Root"], "{line}");
    // If the server sends only its own certificate, one line says everything.
    let desk = self::desk();
    let (_server, port) = lab(&desk);
    let text = probe(&desk, "lab/ca.crt", &["--connect", &url(port)]).exits(0).stdout();
    assert!(!text.contains("chain:"), "{text}");
}

#[test]
fn an_unknown_ca_is_reported_with_its_key_identifier() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let outcome = probe(&desk, "other/ca.crt", &["--connect", &url(port)]).exits(1);
    let key = key_of(&desk, "lab/ca.crt");
    outcome.shows("(\"unable to get local issuer certificate\")").shows(&format!(" (key {key})\n"));
    // Another file, which other programs read, contains it.
    let both =
        [desk.path("other/ca.crt"), desk.path("lab/ca.crt")].map(|path| path.display().to_string());
    let variables = [("SSL_CERT_FILE", both[0].as_str()), ("REQUESTS_CA_BUNDLE", &both[1])];
    let outcome =
        crate::doctor::connect::doctor(&desk, &variables, &["--connect", &url(port)]).exits(1);
    outcome
        .shows(&format!("is not in `{}`", both[0]))
        .shows(&format!("; `{}` contains it", both[1]));
}

#[test]
fn an_incomplete_chain_is_explained() {
    let desk = family();
    let url_of = |options: &str| {
        let (server, port) = server(&desk, options);
        (server, url(port))
    };
    let (_alone, alone) = url_of("-cert leaf.crt -key leaf.key");
    let unknown = found(&desk, "Root.crt", &["--connect", &alone], "error", "unknown-issuer");
    is_in("`CN=Lower`, which signed it, is neither sent", &unknown);
    is_in("its certificate names `http://ca.lan/lower.crt`", &unknown);
    run_shell(&desk, "cat Lower.crt Middle.crt >both.crt");
    let words = ["--connect", &alone, "--ca", "both.crt"];
    let missing = found(&desk, "Root.crt", &words, "error", "missing-intermediate");
    is_in(
        "the server does not send the intermediate `CN=Lower`, which `both.crt` contains",
        &missing,
    );
    is_in("fix: append both.crt to the server's certificate", &missing);
    is_in("add `--extra-ca both.crt` to the options of setup", &missing);

    // The server sends the root, which is not trusted.
    run_shell(&desk, "cat Lower.crt Middle.crt Root.crt >all.crt");
    let (_all, all) = url_of("-cert leaf.crt -key leaf.key -cert_chain all.crt");
    root(&desk, "Stranger", "");
    let words = ["--connect", &all];
    let untrusted = found(&desk, "Stranger.crt", &words, "error", "untrusted-root");
    is_in("the root `CN=Root`, which the server sends, is not among", &untrusted);
    is_in("\"self-signed certificate in certificate chain\"", &untrusted);
    let words = ["--connect", &all, "--ca", "Root.crt"];
    let untrusted = found(&desk, "Stranger.crt", &words, "error", "untrusted-root");
    is_in(
        "`Root.crt` contains it fix: trust the CA in Root.crt: `trust-compose setup --custom-ca Root.crt`",
        &untrusted,
    );

    // A new intermediate with the same name.
    run_shell(&desk, "mkdir old && mv Lower.* old");
    signed(&desk, "Lower", "Middle", CA);
    let (_wrong, wrong) = url_of("-cert leaf.crt -key leaf.key -cert_chain both.crt");
    run_shell(&desk, "cat Lower.crt Middle.crt >both.crt");
    let (_wrong_too, wrong_too) = url_of("-cert leaf.crt -key leaf.key -cert_chain both.crt");
    found(&desk, "Root.crt", &["--connect", &wrong], "ok", "verified");
    // A CA with only the same name fixes nothing.
    let words = ["--connect", &alone, "--ca", "Lower.crt"];
    let namesake = found(&desk, "Root.crt", &words, "error", "ca-replaced");
    is_in("`CN=Lower` was replaced: in `Lower.crt` it has another key", &namesake);
    let wrong = found(&desk, "Root.crt", &["--connect", &wrong_too], "error", "wrong-intermediate");
    is_in(
        &format!("the server sends `CN=Lower` with another key ({})", key_of(&desk, "Lower.crt")),
        &wrong,
    );
}

#[test]
fn a_replaced_ca_is_recognized_by_its_key() {
    let desk = Desk::new();
    for (name, from) in [("old", -50), ("new", -10)] {
        desk.directory(name, 0o755).authority(name, from, 100);
    }
    for (name, from) in [("old", -40), ("new", -5)] {
        sign(&desk.path(name), &desk.path(name), &["localhost"], (from, 60));
    }
    let call = |serves: &str, trusts: &str, words: &[&str]| {
        let (_server, port) =
            server(&desk, &format!("-cert {serves}/server.pem -key {serves}/server-key.pem"));
        let url = url(port);
        let words = [&["--connect", &url], words].concat();
        let found = found(&desk, &format!("{trusts}/ca.crt"), &words, "error", "ca-replaced");
        let key = key_of(&desk, &format!("{trusts}/ca.crt"));
        is_in("`CN=Lab CA` was replaced: in `", &found);
        is_in(
            &format!("/{trusts}/ca.crt` it has another key ({key}) than the one that signed"),
            &found,
        );
        found
    };
    let renew = "fix: renew it where it was issued (`trust-compose certs --renew`, if trust-compose issued it)";
    is_in(renew, &call("old", "new", &[]));
    let trust = "fix: replace the old CA in the options of setup by the one that signs now";
    is_in(trust, &call("new", "old", &[]));
    let trust = "fix: trust the CA in new/ca.crt: `trust-compose setup --custom-ca new/ca.crt`";
    is_in(trust, &call("new", "old", &["--ca", "new/ca.crt"]));
}

#[test]
fn wrong_names_in_a_certificate_are_explained() {
    let desk = Desk::new();
    root(&desk, "Root", "-addext keyUsage=critical,keyCertSign,cRLSign");
    let call = |name: &str, names: &str, host: &str| {
        signed(&desk, name, "Root", names);
        let (_server, port) = server(&desk, &format!("-cert {name}.crt -key {name}.key"));
        let url = format!("https://{host}:{port}");
        found(&desk, "Root.crt", &["--connect", &url], "error", "wrong-name")
    };
    let found = call("localhost", "keyUsage=digitalSignature\n", "localhost");
    is_in(
        "has no subject alternative names, so it is not valid for any names: Go, Rust and browsers ignore the name in `CN=localhost`",
        &found,
    );
    is_in(
        "fix: issue it again where it was issued, for this name and all others of the server",
        &found,
    );
    let found = call("dns", "subjectAltName=DNS:127.0.0.1\n", "127.0.0.1");
    is_in("`127.0.0.1` as a DNS name, and clients expect an IP address (IP:127.0.0.1)", &found);
    let found = call("ip", "subjectAltName=IP:192.0.2.1,IP:2001:db8::1\n", "127.0.0.1");
    is_in("is for IP:192.0.2.1, IP:2001:db8::1, not for `127.0.0.1`", &found);
    is_in(
        "fix: issue it again where it was issued, for this name and all others of the server",
        &found,
    );
    let many: Vec<_> = (1..=12).map(|n| format!("DNS:h{n}.lan")).collect();
    let found = call("many", &format!("subjectAltName={}\n", many.join(",")), "localhost");
    is_in("DNS:h8.lan and 4 more, not for `localhost`", &found);
}

#[test]
fn an_unusual_certificate_is_explained() {
    let desk = Desk::new();
    root(&desk, "Root", "-addext keyUsage=critical,keyCertSign,cRLSign");
    let call = |name: &str, anchors: &str, sign: &str, id: &str| {
        let (_server, port) = server(&desk, &format!("-cert {name}.crt -key {name}.key"));
        found(&desk, anchors, &["--connect", &url(port)], sign, id)
    };
    signed(&desk, "client", "Root", "subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth\n");
    is_in(
        "clients refuse the certificate `CN=client`",
        &call("client", "Root.crt", "error", "unusable-certificate"),
    );
    // `openssl req -x509` creates a self-signed CA.
    root(&desk, "own", "-addext subjectAltName=DNS:localhost");
    is_in("\"self-signed certificate\"", &call("own", "Root.crt", "error", "self-signed"));
    let trusted = call("own", "own.crt", "warning", "ca-as-server");
    is_in("`CN=own` is itself a CA, which `", &trusted);
    root(
        &desk,
        "leaf",
        "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:false",
    );
    call("leaf", "Root.crt", "error", "self-signed");
    is_in(
        "is self-signed but not a CA",
        &call("leaf", "leaf.crt", "warning", "anchor-not-for-all"),
    );
    // A curve that rustls does not support.
    run_shell(
        &desk,
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -subj /CN=Big -keyout Big.key -out Big.crt",
    );
    signed(&desk, "small", "Big", "subjectAltName=DNS:localhost\n");
    let found = call("small", "Big.crt", "warning", "unverifiable");
    is_in("`CN=Big` in `", &found);
    call("small", "Root.crt", "error", "unknown-issuer");
}

#[test]
fn certificates_that_only_rustls_accepts_are_reported() {
    let desk = family();
    let call = |options: &str, anchors: &str, words: &[&str], sign: &str, id: &str| {
        let (_server, port) = server(&desk, options);
        found(&desk, anchors, &[&["--connect", &url(port)], words].concat(), sign, id)
    };
    root(&desk, "Plain", "");
    signed(&desk, "below", "Plain", "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=none\n");
    let (_server, port) = server(&desk, "-cert below.crt -key below.key");
    let outcome = probe(&desk, "Plain.crt", &["--connect", &url(port)]).exits(0);
    outcome
        .shows("refuse `CN=Plain`: CA cert does not include key usage extension")
        .shows("refuse `CN=below`: Missing Authority Key Identifier")
        .shows(
            "fix: create it again without these faults, as `trust-compose certs localhost` does",
        );
    probe(&desk, "Plain.crt", &["--connect", &url(port), "--strict"]).exits(1);

    // An intermediate as the anchor.
    let options = "-cert leaf.crt -key leaf.key";
    let found = call(options, "Lower.crt", &[], "warning", "anchor-not-for-all");
    is_in("is an intermediate whose root certificate is missing", &found);
    // An expired anchor, and one that expires soon.
    desk.directory("ca", 0o755);
    for (from, to, sign_of_it, id) in
        [(-50, -1, "error", "anchor-not-valid-now"), (-50, 5, "warning", "anchor-expires-soon")]
    {
        desk.authority("ca", from, to);
        sign(&desk.path("ca"), &desk.path("ca"), &["localhost"], (-1, 60));
        let options = "-cert ca/server.pem -key ca/server-key.pem";
        call(options, "ca/ca.crt", &[], sign_of_it, id);
    }
    // Of two anchors with the same key, the one that expires later counts.
    run_shell(
        &desk,
        "openssl req -x509 -new -key Root.key -subj /CN=Root -days 5 -addext \
         keyUsage=critical,keyCertSign,cRLSign -out short.crt && cat short.crt Root.crt >renewed.crt && cat \
         Lower.crt Middle.crt >chain.pem",
    );
    for (anchors, code) in [("short.crt", 1), ("renewed.crt", 0)] {
        let (_server, port) = server(&desk, &format!("{options} -cert_chain chain.pem"));
        probe(&desk, anchors, &["--connect", &url(port), "--strict"]).exits(code);
    }
    // No finding if trust-compose created both certificates.
    desk.certs(&["--out", "lab", "localhost"]).succeeds();
    let (_server, port) = lab(&desk);
    probe(&desk, "lab/ca.crt", &["--connect", &url(port), "--strict"]).exits(0);
}

#[test]
fn the_sent_chain_is_saved_and_no_file_is_overwritten() {
    let desk = family();
    let (_server, port) = server(&desk, "-cert leaf.crt -key leaf.key -cert_chain Lower.crt");
    let url = url(port);
    let save = |name: &str| probe(&desk, "Root.crt", &["--connect", &url, "--save-chain", name]);
    // The chain is saved although verification fails: that is when users need it.
    save("sent.pem").exits(1);
    let text = desk.read("sent.pem");
    let (head, certificates) = text.split_once("-----BEGIN").unwrap();
    is_in("no program\n# trusts this file", head);
    is_in("trust-compose inspect sent.pem", head);
    is_in(&format!("# {url}\n"), head);
    let plain: String = format!("-----BEGIN{certificates}")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(plain, desk.read("leaf.crt") + &desk.read("Lower.crt"));
    assert_eq!(desk.mode("sent.pem"), 0o644);
    desk.run(&["inspect", "sent.pem"]).succeeds().shows("CN=Lower");
    // A second run changes nothing, and a different file is not overwritten.
    let before = desk.state(".");
    save("sent.pem").exits(1).stays_silent();
    save("leaf.key")
        .exits(2)
        .says("cannot write `leaf.key` (from --save-chain): it exists, with different contents");
    save("none/sent.pem").exits(2).says("no such file or directory");
    let words = ["--connect", "https://missing.invalid", "--save-chain", "nothing.pem"];
    probe(&desk, "Root.crt", &words).exits(2).says("no server sent a certificate");
    probe(&desk, "Root.crt", &["--save-chain", "nothing.pem"]).exits(2).says("--connect");
    assert_eq!(desk.state("."), before);
}

//! The forms in which a name can be typed, and the CAs of others that sign for it.

use crate::desk::Desk;

/// The names in `certs/server.pem`, as OpenSSL prints them.
fn names(desk: &Desk, file: &str) -> String {
    let text = desk.text(file);
    let (_, names) = text.split_once("Subject Alternative Name: ").unwrap();
    names.split(" X509v3").next().unwrap().split(" Signature").next().unwrap().to_owned()
}

#[test]
fn lists_and_addresses_with_the_prefix_of_hosts_are_understood() {
    let desk = Desk::new();
    let expected = "DNS:a.lan, DNS:b.lan, IP Address:10.0.0.1, DNS:localhost, \
                    IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1";
    for (index, words) in [
        &["DNS:a.lan,DNS:b.lan,IP:10.0.0.1"][..],
        &["DNS:a.lan, b.lan, DNS:10.0.0.1"],
        &["a.lan", "b.lan,dns:10.0.0.1"],
    ]
    .iter()
    .enumerate()
    {
        let out = format!("c{index}");
        desk.certs(&[words, &["--out", &out][..]].concat()).succeeds();
        assert_eq!(names(&desk, &format!("{out}/server.pem")), expected, "{words:?}");
    }
    desk.certs(&["DNS:fd00::7", "--out", "six"]).succeeds();
    assert!(names(&desk, "six/server.pem").starts_with("IP Address:FD00:0:0:0:0:0:0:7, DNS:loc"));
    // The fix that is printed for a zone.
    desk.certs(&["fe80::1%eth0"]).exits(2).says("omit `%`");
    desk.certs(&["fe80::1"]).succeeds();
}

/// Creates a root with this name and these further extensions in `certs/`.
fn foreign(desk: &Desk, name: &str, extensions: &[&str]) {
    let words = format!(
        "req -x509 -newkey rsa:2048 -nodes -keyout corp/ca.key -out corp/ca.crt -days 900 {name} \
         -addext keyUsage=critical,keyCertSign,cRLSign {}",
        extensions.iter().map(|one| format!("-addext {one}")).collect::<Vec<_>>().join(" ")
    );
    desk.directory("corp", 0o700);
    desk.openssl(words.trim());
    desk.chmod("corp/ca.key", 0o600);
}

/// Clients compare the issuer's name byte by byte.
#[test]
fn a_ca_of_any_name_can_sign() {
    for name in [
        "-subj /DC=lan/DC=home/CN=home-DC01-CA",
        "-subj /O=a/OU=b/OU=c/CN=d",
        "-multivalue-rdn -subj /O=Lab/OU=x+CN=y",
        "-subj /emailAddress=ca@lab.lan/CN=mail",
        "-utf8 -subj /C=AT/O=Bücher/CN=Bücher",
    ] {
        let desk = Desk::new();
        foreign(&desk, name, &[]);
        desk.certs(&["a.lan", "--ca", "corp", "--out", "a"]).succeeds().stays_silent();
        desk.verifies("corp/ca.crt", "a/server.pem");
        let (ca, server) = (desk.text("corp/ca.crt"), desk.text("a/server.pem"));
        let id = |text: &str, title: &str| {
            text.split(title).nth(1).unwrap().trim_start_matches("keyid:")[..59].to_owned()
        };
        assert_eq!(
            id(&ca, "Subject Key Identifier: "),
            id(&server, "Authority Key Identifier: "),
            "{name}"
        );
        let before = desk.state("a");
        desk.certs(&["a.lan", "--ca", "corp", "--out", "a"]).succeeds();
        assert_eq!(desk.state("a"), before, "{name}");
    }
}

#[test]
fn a_constrained_ca_of_others_signs_for_its_names_only() {
    let desk = Desk::new();
    let constraint =
        "nameConstraints=critical,permitted;DNS:lab.lan,permitted;IP:10.0.0.0/255.0.0.0";
    foreign(&desk, "-subj /CN=Corp", &[constraint]);
    let words = ["gpu.lab.lan", "10.1.2.3", "--ca", "corp", "--out", "a"];
    desk.certs(&words).succeeds();
    // No name is added that the CA may not sign for. IPv6 is constrained with IPv4.
    assert_eq!(names(&desk, "a/server.pem"), "DNS:gpu.lab.lan, IP Address:10.1.2.3");
    desk.verifies("corp/ca.crt", "a/server.pem");
    let before = desk.state("a");
    desk.certs(&words).succeeds();
    desk.certs(&["--renew", "--ca", "corp", "--out", "a"]).succeeds().prints("");
    assert_eq!(desk.state("a"), before);

    let refused = desk.certs(&["x.other.lan", "x.lab.lan", "--ca", "corp", "--out", "x"]).exits(1);
    let refused = refused.says("`x.other.lan`").says("is constrained to other names");
    assert!(!desk.has("x"));
    // The command in its fix.
    let text = refused.stderr();
    let command = text.split('`').find(|part| part.starts_with("trust-compose certs")).unwrap();
    assert_eq!(command, "trust-compose certs x.other.lan --out x-certs");
    let words: Vec<_> = command.split(' ').skip(1).collect();
    desk.run(&words).succeeds();
    desk.verifies("x-certs/ca.crt", "x-certs/server.pem");
    desk.certs(&["localhost", "--ca", "corp", "--out", "y"]).exits(1).says("`localhost`");
}

#[test]
fn a_wildcard_above_one_label_is_refused_as_by_clients() {
    let desk = Desk::new();
    desk.certs(&["*.lan"]).exits(2).says("before two labels").says("list the hosts");
    desk.certs(&["gpu.lan", "nas.lan"]).succeeds();
}

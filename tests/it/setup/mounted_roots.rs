//! Root certificates and pinned files that a service mounts over those of its image, and the CAs that
//! `--ca-sha256` allows.

use crate::setup::flags::{back_end, has, project};
use crate::world::{count, gallery};

#[test]
fn mounted_root_certificates_replace_those_of_the_image() {
    let from = "services:\n  api:\n    build: .\n    volumes:\n      - ./roots.pem:/etc/ssl/certs/ca-certificates.crt:ro\n";
    let shared = format!("{from}  worker:\n    build: .\n    volumes_from: [api]\n");
    for compose in [from, &shared] {
        let desk = project(compose);
        desk.write("roots.pem", std::fs::read(gallery("ca-ec.crt")).unwrap());
        let run = desk.types(".", "setup --custom-ca certs").succeeds();
        has(&run.stdout(), "1 public root from the file that it mounts: api");
        let bundle = desk.read(&desk.overlaid("ca-bundle"));
        assert_eq!(count(&bundle), 2, "the CA, and the one root: {bundle}");
        assert!(bundle.contains(desk.read("roots.pem").trim()), "{bundle}");
        // Every service shares the bundle: none gets Mozilla's.
        let files = desk.contents(".trust").join("\n");
        assert_eq!(files.matches("/ca-bundle-").count(), 1, "{files}");
    }
}

#[test]
fn roots_that_cannot_be_read_are_an_error_with_a_way_out() {
    for volume in ["certs:/etc/ssl/certs", "certs:/etc/ssl"] {
        let desk = project(&format!(
            "services:\n  api:\n    build: .\n    volumes: ['{volume}']\nvolumes: {{certs: {{}}}}\n"
        ));
        let run = desk.types(".", "setup --custom-ca certs").exits(1);
        let run =
            run.says("cannot read the root certificates of service `api`: it mounts a volume");
        run.says("`--roots mozilla`, or leave the service out: `--service api=leave`");
        assert!(!desk.has("docker-compose.ca.yml"));
        desk.types(".", "setup --custom-ca certs --service api=leave").succeeds();
        desk.types(".", "setup --custom-ca certs --roots mozilla").succeeds();
    }
}

#[test]
fn a_pinned_file_in_volumes_of_another_service_is_found_or_kept() {
    let pinned = "environment: {SSL_CERT_FILE: /pins/ca.pem}";
    let desk = project(&format!(
        "services:\n  vault:\n    build: .\n    volumes: ['./pins:/pins:ro']\n  api:\n    build: .\n    \
         {pinned}\n    volumes_from: [vault]\n  other:\n    build: .\n    {pinned}\n    volumes_from: ['container:x']\n"
    ));
    desk.directory("pins", 0o755)
        .write("pins/ca.pem", std::fs::read(gallery("ca-ec.crt")).unwrap());
    let run = desk.types(".", "setup --custom-ca certs").succeeds();
    let run =
        run.says("service `other`: SSL_CERT_FILE names a file that trust-compose cannot read");
    run.never_says("service `api`");
    let pinned = desk.read(&desk.overlaid("SSL_CERT_FILE"));
    assert_eq!(count(&pinned), 2, "the pinned CA, and the custom CA: {pinned}");
    let overlay = desk.read("docker-compose.ca.yml");
    assert_eq!(overlay.matches("SSL_CERT_FILE: /").count(), 2, "vault and api: {overlay}");
}

#[test]
fn a_ca_that_is_not_listed_is_refused_and_the_list_is_kept_in_the_header() {
    let desk = back_end();
    let fingerprint = desk.openssl("x509 -noout -fingerprint -sha256 -in certs/ca.crt");
    let fingerprint = fingerprint.trim().rsplit('=').next().unwrap();
    let listed = format!("setup --custom-ca certs --ca-sha256 {fingerprint}");
    desk.types(".", &listed).succeeds();
    let short = fingerprint.replace(':', "").to_lowercase();
    has(&desk.read("docker-compose.ca.yml"), &format!("--custom-ca certs --ca-sha256 {short}\n"));
    desk.types(".", "setup --check").succeeds();
    // The file is replaced by another CA's.
    desk.write("certs/ca.crt", std::fs::read(gallery("ca-ec.crt")).unwrap());
    desk.remove("certs/server.pem").remove("certs/server-key.pem");
    let run = desk.types(".", &listed).exits(1);
    run.says("`certs/ca.crt` (from --custom-ca): --ca-sha256 does not list its fingerprint");
    desk.types(".", "setup --custom-ca certs --ca-sha256 abc")
        .exits(2)
        .says("64 hexadecimal digits");
}

//! The image's own store under `--install-store`: clients that read no variable trust the CA, and the
//! store is byte for byte the image's again when the CA is gone.

use std::sync::Arc;

use crate::clients::{Client, DEBIAN_REQUESTS, HTTPX};
use crate::container::Container;
use crate::engine::{BOOKWORM, TRIXIE, docker};
use crate::site::{Folder, PRIVATE, SECOND, Server, Site, site};

/// Clients without the variables: each reads only the store, in its own way.
const CURL: Client = ("curl", "env -u SSL_CERT_FILE -u CURL_CA_BUNDLE curl -sS");
const GIT: Client = ("git", "env -u GIT_SSL_CAINFO git ls-remote");
const URLLIB: Client = (
    "urllib",
    "env -u SSL_CERT_FILE python3 -c 'import sys,urllib.request as r; print(r.urlopen(sys.argv[1]).read())'",
);
const REQUESTS: Client = (
    "debian-requests",
    "env -i python3 -c 'import sys,requests as r; print(r.get(sys.argv[1]).text)'",
);
/// Only by the hashed name, or only by the bundle.
const BY_NAME: Client = (
    "by-name",
    "sh -c 'at=${1#https://}; openssl s_client -verify_return_error \
     -no-CAstore -no-CAfile -CApath /etc/ssl/certs -connect ${at%/} </dev/null' sh",
);
const BY_BUNDLE: Client = (
    "by-bundle",
    "sh -c 'at=${1#https://}; openssl s_client -verify_return_error \
     -no-CAstore -no-CApath -CAfile $BUNDLE -connect ${at%/} </dev/null' sh",
);
const STORE: &[Client] = &[CURL, GIT, URLLIB, REQUESTS, BY_NAME];

const PRIVATE_ONLY: &str = "private served, second refused, public served, stranger refused";
const SECOND_ONLY: &str = "private refused, second served, public served, stranger refused";
const NEITHER: &str = "private refused, second refused, public served, stranger refused";

/// Prints the whole store: digests, modes, owners, links.
const STATE: &str = "cd /etc/ssl && find . -exec stat -c '%n %a %u:%g %N' {} + | sort; \
                     find . -type f -exec sha256sum {} + | sort";

fn container(site: &Arc<Site>, base: &str) -> Container {
    site.container(base).options("--install-store")
}

#[test]
fn clients_that_read_the_store_alone() {
    let site = site();
    for base in [BOOKWORM, TRIXIE] {
        site.container(base).trusting(PRIVATE).finds(STORE, NEITHER);
        let run = container(&site, base).trusting(PRIVATE).finds(STORE, PRIVATE_ONLY);
        run.says(
            "in the image's own store: `/etc/ssl/certs/ca-certificates.crt`, `/etc/ssl/certs/",
        );
        // Clients that read variables work as without the option; certifi is never changed.
        let run = container(&site, base).trusting(PRIVATE);
        run.finds(&[HTTPX, DEBIAN_REQUESTS], PRIVATE_ONLY);
        assert!(!run.changes().iter().any(|path| path.ends_with("cacert.pem")));
    }
}

/// The same container, started several times: with the CA, with another one, without one.
#[test]
fn restarts() {
    let (site, folder) = (site(), Folder::new());
    let certificate = |server: Server| std::fs::read(server.ca()).unwrap();
    for flags in ["", "--init"] {
        folder.write("custom-ca.crt", certificate(PRIVATE));
        let container = container(&site, TRIXIE).flags(flags);
        let container = container.mount(&folder.0, "/usr/local/share/ca-certificates");
        container.finds(STORE, PRIVATE_ONLY);
        let after_one = container.changes();
        for _ in 0..2 {
            container.finds_again(STORE, PRIVATE_ONLY);
            assert_eq!(container.changes(), after_one);
        }
        folder.write("custom-ca.crt", certificate(SECOND));
        container.finds_again(STORE, SECOND_ONLY);
        std::fs::remove_file(folder.0.join("custom-ca.crt")).unwrap();
        container.finds_again(STORE, NEITHER).says("removed from the image's own store");
        container.finds_again(STORE, NEITHER).never_says("trust-init");
    }
}

#[test]
fn the_store_is_restored_when_the_ca_is_removed() {
    let (site, folder) = (site(), Folder::new());
    for base in [BOOKWORM, TRIXIE] {
        let before = site.container(base).bare().sh(STATE).exits(0).stdout;
        let ca = folder.write("custom-ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
        let target = "/usr/local/share/ca-certificates";
        let container = container(&site, base).mount(&folder.0, target);
        assert_ne!(container.sh(STATE).exits(0).stdout, before);
        std::fs::remove_file(ca).unwrap();
        assert_eq!(container.again().exits(0).stdout, before);
        assert!(!container.changes().iter().any(|path| path.contains("trust-init/store")));
    }
}

/// update-ca-certificates runs between two starts; neither tool undoes the other's changes.
#[test]
fn beside_update_ca_certificates() {
    let (site, folder) = (site(), Folder::new());
    let ca = folder.write("ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
    let install =
        "cp /second.crt /usr/local/share/ca-certificates/ && update-ca-certificates >/dev/null";
    let script = crate::clients::script(STORE, "private served, second served, public served");
    let container = site
        .container(TRIXIE)
        .options("--install-store --ca /ca")
        .flag("--env", "TRUST_INIT_LOG=quiet");
    let container = container.mount(&folder.0, "/ca").mount(&SECOND.ca(), "/second.crt");
    let script = format!(
        "if [ -e /usr/local/share/ca-certificates/second.crt ]; then :; else {install}; fi\n{script}"
    );
    container.sh(&script);
    container.finds_again(STORE, "private served, second served, public served");
    std::fs::remove_file(ca).unwrap();
    folder.write("ca.crt", std::fs::read(SECOND.ca()).unwrap());
    container.finds_again(STORE, "private refused, second served, public served");
}

/// Debian's files, moved to the paths of other distributions.
#[test]
fn other_distributions_layouts() {
    let site = site();
    let base = site.image(BOOKWORM);
    let red_hat = "mkdir -p /etc/pki/tls /etc/pki/ca-trust/source/anchors /etc/pki/ca-trust/extracted/pem \
         && mv /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem \
         && mv /etc/ssl/certs /etc/pki/tls/certs && ln -s /etc/pki/tls/certs /etc/ssl/certs \
         && ln -s /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt";
    let suse = "mkdir -p /var/lib/ca-certificates /etc/pki/trust/anchors \
         && mv /etc/ssl/certs/ca-certificates.crt /var/lib/ca-certificates/ca-bundle.pem \
         && mv /etc/ssl/certs /var/lib/ca-certificates/pem && ln -s /var/lib/ca-certificates/pem /etc/ssl/certs \
         && ln -s /var/lib/ca-certificates/ca-bundle.pem /etc/ssl/ca-bundle.pem";
    let alpine = "ln -s certs/ca-certificates.crt /etc/ssl/cert.pem";
    for (name, script, bundle, anchors) in [
        (
            "red-hat",
            red_hat,
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/pki/ca-trust/source/anchors",
        ),
        ("suse", suse, "/etc/ssl/ca-bundle.pem", "/etc/pki/trust/anchors"),
        ("alpine", alpine, "/etc/ssl/cert.pem", ""),
    ] {
        let image = site.derived(name, &format!("FROM {base}\nRUN {script}\n"));
        let container = site.container_of(&image).options("--install-store").trusting(PRIVATE);
        let container = container.flag("--env", &format!("BUNDLE={bundle}"));
        container.finds(&[BY_NAME, BY_BUNDLE], "private served, public served, stranger refused");
        let changes = container.changes();
        let has = |path: &String| path.starts_with(&format!("A {anchors}/"));
        assert!(anchors.is_empty() || changes.iter().any(has), "{changes:?}");
    }
}

/// trust-init does not change a store that is not the container's own, nor any other file.
#[test]
fn refused() {
    let (site, folder) = (site(), Folder::new());
    let bundle = site.container(TRIXIE).bare().sh("cat /etc/ssl/certs/ca-certificates.crt").stdout;
    let mounted = folder.write("ca-certificates.crt", &bundle);
    let volume = |target: &str| {
        format!(
            "--volume {}:{target}",
            if target.ends_with("crt") { mounted.display() } else { folder.0.display() }
        )
    };
    for (flags, words) in [
        (volume("/etc/ssl/certs/ca-certificates.crt"), "it is mounted"),
        (volume("/etc/ssl/certs"), "it is mounted"),
        ("--user 1000".into(), "it belongs to uid 0, and trust-init runs as uid 1000"),
        ("--read-only --tmpfs /run".into(), "read-only file system"),
        ("--read-only --tmpfs /run --tmpfs /var/lib".into(), "read-only file system"),
    ] {
        let container = container(&site, TRIXIE).trusting(PRIVATE).flags(&flags);
        container.run(&["true"]).exits(125).says(words).says("fix: remove --install-store");
        let changes = container.changes();
        assert!(
            !changes
                .iter()
                .any(|path| path.contains("/etc/ssl") || path.contains("/var/lib/trust-init")),
            "{changes:?}"
        );
        assert_eq!(std::fs::read_to_string(&mounted).unwrap(), bundle);
    }
}

/// Another CA for a program in the same container does not remove the service's CA from the store.
#[test]
fn beside_a_service() {
    let site = site();
    let container = container(&site, TRIXIE).trusting(PRIVATE).mount(&SECOND.ca(), "/second.crt");
    container.serve();
    let before = container.exec(&["sh", "-c", STATE]).stdout;
    let exec = |words: &str| {
        docker(["exec", &container.name, "/trust-init"].into_iter().chain(words.split(' ')))
    };
    exec("--install-store true").exits(0).never_says("warning");
    exec("--install-store --ca /second.crt true")
        .exits(0)
        .says("the image's own store is not changed");
    assert_eq!(container.exec(&["sh", "-c", STATE]).stdout, before);
}

/// Without a variable, and so without `Picked up …`; the key store is removed with the CA.
#[test]
fn java() {
    let (site, folder) = (site(), Folder::new());
    let image = crate::init::java::image(&site);
    let ca = folder.write("custom-ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
    let container = site.container_of(&image).options("--install-store");
    let container = container.mount(&folder.0, "/usr/local/share/ca-certificates");
    let jvm = &[crate::init::java::JAVA_21];
    container.finds(jvm, "private served, public served, stranger refused").never_says("Picked up");
    container.finds_again(jvm, "private served, public served, stranger refused");
    std::fs::remove_file(ca).unwrap();
    container.finds_again(jvm, "private refused, public served, stranger refused");
    assert!(!container.changes().iter().any(|path| path.contains("jssecacerts")));
}

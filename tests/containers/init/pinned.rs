//! Services with a pinned variable: they trust the pinned file's CAs and the custom CA, and no others.

use std::path::Path;

use crate::clients::{CURL, DEBIAN_REQUESTS, GIT, HTTPX, OPENSSL, REQUESTS, URLLIB};
use crate::container::Container;
use crate::engine::{BOOKWORM, TRIXIE};
use crate::site::{PARTNER, PRIVATE, Site, site};

const FILE: &str = "/etc/partner.crt";

fn pinned(site: &Site, base: &str, variable: &str) -> Container {
    let file: &Path = &PARTNER.ca();
    site.container(base).mount(file, FILE).flag("--env", &format!("{variable}={FILE}"))
}

/// httpx reads SSL_CERT_FILE and no other variable.
#[test]
fn ssl_cert_file() {
    let site = site();
    for base in [BOOKWORM, TRIXIE] {
        let pinned = || pinned(&site, base, "SSL_CERT_FILE");
        pinned().bare().finds(&[HTTPX], "private refused, public refused, partner served");
        pinned()
            .trusting(PRIVATE)
            .finds(&[HTTPX], "private served, public refused, partner served, stranger refused");
        // The pin applies to this variable only: clients of other variables get the image's roots.
        pinned()
            .trusting(PRIVATE)
            .finds(&[REQUESTS, GIT], "private served, public served, partner refused");
    }
}

#[test]
fn requests_ca_bundle() {
    let site = site();
    let pinned = || pinned(&site, BOOKWORM, "REQUESTS_CA_BUNDLE");
    pinned().bare().finds(&[REQUESTS], "private refused, public refused, partner served");
    pinned()
        .trusting(PRIVATE)
        .finds(&[REQUESTS, DEBIAN_REQUESTS], "private served, public refused, partner served");
    pinned()
        .trusting(PRIVATE)
        .finds(&[CURL, HTTPX], "private served, public served, partner refused");
}

/// Debian's git always reads the image's hashed directory as well.
#[test]
fn git_ssl_cainfo() {
    let site = site();
    let pinned = || pinned(&site, BOOKWORM, "GIT_SSL_CAINFO");
    pinned().bare().finds(&[GIT], "private refused, public served, partner served");
    pinned()
        .trusting(PRIVATE)
        .finds(&[GIT], "private served, public served, partner served, second refused");
}

/// Without a custom CA the variables of a pinned service do not change.
#[test]
fn pinned_without_ca() {
    let site = site();
    let outcome = pinned(&site, BOOKWORM, "SSL_CERT_FILE")
        .run(&["printenv", "SSL_CERT_FILE"])
        .exits(0)
        .prints("/etc/partner.crt\n");
    assert_eq!(outcome.stderr, "");
}

/// Common in images: a variable with the path of the image's own roots, which the bundle replaces.
#[test]
fn image_that_names_its_own_roots() {
    let site = site();
    let image = site.derived(
        "named-roots",
        &format!(
            "FROM {}\nENV REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
            site.image(BOOKWORM)
        ),
    );
    site.container_of(&image).bare().finds(&[REQUESTS], "private refused, public served");
    site.container_of(&image)
        .trusting(PRIVATE)
        .finds(&[REQUESTS, CURL], "private served, public served, stranger refused")
        .never_says("REQUESTS_CA_BUNDLE");
}

/// OpenSSL and curl read the directory in addition to the image's roots; a renamed root is not read.
#[test]
fn ssl_cert_dir() {
    let site = site();
    let image = site.derived(
        "directory",
        &format!(
            "FROM {}\nCOPY partner/ca.crt /pins/partner.pem\nCOPY second/ca.crt /pins/second.pem\n\
             RUN openssl rehash /pins && mv /pins/second.pem /pins/second.pem.disabled\n\
             RUN find /pins -xtype l -delete\nENV SSL_CERT_DIR=/pins\n",
            site.image(TRIXIE)
        ),
    );
    let clients = &[URLLIB, OPENSSL];
    let container = || site.container_of(&image);
    container()
        .bare()
        .finds(clients, "private refused, public served, partner served, second refused");
    container()
        .trusting(PRIVATE)
        .finds(clients, "private served, public served, partner served, second refused")
        .says("programs that read those directories alone");
    // httpx reads the directory alone, so its trust grows by the roots.
    container().bare().finds(&[HTTPX], "public refused, partner served");
    container().trusting(PRIVATE).finds(&[HTTPX], "private served, partner served, second refused");
}

//! An image of the matrix with the probes added, and with the public server's CA in every file of root
//! certificates that a client of that image reads.

use std::fs;

use crate::engine::repository;
use crate::site::{Folder, PUBLIC, Site};

/// The probes are compiled in images with compilers. The slow steps come first, for the engine's build cache.
const LINES: &str = r#"
COPY public.crt /usr/share/ca-certificates/public.crt
RUN echo public.crt >>/etc/ca-certificates.conf && update-ca-certificates && \
    find / -xdev -type f '(' -name cacert.pem -o -name roots.pem -o -path '*/stripe/data/*.crt' ')' | \
    while read -r bundle; do \
        cat /usr/share/ca-certificates/public.crt >>"$bundle"; \
    done && \
    find / -xdev -type f -path '*/lib/security/cacerts' | while read -r store; do \
        keytool -importcert -noprompt -alias public -file /usr/share/ca-certificates/public.crt \
            -storepass changeit -keystore "$store"; \
    done
COPY --from=go /probe /probes/go
COPY --from=java /classes /probes/
COPY probes /probes
RUN chmod -R a+rX /probes
"#;

/// Builds it from `trust-init-test/NAME`.
#[track_caller]
pub fn image(site: &Site, name: &str) -> String {
    let context = Folder::new();
    let probes = repository().join("tests/containers/runtimes/probes");
    for probe in fs::read_dir(probes).unwrap().map(|entry| entry.unwrap()) {
        let to = format!("probes/{}", probe.file_name().to_string_lossy());
        context.write(&to, fs::read(probe.path()).unwrap());
    }
    context.write("public.crt", fs::read(PUBLIC.ca()).unwrap());
    let lines = format!(
        "FROM trust-init-test/stack AS go\n\
         COPY probes/probe.go /probe.go\n\
         RUN go build -o /probe /probe.go\n\
         FROM trust-init-test/java AS java\n\
         COPY probes/*.java /java/\n\
         RUN javac --release 11 -nowarn -d /classes /java/*.java\n\
         FROM trust-init-test/{name}{LINES}"
    );
    site.derived_in(&context.0, name, &lines)
}

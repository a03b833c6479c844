//! `trust-compose inspect` and the checks of `setup` on any file: reads all fields of its certificates, with
//! code that does not run when a container starts.

use std::net::{IpAddr, Ipv4Addr};

use super::{is_printable, is_read_by_openssl, source};
use trust_init::sys::quote::word;
use trust_init::trust::certificate;
use trust_init::trust::certificate::extensions::{Details, is_signed_by};
use trust_init::trust::certificate_file;

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let contents = match certificate_file::parse(&source(bytes)) {
        Ok(contents) => contents,
        Err(problem) => return is_printable(&problem),
    };
    contents.others.iter().for_each(|other| is_printable(&word(&other.label)));
    for found in &contents.certificates {
        is_read_by_openssl(found);
        is_printable(&word(&found.subject));
        assert_eq!(certificate::subject_der(&found.der), Some(found.subject_der()), "two names");
        let details = Details::of(found);
        if let Some(constraints) = &details.constraints {
            constraints.allows_address(IpAddr::V4(Ipv4Addr::LOCALHOST));
            details.names.iter().for_each(|name| _ = constraints.allows_host(&name.host_or_text()));
        }
        contents.certificates.first().map(|first| is_signed_by(found, first));
    }
}

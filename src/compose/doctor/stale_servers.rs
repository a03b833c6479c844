//! A server that still sends an older certificate than the file in the project: it has not been restarted since
//! the renewal.

use std::path::Path;

use crate::compose::certs::SERVER;
use crate::compose::certs::server_name::LOOPBACK_NAMES;
use crate::sys::file;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin};
use crate::trust::trust_anchors::anchors;

/// The servers in `found` that send an older certificate than `own`. Reported only if the same CA signed both.
pub(crate) fn findings(own: &Certificate, found: &[Finding]) -> Vec<Finding> {
    let names = Details::of(own).names;
    // Every certificate that trust-compose creates has these.
    let is_particular = |name: &&SubjectAltName| {
        name.host().is_some_and(|host| !LOOPBACK_NAMES.contains(&host.as_str()))
    };
    let names: Vec<_> = names.iter().filter(is_particular).map(ToString::to_string).collect();
    let sha256 = own.fingerprint().to_string();
    let path = quote::path(own.label.path().unwrap_or(Path::new(SERVER)));
    let is_older = |finding: &&Finding| {
        let Some(sent) = finding.chain.first().filter(|link| link.sent) else { return false };
        sent.sha256 != sha256
            && sent.issuer == own.issuer
            && sent.not_before < own.not_before.moment()
            && sent.names.iter().any(|name| names.contains(name))
    };
    let report = |finding: &Finding| {
        let cause = format!(
            "the server sends an older certificate than {path}, which is for that name too"
        );
        let fix = format!(
            "give it {path} with its key, and restart it: most servers read them only at the start"
        );
        let stale = Finding::warning("not-reloaded", &finding.subject, cause, fix);
        Finding { service: finding.service.clone(), ..stale }
    };
    found.iter().filter(is_older).map(report).collect()
}

/// The first certificate in a file.
pub(crate) fn first_certificate(path: &Path) -> Option<Certificate> {
    let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).ok()?;
    let label = Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default });
    Certificate::read(&anchors(&bytes).certificates.first()?.decode()?, &label)
}

//! A server that shows a certificate from before the one that lies here: it was made anew, and the server
//! has not read it since.

use std::path::Path;

use crate::compose::certs::SERVER;
use crate::compose::certs::server_name::ALWAYS;
use crate::sys::file;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::certificate::subject_alt_name::SubjectAltName;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin};
use crate::trust::trust_anchors::anchors;

/// What is to be said of the servers in `found`, whose chains are known, beside the certificate `own`.
pub fn findings(own: &Certificate, found: &[Finding]) -> Vec<Finding> {
    let names = Details::of(own).names;
    // Every certificate that trust-compose makes is for these.
    let is_particular =
        |name: &&SubjectAltName| name.host().is_some_and(|host| !ALWAYS.contains(&host.as_str()));
    let names: Vec<_> = names.iter().filter(is_particular).map(ToString::to_string).collect();
    let sha256 = own.fingerprint().to_string();
    let path = quote::path(own.label.path().unwrap_or(Path::new(SERVER)));
    let is_older = |finding: &&Finding| {
        let Some(shown) = finding.chain.first().filter(|link| link.sent) else { return false };
        // What another CA signed is somebody else's business.
        shown.sha256 != sha256
            && shown.issuer == own.issuer
            && shown.not_before < own.not_before.moment()
            && shown.names.iter().any(|name| names.contains(name))
    };
    let say = |finding: &Finding| {
        let cause =
            format!("it shows an older certificate than {path}, which is for that name too");
        let fix =
            format!("give it {path} with its key, and start it again: most read it only then");
        let said = Finding::warning("not-reloaded", &finding.thing, cause, fix);
        Finding { service: finding.service.clone(), ..said }
    };
    found.iter().filter(is_older).map(say).collect()
}

/// The first certificate in a file.
pub fn own(path: &Path) -> Option<Certificate> {
    let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).ok()?;
    let label = Label::Path(Named { path: path.to_path_buf(), origin: Origin::Default });
    Certificate::read(&anchors(&bytes).certificates.first()?.decode()?, &label)
}

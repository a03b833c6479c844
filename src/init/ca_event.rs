//! The log event of one trusted CA.

use crate::init::mounts;
use crate::sys::log_record::Event;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::source::{Label, Named, Origin};

/// Returns the event that one custom CA is trusted. It says if the CA comes from the image, because the image's owner
/// may not expect trust-init to find it. `is_detailed`: whether it is needed as JSON.
pub(crate) fn ca_event(certificate: &Certificate, is_detailed: bool) -> Event {
    let location = match &certificate.label {
        Label::Path(Named { path, origin: Origin::Default }) if !mounts::is_mounted(path) => {
            format!("{}, from the image", quote::path(path))
        }
        Label::Path(Named { path, origin: Origin::Default }) => quote::path(path).to_string(),
        label => label.to_string(),
    };
    let fingerprint = certificate.fingerprint();
    let subject = quote::word(&certificate.subject);
    let until = certificate.not_after;
    let message = format!("trusting {subject} until {until} (SHA-256 {fingerprint}) in {location}");
    let fields = is_detailed.then(|| {
        vec![
            ("subject", certificate.subject.clone()),
            ("not_after", until.moment()),
            ("sha256", fingerprint.to_string()),
            ("source", location),
        ]
    });
    Event { id: "ca-trusted", message, fields: fields.unwrap_or_default() }
}

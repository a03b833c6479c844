//! The certificate chain that a finding about a server carries.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::sys::quote;

/// A certificate of a chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its name: `CN=Lab CA, O=Lab`.
    pub subject: String,
    /// The issuer's name.
    pub issuer: String,
    /// Start of validity, as in RFC 3339, in UTC.
    pub not_before: String,
    /// End of validity.
    pub not_after: String,
    /// Its key: `EC P-256`.
    pub key: String,
    /// Its subject alternative names: `DNS:host`, `IP:address`.
    pub names: Vec<String>,
    /// The identifier of its key, by which the certificates that it signed name it.
    pub key_identifier: Option<String>,
    /// The identifier of its issuer's key.
    pub issuer_key_identifier: Option<String>,
    /// Its fingerprint.
    pub sha256: String,
    /// Whether the server sent it.
    pub sent: bool,
    /// The file of trust anchors that contains it, where the chain ends in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The certificate.
    pub pem: String,
}

/// The chain on one line: `SUBJECT until DAY <- …`, and at its end the issuer that is not known.
pub(crate) fn line(chain: &[Link]) -> String {
    let links = chain.iter().map(|Link { subject, not_after, .. }| {
        let day = not_after.split('T').next().unwrap_or_default();
        format!("{} until {day}", quote::word(subject))
    });
    let mut text = links.collect::<Vec<_>>().join(" <- ");
    let is_open = |last: &&Link| last.file.is_none() && last.issuer != last.subject;
    if let Some(last) = chain.last().filter(is_open) {
        let _ = write!(text, " <- {}", quote::word(&last.issuer));
        if let Some(key) = &last.issuer_key_identifier {
            let _ = write!(text, " (key {key})");
        }
    }
    text
}

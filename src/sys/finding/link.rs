//! A certificate of the chain that a finding about a server is about.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::sys::quote;

/// A certificate of a chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its name: `CN=Lab CA, O=Lab`.
    pub subject: String,
    /// The name of who signed it.
    pub issuer: String,
    /// Since when it is valid, as in RFC 3339, in UTC.
    pub not_before: String,
    /// Until when.
    pub not_after: String,
    /// Its key, as people call it.
    pub key: String,
    /// Its subject alternative names.
    pub names: Vec<String>,
    /// By what certificates below it know its key.
    pub key_identifier: Option<String>,
    /// By what it knows the key that signed it.
    pub issuer_key_identifier: Option<String>,
    /// Its fingerprint.
    pub sha256: String,
    /// Whether the server sent it.
    pub sent: bool,
    /// The file of trust anchors that it is in, where the chain ends in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The certificate.
    pub pem: String,
}

/// A finding's chain for people, where it says more than the finding: what is wrong may be anywhere in it,
/// and what is in the middle of a good one (`is_ok`) is said nowhere else.
pub fn line(chain: &[Link], is_ok: bool) -> Option<String> {
    let sent = chain.iter().filter(|link| link.sent).count();
    if chain.is_empty() || (is_ok && sent < 2) {
        return None;
    }
    let links = chain.iter().map(|Link { subject, not_after, .. }| {
        let day = not_after.split('T').next().unwrap_or_default();
        format!("{} until {day}", quote::word(subject))
    });
    let mut text = links.collect::<Vec<_>>().join(" <- ");
    if let Some(last) =
        chain.last().filter(|last| last.file.is_none() && last.issuer != last.subject)
    {
        let _ = write!(text, " <- {}", quote::word(&last.issuer));
        if let Some(key) = &last.issuer_key_identifier {
            let _ = write!(text, " (key {key})");
        }
    }
    Some(text)
}

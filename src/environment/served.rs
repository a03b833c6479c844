//! Whether SSL_CERT_FILE is the service's own setting.
//!
//! OpenSSL reads root certificates from it, and many services read from the same variable which certificate
//! they serve with, beside SSL_KEY_FILE or the like. Such a service ends at its start if the variable names
//! anything else.

use std::ffi::OsStr;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Version};

use super::Environment;
use crate::merge::Pem;

/// The one trust variable that is also common for a server's own certificate.
pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// What the names of variables for keys of other kinds have in them: a client's, a password's, a key
/// store's.
const OTHER_KEYS: [&str; 3] = ["CLIENT", "PASS", "STORE"];

/// The variable that names a server's key: SSL_KEY_FILE, SSL_KEYFILE, SSL_PRIVKEY_FILE and the like.
pub fn key_variable(environment: &Environment) -> Option<&OsStr> {
    let is_key = |(name, value): &(&OsStr, &OsStr)| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let is_other = OTHER_KEYS.iter().any(|word| name.contains(word));
        name.starts_with("SSL_") && name.contains("KEY") && !is_other && !value.is_empty()
    };
    environment.pairs().find(is_key).map(|(name, _)| name)
}

/// Whether `certificate` is a server's. Beside a variable for its key, also if it only does not say that
/// it is a CA in every way: `openssl req -x509` makes each certificate a CA, in basicConstraints alone.
pub fn is_servers(certificate: &Pem<'_>, has_key: bool) -> bool {
    let Some(der) = certificate.decode() else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else { return false };
    let (mut is_ca, mut may_sign, mut has_names) = (false, false, false);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => is_ca = constraints.ca,
            ParsedExtension::KeyUsage(usage) => may_sign = usage.key_cert_sign(),
            ParsedExtension::SubjectAlternativeName(_) => has_names = true,
            _ => {}
        }
    }
    // Before version 3 a certificate cannot say whether it is a CA.
    let is_leaf = !is_ca && certificate.version() == X509Version::V3;
    is_leaf || (has_key && (!may_sign || has_names))
}

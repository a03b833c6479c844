//! Detects that SSL_CERT_FILE is a setting of the service itself.
//!
//! OpenSSL reads root certificates from it, and many services their own server certificate, beside
//! SSL_KEY_FILE or the like. Such a service exits at its start if the variable names another file.

use std::ffi::OsStr;

use crate::sys::environment::Environment;

/// The only trust variable that services also use for their own certificate.
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Words in the names of variables for other keys: of a client, for a password, of a key store.
const OTHER_KEYS: [&str; 3] = ["CLIENT", "PASS", "STORE"];

/// Returns the name of the variable that names a server's key: SSL_KEY_FILE, SSL_KEYFILE, SSL_PRIVKEY_FILE
/// and the like.
pub(crate) fn key_variable(environment: &Environment) -> Option<&OsStr> {
    let is_key = |(name, value): &(&OsStr, &OsStr)| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let is_other = OTHER_KEYS.iter().any(|word| name.contains(word));
        name.starts_with("SSL_") && name.contains("KEY") && !is_other && !value.is_empty()
    };
    environment.pairs().find(is_key).map(|(name, _)| name)
}

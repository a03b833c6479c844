//! Whether SSL_CERT_FILE is the service's own setting.
//!
//! OpenSSL reads root certificates from it, and many services read from the same variable which certificate
//! they serve with, beside SSL_KEY_FILE or the like. Such a service ends at its start if the variable names
//! anything else.

use std::ffi::OsStr;

use crate::sys::environment::Environment;

/// The one trust variable that is also common for a server's own certificate.
pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// What the names of variables for keys of other kinds have in them: a client's, a password's, a key
/// store's.
const OTHER_KEYS: [&str; 3] = ["CLIENT", "PASS", "STORE"];

/// The variable that names a server's key: SSL_KEY_FILE, SSL_KEYFILE, SSL_PRIVKEY_FILE and the like.
pub(crate) fn key_variable(environment: &Environment) -> Option<&OsStr> {
    let is_key = |(name, value): &(&OsStr, &OsStr)| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let is_other = OTHER_KEYS.iter().any(|word| name.contains(word));
        name.starts_with("SSL_") && name.contains("KEY") && !is_other && !value.is_empty()
    };
    environment.pairs().find(is_key).map(|(name, _)| name)
}

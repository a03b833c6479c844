//! What in an environment will surprise its owner once custom CAs are in force.

use std::ffi::{OsStr, OsString};

use crate::sys::diagnostic::{Diagnostic, words_of_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::variables::{Rule, TABLE};

/// Something in the environment that will surprise its owner.
#[derive(Debug)]
pub enum Warning {
    /// A trust variable that names nothing usable.
    Unusable { name: &'static str, value: OsString, cause: String },
    /// A trust variable that is set to nothing.
    Empty(&'static str),
    /// A variable that switches verification off.
    Unverified { name: &'static str, value: OsString },
    /// A trust variable by which the service finds the certificate that it serves with; and the variable
    /// that names its key.
    Served { name: &'static str, value: OsString, key: Option<OsString> },
    /// A variable of the application itself.
    Application { name: &'static str, value: OsString },
}

words_of_diagnostic!(Warning);

impl From<&Warning> for Diagnostic {
    fn from(warning: &Warning) -> Self {
        match warning {
            Warning::Unusable { name, value, cause } => Self::statement(format!(
                "{name} names {}, which cannot be used ({cause}): treated as not set",
                quote::word(value)
            ))
            .advise(format!("correct {name}, or unset it")),
            Warning::Empty(name) => Self::statement(format!(
                "{name} is set but empty, which switches verification off in some clients: treated \
                 as not set"
            ))
            .advise(format!("unset {name}")),
            Warning::Unverified { name, value } => Self::statement(format!(
                "{name}={} switches certificate verification off, which is no longer needed: the \
                 custom CAs are trusted",
                quote::word(value)
            ))
            .advise(format!("unset {name}")),
            Warning::Served { name, value, key } => {
                let why = match key {
                    Some(key) => format!("is set beside {}", quote::word(key)),
                    None => "names a server's certificate".to_owned(),
                };
                Self::statement(format!(
                    "{name}={} {why}, so trust-init does not change it: the service may serve with that \
                     file. Programs that read root certificates from {name} do not trust the custom CAs",
                    quote::word(value)
                ))
                .advise(
                    "to have OpenSSL trust the custom CAs, too, name the service's certificate in \
                     another variable",
                )
            }
            Warning::Application { name, value } => Self::statement(format!(
                "{name}={} belongs to the program and is left alone: the program may trust that file \
                 and nothing else",
                quote::word(value)
            ))
            .advise(format!("unset {name}, or add the CA to that file")),
        }
    }
}

/// Variables whose value switches verification off: name, and the values that do (none: empty).
const UNVERIFIED: &[(&str, &[&str])] = &[
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]), // https://nodejs.org/api/cli.html
    ("PYTHONHTTPSVERIFY", &["0"]),            // PEP 493
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes", "on"]), // git-config, http.sslVerify
    ("SSL_VERIFY", &["false", "0", "no", "off"]), // Home-grown, but many
    ("AI_VERIFY_SSL", &["false", "0", "no", "off"]),
];

/// Variables that an application reads by itself, as its only root.
const APPLICATION: &[&str] = &["CA_CERT_PATH", "AI_CA_CERT_PATH"];

/// What to say about the environment where custom CAs are in force.
pub fn warnings(environment: &Environment) -> Vec<Warning> {
    let unverified = UNVERIFIED.iter().filter_map(|(name, off)| {
        let value = environment.get(name)?;
        let is_off = off.iter().any(|word| value.eq_ignore_ascii_case(word));
        is_off.then(|| Warning::Unverified { name, value: value.to_owned() })
    });
    let empty = TABLE.iter().filter(|row| {
        row.rule == Rule::Set && environment.get(row.name).is_some_and(OsStr::is_empty)
    });
    let application = APPLICATION.iter().filter_map(|name| {
        let value = environment.get(name).filter(|value| !value.is_empty())?.to_owned();
        Some(Warning::Application { name, value })
    });
    unverified.chain(empty.map(|row| Warning::Empty(row.name))).chain(application).collect()
}

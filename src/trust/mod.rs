//! Certificates and their lints, bundles, key stores, and the table of trust variables.
//!
//! This module reads files, but does not write, print or start a program.

pub mod time;
pub mod fingerprint;
pub(crate) mod der;
pub(crate) mod pem;
pub(crate) mod pkcs7;
pub(crate) mod pfx;
#[cfg(feature = "compose")]
pub mod pkcs12;
pub(crate) mod openssl_trusted;
#[cfg(feature = "tools")]
pub(crate) mod private_key;
pub mod certificate;
#[cfg(feature = "tools")]
pub mod certificate_file;
#[cfg(target_os = "linux")]
pub mod subject_hash;
pub(crate) mod file_error;
pub mod same_name;
pub mod inspection;
pub mod trust_anchors;
pub mod bundle;
pub mod source;
pub mod root_stores;
pub(crate) mod jvm;
pub mod keystore;
pub mod variables;
pub mod settings;

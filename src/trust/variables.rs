//! Decides which file each trust variable names. Its readers must keep their previous trust and gain only
//! the custom CAs, so the file depends on what they trust *now*: the file that the user named in it; else in
//! a variable that they fall back to (curl without CURL_CA_BUNDLE reads SSL_CERT_FILE: if that is pinned,
//! the merged bundle in CURL_CA_BUNDLE would add all public roots); else the image's roots. `init::publish`
//! writes the files.

pub mod java;
pub(crate) mod table;
pub(crate) mod pins;
pub(crate) mod plan;
pub mod runtimes;
pub(crate) mod served;
pub mod insecure;

use crate::sys::environment::Environment;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::PathBuf;

pub use crate::trust::variables::insecure::warnings;
pub use crate::trust::variables::pins::{Pin, PinTarget, PinnedTrust, SSL_CERT_DIR, find_pins};
pub use crate::trust::variables::plan::{TrustFile, VariablePlan, plan};
pub use crate::trust::variables::table::{Rule, TABLE, TrustVariable, VariableTarget};

/// Returns the variables that apply in `environment` and name a file of certificates, without those in
/// `leave`.
pub fn rows(
    environment: &Environment,
    grpc_roots: bool,
    leave: &[&'static str],
) -> impl Iterator<Item = &'static TrustVariable> {
    let rows = TABLE.iter().filter(|row| !leave.contains(&row.name));
    rows.filter(move |row| match row.rule {
        Rule::Always => true,
        Rule::IfSet => environment.get(row.name).is_some_and(|value| !value.is_empty()),
        Rule::OnlyWith(_) => grpc_roots && row.target == VariableTarget::Bundle,
        Rule::Extended => false,
    })
}

/// Returns the variables of the table that are set, and their values.
pub fn trust_variables(environment: &Environment) -> impl Iterator<Item = (&'static str, &OsStr)> {
    TABLE.iter().filter_map(|row| Some((row.name, environment.get(row.name)?)))
}

/// Splits a value into its own part and the file in the options that trust-init appended; `None` if the
/// value has no such options.
pub fn split_added(value: &OsStr) -> Option<(&OsStr, PathBuf)> {
    java::split_added(value).or_else(|| runtimes::split_added(value))
}

/// Returns the table as text, for `--list-variables`.
pub fn listing() -> String {
    let mut text = String::new();
    for row in TABLE {
        let TrustVariable { name, readers, target, rule, source, .. } = row;
        let target = target.words();
        let _ = writeln!(
            text,
            "{name}\n    rule    {rule}\n    names   a file of the {target}\n    \
             readers {readers}\n    source  {source}"
        );
    }
    text
}

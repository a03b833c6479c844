//! Trust variables, and what becomes of each.
//!
//! A variable's readers trust afterwards what they trusted before, plus the custom CAs, and
//! nothing else. So before anything is set, each row is asked what its readers trust *now*: the
//! file the user named in it; else the file its readers fall back to (curl without
//! CURL_CA_BUNDLE looks at SSL_CERT_FILE: setting CURL_CA_BUNDLE to the merged bundle would hand
//! a pinned curl all public roots); else the image's roots. From that follows which file the
//! variable must name. This module decides and touches nothing; `publish` makes the files.

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
pub use crate::trust::variables::pins::{Pin, PinTarget, PinnedTrust, find_pins};
pub use crate::trust::variables::plan::{TrustFile, VariablePlan, plan};
pub use crate::trust::variables::table::{Rule, TABLE, TrustVariable, VariableTarget};

/// The rows in force in `environment` that name a file of certificates, but those in `leave`.
pub fn rows(
    environment: &Environment,
    grpc_roots: bool,
    leave: &[&'static str],
) -> impl Iterator<Item = &'static TrustVariable> {
    let rows = TABLE.iter().filter(|row| !leave.contains(&row.name));
    rows.filter(move |row| match row.rule {
        Rule::Set => true,
        Rule::WhereSet => environment.get(row.name).is_some_and(|value| !value.is_empty()),
        Rule::LeftAloneUnless(_) => grpc_roots && row.target == VariableTarget::Bundle,
        Rule::Added => false,
    })
}

/// The variables of the table that are set, and their values.
pub fn trust_variables(environment: &Environment) -> impl Iterator<Item = (&'static str, &OsStr)> {
    TABLE.iter().filter_map(|row| Some((row.name, environment.get(row.name)?)))
}

/// What a value says besides what we added at its end, and the file of ours that this names; `None` if it
/// is a path, or nothing of ours.
pub fn split_added(value: &OsStr) -> Option<(&OsStr, PathBuf)> {
    java::split_added(value).or_else(|| runtimes::split_added(value))
}

/// The table as text, for `--list-variables`.
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

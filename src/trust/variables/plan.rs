//! Plans which file each variable names, and the contents of the files.

use crate::trust::bundle::{self, Pem};
use crate::trust::keystore::KeyStoreFormat;
use crate::trust::variables::pins::{Pin, PinnedTrust};
use crate::trust::variables::table::{TrustVariable, VariableTarget};

/// A file that variables name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustFile {
    /// The custom CAs and the roots.
    Bundle,
    /// The custom CAs.
    Custom,
    /// The certificates that the user pinned, and the custom CAs; with the first variable that names it.
    Own(&'static str),
    /// The custom CAs and a JVM's roots, as a key store.
    TrustStore(KeyStoreFormat),
    /// Settings of PHP, which reads all `.ini` files of a directory.
    PhpIni,
    /// Settings of wget.
    Wgetrc,
}

impl TrustFile {
    /// Returns the name of the published file.
    pub fn name(&self) -> String {
        match self {
            Self::Bundle => "ca-bundle.crt".to_owned(),
            Self::Custom => "custom-ca.crt".to_owned(),
            Self::Own(variable) => format!("{variable}.crt"),
            Self::TrustStore(format) => format!("truststore.{}", format.ending()),
            Self::PhpIni => "trust-init.ini".to_owned(),
            Self::Wgetrc => "wgetrc".to_owned(),
        }
    }
}

/// The variables to set, and the contents of the files that they name.
#[derive(Debug, Default)]
pub struct VariablePlan<'a> {
    /// The variables to set, each with its file.
    pub variables: Vec<(&'static TrustVariable, TrustFile)>,
    /// The files, each once.
    pub files: Vec<(TrustFile, Vec<Pem<'a>>)>,
}

/// Plans the file of each variable: none if the user's file contains all custom CAs already, a separate file
/// if the user pinned other certificates than those of the bundle, else the bundle.
pub fn plan<'a>(
    rows: impl Iterator<Item = &'static TrustVariable>,
    pins: &'a [Pin<'_>],
    custom: &'a [Pem<'_>],
    bundle: &'a [Pem<'_>],
) -> VariablePlan<'a> {
    let mut plan = VariablePlan::default();
    for row in rows {
        let (whole, certificates) = match row.target {
            VariableTarget::Bundle => (TrustFile::Bundle, bundle),
            VariableTarget::Custom => (TrustFile::Custom, custom),
            VariableTarget::TrustStore | VariableTarget::Settings => continue,
        };
        let Some(pin) = pins.iter().find(|pin| pin.row.name == row.name) else {
            plan.set(row, whole, certificates.iter().map(Pem::borrow));
            continue;
        };
        // A file with unknown contents is kept: a guess could add or remove trust.
        let PinnedTrust::Anchors(anchors) = &pin.trusts else { continue };
        let before = &anchors.certificates;
        let is_readable = pin.variable == row.name && anchors.tidy;
        if is_readable
            && bundle::certificate_set(before).is_superset(&bundle::certificate_set(custom))
        {
            continue;
        }
        // Keep the order: a service may use the first certificate of its file as its own.
        let after = bundle::merge(&[before, custom]).certificates;
        let file = if bundle::certificate_set(&after) == bundle::certificate_set(certificates) {
            whole
        } else {
            // The order does not matter in the bundle, which contains no service's own certificate.
            let is_bundle = |file: &TrustFile, held: &[Pem<'_>]| {
                *file == TrustFile::Bundle
                    && bundle::certificate_set(held) == bundle::certificate_set(&after)
            };
            let is_same =
                |(file, held): &&(TrustFile, Vec<Pem<'a>>)| *held == after || is_bundle(file, held);
            let same = plan.files.iter().find(is_same);
            same.map_or(TrustFile::Own(row.name), |(file, _)| file.clone())
        };
        plan.set(row, file, after.into_iter());
    }
    plan
}

impl<'a> VariablePlan<'a> {
    fn set(
        &mut self,
        row: &'static TrustVariable,
        file: TrustFile,
        certificates: impl Iterator<Item = Pem<'a>>,
    ) {
        if !self.files.iter().any(|(other, _)| *other == file) {
            self.files.push((file.clone(), certificates.collect()));
        }
        self.variables.push((row, file));
    }
}

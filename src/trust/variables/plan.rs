//! Which file each variable is to name, and what that file must hold.

use crate::trust::bundle::{self, Pem};
use crate::trust::variables::pins::{Pin, PinnedTrust};
use crate::trust::variables::table::{TrustVariable, VariableTarget};

/// Which file a variable is to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustFile {
    /// The custom CAs and the roots.
    Bundle,
    /// The custom CAs.
    Custom,
    /// What the user pinned, and the custom CAs; the name is that of the first such variable.
    Own(&'static str),
    /// The custom CAs and a JVM's roots, as a key store.
    TrustStore,
    /// What PHP reads of a directory that is named to it: whatever ends like this.
    PhpIni,
    /// What wget reads.
    Wgetrc,
}

impl TrustFile {
    /// The file's name in a directory of ours.
    pub fn name(&self) -> String {
        match self {
            Self::Bundle => "ca-bundle.crt".to_owned(),
            Self::Custom => "custom-ca.crt".to_owned(),
            Self::Own(variable) => format!("{variable}.crt"),
            Self::TrustStore => "truststore.jks".to_owned(),
            Self::PhpIni => "trust-init.ini".to_owned(),
            Self::Wgetrc => "wgetrc".to_owned(),
        }
    }
}

/// Which variables to set, and what the files that they name must hold.
#[derive(Debug, Default)]
pub struct VariablePlan<'a> {
    /// A variable and its file; those that stay as they are do not appear.
    pub variables: Vec<(&'static TrustVariable, TrustFile)>,
    /// Each file once.
    pub files: Vec<(TrustFile, Vec<Pem<'a>>)>,
}

/// Decides for each row in force which file it names: none if what the user named there holds
/// all custom CAs already, a file of its own if the user pinned something else than the bundle
/// would hold, else the bundle.
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
        // What is not known from here is left as it is: no reader is to lose or gain by a guess.
        let PinnedTrust::Anchors(anchors) = &pin.trusts else { continue };
        let before = &anchors.certificates;
        let is_readable = pin.variable == row.name && anchors.tidy;
        if is_readable
            && bundle::certificate_set(before).is_superset(&bundle::certificate_set(custom))
        {
            continue;
        }
        // A service may serve with the first certificate of the file that it pins.
        let after = bundle::merge(&[before, custom]).certificates;
        let file = if bundle::certificate_set(&after) == bundle::certificate_set(certificates) {
            whole
        } else {
            // In whatever order, where it is the bundle: of its many, none is a service's own.
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

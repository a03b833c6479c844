//! Finds CAs of the same name that OpenSSL cannot distinguish.
//!
//! OpenSSL looks an issuer up by its name. It skips a CA whose subject key identifier differs from the
//! identifier in the certificate below it (X509_check_issued), and otherwise stops at the first: the servers
//! of the other CA are rejected, in any order.

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::strict_gap::StrictGap;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::Label;
use crate::trust::time::Time;

/// A CA that has the name of an earlier one and another key; at least one of the two has no subject key
/// identifier.
#[derive(Debug)]
pub struct SameName {
    /// The source of the earlier CA.
    pub first: Label,
    /// The source of this CA.
    pub label: Label,
    /// The name of both.
    pub subject: String,
    /// The digest of this CA.
    pub sha256: Fingerprint,
}

impl SameName {
    /// The clients that reject it.
    pub const CONSEQUENCE: &'static str = "OpenSSL (curl, Python, Node) uses the first of the two, and rejects the servers of the other";
    /// The way out. Another order only changes which servers are rejected.
    pub const FIX: &'static str = "create the new CA with another name (CN), or trust only one of the two until its servers are replaced";

    /// Returns the fault, with the CA as its grammatical subject.
    pub fn statement(&self) -> String {
        let other = match &self.first {
            first if *first == self.label => "another CA in it".to_owned(),
            first => format!("the CA in {first}"),
        };
        format!("has the name of {other} and another key, and no key identifier distinguishes them")
    }
}

impl From<&SameName> for Diagnostic {
    fn from(found: &SameName) -> Self {
        let (subject, label) = (quote::word(&found.subject), &found.label);
        let (statement, consequence) = (found.statement(), SameName::CONSEQUENCE);
        Self::statement(format!("{subject} in {label} {statement}: {consequence}"))
            .advise(SameName::FIX)
    }
}

owned_into_diagnostic!(SameName);

/// The CAs that are compared, each with all before it: more than any company has.
const MOST: usize = 256;

/// Returns a pair for each CA that has the name of an earlier one. OpenSSL skips expired CAs, and two
/// certificates of one key are no fault.
pub fn find<'a>(
    certificates: impl IntoIterator<Item = &'a Certificate>,
    now: Time,
) -> impl Iterator<Item = SameName> {
    let usable = certificates.into_iter().filter(|it| it.is_ca && it.not_after >= now);
    let usable: Vec<_> = usable.take(MOST).collect();
    (1..usable.len()).filter_map(move |at| {
        let (before, rest) = usable.split_at_checked(at)?;
        let second = rest.first()?;
        let first = before.iter().find(|first| {
            first.has_name_of(second)
                && first.public_key != second.public_key
                && (lacks_identifier(first) || lacks_identifier(second))
        })?;
        Some(SameName {
            first: first.label.clone(),
            label: second.label.clone(),
            subject: second.subject.clone(),
            sha256: second.fingerprint(),
        })
    })
}

fn lacks_identifier(certificate: &Certificate) -> bool {
    certificate.strict_gaps.contains(&StrictGap::NoSubjectKeyIdentifier)
}

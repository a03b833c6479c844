//! THE table of lints: what can be wrong with a certificate that the user asked to trust, who
//! will refuse it, and whether it is kept.
//!
//! Kept with a warning is whatever some client accepts: the user asked for it, and the client's own
//! message ("expired") is then the true one. Refused is what cannot be used as a CA by any.

use std::collections::BTreeSet;

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::strict_gap::StrictGap;
use crate::trust::source::Label;
use crate::trust::time::Time;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A server's certificate that another CA signed.
    ServerCertificate,
    /// A server's certificate that signed itself.
    SelfSignedLeaf,
    /// Its validity is over.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// A CA whose issuer is not among the files.
    WithoutItsRoot,
    /// A CA whose key usage is for other things than signing certificates.
    MayNotSign,
    /// A CA whose extended key usage is for others than servers.
    OtherPurpose,
    /// A critical extension that hardly any client knows.
    UnknownCritical,
    /// A CA that lacks what strict clients ask for.
    NotStrict,
    /// X.509 version 1.
    Old,
    /// A serial number below zero.
    NegativeSerial,
    /// An RSA key that OpenSSL's security level 2 refuses.
    ShortKey,
    /// A key of a kind that only some clients know.
    RareKey,
    /// A certificate for which a JVM would refuse its whole key store.
    NotForJava,
}

/// A row of the table.
#[derive(Debug)]
pub struct Lint {
    /// What is wrong.
    pub finding: Finding,
    /// How it is said of a certificate.
    pub says: &'static str,
    /// Who refuses it.
    pub who: &'static str,
    /// The fix.
    pub fix: &'static str,
    /// Whether it is kept.
    pub keep: bool,
}

/// How to make a CA that Java can read.
pub(crate) const FOR_JAVA: &str = "create the CA again without that, with a key on the curve P-256 or P-384, or an RSA key with the exponent 65537";

/// Measured on the clients named, where nothing else is said.
pub(crate) const TABLE: &[Lint] = &[
    Lint {
        finding: Finding::ServerCertificate,
        says: "is a server's certificate, not a CA",
        who: "curl, git, Go, Java and Python 3.13 would trust that one server, and Python before 3.13, Node and rustls not even that",
        fix: "ask for the certificate of its issuer and mount that",
        keep: false,
    },
    Lint {
        finding: Finding::SelfSignedLeaf,
        says: "signed itself but is no CA",
        who: "curl, git, Python, Node, Go, Java and rustls accept it for its own names; not every client does",
        fix: "make a CA, sign the server's certificate with it, and mount the CA",
        keep: true,
    },
    Lint {
        finding: Finding::Expired,
        says: "has expired",
        who: "every client will say so of each server below it",
        fix: "renew the CA and mount the new certificate",
        keep: true,
    },
    Lint {
        finding: Finding::NotYetValid,
        says: "is not valid yet",
        who: "every client will say so until then",
        fix: "check the clock of this host and of the one that made it",
        keep: true,
    },
    Lint {
        finding: Finding::WithoutItsRoot,
        says: "is an intermediate whose root certificate is missing",
        who: "about half of all clients (Go, curl, git and Python 3.13 do not mind; Node, Java and older Python do) refuse to end a chain in it",
        fix: "put the root's certificate beside it",
        keep: true,
    },
    Lint {
        finding: Finding::MayNotSign,
        says: "is a CA whose key usage does not allow signing certificates",
        who: "all clients but those on rustls refuse what it signed",
        fix: "create the CA again with the key usage keyCertSign",
        keep: true,
    },
    Lint {
        finding: Finding::OtherPurpose,
        says: "is a CA for other purposes than servers, by its extended key usage",
        who: "clients on OpenSSL (curl, Python, Node) and Go refuse the servers that it signed",
        fix: "create the CA again with serverAuth among its purposes, or without any",
        keep: true,
    },
    Lint {
        finding: Finding::UnknownCritical,
        says: "has a critical extension that clients do not know",
        who: "clients on OpenSSL (curl, Python, Node), GnuTLS and Go refuse what it signed",
        fix: "create the CA again with that extension not critical",
        keep: true,
    },
    Lint {
        finding: Finding::NotStrict,
        says: "is a CA that strict clients refuse",
        who: "Python 3.13 and later, and whatever else sets X509_V_FLAG_X509_STRICT",
        fix: "create the CA again with critical basicConstraints, critical keyUsage (keyCertSign, cRLSign) and a subject key identifier",
        keep: true,
    },
    Lint {
        finding: Finding::Old,
        says: "is an X.509 version 1 certificate, which cannot say that it is a CA",
        who: "Python 3.13 and other strict clients refuse it",
        fix: "create the CA again as version 3",
        keep: true,
    },
    Lint {
        finding: Finding::NegativeSerial,
        says: "has a negative serial number, against RFC 5280",
        who: "Go from 1.23 on and Python's cryptography refuse it",
        fix: "create the CA again with a positive serial number",
        keep: true,
    },
    Lint {
        // OpenSSL's SSL_CTX_set_security_level(3); Debian, Ubuntu and RHEL set level 2.
        finding: Finding::ShortKey,
        says: "has an RSA key shorter than 2048 bits",
        who: "OpenSSL at security level 2 (the default of Debian, Ubuntu and RHEL) and rustls refuse it",
        fix: "create the CA again with a key of 2048 bits or more, or an elliptic curve",
        keep: true,
    },
    Lint {
        finding: Finding::RareKey,
        says: "has a key that not every client knows",
        who: "OpenSSL accepts what it signed; rustls refuses it, and so do Go, Java and GnuTLS, each for some such keys",
        fix: "create the CA again with a key on the curve P-256 or P-384, or an RSA key of 2048 to 8192 bits",
        keep: true,
    },
    Lint {
        finding: Finding::NotForJava,
        says: "cannot be read by every JVM",
        who: "a JVM refuses its whole key store for one certificate that it cannot read, so this CA is left out of Java's key store and no Java program trusts it; other programs do",
        fix: FOR_JAVA,
        keep: true,
    },
];

/// What is wrong with `certificate` at the moment `now`, where the names of all CAs that were given are
/// `known`, in the order of the table.
pub(crate) fn findings(
    certificate: &Certificate,
    now: Time,
    known: &BTreeSet<Vec<u8>>,
) -> Vec<&'static Lint> {
    let has = |finding| match finding {
        Finding::ServerCertificate => !certificate.is_ca && !certificate.is_self_issued,
        Finding::SelfSignedLeaf => !certificate.is_ca && certificate.is_self_issued,
        Finding::Expired => certificate.not_after < now,
        Finding::NotYetValid => certificate.not_before > now,
        Finding::WithoutItsRoot => {
            certificate.is_ca && !certificate.is_self_issued && !certificate.has_issuer_among(known)
        }
        Finding::NotStrict => {
            certificate.is_ca
                && !certificate.is_old
                && certificate.strict_gaps.iter().any(|gap| *gap != StrictGap::MayNotSign)
        }
        Finding::MayNotSign => {
            certificate.is_ca && certificate.strict_gaps.contains(&StrictGap::MayNotSign)
        }
        Finding::OtherPurpose => certificate.is_ca && !certificate.is_for_servers,
        Finding::UnknownCritical => certificate.has_unknown_critical,
        Finding::RareKey => certificate.rare_key.is_some(),
        Finding::NotForJava => certificate.java_flaw.is_some(),
        Finding::Old => certificate.is_old,
        Finding::NegativeSerial => certificate.has_negative_serial,
        Finding::ShortKey => certificate.rsa_bits.is_some_and(|bits| bits < 2048),
    };
    TABLE.iter().filter(|lint| has(lint.finding)).collect()
}

/// What `certificate`, as one of a server's chain, lacks for strict clients, in OpenSSL's words if it has
/// any: all of [`Finding::NotStrict`] in a CA, and in a server's own only who signed it.
#[cfg(feature = "doctor")]
pub(crate) fn strict(certificate: &Certificate) -> Vec<&'static str> {
    if certificate.is_old {
        return Vec::new();
    }
    let counts = |gap: &StrictGap| certificate.is_ca || *gap == StrictGap::NoAuthorityKeyIdentifier;
    let gaps = certificate.strict_gaps.iter().copied().filter(counts);
    gaps.map(|gap| gap.openssl().unwrap_or(gap.words())).collect()
}

/// A certificate and what is wrong with it.
#[derive(Debug)]
pub struct LintHit {
    /// Where it is.
    pub label: Label,
    /// Its subject.
    pub subject: String,
    /// The details of the finding, as far as it has any.
    pub detail: String,
    /// The finding.
    pub lint: &'static Lint,
}

impl LintHit {
    /// The words for `lint` on `certificate`.
    pub fn new(certificate: &Certificate, lint: &'static Lint) -> Self {
        let detail = match lint.finding {
            Finding::ServerCertificate => {
                format!(" (it was issued by {})", quote::word(&certificate.issuer))
            }
            Finding::Expired => format!(" (on {})", certificate.not_after),
            Finding::NotYetValid => format!(" (only from {} on)", certificate.not_before),
            Finding::WithoutItsRoot => format!(" ({})", quote::word(&certificate.issuer)),
            Finding::NotStrict => {
                let gaps = certificate.strict_gaps.iter().map(|gap| gap.words());
                format!(" ({})", gaps.collect::<Vec<_>>().join("; "))
            }
            Finding::RareKey => format!(" ({})", certificate.rare_key.unwrap_or_default()),
            Finding::NotForJava => format!(" ({})", certificate.java_flaw.unwrap_or_default()),
            Finding::SelfSignedLeaf
            | Finding::MayNotSign
            | Finding::OtherPurpose
            | Finding::UnknownCritical
            | Finding::Old
            | Finding::NegativeSerial
            | Finding::ShortKey => String::new(),
        };
        Self {
            label: certificate.label.clone(),
            subject: certificate.subject.clone(),
            detail,
            lint,
        }
    }
}

impl From<&LintHit> for Diagnostic {
    fn from(judged: &LintHit) -> Self {
        let subject = quote::word(&judged.subject);
        let (label, detail) = (&judged.label, &judged.detail);
        let Lint { says, who, fix, keep, .. } = judged.lint;
        let diagnostic = if *keep {
            Self::statement(format!("{subject} in {label} {says}{detail}: {who}"))
        } else {
            Self::cannot("trust", format_args!("{subject} in {label}"))
                .because(format_args!("it {says}{detail}; {who}"))
        };
        diagnostic.advise(*fix)
    }
}

owned_into_diagnostic!(LintHit);

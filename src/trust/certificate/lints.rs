//! The table of lints: faults of a certificate that the user asked to trust, which clients reject it, and
//! whether trust-init keeps it.
//!
//! A certificate that some client accepts is kept, with a warning: the user asked for it, and the other
//! clients report the fault themselves ("expired"). A certificate that no client accepts as a CA is refused.

use std::collections::BTreeSet;

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::strict_gap::StrictGap;
use crate::trust::source::Label;
use crate::trust::time::Time;

/// The fault that a lint detects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintKind {
    /// A server certificate that a CA signed.
    ServerCertificate,
    /// A self-signed server certificate.
    SelfSignedLeaf,
    /// Its validity is over.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// A CA whose issuer is not among the files.
    WithoutItsRoot,
    /// A CA whose key usage does not allow signing certificates.
    MayNotSign,
    /// A CA whose extended key usage does not allow servers.
    OtherPurpose,
    /// A critical extension that hardly any client supports.
    UnknownCritical,
    /// A CA that lacks fields that strict clients require.
    NotStrict,
    /// X.509 version 1.
    Old,
    /// A serial number below zero.
    NegativeSerial,
    /// An RSA key that is too short for OpenSSL's security level 2.
    ShortKey,
    /// A key of a kind that only some clients support.
    RareKey,
    /// A certificate that makes a JVM reject its whole key store.
    NotForJava,
}

/// A row of the table.
#[derive(Debug)]
pub struct Lint {
    /// The fault.
    pub kind: LintKind,
    /// The fault in words, with the certificate as its grammatical subject.
    pub statement: &'static str,
    /// Which clients reject it.
    pub consequence: &'static str,
    /// The fix.
    pub fix: &'static str,
    /// Whether the certificate is kept.
    pub keep: bool,
}

/// The fix for a CA that Java cannot read.
pub(crate) const FOR_JAVA: &str = "create the CA again without that, with a key on the curve P-256 or P-384, or an RSA key with the exponent 65537";

/// The lints. The consequences were measured with the named clients, unless a comment gives another source.
pub(crate) const TABLE: &[Lint] = &[
    Lint {
        kind: LintKind::ServerCertificate,
        statement: "is a server's certificate, not a CA",
        consequence: "curl, git, Go, Java and Python 3.13 would trust only that server; Python before 3.13, Node and rustls would not trust even that",
        fix: "ask for the certificate of its issuer and mount that",
        keep: false,
    },
    Lint {
        kind: LintKind::SelfSignedLeaf,
        statement: "is self-signed but not a CA",
        consequence: "curl, git, Python, Node, Go, Java and rustls accept it for its own names; not every client does",
        fix: "create a CA, sign the server's certificate with it, and mount the CA",
        keep: true,
    },
    Lint {
        kind: LintKind::Expired,
        statement: "has expired",
        consequence: "every client rejects all server certificates that it issued",
        fix: "renew the CA and mount the new certificate",
        keep: true,
    },
    Lint {
        kind: LintKind::NotYetValid,
        statement: "is not valid yet",
        consequence: "every client rejects it until then",
        fix: "check the clocks of this host and of the one that created it",
        keep: true,
    },
    Lint {
        kind: LintKind::WithoutItsRoot,
        statement: "is an intermediate whose root certificate is missing",
        consequence: "Node and Python before 3.13 reject a chain that ends in it; Go, Java, curl, git and Python 3.13 accept it",
        fix: "add the root certificate to the file",
        keep: true,
    },
    Lint {
        kind: LintKind::MayNotSign,
        statement: "is a CA whose key usage does not allow signing certificates",
        consequence: "all clients except those on rustls reject the certificates that it signed",
        fix: "create the CA again with the key usage keyCertSign",
        keep: true,
    },
    Lint {
        kind: LintKind::OtherPurpose,
        statement: "is a CA for other purposes than servers, by its extended key usage",
        consequence: "clients on OpenSSL (curl, Python, Node) and Go reject the server certificates that it signed",
        fix: "create the CA again with serverAuth among its purposes, or without any",
        keep: true,
    },
    Lint {
        kind: LintKind::UnknownCritical,
        statement: "has a critical extension that clients do not support",
        consequence: "clients on OpenSSL (curl, Python, Node), GnuTLS and Go reject the certificates that it signed",
        fix: "create the CA again with that extension not critical",
        keep: true,
    },
    Lint {
        kind: LintKind::NotStrict,
        statement: "is a CA that strict clients reject",
        consequence: "Python 3.13 and later, and other programs that set X509_V_FLAG_X509_STRICT",
        fix: "create the CA again with critical basicConstraints, critical keyUsage (keyCertSign, cRLSign) and a subject key identifier",
        keep: true,
    },
    Lint {
        kind: LintKind::Old,
        statement: "is an X.509 version 1 certificate, which has no field that makes it a CA",
        consequence: "Python 3.13 and other strict clients reject it",
        fix: "create the CA again as version 3",
        keep: true,
    },
    Lint {
        kind: LintKind::NegativeSerial,
        statement: "has a negative serial number, against RFC 5280",
        consequence: "Go 1.23 and later and Python's cryptography reject it",
        fix: "create the CA again with a positive serial number",
        keep: true,
    },
    Lint {
        // OpenSSL's SSL_CTX_set_security_level(3); Debian, Ubuntu and RHEL set level 2.
        kind: LintKind::ShortKey,
        statement: "has an RSA key shorter than 2048 bits",
        consequence: "OpenSSL at security level 2 (the default of Debian, Ubuntu and RHEL) and rustls reject it",
        fix: "create the CA again with a key of 2048 bits or more, or an elliptic curve",
        keep: true,
    },
    Lint {
        kind: LintKind::RareKey,
        statement: "has a key of a kind that not every client supports",
        consequence: "OpenSSL accepts the certificates that it signed; rustls rejects them, and so do Go, Java and GnuTLS, each for some of these keys",
        fix: "create the CA again with a key on the curve P-256 or P-384, or an RSA key of 2048 to 8192 bits",
        keep: true,
    },
    Lint {
        kind: LintKind::NotForJava,
        statement: "cannot be read by every JVM",
        consequence: "a JVM rejects its whole key store for one certificate that it cannot read, so this CA is left out of Java's key store and no Java program trusts it; other programs do",
        fix: FOR_JAVA,
        keep: true,
    },
];

/// Returns the lints that apply to `certificate` at the time `now`, in the order of the table. `known`: the
/// names of all CAs that the user passed.
pub(crate) fn matching(
    certificate: &Certificate,
    now: Time,
    known: &BTreeSet<Vec<u8>>,
) -> Vec<&'static Lint> {
    let has = |finding| match finding {
        LintKind::ServerCertificate => !certificate.is_ca && !certificate.is_self_issued,
        LintKind::SelfSignedLeaf => !certificate.is_ca && certificate.is_self_issued,
        LintKind::Expired => certificate.not_after < now,
        LintKind::NotYetValid => certificate.not_before > now,
        LintKind::WithoutItsRoot => {
            certificate.is_ca && !certificate.is_self_issued && !certificate.has_issuer_among(known)
        }
        LintKind::NotStrict => {
            certificate.is_ca
                && !certificate.is_old
                && certificate.strict_gaps.iter().any(|gap| *gap != StrictGap::MayNotSign)
        }
        LintKind::MayNotSign => {
            certificate.is_ca && certificate.strict_gaps.contains(&StrictGap::MayNotSign)
        }
        LintKind::OtherPurpose => certificate.is_ca && !certificate.is_for_servers,
        LintKind::UnknownCritical => certificate.has_unknown_critical,
        LintKind::RareKey => certificate.rare_key.is_some(),
        LintKind::NotForJava => certificate.java_flaw.is_some(),
        LintKind::Old => certificate.is_old,
        LintKind::NegativeSerial => certificate.has_negative_serial,
        LintKind::ShortKey => certificate.rsa_bits.is_some_and(|bits| bits < 2048),
    };
    TABLE.iter().filter(|lint| has(lint.kind)).collect()
}

/// Returns what strict clients require and `certificate`, one of a server's chain, lacks, with OpenSSL's
/// message if it has one: all of [`LintKind::NotStrict`] for a CA, and for a leaf only the authority key
/// identifier.
#[cfg(feature = "doctor")]
pub(crate) fn strict(certificate: &Certificate) -> Vec<&'static str> {
    if certificate.is_old {
        return Vec::new();
    }
    let counts = |gap: &StrictGap| certificate.is_ca || *gap == StrictGap::NoAuthorityKeyIdentifier;
    let gaps = certificate.strict_gaps.iter().copied().filter(counts);
    gaps.map(|gap| gap.openssl().unwrap_or(gap.words())).collect()
}

/// A certificate and a lint that applies to it.
#[derive(Debug)]
pub struct LintHit {
    /// The source of the certificate.
    pub label: Label,
    /// Its subject.
    pub subject: String,
    /// The details of the fault, in parentheses; empty if it has none.
    pub detail: String,
    /// The lint.
    pub lint: &'static Lint,
}

impl LintHit {
    /// Creates it with the details of this certificate.
    pub fn new(certificate: &Certificate, lint: &'static Lint) -> Self {
        let detail = match lint.kind {
            LintKind::ServerCertificate => {
                format!(" (it was issued by {})", quote::word(&certificate.issuer))
            }
            LintKind::Expired => format!(" (on {})", certificate.not_after),
            LintKind::NotYetValid => format!(" (only from {} on)", certificate.not_before),
            LintKind::WithoutItsRoot => format!(" ({})", quote::word(&certificate.issuer)),
            LintKind::NotStrict => {
                let gaps = certificate.strict_gaps.iter().map(|gap| gap.words());
                format!(" ({})", gaps.collect::<Vec<_>>().join("; "))
            }
            LintKind::RareKey => format!(" ({})", certificate.rare_key.unwrap_or_default()),
            LintKind::NotForJava => format!(" ({})", certificate.java_flaw.unwrap_or_default()),
            LintKind::SelfSignedLeaf
            | LintKind::MayNotSign
            | LintKind::OtherPurpose
            | LintKind::UnknownCritical
            | LintKind::Old
            | LintKind::NegativeSerial
            | LintKind::ShortKey => String::new(),
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
        let Lint { statement, consequence, fix, keep, .. } = judged.lint;
        let diagnostic = if *keep {
            Self::statement(format!("{subject} in {label} {statement}{detail}: {consequence}"))
        } else {
            Self::cannot("trust", format_args!("{subject} in {label}"))
                .because(format_args!("it {statement}{detail}; {consequence}"))
        };
        diagnostic.advise(*fix)
    }
}

owned_into_diagnostic!(LintHit);
